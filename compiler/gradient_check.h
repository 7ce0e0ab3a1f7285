/* Derivatives against finite differences of the interpreter, and forward against reverse mode.

   For every derivative that a program takes, and for the gradient of its loss by every param and
   real input: probes are added to the graph, differentiated with the rest, and compared at one
   point. */
#pragma once
#include "graph/graph.h"
#include "interpret/interpret.h"

/* Up to where a difference from finite differences counts as rounding, relative: all is in f64. */
#define FINITE_TOLERANCE 1e-6

/* d source / d wrt, checked in three ways. Errors are relative: see gradient_checks_run. */
typedef struct GradientCheck {
  TensorId source, wrt;
  bool training;       /* the value of `training` that it is evaluated with */
  Span span;           /* where the program asks for it; none: the loss's gradient */
  TensorId result;     /* the program's own derivative; of a loss, one that is added */
  DerivativeKind kind; /* of result */
  TensorId seed;       /* of result; TENSOR_NONE */
  TensorId gradient;   /* hessian: the gradient that it differentiates; else TENSOR_NONE */
  TensorId u, v, reverse, forward; /* probes: uᵀ·J and J·v, with inputs u and v. forward:
                                      TENSOR_NONE where a rule on the way has no transpose */
  const OwnRule *rule;   /* of `source`, whose share of wrt is `result`; NULL: of the program */
  uint32_t parameter;    /* wrt's place in the rule */
  const char *surrogate; /* a function on the way whose rule is not meant to be its derivative, so
                            that nothing can be compared; NULL */
  /* results */
  const char *message; /* why it could not be evaluated; NULL */
  double finite_error; /* worst over the elements tried */
  int64_t element;     /* of result, where that is */
  double exact, finite;
  int64_t tried;
  int64_t kinks; /* elements of wrt among them at which the source has a kink right at the point, and
                    the derivative lies between the slopes on its two sides */
  double mode_error; /* |uᵀ(J v) − (uᵀJ) v|, relative to the sum of the magnitudes */
  double mode_magnitude; /* that sum */
} GradientCheck;

typedef struct GradientChecks {
  GradientCheck *items;
  uint32_t count;
} GradientChecks;

/* Adds the probes to an elaborated program that is not differentiated yet. */
GradientChecks gradient_checks_add(Arena *arena, Program *program);

/* Compares, after differentiate(), at the interpreter's inputs, params and states. Each column of J
   is taken by central differences of fourth order with the best of several steps. At most
   max_elements elements of wrt are tried, drawn by `seed`. Errors are relative to the larger
   magnitude of the two numbers, or a thousandth of the largest in the result, whichever is more,
   beyond what rounding of the source's values explains, or a kink right at the point. */
void gradient_checks_run(Arena *arena, GradientChecks *checks, const Program *program,
                         Interpreter *in, int64_t max_elements, uint64_t seed);
