#include "sample.h"
#include <math.h>
#include <string.h>
#include "interpret/philox.h"
#include "simplify/index_limits.h"

/* What the values of inputs must be, since the program reads tensors at them. */
static const Interval *input_limits(const Program *program, Arena *scratch) {
  IndexLimits limits = index_limits(program->graph, program->inputs, program->n_inputs);
  TensorList roots = program_roots(program, scratch);
  TensorList order = graph_order(program->graph, scratch, roots.items, roots.count);
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(program->graph, order.items[i]);
    if (t->kind != TENSOR_DEFINITION) continue;
    Ranges ranges = {tensor_index_extents(t, program->graph->arena), t->rank + t->n_reduced};
    index_limits_add(&limits, t->body, ranges);
  }
  return limits.within;
}

static double narrowed(const Tensor *t, double value) {
  if (t->storage != TYPE_BOOL) return type_rounded(t->storage, value);
  return t->type == TYPE_F32 ? (double)(float)value : value;
}

/* Ten small integers where nothing else is asked, so that sums of them stay exact. */
static double sample_integer(ScalarType type, Interval within, double uniform) {
  int64_t low = type == TYPE_I8 ? -10 : 0, n = type == TYPE_BOOL ? 2 : type == TYPE_U8 ? 256 : 10;
  if (within.low != INT64_MIN) low = type_holds(type, within.low) ? within.low : 0;
  if (within.high != INT64_MAX && within.low == INT64_MIN && low > within.high) low = within.high;
  if (within.high < low + n - 1) n = within.high - low + 1;
  return (double)low + floor(uniform * (double)n);
}

static void sample_input(const Program *program, Interpreter *in, RandomPlace place, TensorId id,
                         Interval within, bool positive) {
  const Tensor *t = tensor_at(program->graph, id);
  double *values = interpreter_values(in, id);
  for (int64_t i = 0; i < tensor_size(t); i++) {
    place.counter = (uint64_t)i;
    double uniform = random_uniform_f64(place);
    if (!type_is_real(t->type))
      values[i] = sample_integer(t->type, within, uniform);
    else
      values[i] = narrowed(t, positive ? 0.1 + 0.8 * uniform : random_normal(place));
  }
}

void sample_values(const Program *program, Interpreter *in, uint64_t seed, bool positive) {
  interpreter_init(in);
  Arena *scratch = arena_new();
  const Interval *limits = input_limits(program, scratch);
  arena_free(scratch);
  for (uint32_t i = 0; i < program->n_inputs; i++)
    sample_input(program, in, (RandomPlace){.seed = seed, .site = i}, program->inputs[i], limits[i],
                 positive);
  for (uint32_t i = 0; i < program->n_params; i++) {
    const Tensor *t = tensor_at(program->graph, program->params[i]);
    double *values = interpreter_values(in, program->params[i]);
    RandomPlace place = {.seed = seed, .site = i, .step = 1};
    for (int64_t k = 0; k < tensor_size(t) && type_is_real(t->type); k++) {
      place.counter = (uint64_t)k;
      values[k] =
          positive ? 0.1 + 0.8 * random_uniform_f64(place) : values[k] + 0.1 * random_normal(place);
      values[k] = narrowed(t, values[k]);
    }
  }
  for (uint32_t i = 0; i < program->n_states; i++) {
    const Tensor *t = tensor_at(program->graph, program->states[i]);
    double *values = interpreter_values(in, program->states[i]);
    for (int64_t k = 0; k < tensor_size(t); k++) values[k] = narrowed(t, values[k]);
  }
}
