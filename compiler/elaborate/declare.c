/* Declarations: sizes, inputs, params, states, and their new values. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

/* --- dim, const --- */

/* What the command line or an export's `where` puts in the place of the written value. */
static bool overridden(Elaborator *e, Scope *scope, const Stmt *stmt, Value *v) {
  const int64_t *size = e->sizes == NULL ? NULL : map_get(e->sizes, stmt->name);
  if (size != NULL) {
    *v = value_integer(e, *size);
    return true;
  }
  for (size_t i = 0; i < e->n_defines; i++) {
    if (strcmp(e->defines[i].name, stmt->name) != 0) continue;
    const char *path = arena_printf(e->arena, "-D %s", stmt->name), *text = e->defines[i].value;
    const Source *source = source_from_text(e->arena, path, text, strlen(text));
    const Ast *ast = parse_expression(e->arena, e->diag, source);
    e->define_used[i] = true;
    *v = ast == NULL ? value_error() : evaluate(e, scope, ast);
    return true;
  }
  return false;
}

static void declare_real(Elaborator *e, const Stmt *stmt, Value v) {
  for (size_t i = 0; i < e->n_defines; i++)
    if (strcmp(e->defines[i].name, "real") == 0) return; /* set already */
  if (v.kind != VALUE_TYPE || !type_is_real(v.type)) {
    diag_error(e->diag, stmt->value->span, "`real` can be f32 or f64, not %s",
               value_describe(e, &v));
    return;
  }
  e->program->real = e->global->real = e->prelude->real = v.type;
}

/* A number as such: `const a = sqrt(2)` is 1.41…, not a root to be taken. */
static Value as_number(Elaborator *e, Value v) {
  if (v.kind != VALUE_TENSOR || !type_is_real(v.type)) return v;
  bool adapts = v.adapts;
  v = value_real(e, v.type, v.real);
  v.adapts = adapts;
  return v;
}

void declare_size(Elaborator *e, Scope *scope, const Stmt *stmt) {
  Value v;
  bool is_dim = stmt->kind == STMT_DIM;
  bool top = scope->function == NULL;
  if (!top || !overridden(e, scope, stmt, &v)) v = evaluate(e, scope, stmt->value);
  if (value_failed(&v)) {
    scope_bind(e, scope, stmt->name, v, stmt->name_span);
    return;
  }
  if (top && !is_dim && strcmp(stmt->name, "real") == 0) {
    declare_real(e, stmt, v);
    return;
  }
  bool constant = v.kind != VALUE_TENSOR || v.constant;
  bool size = v.kind == VALUE_TENSOR && v.constant && type_is_integer(v.type) && v.integer >= 1;
  if (is_dim && !size) {
    diag_error(e->diag, stmt->value->span, "the size `%s` must be an integer of at least 1, not %s",
               stmt->name,
               v.kind == VALUE_TENSOR && v.constant && type_is_integer(v.type)
                   ? arena_printf(e->arena, "%" PRId64, v.integer)
                   : value_describe(e, &v));
    v = value_error();
  } else if (!constant) {
    diag_error(e->diag, stmt->value->span, "`%s` must be known at compile time", stmt->name);
    diag_hint(e->diag, "what is computed from data is written without `const`");
    v = value_error();
  } else {
    v = as_number(e, v);
  }
  v.is_size = is_dim;
  scope_bind(e, scope, stmt->name, v, stmt->name_span);
  if (!is_dim || !top || scope->turn || e->variant != NULL || value_failed(&v)) return;
  Program *program = e->program;
  size_t capacity = program->n_dims;
  if ((program->n_dims & (program->n_dims - 1)) == 0) /* doubled at powers of two */
    program->dims =
        arena_grow(e->arena, program->dims, program->n_dims, &capacity, sizeof *program->dims);
  program->dims[program->n_dims++] = (struct Constant){stmt->name, v.integer};
}

/* --- shapes --- */

bool declared_shape(Elaborator *e, Scope *scope, const TypeExpr *type, ScalarType *scalar,
                    uint32_t *rank, const int64_t **extents) {
  enum { MAX_ELEMENTS_LOG2 = 40 };
  if (!type_named(scope, type->name, scalar)) {
    report_unknown_type(e, type->name, type->span);
    return false;
  }
  int64_t *sizes = ARENA_ARRAY(e->arena, int64_t, MAX_AXES), size = 1;
  *rank = 0;
  for (size_t i = 0; i < type->n_items; i++) {
    const Item *item = &type->items[i];
    if (item->kind != ITEM_EXPR) {
      diag_error(e->diag, item->span, "a declaration gives every size; expected one here");
      return false;
    }
    if (!add_sizes(e, scope, item->first, false, sizes, rank)) return false;
  }
  for (uint32_t i = 0; i < *rank; i++) {
    if (!__builtin_mul_overflow(size, sizes[i], &size) && size >> MAX_ELEMENTS_LOG2 == 0) continue;
    diag_error(e->diag, type->span, "this tensor would have more than 2^%d elements",
               MAX_ELEMENTS_LOG2);
    return false;
  }
  *extents = sizes;
  return true;
}

static void append(Elaborator *e, TensorId **ids, uint32_t *n, TensorId id) {
  size_t capacity = *n;
  if ((*n & (*n - 1)) == 0) *ids = arena_grow(e->arena, *ids, *n, &capacity, sizeof **ids);
  (*ids)[(*n)++] = id;
}

/* A type of memory is one of real numbers, as they are stored. */
static bool declared_type(Elaborator *e, Scope *scope, const TypeExpr *type, Tensor *t) {
  if (!declared_shape(e, scope, type, &t->type, &t->rank, &t->extents)) return false;
  if (!type_is_storage(t->type)) return true;
  t->storage = t->type;
  t->type = scope->real;
  return true;
}

void declare_input(Elaborator *e, Scope *scope, const Stmt *stmt) {
  Tensor t = tensor_new(TENSOR_INPUT, TYPE_F32);
  if (!declared_type(e, scope, stmt->type, &t)) {
    scope_bind(e, scope, stmt->name, value_error(), stmt->name_span);
    return;
  }
  t.name = full_name(e, scope, stmt->name);
  t.named = true;
  t.span = stmt->name_span;
  TensorId id = graph_add(e->graph, t);
  append(e, &e->program->inputs, &e->program->n_inputs, id);
  scope_bind(e, scope, stmt->name, value_tensor(e, id), stmt->name_span);
}

/* --- param, state --- */

/* FNV-1a of the name: a param's starting values hang on its name alone. */
static uint32_t random_base(const char *name) {
  uint32_t h = 2166136261u;
  for (; *name != '\0'; name++) h = (h ^ (unsigned char)*name) * 16777619u;
  return (h & 0x1fffffffu) | 0x40000000u;
}

/* "glorot(784, 256)": a call of constants, of a function that every file knows. */
static const char *initial_text(Elaborator *e, Scope *scope, const Ast *ast) {
  if (ast->kind != AST_CALL || ast->operand->kind != AST_NAME) return NULL;
  const char *name = ast->operand->name;
  const Binding *binding = scope_find(scope, name);
  bool drawn = binding == NULL && (strcmp(name, "normal") == 0 || strcmp(name, "uniform") == 0);
  bool known = binding != NULL && binding->value.kind == VALUE_FUNCTION &&
               binding->value.home == e->prelude && scope_find(e->global, name) == binding;
  if (!drawn && !known) return NULL;
  Text text = text_new(e->arena);
  text_printf(&text, "%s(", name);
  for (size_t i = 0; i < ast->n_args; i++) {
    Value v = evaluate(e, scope, ast->args[i].value);
    if (v.kind != VALUE_TENSOR || !v.constant || !v.adapts) return NULL;
    if (i > 0) text_add(&text, ", ");
    if (ast->args[i].name != NULL) text_printf(&text, "%s = ", ast->args[i].name);
    Ast number = {
        .kind = type_is_real(v.type) ? AST_REAL : AST_INT, .integer = v.integer, .real = v.real};
    bool negative = type_is_real(v.type) ? v.real < 0 : v.integer < 0;
    if (negative) {
      number.real = -number.real;
      number.integer = -number.integer;
      text_add(&text, "-");
    }
    print_ast(&text, &number);
  }
  text_add(&text, ")");
  return text_string(&text);
}

static bool same_shape(const Tensor *t, ScalarType type, uint32_t rank, const int64_t *extents) {
  return t->type == type && t->rank == rank &&
         (rank == 0 || memcmp(t->extents, extents, rank * sizeof *extents) == 0);
}

/* A value in the type and shape of t, rounded to how it is stored; reports what does not fit. */
static bool fit_value(Elaborator *e, Value *v, const Tensor *t, Span span, const char *what) {
  if (value_failed(v)) return false;
  if (v->kind != VALUE_TENSOR) {
    diag_error(e->diag, span, "%s of `%s` must be a number or tensor, not %s", what, t->name,
               value_describe(e, v));
    return false;
  }
  const char *expected = arena_printf(e->arena, "%s of `%s`", what, t->name);
  if (!value_convert(e, v, t->type, span, expected)) return false;
  if (type_is_storage(t->storage)) v->body = expr_rounded(e->graph, t->storage, v->body);
  v->constant = v->is_size = false;
  if (value_broadcast(e, v, t->rank, t->extents)) return true;
  diag_error(e->diag, span, "%s is %s, but `%s` is %s", what, value_describe(e, v), t->name,
             shape_text(e, t->type, t->rank, t->extents));
  diag_note(e->diag, t->span, "`%s` is declared here", t->name);
  return false;
}

static bool draws_on_data(Elaborator *e, TensorId initial, const char **what) {
  TensorList order = graph_order(e->graph, e->arena, &initial, 1);
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(e->graph, order.items[i]);
    if (t->kind != TENSOR_INPUT && t->kind != TENSOR_PARAM && t->kind != TENSOR_STATE) continue;
    *what = t->name;
    return true;
  }
  return false;
}

static void set_initial(Elaborator *e, Scope *scope, TensorId id, Value v, const Stmt *stmt) {
  const Tensor t = *tensor_at(e->graph, id);
  const char *what;
  Span span = stmt->value->span;
  if (!fit_value(e, &v, &t, span, "the starting value"))
    v = value_scalar(e, expr_number(e->graph, t.type, 0));
  v.rank = t.rank;
  v.extents = t.extents;
  v.origin = NULL;
  Making making = {
      .name = arena_printf(e->arena, "%s.initial", t.name), .span = span, .scope = scope};
  TensorId initial = make_definition(e, &v, &making);
  settle_definitions(e);
  tensor_at(e->graph, id)->initial = initial;
  if (draws_on_data(e, initial, &what)) {
    diag_error(e->diag, span, "the starting value of `%s` depends on `%s`", t.name, what);
    diag_hint(e->diag, "starting values are made before there is data");
  }
}

/* The same instance met again, or the file elaborated again for an export. */
static bool declared_before(Elaborator *e, Scope *scope, const Stmt *stmt, const char *name,
                            ScalarType type, uint32_t rank, const int64_t *extents) {
  const TensorId *old = map_get(&e->owned, name);
  if (old == NULL) return false;
  const Tensor *t = tensor_at(e->graph, *old);
  bool same = stmt->type == NULL || same_shape(t, type, rank, extents);
  if (!same) {
    Span use = scope->use.source != NULL ? scope->use : stmt->name_span;
    diag_error(e->diag, use, "`%s` would be %s here, but is %s", name,
               shape_text(e, type, rank, extents), shape_text(e, t->type, t->rank, t->extents));
    diag_note(e->diag, t->use.source != NULL ? t->use : t->span, "it got its shape here");
  }
  scope_bind(e, scope, stmt->name, same ? value_tensor(e, *old) : value_error(), stmt->name_span);
  return true;
}

static bool may_own(Elaborator *e, const Scope *scope, const Stmt *stmt) {
  bool is_param = stmt->kind == STMT_PARAM;
  StmtKind around = scope->function == NULL ? STMT_LAYER : scope->function->kind;
  if (around == STMT_LAYER || (around == STMT_OPTIMIZER && !is_param)) return true;
  diag_error(e->diag, stmt->span, "%s owns no %s",
             around == STMT_OPTIMIZER ? "an optimizer" : "a function",
             is_param ? "params" : "states");
  if (around == STMT_FN)
    diag_hint(e->diag, "make it a layer: `layer %s()(…)`", scope->function->name);
  return false;
}

void declare_owned(Elaborator *e, Scope *scope, const Stmt *stmt) {
  bool is_param = stmt->kind == STMT_PARAM;
  if (!may_own(e, scope, stmt)) {
    scope_bind(e, scope, stmt->name, value_error(), stmt->name_span);
    return;
  }
  const char *name = owned_name(e, scope, stmt->name);
  Tensor t = tensor_new(is_param ? TENSOR_PARAM : TENSOR_STATE, TYPE_F32);
  if (stmt->type != NULL && !declared_type(e, scope, stmt->type, &t)) {
    scope_bind(e, scope, stmt->name, value_error(), stmt->name_span);
    return;
  }
  if (declared_before(e, scope, stmt, name, t.type, t.rank, t.extents)) return;
  if (stmt->value == NULL) {
    diag_error(e->diag, stmt->span, "`%s` has no starting value", stmt->name);
    diag_hint(e->diag, is_param ? "write `= normal(0.01)`, or another initialiser" : "write `= 0`");
    scope_bind(e, scope, stmt->name, value_error(), stmt->name_span);
    return;
  }
  const char *naming = e->naming;
  uint32_t n_sites = e->n_sites, base = e->random_base;
  size_t n_steps = e->steps.count;
  e->steps.count = 0; /* one starting value for all steps of a scan */
  e->naming = name;
  e->random_base = random_base(name);
  e->n_sites = 0;
  Value v = evaluate(e, scope, stmt->value);
  if (stmt->type == NULL && v.kind == VALUE_TENSOR) {
    t.type = v.type;
    t.rank = v.rank;
    t.extents = v.extents;
  }
  t.name = name;
  t.named = scope->function == NULL;
  t.span = stmt->name_span;
  t.origin = scope->origin;
  t.use = scope->use;
  t.initial_text = initial_text(e, scope, stmt->value);
  TensorId *id = ARENA_NEW(e->arena, TensorId);
  *id = graph_add(e->graph, t);
  set_initial(e, scope, *id, v, stmt);
  e->naming = naming;
  e->steps.count = n_steps;
  e->n_sites = n_sites;
  e->random_base = base;
  map_set(&e->owned, name, id);
  Program *program = e->program;
  append(e, is_param ? &program->params : &program->states,
         is_param ? &program->n_params : &program->n_states, *id);
  scope_bind(e, scope, stmt->name, value_tensor(e, *id), stmt->name_span);
}

/* --- mu <- e --- */

static bool update_target(Elaborator *e, Scope *scope, const Ast *ast, TensorId *id) {
  Value v = evaluate(e, scope, ast);
  if (value_failed(&v)) return false;
  if (value_is_whole(e, &v, id)) {
    TensorKind kind = tensor_at(e->graph, *id)->kind;
    if (kind == TENSOR_PARAM || kind == TENSOR_STATE) return true;
  }
  diag_error(e->diag, ast->span, "`<-` gives a new value to a param or state, which this is not");
  const Binding *binding = find_path(e, scope, ast);
  if (binding != NULL) diag_note(e->diag, binding->span, "`%s` is defined here", written(e, ast));
  if (ast->kind == AST_INDEX)
    diag_hint(e->diag, "the whole tensor gets its value at once: perhaps where(i == 0, …, …)");
  return false;
}

bool make_update(Elaborator *e, Scope *scope, const Ast *target, const Ast *value, Span span,
                 Update *update) {
  TensorId id;
  if (!update_target(e, scope, target, &id)) return false;
  const Tensor t = *tensor_at(e->graph, id);
  const char *name = arena_printf(e->arena, "%s'", t.name), *naming = e->naming;
  TensorId first = e->graph->n_tensors;
  e->naming = name;
  Value v = evaluate_direct(e, scope, value);
  e->naming = naming;
  if (!fit_value(e, &v, &t, value->span, "the new value")) return false;
  v = define_name(e, scope, v, name, span, false, first);
  TensorId held;
  if (!hold_value(e, scope, &v, name, span, &held)) return false;
  *update = (Update){.target = id, .value = held, .span = span};
  const char *path = path_text(e, target);
  Binding *binding = ARENA_NEW(e->arena, Binding);
  *binding = (Binding){.value = v, .span = span};
  map_set(&scope->names, arena_printf(e->arena, "%s'", path), binding);
  return true;
}

void declare_update(Elaborator *e, Scope *scope, const Stmt *stmt) {
  if (scope->function != NULL && scope->function->kind == STMT_FN) {
    diag_error(e->diag, stmt->span, "a function gives nothing a new value; a layer does");
    return;
  }
  Update update;
  if (!make_update(e, scope, stmt->target, stmt->value, stmt->span, &update)) return;
  if (e->variant != NULL) return; /* an export changes only what it lists */
  for (size_t i = 0; i < e->updates.count; i++) {
    if (e->updates.items[i].target != update.target) continue;
    diag_error(e->diag, stmt->span, "`%s` gets a second new value",
               tensor_at(e->graph, update.target)->name);
    diag_note(e->diag, e->updates.items[i].span, "the first one");
    return;
  }
  ARRAY_PUSH(e->arena, &e->updates, update);
}
