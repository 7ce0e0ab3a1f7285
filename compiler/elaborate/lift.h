/* What leads from x to f at a point, copied (pointwise.c says why). Private to pointwise.c. */
#pragma once
#include "elaborate/elaborator.h"

typedef struct Lift {
  Elaborator *e;
  Graph *graph;
  const uint32_t *shared; /* S */
  uint32_t n_shared;
  ExprId place;       /* x: a read over S and x's axes 0 … rank - 1 */
  uint32_t rank;      /* of x at a point */
  TensorId x;         /* x′ */
  TensorId end;       /* tensors there were before */
  TensorList tensors; /* what f depends on */
  bool *depends;      /* per tensor: on x, at its own point */
  uint32_t *seen;     /* per expression: the last walk that met it */
  uint32_t walk;
  bool *seed;       /* per tensor: of an own rule */
  TensorId *copies; /* per tensor */
  TensorId early;   /* read at its own point before it is defined; TENSOR_NONE */
} Lift;

/* Finds what f depends on and which of it depends on x. */
void lift_find(Lift *l, TensorId f);
/* Copies of all that depends on x, over x′. */
void lift_copy(Lift *l);
/* In everything made since lift_find: what the copies are copies of, in their place. */
void lift_replace(const Lift *l);
/* Adds t, which the result will not read, with axes for the n variables `first` of S in front.
   own: the variables that its own axes stand for, or NULL. */
TensorId lift_add(const Lift *l, Tensor t, const uint32_t *first, uint32_t n, const uint32_t *own);
