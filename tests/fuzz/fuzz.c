/* Any bytes as a .dag file: diagnostics or a tree, and a tree that is printed and read again is the
   same tree; and from any tree, diagnostics or a program. scripts/fuzz builds this with libFuzzer
   and sanitizers and runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "elaborate/elaborate.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Diagnostics go to memory: their formatting is tested too. */
typedef struct Messages {
  FILE *stream;
  char *text;
  size_t length;
} Messages;

static Diag *diag_start(Arena *arena, Messages *messages) {
  messages->stream = open_memstream(&messages->text, &messages->length);
  return diag_new(arena, messages->stream);
}

static void diag_end(Messages *messages) {
  fclose(messages->stream);
  free(messages->text);
}

static void fail(const char *printed, Messages *messages) {
  fflush(messages->stream);
  fprintf(stderr, "not the same tree again:\n%s\n%s\n", printed, messages->text);
  abort();
}

/* The tree is printed and read again; then the model is elaborated, with its diagnostics or a
   program that the verifier accepts. */
static void check_file(const char *bytes, size_t size) {
  Arena *arena = arena_new();
  Messages messages;
  Diag *diag = diag_start(arena, &messages);
  const Source *source = source_from_text(arena, "fuzz.dag", bytes, size);
  const File *file = parse_file(arena, diag, source);
  if (diag_errors(diag) == 0) {
    Text printed = text_new(arena);
    print_file(&printed, file);
    source = source_from_text(arena, "printed", text_string(&printed), printed.length);
    const File *again = parse_file(arena, diag, source);
    if (diag_errors(diag) > 0 || !file_equal(file, again)) fail(source->text, &messages);
    const Program *program = elaborate(arena, diag, file, "fuzz", NULL, 0);
    if (program != NULL) verify_program(program, "elaborate");
  }
  diag_end(&messages);
  arena_free(arena);
}

static void check_expression(const char *bytes, size_t size) {
  Arena *arena = arena_new();
  Messages messages;
  Diag *diag = diag_start(arena, &messages);
  const Source *source = source_from_text(arena, "fuzz", bytes, size);
  const Ast *ast = parse_expression(arena, diag, source);
  if (ast != NULL) {
    Text printed = text_new(arena);
    print_ast(&printed, ast);
    source = source_from_text(arena, "printed", text_string(&printed), printed.length);
    const Ast *again = parse_expression(arena, diag, source);
    if (again == NULL || !ast_equal(ast, again)) fail(source->text, &messages);
  }
  diag_end(&messages);
  arena_free(arena);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  check_file((const char *)data, size);
  check_expression((const char *)data, size);
  return 0;
}
