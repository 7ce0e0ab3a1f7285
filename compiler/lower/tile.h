/* Register tiles. Private to tile.c and tile_size.c. */
#pragma once
#include "lower/work.h"

/* Of accumulators. */
typedef struct Tile {
  int64_t rows, vectors;
} Tile;

/* Of a whole contraction: rows of left, vectors or columns of right, products in each sum; `lanes`
   of a vector, `bytes` of an element. */
typedef struct Sizes {
  int64_t rows, vectors, k;
  int64_t lanes, bytes;
} Sizes;

static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

Tile choose_tile(const TargetMachine *target, const Sizes *s, bool *rows_outside);
