/* The dag_model: what the runtime needs to know, as constant data at the end of the file. */
#include <inttypes.h>
#include <string.h>
#include "emit/emitter.h"
#include "emit/lines.h"
#include "emit/members.h"

const char *dag_type_name(ScalarType type) {
  switch (type) {
  case TYPE_BOOL: return "DAG_BOOL";
  case TYPE_U8: return "DAG_U8";
  case TYPE_I8: return "DAG_I8";
  case TYPE_I32: return "DAG_I32";
  case TYPE_I64: return "DAG_I64";
  case TYPE_F32: return "DAG_F32";
  case TYPE_F64: return "DAG_F64";
  case TYPE_BF16: return "DAG_BF16";
  case TYPE_F16: return "DAG_F16";
  }
  bug("emit", "element type %d", (int)type);
}

static const char *data_kind_name(DataKind kind) {
  switch (kind) {
  case DATA_CSV: return "DAG_CSV";
  case DATA_NPY: return "DAG_NPY";
  case DATA_IDX: return "DAG_IDX";
  case DATA_WINDOWS: return "DAG_WINDOWS";
  }
  bug("emit", "data of kind %d", (int)kind);
}

void write_string(Text *out, const char *string) {
  text_add(out, "\"");
  for (const unsigned char *c = (const unsigned char *)string; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\' || *c == '?') /* two question marks may begin a trigraph */
      text_printf(out, "\\%c", *c);
    else if (*c < 0x20 || *c >= 0x7f)
      text_printf(out, "\\%03o", *c);
    else
      text_printf(out, "%c", *c);
  }
  text_add(out, "\"");
}

/* {"W", DAG_F32, 2, (const int64_t[]){10, 64}}; literal: the name in C */
static void write_named_array(Text *out, const char *literal, const Graph *graph, TensorId id) {
  const Tensor *t = tensor_at(graph, id);
  text_printf(out, "{%s, %s, %u, ", literal, dag_type_name(tensor_stored(graph, id)), t->rank);
  if (t->rank == 0) {
    text_add(out, "NULL}");
    return;
  }
  for (uint32_t i = 0; i < t->rank; i++)
    text_printf(out, "%s%" PRId64, i == 0 ? "(const int64_t[]){" : ", ", t->extents[i]);
  text_add(out, "}}");
}

static void write_array(Text *out, const char *name, const Graph *graph, TensorId id) {
  Text literal = text_new(out->arena);
  write_string(&literal, name);
  write_named_array(out, text_string(&literal), graph, id);
}

static const char *array_name(const Emitter *e, const char *entry, const char *what) {
  return entry == NULL ? arena_printf(e->arena, "%s_%s", e->program->name, what)
                       : arena_printf(e->arena, "%s_%s", entry, what);
}

static const Tensor *tensor_of(const Emitter *e, BufferId id) {
  return tensor_at(e->program->graph, e->plan->buffers[id].tensor);
}

static void write_tensor(const Emitter *e, Text *out, const char *literal, BufferId id,
                         const char *field) {
  const Tensor *t = tensor_of(e, id);
  const Buffer *b = &e->plan->buffers[id];
  text_add(out, "    {");
  write_named_array(out, literal, e->program->graph, b->tensor);
  text_printf(out, ", offsetof(%s, %s), %d, ", e->program->name, field, t->kind == TENSOR_PARAM);
  for (uint32_t i = 0; !is_row_major(b) && i < b->rank; i++)
    text_printf(out, "%s%" PRId64, i == 0 ? "(const int64_t[]){" : ", ", b->strides[i]);
  text_add(out, is_row_major(b) ? "NULL}," : "}},");
}

static void write_tensor_run(const Emitter *e, Text *out, const Members *members, MemberRun run) {
  text_printf(out, "#define %s(" TURN_PARAMETER ")", e->members);
  for (uint32_t i = 0; i < run.period; i++) {
    const char *before, *after;
    member_pieces(e, members, run, i, &before, &after);
    Text literal = text_new(e->arena);
    write_string(&literal, before);
    text_add(&literal, " #" TURN_PARAMETER " ");
    write_string(&literal, after);
    text_add(out, " \\\n");
    write_tensor(e, out, text_string(&literal), members->items[run.first + i],
                 member_pattern(e, members, run, i));
  }
  text_add(out, "\n");
  write_member_turns(e, out, e->members, members, run);
  text_printf(out, "#undef %s\n", e->members);
}

static void write_tensors_of(const Emitter *e, Text *out, TensorKind kind) {
  Members members = members_of(e, kind);
  for (uint32_t i = 0; i < members.n;) {
    MemberRun run = find_member_run(e, &members, i);
    BufferId id = members.items[i];
    if (run.turns > 1) {
      write_tensor_run(e, out, &members, run);
    } else {
      Text literal = text_new(e->arena);
      write_string(&literal, tensor_of(e, id)->name);
      write_tensor(e, out, text_string(&literal), id, e->fields[id]);
      text_add(out, "\n");
    }
    i += run.turns * run.period;
  }
}

static void write_tensors(const Emitter *e, Text *out, uint32_t n) {
  if (n == 0) return;
  text_printf(out, "\nstatic const dag_tensor %s[] = {\n", e->tensors);
  write_tensors_of(e, out, TENSOR_PARAM);
  write_tensors_of(e, out, TENSOR_STATE);
  text_add(out, "};\n");
}

/* Values of an input that are used as indices: the least and the greatest; 0, -1: any. */
static Interval index_range(const Emitter *e, const EntryPlan *plan, uint32_t input) {
  const Tensor *t = tensor_at(e->program->graph, plan->entry->inputs[input]);
  Interval type = type_interval(t->type);
  for (uint32_t i = 0; i < plan->n_checks; i++) {
    Interval within = plan->checks[i].within;
    if (plan->checks[i].input != input || within.low > within.high) continue;
    return (Interval){within.low < type.low ? type.low : within.low,
                      within.high > type.high ? type.high : within.high};
  }
  return (Interval){0, -1};
}

/* A constant of type int64_t. */
static const char *int64_text(Arena *arena, int64_t value) {
  return value == INT64_MIN ? "INT64_MIN" : arena_printf(arena, "%" PRId64, value);
}

static void write_inputs(const Emitter *e, Text *out, const char *name, const EntryPlan *plan) {
  const Entry *entry = plan->entry;
  if (entry->n_inputs == 0) return;
  text_printf(out, "\nstatic const dag_input %s[] = {\n", name);
  for (uint32_t i = 0; i < entry->n_inputs; i++) {
    const Tensor *t = tensor_at(e->program->graph, entry->inputs[i]);
    text_add(out, "    {");
    write_array(out, t->name, e->program->graph, entry->inputs[i]);
    Interval range = index_range(e, plan, i);
    text_printf(out, ", %s, %s},\n", int64_text(e->arena, range.low),
                int64_text(e->arena, range.high));
  }
  text_add(out, "};\n");
}

static void write_outputs(const Emitter *e, Text *out, const char *name, const Entry *entry) {
  if (entry->n_outputs == 0) return;
  text_printf(out, "static const dag_array %s[] = {\n", name);
  for (uint32_t i = 0; i < entry->n_outputs; i++) {
    text_add(out, "    ");
    write_array(out, entry->outputs[i].name, e->program->graph, entry->outputs[i].tensor);
    text_add(out, ",\n");
  }
  text_add(out, "};\n");
}

/* The function as a dag_call. */
static void write_adaptor(const Emitter *e, Text *out, const char *name, uint32_t number) {
  const EntryPlan *plan = &e->plan->entries[number];
  bool seeded = plan->entry->kind == ENTRY_EXPORT && plan->uses_seed;
  text_printf(out,
              "static int %s(void *model, const void *const *inputs, void *const *outputs,\n"
              "    uint64_t seed) {\n",
              name);
  if (plan->entry->n_inputs == 0) text_add(out, "  (void)inputs;\n");
  if (plan->entry->n_outputs == 0) text_add(out, "  (void)outputs;\n");
  if (!seeded) text_add(out, "  (void)seed;\n");
  Text call = text_new(e->arena);
  text_printf(&call, "  return %s(model", e->entries[number]);
  for (uint32_t i = 0; i < plan->entry->n_inputs; i++) text_printf(&call, ", inputs[%u]", i);
  for (uint32_t i = 0; i < plan->entry->n_outputs; i++) text_printf(&call, ", outputs[%u]", i);
  text_printf(&call, "%s);\n}\n", seeded ? ", seed" : "");
  add_wrapped(out, text_string(&call));
}

static uint32_t position_of(const Entry *entry, TensorId input) {
  for (uint32_t i = 0; i < entry->n_inputs; i++)
    if (entry->inputs[i] == input) return i;
  bug("emit", "data for an input that the training step does not have");
}

static void write_sources(Text *out, const char *name, const Entry *entry,
                          const DataSource *sources, uint32_t n) {
  if (n == 0) return;
  text_printf(out, "static const dag_source %s[] = {\n", name);
  for (uint32_t i = 0; i < n; i++) {
    const DataSource *s = &sources[i];
    text_printf(out, "    {%u, %s, ", position_of(entry, s->input), data_kind_name(s->kind));
    write_string(out, s->path);
    text_printf(out, ", %" PRId64 ", %" PRId64 ", %" PRId64 "},\n", s->first_column, s->last_column,
                s->window);
  }
  text_add(out, "};\n");
}

/* --- the parts of an entry: arrays and the adaptor, and their names --- */

typedef struct EntryTable {
  const char *inputs, *outputs, *call;
} EntryTable;

static EntryTable write_entry_table(Emitter *e, Text *out, uint32_t number, bool with_arrays) {
  const char *entry = e->entries[number];
  const EntryPlan *plan = &e->plan->entries[number];
  EntryTable table = {names_take(&e->names, array_name(e, entry, "inputs")),
                      names_take(&e->names, array_name(e, entry, "outputs")),
                      names_take(&e->names, array_name(e, entry, "call"))};
  if (with_arrays) {
    write_inputs(e, out, table.inputs, plan);
    write_outputs(e, out, table.outputs, plan->entry);
  }
  write_adaptor(e, out, table.call, number);
  return table;
}

static const char *or_null(const char *name, uint32_t n) { return n == 0 ? "NULL" : name; }

static void write_exports(Emitter *e, Text *out, const char *name, const EntryTable *tables) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < e->program->n_entries; i++) {
    const Entry *entry = &e->program->entries[i];
    if (entry->kind != ENTRY_EXPORT) continue;
    if (n++ == 0) text_printf(out, "\nstatic const dag_export %s[] = {\n", name);
    text_add(out, "    {");
    write_string(out, entry->name);
    text_printf(out, ", %s, %u, %s, %u, %d, %s},\n", or_null(tables[i].inputs, entry->n_inputs),
                entry->n_inputs, or_null(tables[i].outputs, entry->n_outputs), entry->n_outputs,
                entry->n_updates > 0, tables[i].call);
  }
  if (n > 0) text_add(out, "};\n");
}

static void write_training(const Emitter *e, Text *out, const EntryTable *tables, const char *data,
                           const char *valid) {
  const Program *p = e->program;
  const Entry *step = program_entry(p, ENTRY_STEP, NULL),
              *eval = program_entry(p, ENTRY_EVAL, NULL);
  const EntryTable *table = &tables[step - p->entries];
  text_printf(out, "    .inputs = %s,\n    .n_inputs = %u,\n",
              or_null(table->inputs, step->n_inputs), step->n_inputs);
  text_printf(out, "    .reports = %s,\n    .n_reports = %u,\n",
              or_null(table->outputs, step->n_outputs), step->n_outputs);
  text_printf(out, "    .step = %s,\n    .eval = %s,\n", table->call,
              tables[eval - p->entries].call);
  text_printf(out,
              "    .epochs = %" PRId64 ",\n    .steps = %" PRId64 ",\n    .seed = %" PRIu64 "u,\n",
              p->train.epochs, p->train.steps, p->train.seed);
  text_printf(out, "    .data = %s,\n    .valid = %s,\n    .n_data = %u,\n    .n_valid = %u,\n",
              or_null(data, p->train.n_data), or_null(valid, p->train.n_valid), p->train.n_data,
              p->train.n_valid);
}

static void write_observed(const Emitter *e, Text *out, const CallTable *t) {
  text_printf(out, "    .kernels = %s,\n    .values = %s,\n    .calls = %s,\n", t->kernels,
              t->values, t->calls);
  text_printf(out, "    .n_kernels = %u,\n    .n_values = %u,\n    .n_calls = %u,\n", t->n_kernels,
              t->n_values, t->n_calls);
  text_printf(out, "    .observer = &%s,\n", e->observer);
}

static void write_start(const Emitter *e, Text *out) {
  text_printf(out, "\nstatic void %s(void *model, uint64_t seed) { %s(model, seed); }\n",
              array_name(e, e->init, "call"), e->init);
}

void write_model(Emitter *e, Text *out) {
  const Program *p = e->program;
  uint32_t n_tensors = 0, n_exports = 0;
  for (uint32_t i = 0; i < e->plan->n_buffers; i++)
    n_tensors += e->plan->buffers[i].kind == BUFFER_PARAM;
  const char *tensors = e->tensors;
  const char *exports = names_take(&e->names, array_name(e, NULL, "exports"));
  const char *data = names_take(&e->names, array_name(e, NULL, "data"));
  const char *valid = names_take(&e->names, array_name(e, NULL, "valid"));
  text_add(out, "\n/* --- what the runtime is told --- */\n");
  write_tensors(e, out, n_tensors);
  EntryTable *tables = ARENA_ARRAY(e->arena, EntryTable, p->n_entries + 1);
  for (uint32_t i = 0; i < p->n_entries; i++) {
    n_exports += p->entries[i].kind == ENTRY_EXPORT;
    tables[i] = write_entry_table(e, out, i, p->entries[i].kind != ENTRY_EVAL);
  }
  write_exports(e, out, exports, tables);
  const Entry *step = program_entry(p, ENTRY_STEP, NULL);
  CallTable calls = {0};
  if (e->observer != NULL) calls = write_calls_table(e, out);
  if (p->train.present) {
    write_sources(out, data, step, p->train.data, p->train.n_data);
    write_sources(out, valid, step, p->train.valid, p->train.n_valid);
  }
  write_start(e, out);
  text_printf(
      out, "\nconst dag_model %s = {\n    .version = DAG_MODEL_VERSION,\n    .name = ", e->model);
  write_string(out, p->name);
  text_printf(out, ",\n    .size = sizeof(%s),\n    .alignment = 64,\n", p->name);
  text_printf(out, "    .tensors = %s,\n    .n_tensors = %u,\n", or_null(tensors, n_tensors),
              n_tensors);
  text_printf(out,
              "    .step_offset = offsetof(%s, step),\n    .seed_offset = offsetof(%s, seed),\n",
              p->name, p->name);
  text_printf(out, "    .workspace_bytes = %" PRId64 ",\n    .init = %s,\n",
              e->plan->workspace_bytes, array_name(e, e->init, "call"));
  if (p->batch > 0) text_printf(out, "    .batch = %" PRId64 ",\n", p->batch);
  if (p->train.present) write_training(e, out, tables, data, valid);
  text_printf(out, "    .exports = %s,\n    .n_exports = %u,\n", or_null(exports, n_exports),
              n_exports);
  if (e->observer != NULL) write_observed(e, out, &calls);
  text_add(out, "};\n");
}
