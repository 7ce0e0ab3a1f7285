/* Generated C through a C compiler, with every warning an error. */
#pragma once
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../../runtime/dag_model.h"
#include "support/arena.h"
#include "support/diag.h"

#define STRICT "-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -ffp-contract=off -fno-math-errno"

static inline const char *scratch_folder(Arena *arena) {
  char *folder = arena_strdup(arena, "/tmp/dagc-emit-XXXXXX");
  if (mkdtemp(folder) == NULL) fatal("no folder for the test");
  return folder;
}

static inline void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) fatal("cannot write %s", path);
}

/* Whether the shell command succeeds. */
static inline bool succeeds(const char *command) { return system(command) == 0; }

/* The model of a C text without main, as a shared object in `folder`. */
static inline const dag_model *compile_model(Arena *arena, const char *folder, const char *compiler,
                                             const char *name, const char *text) {
  const char *source = arena_printf(arena, "%s/%s.c", folder, name);
  const char *object = arena_printf(arena, "%s/%s-%s.so", folder, name, compiler);
  write_file(source, text);
  if (!succeeds(
          arena_printf(arena, "%s %s -fPIC -shared %s -o %s", compiler, STRICT, source, object)))
    return NULL;
  void *handle = dlopen(object, RTLD_NOW | RTLD_LOCAL);
  return handle == NULL ? NULL : dlsym(handle, arena_printf(arena, "%s_model", name));
}

static inline void remove_scratch(Arena *arena, const char *folder) {
  if (!succeeds(arena_printf(arena, "rm -r %s", folder))) fatal("cannot remove %s", folder);
}
