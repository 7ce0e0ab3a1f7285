/* The definitions, each with its adjoint opposite: rows in the order of the forward pass, gathered
   by layers. Read down on the left, and up on the right. */
#include <math.h>
#include <string.h>
#include "page/parts.h"

typedef ARRAY(uint32_t) Units; /* of p->lines: each is the number of its first line */

typedef struct Row {
  const char *layer;
  TensorId declared; /* an input or param; TENSOR_NONE: a unit of lines */
  uint32_t unit;     /* UINT32_MAX: adjoints alone */
  Units adjoints;
} Row;

typedef struct Rows {
  const Page *p;
  ARRAY(Row) rows;
  Map begun;        /* layers whose params have rows */
  uint32_t *row_of; /* per tensor: 1 + its row; 0: none */
} Rows;

static const DumpLine *line_at(const Page *p, uint32_t i) { return &p->lines.items.items[i]; }

/* The number of the first line behind a unit. */
static uint32_t unit_end(const Page *p, uint32_t first) {
  uint32_t end = first;
  while (end < p->lines.items.count && line_at(p, end)->unit == line_at(p, first)->unit) end++;
  return end;
}

/* What a unit defines first. */
static TensorId unit_tensor(const Page *p, uint32_t first) {
  for (uint32_t i = first; i < unit_end(p, first); i++)
    if (line_at(p, i)->tensor != TENSOR_NONE) return line_at(p, i)->tensor;
  return TENSOR_NONE;
}

/* row: its number, and 1 */
static void place_unit(Rows *r, uint32_t first, uint32_t row) {
  for (uint32_t i = first; i < unit_end(r->p, first); i++)
    if (line_at(r->p, i)->tensor != TENSOR_NONE) r->row_of[line_at(r->p, i)->tensor] = row;
}

static void add_row(Rows *r, Row row) {
  ARRAY_PUSH(r->p->arena, &r->rows, row);
  if (row.declared != TENSOR_NONE)
    r->row_of[row.declared] = (uint32_t)r->rows.count;
  else if (row.unit != UINT32_MAX)
    place_unit(r, row.unit, (uint32_t)r->rows.count);
}

static void add_declared(Rows *r, const TensorId *ids, uint32_t n, const char *layer) {
  for (uint32_t i = 0; i < n; i++)
    if (strcmp(r->p->outline.layer[ids[i]], layer) == 0)
      add_row(r, (Row){.layer = layer, .declared = ids[i]});
}

static void add_unit(Rows *r, uint32_t first) {
  const char *layer = r->p->outline.layer[unit_tensor(r->p, first)];
  const Program *program = r->p->program;
  if (*layer != '\0' && map_get(&r->begun, layer) == NULL) {
    map_set(&r->begun, layer, r);
    add_declared(r, program->params, program->n_params, layer);
  }
  add_row(r, (Row){.layer = layer, .declared = TENSOR_NONE, .unit = first});
}

/* An adjoint of nothing that has a row gets one of its own. */
static void add_adjoint(Rows *r, uint32_t first) {
  TensorId of = TENSOR_NONE;
  for (uint32_t i = first; i < unit_end(r->p, first) && of == TENSOR_NONE; i++)
    if (line_at(r->p, i)->tensor != TENSOR_NONE)
      of = r->p->outline.opposite[line_at(r->p, i)->tensor];
  uint32_t row = of == TENSOR_NONE ? 0 : r->row_of[of];
  if (row == 0) {
    const char *layer = r->p->outline.layer[unit_tensor(r->p, first)];
    add_row(r, (Row){.layer = layer, .declared = TENSOR_NONE, .unit = UINT32_MAX});
    row = (uint32_t)r->rows.count;
  }
  ARRAY_PUSH(r->p->arena, &r->rows.items[row - 1].adjoints, first);
  place_unit(r, first, row);
}

/* What the derivatives and the training step need; NULL: there are none, all lines are shown
   together. */
static bool *find_main(const Page *p) {
  const Entry *step = program_entry(p->program, ENTRY_STEP, NULL);
  bool *wanted = outline_derivatives(&p->outline);
  ARRAY(TensorId) roots = {0};
  if (wanted == NULL || step == NULL) return wanted;
  for (uint32_t i = 0; i < step->n_outputs; i++)
    ARRAY_PUSH(p->arena, &roots, step->outputs[i].tensor);
  for (uint32_t i = 0; i < step->n_updates; i++) {
    TensorList reads = p->outline.reads[step->updates[i].value];
    for (uint32_t k = 0; k < reads.count; k++) ARRAY_PUSH(p->arena, &roots, reads.items[k]);
  }
  const bool *needed = outline_needs(&p->outline, roots.items, (uint32_t)roots.count);
  for (TensorId id = 0; id < p->n_tensors; id++) wanted[id] = wanted[id] || needed[id];
  return wanted;
}

/* --- one definition --- */

static void write_shape(const Page *p, TensorId id) {
  text_printf(p->out, "<b>%s", type_name(tensor_stored(p->program->graph, id)));
  print_shape(p->out, page_tensor(p, id));
  text_add(p->out, "</b>");
}

static void write_kernels(const Page *p, const CallPlaces *calls) {
  enum { SHOWN = 2 };
  KernelId last = UINT32_MAX;
  int shown = 0;
  for (size_t i = 0; i < calls->count; i++) {
    KernelId kernel = page_entry(p, calls->items[i].entry)->calls[calls->items[i].call].kernel;
    if (kernel == last || calls->items[i].entry != calls->items[0].entry) continue;
    last = kernel;
    if (++shown > SHOWN) {
      text_add(p->out, " …");
      return;
    }
    text_printf(p->out, " <a href=\"#k%u\">%s</a>", kernel, p->plan->kernels[kernel].name);
  }
}

static void write_cost(const Page *p, TensorId id) {
  const LineCost *cost = &p->costs[id];
  if (!cost->known) return;
  Cost total = p->totals[cost->entry];
  if (cost->operations == 0 || total.operations == 0) return;
  double share = cost->operations / total.operations;
  text_add(p->out, " <span class=\"cost\">");
  write_bar(p, p->outline.backward[id] ? "b" : "f", cost->operations / p->largest[cost->entry]);
  text_add(p->out, " ");
  html_share(p->out, share);
  text_add(p->out, " <span>");
  html_amount(p->out, cost->operations, "flop");
  text_add(p->out, "</span></span>");
}

static void write_note(const Page *p, const DumpLine *line) {
  const Tensor *t = page_tensor(p, line->tensor);
  if (!p->outline.backward[line->tensor]) {
    uint32_t number = source_line(p, line->tensor);
    if (t->origin != NULL) {
      text_add(p->out, " ");
      html_string(p->out, t->origin);
    }
    if (number > 0) text_printf(p->out, " <a href=\"#L%u\">line %u</a>", number, number);
  } else if (*line->note != '\0') {
    text_add(p->out, " <em>");
    html_string(p->out, line->note);
    text_add(p->out, "</em>");
  }
}

static size_t indentation(const char *text) { return strspn(text, " "); }

static void write_line(const Page *p, const DumpLine *line, const char *layer) {
  size_t indent = indentation(line->text);
  const char *text = line->text + indent;
  TensorId id = line->tensor;
  if (id == TENSOR_NONE) {
    text_printf(p->out, "<div class=\"brace\" style=\"--in:%zu\"><code>", indent);
    write_dag(p, text, strlen(text), layer);
    text_add(p->out, "</code></div>\n");
    return;
  }
  text_printf(p->out, "<div class=\"d\" id=\"d%u\" style=\"--in:%zu\"", id, indent);
  write_links_of_line(p, id);
  text_add(p->out, "><code>");
  write_dag(p, text, strlen(text), layer);
  text_add(p->out, "</code><small>");
  write_shape(p, id);
  write_note(p, line);
  write_kernels(p, &p->calls[id]);
  write_cost(p, id);
  text_add(p->out, "</small></div>\n");
}

static void write_unit(const Page *p, uint32_t first, const char *layer) {
  for (uint32_t i = first; i < unit_end(p, first); i++) write_line(p, line_at(p, i), layer);
}

static void write_declared(const Page *p, TensorId id, const char *layer) {
  Text text = text_new(p->arena);
  Printer printer = listing_printer(&p->outline.listing, &text);
  print_declaration(&printer, id);
  const Tensor *t = page_tensor(p, id);
  text_printf(p->out, "<div class=\"d %s\" id=\"d%u\"", t->kind == TENSOR_PARAM ? "param" : "input",
              id);
  write_links_of_line(p, id);
  text_add(p->out, "><code>");
  write_dag(p, text_string(&text), text.length, layer);
  text_add(p->out, "</code><small>");
  int bytes = type_bytes(tensor_stored(p->program->graph, id));
  html_amount(p->out, (double)tensor_size(t) * bytes, "B");
  text_add(p->out, "</small></div>\n");
}

/* --- layers --- */

/* The share of the operations that the lines of some rows have, forward and backward, of the entry
   that the first of them counts in. */
typedef struct LayerShare {
  double forward, backward;
} LayerShare;

static LayerShare share_of_rows(const Rows *r, size_t from, size_t to) {
  const Page *p = r->p;
  const LineCost *first = NULL;
  LayerShare share = {0, 0};
  for (uint32_t i = 0; i < p->lines.items.count; i++) {
    TensorId id = line_at(p, i)->tensor;
    if (id == TENSOR_NONE || !p->costs[id].known) continue;
    uint32_t row = r->row_of[id];
    if (row == 0 || row - 1 < from || row - 1 >= to) continue;
    if (first == NULL) first = &p->costs[id];
    double total = p->totals[first->entry].operations;
    if (p->costs[id].entry != first->entry || total == 0) continue;
    *(p->outline.backward[id] ? &share.backward : &share.forward) +=
        p->costs[id].operations / total;
  }
  return share;
}

static void write_share(const Page *p, LayerShare share, double widest) {
  if (share.forward + share.backward == 0) return;
  text_add(p->out, "<span class=\"cost\">");
  write_bar(p, "f", share.forward / widest);
  write_bar(p, "b", share.backward / widest);
  text_add(p->out, " ");
  html_share(p->out, share.forward + share.backward);
  text_add(p->out, "</span>");
}

static void write_layer_name(const Page *p, const char *layer) {
  for (const char *part = layer; *part != '\0';) {
    size_t length = strcspn(part, ".");
    if (part > layer) text_add(p->out, " <span>›</span> ");
    html_text(p->out, part, length);
    part += length + (part[length] == '.');
  }
}

static void write_layer_head(const Rows *r, size_t from, size_t to, double widest) {
  const char *layer = r->rows.items[from].layer;
  if (*layer == '\0') {
    text_add(r->p->out, "<div class=\"layer none\"></div>\n");
    return;
  }
  text_add(r->p->out, "<div class=\"layer\"><h3>");
  write_layer_name(r->p, layer);
  text_add(r->p->out, "</h3>");
  write_share(r->p, share_of_rows(r, from, to), widest);
  text_add(r->p->out, "</div>\n");
}

static void write_row(const Page *p, const Row *row) {
  text_add(p->out, "<div class=\"row\"><div class=\"f\">");
  if (row->declared != TENSOR_NONE)
    write_declared(p, row->declared, row->layer);
  else if (row->unit != UINT32_MAX)
    write_unit(p, row->unit, row->layer);
  text_add(p->out, "</div><div class=\"b\">");
  for (size_t i = 0; i < row->adjoints.count; i++)
    write_unit(p, row->adjoints.items[i], row->layer);
  text_add(p->out, "</div></div>\n");
}

/* The first row behind those of the same layer. */
static size_t layer_end(const Rows *r, size_t from) {
  size_t end = from;
  while (end < r->rows.count && strcmp(r->rows.items[end].layer, r->rows.items[from].layer) == 0)
    end++;
  return end;
}

static void write_rows(const Rows *r) {
  double widest = 0;
  for (size_t i = 0; i < r->rows.count; i = layer_end(r, i)) {
    LayerShare share = share_of_rows(r, i, layer_end(r, i));
    widest = fmax(widest, share.forward + share.backward);
  }
  for (size_t i = 0; i < r->rows.count; i = layer_end(r, i)) {
    write_layer_head(r, i, layer_end(r, i), widest);
    for (size_t k = i; k < layer_end(r, i); k++) write_row(r->p, &r->rows.items[k]);
  }
}

/* --- updates --- */

static void write_update(const Page *p, const Update *update, const char *id) {
  Text text = text_new(p->arena);
  Printer printer = listing_printer(&p->outline.listing, &text);
  const Tensor *t = page_tensor(p, update->target);
  print_update(&printer, &p->outline.listing, update);
  text_printf(p->out, "<div class=\"d u\" id=\"%s\"", id);
  write_links_of_update(p, update);
  text_add(p->out, "><code>");
  write_dag(p, text_string(&text), text.length, p->outline.layer[update->target]);
  text_add(p->out, "</code><small>");
  text_add(p->out, t->kind == TENSOR_STATE ? "state " : "param ");
  write_shape(p, update->target);
  write_kernels(p, &p->calls[update->value]);
  text_add(p->out, "</small></div>\n");
}

static bool is_updated(const Entry *entry, TensorId id) {
  for (uint32_t i = 0; entry != NULL && i < entry->n_updates; i++)
    if (entry->updates[i].target == id) return true;
  return false;
}

/* Updates, and the states: each stands where it gets its new value. */
void write_updates(const Page *p) {
  const Program *program = p->program;
  const Entry *step = program_entry(program, ENTRY_STEP, NULL);
  uint32_t n = step == NULL ? 0 : step->n_updates;
  if (n == 0 && program->n_states == 0) return;
  text_printf(p->out,
              "<section aria-labelledby=\"updates\">\n<h2 id=\"updates\">Updates</h2>\n"
              "<details><summary>%u updates of params and states <small>at the end of a "
              "step</small></summary>\n<div class=\"list\">\n",
              n);
  for (uint32_t i = 0; i < program->n_states; i++)
    if (!is_updated(step, program->states[i])) write_declared(p, program->states[i], "");
  for (uint32_t i = 0; i < n; i++) {
    TensorId target = step->updates[i].target;
    bool state = page_tensor(p, target)->kind == TENSOR_STATE;
    write_update(p, &step->updates[i],
                 arena_printf(p->arena, state ? "d%u" : "u%u", state ? target : i));
  }
  text_add(p->out, "</div>\n</details>\n</section>\n");
}

/* --- the section --- */

static Rows rows_new(const Page *p) {
  return (Rows){.p = p,
                .begun = map_new(p->arena),
                .row_of = ARENA_ARRAY(p->arena, uint32_t, p->n_tensors + 1)};
}

/* Lines that are of no derivative, as far as they are `needed` (NULL: all) or not. */
static void add_forward(Rows *r, const bool *needed, bool wanted) {
  const Page *p = r->p;
  for (uint32_t i = 0; i < p->lines.items.count; i = unit_end(p, i)) {
    TensorId id = unit_tensor(p, i);
    if (id == TENSOR_NONE || p->outline.backward[id]) continue;
    if (needed == NULL || needed[id] == wanted) add_unit(r, i);
  }
}

void write_others(const Page *p) {
  Rows others = rows_new(p);
  const bool *needed = find_main(p);
  if (needed == NULL) return;
  for (uint32_t i = 0; i < p->program->n_params; i++) /* shown already */
    map_set(&others.begun, p->outline.layer[p->program->params[i]], &others);
  add_forward(&others, needed, false);
  if (others.rows.count == 0) return;
  text_add(p->out, "<section class=\"others\" aria-labelledby=\"others\">\n<h2 id=\"others\">"
                   "For exports alone</h2>\n<div class=\"pairs\">\n");
  write_rows(&others);
  text_add(p->out, "</div>\n</section>\n");
}

void write_program(const Page *p) {
  const Program *program = p->program;
  Rows r = rows_new(p);
  const bool *needed = find_main(p);
  add_declared(&r, program->inputs, program->n_inputs, "");
  add_declared(&r, program->params, program->n_params, "");
  add_forward(&r, needed, true);
  for (uint32_t i = 0; i < program->n_params; i++) /* of layers without a line of their own */
    if (r.row_of[program->params[i]] == 0)
      add_row(&r,
              (Row){.layer = p->outline.layer[program->params[i]], .declared = program->params[i]});
  for (uint32_t i = 0; i < program->n_inputs; i++)
    if (r.row_of[program->inputs[i]] == 0)
      add_row(&r,
              (Row){.layer = p->outline.layer[program->inputs[i]], .declared = program->inputs[i]});
  for (uint32_t i = 0; i < p->lines.items.count; i = unit_end(p, i)) {
    TensorId id = unit_tensor(p, i);
    if (id != TENSOR_NONE && p->outline.backward[id]) add_adjoint(&r, i);
  }
  bool derives = needed != NULL;
  text_printf(
      p->out,
      "<section class=\"program\" aria-labelledby=\"program\">\n<h2 id=\"program\">%s</h2>\n"
      "<div class=\"pairs%s\">\n",
      derives ? "The model, and its gradient" : "The model", derives ? " two" : "");
  if (derives)
    text_add(p->out,
             "<div class=\"row head\"><div class=\"f\">forward <span>read down ↓</span></div>"
             "<div class=\"b\">backward <span>read up ↑</span></div></div>\n");
  write_rows(&r);
  text_add(p->out, "</div>\n</section>\n");
}
