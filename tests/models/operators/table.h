/* The table of operators: for each, expressions over the operands a, b, c with what they are worth
   at special points, the slopes that the language's conventions give at kinks, and where it is
   smooth. */
#pragma once
#include <stddef.h>
#include "graph/graph.h"

enum { MAX_OPERANDS = 3 };

/* Operands, then the expression's value there. */
typedef struct Point {
  double operands[MAX_OPERANDS];
  double value;
} Point;

/* Operands, then d expression / d operand for each. */
typedef struct Slope {
  double operands[MAX_OPERANDS];
  double slopes[MAX_OPERANDS];
} Slope;

typedef struct OperatorRow {
  const char *expression;
  /* of the operands: "real" (f64 and f32 are both tried), or a type's name; NULL: no such operand
   */
  const char *types[MAX_OPERANDS];
  const char *result; /* likewise */
  /* random operands are drawn from [low, high]: inside the domain; kinks there have measure 0 */
  double low[MAX_OPERANDS], high[MAX_OPERANDS];
  const Point *points;
  size_t n_points;
  const Slope *slopes;
  size_t n_slopes;
  bool flat; /* the derivative is 0 by definition, not the limit of differences */
} OperatorRow;

typedef struct OperatorRows {
  ScalarOp op;
  const OperatorRow *rows;
  size_t count;
} OperatorRows;

extern const OperatorRows operator_table[N_SCALAR_OPS];

enum { WIDTH = 4 }; /* what reductions are tried over */

typedef struct ReductionRow {
  Reduction reduction;
  const char *type;          /* of the elements: "real" or "bool" */
  double elements[6][WIDTH]; /* special cases */
  double values[6];
  double slopes[6][WIDTH]; /* of sum, prod, max, min: by element */
  size_t n_cases;
} ReductionRow;

enum { N_REDUCTIONS = REDUCE_ALL - REDUCE_NONE };
extern const ReductionRow reduction_table[];
