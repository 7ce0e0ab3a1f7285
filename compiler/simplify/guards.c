#include "simplify/guards.h"
#include "support/integers.h"

void guards_add(Graph *graph, Guards *guards, ExprId condition, bool holds) {
  const Expr e = *expr_at(graph, condition);
  bool op = e.kind == EXPR_OP;
  if (op && e.op == OP_NOT) {
    guards_add(graph, guards, e.args[0], !holds);
  } else if (op && e.op == (holds ? OP_AND : OP_OR)) {
    guards_add(graph, guards, e.args[0], holds);
    guards_add(graph, guards, e.args[1], holds);
  } else {
    ARRAY_PUSH(graph->arena, guards, (Guard){condition, holds});
  }
}

/* d op 0 for integers as least ≤ d ≤ greatest; `all` where it says nothing. */
static Interval difference_bounds(ScalarOp op, bool holds) {
  Interval all = {INT64_MIN, INT64_MAX};
  switch (op) {
  case OP_LT: return holds ? (Interval){INT64_MIN, -1} : (Interval){0, INT64_MAX};
  case OP_LE: return holds ? (Interval){INT64_MIN, 0} : (Interval){1, INT64_MAX};
  case OP_GT: return holds ? (Interval){1, INT64_MAX} : (Interval){INT64_MIN, 0};
  case OP_GE: return holds ? (Interval){0, INT64_MAX} : (Interval){INT64_MIN, -1};
  case OP_EQ: return holds ? (Interval){0, 0} : all;
  case OP_NE: return holds ? all : (Interval){0, 0};
  default: return all;
  }
}

bool guard_bounds(Graph *graph, const Guard *guard, Ranges ranges, Affine *difference,
                  Interval *bounds) {
  if (!affine_compared(graph, guard->condition, ranges, difference)) return false;
  *bounds = difference_bounds(expr_at(graph, guard->condition)->op, guard->holds);
  return true;
}

/* d = common · form + constant is bounded, hence form, and the sum that is a multiple of it. */
static Interval guard_interval(Graph *graph, const Guard *guard, const Affine *sum, Ranges ranges) {
  Interval all = {INT64_MIN, INT64_MAX}, bound;
  Affine d;
  if (!guard_bounds(graph, guard, ranges, &d, &bound)) return all;
  int64_t common;
  Affine form = affine_primitive(d, &common);
  int64_t multiple = affine_multiple(sum, &form);
  if (multiple == 0) return all;
  bool least = bound.low != INT64_MIN, greatest = bound.high != INT64_MAX;
  int64_t low = least ? -floor_div(d.constant - bound.low, common) : 0;
  int64_t high = greatest ? floor_div(bound.high - d.constant, common) : 0;
  if (least && multiple > 0) all.low = sum->constant + multiple * low;
  if (least && multiple < 0) all.high = sum->constant + multiple * low;
  if (greatest && multiple > 0) all.high = sum->constant + multiple * high;
  if (greatest && multiple < 0) all.low = sum->constant + multiple * high;
  return all;
}

Interval guards_interval(Graph *graph, const Guards *guards, const Affine *sum, Ranges ranges) {
  Interval all = {INT64_MIN, INT64_MAX};
  for (size_t i = 0; i < guards->count; i++) {
    Interval one = guard_interval(graph, &guards->items[i], sum, ranges);
    if (one.low > all.low) all.low = one.low;
    if (one.high < all.high) all.high = one.high;
  }
  return all;
}
