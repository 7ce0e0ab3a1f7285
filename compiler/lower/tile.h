/* Register tiles. Private to tile.c and its parts, tile_….c. */
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
  int64_t panel; /* so many vectors has a tile, as right lies in such panels; 0: any number */
  /* where k goes in blocks, of block_k > 0 products, with so many vectors of lanes side by side:
     for how many outputs beside rows and columns, and for how many of these an operand's elements
     differ */
  int64_t block_k, abreast, others, left_spread, right_spread;
} Sizes;

static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* As many parts of an extent as are needed, of sizes that differ by one at most: first the larger
   ones, of size + 1. */
typedef struct Spread {
  int64_t larger, others, size;
} Spread;

static inline Spread spread_over(int64_t extent, int64_t most) {
  int64_t parts = ceil_div(extent, most);
  return (Spread){extent % parts, parts - extent % parts, extent / parts};
}

/* That much of a panel of so many vectors stays in L1 while other tiles use it. */
int64_t most_k_of_panel(const TargetMachine *target, const Sizes *s, int64_t vectors);
double cycles_of(const TargetMachine *target, const Sizes *s, Tile tile, bool rows_outside);
Tile choose_tile(const TargetMachine *target, const Sizes *s, bool *rows_outside);

/* A contraction while its kernel is built. */
typedef struct Tiling {
  Context c;
  const NodeGroup *group;
  const Node *node;
  Contraction *contraction;
  Binding *bindings;
  Offset row0, column0; /* where the tile starts */
  Tile tile;
  Sizes sizes;
  bool rows_outside; /* the loop over rows is around the one over columns */
  bool parallel;     /* loops may be shared among threads */
  bool outer_shared; /* one around all rows and columns has turns enough for that */
  int lanes;
  uint32_t sum;    /* local: the accumulators, */
  int64_t chains;  /* of which each has so many, for products that take turns among them */
  bool starts;     /* the next products are the first: the sums are nothing yet */
  int present;     /* of the lanes of an operand, the others being 0; 0: all */
  bool folds_rows; /* as many rows as there are lanes: their sums' lanes are added up together */
  bool in_blocks;  /* k goes in blocks: for the vectors of some lines, */
  uint32_t block;  /* and for each value of a reduced index, or NO_INDEX */
  /* that many values of the first reduced index at a time, from portion0 on; 0: all at once */
  int64_t portion;
  Offset portion0;
  enum { WHOLE_SUMS, PORTIONS, FINISHED_SUMS, ADDED_SUMS } stage;
  uint32_t nonzero, count; /* locals, where the sums go over a list */
  IndexSet bound_outside;  /* outputs that loops around the tiles go through */
  uint32_t picked;         /* of which index the epilogue picks values; NO_INDEX */
  uint32_t *kept; /* per node of all indices: 1 + the local with a tile of each of them; 0 */
} Tiling;

/* tile.c */
/* As its sizes and bindings are before anything is chosen; nothing is built. */
Tiling start_tiling(Work *w, Builder *b, const NodeGroup *g);
/* All tiles within loops that are open, the output indices in the set being bound by them. */
void build_tiles_inside(Tiling *t, IndexSet bound_outside);

/* tile_choice.c */
Sizes sizes_of(const Node *n, int lanes);
void choose_tile_and_blocks(Tiling *t);
void choose_folding(Tiling *t);
void choose_portion(Tiling *t);

/* tile_sums.c */
void open_tile(Tiling *t, Offset at[2], LoopMark rows);
void unrolled(Tiling *t, const char *name, int64_t to, Offset *offset);
void close_loops(Tiling *t, uint32_t n);
ValueId operand(Tiling *t, ExprId read, int lanes);
void name_sums(Tiling *t);
void declare_sums(Tiling *t);
void clear_sums(Tiling *t);
void sum_over_k(Tiling *t);
/* Whether what is left over of lanes' whole vectors is part of the sums, in vectors with zeros. */
bool rest_in_vectors(const Tiling *t);
/* for reduced index v from..to: how many lanes at a time; the loop stays open. */
void open_k(Tiling *t, uint32_t v, int64_t from, int64_t to, int lanes, LoopMark mark);
void open_lanes(Tiling *t, int64_t abreast, LoopMark mark); /* so many whole vectors a turn */
Offset offset_of(Tiling *t, const Affine *a);

/* tile_epilogue.c */
/* Whether all that is computed from the sums can run in lanes along the rows. */
bool rows_in_lanes(const Tiling *t);
bool is_folded(const Tiling *t); /* a tile whose sums are added up together */
typedef ARRAY(ExprId) ExprList;
/* What the results are combined with and is far away; it is asked for, at the bindings. */
ExprList reads_ahead(const Tiling *t);
void fetch_reads(Tiling *t, const ExprList *reads);
void fetch_results(Tiling *t); /* the places that they are stored in */
void fetch_ahead(Tiling *t);   /* for all of a tile */
void finish_tile(Tiling *t);
/* The same of the sum in one place, at the bindings. */
void finish_sums(Tiling *t, Place sums);
void declare_kept(Tiling *t);
void finish_picking(Tiling *t); /* what picks from all that is kept */

/* tile_nonzero.c */
void choose_list(Tiling *t); /* sets t->contraction->listed */
void list_nonzeros(Tiling *t);
/* for the elements of the list; the loop stays open. */
void open_nonzeros(Tiling *t, LoopMark mark);

/* tile_windows.c */
int64_t turns_of_window(const Node *n, const Window *window);
/* The channel along which the left side's elements are consecutive, as many as fill vectors;
   NO_INDEX. */
uint32_t lanes_of_filters(const Work *w, const Node *n);

/* tile_winograd.c */
void build_filtered(Tiling *t);

/* tile_blocks.c */
bool is_other(const Tiling *t, uint32_t v); /* an output index, neither rows nor columns */
int64_t count_others(const Tiling *t);
int64_t factor_of(const Work *w, const Affine *a, uint32_t v); /* of index variable v; 0 */
void build_blocked_tile(Tiling *t);
