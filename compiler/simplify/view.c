/* The same element in another shape. Axes are taken in blocks that hold as many elements in both
   shapes, [N, 6, H, W] and [N, 2, 3, H, W] in four, and only within a block is anything divided:

       number = ((at_i · extent_{i+1}) + at_{i+1}) · …,    place_k = number / stride_k mod extent_k
 */
#include "simplify/view.h"
#include "simplify/algebra.h"

static ExprId integer(Graph *graph, int64_t value) { return expr_integer(graph, TYPE_I32, value); }

/* Of axes first..end. */
static ExprId number_in(Graph *graph, const Tensor *t, const ExprId *at, uint32_t first,
                        uint32_t end) {
  ExprId number = integer(graph, 0);
  for (uint32_t i = first; i < end; i++) {
    if (t->extents[i] == 1) continue;
    number = fold_op2(graph, OP_MUL, number, integer(graph, t->extents[i]));
    number = fold_op2(graph, OP_ADD, number, at[i]);
  }
  return number;
}

static void split_number(Graph *graph, const Tensor *t, ExprId number, uint32_t first, uint32_t end,
                         ExprId *place) {
  int64_t stride = 1;
  bool highest = true;
  for (uint32_t i = first; i < end; i++) stride *= t->extents[i];
  for (uint32_t i = first; i < end; i++) {
    place[i] = integer(graph, 0);
    if (t->extents[i] == 1) continue;
    stride /= t->extents[i];
    place[i] = stride == 1 ? number : fold_op2(graph, OP_DIV, number, integer(graph, stride));
    if (!highest) place[i] = fold_op2(graph, OP_MOD, place[i], integer(graph, t->extents[i]));
    highest = false;
  }
}

bool next_view_blocks(const Tensor *a, const Tensor *b, ViewBlocks *v) {
  int64_t in_a = 1, in_b = 1;
  v->first_a = v->end_a;
  v->first_b = v->end_b;
  if (v->end_a == a->rank && v->end_b == b->rank) return false;
  do {
    if (in_a <= in_b && v->end_a < a->rank)
      in_a *= a->extents[v->end_a++];
    else if (v->end_b < b->rank)
      in_b *= b->extents[v->end_b++];
    else
      in_a *= a->extents[v->end_a++];
  } while (in_a != in_b);
  return true;
}

void place_in_view(Graph *graph, const Tensor *a, const ExprId *at, const Tensor *b,
                   ExprId *place) {
  for (ViewBlocks v = {0}; next_view_blocks(a, b, &v);)
    split_number(graph, b, number_in(graph, a, at, v.first_a, v.end_a), v.first_b, v.end_b, place);
}
