/* Runs of calls that repeat, found by comparing the calls of an entry with themselves, shifted. */
#include "emit/turns.h"
#include <string.h>

enum { WORTH_A_LOOP = 16 }; /* calls that it saves */

static bool is_place(const Buffer *b) {
  return b->kind == BUFFER_PARAM || b->kind == BUFFER_WORKSPACE;
}

/* Whether one statement can make both calls. */
static bool calls_match(const Plan *plan, const KernelCall *a, const KernelCall *b) {
  if (a->kernel != b->kernel) return false;
  for (uint32_t i = 0; i < plan->kernels[a->kernel].n_parameters; i++) {
    const Buffer *x = &plan->buffers[a->buffers[i]], *y = &plan->buffers[b->buffers[i]];
    if (x != y && (x->kind != y->kind || !is_place(x))) return false;
  }
  return true;
}

static uint32_t count_turns(const Plan *plan, const EntryPlan *entry, uint32_t first,
                            uint32_t period) {
  uint32_t end = first + period;
  while (end < entry->n_calls &&
         calls_match(plan, &entry->calls[first + (end - first) % period], &entry->calls[end]))
    end++;
  return (end - first) / period;
}

Run find_run(const Plan *plan, const EntryPlan *entry, uint32_t first) {
  Run best = {first, 1, 1};
  uint32_t saved = WORTH_A_LOOP - 1;
  for (uint32_t period = 1; first + 2 * period <= entry->n_calls; period++) {
    uint32_t turns = count_turns(plan, entry, first, period);
    if (turns < 3 || (turns - 1) * period <= saved) continue;
    best = (Run){first, period, turns};
    saved = (turns - 1) * period;
  }
  return best;
}

int64_t place_of(const Emitter *e, BufferId buffer) {
  const Buffer *b = &e->plan->buffers[buffer];
  return b->kind == BUFFER_PARAM ? e->places[buffer] : b->offset;
}

static Slot find_course(const Emitter *e, const BufferId *buffers, uint32_t turns) {
  Slot slot = {buffers, COURSE_CONSTANT, 0};
  for (uint32_t t = 1; t < turns; t++)
    if (buffers[t] != buffers[0]) slot.course = COURSE_STEADY;
  if (slot.course == COURSE_CONSTANT) return slot;
  slot.distance = place_of(e, buffers[1]) - place_of(e, buffers[0]);
  for (uint32_t t = 1; t < turns; t++)
    if (place_of(e, buffers[t]) - place_of(e, buffers[t - 1]) != slot.distance)
      slot.course = COURSE_TABLE;
  return slot;
}

Slots find_slots(const Emitter *e, const EntryPlan *entry, Run run) {
  uint32_t n_parameters = 0, at = 0;
  for (uint32_t i = 0; i < run.period; i++)
    n_parameters += e->plan->kernels[entry->calls[run.first + i].kernel].n_parameters;
  Slots slots = {.items = ARENA_ARRAY(e->arena, Slot, n_parameters + 1),
                 .of = ARENA_ARRAY(e->arena, uint32_t, n_parameters + 1)};
  for (uint32_t i = 0; i < run.period; i++) {
    uint32_t n = e->plan->kernels[entry->calls[run.first + i].kernel].n_parameters;
    for (uint32_t p = 0; p < n; p++) {
      BufferId *buffers = ARENA_ARRAY(e->arena, BufferId, run.turns);
      for (uint32_t t = 0; t < run.turns; t++)
        buffers[t] = entry->calls[run.first + t * run.period + i].buffers[p];
      uint32_t slot = 0;
      while (slot < slots.n &&
             memcmp(slots.items[slot].buffers, buffers, run.turns * sizeof *buffers) != 0)
        slot++;
      if (slot == slots.n) slots.items[slots.n++] = find_course(e, buffers, run.turns);
      slots.of[at++] = slot;
    }
  }
  return slots;
}

const int64_t *sites_of(const Emitter *e, const EntryPlan *entry, Run run, uint32_t call,
                        uint32_t site) {
  int64_t *sites = ARENA_ARRAY(e->arena, int64_t, run.turns);
  bool vary = false;
  for (uint32_t t = 0; t < run.turns; t++) {
    sites[t] = entry->calls[run.first + t * run.period + call].sites[site];
    vary = vary || sites[t] != sites[0];
  }
  return vary ? sites : NULL;
}
