/* Scatter-adds: the adjoint of a read at a data-dependent index,

       y[J, O] = sum over R of [guard(O, R)] where(J == t(O, R), v, 0),

   is never summed densely: y = 0, then for all O, R, if guard: y[t, O] += v with J = t. */
#include "lower/work.h"

typedef struct Scatter {
  uint32_t axis; /* J */
  ExprId place;  /* t */
  ExprId guard;  /* where t may be read; EXPR_NONE: everywhere */
  ExprId rest;   /* what else the condition asks; EXPR_NONE */
} Scatter;

static bool is_place(Work *w, const Node *n, ExprId index, ExprId place, Scatter *s) {
  const Expr *j = expr_at(w->graph, index);
  if (j->kind != EXPR_INDEX || j->index >= n->rank) return false;
  if (!expr_reads_data(w->graph, place) || expr_uses_index(w->graph, place, j->index)) return false;
  s->axis = j->index;
  s->place = place;
  return true;
}

/* Takes J == t out of a conjunction; the rest in s->rest. */
static bool take_place(Work *w, const Node *n, ExprId condition, Scatter *s) {
  const Expr e = *expr_at(w->graph, condition);
  if (e.kind != EXPR_OP) return false;
  if (e.op == OP_EQ)
    return is_place(w, n, e.args[0], e.args[1], s) || is_place(w, n, e.args[1], e.args[0], s);
  if (e.op != OP_AND) return false;
  for (uint32_t i = 0; i < 2; i++) {
    s->rest = EXPR_NONE;
    if (!take_place(w, n, e.args[i], s)) continue;
    ExprId other = e.args[1 - i];
    s->rest = s->rest == EXPR_NONE ? other : expr_op2(w->graph, OP_AND, s->rest, other);
    return true;
  }
  return false;
}

/* where(c, e, 0) */
static bool is_bracket(const Graph *g, ExprId id) {
  const Expr *e = expr_at(g, id);
  return e->kind == EXPR_OP && e->op == OP_WHERE && expr_is_number(g, e->args[2], 0);
}

static ExprId and_also(Graph *g, ExprId a, ExprId b) {
  return a == EXPR_NONE ? b : expr_op2(g, OP_AND, a, b);
}

/* What of the condition does not ask about J is a guard, the other parts are left. */
static void split_guard(Graph *g, ExprId condition, Scatter *s) {
  const Expr e = *expr_at(g, condition);
  if (e.kind == EXPR_OP && e.op == OP_AND) {
    split_guard(g, e.args[0], s);
    split_guard(g, e.args[1], s);
  } else if (expr_uses_index(g, condition, s->axis)) {
    s->rest = and_also(g, s->rest, condition);
  } else {
    s->guard = and_also(g, s->guard, condition);
  }
}

static bool find_scatter(Work *w, const Node *n, Scatter *s, ExprId *value) {
  Graph *g = w->graph;
  if (n->reduction != REDUCE_SUM || !is_bracket(g, n->body)) return false;
  Expr e = *expr_at(g, n->body);
  ExprId outer = EXPR_NONE;
  s->rest = s->guard = EXPR_NONE;
  if (!take_place(w, n, e.args[0], s)) {
    if (!is_bracket(g, e.args[1])) return false;
    outer = e.args[0];
    e = *expr_at(g, e.args[1]);
    s->rest = EXPR_NONE;
    if (!take_place(w, n, e.args[0], s)) return false;
  }
  if (outer != EXPR_NONE) split_guard(g, outer, s);
  *value = s->rest == EXPR_NONE ? e.args[1] : expr_op3(g, OP_WHERE, s->rest, e.args[1], e.args[2]);
  return true;
}

bool is_scatter(Work *w, const Node *n) {
  Scatter s;
  ExprId value;
  return find_scatter(w, n, &s, &value) && !is_step(n, s.axis);
}

static void build_zeros(Context *c, const Node *n, Binding *bindings) {
  for (uint32_t i = 0; i < n->rank; i++) {
    if (is_step(n, i)) continue;
    uint32_t variable = kernel_variable(c->b, "i");
    kernel_loop(c->b, variable, 0, n->extents[i], 1, LOOP_PLAIN);
    bindings[i] = (Binding){offset_variable(c->b, variable), false};
  }
  uint32_t y = kernel_parameter(c->b, n->buffer, true);
  kernel_store(c->b, y, output_offset(c, n, bindings), kernel_number(c->b, n->type, 0));
  for (uint32_t i = count_steps(n); i < n->rank; i++) kernel_end(c->b);
}

/* if 0 ≤ t < extent: what no J equals adds nothing */
static bool guard_place(Context *c, const Node *n, const Scatter *s, ValueId place) {
  Builder *b = c->b;
  Affine a = affine_of(c->w->graph, s->place, node_ranges(n));
  Interval range = index_interval(c->w, n, &a);
  ValueId low = VALUE_NONE, high = VALUE_NONE;
  if (range.low < 0) low = kernel_op2(b, OP_GE, place, kernel_integer(b, TYPE_I32, 0));
  if (range.high >= n->extents[s->axis])
    high = kernel_op2(b, OP_LT, place, kernel_integer(b, TYPE_I32, n->extents[s->axis]));
  if (low == VALUE_NONE && high == VALUE_NONE) return false;
  kernel_if(b, low == VALUE_NONE    ? high
               : high == VALUE_NONE ? low
                                    : kernel_op2(b, OP_AND, low, high));
  return true;
}

void build_scatter(Work *w, Builder *b, const NodeGroup *g) {
  const Node *n = node_at(w, g->nodes.items[0]);
  Context c = {.w = w, .b = b};
  uint32_t n_indices = n->rank + n->n_reduced;
  Binding *bindings = ARENA_ARRAY(w->arena, Binding, n_indices + 1);
  Scatter s;
  ExprId value;
  if (!find_scatter(w, n, &s, &value)) bug("lower", "%s is no scatter-add", n->name);
  bind_steps(n, bindings);
  build_zeros(&c, n, bindings);
  for (uint32_t i = 0; i < n_indices; i++) {
    if (i == s.axis || is_step(n, i)) continue;
    uint32_t variable = kernel_variable(b, index_name(n, i));
    kernel_loop(b, variable, 0, n->extents[i], 1, LOOP_PLAIN);
    bindings[i] = (Binding){offset_variable(b, variable), false};
  }
  Node at = *n, added = *n;
  added.body = value;
  if (s.guard != EXPR_NONE) {
    at.body = s.guard;
    kernel_if(b, translate_body(&c, &at, bindings, 1));
  }
  at.body = s.place;
  uint32_t place = kernel_new_local(b, "place", lanes_of(TYPE_I32, 1));
  kernel_declare(b, place, translate_body(&c, &at, bindings, 1));
  ValueId j = kernel_local(b, place, NULL, 0);
  bool guarded = guard_place(&c, n, &s, j);
  bindings[s.axis] = (Binding){offset_add_term(b, offset_number(0), 1, j), false};
  ValueId term = translate_body(&c, &added, bindings, 1);
  uint32_t y = kernel_parameter(b, n->buffer, true);
  Offset offset = output_offset(&c, n, bindings);
  kernel_store(b, y, offset, kernel_op2(b, OP_ADD, kernel_load(b, y, offset, 1), term));
  if (guarded) kernel_end(b);
  if (s.guard != EXPR_NONE) kernel_end(b);
  for (uint32_t i = count_steps(n) + 1; i < n_indices; i++) kernel_end(b);
}
