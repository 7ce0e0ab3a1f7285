/* In which order a program's definitions are printed. */
#include <string.h>
#include "graph/print.h"

typedef struct Order {
  Listing *l;
  const Graph *graph;
  const bool *wanted;
  bool *placed;  /* per tensor */
  bool *above;   /* per expression: all that it reads is placed */
  bool *before;  /* per expression: the folded reductions in it are placed */
  bool *derives; /* per tensor: it is a derivative or depends on one */
} Order;

static void place(Order *o, TensorId id);

/* Marked when it is done: a recurrence that is placed meanwhile may share the expression. */
static void place_above(Order *o, ExprId id) {
  const Expr *e = expr_at(o->graph, id);
  if (o->above[id]) return;
  for (uint32_t i = 0; i < e->n_args; i++) place_above(o, e->args[i]);
  if (e->fallback != EXPR_NONE) place_above(o, e->fallback);
  if (e->kind == EXPR_READ && o->l->folded[e->tensor])
    place_above(o, tensor_at(o->graph, e->tensor)->body);
  else if (e->kind == EXPR_READ)
    place(o, e->tensor);
  o->above[id] = true;
}

static void append(Order *o, TensorId id) { o->l->order.items[o->l->order.count++] = id; }

static void place_folded(Order *o, ExprId id) {
  const Expr *e = expr_at(o->graph, id);
  if (o->before[id]) return;
  o->before[id] = true;
  for (uint32_t i = 0; i < e->n_args; i++) place_folded(o, e->args[i]);
  if (e->fallback != EXPR_NONE) place_folded(o, e->fallback);
  if (e->kind != EXPR_READ || !o->l->folded[e->tensor]) return;
  if (o->placed[e->tensor] && o->l->groups[e->tensor] == NULL) return;
  place_folded(o, tensor_at(o->graph, e->tensor)->body);
  append(o, e->tensor);
}

/* Reductions that are printed in a recurrence but are no part of it stand before all of it. */
static void place_folded_outside(Order *o, ExprId id, bool *seen) {
  const Expr *e = expr_at(o->graph, id);
  if (seen[id]) return;
  seen[id] = true;
  for (uint32_t i = 0; i < e->n_args; i++) place_folded_outside(o, e->args[i], seen);
  if (e->fallback != EXPR_NONE) place_folded_outside(o, e->fallback, seen);
  if (e->kind != EXPR_READ || !o->l->folded[e->tensor]) return;
  place_folded_outside(o, tensor_at(o->graph, e->tensor)->body, seen);
  if (o->l->groups[e->tensor] != NULL || o->placed[e->tensor]) return;
  o->placed[e->tensor] = true;
  append(o, e->tensor);
}

/* All of a recurrence together: what it reads, then its members as one step computes them. */
static void place_group(Order *o, const Group *group) {
  for (uint32_t i = 0; i < group->n_members; i++) o->placed[group->members[i]] = true;
  for (uint32_t i = 0; i < group->n_members; i++)
    place_above(o, tensor_at(o->graph, group->members[i])->body);
  bool *seen = ARENA_ARRAY(o->l->program->arena, bool, o->graph->n_exprs + 1);
  for (uint32_t i = 0; i < group->n_members; i++)
    place_folded_outside(o, tensor_at(o->graph, group->members[i])->body, seen);
}

static void append_members(Order *o, const Group *group) {
  for (uint32_t i = 0; i < group->n_items; i++) {
    const GroupItem *item = &group->items[i];
    if (item->inner != NULL) {
      append_members(o, item->inner);
    } else if (!o->l->folded[item->member]) {
      place_folded(o, tensor_at(o->graph, item->member)->body);
      append(o, item->member);
    }
  }
}

static void place(Order *o, TensorId id) {
  const Tensor *t = tensor_at(o->graph, id);
  if (o->placed[id]) return;
  if (o->l->groups[id] != NULL) {
    place_group(o, o->l->groups[id]);
    append_members(o, o->l->groups[id]);
    return;
  }
  o->placed[id] = true;
  if (t->kind == TENSOR_INPUT || t->kind == TENSOR_PARAM || t->kind == TENSOR_STATE ||
      t->kind == TENSOR_STAND_IN)
    return;
  if (t->kind == TENSOR_DEFINITION) {
    place_above(o, t->body);
    place_folded(o, t->body);
  }
  if (t->source != TENSOR_NONE) place(o, t->source);
  if (t->wrt != TENSOR_NONE) place(o, t->wrt);
  if (t->seed != TENSOR_NONE) place(o, t->seed);
  append(o, id);
}

static bool reads_derived(const Order *o, ExprId id) {
  const Expr *e = expr_at(o->graph, id);
  if (e->kind == EXPR_READ && o->derives[e->tensor]) return true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (reads_derived(o, e->args[i])) return true;
  return e->fallback != EXPR_NONE && reads_derived(o, e->fallback);
}

static bool is_of_sweep(const Tensor *t) { return t->derived && !t->pointwise; }

static void find_derives(Order *o, TensorList live) {
  for (uint32_t i = 0; i < live.count; i++) {
    const Tensor *t = tensor_at(o->graph, live.items[i]);
    bool derives = is_of_sweep(t) || t->kind == TENSOR_DERIVATIVE;
    if (t->kind == TENSOR_DEFINITION) derives = derives || reads_derived(o, t->body);
    if (t->kind == TENSOR_RESHAPE) derives = derives || o->derives[t->source];
    o->derives[live.items[i]] = derives;
  }
}

/* Marks what is read in an expression. seen: per expression. */
static void mark_reads(const Graph *graph, ExprId id, bool *seen, bool *read) {
  const Expr *e = expr_at(graph, id);
  if (seen[id]) return;
  seen[id] = true;
  for (uint32_t i = 0; i < e->n_args; i++) mark_reads(graph, e->args[i], seen, read);
  if (e->fallback != EXPR_NONE) mark_reads(graph, e->fallback, seen, read);
  if (e->kind == EXPR_READ) read[e->tensor] = true;
}

/* What nobody wrote, and derivatives alone read, stands with them: the place of a maximum. */
static void find_beside(const Order *o, TensorList live) {
  const Graph *graph = o->graph;
  Arena *arena = o->l->program->arena;
  /* by what is written and by updates; by derivatives and what is beside them */
  bool *seen[2], *read[2];
  for (int k = 0; k < 2; k++) {
    seen[k] = ARENA_ARRAY(arena, bool, graph->n_exprs + 1);
    read[k] = ARENA_ARRAY(arena, bool, graph->n_tensors + 1);
  }
  TensorList roots = program_roots(o->l->program, arena);
  for (uint32_t i = 0; i < roots.count; i++) read[0][roots.items[i]] = true;
  for (uint32_t i = live.count; i-- > 0;) { /* readers before what they read */
    TensorId id = live.items[i];
    const Tensor *t = tensor_at(graph, id);
    if (t->kind == TENSOR_RESHAPE && !o->derives[id]) read[0][t->source] = true;
    if (t->kind != TENSOR_DEFINITION) continue;
    o->l->beside[id] =
        t->auxiliary && !o->derives[id] && o->l->groups[id] == NULL && read[1][id] && !read[0][id];
    bool derives = (o->derives[id] && !o->l->is_value[id]) || o->l->beside[id];
    mark_reads(graph, t->body, seen[derives], read[derives]);
  }
}

static bool same_section(const Tensor *a, const Tensor *b) {
  if (a->derivative_of == NULL || b->derivative_of == NULL)
    return a->derivative_of == b->derivative_of;
  return strcmp(a->derivative_of, b->derivative_of) == 0;
}

/* Whether a comes before b: adjoints as the sweep has them, parts of them where they are read. */
static bool is_before(const Tensor *a, const Tensor *b) {
  if (a->is_adjoint != b->is_adjoint) return a->is_adjoint;
  return a->is_adjoint && a->sweep < b->sweep;
}

/* All of the derivative that t belongs to. */
static void place_section(Order *o, const Tensor *of) {
  for (;;) {
    TensorId next = TENSOR_NONE;
    for (TensorId id = 0; id < o->graph->n_tensors; id++) {
      const Tensor *t = tensor_at(o->graph, id);
      if (!o->wanted[id] || o->placed[id] || !is_of_sweep(t) || !same_section(t, of)) continue;
      if (next == TENSOR_NONE || is_before(t, tensor_at(o->graph, next))) next = id;
    }
    if (next == TENSOR_NONE) return;
    place(o, next);
  }
}

static bool is_scalar_number(const Graph *graph, TensorId id) {
  const Tensor *t = tensor_at(graph, id);
  if (t->kind != TENSOR_DEFINITION || t->rank > 0 || t->reduction != REDUCE_NONE) return false;
  const Expr *e = expr_at(graph, t->body);
  return e->kind == EXPR_CONST ||
         (e->kind == EXPR_OP && e->op == OP_DIV && expr_at(graph, e->args[0])->kind == EXPR_CONST &&
          expr_at(graph, e->args[1])->kind == EXPR_CONST);
}

/* By id, which is the order of the source, each after what it reads: first what needs no
   derivative; what is but a number where its result is asked for; new values last, in the order of
   their updates. */
void order_definitions(Listing *l, TensorList live) {
  const Program *program = l->program;
  const Graph *graph = program->graph;
  Arena *arena = program->arena;
  bool *wanted = ARENA_ARRAY(arena, bool, graph->n_tensors + 1);
  Order o = {.l = l,
             .graph = graph,
             .wanted = wanted,
             .placed = ARENA_ARRAY(arena, bool, graph->n_tensors + 1),
             .above = ARENA_ARRAY(arena, bool, graph->n_exprs + 1),
             .before = ARENA_ARRAY(arena, bool, graph->n_exprs + 1),
             .derives = ARENA_ARRAY(arena, bool, graph->n_tensors + 1)};
  for (uint32_t i = 0; i < live.count; i++) {
    TensorId id = live.items[i];
    wanted[id] = !l->folded[id] && !l->is_value[id] && !is_scalar_number(graph, id);
  }
  find_derives(&o, live);
  find_beside(&o, live);
  l->order.items = ARENA_ARRAY(arena, TensorId, live.count + 1);
  for (TensorId id = 0; id < graph->n_tensors; id++)
    if (wanted[id] && !o.derives[id] && !l->beside[id]) place(&o, id);
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    if (!wanted[id] || l->beside[id]) continue;
    const Tensor *t = tensor_at(graph, id);
    if (is_of_sweep(t)) place_section(&o, t);
    place(&o, id);
  }
  for (uint32_t e = 0; e < program->n_entries; e++)
    for (uint32_t i = 0; i < program->entries[e].n_outputs; i++)
      place(&o, program->entries[e].outputs[i].tensor);
  for (uint32_t e = 0; e < program->n_entries; e++)
    for (uint32_t i = 0; i < program->entries[e].n_updates; i++)
      place(&o, program->entries[e].updates[i].value);
}
