/* What is clipped, as by a ReLU, says itself where that happened:

       x = max(y, 0), …, ȳ = where(y > 0, x̄, 0)   becomes   x = max(y, 0), …, ȳ = where(x > 0, x̄, 0)

   Where y is read for nothing else, it needs no place in memory. */
#include "graph/scalar_ops.h"
#include "lower/work.h"
#include "simplify/passes.h"

/* x = max(y, limit) or min(y, limit), element by element. */
typedef struct Clip {
  TensorId from, to; /* y, x */
  bool above;        /* max */
  ExprId limit;
} Clip;

static bool is_clip(Work *w, const Node *n, Clip *clip) {
  Graph *g = w->graph;
  const Expr e = *expr_at(g, n->body);
  if (n->reduction != REDUCE_NONE || n->tensor == TENSOR_NONE) return false;
  if (e.kind != EXPR_OP || (e.op != OP_MAX && e.op != OP_MIN)) return false;
  for (int k = 0; k < 2; k++) {
    const Expr *from = expr_at(g, e.args[k]), *limit = expr_at(g, e.args[1 - k]);
    if (from->kind != EXPR_READ || limit->kind != EXPR_CONST || from->fallback != EXPR_NONE)
      continue;
    *clip = (Clip){from->tensor, n->tensor, e.op == OP_MAX, e.args[1 - k]};
    return reads_at_point(g, n->body, from->tensor);
  }
  return false;
}

/* y > limit, or the opposite: the same of x. For a NaN both are false. */
static bool is_mask(const Graph *g, const Clip *clip, const Expr *e) {
  if (e->kind != EXPR_OP || e->n_args != 2) return false;
  int y = e->args[1] == clip->limit ? 0 : 1;
  if (e->args[1 - y] != clip->limit) return false;
  const Expr *read = expr_at(g, e->args[y]);
  if (read->kind != EXPR_READ || read->tensor != clip->from || read->fallback != EXPR_NONE)
    return false;
  ScalarOp beyond = clip->above == (y == 0) ? OP_GT : OP_LT;
  ScalarOp within = clip->above == (y == 0) ? OP_LE : OP_GE;
  return e->op == beyond || e->op == within;
}

/* Whether y is read in masks alone. Bodies are small. */
static bool reads_masks(const Graph *g, const Clip *clip, ExprId id) {
  const Expr *e = expr_at(g, id);
  if (is_mask(g, clip, e)) return true;
  if (e->kind == EXPR_READ && e->tensor == clip->from) return false;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!reads_masks(g, clip, e->args[i])) return false;
  return e->fallback == EXPR_NONE || reads_masks(g, clip, e->fallback);
}

static bool only_masks_read(const Work *w, const NodeList *readers, const Clip *clip, uint32_t i) {
  for (size_t k = 0; k < readers->count; k++) {
    uint32_t r = readers->items[k];
    if (r != i && !reads_masks(w->graph, clip, node_at(w, r)->body)) return false;
  }
  return readers->count > 1;
}

void read_clipped(Work *w) {
  const NodeList *readers = readers_of_tensors(w);
  TensorId *with = ARENA_ARRAY(w->arena, TensorId, w->graph->n_tensors + 1);
  for (TensorId t = 0; t < w->graph->n_tensors; t++) with[t] = t;
  for (uint32_t i = 0; i < w->nodes.count; i++) {
    Clip clip;
    if (!is_clip(w, node_at(w, i), &clip) || w->node_of[clip.from] == 0) continue;
    const Node *source = node_at(w, w->node_of[clip.from] - 1);
    if (source->buffer != BUFFER_NONE || source->replaces != TENSOR_NONE) continue;
    if (!same_points(node_at(w, i), source)) continue;
    if (!only_masks_read(w, &readers[clip.from], &clip, i)) continue;
    with[clip.from] = clip.to;
    for (size_t k = 0; k < readers[clip.from].count; k++) {
      Node *reader = node_at(w, readers[clip.from].items[k]);
      if (reader->tensor == clip.to) continue;
      reader->body = replace_tensors(w->graph, reader->body, with);
      collect_reads(w, reader);
    }
    with[clip.from] = clip.from;
  }
}
