/* dagc fmt: files in the one layout. */
#pragma once
#include "options.h"

/* Rewrites the files whose layout differs, each whole or not at all; standard input to standard
   output for "-". With --check nothing is written, and the names of those files are printed.
   Returns the exit code: EXIT_MODEL when a file has mistakes (it stays as it is) or, with --check,
   differs. */
int format_files(Arena *arena, const Options *options);
