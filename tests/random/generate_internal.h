/* What the parts of the generator share: programs (generate.c), expressions (generate_expr.c),
   definitions (generate_define.c), recurrences (generate_scan.c), functions and layers
   (generate_layer.c). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "generate.h"
#include "support/text.h"

typedef enum VariableKind { VARIABLE_REAL, VARIABLE_INTEGER, VARIABLE_BOOL } VariableKind;

enum { MAX_VARIABLES = 64, MAX_INDICES = 12, MAX_TENSOR_RANK = 4, MAX_SELVES = 3 };

typedef struct Variable {
  const char *name;
  VariableKind kind;
  int rank, extents[MAX_TENSOR_RANK];
  uint64_t from; /* a bit for each variable that it depends on, itself too */
  int order;     /* of the derivatives in it */
  bool hidden;   /* not to be read here */
  bool is_part;  /* a value that was carried: the last part of a tensor, not to be derived by */
} Variable;

typedef struct Index {
  const char *name;
  int extent;
  bool implied; /* some read uses it alone on an axis: its range is inferred */
  bool step;    /* of a scan: it has its range */
} Index;

typedef struct Scope {
  Index indices[MAX_INDICES];
  int count;
} Scope;

/* A definition of a scan, read at an earlier step inside the block: h[t - 1, i] ?? e. Its first
   axes are the steps. */
typedef struct Self {
  const Variable *variable;
  bool defined; /* it can be read at the same step, too */
} Self;

typedef struct Generator {
  uint64_t chance;
  Text *out;
  const char *real;   /* "f64" or "f32" */
  const char *stored; /* the type of its inputs: that, or sixteen bits of it */
  int batch;        /* the leading extent of all inputs, when there is a train block; else 0 */
  bool wide;        /* extents about the width of vectors */
  Variable variables[MAX_VARIABLES];
  int n_variables;
  int n_inputs, n_declared; /* inputs come first, then params and states, then definitions */
  int n_states;
  int n_names;
  /* what the definition that is being written depends on */
  uint64_t from;
  int order;
  int n_derivatives;
  /* inside a scan */
  Self selves[MAX_SELVES];
  int n_selves, n_steps;
  const char *steps[2];
  bool ahead;
  int depth; /* of scans */
  const char *indent;
  const char *elements[8]; /* the leaves of an expression of whole tensors; else n_elements is 0 */
  int n_elements;
  bool *used; /* by Construct */
} Generator;

uint64_t chance_next(Generator *g);
int chance_below(Generator *g, int n);
bool chance(Generator *g, int percent);
const char *chance_number(Generator *g);
void mark(Generator *g, Construct what);
/* A new name: prefix and a number. */
const char *new_name(Generator *g, const char *prefix);

/* Named prefix and a number, of small random extents; in the list, but hidden. */
Variable *add_variable(Generator *g, const char *prefix, VariableKind kind, int rank);
/* Can be read from here on; depends on what was read since start_reading. */
void publish(Generator *g, Variable *v);
void start_reading(Generator *g);
void note_read(Generator *g, const Variable *v);
int variable_size(const Variable *v);
/* Depends on an input, a param or a state: is no constant. */
bool is_given(const Generator *g, const Variable *v);
bool same_shape(const Variable *a, const Variable *b);
/* One of the variables of that kind; NULL when there is none. Reals always are. */
const Variable *some_variable(Generator *g, VariableKind kind);
const Variable *some_ranked(Generator *g, VariableKind kind, int rank);

/* A real expression over the indices in scope. Depth bounds its height. */
void add_real(Generator *g, Text *out, Scope *scope, int depth);
void add_integer(Generator *g, Text *out, Scope *scope, int depth);
/* ` + …`, a read of a param: what would be a constant is none. */
void add_varying(Generator *g, Text *out, Scope *scope);
/* sum, prod, max or min of one; any or all inside a choice. */
void add_real_reduction(Generator *g, Text *out, Scope *scope, int depth);
/* That reduction over one or two new indices of a real expression. */
void add_reduced(Generator *g, Text *out, const char *reduction, Scope *scope, int depth);
/* reduction[the indices from `first` on](body) */
void print_reduction(Generator *g, Text *out, const char *name, Scope *scope, int first,
                     const Text *body);
void print_ranges(Generator *g, Text *out, const Index *indices, int first, int end);
void print_extents(Generator *g, const Variable *v);
/* Of whole tensors: the leaves are those texts, of one shape or scalars. */
const char *elementwise(Generator *g, const char *const *leaves, int n, int depth);

void define(Generator *g);
void define_by_index(Generator *g);
void define_scan(Generator *g);
void define_layer(Generator *g, const Variable *source);
void define_derivative(Generator *g);
