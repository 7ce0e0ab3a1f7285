/* Classes of axes, by union-find over all index variables of all definitions. */
#include "notation/axes.h"

typedef struct Classes {
  const Graph *graph;
  uint32_t *first;  /* per tensor */
  uint32_t *parent; /* per index variable */
  bool *broken;     /* per class, at its representative */
} Classes;

static uint32_t representative(Classes *c, uint32_t x) {
  while (c->parent[x] != x) x = c->parent[x] = c->parent[c->parent[x]];
  return x;
}

static void unite(Classes *c, uint32_t a, uint32_t b) {
  a = representative(c, a);
  b = representative(c, b);
  if (a == b) return;
  c->parent[b] = a;
  c->broken[a] = c->broken[a] || c->broken[b];
}

static void break_class(Classes *c, uint32_t x) { c->broken[representative(c, x)] = true; }

static int64_t extent_of(const Graph *graph, TensorId id, uint32_t index) {
  const Tensor *t = tensor_at(graph, id);
  return index < t->rank ? t->extents[index] : t->reduced_extents[index - t->rank];
}

/* seen: per expression, the last reader. */
static void unite_reads(Classes *c, TensorId reader, ExprId id, uint32_t *seen) {
  const Expr *e = expr_at(c->graph, id);
  if (seen[id] == reader + 1) return;
  seen[id] = reader + 1;
  for (uint32_t i = 0; i < e->n_args; i++) unite_reads(c, reader, e->args[i], seen);
  if (e->fallback != EXPR_NONE) unite_reads(c, reader, e->fallback, seen);
  for (uint32_t i = 0; e->kind == EXPR_READ && i < e->n_args; i++) {
    const Expr *at = expr_at(c->graph, e->args[i]);
    uint32_t axis = c->first[e->tensor] + i;
    bool whole = at->kind == EXPR_INDEX &&
                 extent_of(c->graph, reader, at->index) == extent_of(c->graph, e->tensor, i);
    if (!whole) break_class(c, axis);
    if (!whole && at->kind == EXPR_INDEX) break_class(c, c->first[reader] + at->index);
    if (whole) unite(c, axis, c->first[reader] + at->index);
  }
}

/* A view that keeps the first axis keeps the batch; other axes go their own ways. */
static void unite_view(Classes *c, TensorId id) {
  const Tensor *t = tensor_at(c->graph, id), *source = tensor_at(c->graph, t->source);
  if (t->rank > 0 && source->rank > 0 && t->extents[0] == source->extents[0])
    unite(c, c->first[id], c->first[t->source]);
  else if (source->rank > 0)
    break_class(c, c->first[t->source]);
}

/* Two variables of one definition are two different examples. */
static void break_repeated(Classes *c, TensorId id, uint32_t *last) {
  const Tensor *t = tensor_at(c->graph, id);
  for (uint32_t i = 0; i < t->rank + t->n_reduced; i++) {
    uint32_t class = representative(c, c->first[id] + i);
    if (last[class] == id + 1) c->broken[class] = true;
    last[class] = id + 1;
  }
}

Axes find_axes(const Program *program, TensorList live) {
  const Graph *graph = program->graph;
  Arena *arena = program->arena;
  Classes c = {.graph = graph, .first = ARENA_ARRAY(arena, uint32_t, graph->n_tensors + 1)};
  uint32_t n = 0;
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    c.first[id] = n;
    n += tensor_at(graph, id)->rank + tensor_at(graph, id)->n_reduced;
  }
  c.parent = ARENA_ARRAY(arena, uint32_t, n + 1);
  c.broken = ARENA_ARRAY(arena, bool, n + 1);
  for (uint32_t i = 0; i < n; i++) c.parent[i] = i;
  uint32_t *seen = ARENA_ARRAY(arena, uint32_t, graph->n_exprs + 1);
  for (uint32_t i = 0; i < live.count; i++) {
    const Tensor *t = tensor_at(graph, live.items[i]);
    if (t->kind == TENSOR_DEFINITION) unite_reads(&c, live.items[i], t->body, seen);
    if (t->kind == TENSOR_RESHAPE) unite_view(&c, live.items[i]);
    for (uint32_t k = 0; k < t->rank; k++)
      if (t->kind == TENSOR_PARAM || t->kind == TENSOR_STATE)
        break_class(&c, c.first[live.items[i]] + k);
  }
  uint32_t *last = ARENA_ARRAY(arena, uint32_t, n + 1);
  for (uint32_t i = 0; i < live.count; i++) break_repeated(&c, live.items[i], last);
  bool *given = ARENA_ARRAY(arena, bool, n + 1);
  for (uint32_t i = 0; i < program->n_inputs; i++)
    if (tensor_at(graph, program->inputs[i])->rank > 0)
      given[representative(&c, c.first[program->inputs[i]])] = true;
  Axes axes = {c.first, ARENA_ARRAY(arena, uint32_t, n + 1)};
  for (uint32_t i = 0; i < n; i++) {
    uint32_t class = representative(&c, i);
    if (given[class] && !c.broken[class]) axes.batch[i] = class + 1;
  }
  return axes;
}
