/* What a scan takes for granted of the names that are read above their definition.

   The type and the sizes of such a name come from its definition, which may depend on them. So the
   block is elaborated with a guess; what turns out to be otherwise is noted, all that the block has
   made is forgotten, and it is elaborated again, until nothing new is found: a fixpoint. */
#include "elaborate/elaborator.h"

Trial trial_begin(Elaborator *e) {
  Trial trial = {.elaborator = *e, .program = *e->program, .mark = graph_mark(e->graph)};
  e->owned = map_copy(&e->owned);
  e->diag = diag_hold(e->diag);
  return trial;
}

void trial_again(Elaborator *e, const Trial *trial) {
  uint64_t work = e->work;
  bool exhausted = e->exhausted;
  Map sites = e->sites; /* numbers that calls have got stay theirs */
  graph_reset(e->graph, &trial->mark);
  *e->program = trial->program;
  *e = trial->elaborator;
  e->work = work;
  e->exhausted = exhausted;
  e->sites = sites;
  e->owned = map_copy(&trial->elaborator.owned);
  e->diag = diag_hold(trial->elaborator.diag);
}

void trial_end(Elaborator *e, const Trial *trial) {
  const Diag *held = e->diag;
  e->diag = trial->elaborator.diag;
  diag_release(e->diag, held);
}

/* --- types --- */

typedef struct Search {
  Elaborator *e;
  ScalarType type; /* that the name should have */
  bool *seen;      /* per expression */
  bool found;
} Search;

/* What gives the expression its type, down to names whose definition is still to come. */
static void search(Search *s, ExprId id) {
  const Graph *graph = s->e->graph;
  const Expr *x = expr_at(graph, id);
  if (s->seen[id]) return;
  s->seen[id] = true;
  if (x->kind == EXPR_OP) {
    for (uint32_t i = 0; i < x->n_args; i++)
      if (expr_at(graph, x->args[i])->type == x->type) search(s, x->args[i]);
    return;
  }
  if (x->kind != EXPR_READ) return;
  if (x->fallback != EXPR_NONE) search(s, x->fallback);
  const Tensor *t = tensor_at(graph, x->tensor);
  if (t->body != EXPR_NONE && expr_at(graph, t->body)->type == x->type) search(s, t->body);
  for (size_t i = 0; i < s->e->assumed.count && t->body == EXPR_NONE; i++) {
    Assumption *assumption = s->e->assumed.items[i];
    if (assumption->placeholder != x->tensor || assumption->type_is_found) continue;
    assumption->type = s->type;
    assumption->type_is_found = assumption->changed = s->found = true;
  }
}

bool assume_type(Elaborator *e, const Value *v, ScalarType type) {
  if (e->assumed.count == 0 || v->kind != VALUE_TENSOR) return false;
  Search s = {.e = e, .type = type, .seen = ARENA_ARRAY(e->arena, bool, e->graph->n_exprs + 1)};
  search(&s, v->body);
  return s.found;
}

/* --- names --- */

void ask_extents(Elaborator *e) {
  for (size_t i = 0; i < e->assumed.count; i++)
    if (e->assumed.items[i]->extents == NULL) e->assumed.items[i]->asked = true;
}

/* A scan around this one may know more of the definition. */
static const Assumption *known_outside(const Elaborator *e, const LeftSide *target) {
  for (size_t i = e->assumed.count; i-- > 0;)
    if (e->assumed.items[i]->target == target) return e->assumed.items[i];
  return NULL;
}

Assumption *assumption_of(Elaborator *e, Assumptions *all, const LeftSide *target,
                          ScalarType type) {
  for (size_t i = 0; i < all->count; i++)
    if (all->items[i]->target == target) return all->items[i];
  Assumption *made = ARENA_NEW(e->arena, Assumption);
  const Assumption *outer = known_outside(e, target);
  if (outer != NULL)
    *made = *outer;
  else
    *made = (Assumption){.target = target, .type = type};
  made->changed = false;
  ARRAY_PUSH(e->arena, all, made);
  return made;
}

void compare_assumption(Elaborator *e, Assumption *assumption, TensorId definition) {
  const Tensor *t = tensor_at(e->graph, definition);
  const Tensor *place = tensor_at(e->graph, assumption->placeholder);
  if (t->type != place->type && assumption->type != t->type) {
    assumption->type = t->type;
    assumption->type_is_found = assumption->changed = true;
  }
  uint32_t first = place->rank - (uint32_t)assumption->target->n_items;
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, t->rank + 1);
  bool as_assumed = true;
  for (uint32_t i = first; i < t->rank; i++) {
    if (t->extents[i] == UNKNOWN_EXTENT) return;
    extents[i - first] = t->extents[i];
    as_assumed = as_assumed && t->extents[i] == place->extents[i];
  }
  if (as_assumed) return;
  /* that they were not known matters only where a read said so */
  if (assumption->extents != NULL || assumption->asked) assumption->changed = true;
  assumption->extents = extents;
}
