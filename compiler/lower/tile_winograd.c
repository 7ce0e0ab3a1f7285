/* Windows by minimal filtering: several neighbouring outputs at once, from fewer products than the
   definition asks for (filter.h). Along two axes of m outputs and r taps:

       y[p] = Σ_c Σ_t K[c, t] · x[c, p + t]
       y[m P + s] = Σ_u R[s, u] · Σ_c (Σ_t G[u, t] · K[c, t]) · (Σ_j B[u, j] · x[c, m P + j])

   with (m + r − 1)² products for m² outputs: 36 for 16, where three taps ask for 144.

   The filters are transformed once. Then, for each P of both axes:

       for all channels and lanes:  inputs, from x; what lies outside of it is 0
       for each u of both axes:     a product of matrices in register tiles, filters · inputs
       for all rows and lanes:      outputs, and all that is computed from these

   Inputs and products of a turn that threads may share are in a slot of their own. Their parts for
   one u lie a line further apart than they are long, as loads and stores at so many places would
   fall on the same lines of a cache. */
#include "lower/filter.h"
#include "lower/tile.h"

/* The axes of the arrays below; then some of y's index variables, in order. */
enum { SLOT, POINT, FIRST_AXIS };

/* y's sums while they are built. `products` is a contraction in tiles, for one turn of all loops:

       products[s, u, …, row, lane] = Σ_c filters[0, u, row, c, …] · inputs[s, u, c, lane]

   where u is a point of both axes and s a slot for what runs at the same time. */
typedef struct Filtering {
  Tiling *t;
  Builder *b;
  Filter along[MAX_WINDOWS];  /* of one output where there is no such window */
  int64_t turns[MAX_WINDOWS]; /* of P */
  IndexSet outer;             /* outputs that are neither rows nor lanes nor in a window */
  uint32_t *index;            /* per index variable of y: that of products */
  TensorId filters, inputs, products;
  uint32_t channel; /* the one reduced index beside taps; NO_INDEX: there are several */
  int64_t width;    /* lanes run along so much of y at a time: as much as a tile of products */
  int64_t n_slots;
  Offset turn[MAX_WINDOWS]; /* P, */
  Offset slot;              /* its place, */
  Offset first, lane;       /* and of the lanes' index the start, and how far from there */
} Filtering;

static uint32_t count_indices(const Node *n) { return n->rank + n->n_reduced; }

static int64_t count_points(const Filtering *f) {
  return (int64_t)f->along[0].points * f->along[1].points;
}

/* --- places --- */

/* The index variables of y in `set` are axes; `innermost` of them, or the last one, has stride 1.
   Those of `outer` share their elements, and so do slots unless `apart`. */
static TensorId make_place(Filtering *f, const char *what, IndexSet set, IndexSet outer,
                           uint32_t innermost, bool apart) {
  Work *w = f->t->c.w;
  const Node *n = f->t->node;
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, count_indices(n) + FIRST_AXIS);
  int64_t *strides = ARENA_ARRAY(w->arena, int64_t, count_indices(n) + FIRST_AXIS), stride = 1;
  uint32_t rank = FIRST_AXIS;
  for (uint32_t v = 0; v < count_indices(n); v++)
    if ((set >> v & 1) != 0) extents[rank++] = v == n->contraction->lane ? f->width : n->extents[v];
  if (innermost != NO_INDEX) stride = f->width;
  for (uint32_t v = count_indices(n), axis = rank; v-- > 0;) {
    if ((set >> v & 1) == 0) continue;
    axis--;
    bool shared = (outer >> v & 1) != 0;
    strides[axis] = shared ? 0 : v == innermost ? 1 : stride;
    if (!shared && v != innermost) stride *= n->extents[v];
  }
  strides[POINT] = apart ? stride + LINE_BYTES / type_bytes(n->type) : stride;
  extents[POINT] = count_points(f);
  extents[SLOT] = apart ? f->n_slots : 1;
  strides[SLOT] = apart ? strides[POINT] * extents[POINT] : 0;
  Tensor t = tensor_new(TENSOR_STAND_IN, n->type);
  t.name = arena_printf(w->arena, "%s.%s", n->name, what);
  t.rank = rank;
  t.extents = extents;
  TensorId id = graph_add(w->graph, t);
  know_tensors(w);
  w->buffer_of[id] =
      add_buffer(w->plan, (Buffer){.kind = BUFFER_WORKSPACE,
                                   .name = tensor_at(w->graph, id)->name,
                                   .tensor = id,
                                   .type = n->type,
                                   .storage = TYPE_BOOL,
                                   .rank = rank,
                                   .extents = extents,
                                   .strides = strides,
                                   .elements = strides[POINT] * extents[POINT] * extents[SLOT],
                                   .entry = w->number});
  return id;
}

/* Its element at a point, at the bindings of y. */
static Offset offset_at(const Filtering *f, TensorId place, IndexSet set, Offset point) {
  const Tiling *t = f->t;
  const int64_t *strides = t->c.w->plan->buffers[t->c.w->buffer_of[place]].strides;
  Offset offset = offset_add(f->b, offset_number(0), strides[SLOT], f->slot);
  offset = offset_add(f->b, offset, strides[POINT], point);
  uint32_t axis = FIRST_AXIS;
  for (uint32_t v = 0; v < count_indices(t->node); v++)
    if ((set >> v & 1) != 0)
      offset = offset_add(f->b, offset, strides[axis++],
                          v == t->contraction->lane ? f->lane : t->bindings[v].offset);
  return offset;
}

static uint32_t parameter_of(const Filtering *f, TensorId place, bool written) {
  return kernel_parameter(f->b, f->t->c.w->buffer_of[place], written);
}

/* --- transforms --- */

/* for i: for j: of an array along both axes. They stay open. */
static void open_square(Filtering *f, const int64_t size[2], Offset at[2]) {
  unrolled(f->t, "i", size[0], &at[0]);
  unrolled(f->t, "j", size[1], &at[1]);
}

static uint32_t declare_square(Filtering *f, const char *name, const int64_t size[2], int lanes) {
  uint32_t local = kernel_array(f->b, name, lanes_of(f->t->node->type, lanes), size[0], size[1]);
  kernel_declare(f->b, local, VALUE_NONE);
  return local;
}

/* In a local, if it is not in one. */
static ValueId named(Filtering *f, const char *name, ValueId value) {
  if (value_at(f->b, value)->kind == VALUE_LOCAL) return value;
  uint32_t local = kernel_new_local(f->b, name, value_at(f->b, value)->type);
  kernel_declare(f->b, local, value);
  return kernel_local(f->b, local, NULL, 0);
}

/* Σ c[k] · x[k] over k = first, first + step, …; what is added first. */
static ValueId combine(Filtering *f, const double *c, const ValueId *x, int n, int first,
                       int step) {
  ValueId sum = VALUE_NONE;
  for (int sign = 1; sign >= -1; sign -= 2)
    for (int k = first; k < n; k += step) {
      double factor = c[k] * sign;
      if (factor <= 0) continue;
      Lanes type = value_at(f->b, x[k])->type;
      if (sum == VALUE_NONE) factor = c[k];
      ValueId number = kernel_number(f->b, type.type, factor), term = x[k];
      if (factor != 1)
        term = kernel_op2(f->b, OP_MUL, kernel_splat(f->b, number, type.lanes), term);
      sum = sum == VALUE_NONE ? term : kernel_op2(f->b, sign > 0 ? OP_ADD : OP_SUB, sum, term);
    }
  return sum;
}

/* y = m · x */
static void apply(Filtering *f, const Matrix *m, const ValueId *x, ValueId *y) {
  if (m->pairs == PAIRS_OF_ROWS) {
    for (int r = 0; r < m->rows; r++) {
      if (r % 2 == 0 || r + 1 == m->rows) {
        y[r] = combine(f, m->at[r], x, m->columns, 0, 1);
        continue;
      }
      ValueId even = named(f, "even", combine(f, m->at[r], x, m->columns, 0, 2));
      ValueId odd = named(f, "odd", combine(f, m->at[r], x, m->columns, 1, 2));
      y[r] = kernel_op2(f->b, OP_ADD, even, odd);
      y[r + 1] = kernel_op2(f->b, OP_SUB, even, odd);
      r++;
    }
    return;
  }
  ValueId of[2][MOST_POINTS]; /* for even and odd rows: of a pair one number, in its first place */
  double once[MOST_POINTS];
  for (int k = 0; k < m->columns; k++) of[0][k] = of[1][k] = x[k];
  for (int k = 1; k + 1 < m->columns; k += 2) {
    of[0][k] = named(f, "sum", kernel_op2(f->b, OP_ADD, x[k], x[k + 1]));
    of[1][k] = named(f, "difference", kernel_op2(f->b, OP_SUB, x[k], x[k + 1]));
  }
  for (int r = 0; r < m->rows; r++) {
    for (int k = 0; k < m->columns; k++) once[k] = k > 0 && k % 2 == 0 ? 0 : m->at[r][k];
    y[r] = combine(f, once, of[r % 2], m->columns, 0, 1);
  }
}

/* Of a local along one axis, at `other` of the other one. */
static void apply_along(Filtering *f, const Matrix *m, uint32_t local, int axis, Offset other,
                        ValueId *y) {
  ValueId x[MOST_POINTS];
  for (int k = 0; k < m->columns; k++) {
    Offset at[2] = {other, other};
    at[axis] = offset_number(k);
    x[k] = kernel_local(f->b, local, at, 2);
  }
  apply(f, m, x, y);
}

/* Along the first axis, for all of the second; the array that has it. */
static uint32_t transform_first(Filtering *f, const Matrix *m, uint32_t from) {
  const Local *local = &f->b->locals.items[from];
  int64_t size[2] = {m->rows, local->size[1]};
  uint32_t to = declare_square(f, "half", size, local->type.lanes);
  Offset at[2];
  ValueId rows[MOST_POINTS];
  unrolled(f->t, "j", size[1], &at[1]);
  apply_along(f, m, from, 0, at[1], rows);
  for (int r = 0; r < m->rows; r++) {
    at[0] = offset_number(r);
    kernel_assign(f->b, to, at, 2, rows[r]);
  }
  kernel_end(f->b);
  return to;
}

/* Along both axes, to all points of a place. */
static void transform_to(Filtering *f, const Matrix *first, const Matrix *second, uint32_t from,
                         TensorId place, IndexSet set) {
  uint32_t half = transform_first(f, first, from);
  Offset i;
  ValueId rows[MOST_POINTS];
  unrolled(f->t, "i", first->rows, &i);
  apply_along(f, second, half, 1, i, rows);
  for (int r = 0; r < second->rows; r++) {
    Offset point = offset_add(f->b, offset_number(r), second->rows, i);
    kernel_store(f->b, parameter_of(f, place, true), offset_at(f, place, set, point), rows[r]);
  }
  kernel_end(f->b);
}

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
  t->bindings[lane] =
      (Binding){.offset = offset_add(f->b, f->first, 1, f->lane), .lanes = true, .panel = f->first};
}

/* One turn for each line of a cache. */
static void open_lines(Filtering *f) {
  int64_t line = LINE_BYTES / type_bytes(f->t->node->type);
  open_lanes_of(f, line < f->width ? line : f->width);
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
  uint32_t output = f->t->contraction->windows[k].output;
  uint32_t variable = kernel_variable(f->b, index_name(f->t->node, output));
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

/* Those of a mirrored window are met from the last one on. */
static void build_filters(Filtering *f) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  IndexSet set = indices_outside(f, c->left);
  uint32_t opened = open_indices(f, set, t->parallel ? LOOP_PARALLEL : LOOP_PLAIN);
  int64_t size[2] = {f->along[0].taps, f->along[1].taps};
  uint32_t taps = declare_square(f, "taps", size, 1);
  Offset at[2];
  open_square(f, size, at);
  for (uint32_t k = 0; k < c->n_windows; k++) {
    Offset tap = at[k];
    if (c->windows[k].mirrored) tap = offset_add(f->b, offset_number(size[k] - 1), -1, tap);
    t->bindings[c->windows[k].tap] = bound(tap, false);
  }
  kernel_assign(f->b, taps, at, 2, operand(t, c->left, 1));
  close_loops(t, 2);
  transform_to(f, &f->along[0].filters, &f->along[1].filters, taps, f->filters, set);
  close_loops(t, opened);
}

/* --- inputs --- */

static void add_bound(Filtering *f, Offset at_least_0, ValueId *all) {
  ValueId holds = kernel_op2(f->b, OP_GE, kernel_offset(f->b, TYPE_I32, at_least_0),
                             kernel_integer(f->b, TYPE_I32, 0));
  *all = *all == VALUE_NONE ? holds : kernel_op2(f->b, OP_AND, *all, holds);
}

/* Whether the last turn has fewer outputs than the others. */
static bool is_uneven(const Filtering *f, uint32_t k) {
  return f->t->node->extents[f->t->contraction->windows[k].output] % f->along[k].outputs != 0;
}

/* Binds the windows so that x is read at `at` of the turn. */
static void bind_input(Filtering *f, const Offset at[2]) {
  Tiling *t = f->t;
  for (uint32_t k = 0; k < t->contraction->n_windows; k++) {
    const Window *window = &t->contraction->windows[k];
    Offset output = offset_add(f->b, at[k], f->along[k].outputs, f->turn[k]);
    t->bindings[window->output] = bound(output, false);
    t->bindings[window->tap] =
        bound(offset_number(window->mirrored ? f->along[k].taps - 1 : 0), false);
  }
}

/* Whether it is there; VALUE_NONE: always. */
static ValueId input_is_inside(Filtering *f) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  ValueId all = VALUE_NONE;
  for (uint32_t k = 0; k < c->n_windows; k++) {
    const Window *window = &c->windows[k];
    Offset output = t->bindings[window->output].offset, tap = t->bindings[window->tap].offset;
    bool ends = false;
    for (size_t i = 0; i < c->limits.count; i++) {
      const Limit *limit = &c->limits.items[i];
      if (limit->index != window->tap) continue;
      Offset room = offset_add(f->b, tap, -1, offset_of(t, &limit->at));
      if (limit->above) room = offset_add(f->b, offset_number(-1), -1, room);
      add_bound(f, room, &all);
      ends = ends || limit->above != window->mirrored;
    }
    Offset last = offset_number(t->node->extents[window->output] + f->along[k].taps - 2);
    if (is_uneven(f, k) && !ends) add_bound(f, offset_add(f->b, last, -1, output), &all);
  }
  return all;
}

static void build_inputs(Filtering *f) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  IndexSet lane = (IndexSet)1 << c->lane, set = indices_outside(f, c->right) & ~f->outer;
  uint32_t opened = open_indices(f, set & ~lane, LOOP_PLAIN);
  open_lanes_of(f, t->lanes);
  int64_t size[2] = {f->along[0].points, f->along[1].points};
  uint32_t x = declare_square(f, "x", size, t->lanes);
  Offset at[2];
  open_square(f, size, at);
  bind_input(f, at);
  ValueId inside = input_is_inside(f);
  if (inside != VALUE_NONE) kernel_if(f->b, inside);
  kernel_assign(f->b, x, at, 2, kernel_splat(f->b, operand(t, c->right, t->lanes), t->lanes));
  if (inside != VALUE_NONE) {
    ValueId zero = kernel_number(f->b, t->node->type, 0);
    kernel_else(f->b);
    kernel_assign(f->b, x, at, 2, kernel_splat(f->b, zero, t->lanes));
    kernel_end(f->b);
  }
  close_loops(t, 2);
  transform_to(f, &f->along[0].inputs, &f->along[1].inputs, x, f->inputs, set);
  close_loops(t, opened + 1);
}

/* --- products --- */

/* The read of a place in the contraction `products`. */
static ExprId read_place(Filtering *f, TensorId place, IndexSet set, bool has_slots) {
  Graph *g = f->t->c.w->graph;
  ExprId at[64] = {has_slots ? expr_index(g, SLOT) : expr_integer(g, TYPE_I32, 0),
                   expr_index(g, POINT)};
  uint32_t n = FIRST_AXIS;
  for (uint32_t v = 0; v < count_indices(f->t->node); v++)
    if ((set >> v & 1) != 0) at[n++] = expr_index(g, f->index[v]);
  return expr_read(g, place, at, n, EXPR_NONE);
}

/* The node of `products`, whose slot, point and outer outputs are bound by the loops around it. */
static Node products_node(Filtering *f, IndexSet left, IndexSet right) {
  Work *w = f->t->c.w;
  const Node *n = f->t->node;
  const Contraction *c = n->contraction;
  const Tensor *t = tensor_at(w->graph, f->products);
  Node node = {.tensor = f->products,
               .name = t->name,
               .type = n->type,
               .reduction = REDUCE_SUM,
               .rank = t->rank,
               .buffer = w->buffer_of[f->products],
               .stored = true,
               .part = n->part};
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, count_indices(n) + FIRST_AXIS);
  const char **names = ARENA_ARRAY(w->arena, const char *, count_indices(n) + FIRST_AXIS);
  extents[SLOT] = t->extents[SLOT];
  extents[POINT] = t->extents[POINT];
  for (uint32_t v = 0; v < count_indices(n); v++) {
    if (((left | right) >> v & 1) == 0) continue;
    extents[f->index[v]] = v == c->lane ? f->width : n->extents[v];
    names[f->index[v]] = index_name(n, v);
    node.n_reduced += v >= n->rank;
  }
  node.extents = extents;
  node.index_names = names;
  node.contraction = ARENA_NEW(w->arena, Contraction);
  *node.contraction = (Contraction){.left = read_place(f, f->filters, left, false),
                                    .right = read_place(f, f->inputs, right & ~f->outer, true),
                                    .lane = f->index[c->lane],
                                    .innermost = f->index[c->lane],
                                    .row = f->index[c->row],
                                    .column = NO_INDEX};
  node.body = expr_op2(w->graph, OP_MUL, node.contraction->left, node.contraction->right);
  return node;
}

/* Binds the windows' outputs to those at `at` of the turn. Whether they are there; VALUE_NONE:
   always. */
static ValueId bind_output(Filtering *f, const Offset at[2]) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  ValueId inside = VALUE_NONE;
  for (uint32_t k = 0; k < c->n_windows; k++) {
    uint32_t v = c->windows[k].output;
    t->bindings[v] = bound(offset_add(f->b, at[k], f->along[k].outputs, f->turn[k]), false);
    Offset last = offset_number(t->node->extents[v] - 1);
    if (is_uneven(f, k)) add_bound(f, offset_add(f->b, last, -1, t->bindings[v].offset), &inside);
  }
  return inside;
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

/* What is far away is asked for beside the products, a share for each point, so that all has come
   when it is used. */
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
  kernel_loop(f->b, variable, 0, count_points(f), 1, LOOP_PLAIN);
  Offset point = offset_variable(f->b, variable);
  sums.bindings[SLOT] = bound(f->slot, false);
  sums.bindings[POINT] = bound(point, false);
  fetch_for_outputs(f, point);
  if (t->contraction->n_windows > 1 && f->channel != NO_INDEX) fetch_for_inputs(f, point);
  build_tiles_inside(&sums, bound_outside);
  kernel_end(f->b);
  t->contraction->tile_rows = sums.contraction->tile_rows;
  t->contraction->tile_columns = sums.contraction->tile_columns;
}

/* --- outputs --- */

static void build_outputs(Filtering *f, IndexSet set) {
  Tiling *t = f->t;
  const Contraction *c = t->contraction;
  const Matrix *first = &f->along[0].results, *second = &f->along[1].results;
  uint32_t opened = open_indices(f, (IndexSet)1 << c->row, LOOP_PLAIN);
  open_lanes_of(f, t->lanes);
  int64_t points[2] = {first->columns, second->columns}, outputs[2] = {first->rows, second->rows};
  uint32_t products = declare_square(f, "products", points, t->lanes);
  Offset at[2];
  open_square(f, points, at);
  Offset point = offset_add(f->b, at[1], points[1], at[0]);
  kernel_assign(f->b, products, at, 2,
                kernel_load(f->b, parameter_of(f, f->products, false),
                            offset_at(f, f->products, set, point), t->lanes));
  close_loops(t, 2);
  uint32_t half = transform_first(f, first, products);
  uint32_t sums = declare_square(f, "sums", outputs, t->lanes);
  ValueId rows[MOST_POINTS];
  unrolled(t, "i", outputs[0], &at[0]);
  apply_along(f, second, half, 1, at[0], rows);
  for (int r = 0; r < second->rows; r++) {
    at[1] = offset_number(r);
    kernel_assign(f->b, sums, at, 2, rows[r]);
  }
  kernel_end(f->b);
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

/* As many elements along the lanes as a panel of x has, or a tile of products, if that divides them
   all. */
static int64_t width_of_products(const Tiling *t) {
  Sizes s = t->sizes;
  bool rows_outside;
  if (s.panel != 0) return s.panel * t->lanes;
  for (uint32_t k = 0; k < t->contraction->n_windows; k++)
    s.k /= t->node->extents[t->contraction->windows[k].tap];
  int64_t width = choose_tile(t->c.w->target, &s, &rows_outside).vectors * t->lanes;
  int64_t extent = t->node->extents[t->contraction->lane];
  return extent % width == 0 ? width : extent;
}

static Filtering start_filtering(Tiling *t) {
  const Node *n = t->node;
  const Contraction *c = t->contraction;
  Filtering f = {.t = t, .b = t->c.b, .turns = {1, 1}, .turn = {{0}, {0}}};
  for (uint32_t k = 0; k < MAX_WINDOWS; k++) {
    f.along[k] = filter_of(1, 1);
    if (k >= c->n_windows) continue;
    const Window *window = &c->windows[k];
    f.along[k] = filter_of((int)window->at_once, (int)n->extents[window->tap]);
    f.turns[k] = ceil_div(n->extents[window->output], window->at_once);
  }
  f.width = width_of_products(t);
  f.index = ARENA_ARRAY(t->c.w->arena, uint32_t, count_indices(n) + 1);
  return f;
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
  bool both = f.turns[0] < MANY_TURNS && f.turns[1] > 1; /* loops are shared */
  f.outer = outputs & ~(row | lane);
  f.channel = NO_INDEX;
  if (__builtin_popcountll(channels) == 1)
    f.channel = n->rank + (uint32_t)__builtin_ctzll(channels);
  f.n_slots = both ? f.turns[0] * f.turns[1] : f.turns[0];
  f.filters = make_place(&f, "filters", left, 0, NO_INDEX, false);
  f.inputs = make_place(&f, "inputs", right & ~f.outer, 0, c->lane, true);
  f.products = make_place(&f, "products", outputs, f.outer, c->lane, true);
  for (uint32_t v = 0, next = FIRST_AXIS; v < count_indices(n); v++)
    if (((left | right) >> v & 1) != 0) f.index[v] = next++;
  ARRAY_PUSH(w->arena, &w->nodes, products_node(&f, left, right));
  NodeGroup products = {.kind = GROUP_CONTRACTION};
  ARRAY_PUSH(w->arena, &products.nodes, (uint32_t)w->nodes.count - 1);

  build_filters(&f);
  kernel_barrier(f.b);
  open_turns(&f, 0, t->parallel);
  if (!both) choose_slot(&f, f.turn[0]);
  if (c->n_windows > 1) open_turns(&f, 1, t->parallel && both);
  if (both) choose_slot(&f, offset_add(f.b, f.turn[1], f.turns[1], f.turn[0]));
  uint32_t opened = open_indices(&f, f.outer, LOOP_PLAIN) + open_widths(&f);
  build_inputs(&f);
  build_products(&f, &products);
  build_outputs(&f, outputs);
  close_loops(t, c->n_windows + opened);
}
