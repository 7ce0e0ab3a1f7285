/* Copies of what leads from x to f at a point:

       t[O] = reduce over R of e(O, R)    becomes    t′[S, O] = reduce over R of e′(S, O, R)

   with those of S in front that t has no axis for, where in e′ a read of x at its own point is one
   of x′, and a read of what is copied, at its own point, one of the copy. */
#include "elaborate/lift.h"

/* --- S in tensors --- */

/* Which output index of the tensor is variable s; UINT32_MAX: none. */
static uint32_t axis_of(const Lift *l, TensorId id, uint32_t s) {
  const uint32_t *variables = axis_variables(l->e, id);
  for (uint32_t i = 0; variables != NULL && i < tensor_at(l->graph, id)->rank; i++)
    if (variables[i] == s) return i;
  return UINT32_MAX;
}

/* The variables of S that the tensor has no axis for. */
static uint32_t missing(const Lift *l, TensorId id, uint32_t *numbers) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < l->n_shared; i++)
    if (axis_of(l, id, l->shared[i]) == UINT32_MAX) numbers[n++] = l->shared[i];
  return n;
}

/* Whether the read, in the body of `reader`, is at the reader's own point. */
static bool is_own_point(const Lift *l, TensorId reader, const Expr *read) {
  for (uint32_t i = 0; i < l->n_shared; i++) {
    uint32_t axis = axis_of(l, read->tensor, l->shared[i]);
    if (axis == UINT32_MAX) continue;
    const Expr *at = expr_at(l->graph, read->args[axis]);
    if (at->kind != EXPR_INDEX || at->index != axis_of(l, reader, l->shared[i])) return false;
  }
  return true;
}

/* --- reads of x --- */

/* Whether `id`, in the body of `reader`, is the place with its axes at `at`, which are found. */
static bool matches(const Lift *l, TensorId reader, ExprId place, ExprId id, ExprId *at) {
  const Expr *p = expr_at(l->graph, place), *x = expr_at(l->graph, id);
  if (p->kind == EXPR_INDEX && p->index < FIRST_INDEX) {
    if (at[p->index] == EXPR_NONE) at[p->index] = id;
    return at[p->index] == id;
  }
  if (p->kind == EXPR_INDEX)
    return x->kind == EXPR_INDEX && x->index == axis_of(l, reader, p->index);
  if (p->kind == EXPR_CONST) return place == id;
  if (p->kind != x->kind || p->type != x->type || p->n_args != x->n_args || p->op != x->op ||
      p->tensor != x->tensor)
    return false;
  for (uint32_t i = 0; i < p->n_args; i++)
    if (!matches(l, reader, p->args[i], x->args[i], at)) return false;
  return p->fallback == EXPR_NONE ||
         (x->fallback != EXPR_NONE && matches(l, reader, p->fallback, x->fallback, at));
}

static bool is_place(const Lift *l, TensorId reader, ExprId id, ExprId *at) {
  for (uint32_t i = 0; i < l->rank; i++) at[i] = EXPR_NONE;
  return expr_at(l->graph, id)->kind == EXPR_READ && matches(l, reader, l->place, id, at);
}

/* --- what depends on x --- */

/* A name of the scan that is read above its definition could depend on anything. */
static void notice_early(Lift *l, TensorId reader, const Expr *read) {
  if (read->kind != EXPR_READ || l->seed[read->tensor]) return;
  bool open = tensor_at(l->graph, read->tensor)->kind == TENSOR_STAND_IN;
  uint32_t lacks[MAX_AXES];
  if (open && missing(l, read->tensor, lacks) < l->n_shared && is_own_point(l, reader, read))
    l->early = read->tensor;
}

static bool body_depends(Lift *l, TensorId reader, ExprId id) {
  ExprId at[MAX_AXES];
  if (l->seen[id] == l->walk) return false;
  l->seen[id] = l->walk;
  const Expr *e = expr_at(l->graph, id);
  if (is_place(l, reader, id, at)) return true;
  notice_early(l, reader, e);
  if (e->kind == EXPR_READ && !is_own_point(l, reader, e)) return false;
  if (e->kind == EXPR_READ && l->depends[e->tensor]) return true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (body_depends(l, reader, e->args[i])) return true;
  return e->fallback != EXPR_NONE && body_depends(l, reader, e->fallback);
}

static bool is_whole_place(const Lift *l, TensorId id) {
  const Expr *place = expr_at(l->graph, l->place);
  return place->tensor == id && place->fallback == EXPR_NONE;
}

static bool depends_on_x(Lift *l, TensorId id) {
  const Tensor *t = tensor_at(l->graph, id);
  if (t->kind == TENSOR_RESHAPE) return l->depends[t->source];
  if (t->kind != TENSOR_DEFINITION) return false;
  for (uint32_t i = 0; t->rule != NULL && i < t->rule->n; i++)
    if (l->depends[t->rule->wrt[i]] || is_whole_place(l, t->rule->wrt[i])) return true;
  l->walk++;
  return t->rule == NULL && body_depends(l, id, t->body);
}

static void add_tensors(Lift *l, bool *known, const TensorId *roots, uint32_t n) {
  TensorList order = graph_order(l->graph, l->graph->arena, roots, n);
  for (uint32_t i = 0; i < order.count; i++) {
    if (known[order.items[i]]) continue;
    known[order.items[i]] = true;
    l->tensors.items[l->tensors.count++] = order.items[i];
  }
}

/* Own rules are copied too: their seed depends on x if their definition does, and with it their
   shares. */
static bool spread_to_rule(const Lift *l, TensorId id) {
  const OwnRule *rule = tensor_at(l->graph, id)->rule;
  if (rule == NULL || l->depends[rule->seed]) return false;
  l->depends[rule->seed] = true;
  for (uint32_t i = 0; i < rule->n; i++) {
    l->depends[rule->shares[i]] = true;
    l->depends[rule->wrt[i]] = true;
  }
  return true;
}

void lift_find(Lift *l, TensorId f) {
  l->end = l->graph->n_tensors;
  bool *known = ARENA_ARRAY(l->graph->arena, bool, l->end);
  l->depends = ARENA_ARRAY(l->graph->arena, bool, l->end);
  l->seen = ARENA_ARRAY(l->graph->arena, uint32_t, l->graph->n_exprs + 1);
  l->seed = ARENA_ARRAY(l->graph->arena, bool, l->end);
  l->tensors.items = ARENA_ARRAY(l->graph->arena, TensorId, l->end);
  add_tensors(l, known, &f, 1);
  for (uint32_t i = 0; i < l->tensors.count; i++) {
    const OwnRule *rule = tensor_at(l->graph, l->tensors.items[i])->rule;
    if (rule == NULL) continue;
    l->seed[rule->seed] = true;
    add_tensors(l, known, rule->shares, rule->n);
  }
  for (bool more = true; more;) {
    more = false;
    for (uint32_t i = 0; i < l->tensors.count; i++) {
      TensorId id = l->tensors.items[i];
      bool before = l->depends[id];
      l->depends[id] = before || depends_on_x(l, id);
      more = (l->depends[id] && spread_to_rule(l, id)) || l->depends[id] != before || more;
    }
  }
}

/* --- copies --- */

TensorId lift_add(const Lift *l, Tensor t, const uint32_t *first, uint32_t n, const uint32_t *own) {
  Elaborator *e = l->e;
  uint32_t total = n + t.rank + t.n_reduced;
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, total + 1);
  const char **names = ARENA_ARRAY(e->arena, const char *, total + 1);
  uint32_t *variables = ARENA_ARRAY(e->arena, uint32_t, n + t.rank + 1);
  for (uint32_t i = 0; i < n; i++) {
    const IndexVariable *index = &e->indices.items[first[i] - FIRST_INDEX];
    extents[i] = index->extent;
    names[i] = index->name;
    variables[i] = first[i];
  }
  for (uint32_t i = 0; i < t.rank; i++) {
    extents[n + i] = t.extents[i];
    variables[n + i] = own == NULL ? 0 : own[i];
  }
  for (uint32_t i = 0; t.index_names != NULL && i < t.rank + t.n_reduced; i++)
    names[n + i] = t.index_names[i];
  const char *name = t.name;
  t.name = "at.point"; /* it takes no name from others */
  t.rank += n;
  t.extents = extents;
  t.index_names = names;
  t.points = 0;
  for (uint32_t i = 0; i < t.rank; i++)
    for (uint32_t k = 0; k < l->n_shared; k++)
      if (variables[i] == l->shared[k]) t.points |= (uint64_t)1 << i;
  TensorId id = graph_add(l->graph, t);
  tensor_at(l->graph, id)->name = name;
  set_axis_variables(e, id, variables);
  return id;
}

static TensorId add_copy(const Lift *l, TensorId id) {
  Tensor t = *tensor_at(l->graph, id);
  uint32_t lacks[MAX_AXES], n = missing(l, id, lacks);
  t.named = false;
  t.checkpoint = 0;
  t.unsolved = NULL;
  t.body = EXPR_NONE;
  return lift_add(l, t, lacks, n, axis_variables(l->e, id));
}

typedef struct Move {
  Lift *lift;
  TensorId reader;
  uint32_t n_missing, missing[MAX_AXES];
  ExprId *done; /* per expression */
  uint32_t n_done;
} Move;

/* Variable s of S in the copy of the reader. */
static ExprId shared_index(const Move *m, uint32_t s) {
  const Lift *l = m->lift;
  uint32_t axis = axis_of(l, m->reader, s);
  for (uint32_t i = 0; axis == UINT32_MAX && i < m->n_missing; i++)
    if (m->missing[i] == s) return expr_index(l->graph, i);
  return expr_index(l->graph, axis + m->n_missing);
}

static ExprId move_expr(Move *m, ExprId id);

/* A read of `tensor` at variables `first` of S, then at `rest`, moved. */
static ExprId moved_read(Move *m, TensorId tensor, const uint32_t *first, uint32_t n_first,
                         const ExprId *rest, uint32_t n_rest, ExprId fallback) {
  Graph *graph = m->lift->graph;
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, n_first + n_rest + 1);
  for (uint32_t i = 0; i < n_first; i++) at[i] = shared_index(m, first[i]);
  for (uint32_t i = 0; i < n_rest; i++) at[n_first + i] = move_expr(m, rest[i]);
  if (fallback != EXPR_NONE) fallback = move_expr(m, fallback);
  return expr_read(graph, tensor, at, n_first + n_rest, fallback);
}

/* What is read of another point, with the default that it has there. */
static ExprId shifted(const Move *m, ExprId id) {
  Graph *graph = m->lift->graph;
  const Tensor *t = tensor_at(graph, m->reader);
  uint32_t n = t->rank + t->n_reduced;
  ExprId *with = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  for (uint32_t i = 0; i < n; i++) with[i] = expr_index(graph, m->n_missing + i);
  return expr_substitute(graph, id, with, n);
}

static ExprId move_new(Move *m, ExprId id) {
  Lift *l = m->lift;
  Graph *graph = l->graph;
  const Expr e = *expr_at(graph, id);
  ExprId at[MAX_AXES];
  if (e.kind == EXPR_INDEX) return expr_index(graph, e.index + m->n_missing);
  if (is_place(l, m->reader, id, at)) {
    bool own = expr_at(graph, l->place)->fallback != EXPR_NONE;
    return moved_read(m, l->x, l->shared, l->n_shared, at, l->rank, own ? EXPR_NONE : e.fallback);
  }
  if (e.kind == EXPR_READ && !is_own_point(l, m->reader, &e)) return shifted(m, id);
  if (e.kind == EXPR_READ && l->depends[e.tensor]) {
    uint32_t lacks[MAX_AXES], n = missing(l, e.tensor, lacks);
    return moved_read(m, l->copies[e.tensor], lacks, n, e.args, e.n_args, e.fallback);
  }
  notice_early(l, m->reader, &e);
  if (e.n_args == 0 && e.fallback == EXPR_NONE) return id;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = move_expr(m, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : move_expr(m, e.fallback);
  return expr_rebuild(graph, id, args, fallback);
}

static ExprId move_expr(Move *m, ExprId id) {
  if (id < m->n_done && m->done[id] != EXPR_NONE) return m->done[id];
  ExprId moved = move_new(m, id);
  if (id < m->n_done) m->done[id] = moved;
  return moved;
}

static Move move_into_copy(Lift *l, TensorId id) {
  Move m = {.lift = l, .reader = id, .n_done = l->graph->n_exprs};
  m.n_missing = missing(l, id, m.missing);
  m.done = ARENA_ARRAY(l->graph->arena, ExprId, m.n_done + 1);
  for (uint32_t i = 0; i < m.n_done; i++) m.done[i] = EXPR_NONE;
  return m;
}

static const OwnRule *copy_rule(Lift *l, Move *m, const OwnRule *rule) {
  Arena *arena = l->graph->arena;
  OwnRule *copy = ARENA_NEW(arena, OwnRule);
  TensorId *wrt = ARENA_ARRAY(arena, TensorId, rule->n + 1);
  TensorId *shares = ARENA_ARRAY(arena, TensorId, rule->n + 1);
  ExprId *touched = ARENA_ARRAY(arena, ExprId, rule->n + 1);
  for (uint32_t i = 0; i < rule->n; i++) {
    const Expr touch = *expr_at(l->graph, rule->touched[i]);
    uint32_t lacks[MAX_AXES], n = missing(l, rule->wrt[i], lacks);
    wrt[i] = l->copies[rule->wrt[i]];
    shares[i] = l->copies[rule->shares[i]];
    touched[i] = moved_read(m, wrt[i], lacks, n, touch.args, touch.n_args, EXPR_NONE);
  }
  *copy = *rule;
  copy->seed = l->copies[rule->seed];
  copy->wrt = wrt;
  copy->shares = shares;
  copy->touched = touched;
  return copy;
}

static void fill_copy(Lift *l, TensorId id) {
  const Tensor t = *tensor_at(l->graph, id);
  Move m = move_into_copy(l, id);
  TensorId copy = l->copies[id];
  if (t.kind == TENSOR_RESHAPE) tensor_at(l->graph, copy)->source = l->copies[t.source];
  ExprId body = EXPR_NONE;
  if (is_whole_place(l, id)) /* x as a rule's own: x′ by the name that it has there */
    body = move_expr(&m, expr_read_whole(l->graph, id));
  else if (t.kind == TENSOR_DEFINITION)
    body = move_expr(&m, t.body);
  const OwnRule *rule = t.rule == NULL ? NULL : copy_rule(l, &m, t.rule);
  Tensor *made = tensor_at(l->graph, copy);
  made->body = body;
  made->rule = rule;
  if (body != EXPR_NONE) made->kind = TENSOR_DEFINITION;
}

void lift_copy(Lift *l) {
  l->copies = ARENA_ARRAY(l->graph->arena, TensorId, l->end);
  for (uint32_t i = 0; i < l->end; i++) l->copies[i] = TENSOR_NONE;
  for (uint32_t i = 0; i < l->tensors.count; i++)
    if (l->depends[l->tensors.items[i]])
      l->copies[l->tensors.items[i]] = add_copy(l, l->tensors.items[i]);
  for (uint32_t i = 0; i < l->tensors.count; i++)
    if (l->depends[l->tensors.items[i]]) fill_copy(l, l->tensors.items[i]);
}

/* --- back from the copies --- */

typedef struct Back {
  const Lift *lift;
  TensorId *of; /* per copy, from `end` on: what it copies */
  ExprId *done;
  uint32_t n_done;
} Back;

/* x itself at x′[s, at]. */
static ExprId place_at(const Lift *l, const ExprId *args, ExprId fallback) {
  uint32_t n = FIRST_INDEX + (uint32_t)l->e->indices.count;
  ExprId *with = ARENA_ARRAY(l->graph->arena, ExprId, n);
  for (uint32_t i = 0; i < n; i++) with[i] = EXPR_NONE;
  for (uint32_t i = 0; i < l->n_shared; i++) with[l->shared[i]] = args[i];
  for (uint32_t i = 0; i < l->rank; i++) with[i] = args[l->n_shared + i];
  ExprId made = expr_substitute(l->graph, l->place, with, n);
  if (fallback == EXPR_NONE) return made;
  const Expr read = *expr_at(l->graph, made);
  return expr_read(l->graph, read.tensor, read.args, read.n_args, fallback);
}

static ExprId back(Back *b, ExprId id) {
  const Lift *l = b->lift;
  if (id < b->n_done && b->done[id] != EXPR_NONE) return b->done[id];
  const Expr e = *expr_at(l->graph, id);
  ExprId made = id;
  if (e.n_args > 0 || e.fallback != EXPR_NONE) {
    ExprId *args = ARENA_ARRAY(l->graph->arena, ExprId, e.n_args + 1);
    for (uint32_t i = 0; i < e.n_args; i++) args[i] = back(b, e.args[i]);
    ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : back(b, e.fallback);
    TensorId of =
        e.kind == EXPR_READ && e.tensor >= l->end ? b->of[e.tensor - l->end] : TENSOR_NONE;
    uint32_t lacks = of == TENSOR_NONE ? 0 : e.n_args - tensor_at(l->graph, of)->rank;
    if (e.kind == EXPR_READ && e.tensor == l->x)
      made = place_at(l, args, fallback);
    else if (of != TENSOR_NONE)
      made = expr_read(l->graph, of, args + lacks, e.n_args - lacks, fallback);
    else
      made = expr_rebuild(l->graph, id, args, fallback);
  }
  if (id < b->n_done) b->done[id] = made;
  return made;
}

static TensorId original(const Back *b, TensorId id) {
  const Lift *l = b->lift;
  if (id == l->x) {
    TensorId x = expr_at(l->graph, l->place)->tensor;
    return tensor_at(l->graph, x)->kind == TENSOR_STAND_IN ? TENSOR_NONE : x;
  }
  bool copied = id != TENSOR_NONE && id >= l->end && b->of[id - l->end] != TENSOR_NONE;
  return copied ? b->of[id - l->end] : id;
}

void lift_replace(const Lift *l) {
  Graph *graph = l->graph;
  Back b = {.lift = l, .n_done = graph->n_exprs};
  b.of = ARENA_ARRAY(graph->arena, TensorId, graph->n_tensors - l->end + 1);
  b.done = ARENA_ARRAY(graph->arena, ExprId, b.n_done + 1);
  for (uint32_t i = 0; i < b.n_done; i++) b.done[i] = EXPR_NONE;
  for (TensorId id = l->end; id < graph->n_tensors; id++) b.of[id - l->end] = TENSOR_NONE;
  for (TensorId id = 0; id < l->end; id++)
    if (l->copies[id] != TENSOR_NONE) b.of[l->copies[id] - l->end] = id;
  for (TensorId id = l->end; id < graph->n_tensors; id++) {
    ExprId body = tensor_at(graph, id)->body;
    if (body != EXPR_NONE) body = back(&b, body);
    Tensor *t = tensor_at(graph, id);
    t->body = body;
    t->adjoint_of = original(&b, t->adjoint_of);
  }
}
