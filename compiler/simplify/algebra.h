/* Building expressions in simplest form.

   fold_*   exact in floating point: the value is the same bit for bit (but for the sign of a zero
   and the payload of a NaN). For what the user wrote. derive_* equal over the real numbers, and a
   bracket's 0 is a 0 whatever it is multiplied with. For adjoints, whose text is dagc's own.
   Constant factors are kept outermost: (a * b) / 64. */
#pragma once
#include "graph/graph.h"

/* op(args…) folded; for OP_CAST and the random numbers use fold_rebuild. */
ExprId fold_op(Graph *graph, ScalarOp op, const ExprId *args, uint32_t n);
ExprId fold_cast(Graph *graph, ScalarType type, ExprId a);
/* The same node over other operands, folded. */
ExprId fold_rebuild(Graph *graph, ExprId id, const ExprId *args, ExprId fallback);
/* Folds an expression bottom-up, every node. */
ExprId fold_expr(Graph *graph, ExprId id);

static inline ExprId fold_op1(Graph *graph, ScalarOp op, ExprId a) {
  return fold_op(graph, op, &a, 1);
}
static inline ExprId fold_op2(Graph *graph, ScalarOp op, ExprId a, ExprId b) {
  return fold_op(graph, op, (ExprId[]){a, b}, 2);
}
static inline ExprId fold_op3(Graph *graph, ScalarOp op, ExprId a, ExprId b, ExprId c) {
  return fold_op(graph, op, (ExprId[]){a, b, c}, 3);
}

ExprId derive_add(Graph *graph, ExprId a, ExprId b);
ExprId derive_sub(Graph *graph, ExprId a, ExprId b);
ExprId derive_mul(Graph *graph, ExprId a, ExprId b);
/* Whether every term stands under a condition. */
bool derive_is_guarded(const Graph *graph, ExprId id);
/* guarded · factor, the factor within each of the conditions under which terms of `guarded` stand:
   where they do not hold, there may be nothing that it could read. */
ExprId derive_within(Graph *graph, ExprId guarded, ExprId factor);
ExprId derive_div(Graph *graph, ExprId a, ExprId b);
ExprId derive_neg(Graph *graph, ExprId a);
ExprId derive_where(Graph *graph, ExprId condition, ExprId a, ExprId b);
/* Any operator: the ones above by their rules, the rest folded. */
ExprId derive_op(Graph *graph, ScalarOp op, const ExprId *args, uint32_t n);
ExprId derive_not(Graph *graph, ExprId condition);
