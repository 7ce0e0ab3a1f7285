/* A factor that is dear, of tensors that would be kept for it alone, is computed where they are,
   and kept in their place:

       z = …, e = erf(z), f = z (1 + e), …, z̄ = g(z, e) f̄   becomes   s = g(z, e), …, z̄ = s f̄

   One tensor is stored and read again instead of two, and the derivative of a GELU needs no exp
   where its gradient is stored. */
#include "graph/scalar_ops.h"
#include "lower/work.h"

typedef ARRAY(TensorId) Tensors;

/* The tensors that a factor reads. */
static void look_at(Work *w, ExprId id, Tensors *read) {
  if (!first_met(w, id)) return;
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) look_at(w, e->args[i], read);
  if (e->fallback != EXPR_NONE) look_at(w, e->fallback, read);
  if (e->kind == EXPR_READ && !is_among(read->items, read->count, e->tensor))
    ARRAY_PUSH(w->arena, read, e->tensor);
}

/* Whether a node, element by element, is computed of those tensors, and of nothing else that is as
   large. */
static bool stays_with(Work *w, const Node *k, const Tensors *tensors) {
  if (k->reduction != REDUCE_NONE) return false;
  for (size_t r = 0; r < k->reads.count; r++) {
    TensorId t = k->reads.items[r];
    if (is_among(tensors->items, tensors->count, t) ? !reads_at_point(w->graph, k->body, t)
                                                    : tensor_at(w->graph, t)->rank >= k->rank)
      return false;
  }
  return true;
}

/* Whether tensor t is stored for node i alone: it is a node's over the same points, and its other
   readers are computed where it is. */
static bool kept_for(Work *w, const NodeList *readers, uint32_t i, TensorId t,
                     const Tensors *tensors) {
  if (w->node_of[t] == 0) return false;
  const Node *n = node_at(w, i), *source = node_at(w, w->node_of[t] - 1);
  if (!same_points(n, source) || source->buffer != BUFFER_NONE || source->replaces != TENSOR_NONE)
    return false;
  for (size_t k = 0; k < readers[t].count; k++) {
    uint32_t other = readers[t].items[k];
    if (other == i) continue;
    if (!same_points(node_at(w, other), n) || !stays_with(w, node_at(w, other), tensors))
      return false;
  }
  return true;
}

static bool is_better_early(Work *w, const NodeList *readers, uint32_t i, ExprId factor) {
  const Node *n = node_at(w, i);
  Tensors read = {0};
  if (!has_flag(w->graph, factor, OP_DEAR)) return false;
  start_walk(w);
  look_at(w, factor, &read);
  if (read.count < 2) return false;
  for (size_t k = 0; k < read.count; k++)
    if (!kept_for(w, readers, i, read.items[k], &read) ||
        !reads_at_point(w->graph, factor, read.items[k]))
      return false;
  return !depends_on_itself(w, n);
}

/* The factors of a product. */
static ExprId early_factors(Work *w, const NodeList *readers, uint32_t i, ExprId id) {
  const Expr e = *expr_at(w->graph, id);
  if (e.kind != EXPR_OP || e.op != OP_MUL) return id;
  ExprId args[2];
  for (int k = 0; k < 2; k++) {
    const Node n = *node_at(w, i);
    args[k] = is_better_early(w, readers, i, e.args[k]) ? define_factor(w, &n, e.args[k], "factor")
                                                        : early_factors(w, readers, i, e.args[k]);
  }
  if (args[0] == e.args[0] && args[1] == e.args[1]) return id;
  return expr_op2(w->graph, OP_MUL, args[0], args[1]);
}

void compute_early(Work *w) {
  const NodeList *readers = readers_of_tensors(w);
  size_t n = w->nodes.count;
  for (uint32_t i = 0; i < n; i++) {
    if (node_at(w, i)->reduction != REDUCE_NONE || node_at(w, i)->reads.count < 3) continue;
    ExprId body = early_factors(w, readers, i, node_at(w, i)->body);
    if (body == node_at(w, i)->body) continue;
    node_at(w, i)->body = body;
    collect_reads(w, node_at(w, i));
  }
}
