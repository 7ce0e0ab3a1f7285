/* eval, and an export over all rows of its data. */
#include "runtime.h"
#include <stdlib.h>
#include <string.h>

int dagrt_eval(const dag_model *model, const dagrt_options *options) {
  dagrt_dataset set;
  dagrt_source *sources = dagrt_allocate((size_t)model->n_inputs, sizeof *sources);
  int valid = model->n_valid > 0;
  dagrt_sources(sources, model->inputs, model->n_inputs, model, valid ? model->valid : model->data,
                valid ? model->n_valid : model->n_data, options->data, options->n_data);
  dagrt_load(&set, model->inputs, model->n_inputs, 0, sources);
  uint64_t seed = options->has_seed ? options->seed : model->seed;
  void *memory = dagrt_model_make(model, seed);
  if (options->load != NULL)
    dagrt_restore_file(options->load, model, memory, DAGRT_LOAD, NULL);
  else
    dagrt_warn("without --load the params have their initial values");
  double *averages = dagrt_allocate((size_t)model->n_reports, sizeof *averages);
  dagrt_trial trial;
  dagrt_trial_begin(&trial, options->threads);
  dagrt_evaluate(model, memory, &set, seed, &trial, averages);
  for (int32_t i = 0; i < model->n_reports; i++)
    printf("%s %.9g\n", model->reports[i].name, averages[i]);
  if (fflush(stdout) != 0) dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "cannot write to standard output");
  free(averages);
  free(memory);
  free(sources);
  dagrt_dataset_free(&set);
  return DAGRT_DONE;
}

/* Kinds of files to write, by the ends of their names: NumPy's; numbers in columns; bytes as they
   are, which windows of text are read from. */
typedef enum dagrt_out_kind { DAGRT_OUT_NPY, DAGRT_OUT_CSV, DAGRT_OUT_TXT } dagrt_out_kind;

/* One output of an export on its way to a file. A row of the file is one row of the data. */
typedef struct dagrt_prediction {
  const dag_array *array;
  dagrt_output file;
  dagrt_out_kind kind;
  int64_t width; /* elements a row */
  void *values;  /* of one call */
} dagrt_prediction;

/* Whether all inputs and outputs share their leading size. */
static int dagrt_has_batch(const dag_export *e) {
  if (e->n_inputs == 0 || e->inputs[0].array.rank == 0) return 0;
  int64_t batch = e->inputs[0].array.shape[0];
  for (int32_t i = 0; i < e->n_inputs; i++)
    if (e->inputs[i].array.rank == 0 || e->inputs[i].array.shape[0] != batch) return 0;
  for (int32_t i = 0; i < e->n_outputs; i++)
    if (e->outputs[i].rank == 0 || e->outputs[i].shape[0] != batch) return 0;
  return 1;
}

/* bf16, which NumPy does not know, is written as f32. */
static const char *dagrt_npy_code(dag_type type) {
  switch (type) {
  case DAG_BOOL: return "|b1";
  case DAG_U8: return "|u1";
  case DAG_I8: return "|i1";
  case DAG_I32: return "<i4";
  case DAG_I64: return "<i8";
  case DAG_BF16:
  case DAG_F32: return "<f4";
  case DAG_F16: return "<f2";
  case DAG_F64: return "<f8";
  }
  return "?";
}

static void dagrt_npy_begin(dagrt_prediction *p, int64_t count, int whole) {
  char *shape = dagrt_text("%lld,", (long long)count);
  for (int32_t i = whole ? 0 : 1; i < p->array->rank; i++)
    shape = dagrt_text("%s %lld,", shape, (long long)p->array->shape[i]);
  char *text = dagrt_text("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                          dagrt_npy_code(p->array->type), shape);
  size_t length = (strlen(text) + 11 + 63) / 64 * 64 - 10; /* data begin at a multiple of 64 */
  char *header = dagrt_text("%-*s\n", (int)length - 1, text);
  unsigned char start[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  start[8] = (unsigned char)(length & 255);
  start[9] = (unsigned char)(length >> 8);
  dagrt_write(&p->file, start, sizeof start);
  dagrt_write(&p->file, header, length);
}

static void dagrt_csv_begin(dagrt_prediction *p) {
  for (int64_t i = 0; i < p->width; i++) {
    char *name = p->width == 1 ? dagrt_text("%s", p->array->name)
                               : dagrt_text("%s_%lld", p->array->name, (long long)i);
    dagrt_write(&p->file, name, strlen(name));
    dagrt_write(&p->file, i + 1 < p->width ? "," : "\n", 1);
    free(name);
  }
}

static void dagrt_prediction_floats(dagrt_prediction *p, int64_t n) {
  float *values = dagrt_allocate((size_t)n, sizeof *values);
  for (int64_t i = 0; i < n; i++) values[i] = (float)dagrt_value(p->array->type, p->values, i);
  dagrt_write(&p->file, values, (size_t)n * sizeof *values);
  free(values);
}

static void dagrt_prediction_rows(dagrt_prediction *p, int64_t rows) {
  if (p->kind == DAGRT_OUT_NPY && p->array->type == DAG_BF16) {
    dagrt_prediction_floats(p, rows * p->width);
    return;
  }
  if (p->kind != DAGRT_OUT_CSV) {
    dagrt_write(&p->file, p->values, (size_t)(rows * p->width) * dagrt_type_size(p->array->type));
    return;
  }
  for (int64_t i = 0; i < rows * p->width; i++) {
    char text[40];
    int n = p->array->type == DAG_I64
                ? snprintf(text, sizeof text, "%lld", (long long)((int64_t *)p->values)[i])
                : snprintf(text, sizeof text, "%.*g", p->array->type == DAG_F64 ? 17 : 10,
                           dagrt_value(p->array->type, p->values, i));
    text[n] = (i + 1) % p->width == 0 ? '\n' : ',';
    dagrt_write(&p->file, text, (size_t)n + 1);
  }
}

static const dag_export *dagrt_find_export(const dag_model *model, const char *name) {
  const char **names = dagrt_allocate((size_t)model->n_exports + 1, sizeof *names);
  const dag_export *found = NULL;
  for (int32_t i = 0; i < model->n_exports; i++) {
    names[i] = model->exports[i].name;
    if (name != NULL && strcmp(names[i], name) == 0) found = &model->exports[i];
  }
  if (name == NULL)
    dagrt_fail(DAGRT_BAD_USAGE, "the command info lists them", "predict takes an export's name");
  if (found == NULL)
    dagrt_fail_name(DAGRT_BAD_USAGE, "export", name, names, (size_t)model->n_exports);
  free(names);
  return found;
}

static dagrt_out_kind dagrt_find_out_kind(const char *path, const dag_array *array) {
  static const char *const ends[] = {".npy", ".csv", ".txt"}; /* in the order of the enum */
  size_t length = strlen(path), kind = 0;
  const char *end = length > 4 ? path + length - 4 : "";
  while (kind < 3 && strcmp(end, ends[kind]) != 0) kind++;
  if (kind == 3)
    dagrt_fail(DAGRT_BAD_USAGE, "name it .npy, .csv or .txt", "cannot tell the kind of '%s'", path);
  if (kind == DAGRT_OUT_TXT && array->type != DAG_U8)
    dagrt_fail(DAGRT_BAD_USAGE, "name it .npy or .csv", "%s is %s: only u8 is written as text",
               array->name, dagrt_shape_text(array));
  return (dagrt_out_kind)kind;
}

static void dagrt_prediction_paths(const dag_export *e, const dagrt_options *options,
                                   dagrt_prediction *predictions) {
  const char **names = dagrt_allocate((size_t)e->n_outputs, sizeof *names);
  for (int32_t i = 0; i < e->n_outputs; i++) names[i] = e->outputs[i].name;
  if (options->n_out == 0)
    dagrt_fail(DAGRT_BAD_USAGE, "give --out FILE.npy, FILE.csv or FILE.txt", "predict needs --out");
  for (int32_t g = 0; g < options->n_out; g++) {
    const dagrt_given *out = &options->out[g];
    int32_t i = 0;
    if (out->name == NULL && e->n_outputs > 1)
      dagrt_fail(DAGRT_BAD_USAGE, dagrt_text("say which: --out %s=%s", names[0], out->path),
                 "%s has %d outputs", e->name, e->n_outputs);
    while (out->name != NULL && i < e->n_outputs && strcmp(names[i], out->name) != 0) i++;
    if (i == e->n_outputs)
      dagrt_fail_name(DAGRT_BAD_USAGE, "output", out->name, names, (size_t)e->n_outputs);
    predictions[i].kind = dagrt_find_out_kind(out->path, &e->outputs[i]);
    dagrt_output_probe(out->path);
    predictions[i].file.path = out->path;
  }
  free(names);
}

static void dagrt_predict_data(dagrt_dataset *set, const dag_model *model, const dag_export *e,
                               const dagrt_options *options, int whole) {
  dagrt_source *sources = dagrt_allocate((size_t)e->n_inputs, sizeof *sources);
  dagrt_sources(sources, e->inputs, e->n_inputs, model, model->data, model->n_data, options->data,
                options->n_data);
  for (int32_t i = 0; i < e->n_inputs; i++) { /* the defaults serve for columns only */
    sources[i].given = 0;
    for (int32_t g = 0; g < options->n_data; g++)
      if (strcmp(options->data[g].name, e->inputs[i].array.name) == 0) sources[i].given = 1;
  }
  dagrt_load(set, e->inputs, e->n_inputs, whole, sources);
  free(sources);
}

static void dagrt_prediction_begin(dagrt_prediction *p, const dag_array *array, int64_t rows,
                                   int64_t batch, int whole) {
  p->array = array;
  p->width = dagrt_elements(array) / batch;
  p->values = dagrt_allocate((size_t)dagrt_elements(array), dagrt_type_size(array->type));
  if (p->file.path == NULL) return;
  dagrt_output_open(&p->file, p->file.path);
  switch (p->kind) {
  case DAGRT_OUT_NPY: dagrt_npy_begin(p, rows, whole); break;
  case DAGRT_OUT_CSV: dagrt_csv_begin(p); break;
  case DAGRT_OUT_TXT: break;
  }
}

/* Calls the export batch by batch. A ragged last batch is padded with copies of its first row, and
   the outputs' rows past its end are not written. */
static void dagrt_predict_rows(const dag_export *e, void *memory, const dagrt_dataset *set,
                               dagrt_prediction *predictions, uint64_t seed) {
  size_t n_outputs = (size_t)e->n_outputs;
  void **outputs = dagrt_allocate(n_outputs, sizeof *outputs);
  for (size_t i = 0; i < n_outputs; i++) outputs[i] = predictions[i].values;
  dagrt_batch batch;
  dagrt_batch_make(&batch, set);
  for (int64_t first = 0; first < set->count; first += set->batch) {
    int64_t rows = set->count - first < set->batch ? set->count - first : set->batch;
    dagrt_batch_range(&batch, set, first, rows);
    dagrt_call(e->call, e->inputs, memory, batch.inputs, outputs, seed);
    for (size_t i = 0; i < n_outputs; i++)
      if (predictions[i].file.stream != NULL) dagrt_prediction_rows(&predictions[i], rows);
  }
  dagrt_batch_free(&batch, set);
  free(outputs);
}

int dagrt_predict(const dag_model *model, const dagrt_options *options) {
  const dag_export *e = dagrt_find_export(model, options->export_name);
  size_t n_outputs = (size_t)e->n_outputs;
  dagrt_prediction *predictions = dagrt_allocate(n_outputs, sizeof *predictions);
  dagrt_prediction_paths(e, options, predictions);
  /* Without training nothing says what a batch is: a leading size may be a vector's length. */
  int whole = options->whole || model->batch == 0 || !dagrt_has_batch(e);
  dagrt_dataset set;
  dagrt_predict_data(&set, model, e, options, whole);
  uint64_t seed = options->has_seed ? options->seed : model->seed;
  void *memory = dagrt_model_make(model, seed);
  if (options->load != NULL)
    dagrt_restore_file(options->load, model, memory, DAGRT_LOAD, NULL);
  else if (model->n_tensors > 0)
    dagrt_warn("without --load the params have their initial values");
  for (size_t i = 0; i < n_outputs; i++)
    dagrt_prediction_begin(&predictions[i], &e->outputs[i], set.count, set.batch, whole);
  dagrt_predict_rows(e, memory, &set, predictions, seed);
  for (size_t i = 0; i < n_outputs; i++) {
    if (predictions[i].file.stream != NULL) dagrt_output_commit(&predictions[i].file);
    free(predictions[i].values);
  }
  dagrt_dataset_free(&set);
  free(memory);
  free(predictions);
  return DAGRT_DONE;
}
