/* Register tiles. Private to tile.c and tile_size.c. */
#pragma once
#include "lower/work.h"

/* Of accumulators. */
typedef struct Tile {
  int64_t rows, vectors;
} Tile;

/* Of a whole contraction: rows of left, vectors or columns of right, products in each sum; `lanes`
   of a vector, of left's elements too where these are vectors; `bytes` of an element. */
typedef struct Sizes {
  int64_t rows, vectors, k;
  int64_t lanes, left_lanes, bytes;
  /* where k goes in blocks, of block_k > 0 products: for how many outputs beside rows and columns,
     and for how many of these an operand's elements differ */
  int64_t block_k, others, left_spread, right_spread;
} Sizes;

static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

double cycles_of(const TargetMachine *target, const Sizes *s, Tile tile, bool rows_outside);
Tile choose_tile(const TargetMachine *target, const Sizes *s, bool *rows_outside);
