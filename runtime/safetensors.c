/* Checkpoints: safetensors. Eight bytes little-endian: length of the header; the header, JSON with
   dtype, shape and data_offsets by name; the data. Wide elements stand first, so that all are
   aligned.
   __metadata__ holds strings only. */
#include "runtime.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *dagrt_safe_type(dag_type type) {
  switch (type) {
  case DAG_BOOL: return "BOOL";
  case DAG_U8: return "U8";
  case DAG_I8: return "I8";
  case DAG_I32: return "I32";
  case DAG_I64: return "I64";
  case DAG_F32: return "F32";
  case DAG_F64: return "F64";
  case DAG_BF16: return "BF16";
  case DAG_F16: return "F16";
  }
  return "?";
}

/* --- writing --- */

/* "key":"text" */
static void dagrt_safe_pair(FILE *to, const char *between, const char *key, const char *text) {
  fputs(between, to);
  dagrt_json_write(to, key);
  fputc(':', to);
  dagrt_json_write(to, text);
}

static void dagrt_safe_metadata(FILE *header, const dag_model *model, const dagrt_position *at) {
  const struct {
    const char *key, *text;
  } table[] = {{"format", "pt"},
               {"model", model->name},
               {"step", dagrt_text("%" PRId64, at->step)},
               {"epoch", dagrt_text("%" PRId64, at->epoch)},
               {"position", dagrt_text("%" PRId64, at->position)},
               {"rows", dagrt_text("%" PRId64, at->rows)},
               {"seed", dagrt_text("%" PRIu64, at->seed)}};
  fputs("\"__metadata__\":", header);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    dagrt_safe_pair(header, i == 0 ? "{" : ",", table[i].key, table[i].text);
  for (int32_t i = 0; i < model->n_reports; i++)
    dagrt_safe_pair(header, ",", dagrt_text("sum.%s", model->reports[i].name),
                    dagrt_text("%a", at->sums[i]));
  fputc('}', header);
}

/* The positions of the tensors in the file: wide elements first. */
static int32_t *dagrt_safe_order(const dag_model *model) {
  int32_t *order = dagrt_allocate((size_t)model->n_tensors, sizeof *order), n = 0;
  for (size_t size = 8; size > 0; size /= 2)
    for (int32_t i = 0; i < model->n_tensors; i++)
      if (dagrt_type_size(model->tensors[i].array.type) == size) order[n++] = i;
  return order;
}

static void dagrt_safe_describe(FILE *header, const dag_tensor *tensor, size_t *offset) {
  fputc(',', header);
  dagrt_json_write(header, tensor->array.name);
  fprintf(header, ":{\"dtype\":\"%s\",\"shape\":[", dagrt_safe_type(tensor->array.type));
  for (int32_t i = 0; i < tensor->array.rank; i++)
    fprintf(header, "%s%" PRId64, i == 0 ? "" : ",", tensor->array.shape[i]);
  size_t end = *offset + dagrt_tensor_bytes(tensor);
  fprintf(header, "],\"data_offsets\":[%zu,%zu]}", *offset, end);
  *offset = end;
}

/* The text of the header; length without the zero that ends it. */
static char *dagrt_safe_header(const dag_model *model, const dagrt_position *position,
                               const int32_t *order, size_t *length) {
  char *text = NULL;
  FILE *header = open_memstream(&text, length);
  size_t offset = 0;
  if (header != NULL) {
    fputc('{', header);
    dagrt_safe_metadata(header, model, position);
    for (int32_t i = 0; i < model->n_tensors; i++)
      dagrt_safe_describe(header, &model->tensors[order[i]], &offset);
    fputc('}', header);
  }
  if (header == NULL || fclose(header) != 0)
    dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "out of memory: a checkpoint's header");
  return text;
}

void dagrt_save(const char *path, const dag_model *model, void *memory,
                const dagrt_position *position) {
  int32_t *order = dagrt_safe_order(model);
  size_t length;
  char *text = dagrt_safe_header(model, position, order, &length);
  size_t padding = (8 - length % 8) % 8;
  unsigned char size[8];
  for (int i = 0; i < 8; i++) size[i] = (unsigned char)((uint64_t)(length + padding) >> (8 * i));
  dagrt_output output;
  dagrt_output_open(&output, path);
  dagrt_write(&output, size, sizeof size);
  dagrt_write(&output, text, length);
  dagrt_write(&output, "        ", padding);
  for (int32_t i = 0; i < model->n_tensors; i++) {
    const dag_tensor *tensor = &model->tensors[order[i]];
    if (tensor->strides == NULL) {
      dagrt_write(&output, dagrt_tensor(tensor, memory), dagrt_tensor_bytes(tensor));
      continue;
    }
    void *rows = dagrt_allocate(dagrt_tensor_bytes(tensor), 1);
    dagrt_tensor_get(tensor, memory, rows);
    dagrt_write(&output, rows, dagrt_tensor_bytes(tensor));
    free(rows);
  }
  dagrt_output_commit(&output);
  free(text);
  free(order);
}

/* --- reading --- */

typedef struct dagrt_safe {
  const char *path;
  FILE *stream;
  char *text; /* of the header, whose strings stay in it */
  dagrt_json *header;
  uint64_t data, size; /* where the data begins in the file; its bytes */
} dagrt_safe;

_Noreturn static void dagrt_safe_fail(const dagrt_safe *safe, const char *what) {
  dagrt_fail(DAGRT_BAD_DATA, "is it a whole checkpoint of this model?", "%s: %s", safe->path, what);
}

static void dagrt_safe_open(dagrt_safe *safe, const char *path) {
  struct stat status;
  *safe = (dagrt_safe){.path = path, .stream = fopen(path, "rb")};
  if (safe->stream == NULL || fstat(fileno(safe->stream), &status) != 0)
    dagrt_fail(errno == ENOENT ? DAGRT_BAD_DATA : DAGRT_BAD_SYSTEM, NULL, "cannot read '%s': %s",
               path, strerror(errno));
  if (!S_ISREG(status.st_mode)) dagrt_safe_fail(safe, "not a regular file");
  unsigned char bytes[8];
  uint64_t length = 0, total = (uint64_t)status.st_size;
  if (fread(bytes, 1, 8, safe->stream) < 8) dagrt_safe_fail(safe, "the file is cut short");
  for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
  if (length > 100000000) dagrt_safe_fail(safe, "not a safetensors file");
  if (length > total - 8) dagrt_safe_fail(safe, "the file ends in its header");
  safe->text = dagrt_allocate((size_t)length + 1, 1);
  if (fread(safe->text, 1, (size_t)length, safe->stream) < length)
    dagrt_safe_fail(safe, "the file ends in its header");
  safe->header = dagrt_json_parse(safe->text, (size_t)length);
  if (safe->header == NULL || safe->header->kind != DAGRT_JSON_OBJECT)
    dagrt_safe_fail(safe, "the header is not a JSON object");
  safe->data = 8 + length;
  safe->size = total - safe->data;
}

static const dagrt_json *dagrt_safe_find(const dagrt_safe *safe, const dag_tensor *tensor,
                                         int required) {
  const dagrt_json *entry = dagrt_json_member(safe->header, tensor->array.name);
  if (entry != NULL || !required) return entry;
  size_t n = 0;
  for (entry = safe->header->first; entry != NULL; entry = entry->next) n++;
  const char **names = dagrt_allocate(n + 1, sizeof *names);
  n = 0;
  for (entry = safe->header->first; entry != NULL; entry = entry->next)
    if (strcmp(entry->name, "__metadata__") != 0) names[n++] = entry->name;
  const char *nearest = dagrt_nearest(tensor->array.name, names, n);
  dagrt_fail(DAGRT_BAD_DATA,
             nearest == NULL ? "is it a checkpoint of this model?"
                             : dagrt_text("the file has '%s'", nearest),
             "%s: there is no tensor '%s'", safe->path, tensor->array.name);
}

static const char *dagrt_safe_text(const dagrt_json *object, const char *name) {
  const dagrt_json *item = dagrt_json_member(object, name);
  return item == NULL || item->kind != DAGRT_JSON_STRING ? NULL : item->string;
}

/* The first number of an array of numbers; NULL: it is empty. */
static const dagrt_json *dagrt_safe_numbers(const dagrt_safe *safe, const dagrt_json *entry,
                                            const char *name, const char *tensor) {
  const dagrt_json *array = dagrt_json_member(entry, name);
  int good = array != NULL && array->kind == DAGRT_JSON_ARRAY;
  const dagrt_json *first = good ? array->first : NULL;
  for (const dagrt_json *item = first; item != NULL; item = item->next)
    good = good && item->kind == DAGRT_JSON_NUMBER;
  if (!good) dagrt_safe_fail(safe, dagrt_text("the tensor '%s' is not described", tensor));
  return first;
}

/* The place of the tensor's data in the file, after all of its description is checked. */
static uint64_t dagrt_safe_check(const dagrt_safe *safe, const dag_tensor *tensor,
                                 const dagrt_json *entry) {
  const dag_array *array = &tensor->array;
  const char *type = dagrt_safe_text(entry, "dtype");
  const dagrt_json *shape = dagrt_safe_numbers(safe, entry, "shape", array->name);
  const dagrt_json *offsets = dagrt_safe_numbers(safe, entry, "data_offsets", array->name);
  if (type == NULL || offsets == NULL || offsets->next == NULL || offsets->next->next != NULL)
    dagrt_safe_fail(safe, dagrt_text("the tensor '%s' is not described", array->name));
  int32_t rank = 0, equal = strcmp(type, dagrt_safe_type(array->type)) == 0;
  const char *found = type;
  for (const dagrt_json *item = shape; item != NULL; item = item->next) {
    found = dagrt_text("%s%s%.0f", found, rank == 0 ? "[" : ", ", item->number);
    equal = equal && rank < array->rank && item->number == (double)array->shape[rank];
    rank++;
  }
  if (rank > 0) found = dagrt_text("%s]", found);
  if (!equal || rank != array->rank)
    dagrt_safe_fail(safe, dagrt_text("'%s' is %s, but the model's is %s", array->name, found,
                                     dagrt_shape_text(array)));
  double first = offsets->number, last = offsets->next->number;
  if (!(first >= 0) || last - first != (double)dagrt_tensor_bytes(tensor))
    dagrt_safe_fail(safe, dagrt_text("the tensor '%s' has wrong offsets", array->name));
  if (last > (double)safe->size)
    dagrt_safe_fail(safe,
                    dagrt_text("the file ends before the end of the tensor '%s'", array->name));
  return safe->data + (uint64_t)first;
}

static const char *dagrt_safe_string(const dagrt_safe *safe, const char *key) {
  const char *text = dagrt_safe_text(dagrt_json_member(safe->header, "__metadata__"), key);
  if (text == NULL)
    dagrt_fail(DAGRT_BAD_DATA, "to start from its params: --init",
               "%s: cannot be resumed: it does not say its %s", safe->path, key);
  return text;
}

static void dagrt_safe_position(const dagrt_safe *safe, const dag_model *model,
                                dagrt_position *position) {
  const struct {
    const char *key;
    int64_t *value;
  } table[] = {{"step", &position->step},
               {"epoch", &position->epoch},
               {"position", &position->position},
               {"rows", &position->rows}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    char *end;
    const char *text = dagrt_safe_string(safe, table[i].key);
    *table[i].value = strtoll(text, &end, 10);
    if (*end != '\0' || end == text || *table[i].value < 0)
      dagrt_safe_fail(safe, dagrt_text("its %s is '%s'", table[i].key, text));
  }
  position->seed = strtoull(dagrt_safe_string(safe, "seed"), NULL, 10);
  for (int32_t i = 0; i < model->n_reports; i++)
    position->sums[i] =
        strtod(dagrt_safe_string(safe, dagrt_text("sum.%s", model->reports[i].name)), NULL);
}

/* Weights that the model keeps in eight bits and the file in more: the type there, else DAG_I8. */
static dag_type dagrt_safe_wide(const dag_model *model, const dag_tensor *tensor,
                                const dagrt_json *entry) {
  static const dag_type wide[] = {DAG_F32, DAG_F64, DAG_BF16, DAG_F16};
  const char *type = dagrt_safe_text(entry, "dtype");
  if (type == NULL || dagrt_scale_of(model, tensor) == NULL) return DAG_I8;
  for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
    if (strcmp(type, dagrt_safe_type(wide[i])) == 0) return wide[i];
  return DAG_I8;
}

static void dagrt_safe_read(const dagrt_safe *safe, const char *name, uint64_t place, void *to,
                            size_t bytes) {
  if (fseeko(safe->stream, (off_t)place, SEEK_SET) != 0 ||
      fread(to, 1, bytes, safe->stream) < bytes)
    dagrt_safe_fail(safe, dagrt_text("cannot read '%s'", name));
}

/* What a tensor of the model is to be in the file. */
static dag_tensor dagrt_safe_wanted(const dagrt_safe *safe, const dag_model *model, int32_t i) {
  dag_tensor tensor = model->tensors[i];
  const dagrt_json *entry = dagrt_safe_find(safe, &tensor, 0);
  dag_type wide = entry == NULL ? DAG_I8 : dagrt_safe_wide(model, &tensor, entry);
  if (wide != DAG_I8) tensor.array.type = wide;
  return tensor;
}

/* Whether it is the factors of weights that the file has in full. */
static int dagrt_safe_is_made(const dagrt_safe *safe, const dag_model *model, int32_t scale) {
  for (int32_t i = 0; i < model->n_tensors; i++)
    if (dagrt_scale_of(model, &model->tensors[i]) == &model->tensors[scale])
      return dagrt_safe_wanted(safe, model, i).array.type != DAG_I8;
  return 0;
}

static void dagrt_safe_load(const dagrt_safe *safe, const dag_model *model, int32_t i,
                            uint64_t place, void *memory) {
  const dag_tensor *tensor = &model->tensors[i];
  dag_tensor wanted = dagrt_safe_wanted(safe, model, i);
  size_t bytes = dagrt_tensor_bytes(&wanted);
  int same = wanted.array.type == tensor->array.type;
  if (same && tensor->strides == NULL) {
    dagrt_safe_read(safe, tensor->array.name, place, dagrt_tensor(tensor, memory), bytes);
    return;
  }
  void *values = dagrt_allocate(bytes, 1);
  dagrt_safe_read(safe, tensor->array.name, place, values, bytes);
  if (same)
    dagrt_tensor_set(tensor, memory, values);
  else
    dagrt_quantise(tensor, dagrt_scale_of(model, tensor), memory, wanted.array.type, values);
  free(values);
}

void dagrt_restore_file(const char *path, const dag_model *model, void *memory, dagrt_restore what,
                        dagrt_position *position) {
  dagrt_safe safe;
  dagrt_safe_open(&safe, path);
  int64_t missing = 0;
  const char *first_missing = NULL;
  uint64_t *places = dagrt_allocate((size_t)model->n_tensors, sizeof *places);
  for (int32_t i = 0; i < model->n_tensors; i++) {
    const dag_tensor *tensor = &model->tensors[i];
    if (what == DAGRT_INIT && !tensor->is_param) continue;
    if (dagrt_safe_is_made(&safe, model, i)) continue;
    const dagrt_json *entry =
        dagrt_safe_find(&safe, tensor, what == DAGRT_RESUME || tensor->is_param);
    dag_tensor wanted = dagrt_safe_wanted(&safe, model, i);
    if (entry != NULL)
      places[i] = dagrt_safe_check(&safe, &wanted, entry);
    else if (missing++ == 0)
      first_missing = tensor->array.name;
  }
  if (what == DAGRT_RESUME) dagrt_safe_position(&safe, model, position);
  for (int32_t i = 0; i < model->n_tensors; i++)
    if (places[i] != 0) dagrt_safe_load(&safe, model, i, places[i], memory);
  if (missing > 0)
    dagrt_warn("%s has no '%s'%s: initial values stay", path, first_missing,
               missing == 1 ? "" : dagrt_text(" and %lld more", (long long)missing - 1));
  free(places);
  dagrt_json_free(safe.header);
  free(safe.text);
  fclose(safe.stream);
}
