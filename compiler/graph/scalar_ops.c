#include "graph/scalar_ops.h"
#include <string.h>
#include "graph/interval.h"

enum {
  NOTHING = TAKES_NOTHING,
  NUMBERS = TAKES_NUMBERS,
  REALS = TAKES_REALS,
  INTEGERS = TAKES_INTEGERS,
  BOOLS = TAKES_BOOLS,
  ORDERED = TAKES_ORDERED,
  CHOICE = TAKES_CHOICE,
  ANY = TAKES_ANY,
  OPERAND = GIVES_OPERAND,
  BOOL = GIVES_BOOL,
  INTEGER = GIVES_INTEGER,
  GIVEN = GIVES_GIVEN,
  COMMUTES = OP_COMMUTES,
  ZERO_AT_ZERO = OP_ZERO_AT_ZERO,
  DEAR = OP_DEAR
};

const ScalarOpInfo scalar_ops[N_SCALAR_OPS] = {
#define SCALAR_OP(ID, ...) [OP_##ID] = {__VA_ARGS__},
#include "graph/scalar_ops.def"
};

ScalarOp scalar_op_named(const char *name) {
  ScalarOp op = 0;
  while (op < N_SCALAR_OPS && strcmp(scalar_ops[op].name, name) != 0) op++;
  return op;
}
