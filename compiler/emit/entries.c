/* The functions of the API: checks, then the kernels in order. */
#include <inttypes.h>
#include "emit/emitter.h"
#include "emit/lines.h"

/* How the buffers of one entry are reached, per buffer of the plan: "x", "m->dense1_W", "hidden".
 */
typedef struct Access {
  Emitter *e;
  Text *out;
  const EntryPlan *plan;
  Signature signature;
  const char **text;
  bool uses_model, *uses_input;
} Access;

/* The condition under which one element is out of range; NULL: its type forbids it. */
static const char *outside(Arena *arena, const char *x, ScalarType type, int64_t limit) {
  const char *above = arena_printf(arena, "%s >= %" PRId64, x, limit);
  switch (type) {
  case TYPE_BOOL:
  case TYPE_U8: return limit > UINT8_MAX ? NULL : above;
  case TYPE_I8:
    return limit > INT8_MAX ? arena_printf(arena, "%s < 0", x)
                            : arena_printf(arena, "%s < 0 || %s", x, above);
  case TYPE_I32:
    return limit > INT32_MAX ? arena_printf(arena, "%s < 0", x)
                             : arena_printf(arena, "%s < 0 || %s", x, above);
  case TYPE_I64: return arena_printf(arena, "%s < 0 || %s", x, above);
  case TYPE_F32:
  case TYPE_F64: return arena_printf(arena, "!(%s > -1 && %s < %" PRId64 ")", x, x, limit);
  }
  bug("emit", "element type %d", (int)type);
}

static void write_checks(Access *a) {
  const char *index = a->plan->n_checks == 0 ? NULL : names_take(&a->signature.names, "i");
  for (uint32_t i = 0; i < a->plan->n_checks; i++) {
    const BoundsCheck *check = &a->plan->checks[i];
    const Tensor *t = tensor_at(a->e->program->graph, a->plan->entry->inputs[check->input]);
    const char *element =
        arena_printf(a->e->arena, "%s[%s]", a->signature.inputs[check->input], index);
    const char *condition = outside(a->e->arena, element, t->type, check->limit);
    if (condition == NULL) continue;
    a->uses_input[check->input] = true;
    text_printf(a->out, "  for (int64_t %s = 0; %s < %" PRId64 "; %s++)\n    if (%s) return %u;\n",
                index, index, tensor_size(t), index, condition, check->input + 1);
  }
}

/* A pointer of its own for a buffer in the workspace, with its shape. */
static const char *declare_workspace(Access *a, const Buffer *b) {
  const char *name = names_take(&a->signature.names, b->name);
  const char *type = element_type(b->type);
  text_printf(a->out, "  %s *%s = (%s *)(m->workspace + %" PRId64 ");", type, name, type,
              b->offset);
  for (uint32_t i = 0; i < b->rank; i++)
    text_printf(a->out, "%s%" PRId64, i == 0 ? " /* [" : ", ", b->extents[i]);
  text_add(a->out, b->rank > 0 ? "] */\n" : "\n");
  return name;
}

static uint32_t input_position(const Entry *entry, TensorId tensor) {
  for (uint32_t i = 0; i < entry->n_inputs; i++)
    if (entry->inputs[i] == tensor) return i;
  bug("emit", "%s reads an input that it does not have", entry->name);
}

static const char *reach(Access *a, BufferId id) {
  const Buffer *b = &a->e->plan->buffers[id];
  switch (b->kind) {
  case BUFFER_PARAM:
    a->uses_model = true;
    return arena_printf(a->e->arena, "%sm->%s", b->rank == 0 ? "&" : "", a->e->fields[id]);
  case BUFFER_INPUT: {
    uint32_t input = input_position(a->plan->entry, b->tensor);
    a->uses_input[input] = true;
    return a->signature.inputs[input];
  }
  case BUFFER_OUTPUT: return a->signature.outputs[b->output];
  case BUFFER_WORKSPACE: a->uses_model = true; return declare_workspace(a, b);
  }
  bug("emit", "buffer of kind %d", (int)b->kind);
}

static void write_call(Access *a, const KernelCall *call, const char *step, const char *seed) {
  const Kernel *k = &a->e->plan->kernels[call->kernel];
  Text line = text_new(a->e->arena);
  text_printf(&line, "  %s(", a->e->kernels[call->kernel]);
  const char *between = "";
  for (uint32_t i = 0; i < k->n_parameters; i++) {
    text_printf(&line, "%s%s", between, a->text[call->buffers[i]]);
    between = ", ";
  }
  a->uses_model = a->uses_model || k->uses_step || k->uses_seed;
  if (k->uses_step) {
    text_printf(&line, "%s%s", between, step);
    between = ", ";
  }
  if (k->uses_seed) text_printf(&line, "%s%s", between, seed);
  text_add(&line, ");\n");
  add_wrapped(a->out, text_string(&line));
}

static void write_calls(Access *a, const char *step, const char *seed) {
  a->text = ARENA_ARRAY(a->e->arena, const char *, a->e->plan->n_buffers + 1);
  for (uint32_t i = 0; i < a->plan->n_calls; i++) {
    const KernelCall *call = &a->plan->calls[i];
    for (uint32_t k = 0; k < a->e->plan->kernels[call->kernel].n_parameters; k++)
      if (a->text[call->buffers[k]] == NULL) a->text[call->buffers[k]] = reach(a, call->buffers[k]);
  }
  for (uint32_t i = 0; i < a->plan->n_calls; i++) write_call(a, &a->plan->calls[i], step, seed);
}

/* Parameters that a function has but does not need. */
static void write_unused(const Access *a, Text *out) {
  const Entry *entry = a->plan->entry;
  if (!a->uses_model) text_add(out, "  (void)m;\n");
  for (uint32_t i = 0; i < entry->n_inputs; i++)
    if (!a->uses_input[i]) text_printf(out, "  (void)%s;\n", a->signature.inputs[i]);
}

static void write_entry(Emitter *e, Text *out, uint32_t number) {
  Text head = text_new(e->arena), body = text_new(e->arena);
  Access a = {.e = e, .out = &body, .plan = &e->plan->entries[number]};
  const Entry *entry = a.plan->entry;
  bool training = entry->kind == ENTRY_STEP;
  text_add(&head, "\n");
  a.signature = write_signature(e, &head, number);
  text_add(&head, " {\n");
  a.uses_model = training;
  a.uses_input = ARENA_ARRAY(e->arena, bool, entry->n_inputs + 1);
  write_checks(&a);
  write_calls(&a, training ? "m->step + 1" : "m->step",
              entry->kind == ENTRY_EXPORT ? "seed" : "m->seed");
  if (training) text_add(&body, "  m->step++;\n");
  add_wrapped(out, text_string(&head));
  write_unused(&a, out);
  text_add(out, text_string(&body));
  text_add(out, "  return 0;\n}\n");
}

static void write_init(Emitter *e, Text *out) {
  Access a = {.e = e, .out = out, .plan = &e->plan->init};
  a.signature.names = names_new(e->arena, NULL);
  names_take(&a.signature.names, "m");
  text_printf(out, "\nvoid %s(%s *m, uint64_t seed) {\n", e->init, e->program->name);
  text_add(out, "  m->step = 0;\n  m->seed = seed;\n");
  write_calls(&a, "0", "seed");
  text_add(out, "}\n");
}

void write_entries(Emitter *e, Text *out) {
  write_init(e, out);
  for (uint32_t i = 0; i < e->program->n_entries; i++) write_entry(e, out, i);
}
