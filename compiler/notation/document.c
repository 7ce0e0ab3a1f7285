/* Which formulas there are, and in which order. */
#include "notation/document.h"
#include <inttypes.h>
#include <string.h>
#include "notation/conventions.h"
#include "notation/symbols.h"
#include "notation/updates.h"

typedef struct Builder {
  const Program *program;
  const Graph *graph;
  Arena *arena;
  const Listing *listing;
  const Trees *trees;
  bool *needed; /* per tensor: it has a formula, or a symbol in one */
  Recogniser recogniser;
  const bool *in_theta; /* per tensor: see UpdateGroups */
  ARRAY(Section) sections;
  ARRAY(Row) rows; /* of the section that is being built */
} Builder;

/* --- what is shown --- */

static void need(Builder *b, TensorId id);

static void need_reads(Builder *b, const Node *node) {
  if (node->kind == NODE_READ) need(b, node->tensor);
  for (uint32_t i = 0; i < node->n_args; i++) need_reads(b, node->args[i]);
  if (node->fallback != NULL) need_reads(b, node->fallback);
}

static void need(Builder *b, TensorId id) {
  const Tensor *t = tensor_at(b->graph, id);
  if (b->needed[id]) return;
  b->needed[id] = true;
  if (t->kind == TENSOR_DEFINITION) need_reads(b, tree_of(b->trees, id).body);
  if (t->source != TENSOR_NONE) need(b, t->source);
  if (t->adjoint_from != TENSOR_NONE) need(b, t->adjoint_from);
}

/* What the results are made of, and all adjoints of params. What only textbook forms were made of
   is not shown. */
static void find_needed(Builder *b) {
  TensorList roots = program_roots(b->program, b->arena);
  for (uint32_t i = 0; i < roots.count; i++) need(b, roots.items[i]);
  for (uint32_t i = 0; i < b->program->n_inputs; i++) b->needed[b->program->inputs[i]] = true;
  for (uint32_t i = 0; i < b->program->n_params; i++) b->needed[b->program->params[i]] = true;
}

static bool is_shown(const Builder *b, TensorId id) {
  const Tensor *t = tensor_at(b->graph, id);
  return b->needed[id] && !b->listing->folded[id] && !b->listing->is_value[id] &&
         (t->kind == TENSOR_DEFINITION || t->kind == TENSOR_RESHAPE);
}

/* --- formulas --- */

const Formula *line_equation(Arena *arena, const Line *line) {
  Glyph sign = line->arrow ? (Glyph){"←", "\\leftarrow"} : (Glyph){"=", "="};
  return formula_relation(arena, sign, line->left, line->right);
}

/* reshape(x, 64 × 400) */
static Line reshape_line(const Builder *b, TensorId id) {
  const Tensor *t = tensor_at(b->graph, id);
  Text text = text_new(b->arena), latex = text_new(b->arena);
  for (uint32_t i = 0; i < t->rank; i++) {
    text_printf(&text, "%s%" PRId64, i > 0 ? "×" : "", t->extents[i]);
    text_printf(&latex, "%s%" PRId64, i > 0 ? " \\times " : "", t->extents[i]);
  }
  const Formula *args[] = {formula_symbol(b->arena, b->recogniser.symbols[t->source], NULL, 0),
                           formula_glyph(b->arena, text_string(&text), text_string(&latex))};
  return (Line){.tensor = id,
                .left = formula_symbol(b->arena, b->recogniser.symbols[id], NULL, 0),
                .right = formula_call(b->arena, (Glyph){"reshape", "\\operatorname{reshape}"}, args,
                                      t->rank > 0 ? 2 : 1)};
}

static const Line *line_of(const Builder *b, TensorId id) {
  Line *line = ARENA_NEW(b->arena, Line);
  *line = tensor_at(b->graph, id)->kind == TENSOR_RESHAPE
              ? reshape_line(b, id)
              : recognise_definition(&b->recogniser, id);
  return line;
}

/* --- sections --- */

static void end_section(Builder *b, Section section) {
  if (b->rows.count == 0) return;
  section.rows = b->rows.items;
  section.n_rows = (uint32_t)b->rows.count;
  ARRAY_PUSH(b->arena, &b->sections, section);
  b->rows.items = NULL;
  b->rows.count = b->rows.capacity = 0;
}

static void add_row(Builder *b, const Line *const *lines, uint32_t n) {
  const Line **copy = ARENA_ARRAY(b->arena, const Line *, n + 1);
  for (uint32_t i = 0; i < n; i++) copy[i] = lines[i];
  ARRAY_PUSH(b->arena, &b->rows, (Row){copy, n});
}

static bool is_param_adjoint(const Builder *b, TensorId id) {
  const Tensor *t = tensor_at(b->graph, id);
  return t->is_adjoint && t->adjoint_of != TENSOR_NONE &&
         tensor_at(b->graph, t->adjoint_of)->kind == TENSOR_PARAM;
}

/* "Forward", "Backward" and which scalar's. */
static Section section_of(const Builder *b, TensorId id, bool after_derivatives) {
  const Tensor *t = tensor_at(b->graph, id);
  if (t->adjoint_from != TENSOR_NONE) {
    Text text = text_new(b->arena), latex = text_new(b->arena);
    symbol_text(&text, b->recogniser.symbols[t->adjoint_from]);
    symbol_latex(&latex, b->recogniser.symbols[t->adjoint_from]);
    return (Section){.heading = "Backward",
                     .detail = {arena_printf(b->arena, ", from %s", text_string(&text)),
                                arena_printf(b->arena, ", from $%s$", text_string(&latex))}};
  }
  if (t->derived && !t->pointwise) return (Section){.heading = "Backward"};
  return (Section){.heading = after_derivatives ? "Forward, with derivatives" : "Forward",
                   .flows = true};
}

/* for t = 0, …, 63 */
static Glyph steps_of(const Builder *b, const Group *group) {
  const char *step = b->listing->steps[group->members[0]][group->axis[0]];
  const char *last = arena_printf(b->arena, "%" PRId64, group->steps - 1);
  const char *from = group->ahead ? last : "0", *to = group->ahead ? "0" : last;
  return (Glyph){arena_printf(b->arena, "for %s = %s, …, %s", step, from, to),
                 arena_printf(b->arena, "for $%s = %s,\\dots,%s$", step, from, to)};
}

static bool same_section(const Section *a, const Section *b) {
  bool detail =
      a->detail.text == b->detail.text || (a->detail.text != NULL && b->detail.text != NULL &&
                                           strcmp(a->detail.text, b->detail.text) == 0);
  return detail && strcmp(a->heading, b->heading) == 0;
}

/* Adjoints of params stand beside the last adjoint that they read. */
static void add_backward(Builder *b, const TensorId *ids, uint32_t n) {
  TensorId *beside = ARENA_ARRAY(b->arena, TensorId, n + 1);
  for (uint32_t i = 0; i < n; i++) {
    beside[i] = TENSOR_NONE;
    if (!is_param_adjoint(b, ids[i])) continue;
    const Node *body = tree_of(b->trees, ids[i]).body;
    for (uint32_t k = 0; k < n; k++)
      if (!is_param_adjoint(b, ids[k]) && node_mentions(body, ids[k])) beside[i] = ids[k];
  }
  const Line **lines = ARENA_ARRAY(b->arena, const Line *, n + 1);
  for (uint32_t i = 0; i < n; i++) {
    if (beside[i] != TENSOR_NONE) continue;
    uint32_t count = 0;
    lines[count++] = line_of(b, ids[i]);
    for (uint32_t k = 0; k < n; k++)
      if (beside[k] == ids[i]) lines[count++] = line_of(b, ids[k]);
    add_row(b, lines, count);
  }
}

/* A run of definitions under one heading, or of one recurrence. */
static void add_run(Builder *b, Section section, const TensorId *ids, uint32_t n) {
  if (!section.flows && section.steps.text == NULL) {
    add_backward(b, ids, n);
  } else {
    for (uint32_t i = 0; i < n; i++) {
      const Line *line = line_of(b, ids[i]);
      add_row(b, &line, 1);
    }
  }
  end_section(b, section);
}

static void add_definitions(Builder *b) {
  const TensorList order = b->listing->order;
  TensorId *run = ARENA_ARRAY(b->arena, TensorId, order.count + 1);
  Section last = {.heading = ""};
  bool derivatives = false;
  for (uint32_t i = 0; i < order.count;) {
    TensorId id = order.items[i];
    const Tensor *t = tensor_at(b->graph, id);
    if (!is_shown(b, id)) {
      i++;
      continue;
    }
    derivatives = derivatives || t->adjoint_from != TENSOR_NONE || (t->derived && !t->pointwise);
    Section section = section_of(b, id, derivatives);
    const Group *group = b->listing->groups[id];
    uint32_t n = 0;
    for (; i < order.count; i++) {
      TensorId next = order.items[i];
      if (!is_shown(b, next)) continue;
      if (b->listing->groups[next] != group) break;
      Section other = section_of(b, next, derivatives);
      if (group == NULL && !same_section(&section, &other)) break;
      run[n++] = next;
    }
    if (same_section(&section, &last)) {
      section.heading = "";
      section.detail = (Glyph){0};
    } else {
      last = section;
    }
    if (group != NULL) section.steps = steps_of(b, group);
    add_run(b, section, run, n);
  }
}

/* --- updates and exports --- */

static void add_updates(Builder *b) {
  UpdateGroups groups = group_updates(&b->recogniser);
  b->in_theta = groups.in_theta;
  for (uint32_t i = 0; i < groups.n; i++) {
    const UpdateGroup *group = &groups.items[i];
    for (uint32_t k = 0; k < group->n_lines; k++) {
      const Line *line = &group->lines[k];
      add_row(b, &line, 1);
    }
    bool goes_on =
        i + 1 < groups.n && group->detail.text == NULL && groups.items[i + 1].detail.text == NULL;
    if (!goes_on)
      end_section(b, (Section){.heading = "Update", .detail = group->detail, .flows = true});
  }
}

/* classify(x) = …, a line each. */
static void add_exports(Builder *b) {
  for (uint32_t i = 0; i < b->program->n_entries; i++) {
    const Entry *entry = &b->program->entries[i];
    if (entry->kind != ENTRY_EXPORT || entry->n_outputs == 0) continue;
    const Formula **inputs = ARENA_ARRAY(b->arena, const Formula *, entry->n_inputs + 1);
    const Formula **outputs = ARENA_ARRAY(b->arena, const Formula *, entry->n_outputs + 1);
    for (uint32_t k = 0; k < entry->n_inputs; k++)
      inputs[k] = formula_symbol(b->arena, b->recogniser.symbols[entry->inputs[k]], NULL, 0);
    for (uint32_t k = 0; k < entry->n_outputs; k++)
      outputs[k] =
          formula_symbol(b->arena, b->recogniser.symbols[entry->outputs[k].tensor], NULL, 0);
    Line *line = ARENA_NEW(b->arena, Line);
    line->tensor = TENSOR_NONE;
    line->left = formula_call(b->arena, word_glyph(b->arena, entry->name), inputs, entry->n_inputs);
    line->right = entry->n_outputs == 1
                      ? outputs[0]
                      : formula_call(b->arena, (Glyph){"", ""}, outputs, entry->n_outputs);
    const Line *lines[] = {line};
    add_row(b, lines, 1);
  }
  end_section(b, (Section){.heading = "Exports", .flows = true});
}

/* --- the table --- */

static const char *place_of(const Builder *b, const Tensor *t) {
  const char *source = tensor_source(b->arena, t);
  return source == NULL ? "" : source;
}

static SymbolRow symbol_row(const Builder *b, TensorId id) {
  const Tensor *t = tensor_at(b->graph, id);
  Text text = text_new(b->arena), latex = text_new(b->arena), shape = text_new(b->arena);
  symbol_text(&text, b->recogniser.symbols[id]);
  symbol_inline_latex(&latex, b->recogniser.symbols[id]);
  print_shape(&shape, t);
  return (SymbolRow){{text_string(&text), text_string(&latex)},
                     t->name,
                     t->rank > 0 ? text_string(&shape) : "number",
                     place_of(b, t)};
}

static const SymbolRow *symbol_rows(const Builder *b, uint32_t *n) {
  ARRAY(SymbolRow) rows = {0};
  const Program *program = b->program;
  const TensorId *given[] = {program->inputs, program->params, program->states};
  uint32_t n_given[] = {program->n_inputs, program->n_params, program->n_states};
  for (int kind = 0; kind < 3; kind++)
    for (uint32_t i = 0; i < n_given[kind]; i++)
      if (b->needed[given[kind][i]] && !b->in_theta[given[kind][i]])
        ARRAY_PUSH(b->arena, &rows, symbol_row(b, given[kind][i]));
  for (uint32_t i = 0; i < b->listing->order.count; i++)
    if (is_shown(b, b->listing->order.items[i]))
      ARRAY_PUSH(b->arena, &rows, symbol_row(b, b->listing->order.items[i]));
  *n = (uint32_t)rows.count;
  return rows.items;
}

Document document_of(const Program *program) {
  Arena *arena = program->arena;
  Listing *listing = ARENA_NEW(arena, Listing);
  *listing = list_program(program);
  Axes *axes = ARENA_NEW(arena, Axes);
  Trees *trees = ARENA_NEW(arena, Trees);
  TensorList roots = program_roots(program, arena);
  *axes = find_axes(program, graph_order(program->graph, arena, roots.items, roots.count));
  *trees = trees_new(program, listing, axes);
  Builder b = {.program = program,
               .graph = program->graph,
               .arena = arena,
               .listing = listing,
               .trees = trees,
               .needed = ARENA_ARRAY(arena, bool, program->graph->n_tensors + 1)};
  find_needed(&b);
  b.recogniser = (Recogniser){trees, arena, name_symbols(trees, b.needed)};
  add_definitions(&b);
  add_updates(&b);
  add_exports(&b);
  const char *slash = strrchr(program->path, '/');
  Recogniser *recogniser = ARENA_NEW(arena, Recogniser);
  *recogniser = b.recogniser;
  Document document = {.recogniser = recogniser,
                       .title = slash == NULL ? program->path : slash + 1,
                       .sections = b.sections.items,
                       .n_sections = (uint32_t)b.sections.count};
  document.symbols = symbol_rows(&b, &document.n_symbols);
  document.conventions = find_conventions(arena, &document, &document.n_conventions);
  return document;
}
