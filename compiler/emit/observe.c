/* A training step for whoever watches it: a mark behind each call, and tables that say what each
   call reads and writes. Only in programs with a main: a library has neither. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "emit/emitter.h"
#include "emit/lines.h"

static const EntryPlan *step_of(const Emitter *e) {
  for (uint32_t i = 0; i < e->plan->n_entries; i++)
    if (e->plan->entries[i].entry->kind == ENTRY_STEP) return &e->plan->entries[i];
  return NULL;
}

void observe_step(Emitter *e) {
  const EntryPlan *step = step_of(e);
  if (step != NULL && step->n_calls > 0)
    e->observer = names_take(&e->names, arena_printf(e->arena, "%s_observer", e->program->name));
}

void write_observer(const Emitter *e, Text *out) {
  const char *call = arena_printf(e->arena, "%s->called(%s, call);", e->observer, e->observer);
  bool team = step_of(e)->team;
  text_printf(out,
              "\n/* Who is told of each call of a training step; NULL: nobody watches. */\n"
              "static dag_observer *%s;\n",
              e->observer);
  text_printf(out, "#define " CALL_MARK "(call) \\\n  if (%s != NULL) {%s %s%s }\n", e->observer,
              team ? " BARRIER ONE" : "", call, team ? " BARRIER" : "");
}

/* --- values --- */

#define NO_VALUE UINT32_MAX

/* A row of the table of values: what a buffer holds. */
typedef struct ValueRow {
  BufferId buffer;
  TensorId tensor;
  const char *role;
} ValueRow;

typedef struct Rows {
  const Emitter *e;
  const EntryPlan *step;
  ARRAY(ValueRow) values;
  uint32_t *current; /* per buffer: the row of what it holds now */
  uint32_t *number;  /* per kernel: 1 + its number among those of the step */
  bool *stored;      /* per tensor: a call of the step stores it */
  /* a walk through definitions, in which each is met once */
  uint32_t walk, *met, *met_exprs;
} Rows;

/* Params and states are the same row before and after a step. */
static uint32_t row_of(Rows *r, BufferId buffer, TensorId tensor, const char *role) {
  for (uint32_t i = 0; i < r->values.count; i++)
    if (r->values.items[i].buffer == buffer && r->values.items[i].tensor == tensor) return i;
  ARRAY_PUSH(r->e->arena, &r->values, ((ValueRow){buffer, tensor, role}));
  return (uint32_t)r->values.count - 1;
}

/* What is there before the step: of the workspace, nothing. */
static uint32_t row_before(Rows *r, BufferId id) {
  const Buffer *b = &r->e->plan->buffers[id];
  if (b->kind == BUFFER_INPUT) return row_of(r, id, b->tensor, "DAG_INPUT");
  if (b->kind != BUFFER_PARAM) return NO_VALUE;
  bool param = tensor_at(r->e->program->graph, b->tensor)->kind == TENSOR_PARAM;
  return row_of(r, id, b->tensor, param ? "DAG_PARAM" : "DAG_STATE");
}

static uint32_t row_stored(Rows *r, BufferId id, const Stored *stored) {
  if (r->e->plan->buffers[id].kind == BUFFER_PARAM) return row_before(r, id);
  bool derived = tensor_at(r->e->program->graph, stored->tensor)->derived;
  return row_of(r, id, stored->tensor,
                stored->part == PART_UPDATE ? "DAG_UPDATE"
                : derived                   ? "DAG_ADJOINT"
                                            : "DAG_ACTIVATION");
}

static void write_list(Text *out, const int64_t *numbers, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    text_printf(out, "%s%" PRId64, i == 0 ? "(const int64_t[]){" : ", ", numbers[i]);
  text_add(out, n == 0 ? "NULL" : "}");
}

/* Of steps that share one place, that one. */
static void write_stored_array(const Rows *r, Text *out, const ValueRow *v, const char *name) {
  const Buffer *b = &r->e->plan->buffers[v->buffer];
  int64_t *extents = ARENA_ARRAY(r->e->arena, int64_t, b->rank + 1);
  for (uint32_t i = 0; i < b->rank; i++) extents[i] = b->strides[i] == 0 ? 1 : b->extents[i];
  text_add(out, "    {{");
  write_string(out, name);
  text_printf(out, ", %s, %u, ", dag_type_name(buffer_stored(b)), b->rank);
  write_list(out, extents, b->rank);
  text_add(out, "}");
}

static void write_memory(const Rows *r, Text *out, const ValueRow *v) {
  const Emitter *e = r->e;
  const Buffer *b = &e->plan->buffers[v->buffer];
  switch (b->kind) {
  case BUFFER_PARAM:
    text_printf(out, "DAG_IN_STRUCT, offsetof(%s, %s)", e->program->name, e->fields[v->buffer]);
    return;
  case BUFFER_INPUT:
    text_printf(out, "DAG_IN_INPUT, %u", input_position(r->step->entry, b->tensor));
    return;
  case BUFFER_OUTPUT: text_printf(out, "DAG_IN_OUTPUT, %u", b->output); return;
  case BUFFER_WORKSPACE:
    text_printf(out, "DAG_IN_STRUCT, offsetof(%s, workspace) + %" PRId64, e->program->name,
                b->offset);
    return;
  }
  bug("emit", "buffer of kind %d", (int)b->kind);
}

static void write_value_row(const Rows *r, Text *out, const ValueRow *v) {
  const Tensor *t = tensor_at(r->e->program->graph, v->tensor);
  const Buffer *b = &r->e->plan->buffers[v->buffer];
  const char *source = tensor_source(r->e->arena, t);
  write_stored_array(r, out, v, t->name);
  text_printf(out, ", %s, ", v->role);
  if (source == NULL)
    text_add(out, "NULL");
  else
    write_string(out, source);
  text_add(out, ",\n     ");
  write_memory(r, out, v);
  text_add(out, ", ");
  /* panels are all elements, in another order */
  write_list(out, b->strides, is_row_major(b) || b->panel != 0 ? 0 : b->rank);
  text_add(out, "},\n");
}

/* --- calls --- */

/* The rows of the arrays that a call reads, then of those that it writes. */
typedef struct CallRows {
  const KernelCall *call;
  uint32_t *items, n_read;
} CallRows;

static CallRows rows_of(Rows *r, const KernelCall *call) {
  const Kernel *k = &r->e->plan->kernels[call->kernel];
  uint32_t n = k->n_parameters + call->n_stored;
  CallRows rows = {call, ARENA_ARRAY(r->e->arena, uint32_t, n + 1), 0};
  for (uint32_t p = 0; p < k->n_parameters; p++) {
    uint32_t *held = &r->current[call->buffers[p]];
    if (*held == NO_VALUE) *held = row_before(r, call->buffers[p]);
    if (k->parameters[p].read && *held != NO_VALUE) rows.items[rows.n_read++] = *held;
  }
  for (uint32_t i = 0; i < call->n_stored; i++) {
    BufferId id = call->buffers[call->stored[i].parameter];
    rows.items[rows.n_read + i] = r->current[id] = row_stored(r, id, &call->stored[i]);
  }
  return rows;
}

static void write_numbers(Text *out, const uint32_t *numbers, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    text_printf(out, "%s%u", i == 0 ? "(const int32_t[]){" : ", ", numbers[i]);
  text_add(out, n == 0 ? "NULL" : "}");
}

static void write_call_row(const Rows *r, Text *out, const CallRows *rows) {
  Text line = text_new(r->e->arena);
  text_printf(&line, "    {%u, %u, %u, ", r->number[rows->call->kernel] - 1, rows->n_read,
              rows->call->n_stored);
  write_numbers(&line, rows->items, rows->n_read + rows->call->n_stored);
  text_add(&line, "},\n");
  add_wrapped(out, text_string(&line));
}

/* --- kernels: how their first calls compute what they write --- */

/* Definitions as they are computed, from arrays that are stored to the one asked for. */
typedef struct Description {
  Rows *rows;
  const CallRows *call;
  Text text;
  ARRAY(uint32_t) from; /* positions in the call's rows */
  bool has_infinity;    /* a constant is infinite */
} Description;

/* Whether an array that is read has the values of a tensor, or what lowering made of those: a copy
   with another index innermost, a factor that is computed once. */
static bool stands_for(const Rows *r, uint32_t row, TensorId id) {
  const Graph *graph = r->e->program->graph;
  const Tensor *t = tensor_at(graph, r->values.items[row].tensor);
  if (r->values.items[row].tensor == id) return true;
  bool made = t->kind == TENSOR_DEFINITION && t->span.source == NULL;
  return made && expr_is_small(graph, t->body) && expr_reads(graph, t->body, id);
}

static void add_position(Description *d, uint32_t position) {
  for (size_t i = 0; i < d->from.count; i++)
    if (d->from.items[i] == position) return;
  ARRAY_PUSH(d->rows->e->arena, &d->from, position);
}

/* A definition that the call writes as well, or what it reads. */
static void add_from(Description *d, TensorId id) {
  Rows *r = d->rows;
  const KernelCall *call = d->call->call;
  for (uint32_t i = 0; i < call->n_stored; i++)
    if (call->stored[i].tensor == id) {
      add_position(d, d->call->n_read + i);
      return;
    }
  for (uint32_t i = 0; i < d->call->n_read; i++)
    if (stands_for(r, d->call->items[i], id)) add_position(d, i);
}

static void describe(Description *d, TensorId id);

static void describe_reads(Description *d, ExprId id) {
  Rows *r = d->rows;
  const Graph *graph = r->e->program->graph;
  const Expr *e = expr_at(graph, id);
  if (r->met_exprs[id] == r->walk) return;
  r->met_exprs[id] = r->walk;
  for (uint32_t i = 0; i < e->n_args; i++) describe_reads(d, e->args[i]);
  if (e->fallback != EXPR_NONE) describe_reads(d, e->fallback);
  if (e->kind == EXPR_CONST && isinf(e->real)) d->has_infinity = true;
  if (e->kind != EXPR_READ) return;
  TensorId read = e->tensor;
  while (tensor_at(graph, read)->kind == TENSOR_RESHAPE) read = tensor_at(graph, read)->source;
  if (r->met[read] == r->walk) return;
  r->met[read] = r->walk;
  if (r->stored[read] || tensor_at(graph, read)->kind != TENSOR_DEFINITION)
    add_from(d, read);
  else
    describe(d, read);
}

static void describe(Description *d, TensorId id) {
  const Emitter *e = d->rows->e;
  const Tensor *t = tensor_at(e->program->graph, id);
  const char *source = tensor_source(e->arena, t);
  if (t->kind != TENSOR_DEFINITION) return;
  describe_reads(d, t->body);
  print_definition(&d->text, e->program, id);
  text_printf(&d->text, "%s%s\n", source == NULL ? "" : "    ", source == NULL ? "" : source);
}

/* A literal a line, which C puts together. */
static void write_lines(Text *out, const char *text) {
  for (const char *line = text; *line != '\0';) {
    size_t length = strcspn(line, "\n") + 1;
    text_add(out, "\n        ");
    write_string(out, arena_strndup(out->arena, line, length));
    line += length;
  }
}

static void write_computed(Rows *r, Text *out, const CallRows *rows, TensorId id) {
  Description d = {.rows = r, .call = rows, .text = text_new(r->e->arena)};
  r->walk++;
  r->met[id] = r->walk;
  describe(&d, id);
  text_add(out, "\n       {");
  if (d.text.length == 0) text_add(out, "\"\"");
  write_lines(out, text_string(&d.text));
  text_add(out, ", ");
  write_numbers(out, d.from.items, (uint32_t)d.from.count);
  text_printf(out, ", %zu, %d}", d.from.count, d.has_infinity);
}

static void write_kernel_row(Rows *r, Text *out, const CallRows *rows) {
  const KernelCall *call = rows->call;
  const Kernel *k = &r->e->plan->kernels[call->kernel];
  text_printf(out, "    {\"%s\", ", r->e->kernels[call->kernel]);
  for (uint32_t i = 0; i < call->n_stored; i++) {
    text_add(out, i == 0 ? "(const dag_computed[]){" : ",");
    write_computed(r, out, rows, call->stored[i].tensor);
  }
  text_printf(out, "%s,\n     %.17g, %.17g},\n", call->n_stored == 0 ? "NULL" : "}", k->flops,
              k->bytes);
}

/* --- the tables --- */

static const char *take_name(Emitter *e, const char *what) {
  return names_take(&e->names, arena_printf(e->arena, "%s_%s", e->program->name, what));
}

static Rows rows_new(const Emitter *e) {
  const Graph *graph = e->program->graph;
  Rows r = {.e = e, .step = step_of(e)};
  r.current = ARENA_ARRAY(e->arena, uint32_t, e->plan->n_buffers + 1);
  memset(r.current, 0xff, (e->plan->n_buffers + 1) * sizeof *r.current);
  r.number = ARENA_ARRAY(e->arena, uint32_t, e->plan->n_kernels + 1);
  r.stored = ARENA_ARRAY(e->arena, bool, graph->n_tensors + 1);
  r.met = ARENA_ARRAY(e->arena, uint32_t, graph->n_tensors + 1);
  r.met_exprs = ARENA_ARRAY(e->arena, uint32_t, graph->n_exprs + 1);
  for (uint32_t i = 0; i < r.step->n_calls; i++)
    for (uint32_t k = 0; k < r.step->calls[i].n_stored; k++)
      r.stored[r.step->calls[i].stored[k].tensor] = true;
  return r;
}

CallTable write_calls_table(Emitter *e, Text *out) {
  Rows r = rows_new(e);
  CallTable t = {take_name(e, "kernels"), take_name(e, "values"), take_name(e, "calls"), 0, 0,
                 r.step->n_calls};
  Text calls = text_new(e->arena);
  text_printf(out, "\nstatic const dag_kernel %s[] = {\n", t.kernels);
  for (uint32_t i = 0; i < t.n_calls; i++) {
    CallRows rows = rows_of(&r, &r.step->calls[i]);
    if (r.number[rows.call->kernel] == 0) {
      r.number[rows.call->kernel] = ++t.n_kernels;
      write_kernel_row(&r, out, &rows);
    }
    write_call_row(&r, &calls, &rows);
  }
  t.n_values = (uint32_t)r.values.count;
  text_printf(out, "};\nstatic const dag_value %s[] = {\n", t.values);
  for (uint32_t i = 0; i < t.n_values; i++) write_value_row(&r, out, &r.values.items[i]);
  text_printf(out, "};\nstatic const dag_kernel_call %s[] = {\n%s};\n", t.calls,
              text_string(&calls));
  return t;
}
