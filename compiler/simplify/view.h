/* Index arithmetic of views. */
#pragma once
#include "graph/graph.h"

/* place[k], k < b's rank: the element of b whose row-major number is that of the element at[…] of
   a. Both have as many elements. */
void place_in_view(Graph *graph, const Tensor *a, const ExprId *at, const Tensor *b, ExprId *place);
