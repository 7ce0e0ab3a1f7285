/* --diff: what each pass on the graph changed. */
#pragma once
#include "graph/graph.h"

/* The program as it was when last looked at. */
typedef struct PassDiff {
  Arena *arena;
  Text *out;
  NamedLines before;
} PassDiff;

/* Nothing was there before the first pass. */
PassDiff pass_diff_new(Arena *arena, Text *out);
/* Under the pass's name and what it does: the definitions that it took away (-), made (+) or
   changed (- and +). Nothing, where those are as they were. */
void pass_diff_add(PassDiff *diff, const Program *program, const char *pass, const char *does);
/* The same, as simplify_watched calls it. */
void pass_diff_watch(void *diff, const Program *program, const char *pass, const char *does);
