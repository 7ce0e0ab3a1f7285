/* Solving the brackets of a sum for its summed variables, each of which then disappears or has
   fewer values (architecture.md, "Bracket elimination"). */
#include "simplify/algebra.h"
#include "simplify/sum_internal.h"
#include "support/integers.h"

static bool occurs_elsewhere(const Sum *sum, const Affine *d, uint32_t k, uint32_t v) {
  for (uint32_t i = 0; i < d->n; i++)
    if (i != k && expr_uses_index(sum->graph, d->terms[i].atom, v)) return true;
  return false;
}

/* What an equation reads is inside its axes where the equation counts. That is said before it is
   solved: with its solution, the conditions that saw to it may hold everywhere, and be dropped. (An
   index of data is looked at when it is read.) */
static void guard_reads(Sum *sum, ExprId id) {
  Graph *graph = sum->graph;
  const Expr e = *expr_at(graph, id);
  uint32_t n = e.kind == EXPR_OP && e.op == OP_WHERE ? 1 : e.n_args; /* a branch may be not taken */
  for (uint32_t i = 0; i < n; i++) guard_reads(sum, e.args[i]);
  if (e.kind != EXPR_READ || e.fallback != EXPR_NONE) return;
  for (uint32_t i = 0; i < e.n_args; i++)
    if (!expr_varies_with_data(graph, e.args[i]))
      guard_range(sum, e.args[i], tensor_at(graph, e.tensor)->extents[i]);
}

/* 0 = ±s·v + rest:  v := ∓rest / s, where s divides it. */
static void solve_for(Sum *sum, const Affine *d, uint32_t k) {
  Graph *graph = sum->graph;
  int64_t factor = d->terms[k].factor, s = factor < 0 ? -factor : factor;
  uint32_t v = expr_at(graph, d->terms[k].atom)->index;
  Affine numerator = affine_scale(affine_without(*d, k), factor < 0 ? 1 : -1);
  ExprId solution = affine_expr(graph, &numerator);
  if (s > 1) {
    ExprId step = expr_integer(graph, TYPE_I32, s);
    ExprId rest = fold_op2(graph, OP_MOD, solution, step);
    rest = normalize_indices(graph, rest, ranges_of(sum));
    ExprId divides = fold_op2(graph, OP_EQ, rest, expr_integer(graph, TYPE_I32, 0));
    if (decide_condition(graph, divides, ranges_of(sum)) != 1) sum_guard(sum, divides);
    solution = normalize_indices(graph, fold_op2(graph, OP_DIV, solution, step), ranges_of(sum));
  }
  guard_range(sum, solution, sum->extents.items[v]);
  substitute(sum, v, solution);
}

/* The summed variable that stands in u with a factor of ±1 and nowhere else in d; u.n: none. */
static uint32_t unit_in(const Sum *sum, const Affine *u, const Affine *d, uint32_t k) {
  uint32_t best = u->n;
  for (uint32_t i = 0; i < u->n; i++) {
    const Expr *v = expr_at(sum->graph, u->terms[i].atom);
    bool unit = u->terms[i].factor == 1 || u->terms[i].factor == -1;
    if (!unit || v->kind != EXPR_INDEX || !is_summed(sum, v->index)) continue;
    if (occurs_elsewhere(sum, u, i, v->index) || occurs_elsewhere(sum, d, k, v->index)) continue;
    if (best < u->n && sum->extents.items[v->index] <=
                           sum->extents.items[expr_at(sum->graph, u->terms[best].atom)->index])
      continue;
    best = i;
  }
  return best;
}

/* An equation's term ±(u / n) or ±(u % n), and the variable v of u = ±v + w. */
typedef struct Quotient {
  ScalarOp op;
  int64_t n;
  Affine u;
  uint32_t place; /* of v in u */
  uint32_t v;
  int64_t gain; /* how many times fewer values v has then; 0: there is no such term */
} Quotient;

static Quotient quotient_in(Sum *sum, const Affine *d, uint32_t k) {
  Graph *graph = sum->graph;
  Quotient q = {.gain = 0};
  const Expr atom = *expr_at(graph, d->terms[k].atom);
  int64_t factor = d->terms[k].factor;
  if (atom.kind != EXPR_OP || (atom.op != OP_DIV && atom.op != OP_MOD)) return q;
  const Expr n = *expr_at(graph, atom.args[1]);
  if (n.kind != EXPR_CONST || n.integer < 2 || (factor != 1 && factor != -1)) return q;
  q.op = atom.op;
  q.n = n.integer;
  q.u = affine_of(graph, atom.args[0], ranges_of(sum));
  q.place = unit_in(sum, &q.u, d, k);
  if (q.place == q.u.n) return q;
  q.v = expr_at(graph, q.u.terms[q.place].atom)->index;
  int64_t extent = sum->extents.items[q.v], rows = (extent + q.n - 1) / q.n;
  q.gain = q.op == OP_DIV ? rows : extent / rows;
  return q;
}

/* 0 = ±(u / n) + rest with u = ±v + w:  v := ±(n·X + r − w), r over n.
   0 = ±(u % n) + rest:                  v := (±(X − w) mod n) + n·r. */
static void solve_quotient(Sum *sum, const Affine *d, uint32_t k, const Quotient *q) {
  Graph *graph = sum->graph;
  int64_t sign = q->u.terms[q->place].factor, extent = sum->extents.items[q->v];
  Affine x = affine_scale(affine_without(*d, k), -d->terms[k].factor);
  Affine w = affine_without(q->u, q->place), solution;
  if (q->op == OP_DIV) {
    solution = affine_scale(x, q->n);
    affine_add_term(&solution, 1, expr_index(graph, add_summed(sum, q->n, q->v)));
    solution = affine_scale(affine_sub(solution, w), sign);
  } else {
    guard_range(sum, affine_expr(graph, &x), q->n);
    solution = affine_scale(affine_sub(x, w), sign);
    if (w.n > 0 || w.constant != 0 || sign < 0) {
      ExprId size = expr_integer(graph, TYPE_I32, q->n);
      ExprId phase = fold_op2(graph, OP_MOD, affine_expr(graph, &solution), size);
      solution = affine_of(graph, phase, ranges_of(sum));
    }
    int64_t rows = (extent + q->n - 1) / q->n;
    affine_add_term(&solution, q->n, expr_index(graph, add_summed(sum, rows, q->v)));
  }
  ExprId value = normalize_indices(graph, affine_expr(graph, &solution), ranges_of(sum));
  guard_range(sum, value, extent);
  substitute(sum, q->v, value);
}

static int64_t remainder_of(int64_t a, int64_t s) { return (a % s + s) % s; }

/* g with f·g = 1 modulo s, f and s coprime. */
static int64_t inverse_modulo(int64_t f, int64_t s) {
  for (int64_t g = 1; g < s; g++)
    if (remainder_of(f, s) * g % s == 1) return g;
  return 0;
}

/* The term of x whose variable has the most times fewer values when (x mod s) = 0 is solved for it;
   x.n: none. */
static uint32_t best_in_congruence(const Sum *sum, const Affine *x, int64_t s) {
  uint32_t chosen = x->n;
  int64_t best = 1;
  for (uint32_t k = 0; k < x->n; k++) {
    const Expr *v = expr_at(sum->graph, x->terms[k].atom);
    if (v->kind != EXPR_INDEX || !is_summed(sum, v->index)) continue;
    if (occurs_elsewhere(sum, x, k, v->index)) continue;
    int64_t m = s / gcd(s, remainder_of(x->terms[k].factor, s));
    int64_t extent = sum->extents.items[v->index], rows = (extent + m - 1) / m;
    int64_t gain = extent / rows;
    if (gain < best || (gain == best && chosen < x->n)) continue;
    if (m == 1) continue;
    best = gain;
    chosen = k;
  }
  return chosen;
}

/* 0 = ±((f·v + rest) mod s), g = gcd(f, s): [rest mod g = 0], and with f = g·f', s = g·m:
   v := (−f'⁻¹·(rest / g) mod m) + m·w. */
static bool solve_congruence(Sum *sum, const Affine *d) {
  Graph *graph = sum->graph;
  Ranges ranges = ranges_of(sum);
  if (d->n != 1 || d->constant % d->terms[0].factor != 0) return false;
  const Expr atom = *expr_at(graph, d->terms[0].atom);
  if (atom.kind != EXPR_OP || atom.op != OP_MOD) return false;
  const Expr modulus = *expr_at(graph, atom.args[1]);
  if (modulus.kind != EXPR_CONST || modulus.integer < 2) return false;
  int64_t s = modulus.integer;
  Affine x = affine_of(graph, atom.args[0], ranges);
  x.constant += d->constant / d->terms[0].factor;
  uint32_t chosen = best_in_congruence(sum, &x, s);
  if (chosen == x.n) return false;
  guard_reads(sum, atom.args[0]);
  int64_t f = remainder_of(x.terms[chosen].factor, s), g = gcd(s, f), m = s / g;
  uint32_t v = expr_at(graph, x.terms[chosen].atom)->index;
  Affine rest = affine_without(x, chosen);
  rest.constant = remainder_of(rest.constant, s);
  for (uint32_t k = 0; k < rest.n; k++)
    rest.terms[k].factor = remainder_of(rest.terms[k].factor, s);
  if (g > 1) {
    ExprId size = expr_integer(graph, TYPE_I32, g), whole = affine_expr(graph, &rest);
    ExprId left = normalize_indices(graph, fold_op2(graph, OP_MOD, whole, size), ranges);
    sum_guard(sum, fold_op2(graph, OP_EQ, left, expr_integer(graph, TYPE_I32, 0)));
    rest = affine_of(graph, fold_op2(graph, OP_DIV, whole, size), ranges);
  }
  Affine target = affine_scale(rest, -inverse_modulo(f / g, m));
  Affine reduced = {.constant = remainder_of(target.constant, m)};
  for (uint32_t k = 0; k < target.n; k++) {
    int64_t factor = remainder_of(target.terms[k].factor, m);
    if (factor != 0) affine_add_term(&reduced, factor, target.terms[k].atom);
  }
  ExprId parts = expr_integer(graph, TYPE_I32, m);
  ExprId phase = fold_op2(graph, OP_MOD, affine_expr(graph, &reduced), parts);
  int64_t extent = sum->extents.items[v];
  ExprId w = expr_index(graph, add_summed(sum, (extent + m - 1) / m, v));
  ExprId solution = fold_op2(graph, OP_ADD, phase, fold_op2(graph, OP_MUL, parts, w));
  solution = normalize_indices(graph, solution, ranges_of(sum));
  guard_range(sum, solution, extent);
  substitute(sum, v, solution);
  return true;
}

/* How many times fewer iterations are left when 0 = s·v + rest is solved for v: all values of v,
   and (rest mod s) = 0 leaves one in m of another summed variable. */
static int64_t gain_of_index(const Sum *sum, const Affine *d, uint32_t k) {
  int64_t factor = d->terms[k].factor, s = factor < 0 ? -factor : factor;
  Affine rest = affine_without(*d, k);
  uint32_t other = best_in_congruence(sum, &rest, s);
  int64_t m = other == rest.n ? 1 : s / gcd(s, rest.terms[other].factor);
  return m * sum->extents.items[expr_at(sum->graph, d->terms[k].atom)->index];
}

/* Solves one equation for the summed variable that leaves the fewest iterations. */
bool solve_equation(Sum *sum, size_t at) {
  Graph *graph = sum->graph;
  const Expr e = *expr_at(graph, sum->guards.items[at]);
  if (e.kind != EXPR_OP || e.op != OP_EQ || expr_at(graph, e.args[0])->type != TYPE_I32)
    return false;
  Ranges ranges = ranges_of(sum);
  Affine d = affine_sub(affine_of(graph, e.args[0], ranges), affine_of(graph, e.args[1], ranges));
  int64_t best = 0;
  uint32_t chosen = 0;
  Quotient quotient = {.gain = 0};
  for (uint32_t k = 0; k < d.n; k++) {
    const Expr *atom = expr_at(graph, d.terms[k].atom);
    Quotient q = quotient_in(sum, &d, k);
    bool index = atom->kind == EXPR_INDEX && is_summed(sum, atom->index) &&
                 !occurs_elsewhere(sum, &d, k, atom->index);
    if (!index && q.gain == 0) continue;
    /* with a factor of ±1 no divisibility guard is left behind: preferred at equal gains */
    bool unit = index && (d.terms[k].factor == 1 || d.terms[k].factor == -1);
    int64_t gain = index ? 4 * gain_of_index(sum, &d, k) + 2 * unit + 1 : 4 * q.gain;
    if (gain <= best) continue;
    best = gain;
    chosen = k;
    quotient = q;
  }
  ExprId guard = sum->guards.items[at];
  sum->guards.items[at] = expr_integer(graph, TYPE_BOOL, 1);
  if (best > 0) {
    guard_reads(sum, e.args[0]);
    guard_reads(sum, e.args[1]);
    if (quotient.gain > 0)
      solve_quotient(sum, &d, chosen, &quotient);
    else
      solve_for(sum, &d, chosen);
    return true;
  }
  if (solve_congruence(sum, &d)) return true;
  sum->guards.items[at] = guard;
  return false;
}

/* --- joining --- */

/* Whether index variables v and r stand in the expression only as s·v + r times a number. */
static bool stand_together(Graph *graph, ExprId id, uint32_t v, uint32_t r, int64_t s,
                           Ranges ranges) {
  const Expr e = *expr_at(graph, id);
  if (!expr_uses_index(graph, id, v) && !expr_uses_index(graph, id, r)) return true;
  if (e.type == TYPE_I32 && e.kind != EXPR_READ) {
    Affine a = affine_of(graph, id, ranges);
    int64_t of_v = 0, of_r = 0;
    for (uint32_t k = 0; k < a.n; k++) {
      const Expr *atom = expr_at(graph, a.terms[k].atom);
      if (atom->kind == EXPR_INDEX && atom->index == v) of_v = a.terms[k].factor;
      if (atom->kind == EXPR_INDEX && atom->index == r) of_r = a.terms[k].factor;
      if (atom->kind == EXPR_INDEX) continue;
      if (atom->kind == EXPR_OP && a.n == 1 && a.terms[k].atom == id) { /* its operands, then */
        for (uint32_t i = 0; i < e.n_args; i++)
          if (!stand_together(graph, e.args[i], v, r, s, ranges)) return false;
      } else if (!stand_together(graph, a.terms[k].atom, v, r, s, ranges)) {
        return false;
      }
    }
    return of_v == s * of_r;
  }
  for (uint32_t i = 0; i < e.n_args; i++)
    if (!stand_together(graph, e.args[i], v, r, s, ranges)) return false;
  return e.fallback == EXPR_NONE || stand_together(graph, e.fallback, v, r, s, ranges);
}

/* Σ over v, r of e(s·v + r), r over s, is Σ over k of e(k). */
static bool join_pair(Sum *sum, uint32_t v, uint32_t r) {
  Graph *graph = sum->graph;
  Ranges ranges = ranges_of(sum);
  int64_t s = sum->extents.items[r];
  if (!expr_uses_index(graph, sum->body, v) && !expr_uses_index(graph, sum->body, r)) return false;
  if (!stand_together(graph, sum->body, v, r, s, ranges)) return false;
  for (size_t i = 0; i < sum->guards.count; i++)
    if (!stand_together(graph, sum->guards.items[i], v, r, s, ranges)) return false;
  ExprId k = expr_index(graph, add_summed(sum, s * sum->extents.items[v], v));
  ExprId size = expr_integer(graph, TYPE_I32, s);
  substitute(sum, v, fold_op2(graph, OP_DIV, k, size));
  substitute(sum, r, fold_op2(graph, OP_MOD, k, size));
  return true;
}

bool join_variables(Sum *sum) {
  for (uint32_t v = sum->n_outputs; v < sum->extents.count; v++)
    for (uint32_t r = sum->n_outputs; r < sum->extents.count; r++)
      if (v != r && is_summed(sum, v) && is_summed(sum, r) && join_pair(sum, v, r)) return true;
  return false;
}
