/* A reverse rule of one's own, written out: the definitions that lead from its seed u to its
   shares, copied with the adjoint ȳ in the place of u. All that depends on u gets ȳ's index
   variables S in front: t[O] = reduce over R of e(O, R)   becomes   t′[S, O] = reduce over R of
   e′(S, O, R) where a read of what depends on u, at g, is one of its copy at [S, g]. */
#include <string.h>
#include "differentiate/sweep.h"

typedef struct Copy {
  Graph *graph;
  const RuleUse *use;
  TensorId *made;   /* per tensor: its copy; TENSOR_NONE: it does not depend on u */
  ExprId *exprs;    /* per expression of the definition that is copied: its copy */
  uint32_t n_exprs; /* how many there were before */
} Copy;

/* free: per expression, known not to depend on u. */
static bool depends_on_seed(const Copy *copy, ExprId id, bool *free) {
  const Expr *e = expr_at(copy->graph, id);
  if (free[id]) return false;
  if (e->kind == EXPR_READ && copy->made[e->tensor] != TENSOR_NONE) return true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (depends_on_seed(copy, e->args[i], free)) return true;
  if (e->fallback != EXPR_NONE && depends_on_seed(copy, e->fallback, free)) return true;
  free[id] = true;
  return false;
}

static ExprId copy_expr(Copy *copy, ExprId id) {
  if (id == EXPR_NONE) return EXPR_NONE;
  if (copy->exprs[id] != EXPR_NONE) return copy->exprs[id];
  Graph *graph = copy->graph;
  const Expr e = *expr_at(graph, id);
  uint32_t n_seed = copy->use->n_seed;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, n_seed + e.n_args + 1);
  for (uint32_t i = 0; i < n_seed; i++) args[i] = expr_index(graph, i);
  for (uint32_t i = 0; i < e.n_args; i++) args[n_seed + i] = copy_expr(copy, e.args[i]);
  ExprId fallback = copy_expr(copy, e.fallback), made = id;
  if (e.kind == EXPR_INDEX)
    made = expr_index(graph, n_seed + e.index);
  else if (e.kind == EXPR_READ && copy->made[e.tensor] != TENSOR_NONE)
    made = expr_read(graph, copy->made[e.tensor], args, n_seed + e.n_args, fallback);
  else if (e.kind != EXPR_CONST)
    made = expr_rebuild(graph, id, args + n_seed, fallback);
  copy->exprs[id] = made;
  return made;
}

/* The extents and names of S, then n more. */
static const int64_t *extents_behind_seed(const Copy *copy, const int64_t *extents, uint32_t n) {
  uint32_t n_seed = copy->use->n_seed;
  int64_t *all = ARENA_ARRAY(copy->graph->arena, int64_t, n_seed + n + 1);
  for (uint32_t i = 0; i < n_seed; i++) all[i] = copy->use->seed_extents[i];
  for (uint32_t i = 0; i < n; i++) all[n_seed + i] = extents[i];
  return all;
}

static const char *const *names_behind_seed(const Copy *copy, const Tensor *t) {
  uint32_t n_seed = copy->use->n_seed, n = t->rank + t->n_reduced;
  const char **names = ARENA_ARRAY(copy->graph->arena, const char *, n_seed + n + 1);
  for (uint32_t i = 0; i < n && t->index_names != NULL; i++) names[n_seed + i] = t->index_names[i];
  return names;
}

/* What holds for every copy; a definition's body follows. */
static TensorId add_copy(Copy *copy, TensorId id) {
  Tensor t = *tensor_at(copy->graph, id);
  t.index_names = names_behind_seed(copy, &t);
  t.extents = extents_behind_seed(copy, t.extents, t.rank);
  t.rank += copy->use->n_seed;
  t.named = false;
  t.derived = true;
  t.rule = NULL;
  t.unsolved = NULL;
  t.adjoint_of = TENSOR_NONE;
  t.adjoint_from = copy->use->source;
  t.derivative_of = tensor_at(copy->graph, copy->use->source)->name;
  if (t.kind == TENSOR_RESHAPE) t.source = copy->made[t.source];
  return graph_add(copy->graph, t);
}

static void copy_body(Copy *copy, TensorId id) {
  Graph *graph = copy->graph;
  uint32_t n = graph->n_exprs;
  copy->exprs = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  for (uint32_t i = 0; i < n; i++) copy->exprs[i] = EXPR_NONE;
  ExprId body = copy_expr(copy, tensor_at(graph, id)->body);
  tensor_at(graph, copy->made[id])->body = body;
}

void apply_rule(Graph *graph, const RuleUse *use, TensorId *shares) {
  const OwnRule *rule = tensor_at(graph, use->y)->rule;
  Copy copy = {.graph = graph, .use = use};
  copy.made = ARENA_ARRAY(graph->arena, TensorId, graph->n_tensors);
  for (uint32_t i = 0; i < graph->n_tensors; i++) copy.made[i] = TENSOR_NONE;
  copy.made[rule->seed] = use->adjoint;
  TensorList order = graph_order(graph, graph->arena, rule->shares, rule->n);
  bool *free = ARENA_ARRAY(graph->arena, bool, graph->n_exprs + 1);
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(graph, order.items[i]);
    bool depends = t->kind == TENSOR_RESHAPE && copy.made[t->source] != TENSOR_NONE;
    if (t->kind == TENSOR_DEFINITION) depends = depends_on_seed(&copy, t->body, free);
    if (depends) copy.made[order.items[i]] = add_copy(&copy, order.items[i]);
    if (depends && t->kind == TENSOR_DEFINITION) copy_body(&copy, order.items[i]);
  }
  for (uint32_t i = 0; i < rule->n; i++) {
    shares[i] = copy.made[rule->shares[i]];
    if (shares[i] != TENSOR_NONE) continue;
    shares[i] = copy.made[rule->shares[i]] = add_copy(&copy, rule->shares[i]);
    copy_body(&copy, rule->shares[i]);
  }
}
