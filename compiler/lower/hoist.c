/* What does not depend on an index is taken out of that index's loop, where it is dear enough:

   - a condition of a sum: Σ_K where(c(O), v, 0) = where(c(O), Σ_K v, 0);
   - a factor of one: Σ_K a(O) · v = a(O) · Σ_K v. Of what is left equal sums are one: where a
   normalisation's gradient is written with four sums of ȳ, two are taken;
   - a dear operation on fewer indices than its definition has, as 1 - beta^step of every
   parameter's update, or the log of a bias: a definition of its own;
   - a division by what has fewer indices is a multiplication with its reciprocal, computed once. */
#include <math.h>
#include "graph/scalar_ops.h"
#include "lower/work.h"
#include "simplify/passes.h"

enum { WORTHWHILE = 8 /* times an operation would be repeated */ };

/* --- conditions --- */

static bool all_inside(Work *w, const Node *n, ExprId id) {
  const Expr e = *expr_at(w->graph, id);
  if (e.kind == EXPR_READ && e.fallback == EXPR_NONE && !read_is_inside(w, n, &e)) return false;
  for (uint32_t i = 0; i < e.n_args; i++)
    if (!all_inside(w, n, e.args[i])) return false;
  return true;
}

/* A sum over the indices of node n, of another body. */
static Tensor sum_inside(Work *w, const Node *n, ExprId body, const char *what) {
  Tensor t = tensor_new(TENSOR_DEFINITION, n->type);
  t.name = arena_printf(w->arena, "%s.%s", n->name, what);
  t.reduction = REDUCE_SUM;
  t.rank = n->rank;
  t.extents = n->extents;
  t.n_reduced = n->n_reduced;
  t.reduced_extents = n->extents + n->rank;
  t.index_names = n->index_names;
  t.body = body;
  return t;
}

/* Node i is no sum any more. */
static void set_elementwise(Work *w, uint32_t i, ExprId body) {
  Node *node = node_at(w, i);
  node->reduction = REDUCE_NONE;
  node->n_reduced = 0;
  node->body = body;
  collect_reads(w, node);
}

uint32_t take_condition_out(Work *w, uint32_t i, ExprId condition, ExprId body, const char *what) {
  Graph *g = w->graph;
  const Node n = *node_at(w, i);
  TensorId sum = add_definition(w, sum_inside(w, &n, body, what));
  ExprId whole = expr_read_whole(g, sum);
  set_elementwise(w, i, expr_op3(g, OP_WHERE, condition, whole, expr_number(g, n.type, 0)));
  return w->node_of[sum] - 1;
}

/* The condition is then tested once for each element, and the sum may be a contraction. */
static void hoist_condition(Work *w, uint32_t i) {
  Graph *g = w->graph;
  const Node n = *node_at(w, i);
  const Expr e = *expr_at(g, n.body);
  if (n.reduction != REDUCE_SUM || e.kind != EXPR_OP || e.op != OP_WHERE) return;
  if (!expr_is_number(g, e.args[2], 0)) return;
  if (n.rank + n.n_reduced > 60 || indices_of(g, e.args[0]) >> n.rank != 0) return;
  if (!all_inside(w, &n, e.args[1]))
    return; /* contraction.c gives it to the factor that needs it */
  take_condition_out(w, i, e.args[0], e.args[1], "sum");
}

/* --- factors --- */

enum { MOST_FACTORS = 8 };

typedef struct Product {
  ExprId factors[MOST_FACTORS];
  uint32_t n;
} Product;

/* In one order, by which equal products are found. */
static void add_factor(Product *p, ExprId factor) {
  uint32_t k = p->n++;
  for (; k > 0 && p->factors[k - 1] > factor; k--) p->factors[k] = p->factors[k - 1];
  p->factors[k] = factor;
}

/* A read of Σ body over n's indices at n's outputs: of a definition that has those alone which the
   terms depend on, and may be there already. */
static ExprId read_sum(Work *w, const Node *n, ExprId body) {
  Graph *g = w->graph;
  IndexSet used = indices_of(g, body);
  uint32_t *kept = ARENA_ARRAY(w->arena, uint32_t, n->rank + 1), n_kept = 0;
  ExprId *at = ARENA_ARRAY(w->arena, ExprId, n->rank + 1);
  for (uint32_t v = 0; v < n->rank; v++) {
    if ((used >> v & 1) == 0) continue;
    at[n_kept] = expr_index(g, v);
    kept[n_kept++] = v;
  }
  Tensor sum = with_outputs(g, sum_inside(w, n, body, "sum"), kept, n_kept);
  TensorId known = known_definition(w, &sum);
  if (known == TENSOR_NONE) known = add_definition(w, sum);
  return expr_read(g, known, at, n_kept, EXPR_NONE);
}

/* What its indices do not reach stands outside of the sum. */
static void hoist_factors(Work *w, uint32_t i) {
  Graph *g = w->graph;
  const Node n = *node_at(w, i);
  if (n.reduction != REDUCE_SUM || n.tensor == TENSOR_NONE || !type_is_real(n.type)) return;
  if (n.rank + n.n_reduced > 60) return;
  Product all = {.n = 0}, inside = {.n = 0}, outside = {.n = 0};
  if (!expr_factors(g, n.body, all.factors, &all.n, MOST_FACTORS)) return;
  for (uint32_t k = 0; k < all.n; k++)
    add_factor(indices_of(g, all.factors[k]) >> n.rank == 0 ? &outside : &inside, all.factors[k]);
  if (outside.n == 0 || inside.n == 0) return;
  ExprId sum = read_sum(w, &n, expr_product(g, inside.factors, inside.n));
  ExprId factor = expr_product(g, outside.factors, outside.n);
  set_elementwise(w, i, expr_op2(g, OP_MUL, factor, sum));
}

/* --- dear operations --- */

static int64_t points(const Node *n, IndexSet set) {
  int64_t product = 1;
  for (uint32_t v = 0; v < n->rank + n->n_reduced; v++)
    if ((set >> v & 1) != 0) product *= n->extents[v];
  return product;
}

/* How often it is repeated with the same value. */
static int64_t repeats(const Graph *g, const Node *n, ExprId id) {
  IndexSet all = ((IndexSet)1 << (n->rank + n->n_reduced)) - 1;
  return points(n, all) / points(n, indices_of(g, id));
}

static bool is_power_of_two(double value) {
  int exponent;
  return value != 0 && fabs(frexp(value, &exponent)) == 0.5;
}

/* 1 / divisor where that can be had once for many uses; EXPR_NONE otherwise. */
static ExprId reciprocal(Work *w, const Node *n, ExprId divisor) {
  Graph *g = w->graph;
  const Expr e = *expr_at(g, divisor);
  if (!type_is_real(e.type)) return EXPR_NONE;
  if (e.kind == EXPR_CONST && is_power_of_two(e.real)) return expr_real(g, e.type, 1 / e.real);
  if (e.kind == EXPR_CONST || repeats(g, n, divisor) < WORTHWHILE) return EXPR_NONE;
  if (!all_inside(w, n, divisor)) return EXPR_NONE;
  ExprId quotient = expr_op2(g, OP_DIV, expr_real(g, e.type, 1), divisor);
  return define_factor(w, n, quotient, "reciprocal");
}

static bool is_dear(const Expr *e) {
  return e->kind == EXPR_OP && (scalar_ops[e->op].flags & OP_DEAR) != 0 && type_is_real(e->type);
}

static ExprId hoist(Work *w, const Node *n, ExprId id) {
  Graph *g = w->graph;
  const Expr e = *expr_at(g, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  if (is_dear(&e) && repeats(g, n, id) >= WORTHWHILE && all_inside(w, n, id))
    return define_factor(w, n, id, scalar_ops[e.op].name);
  ExprId *args = ARENA_ARRAY(w->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = hoist(w, n, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : hoist(w, n, e.fallback);
  if (e.kind == EXPR_OP && e.op == OP_DIV) {
    ExprId inverse = reciprocal(w, n, args[1]);
    if (inverse != EXPR_NONE) return expr_op2(g, OP_MUL, args[0], inverse);
  }
  return expr_rebuild(g, id, args, fallback);
}

static void hoist_dear(Work *w, uint32_t i) {
  const Node n = *node_at(w, i);
  if (n.rank + n.n_reduced == 0 || n.rank + n.n_reduced > 60) return;
  ExprId body = hoist(w, &n, n.body);
  if (body == n.body) return;
  node_at(w, i)->body = body;
  collect_reads(w, node_at(w, i));
}

void hoist_invariants(Work *w) {
  size_t n = w->nodes.count;
  for (size_t i = 0; i < n; i++) {
    hoist_condition(w, (uint32_t)i);
    hoist_dear(w, (uint32_t)i);
  }
  for (size_t i = 0; i < w->nodes.count; i++) hoist_factors(w, (uint32_t)i);
}
