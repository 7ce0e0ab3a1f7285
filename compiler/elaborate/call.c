/* Calls: functions are inlined, layers become instances that own what they declare. */
#include <string.h>
#include "elaborate/elaborator.h"

/* --- arguments --- */

static void hint_parameters(Elaborator *e, const char *const *names, size_t n) {
  Text list = text_new(e->arena);
  for (size_t i = 0; i < n; i++) text_printf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
  if (n > 0) diag_hint(e->diag, "%s %s", n == 1 ? "it is" : "they are", text_string(&list));
}

static bool argument_index(Elaborator *e, const char *callee, const char *const *names, size_t n,
                           const Arg *arg, size_t position, size_t *index) {
  if (arg->name == NULL) {
    *index = position;
    if (position < n) return true;
    diag_error(e->diag, arg->value->span, "%s takes %zu argument%s", callee, n, n == 1 ? "" : "s");
    hint_parameters(e, names, n);
    return false;
  }
  for (*index = 0; *index < n; (*index)++)
    if (strcmp(names[*index], arg->name) == 0) return true;
  diag_error(e->diag, arg->name_span, "%s has no parameter `%s`", callee, arg->name);
  hint_nearest(e, arg->name, names, n);
  return false;
}

bool match_arguments(Elaborator *e, Scope *scope, const char *callee, const char *const *names,
                     size_t n_names, const Ast *call, size_t skip, Argument *out) {
  bool done = true;
  size_t position = skip;
  for (size_t i = 0; call != NULL && i < call->n_args; i++) {
    const Arg *arg = &call->args[i];
    size_t index;
    if (!argument_index(e, callee, names, n_names, arg, position, &index)) return false;
    if (arg->name == NULL) position++;
    if (out[index].present) {
      diag_error(e->diag, arg->value->span, "%s is given `%s` twice", callee, names[index]);
      return false;
    }
    out[index].value = evaluate(e, scope, arg->value);
    out[index].span = arg->value->span;
    out[index].present = true;
    done = done && !value_failed(&out[index].value);
  }
  return done;
}

const char *const *parameter_names(Elaborator *e, const Param *params, size_t n) {
  const char **names = ARENA_ARRAY(e->arena, const char *, n + 1);
  for (size_t i = 0; i < n; i++) names[i] = params[i].name;
  return names;
}

/* --- signatures --- */

/* What a signature has bound so far. */
typedef struct Signature {
  Scope *scope;
  const char *callee;
  bool real_known;
  Span real_span;
  const Value
      *leading; /* the first argument with `...`, which stands for the same axes throughout */
  uint32_t leading_axis, n_leading;
  Span leading_span;
} Signature;

static void report_mismatch(Elaborator *e, const Signature *s, const Param *param,
                            const Argument *arg, const char *why) {
  diag_error(e->diag, arg->span, "`%s` of %s cannot be %s%s%s", param->name, s->callee,
             value_describe(e, &arg->value), why[0] == '\0' ? "" : ": ", why);
  diag_note(e->diag, param->span, "it is declared here");
  note_definition(e, &arg->value);
}

static bool check_real(Elaborator *e, Signature *s, const Param *param, Argument *arg) {
  Value *v = &arg->value;
  if (v->adapts && !type_is_real(v->type)) *v = value_retype(e, *v, s->scope->real);
  if (!type_is_real(v->type)) {
    report_mismatch(e, s, param, arg, "a real is wanted");
    diag_hint(e->diag, "real(…) converts");
    return false;
  }
  if (v->adapts) return true;
  if (s->real_known && s->scope->real != v->type) {
    report_mismatch(e, s, param, arg,
                    arena_printf(e->arena, "another argument is %s", type_name(s->scope->real)));
    diag_note(e->diag, s->real_span, "this one is %s", type_name(s->scope->real));
    return false;
  }
  s->scope->real = v->type;
  s->real_known = true;
  s->real_span = arg->span;
  return true;
}

static bool check_scalar_type(Elaborator *e, Signature *s, const Param *param, Argument *arg) {
  Value *v = &arg->value;
  const char *wanted = param->type->name;
  ScalarType type;
  if (strcmp(wanted, "real") == 0) return check_real(e, s, param, arg);
  if (strcmp(wanted, "int") == 0) {
    if (type_is_integer(v->type)) return true;
    report_mismatch(e, s, param, arg, "an integer is wanted");
    if (type_is_real(v->type))
      diag_hint(e->diag, "i32(…) cuts off what stands behind the point");
    return false;
  }
  if (!type_named(s->scope, wanted, &type)) {
    report_unknown_type(e, wanted, param->type->span);
    return false;
  }
  if (type_is_storage(type)) {
    diag_error(e->diag, param->type->span, "an argument is no %s", wanted);
    diag_hint(e->diag,
              "%s is how an input, a param or a state is stored; what is read from it is "
              "real",
              wanted);
    return false;
  }
  return value_convert(e, v, type, arg->span,
                       arena_printf(e->arena, "`%s` of %s", param->name, s->callee));
}

static bool match_extent(Elaborator *e, Signature *s, const Param *param, const Argument *arg,
                         const Ast *size, int64_t extent) {
  int64_t wanted;
  if (size->kind == AST_NAME) {
    const Binding *bound = map_get(&s->scope->names, size->name);
    if (bound == NULL) {
      bound = scope_find(s->scope, size->name);
      if (bound != NULL && !bound->value.is_size) bound = NULL;
    }
    if (bound == NULL) {
      Value v = value_integer(e, extent);
      v.is_size = true;
      Binding *binding = ARENA_NEW(e->arena, Binding);
      *binding = (Binding){.value = v, .span = arg->span};
      map_set(&s->scope->names, size->name, binding);
      return true;
    }
    if (bound->value.constant && type_is_integer(bound->value.type)) {
      if (bound->value.integer == extent) return true;
      report_mismatch(e, s, param, arg,
                      arena_printf(e->arena, "%s is %lld, not %lld", size->name,
                                   (long long)bound->value.integer, (long long)extent));
      diag_note(e->diag, bound->span, "%s gets its value here", size->name);
      return false;
    }
  }
  if (!constant_integer(e, s->scope, size, "a size in a signature", &wanted)) return false;
  if (wanted == extent) return true;
  Text text = text_new(e->arena);
  print_ast(&text, size);
  report_mismatch(e, s, param, arg,
                  arena_printf(e->arena, "%s is %lld, not %lld", text_string(&text),
                               (long long)wanted, (long long)extent));
  return false;
}

/* a: [8, 1] where b is [8] */
static bool has_spare_axis(const Value *a, const Value *b) {
  return a->rank == b->rank + 1 && a->extents[b->rank] == 1;
}

/* `...` stands for the same axes in all parameters of a signature. A number fits any. */
static bool match_leading(Elaborator *e, Signature *s, const Param *param, const Argument *arg,
                          uint32_t axis, uint32_t count) {
  const Value *v = &arg->value;
  if (v->rank == 0 && v->adapts) return true;
  if (s->leading == NULL) {
    Value *kept = ARENA_NEW(e->arena, Value);
    *kept = *v;
    s->leading = kept;
    s->leading_axis = axis;
    s->n_leading = count;
    s->leading_span = arg->span;
    return true;
  }
  bool same = s->n_leading == count;
  for (uint32_t i = 0; same && i < count; i++)
    same = s->leading->extents[s->leading_axis + i] == v->extents[axis + i];
  if (same) return true;
  report_mismatch(e, s, param, arg, "its `...` stands for other axes than before");
  note_operand(e, s->leading, s->leading_span);
  if (has_spare_axis(v, s->leading) || has_spare_axis(s->leading, v))
    diag_hint(e->diag, "x[:, 0] takes an axis of size 1 away");
  return false;
}

static bool match_shape(Elaborator *e, Signature *s, const Param *param, const Argument *arg) {
  const TypeExpr *type = param->type;
  const Value *v = &arg->value;
  size_t n_plain = 0;
  bool open = false;
  for (size_t i = 0; i < type->n_items; i++)
    if (type->items[i].kind == ITEM_ELLIPSIS)
      open = true;
    else
      n_plain++;
  if (v->rank < n_plain || (!open && v->rank > n_plain)) {
    report_mismatch(e, s, param, arg,
                    arena_printf(e->arena, "it takes %s%zu ax%s", open ? "at least " : "", n_plain,
                                 n_plain == 1 ? "is" : "es"));
    return false;
  }
  size_t axis = 0;
  for (size_t i = 0; i < type->n_items; i++) {
    const Item *item = &type->items[i];
    if (item->kind == ITEM_ELLIPSIS) {
      uint32_t count = v->rank - (uint32_t)n_plain;
      if (!match_leading(e, s, param, arg, (uint32_t)axis, count)) return false;
      axis += count;
      continue;
    }
    if (item->kind != ITEM_EXPR) {
      diag_error(e->diag, item->span, "expected a size");
      return false;
    }
    if (!match_extent(e, s, param, arg, item->first, v->extents[axis++])) return false;
  }
  return true;
}

static bool is_small(const Elaborator *e, ExprId id, int *budget) {
  const Expr *x = expr_at(e->graph, id);
  if (--*budget < 0) return false;
  if (x->kind != EXPR_OP) return true;
  for (uint32_t i = 0; i < x->n_args; i++)
    if (!is_small(e, x->args[i], budget)) return false;
  return true;
}

/* Whether the function takes a derivative by the parameter, and what is given for it is no tensor
   nor a place in one. */
static bool needs_place(const Elaborator *e, const Signature *s, const Param *param,
                        const Value *v) {
  const Stmt *function = s->scope->function;
  return function != NULL && type_is_real(v->type) &&
         expr_at(e->graph, v->body)->kind != EXPR_READ && differentiates_by(function, param->name);
}

/* An argument that is much written out becomes a definition, so that inlining cannot explode; so
   does one that draws random numbers: one for each of its elements, however it is used; and one
   that the function differentiates by. */
static void settle_argument(Elaborator *e, const Signature *s, const Param *param, Argument *arg) {
  enum { SMALL = 16 };
  int budget = SMALL;
  TensorId id;
  if (arg->value.kind != VALUE_TENSOR) return;
  bool drawn = arg->value.rank > 0 && expr_uses_index(e->graph, arg->value.body, RANDOM_POINT);
  bool placed = needs_place(e, s, param, &arg->value);
  if (!drawn && !placed && is_small(e, arg->value.body, &budget)) return;
  if (placed) arg->value.adapts = arg->value.constant = false;
  hold_value(e, s->scope, &arg->value, full_name(e, s->scope, param->name), arg->span, &id);
}

static bool check_parameter(Elaborator *e, Signature *s, const Param *param, Argument *arg) {
  if (param->type == NULL) return true;
  if (arg->value.kind != VALUE_TENSOR) {
    report_mismatch(e, s, param, arg, "a number or tensor is wanted");
    return false;
  }
  return check_scalar_type(e, s, param, arg) && match_shape(e, s, param, arg);
}

/* Binds the parameters in the scope; defaults may use those before them. */
static bool bind_parameters(Elaborator *e, Scope *scope, const char *callee, const Param *params,
                            size_t n, Argument *args, Span where) {
  Signature s = {.scope = scope, .callee = callee};
  for (size_t i = 0; i < n; i++) {
    const Param *param = &params[i];
    if (!args[i].present && param->value == NULL) {
      diag_error(e->diag, where, "%s is not given its `%s`", callee, param->name);
      diag_note(e->diag, param->span, "it is declared here");
      return false;
    }
    if (!args[i].present) {
      args[i].value = evaluate(e, scope, param->value);
      args[i].span = param->value->span;
    }
    if (value_failed(&args[i].value) || !check_parameter(e, &s, param, &args[i])) return false;
    settle_argument(e, &s, param, &args[i]);
    args[i].value.is_size = false;
    Binding *binding = ARENA_NEW(e->arena, Binding);
    *binding = (Binding){.value = args[i].value, .span = args[i].span};
    map_set(&scope->names, param->name, binding);
    note_binding(e, param->span, &binding->value);
  }
  return true;
}

/* --- bodies --- */

static bool reaches_itself(Elaborator *e, const Stmt *declaration, Span where) {
  for (const Frame *frame = e->frame; frame != NULL; frame = frame->outer) {
    if (frame->function != declaration) continue;
    diag_error(e->diag, where, "`%s` reaches itself", declaration->name);
    diag_note(e->diag, declaration->name_span, "it is declared here");
    diag_hint(e->diag, "functions are inlined, so they cannot recur; `repeat` repeats at compile "
                       "time");
    return true;
  }
  return false;
}

/* Where in the user's own text a call within a call comes from. */
static Span use_of(const Scope *scope, Span call) {
  bool own = call.source != NULL && !call.source->prelude;
  return own || scope->use.source == NULL ? call : scope->use;
}

static Scope *body_scope(Elaborator *e, Scope *parent, const Stmt *declaration, Owner *owner,
                         Span use) {
  Scope *scope = scope_new(e, parent);
  scope->owner = owner;
  scope->function = declaration;
  scope->rebinds = true;
  scope->iteration = "";
  scope->group = NULL;
  scope->origin = declaration->name;
  scope->use = use;
  scope->result = ARENA_NEW(e->arena, Value);
  *scope->result = value_error();
  scope->returned = ARENA_NEW(e->arena, bool);
  return scope;
}

/* Runs the body in a scope whose parameters are bound. */
Value run_body(Elaborator *e, Scope *scope, const Stmt *declaration, Span where) {
  Frame frame = {e->frame, declaration};
  const char *naming = e->naming;
  int errors = diag_errors(e->diag);
  e->frame = &frame;
  Value v;
  if (declaration->value != NULL) {
    v = evaluate_direct(e, scope, declaration->value);
  } else {
    execute_block(e, scope, &declaration->body);
    v = *scope->result;
    if (!*scope->returned && diag_errors(e->diag) == errors &&
        declaration->kind != STMT_OPTIMIZER) {
      diag_error(e->diag, declaration->name_span, "`%s` ends without a `return`",
                 declaration->name);
      diag_note(e->diag, where, "called here");
    }
  }
  e->frame = frame.outer;
  e->naming = naming;
  if (v.kind == VALUE_TENSOR && v.origin == NULL) {
    v.origin = scope->origin;
    v.use = scope->use;
  }
  TensorId id;
  if (v.kind == VALUE_TENSOR && v.rank > 0 && expr_uses_index(e->graph, v.body, RANDOM_POINT))
    hold_value(e, scope, &v, full_name(e, scope, "out"), where, &id);
  return v;
}

static Value call_function(Elaborator *e, Scope *scope, const Ast *call, const Value *callee) {
  const Stmt *f = callee->declaration;
  if (reaches_itself(e, f, call->span)) return value_error();
  Argument *args = ARENA_ARRAY(e->arena, Argument, f->n_params + 1);
  if (!match_arguments(e, scope, f->name, parameter_names(e, f->params, f->n_params), f->n_params,
                       call, 0, args))
    return value_error();
  Owner *owner = owner_new(e, scope->owner, f->name, scope->iteration, NULL);
  Scope *body = body_scope(e, callee->home, f, owner, use_of(scope, call->span));
  if (!bind_parameters(e, body, f->name, f->params, f->n_params, args, call->span))
    return value_error();
  if (f->rule != NULL) return call_with_rule(e, body, f, args, call->span);
  return run_body(e, body, f, call->span);
}

/* --- instances --- */

/* dense(x, 10): what a layer is applied to stands among its hyperparameters. */
static bool is_given_input(Elaborator *e, const Stmt *layer, const Argument *args) {
  for (size_t i = 0; i < layer->n_hyper; i++) {
    const Param *param = &layer->hyper[i];
    const Value *v = &args[i].value;
    bool scalar = param->type != NULL && !param->type->has_brackets;
    if (!args[i].present || !scalar || v->kind != VALUE_TENSOR || v->rank == 0) continue;
    diag_error(e->diag, args[i].span, "`%s` of %s cannot be %s", param->name, layer->name,
               value_describe(e, v));
    diag_note(e->diag, param->span, "it is declared here");
    note_definition(e, v);
    diag_hint(e->diag, "a layer is applied to its input: x |> %s(…), or %s(…)(x)", layer->name,
              layer->name);
    return true;
  }
  return false;
}

static Value make_instance(Elaborator *e, Scope *scope, const Value *callee, const Ast *call,
                           Span where) {
  const Stmt *d = callee->declaration;
  if (d->n_hyper == 0 && call != NULL && call->n_args > 0) {
    diag_error(e->diag, call->span, "the layer %s has no hyperparameters", d->name);
    diag_hint(e->diag, "write %s()(x) or x |> %s", d->name, d->name);
    return value_error();
  }
  Argument *args = ARENA_ARRAY(e->arena, Argument, d->n_hyper + 1);
  if (!match_arguments(e, scope, d->name, parameter_names(e, d->hyper, d->n_hyper), d->n_hyper,
                       call, 0, args) ||
      is_given_input(e, d, args))
    return value_error();
  Scope *hyper = scope_new(e, callee->home);
  hyper->owner = scope->owner;
  hyper->iteration = scope->iteration;
  if (!bind_parameters(e, hyper, d->name, d->hyper, d->n_hyper, args, where)) return value_error();
  Value v = value_error();
  v.kind = VALUE_INSTANCE;
  v.instance = ARENA_NEW(e->arena, Instance);
  *v.instance = (Instance){.declaration = d, .hyper = hyper};
  return v;
}

/* A result that is a new expression is called after the definition in the layer that it extends:
   `return z + b` gives the z of the instance. */
static Value name_result(Elaborator *e, Scope *body, Value v) {
  TensorId id, extended = TENSOR_NONE;
  if (v.kind != VALUE_TENSOR || v.constant || value_is_whole(e, &v, &id)) return v;
  const char *name = "out";
  for (size_t i = 0; i < body->names.count; i++) {
    const Binding *binding = body->names.entries[i].value;
    if (!value_is_whole(e, &binding->value, &id)) continue;
    const Tensor *t = tensor_at(e->graph, id);
    bool own = t->kind == TENSOR_DEFINITION && !t->named && expr_reads(e->graph, v.body, id) &&
               strcmp(t->name, full_name(e, body, body->names.entries[i].key)) == 0;
    if (!own) continue;
    name = body->names.entries[i].key;
    extended = id;
  }
  const char *full = full_name(e, body, name);
  if (extended != TENSOR_NONE)
    graph_rename(e->graph, extended, arena_printf(e->arena, "%s.part", full));
  Span span = body->use;
  return define_name(e, body, v, full, span, false, e->graph->n_tensors);
}

static Value apply_instance(Elaborator *e, Scope *scope, Instance *instance, const Ast *call,
                            const Argument *first, const void *site, Span where, bool direct) {
  const Stmt *d = instance->declaration;
  if (d->kind == STMT_OPTIMIZER) {
    diag_error(e->diag, where, "an optimizer is not called; it stands in `train` after `with`");
    return value_error();
  }
  if (reaches_itself(e, d, where)) return value_error();
  if (instance->owner == NULL)
    instance->owner = owner_new(e, scope->owner, d->name, scope->iteration, site);
  Argument *args = ARENA_ARRAY(e->arena, Argument, d->n_params + 1);
  size_t skip = 0;
  if (first != NULL && d->n_params > 0) args[skip++] = *first;
  if (!match_arguments(e, scope, d->name, parameter_names(e, d->params, d->n_params), d->n_params,
                       call, skip, args))
    return value_error();
  Scope *body = body_scope(e, instance->hyper, d, instance->owner, use_of(scope, where));
  if (!bind_parameters(e, body, d->name, d->params, d->n_params, args, where)) return value_error();
  Value v = run_body(e, body, d, where);
  return direct ? v : name_result(e, body, v);
}

void apply_optimizer(Elaborator *e, const Instance *instance, TensorId param, TensorId gradient,
                     Span span) {
  const Stmt *d = instance->declaration;
  const char *name = tensor_at(e->graph, param)->name;
  Owner *owner = owner_new(e, e->global->owner, name, "", NULL);
  owner->path = arena_printf(e->arena, "%s.", name);
  Scope *body = body_scope(e, instance->hyper, d, owner, span);
  if (d->n_params != 2) {
    diag_error(e->diag, d->name_span,
               "an optimizer takes two tensors, the param and its gradient, not %zu", d->n_params);
    return;
  }
  Argument args[2] = {{value_tensor(e, param), span, true},
                      {value_tensor(e, gradient), span, true}};
  body->real = args[0].value.type;
  if (bind_parameters(e, body, d->name, d->params, 2, args, span)) run_body(e, body, d, span);
}

/* --- dispatch --- */

static Value call_operator(Elaborator *e, Scope *scope, const Ast *call, ScalarOp op) {
  const ScalarOpInfo *info = &scalar_ops[op];
  Value args[3];
  Span spans[3];
  for (size_t i = 0; i < call->n_args; i++) {
    if (call->args[i].name == NULL) continue;
    diag_error(e->diag, call->args[i].name_span, "%s takes no named arguments", info->name);
    return value_error();
  }
  if (call->n_args != info->arity) {
    diag_error(e->diag, call->span, "%s takes %u argument%s, not %zu", info->name, info->arity,
               info->arity == 1 ? "" : "s", call->n_args);
    return value_error();
  }
  for (size_t i = 0; i < call->n_args; i++) {
    args[i] = evaluate(e, scope, call->args[i].value);
    spans[i] = call->args[i].value->span;
  }
  return apply_operator(e, op, args, spans, info->arity, call->span);
}

static Value call_type(Elaborator *e, Scope *scope, const Ast *call, const Value *callee) {
  if (call->n_args != 1 || call->args[0].name != NULL) {
    diag_error(e->diag, call->span, "%s(…) converts one value", type_name(callee->type));
    return value_error();
  }
  Value v = evaluate_tensor(e, scope, call->args[0].value);
  return value_failed(&v) ? v : value_cast(e, v, callee->type, callee->adapts);
}

Value call_value(Elaborator *e, Scope *scope, const Ast *call, Value callee, bool direct) {
  switch (callee.kind) {
  case VALUE_ERROR: return callee;
  case VALUE_TYPE: return call_type(e, scope, call, &callee);
  case VALUE_BUILTIN: return callee.builtin->call(e, scope, call);
  case VALUE_OPERATOR: return call_operator(e, scope, call, callee.op);
  case VALUE_FUNCTION: return call_function(e, scope, call, &callee);
  case VALUE_LAYER:
  case VALUE_OPTIMIZER: return make_instance(e, scope, &callee, call, call->span);
  case VALUE_INSTANCE:
    return apply_instance(e, scope, callee.instance, call, NULL, call, call->span, direct);
  case VALUE_TENSOR:
  case VALUE_STRING:
  case VALUE_LIST:
  case VALUE_TUPLE: break;
  }
  diag_error(e->diag, call->operand->span, "%s is not a function", value_describe(e, &callee));
  if (callee.kind == VALUE_TENSOR) diag_hint(e->diag, "indices stand in brackets: x[i]");
  return value_error();
}

/* --- pipes --- */

/* f(x, a…) for x |> f(a…). */
static Value call_with_first(Elaborator *e, Scope *scope, const Ast *pipe, const Ast *callee,
                             const Ast *call, bool direct) {
  size_t n = call == NULL ? 0 : call->n_args;
  Ast *made = ARENA_NEW(e->arena, Ast);
  *made = (Ast){.kind = AST_CALL, .span = pipe->span, .op_span = pipe->op_span};
  made->operand = (Ast *)callee;
  made->args = ARENA_ARRAY(e->arena, Arg, n + 1);
  made->args[0] = (Arg){.value = pipe->operand, .name_span = pipe->operand->span};
  for (size_t i = 0; i < n; i++) made->args[i + 1] = call->args[i];
  made->n_args = n + 1;
  return direct ? evaluate_direct(e, scope, made) : evaluate(e, scope, made);
}

Value pipe_value(Elaborator *e, Scope *scope, const Ast *pipe, bool direct) {
  const Ast *right = pipe->right;
  const Ast *call = right->kind == AST_CALL ? right : NULL;
  const Ast *callee = call == NULL ? right : call->operand;
  bool reduces = callee->kind == AST_NAME && scope_find(scope, callee->name) == NULL &&
                 is_reduction(callee->name);
  if (reduces) return call_with_first(e, scope, pipe, callee, call, direct);
  Value f = evaluate(e, scope, callee);
  if (value_failed(&f)) return f;
  if (f.kind != VALUE_LAYER && f.kind != VALUE_INSTANCE)
    return call_with_first(e, scope, pipe, callee, call, direct);
  Argument first = {evaluate(e, scope, pipe->operand), pipe->operand->span, true};
  if (value_failed(&first.value)) return first.value;
  if (f.kind == VALUE_LAYER) {
    f = make_instance(e, scope, &f, call, right->span);
    call = NULL;
  }
  if (value_failed(&f)) return f;
  return apply_instance(e, scope, f.instance, call, &first, pipe, right->span, direct);
}
