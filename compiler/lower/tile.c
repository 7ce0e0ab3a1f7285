/* Contractions in register tiles.

   y[r, n] = Σ_k left[r, k] · right[k, n]: a tile is `rows` rows by `vectors` vectors of
   accumulators. At each k, right's vectors are loaded once, left's scalars one by one:

       for k: b[v] = right[k, n0 + v…];  for r: a = left[r0 + r, k];  for v: sum[r][v] += a · b[v]

   Where the lanes run along k (dot), a tile is `rows` rows by `vectors` columns, left's elements
   come in vectors too, and each sum's lanes are added up at the end.

   The accumulators, right's vectors and one of left's have to fit the registers; rows that are left
   over are spread, so that there are tiles of at most two heights; vectors and elements that are
   left over get narrower tiles. The elementwise readers of y are computed where the tile is stored.
 */
#include <string.h>
#include "lower/tile.h"

typedef struct Tiling {
  Context c;
  const Group *group;
  const Node *node;
  Contraction *contraction;
  Binding *bindings;
  Offset row0, column0; /* where the tile starts */
  Tile tile;
  bool rows_outside; /* the loop over rows is around the one over panels */
  int lanes;
  uint32_t sum; /* local: the accumulators */
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

/* for reduced index v from..to: how many lanes at a time, the loop stays open */
static void open_k(Tiling *t, uint32_t v, int64_t from, int64_t to, int lanes, LoopMark mark) {
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, index_name(t->node, v));
  kernel_loop(b, variable, from, to, lanes, mark);
  t->bindings[v] = (Binding){offset_variable(b, variable), lanes > 1};
}

/* The lanes' index innermost, if it is one. */
static void sum_over_k(Tiling *t) {
  const Node *n = t->node;
  uint32_t n_indices = n->rank + n->n_reduced;
  uint32_t inner = t->contraction->dot ? t->contraction->lane : n_indices - 1;
  for (uint32_t v = n->rank; v < n_indices; v++)
    if (v != inner) open_k(t, v, 0, n->extents[v], 1, LOOP_PLAIN);
  int step = t->contraction->dot ? t->lanes : 1;
  open_k(t, inner, 0, n->extents[inner] / step * step, step, LOOP_ROLLED);
  add_products(t);
  for (uint32_t k = 0; k < n->n_reduced; k++) kernel_end(t->c.b);
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

/* Stores the tile, and all that is computed from it element by element. */
static void finish_tile(Tiling *t) {
  Builder *b = t->c.b;
  Work *w = t->c.w;
  Offset at[2];
  unrolled(t, "r", t->tile.rows, &at[0]);
  bind_row(t, at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  bind_column(t, at[1]);
  t->c.places.count = 0;
  Place sums = {.tensor = t->node->tensor,
                .local = t->sum,
                .n_fixed = 2,
                .fixed = {at[0], at[1]},
                .spine = t->node->rank};
  if (t->contraction->dot)
    sums = (Place){.tensor = sums.tensor, .local = fold_sum(t, at), .spine = sums.spine};
  ARRAY_PUSH(w->arena, &t->c.places, sums);
  store_value(t, t->node, kernel_local(b, sums.local, sums.fixed, sums.n_fixed));
  for (size_t i = 1; i < t->group->nodes.count; i++) {
    const Node *n = node_at(w, t->group->nodes.items[i]);
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

/* Columns, where lanes run along k: full tiles, then what is left over. */
static void build_columns(Tiling *t, void (*inside)(Tiling *t)) {
  uint32_t column = t->contraction->column;
  if (column == NO_INDEX) {
    inside(t);
    return;
  }
  const char *name = index_name(t->node, column);
  int64_t extent = t->node->extents[column], full = t->tile.vectors, to = extent / full * full;
  along(t, &t->column0, name, 0, to, full, inside);
  t->tile.vectors = extent - to;
  along(t, &t->column0, name, to, extent, extent - to, inside);
  t->tile.vectors = full;
}

/* Panels: full tiles, then the vectors that are left over, then what is no whole vector. */
static void build_panels(Tiling *t, void (*inside)(Tiling *t)) {
  if (t->contraction->dot) {
    build_columns(t, inside);
    return;
  }
  const Node *n = t->node;
  int64_t extent = n->extents[t->contraction->lane], from = 0, full = t->tile.vectors;
  const char *name = index_name(n, t->contraction->lane);
  int widest = t->lanes;
  int64_t to = extent / (widest * full) * (widest * full);
  along(t, &t->column0, name, from, to, widest * full, inside);
  t->tile.vectors = (extent - to) / widest;
  from = to + t->tile.vectors * widest;
  if (t->tile.vectors > 0) along(t, &t->column0, name, to, from, widest * t->tile.vectors, inside);
  for (t->tile.vectors = 1; from < extent; from = to) {
    while (t->lanes > extent - from) t->lanes = t->lanes > 4 ? t->lanes / 2 : 1;
    to = from + (extent - from) / t->lanes * t->lanes;
    along(t, &t->column0, name, from, to, t->lanes, inside);
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
  const Contraction *c = t->contraction;
  while (v < n->rank && (v == c->row || v == c->lane || (c->dot && v == c->column))) v++;
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

static Sizes sizes_of(const Node *n, int lanes) {
  const Contraction *c = n->contraction;
  Sizes s = {.rows = c->row == NO_INDEX ? 1 : n->extents[c->row],
             .k = 1,
             .lanes = lanes,
             .bytes = type_bytes(n->type)};
  for (uint32_t k = 0; k < n->n_reduced; k++) s.k *= n->extents[n->rank + k];
  s.vectors =
      c->dot ? (c->column == NO_INDEX ? 1 : n->extents[c->column]) : n->extents[c->lane] / lanes;
  if (c->dot) s.k /= lanes;
  return s;
}

void build_contraction(Work *w, Builder *b, const Group *g) {
  const Node *n = node_at(w, g->nodes.items[0]);
  Tiling t = {.c = {.w = w, .b = b}, .group = g, .node = n, .contraction = n->contraction};
  t.bindings = ARENA_ARRAY(w->arena, Binding, n->rank + n->n_reduced + 1);
  t.lanes = w->target->vector_bytes / type_bytes(n->type);
  while (t.lanes > n->extents[t.contraction->lane]) t.lanes /= 2;
  Sizes sizes = sizes_of(n, t.lanes);
  t.tile = choose_tile(w->target, &sizes, &t.rows_outside);
  for (size_t i = 0; i < g->nodes.count; i++) { /* results get their names first */
    const Node *m = node_at(w, g->nodes.items[i]);
    if (m->stored) kernel_parameter(b, m->buffer, true);
  }
  build_outer(&t, 0);
}
