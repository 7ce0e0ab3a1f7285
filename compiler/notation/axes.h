/* The axis of the batch. Axes that the same index variable reads are of one class. A class is the
   batch's when it has the first axis of an input, none of a param or state, no two axes of one
   tensor, and is read at plain index variables only, each over all of it: then every formula speaks
   of one example, whichever it is. Private to notation/. */
#pragma once
#include "graph/graph.h"

typedef struct Axes {
  uint32_t *first; /* per tensor: where its variables begin in `batch` */
  uint32_t *batch; /* per index variable (outputs are axes), the batch over whose examples it goes:
                      its class, from 1; 0: none */
} Axes;

/* live: all definitions that count. */
Axes find_axes(const Program *program, TensorList live);

static inline uint32_t batch_of_axis(const Axes *axes, TensorId tensor, uint32_t index) {
  return axes->batch[axes->first[tensor] + index];
}
