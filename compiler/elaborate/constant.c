/* Compile-time values: arithmetic in f64 and int64_t. */
#include <inttypes.h>
#include <math.h>
#include "elaborate/elaborator.h"
#include "interpret/evaluate.h"

static bool whole(double value) { return value == floor(value) && fabs(value) < 1e15; }

static bool integer_operator(ScalarOp op, int64_t a, int64_t b, int64_t *result) {
  switch (op) {
  case OP_ADD: return !__builtin_add_overflow(a, b, result);
  case OP_SUB: return !__builtin_sub_overflow(a, b, result);
  case OP_MUL: return !__builtin_mul_overflow(a, b, result);
  case OP_NEG: return !__builtin_sub_overflow((int64_t)0, a, result);
  case OP_DIV:
  case OP_MOD:
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *result = a / b - (a % b != 0 && (a % b < 0) != (b < 0));
    if (op == OP_MOD) *result = a - *result * b;
    return true;
  case OP_POW:
    if (b < 0) return false;
    *result = 1;
    for (; b > 0; b >>= 1) { /* by squaring: (-1)^b ends for every b */
      if ((b & 1) != 0 && __builtin_mul_overflow(*result, a, result)) return false;
      if (b > 1 && __builtin_mul_overflow(a, a, &a)) return false;
    }
    return true;
  case OP_MIN: *result = a < b ? a : b; return true;
  case OP_MAX: *result = a > b ? a : b; return true;
  case OP_ABS: *result = a < 0 ? -a : a; return a != INT64_MIN;
  case OP_SIGN: *result = (a > 0) - (a < 0); return true;
  default: return false; /* no integer operator */
  }
}

bool constant_operator(Elaborator *e, ScalarOp op, const Value *args, uint32_t n, Value *result) {
  for (uint32_t i = 0; i < n; i++)
    if (!args[i].constant || args[i].rank > 0) return false;
  if (n == 0 || op == OP_STOP_GRADIENT || op == OP_CAST) return false;
  if (op == OP_WHERE) {
    *result = args[args[0].integer ? 1 : 2];
    return true;
  }
  ScalarType type = args[n - 1].type;
  if (type_is_integer(type) && scalar_ops[op].gives == GIVES_OPERAND) {
    int64_t integer;
    if (!integer_operator(op, args[0].integer, n > 1 ? args[1].integer : 0, &integer)) return false;
    *result = value_integer(e, integer);
    if (!args[0].adapts) *result = value_cast(e, *result, type, false);
    return result->type == type || result->adapts;
  }
  double operands[3];
  for (uint32_t i = 0; i < n; i++)
    operands[i] = type_is_real(args[i].type) ? args[i].real : (double)args[i].integer;
  Surroundings around = {0};
  bool adapts = args[0].adapts && args[n - 1].adapts;
  ScalarType wide = type == TYPE_F32 && adapts ? TYPE_F64 : type; /* rounded once, at the end */
  bool truth = scalar_ops[op].gives == GIVES_BOOL;
  double value = evaluate_op(op, truth ? TYPE_BOOL : wide, wide, operands, &around);
  if (truth) {
    *result = value_bool(e, value != 0);
    return true;
  }
  if (!type_is_real(type)) return false;
  if (adapts) value = evaluate_constant(op, operands, n);
  *result = value_real(e, type, value);
  result->adapts = adapts;
  /* 1 / 64 reads better than 0.015625 */
  if (op == OP_DIV && whole(operands[0]) && whole(operands[1]) && !whole(value))
    result->body = expr_op2(e->graph, op, args[0].body, args[1].body);
  return true;
}

const char *written(Elaborator *e, const Ast *ast) {
  Text text = text_new(e->arena);
  print_ast(&text, ast);
  return text_string(&text);
}

/* The integer that v is; `ast` is what gave it, for the error. */
static bool integer_value(Elaborator *e, const Value *v, const Ast *ast, const char *what,
                          int64_t *result) {
  if (value_failed(v)) return false;
  if (v->kind == VALUE_TENSOR && v->constant && type_is_integer(v->type)) {
    *result = v->integer;
    return true;
  }
  diag_error(e->diag, ast->span, "%s must be an integer known at compile time, not %s", what,
             value_describe(e, v));
  if (v->kind == VALUE_TENSOR && v->constant && type_is_real(v->type) && whole(v->real))
    diag_hint(e->diag, "int(%s) is %.0f", written(e, ast), v->real);
  else
    diag_hint(e->diag, "sizes come from numbers, `dim`, `const` and the shapes of signatures");
  return false;
}

bool constant_integer(Elaborator *e, Scope *scope, const Ast *ast, const char *what,
                      int64_t *result) {
  Value v = evaluate(e, scope, ast);
  return integer_value(e, &v, ast, what, result);
}

bool constant_bool(Elaborator *e, Scope *scope, const Ast *ast, const char *what, bool *result) {
  Value v = evaluate(e, scope, ast);
  if (value_failed(&v)) return false;
  if (v.kind == VALUE_TENSOR && v.constant && v.type == TYPE_BOOL) {
    *result = v.integer != 0;
    return true;
  }
  diag_error(e->diag, ast->span, "%s must be true or false at compile time, not %s", what,
             value_describe(e, &v));
  if (v.kind == VALUE_TENSOR && v.type == TYPE_BOOL)
    diag_hint(e->diag, "where(condition, a, b) chooses between values that are computed");
  return false;
}

static bool add_size(Elaborator *e, const Value *v, const Ast *ast, bool open, int64_t *extents,
                     uint32_t *rank) {
  int64_t size;
  if (!integer_value(e, v, ast, "a size", &size)) return false;
  if (size < 1 && !(open && size == -1)) {
    diag_error(e->diag, ast->span, "a size must be at least 1, not %" PRId64, size);
    return false;
  }
  if (*rank == MAX_AXES) {
    diag_error(e->diag, ast->span, "more than %d axes: at most so many are possible", MAX_AXES);
    return false;
  }
  extents[(*rank)++] = size;
  return true;
}

bool add_sizes(Elaborator *e, Scope *scope, const Ast *ast, bool open, int64_t *extents,
               uint32_t *rank) {
  for (size_t i = 0; ast->kind == AST_LIST && i < ast->n_items; i++) {
    const Item *item = &ast->items[i];
    if (item->kind != ITEM_EXPR) {
      diag_error(e->diag, item->span, "expected a size");
      return false;
    }
    if (!add_sizes(e, scope, item->first, open, extents, rank)) return false;
  }
  if (ast->kind == AST_LIST) return true;
  Value v = evaluate(e, scope, ast);
  if (v.kind != VALUE_LIST) return add_size(e, &v, ast, open, extents, rank);
  for (size_t i = 0; i < v.n_items; i++)
    if (!add_size(e, &v.items[i], ast, open, extents, rank)) return false;
  return true;
}
