/* The same element in another shape. Axes are taken in blocks that hold as many elements in both
   shapes, [N, 6, H, W] and [N, 2, 3, H, W] in four, and only within a block is anything divided:

       number = ((at_i · extent_{i+1}) + at_{i+1}) · …,    place_k = number / stride_k mod extent_k
 */
#include "simplify/view.h"
#include "simplify/algebra.h"

typedef struct Block {
  uint32_t first, end; /* axes */
} Block;

static ExprId integer(Graph *graph, int64_t value) { return expr_integer(graph, TYPE_I32, value); }

static ExprId number_in(Graph *graph, const Tensor *t, const ExprId *at, Block block) {
  ExprId number = integer(graph, 0);
  for (uint32_t i = block.first; i < block.end; i++) {
    if (t->extents[i] == 1) continue;
    number = fold_op2(graph, OP_MUL, number, integer(graph, t->extents[i]));
    number = fold_op2(graph, OP_ADD, number, at[i]);
  }
  return number;
}

static void split_number(Graph *graph, const Tensor *t, ExprId number, Block block, ExprId *place) {
  int64_t stride = 1;
  bool highest = true;
  for (uint32_t i = block.first; i < block.end; i++) stride *= t->extents[i];
  for (uint32_t i = block.first; i < block.end; i++) {
    place[i] = integer(graph, 0);
    if (t->extents[i] == 1) continue;
    stride /= t->extents[i];
    place[i] = stride == 1 ? number : fold_op2(graph, OP_DIV, number, integer(graph, stride));
    if (!highest) place[i] = fold_op2(graph, OP_MOD, place[i], integer(graph, t->extents[i]));
    highest = false;
  }
}

/* The next axes of both that hold as many elements; at the end, all that are left: of extent 1. */
static void next_blocks(const Tensor *a, const Tensor *b, Block *of_a, Block *of_b) {
  int64_t in_a = 1, in_b = 1;
  do {
    if (in_a <= in_b && of_a->end < a->rank)
      in_a *= a->extents[of_a->end++];
    else if (of_b->end < b->rank)
      in_b *= b->extents[of_b->end++];
    else
      in_a *= a->extents[of_a->end++];
  } while (in_a != in_b);
}

void place_in_view(Graph *graph, const Tensor *a, const ExprId *at, const Tensor *b,
                   ExprId *place) {
  Block of_a = {0, 0}, of_b = {0, 0};
  while (of_a.end < a->rank || of_b.end < b->rank) {
    next_blocks(a, b, &of_a, &of_b);
    split_number(graph, b, number_in(graph, a, at, of_a), of_b, place);
    of_a.first = of_a.end;
    of_b.first = of_b.end;
  }
}
