#include "graph/group.h"

uint32_t group_position(const Group *group, TensorId tensor) {
  for (uint32_t i = 0; i < group->n_members; i++)
    if (group->members[i] == tensor) return i;
  return UINT32_MAX;
}

/* --- the reads inside a component --- */

typedef struct Read {
  uint32_t reader, read; /* positions */
  const ExprId *indices; /* of the read tensor, over the reader's index variables */
} Read;

typedef struct Component {
  const Graph *graph;
  Arena *arena;
  const TensorId *members;
  const ExprId *bodies; /* of members */
  uint32_t n;
  ARRAY(Read) reads;
} Component;

static uint32_t position_of(const Component *c, TensorId id) {
  for (uint32_t i = 0; i < c->n; i++)
    if (c->members[i] == id) return i;
  return UINT32_MAX;
}

/* seen: per expression, 1 + the reader that it was last met in */
static void collect_reads(Component *c, uint32_t reader, ExprId id, uint32_t *seen) {
  if (seen[id] == reader + 1) return;
  seen[id] = reader + 1;
  const Expr *e = expr_at(c->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) collect_reads(c, reader, e->args[i], seen);
  if (e->fallback != EXPR_NONE) collect_reads(c, reader, e->fallback, seen);
  if (e->kind != EXPR_READ) return;
  uint32_t read = position_of(c, e->tensor);
  if (read != UINT32_MAX) ARRAY_PUSH(c->arena, &c->reads, (Read){reader, read, e->args});
}

bool stepped(const Graph *graph, ExprId id, uint32_t *variable, int64_t *constant) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_INDEX) {
    *variable = e->index;
    *constant = 0;
    return true;
  }
  if (e->kind != EXPR_OP || e->n_args != 2 || (e->op != OP_ADD && e->op != OP_SUB)) return false;
  const Expr *a = expr_at(graph, e->args[0]), *b = expr_at(graph, e->args[1]);
  if (b->kind == EXPR_CONST && stepped(graph, e->args[0], variable, constant)) {
    *constant += e->op == OP_ADD ? b->integer : -b->integer;
    return true;
  }
  if (e->op == OP_ADD && a->kind == EXPR_CONST && stepped(graph, e->args[1], variable, constant)) {
    *constant += a->integer;
    return true;
  }
  return false;
}

/* --- one axis --- */

/* A sum of numbers and of the variable of an axis of one element, which is 0. */
static bool is_number_there(const Graph *graph, ExprId id, uint32_t variable, int64_t *value) {
  const Expr *e = expr_at(graph, id);
  int64_t a, b;
  *value = e->kind == EXPR_CONST ? e->integer : 0;
  if (e->kind != EXPR_OP)
    return e->kind == EXPR_CONST || (e->kind == EXPR_INDEX && e->index == variable);
  if ((e->op != OP_ADD && e->op != OP_SUB) || !is_number_there(graph, e->args[0], variable, &a) ||
      !is_number_there(graph, e->args[1], variable, &b))
    return false;
  *value = e->op == OP_ADD ? a + b : a - b;
  return true;
}

/* Whether axis `b` of what is read is the reader's axis `a`, some steps away. On an axis of one
   element the step is 0: a number is how far away it is read. */
static bool steps_along(const Component *c, const Read *r, uint32_t a, uint32_t b, int64_t *step) {
  uint32_t variable;
  const Tensor *reader = tensor_at(c->graph, c->members[r->reader]);
  const Tensor *read = tensor_at(c->graph, c->members[r->read]);
  if (reader->extents[a] != read->extents[b]) return false;
  if (read->extents[b] == 1 && is_number_there(c->graph, r->indices[b], a, step)) return true;
  return stepped(c->graph, r->indices[b], &variable, step) && variable == a;
}

/* Finds axis[] for all members from that of `root`: reads lead from it to every other one. */
static bool propagate(const Component *c, uint32_t root, uint32_t root_axis, uint32_t *axis,
                      int64_t *steps, const Read **failed) {
  for (uint32_t i = 0; i < c->n; i++) axis[i] = UINT32_MAX;
  axis[root] = root_axis;
  int64_t step;
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < c->reads.count; i++) {
      const Read *r = &c->reads.items[i];
      if (axis[r->reader] == UINT32_MAX || axis[r->read] != UINT32_MAX) continue;
      uint32_t rank = tensor_at(c->graph, c->members[r->read])->rank, b = 0;
      while (b < rank && !steps_along(c, r, axis[r->reader], b, &step)) b++;
      if (b == rank) {
        *failed = r;
        return false;
      }
      axis[r->read] = b;
      more = true;
    }
  }
  for (size_t i = 0; i < c->reads.count; i++) {
    const Read *r = &c->reads.items[i];
    if (axis[r->reader] != UINT32_MAX && axis[r->read] != UINT32_MAX &&
        steps_along(c, r, axis[r->reader], axis[r->read], &steps[i]))
      continue;
    *failed = r;
    return false;
  }
  return true;
}

/* All back or all ahead, and some of them do step. */
static bool has_direction(const Component *c, const int64_t *steps, bool *ahead, int64_t *reach,
                          const Read **failed) {
  int64_t low = 0, high = 0;
  for (size_t i = 0; i < c->reads.count; i++) {
    low = steps[i] < low ? steps[i] : low;
    high = steps[i] > high ? steps[i] : high;
    if (low < 0 && high > 0) {
      *failed = &c->reads.items[i];
      return false;
    }
  }
  *ahead = high > 0;
  *reach = *ahead ? high : -low;
  return low != 0 || high != 0;
}

/* --- within a step --- */

typedef struct Within {
  const Component *c;
  const int64_t *steps;
  uint32_t *number, *low; /* Tarjan's; 0: not met */
  bool *open;
  uint32_t *stack, depth, last;
  ARRAY(GroupItem) items;
  GroupFailure *failure;
  bool failed;
} Within;

static bool reads_itself(const Within *w, uint32_t member) {
  for (size_t i = 0; i < w->c->reads.count; i++)
    if (w->steps[i] == 0 && w->c->reads.items[i].reader == member &&
        w->c->reads.items[i].read == member)
      return true;
  return false;
}

static const Group *analyse(Component c, const Component *outer, const int64_t *outer_steps,
                            GroupFailure *failure);

static void close_component(Within *w, uint32_t member) {
  const Component *c = w->c;
  TensorId *members = ARENA_ARRAY(c->arena, TensorId, c->n);
  uint32_t n = 0, top;
  do {
    top = w->stack[--w->depth];
    w->open[top] = false;
    members[n++] = c->members[top];
  } while (top != member);
  if (n == 1 && !reads_itself(w, member)) {
    ARRAY_PUSH(c->arena, &w->items, (GroupItem){members[0], NULL});
    return;
  }
  Component part = {.graph = c->graph, .arena = c->arena, .members = members, .n = n};
  const Group *inner = analyse(part, c, w->steps, w->failure);
  if (inner == NULL)
    w->failed = true;
  else
    ARRAY_PUSH(c->arena, &w->items, (GroupItem){TENSOR_NONE, inner});
}

static void visit(Within *w, uint32_t member) {
  w->number[member] = w->low[member] = ++w->last;
  w->stack[w->depth++] = member;
  w->open[member] = true;
  for (size_t i = 0; i < w->c->reads.count && !w->failed; i++) {
    const Read *r = &w->c->reads.items[i];
    if (r->reader != member || w->steps[i] != 0) continue;
    if (w->number[r->read] == 0) {
      visit(w, r->read);
      if (w->low[r->read] < w->low[member]) w->low[member] = w->low[r->read];
    } else if (w->open[r->read] && w->number[r->read] < w->low[member]) {
      w->low[member] = w->number[r->read];
    }
  }
  if (w->low[member] == w->number[member] && !w->failed) close_component(w, member);
}

/* The members in an order in which each comes after what it reads at the same step. */
static bool order_within(const Component *c, const int64_t *steps, Group *group,
                         GroupFailure *failure) {
  Within w = {.c = c,
              .steps = steps,
              .number = ARENA_ARRAY(c->arena, uint32_t, c->n),
              .low = ARENA_ARRAY(c->arena, uint32_t, c->n),
              .open = ARENA_ARRAY(c->arena, bool, c->n),
              .stack = ARENA_ARRAY(c->arena, uint32_t, c->n),
              .failure = failure};
  for (uint32_t i = 0; i < c->n && !w.failed; i++)
    if (w.number[i] == 0) visit(&w, i);
  group->items = w.items.items;
  group->n_items = (uint32_t)w.items.count;
  return !w.failed;
}

/* --- all --- */

/* Only reads that step by 0 along the axes already chosen bind the members. */
static void find_reads(Component *c, const Component *outer, const int64_t *outer_steps) {
  if (outer == NULL) {
    uint32_t *seen = ARENA_ARRAY(c->arena, uint32_t, c->graph->n_exprs);
    for (uint32_t i = 0; i < c->n; i++) {
      const OwnRule *rule = tensor_at(c->graph, c->members[i])->rule;
      collect_reads(c, i, c->bodies[i], seen);
      for (uint32_t k = 0; rule != NULL && k < rule->n; k++)
        collect_reads(c, i, rule->touched[k], seen);
    }
    return;
  }
  for (size_t i = 0; i < outer->reads.count; i++) {
    Read r = outer->reads.items[i];
    r.reader = position_of(c, outer->members[r.reader]);
    r.read = position_of(c, outer->members[r.read]);
    if (outer_steps[i] == 0 && r.reader != UINT32_MAX && r.read != UINT32_MAX)
      ARRAY_PUSH(c->arena, &c->reads, r);
  }
}

static const Group *analyse(Component c, const Component *outer, const int64_t *outer_steps,
                            GroupFailure *failure) {
  const TensorId *members = c.members;
  Arena *arena = c.arena;
  uint32_t n = c.n;
  find_reads(&c, outer, outer_steps);
  uint32_t *axis = ARENA_ARRAY(arena, uint32_t, n);
  int64_t *steps = ARENA_ARRAY(arena, int64_t, c.reads.count + 1);
  const Read *failed = NULL;
  const Tensor *root = tensor_at(c.graph, members[0]);
  *failure = (GroupFailure){TENSOR_NONE, TENSOR_NONE};
  for (uint32_t a = 0; a < root->rank; a++) {
    Group *group = ARENA_NEW(arena, Group);
    *group = (Group){.members = members, .axis = axis, .n_members = n};
    if (!propagate(&c, 0, a, axis, steps, &failed) ||
        !has_direction(&c, steps, &group->ahead, &group->reach, &failed))
      continue;
    group->steps = root->extents[a];
    if (order_within(&c, steps, group, failure)) return group;
  }
  if (failed != NULL && failure->reader == TENSOR_NONE)
    *failure = (GroupFailure){members[failed->reader], members[failed->read]};
  return NULL;
}

const Group *group_analyse(const Graph *graph, Arena *arena, const TensorId *members,
                           const ExprId *bodies, uint32_t n, GroupFailure *failure) {
  ExprId *own = ARENA_ARRAY(arena, ExprId, n);
  for (uint32_t i = 0; i < n; i++)
    own[i] = bodies != NULL ? bodies[i] : tensor_at(graph, members[i])->body;
  Component all = {.graph = graph, .arena = arena, .members = members, .bodies = own, .n = n};
  return analyse(all, NULL, NULL, failure);
}

const Group *group_along(const Graph *graph, Arena *arena, const TensorId *members,
                         const ExprId *bodies, const uint32_t *axis, uint32_t n) {
  Component c = {.graph = graph, .arena = arena, .members = members, .bodies = bodies, .n = n};
  find_reads(&c, NULL, NULL);
  int64_t *steps = ARENA_ARRAY(arena, int64_t, c.reads.count + 1);
  const Read *failed = NULL;
  GroupFailure failure;
  for (size_t i = 0; i < c.reads.count; i++) {
    const Read *r = &c.reads.items[i];
    if (!steps_along(&c, r, axis[r->reader], axis[r->read], &steps[i])) return NULL;
  }
  Group *group = ARENA_NEW(arena, Group);
  *group = (Group){.members = members, .axis = axis, .n_members = n};
  group->steps = tensor_at(graph, members[0])->extents[axis[0]];
  bool steps_on = has_direction(&c, steps, &group->ahead, &group->reach, &failed);
  return steps_on && order_within(&c, steps, group, &failure) ? group : NULL;
}
