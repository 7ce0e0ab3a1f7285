/* A program arranged for pictures and pages: the lines of its dump, the layer that each belongs to,
   what each reads, and which stands opposite which. */
#pragma once
#include "graph/print.h"

typedef struct Outline {
  const Program *program;
  Listing listing;
  /* per tensor: the line that it is printed in: of a folded reduction its reader's; itself where it
     has its own or is declared; TENSOR_NONE: it is printed in none */
  TensorId *line;
  /* per tensor: the path of what it is a part of: of the innermost layer whose params stand next to
     it, or which alone has params that it reads; else the first part of its name; "": of nothing */
  const char **layer;
  /* per tensor: it is a line of a derivative */
  bool *backward;
  /* per line of a derivative: the line of what it is the adjoint of, or that of what it is computed
     for; TENSOR_NONE: there is none */
  TensorId *opposite;
  /* per line and new value of an update: the lines and declared tensors that it reads, each once */
  TensorList *reads;
} Outline;

/* program: in canonical form. */
Outline outline_program(const Program *program);

/* Per tensor: it is a line that one of the given ones reads, in any number of steps, or is one. */
bool *outline_needs(const Outline *o, const TensorId *lines, uint32_t n);
/* The same of all lines of derivatives, and of what they are the derivatives of; NULL: there are
   none. */
bool *outline_derivatives(const Outline *o);
