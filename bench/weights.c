/* The struct's bytes and the median time of one prediction of a model's first export, in microseconds: of
   bench/weights, which defines MODEL as the model's dag_model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "dag_model.h"

extern const dag_model MODEL;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static size_t elements(const dag_array *array) {
  size_t n = 1;
  for (int32_t i = 0; i < array->rank; i++) n *= (size_t)array->shape[i];
  return n;
}

int main(void) {
  enum { RUNS = 301, CALLS = 40 };
  static double times[RUNS];
  const dag_export *e = &MODEL.exports[0];
  unsigned char *x = malloc(8 * elements(&e->inputs[0].array));
  void *out = malloc(8 * elements(&e->outputs[0]));
  void *model = aligned_alloc(64, (MODEL.size + 63) / 64 * 64);
  if (x == NULL || out == NULL || model == NULL) return 1;
  MODEL.init(model, 1);
  for (size_t i = 0; i < elements(&e->inputs[0].array); i++) x[i] = (unsigned char)(i * 37);
  for (int run = 0; run < RUNS; run++) {
    double start = now();
    for (int i = 0; i < CALLS; i++) e->call(model, (const void *const[]){x}, &out, 1);
    times[run] = (now() - start) / CALLS;
  }
  qsort(times, RUNS, sizeof *times, ascending);
  printf("%zu %.2f\n", MODEL.size, times[RUNS / 2]);
  return 0;
}
