/* A lookup commutes with a sum. Where what is looked up is summed over for each place that looks,
   it is summed once for each row of the table instead, when that is less:

       y[O] = sum[R](a(R, …) · E[e(P), R])     with P ⊂ O met in the index e alone, e of data

   becomes  table[v, …] = sum[R](a(R, …) · E[v, R]),   y[O] = table[e(P), …],

   whose values are the same, bit for bit. In derivatives a lookup is a sum with a bracket,
   E[e] = Σ_v [v = e] E[v], and a product with a bracket may be summed in any order:

       y[O] = sum[Q, …](a(Q, …) · E[e(Q), …])  becomes  y[O] = sum[v, …](picked[v, …] · E[v, …]),
       y[v, …] = sum[Q](where(v == e(Q), z[Q, …], 0)),  z a sum of products a(Q, k) · b(k, …),
                                               becomes  y[v, …] = sum[k](picked[v, k] · b(k, …)),

   both with picked[v, …] = sum[Q](where(v == e(Q), a(Q, …), 0)), a scatter-add. */
#include <string.h>
#include "graph/group.h"
#include "simplify/affine.h"
#include "simplify/passes.h"

enum { MAX_VARIABLES = 48, MAX_PRODUCT = 8 };

/* Index variables, in order. */
typedef struct Variables {
  uint32_t n;
  uint32_t items[MAX_VARIABLES];
} Variables;

/* A definition taken apart: its index variables, and those that are added to them. */
typedef struct Space {
  Graph *graph;
  uint32_t n;
  int64_t extents[MAX_VARIABLES];
  const char *names[MAX_VARIABLES];
} Space;

static bool open_space(Graph *graph, const Tensor *t, Space *s) {
  uint32_t n = t->rank + t->n_reduced;
  *s = (Space){.graph = graph, .n = n};
  if (n > MAX_VARIABLES / 2) return false;
  if (n > 0) memcpy(s->extents, tensor_index_extents(t, graph->arena), n * sizeof *s->extents);
  for (uint32_t v = 0; v < n && t->index_names != NULL; v++) s->names[v] = t->index_names[v];
  return true;
}

static uint32_t add_variable(Space *s, int64_t extent, const char *name) {
  s->extents[s->n] = extent;
  s->names[s->n] = name;
  return s->n++;
}

static bool has_variable(const Variables *list, uint32_t v) {
  for (uint32_t i = 0; i < list->n; i++)
    if (list->items[i] == v) return true;
  return false;
}

/* In the order in which they are met in an expression, so that equal definitions are made alike. */
static void collect_variables(const Graph *graph, ExprId id, Variables *list) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_INDEX && !has_variable(list, e->index)) list->items[list->n++] = e->index;
  for (uint32_t i = 0; i < e->n_args; i++) collect_variables(graph, e->args[i], list);
  if (e->fallback != EXPR_NONE) collect_variables(graph, e->fallback, list);
}

static bool uses_any(const Graph *graph, ExprId id, const Variables *list) {
  for (uint32_t i = 0; i < list->n; i++)
    if (expr_uses_index(graph, id, list->items[i])) return true;
  return false;
}

static double points_of(const Space *s, const Variables *list) {
  double points = 1;
  for (uint32_t i = 0; i < list->n; i++) points *= (double)s->extents[list->items[i]];
  return points;
}

static bool may_be_outside(const Space *s, ExprId id) {
  return reads_outside(s->graph, id, (Ranges){s->extents, s->n});
}

/* `t` over these outputs and reduced variables of the space, in their order. */
static void define_over(const Space *s, Tensor *t, const Variables *outputs,
                        const Variables *reduced, ExprId body) {
  Arena *arena = s->graph->arena;
  uint32_t n = outputs->n + reduced->n;
  int64_t *extents = ARENA_ARRAY(arena, int64_t, n + 1);
  const char **names = ARENA_ARRAY(arena, const char *, n + 1);
  ExprId with[MAX_VARIABLES];
  for (uint32_t v = 0; v < s->n; v++) with[v] = EXPR_NONE;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t v = i < outputs->n ? outputs->items[i] : reduced->items[i - outputs->n];
    extents[i] = s->extents[v];
    names[i] = s->names[v];
    with[v] = expr_index(s->graph, i);
  }
  t->rank = outputs->n;
  t->n_reduced = reduced->n;
  t->extents = extents;
  t->reduced_extents = extents + outputs->n;
  t->index_names = names;
  body = expr_substitute(s->graph, body, with, s->n);
  t->body = normalize_indices(s->graph, body, (Ranges){extents, n});
}

/* A definition of its own for a part of t; the read of it. */
static ExprId define_part(const Space *s, const Tensor *t, const char *what,
                          const Variables *outputs, const Variables *reduced, ExprId body) {
  Tensor part = *t;
  part.name = arena_printf(s->graph->arena, "%s.%s", t->name, what);
  part.named = part.is_adjoint = false;
  define_over(s, &part, outputs, reduced, body);
  TensorId id = graph_add(s->graph, part);
  ExprId at[MAX_VARIABLES];
  for (uint32_t i = 0; i < outputs->n; i++) at[i] = expr_index(s->graph, outputs->items[i]);
  return expr_read(s->graph, id, at, outputs->n, EXPR_NONE);
}

/* --- lookups --- */

/* An index that data decides, and the extent of the axis that it is used on. */
typedef struct Lookup {
  ExprId at;
  int64_t extent;
} Lookup;

/* The first one met that index variables decide too, and that no condition stands around. */
static bool find_lookup(const Graph *graph, ExprId id, Lookup *found) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_OP && e->op == OP_WHERE) return false;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (find_lookup(graph, e->args[i], found)) return true;
  if (e->kind != EXPR_READ || e->fallback != EXPR_NONE) return false;
  for (uint32_t i = 0; i < e->n_args; i++) {
    Variables used = {.n = 0};
    if (!expr_reads_data(graph, e->args[i])) continue;
    collect_variables(graph, e->args[i], &used);
    if (used.n == 0) continue;
    *found = (Lookup){e->args[i], tensor_at(graph, e->tensor)->extents[i]};
    return true;
  }
  return false;
}

/* The expression with variable v in the place of the lookup, wherever it is an index on an axis of
   that extent. */
static ExprId without_lookup(Graph *graph, ExprId id, const Lookup *lookup, uint32_t v) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) {
    bool here = e.kind == EXPR_READ && e.fallback == EXPR_NONE && e.args[i] == lookup->at &&
                tensor_at(graph, e.tensor)->extents[i] == lookup->extent;
    args[i] = here ? expr_index(graph, v) : without_lookup(graph, e.args[i], lookup, v);
  }
  ExprId fallback =
      e.fallback == EXPR_NONE ? EXPR_NONE : without_lookup(graph, e.fallback, lookup, v);
  return expr_rebuild(graph, id, args, fallback);
}

/* The reduction for each row of the table, and a lookup of it. */
static bool make_table(Graph *graph, TensorId id) {
  const Tensor t = *tensor_at(graph, id);
  Space s;
  Lookup lookup;
  if (!open_space(graph, &t, &s) || !find_lookup(graph, t.body, &lookup)) return false;
  uint32_t v = add_variable(&s, lookup.extent, NULL);
  ExprId body = without_lookup(graph, t.body, &lookup, v);
  if (may_be_outside(&s, lookup.at) || may_be_outside(&s, body)) return false;
  Variables outputs = {.n = 1, .items = {v}}, gone = {.n = 0}, reduced = {.n = 0};
  for (uint32_t i = 0; i < t.rank + t.n_reduced; i++) {
    Variables *list = i >= t.rank                         ? &reduced
                      : expr_uses_index(graph, body, i)   ? &outputs
                      : expr_uses_index(graph, t.body, i) ? &gone
                                                          : NULL;
    if (list == NULL || (i >= t.rank && !expr_uses_index(graph, body, i))) return false;
    list->items[list->n++] = i;
  }
  if (2 * (double)lookup.extent > points_of(&s, &gone)) return false;
  ExprId with[MAX_VARIABLES];
  for (uint32_t i = 0; i < s.n; i++) with[i] = i == v ? lookup.at : EXPR_NONE;
  ExprId read = define_part(&s, &t, "table", &outputs, &reduced, body);
  ExprId looked_up = expr_substitute(graph, read, with, s.n);
  Tensor *place = tensor_at(graph, id);
  place->reduction = REDUCE_NONE;
  place->n_reduced = 0;
  place->body = looked_up;
  return true;
}

/* --- products with a bracket --- */

/* Σ over R of [v = at] · Π factors; v is an output, or summed over. */
typedef struct Picking {
  Space space;
  uint32_t v;
  ExprId at;
  Variables outputs, reduced; /* reduced: v too, if it is summed over */
  ExprId factors[MAX_PRODUCT];
  uint32_t n;
  double before; /* how many products there are as it stands */
} Picking;

/* Sums what the bracket's indices are met in first, and the rest with what that gives. */
static bool pick_first(Graph *graph, TensorId id, const Picking *p) {
  const Tensor t = *tensor_at(graph, id);
  const Space *s = &p->space;
  Variables picked = {.n = 0}, met = {.n = 0}, outputs = {.n = 1, .items = {p->v}};
  Variables rest = {.n = 0}, all = p->outputs;
  ExprId first[MAX_PRODUCT], others[MAX_PRODUCT + 1];
  uint32_t n_first = 0, n_others = 1;
  collect_variables(graph, p->at, &picked);
  for (uint32_t i = 0; i < picked.n; i++)
    if (!has_variable(&p->reduced, picked.items[i])) return false;
  for (uint32_t i = 0; i < p->n; i++) {
    if (uses_any(graph, p->factors[i], &picked))
      first[n_first++] = p->factors[i];
    else
      others[n_others++] = p->factors[i];
  }
  if (n_first == 0 || n_others == 1) return false;
  ExprId inner = expr_product(graph, first, n_first);
  collect_variables(graph, inner, &met);
  for (uint32_t i = 0; i < met.n; i++)
    if (met.items[i] != p->v && !has_variable(&picked, met.items[i]))
      outputs.items[outputs.n++] = met.items[i];
  for (uint32_t i = 0; i < p->reduced.n; i++) {
    uint32_t v = p->reduced.items[i];
    if (has_variable(&picked, v)) continue;
    rest.items[rest.n++] = all.items[all.n++] = v;
  }
  double scattered = points_of(s, &picked) * points_of(s, &outputs) / (double)s->extents[p->v];
  if (rest.n == 0 || 2 * (scattered + points_of(s, &all)) > p->before) return false;
  ExprId bracket =
      expr_op2(graph, OP_EQ, expr_index(graph, p->v), expr_cast(graph, TYPE_I32, p->at));
  inner = expr_op3(graph, OP_WHERE, bracket, inner, expr_number(graph, t.type, 0));
  others[0] = define_part(s, &t, "picked", &outputs, &picked, inner);
  Tensor after = t;
  define_over(s, &after, &p->outputs, &rest, expr_product(graph, others, n_others));
  *tensor_at(graph, id) = after;
  return true;
}

static void take_variables(const Tensor *t, Picking *p) {
  for (uint32_t i = 0; i < t->rank + t->n_reduced; i++) {
    Variables *list = i < t->rank ? &p->outputs : &p->reduced;
    list->items[list->n++] = i;
  }
}

/* E[e] = Σ_v [v = e] E[v] */
static bool pick_rows(Graph *graph, TensorId id) {
  const Tensor t = *tensor_at(graph, id);
  Picking p = {.n = 0};
  Lookup lookup;
  if (!open_space(graph, &t, &p.space) || !find_lookup(graph, t.body, &lookup)) return false;
  take_variables(&t, &p);
  p.before = points_of(&p.space, &p.outputs) * points_of(&p.space, &p.reduced);
  p.v = add_variable(&p.space, lookup.extent, NULL);
  p.at = lookup.at;
  p.reduced.items[p.reduced.n++] = p.v;
  ExprId product = without_lookup(graph, t.body, &lookup, p.v);
  return !may_be_outside(&p.space, p.at) && !may_be_outside(&p.space, product) &&
         expr_factors(graph, product, p.factors, &p.n, MAX_PRODUCT) && pick_first(graph, id, &p);
}

/* Whether it reads a sum of products that nothing else does, at index variables other than v. */
static bool reads_own_sum(const Live *live, const Expr *read, uint32_t v) {
  const Graph *graph = live->program->graph;
  Variables at = {.n = 1, .items = {v}};
  if (read->kind != EXPR_READ || read->fallback != EXPR_NONE) return false;
  const Tensor *z = tensor_at(graph, read->tensor);
  if (z->kind != TENSOR_DEFINITION || z->reduction != REDUCE_SUM || z->named || !z->derived ||
      z->rank + z->n_reduced > MAX_VARIABLES / 2 || live->is_root[read->tensor] ||
      live->readers[read->tensor] != 1)
    return false;
  for (uint32_t i = 0; i < read->n_args; i++) {
    const Expr *index = expr_at(graph, read->args[i]);
    if (index->kind != EXPR_INDEX || has_variable(&at, index->index)) return false;
    at.items[at.n++] = index->index;
  }
  return true;
}

/* The products of z in the place of z[Q, …]; the sum has z's reduced variables then. */
static ExprId with_products(Graph *graph, const Expr *read, Picking *p) {
  const Tensor z = *tensor_at(graph, read->tensor);
  const int64_t *extents = tensor_index_extents(&z, graph->arena);
  ExprId with[MAX_VARIABLES];
  p->before = (double)tensor_size(&z);
  for (uint32_t i = 0; i < z.rank; i++) with[i] = read->args[i];
  for (uint32_t i = z.rank; i < z.rank + z.n_reduced; i++) {
    const char *name = z.index_names == NULL ? NULL : z.index_names[i];
    uint32_t k = add_variable(&p->space, extents[i], name);
    with[i] = expr_index(graph, k);
    p->reduced.items[p->reduced.n++] = k;
    p->before *= (double)extents[i];
  }
  return expr_substitute(graph, z.body, with, z.rank + z.n_reduced);
}

/* Σ_Q [v = e(Q)] of products, or of a sum of products. */
static bool pick_products(const Live *live, TensorId id) {
  Graph *graph = live->program->graph;
  const Tensor t = *tensor_at(graph, id);
  const Expr body = *expr_at(graph, t.body);
  Picking p = {.n = 0};
  if (body.kind != EXPR_OP || body.op != OP_WHERE || !expr_is_number(graph, body.args[2], 0))
    return false;
  const Expr bracket = *expr_at(graph, body.args[0]), read = *expr_at(graph, body.args[1]);
  if (bracket.kind != EXPR_OP || bracket.op != OP_EQ || !open_space(graph, &t, &p.space))
    return false;
  int side = expr_at(graph, bracket.args[0])->kind == EXPR_INDEX ? 0 : 1;
  const Expr v = *expr_at(graph, bracket.args[side]);
  p.at = bracket.args[1 - side];
  if (v.kind != EXPR_INDEX || v.index >= t.rank || !expr_reads_data(graph, p.at)) return false;
  p.v = v.index;
  take_variables(&t, &p);
  p.before = points_of(&p.space, &p.outputs) * points_of(&p.space, &p.reduced) /
             (double)p.space.extents[p.v];
  ExprId product = body.args[1];
  if (reads_own_sum(live, &read, p.v)) product = with_products(graph, &read, &p);
  return !may_be_outside(&p.space, p.at) && !may_be_outside(&p.space, product) &&
         expr_factors(graph, product, p.factors, &p.n, MAX_PRODUCT) && pick_first(graph, id, &p);
}

bool move_lookups(Program *program) {
  Graph *graph = program->graph;
  TensorList roots = program_roots(program, program->arena);
  EvaluationOrder order = evaluation_order(graph, program->arena, roots.items, roots.count);
  Live live = find_live(program);
  bool changed = false;
  for (uint32_t i = 0; i < order.list.count; i++) {
    TensorId id = order.list.items[i];
    const Tensor *t = tensor_at(graph, id);
    if (t->kind != TENSOR_DEFINITION || t->reduction == REDUCE_NONE || order.groups[i] != NULL)
      continue; /* a step of a recurrence stays one */
    bool derived = t->derived && t->reduction == REDUCE_SUM;
    changed |=
        make_table(graph, id) || (derived && (pick_rows(graph, id) || pick_products(&live, id)));
  }
  return changed;
}
