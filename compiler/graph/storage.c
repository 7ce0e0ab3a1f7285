/* Types of memory: reals that are stored in fewer bits. Arithmetic never sees them. To round to one
   is an operator from reals to reals, and what has been rounded is stored in two bytes without
   loss:

       h[n, j] = bf16(max(z[n, j], 0))     two bytes an element, f32 for whoever reads it */
#include <math.h>
#include "graph/graph.h"
#include "graph/scalar_ops.h"

/* To `digits` binary digits, with exponents from `least`, below which digits are lost, to
   `greatest`, beyond which there is infinity. */
static double rounded_to(double value, int digits, int least, int greatest) {
  int exponent;
  if (!isfinite(value) || value == 0) return value;
  frexp(value, &exponent); /* |value| in [2^(exponent - 1), 2^exponent) */
  if (exponent - 1 < least) exponent = least + 1;
  double rounded = ldexp(nearbyint(ldexp(value, digits - exponent)), exponent - digits);
  return fabs(rounded) >= ldexp(1, greatest + 1) ? copysign(INFINITY, value) : rounded;
}

double type_rounded(ScalarType storage, double value) {
  if (storage == TYPE_BF16) return rounded_to(value, 8, -126, 127);
  if (storage == TYPE_F16) return rounded_to(value, 11, -14, 15);
  return value;
}

ScalarOp rounding_op(ScalarType storage) {
  if (!type_is_storage(storage)) bug("graph", "%s is no type of memory", type_name(storage));
  return storage == TYPE_BF16 ? OP_BF16 : OP_F16;
}

enum { COPIES = 8 };

static ScalarType stored(const Graph *graph, ExprId id, int copies);

/* A copy is stored as what it copies. Copies of copies are followed a few times only, since
   definitions of a recurrence may read each other in a circle. */
static ScalarType stored_tensor(const Graph *graph, const Tensor *t, int copies) {
  if (copies == 0) return t->type;
  switch (t->kind) {
  case TENSOR_INPUT:
  case TENSOR_PARAM:
  case TENSOR_STATE: return type_stored(t->type, t->storage);
  case TENSOR_RESHAPE: return stored_tensor(graph, tensor_at(graph, t->source), copies - 1);
  case TENSOR_DEFINITION:
    if (t->reduction == REDUCE_NONE && t->body != EXPR_NONE)
      return stored(graph, t->body, copies - 1);
    return t->type;
  case TENSOR_STAND_IN:
  case TENSOR_DERIVATIVE: break;
  }
  return t->type;
}

static ScalarType stored(const Graph *graph, ExprId id, int copies) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_OP && e->op == OP_BF16) return TYPE_BF16;
  if (e->kind == EXPR_OP && e->op == OP_F16) return TYPE_F16;
  bool zero = e->fallback == EXPR_NONE || expr_is_number(graph, e->fallback, 0);
  if (e->kind != EXPR_READ || !zero) return e->type;
  return stored_tensor(graph, tensor_at(graph, e->tensor), copies);
}

ScalarType expr_stored(const Graph *graph, ExprId id) { return stored(graph, id, COPIES); }

ScalarType tensor_stored(const Graph *graph, TensorId id) {
  return stored_tensor(graph, tensor_at(graph, id), COPIES);
}

ExprId expr_rounded(Graph *graph, ScalarType storage, ExprId id) {
  if (expr_stored(graph, id) == storage) return id;
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST) return expr_real(graph, e.type, type_rounded(storage, e.real));
  return expr_op1(graph, rounding_op(storage), id);
}
