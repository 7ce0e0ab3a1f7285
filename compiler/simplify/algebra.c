/* Algebra for derived expressions. A constant factor is held apart as a scale, num / den:

       a·s + b·s = (a + b)·s        [c] (a·s) = ([c] a)·s        (p / q) · b = (p · b) / q

   and a bracket swallows what it is multiplied with: [c] a · b = [c] (a · b). */
#include <math.h>
#include "graph/scalar_ops.h"
#include "simplify/algebra.h"

typedef struct Scaled {
  ExprId core; /* EXPR_NONE: 1 */
  double num, den;
} Scaled;

static bool constant_of(const Graph *graph, ExprId id, double *value) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_CONST) return false;
  *value = type_is_real(e->type) ? e->real : (double)e->integer;
  return isfinite(*value);
}

static const Expr *as_op(const Graph *graph, ExprId id, ScalarOp op) {
  const Expr *e = expr_at(graph, id);
  return e->kind == EXPR_OP && e->op == op ? e : NULL;
}

static Scaled split(const Graph *graph, ExprId id) {
  double value;
  if (constant_of(graph, id, &value)) return (Scaled){EXPR_NONE, value, 1};
  const Expr *e;
  if ((e = as_op(graph, id, OP_NEG)) != NULL) {
    Scaled inner = split(graph, e->args[0]);
    return (Scaled){inner.core, -inner.num, inner.den};
  }
  if ((e = as_op(graph, id, OP_MUL)) != NULL) {
    ExprId a = e->args[0], b = e->args[1];
    bool first = constant_of(graph, a, &value);
    if (first || constant_of(graph, b, &value)) {
      Scaled inner = split(graph, first ? b : a);
      return (Scaled){inner.core, inner.num * value, inner.den};
    }
  }
  if ((e = as_op(graph, id, OP_DIV)) != NULL && constant_of(graph, e->args[1], &value) &&
      value != 0) {
    Scaled inner = split(graph, e->args[0]);
    return (Scaled){inner.core, inner.num, inner.den * value};
  }
  return (Scaled){id, 1, 1};
}

static ExprId unsplit(Graph *graph, ScalarType type, Scaled s) {
  if (s.num == 0) return expr_number(graph, type, 0);
  if (s.den < 0) {
    s.num = -s.num;
    s.den = -s.den;
  }
  /* Cancel only where that is exact in decimal text: whole ratios. */
  double ratio = s.num / s.den, inverse = s.den / s.num;
  if (ratio == floor(ratio)) {
    s.num = ratio;
    s.den = 1;
  } else if (inverse == floor(inverse)) {
    s.num = inverse < 0 ? -1 : 1;
    s.den = fabs(inverse);
  }
  bool negative = s.num < 0;
  double num = fabs(s.num);
  ExprId result = s.core;
  if (result == EXPR_NONE)
    result = expr_number(graph, type, num);
  else if (num != 1)
    result = fold_op2(graph, OP_MUL, expr_number(graph, type, num), result);
  if (s.den != 1) result = fold_op2(graph, OP_DIV, result, expr_number(graph, type, s.den));
  return negative ? fold_op1(graph, OP_NEG, result) : result;
}

static bool is_zero(const Graph *graph, ExprId id) { return expr_is_number(graph, id, 0); }

static ScalarType type_of(const Graph *graph, ExprId id) { return expr_at(graph, id)->type; }

ExprId derive_neg(Graph *graph, ExprId a) {
  Scaled s = split(graph, a);
  s.num = -s.num;
  return unsplit(graph, type_of(graph, a), s);
}

/* s·where(c, a, 0) + t·where(c, b, 0) = where(c, s·a + t·b, 0); EXPR_NONE when they are others. */
static ExprId add_brackets(Graph *graph, Scaled s, Scaled t) {
  if (s.core == EXPR_NONE || t.core == EXPR_NONE) return EXPR_NONE;
  const Expr *p = as_op(graph, s.core, OP_WHERE), *q = as_op(graph, t.core, OP_WHERE);
  if (p == NULL || q == NULL || p->args[0] != q->args[0]) return EXPR_NONE;
  const Expr x = *p, y = *q;
  bool joins = is_zero(graph, x.args[1]) || is_zero(graph, y.args[1]) ||
               is_zero(graph, x.args[2]) || is_zero(graph, y.args[2]);
  if (!joins) return EXPR_NONE;
  ExprId of_s = unsplit(graph, x.type, (Scaled){EXPR_NONE, s.num, s.den});
  ExprId of_t = unsplit(graph, x.type, (Scaled){EXPR_NONE, t.num, t.den});
  ExprId branches[2];
  for (int i = 0; i < 2; i++)
    branches[i] = derive_add(graph, derive_mul(graph, x.args[i + 1], of_s),
                             derive_mul(graph, y.args[i + 1], of_t));
  return derive_where(graph, x.args[0], branches[0], branches[1]);
}

/* A bracket added to the one of the same condition among the terms of a sum; EXPR_NONE. */
static ExprId add_to_term(Graph *graph, ExprId sum, ExprId bracket) {
  Scaled s = split(graph, sum), t = split(graph, bracket);
  bool same = s.den == t.den && s.num == t.num;
  Scaled scale = {EXPR_NONE, same ? s.num : 1, same ? s.den : 1};
  if (same) s.num = s.den = t.num = t.den = 1;
  ExprId joined = add_brackets(graph, s, t);
  if (joined != EXPR_NONE)
    return derive_mul(graph, unsplit(graph, type_of(graph, sum), scale), joined);
  const Expr e = *expr_at(graph, sum);
  if (e.kind != EXPR_OP || (e.op != OP_ADD && e.op != OP_SUB)) return EXPR_NONE;
  for (int i = 0; i < 2; i++) {
    ExprId args[2] = {e.args[0], e.args[1]};
    bool negative = i == 1 && e.op == OP_SUB;
    args[i] = add_to_term(graph, e.args[i], negative ? derive_neg(graph, bracket) : bracket);
    if (args[i] != EXPR_NONE) return derive_op(graph, e.op, args, 2);
  }
  return EXPR_NONE;
}

ExprId derive_add(Graph *graph, ExprId a, ExprId b) {
  if (is_zero(graph, a)) return b;
  if (is_zero(graph, b)) return a;
  ScalarType type = type_of(graph, a);
  Scaled s = split(graph, a), t = split(graph, b);
  if (s.core == t.core && s.den == t.den)
    return unsplit(graph, type, (Scaled){s.core, s.num + t.num, s.den});
  if (t.core != EXPR_NONE && as_op(graph, t.core, OP_WHERE) != NULL) {
    ExprId joined = add_to_term(graph, a, b);
    if (joined != EXPR_NONE) return joined;
  }
  bool same = s.den == t.den && fabs(s.num) == fabs(t.num);
  if (!same || s.core == EXPR_NONE || t.core == EXPR_NONE) {
    if (t.num < 0) return fold_op2(graph, OP_SUB, a, derive_neg(graph, b));
    if (s.num < 0) return fold_op2(graph, OP_SUB, b, derive_neg(graph, a));
    return fold_op2(graph, OP_ADD, a, b);
  }
  Scaled sum = {EXPR_NONE, s.num, s.den};
  if (s.num == t.num) {
    sum.core = fold_op2(graph, OP_ADD, s.core, t.core);
  } else if (s.num > 0) {
    sum.core = fold_op2(graph, OP_SUB, s.core, t.core);
  } else {
    sum.core = fold_op2(graph, OP_SUB, t.core, s.core);
    sum.num = t.num;
  }
  return unsplit(graph, type, sum);
}

ExprId derive_sub(Graph *graph, ExprId a, ExprId b) {
  return derive_add(graph, a, derive_neg(graph, b));
}

/* x · y without constant factors. */
static ExprId multiply_cores(Graph *graph, ExprId a, ExprId b) {
  if (a == EXPR_NONE) return b;
  if (b == EXPR_NONE) return a;
  const Expr *p = as_op(graph, a, OP_WHERE);
  if (p != NULL && (is_zero(graph, p->args[1]) || is_zero(graph, p->args[2]))) {
    const Expr w = *p;
    return derive_where(graph, w.args[0], derive_mul(graph, w.args[1], b),
                        derive_mul(graph, w.args[2], b));
  }
  p = as_op(graph, b, OP_WHERE);
  if (p != NULL && (is_zero(graph, p->args[1]) || is_zero(graph, p->args[2]))) {
    const Expr w = *p;
    return derive_where(graph, w.args[0], derive_mul(graph, a, w.args[1]),
                        derive_mul(graph, a, w.args[2]));
  }
  if ((p = as_op(graph, a, OP_DIV)) != NULL) {
    const Expr q = *p;
    return derive_div(graph, derive_mul(graph, q.args[0], b), q.args[1]);
  }
  if ((p = as_op(graph, b, OP_DIV)) != NULL) {
    const Expr q = *p;
    return derive_div(graph, derive_mul(graph, a, q.args[0]), q.args[1]);
  }
  return fold_op2(graph, OP_MUL, a, b);
}

ExprId derive_mul(Graph *graph, ExprId a, ExprId b) {
  ScalarType type = type_of(graph, a);
  if (is_zero(graph, a) || is_zero(graph, b)) return expr_number(graph, type, 0);
  Scaled s = split(graph, a), t = split(graph, b);
  ExprId core = multiply_cores(graph, s.core, t.core);
  if (core == EXPR_NONE)
    return unsplit(graph, type, (Scaled){EXPR_NONE, s.num * t.num, s.den * t.den});
  Scaled inner = split(graph, core);
  return unsplit(graph, type,
                 (Scaled){inner.core, inner.num * s.num * t.num, inner.den * s.den * t.den});
}

bool derive_is_guarded(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_OP) return false;
  switch (e->op) {
  case OP_WHERE:
    return expr_is_number(graph, e->args[1], 0) || expr_is_number(graph, e->args[2], 0);
  case OP_ADD:
  case OP_SUB: return derive_is_guarded(graph, e->args[0]) && derive_is_guarded(graph, e->args[1]);
  case OP_MUL: return derive_is_guarded(graph, e->args[0]) || derive_is_guarded(graph, e->args[1]);
  case OP_NEG:
  case OP_DIV: return derive_is_guarded(graph, e->args[0]);
  default: return false;
  }
}

ExprId derive_within(Graph *graph, ExprId guarded, ExprId factor) {
  const Expr e = *expr_at(graph, guarded);
  if (!derive_is_guarded(graph, guarded)) return derive_mul(graph, guarded, factor);
  if (e.op == OP_WHERE) {
    bool first = expr_is_number(graph, e.args[2], 0);
    ExprId branch = derive_within(graph, e.args[first ? 1 : 2], factor);
    return first ? derive_where(graph, e.args[0], branch, e.args[2])
                 : derive_where(graph, e.args[0], e.args[1], branch);
  }
  ExprId a = e.args[0], b = e.op == OP_NEG ? EXPR_NONE : e.args[1];
  switch (e.op) {
  case OP_ADD:
    return derive_add(graph, derive_within(graph, a, factor), derive_within(graph, b, factor));
  case OP_SUB:
    return derive_sub(graph, derive_within(graph, a, factor), derive_within(graph, b, factor));
  case OP_NEG: return derive_neg(graph, derive_within(graph, a, factor));
  case OP_DIV: return derive_within(graph, a, derive_div(graph, factor, b));
  default: /* a product */
    return derive_is_guarded(graph, a) ? derive_within(graph, a, derive_mul(graph, b, factor))
                                       : derive_within(graph, b, derive_mul(graph, a, factor));
  }
}

ExprId derive_div(Graph *graph, ExprId a, ExprId b) {
  ScalarType type = type_of(graph, a);
  if (is_zero(graph, a)) return a;
  Scaled s = split(graph, a), t = split(graph, b);
  if (t.num == 0) return fold_op2(graph, OP_DIV, a, b);
  Scaled result = {s.core, s.num * t.den, s.den * t.num};
  if (t.core != EXPR_NONE) {
    const Expr *p = s.core == EXPR_NONE ? NULL : as_op(graph, s.core, OP_WHERE);
    if (p != NULL && (is_zero(graph, p->args[1]) || is_zero(graph, p->args[2]))) {
      const Expr w = *p;
      result.core = derive_where(graph, w.args[0], derive_div(graph, w.args[1], t.core),
                                 derive_div(graph, w.args[2], t.core));
    } else {
      ExprId top = s.core == EXPR_NONE ? expr_number(graph, type, 1) : s.core;
      result.core = fold_op2(graph, OP_DIV, top, t.core);
    }
  }
  return unsplit(graph, type, result);
}

ExprId derive_where(Graph *graph, ExprId condition, ExprId a, ExprId b) {
  if (a == b) return a;
  ScalarType type = type_of(graph, a);
  if (!type_is_real(type)) return fold_op3(graph, OP_WHERE, condition, a, b);
  bool first = is_zero(graph, b);
  if (!first && !is_zero(graph, a)) return fold_op3(graph, OP_WHERE, condition, a, b);
  Scaled s = split(graph, first ? a : b);
  ExprId one = expr_number(graph, type, 1), zero = expr_number(graph, type, 0);
  ExprId core = s.core == EXPR_NONE ? one : s.core;
  s.core = first ? fold_op3(graph, OP_WHERE, condition, core, zero)
                 : fold_op3(graph, OP_WHERE, condition, zero, core);
  return unsplit(graph, type, s);
}

ExprId derive_not(Graph *graph, ExprId condition) {
  const Expr e = *expr_at(graph, condition);
  if (e.kind == EXPR_OP && e.n_args == 2 && !type_is_real(type_of(graph, e.args[0]))) {
    switch (e.op) {
    case OP_EQ: return fold_op2(graph, OP_NE, e.args[0], e.args[1]);
    case OP_NE: return fold_op2(graph, OP_EQ, e.args[0], e.args[1]);
    case OP_LT: return fold_op2(graph, OP_GE, e.args[0], e.args[1]);
    case OP_LE: return fold_op2(graph, OP_GT, e.args[0], e.args[1]);
    case OP_GT: return fold_op2(graph, OP_LE, e.args[0], e.args[1]);
    case OP_GE: return fold_op2(graph, OP_LT, e.args[0], e.args[1]);
    default: break;
    }
  }
  return fold_op1(graph, OP_NOT, condition);
}

ExprId derive_op(Graph *graph, ScalarOp op, const ExprId *args, uint32_t n) {
  /* 2 * (j / 2) is not j */
  if (n == 0 || !type_is_real(type_of(graph, args[n - 1]))) return fold_op(graph, op, args, n);
  switch (op) {
  case OP_ADD: return derive_add(graph, args[0], args[1]);
  case OP_SUB: return derive_sub(graph, args[0], args[1]);
  case OP_MUL: return derive_mul(graph, args[0], args[1]);
  case OP_DIV: return derive_div(graph, args[0], args[1]);
  case OP_NEG: return derive_neg(graph, args[0]);
  case OP_WHERE: return derive_where(graph, args[0], args[1], args[2]);
  default: return fold_op(graph, op, args, n);
  }
}
