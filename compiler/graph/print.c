/* A program as `.dag` text: declarations, definitions in the order of evaluation, exports,
 * training. */
#include <inttypes.h>
#include <string.h>
#include "graph/graph.h"
#include "graph/print.h"

void print_shape(Text *out, const Tensor *tensor) {
  if (tensor->rank == 0) return;
  text_add(out, "[");
  for (uint32_t i = 0; i < tensor->rank; i++)
    text_printf(out, "%s%" PRId64, i > 0 ? ", " : "", tensor->extents[i]);
  text_add(out, "]");
}

/* --- declarations --- */

static const char *declaring_word(TensorKind kind) {
  switch (kind) {
  case TENSOR_INPUT: return "input";
  case TENSOR_PARAM: return "param";
  case TENSOR_STATE: return "state";
  case TENSOR_DEFINITION:
  case TENSOR_STAND_IN:
  case TENSOR_RESHAPE:
  case TENSOR_DERIVATIVE: break;
  }
  bug("print", "kind %d is not declared", (int)kind);
}

void print_declaration(const Printer *p, TensorId id) {
  const Graph *graph = p->program->graph;
  const Tensor *t = tensor_at(graph, id);
  text_printf(p->out, "%s %s: %s", declaring_word(t->kind), t->name,
              type_name(tensor_stored(graph, id)));
  print_shape(p->out, t);
  if (t->initial_text != NULL) {
    text_printf(p->out, " = %s", t->initial_text);
  } else if (t->initial != TENSOR_NONE) {
    const Expr *body = expr_at(graph, tensor_at(graph, t->initial)->body);
    text_add(p->out, " = ");
    if (body->kind == EXPR_CONST) /* one number for all elements */
      print_expr(p, &(Scope){0}, tensor_at(graph, t->initial)->body, 0, true);
    else
      print_value(p, t->initial);
  }
}

static void print_declarations(const Printer *p, const TensorId *ids, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    print_declaration(p, ids[i]);
    text_add(p->out, "\n");
  }
}

/* --- definitions --- */

static void print_derivative(const Printer *p, const Tensor *t) {
  static const char *const names[] = {"grad", "vjp", "jvp", "jacobian", "hessian"};
  const Graph *graph = p->program->graph;
  text_printf(p->out, "%s = %s(%s, %s", t->name, names[t->derivative],
              tensor_at(graph, t->source)->name, tensor_at(graph, t->wrt)->name);
  if (t->seed != TENSOR_NONE) text_printf(p->out, ", %s", tensor_at(graph, t->seed)->name);
  text_add(p->out, ")");
}

static void print_tensor(const Printer *p, TensorId id) {
  const Graph *graph = p->program->graph;
  const Tensor *t = tensor_at(graph, id);
  switch (t->kind) {
  case TENSOR_INPUT:
  case TENSOR_PARAM:
  case TENSOR_STATE:
  case TENSOR_STAND_IN: return;
  case TENSOR_DEFINITION: print_line(p, id); return;
  case TENSOR_RESHAPE:
    text_printf(p->out, "%s = reshape(%s, [", t->name, tensor_at(graph, t->source)->name);
    for (uint32_t i = 0; i < t->rank; i++)
      text_printf(p->out, "%s%" PRId64, i > 0 ? ", " : "", t->extents[i]);
    text_add(p->out, "])");
    return;
  case TENSOR_DERIVATIVE: print_derivative(p, t); return;
  }
}

/* What the lines from t on have in common. */
static const char *heading(const Printer *p, const Tensor *t, bool after_derivatives) {
  const Graph *graph = p->program->graph;
  const char *from =
      t->adjoint_from != TENSOR_NONE ? tensor_at(graph, t->adjoint_from)->name : t->derivative_of;
  if (from != NULL)
    return arena_printf(p->program->arena, "%s %s",
                        t->tangent ? "forward mode, to" : "backward, from", from);
  if (t->derived && !t->pointwise) return "backward";
  return after_derivatives ? "forward, with derivatives" : "forward";
}

static const char rules_heading[] = "reverse rules";

static void add_line(const Printer *p, DumpLines *lines, const char *head, const char *text,
                     TensorId tensor) {
  bool defines = tensor != TENSOR_NONE;
  ARRAY_PUSH(p->program->arena, &lines->items,
             (DumpLine){.heading = head,
                        .text = text,
                        .note = defines ? definition_note(p, tensor, false) : "",
                        .full_note = defines ? definition_note(p, tensor, true) : "",
                        .tensor = tensor,
                        .unit = lines->units});
}

/* Those that stand in the rule of that seed, or in none. */
static void add_definitions(const Printer *p, const Listing *l, DumpLines *lines, TensorId block,
                            const char *indent) {
  const Graph *graph = p->program->graph;
  bool derivatives = false;
  uint32_t n; /* definitions printed in one turn */
  for (uint32_t i = 0; i < l->order.count; i += n) {
    n = 1;
    TensorId id = l->order.items[i];
    const Tensor *t = tensor_at(graph, id);
    if ((l->folded[id] && l->groups[id] == NULL) || l->is_value[id] || l->block[id] != block)
      continue;
    lines->units++;
    derivatives = derivatives || t->derivative_of != NULL || (t->derived && !t->pointwise);
    const char *head = block != TENSOR_NONE ? rules_heading
                       : l->beside[id]      ? NULL
                                            : heading(p, t, derivatives);
    if (l->groups[id] != NULL) {
      ScanLines scan = {0};
      n = print_scan(p, l, i, print_tensor, &scan);
      for (size_t k = 0; k < scan.count; k++)
        add_line(p, lines, head, arena_printf(graph->arena, "%s%s", indent, scan.items[k].text),
                 scan.items[k].tensor);
      continue;
    }
    Text text = text_new(graph->arena);
    text_add(&text, indent);
    print_tensor(&(Printer){p->program, &text, p->folded, p->steps, p->coming}, id);
    add_line(p, lines, head, text_string(&text), id);
  }
}

/* y with grad(u, x) { … return share }, for each y of that block. */
static void add_rules(const Printer *p, const Listing *l, DumpLines *lines, TensorId block,
                      const char *indent) {
  const Graph *graph = p->program->graph;
  for (uint32_t i = 0; i < l->order.count; i++) {
    const Tensor *t = tensor_at(graph, l->order.items[i]);
    const OwnRule *rule = t->rule;
    if (rule == NULL || l->block[l->order.items[i]] != block) continue;
    Text head = text_new(graph->arena), end = text_new(graph->arena);
    text_printf(&head, "%s%s with %s(%s", indent, t->name, rule->surrogate ? "surrogate" : "grad",
                tensor_at(graph, rule->seed)->name);
    for (uint32_t k = 0; k < rule->n; k++) {
      text_printf(&head, ", %s", tensor_at(graph, rule->wrt[k])->name);
      text_printf(&end, "%s%s", k == 0 ? "" : ", ", tensor_at(graph, rule->shares[k])->name);
    }
    const char *deeper = arena_printf(graph->arena, "%s  ", indent);
    lines->units++;
    text_add(&head, ") {");
    add_line(p, lines, rules_heading, text_string(&head), TENSOR_NONE);
    add_definitions(p, l, lines, rule->seed, deeper);
    add_rules(p, l, lines, rule->seed, deeper);
    add_line(p, lines, rules_heading,
             arena_printf(graph->arena, "%sreturn %s", deeper, text_string(&end)), TENSOR_NONE);
    add_line(p, lines, rules_heading, arena_printf(graph->arena, "%s}", indent), TENSOR_NONE);
  }
}

DumpLines dump_definitions(const Printer *p, const Listing *l) {
  DumpLines lines = {0};
  add_definitions(p, l, &lines, TENSOR_NONE, "");
  add_rules(p, l, &lines, TENSOR_NONE, "");
  for (size_t i = lines.items.count; i-- > 0;)
    if (lines.items.items[i].heading == NULL && i + 1 < lines.items.count)
      lines.items.items[i].heading = lines.items.items[i + 1].heading;
  return lines;
}

static void print_definitions(const Printer *p, const Listing *l) {
  DumpLines lines = dump_definitions(p, l);
  print_lines(p, &lines);
}

/* --- entries --- */

void print_update(const Printer *p, const Listing *l, const Update *update) {
  const Graph *graph = p->program->graph;
  text_printf(p->out, "%s <- ", tensor_at(graph, update->target)->name);
  if (l->is_value[update->value])
    print_value(p, update->value);
  else
    text_add(p->out, tensor_at(graph, update->value)->name);
}

static void print_export(const Printer *p, const Listing *l, const Entry *entry) {
  const Graph *graph = p->program->graph;
  text_printf(p->out, "export %s(", entry->name);
  for (uint32_t i = 0; i < entry->n_inputs; i++)
    text_printf(p->out, "%s%s", i > 0 ? ", " : "", tensor_at(graph, entry->inputs[i])->name);
  text_add(p->out, ") = ");
  for (uint32_t i = 0; i < entry->n_outputs; i++)
    text_printf(p->out, "%s%s", i > 0 ? ", " : "",
                tensor_at(graph, entry->outputs[i].tensor)->name);
  for (uint32_t i = 0; i < entry->n_updates; i++) {
    if (i > 0 || entry->n_outputs > 0) text_add(p->out, ", ");
    print_update(p, l, &entry->updates[i]);
  }
  text_add(p->out, "\n");
}

static void print_sources(const Printer *p, const char *clause, const DataSource *sources,
                          uint32_t n) {
  if (n == 0) return;
  text_printf(p->out, "  %s ", clause);
  for (uint32_t i = 0; i < n; i++) {
    const DataSource *s = &sources[i];
    text_printf(p->out, "%s%s = ", i > 0 ? ", " : "", tensor_at(p->program->graph, s->input)->name);
    if (s->kind == DATA_WINDOWS) text_add(p->out, "windows(");
    text_add(p->out, "\"");
    for (const char *c = s->path; *c != '\0'; c++)
      text_printf(p->out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    text_add(p->out, "\"");
    if (s->kind == DATA_WINDOWS) text_printf(p->out, ", %" PRId64 ")", s->window);
    if (s->kind != DATA_CSV) continue;
    if (s->single_column)
      text_printf(p->out, "[%" PRId64 "]", s->first_column);
    else if (s->last_column == -1)
      text_printf(p->out, "[%" PRId64 ":]", s->first_column);
    else
      text_printf(p->out, "[%" PRId64 ":%" PRId64 "]", s->first_column, s->last_column);
  }
  text_add(p->out, "\n");
}

static void print_train(const Printer *p, const Listing *l) {
  const Train *train = &p->program->train;
  const Entry *step = program_entry(p->program, ENTRY_STEP, NULL);
  if (!train->present || step == NULL) return;
  text_add(p->out, "\ntrain {\n");
  for (uint32_t i = 0; i < step->n_outputs; i++)
    text_printf(p->out, "%s%s", i == 0 ? "  report " : ", ",
                tensor_at(p->program->graph, step->outputs[i].tensor)->name);
  text_add(p->out, "\n");
  for (uint32_t i = 0; i < step->n_updates; i++) {
    text_add(p->out, "  ");
    print_update(p, l, &step->updates[i]);
    text_add(p->out, "\n");
  }
  if (train->epochs > 0) text_printf(p->out, "  epochs %" PRId64 "\n", train->epochs);
  if (train->steps > 0) text_printf(p->out, "  steps %" PRId64 "\n", train->steps);
  if (train->seed != 0) text_printf(p->out, "  seed %" PRIu64 "\n", train->seed);
  print_sources(p, "data", train->data, train->n_data);
  print_sources(p, "valid", train->valid, train->n_valid);
  text_add(p->out, "}\n");
}

Printer listing_printer(const Listing *l, Text *out) {
  return (Printer){l->program, out, l->folded, (const char *const *const *)l->steps, NULL};
}

void print_program(Text *out, const Program *given) {
  const Program *program = program_canonical(given);
  Listing l = list_program(program);
  Printer p = listing_printer(&l, out);
  if (program->real == TYPE_F64) text_add(out, "const real = f64\n");
  for (uint32_t i = 0; i < program->n_dims; i++)
    text_printf(out, "dim %s = %" PRId64 "\n", program->dims[i].name, program->dims[i].value);
  print_declarations(&p, program->inputs, program->n_inputs);
  print_declarations(&p, program->params, program->n_params);
  print_declarations(&p, program->states, program->n_states);
  print_definitions(&p, &l);
  bool any = false;
  for (uint32_t i = 0; i < program->n_entries; i++) {
    if (program->entries[i].kind != ENTRY_EXPORT) continue;
    if (!any) text_add(out, "\n");
    any = true;
    print_export(&p, &l, &program->entries[i]);
  }
  print_train(&p, &l);
}

NamedLines program_lines(const Program *program) {
  Arena *arena = program->arena;
  const Graph *graph = program->graph;
  Listing l = list_program(program);
  Text text = text_new(arena);
  Printer p = listing_printer(&l, &text);
  DumpLines lines = dump_definitions(&p, &l);
  NamedLines result = {0};
  for (size_t i = 0; i < lines.items.count; i++) {
    const DumpLine *line = &lines.items.items[i];
    if (line->tensor == TENSOR_NONE) continue;
    const char *name = tensor_at(graph, line->tensor)->name;
    ARRAY_PUSH(arena, &result, (NamedLine){name, line->text + strspn(line->text, " ")});
  }
  for (uint32_t e = 0; e < program->n_entries; e++)
    for (uint32_t i = 0; i < program->entries[e].n_updates; i++) {
      const Update *update = &program->entries[e].updates[i];
      text = text_new(arena);
      print_update(&p, &l, update);
      const char *target = tensor_at(graph, update->target)->name;
      ARRAY_PUSH(arena, &result,
                 (NamedLine){arena_printf(arena, "%s <-", target), text_string(&text)});
    }
  return result;
}

void print_definition(Text *out, const Program *program, TensorId tensor) {
  Printer p = {program, out, NULL, NULL, NULL};
  print_line(&p, tensor);
}
