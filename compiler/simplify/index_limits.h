/* What the values of inputs must be that are used as indices, so that no read is outside. */
#pragma once
#include "simplify/guards.h"

typedef struct IndexLimits {
  Graph *graph;
  const TensorId *inputs;
  uint32_t n_inputs;
  Interval *within; /* per input; INT64_MIN, INT64_MAX: no such limit */
  Ranges ranges;    /* of the expression that is looked at */
  Guards guards;    /* conditions that hold around it */
  uint32_t *met;    /* per expression that there was at first: the last body that it was met in */
  uint32_t n_bodies;
} IndexLimits;

IndexLimits index_limits(Graph *graph, const TensorId *inputs, uint32_t n_inputs);
/* Narrows the limits to what the reads in a definition's body ask for. */
void index_limits_add(IndexLimits *limits, ExprId body, Ranges ranges);
