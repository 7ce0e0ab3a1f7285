/* --only: a program reduced to some of its exports. */
#pragma once
#include "graph/graph.h"

/* `names`: comma-separated exports. Drops the other entries, training, and the inputs, params and
   states that are no longer read. Reports an error and returns false when a name is no export. */
bool keep_only(Program *program, Diag *diag, const char *names);
