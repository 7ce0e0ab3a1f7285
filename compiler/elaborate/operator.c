/* Scalar operators over values: operand types by the table's rules, shapes by broadcasting. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

static const char *operator_text(ScalarOp op) {
  const ScalarOpInfo *info = &scalar_ops[op];
  return info->infix != NULL ? info->infix : info->prefix != NULL ? info->prefix : info->name;
}

/* --- types --- */

static bool require_number(Elaborator *e, ScalarOp op, const Value *v, Span span) {
  if (v->type != TYPE_BOOL) return true;
  diag_error(e->diag, span, "`%s` takes numbers, not %s", operator_text(op), value_describe(e, v));
  diag_hint(e->diag, "real(…) makes 1 of true and 0 of false");
  return false;
}

static bool require_real(Elaborator *e, ScalarOp op, Value *v, Span span) {
  if (type_is_real(v->type)) return true;
  if (v->adapts) {
    *v = value_retype(e, *v, e->program->real);
    return true;
  }
  diag_error(e->diag, span, "`%s` takes a real, not %s", operator_text(op), value_describe(e, v));
  diag_hint(e->diag, "real(…) converts");
  return false;
}

static bool require_type(Elaborator *e, ScalarOp op, bool fits, const Value *v, Span span,
                         ScalarType wanted, const char *what) {
  if (fits) return true;
  assume_type(e, v, wanted);
  diag_error(e->diag, span, "`%s` takes %s, not %s", operator_text(op), what, value_describe(e, v));
  return false;
}

/* x^n with a real x and an integer n that is no literal: n is converted. */
static void convert_exponent(Elaborator *e, Value *args) {
  if (!type_is_real(args[0].type) || !type_is_integer(args[1].type) || args[1].adapts) return;
  args[1].body = expr_cast(e->graph, args[0].type, args[1].body);
  args[1].type = args[0].type;
  args[1].adapts = args[0].adapts;
  args[1].constant = false;
}

static bool operand_types(Elaborator *e, ScalarOp op, Value *args, const Span *spans, uint32_t n) {
  const char *what = arena_printf(e->arena, "`%s`", operator_text(op));
  switch (scalar_ops[op].takes) {
  case TAKES_NOTHING:
  case TAKES_ANY: return true;
  case TAKES_NUMBERS:
    for (uint32_t i = 0; i < n; i++)
      if (!require_number(e, op, &args[i], spans[i])) return false;
    if (op == OP_POW) convert_exponent(e, args);
    return n < 2 || unify_types(e, &args[0], &args[1], spans[0], spans[1], what);
  case TAKES_REALS:
    for (uint32_t i = 0; i < n; i++)
      if (!require_real(e, op, &args[i], spans[i])) return false;
    return n < 2 || unify_types(e, &args[0], &args[1], spans[0], spans[1], what);
  case TAKES_INTEGERS:
    for (uint32_t i = 0; i < n; i++)
      if (!require_type(e, op, type_is_integer(args[i].type), &args[i], spans[i], TYPE_I32,
                        "an integer"))
        return false;
    return true;
  case TAKES_BOOLS:
    for (uint32_t i = 0; i < n; i++)
      if (!require_type(e, op, args[i].type == TYPE_BOOL, &args[i], spans[i], TYPE_BOOL,
                        "a condition"))
        return false;
    return true;
  case TAKES_ORDERED: return unify_types(e, &args[0], &args[1], spans[0], spans[1], what);
  case TAKES_CHOICE:
    return require_type(e, op, args[0].type == TYPE_BOOL, &args[0], spans[0], TYPE_BOOL,
                        "a condition") &&
           unify_types(e, &args[1], &args[2], spans[1], spans[2], what);
  }
  return false;
}

/* --- shapes --- */

static void report_shapes(Elaborator *e, ScalarOp op, const Value *args, const Span *spans,
                          uint32_t n, Span where) {
  Text shapes = text_new(e->arena);
  for (uint32_t i = 0; i < n; i++)
    text_printf(&shapes, "%s%s",
                i == 0      ? ""
                : i + 1 < n ? ", "
                            : " and ",
                value_describe(e, &args[i]));
  diag_error(e->diag, where, "`%s` of %s: the shapes do not fit together", operator_text(op),
             text_string(&shapes));
  for (uint32_t i = 0; i < n; i++) note_operand(e, &args[i], spans[i]);
  diag_hint(e->diag, "axes are matched from the last, and two sizes must be equal, or one of them "
                     "1; index notation says it otherwise: c[i, j] = a[i, j] + b[i]");
}

static bool common_shape(Elaborator *e, ScalarOp op, const Value *args, const Span *spans,
                         uint32_t n, Span where, int64_t *extents, uint32_t *rank) {
  *rank = 0;
  for (uint32_t i = 0; i < n; i++)
    if (args[i].rank > *rank) *rank = args[i].rank;
  for (uint32_t k = 0; k < *rank; k++) extents[k] = 1;
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t k = 0; k < args[i].rank; k++) {
      uint32_t at = *rank - args[i].rank + k;
      int64_t extent = args[i].extents[k];
      if (extents[at] == 1 || extents[at] == UNKNOWN_EXTENT) extents[at] = extent;
      if (extent == 1 || extent == UNKNOWN_EXTENT || extent == extents[at]) continue;
      report_shapes(e, op, args, spans, n, where);
      return false;
    }
  }
  return true;
}

static const char *const *common_names(const Value *args, uint32_t n, uint32_t rank) {
  for (uint32_t i = 0; i < n; i++)
    if (args[i].rank == rank && args[i].axis_names != NULL && args[i].axis_names[0] != NULL)
      return args[i].axis_names;
  return NULL;
}

/* --- the operator --- */

static bool result_adapts(ScalarOp op, const Value *args, uint32_t n) {
  if (n == 0 || scalar_ops[op].gives != GIVES_OPERAND) return false;
  for (uint32_t i = op == OP_WHERE ? 1 : 0; i < n; i++)
    if (!args[i].adapts) return false;
  return true;
}

/* Strings are words for options: `pad == "same"`. A word is no number. */
static bool compares_string(ScalarOp op, const Value *args) {
  return (op == OP_EQ || op == OP_NE) &&
         (args[0].kind == VALUE_STRING || args[1].kind == VALUE_STRING);
}

static bool same_string(const Value *a, const Value *b) {
  return a->kind == b->kind && strcmp(a->string, b->string) == 0;
}

/* The same number at all points of each operand, as in `0.25 * ones([2])`: computed here, as it
   would be where the numbers are written. */
static bool uniform_operator(Elaborator *e, ScalarOp op, const Value *args, uint32_t n,
                             Value *result) {
  Value numbers[3];
  for (uint32_t i = 0; i < n; i++) {
    const Expr *body = expr_at(e->graph, args[i].body);
    if (body->kind != EXPR_CONST) return false;
    numbers[i] = args[i];
    numbers[i].rank = 0;
    numbers[i].constant = true;
    numbers[i].real = body->real;
    numbers[i].integer = body->integer;
  }
  if (!constant_operator(e, op, numbers, n, result)) return false;
  result->constant = result->is_size = false;
  return true;
}

Value apply_operator(Elaborator *e, ScalarOp op, Value *args, const Span *spans, uint32_t n,
                     Span where) {
  for (uint32_t i = 0; i < n; i++)
    if (value_failed(&args[i])) return value_error();
  if (compares_string(op, args))
    return value_bool(e, same_string(&args[0], &args[1]) == (op == OP_EQ));
  for (uint32_t i = 0; i < n; i++) {
    if (args[i].kind == VALUE_TENSOR) continue;
    diag_error(e->diag, spans[i], "`%s` takes numbers, not %s", operator_text(op),
               value_describe(e, &args[i]));
    if (args[i].kind == VALUE_LAYER || args[i].kind == VALUE_INSTANCE)
      diag_hint(e->diag, "a layer is applied to a value: `x |> …`");
    return value_error();
  }
  if (!operand_types(e, op, args, spans, n)) return value_error();
  Value constant;
  if (constant_operator(e, op, args, n, &constant)) return constant;
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, MAX_AXES);
  uint32_t rank;
  if (!common_shape(e, op, args, spans, n, where, extents, &rank)) return value_error();
  const char *const *names = common_names(args, n, rank);
  ExprId bodies[3];
  Value v;
  if (!uniform_operator(e, op, args, n, &v)) {
    for (uint32_t i = 0; i < n; i++) {
      value_broadcast(e, &args[i], rank, extents);
      bodies[i] = args[i].body;
    }
    v = value_scalar(e, expr_op(e->graph, op, bodies, n));
    v.adapts = result_adapts(op, args, n);
  }
  v.rank = rank;
  v.extents = extents;
  v.axis_names = names;
  return v;
}

Value apply_binary(Elaborator *e, ScalarOp op, Value a, Value b, Span where) {
  return apply_operator(e, op, (Value[]){a, b}, (Span[]){where, where}, 2, where);
}
