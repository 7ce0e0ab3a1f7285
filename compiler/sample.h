/* Random data for a program, within what its types and reads allow. */
#pragma once
#include "graph/graph.h"
#include "interpret/interpret.h"

/* Fills all inputs, and moves the params a little from their initial values (where kinks are
   likely: 0). positive: reals between 0.1 and 0.9, for models that are undefined elsewhere. f32
   values are numbers that f32 has. */
void sample_values(const Program *program, Interpreter *in, uint64_t seed, bool positive);
