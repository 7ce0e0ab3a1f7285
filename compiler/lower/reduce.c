/* Reductions as operators with a unit. */
#include <math.h>
#include "lower/work.h"

static double real_unit(Reduction reduction) {
  switch (reduction) {
  case REDUCE_PROD: return 1;
  case REDUCE_MAX: return -INFINITY;
  case REDUCE_MIN: return INFINITY;
  case REDUCE_NONE:
  case REDUCE_SUM:
  case REDUCE_ARGMAX:
  case REDUCE_ARGMIN:
  case REDUCE_ANY:
  case REDUCE_ALL: break;
  }
  return 0;
}

static int64_t least(ScalarType type) {
  switch (type) {
  case TYPE_I8: return INT8_MIN;
  case TYPE_I32: return INT32_MIN;
  case TYPE_I64: return INT64_MIN;
  case TYPE_BOOL:
  case TYPE_U8:
  case TYPE_F32:
  case TYPE_F64:
  case TYPE_BF16:
  case TYPE_F16: break;
  }
  return 0;
}

static int64_t greatest(ScalarType type) {
  switch (type) {
  case TYPE_U8: return UINT8_MAX;
  case TYPE_I8: return INT8_MAX;
  case TYPE_I32: return INT32_MAX;
  case TYPE_I64: return INT64_MAX;
  case TYPE_BOOL:
  case TYPE_F32:
  case TYPE_F64:
  case TYPE_BF16:
  case TYPE_F16: break;
  }
  return 1;
}

ValueId reduction_unit(Builder *b, Reduction reduction, ScalarType type) {
  if (type_is_real(type)) return kernel_number(b, type, real_unit(reduction));
  switch (reduction) {
  case REDUCE_PROD:
  case REDUCE_ALL: return kernel_integer(b, type, 1);
  case REDUCE_MAX: return kernel_integer(b, type, least(type));
  case REDUCE_MIN: return kernel_integer(b, type, greatest(type));
  case REDUCE_NONE:
  case REDUCE_SUM:
  case REDUCE_ARGMAX:
  case REDUCE_ARGMIN:
  case REDUCE_ANY: break;
  }
  return kernel_integer(b, type, 0);
}

ScalarOp reduction_op(Reduction reduction) {
  switch (reduction) {
  case REDUCE_PROD: return OP_MUL;
  case REDUCE_MAX: return OP_MAX;
  case REDUCE_MIN: return OP_MIN;
  case REDUCE_ANY: return OP_OR;
  case REDUCE_ALL: return OP_AND;
  case REDUCE_ARGMAX: return OP_GT; /* the better one */
  case REDUCE_ARGMIN: return OP_LT;
  case REDUCE_NONE:
  case REDUCE_SUM: break;
  }
  return OP_ADD;
}
