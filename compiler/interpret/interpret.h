/* The oracle: evaluates a program in f64 in the plainest loops. It knows nothing of kernels. */
#pragma once
#include "graph/graph.h"

typedef struct Interpreter Interpreter;

/* Values are doubles (integers and bools too, exact up to 2^53). `arena` owns everything. */
Interpreter *interpreter_new(Arena *arena, const Program *program, uint64_t seed);
/* Sets params and states to their initial values, the step to 0. */
void interpreter_init(Interpreter *in);
/* The values of a tensor: for inputs, params and states settable; row-major, tensor_size elements.
 */
double *interpreter_values(Interpreter *in, TensorId tensor);
/* How many training steps are done: 0 after interpreter_init. The value of `step` is one more in
   the training step (and in interpreter_evaluate with training), and this number elsewhere. */
void interpreter_set_step(Interpreter *in, int64_t step);
/* Evaluates the entry from the current inputs, params and states: afterwards interpreter_values of
   its outputs hold. Updates are made (all from old values) when `update`; ENTRY_STEP then counts a
   step. Returns false, with *message set, when a read without a default  is out of range. */
bool interpreter_run(Interpreter *in, const Entry *entry, bool update, const char **message);
/* Evaluates one tensor (and what it needs) with `training` as given. */
bool interpreter_evaluate(Interpreter *in, TensorId tensor, bool training, const char **message);
/* While held, a definition keeps the values that interpreter_values has, instead of being
   evaluated: an intermediate result as an independent variable. */
void interpreter_hold(Interpreter *in, TensorId tensor, bool held);

/* Whether bf16 and f16 round (as they do at first) or give their operand: a step has no derivative,
   the line through it has. */
void interpreter_round(Interpreter *in, bool rounds);

/* What stop_gradient is to finite differences: a constant. RECORD keeps the value of each one as it
   is evaluated, REPLAY uses the values kept instead. */
typedef enum StopMode { STOP_EVALUATE, STOP_RECORD, STOP_REPLAY } StopMode;
void interpreter_stop(Interpreter *in, StopMode mode);
