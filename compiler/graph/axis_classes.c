#include "graph/axis_classes.h"

AxisClasses axis_classes_new(const Graph *graph, Arena *arena) {
  AxisClasses c = {.graph = graph, .first = ARENA_ARRAY(arena, uint32_t, graph->n_tensors + 1)};
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    c.first[id] = c.n;
    c.n += tensor_at(graph, id)->rank + tensor_at(graph, id)->n_reduced;
  }
  c.parent = ARENA_ARRAY(arena, uint32_t, c.n + 1);
  c.broken = ARENA_ARRAY(arena, bool, c.n + 1);
  for (uint32_t i = 0; i < c.n; i++) c.parent[i] = i;
  return c;
}

uint32_t axis_class(const AxisClasses *c, uint32_t x) {
  while (c->parent[x] != x) x = c->parent[x] = c->parent[c->parent[x]];
  return x;
}

void unite_axes(AxisClasses *c, uint32_t a, uint32_t b) {
  a = axis_class(c, a);
  b = axis_class(c, b);
  c->parent[b] = a;
  c->broken[a] = c->broken[a] || c->broken[b];
}

void break_axis(AxisClasses *c, uint32_t x) { c->broken[axis_class(c, x)] = true; }

static int64_t extent_of(const Tensor *t, uint32_t index) {
  return index < t->rank ? t->extents[index] : t->reduced_extents[index - t->rank];
}

bool reads_whole_axis(const Graph *graph, TensorId reader, TensorId read, uint32_t k, ExprId at) {
  const Expr *e = expr_at(graph, at);
  return e->kind == EXPR_INDEX &&
         extent_of(tensor_at(graph, reader), e->index) == tensor_at(graph, read)->extents[k];
}
