/* Recurrences among the nodes of an entry: strongly connected components (Tarjan 1972), each with
   the axis along which it steps (graph/group.h). One becomes one kernel: a loop over its steps,
   from the last to the first when its reads go ahead, around the loops of its nodes in the order in
   which a step computes them, with the step's index fixed. A read of another step is a read of
   memory, where all steps are stored or, when that does, one (slots.c). */
#include "lower/work.h"

typedef struct Search {
  Work *w;
  uint32_t *number, *low; /* per node; number 0: not met */
  bool *open;
  uint32_t *stack, depth, last;
} Search;

bool node_reads(const Node *n, TensorId tensor) {
  return is_among(n->reads.items, n->reads.count, tensor);
}

bool is_step(const Node *n, uint32_t v) {
  for (const Recurrence *r = n->recurrence; r != NULL; r = r->outer)
    if (n->step_axes[r->depth] == v) return true;
  return false;
}

uint32_t count_steps(const Node *n) { return n->recurrence == NULL ? 0 : n->recurrence->depth + 1; }

void bind_steps(const Node *n, Binding *bindings) {
  for (const Recurrence *r = n->recurrence; r != NULL; r = r->outer)
    bindings[n->step_axes[r->depth]] = bound(r->at, false);
}

int64_t points_of_step(const Node *n) {
  int64_t product = 1;
  for (uint32_t v = 0; v < n->rank + n->n_reduced; v++)
    product *= is_step(n, v) ? 1 : n->extents[v];
  return product;
}

Recurrence *outermost(Recurrence *r) {
  while (r != NULL && r->outer != NULL) r = r->outer;
  return r;
}

int64_t last_step(const Recurrence *r) { return r->ahead ? 0 : r->steps - 1; }

static bool contains(const Recurrence *outer, const Recurrence *r) {
  while (r != NULL && r != outer) r = r->outer;
  return outer == r;
}

Recurrence *common_recurrence(Recurrence *a, const Recurrence *b) {
  while (!contains(a, b)) a = a->outer;
  return a;
}

bool steps_with(const Work *w, const Node *n, TensorId tensor) {
  uint32_t source = w->node_of[tensor];
  return source != 0 &&
         common_recurrence(node_at(w, source - 1)->recurrence, n->recurrence) != NULL;
}

/* --- the loops of one --- */

static void add_loops(Work *w, Recurrence *all, const Group *group, Recurrence *outer) {
  Recurrence *r = outer == NULL ? all : ARENA_NEW(w->arena, Recurrence);
  *r = (Recurrence){.outer = outer,
                    .depth = outer == NULL ? 0 : outer->depth + 1,
                    .steps = group->steps,
                    .ahead = group->ahead};
  for (uint32_t i = 0; i < group->n_members; i++) {
    Node *n = node_at(w, w->node_of[group->members[i]] - 1);
    uint32_t *axes = ARENA_ARRAY(w->arena, uint32_t, r->depth + 1);
    for (uint32_t k = 0; k < r->depth; k++) axes[k] = n->step_axes[k];
    axes[r->depth] = group->axis[i];
    n->step_axes = axes;
    n->recurrence = r;
    r->name = index_name(n, group->axis[i]);
  }
  for (uint32_t i = 0; i < group->n_items; i++)
    if (group->items[i].inner != NULL)
      add_loops(w, all, group->items[i].inner, r);
    else
      ARRAY_PUSH(w->arena, &all->nodes, w->node_of[group->items[i].member] - 1);
}

void set_loops(Work *w, const Group *group) {
  add_loops(w, ARENA_NEW(w->arena, Recurrence), group, NULL);
}

static void close_component(Search *s, uint32_t i) {
  Work *w = s->w;
  uint32_t end = s->depth;
  while (s->stack[--s->depth] != i) s->open[s->stack[s->depth]] = false;
  s->open[i] = false;
  uint32_t n = end - s->depth;
  if (n == 1 && !node_reads(node_at(w, i), node_at(w, i)->tensor)) return;
  TensorId *members = ARENA_ARRAY(w->arena, TensorId, n);
  ExprId *bodies = ARENA_ARRAY(w->arena, ExprId, n);
  for (uint32_t k = 0; k < n; k++) {
    members[k] = node_at(w, s->stack[s->depth + k])->tensor;
    bodies[k] = node_at(w, s->stack[s->depth + k])->body;
  }
  GroupFailure failure;
  const Group *group = group_analyse(w->graph, w->arena, members, bodies, n, &failure);
  if (group == NULL) bug("lower", "%s and what it reads have no step", node_at(w, i)->name);
  set_loops(w, group);
}

static void visit(Search *s, uint32_t i) {
  const Node *n = node_at(s->w, i);
  s->number[i] = s->low[i] = ++s->last;
  s->stack[s->depth++] = i;
  s->open[i] = true;
  for (size_t r = 0; r < n->reads.count; r++) {
    uint32_t k = s->w->node_of[n->reads.items[r]];
    if (k-- == 0) continue;
    if (s->number[k] == 0) {
      visit(s, k);
      if (s->low[k] < s->low[i]) s->low[i] = s->low[k];
    } else if (s->open[k] && s->number[k] < s->low[i]) {
      s->low[i] = s->number[k];
    }
  }
  if (s->low[i] == s->number[i]) close_component(s, i);
}

void find_recurrences(Work *w) {
  uint32_t n = (uint32_t)w->nodes.count + 1;
  Search s = {.w = w,
              .number = ARENA_ARRAY(w->arena, uint32_t, n),
              .low = ARENA_ARRAY(w->arena, uint32_t, n),
              .open = ARENA_ARRAY(w->arena, bool, n),
              .stack = ARENA_ARRAY(w->arena, uint32_t, n)};
  for (uint32_t i = 0; i < w->nodes.count; i++)
    if (s.number[i] == 0) visit(&s, i);
}

/* --- order --- */

/* The recurrence around `r` that stands in `outer` by itself. */
static Recurrence *inside(Recurrence *r, const Recurrence *outer) {
  while (r->outer != outer) r = r->outer;
  return r;
}

/* Copies that are made where a recurrence needs them first, of what it does not compute, run before
   it: each recurrence's nodes stand together then. */
void gather_recurrences(Work *w, const uint32_t *nodes, size_t n, const Recurrence *outer) {
  uint32_t *own = ARENA_ARRAY(w->arena, uint32_t, n + 1);
  for (size_t i = 0; i < n; i++) {
    Recurrence *r = node_at(w, nodes[i])->recurrence;
    if (r == outer) {
      ARRAY_PUSH(w->arena, &w->order, nodes[i]);
      continue;
    }
    r = inside(r, outer);
    size_t last = i, n_own = 0;
    for (size_t k = i; k < n; k++)
      if (contains(r, node_at(w, nodes[k])->recurrence)) last = k;
    for (size_t k = i; k <= last; k++)
      if (contains(r, node_at(w, nodes[k])->recurrence))
        own[n_own++] = nodes[k];
      else
        ARRAY_PUSH(w->arena, &w->order, nodes[k]);
    gather_recurrences(w, own, n_own, r);
    i = last;
  }
}

/* --- the loops as statements --- */

static void open_loop(Builder *b, Recurrence *r) {
  uint32_t variable = kernel_variable(b, r->name);
  kernel_loop(b, variable, 0, r->steps, 1, LOOP_ROLLED);
  r->at = offset_variable(b, variable);
  if (r->ahead) r->at = offset_add(b, offset_number(r->steps - 1), -1, r->at);
}

static void open_loops(Builder *b, Recurrence *r, const Recurrence *from) {
  if (r == from) return;
  open_loops(b, r->outer, from);
  open_loop(b, r);
}

Recurrence *enter_recurrence(Builder *b, Recurrence *open, Recurrence *wanted) {
  Recurrence *common = wanted == NULL ? NULL : common_recurrence(wanted, open);
  for (; open != common; open = open->outer) kernel_end(b);
  open_loops(b, wanted, common);
  return wanted;
}
