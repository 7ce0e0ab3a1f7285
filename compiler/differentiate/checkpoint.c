/* `scan … checkpoint k`: a recurrence over T steps becomes one over S = T / k segments of k steps,

       h.before[s]   = h.segments[s − 1, k − 1]                          the kept step
       h.segments[s, r] = f(h.segments[s, r − 1] ?? h.before[s])         step s·k + r
       h.again[s, r]    = f(h.again[s, r − 1]    ?? h.before[s])         the same once more
       h.last           = h.segments[S − 1, k − 1]
       h.rest[r]        = f(h.rest[r − 1] ?? h.last)                     the T mod k steps after
   them

   and h[t] reads h.segments[t / k, t mod k], or h.rest. The chain rule goes through h.segments, but
   what it reads of the values is read of h.again (reverse.c). So nobody outside of a segment reads
   h.segments, and nobody but the adjoint of the same segment h.again. Definitions that only the
   recurrence reads, and at the same step, are taken along: input products.

   When reads go ahead the segments run from the last to the first, and the rest are the first
   T mod k steps.

   Griewank 1992, "Achieving logarithmic growth of temporal and spatial complexity"; Chen et al.
   2016, "Training deep nets with sublinear memory cost", for k = √T. */
#include "differentiate/sweep.h"
#include <string.h>
#include "simplify/algebra.h"

/* One definition of the recurrence, and what it becomes. */
typedef struct Part {
  TensorId from;
  uint32_t axis; /* of its output indices: the step */
  bool member;   /* of the recurrence; else what only that reads */
  TensorId segments, rest, before, last;
} Part;

typedef struct Segmentation {
  Graph *graph;
  const Group *group;
  int64_t every, count; /* k, S */
  int64_t base;         /* the step at which the segments begin */
  int64_t rest, rest_base;
  TensorId first; /* the first tensor that is made */
  ARRAY(Part) parts;
} Segmentation;

static const Part *part_of(const Segmentation *g, TensorId id) {
  for (size_t i = 0; i < g->parts.count; i++)
    if (g->parts.items[i].from == id) return &g->parts.items[i];
  return NULL;
}

static ExprId integer(Graph *graph, int64_t value) { return expr_integer(graph, TYPE_I32, value); }

static ExprId plus(Graph *graph, ExprId a, int64_t constant) {
  return fold_op2(graph, constant < 0 ? OP_SUB : OP_ADD, a,
                  integer(graph, constant < 0 ? -constant : constant));
}

/* --- which definitions --- */

typedef struct Uses {
  Segmentation *g;
  const Tensor *reader;
  TensorId read;
  uint32_t reader_axis, axis; /* the step; UINT32_MAX: not known yet */
  bool fits;
} Uses;

/* Whether every read of it is at the reader's step. */
static void check_uses(Uses *u, ExprId id) {
  Graph *graph = u->g->graph;
  const Expr *e = expr_at(graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) check_uses(u, e->args[i]);
  if (e->fallback != EXPR_NONE) check_uses(u, e->fallback);
  if (e->kind != EXPR_READ || e->tensor != u->read) return;
  uint32_t found = UINT32_MAX;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(graph, e->args[i]);
    if (at->kind == EXPR_INDEX && at->index == u->reader_axis && found == UINT32_MAX) found = i;
  }
  u->fits = u->fits && found != UINT32_MAX && (u->axis == UINT32_MAX || u->axis == found) &&
            tensor_at(graph, u->read)->extents[found] == u->g->group->steps;
  u->axis = found;
}

static bool feeds_only(Segmentation *g, TensorId id, const TensorList *live, uint32_t *axis) {
  Graph *graph = g->graph;
  *axis = UINT32_MAX;
  for (uint32_t i = 0; i < live->count; i++) {
    const Tensor *reader = tensor_at(graph, live->items[i]);
    if (reader->source == id || reader->wrt == id || reader->seed == id) return false;
    if (reader->body == EXPR_NONE || !expr_reads(graph, reader->body, id)) continue;
    uint32_t position = group_position(g->group, live->items[i]);
    if (position == UINT32_MAX) return false;
    Uses uses = {g, reader, id, g->group->axis[position], *axis, true};
    check_uses(&uses, reader->body);
    if (!uses.fits) return false;
    *axis = uses.axis;
  }
  return *axis != UINT32_MAX;
}

static void find_parts(Segmentation *g, const TensorList *live, const bool *is_root) {
  const Group *group = g->group;
  for (uint32_t i = 0; i < live->count; i++) {
    TensorId id = live->items[i];
    uint32_t axis, position = group_position(group, id);
    Part part = {id, 0, position != UINT32_MAX, TENSOR_NONE, TENSOR_NONE, TENSOR_NONE, TENSOR_NONE};
    if (part.member)
      part.axis = group->axis[position];
    else if (!is_root[id] && tensor_at(g->graph, id)->kind == TENSOR_DEFINITION &&
             feeds_only(g, id, live, &axis))
      part.axis = axis;
    else
      continue;
    ARRAY_PUSH(g->graph->arena, &g->parts, part);
  }
}

/* --- the tensors --- */

/* As `from`, its step axis in two: the segment in front, the step within it in the old place. */
static TensorId add_segments(Segmentation *g, const Part *part, const char *what) {
  Graph *graph = g->graph;
  Tensor t = *tensor_at(graph, part->from);
  uint32_t n = t.rank + t.n_reduced;
  const int64_t *old = tensor_index_extents(&t, graph->arena);
  int64_t *extents = ARENA_ARRAY(graph->arena, int64_t, n + 2);
  const char **names = ARENA_ARRAY(graph->arena, const char *, n + 2);
  extents[0] = g->count;
  names[0] = "s";
  for (uint32_t i = 0; i < n; i++) {
    extents[i + 1] = i == part->axis ? g->every : old[i];
    names[i + 1] = i == part->axis ? "r" : t.index_names == NULL ? NULL : t.index_names[i];
  }
  t.name = arena_printf(graph->arena, "%s.%s", t.name, what);
  t.rank++;
  t.extents = extents;
  t.reduced_extents = extents + t.rank;
  t.index_names = names;
  t.checkpoint = 0;
  t.body = EXPR_NONE;
  return graph_add(graph, t);
}

static TensorId add_rest(Segmentation *g, const Part *part) {
  Graph *graph = g->graph;
  Tensor t = *tensor_at(graph, part->from);
  int64_t *extents = ARENA_ARRAY(graph->arena, int64_t, t.rank + 1);
  for (uint32_t i = 0; i < t.rank; i++) extents[i] = i == part->axis ? g->rest : t.extents[i];
  t.name = arena_printf(graph->arena, "%s.rest", t.name);
  t.extents = extents;
  t.checkpoint = 0;
  t.body = EXPR_NONE;
  return graph_add(graph, t);
}

/* The kept steps: [s, …, q at the step's place when several are, …]; q counts away from the
   segment. Those before the rest have no s. */
static TensorId add_before(Segmentation *g, const Part *part, bool rest) {
  Graph *graph = g->graph;
  const Tensor t = *tensor_at(graph, part->segments);
  int64_t reach = g->group->reach;
  bool ahead = g->group->ahead;
  Tensor before = tensor_new(TENSOR_DEFINITION, t.type);
  int64_t *extents = ARENA_ARRAY(graph->arena, int64_t, t.rank + 1);
  const char **names = ARENA_ARRAY(graph->arena, const char *, t.rank + 1);
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, t.rank + 1);
  uint32_t n = 0;
  for (uint32_t i = 0; i < t.rank; i++) {
    bool step = i == part->axis + 1;
    if (step && reach == 1) {
      at[i] = integer(graph, ahead ? 0 : g->every - 1);
      continue;
    }
    if (i == 0 && rest) {
      at[i] = integer(graph, ahead ? 0 : g->count - 1);
      continue;
    }
    ExprId v = expr_index(graph, n);
    at[i] = i == 0  ? plus(graph, v, ahead ? 1 : -1)
            : !step ? v
            : ahead ? v
                    : fold_op2(graph, OP_SUB, integer(graph, g->every - 1), v);
    extents[n] = step ? reach : t.extents[i];
    names[n++] = step ? "q" : t.index_names[i];
  }
  const char *what = rest ? "last" : "before";
  before.name = arena_printf(graph->arena, "%s.%s", tensor_at(graph, part->from)->name, what);
  before.named = before.kept = true;
  before.rank = n;
  before.extents = extents;
  before.index_names = names;
  before.span = t.span;
  before.origin = t.origin;
  before.use = t.use;
  ExprId none = rest ? EXPR_NONE : expr_number(graph, t.type, 0);
  before.body = expr_read(graph, part->segments, at, t.rank, none);
  return graph_add(graph, before);
}

static void add_tensors(Segmentation *g) {
  for (size_t i = 0; i < g->parts.count; i++) {
    Part *part = &g->parts.items[i];
    part->segments = add_segments(g, part, "segments");
    if (g->rest > 0) part->rest = add_rest(g, part);
    if (part->member) part->before = add_before(g, part, false);
    if (part->member && g->rest > 0) part->last = add_before(g, part, true);
  }
  for (size_t i = 0; i < g->parts.count; i++) {
    const Part *part = &g->parts.items[i];
    TensorId again = add_segments(g, part, "again");
    if (!part->member) { /* equal, but no two names for the same: each is computed in its loop */
      tensor_at(g->graph, part->segments)->named = true;
      tensor_at(g->graph, again)->named = true;
    }
    tensor_at(g->graph, part->segments)->again = again;
    tensor_at(g->graph, part->segments)->from_end = g->group->ahead;
  }
}

/* --- the bodies --- */

typedef struct Body {
  Segmentation *g;
  const Part *reader;
  bool rest; /* of the rest's definition; else of the segments' */
} Body;

/* args of a read of `part`, already rewritten, with the segment in front and `step` in place. */
static ExprId read_segments(const Body *b, const Part *part, ExprId segment, ExprId step,
                            const ExprId *args, uint32_t n, ExprId fallback) {
  Graph *graph = b->g->graph;
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, n + 2);
  at[0] = segment;
  for (uint32_t i = 0; i < n; i++) at[i + 1] = i == part->axis ? step : args[i];
  return expr_read(graph, part->segments, at, n + 1, fallback);
}

/* What is read where the step lies before the segment (or behind it, when reads go ahead). */
static ExprId read_before(const Body *b, const Part *part, ExprId step, const ExprId *args,
                          uint32_t n, ExprId fallback) {
  const Segmentation *g = b->g;
  Graph *graph = g->graph;
  bool ahead = g->group->ahead;
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, n + 2), segment = expr_index(graph, 0);
  uint32_t rank = 0;
  if (!b->rest) at[rank++] = segment;
  for (uint32_t i = 0; i < n; i++) {
    if (i != part->axis)
      at[rank++] = args[i];
    else if (g->group->reach > 1)
      at[rank++] = ahead ? plus(graph, step, b->rest ? -g->rest : -g->every)
                         : fold_op2(graph, OP_SUB, integer(graph, -1), step);
  }
  if (b->rest) return expr_read(graph, part->last, at, rank, fallback);
  ExprId kept = expr_read(graph, part->before, at, rank, fallback);
  if (fallback == EXPR_NONE || expr_is_number(graph, fallback, 0)) return kept;
  ExprId edge = fold_op2(graph, OP_EQ, segment, integer(graph, ahead ? g->count - 1 : 0));
  return fold_op3(graph, OP_WHERE, edge, fallback, kept);
}

static ExprId rewrite_read(const Body *b, const Part *part, int64_t step, const ExprId *args,
                           uint32_t n, ExprId fallback) {
  const Segmentation *g = b->g;
  Graph *graph = g->graph;
  if (!b->rest) {
    ExprId at = plus(graph, expr_index(graph, b->reader->axis + 1), step);
    if (step != 0) fallback = read_before(b, part, at, args, n, fallback);
    return read_segments(b, part, expr_index(graph, 0), at, args, n, fallback);
  }
  ExprId at = plus(graph, expr_index(graph, b->reader->axis), step);
  if (step != 0) fallback = read_before(b, part, at, args, n, fallback);
  ExprId *within = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  for (uint32_t i = 0; i < n; i++) within[i] = i == part->axis ? at : args[i];
  return expr_read(graph, part->rest, within, n, fallback);
}

/* Index variables of `from` as those of what it becomes. */
static ExprId index_of(const Body *b, uint32_t v) {
  const Segmentation *g = b->g;
  Graph *graph = g->graph;
  if (v != b->reader->axis) return expr_index(graph, b->rest ? v : v + 1);
  if (b->rest) return plus(graph, expr_index(graph, v), g->rest_base);
  ExprId start = fold_op2(graph, OP_MUL, integer(graph, g->every), expr_index(graph, 0));
  return plus(graph, fold_op2(graph, OP_ADD, start, expr_index(graph, v + 1)), g->base);
}

static ExprId rewrite(const Body *b, ExprId id, ExprId *done) {
  Graph *graph = b->g->graph;
  if (done[id] != EXPR_NONE) return done[id];
  const Expr e = *expr_at(graph, id);
  ExprId made = id;
  if (e.kind == EXPR_INDEX) {
    made = index_of(b, e.index);
  } else if (e.kind != EXPR_CONST) {
    ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
    for (uint32_t i = 0; i < e.n_args; i++) args[i] = rewrite(b, e.args[i], done);
    ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : rewrite(b, e.fallback, done);
    const Part *part = e.kind == EXPR_READ ? part_of(b->g, e.tensor) : NULL;
    uint32_t variable;
    int64_t step = 0;
    if (part != NULL &&
        (!stepped(graph, e.args[part->axis], &variable, &step) || variable != b->reader->axis))
      bug("checkpoint", "%s is not read along the steps", tensor_at(graph, e.tensor)->name);
    made = part != NULL ? rewrite_read(b, part, step, args, e.n_args, fallback)
                        : expr_rebuild(graph, id, args, fallback);
  }
  done[id] = made;
  return made;
}

static ExprId rewritten(Segmentation *g, const Part *part, bool rest) {
  Body b = {g, part, rest};
  uint32_t n = g->graph->n_exprs;
  ExprId *done = ARENA_ARRAY(g->graph->arena, ExprId, n + 1);
  memset(done, 0xff, (n + 1) * sizeof *done);
  return rewrite(&b, tensor_at(g->graph, part->from)->body, done);
}

ExprId read_again(Graph *graph, ExprId id) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = read_again(graph, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : read_again(graph, e.fallback);
  if (e.kind == EXPR_READ && tensor_at(graph, e.tensor)->again != TENSOR_NONE)
    return expr_read(graph, tensor_at(graph, e.tensor)->again, args, e.n_args, fallback);
  return expr_rebuild(graph, id, args, fallback);
}

static void define_bodies(Segmentation *g) {
  Graph *graph = g->graph;
  for (size_t i = 0; i < g->parts.count; i++) {
    const Part *part = &g->parts.items[i];
    ExprId body = rewritten(g, part, false);
    tensor_at(graph, part->segments)->body = body;
    ExprId again = read_again(graph, body);
    tensor_at(graph, tensor_at(graph, part->segments)->again)->body = again;
    if (part->rest == TENSOR_NONE) continue;
    ExprId rest = rewritten(g, part, true);
    tensor_at(graph, part->rest)->body = rest;
  }
}

/* --- those who read it --- */

/* The value at step `t`, args as of `from`; t any expression. */
static ExprId whole_value(Segmentation *g, const Part *part, ExprId t, const ExprId *args,
                          uint32_t n) {
  Graph *graph = g->graph;
  Body b = {g, part, false};
  ExprId every = integer(graph, g->every), from = plus(graph, t, -g->base);
  ExprId inside = read_segments(&b, part, fold_op2(graph, OP_DIV, from, every),
                                fold_op2(graph, OP_MOD, from, every), args, n, EXPR_NONE);
  if (g->rest == 0) return inside;
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  for (uint32_t i = 0; i < n; i++)
    at[i] = i == part->axis ? plus(graph, t, -g->rest_base) : args[i];
  ExprId rest = expr_read(graph, part->rest, at, n, EXPR_NONE);
  ExprId before =
      fold_op2(graph, OP_LT, t, integer(graph, g->group->ahead ? g->base : g->rest_base));
  return g->group->ahead ? fold_op3(graph, OP_WHERE, before, rest, inside)
                         : fold_op3(graph, OP_WHERE, before, inside, rest);
}

/* Reads of one step, a constant, are read where that is. */
static ExprId redirect(Segmentation *g, ExprId id, ExprId *done) {
  Graph *graph = g->graph;
  if (done[id] != EXPR_NONE) return done[id];
  const Expr e = *expr_at(graph, id);
  ExprId made = id;
  if (e.kind != EXPR_CONST && e.kind != EXPR_INDEX) {
    ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
    for (uint32_t i = 0; i < e.n_args; i++) args[i] = redirect(g, e.args[i], done);
    ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : redirect(g, e.fallback, done);
    const Part *part = e.kind == EXPR_READ && fallback == EXPR_NONE ? part_of(g, e.tensor) : NULL;
    bool one = part != NULL && part->member && expr_at(graph, args[part->axis])->kind == EXPR_CONST;
    made = one ? whole_value(g, part, args[part->axis], args, e.n_args)
               : expr_rebuild(graph, id, args, fallback);
  }
  done[id] = made;
  return made;
}

static void redirect_readers(Segmentation *g) {
  Graph *graph = g->graph;
  uint32_t n = graph->n_exprs;
  ExprId *done = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  memset(done, 0xff, (n + 1) * sizeof *done);
  for (TensorId id = 0; id < g->first; id++) {
    const Tensor *t = tensor_at(graph, id);
    if (t->kind != TENSOR_DEFINITION || t->body == EXPR_NONE || part_of(g, id) != NULL) continue;
    ExprId body = redirect(g, t->body, done);
    tensor_at(graph, id)->body = body;
  }
}

/* h[t] from its segments, for those who read all steps. */
static void define_whole(Segmentation *g) {
  Graph *graph = g->graph;
  for (size_t i = 0; i < g->parts.count; i++) {
    const Part *part = &g->parts.items[i];
    if (!part->member) continue;
    uint32_t rank = tensor_at(graph, part->from)->rank;
    ExprId *at = ARENA_ARRAY(graph->arena, ExprId, rank + 1);
    for (uint32_t k = 0; k < rank; k++) at[k] = expr_index(graph, k);
    ExprId body = whole_value(g, part, at[part->axis], at, rank);
    Tensor *t = tensor_at(graph, part->from);
    t->body = body;
    t->reduction = REDUCE_NONE;
    t->n_reduced = 0;
    t->checkpoint = 0;
  }
}

/* --- all --- */

static int64_t checkpoint_of(const Graph *graph, const Group *group) {
  for (uint32_t i = 0; i < group->n_members; i++) {
    const Tensor *t = tensor_at(graph, group->members[i]);
    if (t->checkpoint != 0 && t->step_axis == group->axis[i]) return t->checkpoint;
  }
  return 0;
}

static bool has_own_rule(const Segmentation *g) {
  for (size_t i = 0; i < g->parts.count; i++)
    if (tensor_at(g->graph, g->parts.items[i].from)->rule != NULL) return true;
  return false;
}

static void split(Graph *graph, const Group *group, const TensorList *live, const bool *is_root) {
  Segmentation g = {.graph = graph, .group = group, .first = graph->n_tensors};
  g.every = checkpoint_of(graph, group);
  if (g.every < group->reach) g.every = group->reach;
  if (g.every == 1 || g.every >= group->steps) return; /* all steps are kept */
  g.count = group->steps / g.every;
  g.rest = group->steps % g.every;
  g.base = group->ahead ? g.rest : 0;
  g.rest_base = group->ahead ? 0 : g.count * g.every;
  find_parts(&g, live, is_root);
  if (has_own_rule(&g)) return; /* which is about the definition as it stands */
  add_tensors(&g);
  define_bodies(&g);
  redirect_readers(&g);
  define_whole(&g);
}

/* The outermost of those that have a checkpoint. */
static void split_in(Graph *graph, const Group *group, const TensorList *live,
                     const bool *is_root) {
  if (checkpoint_of(graph, group) != 0) {
    split(graph, group, live, is_root);
    return;
  }
  for (uint32_t i = 0; i < group->n_items; i++)
    if (group->items[i].inner != NULL) split_in(graph, group->items[i].inner, live, is_root);
}

static bool has_checkpoint(const Graph *graph) {
  for (TensorId id = 0; id < graph->n_tensors; id++)
    if (tensor_at(graph, id)->checkpoint != 0) return true;
  return false;
}

void split_checkpoints(Program *program) {
  Graph *graph = program->graph;
  Arena *arena = program->arena;
  if (!has_checkpoint(graph)) return;
  TensorId *backward = ARENA_ARRAY(arena, TensorId, graph->n_tensors + 1);
  uint32_t n = 0;
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    const Tensor *t = tensor_at(graph, id);
    if (t->kind == TENSOR_DERIVATIVE && t->derivative != DERIVATIVE_JVP) backward[n++] = t->source;
  }
  TensorList roots = program_roots(program, arena);
  bool *is_root = ARENA_ARRAY(arena, bool, graph->n_tensors + 1);
  TensorId *all = ARENA_ARRAY(arena, TensorId, roots.count + n + 1);
  for (uint32_t i = 0; i < roots.count; i++) is_root[all[i] = roots.items[i]] = true;
  for (uint32_t i = 0; i < n; i++) is_root[all[roots.count + i] = backward[i]] = true;
  TensorList live = graph_order(graph, arena, all, roots.count + n);
  EvaluationOrder order = evaluation_order(graph, arena, backward, n);
  for (uint32_t i = 0; i < order.list.count; i++)
    if (order.groups[i] != NULL && (i == 0 || order.groups[i - 1] != order.groups[i]))
      split_in(graph, order.groups[i], &live, is_root);
}
