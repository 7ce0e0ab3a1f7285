/* How many threads: those that were asked for, or the number that makes the first steps fastest.
   The results are the same for any number, so the steps that are timed count like all others.

   In each of a few rounds every candidate (1, 2, 4, … and all processors) has a turn of at least a
   step; the least time of a step counts, and one thread is left only for a gain that noise does not
   make. A model too small for a team of threads gains nothing, and stays on one. */
#include "runtime.h"

/* Present when the program is linked with OpenMP. */
extern void omp_set_num_threads(int threads) __attribute__((weak));
extern int omp_get_max_threads(void) __attribute__((weak));
extern int omp_get_num_procs(void) __attribute__((weak));

#define DAGRT_TURN_SECONDS 2e-3
#define DAGRT_GAIN         0.95 /* of the time of one thread, at most */

enum { DAGRT_TURNS = 4 }; /* of each candidate */

void dagrt_threads_set(int64_t threads) {
  if (omp_set_num_threads != NULL)
    omp_set_num_threads((int)threads);
  else if (threads > 1)
    dagrt_warn("this program is built without threads: --threads %lld has no effect",
               (long long)threads);
}

int dagrt_threads(void) { return omp_get_max_threads == NULL ? 1 : omp_get_max_threads(); }

void dagrt_trial_begin(dagrt_trial *trial, int64_t given) {
  *trial = (dagrt_trial){.n = 0};
  dagrt_threads_set(given > 0 ? given : 1);
  if (given > 0 || omp_set_num_threads == NULL || omp_get_num_procs == NULL) return;
  int processors = omp_get_num_procs();
  for (int threads = 1; threads < processors && trial->n < DAGRT_CANDIDATES - 1; threads *= 2)
    trial->threads[trial->n++] = threads;
  trial->threads[trial->n++] = processors;
  if (trial->n < 2) trial->n = 0;
}

static void dagrt_trial_end(dagrt_trial *trial) {
  int32_t best = 0;
  for (int32_t i = 1; i < trial->n; i++) {
    double limit = best == 0 ? DAGRT_GAIN * trial->seconds[0] : trial->seconds[best];
    if (trial->seconds[i] < limit) best = i;
  }
  dagrt_threads_set(trial->threads[best]);
  trial->spare = best < trial->n - 1;
  trial->n = 0;
}

/* The first step of a turn wakes the threads, and is not timed. */
void dagrt_trial_step(dagrt_trial *trial) {
  if (trial->n == 0) return;
  double now = dagrt_seconds();
  int32_t candidate = trial->turn % trial->n;
  if (trial->steps == 1) trial->begun = now;
  if (trial->steps > 1 && now - trial->begun >= DAGRT_TURN_SECONDS) {
    double seconds = (now - trial->begun) / (double)(trial->steps - 1);
    if (trial->turn < trial->n || seconds < trial->seconds[candidate])
      trial->seconds[candidate] = seconds;
    trial->steps = 0;
    if (++trial->turn == DAGRT_TURNS * trial->n) {
      dagrt_trial_end(trial);
      return;
    }
    candidate = trial->turn % trial->n;
  }
  if (trial->steps++ == 0) dagrt_threads_set(trial->threads[candidate]);
}
