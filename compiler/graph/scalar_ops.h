/* The table of scalar operators; scalar_ops.def has the rows and the legend. */
#pragma once
#include "graph/graph.h"

/* The range [low, high] of an integer expression; INT64_MIN / INT64_MAX where it has no bound. */
typedef struct Interval {
  int64_t low, high;
} Interval;

/* All values of a type; no bound for i64 and the reals. */
Interval type_interval(ScalarType type);

typedef Interval IntervalRule(const Interval *operands);

typedef enum OperandRule {
  TAKES_NOTHING,
  TAKES_NUMBERS,
  TAKES_REALS,
  TAKES_INTEGERS,
  TAKES_BOOLS,
  TAKES_ORDERED,
  TAKES_CHOICE,
  TAKES_ANY
} OperandRule;
typedef enum ResultRule { GIVES_OPERAND, GIVES_BOOL, GIVES_INTEGER, GIVES_GIVEN } ResultRule;
enum { OP_COMMUTES = 1, OP_ZERO_AT_ZERO = 2, OP_DEAR = 4, OP_LONG = 8 };

typedef struct ScalarOpInfo {
  const char *name, *infix, *prefix;
  uint32_t arity;
  OperandRule takes;
  ResultRule gives;
  unsigned flags;
  const char *derivative[3];
  IntervalRule *interval;
  const char *c, *c_integer;
} ScalarOpInfo;

extern const ScalarOpInfo scalar_ops[N_SCALAR_OPS];

/* The operator of that name (not infix), or N_SCALAR_OPS. */
ScalarOp scalar_op_named(const char *name);
/* The operator that is written so between its operands, or N_SCALAR_OPS. */
ScalarOp scalar_op_infixed(const char *infix);

/* The range of integer expression `id` when index variable v runs over [0, extents[v]). Values read
   from tensors have the range of their type. */
Interval expr_interval(const Graph *graph, ExprId id, const int64_t *extents, uint32_t n);
