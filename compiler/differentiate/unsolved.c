/* Sums with their brackets. Where solving them leaves quotients and remainders, the derivative is
   taken of what the sum was before: a transposed convolution of stride s and dilation d is

       z[j] = Σ over p, i of [j = s·p + d·i] K[i] x[p]

   and, solved for j,  x̄[p] = Σ over i of K[i] z̄[s·p + d·i],  a convolution again. From what is left
   of z when p and a part of i are gone, K[φ + s·i′] x[(j − d·φ) / s − d·i′] with φ = d⁻¹·j mod s,
   one would not get there. */
#include "differentiate/terms.h"

Tensor with_brackets(const Graph *graph, TensorId y) {
  Tensor t = *tensor_at(graph, y);
  if (t.unsolved == NULL) return t;
  t.reduction = REDUCE_SUM;
  t.n_reduced = t.unsolved->n_reduced;
  t.reduced_extents = t.unsolved->reduced_extents;
  t.index_names = t.unsolved->index_names;
  t.body = t.unsolved->body;
  return t;
}

/* Whether `id` reads no other tensors than `than` does. */
static bool reads_no_more(const Graph *graph, ExprId id, ExprId than) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ && !expr_reads(graph, than, e->tensor)) return false;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!reads_no_more(graph, e->args[i], than)) return false;
  return e->fallback == EXPR_NONE || reads_no_more(graph, e->fallback, than);
}

static bool has_quotient(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_OP && e->type == TYPE_I32 && (e->op == OP_DIV || e->op == OP_MOD))
    return true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (has_quotient(graph, e->args[i])) return true;
  return e->fallback != EXPR_NONE && has_quotient(graph, e->fallback);
}

bool keeps_brackets(const Graph *graph, ExprId solved, ExprId unsolved) {
  return expr_is_small(graph, solved) && expr_is_small(graph, unsolved) &&
         has_quotient(graph, solved) && reads_no_more(graph, unsolved, solved);
}
