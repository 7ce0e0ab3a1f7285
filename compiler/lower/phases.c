/* Sums whose index expressions repeat: the outputs in phases.

   The input gradient of a convolution of stride s reads K[φ + s·i] · ȳ[(h + pad) / s − i] with
   φ = (h + pad) mod s: which taps there are changes from one h to the next, and is the same again s
   further on. With h = s·q + φ each φ is a sum of its own, whose indices are sums of multiples of
   q, with exactly the taps that it has:

       x̄.phase_φ[q] = Σ over i of K[φ + s·i] · ȳ[q + c − i],      x̄[h] = x̄.phase_(h mod s)[h / s]

   Dumoulin & Visin 2016, "A guide to convolution arithmetic", 4.6: of a transposed convolution
   whose stride is not 1. Where stride and dilation have a common divisor, some phases have no taps.
 */
#include "graph/scalar_ops.h"
#include "lower/work.h"
#include "simplify/algebra.h"
#include "simplify/sum.h"
#include "support/integers.h"

enum { MOST_PHASES = 16 /* each is a kernel */ };

/* --- periods --- */

/* Where an index variable goes `length` further, an expression grows by `step`. length 0: there is
   no such period. */
typedef struct Period {
  int64_t length, step;
} Period;

static Period period_of(const Graph *g, ExprId id, uint32_t v);

static Period combined(Period a, Period b, int64_t sign) {
  if (a.length == 0 || b.length == 0) return (Period){0, 0};
  int64_t length = a.length / gcd(a.length, b.length) * b.length;
  return (Period){length, length / a.length * a.step + sign * (length / b.length) * b.step};
}

/* (x + n) / n = x / n + 1,  (x + n) mod n = x mod n */
static Period divided(Period x, int64_t n, bool remainder) {
  if (x.length == 0 || n <= 0) return (Period){0, 0};
  int64_t times = n / gcd(n, x.step);
  return (Period){x.length * times, remainder ? 0 : x.step * times / n};
}

static Period period_of(const Graph *g, ExprId id, uint32_t v) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_INDEX && e->index == v) return (Period){1, 1};
  if (!expr_uses_index(g, id, v)) return (Period){1, 0};
  if (e->kind != EXPR_OP || e->n_args != 2) return (Period){0, 0};
  const Expr *a = expr_at(g, e->args[0]), *b = expr_at(g, e->args[1]);
  Period left = period_of(g, e->args[0], v), right = period_of(g, e->args[1], v);
  switch (e->op) {
  case OP_ADD: return combined(left, right, 1);
  case OP_SUB: return combined(left, right, -1);
  case OP_MUL:
    if (a->kind == EXPR_CONST) return (Period){right.length, right.step * a->integer};
    if (b->kind == EXPR_CONST) return (Period){left.length, left.step * b->integer};
    return (Period){0, 0};
  case OP_DIV:
  case OP_MOD: return divided(left, b->kind == EXPR_CONST ? b->integer : 0, e->op == OP_MOD);
  default: return (Period){0, 0};
  }
}

/* The common period of all index expressions in which v is divided; 1: there is none. */
static int64_t common_period(const Graph *g, ExprId id, uint32_t v) {
  const Expr *e = expr_at(g, id);
  int64_t common = 1;
  if (e->kind == EXPR_OP && e->type == TYPE_I32) {
    int64_t length = period_of(g, id, v).length;
    return length == 0 ? 1 : length;
  }
  for (uint32_t i = 0; i < e->n_args; i++) {
    int64_t other = common_period(g, e->args[i], v);
    common = common / gcd(common, other) * other;
    if (common > MOST_PHASES) return 1;
  }
  return common;
}

/* --- phases --- */

typedef struct Phases {
  Work *w;
  const Node *n;
  const int64_t *periods; /* per output index; 1: not divided */
  uint32_t count;
  Tensor *parts;
} Phases;

static int64_t points(const int64_t *extents, uint32_t n) {
  int64_t product = 1;
  for (uint32_t v = 0; v < n; v++) product *= extents[v];
  return product;
}

/* A number everywhere. The sum of a default, c ≠ 0, is not c. */
static bool is_number(const Graph *g, const Tensor *part) {
  return expr_is_number(g, part->body, 0) ||
         (part->n_reduced == 0 && expr_at(g, part->body)->kind == EXPR_CONST);
}

static int64_t part_points(const Tensor *t) {
  return points(t->extents, t->rank) * points(t->reduced_extents, t->n_reduced);
}

/* The phase of that number, which counts the phases of the last index first. */
static Tensor make_phase(const Phases *p, uint32_t number) {
  Work *w = p->w;
  Graph *g = w->graph;
  const Node *n = p->n;
  uint32_t n_indices = n->rank + n->n_reduced;
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, n_indices + 1);
  ExprId *map = ARENA_ARRAY(w->arena, ExprId, n_indices + 1);
  for (uint32_t v = n_indices; v-- > 0;) {
    int64_t s = v < n->rank ? p->periods[v] : 1, phase = number % s;
    number /= (uint32_t)s;
    extents[v] = (n->extents[v] - phase + s - 1) / s;
    map[v] =
        fold_op2(g, OP_ADD, fold_op2(g, OP_MUL, expr_integer(g, TYPE_I32, s), expr_index(g, v)),
                 expr_integer(g, TYPE_I32, phase));
  }
  Sum sum = sum_new(g, extents, n_indices, n->rank);
  for (uint32_t v = 0; v < n_indices; v++) sum.names.items[v] = index_name(n, v);
  sum.body = expr_substitute(g, n->body, map, n_indices);
  sum.body = normalize_indices(g, sum.body, (Ranges){extents, n_indices});
  sum_eliminate(&sum, false);
  Tensor t = tensor_new(TENSOR_DEFINITION, n->type);
  t.name = arena_printf(w->arena, "%s.phase", n->name);
  t.rank = n->rank;
  t.extents = extents;
  t.reduction = REDUCE_SUM;
  t.body = sum_result(&sum, &t.n_reduced, &t.reduced_extents);
  t.index_names = sum_names(&sum);
  t.derived = n->tensor != TENSOR_NONE && tensor_at(g, n->tensor)->derived;
  if (t.n_reduced == 0) t.reduction = REDUCE_NONE;
  return t;
}

static ExprId phase_number(Graph *g, uint32_t v, int64_t s, ScalarOp op) {
  return fold_op2(g, op, expr_index(g, v), expr_integer(g, TYPE_I32, s));
}

/* where(h mod s = 0, phase 0 at h / s, where(h mod s = 1, …)) for the indices from v on. */
static ExprId select_phase(const Phases *p, const ExprId *reads, uint32_t v, uint32_t first,
                           uint32_t count) {
  Graph *g = p->w->graph;
  if (v == p->n->rank) return reads[first];
  int64_t s = p->periods[v];
  uint32_t each = count / (uint32_t)s;
  ExprId chosen = EXPR_NONE;
  for (int64_t phase = s; phase-- > 0;) {
    ExprId here = select_phase(p, reads, v + 1, first + (uint32_t)phase * each, each);
    ExprId is_here =
        fold_op2(g, OP_EQ, phase_number(g, v, s, OP_MOD), expr_integer(g, TYPE_I32, phase));
    chosen = chosen == EXPR_NONE ? here : fold_op3(g, OP_WHERE, is_here, here, chosen);
  }
  return chosen;
}

/* The node reads its phases. */
static void put_together(const Phases *p, uint32_t i) {
  Work *w = p->w;
  Graph *g = w->graph;
  const Node n = *p->n;
  ExprId *reads = ARENA_ARRAY(w->arena, ExprId, p->count + 1);
  for (uint32_t k = 0; k < p->count; k++) {
    const Tensor part = p->parts[k];
    ExprId *at = ARENA_ARRAY(w->arena, ExprId, n.rank + 1);
    for (uint32_t v = 0; v < n.rank; v++)
      at[v] = part.extents[v] == 1 ? expr_integer(g, TYPE_I32, 0)
                                   : phase_number(g, v, p->periods[v], OP_DIV);
    reads[k] = is_number(g, &part) ? part.body
                                   : expr_read(g, add_definition(w, part), at, n.rank, EXPR_NONE);
  }
  Node *node = node_at(w, i);
  node->reduction = REDUCE_NONE;
  node->n_reduced = 0;
  node->body = normalize_indices(g, select_phase(p, reads, 0, 0, p->count), node_ranges(node));
  collect_reads(w, node);
}

/* In how many of the reads v is divided. */
static uint32_t divided_reads(const Graph *g, ExprId id, const int64_t *periods, uint32_t rank) {
  const Expr *e = expr_at(g, id);
  uint32_t count = 0;
  if (e->kind == EXPR_READ) {
    for (uint32_t v = 0; v < rank; v++)
      if (periods[v] > 1 && common_period(g, id, v) > 1) return 1;
    return 0;
  }
  for (uint32_t i = 0; i < e->n_args; i++) count += divided_reads(g, e->args[i], periods, rank);
  return count;
}

/* Worth it where that leaves fewer products to add, or where no factor is one of a plain place. */
static void split_phases(Work *w, uint32_t i) {
  const Node n = *node_at(w, i);
  if (n.reduction != REDUCE_SUM || !type_is_real(n.type) || n.rank + n.n_reduced > 60) return;
  if (n.tensor == TENSOR_NONE || !expr_is_small(w->graph, n.body)) return;
  int64_t *periods = ARENA_ARRAY(w->arena, int64_t, n.rank + 1), count = 1;
  for (uint32_t v = 0; v < n.rank; v++) {
    periods[v] = common_period(w->graph, n.body, v);
    if (periods[v] > n.extents[v]) periods[v] = 1;
    count *= periods[v];
    if (count > MOST_PHASES) return;
  }
  if (count == 1 || depends_on_itself(w, &n)) return;
  Phases p = {.w = w, .n = &n, .periods = periods, .count = (uint32_t)count};
  p.parts = ARENA_ARRAY(w->arena, Tensor, p.count);
  int64_t left = 0;
  for (uint32_t k = 0; k < p.count; k++) {
    p.parts[k] = make_phase(&p, k);
    if (!is_number(w->graph, &p.parts[k])) left += part_points(&p.parts[k]);
  }
  bool fewer = left < points(n.extents, n.rank + n.n_reduced);
  if (fewer || divided_reads(w->graph, n.body, periods, n.rank) > 1) put_together(&p, i);
}

void find_phases(Work *w) {
  size_t n = w->nodes.count;
  for (size_t i = 0; i < n; i++) split_phases(w, (uint32_t)i);
}
