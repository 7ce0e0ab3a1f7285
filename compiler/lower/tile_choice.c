/* How a contraction's tiles go: of which size, in which order, and whether long sums go in blocks
   or in portions. */
#include <stdlib.h>
#include "lower/tile.h"

enum { LEAST_OTHERS = 4 /* outputs that share a block make it worth it */ };

Sizes sizes_of(const Node *n, int lanes) {
  const Contraction *c = n->contraction;
  Sizes s = {.rows = c->row == NO_INDEX ? 1 : n->extents[c->row],
             .k = 1,
             .abreast = 1,
             .lanes = lanes,
             .left_lanes = c->dot ? lanes : 1,
             .bytes = type_bytes(n->type)};
  for (uint32_t k = 0; k < n->n_reduced; k++) s.k *= n->extents[n->rank + k];
  s.vectors =
      c->dot ? (c->column == NO_INDEX ? 1 : n->extents[c->column]) : n->extents[c->lane] / lanes;
  if (c->dot) s.k /= lanes;
  return s;
}

/* Whether blocks can be of single values of reduced index v: not the lanes', and what limits it
   limits an output index just as well. */
static bool makes_blocks(const Node *n, uint32_t v) {
  const Contraction *c = n->contraction;
  for (size_t i = 0; i < c->limits.count; i++) {
    const Limit *limit = &c->limits.items[i];
    if (limit->index != v) continue;
    if (limit->at.n != 1 || llabs(limit->at.terms[0].factor) != 1) return false;
  }
  return v != c->lane;
}

/* Of how many values of the other outputs a side's elements in a block differ: those that are added
   to the block's index. */
static int64_t spread_of(const Tiling *t, ExprId side) {
  Graph *g = t->c.w->graph;
  const Expr e = *expr_at(g, side);
  int64_t spread = 1;
  for (uint32_t i = 0; i < e.n_args; i++) {
    Affine at = affine_of(g, e.args[i], node_ranges(t->node));
    if (factor_of(t->c.w, &at, t->block) == 0) continue;
    for (uint32_t k = 0; k < at.n; k++) {
      uint32_t v = expr_at(g, at.terms[k].atom)->index;
      if (v < t->node->rank && is_other(t, v)) spread *= t->node->extents[v];
    }
  }
  return spread;
}

/* How many of the lanes' vectors lie in one line. */
static int64_t vectors_of_line(int64_t vector_bytes, int64_t vectors) {
  int64_t n = vector_bytes < LINE_BYTES ? LINE_BYTES / vector_bytes : 1;
  while (vectors % n != 0) n /= 2;
  return n;
}

/* Takes blocks of t->sizes as they are now, with those values of `block`, where that takes less
   than *least cycles. */
static void try_blocks(const Tiling *t, Tiling *best, uint32_t block, double *least) {
  const TargetMachine *target = t->c.w->target;
  Tiling tried = *t;
  Sizes *s = &tried.sizes;
  tried.block = block;
  s->left_spread = s->right_spread = 1;
  if (block != NO_INDEX) {
    s->block_k /= t->node->extents[block];
    s->left_spread = spread_of(&tried, t->contraction->left);
    s->right_spread = spread_of(&tried, t->contraction->right);
  }
  tried.tile = choose_tile(target, s, &tried.rows_outside);
  double cycles = cycles_of(target, s, tried.tile, tried.rows_outside);
  if (*least != 0 && cycles >= *least) return;
  *least = cycles;
  *best = tried;
}

/* The tile, and how k goes: at once, by vectors of lanes, or by these and values of an index.
   Blocks are considered where many tiles share operands that are more than L1 holds, and their sums
   fit. */
void choose_tile_and_blocks(Tiling *t) {
  enum { MOST_SUMS = 24 };
  const TargetMachine *target = t->c.w->target;
  Sizes *s = &t->sizes;
  int64_t vector = t->lanes * s->bytes, vectors = t->node->extents[t->contraction->lane] / t->lanes;
  t->block = NO_INDEX;
  t->tile = choose_tile(target, s, &t->rows_outside);
  s->others = count_others(t);
  if (!t->contraction->dot || s->others < LEAST_OTHERS || 8 * s->k * vector < target->l1_bytes ||
      s->others * MOST_SUMS * vector > target->l1_bytes)
    return;
  Tiling best = *t;
  double least = 0;
  t->in_blocks = true;
  for (int64_t n = vectors_of_line(vector, vectors); vectors % n == 0; n *= 2) {
    s->abreast = n;
    s->block_k = s->k / vectors * n;
    try_blocks(t, &best, NO_INDEX, &least);
    for (uint32_t v = t->node->rank; v < t->node->rank + t->node->n_reduced; v++)
      if (makes_blocks(t->node, v)) try_blocks(t, &best, v, &least);
  }
  *t = best;
}

/* A matrix by one vector, whose lanes run along the sums: as many rows as lanes have their sums
   added up together, and what is computed from them runs in lanes along them. */
void choose_folding(Tiling *t) {
  const Contraction *c = t->contraction;
  if (!c->dot || t->in_blocks || c->row == NO_INDEX || t->sizes.vectors > 1) return;
  if (t->node->extents[c->row] < t->lanes || t->lanes + 2 > t->c.w->target->vector_registers)
    return;
  if (t->node->extents[c->lane] % t->lanes != 0 && !rest_in_vectors(t)) return;
  t->folds_rows = rows_in_lanes(t);
  if (t->folds_rows) t->tile = (Tile){t->lanes, 1};
}

/* Elements between those of a side at neighbouring values of index variable v. */
static int64_t stride_along(const Tiling *t, ExprId side, uint32_t v) {
  Work *w = t->c.w;
  const Expr *e = expr_at(w->graph, side);
  Affine at = read_offset(w, t->node, e, w->plan->buffers[w->buffer_of[e->tensor]].strides);
  return factor_of(w, &at, v);
}

/* What a side takes of L1 for each product of a tile's sums, in bytes: its part of a line where
   products follow each other, else lines, and more where these fall on some of the sets only. */
static int64_t bytes_of_side(const Tiling *t, ExprId side, int64_t elements) {
  enum { SETS = 64 };
  const Node *n = t->node;
  int64_t bytes = elements * t->sizes.bytes;
  int64_t step = stride_along(t, side, n->rank + n->n_reduced - 1) * t->sizes.bytes;
  if (step < LINE_BYTES) return bytes;
  int64_t shared = 1; /* by so many the sets are fewer */
  while (shared < SETS && step % (2 * shared * LINE_BYTES) == 0) shared *= 2;
  return ceil_div(bytes, LINE_BYTES) * LINE_BYTES * shared;
}

/* So many products of a tile's sums whose operands stay in L1. */
static int64_t most_products(const Tiling *t) {
  const TargetMachine *target = t->c.w->target;
  const Contraction *c = t->contraction;
  int64_t panel = most_k_of_panel(target, &t->sizes, t->tile.vectors);
  int64_t both = bytes_of_side(t, c->right, t->tile.vectors * t->sizes.lanes) +
                 bytes_of_side(t, c->left, t->tile.rows);
  int64_t most = target->l1_bytes * 3 / 4 / both;
  return most < panel ? most : panel;
}

/* Whether sums can go in portions: y has a place; and whether that is worth it: several tiles use a
   panel, which does not stay in L1, nor both operands in half of L2. A panel that lies in one piece
   comes from L2 as fast as tiles want it. */
static bool wants_portions(const Tiling *t) {
  enum { LEAST_TILES = 4 };
  const Node *n = t->node;
  const Sizes *s = &t->sizes;
  const TargetMachine *target = t->c.w->target;
  if (t->contraction->dot || n->recurrence != NULL || n->n_reduced == 0) return false;
  if (t->picked != NO_INDEX) return false;
  if (t->c.w->plan->buffers[n->buffer].kind != BUFFER_WORKSPACE || s->panel != 0) return false;
  if (ceil_div(s->rows, t->tile.rows) < LEAST_TILES || s->vectors < t->tile.vectors) return false;
  int64_t operands = s->k * (s->rows + s->vectors * s->lanes) * s->bytes;
  return s->k > 2 * most_k_of_panel(target, s, t->tile.vectors) && operands > target->l2_bytes / 2;
}

/* The most values of the first reduced index that make a portion; 0: the sum goes at once. Where it
   is the only one, or limited, portions are equal; else the last one may be smaller. */
static int64_t portion_of(const Tiling *t) {
  enum { LEAST_PRODUCTS = 64 /* that a load and a store are worth */ };
  const Node *n = t->node;
  if (!wants_portions(t)) return 0;
  int64_t extent = n->extents[n->rank], rest = t->sizes.k / extent;
  int64_t portion = most_products(t) / rest;
  bool equal = rest == 1 || (t->contraction->limited >> n->rank & 1) != 0;
  while (equal && portion > 0 && extent % portion != 0) portion--;
  if (portion * rest < LEAST_PRODUCTS) return 0;
  return ceil_div(extent, ceil_div(extent, portion));
}

/* And the tiles that are best for one. */
void choose_portion(Tiling *t) {
  Sizes s = t->sizes;
  t->portion = portion_of(t);
  if (t->portion == 0) return;
  s.k = s.k / t->node->extents[t->node->rank] * t->portion;
  Tiling again = *t;
  again.tile = choose_tile(t->c.w->target, &s, &again.rows_outside);
  if (again.tile.vectors == t->tile.vectors) *t = again;
}
