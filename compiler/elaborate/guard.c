/* A definition made for a branch of `where` is computed where that branch is not taken too:

       where(i > 0, sum[j](x[i - 1, j]), 0)

   There its reads may be outside, and what they give does not count: they get a default, but for
   those that the body's own conditions keep inside. */
#include "elaborate/elaborator.h"
#include "simplify/guards.h"

typedef struct Guarding {
  Elaborator *e;
  Ranges ranges;
  uint32_t rank; /* of the variables, those of the point that is defined */
  Guards guards; /* conditions of the body around what is looked at */
  ExprId *done;  /* per expression: what it became, where no condition is around it */
} Guarding;

/* Whether the index varies with the point that is defined. */
static bool uses_outputs(const Guarding *g, ExprId index) {
  for (uint32_t v = 0; v < g->rank; v++)
    if (expr_uses_index(g->e->graph, index, v)) return true;
  return false;
}

/* A sum with a quotient is one: s + x / d = (d·s + x) / d, which is within [low, high] where d·s +
   x is within [d·low, d·high + d − 1]. */
static bool as_quotient(Guarding *g, Affine *sum, Interval *within) {
  Graph *graph = g->e->graph;
  for (uint32_t i = 0; i < sum->n; i++) {
    const Expr quotient = *expr_at(graph, sum->terms[i].atom);
    if (sum->terms[i].factor != 1 || quotient.kind != EXPR_OP || quotient.op != OP_DIV) continue;
    const Expr divisor = *expr_at(graph, quotient.args[1]);
    if (divisor.kind != EXPR_CONST || divisor.integer <= 0 || divisor.integer > INT32_MAX) continue;
    if (within->high > INT32_MAX) return false;
    int64_t d = divisor.integer;
    Affine rest = affine_scale(affine_without(*sum, i), -d);
    *sum = affine_sub(affine_of(graph, quotient.args[0], g->ranges), rest);
    *within = (Interval){d * within->low, d * within->high + d - 1};
    return true;
  }
  return false;
}

/* Whether neither the ranges nor the conditions keep a sum, or the quotient it is, inside. */
static bool may_be_outside(Guarding *g, ExprId index, int64_t extent) {
  Graph *graph = g->e->graph;
  ExprKind kind = expr_at(graph, index)->kind;
  if (kind == EXPR_CONST || kind == EXPR_INDEX || !uses_outputs(g, index)) return false;
  Interval within = {0, extent - 1};
  Interval range = expr_interval(graph, index, g->ranges.extents, g->ranges.n);
  bool low = range.low >= within.low, high = range.high <= within.high;
  if (expr_at(graph, index)->type != TYPE_I32) return !low || !high;
  Affine sum = affine_of(graph, index, g->ranges);
  do {
    range = affine_interval(graph, &sum, g->ranges);
    Interval bound = guards_interval(graph, &g->guards, &sum, g->ranges);
    low = low || range.low >= within.low || bound.low >= within.low;
    high = high || range.high <= within.high || bound.high <= within.high;
  } while (!(low && high) && as_quotient(g, &sum, &within));
  return !low || !high;
}

static ExprId guard_reads(Guarding *g, ExprId id) {
  Graph *graph = g->e->graph;
  if (g->guards.count == 0 && g->done[id] != EXPR_NONE) return g->done[id];
  const Expr x = *expr_at(graph, id);
  bool plain = x.kind != EXPR_READ || x.fallback != EXPR_NONE, outside = false;
  ExprId *args = ARENA_ARRAY(g->e->arena, ExprId, x.n_args + 1), made = id;
  size_t around = g->guards.count;
  for (uint32_t i = 0; i < x.n_args; i++) {
    if (!plain)
      outside = outside || may_be_outside(g, x.args[i], tensor_at(graph, x.tensor)->extents[i]);
    args[i] = guard_reads(g, x.args[i]);
    if (x.kind != EXPR_OP || x.op != OP_WHERE) continue;
    g->guards.count = around;
    if (i < 2) guards_add(graph, &g->guards, x.args[0], i == 0);
  }
  ExprId fallback = x.fallback == EXPR_NONE ? EXPR_NONE : guard_reads(g, x.fallback);
  if (outside) fallback = expr_number(graph, x.type, 0);
  if (x.n_args > 0 || fallback != EXPR_NONE) made = expr_rebuild(graph, id, args, fallback);
  if (around == 0) g->done[id] = made;
  return made;
}

ExprId with_defaults(Elaborator *e, ExprId body, const int64_t *extents, uint32_t rank,
                     uint32_t n) {
  Guarding g = {.e = e, .ranges = {extents, n}, .rank = rank};
  uint32_t n_exprs = e->graph->n_exprs;
  g.done = ARENA_ARRAY(e->arena, ExprId, n_exprs + 1);
  for (uint32_t i = 0; i < n_exprs; i++) g.done[i] = EXPR_NONE;
  return guard_reads(&g, body);
}
