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
    bindings[i] = bound(offset_variable(c->b, variable), false);
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

/* --- the order of loops --- */

typedef struct ScatterLoops {
  Context c;
  const Node *node, *added; /* `added`: its body is v */
  Scatter s;
  Binding *bindings;
  ValueId place;
  uint32_t lane; /* an output index along which vectors are added; NO_INDEX */
  bool early;    /* the place and whether there is one do not depend on the outputs */
  uint32_t open; /* loops and branches */
} ScatterLoops;

static bool depends(const ScatterLoops *l, uint32_t v) {
  const Graph *g = l->c.w->graph;
  return expr_uses_index(g, l->s.place, v) ||
         (l->s.guard != EXPR_NONE && expr_uses_index(g, l->s.guard, v));
}

/* y's innermost index, if all that is added lies so. */
static uint32_t scatter_lane(const ScatterLoops *l) {
  const Node *n = l->node;
  Work *w = l->c.w;
  for (uint32_t v = 0; v < n->rank; v++) {
    if (v == l->s.axis || is_step(n, v) || n->extents[v] < 4 || depends(l, v)) continue;
    if (w->plan->buffers[n->buffer].strides[v] != 1) continue;
    int width = lane_width(w, l->added, v, (TensorList){0}, (TensorList){0});
    if (width == 0 || width == type_bytes(n->type)) return v;
  }
  return NO_INDEX;
}

static void open_scatter_loop(ScatterLoops *l, uint32_t v, int64_t from, int64_t to, int lanes) {
  uint32_t variable = kernel_variable(l->c.b, index_name(l->node, v));
  kernel_loop(l->c.b, variable, from, to, lanes, LOOP_PLAIN);
  l->bindings[v] = bound(offset_variable(l->c.b, variable), lanes > 1);
}

static void open_outputs(ScatterLoops *l) {
  for (uint32_t v = 0; v < l->node->rank; v++) {
    if (v == l->s.axis || v == l->lane || is_step(l->node, v)) continue;
    open_scatter_loop(l, v, 0, l->node->extents[v], 1);
    l->open++;
  }
}

static void open_place(ScatterLoops *l) {
  Builder *b = l->c.b;
  Node at = *l->node;
  if (l->s.guard != EXPR_NONE) {
    at.body = l->s.guard;
    kernel_if(b, translate_body(&l->c, &at, l->bindings, 1));
    l->open++;
  }
  at.body = l->s.place;
  uint32_t place = kernel_new_local(b, "place", lanes_of(TYPE_I32, 1));
  kernel_declare(b, place, translate_body(&l->c, &at, l->bindings, 1));
  l->place = kernel_local(b, place, NULL, 0);
  l->open += guard_place(&l->c, l->node, &l->s, l->place);
  l->bindings[l->s.axis] = bound(offset_add_term(b, offset_number(0), 1, l->place), false);
}

static void add_term(ScatterLoops *l, int lanes) {
  Builder *b = l->c.b;
  ValueId term = translate_body(&l->c, l->added, l->bindings, lanes);
  uint32_t y = kernel_parameter(b, l->node->buffer, true);
  Offset offset = output_offset(&l->c, l->node, l->bindings);
  ValueId sum =
      kernel_op2(b, OP_ADD, kernel_load(b, y, offset, lanes), kernel_splat(b, term, lanes));
  kernel_store(b, y, offset, sum);
}

/* Vectors of full width, then of what is left. */
static void add_terms(ScatterLoops *l) {
  if (l->lane == NO_INDEX) {
    add_term(l, 1);
    return;
  }
  int lanes = l->c.w->target->vector_bytes / type_bytes(l->node->type);
  int64_t extent = l->node->extents[l->lane];
  for (int64_t from = 0; from < extent;) {
    while (lanes > extent - from) lanes = lanes > 4 ? lanes / 2 : 1;
    int64_t to = from + (extent - from) / lanes * lanes;
    open_scatter_loop(l, l->lane, from, to, lanes);
    add_term(l, lanes);
    kernel_end(l->c.b);
    from = to;
  }
}

/* For all R: the place, then all O in vectors; where each O has a place of its own, O is outside.
 */
void build_scatter(Work *w, Builder *b, const NodeGroup *g) {
  const Node *n = node_at(w, g->nodes.items[0]);
  uint32_t n_indices = n->rank + n->n_reduced;
  ScatterLoops l = {.c = {.w = w, .b = b}, .node = n, .early = true};
  l.bindings = ARENA_ARRAY(w->arena, Binding, n_indices + 1);
  ExprId value;
  if (!find_scatter(w, n, &l.s, &value)) bug("lower", "%s is no scatter-add", n->name);
  Node added = *n;
  added.body = value;
  l.added = &added;
  l.lane = scatter_lane(&l);
  for (uint32_t v = 0; v < n->rank; v++) l.early = l.early && (is_step(n, v) || !depends(&l, v));
  bind_steps(n, l.bindings);
  build_zeros(&l.c, n, l.bindings);
  if (!l.early) open_outputs(&l);
  for (uint32_t v = n->rank; v < n_indices; v++) {
    open_scatter_loop(&l, v, 0, n->extents[v], 1);
    l.open++;
  }
  open_place(&l);
  if (l.early) open_outputs(&l);
  add_terms(&l);
  for (uint32_t k = 0; k < l.open; k++) kernel_end(b);
}
