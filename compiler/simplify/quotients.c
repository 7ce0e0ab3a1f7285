/* What is divided by y and multiplied by x reads x / y where that is a definition:

       p = x / y,   (a / y - b / y) x   becomes   (a - b) p

   With it the derivative of a softmax is p (p̄ - Σ p̄ p): x and y need not be kept. In adjoints only,
   as it is another order of operations. */
#include "simplify/algebra.h"
#include "simplify/passes.h"

/* A definition p[O] = x / y, and the read of it at O. */
typedef struct Quotient {
  TensorId tensor;
  ExprId x, y;
  uint32_t rank;
  const int64_t *extents;
} Quotient;

typedef ARRAY(Quotient) Quotients;

typedef struct Reader {
  Graph *graph;
  TensorId id;
  uint32_t rank;
  const int64_t *extents;
  const Quotients *quotients;
} Reader;

static Quotients find_quotients(Graph *graph, const Live *live) {
  Quotients found = {0};
  for (uint32_t i = 0; i < live->order.count; i++) {
    const Tensor *t = tensor_at(graph, live->order.items[i]);
    if (t->kind != TENSOR_DEFINITION || t->reduction != REDUCE_NONE) continue;
    const Expr *e = expr_at(graph, t->body);
    if (e->kind != EXPR_OP || e->op != OP_DIV || !type_is_real(e->type)) continue;
    if (expr_at(graph, e->args[0])->kind != EXPR_READ ||
        expr_at(graph, e->args[1])->kind != EXPR_READ)
      continue;
    ARRAY_PUSH(graph->arena, &found,
               (Quotient){live->order.items[i], e->args[0], e->args[1], t->rank, t->extents});
  }
  return found;
}

/* a where id = a / y; EXPR_NONE: it is none such. */
static ExprId times(Graph *graph, ExprId id, ExprId y) {
  const Expr e = *expr_at(graph, id);
  if (e.kind != EXPR_OP) return EXPR_NONE;
  if (e.op == OP_DIV) {
    if (e.args[1] == y) return e.args[0];
    ExprId a = times(graph, e.args[0], y);
    return a == EXPR_NONE ? EXPR_NONE : derive_div(graph, a, e.args[1]);
  }
  if (e.op == OP_NEG) {
    ExprId a = times(graph, e.args[0], y);
    return a == EXPR_NONE ? EXPR_NONE : derive_neg(graph, a);
  }
  if (e.op == OP_MUL) {
    ExprId a = times(graph, e.args[0], y);
    if (a != EXPR_NONE) return derive_mul(graph, a, e.args[1]);
    ExprId b = times(graph, e.args[1], y);
    return b == EXPR_NONE ? EXPR_NONE : derive_mul(graph, e.args[0], b);
  }
  if (e.op != OP_ADD && e.op != OP_SUB) return EXPR_NONE;
  ExprId a = times(graph, e.args[0], y), b = times(graph, e.args[1], y);
  return a == EXPR_NONE || b == EXPR_NONE ? EXPR_NONE : derive_op(graph, e.op, (ExprId[]){a, b}, 2);
}

static bool applies(const Reader *r, const Quotient *q) {
  if (q->tensor == r->id || q->rank > r->rank) return false;
  for (uint32_t k = 0; k < q->rank; k++)
    if (q->extents[k] != r->extents[k]) return false;
  return true;
}

/* other · x, as another · (x / y); EXPR_NONE */
static ExprId with_quotient(const Reader *r, ExprId x, ExprId other) {
  for (size_t i = 0; i < r->quotients->count; i++) {
    const Quotient *q = &r->quotients->items[i];
    if (q->x != x || !applies(r, q)) continue;
    ExprId rest = times(r->graph, other, q->y);
    if (rest == EXPR_NONE) continue;
    return derive_mul(r->graph, rest, expr_read_whole(r->graph, q->tensor));
  }
  return EXPR_NONE;
}

static ExprId rewrite(const Reader *r, ExprId id) {
  const Expr e = *expr_at(r->graph, id);
  if (e.kind != EXPR_OP) return id;
  if (e.op == OP_MUL) {
    ExprId product = with_quotient(r, e.args[1], e.args[0]);
    if (product == EXPR_NONE) product = with_quotient(r, e.args[0], e.args[1]);
    if (product != EXPR_NONE) return product;
  }
  ExprId *args = ARENA_ARRAY(r->graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = rewrite(r, e.args[i]);
  return expr_rebuild(r->graph, id, args, e.fallback);
}

bool read_quotients(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  Quotients quotients = find_quotients(graph, &live);
  bool changed = false;
  if (quotients.count == 0) return false;
  for (uint32_t i = 0; i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    const Tensor *t = tensor_at(graph, id);
    if (t->kind != TENSOR_DEFINITION || !t->derived || !expr_is_small(graph, t->body)) continue;
    Reader r = {graph, id, t->rank, t->extents, &quotients};
    ExprId body = rewrite(&r, t->body);
    changed |= body != t->body;
    tensor_at(graph, id)->body = body;
  }
  return changed;
}
