/* Inputs whose values are used as indices: what they must be below, so that no read is outside.

   A read x[c + f·t[…] + …] of an axis of extent E is inside when t ≤ (E − 1 − high) / f, with high
   the greatest value of c and the other terms; and when t ≥ 0. What conditions around the read say
   of t is not asked of the data. Of a t = where(…, a, b) both branches are looked at. */
#include "lower/work.h"
#include "simplify/guards.h"

typedef struct Checker {
  Work *w;
  const Node *node;
  Guards guards; /* conditions that hold around the expression that is looked at */
} Checker;

/* The input that the index is read from, through casts; TENSOR_NONE. */
static TensorId index_input(const Graph *g, ExprId id) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_OP && e->op == OP_CAST && type_is_integer(expr_at(g, e->args[0])->type))
    return index_input(g, e->args[0]);
  bool input = e->kind == EXPR_READ && tensor_at(g, e->tensor)->kind == TENSOR_INPUT;
  return input ? e->tensor : TENSOR_NONE;
}

static void limit_input(Checker *c, TensorId input, Limit limit) {
  const Entry *entry = c->w->entry;
  for (uint32_t i = 0; entry != NULL && i < entry->n_inputs; i++) {
    if (entry->inputs[i] != input) continue;
    Limit *all = &c->w->limits[i];
    all->from_zero = all->from_zero || limit.from_zero;
    if (all->below == 0 || limit.below < all->below) all->below = limit.below;
  }
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

static void check_axis(Checker *c, ExprId index, int64_t extent);

/* `id` must be in [0, limit). */
static void check_atom(Checker *c, ExprId id, int64_t limit) {
  Graph *g = c->w->graph;
  const Expr e = *expr_at(g, id);
  if (e.kind == EXPR_OP && e.op == OP_WHERE) {
    size_t around = c->guards.count;
    for (uint32_t i = 1; i <= 2; i++) {
      guards_add(g, &c->guards, e.args[0], i == 1);
      check_axis(c, e.args[i], limit);
      c->guards.count = around;
    }
    return;
  }
  TensorId input = index_input(g, id);
  if (input == TENSOR_NONE) return;
  Ranges ranges = node_ranges(c->node);
  Affine a = {.n = 0};
  affine_add_term(&a, 1, id);
  Interval known = guards_interval(g, &c->guards, &a, ranges);
  Limit asked = {.below = known.high < limit ? INT64_MAX : limit, .from_zero = known.low < 0};
  if (asked.from_zero || asked.below < INT64_MAX) limit_input(c, input, asked);
}

static void check_axis(Checker *c, ExprId index, int64_t extent) {
  Graph *g = c->w->graph;
  /* a condition may be on what is computed: then what that is computed from is left alone */
  if (c->guards.count == 0) index = looked_through(c, index);
  Ranges ranges = node_ranges(c->node);
  Affine a = affine_of(g, index, ranges);
  Interval known = guards_interval(g, &c->guards, &a, ranges);
  if (known.low >= 0 && known.high < extent) return;
  for (uint32_t i = 0; i < a.n; i++) {
    if (a.terms[i].factor <= 0) continue;
    Affine rest = affine_without(a, i);
    Interval range = affine_interval(g, &rest, ranges);
    if (range.low < 0 || range.high >= extent) continue;
    check_atom(c, a.terms[i].atom, (extent - 1 - range.high) / a.terms[i].factor + 1);
  }
}

static void check_expr(Checker *c, ExprId id) {
  if (c->guards.count == 0 && !first_met(c->w, id)) return;
  const Expr e = *expr_at(c->w->graph, id);
  if (e.kind == EXPR_OP && e.op == OP_WHERE) {
    check_expr(c, e.args[0]);
    size_t outside = c->guards.count;
    for (uint32_t i = 1; i <= 2; i++) {
      guards_add(c->w->graph, &c->guards, e.args[0], i == 1);
      check_expr(c, e.args[i]);
      c->guards.count = outside;
    }
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
  w->limits = ARENA_ARRAY(w->arena, Limit, n + 1);
  for (size_t i = 0; i < w->nodes.count; i++) {
    c.node = node_at(w, (uint32_t)i);
    start_walk(w);
    check_expr(&c, c.node->body);
  }
  plan->checks = ARENA_ARRAY(w->arena, BoundsCheck, n + 1);
  for (uint32_t i = 0; i < n; i++)
    if (w->limits[i].below > 0) plan->checks[plan->n_checks++] = (BoundsCheck){i, w->limits[i]};
}

/* [0, limit) where the boundary checks that; else by type. */
static Interval atom_interval(Work *w, const Node *n, ExprId atom) {
  Interval range = expr_interval(w->graph, atom, n->extents, n->rank + n->n_reduced);
  TensorId input = index_input(w->graph, atom);
  for (uint32_t i = 0; input != TENSOR_NONE && w->entry != NULL && i < w->entry->n_inputs; i++) {
    if (w->entry->inputs[i] != input || w->limits[i].below == 0) continue;
    if (range.low < 0 && w->limits[i].from_zero) range.low = 0;
    if (range.high >= w->limits[i].below) range.high = w->limits[i].below - 1;
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
