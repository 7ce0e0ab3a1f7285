/* Stage 2: syntax tree to program. Resolves names, instantiates layers, infers shapes and index
   ranges, and turns every statement into tensor definitions. Derivatives become TENSOR_DERIVATIVE.
 */
#pragma once
#include "graph/graph.h"
#include "syntax/syntax.h"

/* A -D on the command line: overrides a `dim` or `const`; `real=f64` sets what `real` means. */
typedef struct Define {
  const char *name, *value;
} Define;

/* NULL when diag got errors. `program_name` becomes Program.name (made a C identifier). */
Program *elaborate(Arena *arena, Diag *diag, const File *file, const char *program_name,
                   const Define *defines, size_t n_defines);
/* The same, when it is known of some params by name that no loss changes with them: to `train`
   they are as if they did not stand in it. */
Program *elaborate_without(Arena *arena, Diag *diag, const File *file, const char *program_name,
                           const Define *defines, size_t n_defines, const Map *flat);

/* What a name was bound to. One in the body of a function or layer is bound at each call, to
   something else. */
typedef struct BoundName {
  Span span;          /* begins with the name */
  const char *tensor; /* what the tensor is called in the graph; NULL: it is none of its own */
  const char *what;   /* "f32[64, 10]", "the layer dense", or a number that is known */
} BoundName;
typedef struct BoundNames {
  BoundName *items;
  size_t count;
} BoundNames;
/* The same as elaborate_without, and what names outside of the prelude were bound to, also when
   there are errors. */
Program *elaborate_noting(Arena *arena, Diag *diag, const File *file, const char *program_name,
                          const Map *flat, BoundNames *bound);
