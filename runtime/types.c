#include "runtime.h"
#include <float.h>
#include <math.h>

size_t dagrt_type_size(dag_type type) {
  switch (type) {
  case DAG_BOOL:
  case DAG_U8:
  case DAG_I8: return 1;
  case DAG_BF16:
  case DAG_F16: return 2;
  case DAG_I32:
  case DAG_F32: return 4;
  case DAG_I64:
  case DAG_F64: return 8;
  }
  return 0;
}

const char *dagrt_type_name(dag_type type) {
  switch (type) {
  case DAG_BOOL: return "bool";
  case DAG_U8: return "u8";
  case DAG_I8: return "i8";
  case DAG_I32: return "i32";
  case DAG_I64: return "i64";
  case DAG_F32: return "f32";
  case DAG_F64: return "f64";
  case DAG_BF16: return "bf16";
  case DAG_F16: return "f16";
  }
  return "?";
}

int dagrt_is_real(dag_type type) { return type >= DAG_F32; }

int64_t dagrt_elements(const dag_array *array) {
  int64_t n = 1;
  for (int32_t i = 0; i < array->rank; i++) n *= array->shape[i];
  return n;
}

const char *dagrt_shape_text(const dag_array *array) {
  const char *text = dagrt_type_name(array->type);
  for (int32_t i = 0; i < array->rank; i++)
    text = dagrt_text("%s%s%lld", text, i == 0 ? "[" : ", ", (long long)array->shape[i]);
  return array->rank == 0 ? text : dagrt_text("%s]", text);
}

double dagrt_value(dag_type type, const void *array, int64_t i) {
  switch (type) {
  case DAG_BOOL:
  case DAG_U8: return ((const uint8_t *)array)[i];
  case DAG_I8: return ((const int8_t *)array)[i];
  case DAG_I32: return ((const int32_t *)array)[i];
  case DAG_I64: return (double)((const int64_t *)array)[i];
  case DAG_F32: return (double)((const float *)array)[i];
  case DAG_F64: return ((const double *)array)[i];
  case DAG_BF16:
  case DAG_F16: return dagrt_from_half(type, ((const uint16_t *)array)[i]);
  }
  return NAN;
}

void dagrt_set_real(dag_type type, void *array, int64_t i, double value) {
  switch (type) {
  case DAG_F32: ((float *)array)[i] = (float)value; break;
  case DAG_F64: ((double *)array)[i] = value; break;
  case DAG_BF16:
  case DAG_F16: ((uint16_t *)array)[i] = dagrt_to_half(type, value); break;
  case DAG_BOOL:
  case DAG_U8:
  case DAG_I8:
  case DAG_I32:
  case DAG_I64: break;
  }
}

/* The least and largest integer that an input of an integer type takes. */
static void dagrt_bounds(const dag_input *input, int64_t *least, int64_t *largest) {
  *least = 0;
  *largest = 0;
  switch (input->array.type) {
  case DAG_BOOL: *largest = 1; break;
  case DAG_U8: *largest = UINT8_MAX; break;
  case DAG_I8: *least = INT8_MIN, *largest = INT8_MAX; break;
  case DAG_I32: *least = INT32_MIN, *largest = INT32_MAX; break;
  case DAG_I64: *least = INT64_MIN, *largest = INT64_MAX; break;
  case DAG_F32:
  case DAG_F64:
  case DAG_BF16:
  case DAG_F16: break;
  }
  if (input->least > input->greatest) return;
  if (input->least > *least) *least = input->least;
  if (input->greatest < *largest) *largest = input->greatest;
}

int dagrt_store(const dag_input *input, void *array, int64_t i, const dagrt_number *value) {
  dag_type type = input->array.type;
  if (type == DAG_F32) {
    if (fabs(value->real) > (double)FLT_MAX && !isinf(value->real)) return 0;
    float rounded = (float)value->real;
    if (value->exact && (double)rounded != value->real) return 0;
    ((float *)array)[i] = rounded;
    return 1;
  }
  if (type == DAG_BF16 || type == DAG_F16) {
    uint16_t bits = dagrt_to_half(type, value->real);
    if (isinf(dagrt_from_half(type, bits)) && !isinf(value->real)) return 0;
    ((uint16_t *)array)[i] = bits;
    return 1;
  }
  if (type == DAG_F64) {
    if (value->exact &&
        (!value->is_whole || value->whole > (1LL << 53) || value->whole < -(1LL << 53)))
      return 0;
    ((double *)array)[i] = value->real;
    return 1;
  }
  int64_t least, largest;
  dagrt_bounds(input, &least, &largest);
  if (!value->is_whole || value->whole < least || value->whole > largest) return 0;
  switch (type) {
  case DAG_BOOL:
  case DAG_U8: ((uint8_t *)array)[i] = (uint8_t)value->whole; break;
  case DAG_I8: ((int8_t *)array)[i] = (int8_t)value->whole; break;
  case DAG_I32: ((int32_t *)array)[i] = (int32_t)value->whole; break;
  case DAG_I64: ((int64_t *)array)[i] = value->whole; break;
  case DAG_F32:
  case DAG_F64:
  case DAG_BF16:
  case DAG_F16: break;
  }
  return 1;
}

const char *dagrt_accepts(const dag_input *input) {
  int64_t least, largest;
  dagrt_bounds(input, &least, &largest);
  if (dagrt_is_real(input->array.type))
    return dagrt_text("%s takes numbers that %s holds", input->array.name,
                      dagrt_type_name(input->array.type));
  return dagrt_text("%s takes whole numbers from %lld to %lld", input->array.name, (long long)least,
                    (long long)largest);
}
