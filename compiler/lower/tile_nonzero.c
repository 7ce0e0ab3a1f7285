/* A matrix times a vector with many zeros, such as a ReLU leaves, or an image around what it shows:
   the elements that are not 0 are listed, without a branch, and the sums go over the list.

       for i: nonzero[count] = i;  count += left[i] != 0
       for at in 0..count: i = nonzero[at];  for v: sum[v] += left[i] · right[i, v]

   A row of the matrix that is skipped is not read. What is in it does not count, be it infinite, as
   where a product with 0 is folded. */
#include "graph/scalar_ops.h"
#include "lower/tile.h"

/* Whether a value is 0 where its data say so, about as often as not: max(x, 0), where(x > 0, y, 0),
   bytes of an input; products and quotients of such, copies of such, and the largest of several.
   Not more than so many of them deep: a definition may read itself. */
static bool is_often_zero(const Work *w, ExprId id, int deep) {
  const Expr *e = expr_at(w->graph, id);
  if (deep == 0) return false;
  if (e->kind == EXPR_READ && e->fallback == EXPR_NONE) {
    const Tensor *t = tensor_at(w->graph, e->tensor);
    if (t->kind == TENSOR_INPUT || w->node_of[e->tensor] == 0) return t->type == TYPE_U8;
    const Node *n = node_at(w, w->node_of[e->tensor] - 1);
    return (n->reduction == REDUCE_NONE || n->reduction == REDUCE_MAX) &&
           is_often_zero(w, n->body, deep - 1);
  }
  if (e->kind != EXPR_OP) return false;
  bool keeps = e->op == OP_DIV || (e->n_args == 1 && (scalar_ops[e->op].flags & OP_ZERO_AT_ZERO));
  if (keeps) return is_often_zero(w, e->args[0], deep - 1);
  for (uint32_t i = 0; i < e->n_args; i++) {
    if (e->op == OP_MUL && is_often_zero(w, e->args[i], deep - 1)) return true;
    if (e->op == OP_MAX && expr_is_number(w->graph, e->args[i], 0)) return true;
    if (e->op == OP_WHERE && i > 0 && expr_is_number(w->graph, e->args[i], 0))
      return expr_reads_data(w->graph, e->args[0]);
  }
  return false;
}

bool skips_zeros(const Work *w, const Node *n, ExprId vector, int64_t columns) {
  /* The list is on the stack; shorter rows are not worth a look at their factor. */
  enum { LEAST_ELEMENTS = 32, MOST_ELEMENTS = 4096, LEAST_BYTES = 256, DEEP = 8 };
  int64_t elements = n->extents[n->rank];
  return n->n_reduced == 1 && elements >= LEAST_ELEMENTS && elements <= MOST_ELEMENTS &&
         columns * type_bytes(n->type) >= LEAST_BYTES && is_often_zero(w, vector, DEEP);
}

void choose_list(Tiling *t) {
  const Node *n = t->node;
  Contraction *c = t->contraction;
  bool plain = !c->dot && t->portion == 0 && c->limits.count == 0 && c->within.count == 0;
  if (t->picked != NO_INDEX) plain = plain && !expr_uses_index(t->c.w->graph, c->left, t->picked);
  c->listed = plain && t->sizes.rows == 1 && skips_zeros(t->c.w, n, c->left, n->extents[c->lane]);
}

void list_nonzeros(Tiling *t) {
  Builder *b = t->c.b;
  Lanes integer = lanes_of(TYPE_I32, 1);
  uint32_t v = t->node->rank;
  int64_t extent = t->node->extents[v];
  t->nonzero = kernel_array(b, "nonzero", integer, extent, 0);
  t->count = kernel_new_local(b, "count", integer);
  kernel_local_range(b, t->nonzero, (Interval){0, extent - 1});
  kernel_local_range(b, t->count, (Interval){0, extent});
  kernel_declare(b, t->nonzero, VALUE_NONE);
  kernel_declare(b, t->count, kernel_integer(b, TYPE_I32, 0));
  ValueId count = kernel_local(b, t->count, NULL, 0);
  Offset end = offset_add_term(b, offset_number(0), 1, count);
  open_k(t, v, 0, extent, 1, LOOP_PLAIN);
  kernel_assign(b, t->nonzero, &end, 1, kernel_offset(b, TYPE_I32, t->bindings[v].offset));
  ValueId differs =
      kernel_op2(b, OP_NE, operand(t, t->contraction->left, 1), kernel_number(b, t->node->type, 0));
  ValueId one = kernel_op(b, OP_CAST, TYPE_I32, &differs, 1);
  kernel_assign(b, t->count, NULL, 0, kernel_op2(b, OP_ADD, count, one));
  close_loops(t, 1);
}

void open_nonzeros(Tiling *t, LoopMark mark) {
  Builder *b = t->c.b;
  uint32_t v = t->node->rank, variable = kernel_variable(b, "at");
  int64_t extent = t->node->extents[v];
  Offset *count = ARENA_NEW(t->c.w->arena, Offset), place = offset_variable(b, variable);
  *count = offset_add_term(b, offset_number(0), 1, kernel_local(b, t->count, NULL, 0));
  kernel_loop(b, variable, 0, extent, 1, mark);
  kernel_limit(b, NULL, count, (double)extent / 2);
  uint32_t index = kernel_new_local(b, index_name(t->node, v), lanes_of(TYPE_I32, 1));
  kernel_local_range(b, index, (Interval){0, extent - 1});
  kernel_declare(b, index, kernel_local(b, t->nonzero, &place, 1));
  ValueId at = kernel_local(b, index, NULL, 0);
  t->bindings[v] = bound(offset_add_term(b, offset_number(0), 1, at), false);
}
