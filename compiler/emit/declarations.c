/* What a caller of the model sees: sizes, the struct, prototypes. The same text in the C file and
   in the header; C and C++ read it. */
#include <inttypes.h>
#include <string.h>
#include "emit/emitter.h"
#include "emit/lines.h"
#include "emit/members.h"

static const char *export_name(const Program *program, const Entry *entry, Arena *arena) {
  return arena_printf(arena, "%s_%s", program->name, entry->name);
}

/* As C does: members in order, arrays aligned as write_field says. */
static void place_fields(Emitter *e) {
  const TensorKind kinds[] = {TENSOR_PARAM, TENSOR_STATE};
  e->places = ARENA_ARRAY(e->arena, int64_t, e->plan->n_buffers + 1);
  for (int k = 0; k < 2; k++)
    for (uint32_t i = 0; i < e->plan->n_buffers; i++) {
      const Buffer *b = &e->plan->buffers[i];
      if (b->kind != BUFFER_PARAM || tensor_at(e->program->graph, b->tensor)->kind != kinds[k])
        continue;
      int64_t alignment = b->rank == 0 ? element_bytes(b) : 64;
      e->places[i] = (e->end + alignment - 1) / alignment * alignment;
      e->end =
          e->places[i] + tensor_size(tensor_at(e->program->graph, b->tensor)) * element_bytes(b);
    }
}

/* The functions that a section makes the calls of entries and of init in. */
static void name_parts(Emitter *e) {
  uint32_t n = e->program->n_entries;
  e->choice = names_take(&e->names, arena_printf(e->arena, "%s_section", e->program->name));
  e->parts = ARENA_ARRAY(e->arena, const char *, n + 1);
  for (uint32_t i = 0; i <= n; i++)
    e->parts[i] = names_take(&e->names, arena_printf(e->arena, "%s%s",
                                                     i == n ? e->init : e->entries[i], e->section));
}

Emitter emitter_new(Arena *arena, const Plan *plan, const char *section, Map *file) {
  const Program *program = plan->program;
  Emitter e = {.arena = arena,
               .program = program,
               .plan = plan,
               .section = section == NULL ? "" : section,
               .names = names_new(arena, NULL)};
  e.lanes = lane_texts_new(arena, e.section, file);
  e.dims = ARENA_ARRAY(arena, const char *, program->n_dims + 1);
  e.entries = ARENA_ARRAY(arena, const char *, program->n_entries + 1);
  e.kernels = ARENA_ARRAY(arena, const char *, plan->n_kernels + 1);
  e.fields = ARENA_ARRAY(arena, const char *, plan->n_buffers + 1);
  names_take(&e.names, program->name);
  e.init = names_take(&e.names, arena_printf(arena, "%s_init", program->name));
  e.model = names_take(&e.names, arena_printf(arena, "%s_model", program->name));
  for (uint32_t i = 0; i < program->n_dims; i++)
    e.dims[i] =
        names_take(&e.names, arena_printf(arena, "%s_%s", program->name, program->dims[i].name));
  for (uint32_t i = 0; i < program->n_entries; i++)
    e.entries[i] = names_take(&e.names, export_name(program, &program->entries[i], arena));
  for (uint32_t i = 0; i < program->n_dims; i++)
    names_take(&e.names, arena_printf(arena, "%s_%s", program->name, program->dims[i].name));
  if (section != NULL) name_parts(&e);
  for (uint32_t i = 0; i < plan->n_kernels; i++)
    e.kernels[i] = names_take(&e.names, arena_printf(arena, "%s_%s%s", program->name,
                                                     plan->kernels[i].name, e.section));
  place_fields(&e);
  Names fields = names_new(arena, NULL);
  for (uint32_t i = 0; i < plan->n_buffers; i++)
    if (plan->buffers[i].kind == BUFFER_PARAM)
      e.fields[i] = names_take(&fields, plan->buffers[i].name);
  e.code = (CodePlaces){.kernels = ARENA_ARRAY(arena, TextRange, plan->n_kernels + 1),
                        .names = e.kernels,
                        .entries = ARENA_ARRAY(arena, TextRange, program->n_entries + 1)};
  e.members = names_take(&e.names, arena_printf(arena, "%s_members", program->name));
  e.tensors = names_take(&e.names, arena_printf(arena, "%s_tensors", program->name));
  return e;
}

/* "[64, 256]" */
static void write_shape(Text *out, uint32_t rank, const int64_t *extents) {
  for (uint32_t i = 0; i < rank; i++)
    text_printf(out, "%s%" PRId64, i == 0 ? "[" : ", ", extents[i]);
  if (rank > 0) text_add(out, "]");
}

static void write_sizes(const Emitter *e, Text *out) {
  const Program *p = e->program;
  if (p->n_dims == 0) return;
  text_add(out, "\n/* sizes */\nenum {\n");
  for (uint32_t i = 0; i < p->n_dims; i++)
    text_printf(out, "  %s = %" PRId64 "%s\n", e->dims[i], p->dims[i].value,
                i + 1 < p->n_dims ? "," : "");
  text_add(out, "};\n");
}

static void write_field(const Emitter *e, Text *out, uint32_t buffer, const char *name) {
  const Buffer *b = &e->plan->buffers[buffer];
  if (b->rank == 0) {
    text_printf(out, "  %s %s;", element_type(buffer_stored(b)), name);
    return;
  }
  text_printf(out, "  __attribute__((aligned(64))) %s %s[", element_type(buffer_stored(b)), name);
  for (uint32_t i = 0; i < b->rank; i++)
    text_printf(out, "%s%" PRId64, i == 0 ? "" : " * ", b->extents[i]);
  text_add(out, "];");
  if (is_row_major(b)) return;
  text_add(out, " /* strides");
  for (uint32_t i = 0; i < b->rank; i++)
    text_printf(out, "%s %" PRId64, i == 0 ? "" : ",", b->strides[i]);
  text_add(out, " */");
}

static void write_field_run(const Emitter *e, Text *out, const Members *members, MemberRun run) {
  text_printf(out, "#define %s(" TURN_PARAMETER ")", e->members);
  for (uint32_t i = 0; i < run.period; i++) {
    text_add(out, " \\\n");
    write_field(e, out, members->items[run.first + i], member_pattern(e, members, run, i));
  }
  text_add(out, "\n");
  write_member_turns(e, out, e->members, members, run);
  text_printf(out, "#undef %s\n", e->members);
}

static void write_fields(const Emitter *e, Text *out, TensorKind kind, const char *heading) {
  Members members = members_of(e, kind);
  if (members.n > 0) text_printf(out, "  /* %s */\n", heading);
  for (uint32_t i = 0; i < members.n;) {
    MemberRun run = find_member_run(e, &members, i);
    if (run.turns > 1) {
      write_field_run(e, out, &members, run);
    } else {
      write_field(e, out, members.items[i], e->fields[members.items[i]]);
      text_add(out, "\n");
    }
    i += run.turns * run.period;
  }
}

static void write_struct(Emitter *e, Text *out) {
  const char *name = e->program->name;
  text_printf(out, "\n/* All memory that the model uses. */\ntypedef struct %s {\n", name);
  write_fields(e, out, TENSOR_PARAM, "params");
  write_fields(e, out, TENSOR_STATE, "states");
  text_add(out, "  int64_t step;  /* training steps done */\n"
                "  uint64_t seed; /* of random numbers */\n");
  if (e->plan->workspace_bytes > 0)
    text_printf(out, "  __attribute__((aligned(64))) unsigned char workspace[%" PRId64 "];\n",
                e->plan->workspace_bytes);
  text_printf(out, "} __attribute__((aligned(64))) %s;\n", name);
}

Signature write_parameters(Emitter *e, Text *out, uint32_t entry) {
  const Entry *it = &e->program->entries[entry];
  const Graph *graph = e->program->graph;
  Signature s = {.names = names_new(e->arena, NULL)};
  s.inputs = ARENA_ARRAY(e->arena, const char *, it->n_inputs + 1);
  s.outputs = ARENA_ARRAY(e->arena, const char *, it->n_outputs + 1);
  text_printf(out, "(%s *%s", e->program->name, names_take(&s.names, "m"));
  for (uint32_t i = 0; i < it->n_inputs; i++) {
    const Tensor *t = tensor_at(graph, it->inputs[i]);
    s.inputs[i] = names_take(&s.names, t->name);
    text_printf(out, ", const %s *%s", element_type(tensor_stored(graph, it->inputs[i])),
                s.inputs[i]);
  }
  for (uint32_t i = 0; i < it->n_outputs; i++) {
    ScalarType stored = tensor_stored(graph, it->outputs[i].tensor);
    bool unnamed = strcmp(it->outputs[i].name, it->name) == 0; /* it is called by the export */
    s.outputs[i] = names_take(&s.names, unnamed ? "out" : it->outputs[i].name);
    text_printf(out, ", %s *%s", element_type(stored), s.outputs[i]);
  }
  s.takes_seed = it->kind == ENTRY_EXPORT && e->plan->entries[entry].uses_seed;
  if (s.takes_seed) text_add(out, ", uint64_t seed");
  text_add(out, ")");
  return s;
}

/* "x[64, 784] y[64] → loss accuracy" */
static void write_shapes(const Emitter *e, Text *out, const Entry *entry) {
  const Graph *graph = e->program->graph;
  for (uint32_t i = 0; i < entry->n_inputs; i++) {
    const Tensor *t = tensor_at(graph, entry->inputs[i]);
    text_printf(out, "%s%s", i == 0 ? "" : ", ", t->name);
    write_shape(out, t->rank, t->extents);
  }
  text_add(out, entry->n_inputs > 0 ? " -> " : "-> ");
  for (uint32_t i = 0; i < entry->n_outputs; i++) {
    const Tensor *t = tensor_at(graph, entry->outputs[i].tensor);
    text_printf(out, "%s%s", i == 0 ? "" : ", ", entry->outputs[i].name);
    write_shape(out, t->rank, t->extents);
  }
}

static const char *purpose(EntryKind kind) {
  switch (kind) {
  case ENTRY_STEP: return "one step of training";
  case ENTRY_EVAL: return "the same without training, nothing changes";
  case ENTRY_EXPORT: return "export";
  }
  bug("emit", "entry of kind %d", (int)kind);
}

static void write_prototypes(Emitter *e, Text *out) {
  const Program *p = e->program;
  text_printf(out,
              "\n/* Sets params and states to their starting values. */\n"
              "void %s(%s *m, uint64_t seed);\n",
              e->init, p->name);
  if (p->n_entries > 0)
    text_add(
        out,
        "\n/* Arrays are row-major and do not overlap. These return 0, or 1 + the position of an\n"
        "   input that holds an index out of range: then nothing has changed. */\n");
  for (uint32_t i = 0; i < p->n_entries; i++) {
    Text line = text_new(e->arena);
    text_printf(&line, "/* %s: ", purpose(p->entries[i].kind));
    write_shapes(e, &line, &p->entries[i]);
    text_add(&line, " */\n");
    text_printf(&line, "int %s", e->entries[i]);
    write_parameters(e, &line, i);
    text_add(&line, ";\n");
    add_wrapped(out, text_string(&line));
  }
  text_printf(out, "\nextern const dag_model %s;\n", e->model);
}

void write_declarations(Emitter *e, Text *out) {
  write_sizes(e, out);
  write_struct(e, out);
  write_prototypes(e, out);
}
