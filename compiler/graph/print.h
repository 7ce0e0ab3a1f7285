/* What the two halves of the printer share. Private to graph/. */
#pragma once
#include "graph/graph.h"

/* How one expression is printed: which names its index variables have, and which reads are printed
   as the reduction that they read. */
typedef struct Printer {
  const Program *program;
  Text *out;
  const bool *folded;    /* per tensor: printed inside its one reader */
  const uint32_t *reads; /* per tensor: in how many expressions it is read */
} Printer;

typedef struct Scope {
  const char *const *names; /* per index variable */
  const int64_t *extents;
  uint32_t count;
  const struct Scope *outer; /* names that a folded reduction must not take again */
  bool whole;                /* elementwise over whole tensors: reads have no brackets */
} Scope;

/* `anchored`: elsewhere something gives the expression its type, so literals may adapt. */
void print_expr(const Printer *p, const Scope *scope, ExprId id, int precedence, bool anchored);
/* The body of a definition, with its reduction around it: `sum[i](…)`. */
void print_body(const Printer *p, const Scope *outer, TensorId tensor, const char *const *outputs);
void print_shape(Text *out, const Tensor *tensor);
/* The value of an update or initialiser, without index brackets where it is elementwise over whole
   tensors: `W - 0.1 * W_bar`, else `tensor[i, j](…)`. */
void print_value(const Printer *p, TensorId tensor);
/* `z[b, j] = …` */
void print_line(const Printer *p, TensorId tensor);
