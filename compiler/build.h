/* Running clang on generated C, and the trainer that comes out. */
#pragma once
#include <stdbool.h>
#include "support/arena.h"
#include "toolchain.h"

/* The C compiler: $DAGC_CC, else clang or a clang-N in $PATH. NULL, with an error printed, when
   there is none. */
const char *find_compiler(Arena *arena);
/* The trainer's library, compiled for this machine's kind: beside dagc where that was built, or
   where it was installed with it. NULL: it is not there. */
const char *find_runtime(Arena *arena);
/* Compiles a C file to a program, which needs that library (NULL: it has the runtime's text
   itself). Returns false when the compiler failed (it has said why). */
bool compile_c(Arena *arena, const char *compiler, const Toolchain *toolchain, const char *source,
               const char *runtime, const char *program);
/* Runs a program and waits; its exit code, or 128 + the signal that ended it. */
int run_program(const char *program, char *const argv[]);
