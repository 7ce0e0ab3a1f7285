/* Taking derived expressions apart. Private to differentiate/. */
#pragma once
#include "graph/graph.h"
#include "simplify/affine.h"
#include "simplify/sum.h"

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

/* diagonal.c: what is 0 but where index variables are equal.
   The sum as where(C, d, 0), d made from the tensor given, whose outputs are those of the sum;
   EXPR_NONE: it has no such conditions. */
ExprId diagonal_of_sum(Sum *sum, Tensor d);
/* The same for each term of an expression over d's indices that has such conditions. `kept`: bits
   of the indices that d has to have. */
ExprId diagonal_terms(Graph *graph, ExprId id, Tensor d, uint64_t kept);
