/* `scan`: definitions that hold at every step and may read themselves at earlier ones.

   The steps are index variables like any other, open for the whole block: whatever is defined in it
   from something that changes from step to step gets the step as its leading axis. A name that is
   read before its definition stands for a placeholder, which the definition replaces in the end; a
   value carried by `with h = h0` is such a placeholder, read at the step before:  h[t − 1, …] ??
   h0[…]. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"
#include "graph/group.h"

/* A placeholder, and what takes its place. */
typedef struct Forward {
  const char *name;
  Span span;
  TensorId placeholder, definition; /* TENSOR_NONE: not defined yet */
  Value initial;                    /* of a carried value; VALUE_ERROR: defined by brackets */
  Assumption *assumption;           /* of what is defined by brackets */
} Forward;

typedef struct Scan {
  Elaborator *e;
  const Stmt *stmt;
  Scope *outer, *scope;
  IndexList list; /* the steps */
  size_t n_outer; /* steps of the scans around this one, in e->steps */
  TensorId first; /* the first tensor that the block can have made */
  Assumptions *assumptions;
  ARRAY(Forward) forwards;
} Scan;

/* --- the steps --- */

/* Every how many steps are kept; 0: all. */
static bool read_checkpoint(const Scan *s, int64_t *every) {
  const Ast *written = s->stmt->checkpoint;
  *every = 0;
  if (written == NULL) return true;
  if (!constant_integer(s->e, s->outer, written, "`checkpoint`", every)) return false;
  if (*every >= 1) return true;
  diag_error(s->e->diag, written->span,
             "`checkpoint` keeps every k-th step: k is at least 1, not "
             "%" PRId64,
             *every);
  return false;
}

static bool open_steps(Scan *s) {
  Elaborator *e = s->e;
  size_t n = s->stmt->n_iterators;
  int64_t every;
  s->list = (IndexList){.scope = scope_new(e, s->outer),
                        .numbers = ARENA_ARRAY(e->arena, uint32_t, n + 1)};
  s->scope = s->list.scope;
  s->scope->rebinds = true;
  s->n_outer = e->steps.count;
  uint64_t order = (uint64_t)++e->n_lists << 32;
  e->n_open++;
  if (!read_checkpoint(s, &every)) return false;
  for (size_t i = 0; i < n; i++) {
    const Iterator *iterator = &s->stmt->iterators[i];
    int64_t from, to;
    if (!constant_integer(e, s->outer, iterator->from, "the start of `scan`", &from) ||
        !constant_integer(e, s->outer, iterator->to, "the end of `scan`", &to))
      return false;
    if (from != 0 || to < 1) {
      diag_error(e->diag, iterator->span,
                 "the steps of a scan run from 0 to at least 1, not over "
                 "%" PRId64 "..%" PRId64,
                 from, to);
      return false;
    }
    IndexVariable step = {.name = iterator->name,
                          .span = iterator->span,
                          .order = order + i,
                          .extent = to,
                          .given = true,
                          .step = true,
                          .checkpoint = i == 0 ? every : 0};
    ARRAY_PUSH(e->arena, &e->indices, step);
    uint32_t number = FIRST_INDEX + (uint32_t)e->indices.count - 1;
    ARRAY_PUSH(e->arena, &e->steps, number);
    s->list.numbers[s->list.count++] = number;
    Binding *binding = ARENA_NEW(e->arena, Binding);
    *binding = (Binding){.value = value_scalar(e, expr_index(e->graph, number)),
                         .span = iterator->span,
                         .index = true};
    map_set(&s->scope->names, iterator->name, binding);
  }
  return true;
}

/* --- placeholders --- */

/* [steps…, extents…], without a body. steps_of: per extent, the step that it is of, 0: none; or
   NULL. */
static TensorId add_placeholder(Scan *s, const char *name, ScalarType type, const uint32_t *steps,
                                uint32_t n_steps, uint32_t rank, const int64_t *extents,
                                const uint32_t *steps_of) {
  Elaborator *e = s->e;
  Tensor t = tensor_new(TENSOR_STAND_IN, type);
  int64_t *all = ARENA_ARRAY(e->arena, int64_t, n_steps + rank + 1);
  uint32_t *variables = ARENA_ARRAY(e->arena, uint32_t, n_steps + rank + 1);
  for (uint32_t i = 0; i < n_steps; i++) {
    all[i] = e->indices.items[steps[i] - FIRST_INDEX].extent;
    variables[i] = steps[i];
  }
  for (uint32_t i = 0; i < rank; i++) {
    all[n_steps + i] = extents[i];
    variables[n_steps + i] = steps_of == NULL ? 0 : steps_of[i];
  }
  t.name = arena_printf(e->arena, "%s.forward", full_name(e, s->scope, name));
  t.rank = n_steps + rank;
  t.extents = all;
  TensorId id = graph_add(e->graph, t);
  tensor_at(e->graph, id)->name = full_name(e, s->scope, name); /* in what is said of it */
  set_axis_variables(e, id, variables);
  return id;
}

/* The placeholder read at these steps, its other axes open. */
static Value forward_value(Scan *s, TensorId id, const uint32_t *steps, uint32_t n_steps) {
  Elaborator *e = s->e;
  const Tensor t = *tensor_at(e->graph, id);
  ExprId at[2 * MAX_AXES];
  for (uint32_t i = 0; i < t.rank; i++)
    at[i] = i < n_steps ? expr_index(e->graph, steps[i]) : expr_index(e->graph, i - n_steps);
  Value v = value_scalar(e, expr_read(e->graph, id, at, t.rank, EXPR_NONE));
  v.rank = t.rank - n_steps;
  v.extents = t.extents + n_steps;
  return v;
}

/* The step that the item names, of this scan or of one around it. */
static bool names_step(const Scan *s, const Item *item, uint32_t *number) {
  if (item->kind != ITEM_EXPR || item->first->kind != AST_NAME) return false;
  const Binding *binding = scope_find(s->scope, item->first->name);
  return binding != NULL && binding->index &&
         is_index_variable(s->e, binding->value.body, number) &&
         s->e->indices.items[*number - FIRST_INDEX].step;
}

/* Of an index with a range from 0, `i: 3`, where its end is a plain number or name. */
static int64_t written_extent(const Scan *s, const Item *item) {
  const Ast *end = item->kind == ITEM_SLICE      ? item->second
                   : item->kind == ITEM_IN_RANGE ? item->third
                                                 : NULL;
  if (end == NULL) return UNKNOWN_EXTENT;
  if (end->kind == AST_INT) return end->integer > 0 ? end->integer : UNKNOWN_EXTENT;
  const Binding *bound = end->kind == AST_NAME ? scope_find(s->outer, end->name) : NULL;
  bool number = bound != NULL && bound->value.kind == VALUE_TENSOR && bound->value.constant &&
                type_is_integer(bound->value.type) && bound->value.integer > 0;
  return number ? bound->value.integer : UNKNOWN_EXTENT;
}

/* `h[t, n, j] = …` with all steps on the left: may be read before it is defined. Steps of the scans
   around this one are leading axes, unless they stand on the left as well. */
static void foresee(Scan *s, const LeftSide *target) {
  Elaborator *e = s->e;
  int64_t extents[MAX_AXES];
  uint32_t steps[MAX_AXES] = {0}, listed[MAX_AXES], n_listed = 0, n_own = 0;
  if (!target->has_brackets || target->n_items > MAX_AXES ||
      map_get(&s->scope->names, target->name) != NULL)
    return;
  for (size_t i = 0; i < target->n_items; i++) {
    uint32_t number;
    if (target->items[i].kind == ITEM_ELLIPSIS) return;
    extents[i] = written_extent(s, &target->items[i]);
    if (!names_step(s, &target->items[i], &number)) continue;
    extents[i] = e->indices.items[number - FIRST_INDEX].extent;
    steps[i] = listed[n_listed++] = number;
    n_own += is_among(number, s->list.numbers, s->list.count);
  }
  if (n_own != s->list.count) return;
  Assumption *assumption = assumption_of(e, s->assumptions, target, s->scope->real);
  for (size_t i = 0; i < target->n_items && assumption->extents != NULL; i++)
    extents[i] = assumption->extents[i];
  uint32_t *around = ARENA_ARRAY(e->arena, uint32_t, s->n_outer + 1), n_around = 0;
  for (size_t i = 0; i < s->n_outer; i++)
    if (!is_among(e->steps.items[i], listed, n_listed)) around[n_around++] = e->steps.items[i];
  TensorId id = add_placeholder(s, target->name, assumption->type, around, n_around,
                                (uint32_t)target->n_items, extents, steps);
  assumption->placeholder = id;
  assumption->asked = assumption->changed = false;
  ARRAY_PUSH(e->arena, &e->assumed, assumption);
  Forward forward = {.name = target->name,
                     .span = target->span,
                     .placeholder = id,
                     .definition = TENSOR_NONE,
                     .initial = value_error(),
                     .assumption = assumption};
  ARRAY_PUSH(e->arena, &s->forwards, forward);
  Binding *binding = ARENA_NEW(e->arena, Binding);
  *binding = (Binding){.value = forward_value(s, id, around, n_around), .span = target->span};
  map_set(&s->scope->names, target->name, binding);
}

/* What the block defines, those within it too: a block may read at an earlier step what a block in
   it defines. */
static void foresee_block(Scan *s, const StmtBlock *block) {
  for (size_t i = 0; i < block->count; i++) {
    const Stmt *stmt = block->items[i];
    for (size_t k = 0; stmt->kind == STMT_DEFINE && k < stmt->n_targets; k++)
      foresee(s, &stmt->targets[k]);
    if (stmt->kind != STMT_SCAN && stmt->kind != STMT_IF) continue;
    foresee_block(s, &stmt->body);
    foresee_block(s, &stmt->otherwise);
  }
}

static bool carry(Scan *s, const Arg *arg) {
  Elaborator *e = s->e;
  Value initial = evaluate_tensor(e, s->outer, arg->value);
  if (value_failed(&initial)) return false;
  if (s->list.count != 1) {
    diag_error(e->diag, arg->name_span, "a value is carried along one axis, not along %u",
               s->list.count);
    diag_hint(e->diag, "with several axes, read what is before: `D[i-1, j] ?? 0`");
    return false;
  }
  if (initial.adapts) initial = value_retype(e, initial, s->outer->real);
  initial.adapts = initial.constant = initial.is_size = false;
  uint32_t n_steps = (uint32_t)e->steps.count;
  TensorId id = add_placeholder(s, arg->name, initial.type, e->steps.items, n_steps, initial.rank,
                                initial.extents, NULL);
  Value before = forward_value(s, id, e->steps.items, n_steps);
  const Expr read = *expr_at(e->graph, before.body);
  ExprId at[2 * MAX_AXES];
  for (uint32_t i = 0; i < read.n_args; i++) at[i] = read.args[i];
  at[n_steps - 1] =
      expr_op2(e->graph, OP_SUB, at[n_steps - 1], expr_integer(e->graph, TYPE_I32, 1));
  before.body = expr_read(e->graph, id, at, read.n_args, initial.body);
  before.axis_names = initial.axis_names;
  Forward forward = {.name = arg->name,
                     .span = arg->name_span,
                     .placeholder = id,
                     .definition = TENSOR_NONE,
                     .initial = initial};
  ARRAY_PUSH(e->arena, &s->forwards, forward);
  Binding *binding = ARENA_NEW(e->arena, Binding);
  *binding = (Binding){.value = before, .span = arg->name_span};
  map_set(&s->scope->names, arg->name, binding);
  return true;
}

/* --- what takes their place --- */

/* The value that is carried on from each step to the next, as a definition over all steps. */
static bool settle_carried(Scan *s, Forward *forward) {
  Elaborator *e = s->e;
  const Binding *binding = map_get(&s->scope->names, forward->name);
  Value v = binding->value;
  const Tensor place = *tensor_at(e->graph, forward->placeholder);
  if (value_failed(&v)) return false;
  if (binding->span.line == forward->span.line && binding->span.column == forward->span.column) {
    diag_error(e->diag, forward->span, "`%s` is carried but gets no new value", forward->name);
    return false;
  }
  const char *what = arena_printf(e->arena, "the new value of `%s`", forward->name);
  if (!value_convert(e, &v, place.type, binding->span, what)) return false;
  const Value *initial = &forward->initial;
  if (v.rank > initial->rank || !value_broadcast(e, &v, initial->rank, initial->extents)) {
    diag_error(e->diag, binding->span, "%s is %s, but it starts as %s", what, value_describe(e, &v),
               value_describe(e, initial));
    diag_note(e->diag, forward->span, "it starts here");
    return false;
  }
  Making making = {.name = full_name(e, s->scope, forward->name),
                   .around = e->steps.items,
                   .n_around = (uint32_t)e->steps.count,
                   .span = binding->span,
                   .scope = s->scope};
  forward->definition = adopt_definition(e, &v, &making, s->first);
  if (forward->definition == TENSOR_NONE) forward->definition = make_definition(e, &v, &making);
  return true;
}

/* Whether something reads the placeholder. */
static bool is_awaited(const Scan *s, const Forward *forward) {
  const Graph *graph = s->e->graph;
  for (TensorId id = s->first; id < graph->n_tensors; id++) {
    ExprId body = tensor_at(graph, id)->body;
    if (body != EXPR_NONE && expr_reads(graph, body, forward->placeholder)) return true;
  }
  return false;
}

/* The tensor that its definition has made; TENSOR_NONE: none with an axis for each step. */
static TensorId definition_of(const Scan *s, const Forward *forward) {
  const Graph *graph = s->e->graph;
  const Binding *binding = map_get(&s->scope->names, forward->name);
  if (binding->value.kind != VALUE_TENSOR) return TENSOR_NONE;
  const Expr *read = expr_at(graph, binding->value.body);
  if (read->kind != EXPR_READ || read->tensor == forward->placeholder ||
      tensor_at(graph, read->tensor)->rank != tensor_at(graph, forward->placeholder)->rank)
    return TENSOR_NONE;
  return read->tensor;
}

static bool settle_defined(Scan *s, Forward *forward) {
  Elaborator *e = s->e;
  const Binding *binding = map_get(&s->scope->names, forward->name);
  if (value_failed(&binding->value)) return false;
  if (!is_awaited(s, forward)) return true;
  TensorId definition = definition_of(s, forward);
  if (definition == TENSOR_NONE) {
    diag_error(e->diag, forward->span, "`%s` is read at other steps, but is not defined at each",
               forward->name);
    return false;
  }
  ScalarType type = tensor_at(e->graph, definition)->type;
  ScalarType assumed = tensor_at(e->graph, forward->placeholder)->type;
  if (type != assumed) {
    diag_error(e->diag, forward->span, "`%s` is %s, but %s where it is read before its definition",
               forward->name, type_name(type), type_name(assumed));
    return false;
  }
  forward->definition = definition;
  return true;
}

/* Whether anything is not as it was assumed, and the block has to be elaborated again. */
static bool has_learnt(const Scan *s, bool failed) {
  bool learnt = false;
  for (size_t i = 0; i < s->forwards.count; i++) {
    const Forward *forward = &s->forwards.items[i];
    if (forward->assumption == NULL) continue;
    TensorId definition = definition_of(s, forward);
    if (definition != TENSOR_NONE && (failed || is_awaited(s, forward)))
      compare_assumption(s->e, forward->assumption, definition);
    learnt = learnt || forward->assumption->changed;
  }
  return learnt;
}

static ExprId replace(Scan *s, ExprId id, ExprId *done) {
  Graph *graph = s->e->graph;
  if (done[id] != EXPR_NONE) return done[id];
  const Expr x = *expr_at(graph, id);
  ExprId made = id;
  if (x.n_args > 0 || x.fallback != EXPR_NONE) {
    ExprId *args = ARENA_ARRAY(graph->arena, ExprId, x.n_args + 1);
    for (uint32_t i = 0; i < x.n_args; i++) args[i] = replace(s, x.args[i], done);
    ExprId fallback = x.fallback == EXPR_NONE ? EXPR_NONE : replace(s, x.fallback, done);
    TensorId tensor = x.kind == EXPR_READ ? x.tensor : TENSOR_NONE;
    for (size_t i = 0; i < s->forwards.count; i++)
      if (tensor == s->forwards.items[i].placeholder) tensor = s->forwards.items[i].definition;
    made = x.kind == EXPR_READ ? expr_read(graph, tensor, args, x.n_args, fallback)
                               : expr_rebuild(graph, id, args, fallback);
  }
  done[id] = made;
  return made;
}

static void replace_placeholders(Scan *s) {
  Graph *graph = s->e->graph;
  uint32_t n = graph->n_exprs;
  ExprId *done = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  for (uint32_t i = 0; i < n; i++) done[i] = EXPR_NONE;
  for (TensorId id = s->first; id < graph->n_tensors; id++) {
    ExprId body = tensor_at(graph, id)->body;
    if (body == EXPR_NONE) continue;
    body = replace(s, body, done);
    tensor_at(graph, id)->body = body;
  }
}

static bool check_causality(Scan *s) {
  Elaborator *e = s->e;
  TensorId *roots = ARENA_ARRAY(e->arena, TensorId, s->forwards.count + 1);
  uint32_t n = 0;
  for (size_t i = 0; i < s->forwards.count; i++)
    if (s->forwards.items[i].definition != TENSOR_NONE)
      roots[n++] = s->forwards.items[i].definition;
  GroupFailure failure = {TENSOR_NONE, TENSOR_NONE};
  if (recurrences_are_causal(e->graph, e->arena, roots, n, &failure)) return true;
  if (failure.reader == TENSOR_NONE) {
    diag_error(e->diag, s->stmt->span, "definitions in this scan need each other at the same step");
  } else {
    const Tensor *reader = tensor_at(e->graph, failure.reader);
    diag_error(e->diag, reader->span,
               "`%s` reads `%s`, but not at a step a constant before "
               "(or, in all reads, after) its own",
               reader->name, tensor_at(e->graph, failure.read)->name);
  }
  diag_hint(e->diag, "reads inside a scan go back by constants, as `h[t-1, n] ?? 0`, or all ahead");
  return false;
}

/* --- afterwards --- */

static Value last_step(Scan *s, const Forward *forward) {
  Elaborator *e = s->e;
  const Tensor t = *tensor_at(e->graph, forward->definition);
  uint32_t n_steps = (uint32_t)e->steps.count;
  ExprId at[2 * MAX_AXES];
  for (uint32_t i = 0; i < t.rank; i++)
    at[i] =
        i < n_steps ? expr_index(e->graph, e->steps.items[i]) : expr_index(e->graph, i - n_steps);
  at[n_steps - 1] = expr_integer(e->graph, TYPE_I32, t.extents[n_steps - 1] - 1);
  Value v = value_scalar(e, expr_read(e->graph, forward->definition, at, t.rank, EXPR_NONE));
  v.rank = t.rank - n_steps;
  v.extents = t.extents + n_steps;
  v.axis_names = t.index_names == NULL ? NULL : t.index_names + n_steps;
  return v;
}

static bool changes_by_step(const Scan *s, const Value *v) {
  if (v->kind != VALUE_TENSOR) return false;
  for (uint32_t i = 0; i < s->list.count; i++)
    if (expr_uses_index(s->e->graph, v->body, s->list.numbers[i])) return true;
  return false;
}

static const Forward *find_forward(const Scan *s, const char *name) {
  for (size_t i = 0; i < s->forwards.count; i++)
    if (strcmp(s->forwards.items[i].name, name) == 0) return &s->forwards.items[i];
  return NULL;
}

/* The last carried values, and whatever has the steps as axes, are known after the block. */
static void publish(Scan *s, bool failed) {
  Elaborator *e = s->e;
  for (size_t i = 0; i < s->scope->names.count; i++) {
    const char *name = s->scope->names.entries[i].key;
    const Binding *binding = s->scope->names.entries[i].value;
    const Forward *forward = find_forward(s, name);
    bool carried = forward != NULL && !value_failed(&forward->initial);
    Value v = binding->value;
    if (binding->index || name[strlen(name) - 1] == '\'') continue;
    if (failed)
      v = value_error();
    else if (carried)
      v = last_step(s, forward);
    else if (changes_by_step(s, &v))
      continue; /* a value of one step */
    scope_bind(e, s->outer, name, v, binding->span);
  }
}

/* --- the statement --- */

static bool run_block(Scan *s) {
  Elaborator *e = s->e;
  int errors = diag_errors(e->diag), asked = e->asked;
  for (size_t i = 0; i < s->stmt->n_carried; i++)
    if (!carry(s, &s->stmt->carried[i])) return false;
  for (size_t i = 0; i < s->stmt->body.count; i++) {
    const Stmt *stmt = s->stmt->body.items[i];
    if (stmt->kind == STMT_UPDATE) {
      diag_error(e->diag, stmt->span, "`<-` stands in a scan");
      diag_hint(e->diag, "carry the value instead: `scan … with h = h0 { … h = … }`");
      return false;
    }
  }
  foresee_block(s, &s->stmt->body);
  execute_block(e, s->scope, &s->stmt->body);
  errors = diag_errors(e->diag) - errors;
  if (has_learnt(s, errors > 0)) return false;
  if (errors > e->asked - asked) return false; /* what a scan around this one lacks, that finds */
  for (size_t i = 0; i < s->forwards.count; i++) {
    Forward *forward = &s->forwards.items[i];
    bool carried = !value_failed(&forward->initial);
    if (!(carried ? settle_carried(s, forward) : settle_defined(s, forward))) return false;
  }
  replace_placeholders(s);
  return check_causality(s);
}

/* One elaboration of the block; *again: something was not as it was assumed. */
static bool elaborate_once(Scan *s, bool *again) {
  bool done = open_steps(s) && run_block(s);
  *again = false;
  for (size_t i = 0; i < s->assumptions->count; i++)
    *again = *again || s->assumptions->items[i]->changed;
  return done;
}

void execute_scan(Elaborator *e, Scope *scope, const Stmt *stmt) {
  Assumptions assumptions = {0};
  Scan start = {.e = e,
                .stmt = stmt,
                .outer = scope,
                .first = e->graph->n_tensors,
                .assumptions = &assumptions};
  int errors = diag_errors(e->diag);
  Trial trial = trial_begin(e);
  Scan s = start;
  bool again, done = elaborate_once(&s, &again);
  for (size_t turn = 0; again && turn < 2 * assumptions.count + 2; turn++) {
    trial_again(e, &trial);
    s = start;
    done = elaborate_once(&s, &again);
  }
  trial_end(e, &trial);
  if (again && diag_errors(e->diag) == errors)
    diag_error(e->diag, stmt->span, "the types of what this scan defines never agree");
  publish(&s, !done);
  s.list.failed = !done;
  e->steps.count = s.n_outer;
  e->assumed.count = trial.elaborator.assumed.count;
  close_indices(e, &s.list);
}
