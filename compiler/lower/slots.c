/* Memory of values that live within one step of a recurrence. A node that is computed in a loop
   over steps, and that is read in this loop only and at the same step,

     z[t, i] = f(h[t - 1, …])   h[t, i] = g(z[t, …])

   is overwritten by the next step: its stride along the step's axis becomes 0, so that one step's
   place is allocated. With loops inside each other, what another step of the outer one reads keeps
   all steps of both; what only another step of the inner one reads keeps those. */
#include "lower/work.h"

/* Whether all reads of `tensor` in the reader's body have the reader's step number `depth` on
   `axis`. */
static bool reads_own_step(Work *w, const Node *reader, ExprId id, TensorId tensor, uint32_t axis,
                           uint32_t depth) {
  if (!first_met(w, id)) return true;
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!reads_own_step(w, reader, e->args[i], tensor, axis, depth)) return false;
  if (e->kind != EXPR_READ || e->tensor != tensor) return true;
  const Expr *at = expr_at(w->graph, e->args[axis]);
  return at->kind == EXPR_INDEX && at->index == reader->step_axes[depth];
}

static bool stays_in_step(Work *w, const Node *n, const Recurrence *r) {
  for (size_t k = 0; k < w->order.count; k++) {
    const Node *reader = node_at(w, w->order.items[k]);
    if (!node_reads(reader, n->tensor)) continue;
    if (reader->recurrence == NULL || common_recurrence(reader->recurrence, r) != r) return false;
    start_walk(w);
    if (!reads_own_step(w, reader, reader->body, n->tensor, n->step_axes[r->depth], r->depth))
      return false;
  }
  return true;
}

/* The axes outside of `axis` move together. A gap behind rows along it leaves no whole strides. */
static void keep_one(Work *w, Buffer *b, uint32_t axis) {
  int64_t steps = b->extents[axis], own = b->strides[axis];
  if (steps == 1 || b->elements % steps != 0) return;
  int64_t *strides = ARENA_ARRAY(w->arena, int64_t, b->rank + 1);
  for (uint32_t i = 0; i < b->rank; i++) {
    bool outside = b->strides[i] > own;
    if (outside && b->strides[i] % steps != 0) return;
    strides[i] = i == axis ? 0 : outside ? b->strides[i] / steps : b->strides[i];
  }
  b->strides = strides;
  b->elements /= steps;
}

void keep_single_steps(Work *w) {
  for (size_t k = 0; k < w->order.count; k++) {
    const Node *n = node_at(w, w->order.items[k]);
    if (n->tensor == TENSOR_NONE || n->buffer == BUFFER_NONE || n->replaces != TENSOR_NONE)
      continue;
    Buffer *b = &w->plan->buffers[n->buffer];
    if (b->kind != BUFFER_WORKSPACE || b->tensor != n->tensor) continue;
    for (const Recurrence *r = n->recurrence; r != NULL; r = r->outer) {
      bool stays = true;
      for (const Recurrence *around = r; around != NULL; around = around->outer)
        stays = stays && stays_in_step(w, n, around);
      if (stays) keep_one(w, b, n->step_axes[r->depth]);
    }
  }
}
