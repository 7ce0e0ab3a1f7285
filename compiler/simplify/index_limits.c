/* Inputs whose values are used as indices: what they must be, so that no read is outside.

   An index c + f·t + v + d must be in [0, E), where t is an input's value, v the sum of what stands
   on index variables alone and d that of what other data say. It is for all v, and for some d, when

       −c − min v − max d  ≤  f·t  ≤  E − 1 − c − max v − min d

   What comparisons around the read say of the index or of t is not asked of the data: a side that
   they bound is left alone, and so is a value that they exclude. Of a where(…, a, b) both branches
   are looked at. */
#include "simplify/index_limits.h"
#include "support/integers.h"

IndexLimits index_limits(Graph *graph, const TensorId *inputs, uint32_t n_inputs) {
  IndexLimits limits = {.graph = graph, .inputs = inputs, .n_inputs = n_inputs};
  limits.within = ARENA_ARRAY(graph->arena, Interval, n_inputs + 1);
  limits.met = ARENA_ARRAY(graph->arena, uint32_t, graph->n_exprs + 1);
  for (uint32_t i = 0; i < n_inputs; i++) limits.within[i] = (Interval){INT64_MIN, INT64_MAX};
  return limits;
}

static Interval both(Interval a, Interval b) {
  return (Interval){a.low > b.low ? a.low : b.low, a.high < b.high ? a.high : b.high};
}

static bool is_sum(const Expr *e) {
  return e->kind == EXPR_OP &&
         (e->op == OP_ADD || e->op == OP_SUB || e->op == OP_MUL || e->op == OP_NEG);
}

static bool is_integer_cast(const Graph *g, const Expr *e) {
  return e->kind == EXPR_OP && e->op == OP_CAST && type_is_integer(expr_at(g, e->args[0])->type);
}

/* k[i], where k is an elementwise integer definition, as what that is computed from at i. */
static ExprId looked_through(Graph *g, ExprId id) {
  const Expr e = *expr_at(g, id);
  if (e.kind == EXPR_READ && e.fallback == EXPR_NONE) {
    const Tensor t = *tensor_at(g, e.tensor);
    bool computed = t.kind == TENSOR_DEFINITION && t.reduction == REDUCE_NONE &&
                    type_is_integer(t.type) && t.body != EXPR_NONE &&
                    !expr_reads(g, t.body, e.tensor);
    return computed ? expr_substitute(g, t.body, e.args, e.n_args) : id;
  }
  if (!is_sum(&e) && !(e.kind == EXPR_OP && e.op == OP_CAST)) return id;
  ExprId args[2];
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = looked_through(g, e.args[i]);
  return expr_rebuild(g, id, args, EXPR_NONE);
}

/* --- what conditions say --- */

/* `wanted` of a sum without the sides that comparisons bound. */
static Interval unless_compared(IndexLimits *l, const Affine *a, Interval wanted) {
  Interval known = guards_interval(l->graph, &l->guards, a, l->ranges);
  return (Interval){known.low == INT64_MIN ? wanted.low : INT64_MIN,
                    known.high == INT64_MAX ? wanted.high : INT64_MAX};
}

/* `wanted` of t, and on to the values that conditions t ≠ … exclude. */
static Interval unless_excluded(IndexLimits *l, const Affine *t, Interval wanted) {
  for (size_t i = 0; i < l->guards.count; i++) {
    Guard guard = l->guards.items[i];
    Affine d;
    if (!affine_compared(l->graph, guard.condition, l->ranges, &d)) continue;
    if (expr_at(l->graph, guard.condition)->op != (guard.holds ? OP_NE : OP_EQ)) continue;
    int64_t times = affine_multiple(&d, t); /* times · t + constant ≠ 0 */
    if (times == 0 || d.constant % times != 0) continue;
    int64_t excluded = -d.constant / times;
    if (excluded < wanted.low) wanted.low = excluded;
    if (excluded > wanted.high) wanted.high = excluded;
  }
  return wanted;
}

/* --- what reads ask for --- */

static bool is_bound(int64_t value) { return value != INT64_MIN && value != INT64_MAX; }

/* wanted − v − d; false: one of them is no bound. */
static bool room_left(int64_t wanted, int64_t v, int64_t d, int64_t *room) {
  return is_bound(wanted) && is_bound(v) && is_bound(d) &&
         !__builtin_sub_overflow(wanted, v, room) && !__builtin_sub_overflow(*room, d, room);
}

/* What t must be for f·t + rest to be wanted; a side without a bound asks for nothing. */
static Interval wanted_of_term(IndexLimits *l, int64_t f, const Affine *rest, Interval wanted) {
  Affine variables = {.constant = rest->constant}, data = {.n = 0};
  for (uint32_t i = 0; i < rest->n; i++) {
    bool of_data = expr_varies_with_data(l->graph, rest->terms[i].atom);
    affine_add_term(of_data ? &data : &variables, rest->terms[i].factor, rest->terms[i].atom);
  }
  Interval v = both(affine_interval(l->graph, &variables, l->ranges),
                    guards_interval(l->graph, &l->guards, &variables, l->ranges));
  Interval d = affine_interval(l->graph, &data, l->ranges), t = {INT64_MIN, INT64_MAX};
  int64_t low = 0, high = 0;
  bool least = room_left(wanted.low, v.low, d.high, &low);
  bool most = room_left(wanted.high, v.high, d.low, &high);
  if (least && f > 0) t.low = -floor_div(-low, f);
  if (most && f > 0) t.high = floor_div(high, f);
  if (most && f < 0) t.low = -floor_div(-high, f);
  if (least && f < 0) t.high = floor_div(low, f);
  return t;
}

static void limit_input(IndexLimits *l, TensorId input, Interval wanted) {
  Interval type = type_interval(tensor_at(l->graph, input)->type);
  if (wanted.low <= type.low) wanted.low = INT64_MIN;
  if (wanted.high >= type.high) wanted.high = INT64_MAX;
  for (uint32_t i = 0; i < l->n_inputs; i++)
    if (l->inputs[i] == input) l->within[i] = both(l->within[i], wanted);
}

static void limit_index(IndexLimits *l, ExprId index, Interval wanted);

/* Sums of another integer type in i32, where they do not wrap as in that one. */
static ExprId widened(Graph *g, ExprId id) {
  const Expr e = *expr_at(g, id);
  if (!is_sum(&e)) return expr_cast(g, TYPE_I32, id);
  ExprId args[2];
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = widened(g, e.args[i]);
  return e.n_args == 1 ? expr_op1(g, e.op, args[0]) : expr_op2(g, e.op, args[0], args[1]);
}

/* A sum of another integer type must be in `wanted`. Of u8 and i8, only where what wraps is outside
   as well: t − 1 of a u8 is 255 for t = 0. */
static void limit_sum(IndexLimits *l, ExprId id, Interval wanted) {
  ScalarType type = expr_at(l->graph, id)->type;
  if (!is_bound(wanted.low) || !is_bound(wanted.high)) return;
  ExprId wide = widened(l->graph, id);
  Affine a = affine_of(l->graph, wide, l->ranges);
  Interval all = affine_interval(l->graph, &a, l->ranges), values = type_interval(type);
  if (is_bound(values.low)) {
    int64_t period = values.high - values.low + 1;
    if (all.low + period <= wanted.high || all.high - period >= wanted.low) return;
  }
  limit_index(l, wide, wanted);
}

/* `id`, no sum, must be in `wanted`. */
static void limit_atom(IndexLimits *l, ExprId id, Interval wanted) {
  Graph *g = l->graph;
  Affine t = {.n = 1, .terms = {{1, id}}};
  wanted = unless_excluded(l, &t, unless_compared(l, &t, wanted));
  while (is_integer_cast(g, expr_at(g, id))) id = expr_at(g, id)->args[0];
  const Expr e = *expr_at(g, id);
  if (is_sum(&e) && e.type != TYPE_I32) limit_sum(l, id, wanted);
  size_t around = l->guards.count;
  for (uint32_t i = 1; i <= 2 && e.kind == EXPR_OP && e.op == OP_WHERE; i++) {
    guards_add(g, &l->guards, e.args[0], i == 1);
    limit_index(l, e.args[i], wanted);
    l->guards.count = around;
  }
  if (e.kind == EXPR_READ && tensor_at(g, e.tensor)->kind == TENSOR_INPUT)
    limit_input(l, e.tensor, wanted);
}

static void limit_index(IndexLimits *l, ExprId index, Interval wanted) {
  /* a condition may be on what is computed: then what that is computed from is left alone */
  if (l->guards.count == 0) index = looked_through(l->graph, index);
  Affine a = affine_of(l->graph, expr_cast(l->graph, TYPE_I32, index), l->ranges);
  wanted = unless_compared(l, &a, wanted);
  for (uint32_t i = 0; i < a.n; i++) {
    Affine rest = affine_without(a, i);
    Interval of_term = wanted_of_term(l, a.terms[i].factor, &rest, wanted);
    Interval can_be = expr_interval(l->graph, a.terms[i].atom, l->ranges.extents, l->ranges.n);
    Interval right = both(of_term, can_be);
    if (right.low <= right.high) limit_atom(l, a.terms[i].atom, of_term);
  }
}

static void limit_reads(IndexLimits *l, ExprId id) {
  if (l->guards.count == 0 && l->met[id] == l->n_bodies) return;
  l->met[id] = l->n_bodies;
  Graph *g = l->graph;
  const Expr e = *expr_at(g, id);
  if (e.kind == EXPR_OP && e.op == OP_WHERE) {
    limit_reads(l, e.args[0]);
    size_t around = l->guards.count;
    for (uint32_t i = 1; i <= 2; i++) {
      guards_add(g, &l->guards, e.args[0], i == 1);
      limit_reads(l, e.args[i]);
      l->guards.count = around;
    }
    return;
  }
  for (uint32_t i = 0; i < e.n_args; i++) limit_reads(l, e.args[i]);
  if (e.fallback != EXPR_NONE) limit_reads(l, e.fallback);
  if (e.kind != EXPR_READ || e.fallback != EXPR_NONE) return;
  const Tensor *t = tensor_at(g, e.tensor);
  for (uint32_t i = 0; i < e.n_args; i++)
    limit_index(l, e.args[i], (Interval){0, t->extents[i] - 1});
}

void index_limits_add(IndexLimits *limits, ExprId body, Ranges ranges) {
  limits->n_bodies++;
  limits->ranges = ranges;
  limit_reads(limits, body);
}
