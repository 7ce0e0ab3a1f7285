/* Programs as text, differentiated and simplified. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "differentiate/differentiate.h"
#include "elaborate/elaborate.h"
#include "simplify/simplify.h"

static inline Program *derive_source(Arena *arena, const Source *source, const char *name) {
  char *messages;
  size_t length;
  FILE *stream = open_memstream(&messages, &length);
  Diag *diag = diag_new(arena, stream);
  const File *file = parse_file(arena, diag, source);
  Program *program = diag_errors(diag) == 0 ? elaborate(arena, diag, file, name, NULL, 0) : NULL;
  if (program != NULL) differentiate(program, diag);
  fclose(stream);
  if (program == NULL || diag_errors(diag) > 0) fail_msg("%s", messages);
  free(messages);
  verify_derived(program, "differentiate");
  simplify(program);
  program = program_canonical(program);
  verify_derived(program, "simplify");
  return program;
}

static inline Program *derive_text(Arena *arena, const char *text) {
  return derive_source(arena, source_from_text(arena, "test.dag", text, strlen(text)), "test");
}

/* How often a piece of text stands in the program as it is printed. */
static inline int count_in_derived(const char *text, const char *piece) {
  Arena *arena = arena_new();
  Program *program = derive_text(arena, text);
  Text printed = text_new(arena);
  print_program(&printed, program);
  int count = 0;
  for (const char *at = text_string(&printed); (at = strstr(at, piece)) != NULL; at++) count++;
  arena_free(arena);
  return count;
}
