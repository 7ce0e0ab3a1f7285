#include <stdio.h>
#include "support/diag.h"
#include "support/json.h"

static void add_member(Text *json, const char *name, const char *string) {
  text_printf(json, "\"%s\": ", name);
  json_add_string(json, string);
}

/* The members that say where: none for what is of no place in a file. */
static void add_place(Text *json, Span span) {
  if (span.source == NULL) return;
  text_add(json, ", ");
  add_member(json, "file", span.source->path);
  text_printf(json, ", \"line\": %u, \"column\": %u, \"end_line\": %u, \"end_column\": %u",
              span.line, span.column, span.end_line, span.end_column);
}

static void add_diagnostic(Text *json, const Diagnostic *diagnostic) {
  text_add(json, "{");
  add_member(json, "severity", severity_word(diagnostic->severity));
  text_add(json, ", ");
  add_member(json, "message", diagnostic->message);
  add_place(json, diagnostic->span);
  text_add(json, ", \"notes\": [");
  for (size_t i = 0; i < diagnostic->notes.count; i++) {
    const DiagnosticNote *note = &diagnostic->notes.items[i];
    text_add(json, i == 0 ? "{" : ", {");
    add_member(json, "message", note->message);
    add_place(json, note->span);
    text_add(json, "}");
  }
  text_add(json, "]");
  if (diagnostic->hint != NULL) {
    text_add(json, ", ");
    add_member(json, "hint", diagnostic->hint);
  }
  text_add(json, "}\n");
}

const char *diag_json(Arena *arena, const Diag *diag) {
  Text json = text_new(arena);
  size_t n;
  const Diagnostic *said = diag_list(diag, &n);
  for (size_t i = 0; i < n; i++) add_diagnostic(&json, &said[i]);
  return text_string(&json);
}
