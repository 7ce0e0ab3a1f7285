/* Windows by minimal filtering: several neighbouring outputs at once, from fewer products than the
   definition asks for (filter.h). Along two axes of m outputs and r taps:

       y[p] = Σ_c Σ_t K[c, t] · x[c, p + t]
       y[m P + s] = Σ_u R[s, u] · Σ_c (Σ_t G[u, t] · K[c, t]) · (Σ_j B[u, j] · x[c, m P + j])

   with (m + r − 1)² products for m² outputs: 36 for 16, where three taps ask for 144.

   The filters are transformed once. Then, for each P of both axes:

       for all channels and lanes:  inputs, from x; what lies outside of it is 0
       for each u of both axes:     a product of matrices in register tiles, filters · inputs
       for all rows and lanes:      outputs, and all that is computed from these

   Where the windows go on along the taps, as in the gradient of a filter, all outputs come from one
   turn: for each P of both axes, a part of the taps, filters and inputs are transformed and the
   products added up; then the outputs are made of these.

   Inputs and products of a turn that threads may share are in a slot of their own. Their parts for
   one u lie a line further apart than they are long, as loads and stores at so many places would
   fall on the same lines of a cache. */
#include "lower/winograd.h"

enum {
  FEW_TURNS = 8 /* of the first axis: threads share both, and there is a slot for each of both */
};

/* --- loops --- */

/* Over y's index variables in `set`, the outermost with that mark. They stay open; how many. */
static uint32_t open_indices(Filtering *f, IndexSet set, LoopMark mark) {
  uint32_t opened = 0;
  for (uint32_t v = 0; v < count_indices(f->t->node); v++) {
    if ((set >> v & 1) == 0) continue;
    uint32_t variable = kernel_variable(f->b, index_name(f->t->node, v));
    kernel_loop(f->b, variable, 0, f->t->node->extents[v], 1, opened == 0 ? mark : LOOP_PLAIN);
    f->t->bindings[v] = bound(offset_variable(f->b, variable), false);
    opened++;
  }
  return opened;
}

/* Over the width that lanes run along now. */
static void open_lanes_of(Filtering *f, int64_t step) {
  Tiling *t = f->t;
  uint32_t lane = t->contraction->lane, variable = kernel_variable(f->b, index_name(t->node, lane));
  kernel_loop(f->b, variable, 0, f->width, step, LOOP_PLAIN);
  f->lane = offset_variable(f->b, variable);
  t->bindings[lane] = bound(offset_add(f->b, f->first, 1, f->lane), true);
}

/* One turn for each line of a cache, if these divide them. */
static void open_lines(Filtering *f) {
  int64_t line = LINE_BYTES / type_bytes(f->t->node->type);
  while (f->width % line != 0) line /= 2;
  open_lanes_of(f, line);
}

/* Over a point's share of index variable v. */
static void open_share(Filtering *f, uint32_t v, Offset point) {
  int64_t extent = f->t->node->extents[v], points = count_points(f);
  int64_t share = ceil_div(extent, points);
  uint32_t variable = kernel_variable(f->b, index_name(f->t->node, v));
  kernel_loop(f->b, variable, 0, share, 1, LOOP_PLAIN);
  Offset *left = ARENA_NEW(f->b->arena, Offset);
  *left = offset_add(f->b, offset_number(extent), -share, point);
  if (extent % points != 0) kernel_limit(f->b, NULL, left, (double)extent / (double)points);
  f->t->bindings[v] = bound(offset_add(f->b, offset_variable(f->b, variable), share, point), false);
}

/* Over P of a window. */
static void open_turns(Filtering *f, uint32_t k, bool parallel) {
  const Contraction *c = f->t->contraction;
  uint32_t v = c->along_taps ? c->windows[k].tap : c->windows[k].output;
  uint32_t variable = kernel_variable(f->b, index_name(f->t->node, v));
  kernel_loop(f->b, variable, 0, f->turns[k], 1, parallel ? LOOP_PARALLEL : LOOP_PLAIN);
  f->turn[k] = offset_variable(f->b, variable);
}

/* Over the widths that lanes run along one after the other; how many loops. */
static uint32_t open_widths(Filtering *f) {
  const Tiling *t = f->t;
  int64_t extent = t->node->extents[t->contraction->lane];
  f->first = offset_number(0);
  if (f->width == extent) return 0;
  uint32_t variable = kernel_variable(f->b, index_name(t->node, t->contraction->lane));
  kernel_loop(f->b, variable, 0, extent, f->width, LOOP_PLAIN);
  f->first = offset_variable(f->b, variable);
  return 1;
}

/* For the turn, by its number, of the loops that are open and may be shared. */
static void choose_slot(Filtering *f, Offset turn) {
  if (f->n_slots == 1) return;
  uint32_t slot = kernel_new_local(f->b, "slot", lanes_of(TYPE_I32, 1));
  kernel_declare(f->b, slot, kernel_slot(f->b, turn, f->n_slots));
  kernel_local_range(f->b, slot, (Interval){0, f->n_slots - 1});
  f->slot = offset_add_term(f->b, offset_number(0), 1, kernel_local(f->b, slot, NULL, 0));
}

/* --- filters --- */

static IndexSet indices_outside(const Filtering *f, ExprId side) {
  const Contraction *c = f->t->contraction;
  IndexSet set = indices_of(f->t->c.w->graph, side);
  for (uint32_t k = 0; k < c->n_windows; k++)
    set &= ~((IndexSet)1 << c->windows[k].output | (IndexSet)1 << c->windows[k].tap);
  return set;
}

/* local[at] = the side, or 0 where it is not inside. */
static void read_inside(Filtering *f, uint32_t local, const Offset at[2], ExprId side,
                        ValueId inside) {
  int lanes = f->b->locals.items[local].type.lanes;
  if (inside != VALUE_NONE) kernel_if(f->b, inside);
  kernel_assign(f->b, local, at, 2, kernel_splat(f->b, operand(f->t, side, lanes), lanes));
  if (inside == VALUE_NONE) return;
  kernel_else(f->b);
  kernel_assign(f->b, local, at, 2,
                kernel_splat(f->b, kernel_number(f->b, f->t->node->type, 0), lanes));
  kernel_end(f->b);
}

static void build_filters(Filtering *f) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  IndexSet lanes = 0;
  uint32_t v = lanes_of_filters(t->c.w, t->node);
  if (v != NO_INDEX) lanes = (IndexSet)1 << v;
  uint32_t opened =
      open_indices(f, f->filters.set & ~lanes, t->parallel ? LOOP_PARALLEL : LOOP_PLAIN);
  if (v != NO_INDEX) {
    uint32_t variable = kernel_variable(f->b, index_name(t->node, v));
    kernel_loop(f->b, variable, 0, t->node->extents[v], t->lanes, LOOP_PLAIN);
    t->bindings[v] = bound(offset_variable(f->b, variable), true);
    opened++;
  }
  int64_t size[2] = {f->along[0].taps, f->along[1].taps};
  uint32_t taps = declare_square(f, "taps", size, v != NO_INDEX ? t->lanes : 1);
  Offset at[2];
  open_square(f, size, at);
  ValueId inside = bind_taps(f, at);
  read_inside(f, taps, at, c->left, inside);
  close_loops(t, 2);
  transform_to(f, &f->along[0].filters, &f->along[1].filters, taps, &f->filters);
  close_loops(t, opened);
}

/* --- inputs --- */

static void build_inputs(Filtering *f, LoopMark mark) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  uint32_t opened = open_indices(f, f->inputs.set & ~((IndexSet)1 << c->lane), mark);
  open_lanes_of(f, t->lanes);
  int64_t size[2] = {f->along[0].points, f->along[1].points};
  uint32_t x = declare_square(f, "x", size, t->lanes);
  Offset at[2];
  open_square(f, size, at);
  bind_input(f, at);
  read_inside(f, x, at, c->right, input_is_inside(f));
  close_loops(t, 2);
  transform_to(f, &f->along[0].inputs, &f->along[1].inputs, x, &f->inputs);
  close_loops(t, opened + 1);
}

/* --- products --- */

/* The node of `products`, whose slot, point and outer outputs are bound by the loops around it. */
static Node products_node(Filtering *f, IndexSet axes) {
  Work *w = f->t->c.w;
  const Node *n = f->t->node;
  const Contraction *c = n->contraction;
  const Tensor *t = tensor_at(w->graph, f->products.tensor);
  Node node = {.tensor = f->products.tensor,
               .name = t->name,
               .type = n->type,
               .reduction = REDUCE_SUM,
               .rank = t->rank,
               .buffer = w->buffer_of[f->products.tensor],
               .stored = true,
               .part = n->part};
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, count_indices(n) + FIRST_AXIS);
  const char **names = ARENA_ARRAY(w->arena, const char *, count_indices(n) + FIRST_AXIS);
  extents[SLOT] = t->extents[SLOT];
  extents[POINT] = t->extents[POINT];
  for (uint32_t v = 0; v < count_indices(n); v++) {
    if ((axes >> v & 1) == 0) continue;
    extents[f->index[v]] = v == c->lane ? f->width : n->extents[v];
    names[f->index[v]] = index_name(n, v);
    node.n_reduced += v >= n->rank;
  }
  node.extents = extents;
  node.index_names = names;
  node.contraction = ARENA_NEW(w->arena, Contraction);
  *node.contraction = (Contraction){.left = read_array(f, &f->filters),
                                    .right = read_array(f, &f->inputs),
                                    .lane = f->index[c->lane],
                                    .innermost = f->index[c->lane],
                                    .row = f->index[c->row],
                                    .column = NO_INDEX};
  node.body = expr_op2(w->graph, OP_MUL, node.contraction->left, node.contraction->right);
  return node;
}

/* What the results are combined with, and where they are stored. */
static void fetch_for_outputs(Filtering *f, Offset point) {
  Tiling *t = f->t;
  ExprList reads = reads_ahead(t);
  Offset at[2];
  open_share(f, t->contraction->row, point);
  open_lines(f);
  open_square(f, (const int64_t[]){f->along[0].outputs, f->along[1].outputs}, at);
  ValueId inside = bind_output(f, at);
  if (inside != VALUE_NONE) kernel_if(f->b, inside);
  fetch_reads(t, &reads);
  fetch_results(t);
  if (inside != VALUE_NONE) kernel_end(f->b);
  close_loops(t, 4);
}

/* Of the next turn along the second axis what is not read in this one. */
static void fetch_for_inputs(Filtering *f, Offset point) {
  Tiling *t = f->t;
  Offset at[2];
  ExprList reads = {0};
  ARRAY_PUSH(f->b->arena, &reads, t->contraction->right);
  open_share(f, f->channel, point);
  open_lines(f);
  open_square(f, (const int64_t[]){f->along[0].points, f->along[1].outputs}, at);
  at[1].constant += f->along[1].points;
  bind_input(f, at);
  fetch_reads(t, &reads);
  close_loops(t, 4);
}

/* To 0, before they are added up. */
static void clear_products(Filtering *f) {
  Tiling *t = f->t;
  uint32_t variable = kernel_variable(f->b, "point");
  kernel_loop(f->b, variable, 0, count_points(f), 1, t->parallel ? LOOP_PARALLEL : LOOP_PLAIN);
  uint32_t opened = open_indices(f, (IndexSet)1 << t->contraction->row, LOOP_PLAIN);
  open_lanes_of(f, t->lanes);
  kernel_store(f->b, array_parameter(f, &f->products, true),
               offset_at(f, &f->products, offset_variable(f->b, variable)),
               kernel_splat(f->b, kernel_number(f->b, t->node->type, 0), t->lanes));
  close_loops(t, opened + 2);
}

/* Of one turn. What is far away is asked for beside them, a share for each point, so that all has
   come when it is used. */
static void build_products(Filtering *f, const NodeGroup *products) {
  Tiling *t = f->t;
  Tiling sums = start_tiling(t->c.w, f->b, products);
  IndexSet bound_outside = 1 << SLOT | 1 << POINT;
  for (uint32_t v = 0; v < t->node->rank; v++) {
    if ((f->outer >> v & 1) == 0) continue;
    sums.bindings[f->index[v]] = t->bindings[v];
    bound_outside |= (IndexSet)1 << f->index[v];
  }
  uint32_t variable = kernel_variable(f->b, "point");
  bool adds = t->contraction->along_taps;
  kernel_loop(f->b, variable, 0, count_points(f), 1,
              adds && t->parallel ? LOOP_PARALLEL : LOOP_PLAIN);
  Offset point = offset_variable(f->b, variable);
  sums.bindings[SLOT] = bound(f->slot, false);
  sums.bindings[POINT] = bound(point, false);
  if (adds) sums.stage = ADDED_SUMS;
  if (!adds) fetch_for_outputs(f, point);
  if (!adds && t->contraction->n_windows > 1 && f->channel != NO_INDEX) fetch_for_inputs(f, point);
  build_tiles_inside(&sums, bound_outside);
  kernel_end(f->b);
  t->contraction->tile_rows = sums.contraction->tile_rows;
  t->contraction->tile_columns = sums.contraction->tile_columns;
}

/* --- outputs --- */

static void build_outputs(Filtering *f, LoopMark mark) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  const Matrix *first = &f->along[0].results, *second = &f->along[1].results;
  uint32_t opened = open_indices(f, (IndexSet)1 << c->row, mark);
  open_lanes_of(f, t->lanes);
  int64_t points[2] = {first->columns, second->columns}, outputs[2] = {first->rows, second->rows};
  uint32_t products = declare_square(f, "products", points, t->lanes);
  Offset at[2];
  open_square(f, points, at);
  Offset point = offset_add(f->b, at[1], points[1], at[0]);
  kernel_assign(f->b, products, at, 2,
                kernel_load(f->b, array_parameter(f, &f->products, false),
                            offset_at(f, &f->products, point), t->lanes));
  close_loops(t, 2);
  uint32_t sums = transform(f, first, second, products, "sums");
  open_square(f, outputs, at);
  ValueId inside = bind_output(f, at);
  if (inside != VALUE_NONE) kernel_if(f->b, inside);
  finish_sums(t, (Place){.tensor = t->node->tensor,
                         .local = sums,
                         .n_fixed = 2,
                         .fixed = {at[0], at[1]},
                         .spine = t->node->rank});
  if (inside != VALUE_NONE) kernel_end(f->b);
  close_loops(t, 2 + opened + 1);
}

/* --- all --- */

/* As many elements along the lanes as a tile of products has, if that divides them all; where
   products are added up, all. */
static int64_t width_of_products(const Tiling *t) {
  Sizes s = t->sizes;
  bool rows_outside;
  for (uint32_t k = 0; k < t->contraction->n_windows; k++)
    s.k /= t->node->extents[t->contraction->windows[k].tap];
  int64_t width = choose_tile(t->c.w->target, &s, &rows_outside).vectors * t->lanes;
  int64_t extent = t->node->extents[t->contraction->lane];
  return extent % width == 0 && !t->contraction->along_taps ? width : extent;
}

static Filtering start_filtering(Tiling *t) {
  const Node *n = t->node;
  const Contraction *c = t->contraction;
  Filtering f = {.t = t, .b = t->c.b, .turns = {1, 1}, .turn = {{0}, {0}}};
  for (uint32_t k = 0; k < MAX_WINDOWS; k++) {
    f.along[k] = filter_of(1, 1);
    if (k >= c->n_windows) continue;
    const Window *window = &c->windows[k];
    f.along[k] = filter_of((int)window->outputs, (int)window->taps);
    f.turns[k] = turns_of_window(n, window);
  }
  f.width = width_of_products(t);
  f.index = ARENA_ARRAY(t->c.w->arena, uint32_t, count_indices(n) + 1);
  return f;
}

/* Of the turns one by one: inputs, products and outputs. */
static void build_turns(Filtering *f, const NodeGroup *products) {
  Tiling *t = f->t;
  bool both = f->shares_both;
  build_filters(f);
  kernel_barrier(f->b);
  open_turns(f, 0, t->parallel);
  if (!both) choose_slot(f, f->turn[0]);
  if (t->contraction->n_windows > 1) open_turns(f, 1, t->parallel && both);
  if (both) choose_slot(f, offset_add(f->b, f->turn[1], f->turns[1], f->turn[0]));
  uint32_t opened = open_indices(f, f->outer, LOOP_PLAIN) + open_widths(f);
  build_inputs(f, LOOP_PLAIN);
  build_products(f, products);
  build_outputs(f, LOOP_PLAIN);
  close_loops(t, t->contraction->n_windows + opened);
}

/* Of all turns added up: products, then outputs. Threads share the loops inside. */
static void add_turns(Filtering *f, const NodeGroup *products) {
  Tiling *t = f->t;
  LoopMark mark = t->parallel ? LOOP_PARALLEL : LOOP_PLAIN;
  uint32_t opened = open_indices(f, f->outer, LOOP_PLAIN);
  clear_products(f);
  for (uint32_t k = 0; k < t->contraction->n_windows; k++) open_turns(f, k, false);
  build_filters(f);
  build_inputs(f, mark);
  kernel_barrier(f->b);
  build_products(f, products);
  kernel_barrier(f->b);
  close_loops(t, t->contraction->n_windows);
  kernel_barrier(f->b);
  build_outputs(f, mark);
  if (opened > 0) kernel_barrier(f->b);
  close_loops(t, opened);
}

void build_filtered(Tiling *t) {
  Work *w = t->c.w;
  const Node *n = t->node;
  const Contraction *c = t->contraction;
  Filtering f = start_filtering(t);
  IndexSet row = (IndexSet)1 << c->row, lane = (IndexSet)1 << c->lane;
  IndexSet left = indices_outside(&f, c->left), right = indices_outside(&f, c->right);
  IndexSet outputs = (left | right) & (((IndexSet)1 << n->rank) - 1);
  IndexSet channels = (left | right) >> n->rank;
  f.outer = outputs & ~(row | lane);
  f.channel = NO_INDEX;
  if (__builtin_popcountll(channels) == 1)
    f.channel = n->rank + (uint32_t)__builtin_ctzll(channels);
  f.shares_both = f.turns[0] < FEW_TURNS && f.turns[1] > 1;
  f.n_slots = f.shares_both ? f.turns[0] * f.turns[1] : f.turns[0];
  if (c->along_taps || !t->parallel) f.n_slots = 1;
  f.filters = make_array(&f, "filters", c->along_taps ? left & ~f.outer : left, 0,
                         lanes_of_filters(t->c.w, t->node), false);
  f.inputs = make_array(&f, "inputs", right & ~f.outer, 0, c->lane, true);
  f.products = make_array(&f, "products", outputs, f.outer, c->lane, true);
  for (uint32_t v = 0, next = FIRST_AXIS; v < count_indices(n); v++)
    if (((left | right) >> v & 1) != 0) f.index[v] = next++;
  ARRAY_PUSH(w->arena, &w->nodes, products_node(&f, left | right));
  NodeGroup products = {.kind = GROUP_CONTRACTION};
  ARRAY_PUSH(w->arena, &products.nodes, (uint32_t)w->nodes.count - 1);
  if (c->along_taps)
    add_turns(&f, &products);
  else
    build_turns(&f, &products);
}
