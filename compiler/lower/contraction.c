/* Contractions, found by index sets and not by name:

       y[O] = sum over K of a · b,    a and b read at plain index variables

   An output index of a alone or b alone is free (M, N), a reduced one of both is K, an output one
   of both runs outside (batch). A factor that is no plain read, and one used many times over,
   becomes a definition of its own: it is then computed once, not once for each use. */
#include <string.h>
#include "lower/work.h"

enum { MAX_FACTORS = 8, LEAST_WORK = 512 /* multiplications; less is a plain loop */ };

typedef struct Factors {
  ExprId items[MAX_FACTORS];
  uint32_t n;
} Factors;

static bool flatten(const Graph *g, ExprId id, Factors *f) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_OP && e->op == OP_MUL)
    return flatten(g, e->args[0], f) && flatten(g, e->args[1], f);
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

/* The factors as two products: the one with most indices, and the one with most others. */
static bool pair_up(Graph *g, const Factors *f, ExprId pair[2]) {
  IndexSet sets[2] = {0, 0};
  uint32_t chosen[2] = {0, NO_INDEX};
  for (uint32_t i = 0; i < f->n; i++)
    if (__builtin_popcountll(indices_of(g, f->items[i])) >
        __builtin_popcountll(indices_of(g, f->items[chosen[0]])))
      chosen[0] = i;
  sets[0] = indices_of(g, f->items[chosen[0]]);
  for (uint32_t i = 0; i < f->n; i++) {
    IndexSet set = indices_of(g, f->items[i]);
    if (i == chosen[0] || (set & ~sets[0]) == 0) continue;
    if (chosen[1] != NO_INDEX && __builtin_popcountll(set) <= __builtin_popcountll(sets[1]))
      continue;
    chosen[1] = i;
    sets[1] = set;
  }
  if (chosen[1] == NO_INDEX) return false;
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
    if (v < n->rank && !in_a && !in_b) return false;
    reduced = reduced || v >= n->rank;
    free_index = free_index || (in_a != in_b && n->extents[v] >= 4);
  }
  return reduced && free_index && work >= LEAST_WORK;
}

static bool is_plain_read(const Graph *g, ExprId id) {
  const Expr *e = expr_at(g, id);
  if (e->kind != EXPR_READ || e->fallback != EXPR_NONE) return false;
  IndexSet seen = 0;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(g, e->args[i]);
    if (at->kind != EXPR_INDEX || (seen >> at->index & 1) != 0) return false;
    seen |= (IndexSet)1 << at->index;
  }
  return true;
}

static bool same_extents(const Node *n, const int64_t *extents, uint32_t rank) {
  return n->rank == rank && memcmp(n->extents, extents, rank * sizeof *extents) == 0;
}

/* The index variables of an expression, in the order in which they are met. */
static void order_of_indices(const Graph *g, ExprId id, IndexSet *met, uint32_t *order) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_INDEX && (*met >> e->index & 1) == 0) {
    order[__builtin_popcountll(*met)] = e->index;
    *met |= (IndexSet)1 << e->index;
  }
  for (uint32_t i = 0; i < e->n_args; i++) order_of_indices(g, e->args[i], met, order);
  if (e->fallback != EXPR_NONE) order_of_indices(g, e->fallback, met, order);
}

/* A definition of `factor` over the indices that it uses, and a read of it in its place. */
ExprId define_factor(Work *w, const Node *n, ExprId factor, const char *what) {
  Graph *g = w->graph;
  uint32_t n_indices = n->rank + n->n_reduced;
  uint32_t *order = ARENA_ARRAY(w->arena, uint32_t, n_indices + 1);
  ExprId *with = ARENA_ARRAY(w->arena, ExprId, n_indices + 1);
  ExprId *at = ARENA_ARRAY(w->arena, ExprId, n_indices + 1);
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, n_indices + 1);
  const char **names = ARENA_ARRAY(w->arena, const char *, n_indices + 1);
  IndexSet met = 0;
  order_of_indices(g, factor, &met, order);
  uint32_t rank = (uint32_t)__builtin_popcountll(met);
  for (uint32_t v = 0; v < n_indices; v++) with[v] = EXPR_NONE;
  for (uint32_t k = 0; k < rank; k++) {
    with[order[k]] = expr_index(g, k);
    at[k] = expr_index(g, order[k]);
    names[k] = index_name(n, order[k]);
    extents[k] = n->extents[order[k]];
  }
  ExprId body = expr_substitute(g, factor, with, n_indices);
  for (size_t i = 0; i < w->nodes.count; i++) { /* it may be there */
    const Node *known = node_at(w, (uint32_t)i);
    if (known->body == body && known->reduction == REDUCE_NONE && known->tensor != TENSOR_NONE &&
        same_extents(known, extents, rank))
      return expr_read(g, known->tensor, at, rank, EXPR_NONE);
  }
  Tensor t = tensor_new(TENSOR_DEFINITION, expr_at(g, body)->type);
  t.name = arena_printf(w->arena, "%s.%s", n->name, what);
  t.rank = rank;
  t.extents = extents;
  t.index_names = names;
  t.body = body;
  return expr_read(g, add_definition(w, t), at, rank, EXPR_NONE);
}

uint32_t axis_of(const Graph *g, ExprId read, uint32_t v) {
  const Expr *e = expr_at(g, read);
  for (uint32_t i = 0; i < e->n_args; i++)
    if (expr_at(g, e->args[i])->index == v) return i;
  return NO_INDEX;
}

static void find_contraction(Work *w, uint32_t i) {
  Graph *g = w->graph;
  Factors f = {.n = 0};
  ExprId pair[2];
  const Node n = *node_at(w, i);
  if (n.reduction != REDUCE_SUM || !type_is_real(n.type) || n.rank + n.n_reduced > 60) return;
  if (!flatten(g, n.body, &f) || f.n < 2 || !pair_up(g, &f, pair)) return;
  if (!has_structure(&n, indices_of(g, pair[0]), indices_of(g, pair[1]))) return;
  for (int side = 0; side < 2; side++)
    if (!is_plain_read(g, pair[side])) pair[side] = define_factor(w, &n, pair[side], "factor");
  Contraction *c = ARENA_NEW(w->arena, Contraction);
  *c = (Contraction){.left = pair[0], .right = pair[1], .row = NO_INDEX, .lane = NO_INDEX};
  Node *node = node_at(w, i);
  node->contraction = c;
  node->body = expr_op2(g, OP_MUL, pair[0], pair[1]);
  collect_reads(w, node);
}

void find_contractions(Work *w) {
  size_t n = w->nodes.count;
  for (size_t i = 0; i < n; i++) find_contraction(w, (uint32_t)i);
}
