/* Random well-typed programs as `.dag` text. The same (seed, size) gives the same text always. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "support/text.h"

enum { MIN_SIZE = 1, MAX_SIZE = 8 };

typedef enum Construct {
#define CONSTRUCT(name, text) name,
#include "constructs.def"
#undef CONSTRUCT
  N_CONSTRUCTS
} Construct;

/* A program of `size` definitions, a loss of them, its gradients and other derivatives, as exports.
   Every scalar operator is used inside its domain, and every read is in range, has a default, or is
   at indices from data. Sets what is used in it. */
void generate_program(Text *out, uint64_t seed, int size, bool used[N_CONSTRUCTS]);

/* How many definitions the program of a seed has when nothing is said. */
int generate_size(uint64_t seed);
