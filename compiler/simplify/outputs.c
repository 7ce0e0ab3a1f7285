/* A reduction is computed once where it does not depend on one of its outputs:

       y[i, j] = sum[k](x[j, k])    becomes    y.sum[j] = sum[k](x[j, k]),   y[i, j] = y.sum[j]

   as elaboration would have it. An axis of one element may stay. */
#include "simplify/passes.h"

typedef struct Split {
  uint32_t n_kept;
  uint32_t kept[64]; /* outputs of the definition that become outputs of the reduction */
} Split;

static Split find_split(const Graph *graph, const Tensor *t) {
  Split split = {0};
  for (uint32_t v = 0; v < t->rank; v++)
    if (t->extents[v] == 1 || expr_uses_index(graph, t->body, v)) split.kept[split.n_kept++] = v;
  return split;
}

static TensorId add_reduction(Graph *graph, const Tensor *t, const Split *split, const char *name) {
  Arena *arena = graph->arena;
  uint32_t n = split->n_kept + t->n_reduced;
  int64_t *extents = ARENA_ARRAY(arena, int64_t, n + 1);
  const char **names = ARENA_ARRAY(arena, const char *, n + 1);
  ExprId *with = ARENA_ARRAY(arena, ExprId, t->rank + t->n_reduced + 1);
  const int64_t *all = tensor_index_extents(t, arena);
  for (uint32_t v = 0; v < t->rank + t->n_reduced; v++) with[v] = EXPR_NONE;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t v = i < split->n_kept ? split->kept[i] : t->rank + i - split->n_kept;
    with[v] = expr_index(graph, i);
    extents[i] = all[v];
    names[i] = t->index_names == NULL ? NULL : t->index_names[v];
  }
  Tensor made = *t;
  made.name = name;
  made.named = made.is_adjoint = false;
  made.rank = split->n_kept;
  made.extents = extents;
  made.reduced_extents = extents + split->n_kept;
  made.index_names = t->index_names == NULL ? NULL : names;
  made.body = expr_substitute(graph, t->body, with, t->rank + t->n_reduced);
  return graph_add(graph, made);
}

static bool split_reduction(Graph *graph, TensorId id) {
  const Tensor t = *tensor_at(graph, id);
  if (t.kind != TENSOR_DEFINITION || t.reduction == REDUCE_NONE || t.rank > 64) return false;
  Split split = find_split(graph, &t);
  if (split.n_kept == t.rank) return false;
  const char *name = t.name;
  if (t.named)
    name = arena_printf(graph->arena, "%s.%s", t.name, reduction_name(t.reduction));
  else /* it will be gone, and its name goes to the reduction */
    graph_rename(graph, id, arena_printf(graph->arena, "%s.copy", t.name));
  TensorId reduction = add_reduction(graph, &t, &split, name);
  ExprId at[64];
  for (uint32_t i = 0; i < split.n_kept; i++) at[i] = expr_index(graph, split.kept[i]);
  ExprId body = expr_read(graph, reduction, at, split.n_kept, EXPR_NONE);
  Tensor *place = tensor_at(graph, id);
  place->reduction = REDUCE_NONE;
  place->n_reduced = 0;
  place->body = body;
  return true;
}

bool split_outputs(Program *program) {
  Live live = find_live(program);
  bool changed = false;
  for (uint32_t i = 0; i < live.order.count; i++)
    changed |= split_reduction(program->graph, live.order.items[i]);
  return changed;
}
