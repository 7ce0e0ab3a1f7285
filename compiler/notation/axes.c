/* Which axes are a batch's, by their classes. */
#include "notation/axes.h"
#include "graph/axis_classes.h"

/* seen: per expression, the last reader. */
static void unite_reads(AxisClasses *c, TensorId reader, ExprId id, uint32_t *seen) {
  const Expr *e = expr_at(c->graph, id);
  if (seen[id] == reader + 1) return;
  seen[id] = reader + 1;
  for (uint32_t i = 0; i < e->n_args; i++) unite_reads(c, reader, e->args[i], seen);
  if (e->fallback != EXPR_NONE) unite_reads(c, reader, e->fallback, seen);
  for (uint32_t i = 0; e->kind == EXPR_READ && i < e->n_args; i++) {
    const Expr *at = expr_at(c->graph, e->args[i]);
    uint32_t axis = c->first[e->tensor] + i;
    bool whole = reads_whole_axis(c->graph, reader, e->tensor, i, e->args[i]);
    if (!whole) break_axis(c, axis);
    if (!whole && at->kind == EXPR_INDEX) break_axis(c, c->first[reader] + at->index);
    if (whole) unite_axes(c, axis, c->first[reader] + at->index);
  }
}

/* A view that keeps the first axis keeps the batch; other axes go their own ways. */
static void unite_view(AxisClasses *c, TensorId id) {
  const Tensor *t = tensor_at(c->graph, id), *source = tensor_at(c->graph, t->source);
  if (t->rank > 0 && source->rank > 0 && t->extents[0] == source->extents[0])
    unite_axes(c, c->first[id], c->first[t->source]);
  else if (source->rank > 0)
    break_axis(c, c->first[t->source]);
}

/* Two variables of one definition are two different examples. */
static void break_repeated(AxisClasses *c, TensorId id, uint32_t *last) {
  const Tensor *t = tensor_at(c->graph, id);
  for (uint32_t i = 0; i < t->rank + t->n_reduced; i++) {
    uint32_t class = axis_class(c, c->first[id] + i);
    if (last[class] == id + 1) c->broken[class] = true;
    last[class] = id + 1;
  }
}

Axes find_axes(const Program *program, TensorList live) {
  const Graph *graph = program->graph;
  Arena *arena = program->arena;
  AxisClasses c = axis_classes_new(graph, arena);
  uint32_t *seen = ARENA_ARRAY(arena, uint32_t, graph->n_exprs + 1);
  for (uint32_t i = 0; i < live.count; i++) {
    const Tensor *t = tensor_at(graph, live.items[i]);
    if (t->kind == TENSOR_DEFINITION) unite_reads(&c, live.items[i], t->body, seen);
    if (t->kind == TENSOR_RESHAPE) unite_view(&c, live.items[i]);
    for (uint32_t k = 0; k < t->rank; k++)
      if (t->kind == TENSOR_PARAM || t->kind == TENSOR_STATE)
        break_axis(&c, c.first[live.items[i]] + k);
  }
  uint32_t *last = ARENA_ARRAY(arena, uint32_t, c.n + 1);
  for (uint32_t i = 0; i < live.count; i++) break_repeated(&c, live.items[i], last);
  bool *given = ARENA_ARRAY(arena, bool, c.n + 1);
  for (uint32_t i = 0; i < program->n_inputs; i++)
    if (tensor_at(graph, program->inputs[i])->rank > 0)
      given[axis_class(&c, c.first[program->inputs[i]])] = true;
  Axes axes = {c.first, ARENA_ARRAY(arena, uint32_t, c.n + 1)};
  for (uint32_t i = 0; i < c.n; i++) {
    uint32_t class = axis_class(&c, i);
    if (given[class] && !c.broken[class]) axes.batch[i] = class + 1;
  }
  return axes;
}
