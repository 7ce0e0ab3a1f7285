/* Where transformed filters, inputs and products are, for the kernel alone. */
#include "lower/winograd.h"

Array make_array(Filtering *f, const char *what, IndexSet set, IndexSet outer, uint32_t innermost,
                 bool apart) {
  Work *w = f->t->c.w;
  const Node *n = f->t->node;
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, count_indices(n) + FIRST_AXIS);
  int64_t *strides = ARENA_ARRAY(w->arena, int64_t, count_indices(n) + FIRST_AXIS), stride = 1;
  uint32_t rank = FIRST_AXIS;
  for (uint32_t v = 0; v < count_indices(n); v++)
    if ((set >> v & 1) != 0) extents[rank++] = v == n->contraction->lane ? f->width : n->extents[v];
  if (innermost != NO_INDEX)
    stride = innermost == n->contraction->lane ? f->width : n->extents[innermost];
  for (uint32_t v = count_indices(n), axis = rank; v-- > 0;) {
    if ((set >> v & 1) == 0) continue;
    axis--;
    bool shared = (outer >> v & 1) != 0;
    strides[axis] = shared ? 0 : v == innermost ? 1 : stride;
    if (!shared && v != innermost) stride *= n->extents[v];
  }
  strides[POINT] = stride + LINE_BYTES / type_bytes(n->type);
  extents[POINT] = count_points(f);
  extents[SLOT] = apart ? f->n_slots : 1;
  strides[SLOT] = apart ? strides[POINT] * extents[POINT] : 0;
  Tensor t = tensor_new(TENSOR_STAND_IN, n->type);
  t.name = arena_printf(w->arena, "%s.%s", n->name, what);
  t.rank = rank;
  t.extents = extents;
  TensorId id = graph_add(w->graph, t);
  know_tensors(w);
  w->buffer_of[id] =
      add_buffer(w->plan, (Buffer){.kind = BUFFER_WORKSPACE,
                                   .name = tensor_at(w->graph, id)->name,
                                   .tensor = id,
                                   .type = n->type,
                                   .storage = TYPE_BOOL,
                                   .rank = rank,
                                   .extents = extents,
                                   .strides = strides,
                                   .elements = strides[POINT] * extents[POINT] * extents[SLOT],
                                   .entry = w->number});
  return (Array){id, set};
}

Offset offset_at(const Filtering *f, const Array *array, Offset point) {
  const Tiling *t = f->t;
  const int64_t *strides = t->c.w->plan->buffers[t->c.w->buffer_of[array->tensor]].strides;
  Offset offset = offset_add(f->b, offset_number(0), strides[SLOT], f->slot);
  offset = offset_add(f->b, offset, strides[POINT], point);
  uint32_t axis = FIRST_AXIS;
  for (uint32_t v = 0; v < count_indices(t->node); v++)
    if ((array->set >> v & 1) != 0)
      offset = offset_add(f->b, offset, strides[axis++],
                          v == t->contraction->lane ? f->lane : t->bindings[v].offset);
  return offset;
}

uint32_t array_parameter(const Filtering *f, const Array *array, bool written) {
  return kernel_parameter(f->b, f->t->c.w->buffer_of[array->tensor], written);
}

ExprId read_array(Filtering *f, const Array *array) {
  Graph *g = f->t->c.w->graph;
  bool has_slots = tensor_at(g, array->tensor)->extents[SLOT] > 1;
  ExprId at[64] = {has_slots ? expr_index(g, SLOT) : expr_integer(g, TYPE_I32, 0),
                   expr_index(g, POINT)};
  uint32_t n = FIRST_AXIS;
  for (uint32_t v = 0; v < count_indices(f->t->node); v++)
    if ((array->set >> v & 1) != 0) at[n++] = expr_index(g, f->index[v]);
  return expr_read(g, array->tensor, at, n, EXPR_NONE);
}
