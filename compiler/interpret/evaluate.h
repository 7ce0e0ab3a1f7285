/* Scalar operators on doubles. Private to interpret/ and its tests. */
#pragma once
#include "graph/graph.h"

/* What nullary and random operators depend on. */
typedef struct Surroundings {
  uint64_t seed;
  int64_t step;
  bool training;
} Surroundings;

/* The value of `op`, whose result has `type`, for operands that are all of `operand_type` (of the
   last operand where they differ). Reals are evaluated in f64 and not rounded to f32. Integer
   results wrap to their type (i64: exact up to 2^53). A NaN operand makes min and max NaN. An
   integer divided by 0 gives 0. */
double evaluate_op(ScalarOp op, ScalarType type, ScalarType operand_type, const double *operands,
                   const Surroundings *around);

/* op(operands…) of real constants: in f64, but sums and products of decimal numbers as on paper,
   1 - 0.9 is 0.1, whenever a decimal of 15 digits lies within the rounding of the operands. */
double evaluate_constant(ScalarOp op, const double *operands, uint32_t n);

/* A double as a value of an integer type or bool: truncated, then modulo the type's size (a bool:
   whether it is not 0). Reals stay. */
double evaluate_cast(ScalarType type, double value);
