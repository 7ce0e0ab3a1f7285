/* peak: what this machine can do on as many threads as the argument says, as a line of JSON: f32
   multiply-adds in GFLOP/s, and reading from the first and second level of cache and from memory,
   in GB/s. Enough independent accumulators keep every multiply-add unit busy; a multiply and an add
   count as two operations. Each thread reads a block of its own, again and again: half of the
   first-level cache, half of the second, and 128 MB. Prints the best of several measurements. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined __AVX512F__
enum { VECTOR_BYTES = 64, ACCUMULATORS = 24 }; /* of 32 registers */
#elif defined __AVX__
enum { VECTOR_BYTES = 32, ACCUMULATORS = 12 }; /* of 16 */
#else
enum { VECTOR_BYTES = 16, ACCUMULATORS = 12 };
#endif
enum { LANES = VECTOR_BYTES / 4, TURNS = 400000, MEASUREMENTS = 15, MAX_THREADS = 256 };

typedef float Vector __attribute__((vector_size(VECTOR_BYTES)));

enum { STREAMS = 8, KB = 1024, MB = 1024 * KB, READ_BYTES = 256 * MB };

typedef struct Task {
  const char *name;
  long bytes; /* of the block that is read; 0: multiply-adds */
} Task;

typedef struct Worker {
  pthread_t thread;
  pthread_barrier_t *barrier;
  const Task *task;
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

/* Reads a block so often that READ_BYTES come in. */
static float read_again(const Vector *block, long bytes) {
  Vector sums[STREAMS] = {0};
  long n = bytes / VECTOR_BYTES / STREAMS * STREAMS;
  for (long turn = READ_BYTES / bytes; turn > 0; turn--) {
    __asm__ volatile("" : : "r"(block) : "memory");
    for (long i = 0; i < n; i += STREAMS)
#pragma clang loop unroll(full)
      for (int k = 0; k < STREAMS; k++) sums[k] += block[i + k];
  }
  Vector sum = sums[0];
  for (int k = 1; k < STREAMS; k++) sum += sums[k];
  return sum[0];
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Vector *block_of(long bytes) {
  Vector *block = aligned_alloc(VECTOR_BYTES, (size_t)bytes);
  if (block == NULL) {
    fprintf(stderr, "peak: out of memory\n");
    exit(3);
  }
  memset(block, 1, (size_t)bytes); /* not 0, which would read as one page of zeros */
  return block;
}

static void *work(void *argument) {
  Worker *worker = argument;
  long bytes = worker->task->bytes;
  Vector *block = bytes > 0 ? block_of(bytes) : NULL;
  for (int i = -1; i < MEASUREMENTS; i++) { /* before the first, the clock rate settles */
    pthread_barrier_wait(worker->barrier);
    double begun = seconds();
    worker->sum += bytes > 0 ? read_again(block, bytes) : multiply_add();
    if (i >= 0) worker->begun[i] = begun, worker->ended[i] = seconds();
  }
  free(block);
  return NULL;
}

/* From the first thread's beginning to the last one's end, in the best measurement. */
static double best_seconds(const Worker *workers, int n) {
  double best = 0;
  for (int i = 0; i < MEASUREMENTS; i++) {
    double begun = workers[0].begun[i], ended = workers[0].ended[i];
    for (int k = 1; k < n; k++) {
      if (workers[k].begun[i] < begun) begun = workers[k].begun[i];
      if (workers[k].ended[i] > ended) ended = workers[k].ended[i];
    }
    if (i == 0 || ended - begun < best) best = ended - begun;
  }
  return best;
}

/* 10⁹ operations, or bytes, a second of all threads together. */
static double rate_of(const Task *task, int n) {
  static Worker workers[MAX_THREADS];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)n);
  for (int i = 0; i < n; i++) {
    workers[i] = (Worker){.barrier = &barrier, .task = task};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
      fprintf(stderr, "peak: cannot start a thread\n");
      exit(3);
    }
  }
  float sum = 0;
  for (int i = 0; i < n; i++) pthread_join(workers[i].thread, NULL), sum += workers[i].sum;
  pthread_barrier_destroy(&barrier);
  if (sum != sum) exit(1);
  double work_of_one = task->bytes > 0 ? (double)(READ_BYTES / task->bytes * task->bytes)
                                       : 2.0 * LANES * ACCUMULATORS * TURNS;
  return 1e-9 * work_of_one * n / best_seconds(workers, n);
}

/* In bytes; what is usual where the system does not say. */
static long cache_size(int name, long usual) {
  long size = sysconf(name);
  return size > 0 ? size : usual;
}

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 1;
  if (n < 1 || n > MAX_THREADS) {
    fprintf(stderr, "peak: the argument is a number of threads from 1 to %d\n", MAX_THREADS);
    return 2;
  }
  const Task tasks[] = {
      {"gflops", 0},
      {"l1", cache_size(_SC_LEVEL1_DCACHE_SIZE, 32 * KB) / 2},
      {"l2", cache_size(_SC_LEVEL2_CACHE_SIZE, 1 * MB) / 2},
      {"memory", 128 * MB},
  };
  for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
    printf("%s\"%s\": %.1f", i == 0 ? "{" : ", ", tasks[i].name, rate_of(&tasks[i], n));
  printf("}\n");
  return 0;
}
