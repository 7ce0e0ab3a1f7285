/* Figures of an array, as a trace and a report of a NaN show them. */
#include "runtime.h"
#include <math.h>

const char *dagrt_role_name(dag_role role) {
  switch (role) {
  case DAG_INPUT: return "input";
  case DAG_PARAM: return "param";
  case DAG_STATE: return "state";
  case DAG_ACTIVATION: return "activation";
  case DAG_ADJOINT: return "adjoint";
  case DAG_UPDATE: return "update";
  }
  return "?";
}

static void dagrt_count(dagrt_statistics *s, double x) {
  s->elements++;
  if (isnan(x)) {
    s->nans++;
  } else if (isinf(x)) {
    s->infinities++;
  } else {
    s->zeros += x == 0;
    s->mean += x; /* the sum, up to the end */
    if (!(s->least <= x)) s->least = x;
    if (!(s->greatest >= x)) s->greatest = x;
  }
}

static int64_t dagrt_stride(const dag_value *value, int32_t axis) {
  int64_t stride = 1;
  if (value->strides != NULL) return value->strides[axis];
  for (int32_t i = axis + 1; i < value->array.rank; i++) stride *= value->array.shape[i];
  return stride;
}

/* The elements from place `at` on whose first indices are fixed. */
static void dagrt_count_axis(dagrt_statistics *s, const dag_value *value, const void *array,
                             int32_t axis, int64_t at) {
  const dag_array *a = &value->array;
  int64_t stride = dagrt_stride(value, axis);
  for (int64_t i = 0; i < a->shape[axis]; i++, at += stride)
    if (axis + 1 == a->rank)
      dagrt_count(s, dagrt_value(a->type, array, at));
    else
      dagrt_count_axis(s, value, array, axis + 1, at);
}

dagrt_statistics dagrt_statistics_of(const dag_value *value, const void *array) {
  dagrt_statistics s = {.least = NAN, .greatest = NAN};
  if (value->array.rank == 0)
    dagrt_count(&s, dagrt_value(value->array.type, array, 0));
  else
    dagrt_count_axis(&s, value, array, 0, 0);
  int64_t finite = s.elements - s.nans - s.infinities;
  s.mean = finite > 0 ? s.mean / (double)finite : NAN;
  return s;
}
