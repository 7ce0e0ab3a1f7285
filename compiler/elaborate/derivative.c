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
static void shape_derivative(Elaborator *e, Tensor *t, uint32_t n_shared) {
  const Tensor f = *tensor_at(e->graph, t->source), x = *tensor_at(e->graph, t->wrt);
  uint32_t n_f = 0, n_x = x.rank, from = n_shared;
  switch (t->derivative) {
  case DERIVATIVE_GRAD:
  case DERIVATIVE_VJP: t->name = arena_printf(e->arena, "%s_bar", x.name); break;
  case DERIVATIVE_JVP:
    t->name = arena_printf(e->arena, "%s_dot", f.name);
    n_f = f.rank;
    n_x = from = 0;
    break;
  case DERIVATIVE_JACOBIAN:
    t->name = arena_printf(e->arena, "%s_jacobian", f.name);
    n_f = f.rank - n_shared;
    break;
  case DERIVATIVE_HESSIAN:
    t->name = arena_printf(e->arena, "%s_hessian", f.name);
    n_f = x.rank - n_shared;
    break;
  }
  const int64_t *first = (t->derivative == DERIVATIVE_HESSIAN ? x.extents : f.extents) + from;
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, n_f + n_x + 1);
  for (uint32_t i = 0; i < n_f; i++) extents[i] = first[i];
  for (uint32_t i = 0; i < n_x; i++) extents[n_f + i] = x.extents[i];
  t->rank = n_f + n_x;
  t->extents = extents;
  t->type = t->derivative == DERIVATIVE_JVP ? f.type : x.type;
  if (n_f == 0) t->index_names = x.index_names;
}

TensorId make_derivative(Elaborator *e, DerivativeKind kind, TensorId f, TensorId x, TensorId seed,
                         uint32_t n_shared, Span span) {
  Tensor t = tensor_new(TENSOR_DERIVATIVE, TYPE_F32);
  t.derivative = kind;
  t.source = f;
  t.wrt = x;
  t.seed = seed;
  t.span = span;
  shape_derivative(e, &t, n_shared);
  t.adjoint_from = f;
  t.derivative_of = tensor_at(e->graph, f)->name;
  return graph_add(e->graph, t);
}

/* --- arguments --- */

static bool real_tensor(Elaborator *e, const Value *v, Span span, const char *what) {
  if (v->kind == VALUE_TENSOR && type_is_real(v->type)) return true;
  diag_error(e->diag, span, "%s must be real, not %s", what, value_describe(e, v));
  return false;
}

static bool differentiated(Elaborator *e, Scope *scope, const Ast *ast, const char *name,
                           bool scalar, Value *f) {
  *f = evaluate_tensor(e, scope, ast);
  if (value_failed(f) || !real_tensor(e, f, ast->span, "what is differentiated")) return false;
  if (!scalar || f->rank == 0) return true;
  diag_error(e->diag, ast->span, "%s takes a scalar, not %s", name, value_describe(e, f));
  diag_hint(e->diag, "sum(…) makes a scalar; jacobian differentiates every element");
  return false;
}

static bool uses_axes(const Elaborator *e, const Value *v) {
  for (uint32_t i = 0; i < v->rank; i++)
    if (!expr_uses_index(e->graph, v->body, i)) return false;
  return true;
}

/* A name stands for a tensor, or for a place in one: `z` in f(x[b, :]), a value that a scan
   carries. */
static bool variable(Elaborator *e, Scope *scope, const Ast *ast, const char *name, Value *x) {
  *x = evaluate_tensor(e, scope, ast);
  if (value_failed(x)) return false;
  const Expr *body = expr_at(e->graph, x->body);
  if (path_text(e, ast) == NULL || body->kind != EXPR_READ || !uses_axes(e, x)) {
    diag_error(e->diag, ast->span, "%s takes the derivative by a name, not by an expression", name);
    diag_hint(e->diag, "give the expression a name, and use that name in what is differentiated");
    return false;
  }
  return real_tensor(e, x, ast->span, "what it is differentiated by");
}

static bool seed_value(Elaborator *e, Scope *scope, const Ast *ast, const Value *like,
                       const Ast *of, Value *seed) {
  *seed = evaluate_tensor(e, scope, ast);
  if (value_failed(seed) || !value_convert(e, seed, like->type, ast->span, "the vector"))
    return false;
  bool same = seed->rank == like->rank &&
              (like->rank == 0 ||
               memcmp(seed->extents, like->extents, like->rank * sizeof *like->extents) == 0);
  if (same) return true;
  Text text = text_new(e->arena);
  print_ast(&text, of);
  diag_error(e->diag, ast->span, "the vector is %s, but `%s` is %s", value_describe(e, seed),
             text_string(&text), value_describe(e, like));
  note_operand(e, seed, ast->span);
  note_operand(e, like, of->span);
  return false;
}

/* Of tensors as a whole: taken when the program has been read. */
static Value whole_derivative(Elaborator *e, Scope *scope, const Ast *call, DerivativeKind kind,
                              Value *f, TensorId x, Value *seed) {
  TensorId source, vector = TENSOR_NONE;
  bool unnamed = f->constant; /* a number that has a name has it no more */
  const char *name = unnamed ? "f" : temporary_name(e, "f");
  f->adapts = f->constant = false;
  if (!hold_value(e, scope, f, name, call->args[0].value->span, &source)) return value_error();
  if (seed != NULL &&
      !hold_value(e, scope, seed, temporary_name(e, "v"), call->args[2].value->span, &vector))
    return value_error();
  return value_tensor(e, make_derivative(e, kind, source, x, vector, 0, call->span));
}

static Value derivative_at_points(Elaborator *e, Scope *scope, const Ast *call, DerivativeKind kind,
                                  Value *f, const Value *x, Value *seed) {
  uint32_t *shared;
  uint32_t n = value_indices(e, f->body, &shared);
  n = value_indices_with(e, x->body, shared, n, &shared);
  if (seed != NULL) n = value_indices_with(e, seed->body, shared, n, &shared);
  const Ast *by = call->args[1].value;
  const char *last = by->name != NULL ? by->name : path_text(e, by);
  f->adapts = f->constant = false;
  Pointwise p = {.kind = kind,
                 .name = full_name(e, scope, last),
                 .f = *f,
                 .x = *x,
                 .seed = TENSOR_NONE,
                 .shared = shared,
                 .n_shared = n,
                 .span = call->span};
  if (seed != NULL)
    p.seed =
        hold_over(e, scope, seed, shared, n, temporary_name(e, "v"), call->args[2].value->span);
  return pointwise_derivative(e, scope, &p);
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
  Value f, x, vector, *seed = seed_name == NULL ? NULL : &vector;
  bool scalar = kind == DERIVATIVE_GRAD || kind == DERIVATIVE_HESSIAN;
  if (!differentiated(e, scope, call->args[0].value, name, scalar, &f) ||
      !variable(e, scope, call->args[1].value, name, &x))
    return value_error();
  size_t of = kind == DERIVATIVE_VJP ? 0 : 1;
  if (seed != NULL &&
      !seed_value(e, scope, call->args[2].value, of == 0 ? &f : &x, call->args[of].value, seed))
    return value_error();
  TensorId whole;
  uint32_t *free;
  if (value_is_whole(e, &x, &whole) && value_indices(e, f.body, &free) == 0 &&
      (seed == NULL || value_indices(e, seed->body, &free) == 0))
    return whole_derivative(e, scope, call, kind, &f, whole, seed);
  return derivative_at_points(e, scope, call, kind, &f, &x, seed);
}

/* --- names that a function differentiates by --- */

static bool in_expression(const Ast *ast, const char *name);

static bool in_items(const Item *items, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (in_expression(items[i].first, name) || in_expression(items[i].second, name) ||
        in_expression(items[i].third, name))
      return true;
  return false;
}

static bool in_expression(const Ast *ast, const char *name) {
  if (ast == NULL) return false;
  const Ast *by = ast->kind == AST_CALL && ast->n_args >= 2 ? ast->args[1].value : NULL;
  if (by != NULL && by->kind == AST_NAME && strcmp(by->name, name) == 0 &&
      ast->operand->kind == AST_NAME)
    for (size_t k = 0; k < sizeof derivatives / sizeof *derivatives; k++)
      if (strcmp(ast->operand->name, derivatives[k].name) == 0) return true;
  for (size_t i = 0; i < ast->n_args; i++)
    if (in_expression(ast->args[i].value, name)) return true;
  return in_expression(ast->operand, name) || in_expression(ast->right, name) ||
         in_items(ast->items, ast->n_items, name);
}

static bool in_block(const StmtBlock *block, const char *name) {
  for (size_t i = 0; i < block->count; i++) {
    const Stmt *stmt = block->items[i];
    if (in_expression(stmt->value, name) || in_block(&stmt->body, name) ||
        in_block(&stmt->otherwise, name))
      return true;
  }
  return false;
}

bool differentiates_by(const Stmt *function, const char *parameter) {
  return in_expression(function->value, parameter) || in_block(&function->body, parameter);
}
