/* Transposed copies: squares of lanes² elements through registers, the rest one by one. */
#include "lower/work.h"

enum { PARALLEL_ELEMENTS = 4096 /* as many are worth sharing among threads */ };

typedef struct Transposition {
  Work *w;
  Builder *b;
  const Node *node;
  uint32_t from, to; /* parameters */
  const Buffer *source, *target;
  uint32_t in_axis, out_axis; /* innermost in the source, in the target */
  Binding *bindings;
  bool parallel; /* enough is copied for a team of threads */
} Transposition;

static uint32_t innermost(const Buffer *b) {
  for (uint32_t i = b->rank; i-- > 0;)
    if (b->strides[i] == 1 && b->extents[i] > 1) return i;
  return b->rank - 1;
}

static Offset place_in(Transposition *t, const Buffer *buffer) {
  Offset offset = offset_number(0);
  for (uint32_t i = 0; i < buffer->rank; i++)
    offset = offset_add(t->b, offset, buffer->strides[i], t->bindings[i].offset);
  return offset;
}

static void loop_over(Transposition *t, uint32_t axis, int64_t from, int64_t to, int64_t step,
                      LoopMark mark) {
  uint32_t variable = kernel_variable(t->b, index_name(t->node, axis));
  kernel_loop(t->b, variable, from, to, step, mark);
  t->bindings[axis] = (Binding){offset_variable(t->b, variable), false};
}

static void copy_one(Transposition *t) {
  ValueId value = kernel_load(t->b, t->from, place_in(t, t->source), 1);
  kernel_store(t->b, t->to, place_in(t, t->target), value);
}

/* One by one: what no square covers. */
static void copy_box(Transposition *t, int64_t in_from, int64_t in_to, int64_t out_from,
                     int64_t out_to) {
  if (in_from == in_to || out_from == out_to) return;
  loop_over(t, t->in_axis, in_from, in_to, 1, LOOP_PLAIN);
  loop_over(t, t->out_axis, out_from, out_to, 1, LOOP_PLAIN);
  copy_one(t);
  kernel_end(t->b);
  kernel_end(t->b);
}

static void copy_squares(Transposition *t, int lanes, int64_t in_to, int64_t out_to) {
  if (in_to == 0 || out_to == 0) return;
  loop_over(t, t->in_axis, 0, in_to, lanes, t->parallel ? LOOP_PARALLEL : LOOP_PLAIN);
  loop_over(t, t->out_axis, 0, out_to, lanes, LOOP_PLAIN);
  kernel_transpose(t->b, lanes_of(buffer_stored(t->target), lanes), t->from, place_in(t, t->source),
                   t->source->strides[t->out_axis], t->to, place_in(t, t->target),
                   t->target->strides[t->in_axis]);
  kernel_end(t->b);
  kernel_end(t->b);
}

/* Both innermost axes. */
static void copy_plane(Transposition *t) {
  const Node *n = t->node;
  int lanes = t->w->target->vector_bytes / type_bytes(n->type);
  int64_t in = n->extents[t->in_axis], out = n->extents[t->out_axis];
  int64_t in_squares = in / lanes * lanes, out_squares = out / lanes * lanes;
  bool rounds = t->source->storage != t->target->storage; /* not through registers */
  if (type_bytes(n->type) < 4 || rounds || in_squares == 0 || out_squares == 0)
    in_squares = out_squares = 0;
  copy_squares(t, lanes, in_squares, out_squares);
  copy_box(t, in_squares, in, 0, out_squares);
  copy_box(t, 0, in, out_squares, out);
}

void build_transposed(Work *w, Builder *b, const NodeGroup *g) {
  const Node *n = node_at(w, g->nodes.items[0]);
  const Expr *read = expr_at(w->graph, n->body);
  BufferId from = w->buffer_of[read->tensor];
  Transposition t = {.w = w,
                     .b = b,
                     .node = n,
                     .source = &w->plan->buffers[from],
                     .target = &w->plan->buffers[n->buffer]};
  t.to = kernel_parameter(b, n->buffer, true);
  t.from = kernel_parameter(b, from, false);
  t.in_axis = innermost(t.source);
  t.out_axis = innermost(t.target);
  t.bindings = ARENA_ARRAY(w->arena, Binding, n->rank + 1);
  bind_steps(n, t.bindings);
  bool by_ones = is_step(n, t.in_axis) || is_step(n, t.out_axis);
  t.parallel = points_of_step(n) >= PARALLEL_ELEMENTS;
  uint32_t outer = 0;
  for (uint32_t i = 0; i < n->rank; i++) {
    if (is_step(n, i) || (!by_ones && (i == t.in_axis || i == t.out_axis))) continue;
    loop_over(&t, i, 0, n->extents[i], 1, t.parallel ? LOOP_PARALLEL : LOOP_PLAIN);
    outer++;
  }
  if (by_ones)
    copy_one(&t);
  else
    copy_plane(&t);
  for (uint32_t i = 0; i < outer; i++) kernel_end(b);
}
