/* Elementwise definitions that are computed in their readers:

   - one that is read once, each element once:

         d[n] = p[n] - y[n],  loss = Σ_n d[n]²   becomes   loss = Σ_n (p[n] - y[n])²

   - a cheap one, a conversion or a number, that one reader reads more than once;
   - a slim one with several readers, a few operations on the elements of one large tensor that is
     in memory anyway: to compute it again takes as many loads as to read it, and no stores:

         z[n, c] = (x[n, c] - m[c]) · r[c],  y = z · g[c] + b[c]
 */
#include "graph/scalar_ops.h"
#include "lower/work.h"
#include "simplify/algebra.h"

enum {
  CHEAP = 2, /* operations that may be repeated for each use, */
  SLIM = 4,  /* for each reader, */
  SMALL = 8  /* with tensors of so small a part of its size beside the large one */
};

/* The one read of `tensor` in a body. */
typedef struct FoundRead {
  ExprId read;
  uint32_t count;
} FoundRead;

static void find_reads(Work *w, ExprId id, TensorId tensor, FoundRead *found) {
  if (!first_met(w, id)) return;
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) find_reads(w, e->args[i], tensor, found);
  if (e->fallback != EXPR_NONE) find_reads(w, e->fallback, tensor, found);
  if (e->kind != EXPR_READ || e->tensor != tensor) return;
  found->read = id;
  found->count += e->fallback != EXPR_NONE ? 2 : 1;
}

/* Operations in a body; many, when one of them is dear. */
static uint32_t cost(Work *w, ExprId id) {
  if (!first_met(w, id)) return 0;
  const Expr *e = expr_at(w->graph, id);
  uint32_t sum = e->kind == EXPR_OP ? 1 : 0;
  if (e->kind == EXPR_OP && (scalar_ops[e->op].flags & OP_DEAR) != 0) sum += 10 * CHEAP;
  for (uint32_t i = 0; i < e->n_args; i++) sum += cost(w, e->args[i]);
  return e->fallback == EXPR_NONE ? sum : sum + 10 * CHEAP;
}

static ExprId replace(Graph *g, ExprId id, ExprId read, ExprId with) {
  if (id == read) return with;
  const Expr e = *expr_at(g, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  ExprId *args = ARENA_ARRAY(g->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = replace(g, e.args[i], read, with);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : replace(g, e.fallback, read, with);
  return expr_rebuild(g, id, args, fallback);
}

static uint32_t cost_of(Work *w, ExprId id) {
  start_walk(w);
  return cost(w, id);
}

/* The read of node i in the reader, if there is one alone; EXPR_NONE. */
static ExprId only_read(Work *w, uint32_t i, uint32_t reader) {
  FoundRead found = {EXPR_NONE, 0};
  start_walk(w);
  find_reads(w, node_at(w, reader)->body, node_at(w, i)->tensor, &found);
  return found.count == 1 ? found.read : EXPR_NONE;
}

/* Whether node i now stands in its reader. */
static bool inline_node(Work *w, uint32_t i, uint32_t reader) {
  const Node n = *node_at(w, i), r = *node_at(w, reader);
  ExprId found = only_read(w, i, reader);
  if (!expr_is_small(w->graph, n.body) || found == EXPR_NONE) return false;
  if (node_points(&r) > node_points(&n) && cost_of(w, n.body) > CHEAP) return false;
  const Expr *read = expr_at(w->graph, found);
  ExprId value = expr_substitute(w->graph, n.body, read->args, read->n_args);
  ExprId body = replace(w->graph, r.body, found, value);
  Node *node = node_at(w, reader);
  node->body = normalize_indices(w->graph, body, node_ranges(&r));
  collect_reads(w, node);
  return true;
}

static void add_reader(Work *w, NodeList *readers, uint32_t node) {
  for (size_t k = 0; k < readers->count; k++)
    if (readers->items[k] == node) return;
  ARRAY_PUSH(w->arena, readers, node);
}

static void add_reads(Work *w, NodeList *readers, uint32_t i) {
  const Node *n = node_at(w, i);
  for (size_t r = 0; r < n->reads.count; r++) add_reader(w, &readers[n->reads.items[r]], i);
}

/* What a slim definition's elements are computed from; TENSOR_NONE: it is not slim. */
static TensorId large_operand(const Work *w, const Node *n) {
  TensorId large = TENSOR_NONE;
  for (size_t k = 0; k < n->reads.count; k++) {
    TensorId t = n->reads.items[k];
    int64_t size = tensor_size(tensor_at(w->graph, t));
    if (size > node_points(n) || (large != TENSOR_NONE && SMALL * size > node_points(n)))
      return TENSOR_NONE;
    if (SMALL * size > node_points(n)) large = t;
  }
  return large;
}

/* Whether it is stored for others than node i, and is complete before all that read i. */
static bool is_there_anyway(const Work *w, const NodeList *readers, TensorId t, uint32_t i) {
  uint32_t node = w->node_of[t];
  if (node == 0) return true;
  for (size_t k = 0; k < readers[t].count; k++) {
    uint32_t other = readers[t].items[k];
    if (other != i && node_at(w, other)->reduction != REDUCE_NONE) return node - 1 < i;
  }
  return false;
}

/* A slim definition whose readers read each element once. */
static bool is_slim(Work *w, const NodeList *readers, uint32_t i) {
  const Node *n = node_at(w, i);
  TensorId large = large_operand(w, n);
  if (large == TENSOR_NONE || !is_there_anyway(w, readers, large, i)) return false;
  if (!expr_is_small(w->graph, n->body) || cost_of(w, n->body) > SLIM) return false;
  const NodeList *mine = &readers[n->tensor];
  for (size_t k = 0; k < mine->count; k++) {
    uint32_t r = mine->items[k];
    if (r <= i || node_points(node_at(w, r)) > node_points(n)) return false;
    if (only_read(w, i, r) == EXPR_NONE) return false;
  }
  return true;
}

/* Whether node i stands in its readers now, in all of them. Nodes stand after what they read, so
   this changes nothing for those after them. In a recurrence nodes read others after them, or
   themselves, at another step: those stay. */
static bool inline_in_readers(Work *w, NodeList *readers, uint32_t i) {
  const NodeList mine = readers[node_at(w, i)->tensor];
  bool slim = mine.count > 1 && is_slim(w, readers, i);
  if (mine.count != 1 && !slim) return false;
  for (size_t k = 0; k < mine.count; k++) {
    uint32_t r = mine.items[k];
    if (r <= i || !inline_node(w, i, r)) return false; /* of several none fails */
    add_reads(w, readers, r);
  }
  return true;
}

void inline_nodes(Work *w) {
  bool *gone = ARENA_ARRAY(w->arena, bool, w->nodes.count + 1);
  NodeList *readers = readers_of_tensors(w);
  for (uint32_t i = 0; i < w->nodes.count; i++) {
    const Node *n = node_at(w, i);
    if (n->reduction == REDUCE_NONE && n->buffer == BUFFER_NONE && n->tensor != TENSOR_NONE)
      gone[i] = inline_in_readers(w, readers, i);
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < w->nodes.count; i++) {
    Node n = *node_at(w, i);
    if (n.tensor != TENSOR_NONE) w->node_of[n.tensor] = gone[i] ? 0 : kept + 1;
    if (!gone[i]) *node_at(w, kept++) = n;
  }
  w->nodes.count = kept;
}
