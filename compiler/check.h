/* `dagc check`: is every derivative of a model right, and the compiled code with it? */
#pragma once
#include <stdio.h>
#include "graph/graph.h"

/* Takes an elaborated program that is not differentiated yet, and uses it up. On random data,
   prints a table: for every derivative in the program, and the loss's gradient by each param and
   input, the worst relative error against finite differences and where it is, of forward against
   reverse mode, and of the compiled code against the interpreter; the same of every own reverse
   rule, and of every entry's values. What is wrong is reported with its place, too. Returns 0, 1
   when something is wrong, or 3 when `clang` is NULL or cannot compile the C. */
int check_program(Arena *arena, Diag *diag, Program *program, const char *clang, FILE *out);
