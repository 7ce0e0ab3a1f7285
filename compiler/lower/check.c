/* Inputs whose values are used as indices: what they must be below, so that no read is outside.

   A read x[c + f·t[…] + …] of an axis of extent E is inside when t ≤ (E − 1 − high) / f, with high
   the greatest value of c and the other terms. t ≥ 0 is part of the check. */
#include "lower/work.h"

typedef struct Checker {
  Work *w;
  const Node *node;
  ARRAY(ExprId) guards; /* conditions that hold around the expression that is looked at */
} Checker;

/* The input that the index is read from, through casts; TENSOR_NONE. */
static TensorId index_input(const Graph *g, ExprId id) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_OP && e->op == OP_CAST && type_is_integer(expr_at(g, e->args[0])->type))
    return index_input(g, e->args[0]);
  bool input = e->kind == EXPR_READ && tensor_at(g, e->tensor)->kind == TENSOR_INPUT;
  return input ? e->tensor : TENSOR_NONE;
}

static void limit_input(Checker *c, TensorId input, int64_t limit) {
  const Entry *entry = c->w->entry;
  for (uint32_t i = 0; entry != NULL && i < entry->n_inputs; i++)
    if (entry->inputs[i] == input && (c->w->limits[i] == 0 || limit < c->w->limits[i]))
      c->w->limits[i] = limit;
}

/* Whether a comparison of `index` with a constant that holds around it bounds it so. */
static bool is_bounded(const Checker *c, ExprId index, bool below, int64_t extent) {
  const Graph *g = c->w->graph;
  for (size_t i = 0; i < c->guards.count; i++) {
    const Expr *e = expr_at(g, c->guards.items[i]);
    if (e->kind != EXPR_OP || e->n_args != 2) continue;
    const Expr *b = expr_at(g, e->args[1]);
    if (e->args[0] != index || b->kind != EXPR_CONST) continue;
    bool holds =
        below ? (e->op == OP_LT && b->integer <= extent) || (e->op == OP_LE && b->integer < extent)
              : (e->op == OP_GE && b->integer >= 0) || (e->op == OP_GT && b->integer >= -1);
    if (holds) return true;
  }
  return false;
}

/* k[i], where k is an elementwise integer definition, as what that is computed from at i. */
static ExprId looked_through(const Checker *c, ExprId id) {
  Graph *g = c->w->graph;
  const Expr e = *expr_at(g, id);
  if (e.kind == EXPR_READ && e.fallback == EXPR_NONE) {
    const Tensor t = *tensor_at(g, e.tensor);
    bool computed = t.kind == TENSOR_DEFINITION && t.reduction == REDUCE_NONE &&
                    type_is_integer(t.type) && t.body != EXPR_NONE &&
                    !expr_reads(g, t.body, e.tensor);
    return computed ? expr_substitute(g, t.body, e.args, e.n_args) : id;
  }
  bool sums = e.kind == EXPR_OP && (e.op == OP_ADD || e.op == OP_SUB || e.op == OP_MUL ||
                                    e.op == OP_NEG || e.op == OP_CAST);
  if (!sums) return id;
  ExprId args[2];
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = looked_through(c, e.args[i]);
  return expr_rebuild(g, id, args, EXPR_NONE);
}

static void check_axis(Checker *c, ExprId index, int64_t extent) {
  Graph *g = c->w->graph;
  /* a condition may be on what is computed: then what that is computed from is left alone */
  if (c->guards.count == 0) index = looked_through(c, index);
  if (is_bounded(c, index, true, extent) && is_bounded(c, index, false, extent)) return;
  Ranges ranges = node_ranges(c->node);
  Affine a = affine_of(g, index, ranges);
  for (uint32_t i = 0; i < a.n; i++) {
    TensorId input = index_input(g, a.terms[i].atom);
    if (input == TENSOR_NONE || a.terms[i].factor <= 0) continue;
    Affine rest = affine_without(a, i);
    Interval range = affine_interval(g, &rest, ranges);
    if (range.low < 0 || range.high >= extent) continue;
    int64_t limit = (extent - 1 - range.high) / a.terms[i].factor + 1;
    ExprId atom = a.terms[i].atom;
    if (!is_bounded(c, atom, true, limit) || !is_bounded(c, atom, false, limit))
      limit_input(c, input, limit);
  }
}

static void add_guards(Checker *c, ExprId condition) {
  const Expr *e = expr_at(c->w->graph, condition);
  if (e->kind == EXPR_OP && e->op == OP_AND) {
    add_guards(c, e->args[0]);
    add_guards(c, e->args[1]);
  } else {
    ARRAY_PUSH(c->w->arena, &c->guards, condition);
  }
}

static void check_expr(Checker *c, ExprId id) {
  if (c->guards.count == 0 && !first_met(c->w, id)) return;
  const Expr e = *expr_at(c->w->graph, id);
  if (e.kind == EXPR_OP && e.op == OP_WHERE) {
    check_expr(c, e.args[0]);
    size_t outside = c->guards.count;
    add_guards(c, e.args[0]);
    check_expr(c, e.args[1]);
    c->guards.count = outside;
    check_expr(c, e.args[2]);
    return;
  }
  for (uint32_t i = 0; i < e.n_args; i++) check_expr(c, e.args[i]);
  if (e.kind != EXPR_READ) return;
  if (e.fallback != EXPR_NONE) {
    check_expr(c, e.fallback);
    return;
  }
  const Tensor *t = tensor_at(c->w->graph, e.tensor);
  for (uint32_t i = 0; i < e.n_args; i++) check_axis(c, e.args[i], t->extents[i]);
}

void find_checks(Work *w, EntryPlan *plan) {
  uint32_t n = w->entry == NULL ? 0 : w->entry->n_inputs;
  Checker c = {.w = w};
  w->limits = ARENA_ARRAY(w->arena, int64_t, n + 1);
  for (size_t i = 0; i < w->nodes.count; i++) {
    c.node = node_at(w, (uint32_t)i);
    start_walk(w);
    check_expr(&c, c.node->body);
  }
  plan->checks = ARENA_ARRAY(w->arena, BoundsCheck, n + 1);
  for (uint32_t i = 0; i < n; i++)
    if (w->limits[i] > 0) plan->checks[plan->n_checks++] = (BoundsCheck){i, w->limits[i]};
}

/* [0, limit) where the boundary checks that; else by type. */
static Interval atom_interval(Work *w, const Node *n, ExprId atom) {
  Interval range = expr_interval(w->graph, atom, n->extents, n->rank + n->n_reduced);
  TensorId input = index_input(w->graph, atom);
  for (uint32_t i = 0; input != TENSOR_NONE && w->entry != NULL && i < w->entry->n_inputs; i++) {
    if (w->entry->inputs[i] != input || w->limits[i] == 0) continue;
    if (range.low < 0) range.low = 0;
    if (range.high >= w->limits[i]) range.high = w->limits[i] - 1;
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
