#include "runtime.h"
#include <stdlib.h>
#include <string.h>

/* SplitMix64's finaliser (Steele, Lea & Flood 2014). */
static uint64_t dagrt_mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* A Feistel network permutes [0, 4^half); an image outside [0, n) is permuted again until it is
   inside (cycle walking), which is a permutation of [0, n). It needs no memory, and 4^half < 4n
   bounds the walk to four steps on average. */
int64_t dagrt_shuffled(uint64_t seed, int64_t epoch, int64_t n, int64_t i) {
  enum { ROUNDS = 6 };
  uint64_t key = dagrt_mix(dagrt_mix(seed) + (uint64_t)epoch * 0x9e3779b97f4a7c15u);
  unsigned half = 1;
  while (half < 31 && (1ull << (2 * half)) < (uint64_t)n) half++;
  uint64_t mask = (1ull << half) - 1, at = (uint64_t)i;
  do {
    uint64_t left = at >> half, right = at & mask;
    for (uint64_t round = 0; round < ROUNDS; round++) {
      uint64_t mixed = dagrt_mix(key + (right << 8) + round);
      uint64_t next = left ^ (mixed & mask);
      left = right;
      right = next;
    }
    at = left << half | right;
  } while (at >= (uint64_t)n);
  return (int64_t)at;
}

void dagrt_batch_make(dagrt_batch *batch, const dagrt_dataset *set) {
  batch->inputs = dagrt_allocate((size_t)set->n, sizeof *batch->inputs);
  batch->buffers = dagrt_allocate((size_t)set->n, sizeof *batch->buffers);
  for (int32_t i = 0; i < set->n; i++)
    batch->inputs[i] = batch->buffers[i] =
        dagrt_allocate((size_t)set->batch, set->rows[i].row_bytes);
}

void dagrt_batch_free(dagrt_batch *batch, const dagrt_dataset *set) {
  for (int32_t i = 0; i < set->n; i++) free(batch->buffers[i]);
  free(batch->buffers);
  free((void *)batch->inputs);
}

static void dagrt_copy_row(dagrt_batch *batch, const dagrt_dataset *set, int64_t to, int64_t from) {
  for (int32_t i = 0; i < set->n; i++) {
    size_t bytes = set->rows[i].row_bytes;
    memcpy(batch->buffers[i] + (size_t)to * bytes, set->rows[i].data + (size_t)from * bytes, bytes);
  }
}

void dagrt_batch_shuffled(dagrt_batch *batch, const dagrt_dataset *set, uint64_t seed,
                          int64_t epoch, int64_t position) {
  for (int64_t b = 0; b < set->batch; b++)
    dagrt_copy_row(batch, set, b,
                   dagrt_shuffled(seed, epoch, set->count, position * set->batch + b));
}

void dagrt_batch_range(dagrt_batch *batch, const dagrt_dataset *set, int64_t first, int64_t count) {
  for (int64_t b = 0; b < set->batch; b++)
    dagrt_copy_row(batch, set, b, b < count ? first + b : first);
}
