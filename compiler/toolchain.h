/* How the C for a target becomes a program: the options of the C compiler, and what it needs
   beside itself. */
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include "support/arena.h"

typedef struct Toolchain {
  const char *target; /* as --target has it */
  const char *triple; /* clang's name of the machine; NULL: the one that dagc runs on */
  const char *march;  /* an option; NULL: the plain architecture */
  const char *sysroot;
  const char *needs; /* Debian's packages, where it is another kind of machine than this one */
  const char *runs;  /* what runs its programs then */
} Toolchain;

/* NULL: there is no such target. */
const Toolchain *toolchain_of(const char *target);
const char *const *toolchain_names(Arena *arena, size_t *n);
/* Another kind of machine than the one that dagc runs on: its programs are cross-compiled, without
   zlib and OpenMP. */
bool is_foreign(const Toolchain *toolchain);
/* The arguments of the compiler, ending with NULL. runtime: the library that the program needs;
   NULL: none. */
char **compiler_arguments(Arena *arena, const Toolchain *toolchain, const char *compiler,
                          const char *source, const char *runtime, const char *program);
/* The options with which any C compiler takes the C, without OpenMP, on one line. */
void print_flags(FILE *out, const Toolchain *toolchain);
/* On stderr, when the compiler has failed. */
void explain_failure(const Toolchain *toolchain, const char *compiler, int code);
