/* Where the elements of each node lie: which axis is innermost, so that lanes are consecutive.

   The caller's arrays, params and states are row-major. A contraction's result is innermost along
   the index that its lanes run along; every other node follows the largest tensor that it reads. A
   contraction whose right operand lies otherwise gets a transposed copy of it.

   A contraction's lanes: any output index of one operand alone will do. The one is taken for which
   the least has to be copied, before it or by its elementwise readers; the index that activations
   share and no weight has (the batch) comes out of that, since copying an activation is cheaper
   than copying a weight. */
#include <string.h>
#include "lower/work.h"

enum { READERS_DEEP = 4, CONFLICT_BYTES = 1024, LINE_BYTES = 64 };

/* A row of that many elements is followed by a gap when rows would fall on the same lines of a
 * cache. */
static int64_t padded(const Node *n, int64_t row) {
  int64_t bytes = row * type_bytes(n->type);
  return bytes % CONFLICT_BYTES == 0 ? row + LINE_BYTES / type_bytes(n->type) : row;
}

/* Strides with axis `innermost` of stride 1 and the others row-major around it. */
static const int64_t *strides_with(Arena *arena, const Node *n, uint32_t innermost,
                                   int64_t *elements) {
  int64_t *strides = ARENA_ARRAY(arena, int64_t, n->rank + 1), stride = 1;
  if (innermost < n->rank) {
    strides[innermost] = 1;
    stride = n->extents[innermost];
    if (stride < node_size(n)) stride = padded(n, stride);
  }
  for (uint32_t i = n->rank; i-- > 0;) {
    if (i == innermost) continue;
    strides[i] = stride;
    stride *= n->extents[i];
  }
  *elements = stride;
  return strides;
}

static void give_buffer(Work *w, Node *n, uint32_t innermost) {
  if (n->buffer == BUFFER_NONE) {
    Buffer b = {.kind = BUFFER_WORKSPACE,
                .name = n->name,
                .tensor = n->tensor,
                .type = n->type,
                .rank = n->rank,
                .extents = n->extents,
                .entry = w->number};
    b.strides = strides_with(w->arena, n, innermost, &b.elements);
    n->buffer = add_buffer(w->plan, b);
  }
  if (n->tensor != TENSOR_NONE) w->buffer_of[n->tensor] = n->buffer;
}

static int64_t stride_of(const Work *w, TensorId tensor, uint32_t axis) {
  return w->plan->buffers[w->buffer_of[tensor]].strides[axis];
}

/* The axis of stride 1; that of a tensor with one element is its last. */
static uint32_t innermost_axis(const Work *w, TensorId tensor) {
  const Buffer *b = &w->plan->buffers[w->buffer_of[tensor]];
  for (uint32_t i = b->rank; i-- > 0;)
    if (b->strides[i] == 1 && b->extents[i] > 1) return i;
  return b->rank - 1;
}

/* --- nodes that follow what they read --- */

typedef struct Follow {
  int64_t size; /* of the largest tensor read */
  uint32_t axis;
} Follow;

static void follow(Work *w, const Node *n, ExprId id, Follow *best) {
  if (!first_met(w, id)) return;
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) follow(w, n, e->args[i], best);
  if (e->kind != EXPR_READ || e->n_args == 0 || w->buffer_of[e->tensor] == BUFFER_NONE) return;
  int64_t size = tensor_size(tensor_at(w->graph, e->tensor));
  uint32_t axis = innermost_axis(w, e->tensor);
  const Expr *at = expr_at(w->graph, e->args[axis]);
  if (at->kind != EXPR_INDEX || at->index >= n->rank || size <= best->size) return;
  *best = (Follow){size, at->index};
}

static uint32_t natural_axis(Work *w, const Node *n) {
  Follow best = {0, n->rank == 0 ? 0 : n->rank - 1};
  start_walk(w);
  follow(w, n, n->body, &best);
  return best.axis;
}

/* --- contractions --- */

/* The axis along which a tensor wants y[O] innermost when it is read or written at O. */
static void count_wish(const Work *w, BufferId buffer, uint32_t rank, int64_t *wishes) {
  const Buffer *b = &w->plan->buffers[buffer];
  if (buffer == BUFFER_NONE || b->rank != rank) return;
  for (uint32_t k = rank; k-- > 0;) {
    if (b->strides[k] != 1 || b->extents[k] == 1) continue;
    wishes[k] += b->elements;
    return;
  }
}

static void wish_of_reads(const Work *w, const Node *n, ExprId id, int64_t *wishes) {
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) wish_of_reads(w, n, e->args[i], wishes);
  if (e->kind != EXPR_READ || e->n_args != n->rank) return;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(w->graph, e->args[i]);
    if (at->kind != EXPR_INDEX || at->index != i) return;
  }
  count_wish(w, w->buffer_of[e->tensor], n->rank, wishes);
}

/* wishes[k]: how many elements, of what elementwise readers of node i read and write besides, lie
   innermost along axis k. */
static void wishes_of(const Work *w, uint32_t i, int depth, int64_t *wishes) {
  const Node *n = node_at(w, i);
  count_wish(w, n->buffer, n->rank, wishes);
  if (depth == 0 || n->tensor == TENSOR_NONE) return;
  for (size_t r = 0; r < n->readers.count; r++) {
    const Node *reader = node_at(w, n->readers.items[r]);
    if (reader->reduction != REDUCE_NONE || reader->rank != n->rank) continue;
    if (!reads_at_point(w->graph, reader->body, n->tensor)) continue;
    wish_of_reads(w, reader, reader->body, wishes);
    wishes_of(w, n->readers.items[r], depth - 1, wishes);
  }
}

static TensorId known_copy(const Work *w, TensorId of, uint32_t innermost) {
  for (size_t i = 0; i < w->copies.count; i++)
    if (w->copies.items[i].of == of && w->copies.items[i].innermost == innermost)
      return w->copies.items[i].copy;
  return TENSOR_NONE;
}

/* Elements to be copied so that lanes can run along v; -1 when they cannot. */
static int64_t lane_cost(Work *w, uint32_t i, uint32_t v, const int64_t *wishes) {
  const Node *n = node_at(w, i);
  const Graph *g = w->graph;
  uint32_t axes[2] = {axis_of(g, n->contraction->left, v), axis_of(g, n->contraction->right, v)};
  if ((axes[0] == NO_INDEX) == (axes[1] == NO_INDEX)) return -1;
  int side = axes[0] == NO_INDEX ? 1 : 0;
  TensorId right = expr_at(g, side == 0 ? n->contraction->left : n->contraction->right)->tensor;
  int64_t lanes = w->target->vector_bytes / type_bytes(n->type), cost = 0;
  if (n->extents[v] < (lanes < 8 ? lanes : lanes / 2)) return -1;
  int64_t work = node_size(n);
  for (uint32_t k = 0; k < n->n_reduced; k++) work *= n->extents[n->rank + k];
  bool lies_well = stride_of(w, right, axes[side]) == 1;
  if (!lies_well && known_copy(w, right, axes[side]) == TENSOR_NONE)
    cost += tensor_size(tensor_at(g, right));
  for (uint32_t k = 0; k < n->rank; k++) cost += k == v ? 0 : wishes[k];
  if (2 * cost > work) return -1;
  int64_t wasted = n->extents[v] % lanes == 0 ? 0 : lanes - n->extents[v] % lanes;
  return cost + work * wasted / (n->extents[v] * lanes);
}

/* y.T, alike but for the innermost axis */
static TensorId transposed_copy(Work *w, TensorId of, uint32_t innermost) {
  TensorId known = known_copy(w, of, innermost);
  if (known != TENSOR_NONE) return known;
  Graph *g = w->graph;
  Tensor t = *tensor_at(g, of);
  Tensor copy = tensor_new(TENSOR_DEFINITION, t.type);
  ExprId *at = ARENA_ARRAY(w->arena, ExprId, t.rank + 1);
  for (uint32_t k = 0; k < t.rank; k++) at[k] = expr_index(g, k);
  copy.name = arena_printf(w->arena, "%s.T", t.name);
  copy.rank = t.rank;
  copy.extents = t.extents;
  copy.index_names = t.index_names;
  copy.body = expr_read(g, of, at, t.rank, EXPR_NONE);
  TensorId id = add_definition(w, copy);
  Node *n = node_at(w, w->node_of[id] - 1);
  n->transposes = true;
  give_buffer(w, n, innermost);
  ARRAY_PUSH(w->arena, &w->copies, (TransposedCopy){of, id, innermost});
  ARRAY_PUSH(w->arena, &w->final_order, w->node_of[id] - 1);
  return id;
}

/* The contraction's lanes run across its fixed place: it is computed in the workspace, and a
   transposed copy stores it. Returns the copy's node; NODE_NONE: none is needed. */
static uint32_t store_transposed(Work *w, uint32_t i) {
  Node *n = node_at(w, i);
  if (n->buffer == BUFFER_NONE) return NODE_NONE;
  if (w->plan->buffers[n->buffer].strides[n->contraction->lane] == 1) return NODE_NONE;
  ExprId *at = ARENA_ARRAY(w->arena, ExprId, n->rank + 1);
  for (uint32_t k = 0; k < n->rank; k++) at[k] = expr_index(w->graph, k);
  Node copy = {.tensor = TENSOR_NONE,
               .name = w->plan->buffers[n->buffer].name,
               .type = n->type,
               .rank = n->rank,
               .extents = n->extents,
               .index_names = n->index_names,
               .body = expr_read(w->graph, n->tensor, at, n->rank, EXPR_NONE),
               .buffer = n->buffer,
               .replaces = n->replaces,
               .transposes = true};
  n->buffer = BUFFER_NONE;
  n->replaces = TENSOR_NONE;
  collect_reads(w, &copy);
  ARRAY_PUSH(w->arena, &copy.after, i);
  ARRAY_PUSH(w->arena, &w->nodes, copy);
  return (uint32_t)w->nodes.count - 1;
}

/* The largest output index of the left operand alone. */
static uint32_t choose_row(const Work *w, const Node *n) {
  uint32_t row = NO_INDEX;
  for (uint32_t v = 0; v < n->rank; v++) {
    bool own = axis_of(w->graph, n->contraction->left, v) != NO_INDEX &&
               axis_of(w->graph, n->contraction->right, v) == NO_INDEX;
    if (own && (row == NO_INDEX || n->extents[v] > n->extents[row])) row = v;
  }
  return row;
}

static void plan_contraction(Work *w, uint32_t i) {
  Graph *g = w->graph;
  uint32_t lane = NO_INDEX;
  int64_t *wishes = ARENA_ARRAY(w->arena, int64_t, node_at(w, i)->rank + 1);
  wishes_of(w, i, READERS_DEEP, wishes);
  int64_t least = INT64_MAX;
  for (uint32_t v = node_at(w, i)->rank; v-- > 0;) {
    int64_t cost = lane_cost(w, i, v, wishes);
    if (cost < 0 || cost >= least) continue;
    least = cost;
    lane = v;
  }
  Contraction *c = node_at(w, i)->contraction;
  if (lane == NO_INDEX) {
    node_at(w, i)->contraction = NULL;
    return;
  }
  if (axis_of(g, c->right, lane) == NO_INDEX) {
    ExprId left = c->left;
    c->left = c->right;
    c->right = left;
  }
  const Expr right = *expr_at(g, c->right);
  uint32_t axis = axis_of(g, c->right, lane);
  if (stride_of(w, right.tensor, axis) != 1) {
    TensorId copy = transposed_copy(w, right.tensor, axis);
    c->right = expr_read(g, copy, right.args, right.n_args, EXPR_NONE);
    ARRAY_PUSH(w->arena, &node_at(w, i)->after, w->node_of[copy] - 1);
  }
  Node *n = node_at(w, i);
  c->lane = lane;
  c->row = choose_row(w, n);
  n->body = expr_op2(g, OP_MUL, c->left, c->right);
  collect_reads(w, n);
}

void make_layouts(Work *w) {
  for (size_t k = 0; k < w->order.count; k++) {
    uint32_t i = w->order.items[k], copy = NODE_NONE;
    if (node_at(w, i)->contraction != NULL) plan_contraction(w, i);
    if (node_at(w, i)->contraction != NULL) copy = store_transposed(w, i);
    Node *n = node_at(w, i);
    give_buffer(w, n, n->contraction != NULL ? n->contraction->lane : natural_axis(w, n));
    ARRAY_PUSH(w->arena, &w->final_order, i);
    if (copy != NODE_NONE) ARRAY_PUSH(w->arena, &w->final_order, copy);
  }
  w->order.items = w->final_order.items;
  w->order.count = w->final_order.count;
}
