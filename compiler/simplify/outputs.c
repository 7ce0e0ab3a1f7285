/* Reductions as elaboration makes them. One is computed once where it does not depend on one of its
   outputs, and a definition that is but a reduction is that itself:

       y[i, j] = sum[k](x[j, k])            becomes    y.sum[j] = sum[k](x[j, k]),  y[i, j] =
   y.sum[j] y.sum[j] = …,  y[i: 0..1, j] = y.sum[j]    becomes    y[i: 0..1, j] = … */
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

Tensor with_outputs(Graph *graph, Tensor t, const uint32_t *kept, uint32_t n_kept) {
  Arena *arena = graph->arena;
  uint32_t n = n_kept + t.n_reduced, all = t.rank + t.n_reduced;
  int64_t *extents = ARENA_ARRAY(arena, int64_t, n + 1);
  const char **names = ARENA_ARRAY(arena, const char *, n + 1);
  ExprId *with = ARENA_ARRAY(arena, ExprId, all + 1);
  const int64_t *all_extents = tensor_index_extents(&t, arena);
  for (uint32_t v = 0; v < all; v++) with[v] = EXPR_NONE;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t v = i < n_kept ? kept[i] : t.rank + i - n_kept;
    with[v] = expr_index(graph, i);
    extents[i] = all_extents[v];
    names[i] = t.index_names == NULL ? NULL : t.index_names[v];
  }
  t.body = expr_substitute(graph, t.body, with, all);
  t.rank = n_kept;
  t.extents = extents;
  t.reduced_extents = extents + n_kept;
  if (t.index_names != NULL) t.index_names = names;
  return t;
}

static TensorId add_reduction(Graph *graph, const Tensor *t, const Split *split, const char *name) {
  Tensor made = with_outputs(graph, *t, split->kept, split->n_kept);
  made.name = name;
  made.named = made.is_adjoint = false;
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

/* Whether the definition repeats a reduction made for it alone, but for axes of one element. */
static bool is_reduction(const Live *live, const Tensor *t) {
  const Graph *graph = live->program->graph;
  const Expr *e = expr_at(graph, t->body);
  if (t->reduction != REDUCE_NONE || e->kind != EXPR_READ || e->fallback != EXPR_NONE) return false;
  const Tensor *made = tensor_at(graph, e->tensor);
  if (made->kind != TENSOR_DEFINITION || made->reduction == REDUCE_NONE || made->named ||
      made->is_adjoint || live->is_root[e->tensor] || live->readers[e->tensor] != 1)
    return false;
  uint32_t k = 0;
  for (uint32_t v = 0; v < t->rank; v++) {
    const Expr *at = k < e->n_args ? expr_at(graph, e->args[k]) : NULL;
    if (at != NULL && at->kind == EXPR_INDEX && at->index == v && made->extents[k] == t->extents[v])
      k++;
    else if (t->extents[v] != 1)
      return false;
  }
  return k == e->n_args;
}

static void take_over(Graph *graph, TensorId id) {
  const Tensor t = *tensor_at(graph, id);
  const Expr read = *expr_at(graph, t.body);
  const Tensor made = *tensor_at(graph, read.tensor);
  uint32_t total = t.rank + made.n_reduced;
  int64_t *extents = ARENA_ARRAY(graph->arena, int64_t, total + 1);
  const char **names = ARENA_ARRAY(graph->arena, const char *, total + 1);
  ExprId *with = ARENA_ARRAY(graph->arena, ExprId, made.rank + made.n_reduced + 1);
  for (uint32_t i = 0; i < made.rank; i++) with[i] = read.args[i];
  for (uint32_t i = 0; i < made.n_reduced; i++) with[made.rank + i] = expr_index(graph, t.rank + i);
  for (uint32_t i = 0; i < total; i++) {
    bool output = i < t.rank;
    const Tensor *of = output ? &t : &made;
    extents[i] = output ? t.extents[i] : made.reduced_extents[i - t.rank];
    if (of->index_names != NULL) names[i] = of->index_names[output ? i : made.rank + i - t.rank];
  }
  ExprId body = expr_substitute(graph, made.body, with, made.rank + made.n_reduced);
  Tensor *place = tensor_at(graph, id);
  place->reduction = made.reduction;
  place->extents = extents;
  place->n_reduced = made.n_reduced;
  place->reduced_extents = extents + t.rank;
  place->index_names = names;
  place->body = body;
  place->derived = t.derived || made.derived;
}

static bool take_over_reductions(Program *program) {
  Live live = find_live(program);
  bool changed = false;
  for (uint32_t i = 0; i < live.order.count; i++) {
    const Tensor *t = tensor_at(program->graph, live.order.items[i]);
    if (t->kind != TENSOR_DEFINITION || !is_reduction(&live, t)) continue;
    take_over(program->graph, live.order.items[i]);
    changed = true;
  }
  return changed;
}

bool settle_outputs(Program *program) {
  Live live = find_live(program);
  bool changed = false;
  for (uint32_t i = 0; i < live.order.count; i++)
    changed |= split_reduction(program->graph, live.order.items[i]);
  changed |= take_over_reductions(program);
  return changed;
}
