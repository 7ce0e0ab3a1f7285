/* The order of the nodes. A node runs after what it reads. Where it stores the new value of a param
   or state in place, it also runs after all other readers of the old value; should that be a
   circle, the new value goes to the workspace and a copy stores it at the end.

   The nodes of a recurrence stand together, in the order of a step.

   The order is found from the end: of the nodes that nothing waits for, the one that the node
   taken last reads, when it is a reduction (so that a sum stands right before its elementwise
   reader, and can be finished by it), else the last one in the program's order. Single numbers come
   first of all, so that they stand between no two definitions that may become one kernel.

   Then a result that nothing reads, as the new value of a param, moves up to where all that it
   needs is there, with what only it reads: a weight's gradient stands behind the adjoint that it is
   a sum of, while that is still in a cache, and neither lives any longer. */
#include "lower/work.h"

/* Calls are few: bodies are small. */
bool reads_at_point(const Graph *g, ExprId body, TensorId tensor) {
  const Expr *e = expr_at(g, body);
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!reads_at_point(g, e->args[i], tensor)) return false;
  if (e->kind != EXPR_READ) return true;
  if (e->fallback != EXPR_NONE && !reads_at_point(g, e->fallback, tensor)) return false;
  if (e->tensor != tensor) return true;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(g, e->args[i]);
    if (at->kind != EXPR_INDEX || at->index != i) return false;
  }
  return true;
}

static void add_edges(Work *w, uint32_t i, const NodeList *readers) {
  Node *n = node_at(w, i);
  n->after.count = 0;
  for (size_t r = 0; r < n->reads.count; r++) {
    uint32_t source = w->node_of[n->reads.items[r]];
    if (source == 0) continue;
    ARRAY_PUSH(w->arena, &n->after, source - 1);
    ARRAY_PUSH(w->arena, &node_at(w, source - 1)->readers, i);
  }
  if (n->replaces == TENSOR_NONE) return;
  for (size_t k = 0; k < readers[n->replaces].count; k++)
    if (readers[n->replaces].items[k] != i)
      ARRAY_PUSH(w->arena, &n->after, readers[n->replaces].items[k]);
}

/* A definition that cannot store its result in place: it is computed step by step, or reads the old
   value elsewhere than at the point that it computes. */
static bool must_move(Work *w, const Node *n) {
  if (n->replaces != TENSOR_NONE && n->recurrence != NULL) return true;
  if (n->replaces == TENSOR_NONE || !node_reads(n, n->replaces)) return false;
  return n->reduction != REDUCE_NONE || !reads_at_point(w->graph, n->body, n->replaces);
}

/* The new value goes to the workspace, and from there in its place. */
static void move_aside(Work *w, uint32_t i) {
  Node *n = node_at(w, i);
  TensorId value = n->tensor;
  if (value == TENSOR_NONE) bug("lower", "%s is a copy that waits for itself", n->name);
  Node copy = {.tensor = TENSOR_NONE,
               .name = tensor_at(w->graph, n->replaces)->name,
               .type = n->type,
               .rank = n->rank,
               .extents = n->extents,
               .index_names = n->index_names,
               .body = expr_read_whole(w->graph, value),
               .buffer = n->buffer,
               .replaces = n->replaces};
  collect_reads(w, &copy);
  n->buffer = BUFFER_NONE;
  n->replaces = TENSOR_NONE;
  ARRAY_PUSH(w->arena, &w->nodes, copy);
}

typedef struct Sort {
  Work *w;
  uint32_t *unit;    /* per node: itself, or the first node of its outermost recurrence */
  uint32_t *waiting; /* per unit: how many must run after it and are not placed yet */
  bool *placed;
  uint32_t *backwards;
  uint32_t n_placed;
} Sort;

/* A single number that only other definitions need. */
static bool is_helper(const Node *n) {
  return n->rank == 0 && n->reduction == REDUCE_NONE && n->buffer == BUFFER_NONE;
}

static uint32_t next_node(const Sort *s) {
  const Work *w = s->w;
  if (s->n_placed > 0) {
    const Node *last = node_at(w, s->backwards[s->n_placed - 1]);
    for (size_t i = last->after.count; i-- > 0;) {
      uint32_t k = last->after.items[i];
      bool feeds = node_at(w, k)->reduction != REDUCE_NONE &&
                   node_at(w, k)->tensor != TENSOR_NONE && node_reads(last, node_at(w, k)->tensor);
      if (feeds && !s->placed[k] && s->waiting[s->unit[k]] == 0) return k;
    }
  }
  uint32_t scalar = NODE_NONE;
  for (uint32_t k = (uint32_t)w->nodes.count; k-- > 0;) {
    if (s->placed[k] || s->waiting[s->unit[k]] != 0) continue;
    if (!is_helper(node_at(w, k))) return k;
    if (scalar == NODE_NONE) scalar = k;
  }
  return scalar;
}

/* What must run before node i waits for one more, or for one less. */
static void count_waiting(Sort *s, uint32_t i, bool placed) {
  const Node *n = node_at(s->w, i);
  for (size_t k = 0; k < n->after.count; k++) {
    uint32_t unit = s->unit[n->after.items[k]];
    if (unit != s->unit[i]) s->waiting[unit] += placed ? (uint32_t)-1 : 1;
  }
}

static void place_node(Sort *s, uint32_t i) {
  s->placed[i] = true;
  s->backwards[s->n_placed++] = i;
  count_waiting(s, i, true);
}

/* The node, or all nodes of its recurrence together. */
static void place_unit(Sort *s, uint32_t i) {
  const Recurrence *all = outermost(node_at(s->w, i)->recurrence);
  if (all == NULL) {
    place_node(s, i);
    return;
  }
  for (size_t k = all->nodes.count; k-- > 0;) place_node(s, all->nodes.items[k]);
}

/* Whether all are placed; if not, one of the rest has been moved aside. */
static bool sort_nodes(Work *w) {
  uint32_t n = (uint32_t)w->nodes.count;
  Sort s = {w,
            ARENA_ARRAY(w->arena, uint32_t, n + 1),
            ARENA_ARRAY(w->arena, uint32_t, n + 1),
            ARENA_ARRAY(w->arena, bool, n + 1),
            ARENA_ARRAY(w->arena, uint32_t, n + 1),
            0};
  for (uint32_t i = 0; i < n; i++) {
    const Recurrence *all = outermost(node_at(w, i)->recurrence);
    s.unit[i] = all == NULL ? i : all->nodes.items[0];
    node_at(w, i)->readers.count = 0;
  }
  const NodeList *readers = readers_of_tensors(w);
  for (uint32_t i = 0; i < n; i++) add_edges(w, i, readers);
  for (uint32_t i = 0; i < n; i++) count_waiting(&s, i, false);
  for (uint32_t i; (i = next_node(&s)) != NODE_NONE;) place_unit(&s, i);
  for (uint32_t i = 0; s.n_placed < n && i < n; i++) {
    if (s.placed[i] || node_at(w, i)->replaces == TENSOR_NONE) continue;
    move_aside(w, i);
    return false;
  }
  if (s.n_placed < n) bug("lower", "definitions wait for each other");
  w->order.count = 0;
  for (uint32_t i = n; i-- > 0;) ARRAY_PUSH(w->arena, &w->order, s.backwards[i]);
  return true;
}

/* --- results early --- */

typedef struct Early {
  Work *w;
  uint32_t *chain;   /* per node: 1 + the result that it alone serves; 0: none, or several */
  uint32_t *waiting; /* per result: how many reads from outside of its chain are not placed yet */
  NodeList *chains;  /* per result: its nodes, as they are to run */
  NodeList *dependents; /* per node: those that run after it */
  NodeList ready;       /* results, as they got so */
  bool *placed;
  NodeList order;
} Early;

/* The result that all readers of the node serve, as 1 + its number; 0. */
static uint32_t served(const Early *e, uint32_t i) {
  const Node *n = node_at(e->w, i);
  if (n->recurrence != NULL) return 0;
  if (n->readers.count == 0) return i + 1;
  uint32_t chain = e->chain[n->readers.items[0]];
  for (size_t k = 1; k < n->readers.count; k++)
    if (e->chain[n->readers.items[k]] != chain) return 0;
  return chain;
}

static void find_chains(Early *e) {
  Work *w = e->w;
  for (size_t k = w->order.count; k-- > 0;)
    e->chain[w->order.items[k]] = served(e, w->order.items[k]);
  for (size_t k = 0; k < w->order.count; k++) {
    uint32_t i = w->order.items[k], chain = e->chain[i];
    const Node *n = node_at(w, i);
    if (chain != 0) ARRAY_PUSH(w->arena, &e->chains[chain - 1], i);
    for (size_t r = 0; r < n->after.count; r++) {
      ARRAY_PUSH(w->arena, &e->dependents[n->after.items[r]], i);
      if (chain != 0 && e->chain[n->after.items[r]] != chain) e->waiting[chain - 1]++;
    }
  }
}

static void place_early(Early *e, uint32_t i) {
  e->placed[i] = true;
  ARRAY_PUSH(e->w->arena, &e->order, i);
  for (size_t k = 0; k < e->dependents[i].count; k++) {
    uint32_t chain = e->chain[e->dependents[i].items[k]];
    if (chain == 0 || chain == e->chain[i]) continue;
    if (--e->waiting[chain - 1] == 0) ARRAY_PUSH(e->w->arena, &e->ready, chain - 1);
  }
}

/* Whether a recurrence is open behind the node at that place of the order. */
static bool goes_on(const Work *w, size_t k) {
  const Recurrence *open = outermost(node_at(w, w->order.items[k])->recurrence);
  return open != NULL && k + 1 < w->order.count &&
         outermost(node_at(w, w->order.items[k + 1])->recurrence) == open;
}

/* What serves one result stands together, as soon as nothing else is missing; results that wait for
   parts of each other stay where they were. */
static void move_results_up(Work *w) {
  uint32_t n = (uint32_t)w->nodes.count;
  Early e = {.w = w};
  e.chain = ARENA_ARRAY(w->arena, uint32_t, n + 1);
  e.waiting = ARENA_ARRAY(w->arena, uint32_t, n + 1);
  e.placed = ARENA_ARRAY(w->arena, bool, n + 1);
  e.chains = ARENA_ARRAY(w->arena, NodeList, n + 1);
  e.dependents = ARENA_ARRAY(w->arena, NodeList, n + 1);
  find_chains(&e);
  size_t done = 0;
  for (size_t k = 0; k < w->order.count; k++) {
    uint32_t i = w->order.items[k];
    if (e.placed[i]) continue;
    if (e.chain[i] == 0)
      place_early(&e, i);
    else if (e.waiting[e.chain[i] - 1] == 0)
      ARRAY_PUSH(w->arena, &e.ready, e.chain[i] - 1);
    if (goes_on(w, k)) continue;
    for (; done < e.ready.count; done++)
      for (size_t c = 0; c < e.chains[e.ready.items[done]].count; c++)
        place_early(&e, e.chains[e.ready.items[done]].items[c]);
  }
  for (size_t k = 0; k < w->order.count; k++)
    if (!e.placed[w->order.items[k]]) ARRAY_PUSH(w->arena, &e.order, w->order.items[k]);
  for (size_t k = 0; k < w->order.count; k++) w->order.items[k] = e.order.items[k];
}

void order_nodes(Work *w) {
  uint32_t n = (uint32_t)w->nodes.count;
  find_recurrences(w);
  draw_into_loops(w);
  for (uint32_t i = 0; i < n; i++)
    if (must_move(w, node_at(w, i))) move_aside(w, i);
  while (!sort_nodes(w)) {
  }
  move_results_up(w);
}
