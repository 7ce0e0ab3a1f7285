/* Elementwise helpers move into their reader: a definition that the user did not name, that is not
   a result, and that either costs nothing (a number, one read) or has a single reader that
   evaluates it no more often.
 */
#include "simplify/affine.h"
#include "simplify/algebra.h"
#include "simplify/passes.h"

/* A number, 1 / 64 among them. */
static bool is_number(const Graph *graph, ExprId body) {
  const Expr *e = expr_at(graph, body);
  bool quotient = e->kind == EXPR_OP && e->op == OP_DIV;
  return e->kind == EXPR_CONST ||
         (quotient && is_number(graph, e->args[0]) && is_number(graph, e->args[1]));
}

static bool is_free(const Graph *graph, ExprId body) {
  const Expr *e = expr_at(graph, body);
  return is_number(graph, body) || e->kind == EXPR_INDEX ||
         (e->kind == EXPR_READ && e->fallback == EXPR_NONE);
}

typedef struct Inliner {
  const Live *live;
  const Tensor *reader;
  ARRAY(TensorId) with_fallback; /* what the reader reads so: that stays a definition */
  bool changed;
} Inliner;

static bool reads_with_fallback(const Inliner *in, TensorId tensor) {
  for (size_t i = 0; i < in->with_fallback.count; i++)
    if (in->with_fallback.items[i] == tensor) return true;
  return false;
}

static void find_fallbacks(Inliner *in, ExprId id) {
  const Graph *graph = in->live->program->graph;
  const Expr *e = expr_at(graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) find_fallbacks(in, e->args[i]);
  if (e->fallback == EXPR_NONE) return;
  if (!reads_with_fallback(in, e->tensor)) ARRAY_PUSH(graph->arena, &in->with_fallback, e->tensor);
  find_fallbacks(in, e->fallback);
}

/* Whether the read stands alone at each of the reader's index variables: then the reader evaluates
   it no more often than a definition would. */
static bool reads_everywhere(const Graph *graph, const Expr *read, const Tensor *reader) {
  uint32_t n = reader->rank + reader->n_reduced;
  uint64_t seen = 0;
  for (uint32_t i = 0; i < read->n_args; i++) {
    const Expr *at = expr_at(graph, read->args[i]);
    if (at->kind == EXPR_INDEX && at->index < 64) seen |= (uint64_t)1 << at->index;
  }
  return n < 64 && seen == ((uint64_t)1 << n) - 1;
}

/* Of a param: what an optimizer reads is printed, however simple. */
static bool is_gradient(const Graph *graph, const Tensor *t) {
  return t->is_adjoint && t->adjoint_of != TENSOR_NONE && t->rank > 0 &&
         tensor_at(graph, t->adjoint_of)->kind == TENSOR_PARAM;
}

/* May the helper that is read stand inside `reader`? */
static bool may_inline(const Inliner *in, const Expr *read) {
  const Live *live = in->live;
  const Tensor *reader = in->reader;
  TensorId helper = read->tensor;
  const Graph *graph = live->program->graph;
  const Tensor *t = tensor_at(graph, helper);
  if (t->kind != TENSOR_DEFINITION || t->reduction != REDUCE_NONE) return false;
  if (t->rank == 0 && is_number(graph, t->body)) return true; /* a name for a number */
  if (t->named || is_gradient(graph, t)) return false;
  if (live->is_root[helper] || reads_with_fallback(in, helper)) return false;
  if (is_free(graph, t->body)) return true;
  if (reader->derived && tensor_size(reader) > tensor_size(t) &&
      is_read_as_diagonal(graph, reader->body, helper))
    return false;
  return live->readers[helper] == 1 && expr_is_small(graph, t->body) &&
         (reader->reduction == REDUCE_NONE || reads_everywhere(graph, read, reader));
}

static ExprId inline_reads(Inliner *in, ExprId id) {
  Graph *graph = in->live->program->graph;
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = inline_reads(in, e.args[i]);
  if (e.kind == EXPR_READ && may_inline(in, &e)) {
    in->changed = true;
    for (uint32_t i = 0; i < e.n_args; i++) args[i] = fold_cast(graph, TYPE_I32, args[i]);
    return expr_substitute(graph, tensor_at(graph, e.tensor)->body, args, e.n_args);
  }
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : inline_reads(in, e.fallback);
  if (in->reader->derived && e.kind == EXPR_OP && e.op != OP_CAST && e.op != OP_RANDOM_UNIFORM &&
      e.op != OP_RANDOM_NORMAL)
    return derive_op(graph, e.op, args, e.n_args);
  return fold_rebuild(graph, id, args, fallback);
}

bool inline_helpers(Program *program) {
  Graph *graph = program->graph;
  bool changed = false;
  Live live = find_live(program);
  for (uint32_t i = 0; i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    const Tensor t = *tensor_at(graph, id);
    if (t.kind != TENSOR_DEFINITION) continue;
    Inliner in = {.live = &live, .reader = &t};
    find_fallbacks(&in, t.body);
    ExprId body = inline_reads(&in, t.body);
    if (!in.changed) continue;
    Ranges ranges = {tensor_index_extents(&t, graph->arena), t.rank + t.n_reduced};
    tensor_at(graph, id)->body = normalize_indices(graph, body, ranges);
    changed = true;
  }
  return changed;
}
