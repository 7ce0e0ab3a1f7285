/* Taking derived expressions apart. Private to differentiate/. */
#pragma once
#include "graph/graph.h"
#include "simplify/affine.h"

typedef struct Terms {
  ExprId *items;
  uint32_t count;
} Terms;

/* An expression as a sum of terms, multiplied out as far as needed for each bracket to stand alone
   on a term: (a + [c] b)·d is two terms. Without brackets it is one term. */
Terms bracket_terms(Graph *graph, ExprId id);

/* id = outer · inner, where outer holds the factors without index variables from `first` on, and
   the conditions on data without them. What stands under a condition of indices stays there: the
   work is done only where it holds. */
typedef struct Factors {
  ExprId outer, inner;
} Factors;
Factors split_factors(Graph *graph, ExprId id, uint32_t first, Ranges ranges);

/* Whether readers should see the expression itself rather than read a definition of it: a number,
   one read, or a bracket that equates index variables (which they can solve). */
bool stays_inline(const Graph *graph, ExprId id);

/* y as derivatives of it are taken: with its brackets where it has kept them (unsolved.c). */
Tensor with_brackets(const Graph *graph, TensorId y);
/* Whether they are better taken of the unsolved body. */
bool keeps_brackets(const Graph *graph, ExprId solved, ExprId unsolved);
