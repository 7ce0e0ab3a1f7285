/* The two ways into the grammar. */
#include <stdlib.h>
#include "support/utf8.h"
#include "syntax/parser.h"
#include "syntax/syntax.h"
#include "dag.tab.h"

void *syntax_realloc(void *memory, size_t size) {
  void *grown = realloc(memory, size);
  if (grown == NULL) fatal("out of memory");
  return grown;
}

/* Names are ASCII; comments and strings may hold any character of UTF-8. */
static bool is_text(Diag *diag, const Source *source) {
  size_t at = utf8_check(source->text, source->length);
  if (at == source->length) return true;
  Span span = {source, 1, 1, 1, 2};
  for (size_t i = 0; i < at; i++) {
    span.column++;
    if (source->text[i] != '\n') continue;
    span.line++;
    span.column = 1;
  }
  span.end_line = span.line;
  span.end_column = span.column + 1;
  diag_error(diag, span, "this is not UTF-8 text: found the byte 0x%02x",
             (unsigned char)source->text[at]);
  return false;
}

static void parse(Parser *parser, const Source *source, TextPart part, int start,
                  Written *written) {
  tokens_open(&parser->tokens, parser->arena, parser->diag, source, part, start);
  parser->tokens.written = written;
  dag_parse(parser);
  tokens_close(&parser->tokens);
}

File *parse_written(Arena *arena, Diag *diag, const Source *source, Written *written) {
  File *file = ARENA_NEW(arena, File);
  file->source = source;
  Parser parser = {.arena = arena, .diag = diag, .file = file};
  if (is_text(diag, source)) parse(&parser, source, whole_text(source), START_FILE, written);
  return file;
}

File *parse_file(Arena *arena, Diag *diag, const Source *source) {
  return parse_written(arena, diag, source, NULL);
}

File *parse_part(Arena *arena, Diag *diag, const Source *source, size_t begin, size_t end,
                 uint32_t line) {
  File *file = ARENA_NEW(arena, File);
  file->source = source;
  Parser parser = {.arena = arena, .diag = diag, .file = file};
  parse(&parser, source, (TextPart){begin, end, line, 1}, START_FILE, NULL);
  return file;
}

Ast *parse_expression(Arena *arena, Diag *diag, const Source *source) {
  int before = diag_errors(diag);
  Parser parser = {.arena = arena, .diag = diag};
  if (is_text(diag, source)) parse(&parser, source, whole_text(source), START_EXPRESSION, NULL);
  return diag_errors(diag) == before ? parser.expression : NULL;
}
