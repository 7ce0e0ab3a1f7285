/* What sum.c and sum_solve.c share. Private to them. */
#pragma once
#include "simplify/sum.h"

static inline Ranges ranges_of(const Sum *sum) {
  return (Ranges){sum->extents.items, (uint32_t)sum->extents.count};
}

static inline bool is_summed(const Sum *sum, uint32_t v) {
  return v >= sum->n_outputs && !sum->gone.items[v];
}

/* A variable in the place of `of`. */
uint32_t add_summed(Sum *sum, int64_t extent, uint32_t of);
/* Variable v is `with` from now on. */
void substitute(Sum *sum, uint32_t v, ExprId with);
/* The guards 0 ≤ x and x < extent, as far as the ranges do not prove them. */
void guard_range(Sum *sum, ExprId x, int64_t extent);

/* Solves guard `at` for a summed variable. False: it is no equation, or has none to solve for. */
bool solve_equation(Sum *sum, size_t at);
/* Makes one of two summed variables that stand together everywhere. False: there are none. */
bool join_variables(Sum *sum);
