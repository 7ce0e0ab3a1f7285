/* Generated C, compiled to shared objects, loaded into this process and called through dag_model:
   what `dagc check` and the tests hold against the interpreter. */
#pragma once
#include "../runtime/dag_model.h"
#include "graph/graph.h"
#include "interpret/interpret.h"

typedef struct Native Native;

/* Compiles each text, the C of the model of that name, with `compiler` (several at a time) at that
   level of optimisation, "-O1". NULL, with message set to what the compiler said, when one does not
   compile. */
Native *native_build(Arena *arena, const char *compiler, const char *level,
                     const char *const *names, const char *const *texts, size_t n,
                     const char **message);
/* NULL when no loaded object has a model of that name. */
const dag_model *native_model(const Native *native, const char *name);
/* Unloads all objects: their models and functions are gone. */
void native_close(Native *native);

/* The largest disagreement found: |compiled − interpreted|, relative to the largest finite
   magnitude in the tensor it occurs in (at least 1e-30); infinite where only one is NaN, or
   infinities differ. */
typedef struct Disagreement {
  double error, scale; /* scale: what the error is relative to */
  const char *tensor;
  ScalarType type; /* of that tensor */
  int64_t element;
  double compiled, interpreted;
} Disagreement;

/* Calls the entry in both, from the interpreter's inputs, params, states and count of steps, and
   compares all outputs, params and states afterwards. Both have then made the entry's updates.
   `worst` keeps what is worse; `all`, where not NULL, gets that of each output, then of each param
   and state in the model's order. Returns false, with *message set, when one of them refuses the
   data (and the other does not). */
bool native_compare(Arena *arena, const dag_model *model, const Program *program, Interpreter *in,
                    const Entry *entry, uint64_t seed, int64_t steps_done, Disagreement *worst,
                    Disagreement *all, const char **message);

/* Arrays of a model's element types, from and to doubles. */
void native_store(dag_type type, void *array, const double *values, int64_t n);
void native_load(dag_type type, const void *array, double *values, int64_t n);
