/* What a line of a dump says behind its #: where a definition comes from, and what the mathematics
   of an adjoint is called, recognised by its shape. δ is an adjoint, a an activation, W a weight.
 */
#include <string.h>
#include "graph/print.h"
#include "graph/scalar_ops.h"

static const Expr *as_op(const Graph *graph, ExprId id, ScalarOp op) {
  const Expr *e = expr_at(graph, id);
  return e->kind == EXPR_OP && e->op == op ? e : NULL;
}

static bool is_zero(const Graph *graph, ExprId id) { return expr_is_number(graph, id, 0); }

/* Without a constant factor or divisor, and casts. */
static ExprId without_scale(const Graph *graph, ExprId id) {
  for (;;) {
    const Expr *e = expr_at(graph, id);
    if (e->kind != EXPR_OP) return id;
    if (e->op == OP_NEG || e->op == OP_CAST)
      id = e->args[0];
    else if ((e->op == OP_MUL || e->op == OP_DIV) && expr_at(graph, e->args[1])->kind == EXPR_CONST)
      id = e->args[0];
    else if (e->op == OP_MUL && expr_at(graph, e->args[0])->kind == EXPR_CONST)
      id = e->args[1];
    else
      return id;
  }
}

/* A read at different index variables, each alone: of a matrix or vector as such. */
static const Tensor *plainly_read(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  uint64_t seen = 0;
  if (e->kind != EXPR_READ || e->fallback != EXPR_NONE) return NULL;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(graph, e->args[i]);
    if (at->kind != EXPR_INDEX || at->index >= 64 || (seen >> at->index & 1)) return NULL;
    seen |= (uint64_t)1 << at->index;
  }
  return tensor_at(graph, e->tensor);
}

/* An elementwise function of one tensor that is read plainly: max(z[n, i], 0). */
static const Tensor *activation(const Graph *graph, ExprId id) {
  const Tensor *read = plainly_read(graph, id);
  const Expr *e = expr_at(graph, id);
  for (uint32_t i = 0; e->kind == EXPR_OP && i < e->n_args; i++) {
    const Tensor *inner = activation(graph, e->args[i]);
    if (inner != NULL && read != NULL && inner != read) return NULL;
    if (inner != NULL) read = inner;
  }
  return read;
}

/* Whether `id` stands at an output of the sum that `other` does not: it is the other side of an
   outer product. */
static bool has_own_output(const Graph *graph, const Tensor *sum, ExprId id, ExprId other) {
  for (uint32_t v = 0; v < sum->rank; v++)
    if (expr_uses_index(graph, id, v) && !expr_uses_index(graph, other, v)) return true;
  return false;
}

/* `sum[n](δ[n, j] * a[n, i])`, the adjoint of a weight, or `sum[j](W[j, i] * δ[n, j])`. */
static const char *product_note(const Graph *graph, const Tensor *sum, TensorId of) {
  if (sum->reduction != REDUCE_SUM) return NULL;
  const Expr *product = as_op(graph, without_scale(graph, sum->body), OP_MUL);
  if (product == NULL) return NULL;
  const Tensor *a = activation(graph, product->args[0]), *b = activation(graph, product->args[1]);
  if (a == NULL || b == NULL || a->rank == 0 || b->rank == 0 || of == TENSOR_NONE) return NULL;
  ExprId left = product->args[0], right = product->args[1];
  if (tensor_at(graph, of)->kind == TENSOR_PARAM && a->derived && !b->derived &&
      has_own_output(graph, sum, right, left))
    return "δ aᵀ";
  if (a->kind == TENSOR_PARAM && b->derived && has_own_output(graph, sum, left, right))
    return "Wᵀ δ";
  return NULL;
}

/* `where(z[n, i] > 0, …, 0)`: what the condition compares with a number. */
static const char *gate_note(const Printer *p, const Expr *gate) {
  const Graph *graph = p->program->graph;
  const Expr *condition = expr_at(graph, gate->args[0]);
  if (condition->kind != EXPR_OP || condition->n_args != 2 || !is_zero(graph, gate->args[2]) ||
      plainly_read(graph, condition->args[0]) == NULL ||
      expr_at(graph, condition->args[1])->kind != EXPR_CONST)
    return "";
  Text text = text_new(p->program->arena);
  text_printf(&text, " ⊙ [z %s ", scalar_ops[condition->op].infix);
  Printer printer = {p->program, &text, NULL, NULL, NULL};
  print_expr(&printer, &(Scope){0}, condition->args[1], 0, true);
  text_add(&text, "]");
  return text_string(&text);
}

/* The sum whose product makes the adjoint: its own, or one folded into it, perhaps under a gate. */
static const char *matrix_note(const Printer *p, const Tensor *t) {
  const Graph *graph = p->program->graph;
  if (t->reduction != REDUCE_NONE) return product_note(graph, t, t->adjoint_of);
  ExprId core = without_scale(graph, t->body);
  const Expr *gate = as_op(graph, core, OP_WHERE);
  if (gate != NULL) core = without_scale(graph, gate->args[1]);
  const Expr *read = expr_at(graph, core);
  if (read->kind != EXPR_READ || p->folded == NULL || !p->folded[read->tensor]) return NULL;
  const char *note = product_note(graph, tensor_at(graph, read->tensor), t->adjoint_of);
  return note == NULL || gate == NULL
             ? note
             : arena_printf(p->program->arena, "%s%s", note, gate_note(p, gate));
}

/* `e / t - where(k == y, 1, 0)` with e an exp and t its sum. */
static bool is_softmax_rest(const Graph *graph, ExprId id) {
  const Expr *difference = as_op(graph, without_scale(graph, id), OP_SUB);
  if (difference == NULL) return false;
  const Expr *quotient = as_op(graph, difference->args[0], OP_DIV);
  const Expr *hot = as_op(graph, difference->args[1], OP_WHERE);
  if (quotient == NULL || hot == NULL || as_op(graph, hot->args[0], OP_EQ) == NULL ||
      !expr_is_number(graph, hot->args[1], 1) || !is_zero(graph, hot->args[2]))
    return false;
  const Tensor *e = plainly_read(graph, quotient->args[0]);
  const Tensor *t = plainly_read(graph, quotient->args[1]);
  if (e == NULL || t == NULL || t->reduction != REDUCE_SUM || e->body == EXPR_NONE) return false;
  const Expr *summed = expr_at(graph, t->body);
  return as_op(graph, e->body, OP_EXP) != NULL && summed->kind == EXPR_READ &&
         tensor_at(graph, summed->tensor) == e;
}

static const char *adjoint_note(const Printer *p, const Tensor *t) {
  const Graph *graph = p->program->graph;
  const char *matrix = matrix_note(p, t);
  if (matrix != NULL) return matrix;
  bool weight =
      t->adjoint_of != TENSOR_NONE && tensor_at(graph, t->adjoint_of)->kind == TENSOR_PARAM;
  if (weight || !t->is_adjoint || t->through == NULL) return "";
  return arena_printf(p->program->arena, "%sthrough %s",
                      is_softmax_rest(graph, t->body) ? "softmax − one-hot, " : "", t->through);
}

/* `dense, mlp.dag:5` */
static const char *provenance(const Printer *p, const Tensor *t) {
  Span place = t->use.source != NULL ? t->use : t->span;
  if (place.source == NULL || t->origin == NULL) return "";
  const char *slash = strrchr(place.source->path, '/');
  return arena_printf(p->program->arena, "%s, %s:%u", t->origin,
                      slash == NULL ? place.source->path : slash + 1, place.line);
}

const char *definition_note(const Printer *p, TensorId id) {
  const Tensor *t = tensor_at(p->program->graph, id);
  if (t->kind == TENSOR_DERIVATIVE) return "";
  if (!t->derived) return provenance(p, t);
  return t->kind == TENSOR_DEFINITION ? adjoint_note(p, t) : "";
}
