/* What deviates from a mean sums to 0:

       m[O] = Σ_R e / |R|,   Σ_R (e - m[O])   becomes   0

   With it the derivative of a normalisation is that of the textbook: the variance's share of the
   mean's adjoint is gone. In adjoints only; what rounding leaves of the sum is not a derivative. */
#include "simplify/algebra.h"
#include "simplify/passes.h"

/* The sum that a mean divides by as many terms as it has, at indices `at` of the mean; NULL: the
   tensor is no mean of `count` terms. */
static const Tensor *sum_of_mean(const Graph *graph, TensorId mean, int64_t count,
                                 const ExprId **at) {
  const Tensor *t = tensor_at(graph, mean);
  if (t->kind != TENSOR_DEFINITION || t->reduction != REDUCE_NONE) return NULL;
  const Expr *quotient = expr_at(graph, t->body);
  if (quotient->kind != EXPR_OP || quotient->op != OP_DIV) return NULL;
  if (!expr_is_number(graph, quotient->args[1], (double)count)) return NULL;
  const Expr *read = expr_at(graph, quotient->args[0]);
  if (read->kind != EXPR_READ || read->fallback != EXPR_NONE) return NULL;
  const Tensor *sum = tensor_at(graph, read->tensor);
  if (sum->kind != TENSOR_DEFINITION || sum->reduction != REDUCE_SUM) return NULL;
  *at = read->args;
  return sum;
}

static int64_t reduced_points(const Tensor *t) {
  int64_t points = 1;
  for (uint32_t k = 0; k < t->n_reduced; k++) points *= t->reduced_extents[k];
  return points;
}

static bool same_reduced(const Tensor *a, const Tensor *b) {
  if (a->n_reduced != b->n_reduced) return false;
  for (uint32_t k = 0; k < a->n_reduced; k++)
    if (a->reduced_extents[k] != b->reduced_extents[k]) return false;
  return true;
}

/* Whether t is Σ_R (e - m), m the mean of e over R. */
static bool sums_deviations(Graph *graph, const Tensor *t) {
  const Expr body = *expr_at(graph, t->body);
  if (body.kind != EXPR_OP || body.op != OP_SUB || !type_is_real(t->type)) return false;
  const Expr mean = *expr_at(graph, body.args[1]);
  if (mean.kind != EXPR_READ || mean.fallback != EXPR_NONE) return false;
  const ExprId *at;
  const Tensor *found = sum_of_mean(graph, mean.tensor, reduced_points(t), &at);
  if (found == NULL || !same_reduced(t, found)) return false;
  const Tensor sum = *found;
  ExprId *terms = ARENA_ARRAY(graph->arena, ExprId, sum.rank + sum.n_reduced + 1);
  for (uint32_t k = 0; k < sum.rank; k++)
    terms[k] = expr_substitute(graph, at[k], mean.args, mean.n_args);
  for (uint32_t k = 0; k < sum.n_reduced; k++) terms[sum.rank + k] = expr_index(graph, t->rank + k);
  return expr_substitute(graph, sum.body, terms, sum.rank + sum.n_reduced) == body.args[0];
}

bool drop_deviations(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  bool changed = false;
  for (uint32_t i = 0; i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    const Tensor t = *tensor_at(graph, id);
    if (t.kind != TENSOR_DEFINITION || !t.derived || t.reduction != REDUCE_SUM) continue;
    if (!sums_deviations(graph, &t)) continue;
    tensor_at(graph, id)->body = expr_number(graph, t.type, 0);
    changed |= fold_reduction(graph, id);
  }
  return changed;
}
