#include "explainer.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static Dump dump_of(const Program *program) {
  Dump dump = {.program = program, .outline = outline_program(program)};
  Text unused = text_new(program->arena);
  Printer p = listing_printer(&dump.outline.listing, &unused);
  dump.lines = dump_definitions(&p, &dump.outline.listing);
  return dump;
}

/* The one that it is in: as compiled, or else as written. */
static const Dump *dump_with(const Explainer *x) { return &x->dumps[x->derived != TENSOR_NONE]; }

static const Program *program_of(const Explainer *x) { return dump_with(x)->program; }

static TensorId id_of(const Explainer *x) {
  return x->derived != TENSOR_NONE ? x->derived : x->written;
}

const Tensor *tensor_of(const Explainer *x) { return tensor_at(program_of(x)->graph, id_of(x)); }

void add_row(Explainer *x, const char *label, const char *format, ...) {
  va_list args;
  va_start(args, format);
  text_printf(x->out, "%-11s ", label);
  text_add(x->out, arena_vprintf(x->arena, format, args));
  text_add(x->out, "\n");
  va_end(args);
}

/* --- source --- */

const char *line_with(const Explainer *x, Span place) {
  const char *line = place.source->text;
  for (uint32_t i = 1; i < place.line && line != NULL; i++) {
    line = strchr(line, '\n');
    if (line != NULL) line++;
  }
  if (line == NULL) return "";
  line += strspn(line, " \t");
  size_t length = strcspn(line, "\r\n");
  while (length > 0 && line[length - 1] == ' ') length--;
  return arena_strndup(x->arena, line, length);
}

const char *place_text(const Explainer *x, Span place) {
  Tensor t = {.span = place};
  if (place.source->prelude)
    return arena_printf(x->arena, "%s:%" PRIu32, place.source->path, place.line);
  return tensor_source(x->arena, &t);
}

/* In the user's own text: what was written, or the call that it is made for. */
static Span user_place(const Tensor *t) { return t->use.source != NULL ? t->use : t->span; }

static const char *kind_text(const Explainer *x, const Tensor *t) {
  switch (t->kind) {
  case TENSOR_INPUT: return "an input";
  case TENSOR_PARAM: return "a param";
  case TENSOR_STATE: return "a state";
  case TENSOR_STAND_IN: return "the adjoint that a reverse rule is given";
  case TENSOR_RESHAPE: return t->derived ? "an adjoint" : "a view of other elements";
  case TENSOR_DERIVATIVE: return "a derivative";
  case TENSOR_DEFINITION: break;
  }
  if (!t->derived) return "a definition";
  if (t->adjoint_of == TENSOR_NONE) return "a part of a derivative";
  const char *of = tensor_at(program_of(x)->graph, t->adjoint_of)->name;
  return arena_printf(x->arena, "%s of %s", t->is_adjoint ? "the adjoint" : "a part of the adjoint",
                      of);
}

static void explain_head(Explainer *x) {
  const Tensor *t = tensor_of(x);
  Span place = user_place(t);
  text_printf(x->out, "%s: %s", x->name, type_name(t->type));
  for (uint32_t i = 0; i < t->rank; i++)
    text_printf(x->out, "%s%" PRId64, i == 0 ? "[" : ", ", t->extents[i]);
  text_printf(x->out, "%s, %s\n", t->rank > 0 ? "]" : "", kind_text(x, t));
  if (place.source != NULL)
    text_printf(x->out, "  %s: %s\n", place_text(x, place), line_with(x, place));
}

/* --- where it comes from --- */

/* Whether the last part of a path is called after a layer: block of `model.block2[0]`. */
static bool is_called_after(const char *path, size_t length, const char *layer) {
  size_t from = length, n = strlen(layer);
  while (from > 0 && path[from - 1] != '.') from--;
  return strncmp(path + from, layer, n) == 0 && !isalpha((unsigned char)path[from + n]);
}

/* Something in the written program that stands right in the instance of that path: in its own layer
   rather than in one that it calls. */
static const Tensor *member_of(const Explainer *x, const char *path, size_t length) {
  const Graph *graph = x->e->written->graph;
  const Tensor *first = NULL;
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    const Tensor *t = tensor_at(graph, id);
    bool member = strncmp(t->name, path, length) == 0 && t->name[length] == '.' &&
                  t->origin != NULL && strchr(t->name + length + 1, '.') == NULL;
    if (member && is_called_after(path, length, t->origin)) return t;
    if (member && first == NULL) first = t;
  }
  return first;
}

/* The layers around it, from the outermost: `model.norm1: layer_norm, called at gpt.dag:12`. */
static void explain_path(Explainer *x) {
  const char *label = "in";
  for (const char *dot = strchr(x->name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
    size_t length = (size_t)(dot - x->name);
    const Tensor *t = member_of(x, x->name, length);
    if (t == NULL) continue;
    const char *place = tensor_source(x->arena, t);
    add_row(x, label, "%.*s: %s%s%s", (int)length, x->name, t->origin,
            place != NULL ? ", called at " : "", place != NULL ? place : "");
    label = "";
  }
}

static const DumpLine *line_of(const Dump *dump, TensorId id) {
  for (size_t i = 0; i < dump->lines.items.count; i++)
    if (dump->lines.items.items[i].tensor == id) return &dump->lines.items.items[i];
  return NULL;
}

static void add_definition(Explainer *x, const char *label, const DumpLine *line) {
  add_row(x, label, "%s", line->text + strspn(line->text, " "));
  if (*line->full_note != '\0') add_row(x, "", "%s", line->full_note);
}

static void explain_definition(Explainer *x) {
  const Tensor *t = tensor_of(x);
  const DumpLine *line = line_of(dump_with(x), id_of(x));
  if (t->span.source != NULL && t->span.source->prelude)
    add_row(x, "written", "%s: %s", place_text(x, t->span), line_with(x, t->span));
  if (line != NULL) add_definition(x, "definition", line);
}

/* --- who reads it --- */

typedef struct Names {
  Arena *arena;
  Map known;
  ARRAY(const char *) items;
} Names;

static void add_name(Names *names, const char *name) {
  if (map_get(&names->known, name) != NULL) return;
  map_set(&names->known, name, names);
  ARRAY_PUSH(names->arena, &names->items, name);
}

static const char *joined(const Names *names) {
  enum { SHOWN = 12 };
  Text text = text_new(names->arena);
  for (size_t i = 0; i < names->items.count && i < SHOWN; i++)
    text_printf(&text, "%s%s", i == 0 ? "" : ", ", names->items.items[i]);
  if (names->items.count > SHOWN) text_printf(&text, " and %zu more", names->items.count - SHOWN);
  return text_string(&text);
}

/* The new value of an update has no line. */
static TensorId updated_by(const Program *program, TensorId value) {
  for (uint32_t e = 0; e < program->n_entries; e++)
    for (uint32_t i = 0; i < program->entries[e].n_updates; i++)
      if (program->entries[e].updates[i].value == value)
        return program->entries[e].updates[i].target;
  return TENSOR_NONE;
}

/* What a line is called: of an update, after what gets the new value. NULL: it has no line. */
static const char *line_name(const Explainer *x, const Dump *dump, TensorId id) {
  const Graph *graph = dump->program->graph;
  if (dump->outline.line[id] == id) return tensor_at(graph, id)->name;
  if (!dump->outline.listing.is_value[id]) return NULL;
  const char *target = tensor_at(graph, updated_by(dump->program, id))->name;
  return arena_printf(x->arena, "the update of %s", target);
}

/* The lines that read it, those of derivatives or the others. */
static Names readers(const Explainer *x, const Dump *dump, bool derived) {
  const Outline *o = &dump->outline;
  Names names = {x->arena, map_new(x->arena), {0}};
  for (uint32_t i = 0; i < o->listing.order.count; i++) {
    TensorId id = o->listing.order.items[i];
    const Tensor *t = tensor_at(dump->program->graph, id);
    bool reads = t->wrt == id_of(x) || t->seed == id_of(x);
    for (uint32_t k = 0; k < o->reads[id].count && !reads; k++)
      reads = o->reads[id].items[k] == id_of(x);
    const char *name = reads && t->derived == derived ? line_name(x, dump, id) : NULL;
    if (name != NULL) add_name(&names, name);
  }
  return names;
}

static void explain_readers(Explainer *x) {
  const Program *program = program_of(x);
  Names forward = readers(x, dump_with(x), false), backward = readers(x, dump_with(x), true);
  Names given = {x->arena, map_new(x->arena), {0}};
  for (uint32_t i = 0; i < program->n_entries; i++) {
    const Entry *entry = &program->entries[i];
    for (uint32_t k = 0; k < entry->n_outputs; k++)
      if (entry->outputs[k].tensor == id_of(x)) add_name(&given, entry->name);
  }
  bool any = forward.items.count + backward.items.count + given.items.count > 0;
  if (forward.items.count > 0) add_row(x, "read by", "%s", joined(&forward));
  if (backward.items.count > 0)
    add_row(x, forward.items.count > 0 ? "" : "read by", "%s, in the derivative",
            joined(&backward));
  if (given.items.count > 0) add_row(x, "result of", "%s", joined(&given));
  if (!any) add_row(x, "read by", "nothing");
}

/* --- its adjoint --- */

/* Whether something that depends on it is differentiated; *itself: it is. */
static bool is_differentiated(const Explainer *x, bool *itself) {
  const Graph *graph = x->e->written->graph;
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    const Tensor *t = tensor_at(graph, id);
    if (t->kind == TENSOR_DERIVATIVE && t->source == x->written) *itself = true;
  }
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    const Tensor *t = tensor_at(graph, id);
    if (t->kind != TENSOR_DERIVATIVE) continue;
    TensorList needed = graph_order(graph, x->arena, &t->source, 1);
    for (uint32_t i = 0; i < needed.count; i++)
      if (needed.items[i] == x->written) return true;
  }
  return false;
}

static void explain_adjoint(Explainer *x) {
  const Graph *graph = x->e->derived->graph;
  const Tensor *t = tensor_of(x);
  const char *label = "adjoint";
  if (t->derived) return;
  const DumpLines *lines = &x->dumps[true].lines;
  for (size_t i = 0; i < lines->items.count && x->derived != TENSOR_NONE; i++) {
    const DumpLine *line = &lines->items.items[i];
    if (line->tensor == TENSOR_NONE) continue;
    const Tensor *adjoint = tensor_at(graph, line->tensor);
    if (!adjoint->derived || !adjoint->is_adjoint || adjoint->adjoint_of != x->derived) continue;
    add_definition(x, label, line);
    label = "";
  }
  if (*label == '\0') return;
  bool itself = false;
  if (!type_is_real(t->type))
    add_row(x, label, "none: there are no derivatives by integers");
  else if (x->written == TENSOR_NONE || !is_differentiated(x, &itself))
    add_row(x, label, "none: nothing that depends on it is differentiated");
  else if (itself)
    add_row(x, label, "1: this is what is differentiated");
  else
    add_row(x, label, "no definition of its own: it stands inside those that it leads to");
}

/* --- kernels and costs --- */

static const char *quantity(Arena *arena, double value, const char *unit) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T"};
  int i = 0;
  for (; value >= 1000 && i < 4; i++) value /= 1000;
  return arena_printf(arena, "%.3g %s%s", value, prefixes[i], unit);
}

static double operations_of(const KernelCall *call) {
  double operations = 0;
  for (int part = 0; part < N_PARTS; part++) operations += call->cost[part].operations;
  return operations;
}

static double operations_of_entry(const EntryPlan *entry) {
  double operations = 0;
  for (uint32_t i = 0; i < entry->n_calls; i++) operations += operations_of(&entry->calls[i]);
  return operations;
}

static bool computes(const KernelCall *call, TensorId id) {
  for (uint32_t i = 0; i < call->n_computes; i++)
    if (call->computes[i] == id) return true;
  return false;
}

/* What the kernel computes besides, by name. */
static Names others_in(const Explainer *x, const KernelCall *call, TensorId id) {
  Names names = {x->arena, map_new(x->arena), {0}};
  for (uint32_t i = 0; i < call->n_computes; i++) {
    const char *name = line_name(x, &x->dumps[true], call->computes[i]);
    if (call->computes[i] != id && name != NULL) add_name(&names, name);
  }
  return names;
}

static void explain_call(Explainer *x, const EntryPlan *entry, uint32_t i, const char *label) {
  const KernelCall *call = &entry->calls[i];
  double operations = operations_of(call), all = operations_of_entry(entry), bytes = 0;
  for (int part = 0; part < N_PARTS; part++)
    bytes += call->cost[part].read + call->cost[part].written;
  Names others = others_in(x, call, x->derived);
  add_row(x, label, "%s, call %" PRIu32 " of %" PRIu32 " in %s%s%s",
          x->e->plan->kernels[call->kernel].name, i + 1, entry->n_calls, entry->entry->name,
          others.items.count > 0 ? ", together with " : "", joined(&others));
  add_row(x, "", "%s, %s of memory; %.1f %% of the operations of %s",
          quantity(x->arena, operations, "flop"), quantity(x->arena, bytes, "B"),
          all > 0 ? 100 * operations / all : 0, entry->entry->name);
}

static void explain_kernels(Explainer *x) {
  const Plan *plan = x->e->plan;
  const Tensor *t = tensor_of(x);
  const char *label = "kernel";
  if (is_declared(t)) return;
  for (uint32_t e = 0; e < plan->n_entries && x->derived != TENSOR_NONE; e++)
    for (uint32_t i = 0; i < plan->entries[e].n_calls; i++) {
      if (!computes(&plan->entries[e].calls[i], x->derived)) continue;
      explain_call(x, &plan->entries[e], i, label);
      label = "";
    }
  if (*label == '\0') return;
  if (t->kind == TENSOR_RESHAPE)
    add_row(x, label, "none: a view moves no data");
  else
    add_row(x, label, "none of its own: it is computed where it is read");
}

/* --- all --- */

/* What has a line of its own, or is declared. */
static bool is_printed(const Dump *dump, TensorId id) { return dump->outline.line[id] == id; }

static void add_names(Names *names, const Dump *dump) {
  for (TensorId id = 0; id < dump->program->graph->n_tensors; id++)
    if (is_printed(dump, id)) add_name(names, tensor_at(dump->program->graph, id)->name);
}

/* Those of the instance of a layer that is called so. */
static Names names_below(const Explainer *x, const Names *names) {
  Names below = {x->arena, map_new(x->arena), {0}};
  size_t length = strlen(x->name);
  for (size_t i = 0; i < names->items.count; i++) {
    const char *name = names->items.items[i];
    if (strncmp(name, x->name, length) == 0 && name[length] == '.') add_name(&below, name);
  }
  return below;
}

static void report_unknown(Explainer *x) {
  const char *path = x->e->derived->path;
  Names names = {x->arena, map_new(x->arena), {0}};
  for (int i = 0; i < 2; i++) add_names(&names, &x->dumps[i]);
  Names below = names_below(x, &names);
  const char *near = nearest_name(x->name, names.items.items, names.items.count);
  fprintf(stderr, "dagc: %s has no tensor called '%s'", path, x->name);
  if (below.items.count > 0)
    fprintf(stderr, ", but %s", joined(&below));
  else if (near != NULL)
    fprintf(stderr, "; did you mean '%s'?", near);
  fprintf(stderr, "\nhint: dagc %s --emit=grad prints all of them\n", path);
}

static TensorId find_named(const Explainer *x, const Dump *dump) {
  TensorId id = graph_find(dump->program->graph, x->name);
  return id == TENSOR_NONE || is_printed(dump, id) ? id : TENSOR_NONE;
}

bool explain(Text *out, const Explanation *e, const char *name) {
  Explainer x = {.arena = e->derived->arena,
                 .out = out,
                 .e = e,
                 .name = name,
                 .dumps = {dump_of(e->written), dump_of(e->derived)}};
  x.written = find_named(&x, &x.dumps[false]);
  x.derived = find_named(&x, &x.dumps[true]);
  if (x.written == TENSOR_NONE && x.derived == TENSOR_NONE) {
    report_unknown(&x);
    return false;
  }
  explain_head(&x);
  explain_path(&x);
  explain_definition(&x);
  explain_shape(&x);
  explain_readers(&x);
  explain_adjoint(&x);
  explain_kernels(&x);
  return true;
}
