/* The end of a tile: its sums are stored, with all that is computed from them element by element.
 */
#include "graph/scalar_ops.h"
#include "lower/tile.h"

static const Node *member(const Tiling *t, size_t i) {
  return node_at(t->c.w, t->group->nodes.items[i]);
}

/* Of y, where it is stored. */
static int result_lanes(const Tiling *t) {
  return t->contraction->dot && !is_folded(t) ? 1 : t->lanes;
}

bool rows_in_lanes(const Tiling *t) {
  Work *w = t->c.w;
  uint32_t row = t->contraction->row;
  TensorList registers = {ARENA_ARRAY(w->arena, TensorId, t->group->nodes.count + 1), 0};
  for (size_t i = 0; i < t->group->nodes.count; i++) {
    const Node *n = member(t, i);
    if (n->stored && w->plan->buffers[n->buffer].strides[row] != 1) return false;
    if (i > 0 && !fits_lanes(w, n, row, registers)) return false;
    registers.items[registers.count++] = n->tensor;
  }
  return true;
}

bool is_folded(const Tiling *t) { return t->folds_rows && t->tile.rows == t->lanes; }

/* The lanes of sum[r][v] added up, and what no whole vector was left for. */
static uint32_t fold_sum(Tiling *t, const Offset *at) {
  Builder *b = t->c.b;
  const Node *n = t->node;
  uint32_t inner = t->contraction->lane, total = kernel_new_local(b, "total", lanes_of(n->type, 1));
  kernel_declare(b, total, kernel_fold(b, OP_ADD, kernel_local(b, t->sum, at, 2)));
  int64_t done = n->extents[inner] / t->lanes * t->lanes;
  if (done == n->extents[inner] || rest_in_vectors(t)) return total;
  for (uint32_t v = n->rank; v < n->rank + n->n_reduced; v++)
    open_k(t, v, v == inner ? done : 0, n->extents[v], 1, LOOP_PLAIN);
  ValueId product = kernel_op2(b, OP_MUL, operand(t, t->contraction->left, 1),
                               operand(t, t->contraction->right, 1));
  kernel_assign(b, total, NULL, 0, kernel_op2(b, OP_ADD, kernel_local(b, total, NULL, 0), product));
  close_loops(t, n->n_reduced);
  return total;
}

static void store_value(Tiling *t, const Node *n, const Binding *bindings, ValueId value) {
  if (!n->stored) return;
  Offset offset = output_offset(&t->c, n, bindings);
  kernel_store(t->c.b, kernel_parameter(t->c.b, n->buffer, true), offset,
               kernel_splat(t->c.b, value, result_lanes(t)));
}

/* The members before it have all indices, those from it on pick. */
static size_t first_picking(const Tiling *t) {
  size_t i = 0;
  while (i < t->group->nodes.count && member(t, i)->picks == 0) i++;
  return i;
}

/* Of the members from..to. */
static bool is_long(const Tiling *t, size_t from, size_t to) {
  for (size_t i = from; i < to; i++)
    if (has_flag(t->c.w->graph, member(t, i)->body, OP_LONG)) return true;
  return false;
}

/* A copy of the sums that is no register: a loop that is not unrolled may run over its rows. */
static uint32_t copy_sums(Tiling *t) {
  Builder *b = t->c.b;
  Offset at[2];
  uint32_t kept =
      kernel_array(b, "kept", lanes_of(t->node->type, t->lanes), t->tile.rows, t->tile.vectors);
  kernel_declare(b, kept, VALUE_NONE);
  open_tile(t, at, LOOP_UNROLLED);
  kernel_assign(b, kept, at, 2, kernel_local(b, t->sum, at, 2));
  close_loops(t, 2);
  return kept;
}

/* The sums of all rows, of the one column, as a vector along them. */
static uint32_t fold_rows(Tiling *t) {
  uint32_t total = kernel_new_local(t->c.b, "total", lanes_of(t->node->type, t->lanes));
  kernel_declare(t->c.b, total, kernel_fold_rows(t->c.b, t->sum));
  t->bindings[t->contraction->row] = bound(t->row0, true);
  if (t->contraction->column != NO_INDEX)
    t->bindings[t->contraction->column] = bound(t->column0, false);
  return total;
}

/* A member of the epilogue, at the bindings of its own indices. */
static ValueId finish_member(Tiling *t, const Node *n, Binding *bindings) {
  Builder *b = t->c.b;
  b->part = n->part;
  ValueId value = translate_body(&t->c, n, bindings, result_lanes(t));
  value = kernel_splat(b, value, result_lanes(t));
  uint32_t local = kernel_new_local(b, n->name, value_at(b, value)->type);
  kernel_declare(b, local, value);
  Place place = {.tensor = n->tensor, .local = local, .spine = n->rank};
  if (n->tensor != TENSOR_NONE) ARRAY_PUSH(t->c.w->arena, &t->c.places, place);
  value = kernel_local(b, local, NULL, 0);
  store_value(t, n, bindings, value);
  return value;
}

/* kept[picked · rows + r][v] = value */
static void keep_value(Tiling *t, size_t i, const Offset at[2], ValueId value) {
  if (t->picked == NO_INDEX || t->kept[i] == 0) return;
  Offset rows = t->bindings[t->picked].offset;
  Offset there[2] = {offset_add(t->c.b, at[0], t->tile.rows, rows), at[1]};
  kernel_assign(t->c.b, t->kept[i] - 1, there, 2, value);
}

void finish_sums(Tiling *t, Place sums) {
  ValueId sum = kernel_local(t->c.b, sums.local, sums.fixed, sums.n_fixed);
  t->c.places.count = 0;
  ARRAY_PUSH(t->c.w->arena, &t->c.places, sums);
  store_value(t, t->node, t->bindings, sum);
  keep_value(t, 0, sums.fixed, sum);
  for (size_t i = 1; i < first_picking(t); i++)
    keep_value(t, i, sums.fixed, finish_member(t, member(t, i), t->bindings));
  t->c.places.count = 0;
}

/* Stores the tile, and all that is computed from it element by element: row by row where that is
   long, with all registers free for it. */
void finish_tile(Tiling *t) {
  Offset at[2];
  bool row_by_row = !t->contraction->dot && t->tile.rows > 1 && is_long(t, 1, first_picking(t));
  uint32_t kept = row_by_row ? copy_sums(t) : t->sum;
  if (!is_folded(t)) open_tile(t, at, row_by_row ? LOOP_ROLLED : LOOP_UNROLLED);
  Place sums = {.tensor = t->node->tensor, .local = kept, .spine = t->node->rank};
  if (t->contraction->dot) {
    sums.local = is_folded(t) ? fold_rows(t) : fold_sum(t, at);
  } else {
    sums.n_fixed = 2;
    sums.fixed[0] = at[0];
    sums.fixed[1] = at[1];
  }
  finish_sums(t, sums);
  if (!is_folded(t)) close_loops(t, 2);
}

/* --- what picks --- */

static bool is_picked_from(const Tiling *t, TensorId tensor) {
  for (size_t i = first_picking(t); i < t->group->nodes.count; i++)
    if (node_reads(member(t, i), tensor)) return true;
  return false;
}

void declare_kept(Tiling *t) {
  Builder *b = t->c.b;
  int64_t rows = t->node->extents[t->picked] * t->tile.rows;
  t->kept = ARENA_ARRAY(t->c.w->arena, uint32_t, first_picking(t));
  for (size_t i = 0; i < first_picking(t); i++) {
    const Node *n = member(t, i);
    if (n->tensor == TENSOR_NONE || !is_picked_from(t, n->tensor)) continue;
    uint32_t local = kernel_array(b, n->name, lanes_of(n->type, t->lanes), rows, t->tile.vectors);
    kernel_declare(b, local, VALUE_NONE);
    t->kept[i] = 1 + local;
  }
}

void finish_picking(Tiling *t) {
  Work *w = t->c.w;
  size_t first = first_picking(t);
  Offset at[2];
  Binding *bindings = ARENA_ARRAY(w->arena, Binding, t->node->rank + 1);
  bool row_by_row = t->tile.rows > 1 && is_long(t, first, t->group->nodes.count);
  open_tile(t, at, row_by_row ? LOOP_ROLLED : LOOP_UNROLLED);
  for (size_t i = 0; i < first; i++) {
    if (t->kept[i] == 0) continue;
    Place place = {.tensor = member(t, i)->tensor,
                   .local = t->kept[i] - 1,
                   .n_fixed = 2,
                   .fixed = {at[0], at[1]},
                   .spine = t->node->rank,
                   .picked = t->picked + 1,
                   .picked_rows = t->tile.rows};
    ARRAY_PUSH(w->arena, &t->c.places, place);
  }
  for (uint32_t v = 0; v + 1 < t->node->rank; v++)
    bindings[v] = t->bindings[index_beside_picked(t->picked + 1, v)];
  for (size_t i = first; i < t->group->nodes.count; i++) finish_member(t, member(t, i), bindings);
  t->c.places.count = 0;
  close_loops(t, 2);
}

/* --- what it needs --- */

enum { FETCH_AHEAD = 32 /* products of a sum take as long as what comes from a far cache */ };

/* A place that differs from row to row, in memory larger than half of L1. */
static bool is_far(const Tiling *t, BufferId buffer) {
  const Buffer *b = &t->c.w->plan->buffers[buffer];
  return b->elements * type_bytes(b->type) > t->c.w->target->l1_bytes / 2;
}

static bool is_result(const Tiling *t, BufferId buffer) {
  for (size_t i = 0; i < t->group->nodes.count; i++) {
    const Node *n = member(t, i);
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
    if (member(t, i)->tensor == e->tensor) return;
  ARRAY_PUSH(w->arena, reads, id);
}

ExprList reads_ahead(const Tiling *t) {
  ExprList reads = {0};
  if (t->contraction->dot || t->contraction->row == NO_INDEX || t->sizes.k < FETCH_AHEAD)
    return reads;
  start_walk(t->c.w);
  for (size_t i = 1; i < first_picking(t); i++) collect_far(t, member(t, i)->body, &reads);
  return reads;
}

void fetch_reads(Tiling *t, const ExprList *reads) {
  Builder *b = t->c.b;
  for (size_t i = 0; i < reads->count; i++) {
    const Value *load = value_at(b, operand(t, reads->items[i], t->lanes));
    if (load->kind == VALUE_LOAD)
      kernel_prefetch(b, load->index, load->offset, is_result(t, b->bound.items[load->index]));
  }
}

void fetch_results(Tiling *t) {
  for (size_t i = 0; i < t->group->nodes.count; i++) {
    const Node *n = member(t, i);
    if (!n->stored || !is_far(t, n->buffer)) continue;
    Offset offset = output_offset(&t->c, n, t->bindings);
    kernel_prefetch(t->c.b, kernel_parameter(t->c.b, n->buffer, true), offset, true);
  }
}

/* What the tile's results are combined with is asked for before the sums are taken, so that it has
   come when they are. */
void fetch_ahead(Tiling *t) {
  ExprList reads = reads_ahead(t);
  Offset at[2];
  if (reads.count == 0) return;
  open_tile(t, at, LOOP_UNROLLED);
  fetch_reads(t, &reads);
  close_loops(t, 2);
}
