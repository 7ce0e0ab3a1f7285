/* Contractions in register tiles, and transposed copies.

   y[r, n] = Σ_k left[r, k] · right[k, n]: a tile is `rows` rows by `vectors` vectors of
   accumulators. At each k, right's vectors are loaded once, left's scalars one by one:

       for k: b[v] = right[k, n0 + v…];  for r: a = left[r0 + r, k];  for v: sum[r][v] += a · b[v]

   The accumulators, right's vectors and one scalar have to fit the registers; rows that are left
   over are spread, so that there are tiles of at most two heights; vectors and elements that are
   left over get narrower tiles. The elementwise readers of y are computed where the tile is stored.
 */
#include <string.h>
#include "lower/work.h"

typedef struct Tile {
  int64_t rows, vectors;
} Tile;

/* Of a whole contraction. */
typedef struct Sizes {
  int64_t rows, vectors, k;
  int64_t lanes, bytes; /* of a vector, of an element */
} Sizes;

enum { L2_BYTES_A_CYCLE = 32, CYCLES_TO_START = 16 /* and to end a tile */ };

typedef struct Tiling {
  Context c;
  const Group *group;
  const Node *node;
  Contraction *contraction;
  Binding *bindings;
  Offset row0, lane0; /* where the tile starts */
  Tile tile;
  bool rows_outside; /* the loop over rows is around the one over panels */
  int lanes;
  uint32_t sum; /* local: the accumulators */
} Tiling;

/* --- sizes --- */

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

static bool fits_registers(const TargetMachine *t, int64_t rows, int64_t vectors) {
  int64_t most = t->vector_registers >= 32 ? 24 : 12;
  int64_t smaller = rows < vectors ? rows : vectors;
  return rows * vectors <= most && smaller + 1 + rows * vectors <= t->vector_registers;
}

/* Cycles a k: two multiply-adds and two loads each, but no fewer than a multiply-add takes. */
static double tile_cycles(int64_t rows, int64_t vectors) {
  double work = 0.5 * (double)(rows * vectors), loads = 0.5 * (double)(rows + vectors);
  double cycles = work > loads ? work : loads;
  return cycles > 4 ? cycles : 4;
}

/* All tiles of one panel of `vectors`, with the rows spread. */
static double panel_cycles(int64_t rows, int64_t tile_rows, int64_t vectors) {
  int64_t tiles = ceil_div(rows, tile_rows), low = rows / tiles, high = rows % tiles;
  return (double)high * tile_cycles(low + 1, vectors) +
         (double)(tiles - high) * tile_cycles(low, vectors);
}

/* What is read from beyond L1, in bytes, when rows (or else panels) are the outer loop: the operand
   that the inner loop runs through is read again in each turn, unless it stays in L1. */
static double bytes_read(const TargetMachine *t, const Sizes *s, Tile tile, bool rows_outside) {
  int64_t left = s->rows * s->k * s->bytes, right = s->vectors * s->lanes * s->k * s->bytes;
  int64_t row_tiles = ceil_div(s->rows, tile.rows), panels = ceil_div(s->vectors, tile.vectors);
  int64_t panel = tile.vectors * s->lanes * s->k * s->bytes;
  if (rows_outside) {
    bool stays = right <= t->l1_bytes / 2;
    return (double)left + (double)right * (double)(stays ? 1 : row_tiles);
  }
  bool left_stays = left <= t->l1_bytes / 2, panel_stays = panel <= t->l1_bytes * 3 / 4;
  return (double)right * (double)(panel_stays ? 1 : row_tiles) +
         (double)left * (double)(left_stays ? 1 : panels);
}

static double all_cycles(const TargetMachine *t, const Sizes *s, Tile tile, bool rows_outside) {
  int64_t rest = s->vectors % tile.vectors;
  double cycles =
      (double)(s->vectors / tile.vectors) * panel_cycles(s->rows, tile.rows, tile.vectors);
  if (rest != 0) cycles += panel_cycles(s->rows, tile.rows, rest);
  int64_t tiles = ceil_div(s->rows, tile.rows) * ceil_div(s->vectors, tile.vectors);
  cycles = cycles * (double)s->k + (double)(tiles * CYCLES_TO_START);
  double moving = bytes_read(t, s, tile, rows_outside) / L2_BYTES_A_CYCLE;
  return (cycles > moving ? cycles : moving) + moving / 4;
}

/* The tile and the order of loops that take the fewest cycles; of equal ones the wider tile. */
static Tile choose_tile(const TargetMachine *target, const Sizes *s, bool *rows_outside) {
  Tile best = {1, 1};
  double least = 0;
  for (int64_t v = 1; v <= s->vectors && v <= 8; v++)
    for (int64_t r = 1; r <= s->rows && fits_registers(target, r, v); r++)
      for (int order = 0; order < 2; order++) {
        double cycles = all_cycles(target, s, (Tile){r, v}, order == 0);
        if (least != 0 && cycles > least) continue;
        if (cycles == least && order == 1) continue;
        least = cycles;
        best = (Tile){r, v};
        *rows_outside = order == 0;
      }
  return best;
}

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

static void bind_vector(Tiling *t, Offset v) {
  Offset at = offset_add(t->c.b, t->lane0, t->lanes, v);
  t->bindings[t->contraction->lane] = (Binding){at, t->lanes > 1};
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
  bind_vector(t, v);
  kernel_assign(b, right, &v, 1,
                kernel_splat(b, operand(t, t->contraction->right, t->lanes), t->lanes));
  kernel_end(b);
  unrolled(t, "r", t->tile.rows, &at[0]);
  bind_row(t, at[0]);
  uint32_t left = kernel_new_local(b, "left", lanes_of(t->node->type, 1));
  kernel_declare(b, left, operand(t, t->contraction->left, 1));
  unrolled(t, "v", t->tile.vectors, &at[1]);
  ValueId product = kernel_op2(b, OP_MUL, kernel_splat(b, kernel_local(b, left, NULL, 0), t->lanes),
                               kernel_local(b, right, &at[1], 1));
  kernel_assign(b, t->sum, at, 2, kernel_op2(b, OP_ADD, kernel_local(b, t->sum, at, 2), product));
  kernel_end(b);
  kernel_end(b);
}

static void sum_over_k(Tiling *t) {
  Builder *b = t->c.b;
  const Node *n = t->node;
  for (uint32_t k = 0; k < n->n_reduced; k++) {
    uint32_t v = n->rank + k, variable = kernel_variable(b, index_name(n, v));
    bool last = k + 1 == n->n_reduced;
    kernel_loop(b, variable, 0, n->extents[v], 1, last ? LOOP_ROLLED : LOOP_PLAIN);
    t->bindings[v] = (Binding){offset_variable(b, variable), false};
  }
  add_products(t);
  for (uint32_t k = 0; k < n->n_reduced; k++) kernel_end(b);
}

static void store_value(Tiling *t, const Node *n, ValueId value) {
  if (!n->stored) return;
  Offset offset = output_offset(&t->c, n, t->bindings);
  kernel_store(t->c.b, kernel_parameter(t->c.b, n->buffer, true), offset,
               kernel_splat(t->c.b, value, t->lanes));
}

/* Stores the tile, and all that is computed from it element by element. */
static void finish_tile(Tiling *t) {
  Builder *b = t->c.b;
  Work *w = t->c.w;
  Offset at[2];
  unrolled(t, "r", t->tile.rows, &at[0]);
  bind_row(t, at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  bind_vector(t, at[1]);
  t->c.places.count = 0;
  Place sums = {.tensor = t->node->tensor,
                .local = t->sum,
                .n_fixed = 2,
                .fixed = {at[0], at[1]},
                .spine = t->node->rank};
  ARRAY_PUSH(w->arena, &t->c.places, sums);
  store_value(t, t->node, kernel_local(b, t->sum, at, 2));
  for (size_t i = 1; i < t->group->nodes.count; i++) {
    const Node *n = node_at(w, t->group->nodes.items[i]);
    ValueId value = translate_body(&t->c, n, t->bindings, t->lanes);
    value = kernel_splat(b, value, t->lanes);
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

static void build_tile(Tiling *t) {
  Lanes type = lanes_of(t->node->type, t->lanes);
  t->sum = kernel_array(t->c.b, "sum", type, t->tile.rows, t->tile.vectors);
  kernel_declare(t->c.b, t->sum, VALUE_NONE);
  clear_sums(t);
  sum_over_k(t);
  finish_tile(t);
}

/* --- all tiles --- */

/* [from, to) along an index, in steps: a loop if there are several. */
static void along(Tiling *t, Offset *start, const char *name, int64_t from, int64_t to,
                  int64_t step, void (*inside)(Tiling *t)) {
  Builder *b = t->c.b;
  if (from == to) return;
  if (to - from == step) {
    *start = offset_number(from);
    inside(t);
    return;
  }
  uint32_t variable = kernel_variable(b, name);
  kernel_loop(b, variable, from, to, step, LOOP_PLAIN);
  *start = offset_variable(b, variable);
  inside(t);
  kernel_end(b);
}

static void build_rows(Tiling *t, void (*inside)(Tiling *t));
static void build_panels(Tiling *t, void (*inside)(Tiling *t));
static void rows_of_tiles(Tiling *t) { build_rows(t, build_tile); }
static void panels_of_tiles(Tiling *t) { build_panels(t, build_tile); }

/* Panels: full tiles, then the vectors that are left over, then what is no whole vector. */
static void build_panels(Tiling *t, void (*inside)(Tiling *t)) {
  const Node *n = t->node;
  int64_t extent = n->extents[t->contraction->lane], from = 0, full = t->tile.vectors;
  const char *name = index_name(n, t->contraction->lane);
  int widest = t->lanes;
  int64_t to = extent / (widest * full) * (widest * full);
  along(t, &t->lane0, name, from, to, widest * full, inside);
  t->tile.vectors = (extent - to) / widest;
  from = to + t->tile.vectors * widest;
  if (t->tile.vectors > 0) along(t, &t->lane0, name, to, from, widest * t->tile.vectors, inside);
  for (t->tile.vectors = 1; from < extent; from = to) {
    while (t->lanes > extent - from) t->lanes = t->lanes > 4 ? t->lanes / 2 : 1;
    to = from + (extent - from) / t->lanes * t->lanes;
    along(t, &t->lane0, name, from, to, t->lanes, inside);
  }
  t->lanes = widest;
  t->tile.vectors = full;
}

/* Rows: as many tiles as are needed, of heights that differ by one at most. */
static void build_rows(Tiling *t, void (*inside)(Tiling *t)) {
  const Node *n = t->node;
  uint32_t row = t->contraction->row;
  if (row == NO_INDEX) {
    inside(t);
    return;
  }
  int64_t extent = n->extents[row], full = t->tile.rows, tiles = ceil_div(extent, full);
  int64_t low = extent / tiles, middle = extent % tiles * (low + 1);
  t->tile.rows = low + 1;
  along(t, &t->row0, index_name(n, row), 0, middle, low + 1, inside);
  t->tile.rows = low;
  along(t, &t->row0, index_name(n, row), middle, extent, low, inside);
  t->tile.rows = full;
}

/* Output indices that are neither rows nor lanes run outside. */
static void build_outer(Tiling *t, uint32_t v) {
  const Node *n = t->node;
  while (v < n->rank && (v == t->contraction->row || v == t->contraction->lane)) v++;
  if (v == n->rank) {
    if (t->rows_outside)
      build_rows(t, panels_of_tiles);
    else
      build_panels(t, rows_of_tiles);
    return;
  }
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, index_name(n, v));
  kernel_loop(b, variable, 0, n->extents[v], 1, LOOP_PLAIN);
  t->bindings[v] = (Binding){offset_variable(b, variable), false};
  build_outer(t, v + 1);
  kernel_end(b);
}

void build_contraction(Work *w, Builder *b, const Group *g) {
  const Node *n = node_at(w, g->nodes.items[0]);
  Tiling t = {.c = {.w = w, .b = b}, .group = g, .node = n, .contraction = n->contraction};
  t.bindings = ARENA_ARRAY(w->arena, Binding, n->rank + n->n_reduced + 1);
  t.lanes = w->target->vector_bytes / type_bytes(n->type);
  while (t.lanes > n->extents[t.contraction->lane]) t.lanes /= 2;
  Sizes sizes = {.rows = t.contraction->row == NO_INDEX ? 1 : n->extents[t.contraction->row],
                 .vectors = n->extents[t.contraction->lane] / t.lanes,
                 .k = 1,
                 .lanes = t.lanes,
                 .bytes = type_bytes(n->type)};
  for (uint32_t k = 0; k < n->n_reduced; k++) sizes.k *= n->extents[n->rank + k];
  t.tile = choose_tile(w->target, &sizes, &t.rows_outside);
  for (size_t i = 0; i < g->nodes.count; i++) { /* results get their names first */
    const Node *m = node_at(w, g->nodes.items[i]);
    if (m->stored) kernel_parameter(b, m->buffer, true);
  }
  build_outer(&t, 0);
}

/* --- transposed copies --- */

typedef struct Transposition {
  Work *w;
  Builder *b;
  const Node *node;
  uint32_t from, to; /* parameters */
  const Buffer *source, *target;
  uint32_t in_axis, out_axis; /* innermost in the source, in the target */
  Binding *bindings;
} Transposition;

static uint32_t innermost(const Buffer *b) {
  for (uint32_t i = b->rank; i-- > 0;)
    if (b->strides[i] == 1 && b->extents[i] > 1) return i;
  return b->rank - 1;
}

static Offset place_in(Transposition *t, const Buffer *buffer) {
  Offset offset = offset_number(0);
  for (uint32_t i = 0; i < buffer->rank; i++)
    offset = offset_add(t->b, offset, buffer->strides[i], t->bindings[i].offset);
  return offset;
}

static void loop_over(Transposition *t, uint32_t axis, int64_t from, int64_t to, int64_t step) {
  uint32_t variable = kernel_variable(t->b, index_name(t->node, axis));
  kernel_loop(t->b, variable, from, to, step, LOOP_PLAIN);
  t->bindings[axis] = (Binding){offset_variable(t->b, variable), false};
}

/* One by one: what no square covers. */
static void copy_box(Transposition *t, int64_t in_from, int64_t in_to, int64_t out_from,
                     int64_t out_to) {
  if (in_from == in_to || out_from == out_to) return;
  loop_over(t, t->in_axis, in_from, in_to, 1);
  loop_over(t, t->out_axis, out_from, out_to, 1);
  ValueId value = kernel_load(t->b, t->from, place_in(t, t->source), 1);
  kernel_store(t->b, t->to, place_in(t, t->target), value);
  kernel_end(t->b);
  kernel_end(t->b);
}

static void copy_squares(Transposition *t, int lanes, int64_t in_to, int64_t out_to) {
  if (in_to == 0 || out_to == 0) return;
  loop_over(t, t->in_axis, 0, in_to, lanes);
  loop_over(t, t->out_axis, 0, out_to, lanes);
  kernel_transpose(t->b, lanes_of(t->node->type, lanes), t->from, place_in(t, t->source),
                   t->source->strides[t->out_axis], t->to, place_in(t, t->target),
                   t->target->strides[t->in_axis]);
  kernel_end(t->b);
  kernel_end(t->b);
}

void build_transposed(Work *w, Builder *b, const Group *g) {
  const Node *n = node_at(w, g->nodes.items[0]);
  const Expr *read = expr_at(w->graph, n->body);
  BufferId from = w->buffer_of[read->tensor];
  Transposition t = {.w = w,
                     .b = b,
                     .node = n,
                     .source = &w->plan->buffers[from],
                     .target = &w->plan->buffers[n->buffer]};
  t.to = kernel_parameter(b, n->buffer, true);
  t.from = kernel_parameter(b, from, false);
  t.in_axis = innermost(t.source);
  t.out_axis = innermost(t.target);
  t.bindings = ARENA_ARRAY(w->arena, Binding, n->rank + 1);
  uint32_t outer = 0;
  for (uint32_t i = 0; i < n->rank; i++) {
    if (i == t.in_axis || i == t.out_axis) continue;
    loop_over(&t, i, 0, n->extents[i], 1);
    outer++;
  }
  int lanes = w->target->vector_bytes / type_bytes(n->type);
  int64_t in = n->extents[t.in_axis], out = n->extents[t.out_axis];
  int64_t in_squares = in / lanes * lanes, out_squares = out / lanes * lanes;
  if (type_bytes(n->type) < 4 || in_squares == 0 || out_squares == 0) in_squares = out_squares = 0;
  copy_squares(&t, lanes, in_squares, out_squares);
  copy_box(&t, in_squares, in, 0, out_squares);
  copy_box(&t, 0, in, out_squares, out);
  for (uint32_t i = 0; i < outer; i++) kernel_end(b);
}
