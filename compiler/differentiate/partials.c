/* Reverse accumulation over the expression of one body. Operands have smaller ids than the nodes
   made of them, so descending order of ids is a reverse topological order. */
#include "differentiate/partials.h"
#include <stdlib.h>
#include "graph/scalar_ops.h"
#include "simplify/algebra.h"

typedef struct Node {
  ExprId id;
  ExprId adjoint; /* EXPR_NONE: zero */
  bool active;    /* an active read stands in it */
} Node;

typedef struct Body {
  Rules *rules;
  Graph *graph;
  const bool *active;
  ARRAY(Node) nodes; /* by ascending id */
} Body;

static int compare_nodes(const void *a, const void *b) {
  ExprId x = ((const Node *)a)->id, y = ((const Node *)b)->id;
  return x < y ? -1 : x > y;
}

/* Index expressions are integers: nothing flows into them. */
static void collect(Body *body, ExprId id, Map *seen) {
  char *key = arena_printf(body->graph->arena, "%u", id);
  if (map_get(seen, key) != NULL) return;
  map_set(seen, key, key);
  const Expr *e = expr_at(body->graph, id);
  ARRAY_PUSH(body->graph->arena, &body->nodes, (Node){id, EXPR_NONE, false});
  if (e->kind == EXPR_OP)
    for (uint32_t i = 0; i < e->n_args; i++) collect(body, e->args[i], seen);
  if (e->fallback != EXPR_NONE) collect(body, e->fallback, seen);
}

static Node *node_of(Body *body, ExprId id) {
  Node key = {.id = id};
  return bsearch(&key, body->nodes.items, body->nodes.count, sizeof key, compare_nodes);
}

static bool is_active(Body *body, const Expr *e) {
  if (!type_is_real(e->type)) return false;
  if (e->kind == EXPR_READ && body->active[e->tensor]) return true;
  if (e->kind == EXPR_OP && e->op != OP_STOP_GRADIENT)
    for (uint32_t i = 0; i < e->n_args; i++)
      if (node_of(body, e->args[i])->active) return true;
  return e->fallback != EXPR_NONE && node_of(body, e->fallback)->active;
}

static void accumulate(Body *body, ExprId id, ExprId value) {
  Node *node = node_of(body, id);
  if (!node->active) return;
  node->adjoint =
      node->adjoint == EXPR_NONE ? value : derive_add(body->graph, node->adjoint, value);
}

ExprId read_in_range(Graph *graph, ExprId read) {
  const Expr e = *expr_at(graph, read);
  ExprId all = expr_integer(graph, TYPE_BOOL, 1);
  for (uint32_t m = 0; m < e.n_args; m++) {
    ExprId at = fold_cast(graph, TYPE_I32, e.args[m]);
    ExprId extent = expr_integer(graph, TYPE_I32, tensor_at(graph, e.tensor)->extents[m]);
    ExprId low = fold_op2(graph, OP_GE, at, expr_integer(graph, TYPE_I32, 0));
    all = fold_op2(graph, OP_AND, all, low);
    all = fold_op2(graph, OP_AND, all, fold_op2(graph, OP_LT, at, extent));
  }
  return all;
}

static void propagate(Body *body, const Node *node, ExprId result) {
  Graph *graph = body->graph;
  const Expr e = *expr_at(graph, node->id);
  ExprId adjoint = node->adjoint;
  if (e.kind == EXPR_READ && e.fallback != EXPR_NONE) {
    ExprId zero = expr_number(graph, e.type, 0);
    accumulate(body, e.fallback,
               derive_where(graph, read_in_range(graph, node->id), zero, adjoint));
  }
  if (e.kind != EXPR_OP) return;
  if (e.op == OP_WHERE) {
    ExprId zero = expr_number(graph, e.type, 0), one = expr_number(graph, e.type, 1);
    accumulate(body, e.args[1],
               derive_within(graph, adjoint, fold_op3(graph, OP_WHERE, e.args[0], one, zero)));
    accumulate(body, e.args[2],
               derive_within(graph, adjoint, fold_op3(graph, OP_WHERE, e.args[0], zero, one)));
    return;
  }
  if (e.op == OP_CAST) {
    accumulate(body, e.args[0], fold_cast(graph, expr_at(graph, e.args[0])->type, adjoint));
    return;
  }
  for (uint32_t k = 0; k < e.n_args; k++) {
    if (!node_of(body, e.args[k])->active) continue;
    ExprId rule = rule_derivative(body->rules, graph, node->id, k, result);
    if (rule == EXPR_NONE) continue;
    /* the adjoint stands where the operand stood: W x gives Wᵀ δ and δ xᵀ */
    bool second = e.op == OP_MUL && k == 1 && !derive_is_guarded(graph, adjoint);
    accumulate(body, e.args[k],
               second ? derive_mul(graph, rule, adjoint) : derive_within(graph, adjoint, rule));
  }
}

Partials body_partials(Rules *rules, Graph *graph, ExprId root, ExprId seed, ExprId result,
                       const bool *active) {
  Body body = {.rules = rules, .graph = graph, .active = active};
  Map seen = map_new(graph->arena);
  collect(&body, root, &seen);
  qsort(body.nodes.items, body.nodes.count, sizeof(Node), compare_nodes);
  for (size_t i = 0; i < body.nodes.count; i++)
    body.nodes.items[i].active = is_active(&body, expr_at(graph, body.nodes.items[i].id));
  accumulate(&body, root, seed);
  Partials partials = {ARENA_ARRAY(graph->arena, Partial, body.nodes.count + 1), 0};
  for (size_t i = body.nodes.count; i-- > 0;) {
    Node node = body.nodes.items[i];
    if (node.adjoint == EXPR_NONE || expr_is_number(graph, node.adjoint, 0)) continue;
    propagate(&body, &node, node.id == root ? result : node.id);
    const Expr *e = expr_at(graph, node.id);
    if (e->kind == EXPR_READ && active[e->tensor])
      partials.items[partials.count++] = (Partial){node.id, node.adjoint};
  }
  return partials;
}
