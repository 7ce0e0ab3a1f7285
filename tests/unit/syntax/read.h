/* What the tests of syntax/ share: a text is parsed, with its diagnostics kept in memory. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/text.h"
#include "syntax/syntax.h"

typedef struct Reading {
  Arena *arena;
  FILE *stream;
  char *messages;
  size_t length;
  Diag *diag;
} Reading;

/* r must stay where it is between the two: the stream writes to its fields */
static inline void reading_start(Reading *r) {
  r->arena = arena_new();
  r->stream = open_memstream(&r->messages, &r->length);
  r->diag = diag_new(r->arena, r->stream);
}

static inline void reading_end(Reading *r) {
  fclose(r->stream);
  free(r->messages);
  arena_free(r->arena);
}

static inline const char *reading_messages(Reading *r) {
  fflush(r->stream);
  return r->messages;
}

static inline const File *read_file(Reading *r, const char *text) {
  return parse_file(r->arena, r->diag, source_from_text(r->arena, "m.dag", text, strlen(text)));
}

/* Of a text without mistakes. */
static inline const File *read_right(Reading *r, const char *text) {
  const File *file = read_file(r, text);
  if (diag_errors(r->diag) > 0) fail_msg("%s\n%s", text, reading_messages(r));
  return file;
}

static inline const Ast *read_expression(Reading *r, const char *text) {
  const Source *source = source_from_text(r->arena, "m.dag", text, strlen(text));
  const Ast *ast = parse_expression(r->arena, r->diag, source);
  if (ast == NULL) fail_msg("%s\n%s", text, reading_messages(r));
  return ast;
}
