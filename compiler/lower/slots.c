/* Memory of values that nobody needs for long. A node that is computed in a loop over steps,

     z[t, i] = f(h[t - 1, …])   h[t, i] = g(z[t, …], h[t - 1, i], …)

   is overwritten by the next step where

   - those in the loop read it at their own step, or at the step before: such a reader is then done
     with it when the node is computed, because it runs earlier in a step, or reads at the very
     point that is computed;
   - those outside of the loop read it at the loop's last step.

   Its stride along the step's axis becomes 0, so that one step's place is allocated. With loops
   inside each other, what another step of the outer one reads keeps all steps of the inner one. */
#include "lower/work.h"

typedef struct Slots {
  Work *w;
  const uint32_t *group_of; /* per node: 1 + its group */
  const Node *node;
  uint32_t number;           /* the node's */
  const Recurrence *stepped; /* along whose axis one place might do */
} Slots;

/* Where in its group; groups run one after the other. */
static size_t turn_in_group(const Slots *s, uint32_t node) {
  const NodeGroup *g = &s->w->groups.items[s->group_of[node] - 1];
  size_t at = 0;
  while (g->nodes.items[at] != node) at++;
  return at;
}

/* Whether a reader of the step before is done with it when the node is computed. */
static bool is_done(const Slots *s, uint32_t reader, const Expr *read, uint32_t axis) {
  uint32_t group = s->group_of[reader];
  if (group != s->group_of[s->number]) return group != 0 && group < s->group_of[s->number];
  if (reader != s->number && turn_in_group(s, reader) > turn_in_group(s, s->number)) return false;
  const Node *x = node_at(s->w, reader);
  if (x->reduction != REDUCE_NONE || x->rank != read->n_args) return false;
  for (uint32_t k = 0; k < read->n_args; k++) {
    const Expr *at = expr_at(s->w->graph, read->args[k]);
    if (k != axis && (at->kind != EXPR_INDEX || at->index != k)) return false;
  }
  return x->step_axes[s->stepped->depth] == axis;
}

/* Whether a read leaves it one place along the steps of s->stepped. */
static bool one_place_does(const Slots *s, uint32_t reader, const Expr *read) {
  const Graph *g = s->w->graph;
  const Node *x = node_at(s->w, reader);
  Recurrence *inner = s->node->recurrence;
  const Recurrence *common = x->recurrence == NULL ? NULL : common_recurrence(inner, x->recurrence);
  uint32_t depth = s->stepped->depth, shared = common == NULL ? 0 : common->depth + 1, v;
  uint32_t axis = s->node->step_axes[depth];
  if (depth >= shared) {
    const Expr *at = expr_at(g, read->args[axis]);
    return at->kind == EXPR_CONST && at->integer == last_step(s->stepped);
  }
  int64_t step;
  for (uint32_t d = 0; d <= depth; d++) {
    ExprId at = read->args[s->node->step_axes[d]];
    if (!stepped(g, at, &v, &step) || v != x->step_axes[d]) return false;
    if (step == 0) continue;
    if (d < depth || depth + 1 < shared || step != (s->stepped->ahead ? 1 : -1)) return false;
    if (!is_done(s, reader, read, axis)) return false;
  }
  return true;
}

static bool all_do(const Slots *s, uint32_t reader, ExprId id) {
  if (!first_met(s->w, id)) return true;
  const Expr *e = expr_at(s->w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!all_do(s, reader, e->args[i])) return false;
  if (e->fallback != EXPR_NONE && !all_do(s, reader, e->fallback)) return false;
  return e->kind != EXPR_READ || e->tensor != s->node->tensor || one_place_does(s, reader, e);
}

static bool needs_one_place(const Slots *s) {
  for (size_t k = 0; k < s->w->order.count; k++) {
    uint32_t reader = s->w->order.items[k];
    if (!node_reads(node_at(s->w, reader), s->node->tensor)) continue;
    start_walk(s->w);
    if (!all_do(s, reader, node_at(s->w, reader)->body)) return false;
  }
  return true;
}

bool one_step_does(Work *w, uint32_t *group_of, uint32_t node) {
  Slots s = {w, group_of, node_at(w, node), node, node_at(w, node)->recurrence};
  bool does = false;
  group_of[node] = (uint32_t)w->groups.count + 1;
  for (; s.stepped != NULL && !does; s.stepped = s.stepped->outer) does = needs_one_place(&s);
  group_of[node] = 0;
  return does && w->plan->buffers[s.node->buffer].kind == BUFFER_WORKSPACE;
}

/* The axes outside of `axis` move together. A gap behind rows along it leaves no whole strides. */
static void keep_one(Work *w, Buffer *b, uint32_t axis) {
  int64_t steps = b->extents[axis], own = b->strides[axis];
  if (steps == 1 || b->elements % steps != 0) return;
  int64_t *strides = ARENA_ARRAY(w->arena, int64_t, b->rank + 1);
  for (uint32_t i = 0; i < b->rank; i++) {
    bool outside = b->strides[i] > own;
    if (outside && b->strides[i] % steps != 0) return;
    strides[i] = i == axis ? 0 : outside ? b->strides[i] / steps : b->strides[i];
  }
  b->strides = strides;
  b->elements /= steps;
}

void keep_single_steps(Work *w, const uint32_t *group_of) {
  for (size_t k = 0; k < w->order.count; k++) {
    Slots s = {w, group_of, node_at(w, w->order.items[k]), w->order.items[k], NULL};
    if (!s.node->stored || s.node->tensor == TENSOR_NONE || s.node->replaces != TENSOR_NONE)
      continue;
    Buffer *b = &w->plan->buffers[s.node->buffer];
    if (b->kind != BUFFER_WORKSPACE || b->tensor != s.node->tensor) continue;
    for (s.stepped = s.node->recurrence; s.stepped != NULL; s.stepped = s.stepped->outer)
      if (needs_one_place(&s)) keep_one(w, b, s.node->step_axes[s.stepped->depth]);
  }
}
