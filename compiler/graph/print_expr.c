/* Scalar expressions as `.dag` text. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "graph/print.h"
#include "graph/scalar_ops.h"

/* Loosest first, as in grammar/dag.y. */
enum {
  LEVEL_OR = 1,
  LEVEL_AND,
  LEVEL_NOT,
  LEVEL_COMPARE,
  LEVEL_ADD,
  LEVEL_MUL,
  LEVEL_NEG,
  LEVEL_POW,
  LEVEL_READ
};

static int level_of(ScalarOp op) {
  switch (op) {
  case OP_OR: return LEVEL_OR;
  case OP_AND: return LEVEL_AND;
  case OP_NOT: return LEVEL_NOT;
  case OP_EQ:
  case OP_NE:
  case OP_LT:
  case OP_LE:
  case OP_GT:
  case OP_GE: return LEVEL_COMPARE;
  case OP_ADD:
  case OP_SUB: return LEVEL_ADD;
  case OP_MUL:
  case OP_DIV:
  case OP_MOD: return LEVEL_MUL;
  case OP_NEG: return LEVEL_NEG;
  case OP_POW: return LEVEL_POW;
  default: return 0; /* a call */
  }
}

/* Whether the text of the expression has a type of its own: something typed stands in it. */
static bool is_anchored(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  switch (e->kind) {
  case EXPR_CONST: return e->type == TYPE_BOOL || (type_is_real(e->type) && !isfinite(e->real));
  case EXPR_INDEX:
  case EXPR_READ: return true;
  case EXPR_OP: break;
  }
  switch (scalar_ops[e->op].gives) {
  case GIVES_BOOL:
  case GIVES_INTEGER:
  case GIVES_GIVEN: return true;
  case GIVES_OPERAND: break;
  }
  for (uint32_t i = e->op == OP_WHERE ? 1 : 0; i < e->n_args; i++)
    if (is_anchored(graph, e->args[i])) return true;
  return false;
}

static void print_real(const Printer *p, ScalarType type, double value, bool anchored) {
  bool cast = !anchored && type != p->program->real;
  if (cast) text_printf(p->out, "%s(", type_name(type));
  if (isnan(value)) {
    text_add(p->out, "(inf - inf)");
  } else if (isinf(value)) {
    text_add(p->out, value < 0 ? "-inf" : "inf");
  } else if (anchored && value == floor(value) && fabs(value) < 1e6 &&
             !(value == 0 && signbit(value))) {
    text_printf(p->out, "%.0f", value);
  } else {
    text_add_real(p->out, value);
  }
  if (cast) text_add(p->out, ")");
}

static void print_constant(const Printer *p, const Expr *e, int precedence, bool anchored) {
  double value = type_is_real(e->type) ? e->real : (double)e->integer;
  bool parenthesise = (value < 0 || (value == 0 && signbit(value))) && precedence > LEVEL_ADD;
  if (parenthesise) text_add(p->out, "(");
  if (type_is_real(e->type))
    print_real(p, e->type, e->real, anchored);
  else if (e->type == TYPE_BOOL)
    text_add(p->out, e->integer ? "true" : "false");
  else if (e->type == TYPE_I32 || anchored)
    text_printf(p->out, "%" PRId64, e->integer);
  else
    text_printf(p->out, "%s(%" PRId64 ")", type_name(e->type), e->integer);
  if (parenthesise) text_add(p->out, ")");
}

static bool gives_type(const Printer *p, TensorId id);

/* The same without what is defined further down: of that only a guess is known. */
static bool is_typed(const Printer *p, ExprId id) {
  const Graph *graph = p->program->graph;
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ)
    return gives_type(p, e->tensor) || (e->fallback != EXPR_NONE && is_typed(p, e->fallback));
  if (e->kind != EXPR_OP || scalar_ops[e->op].gives != GIVES_OPERAND) return is_anchored(graph, id);
  for (uint32_t i = e->op == OP_WHERE ? 1 : 0; i < e->n_args; i++)
    if (is_typed(p, e->args[i])) return true;
  return false;
}

static bool gives_type(const Printer *p, TensorId id) {
  if (!p->coming[id]) return true;
  return p->folded[id] && is_typed(p, tensor_at(p->program->graph, id)->body);
}

/* Above the definition of what is read a default may be all that gives it a type. */
static bool default_is_typed(const Printer *p, const Expr *read) {
  const Graph *graph = p->program->graph;
  const Tensor *t = tensor_at(graph, read->tensor);
  return read->type == p->program->real || p->coming == NULL || !p->coming[read->tensor] ||
         t->reduction >= REDUCE_ARGMAX || is_anchored(graph, read->fallback) ||
         is_typed(p, t->body);
}

/* `?? 0`, `?? (a[i] + 1)`, `?? i32(0)` */
static void print_default(const Printer *p, const Scope *scope, const Expr *read) {
  const Expr *fallback = expr_at(p->program->graph, read->fallback);
  bool cast = !default_is_typed(p, read);
  bool simple = fallback->kind == EXPR_CONST ||
                (fallback->kind == EXPR_READ && fallback->fallback == EXPR_NONE);
  text_add(p->out, " ?? ");
  if (cast) text_add(p->out, type_name(read->type));
  if (cast || !simple) text_add(p->out, "(");
  print_expr(p, scope, read->fallback, 0, true);
  if (cast || !simple) text_add(p->out, ")");
}

static void print_read(const Printer *p, const Scope *scope, const Expr *e, int precedence) {
  const Graph *graph = p->program->graph;
  if (p->folded != NULL && p->folded[e->tensor]) {
    const char *outputs[64];
    for (uint32_t i = 0; i < e->n_args; i++)
      outputs[i] = scope->names[expr_at(graph, e->args[i])->index];
    print_body(p, scope, e->tensor, outputs);
    return;
  }
  bool parenthesise = e->fallback != EXPR_NONE && precedence > 0;
  if (parenthesise) text_add(p->out, "(");
  text_add(p->out, tensor_at(graph, e->tensor)->name);
  if (e->n_args > 0 && !scope->whole) {
    text_add(p->out, "[");
    for (uint32_t i = 0; i < e->n_args; i++) {
      if (i > 0) text_add(p->out, ", ");
      print_expr(p, scope, e->args[i], 0, true);
    }
    text_add(p->out, "]");
  }
  if (e->fallback != EXPR_NONE) print_default(p, scope, e);
  if (parenthesise) text_add(p->out, ")");
}

/* A cast that elaboration puts back by itself: of an index, or of the narrower operand of two
 * integers. */
static ExprId without_promotion(const Graph *graph, ExprId id, ScalarType other) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_OP || e->op != OP_CAST || !type_is_integer(e->type) || e->type != other)
    return id;
  const Expr *inner = expr_at(graph, e->args[0]);
  return type_is_integer(inner->type) && is_anchored(graph, e->args[0]) && inner->type < e->type
             ? e->args[0]
             : id;
}

static void print_binary(const Printer *p, const Scope *scope, const Expr *e, int precedence,
                         bool anchored) {
  const Graph *graph = p->program->graph;
  int level = level_of(e->op);
  bool parenthesise = level < precedence;
  bool spaced = e->op != OP_POW && !(e->op == OP_MUL && type_is_integer(e->type)); /* 2*p + i */
  ExprId a = e->args[0], b = e->args[1];
  bool typed = anchored || is_anchored(graph, a) || is_anchored(graph, b);
  if (scalar_ops[e->op].gives == GIVES_BOOL) typed = is_anchored(graph, a) || is_anchored(graph, b);
  ExprId plain_a = without_promotion(graph, a, expr_at(graph, b)->type);
  ExprId plain_b = without_promotion(graph, b, expr_at(graph, a)->type);
  if (plain_a == a || !is_anchored(graph, b) || expr_at(graph, b)->kind == EXPR_CONST)
    b = is_anchored(graph, a) ? plain_b : b;
  else if (plain_b == b)
    a = plain_a;
  bool compare = level == LEVEL_COMPARE;
  int left = e->op == OP_POW || compare ? level + 1 : level;
  int right = e->op == OP_POW ? LEVEL_NEG : level + 1;
  if (parenthesise) text_add(p->out, "(");
  bool literals = e->op == OP_DIV && type_is_real(e->type) &&
                  expr_at(graph, a)->kind == EXPR_CONST && !is_anchored(graph, a) &&
                  !is_anchored(graph, b);
  if (literals && typed && expr_at(graph, a)->real >= 0)
    text_add_real(p->out, expr_at(graph, a)->real); /* 1 / 64 would be 0 */
  else
    print_expr(p, scope, a, left, typed);
  text_printf(p->out, spaced ? " %s " : "%s", scalar_ops[e->op].infix);
  print_expr(p, scope, b, right, typed || literals);
  if (parenthesise) text_add(p->out, ")");
}

static void print_call(const Printer *p, const Scope *scope, const Expr *e, bool anchored) {
  const Graph *graph = p->program->graph;
  const char *name = e->op == OP_CAST ? type_name(e->type) : scalar_ops[e->op].name;
  text_add(p->out, name);
  if (e->n_args == 0) return;
  bool typed = scalar_ops[e->op].takes == TAKES_CHOICE && anchored;
  bool first_counts = e->op != OP_WHERE;
  bool literals = e->op == OP_CAST && expr_at(graph, e->args[0])->kind == EXPR_OP &&
                  expr_at(graph, e->args[0])->type == TYPE_I32 && type_is_real(e->type) &&
                  !is_anchored(graph, e->args[0]);
  for (uint32_t i = first_counts ? 0 : 1; i < e->n_args; i++)
    if (e->n_args > 1 && is_anchored(graph, e->args[i])) typed = true;
  text_add(p->out, literals ? "(i32(" : "("); /* integers, which would become real inside */
  for (uint32_t i = 0; i < e->n_args; i++) {
    if (i > 0) text_add(p->out, ", ");
    print_expr(p, scope, e->args[i], 0, typed);
  }
  text_add(p->out, literals ? "))" : ")");
}

void print_expr(const Printer *p, const Scope *scope, ExprId id, int precedence, bool anchored) {
  const Expr *e = expr_at(p->program->graph, id);
  switch (e->kind) {
  case EXPR_CONST: print_constant(p, e, precedence, anchored); return;
  case EXPR_INDEX: text_add(p->out, scope->names[e->index]); return;
  case EXPR_READ: print_read(p, scope, e, precedence); return;
  case EXPR_OP: break;
  }
  const ScalarOpInfo *info = &scalar_ops[e->op];
  if (info->infix != NULL) {
    print_binary(p, scope, e, precedence, anchored);
  } else if (info->prefix != NULL) {
    int level = level_of(e->op);
    bool parenthesise = level < precedence;
    if (parenthesise) text_add(p->out, "(");
    text_add(p->out, info->prefix);
    print_expr(p, scope, e->args[0], level + (e->op == OP_NEG), anchored);
    if (parenthesise) text_add(p->out, ")");
  } else if (e->op == OP_RANDOM_UNIFORM || e->op == OP_RANDOM_NORMAL) {
    bool cast = e->type != p->program->real;
    if (cast) text_printf(p->out, "%s(", type_name(e->type));
    print_call(p, scope, e, anchored);
    if (cast) text_add(p->out, ")");
  } else {
    print_call(p, scope, e, anchored);
  }
}
