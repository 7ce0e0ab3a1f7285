/* Inputs whose values are used as indices are looked at before anything is written; what that says
   of the ranges of indices. */
#include "lower/work.h"
#include "simplify/index_limits.h"

void find_checks(Work *w, EntryPlan *plan) {
  uint32_t n = w->entry == NULL ? 0 : w->entry->n_inputs;
  IndexLimits limits = index_limits(w->graph, w->entry == NULL ? NULL : w->entry->inputs, n);
  for (size_t i = 0; i < w->nodes.count; i++) {
    const Node *node = node_at(w, (uint32_t)i);
    index_limits_add(&limits, node->body, node_ranges(node));
  }
  w->limits = limits.within;
  plan->checks = ARENA_ARRAY(w->arena, BoundsCheck, n + 1);
  for (uint32_t i = 0; i < n; i++)
    if (w->limits[i].low != INT64_MIN || w->limits[i].high != INT64_MAX)
      plan->checks[plan->n_checks++] = (BoundsCheck){i, w->limits[i]};
}

/* The input that the index is read from, through casts; TENSOR_NONE. */
static TensorId index_input(const Graph *g, ExprId id) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_OP && e->op == OP_CAST && type_is_integer(expr_at(g, e->args[0])->type))
    return index_input(g, e->args[0]);
  bool input = e->kind == EXPR_READ && tensor_at(g, e->tensor)->kind == TENSOR_INPUT;
  return input ? e->tensor : TENSOR_NONE;
}

/* Where the boundary checks that it is; else by type. */
static Interval atom_interval(Work *w, const Node *n, ExprId atom) {
  Interval range = expr_interval(w->graph, atom, n->extents, n->rank + n->n_reduced);
  TensorId input = index_input(w->graph, atom);
  for (uint32_t i = 0; input != TENSOR_NONE && w->entry != NULL && i < w->entry->n_inputs; i++) {
    if (w->entry->inputs[i] != input) continue;
    if (w->limits[i].low > range.low) range.low = w->limits[i].low;
    if (w->limits[i].high < range.high) range.high = w->limits[i].high;
  }
  return range;
}

Interval index_interval(Work *w, const Node *n, const Affine *index) {
  Interval sum = {index->constant, index->constant};
  for (uint32_t i = 0; i < index->n; i++) {
    Interval atom = atom_interval(w, n, index->terms[i].atom);
    int64_t factor = index->terms[i].factor, low, high;
    if (__builtin_mul_overflow(factor, factor > 0 ? atom.low : atom.high, &low) ||
        __builtin_mul_overflow(factor, factor > 0 ? atom.high : atom.low, &high) ||
        __builtin_add_overflow(sum.low, low, &sum.low) ||
        __builtin_add_overflow(sum.high, high, &sum.high))
      return (Interval){INT64_MIN, INT64_MAX};
  }
  return sum;
}

bool axis_is_inside(Work *w, const Node *n, ExprId at, int64_t extent) {
  Affine index = affine_of(w->graph, at, node_ranges(n));
  Interval range = index_interval(w, n, &index);
  return range.low >= 0 && range.high < extent;
}

bool read_is_inside(Work *w, const Node *n, const Expr *read) {
  const Tensor *t = tensor_at(w->graph, read->tensor);
  for (uint32_t i = 0; i < read->n_args; i++)
    if (!axis_is_inside(w, n, read->args[i], t->extents[i])) return false;
  return true;
}
