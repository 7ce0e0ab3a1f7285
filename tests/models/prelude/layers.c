/* The prelude's layers and losses against PyTorch's values and derivatives, in f64. */
#include "layers.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "layers-reference.h"

static layers model;

static int64_t size_of(const dag_array *array) {
  int64_t size = 1;
  for (int i = 0; i < array->rank; i++) size *= array->shape[i];
  return size;
}

/* fill and integers of torch_peer.py: the same numbers on both sides. */
static void fill(double *values, const dag_array *array) {
  int64_t salt = 0, size = size_of(array);
  for (const char *c = array->name; *c != 0; c++) salt += *c;
  for (int64_t i = 0; i < size; i++) values[i] = (double)((37 * i + 11 * salt) % 101 - 50) / 64;
}

/* A param, wherever its elements lie. */
static void fill_tensor(const dag_tensor *t) {
  double *to = (double *)((char *)&model + t->offset);
  if (t->strides == NULL) {
    fill(to, &t->array);
    return;
  }
  int64_t size = size_of(&t->array);
  double *rows = malloc((size_t)size * sizeof(double));
  if (rows == NULL) exit(1);
  fill(rows, &t->array);
  for (int64_t k = 0; k < size; k++) {
    int64_t place = 0, rest = k;
    for (int i = t->array.rank; i-- > 0; rest /= t->array.shape[i])
      place += rest % t->array.shape[i] * t->strides[i];
    to[place] = rows[k];
  }
  free(rows);
}

static void integers(int32_t *values, const dag_array *array) {
  bool labels = strcmp(array->name, "labels") == 0, count = strcmp(array->name, "count") == 0;
  for (int64_t i = 0; i < size_of(array); i++) {
    int32_t value = (int32_t)(5 * i % 7);
    values[i] = labels ? value / 3 + 1 : count ? value % 4 : value;
  }
}

static void *input(const dag_input *in) {
  int64_t size = size_of(&in->array);
  void *data = malloc((size_t)size * sizeof(double));
  if (data == NULL) exit(1);
  if (in->array.type == DAG_F64) fill(data, &in->array);
  if (in->array.type == DAG_I32) integers(data, &in->array);
  return data;
}

static const figure *expected(const char *name, int output) {
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
    if (strcmp(figures[i].name, name) == 0 && figures[i].output == output) return &figures[i];
  return NULL;
}

/* Relative to the largest number of the array: sums of many terms round by that measure. */
static int compare(const char *name, int output, const double *got, int64_t size) {
  const figure *f = expected(name, output);
  if (f == NULL || f->size != size) {
    fprintf(stderr, "%s, result %d: PyTorch has no %lld numbers\n", name, output, (long long)size);
    return 1;
  }
  double largest = 0;
  for (int64_t i = 0; i < size; i++) largest = fmax(largest, fabs(f->values[i]));
  for (int64_t i = 0; i < size; i++) {
    if (fabs(got[i] - f->values[i]) <= 1e-13 * largest) continue;
    fprintf(stderr, "%s, result %d: number %lld is %.17g, PyTorch has %.17g\n", name, output,
            (long long)i, got[i], f->values[i]);
    return 1;
  }
  return 0;
}

static int check(const dag_export *e) {
  const void *inputs[8];
  void *outputs[16];
  for (int i = 0; i < e->n_inputs; i++) inputs[i] = input(&e->inputs[i]);
  for (int i = 0; i < e->n_outputs; i++) {
    outputs[i] = malloc((size_t)size_of(&e->outputs[i]) * sizeof(double));
    if (outputs[i] == NULL) exit(1);
  }
  int failures = e->call(&model, inputs, outputs, 0) != 0;
  if (failures) fprintf(stderr, "%s: refused its input\n", e->name);
  for (int i = 0; i < e->n_outputs && !failures; i++)
    failures += compare(e->name, i, outputs[i], size_of(&e->outputs[i]));
  for (int i = 0; i < e->n_inputs; i++) free((void *)(uintptr_t)inputs[i]);
  for (int i = 0; i < e->n_outputs; i++) free(outputs[i]);
  return failures;
}

int main(void) {
  const dag_model *m = &layers_model;
  layers_init(&model, 0);
  for (int i = 0; i < m->n_tensors; i++)
    if (m->tensors[i].is_param) fill_tensor(&m->tensors[i]);
  int failures = 0, results = 0;
  for (int i = 0; i < m->n_exports; i++) {
    failures += check(&m->exports[i]);
    results += m->exports[i].n_outputs;
  }
  if (results != sizeof figures / sizeof *figures) {
    fprintf(stderr, "%d results, PyTorch has %zu\n", results, sizeof figures / sizeof *figures);
    failures++;
  }
  return failures != 0;
}
