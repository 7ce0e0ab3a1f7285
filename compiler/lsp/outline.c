/* The statements of a file for an editor's outline, and the names that it offers. */
#include <string.h>
#include "lsp/describe.h"
#include "support/utf8.h"

json_t *json_text(Arena *arena, const char *bytes) {
  size_t length = strlen(bytes);
  char *text = arena_strndup(arena, bytes, length);
  for (size_t at = 0; (at += utf8_check(text + at, length - at)) < length;) text[at] = '?';
  return json_string(text);
}

/* SymbolKind and CompletionItemKind of LSP 3.17. */
typedef enum SymbolKind {
  SYMBOL_MODULE = 2,
  SYMBOL_CLASS = 5,
  SYMBOL_FIELD = 8,
  SYMBOL_INTERFACE = 11,
  SYMBOL_FUNCTION = 12,
  SYMBOL_VARIABLE = 13,
  SYMBOL_CONSTANT = 14
} SymbolKind;
typedef enum CompletionKind {
  COMPLETION_FUNCTION = 3,
  COMPLETION_VARIABLE = 6,
  COMPLETION_CLASS = 7,
  COMPLETION_KEYWORD = 14,
  COMPLETION_CONSTANT = 21
} CompletionKind;

/* 0: it has no place in the outline. */
static int symbol_kind(StmtKind kind) {
  switch (kind) {
  case STMT_DIM:
  case STMT_CONST: return SYMBOL_CONSTANT;
  case STMT_INPUT:
  case STMT_DEFINE: return SYMBOL_VARIABLE;
  case STMT_PARAM:
  case STMT_STATE: return SYMBOL_FIELD;
  case STMT_FN: return SYMBOL_FUNCTION;
  case STMT_LAYER:
  case STMT_OPTIMIZER: return SYMBOL_CLASS;
  case STMT_EXPORT: return SYMBOL_INTERFACE;
  case STMT_TRAIN: return SYMBOL_MODULE;
  case STMT_UPDATE:
  case STMT_RULE:
  case STMT_REPEAT:
  case STMT_SCAN:
  case STMT_IF:
  case STMT_REQUIRE:
  case STMT_IMPORT:
  case STMT_RETURN:
  case STMT_CLAUSE: return 0;
  }
  return 0;
}

/* With what stands in its blocks. */
static Span whole_span(const Stmt *stmt) {
  Span span = stmt->span;
  for (size_t i = 0; i < stmt->body.count; i++)
    span = span_join(span, whole_span(stmt->body.items[i]));
  for (size_t i = 0; i < stmt->otherwise.count; i++)
    span = span_join(span, whole_span(stmt->otherwise.items[i]));
  return span;
}

static bool has_children(StmtKind kind) { return kind == STMT_LAYER || kind == STMT_OPTIMIZER; }

static void add_symbols(json_t *list, Arena *arena, Positions *positions, const StmtBlock *block) {
  for (size_t i = 0; i < block->count; i++) {
    const Stmt *stmt = block->items[i];
    int kind = symbol_kind(stmt->kind);
    if (kind == 0) {
      add_symbols(list, arena, positions, &stmt->body);
      add_symbols(list, arena, positions, &stmt->otherwise);
      continue;
    }
    const char *name = stmt->kind == STMT_TRAIN ? "train" : stmt->name;
    if (name == NULL || *name == '\0') continue;
    Span selection = stmt->kind == STMT_TRAIN ? stmt->span : stmt->name_span;
    json_t *symbol = json_pack("{s:o, s:i, s:o, s:o}", "name", json_text(arena, name), "kind", kind,
                               "range", range_json(positions, whole_span(stmt)), "selectionRange",
                               range_json(positions, selection));
    if (has_children(stmt->kind)) {
      json_t *children = json_array();
      add_symbols(children, arena, positions, &stmt->body);
      json_object_set_new(symbol, "children", children);
    }
    json_array_append_new(list, symbol);
  }
}

json_t *outline(Arena *arena, Positions *positions, const StmtBlock *block) {
  json_t *list = json_array();
  add_symbols(list, arena, positions, block);
  return list;
}

static void add_item(json_t *list, Arena *arena, const char *label, CompletionKind kind) {
  json_array_append_new(list,
                        json_pack("{s:o, s:i}", "label", json_text(arena, label), "kind", kind));
}

static CompletionKind completion_kind(const Definition *definition) {
  if (definition->stmt == NULL) return COMPLETION_VARIABLE;
  switch (symbol_kind(definition->stmt->kind)) {
  case SYMBOL_FUNCTION: return COMPLETION_FUNCTION;
  case SYMBOL_CLASS: return COMPLETION_CLASS;
  case SYMBOL_CONSTANT: return COMPLETION_CONSTANT;
  default: return COMPLETION_VARIABLE;
  }
}

json_t *completions(Arena *arena, const Names *names) {
  json_t *list = json_array();
  size_t n;
  const char *const *prelude = prelude_names(arena, &n);
  for (size_t i = 0; i < names->top_level.count; i++) {
    const Definition *definition = names->top_level.items[i];
    add_item(list, arena, definition->name, completion_kind(definition));
  }
  for (size_t i = 0; i < n; i++) add_item(list, arena, prelude[i], COMPLETION_FUNCTION);
  for (const char *const *word = syntax_keywords(arena, &n); n-- > 0; word++)
    add_item(list, arena, *word, COMPLETION_KEYWORD);
  return list;
}
