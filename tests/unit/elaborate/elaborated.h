/* Programs as text, elaborated, and printed again: what the tests of elaborate/ compare. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "elaborate/elaborate.h"

/* The diagnostics of the last elaboration. */
typedef struct Elaborated {
  Arena *arena;
  Program *program;
  char *messages;
  const char *text; /* the program as `.dag`, comments left out; "" when it is wrong */
} Elaborated;

static inline void drop_comments(Text *out, const char *text) {
  for (const char *line = text; *line != '\0';) {
    size_t length = strcspn(line, "\n"), kept = 0;
    while (kept < length && line[kept] != '#') kept++;
    while (kept > 0 && line[kept - 1] == ' ') kept--;
    if (kept > 0) {
      text_addn(out, line, kept);
      text_add(out, "\n");
    }
    line += length + (line[length] == '\n');
  }
}

static inline Elaborated elaborate_text(const char *text, const Define *defines, size_t n) {
  Elaborated result = {.arena = arena_new(), .text = ""};
  size_t length;
  FILE *stream = open_memstream(&result.messages, &length);
  Diag *diag = diag_new(result.arena, stream);
  const Source *source = source_from_text(result.arena, "test.dag", text, strlen(text));
  const File *file = parse_file(result.arena, diag, source);
  if (diag_errors(diag) == 0)
    result.program = elaborate(result.arena, diag, file, "test", defines, n);
  fclose(stream);
  if (result.program == NULL) return result;
  verify_program(result.program, "elaborate");
  Text printed = text_new(result.arena), kept = text_new(result.arena);
  print_program(&printed, result.program);
  drop_comments(&kept, text_string(&printed));
  result.text = text_string(&kept);
  return result;
}

static inline void elaborated_free(Elaborated *result) {
  free(result->messages);
  arena_free(result->arena);
}

/* Each of the expected lines stands in the printed program. */
static inline void expect_lines(const char *text, const char *const *lines, size_t n) {
  Elaborated result = elaborate_text(text, NULL, 0);
  if (result.program == NULL) fail_msg("%s\n%s", result.messages, text);
  for (size_t i = 0; i < n; i++) {
    const char *line = arena_printf(result.arena, "%s\n", lines[i]);
    const char *at = strstr(result.text, line);
    if (at == NULL || (at != result.text && at[-1] != '\n'))
      fail_msg("no line `%s` in\n%s", lines[i], result.text);
  }
  elaborated_free(&result);
}

/* The program is refused, and this stands in what is said. */
static inline void expect_error(const char *text, const char *message) {
  Elaborated result = elaborate_text(text, NULL, 0);
  if (result.program != NULL) fail_msg("accepted:\n%s", text);
  if (strstr(result.messages, message) == NULL)
    fail_msg("expected: %s\nsaid: %s", message, result.messages);
  elaborated_free(&result);
}

#define EXPECT(text, ...)                                                                          \
  expect_lines(text, (const char *const[]){__VA_ARGS__},                                           \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
