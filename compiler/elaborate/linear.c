/* Whether the shares of a reverse rule are linear in its seed: then forward mode is their
   transpose. What depends on the seed was made after it. */
#include "elaborate/elaborator.h"

typedef enum Degree { UNKNOWN, FREE, LINEAR, OTHER } Degree;

typedef struct Degrees {
  const Graph *graph;
  TensorId seed;
  Degree *tensors; /* of those behind the seed */
  Degree *exprs;   /* of those met so far */
} Degrees;

static Degree tensor_degree(const Degrees *d, TensorId id) {
  return id < d->seed ? FREE : d->tensors[id - d->seed];
}

static Degree expr_degree(const Degrees *d, ExprId id);

/* a + b, or a choice between them: 0 goes with anything. */
static Degree joined(const Degrees *d, ExprId a, ExprId b) {
  Degree of_a = expr_degree(d, a), of_b = expr_degree(d, b);
  if (of_a == of_b) return of_a;
  if (of_a == FREE && expr_is_number(d->graph, a, 0)) return of_b;
  if (of_b == FREE && expr_is_number(d->graph, b, 0)) return of_a;
  return OTHER;
}

static Degree op_degree(const Degrees *d, const Expr *e) {
  Degree most = FREE;
  for (uint32_t i = 0; i < e->n_args; i++) {
    Degree degree = expr_degree(d, e->args[i]);
    most = degree > most ? degree : most;
  }
  if (most == FREE) return FREE;
  bool first = expr_degree(d, e->args[0]) == FREE;
  bool second = e->n_args < 2 || expr_degree(d, e->args[1]) == FREE;
  if (e->op == OP_NEG || e->op == OP_CAST) return type_is_real(e->type) ? most : OTHER;
  if (e->op == OP_ADD || e->op == OP_SUB) return joined(d, e->args[0], e->args[1]);
  if (e->op == OP_MUL) return first || second ? most : OTHER;
  if (e->op == OP_DIV) return second ? most : OTHER;
  if (e->op == OP_WHERE) return first ? joined(d, e->args[1], e->args[2]) : OTHER;
  return OTHER;
}

static Degree fresh_degree(const Degrees *d, ExprId id) {
  const Expr *e = expr_at(d->graph, id);
  if (e->kind == EXPR_OP) return op_degree(d, e);
  if (e->kind != EXPR_READ) return FREE;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (expr_degree(d, e->args[i]) != FREE) return OTHER;
  Degree degree = tensor_degree(d, e->tensor);
  if (e->fallback == EXPR_NONE || expr_is_number(d->graph, e->fallback, 0)) return degree;
  return degree == expr_degree(d, e->fallback) ? degree : OTHER;
}

static Degree expr_degree(const Degrees *d, ExprId id) {
  if (d->exprs[id] == UNKNOWN) d->exprs[id] = fresh_degree(d, id);
  return d->exprs[id];
}

static Degree definition_degree(const Degrees *d, const Tensor *t) {
  switch (t->kind) {
  case TENSOR_INPUT:
  case TENSOR_PARAM:
  case TENSOR_STATE: return FREE;
  case TENSOR_STAND_IN: return OTHER; /* of a rule used inside this one */
  case TENSOR_RESHAPE: return tensor_degree(d, t->source);
  case TENSOR_DERIVATIVE: {
    bool seeded = t->seed != TENSOR_NONE && tensor_degree(d, t->source) == FREE;
    return seeded ? tensor_degree(d, t->seed) : tensor_degree(d, t->source) == FREE ? FREE : OTHER;
  }
  case TENSOR_DEFINITION: break;
  }
  Degree degree = t->body == EXPR_NONE ? FREE : expr_degree(d, t->body);
  bool sums = t->reduction == REDUCE_NONE || t->reduction == REDUCE_SUM;
  return sums || degree == FREE ? degree : OTHER;
}

bool shares_are_linear(const Graph *graph, const OwnRule *rule) {
  Degrees d = {.graph = graph,
               .seed = rule->seed,
               .exprs = ARENA_ARRAY(graph->arena, Degree, graph->n_exprs + 1),
               .tensors = ARENA_ARRAY(graph->arena, Degree, graph->n_tensors - rule->seed)};
  for (TensorId id = rule->seed; id < graph->n_tensors; id++) d.tensors[id - rule->seed] = FREE;
  d.tensors[0] = LINEAR;
  for (TensorId id = rule->seed + 1; id < graph->n_tensors; id++)
    d.tensors[id - rule->seed] = definition_degree(&d, tensor_at(graph, id));
  bool linear = true;
  for (uint32_t i = 0; i < rule->n; i++) {
    const Tensor *share = tensor_at(graph, rule->shares[i]);
    bool zero = share->kind == TENSOR_DEFINITION && share->body != EXPR_NONE &&
                expr_is_number(graph, share->body, 0);
    linear = linear && (zero || tensor_degree(&d, rule->shares[i]) == LINEAR);
  }
  return linear;
}
