/* The derivatives of the scalar operators, from the table's text. Private to differentiate/. */
#pragma once
#include "graph/graph.h"
#include "syntax/syntax.h"

typedef struct Rules {
  Arena *arena;
  Diag *diag;
  const Ast *parsed[N_SCALAR_OPS][3]; /* filled as they are needed */
} Rules;

/* d node / d its k-th operand, as an expression over the operands and the result `y` (the node
   itself, or a read of the definition that holds its value). EXPR_NONE: flat there, or no
   derivative. */
ExprId rule_derivative(Rules *rules, Graph *graph, ExprId node, uint32_t k, ExprId y);
