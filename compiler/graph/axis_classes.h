/* Axes that go together, as those of a batch do: classes of the index variables of all tensors, by
   union-find. A tensor's variables are its axes, then, of a definition, its reduced indices. */
#pragma once
#include "graph/graph.h"

typedef struct AxisClasses {
  const Graph *graph;
  uint32_t n;       /* variables */
  uint32_t *first;  /* per tensor: the number of its first variable */
  uint32_t *parent; /* per variable: towards that which stands for its class */
  bool *broken; /* per class, at what stands for it: something in it does not go with the rest */
} AxisClasses;

/* Each variable is a class of its own. */
AxisClasses axis_classes_new(const Graph *graph, Arena *arena);
/* What stands for the class of a variable. */
uint32_t axis_class(const AxisClasses *c, uint32_t x);
/* b's class becomes part of a's. */
void unite_axes(AxisClasses *c, uint32_t a, uint32_t b);
void break_axis(AxisClasses *c, uint32_t x);
/* Whether axis k of `read` is read at an index variable of the reader alone that goes over all of
   it. */
bool reads_whole_axis(const Graph *graph, TensorId reader, TensorId read, uint32_t k, ExprId at);
