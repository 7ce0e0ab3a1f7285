/* A definition made for a branch of `where` is computed where that branch is not taken too:

       where(i > 0, sum[j](x[i - 1, j]), 0)

   There its reads may be outside, and what they give does not count: they get a default, but for
   those that the body's own conditions keep inside. */
#include "elaborate/elaborator.h"
#include "simplify/affine.h"
#include "support/integers.h"

typedef struct Guarding {
  Elaborator *e;
  Ranges ranges;
  uint32_t rank;        /* of the variables, those of the point that is defined */
  ARRAY(ExprId) guards; /* conditions of the body around what is looked at */
  ExprId *done;         /* per expression: what it became, where no condition is around it */
} Guarding;

/* Whether the index varies with the point that is defined. */
static bool uses_outputs(const Guarding *g, ExprId index) {
  for (uint32_t v = 0; v < g->rank; v++)
    if (expr_uses_index(g->e->graph, index, v)) return true;
  return false;
}

/* What a comparison of integers says about a sum. */
static Interval bound_by(Guarding *g, ExprId id, const Affine *sum) {
  Interval all = {INT64_MIN, INT64_MAX};
  Affine d;
  if (!affine_compared(g->e->graph, id, g->ranges, &d)) return all;
  const Expr *guard = expr_at(g->e->graph, id);
  int64_t common;
  Affine form = affine_primitive(d, &common); /* common · form + d.constant is compared with 0 */
  int64_t multiple = affine_multiple(sum, &form);
  if (multiple == 0) return all;
  bool open = guard->op == OP_LT || guard->op == OP_GT;
  bool least = guard->op == OP_GE || guard->op == OP_GT || guard->op == OP_EQ;
  bool greatest = guard->op == OP_LE || guard->op == OP_LT || guard->op == OP_EQ;
  int64_t low = -floor_div(d.constant - open, common);
  int64_t high = floor_div(-d.constant - open, common);
  if (least && multiple > 0) all.low = sum->constant + multiple * low;
  if (least && multiple < 0) all.high = sum->constant + multiple * low;
  if (greatest && multiple > 0) all.high = sum->constant + multiple * high;
  if (greatest && multiple < 0) all.low = sum->constant + multiple * high;
  return all;
}

static bool may_be_outside(Guarding *g, ExprId index, int64_t extent) {
  Graph *graph = g->e->graph;
  const Expr *x = expr_at(graph, index);
  if (x->kind == EXPR_CONST || x->kind == EXPR_INDEX || !uses_outputs(g, index)) return false;
  Interval range = expr_interval(graph, index, g->ranges.extents, g->ranges.n);
  bool low = range.low >= 0, high = range.high < extent;
  if (x->type != TYPE_I32) return !low || !high;
  Affine sum = affine_of(graph, index, g->ranges);
  for (size_t i = 0; i < g->guards.count && !(low && high); i++) {
    Interval bound = bound_by(g, g->guards.items[i], &sum);
    low = low || bound.low >= 0;
    high = high || bound.high < extent;
  }
  return !low || !high;
}

static void add_guards(Guarding *g, ExprId condition) {
  const Expr *x = expr_at(g->e->graph, condition);
  if (x->kind == EXPR_OP && x->op == OP_AND) {
    add_guards(g, x->args[0]);
    add_guards(g, x->args[1]);
  } else {
    ARRAY_PUSH(g->e->arena, &g->guards, condition);
  }
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
    if (x.kind == EXPR_OP && x.op == OP_WHERE && i == 0) add_guards(g, x.args[0]);
    if (x.kind == EXPR_OP && x.op == OP_WHERE && i == 1) g->guards.count = around;
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
