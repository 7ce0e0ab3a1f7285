/* Trees in index form to formulas: with whole vectors and matrices where they say the same, with
   indices otherwise. Private to notation/. */
#pragma once
#include "notation/formula.h"
#include "notation/tree.h"

typedef struct Recogniser {
  const Trees *trees;
  Arena *arena;
  const Symbol **symbols; /* per tensor; may be replaced between formulas */
} Recogniser;

/* What a tensor is where it is read outside of its axes. */
typedef struct Remark {
  const Formula *equation; /* h₋₁ = 0 */
  bool outside;            /* everywhere outside; else just before or after an axis: */
  uint32_t axis;
  bool before;
} Remark;
typedef ARRAY(Remark) Remarks;

typedef struct Line {
  TensorId tensor; /* what is defined; TENSOR_NONE: an update or export */
  const Formula *left, *right;
  Remarks remarks;
  bool batch; /* the index of the batch is left out */
  bool arrow; /* left ← right: an update */
} Line;

/* y = …; index form where nothing shorter is the same. */
Line recognise_definition(const Recogniser *r, TensorId tensor);
