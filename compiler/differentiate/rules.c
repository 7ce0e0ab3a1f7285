#include "differentiate/rules.h"
#include <string.h>
#include "graph/scalar_ops.h"
#include "simplify/algebra.h"

/* What the names of a rule stand for. */
typedef struct Binding {
  Graph *graph;
  ScalarType type; /* of literals */
  const ExprId *operands;
  ExprId y;
} Binding;

static ExprId build(const Binding *b, const Ast *ast);

static ExprId build_name(const Binding *b, const char *name) {
  if (strcmp(name, "y") == 0) return b->y;
  if (strlen(name) == 1 && name[0] >= 'a' && name[0] <= 'c') return b->operands[name[0] - 'a'];
  bug("differentiate", "unknown name %s in a derivative rule", name);
}

static ExprId build_call(const Binding *b, const Ast *ast) {
  ExprId args[3] = {0};
  ScalarOp op = scalar_op_named(ast->operand->name);
  if (op == N_SCALAR_OPS || ast->n_args > 3)
    bug("differentiate", "unknown function %s in a derivative rule", ast->operand->name);
  for (size_t i = 0; i < ast->n_args; i++) args[i] = build(b, ast->args[i].value);
  /* a rule's where is a bracket, taken as written */
  if (op == OP_WHERE) return fold_op3(b->graph, op, args[0], args[1], args[2]);
  return derive_op(b->graph, op, args, (uint32_t)ast->n_args);
}

static ExprId build(const Binding *b, const Ast *ast) {
  switch (ast->kind) {
  case AST_INT: return expr_number(b->graph, b->type, (double)ast->integer);
  case AST_REAL: return expr_number(b->graph, b->type, ast->real);
  case AST_NAME: return build_name(b, ast->name);
  case AST_UNARY: return derive_neg(b->graph, build(b, ast->operand));
  case AST_BINARY:
    return derive_op(b->graph, scalar_op_infixed(binary_text(ast->binary)),
                     (ExprId[]){build(b, ast->operand), build(b, ast->right)}, 2);
  case AST_CALL: return build_call(b, ast);
  case AST_BOOL:
  case AST_STRING:
  case AST_FIELD:
  case AST_PIPE:
  case AST_INDEX:
  case AST_DEFAULT:
  case AST_LIST: break;
  }
  bug("differentiate", "a derivative rule holds what no rule may hold");
}

static const Ast *parsed_rule(Rules *rules, ScalarOp op, uint32_t k, const char *text) {
  if (rules->parsed[op][k] == NULL) {
    const Source *source = source_from_text(rules->arena, "scalar_ops.def", text, strlen(text));
    rules->parsed[op][k] = parse_expression(rules->arena, rules->diag, source);
    if (rules->parsed[op][k] == NULL)
      bug("differentiate", "the rule \"%s\" is no expression", text);
  }
  return rules->parsed[op][k];
}

ExprId rule_derivative(Rules *rules, Graph *graph, ExprId node, uint32_t k, ExprId y) {
  const Expr e = *expr_at(graph, node);
  const char *text = scalar_ops[e.op].derivative[k];
  if (text == NULL || strcmp(text, "0") == 0) return EXPR_NONE;
  if (strcmp(text, "1") == 0) return expr_number(graph, e.type, 1);
  ExprId operands[3];
  for (uint32_t i = 0; i < e.n_args; i++) operands[i] = e.args[i];
  /* max(x, 0): a constant operand counts as the first, so relu'(0) = 0 */
  bool swap = (e.op == OP_MAX || e.op == OP_MIN) && k == 0 &&
              expr_at(graph, operands[1])->kind == EXPR_CONST;
  if (swap) {
    k = 1;
    text = scalar_ops[e.op].derivative[1];
    operands[1] = e.args[0];
    operands[0] = e.args[1];
  }
  Binding binding = {graph, e.type, operands, y};
  return build(&binding, parsed_rule(rules, e.op, k, text));
}
