/* The chain rule within one body. Private to differentiate/. */
#pragma once
#include "differentiate/rules.h"

/* A read in a body, and what flows into it: seed · ∂e/∂read. */
typedef struct Partial {
  ExprId read;
  ExprId value;
} Partial;

typedef struct Partials {
  Partial *items;
  uint32_t count;
} Partials;

/* For every read in `body` of a tensor with active[tensor], the derivative of seed · body by that
   read (one entry for each distinct read; none that is zero). `result`: what rules may use for the
   body's own value, the body itself or a read of it. Index variables run over `extents`. */
Partials body_partials(Rules *rules, Graph *graph, ExprId body, ExprId seed, ExprId result,
                       const bool *active);
/* The condition under which a read is inside its tensor: `0 ≤ g_m and g_m < extent_m` for all m. */
ExprId read_in_range(Graph *graph, ExprId read);
