/* dag_model: what a generated C file tells the runtime about its model. Plain data; the generated
   file defines one as `const dag_model <name>_model`. The text of this header also stands in each
   generated file, so it must stay self-contained C11 (and C++). */
#ifndef DAG_MODEL_H
#define DAG_MODEL_H
#include <stddef.h>
#include <stdint.h>

enum { DAG_MODEL_VERSION = 4 };

/* bf16 and f16: the sixteen bits of bfloat16 and of IEEE 754's binary16, as uint16_t. */
typedef enum dag_type {
  DAG_BOOL,
  DAG_U8,
  DAG_I8,
  DAG_I32,
  DAG_I64,
  DAG_F32,
  DAG_F64,
  DAG_BF16,
  DAG_F16
} dag_type;

/* Name, element type and shape of an array in row-major order. */
typedef struct dag_array {
  const char *name;
  dag_type type;
  int32_t rank;
  const int64_t *shape; /* rank sizes */
} dag_array;

/* A param or state: an array inside the model's struct, without gaps. Element [i, j] is strides[0]
 * i + strides[1] * j elements from its start. */
typedef struct dag_tensor {
  dag_array array;
  size_t offset; /* bytes from the start of the struct */
  int32_t is_param;
  const int64_t *strides; /* NULL: row-major */
} dag_tensor;

/* An input of step and eval, or of an export. least <= greatest: its values are used as indices and
   must be in [least, greatest]; step, eval and exports check it. 0 and -1: they may be any. */
typedef struct dag_input {
  dag_array array;
  int64_t least, greatest;
} dag_input;

typedef enum dag_source_kind { DAG_CSV, DAG_NPY, DAG_IDX, DAG_WINDOWS } dag_source_kind;

/* Where the rows of an input come from by default. The kind of a file given on the command line
   follows from its name (.csv .npy .idx, each maybe .gz, or as here). */
typedef struct dag_source {
  int32_t input; /* into dag_model.inputs */
  dag_source_kind kind;
  const char *path;
  int64_t first_column,
      last_column; /* csv: columns [first, last); last < 0: counted from the end, -1 being all */
  int64_t window;  /* windows("f.txt", T): T */
} dag_source;

/* inputs and outputs: pointers to row-major arrays, in the order of the descriptions.
   Returns 0, or 1 + the position of the input that holds an index out of range; then nothing
   changed. */
typedef int dag_call(void *model, const void *const *inputs, void *const *outputs, uint64_t seed);

typedef struct dag_export {
  const char *name;
  const dag_input *inputs;
  int32_t n_inputs;
  const dag_array *outputs;
  int32_t n_outputs;
  int32_t has_updates;
  dag_call *call;
} dag_export;

/* --- what observers of a training step are told; NULL and 0 where there are no calls to watch ---
 */

/* What an array's values are of a step. */
typedef enum dag_role {
  DAG_INPUT,
  DAG_PARAM,
  DAG_STATE,
  DAG_ACTIVATION,
  DAG_ADJOINT,
  DAG_UPDATE /* on the way to new params and states */
} dag_role;

typedef enum dag_memory { DAG_IN_STRUCT, DAG_IN_INPUT, DAG_IN_OUTPUT } dag_memory;

/* An array between two calls of a step: the values of a definition, a param, an input. */
typedef struct dag_value {
  dag_array
      array; /* steps of a recurrence that share a place have extent 1: the last one is there */
  dag_role role;
  const char *source; /* where it is defined, "mlp.dag:9"; NULL: nowhere */
  dag_memory memory;
  size_t at;              /* bytes from the start of the struct; which input; which output */
  const int64_t *strides; /* elements; NULL: row-major */
} dag_value;

/* How a kernel's first call computes an array that it writes. */
typedef struct dag_computed {
  const char *definitions; /* that lead to it from arrays that are stored before, a line each, where
                              they stand in the source behind four blanks */
  const int32_t *from;     /* those arrays, into dag_kernel_call.values */
  int32_t n_from;
  int32_t has_infinity; /* one is written in them: values may be infinite, as in a mask */
} dag_computed;

/* A C function of the file. */
typedef struct dag_kernel {
  const char *name;
  const dag_computed *computed; /* one for each array that a call writes */
  double operations, bytes;     /* of a call: on reals; of distinct memory */
} dag_kernel;

/* A call of a step, in order. */
typedef struct dag_kernel_call {
  int32_t kernel; /* into dag_model.kernels */
  int32_t n_read, n_written;
  const int32_t *values; /* into dag_model.values: what it reads, then what it writes, in the order
                            in which it is computed */
} dag_kernel_call;

/* Is told of each call of a step that has returned, by one thread while all others wait. */
typedef struct dag_observer {
  void (*called)(struct dag_observer *observer, int32_t call);
} dag_observer;

typedef struct dag_model {
  int32_t version; /* DAG_MODEL_VERSION */
  const char *name;
  size_t size, alignment; /* of the struct, bytes */
  const dag_tensor *tensors;
  int32_t n_tensors;
  size_t step_offset; /* of the struct's int64_t step counter: training steps done */
  size_t seed_offset; /* of the struct's uint64_t seed for random numbers */
  size_t workspace_bytes;
  void (*init)(void *model, uint64_t seed);
  /* training; NULL and 0 when the model has no train block */
  const dag_input *inputs;
  int32_t n_inputs;
  const dag_array *reports; /* scalars: the loss, then the reports */
  int32_t n_reports;
  dag_call *step, *eval; /* outputs: the reports */
  int64_t batch;         /* the leading size that all inputs share; an export that is left without
                            the training (--only) keeps it */
  int64_t epochs, steps; /* the train block's defaults, 0 when not given */
  uint64_t seed;
  const dag_source *data, *valid;
  int32_t n_data, n_valid;
  const dag_export *exports;
  int32_t n_exports;
  const dag_kernel *kernels;
  const dag_value *values;
  const dag_kernel_call *calls;
  int32_t n_kernels, n_values, n_calls;
  dag_observer **observer; /* who watches; *observer is NULL at first */
} dag_model;

/* The trainer's command line (runtime/main.c). Returns the exit code. */
int dag_main(const dag_model *model, int argc, char **argv);

#endif
