#include "simplify/affine.h"
#include <string.h>
#include "simplify/algebra.h"
#include "support/integers.h"

void affine_add_term(Affine *a, int64_t factor, ExprId atom) {
  for (uint32_t i = 0; i < a->n; i++) {
    if (a->terms[i].atom != atom) continue;
    a->terms[i].factor += factor;
    if (a->terms[i].factor == 0) *a = affine_without(*a, i);
    return;
  }
  if (factor == 0) return;
  if (a->n == AFFINE_MAX) bug("simplify", "an index expression has over %d terms", AFFINE_MAX);
  a->terms[a->n++] = (AffineTerm){factor, atom};
}

static void add_scaled(Affine *a, const Affine *b, int64_t factor) {
  a->constant += factor * b->constant;
  for (uint32_t i = 0; i < b->n; i++)
    affine_add_term(a, factor * b->terms[i].factor, b->terms[i].atom);
}

/* f·(u % n) + f·n·(u / n) = f·u */
static void join_remainders(Graph *graph, Affine *a, Ranges ranges) {
  for (uint32_t i = 0; i < a->n; i++) {
    const Expr e = *expr_at(graph, a->terms[i].atom);
    if (e.kind != EXPR_OP || e.op != OP_MOD || expr_at(graph, e.args[1])->kind != EXPR_CONST)
      continue;
    int64_t n = expr_at(graph, e.args[1])->integer, factor = a->terms[i].factor;
    ExprId quotient = fold_op2(graph, OP_DIV, e.args[0], e.args[1]);
    for (uint32_t k = 0; k < a->n; k++) {
      if (a->terms[k].atom != quotient || a->terms[k].factor != factor * n) continue;
      Affine u = affine_of(graph, e.args[0], ranges);
      if (a->n + u.n > AFFINE_MAX) return;
      affine_add_term(a, -factor * n, quotient);
      affine_add_term(a, -factor, expr_op2(graph, OP_MOD, e.args[0], e.args[1]));
      add_scaled(a, &u, factor);
      join_remainders(graph, a, ranges);
      return;
    }
  }
}

Affine affine_sub(Affine a, Affine b) {
  add_scaled(&a, &b, -1);
  return a;
}

Affine affine_scale(Affine a, int64_t factor) {
  Affine scaled = {0};
  add_scaled(&scaled, &a, factor);
  return scaled;
}

Affine affine_without(Affine a, uint32_t k) {
  memmove(&a.terms[k], &a.terms[k + 1], (a.n - k - 1) * sizeof a.terms[0]);
  a.n--;
  return a;
}

/* x = n · quotient + rest, with rest's factors and constant in [0, n). */
static void divide(const Affine *x, int64_t n, Affine *quotient, Affine *rest) {
  *quotient = *rest = (Affine){0};
  quotient->constant = floor_div(x->constant, n);
  rest->constant = x->constant - n * quotient->constant;
  for (uint32_t i = 0; i < x->n; i++) {
    int64_t whole = x->terms[i].factor % n == 0 ? x->terms[i].factor / n : 0;
    if (whole != 0)
      affine_add_term(quotient, whole, x->terms[i].atom);
    else
      affine_add_term(rest, x->terms[i].factor, x->terms[i].atom);
  }
}

/* x with u % m written as u - m·(u / m) where n divides m: then (k - k % 2) / 2 is k / 2. */
static bool open_remainders(Graph *graph, const Affine *x, int64_t n, Ranges ranges,
                            Affine *opened) {
  bool any = false;
  *opened = (Affine){.constant = x->constant};
  for (uint32_t i = 0; i < x->n; i++) {
    const Expr e = *expr_at(graph, x->terms[i].atom);
    int64_t factor = x->terms[i].factor;
    bool remainder = e.kind == EXPR_OP && e.op == OP_MOD &&
                     expr_at(graph, e.args[1])->kind == EXPR_CONST &&
                     expr_at(graph, e.args[1])->integer % n == 0;
    if (!remainder) {
      affine_add_term(opened, factor, x->terms[i].atom);
      continue;
    }
    any = true;
    Affine inner = affine_of(graph, e.args[0], ranges);
    if (opened->n + inner.n + 1 > AFFINE_MAX) return false;
    add_scaled(opened, &inner, factor);
    ExprId whole = fold_op2(graph, OP_DIV, e.args[0], e.args[1]);
    affine_add_term(opened, -factor * expr_at(graph, e.args[1])->integer, whole);
  }
  return any;
}

/* The divisor of n and of all factors: x = g·y + rest, n = g·m, so x / n = y / m. */
static int64_t common_divisor(const Affine *x, int64_t n) {
  for (uint32_t i = 0; i < x->n; i++) n = gcd(n, x->terms[i].factor);
  return n;
}

static Affine divided(Affine x, int64_t g) {
  x.constant = floor_div(x.constant, g);
  for (uint32_t i = 0; i < x.n; i++) x.terms[i].factor /= g;
  return x;
}

static Affine affine_atom(ExprId id) { return (Affine){.n = 1, .terms = {{1, id}}}; }

/* floor(x / n) = q + floor(r / n) and x mod n = r mod n for x = n·q + r. Where n = g·m and
   r = g·y + c with 0 ≤ c < g, floor(r / n) = floor(y / m) and r mod n = g·(y mod m) + c. */
static Affine affine_quotient(Graph *graph, const Expr *e, Ranges ranges) {
  int64_t n = expr_at(graph, e->args[1])->integer;
  Affine x = affine_of(graph, e->args[0], ranges), quotient, rest;
  divide(&x, n, &quotient, &rest);
  Affine opened, opened_quotient, opened_rest;
  if (open_remainders(graph, &x, n, ranges, &opened)) {
    divide(&opened, n, &opened_quotient, &opened_rest);
    if (opened_rest.n < rest.n || e->op == OP_MOD) {
      quotient = opened_quotient;
      rest = opened_rest;
    }
  }
  Interval range = affine_interval(graph, &rest, ranges);
  bool small = range.low >= 0 && range.high < n;
  if (e->op == OP_MOD && small) return rest;
  int64_t g = common_divisor(&rest, n), below = rest.constant - g * floor_div(rest.constant, g);
  Affine whole = divided(rest, g);
  ExprId parts = expr_integer(graph, TYPE_I32, n / g);
  if (e->op == OP_MOD) {
    if (n == g) return (Affine){.constant = below};
    Affine result =
        affine_scale(affine_atom(fold_op2(graph, OP_MOD, affine_expr(graph, &whole), parts)), g);
    result.constant += below;
    return result;
  }
  if (!small) {
    ExprId remaining = fold_op2(graph, OP_DIV, affine_expr(graph, &whole), parts);
    const Expr *folded = expr_at(graph, remaining);
    if (folded->kind == EXPR_CONST)
      quotient.constant += folded->integer;
    else
      affine_add_term(&quotient, 1, remaining);
  }
  return quotient;
}

Affine affine_of(Graph *graph, ExprId id, Ranges ranges) {
  const Expr e = *expr_at(graph, id);
  if (e.type != TYPE_I32) bug("simplify", "an index expression of type %s", type_name(e.type));
  if (e.kind == EXPR_CONST) return (Affine){.constant = e.integer};
  if (e.kind != EXPR_OP) return affine_atom(id);
  Affine a, b;
  switch (e.op) {
  case OP_ADD:
  case OP_SUB:
    a = affine_of(graph, e.args[0], ranges);
    b = affine_of(graph, e.args[1], ranges);
    if (a.n + b.n > AFFINE_MAX) return affine_atom(id);
    add_scaled(&a, &b, e.op == OP_ADD ? 1 : -1);
    join_remainders(graph, &a, ranges);
    return a;
  case OP_NEG: return affine_scale(affine_of(graph, e.args[0], ranges), -1);
  case OP_MUL:
    a = affine_of(graph, e.args[0], ranges);
    b = affine_of(graph, e.args[1], ranges);
    if (a.n == 0) return affine_scale(b, a.constant);
    if (b.n == 0) return affine_scale(a, b.constant);
    return affine_atom(id);
  case OP_DIV:
  case OP_MOD: {
    const Expr *n = expr_at(graph, e.args[1]);
    if (n->kind == EXPR_CONST && n->integer > 0) return affine_quotient(graph, &e, ranges);
    return affine_atom(id);
  }
  default: return affine_atom(id);
  }
}

static bool comes_before(const Graph *graph, const AffineTerm *a, const AffineTerm *b) {
  const Expr *x = expr_at(graph, a->atom), *y = expr_at(graph, b->atom);
  if ((a->factor < 0) != (b->factor < 0)) return b->factor < 0;
  if (x->kind == EXPR_INDEX && y->kind == EXPR_INDEX) return x->index < y->index;
  return x->kind == EXPR_INDEX && y->kind != EXPR_INDEX;
}

ExprId affine_expr(Graph *graph, const Affine *a) {
  AffineTerm terms[AFFINE_MAX];
  for (uint32_t i = 0; i < a->n; i++) { /* insertion sort: stable, and there are few */
    uint32_t at = i;
    for (; at > 0 && comes_before(graph, &a->terms[i], &terms[at - 1]); at--)
      terms[at] = terms[at - 1];
    terms[at] = a->terms[i];
  }
  ExprId sum = EXPR_NONE;
  bool constant_first = a->n > 0 && terms[0].factor < 0 && a->constant != 0;
  if (a->n == 0 || constant_first) sum = expr_integer(graph, TYPE_I32, a->constant);
  for (uint32_t i = 0; i < a->n; i++) {
    int64_t factor = terms[i].factor;
    bool subtract = factor < 0 && sum != EXPR_NONE;
    ExprId number = expr_integer(graph, TYPE_I32, subtract ? -factor : factor);
    ExprId term = fold_op2(graph, OP_MUL, number, terms[i].atom);
    sum = sum == EXPR_NONE ? term : fold_op2(graph, subtract ? OP_SUB : OP_ADD, sum, term);
  }
  if (a->n > 0 && !constant_first && a->constant > 0)
    sum = fold_op2(graph, OP_ADD, sum, expr_integer(graph, TYPE_I32, a->constant));
  if (a->n > 0 && !constant_first && a->constant < 0)
    sum = fold_op2(graph, OP_SUB, sum, expr_integer(graph, TYPE_I32, -a->constant));
  return sum;
}

Interval affine_interval(const Graph *graph, const Affine *a, Ranges ranges) {
  Interval sum = {a->constant, a->constant};
  for (uint32_t i = 0; i < a->n; i++) {
    Interval atom = expr_interval(graph, a->terms[i].atom, ranges.extents, ranges.n);
    int64_t factor = a->terms[i].factor, ends[2];
    bool open = atom.low == INT64_MIN || atom.high == INT64_MAX;
    if (open || __builtin_mul_overflow(factor, factor > 0 ? atom.low : atom.high, &ends[0]) ||
        __builtin_mul_overflow(factor, factor > 0 ? atom.high : atom.low, &ends[1]) ||
        __builtin_add_overflow(sum.low, ends[0], &sum.low) ||
        __builtin_add_overflow(sum.high, ends[1], &sum.high))
      return (Interval){INT64_MIN, INT64_MAX};
  }
  return sum;
}

static bool is_comparison(ScalarOp op) {
  return op == OP_EQ || op == OP_NE || op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE;
}

bool affine_compared(Graph *graph, ExprId id, Ranges ranges, Affine *difference) {
  const Expr e = *expr_at(graph, id);
  if (e.kind != EXPR_OP || !is_comparison(e.op) || expr_at(graph, e.args[0])->type != TYPE_I32)
    return false;
  *difference =
      affine_sub(affine_of(graph, e.args[0], ranges), affine_of(graph, e.args[1], ranges));
  return true;
}

Affine affine_primitive(Affine a, int64_t *common) {
  *common = 0;
  for (uint32_t i = 0; i < a.n; i++) *common = gcd(*common, a.terms[i].factor);
  a.constant = 0;
  for (uint32_t i = 0; i < a.n; i++) a.terms[i].factor /= *common;
  return a;
}

int64_t affine_multiple(const Affine *a, const Affine *b) {
  int64_t multiple = 0;
  if (a->n != b->n) return 0;
  for (uint32_t i = 0; i < a->n; i++) {
    uint32_t k = 0;
    while (k < b->n && b->terms[k].atom != a->terms[i].atom) k++;
    if (k == b->n) return 0;
    int64_t ratio = a->terms[i].factor / b->terms[k].factor;
    if (ratio * b->terms[k].factor != a->terms[i].factor) return 0;
    if (multiple != 0 && ratio != multiple) return 0;
    multiple = ratio;
  }
  return multiple;
}

int decide_condition(Graph *graph, ExprId id, Ranges ranges) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST) return e.integer != 0;
  Affine d;
  if (!affine_compared(graph, id, ranges, &d)) return -1;
  Interval r = affine_interval(graph, &d, ranges);
  bool never_zero = r.low > 0 || r.high < 0, always_zero = r.low == 0 && r.high == 0;
  switch (e.op) {
  case OP_EQ: return always_zero ? 1 : never_zero ? 0 : -1;
  case OP_NE: return never_zero ? 1 : always_zero ? 0 : -1;
  case OP_LT: return r.high < 0 ? 1 : r.low >= 0 ? 0 : -1;
  case OP_LE: return r.high <= 0 ? 1 : r.low > 0 ? 0 : -1;
  case OP_GT: return r.low > 0 ? 1 : r.high <= 0 ? 0 : -1;
  case OP_GE: return r.low >= 0 ? 1 : r.high < 0 ? 0 : -1;
  default: return -1;
  }
}

bool reads_outside(const Graph *graph, ExprId id, Ranges ranges) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ && e->fallback == EXPR_NONE)
    for (uint32_t i = 0; i < e->n_args; i++) {
      Interval at = expr_interval(graph, e->args[i], ranges.extents, ranges.n);
      if (at.low < 0 || at.high >= tensor_at(graph, e->tensor)->extents[i]) return true;
    }
  for (uint32_t i = 0; i < e->n_args; i++)
    if (reads_outside(graph, e->args[i], ranges)) return true;
  return e->fallback != EXPR_NONE && reads_outside(graph, e->fallback, ranges);
}

/* A default where the ranges show that the read is always inside, or never. */
static ExprId settle_default(Graph *graph, ExprId id, Ranges ranges) {
  const Expr e = *expr_at(graph, id);
  bool inside = true;
  for (uint32_t i = 0; i < e.n_args; i++) {
    Interval at = expr_interval(graph, e.args[i], ranges.extents, ranges.n);
    int64_t extent = tensor_at(graph, e.tensor)->extents[i];
    if (at.high < 0 || at.low >= extent) return e.fallback;
    inside = inside && at.low >= 0 && at.high < extent;
  }
  return inside ? expr_read(graph, e.tensor, e.args, e.n_args, EXPR_NONE) : id;
}

static ScalarOp mirrored(ScalarOp op) {
  switch (op) {
  case OP_LT: return OP_GT;
  case OP_LE: return OP_GE;
  case OP_GT: return OP_LT;
  case OP_GE: return OP_LE;
  default: return op;
  }
}

/* `i - 2 >= 0` as `i >= 2`, `i - j + 1 < 12` as `i < j + 11`: nothing is subtracted, and what
   varies stands on the left. */
static ExprId normal_inequality(Graph *graph, ExprId id, Ranges ranges) {
  const Expr e = *expr_at(graph, id);
  Affine d;
  if (mirrored(e.op) == e.op || !affine_compared(graph, id, ranges, &d)) return id;
  Affine sides[2] = {{.constant = 0}, {.constant = 0}};
  sides[d.constant < 0].constant = d.constant < 0 ? -d.constant : d.constant;
  for (uint32_t k = 0; k < d.n; k++) {
    Affine *side = &sides[d.terms[k].factor < 0];
    side->terms[side->n] = d.terms[k];
    if (d.terms[k].factor < 0) side->terms[side->n].factor = -d.terms[k].factor;
    side->n++;
  }
  bool turn = sides[0].n == 0;
  ExprId left = affine_expr(graph, &sides[turn ? 1 : 0]);
  ExprId right = affine_expr(graph, &sides[turn ? 0 : 1]);
  return fold_op2(graph, turn ? mirrored(e.op) : e.op, left, right);
}

ExprId normalize_indices(Graph *graph, ExprId id, Ranges ranges) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = normalize_indices(graph, e.args[i], ranges);
  ExprId fallback =
      e.fallback == EXPR_NONE ? EXPR_NONE : normalize_indices(graph, e.fallback, ranges);
  ExprId rebuilt = fold_rebuild(graph, id, args, fallback);
  const Expr *r = expr_at(graph, rebuilt);
  if (r->kind == EXPR_READ && r->fallback != EXPR_NONE)
    return settle_default(graph, rebuilt, ranges);
  if (r->kind != EXPR_OP) return rebuilt;
  if (r->type == TYPE_I32) {
    Affine a = affine_of(graph, rebuilt, ranges);
    return affine_expr(graph, &a);
  }
  int decided = r->type == TYPE_BOOL ? decide_condition(graph, rebuilt, ranges) : -1;
  if (decided >= 0) return expr_integer(graph, TYPE_BOOL, decided);
  return r->type == TYPE_BOOL ? normal_inequality(graph, rebuilt, ranges) : rebuilt;
}
