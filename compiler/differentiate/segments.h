/* Derivatives of recurrences in segments. Private to differentiate/. */
#pragma once
#include "graph/graph.h"

/* Σ of part over its first reduced index, the segments, taken along with them. `ahead`: from the
   last to the first. Over part's output indices. */
ExprId sum_along_segments(Graph *graph, Tensor part, bool ahead);

/* A read of x by y as the chain rule takes it: of x itself; or, when y is a recurrence in segments
   and x is read at step k·s + r + first, of x by segments, whose axes s and r stand in the place of
   x's axis. */
typedef struct StepRead {
  Tensor split; /* extents and names of indices are those of x so read */
  const ExprId *at;
  bool is_split;
  uint32_t axis, step; /* of x; r among y's index variables */
  int64_t count, every, first;
} StepRead;
StepRead step_read(Graph *graph, TensorId y, const Expr *read);
/* x̄[S, J] of the share by segments, `part`; over S and x's indices. */
ExprId read_of_steps(Graph *graph, const StepRead *steps, TensorId part, uint32_t n_seed);
