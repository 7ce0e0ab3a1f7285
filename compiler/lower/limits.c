/* Conditions on indices as bounds of loops: a convolution runs over the taps that are inside.

       x̄[n, c, p] = Σ over f, i of where(p ≥ i and p < i + P, K[f, c, i] · ȳ[n, f, p − i], 0)

   Where lanes run along n and rows along c, the loop over i may depend on p: it goes from
   max(0, p − P + 1) to min(I, p + 1). No product of 0 is computed, and no padded copy of ȳ is
   needed. That what is read elsewhere than inside of its tensor counts as 0 is a condition like any
   other: h[t − 1], of which the first step of a recurrence reads none, is then summed where it
   lies. */
#include "graph/scalar_ops.h"
#include "lower/work.h"

enum { LEAST_ROWS = 4 };

typedef struct Limiting {
  Work *w;
  const Node *n;
  Contraction *c;
} Limiting;

static bool same_terms(const Affine *a, const Affine *b) { return affine_sub(*a, *b).n == 0; }

/* One bound on each side is enough, or it is no matter of bounds. */
static bool add_limit(Limiting *l, Limit limit) {
  for (size_t i = 0; i < l->c->limits.count; i++) {
    Limit *known = &l->c->limits.items[i];
    if (known->index != limit.index || known->above != limit.above) continue;
    if (!same_terms(&known->at, &limit.at)) return false;
    bool further_in = (limit.at.constant < known->at.constant) == limit.above;
    if (further_in) *known = limit;
    return true;
  }
  ARRAY_PUSH(l->w->arena, &l->c->limits, limit);
  return true;
}

/* d ≥ 0, where d is of the steps of recurrences alone, decides on the whole sum: v < V (d + 1), of
   the first reduced index, is all of its values, or none. */
static bool limit_all(Limiting *l, Affine d) {
  const Node *n = l->n;
  uint32_t v = n->rank;
  if (n->n_reduced == 0 || n->extents[v] == 1) return false;
  for (uint32_t k = 0; k < d.n; k++) {
    uint32_t step = expr_at(l->w->graph, d.terms[k].atom)->index;
    if (!is_step(n, step)) return false;
    l->c->limiting |= (IndexSet)1 << step;
  }
  l->c->limited |= (IndexSet)1 << v;
  d.constant++;
  return add_limit(l, (Limit){v, true, affine_scale(d, n->extents[v])});
}

/* d ≥ 0 as a bound of the one reduced index in it. */
static bool limit_by(Limiting *l, Affine d) {
  const Graph *g = l->w->graph;
  const Node *n = l->n;
  uint32_t at = UINT32_MAX;
  if (affine_interval(g, &d, node_ranges(n)).low >= 0) return true;
  for (uint32_t k = 0; k < d.n; k++) {
    const Expr *atom = expr_at(g, d.terms[k].atom);
    if (atom->kind != EXPR_INDEX) return false;
    if (atom->index < n->rank) continue;
    if (at != UINT32_MAX) return false;
    at = k;
  }
  if (at == UINT32_MAX) return limit_all(l, d);
  int64_t factor = d.terms[at].factor;
  uint32_t v = expr_at(g, d.terms[at].atom)->index;
  if ((factor != 1 && factor != -1) || n->extents[v] == 1) return false;
  Affine rest = affine_without(d, at);
  for (uint32_t k = 0; k < rest.n; k++)
    l->c->limiting |= (IndexSet)1 << expr_at(g, rest.terms[k].atom)->index;
  l->c->limited |= (IndexSet)1 << v;
  if (factor == 1) return add_limit(l, (Limit){v, false, affine_scale(rest, -1)}); /* v ≥ −rest */
  rest.constant++;
  return add_limit(l, (Limit){v, true, rest}); /* v < rest + 1 */
}

bool bound_of_condition(Graph *g, ExprId condition, Ranges ranges, Affine *d) {
  if (!affine_compared(g, condition, ranges, d)) return false;
  switch (expr_at(g, condition)->op) {
  case OP_GE: return true;
  case OP_GT: d->constant--; return true;
  case OP_LE: *d = affine_scale(*d, -1); return true;
  case OP_LT:
    *d = affine_scale(*d, -1);
    d->constant--;
    return true;
  default: return false;
  }
}

static bool limit_condition(Limiting *l, ExprId condition) {
  Affine d;
  return bound_of_condition(l->w->graph, condition, node_ranges(l->n), &d) && limit_by(l, d);
}

/* Each index from 0 to the extent. */
static bool limit_read(Limiting *l, ExprId side) {
  Graph *g = l->w->graph;
  const Expr e = *expr_at(g, side);
  if (e.kind != EXPR_READ || (e.fallback != EXPR_NONE && !expr_is_number(g, e.fallback, 0)))
    return false;
  for (uint32_t i = 0; i < e.n_args; i++) {
    Affine at = affine_of(g, e.args[i], node_ranges(l->n));
    if (!is_of_indices(g, &at)) return false;
    Affine room = affine_scale(at, -1);
    room.constant += tensor_at(g, e.tensor)->extents[i] - 1;
    if (!limit_by(l, at) || !limit_by(l, room)) return false;
  }
  return true;
}

/* --- whether tiles are left --- */

static bool has_rows(const Limiting *l, IndexSet own) {
  for (uint32_t v = 0; v < l->n->rank; v++)
    if ((own & ~l->c->limiting) >> v & 1 && l->n->extents[v] >= LEAST_ROWS) return true;
  return false;
}

/* Lanes, whole vectors of them, beside rows: along an output index of one side alone; or along a
   reduced one that is not limited, and then a tile has columns too. What other steps compute has no
   place in memory yet when it is decided where lanes run. */
static bool has_tiles(const Limiting *l, const ExprId sides[2]) {
  Work *w = l->w;
  const Node *n = l->n;
  IndexSet left = indices_of(w->graph, sides[0]), right = indices_of(w->graph, sides[1]);
  bool rows[2] = {has_rows(l, left & ~right), has_rows(l, right & ~left)};
  int64_t lanes = w->target->vector_bytes / type_bytes(n->type);
  for (uint32_t v = 0; v < n->rank + n->n_reduced; v++) {
    if (n->extents[v] < lanes || ((l->c->limiting | l->c->limited) >> v & 1) != 0) continue;
    bool in[2], along[2];
    for (int side = 0; side < 2; side++) {
      in[side] = ((side == 0 ? left : right) >> v & 1) != 0;
      along[side] = in[side] && !steps_with(w, n, expr_at(w->graph, sides[side])->tensor) &&
                    lane_axis(w, n, sides[side], v) != NO_INDEX;
    }
    if (v >= n->rank && along[0] && along[1] && rows[0] && rows[1]) return true;
    if (v < n->rank && ((along[0] && !in[1] && rows[1]) || (along[1] && !in[0] && rows[0])))
      return true;
  }
  return false;
}

bool limit_loops(Work *w, const Node *n, const ExprId *conditions, uint32_t n_conditions,
                 ExprId sides[2], Contraction *c) {
  Contraction limited = *c;
  Limiting l = {w, n, &limited};
  for (uint32_t i = 0; i < n_conditions; i++)
    if (!limit_condition(&l, conditions[i])) return false;
  for (int side = 0; side < 2; side++)
    if (!limit_read(&l, sides[side])) return false;
  if (limited.limits.count == 0 || !has_tiles(&l, sides)) return false;
  *c = limited;
  for (int side = 0; side < 2; side++) {
    const Expr e = *expr_at(w->graph, sides[side]);
    sides[side] = expr_read(w->graph, e.tensor, e.args, e.n_args, EXPR_NONE);
  }
  return true;
}

/* --- how far they go --- */

static int64_t value_at_point(const Graph *g, const Affine *a, const int64_t *point) {
  int64_t value = a->constant;
  for (uint32_t k = 0; k < a->n; k++)
    value += a->terms[k].factor * point[expr_at(g, a->terms[k].atom)->index];
  return value;
}

/* Turns, summed over the indices of `set` from v on. */
static double turns_over(const Node *n, const Contraction *c, uint32_t index, const Graph *g,
                         IndexSet set, uint32_t v, int64_t *point) {
  while (v < n->rank && (set >> v & 1) == 0) v++;
  if (v < n->rank) {
    double all = 0;
    for (point[v] = 0; point[v] < n->extents[v]; point[v]++)
      all += turns_over(n, c, index, g, set, v + 1, point);
    return all / (double)n->extents[v];
  }
  int64_t from = 0, to = n->extents[index];
  for (size_t i = 0; i < c->limits.count; i++) {
    const Limit *limit = &c->limits.items[i];
    if (limit->index != index) continue;
    int64_t at = value_at_point(g, &limit->at, point);
    if (limit->above && at < to) to = at;
    if (!limit->above && at > from) from = at;
  }
  return to > from ? (double)(to - from) : 0;
}

double average_turns(const Node *n, const Contraction *c, uint32_t v, const Graph *g) {
  int64_t point[64] = {0};
  IndexSet set = 0;
  for (size_t i = 0; i < c->limits.count; i++) {
    const Limit *limit = &c->limits.items[i];
    if (limit->index != v) continue;
    for (uint32_t k = 0; k < limit->at.n; k++)
      set |= (IndexSet)1 << expr_at(g, limit->at.terms[k].atom)->index;
  }
  return turns_over(n, c, v, g, set, 0, point);
}
