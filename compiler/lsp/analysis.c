#include "lsp/analysis.h"
#include <stdlib.h>
#include <string.h>
#include "differentiate/differentiate.h"
#include "format/format.h"
#include "lsp/describe.h"
#include "simplify/simplify.h"

typedef struct Analysis {
  Arena *arena;
  Diag *diag;
  const Source *source;
  const File *file;
  Positions positions;
  Knowledge knowledge;
} Analysis;

/* --- the compiler --- */

static void note_bound(Analysis *a, BoundNames bound) {
  a->knowledge.bound = map_new(a->arena);
  for (size_t i = 0; i < bound.count; i++) {
    const char *key = place_key(a->arena, bound.items[i].span);
    BoundList *list = map_get(&a->knowledge.bound, key);
    if (list == NULL) list = ARENA_NEW(a->arena, BoundList);
    ARRAY_PUSH(a->arena, &list->items, &bound.items[i]);
    map_set(&a->knowledge.bound, key, list);
  }
}

static void note_adjoints(Analysis *a, const Graph *graph) {
  a->knowledge.reached = map_new(a->arena);
  for (TensorId i = 0; i < graph->n_tensors; i++) {
    const Tensor *t = tensor_at(graph, i);
    if (!t->is_adjoint || t->adjoint_of == TENSOR_NONE) continue;
    const char *name = tensor_at(graph, t->adjoint_of)->name;
    map_set(&a->knowledge.reached, name, (void *)name);
  }
}

static Program *derive_without(Analysis *a, Diag *diag, const Map *flat) {
  BoundNames bound;
  Program *program = elaborate_noting(a->arena, diag, a->file, "model", flat, &bound);
  note_bound(a, bound);
  if (program == NULL) return NULL;
  differentiate(program, diag);
  if (diag_errors(diag) > 0) return NULL;
  note_adjoints(a, program->graph);
  simplify(program);
  return program;
}

/* As dagc does to compile, so that the same is said. */
static void compile(Analysis *a) {
  if (diag_errors(a->diag) > 0) { /* what it would say follows from the mistakes in the syntax */
    const Map none = map_new(a->arena);
    BoundNames bound;
    elaborate_noting(a->arena, diag_hold(a->diag), a->file, "model", &none, &bound);
    note_bound(a, bound);
    return;
  }
  Map flat = map_new(a->arena);
  for (;;) {
    Diag *holding = diag_hold(a->diag);
    Program *program = derive_without(a, holding, &flat);
    if (program != NULL && find_flat(program, &flat)) continue;
    diag_release(a->diag, holding);
    if (program != NULL) a->knowledge.derived = program_canonical(program);
    return;
  }
}

/* --- diagnostics --- */

static json_t *related(Analysis *a, Span span, const char *message) {
  return json_pack("{s:o, s:o}", "location", location_json(&a->positions, span), "message",
                   json_text(a->arena, message));
}

/* A mistake in another file is shown where this one leads there: at the first note here, else at
   the beginning. */
static Span place_here(const Analysis *a, const Diagnostic *d) {
  if (d->span.source == a->source) return d->span;
  for (size_t i = 0; i < d->notes.count; i++)
    if (d->notes.items[i].span.source == a->source) return d->notes.items[i].span;
  return span_none();
}

static json_t *diagnostic_json(Analysis *a, const Diagnostic *d) {
  const char *message =
      d->hint == NULL ? d->message : arena_printf(a->arena, "%s\nhint: %s", d->message, d->hint);
  json_t *places = json_array();
  if (d->span.source != NULL && d->span.source != a->source)
    json_array_append_new(places, related(a, d->span, d->message));
  for (size_t i = 0; i < d->notes.count; i++)
    if (d->notes.items[i].span.source != NULL)
      json_array_append_new(places, related(a, d->notes.items[i].span, d->notes.items[i].message));
  return json_pack("{s:o, s:i, s:s, s:o, s:o}", "range",
                   range_json(&a->positions, place_here(a, d)), "severity",
                   d->severity == SEVERITY_ERROR ? 1 : 2, "source", "dagc", "message",
                   json_text(a->arena, message), "relatedInformation", places);
}

static json_t *diagnostics(Analysis *a) {
  json_t *list = json_array();
  size_t n;
  const Diagnostic *said = diag_list(a->diag, &n);
  for (size_t i = 0; i < n; i++) json_array_append_new(list, diagnostic_json(a, &said[i]));
  return list;
}

/* --- names --- */

static int by_place(const void *a, const void *b) {
  Span x = ((const Occurrence *)a)->span, y = ((const Occurrence *)b)->span;
  if (x.line != y.line) return x.line < y.line ? -1 : 1;
  return x.column < y.column ? -1 : x.column > y.column;
}

static void add_names(Analysis *a, json_t *result, const Names *names) {
  json_t *occurrences = json_array(), *definitions = json_array();
  Map numbers = map_new(a->arena); /* by the definition's place, which all its uses share */
  if (names->occurrences.count > 0)
    qsort(names->occurrences.items, names->occurrences.count, sizeof(Occurrence), by_place);
  for (size_t i = 0; i < names->occurrences.count; i++) {
    const Occurrence *occurrence = &names->occurrences.items[i];
    const Definition *definition = occurrence->definition;
    const char *key = place_key(a->arena, definition->span);
    json_int_t *number = map_get(&numbers, key);
    if (number == NULL) {
      number = ARENA_NEW(a->arena, json_int_t);
      *number = (json_int_t)json_array_size(definitions);
      map_set(&numbers, key, number);
      json_array_append_new(definitions,
                            json_pack("{s:o, s:o}", "hover",
                                      json_text(a->arena, hover_text(&a->knowledge, definition)),
                                      "location", location_json(&a->positions, definition->span)));
    }
    json_t *range = range_numbers(&a->positions, occurrence->span);
    json_array_append_new(range, json_integer(*number));
    json_array_append_new(occurrences, range);
  }
  json_object_set_new(result, "names", occurrences);
  json_object_set_new(result, "definitions", definitions);
}

json_t *analyse(const void *data) {
  const Document *document = data;
  Arena *arena = arena_new();
  Analysis a = {.arena = arena,
                .diag = diag_new(arena, NULL),
                .positions = {.arena = arena},
                .knowledge = {.arena = arena}};
  a.knowledge.positions = &a.positions;
  a.source = source_from_text(arena, document->path, document->text, document->length);
  a.file = parse_file(arena, a.diag, a.source);
  Names names = find_names(arena, a.file);
  compile(&a);
  json_t *result = json_pack("{s:o, s:o, s:o}", "diagnostics", diagnostics(&a), "symbols",
                             outline(arena, &a.positions, &a.file->body), "completions",
                             completions(arena, &names));
  add_names(&a, result, &names);
  arena_free(arena);
  return result;
}

/* --- layout --- */

/* Lines that are the same at the beginning of both. */
static size_t same_lines(const char *a, const char *b, size_t *bytes) {
  size_t lines = 0;
  *bytes = 0;
  for (size_t i = 0; a[i] == b[i] && a[i] != '\0'; i++) {
    if (a[i] != '\n') continue;
    lines++;
    *bytes = i + 1;
  }
  return lines;
}

json_t *format_document(const void *data) {
  const Document *document = data;
  Arena *arena = arena_new();
  const Source *source = source_from_text(arena, document->path, document->text, document->length);
  Text text = text_new(arena);
  json_t *edits = json_null();
  if (format_source(arena, diag_new(arena, NULL), source, &text)) {
    edits = json_array();
    Positions positions = {.arena = arena};
    size_t same, line = same_lines(source->text, text_string(&text), &same), end_line = line;
    for (const char *c = source->text + same; *c != '\0'; c++) end_line += *c == '\n';
    if (strcmp(source->text + same, text_string(&text) + same) != 0) {
      /* the end stands at the end of the text, wherever its last line ends */
      Span all = {source, (uint32_t)line + 1, 1, (uint32_t)end_line + 1, UINT32_MAX};
      json_array_append_new(edits, json_pack("{s:o, s:s}", "range", range_json(&positions, all),
                                             "newText", text_string(&text) + same));
    }
  }
  arena_free(arena);
  return edits;
}
