/* A factor that is dear, of tensors that would be kept for it alone, is computed where they are,
   and kept in their place:

       z = …, e = erf(z), f = z (1 + e), …, z̄ = g(z, e) f̄   becomes   s = g(z, e), …, z̄ = s f̄

   One tensor is stored and read again instead of two, and the derivative of a GELU needs no exp
   where its gradient is stored. */
#include <string.h>
#include "graph/scalar_ops.h"
#include "lower/work.h"

typedef ARRAY(TensorId) Tensors;

typedef struct Readers {
  ARRAY(uint32_t) * of; /* per tensor: the nodes that read it */
} Readers;

static Readers find_readers(Work *w) {
  Readers readers = {arena_alloc(w->arena, (w->n_tensors + 1) * sizeof *readers.of)};
  for (uint32_t i = 0; i < w->nodes.count; i++)
    for (size_t r = 0; r < node_at(w, i)->reads.count; r++)
      ARRAY_PUSH(w->arena, &readers.of[node_at(w, i)->reads.items[r]], i);
  return readers;
}

static bool same_points(const Node *a, const Node *b) {
  return a->rank == b->rank && memcmp(a->extents, b->extents, a->rank * sizeof *a->extents) == 0;
}

static bool is_one_of(const Tensors *tensors, TensorId t) {
  for (size_t i = 0; i < tensors->count; i++)
    if (tensors->items[i] == t) return true;
  return false;
}

/* The tensors as large as the node that a factor reads, all of them at the point itself. Whether it
   has a dear operation is found beside. */
static void look_at(Work *w, ExprId id, Tensors *read, bool *dear) {
  if (!first_met(w, id)) return;
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) look_at(w, e->args[i], read, dear);
  if (e->fallback != EXPR_NONE) look_at(w, e->fallback, read, dear);
  if (e->kind == EXPR_READ) ARRAY_PUSH(w->arena, read, e->tensor);
  *dear = *dear || (e->kind == EXPR_OP && (scalar_ops[e->op].flags & OP_DEAR) != 0);
}

/* Whether a node, element by element, is computed of those tensors, and of nothing else that is as
   large. */
static bool stays_with(Work *w, const Node *k, const Tensors *tensors) {
  if (k->reduction != REDUCE_NONE) return false;
  for (size_t r = 0; r < k->reads.count; r++) {
    TensorId t = k->reads.items[r];
    if (is_one_of(tensors, t) ? !reads_at_point(w->graph, k->body, t)
                              : tensor_at(w->graph, t)->rank >= k->rank)
      return false;
  }
  return true;
}

/* Whether tensor t is stored for node i alone: it is a node's over the same points, and its other
   readers are computed where it is. */
static bool kept_for(Work *w, const Readers *readers, uint32_t i, TensorId t,
                     const Tensors *tensors) {
  if (w->node_of[t] == 0) return false;
  const Node *n = node_at(w, i), *source = node_at(w, w->node_of[t] - 1);
  if (!same_points(n, source) || source->buffer != BUFFER_NONE || source->replaces != TENSOR_NONE)
    return false;
  for (size_t k = 0; k < readers->of[t].count; k++) {
    uint32_t other = readers->of[t].items[k];
    if (other == i) continue;
    if (!same_points(node_at(w, other), n) || !stays_with(w, node_at(w, other), tensors))
      return false;
  }
  return true;
}

static bool is_better_early(Work *w, const Readers *readers, uint32_t i, ExprId factor) {
  const Node *n = node_at(w, i);
  Tensors read = {0};
  bool dear = false;
  start_walk(w);
  look_at(w, factor, &read, &dear);
  if (!dear || read.count < 2) return false;
  Tensors distinct = {0};
  for (size_t k = 0; k < read.count; k++)
    if (!is_one_of(&distinct, read.items[k])) ARRAY_PUSH(w->arena, &distinct, read.items[k]);
  if (distinct.count < 2) return false;
  for (size_t k = 0; k < distinct.count; k++) {
    TensorId t = distinct.items[k];
    if (!kept_for(w, readers, i, t, &distinct) || !reads_at_point(w->graph, factor, t))
      return false;
  }
  return !depends_on_itself(w, n);
}

/* The factors of a product. */
static ExprId early_factors(Work *w, const Readers *readers, uint32_t i, ExprId id) {
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
  Readers readers = find_readers(w);
  size_t n = w->nodes.count;
  for (uint32_t i = 0; i < n; i++) {
    if (node_at(w, i)->reduction != REDUCE_NONE || node_at(w, i)->reads.count < 3) continue;
    ExprId body = early_factors(w, &readers, i, node_at(w, i)->body);
    if (body == node_at(w, i)->body) continue;
    node_at(w, i)->body = body;
    collect_reads(w, node_at(w, i));
  }
}
