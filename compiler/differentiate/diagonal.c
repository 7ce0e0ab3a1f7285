/* Known zeros are not computed. An adjoint that is 0 but where index variables are equal, as those
   of a Jacobian of what is computed element by element, or for each item of a batch,

       x̄[S, J] = where(C, Σ e, 0),   C equates index variables of S and J,

   is  where(C, d, 0)  with d a definition over as many points as C leaves. The condition goes on to
   what reads the adjoint, which solves it. */
#include "differentiate/terms.h"
#include "simplify/algebra.h"

/* A number, perhaps under conditions. */
static bool is_number(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_OP) return e->kind == EXPR_CONST;
  switch (e->op) {
  case OP_WHERE: return is_number(graph, e->args[1]) && is_number(graph, e->args[2]);
  case OP_MUL:
  case OP_DIV: return is_number(graph, e->args[0]) && is_number(graph, e->args[1]);
  case OP_NEG: return is_number(graph, e->args[0]);
  default: return false;
  }
}

/* Nothing is computed: there is nothing to save. */
static bool is_free(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_OP && e->op == OP_WHERE && expr_is_number(graph, e->args[2], 0))
    return is_free(graph, e->args[1]);
  return is_number(graph, id) || (e->kind == EXPR_READ && e->fallback == EXPR_NONE);
}

/* Numbers the outputs that are left, and what is summed after them. outer: those numbers back. */
static Tensor over_the_rest(const Sum *sum, Tensor d, ExprId body, ExprId *outer) {
  Graph *graph = sum->graph;
  uint32_t n_outputs = sum->n_outputs, n = n_outputs + d.n_reduced;
  ExprId *map = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  int64_t *extents = ARENA_ARRAY(graph->arena, int64_t, n + 1);
  const char **names = ARENA_ARRAY(graph->arena, const char *, n + 1);
  const char *const *all = sum_names(sum);
  uint32_t count = 0;
  for (uint32_t v = 0; v < n; v++) {
    map[v] = EXPR_NONE;
    if (v < n_outputs && sum->gone.items[v]) continue;
    map[v] = expr_index(graph, count);
    outer[count] = expr_index(graph, v);
    extents[count] = v < n_outputs ? sum->extents.items[v] : d.reduced_extents[v - n_outputs];
    names[count++] = all[v];
  }
  d.rank = count - d.n_reduced;
  d.extents = extents;
  d.reduced_extents = extents + d.rank;
  d.reduction = d.n_reduced == 0 ? REDUCE_NONE : REDUCE_SUM;
  d.index_names = names;
  d.body = expr_substitute(graph, body, map, n);
  return d;
}

ExprId diagonal_of_sum(Sum *sum, Tensor d) {
  Graph *graph = sum->graph;
  ExprId condition = sum_take_diagonal(sum);
  if (condition == EXPR_NONE) return EXPR_NONE;
  ExprId body = sum_result(sum, &d.n_reduced, &d.reduced_extents);
  ExprId zero = expr_number(graph, d.type, 0);
  ExprId *outer = ARENA_ARRAY(graph->arena, ExprId, sum->n_outputs + d.n_reduced + 1);
  if (d.n_reduced == 0 && is_free(graph, body)) return EXPR_NONE;
  d = over_the_rest(sum, d, body, outer);
  uint32_t n = d.rank + d.n_reduced;
  Factors factors = {expr_number(graph, d.type, 1), d.body};
  if (d.n_reduced > 0) factors = split_factors(graph, d.body, d.rank, (Ranges){d.extents, n});
  d.body = factors.inner;
  ExprId value = expr_read(graph, graph_add(graph, d), outer, d.rank, EXPR_NONE);
  value = derive_mul(graph, expr_substitute(graph, factors.outer, outer, n), value);
  return derive_where(graph, condition, value, zero);
}

/* The conditions under which all terms stand. */
typedef struct Conditions {
  ARRAY(ExprId) items;
} Conditions;

static bool has_condition(const Conditions *c, ExprId id) {
  for (size_t i = 0; i < c->items.count; i++)
    if (c->items.items[i] == id) return true;
  return false;
}

static void add_conditions(Graph *graph, Conditions *c, ExprId condition) {
  const Expr e = *expr_at(graph, condition);
  if (e.kind == EXPR_OP && e.op == OP_AND) {
    add_conditions(graph, c, e.args[0]);
    add_conditions(graph, c, e.args[1]);
  } else if (!has_condition(c, condition)) {
    ARRAY_PUSH(graph->arena, &c->items, condition);
  }
}

static Conditions common_conditions(Graph *graph, ExprId id) {
  const Expr e = *expr_at(graph, id);
  Conditions a = {0}, b = {0}, both = {0};
  if (e.kind != EXPR_OP) return a;
  switch (e.op) {
  case OP_WHERE:
    if (!expr_is_number(graph, e.args[2], 0)) return a;
    a = common_conditions(graph, e.args[1]);
    add_conditions(graph, &a, e.args[0]);
    return a;
  case OP_NEG:
  case OP_DIV: return common_conditions(graph, e.args[0]);
  case OP_MUL:
  case OP_ADD:
  case OP_SUB:
    a = common_conditions(graph, e.args[0]);
    b = common_conditions(graph, e.args[1]);
    for (size_t i = 0; i < a.items.count; i++)
      if (e.op == OP_MUL || has_condition(&b, a.items.items[i]))
        ARRAY_PUSH(graph->arena, &both.items, a.items.items[i]);
    for (size_t i = 0; e.op == OP_MUL && i < b.items.count; i++)
      add_conditions(graph, &both, b.items.items[i]);
    return both;
  default: return a;
  }
}

ExprId diagonal_terms(Graph *graph, ExprId id, Tensor d, uint64_t kept) {
  const Expr e = *expr_at(graph, id);
  Conditions common = common_conditions(graph, id);
  Sum sum = sum_new(graph, d.extents, d.rank, d.rank);
  for (uint32_t v = 0; v < d.rank && d.index_names != NULL; v++)
    sum.names.items[v] = d.index_names[v];
  sum.body = id;
  sum.kept = kept;
  for (size_t i = 0; i < common.items.count; i++) sum_guard(&sum, common.items.items[i]);
  ExprId diagonal = common.items.count == 0 ? EXPR_NONE : diagonal_of_sum(&sum, d);
  if (diagonal != EXPR_NONE) return diagonal;
  if (e.kind != EXPR_OP || (e.op != OP_ADD && e.op != OP_SUB)) return id;
  ExprId a = diagonal_terms(graph, e.args[0], d, kept);
  ExprId b = diagonal_terms(graph, e.args[1], d, kept);
  if (a == e.args[0] && b == e.args[1]) return id;
  ExprId all = derive_op(graph, e.op, (ExprId[]){a, b}, 2);
  /* terms with one condition, now in one form, have become one */
  return all == expr_op2(graph, e.op, a, b) ? all : diagonal_terms(graph, all, d, kept);
}
