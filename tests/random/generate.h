/* Random well-typed programs as `.dag` text. The same (seed, size) gives the same text always. */
#pragma once
#include <stdint.h>
#include "support/text.h"

enum { MIN_SIZE = 1, MAX_SIZE = 9 };

/* A program of `size` definitions, a loss of them, its gradients and other derivatives, as exports.
   Every scalar operator is used inside its domain, and every read is in range, has a default, or is
   at indices from data. */
void generate_program(Text *out, uint64_t seed, int size);

/* How many definitions the program of a seed has when nothing is said. */
int generate_size(uint64_t seed);
