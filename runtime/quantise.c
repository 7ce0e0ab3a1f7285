/* Weights that a model keeps in eight bits, from a file that has them as reals: integers of -127 to
   127 times a factor for each channel, which the model keeps in `<name>.scale`. The axes that are
   no channels have size 1 there. */
#include "runtime.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const dag_tensor *dagrt_scale_of(const dag_model *model, const dag_tensor *weights) {
  size_t length = strlen(weights->array.name);
  for (int32_t i = 0; i < model->n_tensors && weights->array.type == DAG_I8; i++) {
    const dag_array *other = &model->tensors[i].array;
    if (strncmp(other->name, weights->array.name, length) == 0 &&
        strcmp(other->name + length, ".scale") == 0 && other->rank == weights->array.rank)
      return &model->tensors[i];
  }
  return NULL;
}

/* The factor's place for an element of the weights. */
static int64_t dagrt_channel(const dag_array *weights, const dag_array *scale, int64_t element) {
  int64_t place = 0, stride = 1;
  for (int32_t i = weights->rank - 1; i >= 0; i--) {
    if (scale->shape[i] > 1) place += stride * (element % weights->shape[i]);
    stride *= scale->shape[i];
    element /= weights->shape[i];
  }
  return place;
}

void dagrt_quantise(const dag_tensor *weights, const dag_tensor *scale, void *memory, dag_type type,
                    const void *values) {
  int64_t n = dagrt_elements(&weights->array), n_scales = dagrt_elements(&scale->array);
  double *largest = dagrt_allocate((size_t)n_scales, sizeof *largest);
  void *factors = dagrt_allocate((size_t)n_scales, sizeof(double));
  int8_t *integers = dagrt_allocate((size_t)n, 1);
  for (int64_t i = 0; i < n; i++) {
    double *of = &largest[dagrt_channel(&weights->array, &scale->array, i)];
    *of = fmax(*of, fabs(dagrt_value(type, values, i)));
  }
  for (int64_t c = 0; c < n_scales; c++) {
    largest[c] = largest[c] > 0 ? largest[c] / 127 : 1;
    dagrt_set_real(scale->array.type, factors, c, largest[c]);
  }
  for (int64_t i = 0; i < n; i++) {
    double factor = largest[dagrt_channel(&weights->array, &scale->array, i)];
    integers[i] = (int8_t)nearbyint(dagrt_value(type, values, i) / factor);
  }
  dagrt_tensor_set(weights, memory, integers);
  dagrt_tensor_set(scale, memory, factors);
  free(integers);
  free(factors);
  free(largest);
}
