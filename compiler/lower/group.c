/* Which nodes become one kernel.

   The nodes are taken in their order. One joins the latest group that it has something in common
   with, provided that the group comes after (or holds) all that must run before the node, and that
   everything it has to do with the group's nodes happens at the same point of the outer loops:

   - a contraction takes elementwise readers into its epilogue, and behind them those that lack one
     of its indices, and read it at constants of that: the cell that has its four gates side by side
     in one product;
   - a group of loops shares the leading output indices of its nodes, its spine. Softmax of a row is
     m, e, t, p over one spine: the row;
   - a reduction of what a group computes element by element takes it along: the elements are
     computed, and stored, in its loops, as the adjoint of an activation in the sum over it that is
     the gradient of a bias.

   What is read by the group alone, at the step that it is computed at, is not stored. Nodes of a
   recurrence are joined by others of the same one only, at one step. */
#include <string.h>
#include "graph/scalar_ops.h"
#include "lower/work.h"

enum {
  LOCAL_ELEMENTS = 256, /* as many may stand in a local array at each point of the spine */
  MOST_PICKED = 8       /* so many tiles of values stay in L1 */
};

typedef struct Grouping {
  Work *w;
  uint32_t *group_of; /* per node: 1 + its group */
} Grouping;

/* Whether the index stands alone at its axis; where that is picked (1 + an axis, or 0), a constant.
 */
static bool is_aligned(const Expr *at, uint32_t axis, uint32_t picked) {
  if (axis + 1 == picked) return at->kind == EXPR_CONST;
  return at->kind == EXPR_INDEX && index_beside_picked(picked, at->index) == axis;
}

/* Whether that is so at the first n axes of every read of `tensor` in the body. */
static bool reads_along(const Graph *g, ExprId body, TensorId tensor, uint32_t n, uint32_t picked) {
  const Expr *e = expr_at(g, body);
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!reads_along(g, e->args[i], tensor, n, picked)) return false;
  if (e->kind != EXPR_READ) return true;
  if (e->fallback != EXPR_NONE && !reads_along(g, e->fallback, tensor, n, picked)) return false;
  if (e->tensor != tensor) return true;
  for (uint32_t i = 0; i < n; i++)
    if (i >= e->n_args || !is_aligned(expr_at(g, e->args[i]), i, picked)) return false;
  return true;
}

static bool same_leading(const Node *a, const Node *b, uint32_t n) {
  if (a->rank < n || b->rank < n) return false;
  for (uint32_t i = 0; i < n; i++)
    if (a->extents[i] != b->extents[i]) return false;
  return true;
}

/* Whether all that connects x with m, whose index it picks, happens at its point. */
static bool picks_from(const Work *w, const Node *x, const Node *m) {
  if (x->rank + 1 != m->rank || x->picks > m->rank) return false;
  for (uint32_t v = 0; v < x->rank; v++)
    if (x->extents[v] != m->extents[index_beside_picked(x->picks, v)]) return false;
  if (x->replaces != TENSOR_NONE && node_reads(m, x->replaces)) return false;
  if (m->replaces != TENSOR_NONE && node_reads(x, m->replaces)) return false;
  return m->tensor == TENSOR_NONE || reads_along(w->graph, x->body, m->tensor, m->rank, x->picks);
}

/* Whether all that connects x with member m happens at one point of n outer loops. */
static bool aligned(const Work *w, const Node *x, const Node *m, uint32_t n) {
  if (x->picks != 0 && m->picks == 0) return picks_from(w, x, m);
  if (!same_leading(x, m, n)) return false;
  if (m->tensor != TENSOR_NONE && node_reads(x, m->tensor) &&
      !reads_along(w->graph, x->body, m->tensor, n, 0))
    return false;
  if (x->replaces != TENSOR_NONE && node_reads(m, x->replaces) &&
      !reads_along(w->graph, m->body, x->replaces, n, 0))
    return false;
  if (m->replaces != TENSOR_NONE && node_reads(x, m->replaces)) return false;
  return true;
}

/* Whether joining saves anything: x reads what m computes, or what m reads. */
static bool related(const Work *w, const Node *x, const Node *m) {
  if (m->tensor != TENSOR_NONE && node_reads(x, m->tensor)) return true;
  if (x->rank == 0 || x->rank != m->rank) return false;
  for (size_t i = 0; i < x->reads.count; i++) {
    TensorId t = x->reads.items[i];
    if (node_reads(m, t) && tensor_at(w->graph, t)->rank >= x->rank) return true;
  }
  return false;
}

static const Node *member(const Work *w, const NodeGroup *g, size_t i) {
  return node_at(w, g->nodes.items[i]);
}

static bool any_related(const Work *w, const Node *x, const NodeGroup *g) {
  for (size_t i = 0; i < g->nodes.count; i++)
    if (related(w, x, member(w, g, i))) return true;
  return false;
}

/* variables[k]: the index variable at axis k of every read of `tensor`; false: there is none. */
static bool find_variables(const Graph *g, ExprId id, TensorId tensor, uint32_t *variables,
                           bool *found) {
  const Expr *e = expr_at(g, id);
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!find_variables(g, e->args[i], tensor, variables, found)) return false;
  if (e->fallback != EXPR_NONE && !find_variables(g, e->fallback, tensor, variables, found))
    return false;
  if (e->kind != EXPR_READ || e->tensor != tensor) return true;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(g, e->args[i]);
    if (at->kind != EXPR_INDEX || (*found && variables[i] != at->index)) return false;
    variables[i] = at->index;
  }
  *found = true;
  return true;
}

bool reads_along_loops(const Work *w, const Node *reduction, TensorId tensor, uint32_t *variables) {
  bool found = false;
  if (!find_variables(w->graph, reduction->body, tensor, variables, &found) || !found) return false;
  IndexSet met = 0;
  for (uint32_t i = 0; i < tensor_at(w->graph, tensor)->rank; i++) {
    if (variables[i] > 60 || (met >> variables[i] & 1) != 0) return false;
    met |= (IndexSet)1 << variables[i];
  }
  return true;
}

bool reads_along_alike(const Work *w, const Node *x, const Node *y, TensorId tensor) {
  uint32_t rank = tensor_at(w->graph, tensor)->rank;
  uint32_t *of_x = ARENA_ARRAY(w->arena, uint32_t, rank + 1);
  uint32_t *of_y = ARENA_ARRAY(w->arena, uint32_t, rank + 1);
  return reads_along_loops(w, x, tensor, of_x) && reads_along_loops(w, y, tensor, of_y) &&
         memcmp(of_x, of_y, rank * sizeof *of_x) == 0;
}

/* Whether x can follow what the group computes along the loops of another reduction: it leaves that
   alone, or sums over it in the same loops. */
static bool follows_along(const Work *w, const Node *x, const Node *m, const NodeGroup *g) {
  const Node *taker = member(w, g, g->along);
  if (x->replaces != TENSOR_NONE && node_reads(m, x->replaces)) return false;
  if (!node_reads(x, m->tensor)) return true;
  return x->rank == g->spine && taker->rank == g->spine &&
         reads_along_alike(w, x, taker, m->tensor);
}

static bool all_aligned(const Work *w, const Node *x, const NodeGroup *g, uint32_t n) {
  for (size_t i = 0; i < g->nodes.count; i++) {
    const Node *m = member(w, g, i);
    if (i < g->along ? !follows_along(w, x, m, g) : !aligned(w, x, m, n)) return false;
  }
  return true;
}

static TensorList computed_by(const Work *w, const NodeGroup *g) {
  TensorList list = {ARENA_ARRAY(w->arena, TensorId, g->nodes.count + 1), 0};
  for (size_t i = 0; i < g->nodes.count; i++) list.items[list.count++] = member(w, g, i)->tensor;
  return list;
}

bool has_flag(const Graph *g, ExprId id, unsigned flags) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_OP && (scalar_ops[e->op].flags & flags) != 0) return true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (has_flag(g, e->args[i], flags)) return true;
  return false;
}

/* Whether lanes can run in x, in the epilogue, as they do in the contraction. */
static bool follows_lanes(Work *w, const Node *x, const NodeGroup *g) {
  uint32_t lane = member(w, g, 0)->contraction->lane;
  if (x->picks != 0 && lane >= x->picks) lane--;
  return w->plan->buffers[x->buffer].strides[lane] == 1 &&
         fits_lanes(w, x, lane, computed_by(w, g));
}

/* Whether there is a loop over output index v around the contraction's tiles, which may as well
   stand inside; its steps are the indices before. */
static bool can_be_picked(const Node *n, uint32_t v) {
  for (uint32_t d = 0; d < count_steps(n); d++)
    if (v <= n->step_axes[d]) return false;
  return v != n->contraction->row && v != n->contraction->lane && n->extents[v] <= MOST_PICKED;
}

/* Whether x, of one index less than the contraction, can follow its epilogue. What its sums read at
   another step needs all steps then, as one tile's is stored before another's is read: it stays
   outside where one would do. */
static bool joins_picking(Grouping *s, uint32_t i, const NodeGroup *g) {
  Work *w = s->w;
  Node *x = node_at(w, i);
  const Node *first = member(w, g, 0), *last = member(w, g, g->nodes.count - 1);
  if (first->contraction->dot || first->contraction->n_windows > 0) return false;
  if (node_reads(first, x->tensor) && one_step_does(w, s->group_of, i)) return false;
  for (uint32_t v = 0; v < first->rank; v++) {
    if (last->picks != 0 ? v + 1 != last->picks : !can_be_picked(first, v)) continue;
    x->picks = v + 1;
    if (all_aligned(w, x, g, x->rank) && follows_lanes(w, x, g)) return true;
    x->picks = 0;
  }
  return false;
}

/* A dot product's results come one by one: nothing dear is done with them so. */
static bool joins_epilogue(Grouping *s, uint32_t i, const NodeGroup *g) {
  const Node *first = member(s->w, g, 0), *x = node_at(s->w, i);
  if (x->reduction != REDUCE_NONE || x->type != first->type) return false;
  if (x->rank + 1 == first->rank) return joins_picking(s, i, g);
  if (x->rank != first->rank || !all_aligned(s->w, x, g, x->rank)) return false;
  if (first->contraction->dot) return !has_flag(s->w->graph, x->body, OP_DEAR);
  return follows_lanes(s->w, x, g);
}

/* The longest spine that x and the group can share; 0: none. */
static uint32_t common_spine(const Work *w, const Node *x, const NodeGroup *g) {
  uint32_t n = x->rank < g->spine ? x->rank : g->spine;
  while (n > 0 && !all_aligned(w, x, g, n)) n--;
  return n;
}

static bool is_small_scalar(const Node *n) { return n->rank == 0 && n->reduction == REDUCE_NONE; }

/* The spine's indices along which lanes can run in node x, beside the group's nodes. */
static IndexSet lane_axes(Work *w, const Node *x, const NodeGroup *g, uint32_t spine) {
  TensorList registers = computed_by(w, g);
  IndexSet axes = 0;
  for (uint32_t v = 0; v < spine && v < 60; v++) {
    if (w->plan->buffers[x->buffer].strides[v] != 1 || is_step(x, v)) continue;
    int width = lane_width(w, x, v, registers, (TensorList){0});
    if (width == 0 || width >= 4) axes |= (IndexSet)1 << v;
  }
  return axes;
}

/* Whether both are computed at the same steps, along the same of their leading n axes. */
static bool step_together(const Node *x, const Node *m, uint32_t n) {
  if (x->recurrence != m->recurrence) return false;
  for (uint32_t d = 0; d < count_steps(x); d++)
    if (x->step_axes[d] != m->step_axes[d] || x->step_axes[d] >= n) return false;
  return true;
}

static int64_t own_elements(const Node *n, uint32_t spine) {
  int64_t size = 1;
  for (uint32_t v = spine; v < n->rank; v++) size *= n->extents[v];
  return size;
}

/* Whether with so short a spine, along which lanes run, each of two nodes would go through all of
   its memory for each vector: a spine of its own lets each go through it once. */
static bool strides_far(const Node *x, const Node *m, uint32_t spine) {
  return own_elements(x, spine) > LOCAL_ELEMENTS && own_elements(m, spine) > LOCAL_ELEMENTS;
}

/* Whether x's lanes can run as those of the group do, along one of its reduced indices. */
static bool keeps_lanes(Work *w, const Node *x, const NodeGroup *g, const uint32_t *variables) {
  for (uint32_t a = 0; a < 60 && a < member(w, g, 0)->rank; a++) {
    uint32_t v = variables[a];
    if ((g->lane_axes >> a & 1) == 0 || v < x->rank) continue;
    if (lane_width(w, x, v, (TensorList){0}, (TensorList){0}) == type_bytes(x->type)) return true;
  }
  return false;
}

/* Whether what the group computes element by element can be computed where x sums over it: all of
   x's points are theirs, and the loops are shared along x's outputs alone then. */
static bool takes_along(Work *w, const Node *x, const NodeGroup *g) {
  enum { FEW_OUTPUTS = 4 };
  if (x->reduction != REDUCE_SUM || x->recurrence != NULL || g->along > 0) return false;
  if (g->kind != GROUP_LOOPS || x->rank == 0 || node_size(x) < FEW_OUTPUTS) return false;
  uint32_t rank = x->rank + x->n_reduced;
  uint32_t *variables = ARENA_ARRAY(w->arena, uint32_t, rank + 1);
  for (size_t i = 0; i < g->nodes.count; i++) {
    const Node *m = member(w, g, i);
    if (m->reduction != REDUCE_NONE || m->rank != rank || m->tensor == TENSOR_NONE) return false;
    if (m->replaces != TENSOR_NONE || m->recurrence != NULL || m->type != x->type) return false;
    if (x->replaces != TENSOR_NONE && node_reads(m, x->replaces)) return false;
    if (!reads_along_loops(w, x, m->tensor, variables)) return false;
    for (uint32_t a = 0; a < rank; a++)
      if (m->extents[a] != x->extents[variables[a]]) return false;
    if (!keeps_lanes(w, x, g, variables)) return false;
  }
  return true;
}

/* Whether x joins at a point of outer loops; then the group's spine is what they share. One that
   would take the group its lanes stays outside. */
static bool joins_spine(Grouping *s, uint32_t i, NodeGroup *g) {
  Work *w = s->w;
  const Node *x = node_at(w, i), *first = member(w, g, g->along);
  if (!step_together(x, first, x->rank) || !any_related(w, x, g)) return false;
  switch (g->kind) {
  case GROUP_CONTRACTION: return joins_epilogue(s, i, g);
  case GROUP_SCATTER:
  case GROUP_TRANSPOSE: return false;
  case GROUP_LOOPS: break;
  }
  uint32_t spine = common_spine(w, x, g);
  if (spine == 0) return g->spine == 0 && is_small_scalar(x);
  if (!step_together(x, first, spine)) return false;
  IndexSet kept = g->lane_axes & (((IndexSet)1 << spine) - 1);
  IndexSet both = kept & lane_axes(w, x, g, spine);
  if (kept != 0 && both == 0) return false;
  if (both != 0 && spine < g->spine && strides_far(x, first, spine)) return false;
  g->spine = spine;
  g->lane_axes = both;
  return true;
}

static bool joins(Grouping *s, uint32_t i, NodeGroup *g) {
  const Node *x = node_at(s->w, i);
  if (joins_spine(s, i, g)) return true;
  if (!takes_along(s->w, x, g)) return false;
  g->along = (uint32_t)g->nodes.count;
  g->spine = x->rank;
  g->lane_axes = 0;
  return true;
}

static void new_group(Grouping *s, uint32_t i, NodeGroup g) {
  ARRAY_PUSH(s->w->arena, &g.nodes, i);
  ARRAY_PUSH(s->w->arena, &s->w->groups, g);
  s->group_of[i] = (uint32_t)s->w->groups.count;
}

static void place(Grouping *s, uint32_t i) {
  Work *w = s->w;
  const Node *n = node_at(w, i);
  if (n->transposes || n->contraction != NULL || is_scatter(w, n)) {
    GroupKind kind = n->transposes            ? GROUP_TRANSPOSE
                     : n->contraction != NULL ? GROUP_CONTRACTION
                                              : GROUP_SCATTER;
    new_group(s, i, (NodeGroup){.kind = kind, .spine = n->rank});
    return;
  }
  uint32_t earliest = 0;
  for (size_t k = 0; k < n->after.count; k++) {
    uint32_t g = s->group_of[n->after.items[k]];
    if (g > 0 && g - 1 > earliest) earliest = g - 1;
  }
  for (size_t g = w->groups.count; g-- > earliest;) {
    if (!joins(s, i, &w->groups.items[g])) continue;
    ARRAY_PUSH(w->arena, &w->groups.items[g].nodes, i);
    s->group_of[i] = (uint32_t)g + 1;
    return;
  }
  NodeGroup g = {.kind = GROUP_LOOPS, .spine = n->rank};
  g.lane_axes = lane_axes(w, n, &g, n->rank);
  new_group(s, i, g);
}

/* --- what is stored --- */

static bool is_along(const NodeGroup *g, uint32_t node) {
  for (uint32_t i = 0; i < g->along; i++)
    if (g->nodes.items[i] == node) return true;
  return false;
}

static void choose_stored(Grouping *s) {
  Work *w = s->w;
  for (uint32_t i = 0; i < w->nodes.count; i++) {
    Node *n = node_at(w, i);
    const NodeGroup *g = &w->groups.items[s->group_of[i] - 1];
    bool fixed = w->plan->buffers[n->buffer].kind != BUFFER_WORKSPACE || is_along(g, i);
    n->stored = fixed || (g->kind == GROUP_LOOPS && own_elements(n, g->spine) > LOCAL_ELEMENTS);
  }
  uint32_t *turn = ARENA_ARRAY(w->arena, uint32_t, w->nodes.count + 1);
  for (size_t k = 0; k < w->order.count; k++) turn[w->order.items[k]] = (uint32_t)k;
  for (uint32_t i = 0; i < w->nodes.count; i++) {
    const Node *reader = node_at(w, i);
    for (size_t r = 0; r < reader->reads.count; r++) {
      uint32_t source = w->node_of[reader->reads.items[r]];
      if (source == 0) continue;
      bool other_step = turn[source - 1] >= turn[i];
      if (other_step || s->group_of[source - 1] != s->group_of[i])
        node_at(w, source - 1)->stored = true;
    }
  }
}

void make_groups(Work *w) {
  Grouping s = {w, ARENA_ARRAY(w->arena, uint32_t, w->nodes.count + 1)};
  for (size_t k = 0; k < w->order.count; k++) place(&s, w->order.items[k]);
  choose_stored(&s);
  keep_single_steps(w, s.group_of);
  share_places(w, s.group_of);
}
