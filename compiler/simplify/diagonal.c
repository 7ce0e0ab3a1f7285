/* Values that are 0 but where index variables are equal, as a Jacobian of what is computed element
   by element:

       y[O] = where(v = X, e(O), 0)  =  where(v = X, d[O without v], 0),   d = e at v := X

   d has as many elements as y has that are not 0. A sum over y, or a read of y where the condition
   is decided, reads d instead, and y need not be there: Σ_j y[i, j] · u[j] = d[i] · u[i]. */
#include "graph/scalar_ops.h"
#include "simplify/algebra.h"
#include "simplify/passes.h"
#include "simplify/sum_internal.h"

/* --- taking the diagonal --- */

/* Of 0 = ±v + rest: the output v, and what it equals. */
typedef struct Equal {
  uint32_t v;
  ExprId value;
  int64_t extent; /* 0: there is none */
} Equal;

static Equal output_equal(Sum *sum, ExprId guard) {
  Graph *graph = sum->graph;
  Ranges ranges = ranges_of(sum);
  const Expr e = *expr_at(graph, guard);
  Equal best = {.extent = 0};
  bool inside = false; /* best's value is within the range of v */
  Affine d = {.n = 0};
  if (e.kind != EXPR_OP || e.op != OP_EQ || expr_reads_data(graph, guard)) return best;
  if (!affine_compared(graph, guard, ranges, &d)) return best;
  uint32_t used = 0;
  for (uint32_t v = 0; v < ranges.n; v++) {
    if (!expr_uses_index(graph, guard, v)) continue;
    if (v >= sum->n_outputs) return best;
    used++;
  }
  for (uint32_t k = 0; k < d.n && used > 1; k++) {
    const Expr *atom = expr_at(graph, d.terms[k].atom);
    int64_t factor = d.terms[k].factor;
    if (atom->kind != EXPR_INDEX || (factor != 1 && factor != -1)) continue;
    uint32_t v = atom->index;
    bool elsewhere = v < 64 && (sum->kept >> v & 1) != 0;
    for (uint32_t i = 0; i < d.n; i++)
      elsewhere = elsewhere || (i != k && expr_uses_index(graph, d.terms[i].atom, v));
    Affine x = affine_scale(affine_without(d, k), -factor);
    Interval range = affine_interval(graph, &x, ranges);
    int64_t extent = sum->extents.items[v];
    bool fits = range.low >= 0 && range.high < extent;
    if (elsewhere || (inside && !fits) || (inside == fits && extent < best.extent)) continue;
    best = (Equal){v, affine_expr(graph, &x), extent};
    inside = fits;
  }
  return best;
}

ExprId sum_take_diagonal(Sum *sum) {
  Graph *graph = sum->graph;
  ExprId taken = EXPR_NONE;
  for (size_t i = 0; i < sum->guards.count;) {
    ExprId guard = sum->guards.items[i];
    Equal equal = output_equal(sum, guard);
    if (equal.extent <= 1) {
      i++;
      continue;
    }
    taken = taken == EXPR_NONE ? guard : fold_op2(graph, OP_AND, taken, guard);
    sum->guards.items[i] = sum->guards.items[--sum->guards.count];
    guard_range(sum, equal.value, equal.extent);
    substitute(sum, equal.v, equal.value);
    i = 0;
  }
  return taken;
}

/* --- reading it --- */

static uint64_t indices_in(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_INDEX) return e->index < 64 ? (uint64_t)1 << e->index : 0;
  uint64_t all = 0;
  for (uint32_t i = 0; i < e->n_args; i++) all |= indices_in(graph, e->args[i]);
  return all;
}

/* Whether each of the conditions equates an index variable with others. */
static bool equates_indices(const Graph *graph, ExprId condition) {
  const Expr *e = expr_at(graph, condition);
  if (e->kind != EXPR_OP) return false;
  if (e->op == OP_AND)
    return equates_indices(graph, e->args[0]) && equates_indices(graph, e->args[1]);
  uint64_t used = indices_in(graph, condition);
  return e->op == OP_EQ && expr_at(graph, e->args[0])->type == TYPE_I32 &&
         (used & (used - 1)) != 0 && !expr_reads_data(graph, condition);
}

/* where(C, d, 0), C equates index variables, d a read or a number */
static bool is_bracket(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_OP || e->op != OP_WHERE || !expr_is_number(graph, e->args[2], 0))
    return false;
  const Expr *value = expr_at(graph, e->args[1]);
  bool free =
      value->kind == EXPR_CONST || (value->kind == EXPR_READ && value->fallback == EXPR_NONE);
  return free && equates_indices(graph, e->args[0]);
}

/* A sum of brackets, with or without constant factors. */
static bool is_sum_of_brackets(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_OP) return false;
  switch (e->op) {
  case OP_ADD:
  case OP_SUB:
    return is_sum_of_brackets(graph, e->args[0]) && is_sum_of_brackets(graph, e->args[1]);
  case OP_NEG: return is_sum_of_brackets(graph, e->args[0]);
  case OP_MUL:
    return expr_at(graph, e->args[0])->kind == EXPR_CONST && is_sum_of_brackets(graph, e->args[1]);
  default: return is_bracket(graph, id);
  }
}

static bool is_diagonal(const Graph *graph, const Tensor *t) {
  return t->kind == TENSOR_DEFINITION && t->derived && t->reduction == REDUCE_NONE &&
         is_sum_of_brackets(graph, t->body);
}

bool is_read_as_diagonal(const Graph *graph, ExprId body, TensorId d) {
  const Expr *e = expr_at(graph, body);
  if (e->kind != EXPR_OP) return false;
  if (e->op == OP_ADD || e->op == OP_SUB || e->op == OP_MUL)
    return is_read_as_diagonal(graph, e->args[0], d) || is_read_as_diagonal(graph, e->args[1], d);
  if (e->op == OP_NEG) return is_read_as_diagonal(graph, e->args[0], d);
  return is_bracket(graph, body) && expr_reads(graph, e->args[1], d);
}

typedef struct Diagonals {
  Graph *graph;
  Ranges ranges; /* of the reader's index variables */
  bool sums;     /* the reader is a sum */
  bool changed;
} Diagonals;

/* An expression in which reads of diagonals are what they are: a sum of `terms`, all of which stand
   under the conditions of a diagonal, if it has any. */
typedef struct Rewritten {
  ExprId id;
  ARRAY(ExprId) terms;
} Rewritten;

enum { MAX_TERMS = 16 };

static Rewritten rewrite(Diagonals *d, ExprId id);

static void find_terms(Graph *graph, ExprId id, bool negative, Rewritten *out) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_OP && (e.op == OP_ADD || e.op == OP_SUB)) {
    find_terms(graph, e.args[0], negative, out);
    find_terms(graph, e.args[1], negative != (e.op == OP_SUB), out);
  } else {
    ARRAY_PUSH(graph->arena, &out->terms, negative ? derive_neg(graph, id) : id);
  }
}

static Rewritten rewrite_read(Diagonals *d, ExprId id) {
  Graph *graph = d->graph;
  const Expr e = *expr_at(graph, id);
  const Tensor *t = tensor_at(graph, e.tensor);
  Rewritten result = {.id = id};
  if (e.fallback != EXPR_NONE || !is_diagonal(graph, t)) return result;
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) at[i] = fold_cast(graph, TYPE_I32, e.args[i]);
  ExprId value = expr_substitute(graph, t->body, at, e.n_args);
  value = normalize_indices(graph, value, d->ranges);
  bool decided = !derive_is_guarded(graph, value);
  if (!decided && !d->sums) return result;
  d->changed = true;
  result.id = value;
  if (!decided) find_terms(graph, value, false, &result);
  if (result.terms.count > MAX_TERMS) result.terms.count = 0;
  return result;
}

/* f(where(c, a, 0)) = where(c, f(a), 0), where f(0) = 0. EXPR_NONE: another f. */
static ExprId within_bracket(Graph *graph, ExprId id, ExprId bracket) {
  const Expr e = *expr_at(graph, id), b = *expr_at(graph, bracket);
  bool keeps = e.n_args == 1 && (scalar_ops[e.op].flags & OP_ZERO_AT_ZERO) != 0;
  if (e.op == OP_POW) {
    const Expr *power = expr_at(graph, e.args[1]);
    keeps = power->kind == EXPR_CONST && power->real > 0;
  }
  if (!keeps || !type_is_real(e.type) || b.kind != EXPR_OP || b.op != OP_WHERE) return EXPR_NONE;
  ExprId *inner = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) inner[i] = i == 0 ? b.args[1] : e.args[i];
  ExprId value = fold_rebuild(graph, id, inner, EXPR_NONE);
  return derive_where(graph, b.args[0], value, expr_number(graph, e.type, 0));
}

/* What an operator makes of terms, if it keeps their zeros. */
static void distribute(Graph *graph, ExprId id, const Rewritten *args, Rewritten *out) {
  const Expr e = *expr_at(graph, id);
  size_t n = args[0].terms.count, m = e.n_args > 1 ? args[1].terms.count : 0;
  if (e.op == OP_MUL) {
    if ((n == 0 ? 1 : n) * (m == 0 ? 1 : m) > MAX_TERMS) return;
    for (size_t i = 0; i < (n == 0 ? 1 : n); i++)
      for (size_t k = 0; k < (m == 0 ? 1 : m); k++)
        ARRAY_PUSH(graph->arena, &out->terms,
                   derive_mul(graph, n == 0 ? args[0].id : args[0].terms.items[i],
                              m == 0 ? args[1].id : args[1].terms.items[k]));
    return;
  }
  if (n == 0 || m > 0) return;
  if (e.op == OP_DIV || e.op == OP_NEG) {
    for (size_t i = 0; i < n; i++) {
      ExprId operands[2] = {args[0].terms.items[i], e.op == OP_DIV ? args[1].id : EXPR_NONE};
      ARRAY_PUSH(graph->arena, &out->terms, derive_op(graph, e.op, operands, e.n_args));
    }
  } else if (n == 1) {
    ExprId term = within_bracket(graph, id, args[0].terms.items[0]);
    if (term != EXPR_NONE) ARRAY_PUSH(graph->arena, &out->terms, term);
  }
}

static Rewritten rewrite(Diagonals *d, ExprId id) {
  Graph *graph = d->graph;
  const Expr e = *expr_at(graph, id);
  Rewritten result = {.id = id};
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return result;
  if (e.kind == EXPR_READ) return rewrite_read(d, id);
  Rewritten *operands = ARENA_ARRAY(graph->arena, Rewritten, e.n_args + 1);
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  bool same = true, sparse = false;
  for (uint32_t i = 0; i < e.n_args; i++) {
    operands[i] = rewrite(d, e.args[i]);
    args[i] = operands[i].id;
    same = same && args[i] == e.args[i];
    sparse = sparse || operands[i].terms.count > 0;
  }
  if (same) return result;
  result.id = fold_rebuild(graph, id, args, EXPR_NONE);
  if (sparse) distribute(graph, id, operands, &result);
  return result;
}

/* Σ (a + b) = Σ a + Σ b, a and b with conditions of their own, each to be solved in its own sum. */
static ExprId sum_of_parts(Program *program, const Tensor *whole, const Rewritten *r) {
  Graph *graph = program->graph;
  ExprId all = EXPR_NONE;
  for (size_t i = 0; i < r->terms.count; i++) {
    Tensor part = *whole;
    part.name = arena_printf(graph->arena, "%s.part", whole->name);
    part.named = part.is_adjoint = false;
    part.derived = true;
    part.body = r->terms.items[i];
    ExprId read = expr_read_whole(graph, graph_add(graph, part));
    all = all == EXPR_NONE ? read : fold_op2(graph, OP_ADD, all, read);
  }
  return all;
}

/* A definition's body with reads of diagonals as what they are: in sums, in derived definitions
   that are then diagonals too, and elsewhere where all conditions are decided. *changed: there are
   any.
 */
static Rewritten rewrite_body(Graph *graph, const Tensor *t, Ranges ranges, bool *changed) {
  Diagonals d = {graph, ranges, t->reduction == REDUCE_SUM, false};
  if (t->derived && t->reduction == REDUCE_NONE) {
    Diagonals whole = {graph, ranges, true, false};
    Rewritten r = rewrite(&whole, t->body);
    bool diagonal = r.terms.count > 0;
    r.id = expr_number(graph, t->type, 0);
    for (size_t i = 0; i < r.terms.count; i++) {
      diagonal = diagonal && is_sum_of_brackets(graph, r.terms.items[i]);
      r.id = derive_add(graph, r.id, r.terms.items[i]);
    }
    *changed = true;
    r.terms.count = 0;
    if (diagonal && whole.changed) return r;
  }
  Rewritten r = rewrite(&d, t->body);
  *changed = d.changed;
  return r;
}

bool read_diagonals(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  bool changed = false;
  for (uint32_t i = 0; i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    const Tensor t = *tensor_at(graph, id);
    if (t.kind != TENSOR_DEFINITION) continue;
    Ranges ranges = {tensor_index_extents(&t, graph->arena), t.rank + t.n_reduced};
    bool here;
    Rewritten r = rewrite_body(graph, &t, ranges, &here);
    if (!here) continue;
    changed = true;
    if (r.terms.count > 1) {
      ExprId body = sum_of_parts(program, &t, &r);
      Tensor *place = tensor_at(graph, id);
      place->body = body;
      place->reduction = REDUCE_NONE;
      place->n_reduced = 0;
      continue;
    }
    ExprId body = r.terms.count == 1 ? r.terms.items[0] : r.id;
    body = normalize_indices(graph, body, ranges);
    tensor_at(graph, id)->body = body;
  }
  return changed;
}
