#include "runtime.h"
#include <stdlib.h>
#include <string.h>

/* The kind that a name tells, with or without .gz. Returns 0 when it tells none. */
static int dagrt_kind_of(const char *path, dag_source_kind *kind) {
  size_t length = strlen(path);
  if (length > 3 && strcmp(path + length - 3, ".gz") == 0) length -= 3;
  static const struct {
    const char *end;
    dag_source_kind kind;
  } table[] = {{".csv", DAG_CSV}, {".npy", DAG_NPY}, {".idx", DAG_IDX}, {".txt", DAG_WINDOWS}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (length > 4 && strncmp(path + length - 4, table[i].end, 4) == 0) {
      *kind = table[i].kind;
      return 1;
    }
  return 0;
}

static void dagrt_apply_given(dagrt_source *source, const dagrt_given *given) {
  dag_source_kind kind;
  if (dagrt_kind_of(given->path, &kind))
    source->kind = kind;
  else if (!source->given)
    dagrt_fail(DAGRT_BAD_USAGE, "name it .csv, .npy, .idx or .txt, each also with .gz",
               "cannot tell what kind of file '%s' is", given->path);
  if (given->has_columns && source->kind != DAG_CSV)
    dagrt_fail(DAGRT_BAD_USAGE, NULL, "'%s' has no columns to choose: only CSV files have",
               given->path);
  if (given->has_columns) source->first = given->first, source->last = given->last;
  source->path = given->path;
  source->given = 1;
}

void dagrt_sources(dagrt_source *sources, const dag_input *inputs, int32_t n,
                   const dag_model *model, const dag_source *defaults, int32_t n_defaults,
                   const dagrt_given *given, int32_t n_given) {
  const char **names = dagrt_allocate((size_t)n, sizeof *names);
  for (int32_t i = 0; i < n; i++) {
    names[i] = inputs[i].array.name;
    sources[i] = (dagrt_source){.last = -1, .window = -1};
    for (int32_t d = 0; d < n_defaults; d++)
      if (strcmp(model->inputs[defaults[d].input].array.name, names[i]) == 0)
        sources[i] = (dagrt_source){1,
                                    defaults[d].kind,
                                    defaults[d].path,
                                    defaults[d].first_column,
                                    defaults[d].last_column,
                                    defaults[d].kind == DAG_WINDOWS ? defaults[d].window : -1};
  }
  for (int32_t g = 0; g < n_given; g++) {
    int32_t i = 0;
    while (i < n && strcmp(names[i], given[g].name) != 0) i++;
    if (i == n) dagrt_fail_name(DAGRT_BAD_USAGE, "input", given[g].name, names, (size_t)n);
    dagrt_apply_given(&sources[i], &given[g]);
  }
  free(names);
}

/* All columns of the CSV file of input i, and of the inputs after it that share the file. */
static void dagrt_load_csv(dagrt_dataset *set, const dagrt_source *sources, int32_t i) {
  dagrt_columns *columns = dagrt_allocate((size_t)set->n, sizeof *columns);
  int32_t n = 0;
  for (int32_t k = 0; k < set->n; k++) {
    if (sources[k].kind != DAG_CSV || strcmp(sources[k].path, sources[i].path) != 0) continue;
    if (k < i) { /* read with an earlier one */
      free(columns);
      return;
    }
    columns[n++] = (dagrt_columns){&set->rows[k], sources[k].first, sources[k].last, 0};
  }
  dagrt_read_csv(sources[i].path, columns, n);
  free(columns);
}

void dagrt_load(dagrt_dataset *set, const dag_input *inputs, int32_t n, int whole,
                const dagrt_source *sources) {
  *set = (dagrt_dataset){.n = n, .batch = whole || n == 0 ? 1 : inputs[0].array.shape[0]};
  set->rows = dagrt_allocate((size_t)n, sizeof *set->rows);
  for (int32_t i = 0; i < n; i++) {
    if (!sources[i].given)
      dagrt_fail(DAGRT_BAD_USAGE, dagrt_text("give it: --data %s=FILE", inputs[i].array.name),
                 "no data for the input %s", inputs[i].array.name);
    int64_t width = dagrt_elements(&inputs[i].array) / set->batch;
    set->rows[i] = (dagrt_rows){.input = &inputs[i],
                                .width = width,
                                .row_bytes = (size_t)width * dagrt_type_size(inputs[i].array.type),
                                .path = sources[i].path};
  }
  for (int32_t i = 0; i < n; i++) switch (sources[i].kind) {
    case DAG_CSV: dagrt_load_csv(set, sources, i); break;
    case DAG_NPY: dagrt_read_npy(&set->rows[i]); break;
    case DAG_IDX: dagrt_read_idx(&set->rows[i]); break;
    case DAG_WINDOWS:
      dagrt_read_windows(&set->rows[i],
                         sources[i].window < 0 ? set->rows[i].width : sources[i].window);
      break;
    }
  set->count = n == 0 ? 1 : set->rows[0].count; /* without inputs: one call */
  for (int32_t i = 1; i < n; i++)
    if (set->rows[i].count != set->count)
      dagrt_fail(DAGRT_BAD_DATA, "all inputs need the same number of rows",
                 "%s has %lld rows for %s, but %s has %lld for %s", set->rows[0].path,
                 (long long)set->count, inputs[0].array.name, set->rows[i].path,
                 (long long)set->rows[i].count, inputs[i].array.name);
  if (n > 0 && set->count == 0)
    dagrt_fail(DAGRT_BAD_DATA, NULL, "%s: the file has no rows", set->rows[0].path);
}

void dagrt_load_training(dagrt_dataset *set, const dag_model *model, const dagrt_given *given,
                         int32_t n_given) {
  dagrt_source *sources = dagrt_allocate((size_t)model->n_inputs, sizeof *sources);
  dagrt_sources(sources, model->inputs, model->n_inputs, model, model->data, model->n_data, given,
                n_given);
  dagrt_load(set, model->inputs, model->n_inputs, 0, sources);
  if (set->count < set->batch)
    dagrt_fail(DAGRT_BAD_DATA, "give more rows, or compile with a smaller batch",
               "%s: %lld rows, but a batch takes %lld", set->rows[0].path, (long long)set->count,
               (long long)model->batch);
  free(sources);
}

void dagrt_dataset_free(dagrt_dataset *set) {
  for (int32_t i = 0; i < set->n; i++) free(set->rows[i].data);
  free(set->rows);
}
