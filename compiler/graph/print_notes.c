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

/* A read at sums of index variables, as in a convolution: a[c, i + p]. */
static const Tensor *read_sliding(const Graph *graph, const Tensor *sum, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_READ) return NULL;
  for (uint32_t i = 0; i < e->n_args; i++) {
    uint32_t n = 0;
    for (uint32_t v = 0; v < sum->rank + sum->n_reduced; v++)
      n += expr_uses_index(graph, e->args[i], v);
    if (n > 1) return tensor_at(graph, e->tensor);
  }
  return NULL;
}

/* `sum[p](δ[p] * a[i + p])`, the adjoint of a filter, or `sum[i](W[i] * δ[p - i])`. */
static const char *convolution_note(const Graph *graph, const Tensor *sum, const Expr *product,
                                    TensorId of) {
  const Tensor *a = plainly_read(graph, product->args[0]);
  const Tensor *b = read_sliding(graph, sum, product->args[1]);
  if (a == NULL || b == NULL || of == TENSOR_NONE) return NULL;
  if (tensor_at(graph, of)->kind == TENSOR_PARAM && a->derived && !b->derived) return "δ ⋆ a";
  return a->kind == TENSOR_PARAM && b->derived ? "W ∗ δ" : NULL;
}

/* `sum[n](δ[n, j] * a[n, i])`, the adjoint of a weight, or `sum[j](W[j, i] * δ[n, j])`; of a bias
   `sum[n](δ[n, j])`. */
static const char *product_note(const Graph *graph, const Tensor *sum, TensorId of) {
  if (sum->reduction != REDUCE_SUM) return NULL;
  ExprId body = without_scale(graph, sum->body);
  const Expr *guarded = as_op(graph, body, OP_WHERE);
  if (guarded != NULL && is_zero(graph, guarded->args[2])) body = guarded->args[1];
  const Expr *product = as_op(graph, body, OP_MUL);
  if (product == NULL) {
    const Tensor *summed = plainly_read(graph, body);
    bool weight = of != TENSOR_NONE && tensor_at(graph, of)->kind == TENSOR_PARAM;
    if (!weight || summed == NULL || !summed->derived) return NULL;
    return guarded == NULL                                 ? "Σ δ"
           : as_op(graph, guarded->args[0], OP_EQ) == NULL ? NULL
                                                           : "Σ δ where it was looked up";
  }
  const char *convolution = convolution_note(graph, sum, product, of);
  if (convolution != NULL || guarded != NULL) return convolution;
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

/* The last _bar of a name that the compiler gave, as in z_bar, z_bar2 or z_bar.part; of a tangent,
   the last _dot. NULL: it is called otherwise. */
static const char *ending_of(const Tensor *t) {
  const char *ending = t->tangent ? "_dot" : "_bar", *last = NULL;
  if (t->named) return NULL;
  for (const char *at = t->name; (at = strstr(at, ending)) != NULL; at++) last = at;
  return last;
}

/* What it is the adjoint of; NULL: that is not known any more. */
static const char *subject(const Printer *p, const Tensor *t) {
  const Graph *graph = p->program->graph;
  Arena *arena = p->program->arena;
  const char *ending = ending_of(t);
  if (ending != NULL)
    return arena_printf(arena, "%s of %.*s",
                        t->tangent      ? "tangent"
                        : t->is_adjoint ? "adjoint"
                                        : "a share of the adjoint",
                        (int)(ending - t->name), t->name);
  const char *from =
      t->adjoint_from != TENSOR_NONE ? tensor_at(graph, t->adjoint_from)->name : t->derivative_of;
  if (from == NULL || t->adjoint_of == TENSOR_NONE || t->tangent) return NULL;
  return arena_printf(arena, "∂%s/∂%s", from, tensor_at(graph, t->adjoint_of)->name);
}

/* `adjoint of z: Wᵀ δ, through dense at mlp.dag:7`; of what its name says not all, unless in full.
 */
static const char *adjoint_note(const Printer *p, const Tensor *t, bool in_full) {
  const Graph *graph = p->program->graph;
  const char *form = t->kind == TENSOR_DEFINITION ? matrix_note(p, t) : NULL;
  if (form == NULL && t->kind == TENSOR_DEFINITION && is_softmax_rest(graph, t->body))
    form = "softmax − one-hot";
  bool said = ending_of(t) != NULL && !in_full;
  const char *what = t->through == NULL || said ? NULL : subject(p, t);
  Text note = text_new(p->program->arena);
  if (what != NULL) text_add(&note, what);
  if (form != NULL) text_printf(&note, "%s%s", what != NULL ? ": " : "", form);
  if (t->through != NULL)
    text_printf(&note, "%sthrough %s", form != NULL ? ", " : what != NULL ? " " : "", t->through);
  return text_string(&note);
}

/* `dense, mlp.dag:5` */
static const char *provenance(const Printer *p, const Tensor *t) {
  const char *place = tensor_source(p->program->arena, t);
  if (place == NULL || t->origin == NULL) return "";
  return arena_printf(p->program->arena, "%s, %s", t->origin, place);
}

const char *definition_note(const Printer *p, TensorId id, bool in_full) {
  const Tensor *t = tensor_at(p->program->graph, id);
  if (t->kind == TENSOR_DERIVATIVE) return "";
  return t->derived ? adjoint_note(p, t, in_full) : provenance(p, t);
}
