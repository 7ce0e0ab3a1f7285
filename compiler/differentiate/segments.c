/* Shares of derivatives that come from a recurrence in segments (checkpoint.c), in a form in which
   the derivative of one segment can be done with before the next one.

   A sum over the segments is taken along with them, from the one that the sweep meets first:

       total[s] = (total[s + 1] ?? 0) + part[s],   of which total[0] is the sum.

   What is read at step k·s + r + c, an input of the recurrence, has its share by segments:

       x̄[J] += x̄'[(J − c) / k, (J − c) mod k]   where 0 ≤ J − c < S·k. */
#include "differentiate/segments.h"
#include "simplify/affine.h"
#include "simplify/algebra.h"

ExprId sum_along_segments(Graph *graph, Tensor part, bool ahead) {
  uint32_t rank = part.rank, n = rank + part.n_reduced;
  const int64_t *extents = tensor_index_extents(&part, graph->arena);
  int64_t *moved = ARENA_ARRAY(graph->arena, int64_t, n + 1);
  const char **names = ARENA_ARRAY(graph->arena, const char *, n + 1);
  ExprId *with = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  for (uint32_t v = 0; v < n; v++) {
    uint32_t to = v == rank ? 0 : v < rank ? v + 1 : v;
    moved[to] = extents[v];
    names[to] = part.index_names == NULL ? NULL : part.index_names[v];
    with[v] = at[to] = expr_index(graph, to);
  }
  Tensor total = part;
  part.rank = total.rank = rank + 1;
  part.n_reduced--;
  part.extents = total.extents = moved;
  part.reduced_extents = moved + part.rank;
  part.index_names = total.index_names = names;
  part.body = expr_substitute(graph, part.body, with, n);
  part.reduction = part.n_reduced == 0 ? REDUCE_NONE : REDUCE_SUM;
  total.n_reduced = 0;
  total.reduction = REDUCE_NONE;
  total.name = arena_printf(graph->arena, "%s.total", part.name);
  total.named = true;
  total.body = EXPR_NONE;
  ExprId here = expr_read(graph, graph_add(graph, part), at, rank + 1, EXPR_NONE);
  TensorId id = graph_add(graph, total);
  at[0] = fold_op2(graph, ahead ? OP_ADD : OP_SUB, at[0], expr_integer(graph, TYPE_I32, 1));
  ExprId zero = expr_number(graph, part.type, 0);
  ExprId before = expr_read(graph, id, at, rank + 1, zero);
  tensor_at(graph, id)->body = expr_op2(graph, OP_ADD, before, here);
  at[0] = expr_integer(graph, TYPE_I32, ahead ? 0 : moved[0] - 1);
  for (uint32_t i = 0; i < rank; i++) at[i + 1] = expr_index(graph, i);
  return expr_read(graph, id, at, rank + 1, EXPR_NONE);
}

/* Which of the read's indices is k·s + r + c; UINT32_MAX: none. */
static uint32_t split_axis(Graph *graph, const Tensor *y, const Expr *read, StepRead *steps) {
  Ranges ranges = {tensor_index_extents(y, graph->arena), y->rank + y->n_reduced};
  for (uint32_t m = 0; m < read->n_args; m++) {
    Affine at = affine_of(graph, fold_cast(graph, TYPE_I32, read->args[m]), ranges);
    if (at.n != 2) continue;
    for (uint32_t i = 0; i < 2; i++) {
      const Expr *s = expr_at(graph, at.terms[i].atom), *r = expr_at(graph, at.terms[1 - i].atom);
      if (s->kind != EXPR_INDEX || r->kind != EXPR_INDEX || s->index != 0) continue;
      if (r->index >= y->rank || at.terms[1 - i].factor != 1) continue;
      if (at.terms[i].factor == 1 || at.terms[i].factor != y->extents[r->index]) continue;
      steps->count = y->extents[0];
      steps->every = y->extents[r->index];
      steps->first = at.constant;
      steps->step = r->index;
      return m;
    }
  }
  return UINT32_MAX;
}

StepRead step_read(Graph *graph, TensorId y, const Expr *read) {
  const Tensor reader = *tensor_at(graph, y), x = *tensor_at(graph, read->tensor);
  StepRead steps = {.split = x, .at = read->args};
  if (reader.again == TENSOR_NONE) return steps;
  steps.axis = split_axis(graph, &reader, read, &steps);
  if (steps.axis == UINT32_MAX) return steps;
  int64_t *extents = ARENA_ARRAY(graph->arena, int64_t, x.rank + 1);
  const char **names = ARENA_ARRAY(graph->arena, const char *, x.rank + 1);
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, x.rank + 1);
  for (uint32_t i = 0; i <= x.rank; i++) {
    uint32_t from = i <= steps.axis ? i : i - 1;
    bool segment = i == steps.axis, step = i == steps.axis + 1;
    extents[i] = segment ? steps.count : step ? steps.every : x.extents[from];
    names[i] = segment || step || x.index_names == NULL ? NULL : x.index_names[from];
    at[i] = segment ? expr_index(graph, 0)
            : step  ? expr_index(graph, steps.step)
                    : read->args[from];
  }
  steps.is_split = true;
  steps.split.rank++;
  steps.split.extents = extents;
  steps.split.index_names = names;
  steps.at = at;
  return steps;
}

ExprId read_of_steps(Graph *graph, const StepRead *steps, TensorId part, uint32_t n_seed) {
  const Tensor t = *tensor_at(graph, part);
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, t.rank + 1);
  uint32_t axis = n_seed + steps->axis;
  ExprId first = expr_integer(graph, TYPE_I32, steps->first);
  ExprId every = expr_integer(graph, TYPE_I32, steps->every);
  ExprId from = fold_op2(graph, OP_SUB, expr_index(graph, axis), first);
  for (uint32_t i = 0; i < t.rank; i++)
    at[i] = i == axis       ? fold_op2(graph, OP_DIV, from, every)
            : i == axis + 1 ? fold_op2(graph, OP_MOD, from, every)
                            : expr_index(graph, i < axis ? i : i - 1);
  ExprId all = expr_integer(graph, TYPE_I32, steps->count * steps->every);
  ExprId inside =
      fold_op2(graph, OP_AND, fold_op2(graph, OP_GE, from, expr_integer(graph, TYPE_I32, 0)),
               fold_op2(graph, OP_LT, from, all));
  return derive_where(graph, inside, expr_read(graph, part, at, t.rank, EXPR_NONE),
                      expr_number(graph, t.type, 0));
}
