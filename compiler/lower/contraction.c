/* Contractions, found by index sets and not by name:

       y[O] = sum over K of a · b,    a and b read at plain index variables

   An output index of a alone or b alone is free (M, N), a reduced one of both is K, an output one
   of both runs outside (batch). A factor that is no plain read, and one used many times over,
   becomes a definition of its own: it is then computed once, not once for each use. */
#include <string.h>
#include "lower/work.h"

enum { MAX_FACTORS = 8, LEAST_WORK = 128 /* multiplications; less is a plain loop */ };

/* The product of items where all conditions hold, else 0. The conditions are on indices alone. */
typedef struct Factors {
  ExprId items[MAX_FACTORS], conditions[MAX_FACTORS];
  uint32_t n, n_conditions;
} Factors;

static bool add_condition(const Graph *g, ExprId id, Factors *f) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_OP && e->op == OP_AND)
    return add_condition(g, e->args[0], f) && add_condition(g, e->args[1], f);
  if (f->n_conditions == MAX_FACTORS) return false;
  f->conditions[f->n_conditions++] = id;
  return true;
}

static bool flatten(const Graph *g, ExprId id, Factors *f) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_OP && e->op == OP_MUL)
    return flatten(g, e->args[0], f) && flatten(g, e->args[1], f);
  if (e->kind == EXPR_OP && e->op == OP_WHERE && expr_is_number(g, e->args[2], 0) &&
      !expr_reads_data(g, e->args[0]))
    return add_condition(g, e->args[0], f) && flatten(g, e->args[1], f);
  if (f->n == MAX_FACTORS) return false;
  f->items[f->n++] = id;
  return true;
}

IndexSet indices_of(const Graph *g, ExprId id) {
  const Expr *e = expr_at(g, id);
  IndexSet set = 0;
  if (e->kind == EXPR_INDEX) return (IndexSet)1 << e->index;
  for (uint32_t i = 0; i < e->n_args; i++) set |= indices_of(g, e->args[i]);
  if (e->fallback != EXPR_NONE) set |= indices_of(g, e->fallback);
  return set;
}

bool is_of_indices(const Graph *g, const Affine *a) {
  for (uint32_t k = 0; k < a->n; k++)
    if (expr_at(g, a->terms[k].atom)->kind != EXPR_INDEX) return false;
  return true;
}

/* Of the factors but one: with most indices that are not in `besides`, or else with most. */
static uint32_t richest(const Graph *g, const Factors *f, uint32_t but, IndexSet besides) {
  uint32_t best = NO_INDEX;
  int most = 0;
  for (uint32_t i = 0; i < f->n; i++) {
    int indices = __builtin_popcountll(indices_of(g, f->items[i]) & ~besides);
    if (i == but || indices <= most) continue;
    best = i;
    most = indices;
  }
  return best == NO_INDEX && besides != 0 ? richest(g, f, but, 0) : best;
}

/* The factors as two products: the one with most indices, and the one with most others; of a matrix
   and a vector it has none. */
static bool pair_up(Graph *g, const Factors *f, ExprId pair[2]) {
  IndexSet sets[2] = {0, 0};
  uint32_t chosen[2] = {richest(g, f, NO_INDEX, 0), NO_INDEX};
  if (chosen[0] == NO_INDEX) return false;
  sets[0] = indices_of(g, f->items[chosen[0]]);
  chosen[1] = richest(g, f, chosen[0], sets[0]);
  if (chosen[1] == NO_INDEX) return false;
  sets[1] = indices_of(g, f->items[chosen[1]]);
  pair[0] = f->items[chosen[0]];
  pair[1] = f->items[chosen[1]];
  for (uint32_t i = 0; i < f->n; i++) {
    if (i == chosen[0] || i == chosen[1]) continue;
    IndexSet set = indices_of(g, f->items[i]);
    uint32_t side = (set & ~sets[1]) == 0 ? 1 : 0;
    if ((set & ~sets[side]) != 0) return false;
    pair[side] = expr_op2(g, OP_MUL, pair[side], f->items[i]);
  }
  return true;
}

/* Every index is an output of one or both, or reduced in both; one is reduced, and each factor's
   own output index gives something to tile. */
static bool has_structure(const Node *n, IndexSet a, IndexSet b) {
  bool reduced = false, free_index = false;
  int64_t work = 1;
  for (uint32_t v = 0; v < n->rank + n->n_reduced; v++) {
    bool in_a = a >> v & 1, in_b = b >> v & 1;
    work *= n->extents[v];
    if (v >= n->rank && !(in_a && in_b)) return false;
    if (v < n->rank && !in_a && !in_b && n->extents[v] > 1) return false;
    reduced = reduced || v >= n->rank;
    free_index = free_index || (in_a != in_b && n->extents[v] >= 4);
  }
  return reduced && free_index && work >= LEAST_WORK;
}

/* Whether tiles can read it where it lies: at sums of index variables that are inside for all of
   their values. */
static bool is_direct_read(Work *w, const Node *n, ExprId id) {
  const Expr e = *expr_at(w->graph, id);
  if (e.kind != EXPR_READ || e.fallback != EXPR_NONE || !read_is_inside(w, n, &e)) return false;
  for (uint32_t i = 0; i < e.n_args; i++) {
    Affine at = affine_of(w->graph, e.args[i], node_ranges(n));
    if (!is_of_indices(w->graph, &at)) return false;
  }
  return true;
}

uint32_t lane_axis(const Work *w, const Node *n, ExprId read, uint32_t v) {
  const Expr *e = expr_at(w->graph, read);
  uint32_t axis = NO_INDEX;
  for (uint32_t i = 0; i < e->n_args; i++) {
    Affine at = affine_of(w->graph, e->args[i], node_ranges(n));
    for (uint32_t k = 0; k < at.n; k++) {
      if (expr_at(w->graph, at.terms[k].atom)->index != v) continue;
      if (axis != NO_INDEX || at.terms[k].factor != 1) return NO_INDEX;
      axis = i;
    }
  }
  return axis;
}

/* --- conditions --- */

/* 0 for what is read outside: where that happens, a condition does not hold. */
static ExprId with_default(Work *w, const Node *n, ExprId id) {
  Graph *g = w->graph;
  const Expr e = *expr_at(g, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  if (e.kind == EXPR_READ) {
    if (e.fallback != EXPR_NONE || !type_is_real(e.type) || read_is_inside(w, n, &e)) return id;
    return expr_read(g, e.tensor, e.args, e.n_args, expr_number(g, e.type, 0));
  }
  ExprId *args = ARENA_ARRAY(w->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = with_default(w, n, e.args[i]);
  return expr_rebuild(g, id, args, EXPR_NONE);
}

/* where(c, a · b, 0) = where(c, a, 0) · b, for each of the conditions, and for both factors if they
   have the indices. */
static bool attach_conditions(Work *w, const Node *n, const Factors *f, ExprId pair[2]) {
  Graph *g = w->graph;
  IndexSet sets[2] = {indices_of(g, pair[0]), indices_of(g, pair[1])};
  for (int side = 0; side < 2 && f->n_conditions > 0; side++)
    pair[side] = with_default(w, n, pair[side]);
  for (uint32_t i = 0; i < f->n_conditions; i++) {
    IndexSet set = indices_of(g, f->conditions[i]);
    bool attached = false;
    for (int side = 0; side < 2; side++) {
      if ((set & ~sets[side]) != 0) continue;
      ExprId zero = expr_number(g, n->type, 0);
      pair[side] = expr_op3(g, OP_WHERE, f->conditions[i], pair[side], zero);
      attached = true;
    }
    if (!attached) return false;
  }
  return true;
}

/* The conditions around the whole product, on outputs alone, that only one factor has the indices
   of: there the other one, be it infinite, does not count. EXPR_NONE: there is none. */
static ExprId conditions_outside(Graph *g, const Node *n, const ExprId pair[2]) {
  IndexSet common = indices_of(g, pair[0]) & indices_of(g, pair[1]);
  ExprId all = EXPR_NONE;
  for (Expr e = *expr_at(g, n->body); e.kind == EXPR_OP && e.op == OP_WHERE;
       e = *expr_at(g, e.args[1])) {
    Factors f = {.n = 0};
    if (!add_condition(g, e.args[0], &f)) return EXPR_NONE;
    for (uint32_t i = 0; i < f.n_conditions; i++) {
      IndexSet set = indices_of(g, f.conditions[i]);
      if (set >> n->rank != 0 || (set & ~common) == 0) continue;
      all = all == EXPR_NONE ? f.conditions[i] : expr_op2(g, OP_AND, all, f.conditions[i]);
    }
  }
  return all;
}

static void set_contraction(Work *w, uint32_t i, Contraction *c, const ExprId pair[2]) {
  Node *node = node_at(w, i);
  c->left = pair[0];
  c->right = pair[1];
  node->contraction = c;
  node->body = expr_op2(w->graph, OP_MUL, pair[0], pair[1]);
  collect_reads(w, node);
}

/* `inner`: its conditions on outputs stand around it already. */
static void find_contraction(Work *w, uint32_t i, bool inner) {
  Graph *g = w->graph;
  Factors f = {.n = 0};
  ExprId pair[2];
  const Node n = *node_at(w, i);
  if (n.reduction != REDUCE_SUM || !type_is_real(n.type) || n.rank + n.n_reduced > 60) return;
  if (!flatten(g, n.body, &f) || f.n < 2 || !pair_up(g, &f, pair)) return;
  if (!has_structure(&n, indices_of(g, pair[0]), indices_of(g, pair[1]))) return;
  Contraction *c = ARENA_NEW(w->arena, Contraction);
  *c = (Contraction){.row = NO_INDEX, .lane = NO_INDEX};
  if (limit_loops(w, &n, f.conditions, f.n_conditions, pair, c)) {
    c->unlimited = n.body;
    set_contraction(w, i, c, pair);
    return;
  }
  ExprId outside = inner ? EXPR_NONE : conditions_outside(g, &n, pair);
  if (!attach_conditions(w, &n, &f, pair)) return;
  if (outside != EXPR_NONE) {
    find_contraction(w, take_condition_out(w, i, outside, n.body, "product"), true);
    return;
  }
  for (int side = 0; side < 2; side++)
    if (!is_direct_read(w, &n, pair[side])) pair[side] = define_factor(w, &n, pair[side], "factor");
  set_contraction(w, i, c, pair);
}

void find_contractions(Work *w) {
  size_t n = w->nodes.count;
  find_recurrences(w); /* as far as the nodes go by now: limits.c asks for steps */
  for (size_t i = 0; i < n; i++) find_contraction(w, (uint32_t)i, false);
  for (size_t i = 0; i < w->nodes.count; i++) node_at(w, (uint32_t)i)->recurrence = NULL;
}
