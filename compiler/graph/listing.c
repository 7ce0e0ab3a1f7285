/* What a program's print holds, and in which order. */
#include <stdlib.h>
#include <string.h>
#include "graph/interval.h"
#include "graph/print.h"

/* --- reads --- */

typedef struct Reads {
  const Program *program;
  const Tensor *reader;
  const int64_t *extents; /* of the reader's index variables */
  uint32_t *count;        /* per tensor: how often it is read in what is printed */
  bool *plain;            /* per tensor: all at increasing index variables of the same extents */
  bool *branch;           /* per tensor: one of them in a branch of `where` or a default */
  uint64_t *walked;       /* per expression: the reader, twice over, and whether a second time */
} Reads;

static bool is_plain_read(const Reads *r, const Expr *e) {
  const Graph *graph = r->program->graph;
  const Tensor *t = tensor_at(graph, e->tensor);
  int64_t last = -1;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(graph, e->args[i]);
    if (at->kind != EXPR_INDEX || (int64_t)at->index <= last ||
        r->extents[at->index] != t->extents[i])
      return false;
    last = at->index;
  }
  return e->fallback == EXPR_NONE;
}

/* An expression that stands more than once is walked twice: more makes no difference. */
static void count_reads(Reads *r, ExprId id, uint64_t stamp, bool branch) {
  const Expr *e = expr_at(r->program->graph, id);
  if (r->walked[id] == stamp + 1) return;
  r->walked[id] = r->walked[id] == stamp ? stamp + 1 : stamp;
  bool chooses = e->kind == EXPR_OP && e->op == OP_WHERE;
  for (uint32_t i = 0; i < e->n_args; i++)
    count_reads(r, e->args[i], stamp, branch || (chooses && i > 0));
  if (e->fallback != EXPR_NONE) count_reads(r, e->fallback, stamp, true);
  if (e->kind != EXPR_READ) return;
  r->count[e->tensor]++;
  if (branch) r->branch[e->tensor] = true;
  if (!is_plain_read(r, e)) r->plain[e->tensor] = false;
}

static Reads find_reads(const Program *program, TensorList live) {
  Arena *arena = program->arena;
  const Graph *graph = program->graph;
  Reads r = {.program = program,
             .count = ARENA_ARRAY(arena, uint32_t, graph->n_tensors + 1),
             .plain = ARENA_ARRAY(arena, bool, graph->n_tensors + 1),
             .branch = ARENA_ARRAY(arena, bool, graph->n_tensors + 1),
             .walked = ARENA_ARRAY(arena, uint64_t, graph->n_exprs + 1)};
  for (TensorId id = 0; id < graph->n_tensors; id++) r.plain[id] = true;
  for (uint32_t i = 0; i < live.count; i++) {
    const Tensor *t = tensor_at(graph, live.items[i]);
    r.reader = t;
    r.extents = tensor_index_extents(t, arena);
    if (t->kind == TENSOR_DEFINITION)
      count_reads(&r, t->body, 2 * ((uint64_t)live.items[i] + 1), false);
    const TensorId whole[] = {t->source, t->wrt, t->seed};
    for (int k = 0; k < 3; k++)
      if (whole[k] != TENSOR_NONE) r.plain[whole[k]] = false;
  }
  return r;
}

/* --- what stands inside something else --- */

static bool is_primed(const char *name) {
  size_t length = strlen(name);
  return length > 0 && name[length - 1] == '\'';
}

static void reject_values(Listing *l, ExprId id, bool *seen) {
  const Expr *e = expr_at(l->program->graph, id);
  if (seen[id]) return;
  seen[id] = true;
  for (uint32_t i = 0; i < e->n_args; i++) reject_values(l, e->args[i], seen);
  if (e->fallback != EXPR_NONE) reject_values(l, e->fallback, seen);
  if (e->kind == EXPR_READ) l->is_value[e->tensor] = false;
}

/* What reads a value must be a value as well. */
static void reject_read_elsewhere(Listing *l, TensorList live) {
  const Program *program = l->program;
  const Graph *graph = program->graph;
  bool *seen = ARENA_ARRAY(program->arena, bool, graph->n_exprs + 1);
  for (uint32_t i = live.count; i-- > 0;) { /* readers before what they read */
    TensorId id = live.items[i];
    const Tensor *t = tensor_at(graph, id);
    if (t->kind == TENSOR_DEFINITION && !l->is_value[id]) reject_values(l, t->body, seen);
    const TensorId whole[] = {t->source, t->wrt, t->seed};
    for (int k = 0; k < 3; k++)
      if (whole[k] != TENSOR_NONE) l->is_value[whole[k]] = false;
  }
}

typedef struct Updates {
  Listing *l;
  uint32_t *place; /* per tensor: 1 + the first update of the entry that it is the value of */
  uint32_t *seen;  /* per expression: 1 + the last update whose value it was met in */
} Updates;

/* Of what update i reads in an expression; returns whether anything was rejected. */
static bool reject_later(const Updates *u, ExprId id, uint32_t i) {
  if (u->seen[id] == i + 1) return false;
  u->seen[id] = i + 1;
  const Expr *e = expr_at(u->l->program->graph, id);
  bool any = false;
  for (uint32_t k = 0; k < e->n_args; k++) any |= reject_later(u, e->args[k], i);
  if (e->fallback != EXPR_NONE) any |= reject_later(u, e->fallback, i);
  if (e->kind != EXPR_READ || !u->l->is_value[e->tensor]) return any;
  uint32_t place = u->place[e->tensor];
  if (place != 0 && place - 1 < i) return any;
  u->l->is_value[e->tensor] = false;
  return true;
}

/* Rejects what an update reads and its entry does not update before: there is no `s'` then. */
static bool reject_not_listed(Listing *l, const Entry *entry) {
  const Graph *graph = l->program->graph;
  Updates u = {l, ARENA_ARRAY(l->program->arena, uint32_t, graph->n_tensors + 1),
               ARENA_ARRAY(l->program->arena, uint32_t, graph->n_exprs + 1)};
  bool any = false;
  for (uint32_t i = entry->n_updates; i-- > 0;) u.place[entry->updates[i].value] = i + 1;
  for (uint32_t i = 0; i < entry->n_updates; i++) {
    TensorId value = entry->updates[i].value;
    if (l->is_value[value]) any |= reject_later(&u, tensor_at(graph, value)->body, i);
  }
  return any;
}

/* Made for one update, and read by nothing but other such values. */
static void find_values(Listing *l, TensorList live) {
  const Program *program = l->program;
  const Graph *graph = program->graph;
  bool *met = ARENA_ARRAY(program->arena, bool, graph->n_tensors + 1);
  for (uint32_t e = 0; e < program->n_entries; e++)
    for (uint32_t i = 0; i < program->entries[e].n_updates; i++) {
      TensorId value = program->entries[e].updates[i].value;
      const Tensor *t = tensor_at(graph, value);
      l->is_value[value] = t->kind == TENSOR_DEFINITION && is_primed(t->name) && !met[value];
      met[value] = true;
    }
  for (uint32_t e = 0; e < program->n_entries; e++)
    for (uint32_t i = 0; i < program->entries[e].n_outputs; i++)
      l->is_value[program->entries[e].outputs[i].tensor] = false;
  for (bool again = true; again;) {
    again = false;
    reject_read_elsewhere(l, live);
    for (uint32_t e = 0; e < program->n_entries; e++)
      again = reject_not_listed(l, &program->entries[e]) || again;
  }
}

/* Whether a read in it is inside by conditions only. In a branch of `where` such a read can get a
   default when it is elaborated, if what proves it inside is not simple (elaborate/guard.c). */
static bool depends_on_conditions(const Graph *graph, const Tensor *t, const int64_t *extents,
                                  ExprId id) {
  const Expr *e = expr_at(graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) {
    if (depends_on_conditions(graph, t, extents, e->args[i])) return true;
    const Expr *at = expr_at(graph, e->args[i]);
    if (e->kind != EXPR_READ || e->fallback != EXPR_NONE || at->kind == EXPR_CONST ||
        at->kind == EXPR_INDEX)
      continue;
    bool varies = false;
    for (uint32_t v = 0; v < t->rank; v++) varies = varies || expr_uses_index(graph, e->args[i], v);
    Interval range = expr_interval(graph, e->args[i], extents, t->rank + t->n_reduced);
    bool inside = range.low >= 0 && range.high < tensor_at(graph, e->tensor)->extents[i];
    if (varies && !inside) return true;
  }
  return e->fallback != EXPR_NONE && depends_on_conditions(graph, t, extents, e->fallback);
}

/* A reduction without a name of its own that one definition reads once, at plain indices. */
static void find_folded(Listing *l, TensorList live) {
  const Program *program = l->program;
  const Graph *graph = program->graph;
  Reads reads = find_reads(program, live);
  TensorList roots = program_roots(program, program->arena);
  for (uint32_t i = 0; i < roots.count; i++) reads.plain[roots.items[i]] = false;
  for (uint32_t i = 0; i < live.count; i++) {
    TensorId id = live.items[i];
    const Tensor *t = tensor_at(graph, id);
    bool fits = t->kind == TENSOR_DEFINITION && t->reduction != REDUCE_NONE && !t->named &&
                !t->is_adjoint && t->rule == NULL && reads.count[id] == 1 && reads.plain[id];
    for (uint32_t v = 0; v < t->rank && fits; v++) fits = expr_uses_index(graph, t->body, v);
    if (fits && reads.branch[id])
      fits = !depends_on_conditions(graph, t, tensor_index_extents(t, program->arena), t->body);
    l->folded[id] = fits;
  }
}

/* Initialisers are printed as one expression: all reductions in them are folded. */
static void find_folded_initials(Listing *l, const TensorId *ids, uint32_t n) {
  const Graph *graph = l->program->graph;
  for (uint32_t i = 0; i < n; i++) {
    TensorId initial = tensor_at(graph, ids[i])->initial;
    if (initial == TENSOR_NONE) continue;
    TensorList order = graph_order(graph, l->program->arena, &initial, 1);
    for (uint32_t k = 0; k < order.count; k++) {
      const Tensor *t = tensor_at(graph, order.items[k]);
      l->folded[order.items[k]] =
          order.items[k] != initial && t->kind == TENSOR_DEFINITION && t->reduction != REDUCE_NONE;
    }
  }
}

/* --- reverse rules --- */

/* What the program computes, and the shares in the rules of that. */
static EvaluationOrder order_with_rules(const Program *program) {
  Arena *arena = program->arena;
  const Graph *graph = program->graph;
  TensorList given = program_roots(program, arena);
  ARRAY(TensorId) roots = {0};
  bool *followed = ARENA_ARRAY(arena, bool, graph->n_tensors + 1);
  for (uint32_t i = 0; i < given.count; i++) ARRAY_PUSH(arena, &roots, given.items[i]);
  for (;;) {
    EvaluationOrder order = evaluation_order(graph, arena, roots.items, (uint32_t)roots.count);
    bool more = false;
    for (uint32_t i = 0; i < order.list.count; i++) {
      const OwnRule *rule = tensor_at(graph, order.list.items[i])->rule;
      if (rule == NULL || followed[order.list.items[i]]) continue;
      followed[order.list.items[i]] = more = true;
      for (uint32_t k = 0; k < rule->n; k++) ARRAY_PUSH(arena, &roots, rule->shares[k]);
    }
    if (!more) return order;
  }
}

/* The last seed that an expression depends on, into *last. seen: per expression, the last stamp. */
static void find_last_seed(const Listing *l, ExprId id, uint32_t stamp, uint32_t *seen,
                           TensorId *last) {
  const Expr *e = expr_at(l->program->graph, id);
  if (seen[id] == stamp) return;
  seen[id] = stamp;
  for (uint32_t i = 0; i < e->n_args; i++) find_last_seed(l, e->args[i], stamp, seen, last);
  if (e->fallback != EXPR_NONE) find_last_seed(l, e->fallback, stamp, seen, last);
  TensorId seed = e->kind == EXPR_READ ? l->block[e->tensor] : TENSOR_NONE;
  if (seed != TENSOR_NONE && (*last == TENSOR_NONE || seed > *last)) *last = seed;
}

static void find_blocks(Listing *l, TensorList live) {
  const Graph *graph = l->program->graph;
  for (TensorId id = 0; id < graph->n_tensors; id++) l->block[id] = TENSOR_NONE;
  uint32_t *seen = ARENA_ARRAY(l->program->arena, uint32_t, graph->n_exprs + 1);
  bool any = false;
  for (uint32_t i = 0; i < live.count; i++)
    any = any || tensor_at(graph, live.items[i])->kind == TENSOR_STAND_IN;
  for (uint32_t i = 0; i < 2 * live.count && any; i++) { /* twice, for recurrences */
    TensorId id = live.items[i % live.count];
    const Tensor *t = tensor_at(graph, id);
    if (t->kind == TENSOR_STAND_IN) l->block[id] = id;
    if (t->kind == TENSOR_DEFINITION) find_last_seed(l, t->body, i + 1, seen, &l->block[id]);
    const TensorId whole[] = {t->source, t->seed};
    for (int k = 0; k < 2; k++)
      if (whole[k] != TENSOR_NONE && l->block[whole[k]] != TENSOR_NONE)
        l->block[id] = l->block[whole[k]];
  }
}

Listing list_program(const Program *program) {
  Arena *arena = program->arena;
  const Graph *graph = program->graph;
  EvaluationOrder order = order_with_rules(program);
  TensorList live = order.list;
  Listing l = {.program = program,
               .folded = ARENA_ARRAY(arena, bool, graph->n_tensors + 1),
               .is_value = ARENA_ARRAY(arena, bool, graph->n_tensors + 1),
               .beside = ARENA_ARRAY(arena, bool, graph->n_tensors + 1),
               .block = ARENA_ARRAY(arena, TensorId, graph->n_tensors + 1),
               .groups = ARENA_ARRAY(arena, const Group *, graph->n_tensors + 1)};
  for (uint32_t i = 0; i < live.count; i++) l.groups[live.items[i]] = order.groups[i];
  find_blocks(&l, live);
  find_values(&l, live);
  find_folded(&l, live);
  find_folded_initials(&l, program->params, program->n_params);
  find_folded_initials(&l, program->states, program->n_states);
  order_definitions(&l, live);
  name_steps(&l);
  return l;
}
