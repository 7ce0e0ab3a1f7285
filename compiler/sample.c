#include "sample.h"
#include <math.h>
#include <string.h>
#include "interpret/philox.h"

/* --- limits --- */

typedef struct Limits {
  const Graph *graph;
  TensorId input;
  int64_t limit;
  uint32_t *seen; /* per expression: 1 + the tensor that it was last met in */
} Limits;

/* Whether an index is the input's value, perhaps converted. */
static bool is_value_of(const Graph *graph, ExprId id, TensorId input) {
  const Expr *e = expr_at(graph, id);
  while (e->kind == EXPR_OP && (e->op == OP_CAST || e->op == OP_STOP_GRADIENT))
    e = expr_at(graph, e->args[0]);
  if (e->kind != EXPR_READ) return false;
  const Tensor *read = tensor_at(graph, e->tensor);
  while (read->kind == TENSOR_RESHAPE && read->source != input)
    read = tensor_at(graph, read->source);
  return e->tensor == input || (read->kind == TENSOR_RESHAPE && read->source == input);
}

static void find_limits(Limits *limits, ExprId id, TensorId owner) {
  if (limits->seen[id] == owner + 1) return;
  limits->seen[id] = owner + 1;
  const Expr *e = expr_at(limits->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) find_limits(limits, e->args[i], owner);
  if (e->fallback != EXPR_NONE) find_limits(limits, e->fallback, owner);
  if (e->kind != EXPR_READ || e->fallback != EXPR_NONE) return;
  for (uint32_t i = 0; i < e->n_args; i++) {
    int64_t extent = tensor_at(limits->graph, e->tensor)->extents[i];
    if (is_value_of(limits->graph, e->args[i], limits->input))
      if (limits->limit == 0 || extent < limits->limit) limits->limit = extent;
  }
}

int64_t input_limit(const Program *program, TensorId input) {
  Arena *scratch = arena_new();
  Limits limits = {.graph = program->graph, .input = input};
  limits.seen = ARENA_ARRAY(scratch, uint32_t, program->graph->n_exprs + 1);
  TensorList roots = program_roots(program, scratch);
  TensorList order = graph_order(program->graph, scratch, roots.items, roots.count);
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(program->graph, order.items[i]);
    if (t->kind == TENSOR_DEFINITION) find_limits(&limits, t->body, order.items[i]);
  }
  arena_free(scratch);
  return limits.limit;
}

/* --- values --- */

static double narrowed(ScalarType type, double value) {
  return type == TYPE_F32 ? (double)(float)value : value;
}

/* An unlimited integer is small, so that sums of it stay exact. */
static double sample_integer(ScalarType type, int64_t limit, double uniform) {
  double low = 0, high = 10;
  switch (type) {
  case TYPE_BOOL: high = 2; break;
  case TYPE_U8: high = 256; break;
  case TYPE_I8: low = -10; break;
  case TYPE_I32:
  case TYPE_I64:
  case TYPE_F32:
  case TYPE_F64: break;
  }
  if (limit > 0) low = 0;
  if (limit > 0 && (double)limit < high) high = (double)limit;
  return low + floor(uniform * (high - low));
}

static void sample_input(const Program *program, Interpreter *in, RandomPlace place, TensorId id,
                         bool positive) {
  const Tensor *t = tensor_at(program->graph, id);
  double *values = interpreter_values(in, id);
  int64_t limit = type_is_real(t->type) ? 0 : input_limit(program, id);
  for (int64_t i = 0; i < tensor_size(t); i++) {
    place.counter = (uint64_t)i;
    double uniform = random_uniform_f64(place);
    if (!type_is_real(t->type))
      values[i] = sample_integer(t->type, limit, uniform);
    else
      values[i] = narrowed(t->type, positive ? 0.1 + 0.8 * uniform : random_normal(place));
  }
}

void sample_values(const Program *program, Interpreter *in, uint64_t seed, bool positive) {
  interpreter_init(in);
  for (uint32_t i = 0; i < program->n_inputs; i++)
    sample_input(program, in, (RandomPlace){.seed = seed, .site = i}, program->inputs[i], positive);
  for (uint32_t i = 0; i < program->n_params; i++) {
    const Tensor *t = tensor_at(program->graph, program->params[i]);
    double *values = interpreter_values(in, program->params[i]);
    RandomPlace place = {.seed = seed, .site = i, .step = 1};
    for (int64_t k = 0; k < tensor_size(t) && type_is_real(t->type); k++) {
      place.counter = (uint64_t)k;
      values[k] =
          positive ? 0.1 + 0.8 * random_uniform_f64(place) : values[k] + 0.1 * random_normal(place);
      values[k] = narrowed(t->type, values[k]);
    }
  }
  for (uint32_t i = 0; i < program->n_states; i++) {
    const Tensor *t = tensor_at(program->graph, program->states[i]);
    double *values = interpreter_values(in, program->states[i]);
    for (int64_t k = 0; k < tensor_size(t); k++) values[k] = narrowed(t->type, values[k]);
  }
}
