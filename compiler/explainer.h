/* What the parts of `dagc explain` share. Private to explain.c and explain_shape.c. */
#pragma once
#include "explain.h"
#include "graph/outline.h"

/* A program as it is printed. */
typedef struct Dump {
  const Program *program;
  Outline outline;
  DumpLines lines;
} Dump;

typedef struct Explainer {
  Arena *arena;
  Text *out;
  const Explanation *e;
  const char *name;
  TensorId written, derived; /* in the two programs; TENSOR_NONE: it is not there */
  Dump dumps[2];             /* of the two */
} Explainer;

/* The tensor as compiled, or where it is not there any more, as written. */
const Tensor *tensor_of(const Explainer *x);
/* A row of what is said: its first line has the label in front, the others "". */
void add_row(Explainer *x, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The line that a place is on, without blanks around it. */
const char *line_with(const Explainer *x, Span place);
/* "mlp.dag:5" */
const char *place_text(const Explainer *x, Span place);

static inline bool is_declared(const Tensor *t) {
  return t->kind == TENSOR_INPUT || t->kind == TENSOR_PARAM || t->kind == TENSOR_STATE;
}

void explain_shape(Explainer *x);
