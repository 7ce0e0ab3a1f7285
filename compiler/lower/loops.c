/* A group of nodes with common outer loops, its spine, as statements:

       for each point of the spine
         for each node: for each point of its other output indices: y = reduce over R of e

   What only the group itself reads stays in locals. Lanes run along a spine index where every node
   allows it, else along one of the node's own indices; what is left over at the end of a vector
   loop is a loop of fewer lanes. */
#include "lower/loops.h"
#include <string.h>

enum { PARALLEL_POINTS = 2048 /* as many points are worth sharing among threads */ };

static void build_node(Nest *nest, size_t at);

/* One whose outermost indices are the group's. */
static const Node *first_on_spine(const Work *w, const NodeGroup *g) {
  return node_at(w, g->nodes.items[g->along]);
}

/* --- pieces: an index's range as multiples of fewer and fewer lanes --- */

typedef void PieceBody(Nest *nest, int lanes);

static void build_pieces(Nest *nest, Binding *binding, const char *name, int64_t extent, int lanes,
                         LoopMark mark, PieceBody *body) {
  Builder *b = nest->c.b;
  int64_t from = 0;
  while (from < extent) {
    while (lanes > 1 && lanes > extent - from) lanes = lanes > 4 ? lanes / 2 : 1;
    int64_t to = from + (extent - from) / lanes * lanes;
    if (to - from == lanes) {
      *binding = bound(offset_number(from), lanes > 1);
      body(nest, lanes);
    } else {
      uint32_t variable = kernel_variable(b, name);
      *binding = bound(offset_variable(b, variable), lanes > 1);
      kernel_loop(b, variable, from, to, lanes, mark);
      body(nest, lanes);
      kernel_end(b);
    }
    from = to;
  }
}

int lanes_for(const Work *w, int width, int64_t extent) {
  int lanes = w->target->vector_bytes / width;
  while (lanes > 1 && lanes > extent) lanes /= 2;
  return lanes < 4 && w->target->vector_bytes / width > 2 ? 1 : lanes;
}

/* --- storing --- */

static bool is_bool_store(const Node *n) { return n->type == TYPE_BOOL; }

static void add_place(Nest *nest, uint32_t local, bool array) {
  Place place = {
      .tensor = nest->node->tensor, .local = local, .spine = nest->group->spine, .array = array};
  if (nest->node->tensor != TENSOR_NONE) ARRAY_PUSH(nest->c.w->arena, &nest->c.places, place);
}

/* The row-major place of the node's own output indices. */
static Offset own_place(Nest *nest) {
  const Node *n = nest->node;
  const int64_t *strides = dense_strides(nest->c.w->arena, n->rank, n->extents);
  Offset at = offset_number(0);
  for (uint32_t i = nest->group->spine; i < n->rank; i++)
    at = offset_add(nest->c.b, at, strides[i], nest->bindings[i].offset);
  return at;
}

static const Place *own_array(const Nest *nest) {
  for (size_t i = 0; i < nest->c.places.count; i++)
    if (nest->c.places.items[i].tensor == nest->node->tensor) return &nest->c.places.items[i];
  return NULL;
}

/* Puts the value of the node at its bindings where it belongs. */
static void put(Nest *nest, ValueId value, int lanes) {
  Builder *b = nest->c.b;
  Node *n = nest->node;
  bool stored = n->stored;
  if (n->rank == nest->group->spine) { /* kept for the other nodes of the group */
    if (!stored || nest->group->nodes.count > 1) {
      uint32_t local = kernel_new_local(b, n->name, value_at(b, value)->type);
      kernel_declare(b, local, value);
      add_place(nest, local, false);
      value = kernel_local(b, local, NULL, 0);
    }
  } else if (!stored) {
    Offset at = own_place(nest);
    int wide = lanes > nest->spine_lanes ? lanes : nest->spine_lanes;
    kernel_assign(b, own_array(nest)->local, &at, 1, kernel_splat(b, value, wide));
  }
  if (!stored) return;
  Offset offset = output_offset(&nest->c, n, nest->bindings);
  kernel_store(b, kernel_parameter(b, n->buffer, true), offset, kernel_splat(b, value, lanes));
}

/* --- one node --- */

static void build_value(Nest *nest, int lanes) {
  Node *n = nest->node;
  int stored_lanes = nest->lane_axis >= (int)n->rank ? 1 : lanes;
  if (n->reduction == REDUCE_NONE) {
    put(nest, translate_body(&nest->c, n, nest->bindings, lanes), lanes);
    return;
  }
  ValueId results[TOGETHER];
  reduce(nest, lanes, results);
  nest->c.b->part = n->part;
  put(nest, results[0], stored_lanes);
  for (uint32_t i = 1; i < nest->n_together; i++) nest->reduced[nest->together[i].at] = results[i];
}

int choose_lane_axis(const Nest *nest, const Node *n, int *lanes) {
  Work *w = nest->c.w;
  const NodeGroup *g = nest->group;
  TensorList scalars = {ARENA_ARRAY(w->arena, TensorId, g->nodes.count + 1), 0};
  for (size_t i = 0; i < g->nodes.count; i++) {
    const Node *m = node_at(w, g->nodes.items[i]);
    if (!m->stored) scalars.items[scalars.count++] = m->tensor;
  }
  uint32_t n_indices = n->rank + n->n_reduced;
  *lanes = 1;
  if (n->type == TYPE_BOOL || type_bytes(n->type) < 4) return NO_AXIS;
  for (uint32_t v = nest->group->spine; v < n_indices; v++) {
    bool output = v < n->rank;
    bool inner =
        output && (n->stored ? w->plan->buffers[n->buffer].strides[v] == 1 : v + 1 == n->rank);
    if (output && !inner) continue;
    if (!output && (finds_place(n) || type_bytes(n->type) < 4)) continue;
    int width = lane_width(w, n, v, (TensorList){0}, scalars);
    if (width < 4) continue;
    if (output && !finds_place(n) && width != type_bytes(n->type)) continue;
    if (finds_place(n) && width != 4) continue;
    if (!output && (width != type_bytes(n->type) || !along_in_lanes(nest, n, v))) continue;
    int possible = lanes_for(w, width, n->extents[v]);
    if (possible == 1) continue;
    *lanes = output ? possible : 1;
    return (int)v;
  }
  return NO_AXIS;
}

/* The node's own output loops, the lanes' one innermost. */
static void build_outputs(Nest *nest, uint32_t v, int lanes) {
  Node *n = nest->node;
  Builder *b = nest->c.b;
  while (v < n->rank && nest->lane_axis == (int)v) v++;
  if (v < n->rank) {
    uint32_t variable = kernel_variable(b, index_name(n, v));
    kernel_loop(b, variable, 0, n->extents[v], 1, LOOP_PLAIN);
    nest->bindings[v] = bound(offset_variable(b, variable), false);
    build_outputs(nest, v + 1, lanes);
    kernel_end(b);
    return;
  }
  int axis = nest->lane_axis;
  if (axis >= (int)nest->group->spine && axis < (int)n->rank)
    build_pieces(nest, &nest->bindings[axis], index_name(n, (uint32_t)axis), n->extents[axis],
                 lanes, LOOP_PLAIN, build_value);
  else
    build_value(nest, nest->spine_lanes);
}

Binding *at_spine(const Nest *nest, const Node *n) {
  Binding *bindings = ARENA_ARRAY(nest->c.w->arena, Binding, n->rank + n->n_reduced + 1);
  memcpy(bindings, nest->spine, nest->group->spine * sizeof *bindings);
  return bindings;
}

static void declare_array(Nest *nest) {
  const Node *n = nest->node;
  int64_t size = 1;
  for (uint32_t v = nest->group->spine; v < n->rank; v++) size *= n->extents[v];
  Lanes type = lanes_of(n->type, nest->spine_lanes);
  uint32_t local = kernel_array(nest->c.b, n->name, type, size, 0);
  kernel_declare(nest->c.b, local, VALUE_NONE);
  add_place(nest, local, true);
}

static void build_node(Nest *nest, size_t at) {
  Node *n = nest->node = node_at(nest->c.w, nest->group->nodes.items[at]);
  nest->c.b->part = n->part;
  nest->bindings = at_spine(nest, n);
  if (nest->reduced[at] != VALUE_NONE) {
    put(nest, nest->reduced[at], nest->spine_lanes);
    return;
  }
  int lanes = 1;
  nest->lane_axis = nest->spine_lanes > 1 ? NO_AXIS : choose_lane_axis(nest, n, &lanes);
  find_together(nest, at);
  if (n->rank > nest->group->spine && !n->stored) declare_array(nest);
  build_outputs(nest, nest->group->spine, lanes);
}

/* --- the group --- */

static void build_nodes(Nest *nest, int lanes) {
  nest->spine_lanes = lanes;
  nest->c.places.count = 0;
  for (size_t i = 0; i < nest->group->nodes.count; i++) nest->reduced[i] = VALUE_NONE;
  for (size_t i = nest->group->along; i < nest->group->nodes.count; i++) build_node(nest, i);
}

/* Whether all nodes can run in lanes along spine index v; *width: of the lanes. */
static bool spine_in_lanes(const Nest *nest, uint32_t v, int *width) {
  Work *w = nest->c.w;
  if (nest->group->along > 0) return false;
  TensorList registers = {ARENA_ARRAY(w->arena, TensorId, nest->group->nodes.count + 1), 0};
  *width = 0;
  for (size_t i = 0; i < nest->group->nodes.count; i++) {
    const Node *n = node_at(w, nest->group->nodes.items[i]);
    int bytes = type_bytes(n->type);
    if (is_bool_store(n) || bytes < 4) return false;
    if (n->stored && w->plan->buffers[n->buffer].strides[v] != 1) return false;
    int here = lane_width(w, n, v, registers, (TensorList){0});
    if (here < 0 || (here > 0 && here != bytes && !finds_place(n))) return false;
    if (finds_place(n) && here != 4) return false;
    if (*width != 0 && bytes != *width) return false;
    *width = bytes;
    if (!n->stored || n->rank == nest->group->spine) registers.items[registers.count++] = n->tensor;
  }
  return true;
}

/* What a loop of the spine computes in one turn, no other turn reads or writes. */
static LoopMark spine_mark(const Nest *nest) { return nest->parallel ? LOOP_PARALLEL : LOOP_PLAIN; }

/* The loop over vectors is short of work for each turn, unless it is the only one. */
static LoopMark lanes_mark(const Nest *nest, const Node *first, int lane_axis) {
  for (uint32_t v = 0; v < nest->group->spine; v++)
    if ((int)v != lane_axis && !is_step(first, v) && first->extents[v] > 1) return LOOP_PLAIN;
  return spine_mark(nest);
}

static bool is_much_work(Work *w, const NodeGroup *g) {
  int64_t points = 0;
  for (size_t i = 0; i < g->nodes.count; i++)
    points += points_of_step(node_at(w, g->nodes.items[i]));
  return points >= PARALLEL_POINTS;
}

static void build_spine(Nest *nest, uint32_t v, int lane_axis, int lanes) {
  Builder *b = nest->c.b;
  const Node *first = first_on_spine(nest->c.w, nest->group);
  while (v < nest->group->spine && (lane_axis == (int)v || is_step(first, v))) v++;
  if (v < nest->group->spine) {
    uint32_t variable = kernel_variable(b, index_name(first, v));
    kernel_loop(b, variable, 0, first->extents[v], 1, spine_mark(nest));
    nest->spine[v] = bound(offset_variable(b, variable), false);
    build_spine(nest, v + 1, lane_axis, lanes);
    kernel_end(b);
    return;
  }
  if (lane_axis == NO_AXIS)
    build_nodes(nest, 1);
  else
    build_pieces(nest, &nest->spine[lane_axis], index_name(first, (uint32_t)lane_axis),
                 first->extents[lane_axis], lanes, lanes_mark(nest, first, lane_axis), build_nodes);
}

void build_loops(Work *w, Builder *b, const NodeGroup *g) {
  const Node *first = first_on_spine(w, g);
  Nest nest = {.c = {.w = w, .b = b}, .group = g};
  nest.parallel = is_much_work(w, g);
  nest.spine = ARENA_ARRAY(w->arena, Binding, g->spine + 1);
  nest.reduced = ARENA_ARRAY(w->arena, ValueId, g->nodes.count + 1);
  bind_steps(first, nest.spine);
  for (size_t i = 0; i < g->nodes.count; i++) { /* results get their names first */
    const Node *n = node_at(w, g->nodes.items[i]);
    if (n->stored) kernel_parameter(b, n->buffer, true);
  }
  for (uint32_t v = g->spine; v-- > 0;) {
    int width = 0;
    if (is_step(first, v) || !spine_in_lanes(&nest, v, &width)) continue;
    int lanes = lanes_for(w, width, first->extents[v]);
    if (lanes == 1) continue;
    build_spine(&nest, 0, (int)v, lanes);
    return;
  }
  build_spine(&nest, 0, NO_AXIS, 1);
}
