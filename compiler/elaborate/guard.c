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

/* low ≤ x / d + c ≤ high where d·(low − c) ≤ x ≤ d·(high − c) + d − 1. */
static bool quotient_bounds(const Graph *graph, const Affine *sum, Interval *within, ExprId *x) {
  if (sum->n != 1 || sum->terms[0].factor != 1) return false;
  const Expr *quotient = expr_at(graph, sum->terms[0].atom);
  if (quotient->kind != EXPR_OP || quotient->op != OP_DIV) return false;
  const Expr *divisor = expr_at(graph, quotient->args[1]);
  if (divisor->kind != EXPR_CONST || divisor->integer <= 0) return false;
  *x = quotient->args[0];
  return !__builtin_mul_overflow(within->low - sum->constant, divisor->integer, &within->low) &&
         !__builtin_mul_overflow(within->high - sum->constant + 1, divisor->integer,
                                 &within->high) &&
         !__builtin_sub_overflow(within->high, 1, &within->high);
}

static bool may_be_outside(Guarding *g, ExprId index, Interval within) {
  Graph *graph = g->e->graph;
  const Expr *x = expr_at(graph, index);
  Interval range = expr_interval(graph, index, g->ranges.extents, g->ranges.n);
  bool low = range.low >= within.low, high = range.high <= within.high;
  if (x->type != TYPE_I32) return !low || !high;
  Affine sum = affine_of(graph, index, g->ranges);
  Interval bound = guards_interval(graph, &g->guards, &sum, g->ranges);
  low = low || bound.low >= within.low;
  high = high || bound.high <= within.high;
  if (low && high) return false;
  ExprId dividend = EXPR_NONE;
  return !quotient_bounds(graph, &sum, &within, &dividend) || may_be_outside(g, dividend, within);
}

static ExprId guard_reads(Guarding *g, ExprId id) {
  Graph *graph = g->e->graph;
  if (g->guards.count == 0 && g->done[id] != EXPR_NONE) return g->done[id];
  const Expr x = *expr_at(graph, id);
  bool plain = x.kind != EXPR_READ || x.fallback != EXPR_NONE, outside = false;
  ExprId *args = ARENA_ARRAY(g->e->arena, ExprId, x.n_args + 1), made = id;
  size_t around = g->guards.count;
  for (uint32_t i = 0; i < x.n_args; i++) {
    ExprKind kind = expr_at(graph, x.args[i])->kind;
    if (!plain && kind != EXPR_CONST && kind != EXPR_INDEX && uses_outputs(g, x.args[i]))
      outside =
          outside ||
          may_be_outside(g, x.args[i], (Interval){0, tensor_at(graph, x.tensor)->extents[i] - 1});
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
