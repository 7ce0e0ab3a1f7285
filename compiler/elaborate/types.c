/* Types meet: literals adapt, integers widen, nothing else converts by itself. */
#include <string.h>
#include "elaborate/elaborator.h"

/* --- literals in another type --- */

static ExprId retype(Elaborator *e, ExprId id, ScalarType from, ScalarType to) {
  Graph *graph = e->graph;
  const Expr x = *expr_at(graph, id);
  if (x.type != from) return id; /* a condition */
  if (x.kind == EXPR_CONST)
    return type_is_real(from) ? expr_real(graph, to, x.real)
           : type_is_real(to) ? expr_real(graph, to, (double)x.integer)
                              : expr_integer(graph, to, x.integer);
  if (x.kind != EXPR_OP) return expr_cast(graph, to, id);
  if (x.op == OP_CAST) return expr_cast(graph, to, x.args[0]);
  if (x.op == OP_RANDOM_UNIFORM || x.op == OP_RANDOM_NORMAL)
    return expr_random(graph, x.op, to, x.args[0], x.args[1]);
  ExprId args[3];
  for (uint32_t i = 0; i < x.n_args; i++) args[i] = retype(e, x.args[i], from, to);
  return expr_op(graph, x.op, args, x.n_args);
}

Value value_retype(Elaborator *e, Value v, ScalarType type) {
  if (v.type == type) return v;
  if (v.constant && !type_is_real(v.type) && type_is_real(type)) v.real = (double)v.integer;
  v.body = v.constant && !type_is_real(v.type) ? expr_number(e->graph, type, (double)v.integer)
                                               : retype(e, v.body, v.type, type);
  v.type = type;
  return v;
}

/* --- one value --- */

/* An integer in a wider type. */
static void widen(Elaborator *e, Value *v, ScalarType type) {
  const Expr *x = expr_at(e->graph, v->body);
  v->body = x->kind == EXPR_CONST ? expr_integer(e->graph, type, x->integer)
                                  : expr_cast(e->graph, type, v->body);
  v->type = type;
}

static bool literal_fits(const Value *v, ScalarType type) {
  if (!v->adapts || type == TYPE_BOOL) return false;
  if (type_is_real(type)) return true;
  if (type_is_real(v->type)) return false;
  return !v->constant || type_holds(type, v->integer);
}

static void hint_conversion(Elaborator *e, ScalarType from, ScalarType to) {
  if (type_is_integer(from) && type_is_real(to))
    diag_hint(e->diag, "integers do not become real by themselves: real(…) converts");
  else if (from == TYPE_BOOL && to != TYPE_BOOL)
    diag_hint(e->diag, "real(…) makes 1 of true and 0 of false");
  else if (type_is_real(from) && type_is_integer(to))
    diag_hint(e->diag, "i32(…) cuts off what stands behind the point");
  else if (type_is_real(from) && type_is_real(to))
    diag_hint(e->diag, "%s(…) converts", type_name(to));
}

bool value_convert(Elaborator *e, Value *v, ScalarType type, Span where, const char *expected) {
  if (v->type == type) {
    v->adapts = false;
    return true;
  }
  if (literal_fits(v, type)) {
    *v = value_retype(e, *v, type);
    v->adapts = false;
    return true;
  }
  if (type_is_integer(v->type) && type_is_integer(type) && v->type < type && !v->adapts) {
    widen(e, v, type);
    return true;
  }
  assume_type(e, v, type);
  diag_error(e->diag, where, "%s must be %s, not %s", expected, type_name(type),
             value_describe(e, v));
  hint_conversion(e, v->type, type);
  return false;
}

Value value_cast(Elaborator *e, Value v, ScalarType type, bool adapts) {
  if (v.constant) {
    Value made = v;
    double real = type_is_real(v.type) ? v.real : (double)v.integer;
    if (type_is_real(type)) {
      made = value_real(e, type, type == TYPE_F32 && !adapts ? (double)(float)real : real);
      if (type_is_real(v.type) && !v.adapts) made = v; /* a typed constant: cast below */
    } else if (type == TYPE_BOOL) {
      made = value_bool(e, real != 0);
    } else if (real >= -9.2e18 && real <= 9.2e18) {
      int64_t integer = type_is_real(v.type) ? (int64_t)v.real : v.integer;
      made = value_integer(e, integer);
      if (!type_holds(type, integer))
        made = v;
      else
        made = value_retype(e, made, type);
    }
    made.adapts = adapts && type != TYPE_BOOL;
    made.is_size = false;
    if (made.type == type) return made;
  }
  if (v.adapts && type_is_real(type) && !v.constant) v = value_retype(e, v, type);
  v.body = expr_cast(e->graph, type, v.body);
  v.type = type;
  v.adapts = v.constant = v.is_size = false;
  return v;
}

/* --- two values --- */

static ScalarType wider(ScalarType a, ScalarType b) {
  bool signs_differ = (a == TYPE_U8 && b == TYPE_I8) || (a == TYPE_I8 && b == TYPE_U8);
  if (signs_differ) return TYPE_I32;
  return a > b ? a : b;
}

/* A literal takes the type of what it meets; one that does not fit widens it. */
static bool adapt(Elaborator *e, Value *literal, Value *other) {
  if (literal_fits(literal, other->type)) {
    *literal = value_retype(e, *literal, other->type);
    literal->adapts = false;
    return true;
  }
  if (!literal->constant || !type_is_integer(literal->type) || !type_is_integer(other->type))
    return false;
  widen(e, other, literal->type);
  literal->adapts = false;
  return true;
}

/* Of a tensor that the user named; NULL: it is none. */
static const Tensor *named_tensor(const Elaborator *e, const Value *v) {
  TensorId id;
  if (v->kind != VALUE_TENSOR || !value_is_whole(e, v, &id)) return NULL;
  const Tensor *t = tensor_at(e->graph, id);
  bool named = t->named || t->kind != TENSOR_DEFINITION;
  return named && t->span.source != NULL ? t : NULL;
}

void note_definition(Elaborator *e, const Value *v) {
  const Tensor *t = named_tensor(e, v);
  if (t != NULL) diag_note(e->diag, t->span, "`%s` is %s", t->name, value_describe(e, v));
}

void note_operand(Elaborator *e, const Value *v, Span span) {
  if (named_tensor(e, v) != NULL)
    note_definition(e, v);
  else
    diag_note(e->diag, span, "this is %s", value_describe(e, v));
}

bool unify_types(Elaborator *e, Value *a, Value *b, Span at_a, Span at_b, const char *what) {
  if (a->adapts && b->adapts) {
    if (a->type == b->type) return true;
    ScalarType type = type_is_real(a->type)   ? a->type
                      : type_is_real(b->type) ? b->type
                                              : wider(a->type, b->type);
    *a = value_retype(e, *a, type);
    *b = value_retype(e, *b, type);
    return true;
  }
  if (a->adapts && adapt(e, a, b)) return true;
  if (b->adapts && adapt(e, b, a)) return true;
  if (a->type == b->type) return true;
  if (!a->adapts && !b->adapts && type_is_integer(a->type) && type_is_integer(b->type)) {
    ScalarType type = wider(a->type, b->type);
    widen(e, a, type);
    widen(e, b, type);
    return true;
  }
  if (!assume_type(e, a, b->type)) assume_type(e, b, a->type);
  diag_error(e->diag, span_join(at_a, at_b), "%s of %s and %s", what, value_describe(e, a),
             value_describe(e, b));
  note_operand(e, a, at_a);
  note_operand(e, b, at_b);
  hint_conversion(e, type_is_real(b->type) ? a->type : b->type,
                  type_is_real(b->type) ? b->type : a->type);
  return false;
}

/* --- names of types --- */

bool type_named(const Scope *scope, const char *name, ScalarType *type) {
  if (strcmp(name, "real") == 0) {
    *type = scope->real;
    return true;
  }
  if (strcmp(name, "int") == 0) {
    *type = TYPE_I32;
    return true;
  }
  for (int t = 0; t < N_STORED_TYPES; t++) {
    if (strcmp(name, type_name((ScalarType)t)) != 0) continue;
    *type = (ScalarType)t;
    return true;
  }
  return false;
}
