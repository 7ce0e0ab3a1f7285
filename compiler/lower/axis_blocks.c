/* Activations in blocks of the index that lies innermost.

   A sum over windows, y[n, f, p] = sum over c, i of K[f, c, i] · x[n, c, p + i], whose lanes run
   along the batch n, has tiles of a part of the batch. Where that is much longer than a tile is
   wide, the elements that a tile reads lie whole batches apart, and fall on some of a cache's sets
   only. With n = L·m + l everything over n is over m and l,

       y[m, l, f, p] = sum over c, i of K[f, c, i] · x[m, l, c, p + i]        l innermost, m outside

   and what a tile reads lies together.

   The definitions are rewritten so before they are lowered, in a copy of the program. Axes that
   are read along one index belong to one class, and are split together. A class stays whole where
   one of its axes is a param's or a state's, is read at anything but an index, or is merged with
   another by a reshape. Inputs keep their shape and are read at L·m + l; outputs are views. */
#include "lower/axis_blocks.h"
#include <string.h>
#include "graph/axis_classes.h"
#include "simplify/view.h"

/* A class that stays whole is broken. */
struct AxisBlocks {
  Arena *arena;
  const Program *program;
  uint32_t n_tensors; /* without those that lowering adds */
  AxisClasses classes;
  int64_t *wanted; /* per class: the length of its blocks; 0 */
  uint32_t *met;   /* per expression: 1 + the last tensor whose body met it */
};

static const Graph *graph_of(const AxisBlocks *b) { return b->program->graph; }

static uint32_t axis_of(const AxisBlocks *b, TensorId id, uint32_t index) {
  return b->classes.first[id] + index;
}

static void keep_whole(AxisBlocks *b, TensorId id, uint32_t index) {
  break_axis(&b->classes, axis_of(b, id, index));
}

static void keep_axes_whole(AxisBlocks *b, TensorId id) {
  for (uint32_t k = 0; k < tensor_at(graph_of(b), id)->rank; k++) keep_whole(b, id, k);
}

static bool can_be_split(TensorKind kind) {
  return kind == TENSOR_DEFINITION || kind == TENSOR_RESHAPE;
}

/* --- classes --- */

/* What is looked up at data stands for itself. */
static void keep_indices_whole(AxisBlocks *b, TensorId reader, ExprId at) {
  const Expr *e = expr_at(graph_of(b), at);
  if (e->kind == EXPR_INDEX) keep_whole(b, reader, e->index);
  for (uint32_t i = 0; e->kind == EXPR_OP && i < e->n_args; i++)
    keep_indices_whole(b, reader, e->args[i]);
}

/* Axis k of a tensor is read at that expression of a definition's index variables. */
static void join_index(AxisBlocks *b, TensorId reader, TensorId read, uint32_t k, ExprId at) {
  const Graph *g = graph_of(b);
  bool whole = reads_whole_axis(g, reader, read, k, at);
  if (whole && can_be_split(tensor_at(g, read)->kind)) {
    unite_axes(&b->classes, axis_of(b, read, k), axis_of(b, reader, expr_at(g, at)->index));
    return;
  }
  keep_indices_whole(b, reader, at);
  keep_whole(b, read, k);
}

static void join_reads(AxisBlocks *b, TensorId reader, ExprId id) {
  const Graph *g = graph_of(b);
  const Expr *e = expr_at(g, id);
  if (b->met[id] == reader + 1) return;
  b->met[id] = reader + 1;
  for (uint32_t i = 0; i < e->n_args; i++) join_reads(b, reader, e->args[i]);
  if (e->kind != EXPR_READ) return;
  if (e->fallback != EXPR_NONE) join_reads(b, reader, e->fallback);
  if (tensor_at(g, e->tensor)->kind == TENSOR_INPUT) return;
  for (uint32_t k = 0; k < e->n_args; k++) join_index(b, reader, e->tensor, k, e->args[k]);
}

/* The one of axes first..end that is longer than 1; NO_INDEX: there are several, or none. */
static uint32_t only_axis(const Tensor *t, uint32_t first, uint32_t end) {
  uint32_t only = NO_INDEX;
  for (uint32_t k = first; k < end; k++) {
    if (t->extents[k] == 1) continue;
    if (only != NO_INDEX) return NO_INDEX;
    only = k;
  }
  return only;
}

/* The same axis on both sides of a view; what has none on the other side is merged or divided. */
static void join_view(AxisBlocks *b, TensorId view) {
  const Tensor *t = tensor_at(graph_of(b), view), *source = tensor_at(graph_of(b), t->source);
  if (source->kind == TENSOR_INPUT) return;
  for (ViewBlocks v = {0}; next_view_blocks(t, source, &v);) {
    uint32_t k = only_axis(t, v.first_a, v.end_a), s = only_axis(source, v.first_b, v.end_b);
    if (k != NO_INDEX && s != NO_INDEX) {
      unite_axes(&b->classes, axis_of(b, view, k), axis_of(b, t->source, s));
      continue;
    }
    for (k = v.first_a; k < v.end_a; k++) keep_whole(b, view, k);
    for (s = v.first_b; s < v.end_b; s++) keep_whole(b, t->source, s);
  }
}

static void find_classes(AxisBlocks *b) {
  const Program *p = b->program;
  for (TensorId id = 0; id < b->n_tensors; id++) {
    const Tensor *t = tensor_at(p->graph, id);
    if (!can_be_split(t->kind) || t->checkpoint != 0 || t->again != TENSOR_NONE || t->kept)
      keep_axes_whole(b, id);
    if (t->kind == TENSOR_RESHAPE) join_view(b, id);
    if (t->kind == TENSOR_DEFINITION) join_reads(b, id, t->body);
    if (t->initial != TENSOR_NONE) keep_axes_whole(b, t->initial);
  }
  for (uint32_t e = 0; e < p->n_entries; e++)
    for (uint32_t u = 0; u < p->entries[e].n_updates; u++)
      keep_axes_whole(b, p->entries[e].updates[u].value);
}

/* An index variable of the expression, data aside, that is not `other`; NO_INDEX: there is none. */
static uint32_t index_beside(const Graph *g, ExprId id, uint32_t other) {
  const Expr *e = expr_at(g, id);
  uint32_t found = e->kind == EXPR_INDEX && e->index != other ? e->index : NO_INDEX;
  for (uint32_t i = 0; e->kind == EXPR_OP && i < e->n_args && found == NO_INDEX; i++)
    found = index_beside(g, e->args[i], other);
  return found;
}

/* A read at an expression of several index variables. */
static bool is_window(const Graph *g, const Expr *e) {
  for (uint32_t k = 0; e->kind == EXPR_READ && k < e->n_args; k++) {
    uint32_t v = index_beside(g, e->args[k], NO_INDEX);
    if (v != NO_INDEX && index_beside(g, e->args[k], v) != NO_INDEX) return true;
  }
  return false;
}

static bool has_windows(const Graph *g) {
  for (ExprId id = 0; id < g->n_exprs; id++)
    if (is_window(g, expr_at(g, id))) return true;
  return false;
}

/* Whether some axis is longer than any blocks are. */
static bool has_long_axes(const AxisBlocks *b) {
  for (TensorId id = 0; id < b->n_tensors; id++) {
    const Tensor *t = tensor_at(graph_of(b), id);
    for (uint32_t k = 0; t->kind == TENSOR_DEFINITION && k < t->rank; k++)
      if (t->extents[k] > 2 * LINE_BYTES / type_bytes(t->type) &&
          !b->classes.broken[axis_class(&b->classes, axis_of(b, id, k))])
        return true;
  }
  return false;
}

AxisBlocks *axis_blocks_new(Arena *arena, const Program *program) {
  const Graph *g = program->graph;
  if (!has_windows(g)) return NULL;
  AxisBlocks *b = ARENA_NEW(arena, AxisBlocks);
  *b = (AxisBlocks){.arena = arena, .program = program, .n_tensors = g->n_tensors};
  b->classes = axis_classes_new(g, arena);
  b->wanted = ARENA_ARRAY(arena, int64_t, b->classes.n + 1);
  b->met = ARENA_ARRAY(arena, uint32_t, g->n_exprs + 1);
  find_classes(b);
  return has_long_axes(b) ? b : NULL;
}

/* --- what is wanted --- */

/* Two lines, or vectors: half of them is what a tile reads, and longer runs of memory are read
   faster. */
static int64_t length_of_blocks(const Work *w, const Node *n) {
  int64_t vector = w->target->vector_bytes;
  return 2 * (vector > LINE_BYTES ? vector : LINE_BYTES) / type_bytes(n->type);
}

void want_blocks(AxisBlocks *b, const Work *w) {
  for (size_t i = 0; i < w->order.count; i++) {
    const Node *n = node_at(w, w->order.items[i]);
    const Contraction *c = n->contraction;
    if (c == NULL || c->dot || n->tensor >= b->n_tensors) continue;
    if (!is_window(w->graph, expr_at(w->graph, c->right))) continue;
    int64_t length = length_of_blocks(w, n), extent = n->extents[c->lane];
    uint32_t class = axis_class(&b->classes, axis_of(b, n->tensor, c->lane));
    if (extent > length && extent % length == 0 && b->wanted[class] < length)
      b->wanted[class] = length;
  }
}

static int64_t split_of(const AxisBlocks *b, TensorId id, uint32_t axis) {
  if (!can_be_split(tensor_at(graph_of(b), id)->kind)) return 0;
  uint32_t class = axis_class(&b->classes, axis_of(b, id, axis));
  return b->classes.broken[class] ? 0 : b->wanted[class];
}

/* --- rewriting --- */

/* A definition's index variables, as they were, in those that it has now. */
typedef struct Indices {
  const AxisBlocks *b;
  Graph *graph;
  ExprId *block, *within, *whole; /* block: EXPR_NONE where it is not split */
  ExprId *memo;                   /* per expression there was: what became of it, */
  TensorId *memo_of;              /* in the body of which tensor; TENSOR_NONE */
  TensorId tensor;                /* that is rewritten */
} Indices;

static ExprId rewritten(Indices *x, ExprId id);

static ExprId rewritten_read(Indices *x, const Expr *e) {
  ExprId *args = ARENA_ARRAY(x->b->arena, ExprId, 2 * e->n_args + 1);
  uint32_t n = 0;
  for (uint32_t k = 0; k < e->n_args; k++) {
    if (split_of(x->b, e->tensor, k) == 0) {
      args[n++] = rewritten(x, e->args[k]);
      continue;
    }
    uint32_t v = expr_at(x->graph, e->args[k])->index;
    args[n++] = x->block[v];
    args[n++] = x->within[v];
  }
  ExprId fallback = e->fallback == EXPR_NONE ? EXPR_NONE : rewritten(x, e->fallback);
  return expr_read(x->graph, e->tensor, args, n, fallback);
}

static ExprId rewritten(Indices *x, ExprId id) {
  if (x->memo_of[id] == x->tensor) return x->memo[id];
  const Expr e = *expr_at(x->graph, id);
  ExprId result = id;
  if (e.kind == EXPR_INDEX) result = x->whole[e.index];
  if (e.kind == EXPR_READ) result = rewritten_read(x, &e);
  if (e.kind == EXPR_OP) {
    ExprId *args = ARENA_ARRAY(x->b->arena, ExprId, e.n_args + 1);
    for (uint32_t i = 0; i < e.n_args; i++) args[i] = rewritten(x, e.args[i]);
    result = expr_rebuild(x->graph, id, args, EXPR_NONE);
  }
  x->memo_of[id] = x->tensor;
  return x->memo[id] = result;
}

/* The extents and names of index variables from..to, split, behind `n` there are. Returns how many
   there are then. */
static uint32_t split_indices(Indices *x, const Tensor *t, uint32_t from, uint32_t to, uint32_t n,
                              int64_t *extents, const char **names) {
  const int64_t *old = tensor_index_extents(t, x->b->arena);
  for (uint32_t v = from; v < to; v++) {
    int64_t length = split_of(x->b, x->tensor, v);
    const char *name = t->index_names == NULL ? NULL : t->index_names[v];
    if (length != 0) {
      x->block[v] = expr_index(x->graph, n);
      extents[n] = old[v] / length;
      names[n++] = name == NULL ? NULL : arena_printf(x->b->arena, "%s_block", name);
    }
    x->within[v] = x->whole[v] = expr_index(x->graph, n);
    extents[n] = length != 0 ? length : old[v];
    names[n++] = name;
    if (length == 0) continue;
    ExprId start =
        expr_op2(x->graph, OP_MUL, expr_integer(x->graph, TYPE_I32, length), x->block[v]);
    x->whole[v] = expr_op2(x->graph, OP_ADD, start, x->within[v]);
  }
  return n;
}

static bool has_split_axis(const AxisBlocks *b, TensorId id) {
  const Tensor *t = tensor_at(graph_of(b), id);
  for (uint32_t v = 0; v < t->rank + t->n_reduced; v++)
    if (split_of(b, id, v) != 0) return true;
  return false;
}

/* The tensor gets its new shape; x: its index variables. */
static void split_shape(Indices *x, TensorId id) {
  const Tensor *old = tensor_at(graph_of(x->b), id);
  Tensor *t = tensor_at(x->graph, id);
  uint32_t n_indices = old->rank + old->n_reduced;
  int64_t *extents = ARENA_ARRAY(x->b->arena, int64_t, 2 * n_indices + 1);
  const char **names = ARENA_ARRAY(x->b->arena, const char *, 2 * n_indices + 1);
  ExprId **indices[] = {&x->block, &x->within, &x->whole};
  for (int i = 0; i < 3; i++) *indices[i] = ARENA_ARRAY(x->b->arena, ExprId, n_indices + 1);
  x->tensor = id;
  t->rank = split_indices(x, old, 0, old->rank, 0, extents, names);
  t->n_reduced = split_indices(x, old, old->rank, n_indices, t->rank, extents, names) - t->rank;
  t->extents = extents;
  t->reduced_extents = extents + t->rank;
  if (t->index_names != NULL) t->index_names = names;
}

static void split_body(Indices *x, TensorId id) {
  ExprId body = tensor_at(graph_of(x->b), id)->body;
  if (body == EXPR_NONE) return;
  split_shape(x, id);
  ExprId now = rewritten(x, body);
  tensor_at(x->graph, id)->body = now;
}

/* An output keeps its shape: it is a view of what is split. */
static void view_outputs(const AxisBlocks *b, Graph *g, Entry *entry) {
  Output *outputs = ARENA_ARRAY(b->arena, Output, entry->n_outputs + 1);
  for (uint32_t i = 0; i < entry->n_outputs; i++) {
    outputs[i] = entry->outputs[i];
    TensorId id = outputs[i].tensor;
    if (!has_split_axis(b, id)) continue;
    Tensor view = *tensor_at(graph_of(b), id);
    view.kind = TENSOR_RESHAPE;
    view.source = id;
    view.body = EXPR_NONE;
    view.reduction = REDUCE_NONE;
    view.n_reduced = 0;
    outputs[i].tensor = graph_add(g, view);
  }
  entry->outputs = outputs;
}

const Program *program_in_blocks(AxisBlocks *b) {
  const Program *p = b->program;
  bool any = false;
  for (TensorId id = 0; id < b->n_tensors; id++) any = any || has_split_axis(b, id);
  if (!any) return p;
  Program *copy = ARENA_NEW(b->arena, Program);
  *copy = *p;
  copy->graph = graph_copy(p->graph);
  Indices x = {.b = b, .graph = copy->graph};
  x.memo = ARENA_ARRAY(b->arena, ExprId, p->graph->n_exprs + 1);
  x.memo_of = ARENA_ARRAY(b->arena, TensorId, p->graph->n_exprs + 1);
  memset(x.memo_of, 0xff, p->graph->n_exprs * sizeof *x.memo_of);
  for (TensorId id = 0; id < b->n_tensors; id++)
    if (has_split_axis(b, id)) split_shape(&x, id);
  for (TensorId id = 0; id < b->n_tensors; id++) /* which may read each other */
    if (has_split_axis(b, id)) split_body(&x, id);
  copy->entries = ARENA_ARRAY(b->arena, Entry, p->n_entries + 1);
  for (uint32_t e = 0; e < p->n_entries; e++) {
    copy->entries[e] = p->entries[e];
    view_outputs(b, copy->graph, &copy->entries[e]);
  }
  return copy;
}
