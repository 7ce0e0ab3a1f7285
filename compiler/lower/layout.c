/* Where the elements of each node lie: which axis is innermost, so that lanes are consecutive.

   The caller's arrays, params and states are row-major. A contraction's result is innermost along
   the index that its lanes run along; every other node follows the largest tensor that it reads. A
   contraction whose right operand lies otherwise gets a transposed copy of it. */
#include <string.h>
#include "lower/work.h"

/* Rows or planes that are a multiple of CONFLICT bytes apart share a quarter of a cache's sets. */
enum { CONFLICT = 256, SMALL_BYTES = 16384 };

bool rows_conflict(const Buffer *b) {
  return b->rank > 1 && b->extents[b->rank - 1] * element_bytes(b) % CONFLICT == 0;
}

/* As many elements are followed by a gap when the next ones would fall on the same lines of a
   cache, and are so many that they push each other out. */
static int64_t padded(const Node *n, int64_t elements) {
  int64_t size = type_bytes(n->type);
  bool conflicts = elements * size % CONFLICT == 0 && node_size(n) * size > SMALL_BYTES;
  return conflicts ? elements + LINE_BYTES / size : elements;
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
    bool whole = n->recurrence != NULL; /* slots.c takes steps out of the strides */
    if (i > 0 && !whole && stride < node_size(n)) stride = padded(n, stride);
  }
  *elements = stride;
  return strides;
}

/* Two bytes where the values have been rounded to that. */
static ScalarType storage_of(const Work *w, const Node *n) {
  ScalarType stored = n->reduction == REDUCE_NONE ? expr_stored(w->graph, n->body) : n->type;
  return stored == n->type ? TYPE_BOOL : stored;
}

void give_buffer(Work *w, Node *n, uint32_t innermost) {
  if (n->buffer == BUFFER_NONE) {
    Buffer b = {.kind = BUFFER_WORKSPACE,
                .name = n->name,
                .tensor = n->tensor,
                .type = n->type,
                .storage = storage_of(w, n),
                .rank = n->rank,
                .extents = n->extents,
                .entry = w->number};
    b.strides = strides_with(w->arena, n, innermost, &b.elements);
    n->buffer = add_buffer(w->plan, b);
  }
  if (n->tensor != TENSOR_NONE) w->buffer_of[n->tensor] = n->buffer;
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
  Affine at = affine_of(w->graph, e->args[axis], node_ranges(n));
  if (at.n != 1 || at.terms[0].factor != 1 || size <= best->size) return;
  const Expr *atom = expr_at(w->graph, at.terms[0].atom);
  if (atom->kind != EXPR_INDEX || atom->index >= n->rank || is_step(n, atom->index)) return;
  *best = (Follow){size, atom->index};
}

static uint32_t natural_axis(Work *w, const Node *n) {
  Follow best = {0, n->rank == 0 ? 0 : n->rank - 1};
  while (best.axis > 0 && is_step(n, best.axis)) best.axis--;
  start_walk(w);
  follow(w, n, n->body, &best);
  return best.axis;
}

/* --- contractions --- */

void make_layouts(Work *w) {
  for (size_t k = 0; k < w->order.count; k++) {
    uint32_t i = w->order.items[k], copy = NODE_NONE;
    if (node_at(w, i)->contraction != NULL) copy = plan_contraction(w, i);
    Node *n = node_at(w, i);
    give_buffer(w, n, n->contraction != NULL ? n->contraction->innermost : natural_axis(w, n));
    ARRAY_PUSH(w->arena, &w->final_order, i);
    if (copy != NODE_NONE) ARRAY_PUSH(w->arena, &w->final_order, copy);
  }
  w->order.count = 0;
  gather_recurrences(w, w->final_order.items, w->final_order.count, NULL);
}
