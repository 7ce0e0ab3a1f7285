/* A sum that is 0 but for some of the values of an output index, as the adjoint of a slice:

       y[J, …] = sum[R](where(J ∈ {c, c + s, …, c + (n - 1)·s}, e(J, …, R), 0))

   becomes  part[v: 0..n, …] = sum[R](e(c + s·v, …, R)),
            y[J, …] = where(J ∈ {…}, part[(J − c) / s, …], 0),

   which sums for no J where there is nothing to sum. */
#include "graph/group.h"
#include "simplify/algebra.h"
#include "simplify/guards.h"
#include "simplify/passes.h"
#include "support/integers.h"

/* first, first + step, …: count of them */
typedef struct Progression {
  int64_t first, step, count;
} Progression;

/* v mod step = first, where a condition says so. */
static void take_residue(Graph *graph, ExprId condition, uint32_t v, Ranges ranges,
                         Progression *values) {
  Affine d;
  bool equal = expr_at(graph, condition)->op == OP_EQ;
  if (!affine_compared(graph, condition, ranges, &d) || !equal || d.n != 1) return;
  const Expr atom = *expr_at(graph, d.terms[0].atom);
  if (atom.kind != EXPR_OP || atom.op != OP_MOD) return;
  const Expr modulus = *expr_at(graph, atom.args[1]);
  Affine in = affine_of(graph, atom.args[0], ranges);
  int64_t factor = d.terms[0].factor, sign = in.n == 1 ? in.terms[0].factor : 0;
  bool plain = (sign == 1 || sign == -1) && in.terms[0].atom == expr_index(graph, v);
  if (!plain || modulus.kind != EXPR_CONST || d.constant % factor != 0) return;
  if (modulus.integer <= values->step) return;
  values->step = modulus.integer;
  values->first = sign * (-d.constant / factor - in.constant);
}

/* ±v + rest is bounded: the values of v for which that can hold at all. */
static void take_bounds(Graph *graph, const Guard *guard, uint32_t v, Ranges ranges,
                        Interval *values) {
  Affine d;
  Interval bound;
  if (!guard_bounds(graph, guard, ranges, &d, &bound)) return;
  uint32_t k = 0;
  while (k < d.n && d.terms[k].atom != expr_index(graph, v)) k++;
  int64_t sign = k < d.n ? d.terms[k].factor : 0;
  if (sign != 1 && sign != -1) return;
  Affine rest = affine_without(d, k);
  for (uint32_t i = 0; i < rest.n; i++)
    if (expr_uses_index(graph, rest.terms[i].atom, v)) return;
  Interval range = affine_interval(graph, &rest, ranges);
  bool least = bound.low != INT64_MIN, most = bound.high != INT64_MAX;
  Interval term = {least ? bound.low - range.high : INT64_MIN,
                   most ? bound.high - range.low : INT64_MAX};
  if (sign < 0) term = (Interval){most ? -term.high : INT64_MIN, least ? -term.low : INT64_MAX};
  if (term.low > values->low) values->low = term.low;
  if (term.high < values->high) values->high = term.high;
}

/* The values of output v at which the conditions can hold. */
static Progression values_of(Graph *graph, const Guards *guards, uint32_t v, Ranges ranges) {
  Interval range = {0, ranges.extents[v] - 1};
  Progression values = {.first = 0, .step = 1};
  for (size_t i = 0; i < guards->count; i++) {
    take_bounds(graph, &guards->items[i], v, ranges, &range);
    if (guards->items[i].holds) take_residue(graph, guards->items[i].condition, v, ranges, &values);
  }
  int64_t behind = values.first - range.low;
  values.first = range.low + (behind - values.step * floor_div(behind, values.step));
  bool none = values.first > range.high;
  values.count = none ? 0 : (range.high - values.first) / values.step + 1;
  return values;
}

static ExprId is_among(Graph *graph, uint32_t v, const Progression *values, int64_t extent) {
  ExprId index = expr_index(graph, v), first = expr_integer(graph, TYPE_I32, values->first);
  int64_t last = values->first + (values->count - 1) * values->step;
  if (values->count == 1) return fold_op2(graph, OP_EQ, index, first);
  ExprId all = expr_integer(graph, TYPE_BOOL, 1);
  if (values->first > 0) all = fold_op2(graph, OP_GE, index, first);
  if (last + values->step < extent)
    all = fold_op2(graph, OP_AND, all,
                   fold_op2(graph, OP_LT, index, expr_integer(graph, TYPE_I32, last + 1)));
  if (values->step == 1) return all;
  ExprId step = expr_integer(graph, TYPE_I32, values->step);
  ExprId residue = fold_op2(graph, OP_MOD, index, step);
  ExprId wanted = expr_integer(graph, TYPE_I32, values->first % values->step);
  return fold_op2(graph, OP_AND, all, fold_op2(graph, OP_EQ, residue, wanted));
}

/* The outputs of a sum after narrowing. */
typedef struct Narrowed {
  uint32_t rank;      /* of the part: an output of one value is none of its axes */
  ExprId *with;       /* per index variable of the sum: in the part */
  ExprId *at;         /* the part's indices, in the sum's */
  ExprId condition;   /* where the sum is not 0 */
  int64_t *extents;   /* of the part, then of what it sums over */
  const char **names; /* of the same */
  double share;       /* of the sum's points that are left */
} Narrowed;

static Narrowed narrow(Graph *graph, const Tensor *t, const Guards *guards) {
  uint32_t n = t->rank + t->n_reduced;
  Ranges ranges = {tensor_index_extents(t, graph->arena), n};
  Narrowed made = {.with = ARENA_ARRAY(graph->arena, ExprId, n + 1),
                   .at = ARENA_ARRAY(graph->arena, ExprId, n + 1),
                   .condition = expr_integer(graph, TYPE_BOOL, 1),
                   .extents = ARENA_ARRAY(graph->arena, int64_t, n + 1),
                   .names = ARENA_ARRAY(graph->arena, const char *, n + 1),
                   .share = 1};
  for (uint32_t v = 0; v < n; v++) {
    const Progression all = {.first = 0, .step = 1, .count = ranges.extents[v]};
    Progression values = v < t->rank ? values_of(graph, guards, v, ranges) : all;
    if (2 * values.count > all.count) values = all;
    ExprId first = expr_integer(graph, TYPE_I32, values.first);
    ExprId step = expr_integer(graph, TYPE_I32, values.step);
    made.share *= (double)values.count / (double)all.count;
    if (values.count < all.count)
      made.condition =
          fold_op2(graph, OP_AND, made.condition, is_among(graph, v, &values, all.count));
    made.with[v] = first;
    if (values.count <= 1 && all.count > 1) continue;
    uint32_t to = v < t->rank ? made.rank++ : made.rank + v - t->rank;
    made.with[v] =
        fold_op2(graph, OP_ADD, fold_op2(graph, OP_MUL, step, expr_index(graph, to)), first);
    made.extents[to] = values.count;
    made.names[to] = t->index_names == NULL ? NULL : t->index_names[v];
    ExprId behind = fold_op2(graph, OP_SUB, expr_index(graph, v), first);
    if (v < t->rank) made.at[to] = fold_op2(graph, OP_DIV, behind, step);
  }
  return made;
}

static bool narrow_sum(Graph *graph, TensorId id) {
  const Tensor t = *tensor_at(graph, id);
  if (t.kind != TENSOR_DEFINITION || t.reduction != REDUCE_SUM) return false;
  Guards guards = {0};
  ExprId body = t.body;
  for (const Expr *e = expr_at(graph, body);
       e->kind == EXPR_OP && e->op == OP_WHERE && expr_is_number(graph, e->args[2], 0);
       e = expr_at(graph, body)) {
    body = e->args[1];
    guards_add(graph, &guards, e->args[0], true);
  }
  if (guards.count == 0) return false;
  Narrowed made = narrow(graph, &t, &guards);
  if (made.share > 0.5 || made.share == 0) return false;
  Tensor part = t;
  part.name = arena_printf(graph->arena, "%s.slice", t.name);
  part.named = part.is_adjoint = false;
  part.rank = made.rank;
  part.extents = made.extents;
  part.reduced_extents = made.extents + made.rank;
  part.index_names = made.names;
  part.body = expr_substitute(graph, t.body, made.with, t.rank + t.n_reduced);
  part.body = normalize_indices(graph, part.body, (Ranges){made.extents, made.rank + t.n_reduced});
  ExprId read = expr_read(graph, graph_add(graph, part), made.at, made.rank, EXPR_NONE);
  ExprId zero = expr_number(graph, t.type, 0);
  Tensor *place = tensor_at(graph, id);
  place->reduction = REDUCE_NONE;
  place->n_reduced = 0;
  place->body = fold_op3(graph, OP_WHERE, made.condition, read, zero);
  return true;
}

bool narrow_outputs(Program *program) {
  TensorList roots = program_roots(program, program->arena);
  EvaluationOrder order =
      evaluation_order(program->graph, program->arena, roots.items, roots.count);
  bool changed = false;
  for (uint32_t i = 0; i < order.list.count; i++)
    if (order.groups[i] == NULL) /* a step of a recurrence stays one */
      changed |= narrow_sum(program->graph, order.list.items[i]);
  return changed;
}
