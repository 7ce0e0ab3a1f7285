#include "differentiate/sweep.h"
#include "simplify/algebra.h"
#include "simplify/view.h"

static bool reads_active(const Graph *graph, ExprId id, const bool *active) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ && active[e->tensor]) return true;
  if (e->kind == EXPR_OP && e->op == OP_STOP_GRADIENT) return false;
  for (uint32_t i = 0; e->kind == EXPR_OP && i < e->n_args; i++)
    if (reads_active(graph, e->args[i], active)) return true;
  return e->fallback != EXPR_NONE && reads_active(graph, e->fallback, active);
}

static bool has_derivative(Reduction reduction) {
  return reduction == REDUCE_NONE || reduction == REDUCE_SUM || reduction == REDUCE_PROD ||
         reduction == REDUCE_MAX || reduction == REDUCE_MIN;
}

static bool is_active(const Graph *graph, TensorId id, const bool *active) {
  const Tensor *t = tensor_at(graph, id);
  if (!type_is_real(t->type)) return false;
  if (t->kind == TENSOR_RESHAPE) return active[t->source];
  for (uint32_t i = 0; t->rule != NULL && i < t->rule->n; i++)
    if (active[t->rule->wrt[i]]) return true;
  return t->kind == TENSOR_DEFINITION && t->rule == NULL && has_derivative(t->reduction) &&
         reads_active(graph, t->body, active);
}

Activity find_activity(Graph *graph, TensorId source, const TensorId *wrt, uint32_t n_wrt) {
  EvaluationOrder order = evaluation_order(graph, graph->arena, &source, 1);
  Activity activity = {.active = ARENA_ARRAY(graph->arena, bool, graph->n_tensors + 1),
                       .order = order.list,
                       .groups = order.groups};
  for (uint32_t i = 0; i < n_wrt; i++) activity.active[wrt[i]] = true;
  for (bool more = true; more;) { /* once more as long as a recurrence spreads it */
    more = false;
    for (uint32_t i = 0; i < activity.order.count; i++) {
      TensorId id = activity.order.items[i];
      if (activity.active[id] || !is_active(graph, id, activity.active)) continue;
      activity.active[id] = true;
      more = more || activity.groups[i] != NULL;
    }
  }
  return activity;
}

uint32_t group_items(const Activity *activity, uint32_t first) {
  uint32_t n = 1;
  while (activity->groups[first] != NULL && first + n < activity->order.count &&
         activity->groups[first + n] == activity->groups[first])
    n++;
  return n;
}

static ExprId shifted_indices(Graph *graph, uint32_t first, uint32_t n, ExprId *out) {
  for (uint32_t i = 0; i < n; i++) out[i] = expr_index(graph, first + i);
  return EXPR_NONE;
}

/* argmax or argmin over the same body as y. */
static TensorId place_of_extremum(Graph *graph, TensorId y) {
  Tensor place = *tensor_at(graph, y);
  bool max = place.reduction == REDUCE_MAX;
  place.reduction = max ? REDUCE_ARGMAX : REDUCE_ARGMIN;
  place.type = TYPE_I32;
  place.name = arena_printf(graph->arena, "%s.%s", place.name, max ? "argmax" : "argmin");
  place.named = false;
  place.auxiliary = true;
  place.rule = NULL;
  place.body = read_again(graph, place.body);
  place.again = TENSOR_NONE;
  return graph_add(graph, place);
}

ExprId reduction_factor(Graph *graph, TensorId y, uint32_t shift, ExprId adjoint) {
  const Tensor t = *tensor_at(graph, y);
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, t.rank + t.n_reduced + 1);
  shifted_indices(graph, shift, t.rank + t.n_reduced, at);
  switch (t.reduction) {
  case REDUCE_NONE:
  case REDUCE_SUM: return adjoint;
  case REDUCE_PROD: return derive_mul(graph, adjoint, product_of_others(graph, y, at));
  case REDUCE_MAX:
  case REDUCE_MIN: {
    const Tensor reduced = {.rank = t.n_reduced, .extents = t.reduced_extents};
    const int64_t count = tensor_size(&reduced);
    const Tensor row = {.rank = 1, .extents = &count};
    ExprId number; /* the row-major one of R */
    place_in_view(graph, &reduced, at + t.rank, &row, &number);
    ExprId place = expr_read(graph, place_of_extremum(graph, y), at, t.rank, EXPR_NONE);
    return derive_where(graph, fold_op2(graph, OP_EQ, number, place), adjoint,
                        expr_number(graph, expr_at(graph, adjoint)->type, 0));
  }
  case REDUCE_ARGMAX:
  case REDUCE_ARGMIN:
  case REDUCE_ANY:
  case REDUCE_ALL: break;
  }
  return EXPR_NONE;
}
