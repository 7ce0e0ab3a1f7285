/* Contractions in register tiles.

   y[r, n] = Σ_k left[r, k] · right[k, n]: a tile is `rows` rows by `vectors` vectors of
   accumulators. At each k, right's vectors are loaded once, left's scalars one by one:

       for k: b[v] = right[k, n0 + v…];  for r: a = left[r0 + r, k];  for v: sum[r][v] += a · b[v]

   Where the lanes run along k (dot), a tile is `rows` rows by `vectors` columns, left's elements
   come in vectors too, and each sum's lanes are added up at the end.

   Where such a sum is long, and output indices are left besides rows and columns, it goes in blocks
   (tile_blocks.c).

   Where lanes run along an output and the sum is long, it is taken in portions whose right panel
   stays in L1: all tiles for one portion, with the sums so far in y's place in the workspace, then
   for the next. Each sum is taken in the same order as at once.

   Where what is computed from y reads several values of an output index at once, such as the gates
   of a cell, the loop over that index stands inside: tile after tile is kept in a local array, then
   comes what is computed from all of them.

   The accumulators, right's vectors and one of left's have to fit the registers; rows that are left
   over are spread, so that there are tiles of at most two heights; vectors and elements that are
   left over get narrower tiles. The elementwise readers of y are computed where the tile is stored.
 */
#include "lower/tile.h"

enum { PARALLEL_PRODUCTS = 65536 /* as many are worth sharing among threads */ };

/* --- one tile --- */

/* The sums so far, from y's place or to it. */
static void keep_sums(Tiling *t, bool back) {
  Builder *b = t->c.b;
  Offset at[2];
  uint32_t y = kernel_parameter(b, t->node->buffer, true);
  open_tile(t, at, LOOP_UNROLLED);
  Offset offset = output_offset(&t->c, t->node, t->bindings);
  if (back)
    kernel_store(b, y, offset, kernel_local(b, t->sum, at, 2));
  else
    kernel_assign(b, t->sum, at, 2, kernel_load(b, y, offset, t->lanes));
  close_loops(t, 2);
}

static void add_portion(Tiling *t) {
  Builder *b = t->c.b;
  ValueId from = kernel_offset(b, TYPE_I32, t->portion0);
  kernel_if(b, kernel_op2(b, OP_GT, from, kernel_integer(b, TYPE_I32, 0)));
  keep_sums(t, false);
  kernel_else(b);
  clear_sums(t);
  kernel_end(b);
  sum_over_k(t);
  keep_sums(t, true);
}

static void build_tile(Tiling *t) {
  t->c.b->part = t->node->part;
  if (t->in_blocks) {
    build_blocked_tile(t);
    return;
  }
  declare_sums(t);
  if (t->stage == PORTIONS) {
    add_portion(t);
    return;
  }
  if (t->stage == ADDED_SUMS) {
    keep_sums(t, false);
    sum_over_k(t);
    keep_sums(t, true);
    return;
  }
  if (t->stage == WHOLE_SUMS) {
    fetch_ahead(t);
    clear_sums(t);
    sum_over_k(t);
  } else {
    keep_sums(t, false);
  }
  finish_tile(t);
}

/* All of the picked index in one place, then what is computed from them. */
static void build_picked_tiles(Tiling *t) {
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, index_name(t->node, t->picked));
  declare_kept(t);
  kernel_loop(b, variable, 0, t->node->extents[t->picked], 1, LOOP_ROLLED);
  t->bindings[t->picked] = bound(offset_variable(b, variable), false);
  build_tile(t);
  kernel_end(b);
  finish_picking(t);
}

/* --- all tiles --- */

/* Part of an index's range that is covered by tiles of one size: rows, or vectors of some lanes. */
typedef struct Segment {
  int64_t from, to;
  int64_t count; /* rows, vectors or columns of a tile */
  int lanes;
  int64_t step; /* indices that a tile covers */
} Segment;

enum { MAX_SEGMENTS = 8 };

typedef struct Segments {
  Segment items[MAX_SEGMENTS];
  uint32_t n;
} Segments;

/* `tiles` of them from *from on. */
static void add_segment(Segments *s, int64_t *from, int64_t tiles, int64_t count, int lanes) {
  if (tiles == 0 || count == 0) return;
  int64_t step = count * lanes;
  s->items[s->n++] = (Segment){*from, *from + tiles * step, count, lanes, step};
  *from += tiles * step;
}

static void add_spread(Segments *s, int64_t *from, int64_t extent, int64_t most, int lanes) {
  Spread spread = spread_over(extent, most);
  add_segment(s, from, spread.larger, spread.size + 1, lanes);
  add_segment(s, from, spread.others, spread.size, lanes);
}

static Segments row_segments(const Tiling *t) {
  Segments s = {.n = 0};
  int64_t from = 0;
  uint32_t row = t->contraction->row;
  int64_t extent = row == NO_INDEX ? 1 : t->node->extents[row];
  if (t->folds_rows) add_segment(&s, &from, extent / t->lanes, t->lanes, 1);
  if (from < extent) add_spread(&s, &from, extent - from, t->tile.rows, 1);
  return s;
}

/* Whole vectors (or columns), then what is left over. */
static Segments column_segments(const Tiling *t) {
  Segments s = {.n = 0};
  int64_t from = 0;
  uint32_t index = t->contraction->dot ? t->contraction->column : t->contraction->lane;
  int64_t extent = index == NO_INDEX ? 1 : t->node->extents[index];
  int lanes = t->contraction->dot ? 1 : t->lanes;
  add_spread(&s, &from, extent / lanes, t->tile.vectors, lanes);
  while (from < extent) {
    while (lanes > extent - from) lanes = lanes > 4 ? lanes / 2 : 1;
    add_segment(&s, &from, (extent - from) / lanes, 1, lanes);
  }
  return s;
}

/* Opens the loop over a segment's tiles, if there are several; returns whether it did. */
static bool open_segment(Tiling *t, const Segment *s, uint32_t index, Offset *start,
                         LoopMark mark) {
  *start = offset_number(s->from);
  if (s->to - s->from == s->step) return false;
  uint32_t variable = kernel_variable(t->c.b, index_name(t->node, index));
  kernel_loop(t->c.b, variable, s->from, s->to, s->step, mark);
  *start = offset_variable(t->c.b, variable);
  return true;
}

static bool open_rows(Tiling *t, const Segment *s, LoopMark mark) {
  t->tile.rows = s->count;
  return open_segment(t, s, t->contraction->row, &t->row0, mark);
}

static bool open_columns(Tiling *t, const Segment *s, LoopMark mark) {
  t->tile.vectors = s->count;
  if (!t->contraction->dot) t->lanes = s->lanes;
  uint32_t index = t->contraction->dot ? t->contraction->column : t->contraction->lane;
  return open_segment(t, s, index, &t->column0, mark);
}

static int64_t turns_of(const Segment *s) { return (s->to - s->from) / s->step; }

static bool has_few_turns(const Segments *s) { return turns_of(&s->items[0]) < MANY_TURNS; }

/* As many tiles of a segment of rows go through all columns before the next ones do: of a portion
   of the left operand, which each panel of columns reads again, what stays in half of L2. */
static int64_t block_of_rows(const Tiling *t, const Segment *s) {
  int64_t turns = turns_of(s), parts = 1;
  if (t->stage != PORTIONS || t->rows_outside) return turns;
  int64_t k = t->sizes.k / t->node->extents[t->node->rank] * t->portion;
  int64_t bytes = turns * s->step * k * t->sizes.bytes;
  while (parts < turns && (turns % parts != 0 || bytes / parts > t->c.w->target->l2_bytes / 2))
    parts++;
  return turns / parts;
}

/* The loop over blocks of so many tiles of a segment, which becomes that of the first of them. */
static Offset open_block(Tiling *t, Segment *s, int64_t tiles) {
  uint32_t variable = kernel_variable(t->c.b, "block");
  kernel_loop(t->c.b, variable, s->from, s->to, tiles * s->step, LOOP_PLAIN);
  *s = (Segment){0, tiles * s->step, s->count, s->lanes, s->step};
  return offset_variable(t->c.b, variable);
}

/* for a block of rows: for columns: for rows: tile. */
static void build_blocks_of_rows(Tiling *t, Segment rows, const Segment *columns, LoopMark mark) {
  Offset start = open_block(t, &rows, block_of_rows(t, &rows));
  bool opened = open_columns(t, columns, mark), inner_opened = open_rows(t, &rows, mark);
  t->row0 = offset_add(t->c.b, start, 1, t->row0);
  build_tile(t);
  close_loops(t, 1U + opened + inner_opened);
}

/* for rows: for columns: tile; or the other way round. Where the outer of the two has few turns,
   each is the whole body of the other, so that threads may share the turns of both. */
static void build_tiles(Tiling *t) {
  Segments rows = row_segments(t), columns = column_segments(t);
  const Segments *outer = t->rows_outside ? &rows : &columns;
  const Segments *inner = t->rows_outside ? &columns : &rows;
  bool in_blocks = block_of_rows(t, &rows.items[0]) < turns_of(&rows.items[0]);
  bool apart = in_blocks || (t->parallel && !t->outer_shared && has_few_turns(outer));
  LoopMark mark = t->parallel ? LOOP_PARALLEL : LOOP_PLAIN;
  for (uint32_t i = 0; i < outer->n; i++) {
    bool opened = false;
    for (uint32_t k = 0; k < inner->n; k++) {
      const Segment *r = t->rows_outside ? &outer->items[i] : &inner->items[k];
      const Segment *c = t->rows_outside ? &inner->items[k] : &outer->items[i];
      if (in_blocks && k == 0) {
        build_blocks_of_rows(t, *r, c, mark);
        continue;
      }
      if (k == 0 || apart)
        opened = t->rows_outside ? open_rows(t, r, mark) : open_columns(t, c, mark);
      bool inner_opened = t->rows_outside ? open_columns(t, c, mark) : open_rows(t, r, mark);
      if (t->picked != NO_INDEX)
        build_picked_tiles(t);
      else
        build_tile(t);
      if (inner_opened) kernel_end(t->c.b);
      if (opened && (apart || k + 1 == inner->n)) kernel_end(t->c.b);
    }
  }
}

/* Portion after portion, then what is computed from the sums. */
static void build_portions(Tiling *t) {
  const Node *n = t->node;
  if (t->contraction->listed) list_nonzeros(t);
  if (t->portion == 0) {
    build_tiles(t);
    return;
  }
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, index_name(n, n->rank));
  kernel_loop(b, variable, 0, ceil_div(n->extents[n->rank], t->portion), 1, LOOP_PLAIN);
  t->portion0 = offset_add(b, offset_number(0), t->portion, offset_variable(b, variable));
  t->stage = PORTIONS;
  build_tiles(t);
  kernel_end(b);
  if (t->group->nodes.count == 1) return;
  t->stage = FINISHED_SUMS;
  t->tile.rows = 1; /* along the rows, as all that is read and written lies */
  t->rows_outside = true;
  kernel_barrier(b); /* a team divides these otherwise */
  build_tiles(t);
}

/* Output indices that are neither rows nor lanes run outside. */
static void build_outer(Tiling *t, uint32_t v) {
  const Node *n = t->node;
  while (v < n->rank && (t->in_blocks || !is_other(t, v))) v++;
  if (v == n->rank) {
    build_portions(t);
    return;
  }
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, index_name(n, v));
  kernel_loop(b, variable, 0, n->extents[v], 1, t->parallel ? LOOP_PARALLEL : LOOP_PLAIN);
  t->outer_shared = t->outer_shared || n->extents[v] >= MANY_TURNS;
  t->bindings[v] = bound(offset_variable(b, variable), false);
  build_outer(t, v + 1);
  kernel_end(b);
}

static int64_t panel_of_right(const Work *w, const Node *n) {
  const Expr *right = expr_at(w->graph, n->contraction->right);
  return w->plan->buffers[w->buffer_of[right->tensor]].panel;
}

Tiling start_tiling(Work *w, Builder *b, const NodeGroup *g) {
  const Node *n = node_at(w, g->nodes.items[0]);
  Tiling t = {.c = {.w = w, .b = b}, .group = g, .node = n, .contraction = n->contraction};
  t.bindings = ARENA_ARRAY(w->arena, Binding, n->rank + n->n_reduced + 1);
  t.lanes = w->target->vector_bytes / type_bytes(n->type);
  while (t.lanes > n->extents[t.contraction->lane]) t.lanes /= 2;
  t.sizes = sizes_of(n, t.lanes);
  t.sizes.panel = panel_of_right(w, n) / t.lanes;
  t.parallel = points_of_step(n) >= PARALLEL_PRODUCTS;
  const Node *last = node_at(w, g->nodes.items[g->nodes.count - 1]);
  t.picked = last->picks != 0 ? last->picks - 1 : NO_INDEX;
  if (t.picked != NO_INDEX) t.bound_outside = (IndexSet)1 << t.picked;
  return t;
}

void build_tiles_inside(Tiling *t, IndexSet bound_outside) {
  t->bound_outside = bound_outside;
  t->parallel = false;
  choose_tile_and_blocks(t);
  build_outer(t, 0);
}

void build_contraction(Work *w, Builder *b, const NodeGroup *g) {
  Tiling t = start_tiling(w, b, g);
  const Node *n = t.node;
  bind_steps(n, t.bindings);
  for (size_t i = 0; i < g->nodes.count; i++) { /* results get their names first */
    const Node *m = node_at(w, g->nodes.items[i]);
    if (m->stored) kernel_parameter(b, m->buffer, true);
  }
  if (n->contraction->n_windows > 0) {
    build_filtered(&t);
    return;
  }
  choose_tile_and_blocks(&t);
  choose_folding(&t);
  choose_portion(&t);
  choose_list(&t);
  build_outer(&t, 0);
}
