#include "sample.h"
#include <math.h>
#include <string.h>
#include "interpret/philox.h"
#include "simplify/affine.h"
#include "support/integers.h"

/* --- limits --- */

typedef struct Limits {
  Graph *graph;
  TensorId input;
  Interval within;
  uint32_t *seen; /* per expression: 1 + the tensor that it was last met in */
} Limits;

/* Whether it is the input's value, perhaps converted. */
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

/* 0 ≤ f·t + rest < extent for the input's value t, whatever the others are: where that can be. */
static void limit_by_axis(Limits *limits, ExprId index, int64_t extent, Ranges ranges) {
  Affine a = affine_of(limits->graph, expr_cast(limits->graph, TYPE_I32, index), ranges);
  for (uint32_t k = 0; k < a.n; k++) {
    if (!is_value_of(limits->graph, a.terms[k].atom, limits->input)) continue;
    int64_t f = a.terms[k].factor;
    Affine others = affine_without(a, k);
    Interval rest = affine_interval(limits->graph, &others, ranges);
    if (rest.low <= INT32_MIN || rest.high >= INT32_MAX) continue; /* they are not bounded */
    Interval room = {-rest.low, extent - 1 - rest.high};           /* of f·t */
    Interval t = f > 0 ? (Interval){-floor_div(-room.low, f), floor_div(room.high, f)}
                       : (Interval){-floor_div(-room.high, f), floor_div(room.low, f)};
    if (t.low > t.high) continue;
    if (t.low > limits->within.low) limits->within.low = t.low;
    if (t.high < limits->within.high) limits->within.high = t.high;
  }
}

static void find_limits(Limits *limits, ExprId id, TensorId owner, Ranges ranges) {
  if (limits->seen[id] == owner + 1) return;
  limits->seen[id] = owner + 1;
  const Expr e = *expr_at(limits->graph, id);
  for (uint32_t i = 0; i < e.n_args; i++) find_limits(limits, e.args[i], owner, ranges);
  if (e.fallback != EXPR_NONE) find_limits(limits, e.fallback, owner, ranges);
  if (e.kind != EXPR_READ || e.fallback != EXPR_NONE) return;
  for (uint32_t i = 0; i < e.n_args; i++)
    limit_by_axis(limits, e.args[i], tensor_at(limits->graph, e.tensor)->extents[i], ranges);
}

/* What the values of an integer input must be, since the program reads tensors at them. */
static Interval input_limit(const Program *program, TensorId input) {
  Arena *scratch = arena_new();
  Limits limits = {.graph = program->graph, .input = input, .within = {INT64_MIN, INT64_MAX}};
  uint32_t n_exprs = program->graph->n_exprs; /* later ones are made by affine_of */
  limits.seen = ARENA_ARRAY(scratch, uint32_t, n_exprs + 1);
  TensorList roots = program_roots(program, scratch);
  TensorList order = graph_order(program->graph, scratch, roots.items, roots.count);
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(program->graph, order.items[i]);
    if (t->kind != TENSOR_DEFINITION) continue;
    Ranges ranges = {tensor_index_extents(t, scratch), t->rank + t->n_reduced};
    find_limits(&limits, t->body, order.items[i], ranges);
  }
  arena_free(scratch);
  return limits.within;
}

/* --- values --- */

static double narrowed(ScalarType type, double value) {
  return type == TYPE_F32 ? (double)(float)value : value;
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
                         bool positive) {
  const Tensor *t = tensor_at(program->graph, id);
  double *values = interpreter_values(in, id);
  Interval within = type_is_real(t->type) ? (Interval){0, 0} : input_limit(program, id);
  for (int64_t i = 0; i < tensor_size(t); i++) {
    place.counter = (uint64_t)i;
    double uniform = random_uniform_f64(place);
    if (!type_is_real(t->type))
      values[i] = sample_integer(t->type, within, uniform);
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
