/* peak: what this machine can do on as many threads as the argument says, as a line of JSON: f32
   multiply-adds in GFLOP/s, and reading from the first and second level of cache and from memory,
   in GB/s. It is what the trainer's `profile` measures: runtime/peak.c. */
#include <stdlib.h>
#include "../runtime/runtime.h"

int main(int argc, char **argv) {
  enum { MAX_THREADS = 256 };
  int n = argc > 1 ? atoi(argv[1]) : 1;
  if (n < 1 || n > MAX_THREADS)
    dagrt_fail(DAGRT_BAD_USAGE, NULL, "peak: the argument is a number of threads from 1 to %d",
               MAX_THREADS);
  dagrt_peak peak = dagrt_peak_of(n);
  printf("{\"gflops\": %.1f, \"l1\": %.1f, \"l2\": %.1f, \"memory\": %.1f}\n", peak.gflops, peak.l1,
         peak.l2, peak.memory);
  return 0;
}
