#include "runtime.h"
#include <stdlib.h>
#include <string.h>
#ifndef __wasi__
#include <sys/mman.h>
#endif

/* Large memory begins where a large page of the system may, and asks for those: fewer misses of the
   page table, and what just fits into a cache stays there, as its pieces fall on the lines evenly.
   Of the only page a quarter is used at least; of several, all: memory is not made larger for them.
 */
static void *dagrt_aligned(size_t alignment, size_t bytes) {
  enum { DAGRT_LARGE_PAGE = 2 << 20, DAGRT_LEAST = DAGRT_LARGE_PAGE / 4 };
  void *memory = NULL;
  size_t large = bytes / DAGRT_LARGE_PAGE;
  if (large == 0 && bytes >= DAGRT_LEAST) large = 1;
  if (large > 0 && alignment < DAGRT_LARGE_PAGE) alignment = DAGRT_LARGE_PAGE;
  if (bytes < large * DAGRT_LARGE_PAGE) bytes = large * DAGRT_LARGE_PAGE;
  if (posix_memalign(&memory, alignment, bytes) != 0) return NULL;
#ifdef MADV_HUGEPAGE
  if (large > 0) (void)madvise(memory, large * DAGRT_LARGE_PAGE, MADV_HUGEPAGE);
#endif
  return memory;
}

void *dagrt_model_make(const dag_model *model, uint64_t seed) {
  void *memory = dagrt_aligned(model->alignment < 64 ? 64 : model->alignment, model->size);
  if (memory == NULL)
    dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "out of memory: the model needs %zu bytes", model->size);
  memset(memory, 0, model->size);
  model->init(memory, seed);
  dagrt_model_set(model, memory, 0, seed);
  return memory;
}

int64_t dagrt_model_step(const dag_model *model, const void *memory) {
  int64_t step;
  memcpy(&step, (const char *)memory + model->step_offset, sizeof step);
  return step;
}

void dagrt_model_set(const dag_model *model, void *memory, int64_t step, uint64_t seed) {
  memcpy((char *)memory + model->step_offset, &step, sizeof step);
  memcpy((char *)memory + model->seed_offset, &seed, sizeof seed);
}

void *dagrt_tensor(const dag_tensor *tensor, void *memory) {
  return (char *)memory + tensor->offset;
}

size_t dagrt_tensor_bytes(const dag_tensor *tensor) {
  return (size_t)dagrt_elements(&tensor->array) * dagrt_type_size(tensor->array.type);
}

/* Where element k, counted row-major, is. */
static int64_t dagrt_place(const dag_tensor *tensor, int64_t k) {
  int64_t place = 0;
  for (int32_t i = tensor->array.rank; i-- > 0; k /= tensor->array.shape[i])
    place += k % tensor->array.shape[i] * tensor->strides[i];
  return place;
}

void dagrt_tensor_get(const dag_tensor *tensor, void *memory, void *rows) {
  const char *from = dagrt_tensor(tensor, memory);
  size_t size = dagrt_type_size(tensor->array.type);
  if (tensor->strides == NULL) {
    memcpy(rows, from, dagrt_tensor_bytes(tensor));
    return;
  }
  for (int64_t k = 0; k < dagrt_elements(&tensor->array); k++)
    memcpy((char *)rows + (size_t)k * size, from + (size_t)dagrt_place(tensor, k) * size, size);
}

void dagrt_tensor_set(const dag_tensor *tensor, void *memory, const void *rows) {
  char *to = dagrt_tensor(tensor, memory);
  size_t size = dagrt_type_size(tensor->array.type);
  if (tensor->strides == NULL) {
    memcpy(to, rows, dagrt_tensor_bytes(tensor));
    return;
  }
  for (int64_t k = 0; k < dagrt_elements(&tensor->array); k++)
    memcpy(to + (size_t)dagrt_place(tensor, k) * size, (const char *)rows + (size_t)k * size, size);
}

void dagrt_call(dag_call *call, const dag_input *inputs, void *memory, const void *const *in,
                void *const *out, uint64_t seed) {
  int code = call(memory, in, out, seed);
  if (code != 0)
    dagrt_fail(DAGRT_BAD_DATA, NULL, "the input %s holds an index out of range",
               inputs[code - 1].array.name);
}

void dagrt_reports_make(dagrt_reports *reports, const dag_model *model) {
  size_t n = (size_t)model->n_reports;
  reports->model = model;
  reports->storage = dagrt_allocate(n, sizeof *reports->storage);
  reports->outputs = dagrt_allocate(n, sizeof *reports->outputs);
  for (size_t i = 0; i < n; i++) reports->outputs[i] = &reports->storage[i];
}

void dagrt_reports_free(dagrt_reports *reports) {
  free(reports->storage);
  free(reports->outputs);
}

double dagrt_report(const dagrt_reports *reports, int32_t i) {
  return dagrt_value(reports->model->reports[i].type, reports->outputs[i], 0);
}

/* Reports are means over the B rows of a batch. With L1 of r rows padded by copies of the first,
   and L0 of a batch of that row alone, B L1 = (sum over the r rows) + (B - r) L0; hence their mean
   is (B L1 - (B - r) L0) / r. */
void dagrt_evaluate(const dag_model *model, void *memory, const dagrt_dataset *set, uint64_t seed,
                    dagrt_trial *trial, double *averages) {
  dagrt_reports reports;
  dagrt_batch batch;
  dagrt_reports_make(&reports, model);
  dagrt_batch_make(&batch, set);
  for (int32_t k = 0; k < model->n_reports; k++) averages[k] = 0;
  double size = (double)set->batch;
  int64_t ragged = set->count % set->batch, whole = set->count - ragged;
  for (int64_t first = 0; first < whole; first += set->batch) {
    if (trial != NULL) dagrt_trial_step(trial);
    for (int32_t i = 0; i < set->n; i++) {
      const dagrt_rows *rows = &set->rows[i];
      batch.inputs[i] = rows->data + (size_t)first * rows->row_bytes;
      if (!rows->in_bytes) continue;
      batch.inputs[i] = batch.buffers[i];
      for (int64_t b = 0; b < set->batch; b++)
        dagrt_row_copy(rows, first + b, batch.buffers[i] + (size_t)b * rows->row_bytes);
    }
    dagrt_call(model->eval, model->inputs, memory, batch.inputs, reports.outputs, seed);
    for (int32_t k = 0; k < model->n_reports; k++) averages[k] += size * dagrt_report(&reports, k);
  }
  for (int32_t i = 0; i < set->n; i++) batch.inputs[i] = batch.buffers[i];
  for (int pass = 0; ragged > 0 && pass < 2; pass++) {
    dagrt_batch_range(&batch, set, whole, pass == 0 ? ragged : 1);
    dagrt_call(model->eval, model->inputs, memory, batch.inputs, reports.outputs, seed);
    double weight = pass == 0 ? size : -(size - (double)ragged);
    for (int32_t k = 0; k < model->n_reports; k++)
      averages[k] += weight * dagrt_report(&reports, k);
  }
  for (int32_t k = 0; k < model->n_reports; k++) averages[k] /= (double)set->count;
  dagrt_batch_free(&batch, set);
  dagrt_reports_free(&reports);
}
