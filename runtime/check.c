/* What can be told of a compiled model from outside, on the first batch of its data. Derivatives
   are not visible here (`dagc check` compares them with finite differences); this checks that
     - init, eval and step repeat bit for bit, and eval changes no param or state;
     - the loss and what a step leaves are finite, and the step counter goes up by one;
     - and tells whether the loss reads each input and each param, and its slope along the step. */
#include "runtime.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct dagrt_checker {
  const dag_model *model;
  uint64_t seed;
  void *memory, *start, *other; /* start: as initialised */
  dagrt_dataset set;
  dagrt_batch batch;
  dagrt_reports reports;
  int failures;
} dagrt_checker;

static void dagrt_checked(dagrt_checker *c, int good, const char *what) {
  printf("%s  %s\n", good ? "ok    " : "FAILED", what);
  c->failures += !good;
}

static int dagrt_same_tensors(const dag_model *model, void *a, void *b) {
  for (int32_t i = 0; i < model->n_tensors; i++)
    if (memcmp(dagrt_tensor(&model->tensors[i], a), dagrt_tensor(&model->tensors[i], b),
               dagrt_tensor_bytes(&model->tensors[i])) != 0)
      return 0;
  return dagrt_model_step(model, a) == dagrt_model_step(model, b);
}

static double dagrt_check_loss(dagrt_checker *c, void *memory) {
  dagrt_call(c->model->eval, c->model->inputs, memory, c->batch.inputs, c->reports.outputs,
             c->seed);
  return dagrt_report(&c->reports, 0);
}

static int dagrt_finite_tensors(const dag_model *model, void *memory) {
  for (int32_t i = 0; i < model->n_tensors; i++) {
    const dag_tensor *tensor = &model->tensors[i];
    for (int64_t k = 0; k < dagrt_elements(&tensor->array); k++)
      if (!isfinite(dagrt_value(tensor->array.type, dagrt_tensor(tensor, memory), k))) return 0;
  }
  return 1;
}

static void dagrt_check_eval(dagrt_checker *c) {
  size_t n = (size_t)c->model->n_reports;
  double *first = dagrt_allocate(n, sizeof *first);
  double loss = dagrt_check_loss(c, c->memory);
  for (size_t i = 0; i < n; i++) first[i] = dagrt_report(&c->reports, (int32_t)i);
  dagrt_check_loss(c, c->memory);
  int same = 1;
  for (size_t i = 0; i < n; i++) {
    double again = dagrt_report(&c->reports, (int32_t)i);
    same = same && memcmp(&first[i], &again, sizeof again) == 0;
  }
  dagrt_checked(c, same, "eval repeats bit for bit");
  dagrt_checked(c, dagrt_same_tensors(c->model, c->memory, c->start), "eval changes nothing");
  dagrt_checked(c, isfinite(loss), dagrt_text("the loss is finite: %.9g", loss));
  free(first);
}

/* p += t (q - p), elementwise over the real params; q - p is the step. */
static void dagrt_move(const dag_model *model, void *to, void *p, void *q, double t) {
  for (int32_t i = 0; i < model->n_tensors; i++) {
    const dag_tensor *tensor = &model->tensors[i];
    dag_type type = tensor->array.type;
    if (!tensor->is_param || !dagrt_is_real(type)) continue;
    for (int64_t k = 0; k < dagrt_elements(&tensor->array); k++) {
      double a = dagrt_value(type, dagrt_tensor(tensor, p), k);
      double moved = a + t * (dagrt_value(type, dagrt_tensor(tensor, q), k) - a);
      dagrt_set_real(type, dagrt_tensor(tensor, to), k, moved);
    }
  }
}

static void dagrt_check_step(dagrt_checker *c) {
  const dag_model *model = c->model;
  for (int pass = 0; pass < 2; pass++)
    dagrt_call(model->step, model->inputs, pass == 0 ? c->memory : c->other, c->batch.inputs,
               c->reports.outputs, c->seed);
  dagrt_checked(c, dagrt_same_tensors(model, c->memory, c->other), "step repeats bit for bit");
  dagrt_checked(c, dagrt_model_step(model, c->memory) == 1, "step counts itself");
  dagrt_checked(c, isfinite(dagrt_report(&c->reports, 0)) && dagrt_finite_tensors(model, c->memory),
                "a step's loss, params and states are finite");
  dagrt_move(model, c->other, c->start, c->memory, 0.5);
  double ahead = dagrt_check_loss(c, c->other);
  dagrt_move(model, c->other, c->start, c->memory, -0.5);
  double behind = dagrt_check_loss(c, c->other);
  printf("note    the loss changes by %.3g along the first step (central difference)\n",
         ahead - behind);
}

/* Whether the loss moves when an input's rows, or all of a param, do. */
static void dagrt_check_reads(dagrt_checker *c) {
  const dag_model *model = c->model;
  double loss = dagrt_check_loss(c, c->start);
  for (int32_t i = 0; i < model->n_inputs; i++) {
    const dagrt_rows *rows = &c->set.rows[i];
    for (int64_t b = 0; b < c->set.batch; b++)
      dagrt_row_copy(rows, (b + 1) % c->set.count,
                     c->batch.buffers[i] + (size_t)b * rows->row_bytes);
    if (dagrt_check_loss(c, c->start) == loss)
      printf("note    the loss is the same with other rows of the input %s\n",
             model->inputs[i].array.name);
    dagrt_batch_range(&c->batch, &c->set, 0, c->set.batch);
  }
  for (int32_t i = 0; i < model->n_tensors; i++) {
    const dag_tensor *tensor = &model->tensors[i];
    dag_type type = tensor->array.type;
    if (!tensor->is_param || !dagrt_is_real(type)) continue;
    void *values = dagrt_tensor(tensor, c->start);
    size_t bytes = dagrt_tensor_bytes(tensor);
    void *kept = memcpy(dagrt_allocate(bytes, 1), values, bytes);
    for (int64_t k = 0; k < dagrt_elements(&tensor->array); k++)
      dagrt_set_real(type, values, k, dagrt_value(type, values, k) + 0.01 * (double)(k % 7 + 1));
    if (dagrt_check_loss(c, c->start) == loss)
      printf("note    the loss is the same when the param %s is moved\n", tensor->array.name);
    memcpy(values, kept, bytes);
    free(kept);
  }
}

int dagrt_check(const dag_model *model, const dagrt_options *options) {
  dagrt_checker c = {.model = model, .seed = options->has_seed ? options->seed : model->seed};
  dagrt_source *sources = dagrt_allocate((size_t)model->n_inputs, sizeof *sources);
  dagrt_sources(sources, model->inputs, model->n_inputs, model, model->data, model->n_data,
                options->data, options->n_data);
  dagrt_load(&c.set, model->inputs, model->n_inputs, 0, sources);
  c.memory = dagrt_model_make(model, c.seed);
  c.start = dagrt_model_make(model, c.seed);
  c.other = dagrt_model_make(model, c.seed);
  dagrt_batch_make(&c.batch, &c.set);
  dagrt_reports_make(&c.reports, model);
  dagrt_batch_range(&c.batch, &c.set, 0, c.set.count < c.set.batch ? c.set.count : c.set.batch);
  dagrt_checked(&c, dagrt_same_tensors(model, c.memory, c.start), "init repeats bit for bit");
  dagrt_check_eval(&c);
  dagrt_check_step(&c);
  dagrt_check_reads(&c);
  dagrt_batch_free(&c.batch, &c.set);
  dagrt_reports_free(&c.reports);
  dagrt_dataset_free(&c.set);
  free(c.memory);
  free(c.start);
  free(c.other);
  free(sources);
  return c.failures == 0 ? DAGRT_DONE : DAGRT_BAD_DATA;
}
