/* Where values are: the caller's arrays, the fields of the struct, and one workspace in which
   buffers that are not alive together share bytes. */
#include <stdlib.h>
#include "lower/work.h"

enum { ALIGNMENT = 64 };

BufferId add_buffer(Plan *plan, Buffer buffer) {
  uint32_t n = plan->n_buffers;
  if ((n & (n - 1)) == 0) { /* full at powers of two */
    Buffer *grown = ARENA_ARRAY(plan->arena, Buffer, n == 0 ? 1 : 2 * n);
    for (uint32_t i = 0; i < n; i++) grown[i] = plan->buffers[i];
    plan->buffers = grown;
  }
  plan->buffers[n] = buffer;
  plan->n_buffers++;
  return n;
}

const int64_t *strides_around(Arena *arena, uint32_t rank, const int64_t *extents,
                              uint32_t innermost) {
  int64_t *strides = ARENA_ARRAY(arena, int64_t, rank + 1), stride = 1;
  if (innermost < rank) {
    strides[innermost] = 1;
    stride = extents[innermost];
  }
  for (uint32_t i = rank; i-- > 0;) {
    if (i == innermost) continue;
    strides[i] = stride;
    stride *= extents[i];
  }
  return strides;
}

const int64_t *dense_strides(Arena *arena, uint32_t rank, const int64_t *extents) {
  return strides_around(arena, rank, extents, NO_INDEX);
}

bool is_row_major(const Buffer *b) {
  int64_t stride = 1;
  for (uint32_t i = b->rank; i-- > 0; stride *= b->extents[i])
    if (b->strides[i] != stride && b->extents[i] > 1) return false;
  return b->panel == 0;
}

static void fix(Plan *plan, BufferKind kind, TensorId id, BufferId *buffer_of) {
  const Tensor *t = tensor_at(plan->program->graph, id);
  buffer_of[id] =
      add_buffer(plan, (Buffer){.kind = kind,
                                .name = t->name,
                                .tensor = id,
                                .type = t->type,
                                .storage = t->storage,
                                .rank = t->rank,
                                .extents = t->extents,
                                .strides = dense_strides(plan->arena, t->rank, t->extents),
                                .elements = tensor_size(t)});
}

void make_fixed_buffers(Plan *plan, BufferId *buffer_of) {
  const Program *p = plan->program;
  for (uint32_t i = 0; i < p->n_params; i++) fix(plan, BUFFER_PARAM, p->params[i], buffer_of);
  for (uint32_t i = 0; i < p->n_states; i++) fix(plan, BUFFER_PARAM, p->states[i], buffer_of);
  for (uint32_t i = 0; i < p->n_inputs; i++) fix(plan, BUFFER_INPUT, p->inputs[i], buffer_of);
}

/* --- what nothing stores in --- */

static void renumber(const Plan *plan, EntryPlan *entry, const BufferId *number) {
  for (uint32_t i = 0; i < entry->n_calls; i++) {
    KernelCall *call = &entry->calls[i];
    uint32_t n = plan->kernels[call->kernel].n_parameters;
    BufferId *buffers = ARENA_ARRAY(plan->arena, BufferId, n + 1);
    for (uint32_t p = 0; p < n; p++) buffers[p] = number[call->buffers[p]];
    call->buffers = buffers;
  }
}

void drop_unused_buffers(Plan *plan) {
  BufferId *number = ARENA_ARRAY(plan->arena, BufferId, plan->n_buffers + 1);
  uint32_t n = 0;
  for (BufferId i = 0; i < plan->n_buffers; i++) {
    const Buffer *b = &plan->buffers[i];
    number[i] = n;
    if (b->kind != BUFFER_WORKSPACE || b->first != UINT32_MAX) plan->buffers[n++] = *b;
  }
  plan->n_buffers = n;
  for (uint32_t i = 0; i < plan->n_entries; i++) renumber(plan, &plan->entries[i], number);
  renumber(plan, &plan->init, number);
}

/* --- the workspace --- */

static int64_t buffer_bytes(const Buffer *b) {
  int64_t bytes = b->elements * element_bytes(b);
  return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static bool alive_together(const Buffer *a, const Buffer *b) {
  return a->entry == b->entry && a->first <= b->last && b->first <= a->last;
}

typedef struct Placed {
  BufferId *items; /* of one element type, by offset */
  uint32_t n;
} Placed;

/* The lowest place that is free while `b` is alive. */
static int64_t find_place(const Plan *plan, const Placed *placed, const Buffer *b, int64_t base) {
  int64_t at = base;
  for (uint32_t i = 0; i < placed->n; i++) {
    const Buffer *other = &plan->buffers[placed->items[i]];
    if (!alive_together(b, other)) continue;
    if (at + buffer_bytes(b) <= other->offset) break;
    int64_t end = other->offset + buffer_bytes(other);
    at = end > at ? end : at;
  }
  return at;
}

static void insert(const Plan *plan, Placed *placed, BufferId id) {
  uint32_t at = placed->n++;
  for (; at > 0 && plan->buffers[placed->items[at - 1]].offset > plan->buffers[id].offset; at--)
    placed->items[at] = placed->items[at - 1];
  placed->items[at] = id;
}

/* Largest first, then in order: offsets that are taken greedily waste little. */
static BufferId *by_size(const Plan *plan, ScalarType type, uint32_t *n) {
  BufferId *ids = ARENA_ARRAY(plan->arena, BufferId, plan->n_buffers + 1);
  *n = 0;
  for (BufferId id = 0; id < plan->n_buffers; id++) {
    const Buffer *b = &plan->buffers[id];
    if (b->kind != BUFFER_WORKSPACE || buffer_stored(b) != type) continue;
    uint32_t at = (*n)++;
    for (; at > 0 && buffer_bytes(&plan->buffers[ids[at - 1]]) < buffer_bytes(b); at--)
      ids[at] = ids[at - 1];
    ids[at] = id;
  }
  return ids;
}

/* Each element type has a region of its own: C may assume that a float and an int never share a
   place. */
void place_workspace(Plan *plan) {
  int64_t base = 0;
  for (int type = 0; type < N_STORED_TYPES; type++) {
    uint32_t n;
    BufferId *ids = by_size(plan, (ScalarType)type, &n);
    Placed placed = {ARENA_ARRAY(plan->arena, BufferId, n + 1), 0};
    int64_t end = base;
    for (uint32_t i = 0; i < n; i++) {
      Buffer *b = &plan->buffers[ids[i]];
      b->offset = find_place(plan, &placed, b, base);
      if (b->offset + buffer_bytes(b) > end) end = b->offset + buffer_bytes(b);
      insert(plan, &placed, ids[i]);
    }
    base = end;
  }
  plan->workspace_bytes = base;
}
