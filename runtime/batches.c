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
   bounds the walk to four steps on average. It is computed for a few numbers at once, in vectors.
 */
enum { DAGRT_ROUNDS = 6, DAGRT_FEW = 32, DAGRT_AHEAD = 4 /* rows */ };

typedef struct dagrt_order {
  uint64_t key, n;
  unsigned half;
} dagrt_order;

static dagrt_order dagrt_order_of(uint64_t seed, int64_t epoch, int64_t n) {
  uint64_t key = dagrt_mix(dagrt_mix(seed) + (uint64_t)epoch * 0x9e3779b97f4a7c15u);
  unsigned half = 1;
  while (half < 31 && (1ull << (2 * half)) < (uint64_t)n) half++;
  return (dagrt_order){key, (uint64_t)n, half};
}

static void dagrt_permute(const dagrt_order *order, uint64_t at[DAGRT_FEW]) {
  uint64_t mask = (1ull << order->half) - 1, left[DAGRT_FEW], right[DAGRT_FEW];
  for (int i = 0; i < DAGRT_FEW; i++) left[i] = at[i] >> order->half, right[i] = at[i] & mask;
  for (uint64_t round = 0; round < DAGRT_ROUNDS; round++)
    for (int i = 0; i < DAGRT_FEW; i++) {
      uint64_t mixed = dagrt_mix(order->key + (right[i] << 8) + round);
      uint64_t next = left[i] ^ (mixed & mask);
      left[i] = right[i];
      right[i] = next;
    }
  for (int i = 0; i < DAGRT_FEW; i++) at[i] = left[i] << order->half | right[i];
}

/* rows[i]: the row at place first + i of the epoch, for i < count <= DAGRT_FEW. */
static void dagrt_rows_at(const dagrt_order *order, int64_t first, int64_t count,
                          uint64_t rows[DAGRT_FEW]) {
  uint64_t at[DAGRT_FEW];
  for (int i = 0; i < DAGRT_FEW; i++) rows[i] = (uint64_t)first + (uint64_t)i;
  dagrt_permute(order, rows);
  for (int outside = 1; outside;) {
    outside = 0;
    for (int i = 0; i < count; i++) outside = outside || rows[i] >= order->n;
    if (!outside) return;
    memcpy(at, rows, sizeof at);
    dagrt_permute(order, at);
    for (int i = 0; i < DAGRT_FEW; i++) rows[i] = rows[i] >= order->n ? at[i] : rows[i];
  }
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

void dagrt_row_copy(const dagrt_rows *rows, int64_t from, void *to) {
  const unsigned char *bytes = rows->data + from * rows->width;
  if (!rows->in_bytes)
    memcpy(to, rows->data + (size_t)from * rows->row_bytes, rows->row_bytes);
  else if (rows->input->array.type == DAG_F32)
    for (int64_t i = 0; i < rows->width; i++) ((float *)to)[i] = bytes[i];
  else
    for (int64_t i = 0; i < rows->width; i++) ((double *)to)[i] = bytes[i];
}

void dagrt_rows_widen(dagrt_rows *rows) {
  if (!rows->in_bytes) return;
  unsigned char *data = dagrt_allocate((size_t)rows->count, rows->row_bytes);
  for (int64_t row = 0; row < rows->count; row++)
    dagrt_row_copy(rows, row, data + (size_t)row * rows->row_bytes);
  free(rows->data);
  rows->data = data;
  rows->in_bytes = 0;
}

static void dagrt_copy_row(dagrt_batch *batch, const dagrt_dataset *set, int64_t to, int64_t from) {
  for (int32_t i = 0; i < set->n; i++)
    dagrt_row_copy(&set->rows[i], from, batch->buffers[i] + (size_t)to * set->rows[i].row_bytes);
}

/* Rows that lie anywhere are not where the memory expects the next read: it is told. */
static void dagrt_expect_row(const dagrt_dataset *set, uint64_t row) {
  for (int32_t i = 0; i < set->n; i++) {
    const dagrt_rows *rows = &set->rows[i];
    size_t bytes = rows->in_bytes ? (size_t)rows->width : rows->row_bytes;
    const unsigned char *data = rows->data + (size_t)row * bytes;
    for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(data + at);
  }
}

void dagrt_batch_shuffled(dagrt_batch *batch, const dagrt_dataset *set, uint64_t seed,
                          int64_t epoch, int64_t position) {
  dagrt_order order = dagrt_order_of(seed, epoch, set->count);
  uint64_t rows[DAGRT_FEW];
  for (int64_t b = 0; b < set->batch; b += DAGRT_FEW) {
    int64_t count = set->batch - b < DAGRT_FEW ? set->batch - b : DAGRT_FEW;
    dagrt_rows_at(&order, position * set->batch + b, count, rows);
    for (int64_t i = 0; i < count && i < DAGRT_AHEAD; i++) dagrt_expect_row(set, rows[i]);
    for (int64_t i = 0; i < count; i++) {
      if (i + DAGRT_AHEAD < count) dagrt_expect_row(set, rows[i + DAGRT_AHEAD]);
      dagrt_copy_row(batch, set, b + i, (int64_t)rows[i]);
    }
  }
}

void dagrt_batch_range(dagrt_batch *batch, const dagrt_dataset *set, int64_t first, int64_t count) {
  for (int64_t b = 0; b < set->batch; b++)
    dagrt_copy_row(batch, set, b, b < count ? first + b : first);
}
