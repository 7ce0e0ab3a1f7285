/* grad, vjp, jvp, jacobian, hessian: a derivative is asked for here, and taken in differentiate/.
 */
#include <string.h>
#include "elaborate/elaborator.h"

static const struct {
  const char *name;
  DerivativeKind kind;
  const char *seed; /* what its third argument is called, NULL: it takes two */
} derivatives[] = {{"grad", DERIVATIVE_GRAD, NULL},
                   {"vjp", DERIVATIVE_VJP, "u"},
                   {"jvp", DERIVATIVE_JVP, "v"},
                   {"jacobian", DERIVATIVE_JACOBIAN, NULL},
                   {"hessian", DERIVATIVE_HESSIAN, NULL}};

/* Name and shape that language.md gives the derivative. */
static void shape_derivative(Elaborator *e, Tensor *t) {
  const Tensor f = *tensor_at(e->graph, t->source), x = *tensor_at(e->graph, t->wrt);
  uint32_t n_f = 0, n_x = x.rank;
  switch (t->derivative) {
  case DERIVATIVE_GRAD:
  case DERIVATIVE_VJP: t->name = arena_printf(e->arena, "%s_bar", x.name); break;
  case DERIVATIVE_JVP:
    t->name = arena_printf(e->arena, "%s_dot", f.name);
    n_f = f.rank;
    n_x = 0;
    break;
  case DERIVATIVE_JACOBIAN:
    t->name = arena_printf(e->arena, "%s_jacobian", f.name);
    n_f = f.rank;
    break;
  case DERIVATIVE_HESSIAN:
    t->name = arena_printf(e->arena, "%s_hessian", f.name);
    n_f = x.rank;
    break;
  }
  const int64_t *first = t->derivative == DERIVATIVE_HESSIAN ? x.extents : f.extents;
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, n_f + n_x + 1);
  for (uint32_t i = 0; i < n_f; i++) extents[i] = first[i];
  for (uint32_t i = 0; i < n_x; i++) extents[n_f + i] = x.extents[i];
  t->rank = n_f + n_x;
  t->extents = extents;
  t->type = t->derivative == DERIVATIVE_JVP ? f.type : x.type;
  if (n_f == 0) t->index_names = x.index_names;
}

static TensorId make_derivative(Elaborator *e, DerivativeKind kind, TensorId f, TensorId x,
                                TensorId seed, Span span) {
  Tensor t = tensor_new(TENSOR_DERIVATIVE, TYPE_F32);
  t.derivative = kind;
  t.source = f;
  t.wrt = x;
  t.seed = seed;
  t.span = span;
  shape_derivative(e, &t);
  t.adjoint_from = f;
  return graph_add(e->graph, t);
}

TensorId make_gradient(Elaborator *e, TensorId loss, TensorId x, Span span) {
  return make_derivative(e, DERIVATIVE_GRAD, loss, x, TENSOR_NONE, span);
}

/* --- arguments --- */

static bool real_tensor(Elaborator *e, const Value *v, Span span, const char *what) {
  if (v->kind == VALUE_TENSOR && type_is_real(v->type)) return true;
  diag_error(e->diag, span, "%s must be real, not %s", what, value_describe(e, v));
  return false;
}

static bool differentiated(Elaborator *e, Scope *scope, const Ast *ast, const char *name,
                           bool scalar, TensorId *f) {
  Value v = evaluate_tensor(e, scope, ast);
  uint32_t *free;
  if (value_failed(&v) || !real_tensor(e, &v, ast->span, "what is differentiated")) return false;
  if (value_indices(e, v.body, &free) > 0) {
    diag_error(e->diag, ast->span, "%s of a value that depends on an index variable", name);
    diag_hint(e->diag, "define it for all indices first, outside the brackets");
    return false;
  }
  if (scalar && v.rank > 0) {
    diag_error(e->diag, ast->span, "%s takes a scalar, not %s", name, value_describe(e, &v));
    diag_hint(e->diag, "sum(…) makes a scalar; jacobian differentiates every element");
    return false;
  }
  bool unnamed = e->naming == NULL || v.constant; /* a number that has a name has it no more */
  const char *temporary = unnamed ? "f" : arena_printf(e->arena, "%s.f", e->naming);
  v.adapts = v.constant = false;
  return hold_value(e, scope, &v, temporary, ast->span, f);
}

static bool variable(Elaborator *e, Scope *scope, const Ast *ast, const char *name, TensorId *x) {
  Value v = evaluate_tensor(e, scope, ast);
  if (value_failed(&v)) return false;
  if (!value_is_whole(e, &v, x)) {
    diag_error(e->diag, ast->span, "%s takes the derivative by a name, not by an expression", name);
    diag_hint(e->diag, "give the expression a name, and use that name in what is differentiated");
    return false;
  }
  return real_tensor(e, &v, ast->span, "what it is differentiated by");
}

static bool seed_tensor(Elaborator *e, Scope *scope, const Ast *ast, TensorId like, TensorId *id) {
  Value v = evaluate_tensor(e, scope, ast);
  const Tensor t = *tensor_at(e->graph, like);
  if (value_failed(&v) || !value_convert(e, &v, t.type, ast->span, "the vector")) return false;
  bool same = v.rank == t.rank &&
              (t.rank == 0 || memcmp(v.extents, t.extents, t.rank * sizeof *t.extents) == 0);
  if (!same) {
    diag_error(e->diag, ast->span, "the vector is %s, but %s is %s", value_describe(e, &v), t.name,
               shape_text(e, t.type, t.rank, t.extents));
    return false;
  }
  const char *temporary = e->naming == NULL ? "v" : arena_printf(e->arena, "%s.v", e->naming);
  return hold_value(e, scope, &v, temporary, ast->span, id);
}

Value call_derivative(Elaborator *e, Scope *scope, const Ast *call) {
  size_t k = 0;
  while (strcmp(derivatives[k].name, call->operand->name) != 0) k++;
  const char *name = derivatives[k].name, *seed_name = derivatives[k].seed;
  DerivativeKind kind = derivatives[k].kind;
  size_t wanted = seed_name == NULL ? 2 : 3;
  for (size_t i = 0; i < call->n_args; i++)
    if (call->args[i].name != NULL) wanted = SIZE_MAX;
  if (call->n_args != wanted) {
    diag_error(e->diag, call->span, "%s is written %s(f, x%s%s)", name, name,
               seed_name == NULL ? "" : ", ", seed_name == NULL ? "" : seed_name);
    return value_error();
  }
  TensorId f, x, seed = TENSOR_NONE;
  bool scalar = kind == DERIVATIVE_GRAD || kind == DERIVATIVE_HESSIAN;
  if (!differentiated(e, scope, call->args[0].value, name, scalar, &f) ||
      !variable(e, scope, call->args[1].value, name, &x))
    return value_error();
  if (seed_name != NULL &&
      !seed_tensor(e, scope, call->args[2].value, kind == DERIVATIVE_VJP ? f : x, &seed))
    return value_error();
  return value_tensor(e, make_derivative(e, kind, f, x, seed, call->span));
}
