/* Elementwise definitions that one other definition reads, each element once, are computed there:

       d[n] = p[n] - y[n],  loss = Σ_n d[n]²   becomes   loss = Σ_n (p[n] - y[n])²

   What is read more than once may be, when it is cheap: a conversion, a number. */
#include "graph/scalar_ops.h"
#include "lower/work.h"
#include "simplify/algebra.h"

enum { CHEAP = 2 /* operations that may be repeated */ };

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

static int64_t points(const Node *n) {
  int64_t product = 1;
  for (uint32_t v = 0; v < n->rank + n->n_reduced; v++) product *= n->extents[v];
  return product;
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

/* Whether node i now stands in its reader. */
static bool inline_node(Work *w, uint32_t i, uint32_t reader) {
  const Node n = *node_at(w, i), r = *node_at(w, reader);
  if (!expr_is_small(w->graph, n.body)) return false;
  FoundRead found = {EXPR_NONE, 0};
  start_walk(w);
  find_reads(w, r.body, n.tensor, &found);
  if (found.count != 1) return false;
  start_walk(w);
  if (points(&r) > points(&n) && cost(w, n.body) > CHEAP) return false;
  const Expr *read = expr_at(w->graph, found.read);
  ExprId value = expr_substitute(w->graph, n.body, read->args, read->n_args);
  ExprId body = replace(w->graph, r.body, found.read, value);
  Node *node = node_at(w, reader);
  node->body = normalize_indices(w->graph, body, node_ranges(&r));
  collect_reads(w, node);
  return true;
}

/* Per tensor: the node that reads it; NODE_NONE: none, or several. Nodes stand after what they
   read, so inlining one changes nothing for those after it. In a recurrence nodes read others after
   them, or themselves, at another step: those stay. */
static uint32_t *only_readers(Work *w) {
  uint32_t *readers = ARENA_ARRAY(w->arena, uint32_t, w->n_tensors + 1);
  bool *read = ARENA_ARRAY(w->arena, bool, w->n_tensors + 1);
  for (uint32_t k = 0; k < w->nodes.count; k++) {
    const Node *n = node_at(w, k);
    for (size_t r = 0; r < n->reads.count; r++) {
      TensorId t = n->reads.items[r];
      readers[t] = read[t] ? NODE_NONE : k;
      read[t] = true;
    }
  }
  for (uint32_t t = 0; t < w->n_tensors; t++)
    if (!read[t]) readers[t] = NODE_NONE;
  return readers;
}

void inline_nodes(Work *w) {
  bool *gone = ARENA_ARRAY(w->arena, bool, w->nodes.count + 1);
  const uint32_t *readers = only_readers(w);
  for (uint32_t i = 0; i < w->nodes.count; i++) {
    const Node *n = node_at(w, i);
    if (n->reduction != REDUCE_NONE || n->buffer != BUFFER_NONE || n->tensor == TENSOR_NONE)
      continue;
    uint32_t reader = readers[n->tensor];
    gone[i] = reader != NODE_NONE && reader > i && inline_node(w, i, reader);
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < w->nodes.count; i++) {
    Node n = *node_at(w, i);
    if (n.tensor != TENSOR_NONE) w->node_of[n.tensor] = gone[i] ? 0 : kept + 1;
    if (!gone[i]) *node_at(w, kept++) = n;
  }
  w->nodes.count = kept;
}
