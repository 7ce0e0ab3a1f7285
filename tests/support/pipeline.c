#include "pipeline.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A Diag that writes into memory. */
typedef struct Messages {
  FILE *stream;
  char *text;
  size_t length;
} Messages;

static Diag *open_messages(Arena *arena, Messages *m) {
  m->stream = open_memstream(&m->text, &m->length);
  if (m->stream == NULL) fatal("no memory for diagnostics");
  return diag_new(arena, m->stream);
}

static const char *close_messages(Arena *arena, Messages *m) {
  fclose(m->stream);
  const char *text = arena_strdup(arena, m->text);
  free(m->text);
  return text;
}

Program *pipeline_elaborate(Arena *arena, const char *name, const char *text,
                            const char **messages) {
  Messages m = {0};
  Diag *diag = open_messages(arena, &m);
  const char *path = arena_printf(arena, "%s.dag", name);
  const Source *source = source_from_text(arena, path, text, strlen(text));
  const File *file = parse_file(arena, diag, source);
  Program *program = diag_errors(diag) > 0 ? NULL : elaborate(arena, diag, file, name, NULL, 0);
  *messages = close_messages(arena, &m);
  if (program != NULL) verify_program(program, "elaborate");
  return program;
}

bool pipeline_differentiate(Arena *arena, Program *program, const char **messages) {
  Messages m = {0};
  Diag *diag = open_messages(arena, &m);
  differentiate(program, diag);
  *messages = close_messages(arena, &m);
  if (diag_errors(diag) > 0) return false;
  verify_derived(program, "differentiate");
  return true;
}

const char *pipeline_c(Arena *arena, Program *program) {
  return pipeline_c_for(arena, program, "generic");
}

const char *pipeline_c_for(Arena *arena, Program *program, const char *target) {
  return pipeline_c_on(arena, program, target_named(arena, target));
}

const char *pipeline_c_on(Arena *arena, Program *program, const TargetMachine *target) {
  simplify(program);
  *program = *program_canonical(program);
  verify_derived(program, "simplify");
  const Plan *plan = lower(arena, program, target, NULL);
  verify_plan(plan, "lower");
  Text text = text_new(arena);
  emit_c(&text, program, &plan, 1, &(EmitOptions){.no_main = true});
  return text_string(&text);
}

const char *pipeline_print(Arena *arena, const Program *program) {
  Text text = text_new(arena);
  print_program(&text, program);
  return text_string(&text);
}

const char *pipeline_compiler(void) {
  const char *chosen = getenv("DAGC_CC");
  return chosen != NULL && *chosen != '\0' ? chosen : "clang";
}
