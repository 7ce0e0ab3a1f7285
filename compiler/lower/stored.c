/* How params lie in the struct. One that no entry changes lies as all who read it in vectors want
   it, so that nothing is copied in a call: a matrix that is multiplied with one vector has the
   index of the result innermost. init stores it so; files, and who asks by name, have it row-major.

   What is wanted is found by making the layouts of all entries as if such a param lay in every way,
   and forgetting them. Where two want different axes innermost, it stays row-major. */
#include <string.h>
#include "lower/work.h"

static bool is_updated(const Program *p, TensorId param) {
  for (uint32_t e = 0; e < p->n_entries; e++)
    for (uint32_t u = 0; u < p->entries[e].n_updates; u++)
      if (p->entries[e].updates[u].target == param) return true;
  return false;
}

StoredWish *free_params(Arena *arena, const Program *p) {
  StoredWish *wishes = ARENA_ARRAY(arena, StoredWish, p->graph->n_tensors + 1);
  bool any = false;
  for (TensorId id = 0; id < p->graph->n_tensors; id++) wishes[id] = (StoredWish){false, NO_INDEX};
  for (uint32_t i = 0; i < p->n_params; i++) {
    TensorId id = p->params[i];
    wishes[id].free = tensor_at(p->graph, id)->rank > 1 && !is_updated(p, id);
    any = any || wishes[id].free;
  }
  return any ? wishes : NULL;
}

bool is_free(const Work *w, TensorId tensor) {
  return w->wishes != NULL && tensor < w->n_wishes && w->wishes[tensor].free;
}

void wish_stored(Work *w, TensorId tensor, uint32_t axis) {
  StoredWish *wish = &w->wishes[tensor];
  if (wish->axis == NO_INDEX) wish->axis = axis;
  wish->free = wish->axis == axis;
}

void wish_of_loops(Work *w) {
  for (size_t i = 0; i < w->final_order.count; i++) {
    const Node *n = node_at(w, w->final_order.items[i]);
    if (n->contraction != NULL) continue; /* what is read in vectors has been asked for */
    for (size_t k = 0; k < n->reads.count; k++)
      if (is_free(w, n->reads.items[k]))
        wish_stored(w, n->reads.items[k], tensor_at(w->graph, n->reads.items[k])->rank - 1);
  }
}

void store_as_wished(Plan *plan, const StoredWish *wishes, const BufferId *buffer_of) {
  for (uint32_t i = 0; i < plan->program->n_params; i++) {
    TensorId id = plan->program->params[i];
    if (!wishes[id].free || wishes[id].axis == NO_INDEX) continue;
    Buffer *b = &plan->buffers[buffer_of[id]];
    b->strides = strides_around(plan->arena, b->rank, b->extents, wishes[id].axis);
  }
}
