/* The passes of simplify/, each over all definitions that the program needs. Each returns whether
   it changed something. Private to simplify/. */
#pragma once
#include "graph/graph.h"

/* What a pass looks at. */
typedef struct Live {
  Program *program;
  TensorList order;  /* what the roots depend on, each after what it reads */
  bool *is_root;     /* per tensor: an output or the value of an update */
  uint32_t *readers; /* per tensor: distinct reads of it, over all bodies */
} Live;

Live find_live(Program *program);

bool fold_definitions(Program *program);   /* fold.c, affine.c: expressions */
bool eliminate_brackets(Program *program); /* sum.c: sums whose body has conditions */
bool read_diagonals(Program *program);     /* diagonal.c: Jacobians with known zeros, in readers */
bool narrow_outputs(Program *program);     /* narrow.c: sums that are mostly 0 */
bool drop_deviations(Program *program);    /* deviations.c: sums over what deviates from a mean */
bool settle_outputs(Program *program);     /* outputs.c: which axes a reduction has */
bool inline_helpers(Program *program);     /* inline.c: elementwise helpers into their reader */
bool move_lookups(Program *program);       /* lookups.c: sums of what is looked up */
bool widen_values_of_step(Program *program); /* step.c: 1 - 0.999^step */
bool drop_copies(Program *program);          /* share.c: another name for the same values */
bool merge_equal(Program *program);          /* share.c: equal definitions */
bool share_dear(Program *program);           /* share.c: dear subexpressions met twice */
bool read_values(Program *program);          /* values.c: a dear function that a definition has */
bool read_quotients(Program *program);       /* quotients.c: x and / y where x / y is there */

/* A dear function of one value: share.c. */
bool is_transcendental(const Expr *e);

/* Whether a term of the body is where(C, d, 0), C equates index variables: a diagonal of its own.
 */
bool is_read_as_diagonal(const Graph *graph, ExprId body, TensorId d);

/* A reduction of equal numbers becomes one, where no rounding can come in. simplify.c */
bool fold_reduction(Graph *graph, TensorId id);
/* A definition with those of its outputs alone; its body uses no others. outputs.c */
Tensor with_outputs(Graph *graph, Tensor t, const uint32_t *kept, uint32_t n_kept);

/* Every read of tensor t becomes a read of with[t]. */
ExprId replace_tensors(Graph *graph, ExprId id, const TensorId *with);
