/* A dag_model written by hand: z = W x + b over 2 columns, mean squared error, SGD with momentum.
   The batch is 4. labels_model: a u8 label with a limit, whose mean is learnt. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "dag_model.h"

enum { B = 4, D = 2, CLASSES = 3 };
typedef struct linear {
  float W[D], b, mW[D], mb;
  int64_t step;
  uint64_t seed;
} linear;

static void linear_init(void *model, uint64_t seed) {
  linear *m = model;
  memset(m, 0, sizeof *m);
  for (int i = 0; i < D; i++) m->W[i] = 0.01f * (float)(seed % 100) + 0.1f * (float)i;
  m->seed = seed;
}

static float linear_row(const linear *m, const float *x) {
  return m->W[0] * x[0] + m->W[1] * x[1] + m->b;
}

static int linear_eval(void *model, const void *const *inputs, void *const *outputs,
                       uint64_t seed) {
  (void)seed;
  const linear *m = model;
  const float *x = inputs[0], *y = inputs[1];
  float loss = 0, bias = 0;
  for (int i = 0; i < B; i++) {
    float e = linear_row(m, x + i * D) - y[i];
    loss += e * e / B;
    bias += e / B;
  }
  *(float *)outputs[0] = loss;
  *(float *)outputs[1] = bias;
  return 0;
}

static int linear_step(void *model, const void *const *inputs, void *const *outputs,
                       uint64_t seed) {
  linear *m = model;
  const float *x = inputs[0], *y = inputs[1];
  float gW[D] = {0}, gb = 0;
  linear_eval(model, inputs, outputs, seed);
  for (int i = 0; i < B; i++) {
    float e = 2 * (linear_row(m, x + i * D) - y[i]) / B;
    for (int d = 0; d < D; d++) gW[d] += e * x[i * D + d];
    gb += e;
  }
  for (int d = 0; d < D; d++) m->W[d] -= 0.05f * (m->mW[d] = 0.5f * m->mW[d] + gW[d]);
  m->b -= 0.05f * (m->mb = 0.5f * m->mb + gb);
  m->step++;
  return 0;
}

static int linear_predict(void *model, const void *const *inputs, void *const *outputs,
                          uint64_t seed) {
  (void)seed;
  for (int i = 0; i < B; i++)
    ((float *)outputs[0])[i] = linear_row(model, (const float *)inputs[0] + i * D);
  return 0;
}

static const int64_t shape_B[] = {B}, shape_BD[] = {B, D}, shape_D[] = {D};
static const dag_tensor linear_tensors[] = {
    {{"W", DAG_F32, 1, shape_D}, offsetof(linear, W), 1, NULL},
    {{"b", DAG_F32, 0, NULL}, offsetof(linear, b), 1, NULL},
    {{"momentum.W", DAG_F32, 1, shape_D}, offsetof(linear, mW), 0, NULL},
    {{"momentum.b", DAG_F32, 0, NULL}, offsetof(linear, mb), 0, NULL}};
static const dag_input linear_inputs[] = {{{"x", DAG_F32, 2, shape_BD}, 0, -1},
                                          {{"y", DAG_F32, 1, shape_B}, 0, -1}};
static const dag_array linear_reports[] = {{"loss", DAG_F32, 0, NULL}, {"bias", DAG_F32, 0, NULL}};
static const dag_array linear_outputs[] = {{"z", DAG_F32, 1, shape_B}};
static const dag_source linear_data[] = {{0, DAG_CSV, "train.csv", 1, 3, 0},
                                         {1, DAG_CSV, "train.csv", 0, 1, 0}};
static const dag_export linear_exports[] = {
    {"apply", linear_inputs, 1, linear_outputs, 1, 0, linear_predict}};
static const dag_model linear_model = {.version = DAG_MODEL_VERSION,
                                       .name = "linear",
                                       .size = sizeof(linear),
                                       .alignment = 64,
                                       .tensors = linear_tensors,
                                       .n_tensors = 4,
                                       .step_offset = offsetof(linear, step),
                                       .seed_offset = offsetof(linear, seed),
                                       .init = linear_init,
                                       .inputs = linear_inputs,
                                       .n_inputs = 2,
                                       .reports = linear_reports,
                                       .n_reports = 2,
                                       .step = linear_step,
                                       .eval = linear_eval,
                                       .batch = B,
                                       .epochs = 3,
                                       .seed = 7,
                                       .data = linear_data,
                                       .n_data = 2,
                                       .exports = linear_exports,
                                       .n_exports = 1};

typedef struct labels {
  double mean;
  int64_t step;
  uint64_t seed;
} labels;

static void labels_init(void *model, uint64_t seed) {
  labels *m = model;
  *m = (labels){.seed = seed};
}

static int labels_eval(void *model, const void *const *inputs, void *const *outputs,
                       uint64_t seed) {
  (void)seed;
  const uint8_t *y = inputs[0];
  double loss = 0;
  for (int i = 0; i < B; i++) {
    if (y[i] >= CLASSES) return 1;
    loss += pow(((labels *)model)->mean - y[i], 2) / B;
  }
  *(double *)outputs[0] = loss;
  return 0;
}

static int labels_step(void *model, const void *const *inputs, void *const *outputs,
                       uint64_t seed) {
  labels *m = model;
  int code = labels_eval(model, inputs, outputs, seed);
  if (code != 0) return code;
  double gradient = 0;
  for (int i = 0; i < B; i++) gradient += 2 * (m->mean - ((const uint8_t *)inputs[0])[i]) / B;
  m->mean -= 0.1 * gradient;
  m->step++;
  return 0;
}

static int labels_copy(void *model, const void *const *inputs, void *const *outputs,
                       uint64_t seed) {
  (void)model, (void)seed;
  for (int i = 0; i < B; i++) ((uint8_t *)outputs[0])[i] = ((const uint8_t *)inputs[0])[i];
  return 0;
}

static const dag_tensor labels_tensors[] = {
    {{"mean", DAG_F64, 0, NULL}, offsetof(labels, mean), 1, NULL}};
static const dag_input labels_inputs[] = {{{"y", DAG_U8, 1, shape_B}, 0, CLASSES - 1}};
static const dag_array labels_reports[] = {{"loss", DAG_F64, 0, NULL}};
static const dag_source labels_data[] = {{0, DAG_CSV, "labels.csv", 0, -1, 0}};
static const dag_array labels_outputs[] = {{"same", DAG_U8, 1, shape_B}};
static const dag_export labels_exports[] = {
    {"copy", labels_inputs, 1, labels_outputs, 1, 0, labels_copy}};
static const dag_model labels_model = {.version = DAG_MODEL_VERSION,
                                       .name = "labels",
                                       .size = sizeof(labels),
                                       .alignment = 64,
                                       .tensors = labels_tensors,
                                       .n_tensors = 1,
                                       .step_offset = offsetof(labels, step),
                                       .seed_offset = offsetof(labels, seed),
                                       .init = labels_init,
                                       .inputs = labels_inputs,
                                       .n_inputs = 1,
                                       .reports = labels_reports,
                                       .n_reports = 1,
                                       .step = labels_step,
                                       .eval = labels_eval,
                                       .batch = B,
                                       .data = labels_data,
                                       .n_data = 1,
                                       .exports = labels_exports,
                                       .n_exports = 1};

/* Which of the two models follows from the program's name. */
int main(int argc, char **argv) {
  return dag_main(strstr(argv[0], "labels") != NULL ? &labels_model : &linear_model, argc, argv);
}
