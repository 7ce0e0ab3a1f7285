/* What conditions on indices make of a contraction, as a causal mask of attention:

       s[t, u] = where(u <= t, Σ_e q[t, e] · k[u, e], -inf),   p = softmax(s),
       o[t, e] = Σ_u p[t, u] · v[u, e]

   p is 0 where u > t: o's sum ends at t. Nobody asks for the sum in s there: it may be anything.
   Conditions are affine, d ≥ 0. A tile keeps to those that hold for some of its elements, as the
   others find zeros stored. What is not finite does not count: 0 · inf is nothing here. */
#include <math.h>
#include "graph/scalar_ops.h"
#include "lower/work.h"

/* All of them hold where a value is something else than 0, or than -inf. */
typedef ARRAY(Affine) Conditions;

typedef enum Nothing { ZERO, MINUS_INFINITY, N_NOTHINGS } Nothing;

typedef struct Zeros {
  Work *w;
  Conditions *known[N_NOTHINGS]; /* per node, of its output indices */
  bool *begun[N_NOTHINGS];       /* of one that is looked at nothing is known */
} Zeros;

static bool is_among_conditions(const Conditions *list, const Affine *d) {
  for (size_t i = 0; i < list->count; i++) {
    Affine rest = affine_sub(list->items[i], *d);
    if (rest.n == 0 && rest.constant == 0) return true;
  }
  return false;
}

static void add_all(Zeros *z, Conditions *to, const Conditions *from) {
  for (size_t i = 0; i < from->count; i++)
    if (!is_among_conditions(to, &from->items[i])) ARRAY_PUSH(z->w->arena, to, from->items[i]);
}

static Conditions both(Zeros *z, const Conditions *a, const Conditions *b) {
  Conditions all = {0};
  add_all(z, &all, a);
  add_all(z, &all, b);
  return all;
}

static Conditions common(Zeros *z, const Conditions *a, const Conditions *b) {
  Conditions all = {0};
  for (size_t i = 0; i < a->count; i++)
    if (is_among_conditions(b, &a->items[i])) ARRAY_PUSH(z->w->arena, &all, a->items[i]);
  return all;
}

static void add_condition(Zeros *z, ExprId condition, Ranges ranges, Conditions *all) {
  Graph *g = z->w->graph;
  const Expr e = *expr_at(g, condition);
  Affine d;
  if (e.kind == EXPR_OP && e.op == OP_AND) {
    add_condition(z, e.args[0], ranges, all);
    add_condition(z, e.args[1], ranges, all);
  } else if (bound_of_condition(g, condition, ranges, &d) && is_of_indices(g, &d)) {
    Conditions one = {0};
    ARRAY_PUSH(z->w->arena, &one, d);
    add_all(z, all, &one);
  }
}

/* d with at[k] in the place of index variable k, if it is a sum of index variables there. */
static bool substitute(Zeros *z, const Affine *d, const ExprId *at, Ranges ranges, Affine *result) {
  Graph *g = z->w->graph;
  *result = (Affine){.constant = d->constant};
  for (uint32_t k = 0; k < d->n; k++) {
    Affine place = affine_of(g, at[expr_at(g, d->terms[k].atom)->index], ranges);
    *result = affine_sub(*result, affine_scale(place, -d->terms[k].factor));
  }
  return is_of_indices(g, result);
}

static Conditions conditions_of(Zeros *z, ExprId id, Ranges ranges, Nothing nothing);

/* Those that a sum, or a maximum, has of its terms: which no reduced index is in. */
static const Conditions *conditions_of_node(Zeros *z, uint32_t i, Nothing nothing) {
  const Node n = *node_at(z->w, i);
  Reduction passes = nothing == ZERO ? REDUCE_SUM : REDUCE_MAX;
  if (z->begun[nothing][i]) return &z->known[nothing][i];
  z->begun[nothing][i] = true;
  if (n.reduction != REDUCE_NONE && n.reduction != passes) return &z->known[nothing][i];
  Conditions found = conditions_of(z, n.body, node_ranges(&n), nothing), kept = {0};
  for (size_t k = 0; k < found.count; k++) {
    bool outside = true;
    for (uint32_t a = 0; a < found.items[k].n; a++)
      outside = outside && expr_at(z->w->graph, found.items[k].terms[a].atom)->index < n.rank;
    if (outside) ARRAY_PUSH(z->w->arena, &kept, found.items[k]);
  }
  z->known[nothing][i] = kept;
  return &z->known[nothing][i];
}

static Conditions conditions_of_read(Zeros *z, const Expr *e, Ranges ranges, Nothing nothing) {
  Conditions all = {0};
  uint32_t node = z->w->node_of[e->tensor];
  if (node == 0 || e->fallback != EXPR_NONE) return all;
  const Conditions *own = conditions_of_node(z, node - 1, nothing);
  for (size_t i = 0; i < own->count; i++) {
    Affine d;
    if (substitute(z, &own->items[i], e->args, ranges, &d)) ARRAY_PUSH(z->w->arena, &all, d);
  }
  return all;
}

/* Whether it is the greatest of values of which, at each point, one at least stands under no
   condition: -inf less that is -inf. */
static bool is_some_maximum(Zeros *z, ExprId id) {
  Work *w = z->w;
  const Expr *e = expr_at(w->graph, id);
  if (e->kind != EXPR_READ || e->fallback != EXPR_NONE || w->node_of[e->tensor] == 0) return false;
  const Node n = *node_at(w, w->node_of[e->tensor] - 1);
  if (n.reduction != REDUCE_MAX) return false;
  Conditions terms = conditions_of(z, n.body, node_ranges(&n), MINUS_INFINITY);
  if (terms.count != 1) return terms.count == 0;
  int64_t least = terms.items[0].constant;
  for (uint32_t k = 0; k < terms.items[0].n; k++) {
    int64_t factor = terms.items[0].terms[k].factor;
    uint32_t v = expr_at(w->graph, terms.items[0].terms[k].atom)->index;
    if ((factor > 0) == (v >= n.rank)) least += factor * (n.extents[v] - 1);
  }
  return least >= 0;
}

static Conditions conditions_of_choice(Zeros *z, const Expr *e, Ranges ranges, Nothing nothing) {
  const Graph *g = z->w->graph;
  double number = nothing == ZERO ? 0 : -INFINITY;
  if (expr_is_number(g, e->args[1], number)) return conditions_of(z, e->args[2], ranges, nothing);
  Conditions chosen = conditions_of(z, e->args[1], ranges, nothing);
  if (expr_is_number(g, e->args[2], number)) {
    add_condition(z, e->args[0], ranges, &chosen);
    return chosen;
  }
  Conditions other = conditions_of(z, e->args[2], ranges, nothing);
  return common(z, &chosen, &other);
}

/* Where an expression is something else than `nothing`. */
static Conditions conditions_of(Zeros *z, ExprId id, Ranges ranges, Nothing nothing) {
  const Expr e = *expr_at(z->w->graph, id);
  const Conditions none = {0};
  if (e.kind == EXPR_READ) return conditions_of_read(z, &e, ranges, nothing);
  if (e.kind != EXPR_OP || !type_is_real(e.type)) return none;
  if (e.op == OP_WHERE) return conditions_of_choice(z, &e, ranges, nothing);
  if (nothing == MINUS_INFINITY) {
    bool passes = e.op == OP_SUB && is_some_maximum(z, e.args[1]);
    return passes ? conditions_of(z, e.args[0], ranges, nothing) : none;
  }
  if (e.op == OP_EXP) return conditions_of(z, e.args[0], ranges, MINUS_INFINITY);
  if (e.op == OP_DIV || (e.n_args == 1 && (scalar_ops[e.op].flags & OP_ZERO_AT_ZERO) != 0))
    return conditions_of(z, e.args[0], ranges, nothing);
  if (e.op != OP_MUL && e.op != OP_ADD && e.op != OP_SUB) return none;
  Conditions left = conditions_of(z, e.args[0], ranges, nothing),
             right = conditions_of(z, e.args[1], ranges, nothing);
  return e.op == OP_MUL ? both(z, &left, &right) : common(z, &left, &right);
}

/* --- what is asked for --- */

typedef struct Demand {
  Zeros *z;
  const Node *of, *reader;
  bool any;       /* a read of it was met; */
  Conditions all; /* these hold at all reads, of its output indices */
} Demand;

/* The read has distinct index variables of the reader: what holds of these, in those of `of`. */
static bool translate_demand(Demand *d, const Expr *read, const Conditions *here,
                             Conditions *there) {
  Work *w = d->z->w;
  uint32_t n = d->reader->rank + d->reader->n_reduced;
  ExprId *axis = ARENA_ARRAY(w->arena, ExprId, n + 1);
  for (uint32_t v = 0; v < n; v++) axis[v] = EXPR_NONE;
  for (uint32_t k = 0; k < read->n_args; k++) {
    const Expr at = *expr_at(w->graph, read->args[k]);
    if (at.kind != EXPR_INDEX || axis[at.index] != EXPR_NONE) return false;
    axis[at.index] = expr_index(w->graph, k);
  }
  for (size_t i = 0; i < here->count; i++) {
    bool whole = true;
    for (uint32_t k = 0; k < here->items[i].n; k++)
      whole = whole && axis[expr_at(w->graph, here->items[i].terms[k].atom)->index] != EXPR_NONE;
    Affine there_too;
    if (whole && substitute(d->z, &here->items[i], axis, node_ranges(d->of), &there_too))
      ARRAY_PUSH(w->arena, there, there_too);
  }
  return true;
}

/* false: some of it is asked for whatever holds. */
static bool ask(Demand *d, ExprId id, Conditions here) {
  const Expr e = *expr_at(d->z->w->graph, id);
  Graph *g = d->z->w->graph;
  TensorId of = d->of->tensor;
  Ranges ranges = node_ranges(d->reader);
  if (!expr_reads(g, id, of)) return true;
  if (e.kind == EXPR_READ) {
    Conditions there = {0};
    if (e.tensor != of || e.fallback != EXPR_NONE) return false;
    if (!translate_demand(d, &e, &here, &there)) return false;
    d->all = d->any ? common(d->z, &d->all, &there) : there;
    d->any = true;
    return d->all.count > 0;
  }
  for (uint32_t i = 0; i < e.n_args; i++) {
    Conditions inside = here;
    if (e.op == OP_WHERE && i == 1) add_condition(d->z, e.args[0], ranges, &inside);
    if (e.op == OP_MUL && !expr_reads(g, e.args[1 - i], of)) {
      Conditions other = conditions_of(d->z, e.args[1 - i], ranges, ZERO);
      inside = both(d->z, &inside, &other);
    }
    if (!ask(d, e.args[i], inside)) return false;
  }
  return true;
}

/* Where anything that is read of node i is asked for. */
static Conditions asked_of(Zeros *z, uint32_t i, const NodeList *readers) {
  const Node n = *node_at(z->w, i);
  Demand d = {.z = z, .of = &n};
  if (n.buffer != BUFFER_NONE || n.replaces != TENSOR_NONE || n.tensor == TENSOR_NONE) return d.all;
  for (size_t k = 0; k < readers[n.tensor].count; k++) {
    const Node reader = *node_at(z->w, readers[n.tensor].items[k]);
    d.reader = &reader;
    if (!ask(&d, reader.body, (Conditions){0})) return (Conditions){0};
  }
  return d.all;
}

void find_zeros(Work *w) {
  Zeros z = {.w = w};
  for (int k = 0; k < N_NOTHINGS; k++) {
    z.known[k] = ARENA_ARRAY(w->arena, Conditions, w->nodes.count + 1);
    z.begun[k] = ARENA_ARRAY(w->arena, bool, w->nodes.count + 1);
  }
  const NodeList *readers = readers_of_tensors(w);
  for (uint32_t i = 0; i < w->nodes.count; i++) {
    Contraction *c = node_at(w, i)->contraction;
    if (c == NULL || c->limits.count > 0) continue;
    const Node n = *node_at(w, i);
    Conditions terms = conditions_of(&z, n.body, node_ranges(&n), ZERO),
               asked = asked_of(&z, i, readers);
    terms = both(&z, &terms, &asked);
    for (size_t k = 0; k < terms.count; k++) ARRAY_PUSH(w->arena, &c->within, terms.items[k]);
  }
}
