/* peak: how many f32 multiply-adds a second this machine makes, in GFLOP/s, on as many threads as
   the argument says. Enough independent accumulators keep every multiply-add unit busy; a multiply
   and an add count as two operations. Prints the median of several measurements. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined __AVX512F__
enum { VECTOR_BYTES = 64, ACCUMULATORS = 24 }; /* of 32 registers */
#elif defined __AVX__
enum { VECTOR_BYTES = 32, ACCUMULATORS = 12 }; /* of 16 */
#else
enum { VECTOR_BYTES = 16, ACCUMULATORS = 12 };
#endif
enum { LANES = VECTOR_BYTES / 4, TURNS = 400000, MEASUREMENTS = 15, MAX_THREADS = 256 };

typedef float Vector __attribute__((vector_size(VECTOR_BYTES)));

typedef struct Worker {
  pthread_t thread;
  pthread_barrier_t *barrier;
  double begun[MEASUREMENTS], ended[MEASUREMENTS]; /* seconds */
  float sum;                                       /* so that nothing is optimised away */
} Worker;

static float multiply_add(void) {
  Vector accumulators[ACCUMULATORS], factor, term;
  for (int l = 0; l < LANES; l++) factor[l] = 0.999f, term[l] = 1e-7f;
  for (int i = 0; i < ACCUMULATORS; i++) accumulators[i] = factor * (float)i;
  __asm__ volatile("" : "+m"(factor), "+m"(term));
  for (long turn = 0; turn < TURNS; turn++)
#pragma clang loop unroll(full)
    for (int i = 0; i < ACCUMULATORS; i++) accumulators[i] = accumulators[i] * factor + term;
  Vector sum = accumulators[0];
  for (int i = 1; i < ACCUMULATORS; i++) sum += accumulators[i];
  return sum[0];
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *work(void *argument) {
  Worker *worker = argument;
  multiply_add(); /* the clock rate settles */
  for (int i = 0; i < MEASUREMENTS; i++) {
    pthread_barrier_wait(worker->barrier);
    worker->begun[i] = seconds();
    worker->sum += multiply_add();
    worker->ended[i] = seconds();
  }
  return NULL;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 1;
  if (n < 1 || n > MAX_THREADS) {
    fprintf(stderr, "peak: the argument is a number of threads from 1 to %d\n", MAX_THREADS);
    return 2;
  }
  static Worker workers[MAX_THREADS];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)n);
  for (int i = 0; i < n; i++) {
    workers[i].barrier = &barrier;
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
      fprintf(stderr, "peak: cannot start a thread\n");
      return 3;
    }
  }
  float sum = 0;
  for (int i = 0; i < n; i++) pthread_join(workers[i].thread, NULL), sum += workers[i].sum;
  double rates[MEASUREMENTS];
  for (int i = 0; i < MEASUREMENTS; i++) {
    double begun = workers[0].begun[i], ended = workers[0].ended[i];
    for (int k = 1; k < n; k++) {
      if (workers[k].begun[i] < begun) begun = workers[k].begun[i];
      if (workers[k].ended[i] > ended) ended = workers[k].ended[i];
    }
    rates[i] = 2e-9 * LANES * ACCUMULATORS * (double)TURNS * n / (ended - begun);
  }
  qsort(rates, MEASUREMENTS, sizeof *rates, compare);
  if (sum != sum) return 1;
  printf("%.1f\n", rates[MEASUREMENTS / 2]);
  return 0;
}
