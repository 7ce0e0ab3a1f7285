/* Formulas of --emit=math, read by their conventions, have the values of the definitions.

     notation_meaning FILE.dag…
     notation_meaning --random SEED COUNT

   of models, or of random programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "generate.h"
#include "meaning.h"
#include "pipeline.h"

static Program *derive(Arena *arena, const char *name, const char *text, const char **messages) {
  Program *program = pipeline_elaborate(arena, name, text, messages);
  if (program == NULL || !pipeline_differentiate(arena, program, messages)) return NULL;
  simplify(program);
  return program_canonical(program);
}

static bool check(const char *name, const char *text, uint64_t seed) {
  Arena *arena = arena_new();
  const char *wrong = "";
  Program *program = derive(arena, "model", text, &wrong);
  uint32_t compared = 0;
  if (program != NULL) {
    Interpreter *in = interpreter_new(arena, program, seed);
    sample_values(program, in, seed, false);
    Document document = document_of(program);
    compared = compare_meaning(arena, &document, in, &wrong);
  }
  if (wrong != NULL) printf("%s: %s\n", name, wrong);
  if (program != NULL && wrong == NULL) printf("%s: %u formulas\n", name, compared);
  bool good = program != NULL && wrong == NULL;
  arena_free(arena);
  return good;
}

static bool check_file(const char *path) {
  Arena *arena = arena_new();
  FILE *file = fopen(path, "r");
  if (file == NULL) return printf("cannot read %s\n", path), false;
  Text text = text_new(arena);
  char bytes[4096];
  for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;) text_addn(&text, bytes, n);
  fclose(file);
  bool good = check(path, text_string(&text), 1);
  arena_free(arena);
  return good;
}

static bool check_random(uint64_t seed) {
  Arena *arena = arena_new();
  Text text = text_new(arena);
  bool used[N_CONSTRUCTS] = {false};
  generate_program(&text, seed, generate_size(seed), used);
  bool good =
      check(arena_printf(arena, "seed %llu", (unsigned long long)seed), text_string(&text), seed);
  arena_free(arena);
  return good;
}

int main(int argc, char **argv) {
  bool good = true;
  if (argc == 4 && strcmp(argv[1], "--random") == 0) {
    uint64_t first = strtoull(argv[2], NULL, 10), count = strtoull(argv[3], NULL, 10);
    for (uint64_t i = 0; i < count; i++) good = check_random(first + i) && good;
    return good ? 0 : 1;
  }
  for (int i = 1; i < argc; i++) good = check_file(argv[i]) && good;
  return good ? 0 : 1;
}
