/* The definitions of an entry: what its results depend on, with all that is constant in this entry
   folded, and reads of reshapes turned into reads of what they view. */
#include <string.h>
#include "graph/scalar_ops.h"
#include "lower/work.h"
#include "simplify/algebra.h"
#include "simplify/view.h"

int64_t node_size(const Node *n) {
  int64_t size = 1;
  for (uint32_t i = 0; i < n->rank; i++) size *= n->extents[i];
  return size;
}

int64_t node_points(const Node *n) {
  int64_t points = node_size(n);
  for (uint32_t k = 0; k < n->n_reduced; k++) points *= n->extents[n->rank + k];
  return points;
}

/* --- bodies --- */

typedef struct Rewrite {
  Work *w;
  ExprId *memo; /* per expression: what became of it; EXPR_NONE: not met yet */
  uint32_t n_memo;
} Rewrite;

static ExprId rewrite(Rewrite *r, ExprId id);

static ExprId integer(Graph *g, int64_t value) { return expr_integer(g, TYPE_I32, value); }

static ExprId and_also(Graph *g, ExprId a, ExprId b) {
  return a == EXPR_NONE ? b : fold_op2(g, OP_AND, a, b);
}

/* 0 ≤ at[k] < extents[k] for all k */
static ExprId inside(Graph *g, const ExprId *at, const Tensor *t) {
  ExprId all = EXPR_NONE;
  for (uint32_t i = 0; i < t->rank; i++) {
    ExprId low = fold_op2(g, OP_GE, at[i], integer(g, 0));
    ExprId high = fold_op2(g, OP_LT, at[i], integer(g, t->extents[i]));
    all = and_also(g, and_also(g, all, low), high);
  }
  return all == EXPR_NONE ? expr_integer(g, TYPE_BOOL, 1) : all;
}

/* view[at] = source[the same element] */
static ExprId read_view(Graph *g, TensorId view, const ExprId *at, ExprId fallback) {
  const Tensor v = *tensor_at(g, view), source = *tensor_at(g, v.source);
  ExprId *indices = ARENA_ARRAY(g->arena, ExprId, source.rank + 1);
  place_in_view(g, &v, at, &source, indices);
  ExprId read = source.kind == TENSOR_RESHAPE
                    ? read_view(g, v.source, indices, EXPR_NONE)
                    : expr_read(g, v.source, indices, source.rank, EXPR_NONE);
  if (fallback == EXPR_NONE) return read;
  return expr_op3(g, OP_WHERE, inside(g, at, &v), read, fallback);
}

static ExprId rewrite_node(Rewrite *r, ExprId id) {
  Graph *g = r->w->graph;
  const Expr e = *expr_at(g, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  if (e.kind == EXPR_OP && e.op == OP_TRAINING)
    return expr_integer(g, TYPE_BOOL, r->w->entry != NULL && r->w->entry->training);
  ExprId *args = ARENA_ARRAY(g->arena, ExprId, e.n_args + 1);
  if (e.kind == EXPR_OP && e.op == OP_WHERE) { /* a branch that is never taken is not followed */
    args[0] = rewrite(r, e.args[0]);
    const Expr *c = expr_at(g, args[0]);
    if (c->kind == EXPR_CONST) return rewrite(r, e.args[c->integer != 0 ? 1 : 2]);
  }
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = rewrite(r, e.args[i]);
  if (e.kind == EXPR_OP) return fold_rebuild(g, id, args, EXPR_NONE);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = fold_cast(g, TYPE_I32, args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : rewrite(r, e.fallback);
  if (tensor_at(g, e.tensor)->kind == TENSOR_RESHAPE) return read_view(g, e.tensor, args, fallback);
  return expr_read(g, e.tensor, args, e.n_args, fallback);
}

static ExprId rewrite(Rewrite *r, ExprId id) {
  if (id < r->n_memo && r->memo[id] != EXPR_NONE) return r->memo[id];
  ExprId result = rewrite_node(r, id);
  if (id >= r->n_memo) { /* rewriting made expressions of its own */
    uint32_t n = 2 * r->w->graph->n_exprs;
    ExprId *memo = ARENA_ARRAY(r->w->arena, ExprId, n);
    memset(memo, 0xff, n * sizeof *memo);
    if (r->n_memo > 0) memcpy(memo, r->memo, r->n_memo * sizeof *memo);
    r->memo = memo;
    r->n_memo = n;
  }
  r->memo[id] = result;
  return result;
}

/* --- reads --- */

void start_walk(Work *w) {
  w->walk++;
  if (w->graph->n_exprs <= w->n_met) return;
  w->n_met = 2 * w->graph->n_exprs;
  w->met = ARENA_ARRAY(w->arena, uint32_t, w->n_met);
}

static void collect(Work *w, Node *n, ExprId id) {
  if (!first_met(w, id)) return;
  const Expr *e = expr_at(w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) collect(w, n, e->args[i]);
  if (e->kind != EXPR_READ) return;
  if (e->fallback != EXPR_NONE) collect(w, n, e->fallback);
  for (size_t i = 0; i < n->reads.count; i++)
    if (n->reads.items[i] == e->tensor) return;
  ARRAY_PUSH(w->arena, &n->reads, e->tensor);
}

bool same_points(const Node *a, const Node *b) {
  return a->rank == b->rank && memcmp(a->extents, b->extents, a->rank * sizeof *a->extents) == 0;
}

void collect_reads(Work *w, Node *n) {
  n->reads.count = 0;
  start_walk(w);
  collect(w, n, n->body);
}

/* --- nodes --- */

/* The graph may have grown. */
NodeList *readers_of_tensors(const Work *w) {
  NodeList *readers = ARENA_ARRAY(w->arena, NodeList, w->n_tensors + 1);
  for (uint32_t i = 0; i < w->nodes.count; i++)
    for (size_t r = 0; r < node_at(w, i)->reads.count; r++)
      ARRAY_PUSH(w->arena, &readers[node_at(w, i)->reads.items[r]], i);
  return readers;
}

void know_tensors(Work *w) {
  uint32_t n = w->graph->n_tensors;
  if (n <= w->n_tensors) return;
  uint32_t *node_of = ARENA_ARRAY(w->arena, uint32_t, 2 * n);
  BufferId *buffer_of = ARENA_ARRAY(w->arena, BufferId, 2 * n);
  for (uint32_t i = 0; i < 2 * n; i++) {
    node_of[i] = i < w->n_tensors ? w->node_of[i] : 0;
    buffer_of[i] = i < w->n_tensors ? w->buffer_of[i] : BUFFER_NONE;
  }
  w->node_of = node_of;
  w->buffer_of = buffer_of;
  w->n_tensors = 2 * n;
}

static Node definition_node(Rewrite *r, TensorId id) {
  Work *w = r->w;
  const Tensor t = *tensor_at(w->graph, id);
  Node n = {.tensor = id,
            .name = t.name,
            .type = t.type,
            .reduction = t.reduction,
            .rank = t.rank,
            .n_reduced = t.n_reduced,
            .extents = tensor_index_extents(&t, w->arena),
            .index_names = t.index_names,
            .buffer = BUFFER_NONE,
            .replaces = TENSOR_NONE};
  n.body = normalize_indices(w->graph, rewrite(r, t.body), node_ranges(&n));
  collect_reads(w, &n);
  return n;
}

TensorId add_definition(Work *w, Tensor t) {
  TensorId id = graph_add(w->graph, t);
  Node n = {.tensor = id,
            .name = tensor_at(w->graph, id)->name,
            .type = t.type,
            .reduction = t.reduction,
            .rank = t.rank,
            .n_reduced = t.n_reduced,
            .extents = tensor_index_extents(&t, w->arena),
            .index_names = t.index_names,
            .body = t.body,
            .buffer = BUFFER_NONE,
            .replaces = TENSOR_NONE};
  collect_reads(w, &n);
  know_tensors(w);
  for (size_t i = 0; i < n.reads.count; i++) {
    uint32_t source = w->node_of[n.reads.items[i]];
    if (source != 0) ARRAY_PUSH(w->arena, &n.after, source - 1);
  }
  ARRAY_PUSH(w->arena, &w->nodes, n);
  w->node_of[id] = (uint32_t)w->nodes.count;
  return id;
}

/* Where `id`'s elements are: itself, or what it views. */
static TensorId viewed(const Graph *g, TensorId id) {
  while (tensor_at(g, id)->kind == TENSOR_RESHAPE) id = tensor_at(g, id)->source;
  return id;
}

/* What the roots depend on once all is folded: definitions that are read in a branch that this
   entry never takes are left out. */
static void make_definitions(Rewrite *r, const TensorId *roots, uint32_t n_roots) {
  Work *w = r->w;
  TensorList order = evaluation_order(w->graph, w->arena, roots, n_roots).list;
  Node *made = ARENA_ARRAY(w->arena, Node, order.count + 1);
  uint32_t *made_of = ARENA_ARRAY(w->arena, uint32_t, w->n_tensors + 1); /* 1 + its place */
  bool *needed = ARENA_ARRAY(w->arena, bool, w->n_tensors + 1);
  TensorList open = {ARENA_ARRAY(w->arena, TensorId, order.count + 1), 0};
  for (uint32_t i = 0; i < n_roots; i++) {
    TensorId root = viewed(w->graph, roots[i]);
    if (!needed[root]) open.items[open.count++] = root;
    needed[root] = true;
  }
  for (uint32_t i = 0; i < order.count; i++) made_of[order.items[i]] = i + 1;
  while (open.count > 0) {
    TensorId id = open.items[--open.count];
    TensorKind kind = tensor_at(w->graph, id)->kind;
    if (kind == TENSOR_DERIVATIVE)
      bug("lower", "%s is not differentiated yet", tensor_at(w->graph, id)->name);
    if (kind != TENSOR_DEFINITION) continue;
    Node *n = &made[made_of[id] - 1];
    *n = definition_node(r, id);
    for (size_t k = 0; k < n->reads.count; k++) {
      TensorId read = n->reads.items[k];
      if (!needed[read]) open.items[open.count++] = read;
      needed[read] = true;
    }
  }
  for (uint32_t i = 0; i < order.count; i++) {
    TensorId id = order.items[i];
    if (!needed[id] || tensor_at(w->graph, id)->kind != TENSOR_DEFINITION) continue;
    ARRAY_PUSH(w->arena, &w->nodes, made[i]);
    w->node_of[id] = (uint32_t)w->nodes.count;
  }
}

/* y[O] = value[O], stored in `buffer`; what reads nothing is computed again instead. */
static uint32_t add_copy(Rewrite *r, TensorId value, const char *name, BufferId buffer) {
  Work *w = r->w;
  const Tensor t = *tensor_at(w->graph, value);
  ExprId *at = ARENA_ARRAY(w->arena, ExprId, t.rank + 1);
  for (uint32_t i = 0; i < t.rank; i++) at[i] = expr_index(w->graph, i);
  bool known = t.kind == TENSOR_DEFINITION && node_at(w, w->node_of[value] - 1)->reads.count == 0;
  Node n;
  if (known) {
    n = *node_at(w, w->node_of[value] - 1);
  } else {
    n = (Node){.type = t.type, .rank = t.rank, .extents = t.extents, .index_names = t.index_names};
    n.body = t.kind == TENSOR_RESHAPE ? read_view(w->graph, value, at, EXPR_NONE)
                                      : expr_read(w->graph, value, at, t.rank, EXPR_NONE);
    n.body = normalize_indices(w->graph, n.body, node_ranges(&n));
  }
  n.tensor = TENSOR_NONE;
  n.name = name;
  n.buffer = buffer;
  n.replaces = TENSOR_NONE;
  n.reads.items = NULL;
  n.reads.count = n.reads.capacity = 0;
  collect_reads(w, &n);
  ARRAY_PUSH(w->arena, &w->nodes, n);
  return (uint32_t)(w->nodes.count - 1);
}

/* The caller's array, in the shape of a tensor of which the output may be a view. */
static BufferId output_buffer(Work *w, uint32_t number, TensorId holds) {
  const Output *output = &w->entry->outputs[number];
  const Tensor *t = tensor_at(w->graph, holds);
  ScalarType stored = tensor_stored(w->graph, holds);
  return add_buffer(w->plan, (Buffer){.kind = BUFFER_OUTPUT,
                                      .name = output->name,
                                      .tensor = holds,
                                      .type = t->type,
                                      .storage = stored == t->type ? TYPE_BOOL : stored,
                                      .rank = t->rank,
                                      .extents = t->extents,
                                      .strides = dense_strides(w->arena, t->rank, t->extents),
                                      .elements = tensor_size(t),
                                      .output = number,
                                      .entry = w->number});
}

static void make_output(Rewrite *r, uint32_t number) {
  Work *w = r->w;
  TensorId id = w->entry->outputs[number].tensor, source = viewed(w->graph, id);
  Node *n = w->node_of[source] == 0 ? NULL : node_at(w, w->node_of[source] - 1);
  if (n != NULL && n->buffer == BUFFER_NONE)
    n->buffer = output_buffer(w, number, source);
  else
    add_copy(r, id, w->entry->outputs[number].name, output_buffer(w, number, id));
}

static bool is_updated(const Work *w, TensorId id) {
  for (uint32_t i = 0; w->entry != NULL && i < w->entry->n_updates; i++)
    if (w->entry->updates[i].target == id) return true;
  return false;
}

/* A definition equal to `value`, in the workspace. */
static TensorId set_aside(Rewrite *r, TensorId value, const char *name) {
  Work *w = r->w;
  Tensor t = *tensor_at(w->graph, value);
  t.kind = TENSOR_DEFINITION;
  t.name = arena_printf(w->arena, "%s.old", name);
  TensorId id = graph_add(w->graph, t);
  uint32_t copy = add_copy(r, value, tensor_at(w->graph, id)->name, BUFFER_NONE);
  tensor_at(w->graph, id)->body = node_at(w, copy)->body;
  node_at(w, copy)->tensor = id;
  know_tensors(w);
  w->node_of[id] = copy + 1;
  return id;
}

/* The new value of `target`: stored there by the definition itself where that is possible, see
   order.c; by a copy where the value is stored elsewhere. */
static void make_update(Rewrite *r, TensorId target, TensorId value) {
  Work *w = r->w;
  const char *name = tensor_at(w->graph, target)->name;
  BufferId place = w->buffer_of[target];
  Node *n = w->node_of[value] == 0 ? NULL : node_at(w, w->node_of[value] - 1);
  if (n != NULL && n->buffer == BUFFER_NONE) {
    n->buffer = place;
    n->replaces = target;
    return;
  }
  if (value == target) return;
  if (is_updated(w, viewed(w->graph, value))) /* the old value of another: kept aside first */
    value = set_aside(r, value, name);
  node_at(w, add_copy(r, value, name, place))->replaces = target;
}

static void make_initial(Rewrite *r) {
  const Program *p = r->w->program;
  TensorId *roots = ARENA_ARRAY(r->w->arena, TensorId, p->n_params + p->n_states + 1);
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n_params; i++)
    roots[n++] = tensor_at(r->w->graph, p->params[i])->initial;
  for (uint32_t i = 0; i < p->n_states; i++)
    roots[n++] = tensor_at(r->w->graph, p->states[i])->initial;
  make_definitions(r, roots, n);
  for (uint32_t i = 0; i < n; i++)
    make_update(r, i < p->n_params ? p->params[i] : p->states[i - p->n_params], roots[i]);
}

void make_nodes(Work *w) {
  Rewrite r = {.w = w};
  const Entry *e = w->entry;
  if (e == NULL) {
    make_initial(&r);
    return;
  }
  TensorId *roots = ARENA_ARRAY(w->arena, TensorId, e->n_outputs + e->n_updates + 1);
  for (uint32_t i = 0; i < e->n_outputs; i++) roots[i] = e->outputs[i].tensor;
  for (uint32_t i = 0; i < e->n_updates; i++) roots[e->n_outputs + i] = e->updates[i].value;
  make_definitions(&r, roots, e->n_outputs + e->n_updates);
  for (uint32_t i = 0; i < e->n_outputs; i++) make_output(&r, i);
  for (uint32_t i = 0; i < e->n_updates; i++)
    make_update(&r, e->updates[i].target, e->updates[i].value);
}
