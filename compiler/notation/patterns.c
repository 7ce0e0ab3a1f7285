/* Textbook forms, by the structure of the definitions: each is what the definition says, whatever
   its names are.

     exp(x_k − c) / Σ_j exp(x_j − c)      = softmax(x)_k          c does not depend on k
     log Σ_k exp(x_k − c) + c             = log Σ_k exp(x_k)
     log Σ_k exp(x_k) − x_y               = CE(x, y)
     Σ_v e / (number of values of v)      = mean e
     a · rsqrt(x)                         = a / √x
     1 − tanh(x)², σ(x) (1 − σ(x))        = tanh′(x), σ′(x)
     a where x > 0, else 0                = a ⊙ relu′(x)          where relu(x) is taken */
#include "graph/scalar_ops.h"
#include "notation/tree.h"

static const Node *as_op(const Node *node, ScalarOp op) {
  return node->kind == NODE_OP && node->op == op ? node : NULL;
}

static Node *make(const Trees *trees, Node node, Node *const *args, uint32_t n, Var *var) {
  Node *result = ARENA_NEW(trees->arena, Node);
  Node **copy = ARENA_ARRAY(trees->arena, Node *, n + 1);
  for (uint32_t i = 0; i < n; i++) copy[i] = args[i];
  *result = node;
  result->args = copy;
  result->n_args = n;
  if (var == NULL) return result;
  Var **vars = ARENA_ARRAY(trees->arena, Var *, 1);
  vars[0] = var;
  result->vars = vars;
  result->n_vars = 1;
  return result;
}

/* y = exp(…) */
static bool is_exponential(const Graph *graph, TensorId id) {
  const Tensor *t = tensor_at(graph, id);
  return t->kind == TENSOR_DEFINITION && t->reduction == REDUCE_NONE &&
         expr_at(graph, t->body)->kind == EXPR_OP && expr_at(graph, t->body)->op == OP_EXP;
}

/* y = Σ exp(…), perhaps of a definition */
static bool is_sum_of_exponentials(const Graph *graph, TensorId id) {
  const Tensor *t = tensor_at(graph, id);
  if (t->kind != TENSOR_DEFINITION || t->reduction != REDUCE_SUM || t->n_reduced != 1) return false;
  const Expr *body = expr_at(graph, t->body);
  return body->kind == EXPR_READ ? is_exponential(graph, body->tensor)
                                 : body->kind == EXPR_OP && body->op == OP_EXP;
}

/* What is read there, at these indices, if it is defined so; the node itself if not. */
static const Node *looked_into(const Trees *trees, const Node *node,
                               bool (*is_defined_so)(const Graph *, TensorId)) {
  bool known = node->kind == NODE_READ && node->fallback == NULL &&
               trees->listing->groups[node->tensor] == NULL &&
               is_defined_so(trees->program->graph, node->tensor);
  return known ? tree_at(trees, node->tensor, node->args) : node;
}

/* The argument of an exponential. */
static Node *exponent_of(const Trees *trees, const Node *node) {
  const Node *exp = as_op(looked_into(trees, node, is_exponential), OP_EXP);
  return exp == NULL ? NULL : exp->args[0];
}

typedef struct ExpSum {
  Var *var;
  Node *argument;  /* x − c, of var */
  Node *x, *shift; /* shift NULL: there is none */
} ExpSum;

/* Σ_var exp(x − shift), shift without var. */
static bool as_exp_sum(const Trees *trees, const Node *node, ExpSum *sum) {
  const Node *reduce = looked_into(trees, node, is_sum_of_exponentials);
  if (reduce->kind != NODE_REDUCE || reduce->reduction != REDUCE_SUM || reduce->n_vars != 1)
    return false;
  *sum = (ExpSum){.var = reduce->vars[0], .argument = exponent_of(trees, reduce->args[0])};
  if (sum->argument == NULL) return false;
  sum->x = sum->argument;
  const Node *difference = as_op(sum->argument, OP_SUB);
  if (difference != NULL && !node_uses(difference->args[1], sum->var)) {
    sum->x = difference->args[0];
    sum->shift = difference->args[1];
  }
  return node_uses(sum->x, sum->var);
}

static Node *recognise_softmax(const Trees *trees, const Node *above, const Node *below,
                               ScalarType type) {
  ExpSum sum;
  Node *argument = exponent_of(trees, above), *at = NULL;
  if (argument == NULL || !as_exp_sum(trees, below, &sum) ||
      !node_matches(sum.argument, argument, sum.var, &at) || at == NULL)
    return NULL;
  return make(trees, (Node){.kind = NODE_SOFTMAX, .type = type}, (Node *[]){sum.x, at}, 2, sum.var);
}

static Node *recognise_mean(const Trees *trees, const Node *sum, const Node *count) {
  if (sum->kind != NODE_REDUCE || sum->reduction != REDUCE_SUM || count->kind != NODE_NUMBER)
    return NULL;
  double values = 1;
  for (uint32_t i = 0; i < sum->n_vars; i++) values *= (double)sum->vars[i]->extent;
  if (values != count->number || values < 2) return NULL;
  Node node = *sum;
  node.kind = NODE_MEAN;
  return make(trees, node, sum->args, 1, NULL);
}

/* log Σ exp(x − c) + c, in either order. */
static Node *recognise_log_sum_exp(const Trees *trees, Node *const *args, ScalarType type) {
  for (int i = 0; i < 2; i++) {
    const Node *log = as_op(args[i], OP_LOG);
    ExpSum sum;
    if (log != NULL && as_exp_sum(trees, log->args[0], &sum) && sum.shift != NULL &&
        node_equal(sum.shift, args[1 - i]))
      return make(trees, (Node){.kind = NODE_LOG_SUM_EXP, .type = type}, &sum.x, 1, sum.var);
  }
  return NULL;
}

static Node *recognise_cross_entropy(const Trees *trees, const Node *total, Node *picked,
                                     ScalarType type) {
  Node *at = NULL;
  if (total->kind != NODE_LOG_SUM_EXP ||
      !node_matches(total->args[0], picked, total->vars[0], &at) || at == NULL)
    return NULL;
  return make(trees, (Node){.kind = NODE_CROSS_ENTROPY, .type = type},
              (Node *[]){total->args[0], at}, 2, total->vars[0]);
}

static Node *slope(const Trees *trees, ScalarOp op, ScalarType type, Node *of) {
  return make(trees, (Node){.kind = NODE_SLOPE, .type = type, .op = op}, &of, 1, NULL);
}

/* 1 − tanh(x)² */
static Node *recognise_tanh_slope(const Trees *trees, Node *const *args, ScalarType type) {
  if (!node_is_number(args[0], 1)) return NULL;
  const Node *square = as_op(args[1], OP_POW), *product = as_op(args[1], OP_MUL);
  const Node *base = NULL;
  if (square != NULL && node_is_number(square->args[1], 2)) base = square->args[0];
  if (product != NULL && node_equal(product->args[0], product->args[1])) base = product->args[0];
  const Node *tanh = base == NULL ? NULL : as_op(base, OP_TANH);
  return tanh == NULL ? NULL : slope(trees, OP_TANH, type, tanh->args[0]);
}

/* σ(x) (1 − σ(x)) */
static Node *recognise_sigmoid_slope(const Trees *trees, Node *const *args, ScalarType type) {
  const Node *sigmoid = as_op(args[0], OP_SIGMOID), *rest = as_op(args[1], OP_SUB);
  if (sigmoid == NULL || rest == NULL || !node_is_number(rest->args[0], 1) ||
      !node_equal(rest->args[1], sigmoid))
    return NULL;
  return slope(trees, OP_SIGMOID, type, sigmoid->args[0]);
}

/* a · rsqrt(x), in either order */
static Node *recognise_root_below(const Trees *trees, Node *const *args, ScalarType type) {
  for (int i = 1; i >= 0; i--) {
    const Node *rsqrt = as_op(args[i], OP_RSQRT);
    if (rsqrt == NULL) continue;
    Node *root =
        make(trees, (Node){.kind = NODE_OP, .op = OP_SQRT, .type = type}, rsqrt->args, 1, NULL);
    return make(trees, (Node){.kind = NODE_OP, .op = OP_DIV, .type = type},
                (Node *[]){args[1 - i], root}, 2, NULL);
  }
  return NULL;
}

static Node *recognise_relu_slope(const Trees *trees, Node *const *args, ScalarType type) {
  const Node *condition = as_op(args[0], OP_GT);
  if (condition == NULL || !node_is_number(condition->args[1], 0) || !node_is_number(args[2], 0))
    return NULL;
  Node *of = condition->args[0];
  if (of->kind != NODE_READ || of->fallback != NULL || !trees->rectified[of->tensor]) return NULL;
  Node *derivative = slope(trees, OP_MAX, type, of);
  if (node_is_number(args[1], 1)) return derivative;
  return node_op(trees, OP_MUL, type, (Node *[]){args[1], derivative}, 2);
}

Node *recognise_op(const Trees *trees, ScalarOp op, ScalarType type, Node *const *args) {
  if (!type_is_real(type)) return NULL;
  Node *known = NULL;
  if (op == OP_DIV) {
    known = recognise_mean(trees, args[0], args[1]);
    if (known == NULL) known = recognise_softmax(trees, args[0], args[1], type);
  } else if (op == OP_ADD) {
    known = recognise_log_sum_exp(trees, args, type);
  } else if (op == OP_SUB) {
    known = recognise_cross_entropy(trees, args[0], args[1], type);
    if (known == NULL) known = recognise_tanh_slope(trees, args, type);
  } else if (op == OP_MUL) {
    known = recognise_sigmoid_slope(trees, args, type);
    if (known == NULL) known = recognise_root_below(trees, args, type);
  } else if (op == OP_WHERE) {
    known = recognise_relu_slope(trees, args, type);
  }
  return known;
}

static Node *exp_sum(const Trees *trees, const Node *node) {
  Node *exp = make(trees, (Node){.kind = NODE_OP, .op = OP_EXP, .type = node->type},
                   (Node *[]){node->args[0]}, 1, NULL);
  return make(trees, (Node){.kind = NODE_REDUCE, .type = node->type, .reduction = REDUCE_SUM}, &exp,
              1, node->vars[0]);
}

Node *node_expanded(const Trees *trees, const Node *node) {
  Node op = {.kind = NODE_OP, .type = node->type};
  Node *sum = exp_sum(trees, node), *at = NULL;
  if (node->n_args == 2) at = node_substitute(trees, node->args[0], node->vars[0], node->args[1]);
  if (node->kind == NODE_SOFTMAX) {
    op.op = OP_EXP;
    Node *exp = make(trees, op, &at, 1, NULL);
    op.op = OP_DIV;
    return make(trees, op, (Node *[]){exp, sum}, 2, NULL);
  }
  op.op = OP_LOG;
  Node *log = make(trees, op, &sum, 1, NULL);
  if (node->kind == NODE_LOG_SUM_EXP) return log;
  op.op = OP_SUB;
  return make(trees, op, (Node *[]){log, at}, 2, NULL);
}
