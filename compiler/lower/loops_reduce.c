/* The reductions of a group in loops.

   Those over the same indices, of which none reads another, go together, in loops that go through
   memory as it lies. What a group computes element by element over all points of such a loop, for
   the reduction to read, is computed and stored there ("along"). Sums of many f32 values are sums
   of partial sums. */
#include <stdlib.h>
#include "lower/loops.h"

enum { PARTIAL = 256 /* as many values go into one partial sum */ };

/* Sums are taken in parts: rounding errors then grow with the number of parts and the size of one,
   not with their product. */
static bool in_parts(const Node *n) { return n->reduction == REDUCE_SUM && type_is_real(n->type); }

/* --- which --- */

/* Whether node m, later in the group, may be reduced where n is: over the same indices, in the same
   lanes, of nothing that the group computes from n on. */
static bool goes_together(Nest *nest, size_t n_at, size_t m_at) {
  Work *w = nest->c.w;
  const NodeGroup *g = nest->group;
  const Node *n = node_at(w, g->nodes.items[n_at]), *m = node_at(w, g->nodes.items[m_at]);
  if (m->reduction == REDUCE_NONE || m->rank != n->rank || finds_place(m)) return false;
  if (m->type != n->type || in_parts(m) != in_parts(n) || m->n_reduced != n->n_reduced)
    return false;
  for (uint32_t v = n->rank; v < n->rank + n->n_reduced; v++)
    if (m->extents[v] != n->extents[v]) return false;
  for (size_t i = n_at; i < m_at; i++) {
    TensorId computed = node_at(w, g->nodes.items[i])->tensor;
    if (computed != TENSOR_NONE && node_reads(m, computed)) return false;
  }
  int lanes;
  return nest->spine_lanes > 1 || choose_lane_axis(nest, m, &lanes) == nest->lane_axis;
}

void find_together(Nest *nest, size_t at) {
  Work *w = nest->c.w;
  const NodeGroup *g = nest->group;
  nest->together[0] = (Standing){nest->node, at, nest->bindings};
  nest->n_together = 1;
  if (nest->node->reduction == REDUCE_NONE || finds_place(nest->node)) return;
  if (nest->node->rank != g->spine) return;
  for (size_t k = at + 1; k < g->nodes.count && nest->n_together < TOGETHER; k++) {
    Node *m = node_at(w, g->nodes.items[k]);
    if (nest->reduced[k] == VALUE_NONE && goes_together(nest, at, k))
      nest->together[nest->n_together++] = (Standing){m, k, at_spine(nest, m)};
  }
}

bool along_in_lanes(const Nest *nest, const Node *n, uint32_t v) {
  Work *w = nest->c.w;
  uint32_t *variables = ARENA_ARRAY(w->arena, uint32_t, n->rank + n->n_reduced + 1);
  for (uint32_t i = 0; i < nest->group->along; i++) {
    const Node *m = node_at(w, nest->group->nodes.items[i]);
    if (!reads_along_loops(w, n, m->tensor, variables)) continue;
    uint32_t a = 0;
    while (a < m->rank && variables[a] != v) a++;
    if (a == m->rank || w->plan->buffers[m->buffer].strides[a] != 1) return false;
    if (!fits_lanes(w, m, a, (TensorList){0})) return false;
  }
  return true;
}

/* --- accumulators --- */

typedef struct Accumulators {
  uint32_t value[TOGETHER], place[TOGETHER]; /* locals; place: of argmax, argmin */
  int lanes;
} Accumulators;

static ValueId local_value(Nest *nest, uint32_t local) {
  return kernel_local(nest->c.b, local, NULL, 0);
}

static void set(Nest *nest, uint32_t local, ValueId value) {
  kernel_assign(nest->c.b, local, NULL, 0, value);
}

/* Reduced index k of all of them. */
static void bind_reduced(Nest *nest, uint32_t k, Binding binding) {
  for (uint32_t i = 0; i < nest->n_together; i++)
    nest->together[i].bindings[nest->together[i].node->rank + k] = binding;
}

/* acc = acc op body at the bindings */
static void accumulate(Nest *nest, const Standing *s, uint32_t value_of, uint32_t place_of,
                       int lanes, int acc_lanes) {
  Builder *b = nest->c.b;
  const Node *n = s->node;
  ScalarOp op = reduction_op(n->reduction);
  b->part = n->part;
  ValueId value = translate_body(&nest->c, n, s->bindings, lanes);
  value = kernel_splat(b, value, acc_lanes);
  if (!finds_place(n)) {
    set(nest, value_of, kernel_op2(b, op, local_value(nest, value_of), value));
    return;
  }
  Lanes type = value_at(b, value)->type;
  uint32_t found = kernel_new_local(b, "candidate", type);
  kernel_declare(b, found, value);
  value = local_value(nest, found);
  ValueId better = kernel_op2(b, op, value, local_value(nest, value_of));
  uint32_t is_better = kernel_new_local(b, "better", value_at(b, better)->type);
  kernel_declare(b, is_better, better);
  better = local_value(nest, is_better);
  const int64_t *strides = dense_strides(nest->c.w->arena, n->n_reduced, n->extents + n->rank);
  Offset place = offset_number(0);
  for (uint32_t i = 0; i < n->n_reduced; i++)
    place = offset_add(b, place, strides[i], s->bindings[n->rank + i].offset);
  ValueId here = kernel_splat(b, kernel_offset(b, TYPE_I32, place), acc_lanes);
  ValueId best[3] = {better, value, local_value(nest, value_of)};
  ValueId at[3] = {better, here, local_value(nest, place_of)};
  set(nest, value_of, kernel_op(b, OP_WHERE, type.type, best, 3));
  set(nest, place_of, kernel_op(b, OP_WHERE, TYPE_I32, at, 3));
}

/* What is computed element by element along the loops. */
static void compute_along(Nest *nest, int lanes) {
  Builder *b = nest->c.b;
  Work *w = nest->c.w;
  const Node *n = nest->node;
  for (uint32_t i = 0; i < nest->group->along; i++) {
    Node *m = node_at(w, nest->group->nodes.items[i]);
    uint32_t *variables = ARENA_ARRAY(w->arena, uint32_t, m->rank + 1);
    if (!reads_along_loops(w, n, m->tensor, variables))
      bug("lower", "%s is not along %s", m->name, n->name);
    Binding *bindings = ARENA_ARRAY(w->arena, Binding, m->rank + 1);
    for (uint32_t a = 0; a < m->rank; a++) bindings[a] = nest->bindings[variables[a]];
    b->part = m->part;
    ValueId value = kernel_splat(b, translate_body(&nest->c, m, bindings, lanes), lanes);
    uint32_t local = kernel_new_local(b, m->name, value_at(b, value)->type);
    kernel_declare(b, local, value);
    ARRAY_PUSH(w->arena, &nest->c.places,
               (Place){.tensor = m->tensor, .local = local, .spine = m->rank});
    kernel_store(b, kernel_parameter(b, m->buffer, true), output_offset(&nest->c, m, bindings),
                 kernel_local(b, local, NULL, 0));
  }
}

static void accumulate_all(Nest *nest, const Accumulators *acc, int lanes) {
  size_t places = nest->c.places.count;
  if (nest->together[0].at == nest->group->along) compute_along(nest, lanes);
  for (uint32_t i = 0; i < nest->n_together; i++)
    accumulate(nest, &nest->together[i], acc->value[i], acc->place[i], lanes, acc->lanes);
  nest->c.places.count = places;
}

/* name: NULL: of the reduction. */
static Accumulators start(Nest *nest, const char *name, int lanes) {
  Builder *b = nest->c.b;
  Accumulators acc = {.lanes = lanes};
  for (uint32_t i = 0; i < nest->n_together; i++) {
    const Standing *s = &nest->together[i];
    Node *n = s->node;
    ValueId first;
    if (finds_place(n)) { /* the first element, whatever it is */
      for (uint32_t k = 0; k < n->n_reduced; k++)
        s->bindings[n->rank + k] = bound(offset_number(0), false);
      first = translate_body(&nest->c, n, s->bindings, lanes);
      acc.place[i] = kernel_new_local(b, "place", lanes_of(TYPE_I32, lanes));
      kernel_declare(b, acc.place[i], kernel_splat(b, kernel_integer(b, TYPE_I32, 0), lanes));
    } else {
      first = reduction_unit(b, n->reduction, n->type);
    }
    first = kernel_splat(b, first, lanes);
    const char *called = name != NULL ? name : reduction_name(n->reduction);
    acc.value[i] = kernel_new_local(b, called, value_at(b, first)->type);
    kernel_declare(b, acc.value[i], first);
  }
  return acc;
}

static void reduce_from(Nest *nest, uint32_t depth, const Accumulators *acc, int lanes);

static void add_parts(Nest *nest, const Accumulators *acc, const Accumulators *parts) {
  for (uint32_t i = 0; i < nest->n_together; i++)
    set(nest, acc->value[i],
        kernel_op2(nest->c.b, OP_ADD, local_value(nest, acc->value[i]),
                   local_value(nest, parts->value[i])));
}

static void part_of(Nest *nest, uint32_t depth, const Accumulators *acc, int lanes, bool part) {
  if (!part) {
    reduce_from(nest, depth, acc, lanes);
    return;
  }
  Accumulators inner = start(nest, "part", acc->lanes);
  reduce_from(nest, depth, &inner, lanes);
  add_parts(nest, acc, &inner);
}

/* for the reduced index of loop `depth` over [0, to) in steps of as many lanes: what is inside */
static void reduce_loop(Nest *nest, uint32_t depth, const Accumulators *acc, int lanes,
                        int64_t to) {
  Builder *b = nest->c.b;
  const Node *n = nest->node;
  uint32_t k = nest->loops[depth], v = n->rank + k;
  bool here = nest->lane_axis == (int)v;
  int64_t from = 0, step = here ? lanes : 1, block = step * PARTIAL;
  bool last = depth + 1 == n->n_reduced;
  if (to > 2 * block && in_parts(n) && last) {
    int64_t end = to / block * block;
    uint32_t outer = kernel_variable(b, index_name(n, v)),
             inner = kernel_variable(b, index_name(n, v));
    kernel_loop(b, outer, from, end, block, LOOP_PLAIN);
    Accumulators part = start(nest, "part", acc->lanes);
    kernel_loop(b, inner, 0, block, step, LOOP_PLAIN);
    Offset offset = offset_add(b, offset_variable(b, outer), 1, offset_variable(b, inner));
    bind_reduced(nest, k, bound(offset, here && lanes > 1));
    reduce_from(nest, depth + 1, &part, lanes);
    kernel_end(b);
    add_parts(nest, acc, &part);
    kernel_end(b);
    from = end;
  }
  if (from == to) return;
  uint32_t variable = kernel_variable(b, index_name(n, v));
  kernel_loop(b, variable, from, to, step, LOOP_PLAIN);
  bind_reduced(nest, k, bound(offset_variable(b, variable), here && lanes > 1));
  part_of(nest, depth + 1, acc, lanes, in_parts(n) && !last && n->extents[v] > 4);
  kernel_end(b);
}

static void reduce_from(Nest *nest, uint32_t depth, const Accumulators *acc, int lanes) {
  const Node *n = nest->node;
  if (depth == n->n_reduced) {
    accumulate_all(nest, acc, lanes);
    return;
  }
  uint32_t v = n->rank + nest->loops[depth];
  int64_t extent = n->extents[v];
  bool here = nest->lane_axis == (int)v;
  reduce_loop(nest, depth, acc, lanes, here ? extent / lanes * lanes : extent);
}

/* Lanes along a reduced index: the vector part first, then the rest one by one. */
static void reduce_in_lanes(Nest *nest, int lanes, ValueId *results) {
  Builder *b = nest->c.b;
  Node *n = nest->node;
  uint32_t v = (uint32_t)nest->lane_axis;
  Accumulators acc = start(nest, NULL, lanes);
  reduce_from(nest, 0, &acc, lanes);
  int64_t extent = n->extents[v], done = extent / lanes * lanes;
  for (uint32_t i = 0; i < nest->n_together; i++)
    results[i] = kernel_fold(b, reduction_op(nest->together[i].node->reduction),
                             local_value(nest, acc.value[i]));
  if (done == extent) return;
  acc = (Accumulators){.lanes = 1};
  for (uint32_t i = 0; i < nest->n_together; i++) {
    acc.value[i] = kernel_new_local(b, "total", lanes_of(n->type, 1));
    kernel_declare(b, acc.value[i], results[i]);
    results[i] = local_value(nest, acc.value[i]);
  }
  for (uint32_t k = 0; k < n->n_reduced; k++) {
    uint32_t r = n->rank + k;
    uint32_t variable = kernel_variable(b, index_name(n, r));
    kernel_loop(b, variable, r == v ? done : 0, n->extents[r], 1, LOOP_PLAIN);
    bind_reduced(nest, k, bound(offset_variable(b, variable), false));
  }
  accumulate_all(nest, &acc, 1);
  for (uint32_t k = 0; k < n->n_reduced; k++) kernel_end(b);
}

/* --- the order of its loops --- */

/* How far apart a step of each reduced index takes what a body reads, in elements, of all reads
   together. */
static void add_steps(Nest *nest, const Node *n, ExprId id, int64_t *steps) {
  Work *w = nest->c.w;
  if (!first_met(w, id)) return;
  const Expr e = *expr_at(w->graph, id);
  for (uint32_t i = 0; i < e.n_args; i++) add_steps(nest, n, e.args[i], steps);
  if (e.kind != EXPR_READ || e.n_args == 0) return;
  BufferId buffer = w->buffer_of[e.tensor];
  if (buffer == BUFFER_NONE) return;
  Affine at = read_offset(w, n, &e, w->plan->buffers[buffer].strides);
  for (uint32_t i = 0; i < at.n; i++) {
    const Expr *atom = expr_at(w->graph, at.terms[i].atom);
    if (atom->kind == EXPR_INDEX && atom->index >= n->rank)
      steps[atom->index - n->rank] += llabs(at.terms[i].factor);
  }
}

/* The longest steps outermost, so that memory is gone through as it lies. The first place of a
   greatest element is the first in the order of the indices. */
static const uint32_t *order_loops(Nest *nest, const Node *n) {
  Work *w = nest->c.w;
  uint32_t *order = ARENA_ARRAY(w->arena, uint32_t, n->n_reduced + 1);
  int64_t *steps = ARENA_ARRAY(w->arena, int64_t, n->n_reduced + 1);
  start_walk(w);
  if (!finds_place(n)) add_steps(nest, n, n->body, steps);
  for (uint32_t i = 0; i < n->n_reduced; i++) {
    uint32_t k = i;
    for (; k > 0 && steps[order[k - 1]] < steps[i]; k--) order[k] = order[k - 1];
    order[k] = i;
  }
  return order;
}

void reduce(Nest *nest, int lanes, ValueId results[TOGETHER]) {
  Node *n = nest->node;
  nest->loops = order_loops(nest, n);
  if (nest->lane_axis >= (int)n->rank) {
    int width = type_bytes(n->type);
    reduce_in_lanes(nest, lanes_for(nest->c.w, width, n->extents[nest->lane_axis]), results);
    return;
  }
  Accumulators acc = start(nest, NULL, lanes);
  reduce_from(nest, 0, &acc, lanes);
  for (uint32_t i = 0; i < nest->n_together; i++)
    results[i] =
        local_value(nest, finds_place(nest->together[i].node) ? acc.place[i] : acc.value[i]);
}
