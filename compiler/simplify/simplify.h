/* Stage 4: the same program, smaller. Exact in floating point for what the user wrote. */
#pragma once
#include "graph/graph.h"

/* To a fixed point: folding, algebra, bracket elimination, sharing, dead code, inlining of copies.
 */
void simplify(Program *program);

/* The same; `changed` is called after each pass that changed something. */
typedef struct PassWatch {
  void (*changed)(void *context, const Program *program, const char *pass, const char *does);
  void *context;
} PassWatch;
void simplify_watched(Program *program, const PassWatch *watch);

/* quantise.c: params of two axes or more as integers of eight bits with a factor for each channel,
   where no entry gives them new values. */
void quantise_weights(Program *program);

/* flat.c: adds to `flat` the names of the params whose gradient (Program.gradients) is 0 everywhere
   in the training step, as can be seen when the program is simplified. Whether there is one. */
bool find_flat(Program *program, Map *flat);
