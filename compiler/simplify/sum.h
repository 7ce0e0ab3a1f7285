/* A sum under construction,  y[O] = Σ over V of Π [guard] · body,  and bracket elimination on it
   (architecture.md, "Bracket elimination"). */
#pragma once
#include "graph/graph.h"
#include "simplify/affine.h"

typedef struct Sum {
  Graph *graph;
  uint32_t n_outputs; /* index variables below are outputs, the others are summed */
  ARRAY(int64_t) extents;
  ARRAY(const char *) names; /* NULL: none; a variable made of another takes its name */
  ARRAY(bool) gone;          /* per variable: eliminated */
  ARRAY(ExprId) guards;
  ExprId body;
  uint64_t kept; /* outputs that sum_take_diagonal leaves, a bit for each */
} Sum;

/* Outputs first: extents has n of them, of which the first n_outputs are the outputs'. */
Sum sum_new(Graph *graph, const int64_t *extents, uint32_t n, uint32_t n_outputs);
/* A condition under which the body counts; `and`s are taken apart. */
void sum_guard(Sum *sum, ExprId condition);
/* Solves brackets, narrows ranges and drops what is proved, until nothing changes. `derived`: also
   moves conditions out of products (derive_* algebra). */
void sum_eliminate(Sum *sum, bool derived);
/* Whether summed variables are left. */
bool sum_remains(const Sum *sum);
/* The guarded body with the remaining summed variables numbered on from the outputs'. *n_reduced
 *and reduced_extents (in the graph's arena) describe them. */
ExprId sum_result(const Sum *sum, uint32_t *n_reduced, const int64_t **reduced_extents);
/* Names of the variables that it leaves, the outputs first. */
const char *const *sum_names(const Sum *sum);
/* Takes the conditions out of the sum that equate an output v with others, [v = X]: the rest is
   what it is where they hold, without v, which is gone. The conditions; EXPR_NONE: there are none.
 */
ExprId sum_take_diagonal(Sum *sum);
