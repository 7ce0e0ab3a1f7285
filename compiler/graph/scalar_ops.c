#include "graph/scalar_ops.h"
#include <string.h>
#include "graph/interval.h"

/* The words of the table. */
#define NUMBERS      TAKES_NUMBERS
#define REALS        TAKES_REALS
#define INTEGERS     TAKES_INTEGERS
#define BOOLS        TAKES_BOOLS
#define ORDERED      TAKES_ORDERED
#define CHOICE       TAKES_CHOICE
#define ANY          TAKES_ANY
#define OPERAND      GIVES_OPERAND
#define BOOL         GIVES_BOOL
#define INTEGER      GIVES_INTEGER
#define GIVEN        GIVES_GIVEN
#define COMMUTES     OP_COMMUTES
#define ZERO_AT_ZERO OP_ZERO_AT_ZERO
#define DEAR         OP_DEAR
#define LONG         OP_LONG

const ScalarOpInfo scalar_ops[N_SCALAR_OPS] = {
#define SCALAR_OP(ID, ...) [OP_##ID] = {__VA_ARGS__},
#include "graph/scalar_ops.def"
};

ScalarOp scalar_op_named(const char *name) {
  ScalarOp op = 0;
  while (op < N_SCALAR_OPS && strcmp(scalar_ops[op].name, name) != 0) op++;
  return op;
}

ScalarOp scalar_op_infixed(const char *infix) {
  ScalarOp op = 0;
  while (op < N_SCALAR_OPS &&
         (scalar_ops[op].infix == NULL || strcmp(scalar_ops[op].infix, infix) != 0))
    op++;
  return op;
}
