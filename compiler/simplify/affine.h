/* Integer index expressions as sums of multiples: c0 + Σ c_k · atom_k. An atom is an index variable
   or an expression that is not affine itself (x / n, x % n, a read). All of type i32. */
#pragma once
#include "graph/scalar_ops.h"

enum { AFFINE_MAX = 24 };

typedef struct AffineTerm {
  int64_t factor; /* never 0 */
  ExprId atom;    /* no two terms have the same */
} AffineTerm;

typedef struct Affine {
  int64_t constant;
  uint32_t n;
  AffineTerm terms[AFFINE_MAX];
} Affine;

/* The index variables' extents: variable v runs over [0, extents[v]). */
typedef struct Ranges {
  const int64_t *extents;
  uint32_t n;
} Ranges;

/* Of an expression of type i32; divisions and remainders are taken apart as far as the ranges
 * allow. */
Affine affine_of(Graph *graph, ExprId id, Ranges ranges);
/* a := a + factor · atom */
void affine_add_term(Affine *a, int64_t factor, ExprId atom);
Affine affine_sub(Affine a, Affine b);
Affine affine_scale(Affine a, int64_t factor);
/* a without its k-th term. */
Affine affine_without(Affine a, uint32_t k);
/* Index variables in order, what is added before what is subtracted, the constant last. */
ExprId affine_expr(Graph *graph, const Affine *a);
Interval affine_interval(const Graph *graph, const Affine *a, Ranges ranges);

/* Of a comparison of integers: *difference is the left side without the right one, which is
   compared with 0. false: it is none. */
bool affine_compared(Graph *graph, ExprId id, Ranges ranges, Affine *difference);
/* a without its constant and the common divisor of its factors, *common ≥ 1; 0: it has no terms. */
Affine affine_primitive(Affine a, int64_t *common);
/* How many times b's terms a's are; 0: they are no multiple, or there are none. */
int64_t affine_multiple(const Affine *a, const Affine *b);

/* Whether something in it reads without a default where the ranges alone do not say that this is
   inside: it may only be evaluated under the conditions around it. */
bool reads_outside(const Graph *graph, ExprId id, Ranges ranges);

/* Every integer subexpression in that normal form, comparisons that the ranges decide as constants;
   reals are kept as they are. */
ExprId normalize_indices(Graph *graph, ExprId id, Ranges ranges);
/* A comparison of integers: 1 true, 0 false, -1 undecided by the ranges. */
int decide_condition(Graph *graph, ExprId id, Ranges ranges);
