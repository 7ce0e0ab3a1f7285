/* Results in the place of what they are computed from: y[O] = f(x[O], …) is stored where x is, when

   - nothing reads x afterwards, in this kernel or a later one;
   - this kernel reads x at the point that it computes and nowhere else;
   - both lie in the workspace, with the same type and strides;
   - y is no part of a recurrence, where x may be read at the next step.

   Then y needs no memory of its own, and the cache has one array less to hold. */
#include <string.h>
#include "lower/work.h"

typedef struct InPlace {
  Work *w;
  const uint32_t *group_of; /* per node: 1 + its group */
  bool *taken;              /* per node: something else is stored in its place */
} InPlace;

static bool same_layout(const Work *w, const Node *a, const Node *b) {
  const Buffer *x = &w->plan->buffers[a->buffer], *y = &w->plan->buffers[b->buffer];
  return x->kind == BUFFER_WORKSPACE && y->kind == BUFFER_WORKSPACE && x->type == y->type &&
         x->storage == y->storage && x->panel == y->panel && x->rank == y->rank &&
         x->elements == y->elements &&
         memcmp(x->extents, y->extents, x->rank * sizeof *x->extents) == 0 &&
         memcmp(x->strides, y->strides, x->rank * sizeof *x->strides) == 0;
}

/* Whether node `reader` leaves x alone from when y, number `at` of group g, is stored. */
static bool is_done(const InPlace *p, uint32_t reader, TensorId x, uint32_t g, size_t at) {
  const Work *w = p->w;
  const Node *n = node_at(w, reader);
  if (!node_reads(n, x) || p->group_of[reader] < g + 1) return true;
  if (p->group_of[reader] > g + 1) return false;
  const NodeGroup *group = &w->groups.items[g];
  bool before = false;
  for (size_t i = 0; i <= at; i++) before = before || group->nodes.items[i] == reader;
  return before && n->reduction == REDUCE_NONE && reads_at_point(w->graph, n->body, x);
}

static bool may_take(const InPlace *p, uint32_t y, TensorId x, uint32_t g, size_t at) {
  const Work *w = p->w;
  uint32_t source = w->node_of[x];
  if (source == 0 || !node_at(w, source - 1)->stored || p->taken[source - 1]) return false;
  if (p->group_of[source - 1] == g + 1) return false;
  if (!same_layout(w, node_at(w, source - 1), node_at(w, y))) return false;
  for (uint32_t k = 0; k < w->nodes.count; k++)
    if (!is_done(p, k, x, g, at)) return false;
  return true;
}

static void try_node(InPlace *p, uint32_t g, size_t at) {
  Work *w = p->w;
  const NodeGroup *group = &w->groups.items[g];
  uint32_t i = group->nodes.items[at];
  Node *y = node_at(w, i);
  bool at_its_point =
      group->kind == GROUP_CONTRACTION ? at > 0 : group->spine == y->rank || at < group->along;
  if (!y->stored || !at_its_point || y->reduction != REDUCE_NONE || y->tensor == TENSOR_NONE ||
      y->recurrence != NULL)
    return;
  for (size_t r = 0; r < y->reads.count; r++) {
    TensorId x = y->reads.items[r];
    if (!may_take(p, i, x, g, at)) continue;
    p->taken[w->node_of[x] - 1] = true;
    y->buffer = node_at(w, w->node_of[x] - 1)->buffer;
    w->buffer_of[y->tensor] = y->buffer;
    return;
  }
}

void share_places(Work *w, const uint32_t *group_of) {
  InPlace p = {w, group_of, ARENA_ARRAY(w->arena, bool, w->nodes.count + 1)};
  for (uint32_t g = 0; g < w->groups.count; g++) {
    GroupKind kind = w->groups.items[g].kind;
    if (kind != GROUP_LOOPS && kind != GROUP_CONTRACTION) continue;
    for (size_t i = 0; i < w->groups.items[g].nodes.count; i++) try_node(&p, g, i);
  }
}
