/* How a contraction is computed: along which index its lanes run.

   An output index of one operand alone: that operand is read in vectors, the other one by one.
   Where its elements do not lie next to each other it is copied first, transposed; where those of
   what y is combined with do not, that becomes slow. A reduced index that is innermost in both
   operands: both are read in vectors, and the lanes of each sum are added up at the end ("dot").

   The cheapest in estimated cycles is taken. That the batch is what lanes run along in a training
   step, and never a weight's index, comes out of this: activations are smaller than weights. */
#include "graph/scalar_ops.h"
#include "lower/tile.h"

enum { READERS_DEEP = 4, ANY_PANEL = -1 };

/* Cycles. */
static const double a_vector = 0.5 /* multiply-add */,
                    a_shifted_vector = 0.75 /* of one that lies across lines */,
                    a_copy = 0.5 /* of an element, transposed */,
                    a_scalar = 2 /* operation where there could be a vector */,
                    a_fold = 8 /* of a vector to one number, */,
                    a_shared_fold = 3 /* where as many as it has lanes are folded together */;

static int64_t stride_of(const Work *w, TensorId tensor, uint32_t axis) {
  return w->plan->buffers[w->buffer_of[tensor]].strides[axis];
}

/* wishes[v]: how many elements lie innermost along index variable v of n, in what n reads and
   writes where they lie already. */
static void count_wish(const Work *w, const Node *n, BufferId buffer, const ExprId *at,
                       int64_t *wishes) {
  if (buffer == BUFFER_NONE) return;
  const Buffer *b = &w->plan->buffers[buffer];
  for (uint32_t k = b->rank; k-- > 0;) {
    if (b->strides[k] != 1 || b->extents[k] == 1) continue;
    const Expr *index = at == NULL ? NULL : expr_at(w->graph, at[k]);
    if (index == NULL)
      wishes[k] += b->elements;
    else if (index->kind == EXPR_INDEX && index->index < n->rank)
      wishes[index->index] += b->elements;
    return;
  }
}

static void wishes_of_reads(const Work *w, const Node *n, ExprId id, int64_t *wishes) {
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) wishes_of_reads(w, n, e->args[i], wishes);
  if (e->kind == EXPR_READ && e->n_args > 0)
    count_wish(w, n, w->buffer_of[e->tensor], e->args, wishes);
}

/* Where the reader reads tensor x at its index v alone, x's axis there has v's wishes. */
static void pass_on(const Work *w, const Node *reader, ExprId id, TensorId x, const int64_t *of,
                    int64_t *wishes) {
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) pass_on(w, reader, e->args[i], x, of, wishes);
  if (e->kind != EXPR_READ || e->tensor != x) return;
  for (uint32_t k = 0; k < e->n_args; k++) {
    const Expr *at = expr_at(w->graph, e->args[k]);
    if (at->kind == EXPR_INDEX && at->index < reader->rank && of[at->index] > wishes[k])
      wishes[k] = of[at->index];
  }
}

/* A reader that looks y up, at a place that data says, has its lanes along another axis of y. */
static void wish_of_lookup(const Work *w, const Node *reader, ExprId id, const Node *n,
                           int64_t *wishes) {
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) wish_of_lookup(w, reader, e->args[i], n, wishes);
  if (e->kind != EXPR_READ || e->tensor != n->tensor) return;
  uint32_t axis = NO_INDEX;
  bool looks_up = false;
  for (uint32_t k = 0; k < n->rank; k++) {
    if (expr_at(w->graph, e->args[k])->kind == EXPR_INDEX && n->extents[k] > 1) axis = k;
    looks_up = looks_up || expr_reads_data(w->graph, e->args[k]);
  }
  if (looks_up && axis != NO_INDEX) wishes[axis] += node_size(reader);
}

/* wishes[k]: how many elements, of what elementwise readers of node i read and write besides, lie
   innermost along axis k. */
static void wishes_of(const Work *w, uint32_t i, int depth, int64_t *wishes) {
  const Node *n = node_at(w, i);
  count_wish(w, n, n->buffer, NULL, wishes);
  if (depth == 0 || n->tensor == TENSOR_NONE) return;
  for (size_t r = 0; r < n->readers.count; r++) {
    const Node *reader = node_at(w, n->readers.items[r]);
    wish_of_lookup(w, reader, reader->body, n, wishes);
    if (reader->reduction != REDUCE_NONE) continue;
    int64_t *theirs = ARENA_ARRAY(w->arena, int64_t, reader->rank + 1);
    int64_t *mine = ARENA_ARRAY(w->arena, int64_t, n->rank + 1);
    wishes_of_reads(w, reader, reader->body, theirs);
    wishes_of(w, n->readers.items[r], depth - 1, theirs);
    pass_on(w, reader, reader->body, n->tensor, theirs, mine);
    for (uint32_t k = 0; k < n->rank; k++) wishes[k] += mine[k];
  }
}

static TensorId known_copy(const Work *w, TensorId of, uint32_t innermost, int64_t panel) {
  for (size_t i = 0; i < w->copies.count; i++) {
    const TransposedCopy *c = &w->copies.items[i];
    if (c->of == of && c->innermost == innermost && (panel == ANY_PANEL || c->panel == panel))
      return c->copy;
  }
  return TENSOR_NONE;
}

/* As many vectors of all widths cover `extent` elements. */
static int64_t pieces(int64_t extent, int64_t lanes) {
  int64_t count = 0;
  for (; extent > 0; extent %= lanes) {
    while (lanes > extent) lanes = lanes > 4 ? lanes / 2 : 1;
    count += extent / lanes;
  }
  return count;
}

static int64_t full_lanes(const Work *w, const Node *n) {
  return w->target->vector_bytes / type_bytes(n->type);
}

static bool has_index(const Graph *g, ExprId id, uint32_t v) {
  return (indices_of(g, id) >> v & 1) != 0;
}

/* Not what another step of the same recurrence computes, which is laid out later. */
static bool has_place(const Work *w, ExprId read) {
  return w->buffer_of[expr_at(w->graph, read)->tensor] != BUFFER_NONE;
}

/* Of bringing an operand's axis innermost, where it is not. */
static double copy_cycles(const Work *w, TensorId operand, uint32_t axis) {
  if (is_free(w, operand) || stride_of(w, operand, axis) == 1 ||
      known_copy(w, operand, axis, ANY_PANEL) != TENSOR_NONE)
    return 0;
  return a_copy * (double)tensor_size(tensor_at(w->graph, operand));
}

/* Whether vectors along v start anywhere in a line: the operand is read at v + other indices. */
static bool is_shifted(const Work *w, const Node *n, ExprId read, uint32_t axis) {
  ExprId at = expr_at(w->graph, read)->args[axis];
  return affine_of(w->graph, at, node_ranges(n)).n > 1;
}

/* Single elements come from the larger operand: those of a tile's rows lie far apart. */
static bool rows_lie_apart(const Work *w, const Node *n, bool vectors_of_left) {
  const Contraction *c = n->contraction;
  int64_t sizes[2] = {tensor_size(tensor_at(w->graph, expr_at(w->graph, c->left)->tensor)),
                      tensor_size(tensor_at(w->graph, expr_at(w->graph, c->right)->tensor))};
  return vectors_of_left ? sizes[1] > sizes[0] : sizes[0] > sizes[1];
}

/* Each element is read once, from beyond L2: that goes fastest along whole rows, and a tile with
   lanes along an output goes through a part of each. */
static bool is_streamed(const Work *w, const Node *n, ExprId read) {
  const Buffer *b = &w->plan->buffers[w->buffer_of[expr_at(w->graph, read)->tensor]];
  return node_points(n) <= b->elements && b->elements * element_bytes(b) > w->target->l2_bytes;
}

/* The largest output index of `of` alone; NO_INDEX. */
static uint32_t own_index(const Work *w, const Node *n, ExprId of, ExprId other) {
  uint32_t own = NO_INDEX;
  for (uint32_t v = 0; v < n->rank; v++) {
    if (!has_index(w->graph, of, v) || has_index(w->graph, other, v)) continue;
    if (is_step(n, v) || (n->contraction->limiting >> v & 1) != 0) continue;
    if (own == NO_INDEX || n->extents[v] > n->extents[own]) own = v;
  }
  return own;
}

static int64_t own_extent(const Work *w, const Node *n, ExprId of, ExprId other) {
  uint32_t own = own_index(w, n, of, other);
  return own == NO_INDEX ? 1 : n->extents[own];
}

/* The same where several outputs of a window are computed at once; 0 where that is no gain. */
static double filtered_cycles(const Work *w, const Node *n, uint32_t v, ExprId vectors_of,
                              ExprId other) {
  Contraction tried = *n->contraction;
  Node with = *n;
  with.contraction = &tried;
  tried.left = other;
  tried.right = vectors_of;
  tried.lane = v;
  tried.row = own_index(w, n, other, vectors_of);
  return find_windows(w, &with);
}

/* Lanes along output index v; -1 when they cannot run there. */
static double lane_cycles(const Work *w, const Node *n, uint32_t v, const int64_t *wishes) {
  const Graph *g = w->graph;
  const Contraction *c = n->contraction;
  bool in_left = has_index(g, c->left, v);
  if (in_left == has_index(g, c->right, v) || n->extents[v] < 4 || is_step(n, v)) return -1;
  if ((c->limiting >> v & 1) != 0) return -1;
  ExprId vectors_of = in_left ? c->left : c->right;
  uint32_t axis = lane_axis(w, n, vectors_of, v);
  if (axis == NO_INDEX || !has_place(w, vectors_of)) return -1;
  double vectors =
      (double)(node_points(n) / n->extents[v] * pieces(n->extents[v], full_lanes(w, n)));
  double cycles = vectors * (is_shifted(w, n, vectors_of, axis) ? a_shifted_vector : a_vector);
  if (c->limiting != 0 && rows_lie_apart(w, n, in_left)) cycles *= 1.25;
  ExprId other = in_left ? c->right : c->left;
  if (own_extent(w, n, other, vectors_of) == 1 && skips_zeros(w, n, other, n->extents[v]))
    cycles *= 0.75;
  else if (is_streamed(w, n, vectors_of))
    cycles *= 1.25;
  double filtered = filtered_cycles(w, n, v, vectors_of, other);
  if (filtered > 0 && filtered < cycles) cycles = filtered;
  cycles += copy_cycles(w, expr_at(g, vectors_of)->tensor, axis);
  for (uint32_t k = 0; k < n->rank; k++) cycles += k == v ? 0 : a_scalar * (double)wishes[k];
  return cycles;
}

/* Lanes along reduced index v. */
static double dot_cycles(const Work *w, const Node *n, uint32_t v) {
  const Graph *g = w->graph;
  ExprId sides[2] = {n->contraction->left, n->contraction->right};
  if ((n->contraction->limited >> v & 1) != 0) return -1;
  double a_product = a_vector, copies = 0;
  for (int side = 0; side < 2; side++) {
    uint32_t axis = lane_axis(w, n, sides[side], v);
    if (axis == NO_INDEX || !has_place(w, sides[side])) return -1;
    copies += copy_cycles(w, expr_at(g, sides[side])->tensor, axis);
    if (is_shifted(w, n, sides[side], axis)) a_product = a_shifted_vector;
  }
  int64_t lanes = full_lanes(w, n);
  if (n->extents[v] < lanes) return -1;
  double sums = (double)(node_points(n) / n->extents[v]), outputs = (double)node_size(n);
  int64_t rows = own_extent(w, n, sides[0], sides[1]),
          columns = own_extent(w, n, sides[1], sides[0]);
  bool shares = (rows == 1 || columns == 1) && rows * columns >= lanes;
  return a_product * sums * (double)ceil_div(n->extents[v], lanes) +
         (shares ? a_shared_fold : a_fold) * outputs + copies;
}

/* Axis `innermost`, whose stride is 1, in panels; without gaps between rows. */
static void lay_in_panels(const Work *w, Buffer *b, uint32_t innermost, int64_t panel) {
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, b->rank);
  b->elements = 1;
  for (uint32_t k = 0; k < b->rank; k++) {
    extents[k] = k == innermost ? panel : b->extents[k];
    b->elements *= b->extents[k];
  }
  b->strides = strides_around(w->arena, b->rank, extents, innermost);
  b->panel = panel;
  b->panel_axis = innermost;
}

/* y.T, alike but for the innermost axis, in panels, or but for gaps between rows. In a recurrence
   that computes y and the reader, each step copies its own. */
static TensorId transposed_copy(Work *w, uint32_t reader, TensorId of, uint32_t innermost,
                                int64_t panel) {
  TensorId known = known_copy(w, of, innermost, panel);
  if (known != TENSOR_NONE) return known;
  Graph *g = w->graph;
  Tensor t = *tensor_at(g, of);
  Tensor copy = tensor_new(TENSOR_DEFINITION, t.type);
  bool transposes = stride_of(w, of, innermost) != 1;
  const char *ending = transposes ? "T" : panel != 0 ? "panels" : "padded";
  copy.name = arena_printf(w->arena, "%s.%s", t.name, ending);
  copy.rank = t.rank;
  copy.extents = t.extents;
  copy.index_names = t.index_names;
  copy.body = expr_read_whole(g, of);
  TensorId id = add_definition(w, copy);
  Node *n = node_at(w, w->node_of[id] - 1);
  n->transposes = transposes || panel != 0;
  if (w->node_of[of] != 0) {
    const Node *source = node_at(w, w->node_of[of] - 1);
    n->recurrence = common_recurrence(source->recurrence, node_at(w, reader)->recurrence);
    n->step_axes = source->step_axes;
  }
  give_buffer(w, n, innermost);
  if (panel != 0) lay_in_panels(w, &w->plan->buffers[n->buffer], innermost, panel);
  ARRAY_PUSH(w->arena, &w->copies, (TransposedCopy){of, id, innermost, panel});
  ARRAY_PUSH(w->arena, &w->final_order, w->node_of[id] - 1);
  return id;
}

/* The contraction's lanes run across its fixed place: it is computed in the workspace, and a
   transposed copy stores it. Returns the copy's node; NODE_NONE: none is needed. */
static uint32_t store_transposed(Work *w, uint32_t i) {
  Node *n = node_at(w, i);
  if (n->buffer == BUFFER_NONE || n->contraction->dot) return NODE_NONE;
  if (w->plan->buffers[n->buffer].strides[n->contraction->lane] == 1) return NODE_NONE;
  Node copy = {.tensor = TENSOR_NONE,
               .name = w->plan->buffers[n->buffer].name,
               .type = n->type,
               .rank = n->rank,
               .extents = n->extents,
               .index_names = n->index_names,
               .body = expr_read_whole(w->graph, n->tensor),
               .buffer = n->buffer,
               .replaces = n->replaces,
               .recurrence = n->recurrence,
               .step_axes = n->step_axes,
               .transposes = true};
  n->buffer = BUFFER_NONE;
  n->replaces = TENSOR_NONE;
  collect_reads(w, &copy);
  ARRAY_PUSH(w->arena, &copy.after, i);
  ARRAY_PUSH(w->arena, &w->nodes, copy);
  return (uint32_t)w->nodes.count - 1;
}

/* Of a matrix and a vector the vector is the right side. */
static bool has_one_row(const Work *w, const Node *n) {
  const Contraction *c = n->contraction;
  return own_extent(w, n, c->left, c->right) == 1 && own_extent(w, n, c->right, c->left) > 1;
}

static uint32_t choose_lanes(const Work *w, const Node *n, const int64_t *wishes) {
  uint32_t best = NO_INDEX;
  double least = -1;
  for (uint32_t v = n->rank + n->n_reduced; v-- > 0;) {
    double cycles = v < n->rank ? lane_cycles(w, n, v, wishes) : dot_cycles(w, n, v);
    if (cycles < 0 || (least >= 0 && cycles >= least)) continue;
    least = cycles;
    best = v;
  }
  return best;
}

/* Where single numbers are stored anyway: what its readers want, else what fills vectors best. */
static uint32_t dot_innermost(const Work *w, const Node *n, const int64_t *wishes) {
  uint32_t best = n->rank == 0 ? 0 : n->rank - 1;
  int64_t lanes = full_lanes(w, n);
  for (uint32_t v = n->rank; v-- > 0;) {
    int64_t more = wishes[v] - wishes[best];
    int64_t waste = pieces(n->extents[v], lanes) * n->extents[best];
    if (more > 0 || (more == 0 && waste < pieces(n->extents[best], lanes) * n->extents[v]))
      best = v;
  }
  return best;
}

/* What is read often, where its rows fall on the same lines of a cache and more than L1 holds are
   read: a copy in panels, or with gaps between the rows, is made before. */
static bool wants_copy(const Work *w, uint32_t reader, TensorId operand) {
  enum { OFTEN = 128 };
  const Buffer *b = &w->plan->buffers[w->buffer_of[operand]];
  return b->kind != BUFFER_WORKSPACE && rows_conflict(b) &&
         b->elements * element_bytes(b) > w->target->l1_bytes &&
         node_points(node_at(w, reader)) >= OFTEN * b->elements;
}

/* How wide the panels are of a copy of the right operand, so that a tile reads it from one end to
   the other; 0: its columns are no multiple of that, or each step of a recurrence would copy its
   own.
 */
static int64_t panel_width(const Work *w, uint32_t i, const Expr *read, uint32_t axis) {
  const Node *n = node_at(w, i);
  const Expr *at = expr_at(w->graph, read->args[axis]);
  int64_t lanes = full_lanes(w, n), columns = n->extents[n->contraction->lane];
  if (n->contraction->n_windows > 0) return 0;
  if (n->contraction->dot || at->kind != EXPR_INDEX || columns < lanes) return 0;
  if (steps_with(w, n, read->tensor)) return 0;
  Sizes s = sizes_of(n, (int)lanes);
  bool rows_outside;
  int64_t width = choose_tile(w->target, &s, &rows_outside).vectors * lanes;
  bool whole = columns == tensor_at(w->graph, read->tensor)->extents[axis];
  return whole && columns % width == 0 && columns > width ? width : 0;
}

/* The same read of a copy, which is made before node i. */
static ExprId read_of_copy(Work *w, uint32_t i, ExprId read, uint32_t innermost, int64_t panel) {
  const Expr e = *expr_at(w->graph, read);
  TensorId copy = transposed_copy(w, i, e.tensor, innermost, panel);
  ARRAY_PUSH(w->arena, &node_at(w, i)->after, w->node_of[copy] - 1);
  return expr_read(w->graph, copy, e.args, e.n_args, EXPR_NONE);
}

/* The operand that is read number by number: where those of a sum lie so far apart that they fall on
   the same lines of a cache, next to each other in a copy. */
static ExprId without_conflicts(Work *w, uint32_t i, ExprId read) {
  const Node *n = node_at(w, i);
  const Expr *e = expr_at(w->graph, read);
  uint32_t axis = lane_axis(w, n, read, n->rank + n->n_reduced - 1);
  if (axis == NO_INDEX || !has_place(w, read) || stride_of(w, e->tensor, axis) == 1) return read;
  if (!wants_copy(w, i, e->tensor)) return read;
  if (!is_free(w, e->tensor)) return read_of_copy(w, i, read, axis, 0);
  wish_stored(w, e->tensor, axis);
  return read;
}

/* The read of an operand, or of its copy, in which index v is innermost. */
static ExprId with_innermost(Work *w, uint32_t i, ExprId read, uint32_t v) {
  const Expr e = *expr_at(w->graph, read);
  uint32_t axis = lane_axis(w, node_at(w, i), read, v);
  bool free = is_free(w, e.tensor);
  if (free) wish_stored(w, e.tensor, axis);
  bool lies_so = free || stride_of(w, e.tensor, axis) == 1;
  if (lies_so && (free || !wants_copy(w, i, e.tensor))) return read;
  return read_of_copy(w, i, read, axis, panel_width(w, i, &e, axis));
}

/* The operand with index v becomes the right one, read along it; of a dot product both are. */
static void settle_operands(Work *w, uint32_t i, uint32_t v) {
  Graph *g = w->graph;
  Contraction *c = node_at(w, i)->contraction;
  if (!has_index(g, c->right, v) || (c->dot && has_one_row(w, node_at(w, i)))) {
    ExprId left = c->left;
    c->left = c->right;
    c->right = left;
  }
  c->row = own_index(w, node_at(w, i), c->left, c->right);
  if (c->dot) c->column = own_index(w, node_at(w, i), c->right, c->left);
  find_windows(w, node_at(w, i));
  c->right = with_innermost(w, i, c->right, v);
  c->left = c->dot ? with_innermost(w, i, c->left, v) : without_conflicts(w, i, c->left);
  node_at(w, i)->body = expr_op2(g, OP_MUL, c->left, c->right);
  collect_reads(w, node_at(w, i));
}

static void compute_by_loops(Work *w, uint32_t i) {
  Node *n = node_at(w, i);
  if (n->contraction->limits.count > 0) {
    n->body = n->contraction->unlimited;
    collect_reads(w, n);
  }
  n->contraction = NULL;
}

uint32_t plan_contraction(Work *w, uint32_t i) {
  int64_t *wishes = ARENA_ARRAY(w->arena, int64_t, node_at(w, i)->rank + 1);
  wishes_of(w, i, READERS_DEEP, wishes);
  uint32_t lane = choose_lanes(w, node_at(w, i), wishes);
  Contraction *c = node_at(w, i)->contraction;
  if (lane == NO_INDEX) {
    compute_by_loops(w, i);
    return NODE_NONE;
  }
  c->lane = lane;
  c->dot = lane >= node_at(w, i)->rank;
  settle_operands(w, i, lane);
  const Node *n = node_at(w, i);
  c->innermost = c->dot ? dot_innermost(w, n, wishes) : lane;
  return store_transposed(w, i);
}
