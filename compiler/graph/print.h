/* What the two halves of the printer share. Private to graph/. */
#pragma once
#include "graph/graph.h"

/* How one expression is printed: which names its index variables have, and which reads are printed
   as the reduction that they read. */
typedef struct Printer {
  const Program *program;
  Text *out;
  const bool *folded; /* per tensor: printed inside its one reader; NULL: none */
} Printer;

typedef struct Scope {
  const char *const *names; /* per index variable */
  const int64_t *extents;
  uint32_t count;
  const struct Scope *outer; /* names that a folded reduction must not take again */
  bool whole;                /* elementwise over whole tensors: reads have no brackets */
} Scope;

/* What is printed, and in which order. */
typedef struct Listing {
  const Program *program;
  TensorList order; /* what is defined: of evaluation, folded reductions before their reader, new
                       values last */
  bool *folded;     /* per tensor: printed inside its one reader */
  bool *is_value;   /* the new value of an update, printed where the update stands */
} Listing;
Listing list_program(const Program *program);

/* Names for all index variables of t; those of the outputs are given when it is folded into a
   reader, whose scope is `outer`. */
Scope index_scope(const Printer *p, const Tensor *t, const Scope *outer,
                  const char *const *outputs);
/* Whether print_value prints it without index brackets. */
bool prints_whole(const Printer *p, TensorId tensor);

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
/* What stands behind the line's #, "" for nothing: `relu, mlp.dag:5`, `Wᵀ δ`, `through tanh`. */
const char *definition_note(const Printer *p, TensorId tensor);
