#include "runtime.h"

static void dagrt_info_sources(const dag_model *model, const char *what, const dag_source *sources,
                               int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    const dag_source *s = &sources[i];
    printf("%s %s = %s", what, model->inputs[s->input].array.name, s->path);
    if (s->kind == DAG_CSV)
      printf("[%lld:%lld]", (long long)s->first_column, (long long)s->last_column);
    if (s->kind == DAG_WINDOWS) printf(" in windows of %lld bytes", (long long)s->window);
    putchar('\n');
  }
}

static void dagrt_info_inputs(const char *what, const dag_input *inputs, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    printf("%s %s: %s", what, inputs[i].array.name, dagrt_shape_text(&inputs[i].array));
    if (inputs[i].least <= inputs[i].greatest)
      printf(", from %lld to %lld", (long long)inputs[i].least, (long long)inputs[i].greatest);
    putchar('\n');
  }
}

int dagrt_info(const dag_model *model, const dagrt_options *options) {
  (void)options;
  int64_t counts[2] = {0, 0};
  size_t bytes[2] = {0, 0};
  printf("model %s\n", model->name);
  for (int32_t i = 0; i < model->n_tensors; i++) {
    const dag_tensor *tensor = &model->tensors[i];
    int kind = tensor->is_param ? 0 : 1;
    counts[kind] += dagrt_elements(&tensor->array);
    bytes[kind] += dagrt_tensor_bytes(tensor);
    printf("%s %s: %s\n", kind == 0 ? "param" : "state", tensor->array.name,
           dagrt_shape_text(&tensor->array));
  }
  printf("params: %lld numbers, %zu bytes\n", (long long)counts[0], bytes[0]);
  printf("states: %lld numbers, %zu bytes\n", (long long)counts[1], bytes[1]);
  printf("memory: %zu bytes, of them workspace %zu\n", model->size, model->workspace_bytes);
  if (model->step != NULL) printf("batch: %lld\n", (long long)model->batch);
  dagrt_info_inputs("input", model->inputs, model->n_inputs);
  for (int32_t i = 0; i < model->n_reports; i++)
    printf("%s %s: %s\n", i == 0 ? "loss" : "report", model->reports[i].name,
           dagrt_shape_text(&model->reports[i]));
  dagrt_info_sources(model, "data", model->data, model->n_data);
  dagrt_info_sources(model, "valid", model->valid, model->n_valid);
  for (int32_t i = 0; i < model->n_exports; i++) {
    const dag_export *e = &model->exports[i];
    printf("export %s\n", e->name);
    dagrt_info_inputs("  input", e->inputs, e->n_inputs);
    for (int32_t k = 0; k < e->n_outputs; k++)
      printf("  output %s: %s\n", e->outputs[k].name, dagrt_shape_text(&e->outputs[k]));
  }
  if (fflush(stdout) != 0) dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "cannot write to standard output");
  return DAGRT_DONE;
}
