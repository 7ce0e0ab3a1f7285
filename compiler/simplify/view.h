/* Index arithmetic of views. */
#pragma once
#include "graph/graph.h"

/* Axes first..end of a and of b, which have the same elements in another shape: as few as hold as
   many elements on both sides. */
typedef struct ViewBlocks {
  uint32_t first_a, end_a, first_b, end_b;
} ViewBlocks;
/* The blocks behind these; from zeros on, the first. At the end there may be axes of one side
   alone, of extent 1. False: there are no more. */
bool next_view_blocks(const Tensor *a, const Tensor *b, ViewBlocks *v);

/* place[k], k < b's rank: the element of b whose row-major number is that of the element at[…] of
   a. Both have as many elements. */
void place_in_view(Graph *graph, const Tensor *a, const ExprId *at, const Tensor *b, ExprId *place);
