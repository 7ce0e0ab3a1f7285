/* Contractions in register tiles.

   y[r, n] = Σ_k left[r, k] · right[k, n]: a tile is `rows` rows by `vectors` vectors of
   accumulators. At each k, right's vectors are loaded once, left's scalars one by one:

       for k: b[v] = right[k, n0 + v…];  for r: a = left[r0 + r, k];  for v: sum[r][v] += a · b[v]

   Where the lanes run along k (dot), a tile is `rows` rows by `vectors` columns, left's elements
   come in vectors too, and each sum's lanes are added up at the end.

   Where such a sum is long, and output indices are left besides rows and columns, as the window of
   a convolution's weight gradient, tiles of all of these go together through one block of k after
   the other, so that operands come from L1 to all but the first of them; their sums wait in an
   array meanwhile:

       for rows, columns:  partial[…] = 0
         for a vector of the lanes' index, maybe for a value of another reduced one:  for the other
   outputs o: sum = partial[o];  …;  partial[o] = sum for o: y = the lanes of partial[o] added up

   Where lanes run along an output and the sum is long, it is taken in portions whose right panel
   stays in L1: all tiles for one portion, with the sums so far in y's place in the workspace, then
   for the next. Each sum is taken in the same order as at once.

   The accumulators, right's vectors and one of left's have to fit the registers; rows that are left
   over are spread, so that there are tiles of at most two heights; vectors and elements that are
   left over get narrower tiles. The elementwise readers of y are computed where the tile is stored.
 */
#include <stdlib.h>
#include <string.h>
#include "graph/scalar_ops.h"
#include "lower/tile.h"

enum {
  PARALLEL_PRODUCTS = 65536, /* as many are worth sharing among threads */
  MANY_TURNS = 16,           /* of one loop can be shared; of fewer, with the loop inside */
  LEAST_TURNS = 4,           /* of a block that are worth it */
  FETCH_AHEAD = 32           /* products of a sum take as long as what comes from a far cache */
};

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
  uint32_t sum;   /* local: the accumulators */
  bool in_blocks; /* k goes in blocks: for each vector of lanes, */
  uint32_t block; /* and for each value of a reduced index, or NO_INDEX */
  /* that many values of the first reduced index at a time, from portion0 on; 0: all at once */
  int64_t portion;
  Offset portion0;
  enum { WHOLE_SUMS, PORTIONS, FINISHED_SUMS } stage;
} Tiling;

/* Of y, where it is stored. */
static int result_lanes(const Tiling *t) { return t->contraction->dot ? 1 : t->lanes; }

/* --- one tile --- */

static void unrolled(Tiling *t, const char *name, int64_t to, Offset *offset) {
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, name);
  kernel_loop(b, variable, 0, to, 1, LOOP_UNROLLED);
  *offset = offset_variable(b, variable);
}

static void bind_row(Tiling *t, Offset r) {
  if (t->contraction->row == NO_INDEX) return;
  t->bindings[t->contraction->row] = (Binding){offset_add(t->c.b, t->row0, 1, r), false};
}

/* Vector v of the tile, or column v. */
static void bind_column(Tiling *t, Offset v) {
  const Contraction *c = t->contraction;
  if (c->dot && c->column != NO_INDEX)
    t->bindings[c->column] = (Binding){offset_add(t->c.b, t->column0, 1, v), false};
  if (!c->dot)
    t->bindings[c->lane] = (Binding){offset_add(t->c.b, t->column0, t->lanes, v), t->lanes > 1};
}

static ValueId operand(Tiling *t, ExprId read, int lanes) {
  Node reading = *t->node;
  reading.body = read;
  return translate_body(&t->c, &reading, t->bindings, lanes);
}

static void clear_sums(Tiling *t) {
  Builder *b = t->c.b;
  Offset at[2];
  unrolled(t, "r", t->tile.rows, &at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  ValueId zero = kernel_splat(b, kernel_number(b, t->node->type, 0), t->lanes);
  kernel_assign(b, t->sum, at, 2, zero);
  kernel_end(b);
  kernel_end(b);
}

/* sum[r][v] += left[r] · right[v] at one k */
static void add_products(Tiling *t) {
  Builder *b = t->c.b;
  Lanes type = lanes_of(t->node->type, t->lanes);
  uint32_t right = kernel_array(b, "right", type, t->tile.vectors, 0);
  kernel_declare(b, right, VALUE_NONE);
  Offset v, at[2];
  unrolled(t, "v", t->tile.vectors, &v);
  bind_column(t, v);
  kernel_assign(b, right, &v, 1,
                kernel_splat(b, operand(t, t->contraction->right, t->lanes), t->lanes));
  kernel_end(b);
  unrolled(t, "r", t->tile.rows, &at[0]);
  bind_row(t, at[0]);
  int left_lanes = t->contraction->dot ? t->lanes : 1;
  uint32_t left = kernel_new_local(b, "left", lanes_of(t->node->type, left_lanes));
  kernel_declare(b, left, operand(t, t->contraction->left, left_lanes));
  unrolled(t, "v", t->tile.vectors, &at[1]);
  ValueId product = kernel_op2(b, OP_MUL, kernel_splat(b, kernel_local(b, left, NULL, 0), t->lanes),
                               kernel_local(b, right, &at[1], 1));
  kernel_assign(b, t->sum, at, 2, kernel_op2(b, OP_ADD, kernel_local(b, t->sum, at, 2), product));
  kernel_end(b);
  kernel_end(b);
}

static void close_loops(Tiling *t, uint32_t n) {
  for (; n > 0; n--) kernel_end(t->c.b);
}

static Offset offset_of(Tiling *t, const Affine *a) {
  Builder *b = t->c.b;
  Offset sum = offset_number(a->constant);
  for (uint32_t k = 0; k < a->n; k++) {
    uint32_t index = expr_at(t->c.w->graph, a->terms[k].atom)->index;
    sum = offset_add(b, sum, a->terms[k].factor, t->bindings[index].offset);
  }
  return sum;
}

static bool in_portions(const Tiling *t, uint32_t v) {
  return t->stage == PORTIONS && v == t->node->rank;
}

/* The loop over reduced index v, just opened, within its bounds. Where k goes in blocks, that over
   the first one has none, but the output indices inside. */
static void limit_k(Tiling *t, uint32_t v) {
  const Contraction *c = t->contraction;
  const Offset *bounds[2] = {NULL, NULL};
  if ((c->limited >> v & 1) == 0 || v == t->block) return;
  for (size_t i = 0; i < c->limits.count; i++) {
    const Limit *limit = &c->limits.items[i];
    if (limit->index != v) continue;
    Offset *at = ARENA_NEW(t->c.w->arena, Offset);
    *at = offset_of(t, &limit->at);
    if (in_portions(t, v)) *at = offset_add(t->c.b, *at, -1, t->portion0);
    bounds[limit->above] = at;
  }
  double turns = average_turns(t->node, c, v, t->c.w->graph);
  if (in_portions(t, v)) turns *= (double)t->portion / (double)t->node->extents[v];
  kernel_limit(t->c.b, bounds[0], bounds[1], turns);
}

/* for reduced index v from..to: how many lanes at a time, the loop stays open */
static void open_k(Tiling *t, uint32_t v, int64_t from, int64_t to, int lanes, LoopMark mark) {
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, index_name(t->node, v));
  kernel_loop(b, variable, from, to, lanes, mark);
  limit_k(t, v);
  Offset at = offset_variable(b, variable);
  if (in_portions(t, v)) at = offset_add(b, t->portion0, 1, at);
  t->bindings[v] = (Binding){at, lanes > 1};
}

static void open_lanes(Tiling *t) {
  uint32_t v = t->contraction->lane;
  open_k(t, v, 0, t->node->extents[v] / t->lanes * t->lanes, t->lanes, LOOP_ROLLED);
}

/* The lanes' index innermost, if it is reduced. In a block, it and the block's are given. */
static void sum_over_k(Tiling *t) {
  const Node *n = t->node;
  uint32_t n_indices = n->rank + n->n_reduced, opened = 0;
  bool dot = t->contraction->dot;
  for (uint32_t v = n->rank; v < n_indices; v++) {
    if ((dot && v == t->contraction->lane) || v == t->block) continue;
    bool last = v + 1 == n_indices || (v + 2 == n_indices && v + 1 == t->block);
    int64_t turns = in_portions(t, v) ? t->portion : n->extents[v];
    open_k(t, v, 0, turns, 1, last && (!dot || t->in_blocks) ? LOOP_ROLLED : LOOP_PLAIN);
    opened++;
  }
  if (dot && !t->in_blocks) {
    open_lanes(t);
    opened++;
  }
  add_products(t);
  close_loops(t, opened);
}

/* The lanes of sum[r][v] added up, and what no whole vector was left for. */
static uint32_t fold_sum(Tiling *t, const Offset *at) {
  Builder *b = t->c.b;
  const Node *n = t->node;
  uint32_t inner = t->contraction->lane, total = kernel_new_local(b, "total", lanes_of(n->type, 1));
  kernel_declare(b, total, kernel_fold(b, OP_ADD, kernel_local(b, t->sum, at, 2)));
  int64_t done = n->extents[inner] / t->lanes * t->lanes;
  if (done == n->extents[inner]) return total;
  for (uint32_t v = n->rank; v < n->rank + n->n_reduced; v++)
    open_k(t, v, v == inner ? done : 0, n->extents[v], 1, LOOP_PLAIN);
  ValueId product = kernel_op2(b, OP_MUL, operand(t, t->contraction->left, 1),
                               operand(t, t->contraction->right, 1));
  kernel_assign(b, total, NULL, 0, kernel_op2(b, OP_ADD, kernel_local(b, total, NULL, 0), product));
  for (uint32_t k = 0; k < n->n_reduced; k++) kernel_end(b);
  return total;
}

static void store_value(Tiling *t, const Node *n, ValueId value) {
  if (!n->stored) return;
  Offset offset = output_offset(&t->c, n, t->bindings);
  kernel_store(t->c.b, kernel_parameter(t->c.b, n->buffer, true), offset,
               kernel_splat(t->c.b, value, result_lanes(t)));
}

static bool has_long_epilogue(const Tiling *t) {
  for (size_t i = 1; i < t->group->nodes.count; i++)
    if (has_flag(t->c.w->graph, node_at(t->c.w, t->group->nodes.items[i])->body, OP_LONG))
      return true;
  return false;
}

/* A copy of the sums that is no register: a loop that is not unrolled may run over its rows. */
static uint32_t copy_sums(Tiling *t) {
  Builder *b = t->c.b;
  Offset at[2];
  uint32_t kept =
      kernel_array(b, "kept", lanes_of(t->node->type, t->lanes), t->tile.rows, t->tile.vectors);
  kernel_declare(b, kept, VALUE_NONE);
  unrolled(t, "r", t->tile.rows, &at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  kernel_assign(b, kept, at, 2, kernel_local(b, t->sum, at, 2));
  kernel_end(b);
  kernel_end(b);
  return kept;
}

/* Stores the tile, and all that is computed from it element by element: row by row where that is
   long, with all registers free for it. */
static void finish_tile(Tiling *t) {
  Builder *b = t->c.b;
  Work *w = t->c.w;
  Offset at[2];
  bool row_by_row = !t->contraction->dot && t->tile.rows > 1 && has_long_epilogue(t);
  uint32_t kept = row_by_row ? copy_sums(t) : t->sum;
  uint32_t variable = kernel_variable(b, "r");
  kernel_loop(b, variable, 0, t->tile.rows, 1, row_by_row ? LOOP_ROLLED : LOOP_UNROLLED);
  at[0] = offset_variable(b, variable);
  bind_row(t, at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  bind_column(t, at[1]);
  t->c.places.count = 0;
  Place sums = {.tensor = t->node->tensor,
                .local = kept,
                .n_fixed = 2,
                .fixed = {at[0], at[1]},
                .spine = t->node->rank};
  if (t->contraction->dot)
    sums = (Place){.tensor = sums.tensor, .local = fold_sum(t, at), .spine = sums.spine};
  ARRAY_PUSH(w->arena, &t->c.places, sums);
  store_value(t, t->node, kernel_local(b, sums.local, sums.fixed, sums.n_fixed));
  for (size_t i = 1; i < t->group->nodes.count; i++) {
    const Node *n = node_at(w, t->group->nodes.items[i]);
    b->part = n->part;
    ValueId value = translate_body(&t->c, n, t->bindings, result_lanes(t));
    value = kernel_splat(b, value, result_lanes(t));
    uint32_t local = kernel_new_local(b, n->name, value_at(b, value)->type);
    kernel_declare(b, local, value);
    Place place = {.tensor = n->tensor, .local = local, .spine = n->rank};
    if (n->tensor != TENSOR_NONE) ARRAY_PUSH(w->arena, &t->c.places, place);
    store_value(t, n, kernel_local(b, local, NULL, 0));
  }
  t->c.places.count = 0;
  kernel_end(b);
  kernel_end(b);
}

/* --- blocks of k --- */

/* An output index that is neither rows nor columns. */
static bool is_other(const Tiling *t, uint32_t v) {
  const Contraction *c = t->contraction;
  return v != c->row && v != c->lane && !(c->dot && v == c->column) && !is_step(t->node, v);
}

static int64_t count_others(const Tiling *t) {
  int64_t count = 1;
  for (uint32_t v = 0; v < t->node->rank; v++)
    if (is_other(t, v)) count *= t->node->extents[v];
  return count;
}

static int64_t factor_of(const Work *w, const Affine *a, uint32_t v) {
  for (uint32_t k = 0; k < a->n; k++)
    if (expr_at(w->graph, a->terms[k].atom)->index == v) return a->terms[k].factor;
  return 0;
}

/* The loop over output index v, just opened, within what the block limits it to: where the block's
   index k is at least a·v + rest, a·v ≤ k − rest; where it is less, a·v ≥ k − rest + 1. a is 1 or
   −1. */
static void limit_other(Tiling *t, uint32_t v) {
  Builder *b = t->c.b;
  const Contraction *c = t->contraction;
  const Offset *bounds[2] = {NULL, NULL};
  for (size_t i = 0; i < c->limits.count; i++) {
    const Limit *limit = &c->limits.items[i];
    int64_t a = factor_of(t->c.w, &limit->at, v);
    if (limit->index != t->block || a == 0) continue;
    Offset rest = offset_add(b, offset_of(t, &limit->at), -a, t->bindings[v].offset);
    Offset *at = ARENA_NEW(t->c.w->arena, Offset);
    *at = offset_add(b, t->bindings[t->block].offset, -1, rest);
    bool above = limit->above != (a == 1); /* of v itself */
    if (limit->above) at->constant++;
    if (a == -1) *at = offset_add(b, offset_number(0), -1, *at);
    if (above) at->constant++;
    bounds[above] = at;
  }
  kernel_limit(b, bounds[0], bounds[1],
               (double)t->node->extents[v] * average_turns(t->node, c, t->block, t->c.w->graph) /
                   (double)t->node->extents[t->block]);
}

/* The loops over the other outputs stay open; where they are in a block, within what it limits.
   Returns how many, and *flat, the number of the output among them. */
static uint32_t open_others(Tiling *t, bool in_block, Offset *flat) {
  Builder *b = t->c.b;
  const Node *n = t->node;
  uint32_t opened = 0;
  *flat = offset_number(0);
  for (uint32_t v = 0; v < n->rank; v++) {
    if (!is_other(t, v)) continue;
    uint32_t variable = kernel_variable(b, index_name(n, v));
    kernel_loop(b, variable, 0, n->extents[v], 1, LOOP_PLAIN);
    t->bindings[v] = (Binding){offset_variable(b, variable), false};
    if (in_block) limit_other(t, v);
    *flat = offset_add(b, t->bindings[v].offset, n->extents[v], *flat);
    opened++;
  }
  return opened;
}

/* sum[r][v] = partial[flat · rows + r][v], or the other way round */
static void move_sums(Tiling *t, uint32_t partial, Offset flat, bool back) {
  Builder *b = t->c.b;
  Offset at[2], there[2];
  unrolled(t, "r", t->tile.rows, &at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  there[0] = offset_add(b, at[0], t->tile.rows, flat);
  there[1] = at[1];
  if (back)
    kernel_assign(b, partial, there, 2, kernel_local(b, t->sum, at, 2));
  else
    kernel_assign(b, t->sum, at, 2, kernel_local(b, partial, there, 2));
  kernel_end(b);
  kernel_end(b);
}

/* --- what the epilogue needs --- */

typedef ARRAY(ExprId) ExprList;

/* A place that differs from row to row, in memory larger than half of L1. */
static bool is_far(const Tiling *t, BufferId buffer) {
  const Buffer *b = &t->c.w->plan->buffers[buffer];
  return b->elements * type_bytes(b->type) > t->c.w->target->l1_bytes / 2;
}

static bool is_result(const Tiling *t, BufferId buffer) {
  for (size_t i = 0; i < t->group->nodes.count; i++) {
    const Node *n = node_at(t->c.w, t->group->nodes.items[i]);
    if (n->stored && n->buffer == buffer) return true;
  }
  return false;
}

/* The reads in a body of what lies along rows and lanes. */
static void collect_far(const Tiling *t, ExprId id, ExprList *reads) {
  Work *w = t->c.w;
  if (!first_met(w, id)) return;
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) collect_far(t, e->args[i], reads);
  if (e->kind != EXPR_READ || e->fallback != EXPR_NONE) return;
  BufferId buffer = w->buffer_of[e->tensor];
  if (buffer == BUFFER_NONE || !is_far(t, buffer)) return;
  if (!read_is_inside(w, t->node, e)) return;
  IndexSet indices = indices_of(w->graph, id);
  if ((indices >> t->contraction->row & 1) == 0 || (indices >> t->contraction->lane & 1) == 0)
    return;
  for (size_t i = 0; i < t->group->nodes.count; i++)
    if (node_at(w, t->group->nodes.items[i])->tensor == e->tensor) return;
  ARRAY_PUSH(w->arena, reads, id);
}

/* What the tile's results are combined with is asked for before the sums are taken, so that it has
   come when they are. */
static void fetch_ahead(Tiling *t) {
  Builder *b = t->c.b;
  if (t->contraction->dot || t->contraction->row == NO_INDEX || t->sizes.k < FETCH_AHEAD) return;
  ExprList reads = {0};
  start_walk(t->c.w);
  for (size_t i = 1; i < t->group->nodes.count; i++)
    collect_far(t, node_at(t->c.w, t->group->nodes.items[i])->body, &reads);
  if (reads.count == 0) return;
  Offset at[2];
  unrolled(t, "r", t->tile.rows, &at[0]);
  bind_row(t, at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  bind_column(t, at[1]);
  for (size_t i = 0; i < reads.count; i++) {
    const Value *load = value_at(b, operand(t, reads.items[i], t->lanes));
    if (load->kind == VALUE_LOAD)
      kernel_prefetch(b, load->index, load->offset, is_result(t, b->bound.items[load->index]));
  }
  kernel_end(b);
  kernel_end(b);
}

static void name_sums(Tiling *t) {
  Lanes type = lanes_of(t->node->type, t->lanes);
  t->sum = kernel_array(t->c.b, "sum", type, t->tile.rows, t->tile.vectors);
}

static void declare_sums(Tiling *t) {
  name_sums(t);
  kernel_declare(t->c.b, t->sum, VALUE_NONE);
}

static void build_blocked_tile(Tiling *t) {
  Builder *b = t->c.b;
  const Node *n = t->node;
  Lanes type = lanes_of(n->type, t->lanes);
  int64_t rows = count_others(t) * t->tile.rows;
  name_sums(t); /* first of the arrays: describe.c tells its size */
  uint32_t partial = kernel_array(b, "partial", type, rows, t->tile.vectors), opened;
  Offset flat, at[2];
  kernel_declare(b, partial, VALUE_NONE);
  uint32_t variable = kernel_variable(b, "r");
  kernel_loop(b, variable, 0, rows, 1, LOOP_PLAIN);
  at[0] = offset_variable(b, variable);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  kernel_assign(b, partial, at, 2, kernel_splat(b, kernel_number(b, n->type, 0), t->lanes));
  close_loops(t, 2);
  open_lanes(t);
  if (t->block != NO_INDEX) open_k(t, t->block, 0, n->extents[t->block], 1, LOOP_PLAIN);
  opened = open_others(t, t->block != NO_INDEX, &flat);
  kernel_declare(b, t->sum, VALUE_NONE);
  move_sums(t, partial, flat, false);
  sum_over_k(t);
  move_sums(t, partial, flat, true);
  close_loops(t, opened + (t->block != NO_INDEX ? 2 : 1));
  uint32_t block = t->block;
  t->block = NO_INDEX; /* all is as without blocks from here on */
  opened = open_others(t, false, &flat);
  declare_sums(t);
  move_sums(t, partial, flat, false);
  finish_tile(t);
  close_loops(t, opened);
  t->block = block;
}

/* The sums so far, from y's place or to it. */
static void keep_sums(Tiling *t, bool back) {
  Builder *b = t->c.b;
  Offset at[2];
  uint32_t y = kernel_parameter(b, t->node->buffer, true);
  unrolled(t, "r", t->tile.rows, &at[0]);
  bind_row(t, at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  bind_column(t, at[1]);
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
  if (t->stage == WHOLE_SUMS) {
    fetch_ahead(t);
    clear_sums(t);
    sum_over_k(t);
  } else {
    keep_sums(t, false);
  }
  finish_tile(t);
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

/* As many tiles as are needed, of heights that differ by one at most. */
static Segments row_segments(const Tiling *t) {
  Segments s = {.n = 0};
  int64_t from = 0;
  uint32_t row = t->contraction->row;
  int64_t extent = row == NO_INDEX ? 1 : t->node->extents[row];
  int64_t tiles = ceil_div(extent, t->tile.rows), higher = extent % tiles;
  add_segment(&s, &from, higher, extent / tiles + 1, 1);
  add_segment(&s, &from, tiles - higher, extent / tiles, 1);
  return s;
}

/* Full tiles, then the vectors (or columns) that are left over, then what is no whole vector. */
static Segments column_segments(const Tiling *t) {
  Segments s = {.n = 0};
  int64_t from = 0, full = t->tile.vectors;
  uint32_t index = t->contraction->dot ? t->contraction->column : t->contraction->lane;
  int64_t extent = index == NO_INDEX ? 1 : t->node->extents[index];
  int lanes = t->contraction->dot ? 1 : t->lanes;
  add_segment(&s, &from, extent / (full * lanes), full, lanes);
  add_segment(&s, &from, 1, (extent - from) / lanes, lanes);
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

static bool has_few_turns(const Segments *s) {
  return (s->items[0].to - s->items[0].from) / s->items[0].step < MANY_TURNS;
}

/* for rows: for columns: tile; or the other way round. Where the outer of the two has few turns,
   each is the whole body of the other, so that threads may share the turns of both. */
static void build_tiles(Tiling *t) {
  Segments rows = row_segments(t), columns = column_segments(t);
  const Segments *outer = t->rows_outside ? &rows : &columns;
  const Segments *inner = t->rows_outside ? &columns : &rows;
  bool apart = t->parallel && !t->outer_shared && has_few_turns(outer);
  LoopMark mark = t->parallel ? LOOP_PARALLEL : LOOP_PLAIN;
  for (uint32_t i = 0; i < outer->n; i++) {
    bool opened = false;
    for (uint32_t k = 0; k < inner->n; k++) {
      const Segment *r = t->rows_outside ? &outer->items[i] : &inner->items[k];
      const Segment *c = t->rows_outside ? &inner->items[k] : &outer->items[i];
      if (k == 0 || apart)
        opened = t->rows_outside ? open_rows(t, r, mark) : open_columns(t, c, mark);
      bool inner_opened = t->rows_outside ? open_columns(t, c, mark) : open_rows(t, r, mark);
      build_tile(t);
      if (inner_opened) kernel_end(t->c.b);
      if (opened && (apart || k + 1 == inner->n)) kernel_end(t->c.b);
    }
  }
}

/* Portion after portion, then what is computed from the sums. */
static void build_portions(Tiling *t) {
  const Node *n = t->node;
  if (t->portion == 0) {
    build_tiles(t);
    return;
  }
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, index_name(n, n->rank));
  kernel_loop(b, variable, 0, n->extents[n->rank], t->portion, LOOP_PLAIN);
  t->portion0 = offset_variable(b, variable);
  t->stage = PORTIONS;
  build_tiles(t);
  kernel_end(b);
  if (t->group->nodes.count == 1) return;
  t->stage = FINISHED_SUMS;
  kernel_barrier(b); /* other tiles: a team divides them otherwise */
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
  t->bindings[v] = (Binding){offset_variable(b, variable), false};
  build_outer(t, v + 1);
  kernel_end(b);
}

/* Of a step. */
static double multiplications(const Node *n) {
  double product = 1;
  for (uint32_t v = 0; v < n->rank + n->n_reduced; v++)
    product *= is_step(n, v) ? 1 : (double)n->extents[v];
  return product;
}

static Sizes sizes_of(const Node *n, int lanes) {
  const Contraction *c = n->contraction;
  Sizes s = {.rows = c->row == NO_INDEX ? 1 : n->extents[c->row],
             .k = 1,
             .lanes = lanes,
             .left_lanes = c->dot ? lanes : 1,
             .bytes = type_bytes(n->type)};
  for (uint32_t k = 0; k < n->n_reduced; k++) s.k *= n->extents[n->rank + k];
  s.vectors =
      c->dot ? (c->column == NO_INDEX ? 1 : n->extents[c->column]) : n->extents[c->lane] / lanes;
  if (c->dot) s.k /= lanes;
  return s;
}

/* The first reduced index that is not the lanes', if what limits it limits an output index just as
   well. NO_INDEX: there is none. */
static uint32_t block_index(const Node *n) {
  const Contraction *c = n->contraction;
  uint32_t v = n->rank + (c->lane == n->rank ? 1 : 0);
  if (v >= n->rank + n->n_reduced) return NO_INDEX;
  for (size_t i = 0; i < c->limits.count; i++) {
    const Limit *limit = &c->limits.items[i];
    if (limit->index != v) continue;
    if (limit->at.n != 1 || llabs(limit->at.terms[0].factor) != 1) return NO_INDEX;
  }
  return v;
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

/* The tile, and how k goes: at once, by vectors of lanes, or by these and values of an index.
   Blocks are considered where many tiles share operands that are more than L1 holds, and their sums
   fit. */
static void choose_tile_and_blocks(Tiling *t, Sizes s) {
  enum { MOST_SUMS = 24 };
  const TargetMachine *target = t->c.w->target;
  int64_t vector = t->lanes * s.bytes, blocks = t->node->extents[t->contraction->lane] / t->lanes;
  t->block = NO_INDEX;
  t->tile = choose_tile(target, &s, &t->rows_outside);
  s.others = count_others(t);
  if (!t->contraction->dot || s.others < LEAST_TURNS || 8 * s.k * vector < target->l1_bytes ||
      s.others * MOST_SUMS * vector > target->l1_bytes)
    return;
  t->in_blocks = true;
  s.block_k = s.k / blocks;
  s.left_spread = s.right_spread = 1;
  t->tile = choose_tile(target, &s, &t->rows_outside);
  double cycles = cycles_of(target, &s, t->tile, t->rows_outside);
  t->block = block_index(t->node);
  if (t->block == NO_INDEX) return;
  s.block_k /= t->node->extents[t->block];
  s.left_spread = spread_of(t, t->contraction->left);
  s.right_spread = spread_of(t, t->contraction->right);
  bool rows_outside;
  Tile tile = choose_tile(target, &s, &rows_outside);
  if (cycles_of(target, &s, tile, rows_outside) < cycles) {
    t->tile = tile;
    t->rows_outside = rows_outside;
  } else {
    t->block = NO_INDEX;
  }
}

/* The most values of the first reduced index whose part of a panel stays in L1, where all of it
   does not, nor both operands in L2, and several tiles use it: 0 where that is not so, or y has no
   place.
 */
static int64_t portion_of(const Tiling *t, const Sizes *s) {
  enum { LEAST_TILES = 4, LEAST_PRODUCTS = 64 /* that a load and a store are worth */ };
  const Node *n = t->node;
  const Contraction *c = t->contraction;
  if (c->dot || n->recurrence != NULL || n->n_reduced == 0) return 0;
  int64_t extent = n->extents[n->rank], rest = s->k / extent;
  int64_t row = t->tile.vectors * s->lanes * s->bytes;
  int64_t most = t->c.w->target->l1_bytes * 3 / 4 / row, portion = most / rest;
  if (t->c.w->plan->buffers[n->buffer].kind != BUFFER_WORKSPACE || s->k <= 2 * most) return 0;
  if (s->k * (s->rows + s->vectors * s->lanes) * s->bytes <= t->c.w->target->l2_bytes) return 0;
  if (ceil_div(s->rows, t->tile.rows) < LEAST_TILES || s->vectors < t->tile.vectors) return 0;
  while (portion > 0 && extent % portion != 0) portion--;
  return portion * rest >= LEAST_PRODUCTS ? portion : 0;
}

/* And the tiles that are best for one. */
static void choose_portion(Tiling *t, Sizes s) {
  t->portion = portion_of(t, &s);
  if (t->portion == 0) return;
  s.k = s.k / t->node->extents[t->node->rank] * t->portion;
  Tiling again = *t;
  again.tile = choose_tile(t->c.w->target, &s, &again.rows_outside);
  if (again.tile.vectors == t->tile.vectors) *t = again;
}

void build_contraction(Work *w, Builder *b, const NodeGroup *g) {
  const Node *n = node_at(w, g->nodes.items[0]);
  Tiling t = {.c = {.w = w, .b = b}, .group = g, .node = n, .contraction = n->contraction};
  t.bindings = ARENA_ARRAY(w->arena, Binding, n->rank + n->n_reduced + 1);
  t.lanes = w->target->vector_bytes / type_bytes(n->type);
  while (t.lanes > n->extents[t.contraction->lane]) t.lanes /= 2;
  t.sizes = sizes_of(n, t.lanes);
  choose_tile_and_blocks(&t, t.sizes);
  choose_portion(&t, t.sizes);
  t.parallel = multiplications(n) >= PARALLEL_PRODUCTS;
  bind_steps(n, t.bindings);
  for (size_t i = 0; i < g->nodes.count; i++) { /* results get their names first */
    const Node *m = node_at(w, g->nodes.items[i]);
    if (m->stored) kernel_parameter(b, m->buffer, true);
  }
  build_outer(&t, 0);
}
