/* A dear function of an element is read where a definition has it for all elements:

       s[t, j] = sigmoid(g[t, 1, j]),   sigmoid(g[t + 1, 1, j])   becomes   s[t + 1, j]

   In recurrences it is what the adjoint of one step reads of another; with it g need not be kept.
   share.c finds those that are equal but for the names of their index variables. */
#include "simplify/passes.h"

typedef ARRAY(TensorId) Values; /* the definitions, none of which is rewritten */

/* The element whose dear function it is; NULL: it is none. */
static const Expr *element_of(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (!is_transcendental(e)) return NULL;
  const Expr *element = expr_at(graph, e->args[0]);
  return element->kind == EXPR_READ && element->fallback == EXPR_NONE ? element : NULL;
}

/* Whether it is such a function of elements of x: for all values of some of x's indices, each an
   index variable of its own, and one value of each other. */
static bool is_value(const Graph *graph, const Tensor *t) {
  if (t->kind != TENSOR_DEFINITION || t->reduction != REDUCE_NONE) return false;
  const Expr *element = element_of(graph, t->body);
  if (element == NULL || t->rank > 64) return false;
  const Tensor *x = tensor_at(graph, element->tensor);
  uint64_t seen = 0;
  for (uint32_t k = 0; k < element->n_args; k++) {
    const Expr *at = expr_at(graph, element->args[k]);
    if (at->kind == EXPR_CONST) continue;
    if (at->kind != EXPR_INDEX || (seen >> at->index & 1) != 0) return false;
    if (t->extents[at->index] != x->extents[k]) return false;
    seen |= (uint64_t)1 << at->index;
  }
  return (uint32_t)__builtin_popcountll(seen) == t->rank;
}

/* The read of definition `value` that equals e; EXPR_NONE: its elements are others. */
static ExprId read_of(Graph *graph, TensorId value, ScalarOp op, const Expr *element) {
  const Tensor t = *tensor_at(graph, value);
  const Expr *known = element_of(graph, t.body);
  if (expr_at(graph, t.body)->op != op || known->tensor != element->tensor) return EXPR_NONE;
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, t.rank + 1);
  for (uint32_t k = 0; k < known->n_args; k++) {
    const Expr *index = expr_at(graph, known->args[k]);
    if (index->kind == EXPR_INDEX)
      at[index->index] = element->args[k];
    else if (known->args[k] != element->args[k])
      return EXPR_NONE;
  }
  return expr_read(graph, value, at, t.rank, EXPR_NONE);
}

static ExprId rewrite(Graph *graph, const Values *values, ExprId id) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  const Expr *element = element_of(graph, id);
  for (size_t i = 0; element != NULL && i < values->count; i++) {
    ExprId read = read_of(graph, values->items[i], e.op, element);
    if (read != EXPR_NONE) return read;
  }
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = rewrite(graph, values, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : rewrite(graph, values, e.fallback);
  return expr_rebuild(graph, id, args, fallback);
}

bool read_values(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  Values values = {0};
  bool changed = false;
  for (uint32_t i = 0; i < live.order.count; i++)
    if (is_value(graph, tensor_at(graph, live.order.items[i])))
      ARRAY_PUSH(graph->arena, &values, live.order.items[i]);
  for (uint32_t i = 0; values.count > 0 && i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    const Tensor *t = tensor_at(graph, id);
    if (t->kind != TENSOR_DEFINITION || is_value(graph, t)) continue;
    ExprId before = t->body, body = rewrite(graph, &values, before);
    changed |= body != before;
    tensor_at(graph, id)->body = body;
  }
  return changed;
}
