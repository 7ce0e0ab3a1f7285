#include <string.h>
#include "lsp/describe.h"

/* --- the source --- */

/* The text of a place. */
static const char *span_text(const Knowledge *k, Span span) {
  const char *begin = line_text(k->positions, span.source, span.line);
  const char *end = line_text(k->positions, span.source, span.end_line);
  if (begin == NULL || end == NULL) return "";
  begin += span.column - 1;
  end += span.end_column - 1;
  return end > begin ? arena_strndup(k->arena, begin, (size_t)(end - begin)) : "";
}

/* The comment in the lines right above, without its marks. */
static void add_comment(Text *out, const Knowledge *k, const Source *source, uint32_t line) {
  uint32_t first = line;
  while (first > 1 && *line_text(k->positions, source, first - 1) == '#') first--;
  for (uint32_t i = first; i < line; i++) {
    const char *text = line_text(k->positions, source, i) + 1;
    text += *text == ' ';
    text_addn(out, text, strcspn(text, "\r\n"));
    text_add(out, "\n");
  }
}

/* --- what it stands for --- */

const char *place_key(Arena *arena, Span span) {
  return arena_printf(arena, "%s:%u:%u", span.source->path, span.line, span.column);
}

/* What the definition's name stands for, *n of them. */
static const BoundName *const *bound_to(const Knowledge *k, const Definition *definition,
                                        size_t *n) {
  const BoundList *list = map_get(&k->bound, place_key(k->arena, definition->span));
  *n = list == NULL ? 0 : list->items.count;
  return list == NULL ? NULL : list->items.items;
}

/* `dense1.z: f32[64, 256]`, or without a name of its own `z: f32[64, 256]`. */
static const char *bound_line(Arena *arena, const BoundName *bound, const Definition *definition) {
  const char *name = bound->tensor != NULL ? bound->tensor : definition->name;
  return arena_printf(arena, "%s: %s", name, bound->what);
}

/* A name in a layer stands for another tensor in each instance: the first ones. */
static void add_bound(Text *out, const Knowledge *knowledge, const Definition *definition) {
  enum { MOST = 6 };
  const char *lines[MOST];
  size_t n = 0, n_bound;
  const BoundName *const *bound = bound_to(knowledge, definition, &n_bound);
  for (size_t i = 0; i < n_bound; i++) {
    const char *line = bound_line(knowledge->arena, bound[i], definition);
    bool known = false;
    for (size_t k = 0; k < n; k++) known |= strcmp(lines[k], line) == 0;
    if (known) continue;
    if (n == MOST) {
      text_add(out, "…\n");
      return;
    }
    lines[n++] = line;
    text_printf(out, "%s\n", line);
  }
}

/* --- the adjoint --- */

static TensorId adjoint_of(const Graph *graph, const char *name) {
  TensorId forward = graph_find(graph, name);
  for (TensorId i = 0; forward != TENSOR_NONE && i < graph->n_tensors; i++) {
    const Tensor *t = tensor_at(graph, i);
    if (t->is_adjoint && t->adjoint_of == forward && t->kind == TENSOR_DEFINITION) return i;
  }
  return TENSOR_NONE;
}

/* The definition of its adjoint, where that is not computed within others'. */
static void add_adjoint(Text *out, const Knowledge *knowledge, const char *tensor) {
  TensorId adjoint = adjoint_of(knowledge->derived->graph, tensor);
  if (adjoint == TENSOR_NONE) {
    text_add(out, "# adjoint: computed within those of what it depends on\n");
    return;
  }
  text_add(out, "# adjoint\n");
  print_definition(out, knowledge->derived, adjoint);
  if (out->bytes[out->length - 1] != '\n') text_add(out, "\n");
}

/* The adjoints of what the name stands for, the first ones. */
static void add_adjoints(Text *out, const Knowledge *knowledge, const Definition *definition) {
  enum { MOST = 3 };
  Map said = map_new(knowledge->arena);
  size_t n;
  const BoundName *const *bound = bound_to(knowledge, definition, &n);
  for (size_t i = 0; i < n && knowledge->derived != NULL && said.count < MOST; i++) {
    const char *tensor = bound[i]->tensor;
    if (tensor == NULL || map_get(&knowledge->reached, tensor) == NULL) continue;
    if (map_get(&said, tensor) != NULL) continue;
    map_set(&said, tensor, (void *)tensor);
    add_adjoint(out, knowledge, tensor);
  }
}

/* --- all of it --- */

static const char *kind_text(const Definition *definition) {
  switch (definition->kind) {
  case NAME_STATEMENT: return NULL;
  case NAME_PARAMETER: return "a parameter";
  case NAME_SIZE: return "a size, that of the argument";
  case NAME_INDEX: return "an index variable";
  case NAME_COUNTER: return "counts the turns";
  }
  return NULL;
}

/* As written: the statement, or of a name inside one only that. */
static const char *written(const Knowledge *k, const Definition *definition) {
  const Stmt *stmt = definition->stmt;
  if (definition->kind != NAME_STATEMENT || stmt == NULL) return definition->name;
  const char *text = span_text(k, stmt->span);
  return *text == '\0' ? definition->name : text;
}

const char *hover_text(const Knowledge *knowledge, const Definition *definition) {
  Text out = text_new(knowledge->arena), comment = text_new(knowledge->arena);
  text_printf(&out, "```dag\n%s\n", written(knowledge, definition));
  add_bound(&out, knowledge, definition);
  add_adjoints(&out, knowledge, definition);
  text_add(&out, "```\n");
  const char *kind = kind_text(definition);
  if (kind != NULL) text_printf(&out, "%s\n", kind);
  if (definition->kind == NAME_STATEMENT && definition->stmt != NULL)
    add_comment(&comment, knowledge, definition->span.source, definition->stmt->span.line);
  if (comment.length > 0) text_printf(&out, "\n%s", text_string(&comment));
  return text_string(&out);
}
