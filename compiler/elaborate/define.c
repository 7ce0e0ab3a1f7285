/* Values become definitions. */
#include <string.h>
#include "elaborate/elaborator.h"

/* The variables that become axes of the definition, in order: index variables of the notation
   around it, those of the left-hand side, axes of the value. What draws random numbers inside a
   scan draws them at every step. */
static uint32_t output_variables(Elaborator *e, const Value *v, const Making *making,
                                 uint32_t **variables) {
  bool drawn = expr_uses_index(e->graph, v->body, RANDOM_POINT);
  const uint32_t *around = drawn ? e->steps.items : making->around;
  uint32_t n_around = drawn ? (uint32_t)e->steps.count : making->n_around;
  uint32_t *free, n_free = value_indices_with(e, v->body, around, n_around, &free);
  uint32_t n = 0;
  *variables = ARENA_ARRAY(e->arena, uint32_t, n_free + making->n_own + v->rank + 1);
  for (uint32_t i = 0; i < n_free; i++)
    if (!is_among(free[i], making->own, making->n_own) &&
        !is_among(free[i], making->reduced, making->n_reduced))
      (*variables)[n++] = free[i];
  for (uint32_t i = 0; i < making->n_own; i++) (*variables)[n++] = making->own[i];
  for (uint32_t i = 0; i < v->rank; i++)
    if (!is_among(i, making->reduced, making->n_reduced)) (*variables)[n++] = i;
  return n;
}

static void set_extent(Elaborator *e, const Value *v, uint32_t variable, int64_t *extent) {
  if (variable < FIRST_INDEX) {
    *extent = v->extents[variable];
    return;
  }
  IndexVariable *index = &e->indices.items[variable - FIRST_INDEX];
  *extent = index->extent;
  ARRAY_PUSH(e->arena, &index->uses, extent);
}

static const char *variable_name(const Elaborator *e, const Value *v, uint32_t variable) {
  if (variable >= FIRST_INDEX) return e->indices.items[variable - FIRST_INDEX].name;
  return v->axis_names == NULL ? NULL : v->axis_names[variable];
}

const uint32_t *axis_variables(const Elaborator *e, TensorId id) {
  if (id < e->first_open || id - e->first_open >= e->axes.count) return NULL;
  return e->axes.items[id - e->first_open];
}

void set_axis_variables(Elaborator *e, TensorId id, const uint32_t *variables) {
  while (e->axes.count <= id - e->first_open) ARRAY_PUSH(e->arena, &e->axes, NULL);
  e->axes.items[id - e->first_open] = variables;
}

void forget_axis_variables(Elaborator *e) {
  e->first_open = e->graph->n_tensors;
  e->axes.count = 0;
}

/* The outermost `checkpoint` that it stands in. */
void set_checkpoint(const Elaborator *e, Tensor *t, const uint32_t *outputs) {
  t->checkpoint = 0;
  for (uint32_t i = outputs == NULL ? 0 : t->rank; i-- > 0;) {
    if (outputs[i] < FIRST_INDEX) continue;
    const IndexVariable *index = &e->indices.items[outputs[i] - FIRST_INDEX];
    if (index->checkpoint == 0) continue;
    t->checkpoint = index->checkpoint;
    t->step_axis = i;
  }
}

/* The index variables among the outputs; 0: an axis of the value. */
static void keep_variables(Elaborator *e, TensorId id, const uint32_t *outputs) {
  uint32_t n = tensor_at(e->graph, id)->rank;
  if (e->n_open == 0) return;
  uint32_t *variables = ARENA_ARRAY(e->arena, uint32_t, n + 1);
  for (uint32_t i = 0; i < n; i++) variables[i] = outputs[i] < FIRST_INDEX ? 0 : outputs[i];
  set_axis_variables(e, id, variables);
}

static ScalarType result_type(const Value *v, Reduction reduction) {
  return reduction == REDUCE_ARGMAX || reduction == REDUCE_ARGMIN ? TYPE_I32 : v->type;
}

static void set_provenance(Tensor *t, const Value *v, const Scope *scope) {
  t->origin = v->origin != NULL ? v->origin : scope->origin;
  t->use = v->origin != NULL ? v->use : scope->use;
}

TensorId make_definition(Elaborator *e, const Value *v, const Making *making) {
  uint32_t *outputs, n = output_variables(e, v, making, &outputs);
  uint32_t total = n + making->n_reduced;
  if (n > MAX_AXES) {
    diag_error(e->diag, making->span, "%u axes: at most %d are possible", n, MAX_AXES);
    n = 0;
  }
  uint32_t n_with = FIRST_INDEX + (uint32_t)e->indices.count;
  ExprId *with = ARENA_ARRAY(e->arena, ExprId, n_with);
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, total + 1);
  const char **names = ARENA_ARRAY(e->arena, const char *, total + 1);
  bool any_name = false;
  for (uint32_t i = 0; i < n_with; i++) with[i] = EXPR_NONE;
  for (uint32_t i = 0; i < total; i++) {
    uint32_t variable = i < n ? outputs[i] : making->reduced[i - n];
    with[variable] = expr_index(e->graph, i);
    set_extent(e, v, variable, &extents[i]);
    names[i] = variable_name(e, v, variable);
    any_name = any_name || names[i] != NULL;
  }
  Tensor t = tensor_new(TENSOR_DEFINITION, result_type(v, making->reduction));
  t.name = making->name;
  t.rank = n;
  t.extents = extents;
  t.reduction = making->reduction;
  t.n_reduced = making->n_reduced;
  t.reduced_extents = extents + n;
  t.index_names = any_name ? names : NULL;
  ExprId body = expr_substitute(e->graph, v->body, with, n_with);
  t.body = body;
  t.named = making->named;
  t.span = making->span;
  set_provenance(&t, v, making->scope);
  set_checkpoint(e, &t, outputs);
  TensorId id = graph_add(e->graph, t);
  keep_variables(e, id, outputs);
  if (expr_uses_index(e->graph, t.body, RANDOM_POINT)) ARRAY_PUSH(e->arena, &e->random, id);
  if (e->guarded > 0) ARRAY_PUSH(e->arena, &e->branches, id);
  return id;
}

Value made_value(Elaborator *e, TensorId id, const Value *v, const Making *making) {
  uint32_t *outputs, n = output_variables(e, v, making, &outputs), rank = 0;
  const Tensor t = *tensor_at(e->graph, id);
  ExprId at[MAX_AXES];
  uint32_t n_leading = 0;
  while (n_leading < n && outputs[n_leading] >= FIRST_INDEX &&
         !is_among(outputs[n_leading], making->own, making->n_own))
    n_leading++;
  for (uint32_t i = 0; i < n; i++)
    at[i] = i < n_leading ? expr_index(e->graph, outputs[i]) : expr_index(e->graph, rank++);
  Value made = value_scalar(e, expr_read(e->graph, id, at, n, EXPR_NONE));
  made.rank = rank;
  made.extents = t.extents + n_leading;
  made.axis_names = t.index_names == NULL ? NULL : t.index_names + n_leading;
  return made;
}

/* --- taking over what the statement has just made --- */

/* A tensor that has a name of the user's keeps it. */
static bool may_adopt(const Elaborator *e, TensorId id, TensorId first, const char *name) {
  const Tensor *t = tensor_at(e->graph, id);
  bool computed =
      t->kind == TENSOR_DEFINITION || t->kind == TENSOR_RESHAPE || t->kind == TENSOR_DERIVATIVE;
  return id >= first && computed && (!t->named || strcmp(t->name, name) == 0);
}

static void adopt(Elaborator *e, TensorId id, const Value *v, const Making *making) {
  if (strcmp(tensor_at(e->graph, id)->name, making->name) != 0)
    graph_rename(e->graph, id, making->name);
  Tensor *t = tensor_at(e->graph, id);
  t->named = making->named;
  t->span = making->span;
  if (v->origin != NULL) set_provenance(t, v, making->scope);
}

/* `W_bar[i: 0..1, j] = sum[n](…)` where the sum has no i: an axis of one element is put into it. */
static void add_single_axes(Elaborator *e, const Value *v, const Making *making) {
  const Expr read = *expr_at(e->graph, v->body);
  uint32_t *outputs, n = output_variables(e, v, making, &outputs), k = 0;
  const Tensor t = *tensor_at(e->graph, read.tensor);
  uint32_t total = n + t.n_reduced;
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, total + 1);
  const char **names = ARENA_ARRAY(e->arena, const char *, total + 1);
  ExprId *with = ARENA_ARRAY(e->arena, ExprId, t.rank + t.n_reduced + 1);
  for (uint32_t i = 0; i < n; i++) {
    set_extent(e, v, outputs[i], &extents[i]);
    names[i] = variable_name(e, v, outputs[i]);
    if (k < read.n_args && expr_at(e->graph, read.args[k])->index == outputs[i])
      with[k++] = expr_index(e->graph, i);
  }
  for (uint32_t i = 0; i < t.n_reduced; i++) {
    extents[n + i] = t.reduced_extents[i];
    names[n + i] = t.index_names == NULL ? NULL : t.index_names[t.rank + i];
    with[t.rank + i] = expr_index(e->graph, n + i);
  }
  ExprId body = expr_substitute(e->graph, t.body, with, t.rank + t.n_reduced);
  Tensor *place = tensor_at(e->graph, read.tensor);
  place->rank = n;
  place->extents = extents;
  place->reduced_extents = extents + n;
  place->index_names = names;
  place->body = body;
  set_checkpoint(e, place, outputs);
  keep_variables(e, read.tensor, outputs);
}

/* Whether the value is a reduction just made, but for axes of one element. */
static bool lacks_single_axes(const Elaborator *e, const Value *v, const uint32_t *outputs,
                              uint32_t n, TensorId first) {
  const Expr read = *expr_at(e->graph, v->body);
  if (read.kind != EXPR_READ || read.fallback != EXPR_NONE || read.n_args >= n || v->rank > 0 ||
      !may_adopt(e, read.tensor, first, "") || tensor_at(e->graph, read.tensor)->rule != NULL ||
      tensor_at(e->graph, read.tensor)->reduction == REDUCE_NONE)
    return false;
  uint32_t k = 0;
  for (uint32_t i = 0; i < n; i++) {
    const IndexVariable *index = &e->indices.items[outputs[i] - FIRST_INDEX];
    const Expr *at = k < read.n_args ? expr_at(e->graph, read.args[k]) : NULL;
    bool runs = at != NULL && at->kind == EXPR_INDEX && at->index == outputs[i];
    /* a written range may be shorter than the axis */
    if (runs && (!index->given || index->extent == tensor_at(e->graph, read.tensor)->extents[k]))
      k++;
    else if (!index->given || index->extent != 1)
      return false;
  }
  return k == read.n_args;
}

TensorId adopt_definition(Elaborator *e, const Value *v, const Making *making, TensorId first) {
  uint32_t *outputs, n = output_variables(e, v, making, &outputs);
  if (lacks_single_axes(e, v, outputs, n, first)) {
    add_single_axes(e, v, making);
    adopt(e, expr_at(e->graph, v->body)->tensor, v, making);
    return expr_at(e->graph, v->body)->tensor;
  }
  const Expr read = *expr_at(e->graph, v->body);
  if (read.kind != EXPR_READ || read.fallback != EXPR_NONE || read.n_args != n ||
      !may_adopt(e, read.tensor, first, making->name))
    return TENSOR_NONE;
  for (uint32_t i = 0; i < n; i++) {
    const Expr *at = expr_at(e->graph, read.args[i]);
    if (at->kind != EXPR_INDEX || at->index != outputs[i]) return TENSOR_NONE;
    if (outputs[i] < FIRST_INDEX &&
        tensor_at(e->graph, read.tensor)->extents[i] != v->extents[outputs[i]])
      return TENSOR_NONE;
    /* a written range may be shorter than the axis */
    if (outputs[i] >= FIRST_INDEX && e->indices.items[outputs[i] - FIRST_INDEX].given &&
        e->indices.items[outputs[i] - FIRST_INDEX].extent !=
            tensor_at(e->graph, read.tensor)->extents[i])
      return TENSOR_NONE;
  }
  adopt(e, read.tensor, v, making);
  Tensor *t = tensor_at(e->graph, read.tensor);
  if (t->index_names != NULL) {
    const char **names = ARENA_ARRAY(e->arena, const char *, n + t->n_reduced + 1);
    for (uint32_t i = 0; i < n + t->n_reduced; i++)
      names[i] = i < n ? variable_name(e, v, outputs[i]) : t->index_names[i];
    t->index_names = names;
  }
  return read.tensor;
}

/* --- names --- */

bool hold_value(Elaborator *e, Scope *scope, Value *v, const char *name, Span span, TensorId *id) {
  if (value_failed(v)) return false;
  if (v->kind != VALUE_TENSOR) {
    diag_error(e->diag, span, "expected a number or tensor, found %s", value_describe(e, v));
    return false;
  }
  if (value_is_whole(e, v, id)) return true;
  Making making = {.name = name, .span = span, .scope = scope};
  *id = make_definition(e, v, &making);
  *v = made_value(e, *id, v, &making);
  if (e->n_open == 0) settle_definitions(e);
  return true;
}

TensorId hold_over(Elaborator *e, Scope *scope, Value *v, const uint32_t *around, uint32_t n_around,
                   const char *name, Span span) {
  Making making = {
      .name = name, .around = around, .n_around = n_around, .span = span, .scope = scope};
  TensorId id = make_definition(e, v, &making);
  *v = made_value(e, id, v, &making);
  if (e->n_open == 0) settle_definitions(e);
  return id;
}

Value define_name(Elaborator *e, Scope *scope, Value v, const char *name, Span span, bool named,
                  TensorId first) {
  TensorId id;
  if (v.kind != VALUE_TENSOR || (v.constant && v.rank == 0)) return v;
  Making making = {.name = name, .named = named, .span = span, .scope = scope};
  if (value_is_whole(e, &v, &id)) {
    if (may_adopt(e, id, first, name)) adopt(e, id, &v, &making);
    return v;
  }
  id = adopt_definition(e, &v, &making, first);
  if (id == TENSOR_NONE) id = make_definition(e, &v, &making);
  v = made_value(e, id, &v, &making);
  if (e->n_open == 0) settle_definitions(e);
  return v;
}

/* --- what needs the extents --- */

/* The row-major number of the point of a definition. */
static ExprId point_number(Elaborator *e, const Tensor *t) {
  const int64_t *extents = tensor_index_extents(t, e->arena);
  Graph *graph = e->graph;
  ExprId number = expr_integer(graph, TYPE_I32, 0);
  for (uint32_t i = 0; i < t->rank + t->n_reduced; i++) {
    ExprId index = expr_index(graph, i);
    if (i == 0) {
      number = index;
      continue;
    }
    number = expr_op2(graph, OP_MUL, number, expr_integer(graph, TYPE_I32, extents[i]));
    number = expr_op2(graph, OP_ADD, number, index);
  }
  return number;
}

static bool extents_are_known(const Tensor *t, Arena *arena) {
  const int64_t *extents = tensor_index_extents(t, arena);
  for (uint32_t i = 0; i < t->rank + t->n_reduced; i++)
    if (extents[i] == UNKNOWN_EXTENT) return false;
  return true;
}

static void settle_branches(Elaborator *e) {
  size_t kept = 0;
  for (size_t i = 0; i < e->branches.count; i++) {
    TensorId id = e->branches.items[i];
    const Tensor t = *tensor_at(e->graph, id);
    if (t.kind != TENSOR_DEFINITION) continue; /* the seed of a rule */
    if (!extents_are_known(&t, e->arena)) {
      e->branches.items[kept++] = id;
      continue;
    }
    uint32_t n = t.rank + t.n_reduced;
    ExprId body = with_defaults(e, t.body, tensor_index_extents(&t, e->arena), t.rank, n);
    tensor_at(e->graph, id)->body = body;
  }
  e->branches.count = kept;
}

void settle_definitions(Elaborator *e) {
  settle_branches(e);
  ExprId with[RANDOM_POINT + 1];
  for (uint32_t i = 0; i < RANDOM_POINT; i++) with[i] = EXPR_NONE;
  size_t kept = 0;
  for (size_t i = 0; i < e->random.count; i++) {
    TensorId id = e->random.items[i];
    const Tensor t = *tensor_at(e->graph, id);
    if (!extents_are_known(&t, e->arena)) {
      e->random.items[kept++] = id;
      continue;
    }
    with[RANDOM_POINT] = point_number(e, &t);
    ExprId body = expr_substitute(e->graph, t.body, with, RANDOM_POINT + 1);
    tensor_at(e->graph, id)->body = body;
  }
  e->random.count = kept;
}
