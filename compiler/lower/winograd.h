/* Sums by minimal filtering while their kernel is built. Private to tile_winograd.c and its parts,
   winograd_….c. */
#pragma once
#include "lower/filter.h"
#include "lower/tile.h"

/* The axes of the arrays below; then some of y's index variables, in order. */
enum { SLOT, POINT, FIRST_AXIS };

/* An array in the workspace, for the kernel alone; index variables of y are its axes. */
typedef struct Array {
  TensorId tensor;
  IndexSet set;
} Array;

/* y's sums while they are built. `products` is a contraction in tiles, for one turn of all loops:

       products[s, u, …, row, lane] = Σ_c filters[0, u, row, c, …] · inputs[s, u, c, lane]

   where u is a point of both axes and s a slot for what runs at the same time. */
typedef struct Filtering {
  Tiling *t;
  Builder *b;
  Filter along[MAX_WINDOWS];  /* of one output where there is no such window */
  int64_t turns[MAX_WINDOWS]; /* of P */
  IndexSet outer;             /* outputs that are neither rows nor lanes nor in a window */
  uint32_t *index;            /* per index variable of y: that of products */
  Array filters, inputs, products;
  uint32_t channel; /* the one reduced index beside taps; NO_INDEX: there are several */
  int64_t width;    /* lanes run along so much of y at a time: as much as a tile of products */
  bool shares_both; /* loops over P, among threads; else that of the first axis */
  int64_t n_slots;
  Offset turn[MAX_WINDOWS]; /* P, */
  Offset slot;              /* its place, */
  Offset first, lane;       /* and of the lanes' index the start, and how far from there */
} Filtering;

static inline uint32_t count_indices(const Node *n) { return n->rank + n->n_reduced; }

static inline int64_t count_points(const Filtering *f) {
  return (int64_t)f->along[0].points * f->along[1].points;
}

/* winograd_places.c: the arrays. */
/* Its axes are the index variables of y in `set`; `innermost` of them, or the last one, has
   stride 1. Those of `outer` share their elements, and so do slots unless `apart`. It is called
   what y and `what` say. */
Array make_array(Filtering *f, const char *what, IndexSet set, IndexSet outer, uint32_t innermost,
                 bool apart);
/* Its element at a point, at the bindings of y. */
Offset offset_at(const Filtering *f, const Array *array, Offset point);
uint32_t array_parameter(const Filtering *f, const Array *array, bool written);
/* The read of it in the contraction `products`. */
ExprId read_array(Filtering *f, const Array *array);

/* winograd_transform.c: by the matrices of a filter. */
/* for i: for j: of an array along both axes. They stay open. */
void open_square(Filtering *f, const int64_t size[2], Offset at[2]);
uint32_t declare_square(Filtering *f, const char *name, const int64_t size[2], int lanes);
/* Of a local along both axes, to all points of an array, */
void transform_to(Filtering *f, const Matrix *first, const Matrix *second, uint32_t from,
                  const Array *to);
/* or to a local of that name. */
uint32_t transform(Filtering *f, const Matrix *first, const Matrix *second, uint32_t from,
                   const char *name);

/* winograd_bind.c: y's index variables at some place of the turn that is open. They return whether
   it is there; VALUE_NONE: always. */
/* Of the left side, of a mirrored window from the last one on. */
ValueId bind_taps(Filtering *f, const Offset at[2]);
ValueId bind_output(Filtering *f, const Offset at[2]);
void bind_input(Filtering *f, const Offset at[2]); /* of the right side */
ValueId input_is_inside(Filtering *f);             /* once it is bound */
