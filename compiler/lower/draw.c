/* What a loop over steps with loops inside computes itself, beside the recurrence that it is for.

   A segment of a recurrence, or a block in a block, is

       for s:  for r:  z[s, r] = f(z[s, r − 1], …)        h[s] = g(h[s − 1], z[s, …], …)

   Other definitions with s among their indices that this loop reads, or that read what it computes,
   can be computed in it too, at its step: the recomputation z.again[s, r] of a segment in the loop
   of its derivative, input products, the running totals of what a segment adds to a weight's
   derivative. What nobody outside then reads, but at the last step, needs the memory of one step
   (slots.c) instead of all.

   So all that can be is drawn into the loop, as long as every read between those inside steps along
   it, and in its direction. Then goes out again what saves no memory: it is read elsewhere, and so
   is what it reads; and what waits for something outside that waits for the loop. A product of
   matrices is drawn in only if a step leaves a tile's rows of it.

   A loop without loops inside draws in nothing: its step is small, and one contraction over all
   steps is worth more than the memory. */
#include "lower/work.h"

enum { LEAST_ROWS = 8 /* of a step's own product of matrices */ };

typedef struct Edge {
  uint32_t reader, read; /* nodes */
  const ExprId *at;
} Edge;
typedef ARRAY(uint32_t) Numbers;

typedef struct Draw {
  Work *w;
  ARRAY(Edge) edges;
  Numbers *edges_of;      /* per node: of which it is the reader, or what is read */
  const Recurrence *loop; /* into which is drawn */
  bool *in;               /* per node: computed in it */
  uint32_t *axis;         /* per node: its output index that is the loop's step; NO_INDEX */
} Draw;

/* What is computed together: the nodes of a recurrence, or one. */
static const uint32_t *unit_of(const Work *w, const uint32_t *node, size_t *n) {
  const Recurrence *all = outermost(node_at(w, *node)->recurrence);
  *n = all == NULL ? 1 : all->nodes.count;
  return all == NULL ? node : all->nodes.items;
}

/* --- reads --- */

static void find_edges(Draw *d, uint32_t reader, ExprId id) {
  Work *w = d->w;
  if (!first_met(w, id)) return;
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) find_edges(d, reader, e->args[i]);
  if (e->fallback != EXPR_NONE) find_edges(d, reader, e->fallback);
  if (e->kind != EXPR_READ || w->node_of[e->tensor] == 0) return;
  uint32_t read = w->node_of[e->tensor] - 1, number = (uint32_t)d->edges.count;
  ARRAY_PUSH(w->arena, &d->edges, (Edge){reader, read, e->args});
  ARRAY_PUSH(w->arena, &d->edges_of[read], number);
  if (read != reader) ARRAY_PUSH(w->arena, &d->edges_of[reader], number);
}

/* Whether the read steps along the loop in its direction, or by 0. An axis that is not known yet
   follows from the other one; *more is set then. */
static bool steps_along(Draw *d, const Edge *e, bool *more) {
  const Graph *g = d->w->graph;
  const Node *reader = node_at(d->w, e->reader), *read = node_at(d->w, e->read);
  uint32_t *a = &d->axis[e->reader], *b = &d->axis[e->read], v;
  int64_t step, steps = d->loop->steps;
  if (*a == NO_INDEX && *b == NO_INDEX) return true;
  if (*b == NO_INDEX) {
    uint32_t k = 0;
    while (k < read->rank && !(stepped(g, e->at[k], &v, &step) && v == *a)) k++;
    if (k == read->rank || read->extents[k] != steps) return false;
    *b = k;
    *more = true;
  }
  if (!stepped(g, e->at[*b], &v, &step)) return false;
  if (*a == NO_INDEX) {
    if (v >= reader->rank || reader->extents[v] != steps) return false;
    *a = v;
    *more = true;
  }
  return v == *a && (step == 0 || (step > 0) == d->loop->ahead);
}

/* --- what can be computed in the loop --- */

/* Lowering's copies and what has a place of its own stay where they are. */
static bool is_movable(const Node *n) {
  return n->tensor != TENSOR_NONE && n->replaces == TENSOR_NONE && n->buffer == BUFFER_NONE;
}

/* Whether a step leaves a product of matrices enough rows, when the step is a row of it. */
static bool leaves_rows(const Draw *d, uint32_t i) {
  const Node *n = node_at(d->w, i);
  const Contraction *c = n->contraction;
  if (c == NULL || n->recurrence != NULL) return true;
  IndexSet left = indices_of(d->w->graph, c->left), right = indices_of(d->w->graph, c->right);
  IndexSet step = (IndexSet)1 << d->axis[i], both = left & right;
  if ((both & step) != 0) return true;
  IndexSet side = ((left & step) != 0 ? left : right) & ~both & ~step;
  int64_t rows = 1;
  for (uint32_t v = 0; v < n->rank; v++) rows *= (side >> v & 1) != 0 ? n->extents[v] : 1;
  return rows >= LEAST_ROWS;
}

static bool fits(Draw *d, const uint32_t *nodes, size_t n) {
  for (bool more = true; more;) {
    more = false;
    for (size_t k = 0; k < n; k++) {
      const Numbers *edges = &d->edges_of[nodes[k]];
      for (size_t i = 0; i < edges->count; i++) {
        const Edge *e = &d->edges.items[edges->items[i]];
        if (d->in[e->reader] && d->in[e->read] && !steps_along(d, e, &more)) return false;
      }
    }
  }
  for (size_t k = 0; k < n; k++)
    if (d->axis[nodes[k]] == NO_INDEX || !leaves_rows(d, nodes[k])) return false;
  return true;
}

static void take_out(Draw *d, const uint32_t *nodes, size_t n) {
  for (size_t k = 0; k < n; k++) {
    d->in[nodes[k]] = false;
    d->axis[nodes[k]] = NO_INDEX;
  }
}

static bool draw_unit(Draw *d, uint32_t node) {
  size_t n;
  const uint32_t *nodes = unit_of(d->w, &node, &n);
  for (size_t k = 0; k < n; k++)
    if (!is_movable(node_at(d->w, nodes[k]))) return false;
  for (size_t k = 0; k < n; k++) d->in[nodes[k]] = true;
  if (fits(d, nodes, n)) return true;
  take_out(d, nodes, n);
  return false;
}

/* All that can be: neighbours, and theirs. */
static void draw_all(Draw *d) {
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < d->edges.count; i++) {
      const Edge e = d->edges.items[i];
      if (d->in[e.reader] == d->in[e.read]) continue;
      if (draw_unit(d, d->in[e.reader] ? e.read : e.reader)) more = true;
    }
  }
}

/* --- what goes out again --- */

/* Whether nobody outside reads it but at the loop's last step. */
static bool is_confined(const Draw *d, uint32_t node) {
  const Numbers *edges = &d->edges_of[node];
  for (size_t i = 0; i < edges->count; i++) {
    const Edge *e = &d->edges.items[edges->items[i]];
    if (e->read != node || d->in[e->reader]) continue;
    const Expr *at = expr_at(d->w->graph, e->at[d->axis[node]]);
    if (at->kind != EXPR_CONST || at->integer != last_step(d->loop)) return false;
  }
  return true;
}

/* Marks what is outside and depends on what is in or, backwards, what that depends on. */
static bool *reach(const Draw *d, bool backwards) {
  const Work *w = d->w;
  bool *met = ARENA_ARRAY(w->arena, bool, w->nodes.count + 1);
  Numbers open = {0};
  for (uint32_t i = 0; i < w->nodes.count; i++)
    if (d->in[i]) ARRAY_PUSH(w->arena, &open, i);
  while (open.count > 0) {
    const Numbers *edges = &d->edges_of[open.items[--open.count]];
    uint32_t from = open.items[open.count];
    for (size_t i = 0; i < edges->count; i++) {
      const Edge *e = &d->edges.items[edges->items[i]];
      uint32_t to = backwards ? e->read : e->reader;
      if ((backwards ? e->reader : e->read) != from || d->in[to] || met[to]) continue;
      size_t n;
      const uint32_t *nodes = unit_of(w, &to, &n);
      for (size_t k = 0; k < n; k++) {
        met[nodes[k]] = true;
        ARRAY_PUSH(w->arena, &open, nodes[k]);
      }
    }
  }
  return met;
}

/* Whether it saves memory: it is not stored for all steps, or something that it reads is not. */
static bool saves(const Draw *d, uint32_t node) {
  if (is_confined(d, node)) return true;
  const Numbers *edges = &d->edges_of[node];
  for (size_t i = 0; i < edges->count; i++) {
    const Edge *e = &d->edges.items[edges->items[i]];
    if (e->read != node && d->in[e->read] && is_confined(d, e->read)) return true;
  }
  return false;
}

/* Whether it waits for what waits for the loop, or lets that wait. */
static bool is_between(const Draw *d, uint32_t node, const bool *after, const bool *before) {
  const Numbers *edges = &d->edges_of[node];
  for (size_t i = 0; i < edges->count; i++) {
    const Edge *e = &d->edges.items[edges->items[i]];
    uint32_t other = e->read == node ? e->reader : e->read;
    if (after[other] && before[other]) return true;
  }
  return false;
}

static void take_out_useless(Draw *d) {
  const Work *w = d->w;
  for (bool more = true; more;) {
    more = false;
    const bool *after = reach(d, false), *before = reach(d, true);
    for (uint32_t i = 0; i < w->nodes.count; i++) {
      size_t n;
      const uint32_t *nodes = unit_of(w, &i, &n);
      if (!d->in[i] || nodes[0] != i || outermost(node_at(w, i)->recurrence) == d->loop) continue;
      bool useful = false, between = false;
      for (size_t k = 0; k < n; k++) {
        useful = useful || saves(d, nodes[k]);
        between = between || is_between(d, nodes[k], after, before);
      }
      if (useful && !between) continue;
      take_out(d, nodes, n);
      more = true;
    }
  }
}

/* --- all --- */

static void draw_into(Draw *d, Recurrence *loop) {
  Work *w = d->w;
  uint32_t n = (uint32_t)w->nodes.count, n_members = 0;
  d->loop = loop;
  for (uint32_t i = 0; i < n; i++) {
    d->in[i] = outermost(node_at(w, i)->recurrence) == loop;
    d->axis[i] = d->in[i] ? node_at(w, i)->step_axes[0] : NO_INDEX;
  }
  draw_all(d);
  take_out_useless(d);
  TensorId *members = ARENA_ARRAY(w->arena, TensorId, n + 1);
  ExprId *bodies = ARENA_ARRAY(w->arena, ExprId, n + 1);
  uint32_t *axis = ARENA_ARRAY(w->arena, uint32_t, n + 1);
  for (uint32_t i = 0; i < n; i++) {
    if (!d->in[i]) continue;
    members[n_members] = node_at(w, i)->tensor;
    bodies[n_members] = node_at(w, i)->body;
    axis[n_members++] = d->axis[i];
  }
  if (n_members == loop->nodes.count) return;
  const Group *group = group_along(w->graph, w->arena, members, bodies, axis, n_members);
  if (group == NULL) bug("lower", "what is drawn into the steps of %s has no order", loop->name);
  set_loops(w, group);
}

static bool has_loops_inside(const Work *w, const Recurrence *loop) {
  for (size_t i = 0; i < loop->nodes.count; i++)
    if (node_at(w, loop->nodes.items[i])->recurrence != loop) return true;
  return false;
}

/* The last loop first: what lies between two is computed in the later one, which reads it. */
void draw_into_loops(Work *w) {
  uint32_t n = (uint32_t)w->nodes.count;
  Draw d = {.w = w};
  for (uint32_t i = n; i-- > 0;) {
    Recurrence *loop = outermost(node_at(w, i)->recurrence);
    if (loop == NULL || loop->nodes.items[0] != i || !has_loops_inside(w, loop)) continue;
    if (d.in == NULL) {
      d.in = ARENA_ARRAY(w->arena, bool, n + 1);
      d.axis = ARENA_ARRAY(w->arena, uint32_t, n + 1);
      d.edges_of = ARENA_ARRAY(w->arena, Numbers, n + 1);
      for (uint32_t k = 0; k < n; k++) {
        start_walk(w);
        find_edges(&d, k, node_at(w, k)->body);
      }
    }
    draw_into(&d, loop);
  }
}
