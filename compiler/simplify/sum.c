#include "simplify/algebra.h"
#include "simplify/sum_internal.h"
#include "support/integers.h"

Sum sum_new(Graph *graph, const int64_t *extents, uint32_t n, uint32_t n_outputs) {
  Sum sum = {.graph = graph, .n_outputs = n_outputs, .body = EXPR_NONE};
  for (uint32_t i = 0; i < n; i++) {
    ARRAY_PUSH(graph->arena, &sum.extents, extents[i]);
    ARRAY_PUSH(graph->arena, &sum.names, NULL);
    ARRAY_PUSH(graph->arena, &sum.gone, false);
  }
  return sum;
}

uint32_t add_summed(Sum *sum, int64_t extent, uint32_t of) {
  const char *name = sum->names.items[of];
  ARRAY_PUSH(sum->graph->arena, &sum->names, name);
  ARRAY_PUSH(sum->graph->arena, &sum->extents, extent);
  ARRAY_PUSH(sum->graph->arena, &sum->gone, false);
  return (uint32_t)sum->extents.count - 1;
}

static void make_zero(Sum *sum) {
  sum->body = expr_number(sum->graph, expr_at(sum->graph, sum->body)->type, 0);
  sum->guards.count = 0;
}

void sum_guard(Sum *sum, ExprId condition) {
  const Expr e = *expr_at(sum->graph, condition);
  if (e.kind == EXPR_OP && e.op == OP_AND) {
    sum_guard(sum, e.args[0]);
    sum_guard(sum, e.args[1]);
    return;
  }
  if (e.kind == EXPR_OP && e.op == OP_NOT) condition = derive_not(sum->graph, e.args[0]);
  for (size_t i = 0; i < sum->guards.count; i++)
    if (sum->guards.items[i] == condition) return;
  ARRAY_PUSH(sum->graph->arena, &sum->guards, condition);
}

/* [c] e  →  guard c, body e; in derived expressions also from inside a product. */
static ExprId pull_guards(Sum *sum, ExprId id, bool derived) {
  Graph *graph = sum->graph;
  const Expr e = *expr_at(graph, id);
  if (e.kind != EXPR_OP) return id;
  if (e.op == OP_WHERE && expr_is_number(graph, e.args[2], 0)) {
    sum_guard(sum, e.args[0]);
    return pull_guards(sum, e.args[1], derived);
  }
  if (e.op == OP_WHERE && expr_is_number(graph, e.args[1], 0)) {
    sum_guard(sum, derive_not(graph, e.args[0]));
    return pull_guards(sum, e.args[2], derived);
  }
  if (!derived || (e.op != OP_MUL && e.op != OP_DIV && e.op != OP_NEG)) return id;
  ExprId a = pull_guards(sum, e.args[0], derived);
  if (e.op == OP_NEG) return derive_neg(graph, a);
  if (e.op == OP_DIV) return derive_div(graph, a, e.args[1]);
  return derive_mul(graph, a, pull_guards(sum, e.args[1], derived));
}

/* --- substitution of a summed variable --- */

void substitute(Sum *sum, uint32_t v, ExprId with) {
  Graph *graph = sum->graph;
  uint32_t n = (uint32_t)sum->extents.count;
  ExprId *map = ARENA_ARRAY(graph->arena, ExprId, n);
  for (uint32_t i = 0; i < n; i++) map[i] = i == v ? with : EXPR_NONE;
  sum->gone.items[v] = true;
  Ranges ranges = ranges_of(sum);
  sum->body = normalize_indices(graph, expr_substitute(graph, sum->body, map, n), ranges);
  size_t count = sum->guards.count;
  ExprId *old = sum->guards.items;
  sum->guards.items = NULL;
  sum->guards.count = sum->guards.capacity = 0;
  for (size_t i = 0; i < count; i++)
    sum_guard(sum, normalize_indices(graph, expr_substitute(graph, old[i], map, n), ranges));
}

void guard_range(Sum *sum, ExprId x, int64_t extent) {
  Graph *graph = sum->graph;
  ExprId low = fold_op2(graph, OP_GE, x, expr_integer(graph, TYPE_I32, 0));
  ExprId high = fold_op2(graph, OP_LT, x, expr_integer(graph, TYPE_I32, extent));
  if (decide_condition(graph, low, ranges_of(sum)) != 1) sum_guard(sum, low);
  if (decide_condition(graph, high, ranges_of(sum)) != 1) sum_guard(sum, high);
}

/* --- ranges --- */

/* The v in [0, extent) with f·v + c ≤ 0. */
static Interval at_most_zero(int64_t f, int64_t c, int64_t extent) {
  if (f > 0) return (Interval){0, floor_div(-c, f)};
  return (Interval){-floor_div(-c, -f), extent - 1};
}

static Interval satisfying(ScalarOp op, int64_t f, int64_t c, int64_t extent) {
  Interval a, b;
  switch (op) {
  case OP_LE: return at_most_zero(f, c, extent);
  case OP_LT: return at_most_zero(f, c + 1, extent);
  case OP_GE: return at_most_zero(-f, -c, extent);
  case OP_GT: return at_most_zero(-f, -c + 1, extent);
  case OP_EQ:
    a = at_most_zero(f, c, extent);
    b = at_most_zero(-f, -c, extent);
    return (Interval){a.low > b.low ? a.low : b.low, a.high < b.high ? a.high : b.high};
  default: return (Interval){INT64_MIN, INT64_MAX};
  }
}

/* (u / n) ≤ k is u < n·(k + 1), and k ≤ (u / n) is n·k ≤ u: what the rest is solved for is u. */
static bool open_quotient(Sum *sum, size_t at, ScalarOp op, const Affine *d) {
  Graph *graph = sum->graph;
  const Expr q = *expr_at(graph, d->terms[0].atom);
  if (q.kind != EXPR_OP || q.op != OP_DIV || expr_at(graph, q.args[1])->kind != EXPR_CONST)
    return false;
  int64_t n = expr_at(graph, q.args[1])->integer, f = d->terms[0].factor;
  Interval range = satisfying(op, f, d->constant, INT32_MAX);
  if (op == OP_EQ || range.low == INT64_MIN || n <= 0) return false;
  bool below = range.low == 0 && range.high < INT32_MAX - 1;
  ExprId limit = expr_integer(graph, TYPE_I32, below ? n * (range.high + 1) : n * range.low);
  ExprId guard = fold_op2(graph, below ? OP_LT : OP_GE, q.args[0], limit);
  sum->guards.items[at] = normalize_indices(graph, guard, ranges_of(sum));
  return true;
}

/* A guard over one summed variable and constants narrows its range. */
static bool narrow_range(Sum *sum, size_t at) {
  Graph *graph = sum->graph;
  const Expr e = *expr_at(graph, sum->guards.items[at]);
  if (e.kind != EXPR_OP || e.n_args != 2 || expr_at(graph, e.args[0])->type != TYPE_I32)
    return false;
  Ranges ranges = ranges_of(sum);
  Affine d = affine_sub(affine_of(graph, e.args[0], ranges), affine_of(graph, e.args[1], ranges));
  if (d.n != 1) return false;
  const Expr *atom = expr_at(graph, d.terms[0].atom);
  if (atom->kind != EXPR_INDEX) return open_quotient(sum, at, e.op, &d);
  if (!is_summed(sum, atom->index)) return false;
  uint32_t v = atom->index;
  int64_t extent = sum->extents.items[v];
  Interval range = satisfying(e.op, d.terms[0].factor, d.constant, extent);
  if (range.low == INT64_MIN) return false;
  if (range.low < 0) range.low = 0;
  if (range.high >= extent) range.high = extent - 1;
  if (range.high < range.low) {
    make_zero(sum);
    return true;
  }
  sum->guards.items[at] = expr_integer(graph, TYPE_BOOL, 1);
  if (range.high == range.low) {
    substitute(sum, v, expr_integer(graph, TYPE_I32, range.low));
    return true;
  }
  uint32_t fresh = add_summed(sum, range.high - range.low + 1, v);
  ExprId shifted =
      fold_op2(graph, OP_ADD, expr_index(graph, fresh), expr_integer(graph, TYPE_I32, range.low));
  substitute(sum, v, shifted);
  return true;
}

/* Drops proved guards; a refuted one makes the sum zero. */
static void decide_guards(Sum *sum) {
  size_t kept = 0;
  for (size_t i = 0; i < sum->guards.count; i++) {
    int decided = decide_condition(sum->graph, sum->guards.items[i], ranges_of(sum));
    if (decided == 0) {
      make_zero(sum);
      return;
    }
    if (decided < 0) sum->guards.items[kept++] = sum->guards.items[i];
  }
  sum->guards.count = kept;
}

static bool is_used(const Sum *sum, uint32_t v) {
  if (expr_uses_index(sum->graph, sum->body, v)) return true;
  for (size_t i = 0; i < sum->guards.count; i++)
    if (expr_uses_index(sum->graph, sum->guards.items[i], v)) return true;
  return false;
}

/* A variable of extent 1 is 0. */
static void drop_single(Sum *sum) {
  for (uint32_t v = sum->n_outputs; v < sum->extents.count; v++)
    if (!sum->gone.items[v] && sum->extents.items[v] == 1)
      substitute(sum, v, expr_integer(sum->graph, TYPE_I32, 0));
}

/* Σ over v of what does not depend on v is a product with v's extent. */
static void drop_unused(Sum *sum) {
  Graph *graph = sum->graph;
  for (uint32_t v = sum->n_outputs; v < sum->extents.count; v++) {
    if (sum->gone.items[v] || is_used(sum, v)) continue;
    sum->gone.items[v] = true;
    ScalarType type = expr_at(graph, sum->body)->type;
    ExprId times = expr_number(graph, type, (double)sum->extents.items[v]);
    sum->body = derive_mul(graph, sum->body, times);
  }
}

void sum_eliminate(Sum *sum, bool derived) {
  sum->body = pull_guards(sum, sum->body, derived);
  sum->body = normalize_indices(sum->graph, sum->body, ranges_of(sum));
  for (bool changed = true; changed;) {
    changed = false;
    drop_single(sum);
    decide_guards(sum);
    for (size_t i = 0; i < sum->guards.count && !changed; i++)
      changed = solve_equation(sum, i) || narrow_range(sum, i);
    if (derived && !changed) changed = join_variables(sum);
    sum->body = pull_guards(sum, sum->body, derived);
  }
  if (derived) drop_unused(sum);
}

bool sum_remains(const Sum *sum) {
  for (uint32_t v = sum->n_outputs; v < sum->extents.count; v++)
    if (!sum->gone.items[v]) return true;
  return false;
}

/* How deep a condition must stand: 0, it may be evaluated everywhere; 1, an integer comparison, a
   range, that reads where others have to hold; 2, what may read at indices within those ranges. */
static int guard_level(Graph *graph, ExprId id, Ranges ranges) {
  const Expr *e = expr_at(graph, id);
  if (!reads_outside(graph, id, ranges)) return 0;
  return e->kind == EXPR_OP && e->n_args == 2 && expr_at(graph, e->args[0])->type == TYPE_I32 ? 1
                                                                                              : 2;
}

/* `and` evaluates both sides: a condition that must not be evaluated everywhere stands within the
   others. */
static ExprId guarded_body(const Sum *sum) {
  Graph *graph = sum->graph;
  Ranges ranges = ranges_of(sum);
  ExprId body = sum->body, zero = expr_number(graph, expr_at(graph, body)->type, 0);
  for (int level = 2; level >= 0; level--) {
    ExprId all = expr_integer(graph, TYPE_BOOL, 1);
    for (size_t i = 0; i < sum->guards.count; i++)
      if (guard_level(graph, sum->guards.items[i], ranges) == level)
        all = fold_op2(graph, OP_AND, all, sum->guards.items[i]);
    body = derive_where(graph, all, body, zero);
  }
  return body;
}

ExprId sum_result(const Sum *sum, uint32_t *n_reduced, const int64_t **reduced_extents) {
  Graph *graph = sum->graph;
  uint32_t n = (uint32_t)sum->extents.count, count = 0;
  ExprId *map = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  int64_t *extents = ARENA_ARRAY(graph->arena, int64_t, n + 1);
  for (uint32_t v = 0; v < n; v++) {
    map[v] = EXPR_NONE;
    if (!is_summed(sum, v)) continue;
    extents[count] = sum->extents.items[v];
    map[v] = expr_index(graph, sum->n_outputs + count++);
  }
  ExprId body = guarded_body(sum);
  *n_reduced = count;
  *reduced_extents = extents;
  return expr_substitute(graph, body, map, n);
}

const char *const *sum_names(const Sum *sum) {
  uint32_t count = 0;
  const char **names = ARENA_ARRAY(sum->graph->arena, const char *, sum->names.count + 1);
  for (uint32_t v = 0; v < sum->names.count; v++)
    if (v < sum->n_outputs || is_summed(sum, v)) names[count++] = sum->names.items[v];
  return names;
}
