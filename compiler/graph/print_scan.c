/* Recurrences as `scan` blocks:

     scan t in 0..64 {
       h[t, n, j] = tanh(…)
     }

   Groups that consist of one inner group are one block with several axes. */
#include <inttypes.h>
#include <string.h>
#include "graph/print.h"

/* --- what the steps are called --- */

static bool is_free(const Listing *l, const char *name, const char *const *taken, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (strcmp(taken[i], name) == 0) return false;
  return graph_find(l->program->graph, name) == TENSOR_NONE;
}

static const char *choose_step(const Listing *l, const Group *group, const char *const *taken,
                               uint32_t n) {
  for (uint32_t i = 0; i < group->n_members; i++) {
    const Tensor *t = tensor_at(l->program->graph, group->members[i]);
    const char *name = t->index_names == NULL ? NULL : t->index_names[group->axis[i]];
    if (name != NULL && !l->folded[group->members[i]] && is_free(l, name, taken, n)) return name;
  }
  const char *name = "t";
  for (uint32_t number = 2; !is_free(l, name, taken, n); number++)
    name = arena_printf(l->program->arena, "t%u", number);
  return name;
}

static void name_group(Listing *l, const char ***steps, const Group *group, const char **taken,
                       uint32_t n) {
  taken[n] = choose_step(l, group, taken, n);
  for (uint32_t i = 0; i < group->n_members; i++) {
    TensorId id = group->members[i];
    if (steps[id] == NULL)
      steps[id] =
          ARENA_ARRAY(l->program->arena, const char *, tensor_at(l->program->graph, id)->rank + 1);
    steps[id][group->axis[i]] = taken[n];
  }
  for (uint32_t i = 0; i < group->n_items; i++)
    if (group->items[i].inner != NULL) name_group(l, steps, group->items[i].inner, taken, n + 1);
}

void name_steps(Listing *l) {
  const Graph *graph = l->program->graph;
  Arena *arena = l->program->arena;
  const char ***steps = ARENA_ARRAY(arena, const char **, graph->n_tensors + 1);
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    const Group *group = l->groups[id];
    if (group == NULL || steps[id] != NULL) continue;
    const char **taken = ARENA_ARRAY(arena, const char *, graph->n_tensors + 1);
    name_group(l, steps, group, taken, 0);
  }
  l->steps = (const char *const **)steps;
}

/* --- the block --- */

typedef struct ScanPrint {
  const Printer *p;
  const Listing *l;
  void (*print)(const Printer *p, TensorId id);
  ScanLines *lines;
  bool *coming; /* as in Printer */
} ScanPrint;

static void add_line(const ScanPrint *s, uint32_t depth, const char *text, TensorId tensor) {
  Arena *arena = s->l->program->arena;
  text = arena_printf(arena, "%*s%s", (int)(2 * depth), "", text);
  ARRAY_PUSH(arena, s->lines, (ScanLine){text, tensor});
}

static void print_step(const ScanPrint *s, Text *text, const Group *group) {
  text_printf(text, "%s in 0..%" PRId64, s->l->steps[group->members[0]][group->axis[0]],
              group->steps);
}

static void print_member(const ScanPrint *s, TensorId member, uint32_t depth) {
  Text text = text_new(s->l->program->arena);
  Printer p = *s->p;
  p.out = &text;
  p.coming = s->coming;
  s->print(&p, member);
  s->coming[member] = false;
  add_line(s, depth, text_string(&text), member);
}

/* Every how many of its steps are kept for the derivative; 0: all. */
static int64_t checkpoint_of(const ScanPrint *s, const Group *group) {
  for (uint32_t i = 0; i < group->n_members; i++) {
    const Tensor *t = tensor_at(s->l->program->graph, group->members[i]);
    if (t->checkpoint != 0 && t->step_axis == group->axis[i]) return t->checkpoint;
  }
  return 0;
}

static void print_group(const ScanPrint *s, const Group *group, uint32_t depth) {
  Text head = text_new(s->l->program->arena);
  text_add(&head, "scan ");
  print_step(s, &head, group);
  int64_t checkpoint = checkpoint_of(s, group);
  while (group->n_items == 1 && group->items[0].inner != NULL &&
         checkpoint_of(s, group->items[0].inner) == 0) {
    group = group->items[0].inner;
    text_add(&head, ", ");
    print_step(s, &head, group);
  }
  if (checkpoint != 0) text_printf(&head, " checkpoint %" PRId64, checkpoint);
  text_add(&head, " {");
  add_line(s, depth, text_string(&head), TENSOR_NONE);
  for (uint32_t i = 0; i < group->n_items; i++) {
    const GroupItem *item = &group->items[i];
    if (item->inner != NULL)
      print_group(s, item->inner, depth + 1);
    else if (!s->l->folded[item->member])
      print_member(s, item->member, depth + 1);
  }
  add_line(s, depth, "}", TENSOR_NONE);
}

uint32_t print_scan(const Printer *p, const Listing *l, uint32_t first,
                    void (*print)(const Printer *p, TensorId id), ScanLines *lines) {
  const Group *group = l->groups[l->order.items[first]];
  bool *coming = ARENA_ARRAY(l->program->arena, bool, l->program->graph->n_tensors + 1);
  uint32_t n = 0;
  for (; first + n < l->order.count && l->groups[l->order.items[first + n]] == group; n++)
    coming[l->order.items[first + n]] = true;
  print_group(&(ScanPrint){p, l, print, lines, coming}, group, 0);
  return n;
}
