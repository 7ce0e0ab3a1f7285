/* Sharing: equal definitions become one, and dear subexpressions that stand in several definitions
   become a definition that those read. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "graph/scalar_ops.h"
#include "simplify/affine.h"
#include "simplify/passes.h"

/* --- copies --- */

/* The tensor that a definition repeats element by element; TENSOR_NONE when it does more. */
static TensorId copied(const Graph *graph, const Tensor *t) {
  if (t->kind != TENSOR_DEFINITION || t->reduction != REDUCE_NONE) return TENSOR_NONE;
  const Expr *e = expr_at(graph, t->body);
  if (e->kind != EXPR_READ || e->fallback != EXPR_NONE || e->n_args != t->rank) return TENSOR_NONE;
  for (uint32_t i = 0; i < t->rank; i++) {
    const Expr *at = expr_at(graph, e->args[i]);
    if (at->kind != EXPR_INDEX || at->index != i ||
        tensor_at(graph, e->tensor)->extents[i] != t->extents[i])
      return TENSOR_NONE;
  }
  return e->tensor;
}

static void replace_in_entries(Program *program, const TensorId *with) {
  for (uint32_t e = 0; e < program->n_entries; e++) {
    Entry *entry = &program->entries[e];
    for (uint32_t i = 0; i < entry->n_outputs; i++) {
      TensorId id = with[entry->outputs[i].tensor];
      entry->outputs[i] = (Output){tensor_at(program->graph, id)->name, id};
    }
    for (uint32_t i = 0; i < entry->n_updates; i++)
      entry->updates[i].value = with[entry->updates[i].value];
  }
}

/* What was made on the way to a name or a result has that name now: m for m.max. */
static void take_name(const Live *live, TensorId source, TensorId copy) {
  Graph *graph = live->program->graph;
  const char *name = tensor_at(graph, copy)->name;
  const char *made = tensor_at(graph, source)->name;
  size_t length = strlen(name);
  bool below = strncmp(made, name, length) == 0 && made[length] == '.';
  TensorKind kind = tensor_at(graph, source)->kind;
  if ((kind != TENSOR_DEFINITION && kind != TENSOR_RESHAPE) || tensor_at(graph, source)->named ||
      live->is_root[source])
    return;
  if (!below && !live->is_root[copy]) return;
  graph_rename(graph, copy, arena_printf(graph->arena, "%s.copy", name));
  graph_rename(graph, source, name);
}

bool drop_copies(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  TensorId *with = ARENA_ARRAY(graph->arena, TensorId, graph->n_tensors + 1);
  bool changed = false;
  for (TensorId id = 0; id < graph->n_tensors; id++) with[id] = id;
  for (uint32_t i = 0; i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    const Tensor t = *tensor_at(graph, id);
    if (t.kind == TENSOR_RESHAPE) tensor_at(graph, id)->source = with[t.source];
    if (t.kind == TENSOR_DEFINITION && changed)
      tensor_at(graph, id)->body = replace_tensors(graph, t.body, with);
    TensorId source = copied(graph, tensor_at(graph, id));
    if (source == TENSOR_NONE || (t.named && t.rank > 0)) continue;
    with[id] = source;
    take_name(&live, source, id);
    changed = true;
  }
  if (changed) replace_in_entries(program, with);
  return changed;
}

/* --- equal definitions --- */

/* Equal text for tensors that are equal but for their names. */
static const char *definition_key(Arena *arena, const Tensor *t) {
  Text key = text_new(arena);
  text_printf(&key, "%d %d %d %u %u", (int)t->kind, (int)t->type, (int)t->reduction, t->body,
              t->source);
  for (uint32_t i = 0; i < t->rank; i++) text_printf(&key, " %" PRId64, t->extents[i]);
  text_add(&key, " |");
  for (uint32_t i = 0; i < t->n_reduced; i++) text_printf(&key, " %" PRId64, t->reduced_extents[i]);
  return text_string(&key);
}

bool merge_equal(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  Map known = map_new(graph->arena);
  TensorId *with = ARENA_ARRAY(graph->arena, TensorId, graph->n_tensors + 1);
  bool changed = false;
  for (TensorId id = 0; id < graph->n_tensors; id++) with[id] = id;
  for (uint32_t i = 0; i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    Tensor *t = tensor_at(graph, id);
    if (t->kind != TENSOR_DEFINITION && t->kind != TENSOR_RESHAPE) continue;
    if (t->kind == TENSOR_RESHAPE) t->source = with[t->source];
    if (changed && t->kind == TENSOR_DEFINITION) t->body = replace_tensors(graph, t->body, with);
    const char *key = definition_key(graph->arena, t);
    const TensorId *first = map_get(&known, key);
    if (first == NULL) {
      TensorId *place = ARENA_NEW(graph->arena, TensorId);
      *place = id;
      map_set(&known, key, place);
    } else if (!t->named && !live.is_root[id]) {
      with[id] = *first;
      changed = true;
    }
  }
  return changed;
}

/* --- dear subexpressions --- */

/* An expression with the index variables it uses numbered 0, 1, … in their order: what two
   definitions compute at different index variables compares equal. */
typedef struct Canonical {
  ExprId expr;
  uint32_t n;           /* index variables used */
  const uint32_t *used; /* their numbers in the definition */
  const int64_t *extents;
} Canonical;

typedef struct Candidate {
  Canonical canonical;
  TensorId first;    /* the definition where it was met first */
  uint32_t met;      /* in how many definitions */
  TensorId existing; /* a definition whose whole body it is; TENSOR_NONE */
  uint32_t size;     /* nodes of the expression */
} Candidate;

typedef struct Sharing {
  Program *program;
  Map candidates; /* key → Candidate * */
  ARRAY(Candidate *) list;
  uint32_t *seen; /* per expression: 1 + the tensor it was last counted in */
} Sharing;

bool is_transcendental(const Expr *e) {
  return e->kind == EXPR_OP && (scalar_ops[e->op].flags & OP_DEAR) != 0 && e->n_args == 1;
}

static Canonical canonicalize(Graph *graph, ExprId id, const Tensor *t) {
  uint32_t n = t->rank + t->n_reduced;
  const int64_t *extents = tensor_index_extents(t, graph->arena);
  ExprId *map = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  uint32_t *used = ARENA_ARRAY(graph->arena, uint32_t, n + 1);
  int64_t *used_extents = ARENA_ARRAY(graph->arena, int64_t, n + 1);
  uint32_t count = 0;
  for (uint32_t v = 0; v < n; v++) {
    map[v] = EXPR_NONE;
    if (!expr_uses_index(graph, id, v)) continue;
    used[count] = v;
    used_extents[count] = extents[v];
    map[v] = expr_index(graph, count++);
  }
  return (Canonical){expr_substitute(graph, id, map, n), count, used, used_extents};
}

static const char *canonical_key(Arena *arena, const Canonical *c) {
  Text key = text_new(arena);
  text_printf(&key, "%u", c->expr);
  for (uint32_t i = 0; i < c->n; i++) text_printf(&key, " %" PRId64, c->extents[i]);
  return text_string(&key);
}

static uint32_t expr_size(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  uint32_t size = 1;
  for (uint32_t i = 0; i < e->n_args; i++) size += expr_size(graph, e->args[i]);
  return size;
}

static void count_dear(Sharing *s, TensorId id, ExprId e) {
  Graph *graph = s->program->graph;
  const Expr node = *expr_at(graph, e);
  /* expressions made while counting are copies of ones that were seen */
  if (s->seen[e] == id + 1) return;
  s->seen[e] = id + 1;
  for (uint32_t i = 0; i < node.n_args; i++) count_dear(s, id, node.args[i]);
  if (node.fallback != EXPR_NONE) count_dear(s, id, node.fallback);
  if (!is_transcendental(&node)) return;
  const Tensor t = *tensor_at(graph, id);
  Ranges ranges = {tensor_index_extents(&t, graph->arena), t.rank + t.n_reduced};
  if (reads_outside(graph, e, ranges)) return;
  Canonical canonical = canonicalize(graph, e, &t);
  const char *key = canonical_key(graph->arena, &canonical);
  Candidate *candidate = map_get(&s->candidates, key);
  if (candidate == NULL) {
    candidate = ARENA_NEW(graph->arena, Candidate);
    *candidate = (Candidate){canonical, id, 0, TENSOR_NONE, expr_size(graph, canonical.expr)};
    map_set(&s->candidates, key, candidate);
    ARRAY_PUSH(graph->arena, &s->list, candidate);
  }
  candidate->met++;
  if (t.body == e && t.reduction == REDUCE_NONE && canonical.n == t.rank) candidate->existing = id;
}

static bool is_shared(const Candidate *c) { return c->met >= 2 && c->canonical.n > 0; }

/* `cross_entropy.exp` for an exp first met in cross_entropy.t */
static const char *shared_name(Graph *graph, const Candidate *c) {
  const char *name = tensor_at(graph, c->first)->name;
  const char *dot = strrchr(name, '.');
  const char *op = scalar_ops[expr_at(graph, c->canonical.expr)->op].name;
  if (dot == NULL) return arena_printf(graph->arena, "%s.%s", name, op);
  return arena_printf(graph->arena, "%.*s.%s", (int)(dot - name), name, op);
}

static TensorId define_shared(Sharing *s, const Candidate *c) {
  Graph *graph = s->program->graph;
  const Tensor first = *tensor_at(graph, c->first);
  Tensor t = tensor_new(TENSOR_DEFINITION, expr_at(graph, c->canonical.expr)->type);
  t.rank = c->canonical.n;
  t.extents = c->canonical.extents;
  t.body = c->canonical.expr;
  const char **names = ARENA_ARRAY(graph->arena, const char *, t.rank + 1);
  for (uint32_t i = 0; i < t.rank && first.index_names != NULL; i++)
    names[i] = first.index_names[c->canonical.used[i]];
  t.index_names = names;
  t.span = first.span;
  t.use = first.use;
  t.origin = first.origin;
  t.auxiliary = true;
  t.adjoint_from = first.adjoint_from;
  t.name = shared_name(graph, c);
  return graph_add(graph, t);
}

typedef struct Replacement {
  Graph *graph;
  TensorId id;
  const Tensor *tensor;
  const Map *with; /* key → TensorId *: what stands for the expression */
  bool changed;
} Replacement;

static ExprId replace_dear(Replacement *r, ExprId id) {
  Graph *graph = r->graph;
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  if (is_transcendental(&e)) {
    Canonical c = canonicalize(graph, id, r->tensor);
    const TensorId *with = map_get(r->with, canonical_key(graph->arena, &c));
    if (with != NULL && *with != r->id) {
      ExprId *at = ARENA_ARRAY(graph->arena, ExprId, c.n + 1);
      for (uint32_t i = 0; i < c.n; i++) at[i] = expr_index(graph, c.used[i]);
      r->changed = true;
      return expr_read(graph, *with, at, c.n, EXPR_NONE);
    }
  }
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = replace_dear(r, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : replace_dear(r, e.fallback);
  return expr_rebuild(graph, id, args, fallback);
}

/* The size of the largest that several definitions compute; 0: there are none. */
static uint32_t largest_shared(const Sharing *s) {
  uint32_t largest = 0;
  for (size_t i = 0; i < s->list.count; i++) {
    const Candidate *c = s->list.items[i];
    if (is_shared(c) && c->size > largest) largest = c->size;
  }
  return largest;
}

/* Those of one size, which do not stand in each other, become definitions together: a model of many
   equal blocks has many of them. */
static Map define_largest(Sharing *s, uint32_t size) {
  Arena *arena = s->program->graph->arena;
  Map with = map_new(arena);
  for (size_t i = 0; i < s->list.count; i++) {
    const Candidate *c = s->list.items[i];
    if (!is_shared(c) || c->size != size) continue;
    TensorId *place = ARENA_NEW(arena, TensorId);
    *place = c->existing != TENSOR_NONE ? c->existing : define_shared(s, c);
    map_set(&with, canonical_key(arena, &c->canonical), place);
  }
  return with;
}

bool share_dear(Program *program) {
  Graph *graph = program->graph;
  bool changed = false;
  for (;;) {
    Live live = find_live(program);
    /* counting makes canonical copies; room for one a node */
    Sharing s = {.program = program,
                 .candidates = map_new(graph->arena),
                 .seen = ARENA_ARRAY(graph->arena, uint32_t, 4 * graph->n_exprs + 1)};
    for (uint32_t i = 0; i < live.order.count; i++) {
      TensorId id = live.order.items[i];
      if (tensor_at(graph, id)->kind == TENSOR_DEFINITION)
        count_dear(&s, id, tensor_at(graph, id)->body);
    }
    uint32_t largest = largest_shared(&s);
    if (largest == 0) return changed;
    Map with = define_largest(&s, largest);
    for (uint32_t i = 0; i < live.order.count; i++) {
      TensorId id = live.order.items[i];
      const Tensor t = *tensor_at(graph, id);
      if (t.kind != TENSOR_DEFINITION) continue;
      Replacement r = {graph, id, &t, &with, false};
      ExprId body = replace_dear(&r, t.body);
      if (r.changed) tensor_at(graph, id)->body = body;
    }
    changed = true;
  }
}
