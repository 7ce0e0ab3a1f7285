/* Reverse rules of one's own: `fn f(x) = e with grad(u) = e2`, and `y with grad(u, x) = e2`.

   A call makes definitions of the arguments, P_i[F…, axes…], over the index variables F of the
   notation around it, of the value y[F…, axes…], and, with a stand-in u for the adjoint of y, of
   the shares:

       P̄_i[F…, axes…] += share_i(u, P, y)

   differentiate/ puts the adjoint in the place of u. */
#include <string.h>
#include "elaborate/elaborator.h"

typedef struct Ruling {
  Elaborator *e;
  const Rule *rule;
  const char *function;
  Span span;  /* of the function's name */
  Span where; /* of the call */
  Scope *scope;
  uint32_t *around, n_around; /* F */
  uint32_t n_touched;         /* how many leading axes all have in common */
  TensorId *wrt;              /* TENSOR_NONE: a constant, which needs no share */
  const char **names;         /* of what is differentiated by */
  Span *declared;
  size_t n;
  TensorId value;
} Ruling;

static const char *rule_word(const Rule *rule) { return rule->surrogate ? "surrogate" : "grad"; }

static bool is_known_tensor(const Elaborator *e, TensorId id) {
  return tensor_at(e->graph, id)->kind != TENSOR_STAND_IN; /* of a scan */
}

/* Whether v is, over F and its axes, a tensor of the graph as it is. */
static bool is_whole_around(const Ruling *r, const Value *v, TensorId *id) {
  const Elaborator *e = r->e;
  const Expr *read = expr_at(e->graph, v->body);
  if (read->kind != EXPR_READ || read->fallback != EXPR_NONE || !is_known_tensor(e, read->tensor) ||
      read->n_args != r->n_around + v->rank)
    return false;
  const Tensor *t = tensor_at(e->graph, read->tensor);
  for (uint32_t i = 0; i < read->n_args; i++) {
    const Expr *at = expr_at(e->graph, read->args[i]);
    uint32_t variable = i < r->n_around ? r->around[i] : i - r->n_around;
    int64_t extent = variable < FIRST_INDEX ? v->extents[variable]
                                            : e->indices.items[variable - FIRST_INDEX].extent;
    if (at->kind != EXPR_INDEX || at->index != variable || t->extents[i] != extent) return false;
  }
  *id = read->tensor;
  return true;
}

static TensorId hold_around(const Ruling *r, Value *v, const char *name, bool named, Span span) {
  TensorId id = hold_over(r->e, r->scope, v, r->around, r->n_around, name, span);
  tensor_at(r->e->graph, id)->named = named;
  return id;
}

/* --- the shares --- */

static void bind(const Ruling *r, Scope *scope, const char *name, Value v) {
  Binding *binding = ARENA_NEW(r->e->arena, Binding);
  *binding = (Binding){.value = v, .span = r->rule->span};
  map_set(&scope->names, name, binding);
}

/* The adjoint of the value y, as the rule sees it. */
static TensorId add_seed(const Ruling *r, Scope *scope, Value y) {
  Graph *graph = r->e->graph;
  y.body = expr_number(graph, y.type, 0);
  const char *name = full_name(r->e, scope, r->rule->seed);
  TensorId id = hold_around(r, &y, name, true, r->rule->span);
  Tensor *seed = tensor_at(graph, id);
  seed->kind = TENSOR_STAND_IN;
  seed->body = EXPR_NONE;
  bind(r, scope, r->rule->seed, y);
  return id;
}

/* The values that the rule gives, as many as it is asked for. */
static bool evaluate_shares(const Ruling *r, Scope *scope, Value *shares) {
  Elaborator *e = r->e;
  const Rule *rule = r->rule;
  size_t n = rule->n_values;
  Value result = value_error();
  bool returned = false;
  if (n == 0) {
    scope->result = &result;
    scope->returned = &returned;
    execute_block(e, scope, &rule->body);
    if (!returned) {
      if (diag_errors(e->diag) == 0)
        diag_error(e->diag, rule->span, "the reverse rule of %s ends without a `return`",
                   r->function);
      return false;
    }
    n = result.kind == VALUE_TUPLE ? result.n_items : 1;
    if (value_failed(&result)) return false;
  }
  if (n != r->n) {
    diag_error(e->diag, rule->span,
               "the reverse rule of %s gives %zu value%s, but it is to be "
               "differentiated by %zu parameter%s",
               r->function, n, n == 1 ? "" : "s", r->n, r->n == 1 ? "" : "s");
    diag_hint(e->diag,
              "one value for each parameter without a default, in their order; or name "
              "them: `with %s(%s, x)`",
              rule_word(rule), rule->seed);
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    bool block = rule->n_values == 0;
    shares[i] = !block ? evaluate_tensor(e, scope, rule->values[i])
                       : (result.kind == VALUE_TUPLE ? result.items[i] : result);
    if (value_failed(&shares[i])) return false;
  }
  return true;
}

static bool same_extents(const Value *a, uint32_t rank, const int64_t *extents) {
  if (a->rank != rank) return false;
  for (uint32_t i = 0; i < rank; i++)
    if (a->extents[i] != extents[i]) return false;
  return true;
}

/* shares[i] as a definition of the shape of wrt[i], whose first axes are F. */
static bool hold_share(const Ruling *r, size_t i, Value share, TensorId seed, TensorId *id) {
  Elaborator *e = r->e;
  const Tensor x = *tensor_at(e->graph, r->wrt[i]);
  const Span span = r->rule->n_values > 0 ? r->rule->values[i]->span : r->rule->span;
  const char *what = arena_printf(e->arena, "the share of `%s` in the reverse rule of %s",
                                  r->names[i], r->function);
  if (share.kind != VALUE_TENSOR) {
    diag_error(e->diag, span, "%s must be a tensor, not %s", what, value_describe(e, &share));
    return false;
  }
  if (!value_convert(e, &share, x.type, span, what)) return false;
  uint32_t rank = x.rank - r->n_around;
  const int64_t *extents = x.extents + r->n_around;
  bool fills = share.rank == 0 && share.adapts && value_broadcast(e, &share, rank, extents);
  if (!fills && !same_extents(&share, rank, extents)) {
    diag_error(e->diag, span, "%s is %s, but `%s` is %s", what, value_describe(e, &share),
               r->names[i], shape_text(e, x.type, rank, extents));
    diag_note(e->diag, r->declared[i], "`%s` stands here", r->names[i]);
    if (r->where.source != NULL) diag_note(e->diag, r->where, "called here");
    diag_hint(e->diag, "what flows back to a parameter has its shape");
    return false;
  }
  share.adapts = share.constant = false;
  bool own = r->where.source == NULL; /* a definition's rule names its shares itself */
  if (is_whole_around(r, &share, id) && (own || *id > seed) &&
      tensor_at(e->graph, *id)->kind == TENSOR_DEFINITION) {
    tensor_at(e->graph, *id)->named = true;
    return true;
  }
  *id = hold_around(r, &share, arena_printf(e->arena, "%s.rule", x.name), true, span);
  return true;
}

/* A read of wrt at the definition's point, along the axes that they have in common. */
static ExprId touch(const Ruling *r, TensorId wrt) {
  Graph *graph = r->e->graph;
  const Tensor x = *tensor_at(graph, wrt);
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, x.rank + 1);
  for (uint32_t k = 0; k < x.rank; k++)
    at[k] = k < r->n_touched ? expr_index(graph, k) : expr_integer(graph, TYPE_I32, 0);
  return expr_read(graph, wrt, at, x.rank, EXPR_NONE);
}

/* y: the value as the rule reads it. */
static void give_rule(const Ruling *r, Scope *scope, Value y) {
  Elaborator *e = r->e;
  TensorId seed = add_seed(r, scope, y);
  Value *values = ARENA_ARRAY(e->arena, Value, r->n + 1);
  if (!evaluate_shares(r, scope, values)) return;
  TensorId *wrt = ARENA_ARRAY(e->arena, TensorId, r->n + 1);
  TensorId *shares = ARENA_ARRAY(e->arena, TensorId, r->n + 1);
  ExprId *touched = ARENA_ARRAY(e->arena, ExprId, r->n + 1);
  uint32_t n = 0;
  for (size_t i = 0; i < r->n; i++) {
    if (r->wrt[i] == TENSOR_NONE) continue;
    if (!hold_share(r, i, values[i], seed, &shares[n])) return;
    wrt[n] = r->wrt[i];
    touched[n] = touch(r, wrt[n]);
    n++;
  }
  OwnRule *rule = ARENA_NEW(e->arena, OwnRule);
  *rule = (OwnRule){.function = r->function,
                    .span = r->span,
                    .surrogate = r->rule->surrogate,
                    .seed = seed,
                    .n = n,
                    .wrt = wrt,
                    .shares = shares,
                    .touched = touched};
  rule->linear = shares_are_linear(e->graph, rule);
  tensor_at(e->graph, r->value)->rule = rule;
}

/* --- functions --- */

static size_t parameter_at(const Stmt *function, const char *name) {
  for (size_t i = 0; i < function->n_params; i++)
    if (strcmp(function->params[i].name, name) == 0) return i;
  return SIZE_MAX;
}

static bool takes_integers(const Param *param) {
  static const char *const types[] = {"int", "bool", "u8", "i8", "i32", "i64"};
  for (size_t i = 0; param->type != NULL && i < sizeof types / sizeof *types; i++)
    if (strcmp(param->type->name, types[i]) == 0) return true;
  return false;
}

/* The parameters that the rule gives shares of: those that it names, or all without a default that
   may be real. */
static bool find_parameters(Elaborator *e, const Stmt *function, size_t *chosen, size_t *n) {
  const Rule *rule = function->rule;
  *n = 0;
  for (size_t i = 0; rule->n_wrt == 0 && i < function->n_params; i++)
    if (function->params[i].value == NULL && !takes_integers(&function->params[i]))
      chosen[(*n)++] = i;
  for (size_t i = 0; i < rule->n_wrt; i++) {
    const char *name = path_text(e, rule->wrt[i]);
    size_t at = name == NULL ? SIZE_MAX : parameter_at(function, name);
    if (at == SIZE_MAX) {
      diag_error(e->diag, rule->wrt[i]->span, "%s has no parameter `%s` to differentiate by",
                 function->name, name == NULL ? "" : name);
      hint_nearest(e, name == NULL ? "" : name,
                   parameter_names(e, function->params, function->n_params), function->n_params);
      return false;
    }
    chosen[(*n)++] = at;
  }
  return true;
}

/* F: what any argument depends on. */
static void find_around(Ruling *r, const Argument *args, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (args[i].value.kind == VALUE_TENSOR)
      r->n_around =
          value_indices_with(r->e, args[i].value.body, r->around, r->n_around, &r->around);
}

/* f(x, x): each parameter is a tensor of its own. */
static bool is_taken(const Ruling *r, size_t i) {
  for (size_t k = 0; k < i; k++)
    if (r->wrt[k] == r->wrt[i]) return true;
  return false;
}

/* The arguments that are differentiated by become definitions. */
static bool hold_parameters(Ruling *r, const Stmt *function, Argument *args, const size_t *chosen) {
  Elaborator *e = r->e;
  bool any = false;
  for (size_t i = 0; i < r->n; i++) {
    const Param *param = &function->params[chosen[i]];
    Value *v = &args[chosen[i]].value;
    r->names[i] = param->name;
    r->declared[i] = param->span;
    r->wrt[i] = TENSOR_NONE;
    if (v->kind != VALUE_TENSOR || !type_is_real(v->type) || v->adapts) continue;
    const char *name = full_name(e, r->scope, param->name);
    any = true;
    if (is_whole_around(r, v, &r->wrt[i]) && !is_taken(r, i))
      tensor_at(e->graph, r->wrt[i])->named = true;
    else
      r->wrt[i] = hold_around(r, v, name, true, args[chosen[i]].span);
    bind(r, r->scope, param->name, *v);
  }
  return any;
}

/* The function's value as a definition over F that is only its own. */
static bool hold_result(Ruling *r, Value *v, TensorId first) {
  Elaborator *e = r->e;
  if (v->kind != VALUE_TENSOR || !type_is_real(v->type)) {
    diag_error(e->diag, r->rule->span, "a reverse rule is for one real value, but %s gives %s",
               r->function, value_describe(e, v));
    return false;
  }
  v->adapts = v->constant = v->is_size = false;
  bool own = is_whole_around(r, v, &r->value) && r->value >= first &&
             tensor_at(e->graph, r->value)->kind == TENSOR_DEFINITION &&
             tensor_at(e->graph, r->value)->rule == NULL;
  for (size_t i = 0; i < r->n && own; i++) own = r->wrt[i] != r->value;
  const char *name = full_name(e, r->scope, "value");
  if (!own) r->value = hold_around(r, v, name, false, r->where);
  return true;
}

Value call_with_rule(Elaborator *e, Scope *body, const Stmt *function, Argument *args, Span where) {
  size_t n = function->n_params, *chosen = ARENA_ARRAY(e->arena, size_t, n + function->rule->n_wrt);
  Ruling r = {.e = e,
              .rule = function->rule,
              .function = function->name,
              .span = function->name_span,
              .where = where,
              .scope = body};
  if (!find_parameters(e, function, chosen, &r.n)) return value_error();
  r.wrt = ARENA_ARRAY(e->arena, TensorId, r.n + 1);
  r.names = ARENA_ARRAY(e->arena, const char *, r.n + 1);
  r.declared = ARENA_ARRAY(e->arena, Span, r.n + 1);
  find_around(&r, args, n);
  r.n_touched = r.n_around;
  bool varies = hold_parameters(&r, function, args, chosen);
  TensorId first = e->graph->n_tensors;
  Value v = run_body(e, body, function, where);
  if (!varies || value_failed(&v)) return v;
  if (!hold_result(&r, &v, first)) return value_error();
  v.origin = body->origin;
  v.use = body->use;
  const Frame frame = {e->frame, function};
  const char *naming = e->naming;
  e->frame = &frame;
  e->naming = NULL;
  Scope *scope = scope_new(e, body);
  bind(&r, scope, function->name, v); /* the function's name is its value */
  give_rule(&r, scope, v);
  e->frame = frame.outer;
  e->naming = naming;
  return v;
}

/* --- definitions --- */

/* A definition, or what it is differentiated by. */
static bool named_tensor(Elaborator *e, Scope *scope, const Ast *ast, TensorId *id) {
  Value v = evaluate_tensor(e, scope, ast);
  if (value_failed(&v)) return false;
  if (value_is_whole(e, &v, id) && type_is_real(v.type)) return true;
  diag_error(e->diag, ast->span, "expected the name of a real tensor, found %s",
             value_describe(e, &v));
  return false;
}

/* F: the leading axes that all have in common. */
static uint32_t common_axes(const Graph *graph, TensorId value, const TensorId *wrt, size_t n) {
  const Tensor *y = tensor_at(graph, value);
  uint32_t common = y->rank;
  for (size_t i = 0; i < n; i++) {
    const Tensor *x = tensor_at(graph, wrt[i]);
    uint32_t k = 0;
    while (k < common && k < x->rank && x->extents[k] == y->extents[k]) k++;
    common = k;
  }
  return common;
}

void declare_rule(Elaborator *e, Scope *scope, const Stmt *stmt) {
  const Rule *rule = stmt->rule;
  Ruling r = {.e = e, .rule = rule, .span = stmt->target->span, .n = rule->n_wrt, .scope = scope};
  r.wrt = ARENA_ARRAY(e->arena, TensorId, r.n + 1);
  r.names = ARENA_ARRAY(e->arena, const char *, r.n + 1);
  r.declared = ARENA_ARRAY(e->arena, Span, r.n + 1);
  if (r.n == 0) {
    diag_error(e->diag, rule->span, "a definition's own rule names what it is differentiated by");
    diag_hint(e->diag, "write `with %s(%s, x)`", rule_word(rule), rule->seed);
    return;
  }
  if (!named_tensor(e, scope, stmt->target, &r.value)) return;
  r.function = tensor_at(e->graph, r.value)->name;
  for (size_t i = 0; i < r.n; i++) {
    if (!named_tensor(e, scope, rule->wrt[i], &r.wrt[i])) return;
    r.names[i] = path_text(e, rule->wrt[i]);
    r.declared[i] = tensor_at(e->graph, r.wrt[i])->span;
  }
  const Tensor *y = tensor_at(e->graph, r.value);
  if (y->kind != TENSOR_DEFINITION || y->rule != NULL) {
    diag_error(e->diag, stmt->target->span, "%s",
               y->rule != NULL ? "it has a reverse rule already"
                               : "only a definition can have a reverse rule of its own");
    return;
  }
  r.n_touched = common_axes(e->graph, r.value, r.wrt, r.n);
  give_rule(&r, scope_new(e, scope), value_tensor(e, r.value));
}
