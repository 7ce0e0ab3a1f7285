/* What this machine can do, by one thread or several: multiply-adds of f32, and reading from the
   first and second level of cache and from memory. Enough independent accumulators keep every
   multiply-add unit busy; a multiply and an add count as two operations. Each thread reads a block
   of its own, again and again: half of the first-level cache, half of the second, and 128 MB. The
   best of several measurements counts. */
#include "runtime.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined __AVX512F__
enum { DAGRT_VECTOR_BYTES = 64, DAGRT_ACCUMULATORS = 24 }; /* of 32 registers */
#elif defined __AVX__
enum { DAGRT_VECTOR_BYTES = 32, DAGRT_ACCUMULATORS = 12 }; /* of 16 */
#elif defined __aarch64__
enum { DAGRT_VECTOR_BYTES = 16, DAGRT_ACCUMULATORS = 24 };
#else
enum { DAGRT_VECTOR_BYTES = 16, DAGRT_ACCUMULATORS = 12 };
#endif
enum {
  DAGRT_LANES = DAGRT_VECTOR_BYTES / 4,
  DAGRT_MULTIPLY_ADDS = 400000,
  DAGRT_MEASUREMENTS = 15
};
enum { DAGRT_STREAMS = 8, DAGRT_MEMORY_BYTES = 128 << 20, DAGRT_READ_BYTES = 256 << 20 };

typedef float dagrt_vector __attribute__((vector_size(DAGRT_VECTOR_BYTES)));

#ifdef __clang__
#define DAGRT_UNROLLED _Pragma("clang loop unroll(full)")
#else
#define DAGRT_UNROLLED _Pragma("GCC unroll 64")
#endif
#ifdef _OPENMP
#define DAGRT_TEAM     _Pragma("omp parallel num_threads(threads)")
#define DAGRT_BARRIER  _Pragma("omp barrier")
#define DAGRT_CRITICAL _Pragma("omp critical")
#else
#define DAGRT_TEAM
#define DAGRT_BARRIER
#define DAGRT_CRITICAL
#endif

static float dagrt_multiply_add(void) {
  dagrt_vector accumulators[DAGRT_ACCUMULATORS], factor, term;
  for (int l = 0; l < DAGRT_LANES; l++) factor[l] = 0.999f, term[l] = 1e-7f;
  for (int i = 0; i < DAGRT_ACCUMULATORS; i++) accumulators[i] = factor * (float)i;
  __asm__ volatile("" : "+m"(factor), "+m"(term));
  for (long turn = 0; turn < DAGRT_MULTIPLY_ADDS; turn++)
    DAGRT_UNROLLED for (int i = 0; i < DAGRT_ACCUMULATORS; i++) accumulators[i] =
        accumulators[i] * factor + term;
  dagrt_vector sum = accumulators[0];
  for (int i = 1; i < DAGRT_ACCUMULATORS; i++) sum += accumulators[i];
  return sum[0];
}

/* Reads a block so often that DAGRT_READ_BYTES come in. */
static float dagrt_read_again(const dagrt_vector *block, long bytes) {
  dagrt_vector sums[DAGRT_STREAMS] = {0};
  long n = bytes / DAGRT_VECTOR_BYTES / DAGRT_STREAMS * DAGRT_STREAMS;
  for (long turn = DAGRT_READ_BYTES / bytes; turn > 0; turn--) {
    __asm__ volatile("" : : "r"(block) : "memory");
    for (long i = 0; i < n; i += DAGRT_STREAMS)
      DAGRT_UNROLLED for (int k = 0; k < DAGRT_STREAMS; k++) sums[k] += block[i + k];
  }
  dagrt_vector sum = sums[0];
  for (int k = 1; k < DAGRT_STREAMS; k++) sum += sums[k];
  return sum[0];
}

/* From the first thread's beginning to the last one's end. */
typedef struct dagrt_span {
  double begun, ended;
} dagrt_span;

/* bytes: of the block that each thread reads; 0: multiply-adds. spans: of all measurements. */
static void dagrt_measure(long bytes, dagrt_span *spans) {
  dagrt_vector *block = bytes > 0 ? dagrt_allocate((size_t)bytes, 1) : NULL;
  float sum = 0;
  if (bytes > 0) memset(block, 1, (size_t)bytes);
  for (int i = -1; i < DAGRT_MEASUREMENTS; i++) { /* before the first, the clock rate settles */
    DAGRT_BARRIER
    double begun = dagrt_seconds();
    sum += bytes > 0 ? dagrt_read_again(block, bytes) : dagrt_multiply_add();
    double ended = dagrt_seconds();
    DAGRT_CRITICAL
    if (i >= 0) {
      if (spans[i].begun == 0 || begun < spans[i].begun) spans[i].begun = begun;
      if (ended > spans[i].ended) spans[i].ended = ended;
    }
  }
  __asm__ volatile("" : : "m"(sum)); /* so that nothing is optimised away */
  free(block);
}

/* 10⁹ operations, or bytes, a second of all threads together. */
static double dagrt_rate(long bytes, int threads) {
  dagrt_span spans[DAGRT_MEASUREMENTS] = {{0, 0}};
  DAGRT_TEAM dagrt_measure(bytes, spans);
  double best = spans[0].ended - spans[0].begun;
  for (int i = 1; i < DAGRT_MEASUREMENTS; i++)
    if (spans[i].ended - spans[i].begun < best) best = spans[i].ended - spans[i].begun;
  double work = bytes > 0 ? (double)(DAGRT_READ_BYTES / bytes * bytes)
                          : 2.0 * DAGRT_LANES * DAGRT_ACCUMULATORS * DAGRT_MULTIPLY_ADDS;
  return 1e-9 * work * threads / best;
}

/* In bytes; what is usual where the system does not say. */
static long dagrt_cache_size(int level) {
  long size = 0;
#ifdef _SC_LEVEL1_DCACHE_SIZE
  size = sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : _SC_LEVEL2_CACHE_SIZE);
#endif
  return size > 0 ? size : level == 1 ? 32 << 10 : 1 << 20;
}

dagrt_peak dagrt_peak_of(int threads) {
  long l1 = dagrt_cache_size(1), l2 = dagrt_cache_size(2);
  return (dagrt_peak){.gflops = dagrt_rate(0, threads),
                      .l1 = dagrt_rate(l1 / 2, threads),
                      .l2 = dagrt_rate(l2 / 2, threads),
                      .memory = dagrt_rate(DAGRT_MEMORY_BYTES, threads),
                      .l1_bytes = (double)l1 * threads,
                      .l2_bytes = (double)l2 * threads};
}
