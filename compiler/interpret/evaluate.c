/* Each scalar operator, written from its meaning and independently of the C text in scalar_ops.def:
   one wrong template must not pass both. */
#include "interpret/evaluate.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "interpret/philox.h"

/* value modulo 2^bits, in [low, low + 2^bits) */
static double wrap(double value, double low, double size) {
  double wrapped = value - size * floor((value - low) / size);
  return isfinite(wrapped) ? wrapped : 0;
}

double evaluate_cast(ScalarType type, double value) {
  switch (type) {
  case TYPE_BOOL: return value != 0;
  case TYPE_U8: return wrap(trunc(value), 0, 0x1p8);
  case TYPE_I8: return wrap(trunc(value), -0x1p7, 0x1p8);
  case TYPE_I32: return wrap(trunc(value), -0x1p31, 0x1p32);
  case TYPE_I64: return isfinite(value) ? trunc(value) : 0;
  case TYPE_F32:
  case TYPE_F64: return value;
  case TYPE_BF16:
  case TYPE_F16: return type_rounded(type, value);
  }
  return value;
}

static double floor_divide(double a, double b) { return b == 0 ? 0 : floor(a / b); }

/* The remainder with the sign of the divisor; exact, as fmod is. */
static double floor_mod(double a, double b) {
  double remainder = fmod(a, b);
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

/* By repeated multiplication in the type; a negative exponent truncates towards 0. */
static double integer_power(ScalarType type, double base, double exponent) {
  if (exponent < 0) return base == 1 ? 1 : (base == -1 ? (fmod(exponent, 2) == 0 ? 1 : -1) : 0);
  double result = 1;
  for (double left = exponent; left > 0; left = floor(left / 2)) {
    if (fmod(left, 2) == 1) result = evaluate_cast(type, result * base);
    base = evaluate_cast(type, base * base);
  }
  return result;
}

static double smallest(double a, double b) {
  if (isnan(a) || isnan(b)) return NAN;
  return b < a ? b : a;
}

static double largest(double a, double b) {
  if (isnan(a) || isnan(b)) return NAN;
  return b > a ? b : a;
}

static double sign(double a) { return isnan(a) ? a : (double)((a > 0) - (a < 0)); }

static double sigmoid(double a) { return a >= 0 ? 1 / (1 + exp(-a)) : exp(a) / (1 + exp(a)); }

/* log(1 + e^a), without overflow: it tends to a. */
static double softplus(double a) { return a > 0 ? a + log1p(exp(-a)) : log1p(exp(a)); }

static double random_value(ScalarOp op, ScalarType type, const double *operands,
                           const Surroundings *around) {
  RandomPlace place = {.seed = around->seed,
                       .counter = (uint64_t)(int64_t)operands[1],
                       .site = (uint32_t)(int64_t)operands[0],
                       .step = (uint32_t)around->step};
  if (op == OP_RANDOM_NORMAL) return random_normal(place);
  return type == TYPE_F32 ? random_uniform_f32(place) : random_uniform_f64(place);
}

/* In mathematics' own terms, before an integer result wraps to its type. */
static double unwrapped(ScalarOp op, ScalarType type, bool integer, const double *o,
                        const Surroundings *around) {
  switch (op) {
  case OP_ADD: return o[0] + o[1];
  case OP_SUB: return o[0] - o[1];
  case OP_MUL: return o[0] * o[1];
  case OP_DIV: return integer ? floor_divide(o[0], o[1]) : o[0] / o[1];
  case OP_MOD: return integer && o[1] == 0 ? 0 : floor_mod(o[0], o[1]);
  case OP_POW: return integer ? integer_power(type, o[0], o[1]) : pow(o[0], o[1]);
  case OP_NEG: return -o[0];
  case OP_MIN: return smallest(o[0], o[1]);
  case OP_MAX: return largest(o[0], o[1]);
  case OP_ABS: return fabs(o[0]);
  case OP_SIGN: return sign(o[0]);
  case OP_FLOOR: return floor(o[0]);
  case OP_CEIL: return ceil(o[0]);
  case OP_ROUND: return nearbyint(o[0]);
  case OP_EQ: return o[0] == o[1];
  case OP_NE: return o[0] != o[1];
  case OP_LT: return o[0] < o[1];
  case OP_LE: return o[0] <= o[1];
  case OP_GT: return o[0] > o[1];
  case OP_GE: return o[0] >= o[1];
  case OP_AND: return o[0] != 0 && o[1] != 0;
  case OP_OR: return o[0] != 0 || o[1] != 0;
  case OP_NOT: return o[0] == 0;
  case OP_WHERE: return o[0] != 0 ? o[1] : o[2];
  case OP_CAST: return evaluate_cast(type, o[0]);
  case OP_STOP_GRADIENT: return o[0];
  case OP_BF16: return evaluate_cast(TYPE_BF16, o[0]);
  case OP_F16: return evaluate_cast(TYPE_F16, o[0]);
  case OP_EXP: return exp(o[0]);
  case OP_EXPM1: return expm1(o[0]);
  case OP_LOG: return log(o[0]);
  case OP_LOG1P: return log1p(o[0]);
  case OP_SQRT: return sqrt(o[0]);
  case OP_RSQRT: return 1 / sqrt(o[0]);
  case OP_SIN: return sin(o[0]);
  case OP_COS: return cos(o[0]);
  case OP_TAN: return tan(o[0]);
  case OP_ASIN: return asin(o[0]);
  case OP_ACOS: return acos(o[0]);
  case OP_ATAN: return atan(o[0]);
  case OP_ATAN2: return atan2(o[0], o[1]);
  case OP_SINH: return sinh(o[0]);
  case OP_COSH: return cosh(o[0]);
  case OP_TANH: return tanh(o[0]);
  case OP_SIGMOID: return sigmoid(o[0]);
  case OP_SOFTPLUS: return softplus(o[0]);
  case OP_ERF: return erf(o[0]);
  case OP_STEP: return (double)around->step;
  case OP_TRAINING: return around->training;
  case OP_RANDOM_UNIFORM:
  case OP_RANDOM_NORMAL: return random_value(op, type, o, around);
  case N_SCALAR_OPS: break;
  }
  bug("interpret", "operator %d", (int)op);
}

double evaluate_op(ScalarOp op, ScalarType type, ScalarType operand_type, const double *operands,
                   const Surroundings *around) {
  double value = unwrapped(op, type, type_is_integer(operand_type), operands, around);
  return type_is_real(type) ? value : evaluate_cast(type, value);
}

static double as_on_paper(double scale, double value) {
  char text[40];
  snprintf(text, sizeof text, "%.15g", value);
  double rounded = strtod(text, NULL);
  return fabs(rounded - value) <= 2 * DBL_EPSILON * scale ? rounded : value;
}

double evaluate_constant(ScalarOp op, const double *operands, uint32_t n) {
  double value = evaluate_op(op, TYPE_F64, TYPE_F64, operands, &(Surroundings){0});
  if (n != 2) return value;
  if (op == OP_ADD || op == OP_SUB)
    return as_on_paper(fmax(fabs(operands[0]), fabs(operands[1])), value);
  return op == OP_MUL ? as_on_paper(fabs(value), value) : value;
}
