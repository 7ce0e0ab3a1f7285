/* The functions of the API: checks, then the kernels in order. */
#include <inttypes.h>
#include "emit/emitter.h"
#include "emit/lines.h"
#include "emit/sections.h"
#include "emit/turns.h"

/* How the buffers of one entry are reached, per buffer of the plan: "x", "m->dense1_W", "hidden".
 */
typedef struct Access {
  Emitter *e;
  Text *out;
  const EntryPlan *plan;
  Signature signature;
  const char **text;
  const char *step, *seed; /* the arguments of kernels that take them */
  const char *indent;      /* of calls */
  bool uses_model, *uses_input;
  bool in_team;  /* a team makes this function's calls already */
  bool alone;    /* one of it is to make them */
  bool observed; /* a mark stands behind each call */
} Access;

/* The condition under which an integer element is out of range; NULL: its type forbids it. */
static const char *outside(Arena *arena, const char *x, ScalarType type, Interval within) {
  bool least = within.low != INT64_MIN && type_holds(type, within.low - 1);
  bool most = within.high != INT64_MAX && type_holds(type, within.high + 1);
  const char *below = arena_printf(arena, "%s < %" PRId64, x, within.low);
  const char *above = arena_printf(arena, "%s >= %" PRId64, x, within.high + most);
  if (within.low > within.high) return "1"; /* what two reads ask for excludes each other */
  if (least && most) return arena_printf(arena, "%s || %s", below, above);
  return least ? below : most ? above : NULL;
}

static void write_checks(Access *a) {
  const char *index = a->plan->n_checks == 0 ? NULL : names_take(&a->signature.names, "i");
  for (uint32_t i = 0; i < a->plan->n_checks; i++) {
    const BoundsCheck *check = &a->plan->checks[i];
    const Tensor *t = tensor_at(a->e->program->graph, a->plan->entry->inputs[check->input]);
    const char *element =
        arena_printf(a->e->arena, "%s[%s]", a->signature.inputs[check->input], index);
    const char *condition = outside(a->e->arena, element, t->type, check->within);
    if (condition == NULL) continue;
    a->uses_input[check->input] = true;
    text_printf(a->out, "  for (int64_t %s = 0; %s < %" PRId64 "; %s++)\n    if (%s) return %u;\n",
                index, index, tensor_size(t), index, condition, check->input + 1);
  }
}

static void write_shape_comment(Text *out, const Buffer *b) {
  for (uint32_t i = 0; i < b->rank; i++)
    text_printf(out, "%s%" PRId64, i == 0 ? " /* [" : ", ", b->extents[i]);
  text_add(out, b->rank > 0 ? "] */\n" : "\n");
}

/* A pointer of its own for a buffer in the workspace, with its shape. */
static const char *declare_workspace(Access *a, const Buffer *b) {
  const char *name = names_take(&a->signature.names, b->name);
  const char *type = element_type(buffer_stored(b));
  text_printf(a->out, "  %s *%s = (%s *)(m->workspace + %" PRId64 ");", type, name, type,
              b->offset);
  write_shape_comment(a->out, b);
  return name;
}

uint32_t input_position(const Entry *entry, TensorId tensor) {
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

static const char *reached(Access *a, BufferId id) {
  if (a->text[id] == NULL) a->text[id] = reach(a, id);
  return a->text[id];
}

/* texts, sites: of the arguments; waits: a barrier comes first; number: which call it is */
static void write_call(Access *a, Text *out, const KernelCall *call, bool waits, const char **texts,
                       const char **sites, const char *number) {
  const Kernel *k = &a->e->plan->kernels[call->kernel];
  Text line = text_new(a->e->arena);
  if (waits) text_printf(out, "%sBARRIER\n", a->indent);
  text_printf(&line, "%s%s%s(", a->indent, a->plan->team && !k->for_team ? "ONE " : "",
              a->e->kernels[call->kernel]);
  const char *between = "";
  for (uint32_t i = 0; i < k->n_parameters; i++) {
    text_printf(&line, "%s%s", between, texts[i]);
    between = ", ";
  }
  a->uses_model = a->uses_model || k->uses_step || k->uses_seed;
  if (k->uses_step) {
    text_printf(&line, "%s%s", between, a->step);
    between = ", ";
  }
  if (k->uses_seed) text_printf(&line, "%s%s", between, a->seed);
  for (uint32_t i = 0; k->sites_vary && i < k->n_sites; i++) text_printf(&line, ", %s", sites[i]);
  text_add(&line, ");\n");
  add_wrapped(out, text_string(&line));
  if (a->observed) text_printf(out, "%s" CALL_MARK "(%s)\n", a->indent, number);
}

static void write_one_call(Access *a, Text *out, uint32_t number) {
  const KernelCall *call = &a->plan->calls[number];
  uint32_t n = a->e->plan->kernels[call->kernel].n_parameters;
  const char **texts = ARENA_ARRAY(a->e->arena, const char *, n + 1);
  for (uint32_t i = 0; i < n; i++) texts[i] = reached(a, call->buffers[i]);
  const Kernel *k = &a->e->plan->kernels[call->kernel];
  const char **sites = ARENA_ARRAY(a->e->arena, const char *, k->n_sites + 1);
  for (uint32_t i = 0; i < k->n_sites; i++)
    sites[i] = arena_printf(a->e->arena, "%" PRId64, call->sites[i]);
  write_call(a, out, call, call->waits, texts, sites, arena_printf(a->e->arena, "%u", number));
}

/* --- runs: a loop over their turns --- */

/* What differs from turn to turn in no steady way: a row of numbers for each turn. */
typedef struct Table {
  ARRAY(const int64_t *) columns;
  const char *name, *turn;
} Table;

/* The entry of a new column. */
static const char *add_column(Access *a, Table *table, const int64_t *column) {
  ARRAY_PUSH(a->e->arena, &table->columns, column);
  return arena_printf(a->e->arena, "%s[%s][%zu]", table->name, table->turn,
                      table->columns.count - 1);
}

static const int64_t *places_of(const Access *a, const Slot *slot, uint32_t turns) {
  int64_t *places = ARENA_ARRAY(a->e->arena, int64_t, turns);
  for (uint32_t t = 0; t < turns; t++) places[t] = place_of(a->e, slot->buffers[t]);
  return places;
}

static void write_table(Access *a, Text *out, const Table *table, uint32_t turns) {
  size_t n = table->columns.count;
  if (n == 0) return;
  text_printf(out, "%sstatic const int64_t %s[%u][%zu] = {\n", a->indent, table->name, turns, n);
  for (uint32_t t = 0; t < turns; t++) {
    Text row = text_new(a->e->arena);
    for (size_t c = 0; c < n; c++)
      text_printf(&row, "%s%" PRId64,
                  c == 0 ? arena_printf(a->e->arena, "%s    {", a->indent) : ", ",
                  table->columns.items[c][t]);
    text_add(&row, t + 1 < turns ? "},\n" : "}};\n");
    add_wrapped(out, text_string(&row));
  }
}

/* A pointer for a slot, named after what it is at the first turn. */
static const char *declare_slot(Access *a, Text *out, Names *names, const Slot *slot,
                                const char *turn, const char *entry) {
  const Buffer *b = &a->e->plan->buffers[slot->buffers[0]];
  const char *name = names_take(names, b->name), *type = element_type(buffer_stored(b));
  bool field = b->kind == BUFFER_PARAM;
  Text line = text_new(a->e->arena);
  text_printf(&line, "%s%s *%s = (%s *)(%s", a->indent, type, name, type,
              field ? "(unsigned char *)m" : "m->workspace");
  a->uses_model = true;
  a->e->uses_places = a->e->uses_places || field;
  if (slot->course == COURSE_TABLE) {
    text_printf(&line, " + %s", entry);
  } else {
    if (field)
      text_printf(&line, " + offsetof(%s, %s)", a->e->program->name,
                  a->e->fields[slot->buffers[0]]);
    else
      text_printf(&line, " + %" PRId64, b->offset);
    bool back = slot->distance < 0;
    text_printf(&line, " %s %" PRId64 " * %s", back ? "-" : "+",
                back ? -slot->distance : slot->distance, turn);
  }
  text_add(&line, ");");
  write_shape_comment(&line, b);
  add_wrapped(out, text_string(&line));
  return name;
}

/* Whether the team waits before a call of a run in any of its turns. */
static bool ever_waits(const EntryPlan *plan, Run run, uint32_t call) {
  for (uint32_t t = 0; t < run.turns; t++)
    if (plan->calls[run.first + t * run.period + call].waits) return true;
  return false;
}

/* The calls of one turn. */
static void write_turn(Access *a, Text *out, Run run, const Slots *slots, const char **texts,
                       Table *table) {
  const Emitter *e = a->e;
  uint32_t at = 0;
  for (uint32_t i = 0; i < run.period; i++) {
    const KernelCall *call = &a->plan->calls[run.first + i];
    const Kernel *k = &e->plan->kernels[call->kernel];
    const char **arguments = ARENA_ARRAY(e->arena, const char *, k->n_parameters + 1);
    const char **sites = ARENA_ARRAY(e->arena, const char *, k->n_sites + 1);
    for (uint32_t p = 0; p < k->n_parameters; p++) arguments[p] = texts[slots->of[at++]];
    for (uint32_t s = 0; s < k->n_sites; s++) {
      const int64_t *column = sites_of(e, a->plan, run, i, s);
      sites[s] = column != NULL ? add_column(a, table, column)
                                : arena_printf(e->arena, "%" PRId64, call->sites[s]);
    }
    const char *number =
        arena_printf(e->arena, "%u + %u * %s", run.first + i, run.period, table->turn);
    write_call(a, out, call, ever_waits(a->plan, run, i), arguments, sites, number);
  }
}

static void write_run(Access *a, Text *out, Run run) {
  Emitter *e = a->e;
  Names names = names_new(e->arena, &a->signature.names);
  Table table = {.name = names_take(&names, "table"), .turn = names_take(&names, "turn")};
  Slots slots = find_slots(e, a->plan, run);
  const char *outside = a->indent;
  a->indent = arena_printf(e->arena, "%s  ", outside);
  const char **texts = ARENA_ARRAY(e->arena, const char *, slots.n + 1);
  Text body = text_new(e->arena);
  for (uint32_t s = 0; s < slots.n; s++) {
    const Slot *slot = &slots.items[s];
    if (slot->course == COURSE_CONSTANT) {
      texts[s] = reached(a, slot->buffers[0]);
      continue;
    }
    bool listed = slot->course == COURSE_TABLE;
    const char *entry = listed ? add_column(a, &table, places_of(a, slot, run.turns)) : NULL;
    texts[s] = declare_slot(a, &body, &names, slot, table.turn, entry);
  }
  write_turn(a, &body, run, &slots, texts, &table);
  text_printf(out, "%s/* %u turns, with the names of the first */\n", outside, run.turns);
  text_printf(out, "%sfor (int64_t %s = 0; %s < %u; %s++) {\n", outside, table.turn, table.turn,
              run.turns, table.turn);
  write_table(a, out, &table, run.turns);
  text_add(out, text_string(&body));
  text_printf(out, "%s}\n", outside);
  a->indent = outside;
}

/* Pointers into the workspace first, then the calls. */
static void write_calls(Access *a) {
  const char *block = a->alone ? "ONE" : a->plan->team && !a->in_team ? "TEAM" : NULL;
  a->text = ARENA_ARRAY(a->e->arena, const char *, a->e->plan->n_buffers + 1);
  a->indent = block != NULL ? "    " : "  ";
  Text calls = text_new(a->e->arena);
  for (uint32_t i = 0; i < a->plan->n_calls;) {
    Run run = find_run(a->e->plan, a->plan, i);
    if (run.turns == 1)
      write_one_call(a, &calls, i);
    else
      write_run(a, &calls, run);
    i += run.turns == 1 ? 1 : run.turns * run.period;
  }
  if (block != NULL) text_printf(a->out, "  %s {\n", block);
  text_add(a->out, text_string(&calls));
  if (block != NULL) text_add(a->out, "  }\n");
}

/* Parameters that a function has but does not need. */
static void write_unused(const Access *a, Text *out) {
  const Entry *entry = a->plan->entry;
  if (!a->uses_model) text_add(out, "  (void)m;\n");
  for (uint32_t i = 0; i < entry->n_inputs; i++)
    if (!a->uses_input[i]) text_printf(out, "  (void)%s;\n", a->signature.inputs[i]);
}

static Access access_to_entry(Emitter *e, Text *out, uint32_t number) {
  const EntryPlan *plan = &e->plan->entries[number];
  bool training = plan->entry->kind == ENTRY_STEP;
  return (Access){.e = e,
                  .out = out,
                  .plan = plan,
                  .step = training ? "m->step + 1" : "m->step",
                  .seed = plan->entry->kind == ENTRY_EXPORT ? "seed" : "m->seed",
                  .uses_model = training,
                  .observed = training && e->observer != NULL,
                  .uses_input = ARENA_ARRAY(e->arena, bool, plan->entry->n_inputs + 1)};
}

static Access access_to_init(Emitter *e, Text *out) {
  Access a = {.e = e, .out = out, .plan = &e->plan->init, .step = "0", .seed = "seed"};
  a.signature.names = names_new(e->arena, NULL);
  names_take(&a.signature.names, "m");
  return a;
}

/* Its own parameters, to be passed on. */
static const char *arguments_text(const Access *a) {
  Text text = text_new(a->e->arena);
  const Entry *entry = a->plan->entry;
  text_add(&text, "m");
  for (uint32_t i = 0; i < entry->n_inputs; i++)
    text_printf(&text, ", %s", a->signature.inputs[i]);
  for (uint32_t i = 0; i < entry->n_outputs; i++)
    text_printf(&text, ", %s", a->signature.outputs[i]);
  if (a->signature.takes_seed) text_add(&text, ", seed");
  return text_string(&text);
}

static void write_entry(const Sections *s, Text *out, uint32_t number) {
  Emitter *e = &s->items[0];
  e->code.entries[number].begin = out->length;
  Text head = text_new(e->arena), body = text_new(e->arena);
  Access a = access_to_entry(e, &body, number);
  bool training = a.plan->entry->kind == ENTRY_STEP;
  text_printf(&head, "\nint %s", e->entries[number]);
  a.signature = write_parameters(e, &head, number);
  text_add(&head, " {\n");
  write_checks(&a);
  if (s->n > 1)
    write_choice(&body, s, number, arguments_text(&a));
  else
    write_calls(&a);
  if (training) text_add(&body, "  m->step++;\n");
  add_wrapped(out, text_string(&head));
  if (s->n == 1) write_unused(&a, out);
  text_add(out, text_string(&body));
  text_add(out, "  return 0;\n}\n");
  e->code.entries[number].end = out->length;
}

static void write_init(const Sections *s, Text *out) {
  Emitter *e = &s->items[0];
  e->code.init.begin = out->length;
  text_printf(out, "\nvoid %s(%s *m, uint64_t seed) {\n", e->init, e->program->name);
  text_add(out, "  m->step = 0;\n  m->seed = seed;\n");
  Access a = access_to_init(e, out);
  if (s->n > 1)
    write_choice(out, s, e->program->n_entries, "m, seed");
  else
    write_calls(&a);
  text_add(out, "}\n");
  e->code.init.end = out->length;
}

/* Loops over turns go from member to member by numbers: a C compiler must see them there. */
static void write_places_check(const Sections *s, Text *out) {
  const Emitter *e = &s->items[0];
  bool used = false;
  for (uint32_t i = 0; i < s->n; i++) used = used || s->items[i].uses_places;
  if (used)
    text_printf(out,
                "\n_Static_assert(offsetof(%s, step) == %" PRId64 ", \"places of members\");\n",
                e->program->name, (e->end + 7) / 8 * 8);
}

void write_entries(const Sections *sections, Text *out) {
  write_init(sections, out);
  for (uint32_t i = 0; i < sections->items[0].program->n_entries; i++)
    write_entry(sections, out, i);
  write_places_check(sections, out);
}

static void write_part(const Sections *s, uint32_t section, uint32_t number, Text *out) {
  Emitter *e = &s->items[section];
  Text head = text_new(e->arena), body = text_new(e->arena);
  bool init = number == e->program->n_entries;
  text_printf(&head, "\nstatic void %s", e->parts[number]);
  Access a = init ? access_to_init(e, &body) : access_to_entry(e, &body, number);
  if (init)
    text_printf(&head, "(%s *m, uint64_t seed)", e->program->name);
  else
    a.signature = write_parameters(e, &head, number);
  text_add(&head, " {\n");
  a.alone = !a.plan->team && any_team(s, number);
  a.in_team = a.plan->team;
  write_calls(&a);
  add_wrapped(out, text_string(&head));
  if (!init) write_unused(&a, out);
  text_add(out, text_string(&body));
  text_add(out, "}\n");
}

void write_parts(const Sections *sections, uint32_t section, Text *out) {
  for (uint32_t i = 0; i <= sections->items[section].program->n_entries; i++)
    write_part(sections, section, i, out);
}
