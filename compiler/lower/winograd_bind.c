/* Taps, inputs and outputs of a turn, and which of them there are. */
#include "lower/winograd.h"

static void add_bound(Filtering *f, Offset at_least_0, ValueId *all) {
  ValueId holds = kernel_op2(f->b, OP_GE, kernel_offset(f->b, TYPE_I32, at_least_0),
                             kernel_integer(f->b, TYPE_I32, 0));
  *all = *all == VALUE_NONE ? holds : kernel_op2(f->b, OP_AND, *all, holds);
}

/* Whether the last turn has fewer outputs, or taps, than the others. */
static bool is_uneven(const Filtering *f, uint32_t k) {
  const Contraction *c = f->t->contraction;
  const Window *window = &c->windows[k];
  const int64_t *extents = f->t->node->extents;
  if (c->along_taps) return extents[window->tap] % window->taps != 0;
  return extents[window->output] % window->outputs != 0;
}

ValueId bind_taps(Filtering *f, const Offset at[2]) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  ValueId inside = VALUE_NONE;
  for (uint32_t k = 0; k < c->n_windows; k++) {
    const Window *window = &c->windows[k];
    Offset tap = at[k], last = offset_number(t->node->extents[window->tap] - 1);
    if (window->mirrored) tap = offset_add(f->b, offset_number(window->taps - 1), -1, tap);
    if (c->along_taps) tap = offset_add(f->b, tap, window->taps, f->turn[k]);
    t->bindings[window->tap] = bound(tap, false);
    if (c->along_taps && is_uneven(f, k)) add_bound(f, offset_add(f->b, last, -1, tap), &inside);
  }
  return inside;
}

void bind_input(Filtering *f, const Offset at[2]) {
  Tiling *t = f->t;
  for (uint32_t k = 0; k < t->contraction->n_windows; k++) {
    const Window *window = &t->contraction->windows[k];
    Offset output = at[k], tap = offset_number(window->mirrored ? window->taps - 1 : 0);
    if (t->contraction->along_taps)
      tap = offset_add(f->b, tap, window->taps, f->turn[k]);
    else
      output = offset_add(f->b, output, window->outputs, f->turn[k]);
    t->bindings[window->output] = bound(output, false);
    t->bindings[window->tap] = bound(tap, false);
  }
}

ValueId input_is_inside(Filtering *f) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  ValueId all = VALUE_NONE;
  for (uint32_t k = 0; k < c->n_windows; k++) {
    const Window *window = &c->windows[k];
    Offset output = t->bindings[window->output].offset, tap = t->bindings[window->tap].offset;
    bool ends = false;
    for (size_t i = 0; i < c->limits.count; i++) {
      const Limit *limit = &c->limits.items[i];
      if (limit->index != window->tap) continue;
      Offset room = offset_add(f->b, tap, -1, offset_of(t, &limit->at));
      if (limit->above) room = offset_add(f->b, offset_number(-1), -1, room);
      add_bound(f, room, &all);
      ends = ends || limit->above != window->mirrored;
    }
    Offset last =
        offset_number(t->node->extents[window->output] + t->node->extents[window->tap] - 2);
    if (!window->mirrored) last = offset_add(f->b, last, -1, tap);
    if (is_uneven(f, k) && !ends) add_bound(f, offset_add(f->b, last, -1, output), &all);
  }
  return all;
}

ValueId bind_output(Filtering *f, const Offset at[2]) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  ValueId inside = VALUE_NONE;
  for (uint32_t k = 0; k < c->n_windows; k++) {
    uint32_t v = c->windows[k].output;
    Offset output = at[k], last = offset_number(t->node->extents[v] - 1);
    if (!c->along_taps) output = offset_add(f->b, output, c->windows[k].outputs, f->turn[k]);
    t->bindings[v] = bound(output, false);
    if (!c->along_taps && is_uneven(f, k))
      add_bound(f, offset_add(f->b, last, -1, t->bindings[v].offset), &inside);
  }
  return inside;
}
