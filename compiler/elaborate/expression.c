/* Expressions to values. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "elaborate/elaborator.h"

/* --- names and paths --- */

const char *path_text(Elaborator *e, const Ast *ast) {
  if (ast->kind == AST_NAME) return ast->name;
  if (ast->kind == AST_FIELD) {
    const char *base = path_text(e, ast->operand);
    return base == NULL ? NULL : arena_printf(e->arena, "%s.%s", base, ast->name);
  }
  if (ast->kind == AST_INDEX && ast->n_items == 1 && ast->items[0].kind == ITEM_EXPR &&
      ast->items[0].first->kind == AST_INT) {
    const char *base = path_text(e, ast->operand);
    return base == NULL
               ? NULL
               : arena_printf(e->arena, "%s[%" PRId64 "]", base, ast->items[0].first->integer);
  }
  return NULL;
}

/* What an instance owns, by its own names: f.W */
static Binding *find_owned(Elaborator *e, const Scope *scope, const Ast *ast) {
  if (ast->kind != AST_FIELD) return NULL;
  const char *base = path_text(e, ast->operand);
  Binding *instance = base == NULL ? NULL : scope_find(scope, base);
  if (instance == NULL || instance->value.kind != VALUE_INSTANCE ||
      instance->value.instance->owner == NULL)
    return NULL;
  const char *path = owner_path(e, instance->value.instance->owner);
  TensorId *id = map_get(&e->owned, arena_printf(e->arena, "%s%s", path, ast->name));
  if (id == NULL) return NULL;
  Binding *binding = ARENA_NEW(e->arena, Binding);
  binding->value = value_tensor(e, *id);
  binding->span = tensor_at(e->graph, *id)->span;
  return binding;
}

Binding *find_path(Elaborator *e, const Scope *scope, const Ast *ast) {
  const char *path = path_text(e, ast);
  if (path == NULL) return NULL;
  Binding *binding = scope_find(scope, path);
  if (binding != NULL) return binding;
  binding = find_owned(e, scope, ast);
  if (binding != NULL) return binding;
  /* what unnamed instances own: dense1.W */
  TensorId *id = ast->kind == AST_NAME ? NULL : map_get(&e->owned, path);
  if (id == NULL) return NULL;
  binding = ARENA_NEW(e->arena, Binding);
  binding->value = value_tensor(e, *id);
  binding->span = tensor_at(e->graph, *id)->span;
  return binding;
}

static Value builtin_value(const char *name) {
  Value v = value_error();
  const Builtin *builtin = builtin_named(name);
  ScalarOp op = scalar_op_named(name);
  if (builtin != NULL) {
    v.kind = VALUE_BUILTIN;
    v.builtin = builtin;
  } else if (op != N_SCALAR_OPS && scalar_ops[op].infix == NULL && scalar_ops[op].prefix == NULL &&
             op != OP_CAST && scalar_ops[op].arity > 0) {
    v.kind = VALUE_OPERATOR;
    v.op = op;
  }
  return v;
}

static Value evaluate_name(Elaborator *e, Scope *scope, const Ast *ast) {
  const Binding *binding = scope_find(scope, ast->name);
  if (binding != NULL) return binding->value;
  if (strcmp(ast->name, "pi") == 0) return value_real(e, scope->real, M_PI);
  if (strcmp(ast->name, "inf") == 0) return value_real(e, scope->real, INFINITY);
  if (strcmp(ast->name, "training") == 0)
    return value_scalar(e, expr_nullary(e->graph, OP_TRAINING));
  if (strcmp(ast->name, "step") == 0) return value_scalar(e, expr_nullary(e->graph, OP_STEP));
  Value v = builtin_value(ast->name);
  if (!value_failed(&v)) return v;
  ScalarType type;
  if (type_named(scope, ast->name, &type)) {
    v.kind = VALUE_TYPE;
    v.type = type;
    v.adapts = strcmp(ast->name, "real") == 0 || strcmp(ast->name, "int") == 0;
    return v;
  }
  size_t length = strlen(ast->name);
  if (length > 1 && ast->name[length - 1] == '\'') {
    diag_error(e->diag, ast->span, "`%s` is not defined", ast->name);
    diag_hint(e->diag, "a new value is known after `%.*s <- …`", (int)length - 1, ast->name);
    return value_error();
  }
  if (is_reduction(ast->name)) {
    diag_error(e->diag, ast->span, "`%s` stands without what it reduces", ast->name);
    diag_hint(e->diag, "write %s(x), or %s[i](…) over an index", ast->name, ast->name);
    return value_error();
  }
  report_unknown(e, scope, ast->name, ast->span);
  return value_error();
}

static bool names_function(const Scope *scope, const char *name) {
  Value v = builtin_value(name);
  const Binding *binding = scope_find(scope, name);
  return is_reduction(name) || !value_failed(&v) ||
         (binding != NULL && binding->value.kind == VALUE_FUNCTION);
}

/* What an instance owns, if it does. */
static void hint_owned(Elaborator *e, const Instance *instance, const char *name) {
  const char *path = instance->owner == NULL ? "" : owner_path(e, instance->owner);
  const char **names = ARENA_ARRAY(e->arena, const char *, e->owned.count + 1);
  size_t n = 0, length = strlen(path);
  for (size_t i = 0; i < e->owned.count && length > 0; i++)
    if (strncmp(e->owned.entries[i].key, path, length) == 0)
      names[n++] = e->owned.entries[i].key + length;
  if (n > 0)
    hint_nearest(e, name, names, n);
  else
    diag_hint(e->diag, "an instance owns its params and states once it was applied");
}

static bool is_owned_somewhere(const Elaborator *e, const char *name) {
  for (size_t i = 0; i < e->owned.count; i++) {
    const char *last = strrchr(e->owned.entries[i].key, '.');
    if (last != NULL && strcmp(last + 1, name) == 0) return true;
  }
  return false;
}

/* x.T, x.sum(), x.W */
static void hint_method(Elaborator *e, const Scope *scope, const Ast *ast) {
  const char *operand = written(e, ast->operand);
  if (strcmp(ast->name, "T") == 0)
    diag_hint(e->diag, "transpose(%s) is %s transposed", operand, operand);
  else if (names_function(scope, ast->name))
    diag_hint(e->diag, "a function stands before its argument: %s(%s)", ast->name, operand);
  else if (is_owned_somewhere(e, ast->name))
    diag_hint(e->diag, "params belong to the layer, not to its result: f = dense(8), f(x), f.%s",
              ast->name);
}

static Value evaluate_field(Elaborator *e, Scope *scope, const Ast *ast) {
  const Binding *binding = find_path(e, scope, ast);
  if (binding != NULL) return binding->value;
  const char *path = path_text(e, ast);
  if (path == NULL) {
    diag_error(e->diag, ast->op_span, "`.%s` stands after something that owns nothing", ast->name);
    hint_method(e, scope, ast);
    return value_error();
  }
  const Binding *base = find_path(e, scope, ast->operand);
  if (base != NULL && value_failed(&base->value)) return value_error();
  if (base != NULL && base->value.kind == VALUE_INSTANCE) {
    diag_error(e->diag, ast->span, "%s owns no `%s`", path_text(e, ast->operand), ast->name);
    hint_owned(e, base->value.instance, ast->name);
  } else if (base != NULL) {
    diag_error(e->diag, ast->op_span, "%s has no `%s`", value_describe(e, &base->value), ast->name);
    hint_method(e, scope, ast);
  } else {
    report_unknown(e, scope, path, ast->span);
  }
  return value_error();
}

/* --- operators --- */

static Value evaluate_binary(Elaborator *e, Scope *scope, const Ast *ast) {
  if (ast->binary == BINARY_MATMUL) return matrix_product(e, scope, ast);
  Value args[2] = {evaluate(e, scope, ast->operand), evaluate(e, scope, ast->right)};
  Span spans[2] = {ast->operand->span, ast->right->span};
  return apply_operator(e, scalar_op_infixed(binary_text(ast->binary)), args, spans, 2, ast->span);
}

static Value evaluate_list(Elaborator *e, Scope *scope, const Ast *ast) {
  Value *items = ARENA_ARRAY(e->arena, Value, ast->n_items + 1);
  Value list = value_error();
  for (size_t i = 0; i < ast->n_items; i++) {
    if (ast->items[i].kind != ITEM_EXPR) {
      diag_error(e->diag, ast->items[i].span, "expected a value in a list");
      return value_error();
    }
    items[i] = evaluate(e, scope, ast->items[i].first);
    if (value_failed(&items[i])) return value_error();
  }
  list.kind = VALUE_LIST;
  list.items = items;
  list.n_items = ast->n_items;
  return list;
}

/* --- calls --- */

Span call_span(const Ast *call) { return call->operand->span; }

static Value evaluate_call(Elaborator *e, Scope *scope, const Ast *ast, bool direct) {
  const Ast *f = ast->operand;
  bool hidden = f->kind == AST_NAME && scope_find(scope, f->name) != NULL;
  if (f->kind == AST_INDEX && f->operand->kind == AST_NAME) {
    if (is_reduction(f->operand->name)) return reduce_indices(e, scope, ast);
    if (strcmp(f->operand->name, "tensor") == 0) return anonymous_definition(e, scope, ast);
  }
  if (f->kind == AST_NAME && !hidden && is_reduction(f->name)) return reduce_call(e, scope, ast);
  Value callee = evaluate(e, scope, f);
  return call_value(e, scope, ast, callee, direct);
}

/* --- all --- */

static Value evaluate_any(Elaborator *e, Scope *scope, const Ast *ast, bool direct) {
  switch (ast->kind) {
  case AST_INT: return value_integer(e, ast->integer);
  case AST_REAL: return value_real(e, scope->real, ast->real);
  case AST_BOOL: return value_bool(e, ast->boolean);
  case AST_STRING: {
    Value v = value_error();
    v.kind = VALUE_STRING;
    v.string = ast->string;
    return v;
  }
  case AST_NAME: return evaluate_name(e, scope, ast);
  case AST_FIELD: return evaluate_field(e, scope, ast);
  case AST_UNARY: {
    Value v = evaluate(e, scope, ast->operand);
    return apply_operator(e, ast->unary == UNARY_NEG ? OP_NEG : OP_NOT, &v, &ast->operand->span, 1,
                          ast->span);
  }
  case AST_BINARY: return evaluate_binary(e, scope, ast);
  case AST_PIPE: return pipe_value(e, scope, ast, direct);
  case AST_CALL: return evaluate_call(e, scope, ast, direct);
  case AST_INDEX: {
    const Binding *binding = find_path(e, scope, ast);
    if (binding != NULL) return binding->value;
    return read_value(e, scope, ast, NULL);
  }
  case AST_DEFAULT:
    if (ast->operand->kind == AST_INDEX) return read_value(e, scope, ast->operand, ast->right);
    diag_error(e->diag, ast->op_span, "`??` gives a default to a read, `x[…] ?? 0`");
    return value_error();
  case AST_LIST: return evaluate_list(e, scope, ast);
  }
  return value_error();
}

static Value evaluate_within(Elaborator *e, Scope *scope, const Ast *ast, bool direct) {
  if (!spend(e, ast->span)) return value_error();
  return evaluate_any(e, scope, ast, direct);
}

Value evaluate(Elaborator *e, Scope *scope, const Ast *ast) {
  return evaluate_within(e, scope, ast, false);
}

Value evaluate_direct(Elaborator *e, Scope *scope, const Ast *ast) {
  return evaluate_within(e, scope, ast, true);
}

Value evaluate_tensor(Elaborator *e, Scope *scope, const Ast *ast) {
  Value v = evaluate(e, scope, ast);
  if (v.kind == VALUE_TENSOR || value_failed(&v)) return v;
  diag_error(e->diag, ast->span, "expected a number or tensor, found %s", value_describe(e, &v));
  if (v.kind == VALUE_LAYER || v.kind == VALUE_INSTANCE)
    diag_hint(e->diag, "a layer is applied: `x |> %s`",
              v.kind == VALUE_LAYER ? v.declaration->name : v.instance->declaration->name);
  return value_error();
}
