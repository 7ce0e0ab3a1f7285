/* Folding that is exact in floating point. */
#include <math.h>
#include "graph/scalar_ops.h"
#include "interpret/evaluate.h"
#include "simplify/algebra.h"
#include "support/integers.h"

static bool is_constant(const Graph *graph, ExprId id) {
  return expr_at(graph, id)->kind == EXPR_CONST;
}

static bool is_true(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  return e->kind == EXPR_CONST && e->type == TYPE_BOOL && e->integer != 0;
}

static bool is_false(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  return e->kind == EXPR_CONST && e->type == TYPE_BOOL && e->integer == 0;
}

static const Expr *as_op(const Graph *graph, ExprId id, ScalarOp op) {
  const Expr *e = expr_at(graph, id);
  return e->kind == EXPR_OP && e->op == op ? e : NULL;
}

static double constant_value(const Expr *e) {
  return type_is_real(e->type) ? e->real : (double)e->integer;
}

/* --- all operands constant --- */

static bool compare(ScalarOp op, double a, double b, bool *result) {
  switch (op) {
  case OP_EQ: *result = a == b; return true;
  case OP_NE: *result = a != b; return true;
  case OP_LT: *result = a < b; return true;
  case OP_LE: *result = a <= b; return true;
  case OP_GT: *result = a > b; return true;
  case OP_GE: *result = a >= b; return true;
  default: return false;
  }
}

static bool integer_arithmetic(ScalarOp op, int64_t a, int64_t b, int64_t *result) {
  switch (op) {
  case OP_ADD: return !__builtin_add_overflow(a, b, result);
  case OP_SUB: return !__builtin_sub_overflow(a, b, result);
  case OP_MUL: return !__builtin_mul_overflow(a, b, result);
  case OP_DIV:
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *result = floor_div(a, b);
    return true;
  case OP_MOD:
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *result = a - floor_div(a, b) * b;
    return true;
  case OP_MIN: *result = a < b ? a : b; return true;
  case OP_MAX: *result = a > b ? a : b; return true;
  default: return false;
  }
}

/* A number, or a quotient of two that was kept because 1 / 64 reads better than 0.015625. */
static bool real_constant(const Graph *graph, ExprId id, double *value) {
  const Expr *e = expr_at(graph, id);
  if (!type_is_real(e->type)) return false;
  *value = e->real;
  if (e->kind == EXPR_CONST) return true;
  if (e->kind != EXPR_OP || e->op != OP_DIV) return false;
  const Expr *a = expr_at(graph, e->args[0]), *b = expr_at(graph, e->args[1]);
  *value = a->real / b->real;
  return a->kind == EXPR_CONST && b->kind == EXPR_CONST;
}

static bool is_whole(double value) { return value == floor(value) && fabs(value) < 1e15; }

/* In f64, as elaboration evaluates what is written: a dump, read again, gives the same. */
static ExprId fold_reals(Graph *graph, ScalarOp op, const ExprId *args, uint32_t n) {
  double operands[2];
  ScalarType type = expr_at(graph, args[0])->type;
  if (n > 2 || op == OP_STOP_GRADIENT || op == OP_CAST) return EXPR_NONE;
  for (uint32_t i = 0; i < n; i++)
    if (!real_constant(graph, args[i], &operands[i])) return EXPR_NONE;
  double value = evaluate_constant(op, operands, n);
  if (scalar_ops[op].gives == GIVES_BOOL) return expr_integer(graph, TYPE_BOOL, value != 0);
  if (op == OP_DIV && is_whole(operands[0]) && is_whole(operands[1]) && !is_whole(value))
    return EXPR_NONE;
  return expr_real(graph, type, value);
}

static ExprId fold_constants(Graph *graph, ScalarOp op, const ExprId *args, uint32_t n) {
  if (type_is_real(expr_at(graph, args[0])->type)) return fold_reals(graph, op, args, n);
  const Expr *a = expr_at(graph, args[0]), *b = n > 1 ? expr_at(graph, args[1]) : a;
  if (a->kind != EXPR_CONST || b->kind != EXPR_CONST || n > 2) return EXPR_NONE;
  bool truth;
  if (n == 2 && compare(op, constant_value(a), constant_value(b), &truth))
    return expr_integer(graph, TYPE_BOOL, truth);
  ScalarType type = a->type;
  if (op == OP_NEG)
    return type_holds(type, -a->integer) ? expr_integer(graph, type, -a->integer) : EXPR_NONE;
  if (n != 2) return EXPR_NONE;
  int64_t integer;
  return integer_arithmetic(op, a->integer, b->integer, &integer) && type_holds(type, integer)
             ? expr_integer(graph, type, integer)
             : EXPR_NONE;
}

/* --- identities --- */

static ExprId fold_add(Graph *graph, ExprId a, ExprId b) {
  if (expr_is_number(graph, a, 0)) return b;
  if (expr_is_number(graph, b, 0)) return a;
  const Expr *negated = as_op(graph, b, OP_NEG);
  if (negated != NULL) return fold_op2(graph, OP_SUB, a, negated->args[0]);
  return EXPR_NONE;
}

static ExprId fold_sub(Graph *graph, ExprId a, ExprId b) {
  if (expr_is_number(graph, b, 0)) return a;
  if (expr_is_number(graph, a, 0)) return fold_op1(graph, OP_NEG, b);
  const Expr *negated = as_op(graph, b, OP_NEG);
  if (negated != NULL) return fold_op2(graph, OP_ADD, a, negated->args[0]);
  if (a == b && type_is_integer(expr_at(graph, a)->type))
    return expr_integer(graph, expr_at(graph, a)->type, 0);
  return EXPR_NONE;
}

static ExprId fold_mul(Graph *graph, ExprId a, ExprId b) {
  if (expr_is_number(graph, a, 1)) return b;
  if (expr_is_number(graph, b, 1)) return a;
  if (expr_is_number(graph, a, -1)) return fold_op1(graph, OP_NEG, b);
  if (expr_is_number(graph, b, -1)) return fold_op1(graph, OP_NEG, a);
  if (type_is_integer(expr_at(graph, a)->type)) {
    if (expr_is_number(graph, a, 0)) return a;
    if (expr_is_number(graph, b, 0)) return b;
  }
  return EXPR_NONE;
}

static ExprId fold_where(Graph *graph, ExprId condition, ExprId a, ExprId b) {
  if (a == b || is_true(graph, condition)) return a;
  if (is_false(graph, condition)) return b;
  const Expr *inverse = as_op(graph, condition, OP_NOT);
  if (inverse != NULL) return fold_op3(graph, OP_WHERE, inverse->args[0], b, a);
  const Expr *inner = as_op(graph, a, OP_WHERE);
  if (inner != NULL && inner->args[0] == condition)
    return fold_op3(graph, OP_WHERE, condition, inner->args[1], b);
  inner = as_op(graph, b, OP_WHERE);
  if (inner != NULL && inner->args[0] == condition)
    return fold_op3(graph, OP_WHERE, condition, a, inner->args[2]);
  return EXPR_NONE;
}

static ExprId fold_logic(Graph *graph, ScalarOp op, ExprId a, ExprId b) {
  if (a == b) return a;
  if (op == OP_AND) {
    if (is_true(graph, a) || is_false(graph, b)) return b;
    if (is_true(graph, b) || is_false(graph, a)) return a;
  } else {
    if (is_false(graph, a) || is_true(graph, b)) return b;
    if (is_false(graph, b) || is_true(graph, a)) return a;
  }
  return EXPR_NONE;
}

static ExprId fold_not(Graph *graph, ExprId a) {
  const Expr *inner = as_op(graph, a, OP_NOT);
  if (inner != NULL) return inner->args[0];
  if (is_constant(graph, a)) return expr_integer(graph, TYPE_BOOL, is_false(graph, a));
  return EXPR_NONE;
}

static ExprId fold_identity(Graph *graph, ScalarOp op, const ExprId *args) {
  switch (op) {
  case OP_ADD: return fold_add(graph, args[0], args[1]);
  case OP_SUB: return fold_sub(graph, args[0], args[1]);
  case OP_MUL: return fold_mul(graph, args[0], args[1]);
  case OP_DIV: return expr_is_number(graph, args[1], 1) ? args[0] : EXPR_NONE;
  case OP_POW:
    if (expr_is_number(graph, args[1], 0))
      return expr_number(graph, expr_at(graph, args[0])->type, 1);
    return expr_is_number(graph, args[1], 1) ? args[0] : EXPR_NONE;
  case OP_NEG: {
    const Expr *inner = as_op(graph, args[0], OP_NEG);
    return inner != NULL ? inner->args[0] : EXPR_NONE;
  }
  case OP_MIN:
  case OP_MAX: return args[0] == args[1] ? args[0] : EXPR_NONE;
  case OP_WHERE: return fold_where(graph, args[0], args[1], args[2]);
  case OP_AND:
  case OP_OR: return fold_logic(graph, op, args[0], args[1]);
  case OP_NOT: return fold_not(graph, args[0]);
  case OP_BF16: return expr_stored(graph, args[0]) == TYPE_BF16 ? args[0] : EXPR_NONE;
  case OP_F16: return expr_stored(graph, args[0]) == TYPE_F16 ? args[0] : EXPR_NONE;
  case OP_STOP_GRADIENT: return is_constant(graph, args[0]) ? args[0] : EXPR_NONE;
  default: return EXPR_NONE;
  }
}

ExprId fold_op(Graph *graph, ScalarOp op, const ExprId *args, uint32_t n) {
  if (n > 0) {
    ExprId folded = fold_constants(graph, op, args, n);
    if (folded == EXPR_NONE) folded = fold_identity(graph, op, args);
    if (folded != EXPR_NONE) return folded;
  }
  return expr_op(graph, op, args, n);
}

ExprId fold_cast(Graph *graph, ScalarType type, ExprId a) {
  const Expr *e = expr_at(graph, a);
  if (e->type == type || e->kind != EXPR_CONST) return expr_cast(graph, type, a);
  double value = constant_value(e);
  if (type == TYPE_BOOL) return expr_integer(graph, type, value != 0);
  if (type == TYPE_F32) value = (double)(float)value;
  if (!type_is_real(type) && (!(fabs(value) < 9e15) || !type_holds(type, (int64_t)value)))
    return expr_cast(graph, type, a);
  return expr_number(graph, type, value);
}

ExprId fold_rebuild(Graph *graph, ExprId id, const ExprId *args, ExprId fallback) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_OP || e->op == OP_RANDOM_UNIFORM || e->op == OP_RANDOM_NORMAL)
    return expr_rebuild(graph, id, args, fallback);
  if (e->op == OP_CAST) return fold_cast(graph, e->type, args[0]);
  return fold_op(graph, e->op, args, e->n_args);
}

ExprId fold_expr(Graph *graph, ExprId id) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = fold_expr(graph, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : fold_expr(graph, e.fallback);
  return fold_rebuild(graph, id, args, fallback);
}
