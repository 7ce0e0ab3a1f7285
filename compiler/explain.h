/* `dagc explain`: what the compiler knows of one tensor. */
#pragma once
#include "graph/graph.h"
#include "lower/kernel.h"
#include "syntax/ast.h"

/* One model at three stages, both programs in canonical form. */
typedef struct Explanation {
  const File *file;
  const Program *written; /* as elaborated: all names that were written are there */
  const Program *derived; /* after all passes on the graph */
  const Plan *plan;       /* of that */
} Explanation;

/* Where the tensor comes from, its shape and why, who reads it, its adjoint, the kernels that
   compute it and what they cost. Returns false, with the reason and the nearest name on stderr,
   when no tensor is called so. */
bool explain(Text *out, const Explanation *e, const char *name);
