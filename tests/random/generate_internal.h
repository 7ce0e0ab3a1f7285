/* What the two halves of the generator share: programs (generate.c) and expressions
   (generate_expr.c). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "support/text.h"

typedef enum VariableKind { VARIABLE_REAL, VARIABLE_INTEGER, VARIABLE_BOOL } VariableKind;

typedef struct Variable {
  const char *name;
  VariableKind kind;
  int rank, extents[3];
} Variable;

typedef struct Index {
  const char *name;
  int extent;
  bool implied; /* some read uses it alone on an axis: its range is inferred */
} Index;

enum { MAX_VARIABLES = 32, MAX_INDICES = 8 };

typedef struct Scope {
  Index indices[MAX_INDICES];
  int count;
} Scope;

typedef struct Generator {
  uint64_t chance;
  Text *out;
  const char *real; /* "f64" or "f32" */
  int batch;        /* the leading extent of all inputs, when there is a train block; else 0 */
  Variable variables[MAX_VARIABLES];
  int n_variables;
  int n_inputs, n_declared; /* inputs come first, then params, then definitions */
} Generator;

uint64_t chance_next(Generator *g);
int chance_below(Generator *g, int n);
bool chance(Generator *g, int percent);
const char *chance_number(Generator *g);

/* Named prefix and a number, of small random extents. */
Variable *add_variable(Generator *g, const char *prefix, VariableKind kind, int rank);
/* One of the variables of that kind; NULL when there is none. Reals always are. */
const Variable *some_variable(Generator *g, VariableKind kind);

/* A real expression over the indices in scope. Depth bounds its height. */
void add_real(Generator *g, Text *out, Scope *scope, int depth);
/* sum, prod, max or min of one; any or all inside a choice. */
void add_real_reduction(Generator *g, Text *out, Scope *scope, int depth);
/* That reduction over one or two new indices of a real expression. */
void add_reduced(Generator *g, Text *out, const char *reduction, Scope *scope, int depth);
/* reduction[the indices from `first` on](body) */
void print_reduction(Generator *g, Text *out, const char *name, Scope *scope, int first,
                     const Text *body);
