/* Copies with another axis innermost: squares of lanes² elements through registers, the rest one by
   one. Copies that differ by their panels alone: vectors along the innermost axis. */
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
  Offset panel;  /* of the target: the start of the one that is written */
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
  if (buffer->panel == 0) return offset;
  return offset_add(t->b, offset, panel_factor(buffer), t->panel);
}

static void begin_loop(Transposition *t, uint32_t axis, int64_t from, int64_t to, int64_t step,
                       LoopMark mark) {
  uint32_t variable = kernel_variable(t->b, index_name(t->node, axis));
  kernel_loop(t->b, variable, from, to, step, mark);
  t->bindings[axis].offset = offset_variable(t->b, variable);
}

/* Over panels, and within each, where the axis lies in these. Returns how many loops it opened. */
static uint32_t loop_over(Transposition *t, uint32_t axis, int64_t from, int64_t to, int64_t step,
                          LoopMark mark) {
  if (t->target->panel == 0 || axis != t->out_axis) {
    begin_loop(t, axis, from, to, step, mark);
    return 1;
  }
  begin_loop(t, axis, from, to, t->target->panel, mark);
  t->panel = t->bindings[axis].offset;
  begin_loop(t, axis, 0, t->target->panel, step, LOOP_PLAIN);
  t->bindings[axis].offset = offset_add(t->b, t->panel, 1, t->bindings[axis].offset);
  return 2;
}

static void end_loops(Transposition *t, uint32_t n) {
  for (; n > 0; n--) kernel_end(t->b);
}

/* So many elements that lie next to each other. */
static void copy_vector(Transposition *t, int lanes) {
  ValueId value = kernel_load(t->b, t->from, place_in(t, t->source), lanes);
  kernel_store(t->b, t->to, place_in(t, t->target), value);
}

/* One by one: what no square covers. */
static void copy_box(Transposition *t, int64_t in_from, int64_t in_to, int64_t out_from,
                     int64_t out_to) {
  if (in_from == in_to || out_from == out_to) return;
  uint32_t opened = loop_over(t, t->in_axis, in_from, in_to, 1, LOOP_PLAIN);
  opened += loop_over(t, t->out_axis, out_from, out_to, 1, LOOP_PLAIN);
  copy_vector(t, 1);
  end_loops(t, opened);
}

static void copy_squares(Transposition *t, int lanes, int64_t in_to, int64_t out_to) {
  if (in_to == 0 || out_to == 0) return;
  LoopMark mark = t->parallel ? LOOP_PARALLEL : LOOP_PLAIN;
  uint32_t opened = loop_over(t, t->in_axis, 0, in_to, lanes, mark);
  opened += loop_over(t, t->out_axis, 0, out_to, lanes, LOOP_PLAIN);
  kernel_transpose(t->b, lanes_of(buffer_stored(t->target), lanes), t->from, place_in(t, t->source),
                   t->source->strides[t->out_axis], t->to, place_in(t, t->target),
                   t->target->strides[t->in_axis]);
  end_loops(t, opened);
}

/* Along the axis that is innermost in both. */
static void copy_row(Transposition *t, int lanes) {
  int64_t extent = t->node->extents[t->in_axis];
  int step = extent % lanes == 0 && t->source->storage == t->target->storage ? lanes : 1;
  uint32_t opened = loop_over(t, t->in_axis, 0, extent, step, LOOP_PLAIN);
  copy_vector(t, step);
  end_loops(t, opened);
}

/* Both innermost axes. */
static void copy_plane(Transposition *t) {
  const Node *n = t->node;
  int lanes = t->w->target->vector_bytes / type_bytes(n->type);
  int64_t in = n->extents[t->in_axis], out = n->extents[t->out_axis];
  int64_t in_squares = in / lanes * lanes, out_squares = out / lanes * lanes;
  if (t->in_axis == t->out_axis) {
    copy_row(t, type_bytes(n->type) < 4 ? 1 : lanes);
    return;
  }
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
    outer += loop_over(&t, i, 0, n->extents[i], 1, t.parallel ? LOOP_PARALLEL : LOOP_PLAIN);
  }
  if (by_ones)
    copy_vector(&t, 1);
  else
    copy_plane(&t);
  end_loops(&t, outer);
}
