/* Definition by definition, point by point, in the order of their reads:

       y[O] = reduce over R of e(O, R)

   is two loops around a walk of e. Within a point an expression is evaluated at most once. The
   points of a recurrence are evaluated on demand, each once. */
#include "interpret/interpret.h"
#include <math.h>
#include <string.h>
#include "graph/group.h"
#include "graph/scalar_ops.h"
#include "interpret/evaluate.h"

/* The stop_gradients of one definition, and their values at its points: values[k · n_points +
   point], NaN where the stop_gradient was not evaluated. */
typedef struct Stopped {
  ExprId *exprs;
  size_t n_exprs;
  double *values;
  int64_t n_points;
} Stopped;

struct Interpreter {
  Arena *arena;
  const Program *program;
  const Graph *graph;
  int64_t steps_done;
  Surroundings around;
  double **values; /* per tensor; NULL until asked for */
  bool *held;
  uint32_t n_values;
  /* the point that is evaluated */
  const Tensor *tensor;
  int64_t *point; /* the values of its index variables */
  uint32_t point_capacity;
  double *memo; /* per expression: its value, when memo_at is the number of this point */
  uint64_t *memo_at;
  uint64_t point_number, last_point; /* the number of this point, and of the last one begun */
  uint32_t n_memo;
  const char *message; /* NULL until something has no meaning */
  StopMode stop_mode;
  bool exact;         /* bf16 and f16 do not round */
  Stopped *stopped;   /* per tensor */
  uint8_t **progress; /* per tensor: how far each element is, while its recurrence is evaluated */
};

/* How far an element of a recurrence is. */
enum { NOT_BEGUN, BEGUN, DONE };

static double evaluate(Interpreter *in, ExprId id);
static void demand(Interpreter *in, TensorId id, const int64_t *at, int64_t offset);

/* --- values --- */

/* The graph may have grown since the last call. */
static void make_room(Interpreter *in) {
  if (in->n_values < in->graph->n_tensors) {
    double **values = ARENA_ARRAY(in->arena, double *, in->graph->n_tensors);
    bool *held = ARENA_ARRAY(in->arena, bool, in->graph->n_tensors);
    Stopped *stopped = ARENA_ARRAY(in->arena, Stopped, in->graph->n_tensors);
    in->progress = ARENA_ARRAY(in->arena, uint8_t *, in->graph->n_tensors);
    if (in->n_values > 0) {
      memcpy(values, in->values, in->n_values * sizeof *values);
      memcpy(held, in->held, in->n_values * sizeof *held);
      memcpy(stopped, in->stopped, in->n_values * sizeof *stopped);
    }
    in->values = values;
    in->held = held;
    in->stopped = stopped;
    in->n_values = in->graph->n_tensors;
  }
  if (in->n_memo < in->graph->n_exprs) {
    in->memo = ARENA_ARRAY(in->arena, double, in->graph->n_exprs);
    in->memo_at = ARENA_ARRAY(in->arena, uint64_t, in->graph->n_exprs);
    in->n_memo = in->graph->n_exprs;
  }
}

Interpreter *interpreter_new(Arena *arena, const Program *program, uint64_t seed) {
  Interpreter *in = ARENA_NEW(arena, Interpreter);
  in->arena = arena;
  in->program = program;
  in->graph = program->graph;
  in->around.seed = seed;
  return in;
}

double *interpreter_values(Interpreter *in, TensorId tensor) {
  make_room(in);
  if (in->values[tensor] == NULL)
    in->values[tensor] = ARENA_ARRAY(in->arena, double, tensor_size(tensor_at(in->graph, tensor)));
  return in->values[tensor];
}

void interpreter_hold(Interpreter *in, TensorId tensor, bool held) {
  make_room(in);
  in->held[tensor] = held;
}

void interpreter_round(Interpreter *in, bool rounds) { in->exact = !rounds; }

void interpreter_stop(Interpreter *in, StopMode mode) { in->stop_mode = mode; }

void interpreter_set_step(Interpreter *in, int64_t step) { in->steps_done = step; }

/* --- expressions --- */

static void out_of_range(Interpreter *in, const Expr *e, const int64_t *at) {
  Text text = text_new(in->arena);
  const Tensor *read = tensor_at(in->graph, e->tensor);
  text_printf(&text, "%s reads %s[", in->tensor->name, read->name);
  for (uint32_t i = 0; i < read->rank; i++)
    text_printf(&text, "%s%lld", i == 0 ? "" : ", ", (long long)at[i]);
  text_add(&text, "], outside [");
  for (uint32_t i = 0; i < read->rank; i++)
    text_printf(&text, "%s%lld", i == 0 ? "" : ", ", (long long)read->extents[i]);
  text_add(&text, "]");
  if (in->message == NULL) in->message = text_string(&text);
}

enum { MAX_RANK = 32 };

static double evaluate_read(Interpreter *in, const Expr *e) {
  const Tensor *read = tensor_at(in->graph, e->tensor);
  int64_t at[MAX_RANK], offset = 0;
  bool inside = true;
  if (read->rank > MAX_RANK) bug("interpret", "%s has %u axes", read->name, read->rank);
  for (uint32_t i = 0; i < read->rank; i++) {
    at[i] = (int64_t)evaluate(in, e->args[i]);
    inside = inside && at[i] >= 0 && at[i] < read->extents[i];
    offset = offset * read->extents[i] + at[i];
  }
  if (in->message != NULL) return NAN;
  if (inside && in->progress[e->tensor] != NULL) demand(in, e->tensor, at, offset);
  if (inside) return in->values[e->tensor][offset];
  if (e->fallback != EXPR_NONE) return evaluate(in, e->fallback);
  out_of_range(in, e, at);
  return NAN;
}

/* The row-major number of this point among all of its tensor. */
static int64_t point_position(const Interpreter *in) {
  const Tensor *t = in->tensor;
  int64_t position = 0;
  for (uint32_t i = 0; i < t->rank + t->n_reduced; i++) {
    int64_t extent = i < t->rank ? t->extents[i] : t->reduced_extents[i - t->rank];
    position = position * extent + in->point[i];
  }
  return position;
}

/* Where the value of a stop_gradient is kept at this point. */
static double *stopped_value(Interpreter *in, ExprId id) {
  const Stopped *s = &in->stopped[in->tensor - in->graph->tensors];
  size_t k = 0;
  while (k < s->n_exprs && s->exprs[k] != id) k++;
  if (k == s->n_exprs) bug("interpret", "%s: an unknown stop_gradient", in->tensor->name);
  return &s->values[(int64_t)k * s->n_points + point_position(in)];
}

static double evaluate_stop(Interpreter *in, ExprId id, ExprId operand) {
  if (in->stop_mode == STOP_EVALUATE) return evaluate(in, operand);
  double *kept = stopped_value(in, id);
  if (in->stop_mode == STOP_REPLAY && !isnan(*kept)) return *kept;
  double value = evaluate(in, operand);
  if (in->stop_mode == STOP_RECORD) *kept = value;
  return value;
}

static double evaluate_operator(Interpreter *in, ExprId id) {
  const Expr *e = expr_at(in->graph, id);
  if (e->op == OP_WHERE) /* only the branch taken */
    return evaluate(in, e->args[evaluate(in, e->args[0]) != 0 ? 1 : 2]);
  if (e->op == OP_STOP_GRADIENT) return evaluate_stop(in, id, e->args[0]);
  if (in->exact && (e->op == OP_BF16 || e->op == OP_F16)) return evaluate(in, e->args[0]);
  double operands[3];
  for (uint32_t i = 0; i < e->n_args; i++) operands[i] = evaluate(in, e->args[i]);
  ScalarType operand_type =
      e->n_args == 0 ? e->type : expr_at(in->graph, e->args[e->n_args - 1])->type;
  return evaluate_op(e->op, e->type, operand_type, operands, &in->around);
}

static double evaluate(Interpreter *in, ExprId id) {
  const Expr *e = expr_at(in->graph, id);
  switch (e->kind) {
  case EXPR_CONST: return type_is_real(e->type) ? e->real : (double)e->integer;
  case EXPR_INDEX: return (double)in->point[e->index];
  case EXPR_READ:
  case EXPR_OP: break;
  }
  if (in->memo_at[id] == in->point_number) return in->memo[id];
  double value = e->kind == EXPR_READ ? evaluate_read(in, e) : evaluate_operator(in, id);
  in->memo[id] = value;
  in->memo_at[id] = in->point_number;
  return value;
}

/* --- reductions --- */

/* What a reduction has seen: its value so far, and for argmax and argmin the best one's place. */
typedef struct Reduced {
  double value;
  double place;
} Reduced;

/* The element of no elements; max and min start with their first. */
static double unit(Reduction reduction) {
  switch (reduction) {
  case REDUCE_PROD:
  case REDUCE_ALL: return 1;
  case REDUCE_NONE:
  case REDUCE_SUM:
  case REDUCE_MAX:
  case REDUCE_MIN:
  case REDUCE_ARGMAX:
  case REDUCE_ARGMIN:
  case REDUCE_ANY: break;
  }
  return 0;
}

/* Takes in element number `place`. On ties in max, min, argmax and argmin the first one stays. */
static void take(Reduced *r, Reduction reduction, ScalarType type, double value, double place) {
  bool first = place == 0;
  switch (reduction) {
  case REDUCE_NONE: r->value = value; break;
  case REDUCE_SUM: r->value = evaluate_cast(type, r->value + value); break;
  case REDUCE_PROD: r->value = evaluate_cast(type, r->value * value); break;
  case REDUCE_MAX:
    if (first || isnan(value) || value > r->value) r->value = value;
    break;
  case REDUCE_MIN:
    if (first || isnan(value) || value < r->value) r->value = value;
    break;
  case REDUCE_ARGMAX:
    if (first || value > r->value) *r = (Reduced){value, place};
    break;
  case REDUCE_ARGMIN:
    if (first || value < r->value) *r = (Reduced){value, place};
    break;
  case REDUCE_ANY: r->value = r->value != 0 || value != 0; break;
  case REDUCE_ALL: r->value = r->value != 0 && value != 0; break;
  }
}

/* The next point of a box in row-major order; false after the last. */
static bool advance(int64_t *point, const int64_t *extents, uint32_t n) {
  for (uint32_t i = n; i-- > 0;) {
    if (++point[i] < extents[i]) return true;
    point[i] = 0;
  }
  return false;
}

static double reduce(Interpreter *in, const Tensor *t) {
  Reduced r = {unit(t->reduction), 0};
  int64_t *reduced = in->point + t->rank;
  double place = 0;
  memset(reduced, 0, t->n_reduced * sizeof *reduced);
  do {
    in->point_number = ++in->last_point;
    take(&r, t->reduction, t->type, evaluate(in, t->body), place++);
  } while (advance(reduced, t->reduced_extents, t->n_reduced) && in->message == NULL);
  bool place_asked = t->reduction == REDUCE_ARGMAX || t->reduction == REDUCE_ARGMIN;
  return place_asked ? r.place : r.value;
}

/* --- tensors --- */

/* memo_at marks what was seen: the walk is a point of its own. */
static void find_stops(Interpreter *in, ExprId id, Stopped *stopped, size_t *capacity) {
  if (in->memo_at[id] == in->point_number) return;
  in->memo_at[id] = in->point_number;
  const Expr *e = expr_at(in->graph, id);
  if (e->kind == EXPR_OP && e->op == OP_STOP_GRADIENT) {
    if (stopped->n_exprs == *capacity)
      stopped->exprs =
          arena_grow(in->arena, stopped->exprs, stopped->n_exprs, capacity, sizeof *stopped->exprs);
    stopped->exprs[stopped->n_exprs++] = id;
  }
  for (uint32_t i = 0; i < e->n_args; i++) find_stops(in, e->args[i], stopped, capacity);
  if (e->fallback != EXPR_NONE) find_stops(in, e->fallback, stopped, capacity);
}

/* Room for the values of t's stop_gradients. */
static void keep_stops(Interpreter *in, TensorId id) {
  const Tensor *t = tensor_at(in->graph, id);
  Stopped *stopped = &in->stopped[id];
  if (stopped->n_points == 0) {
    size_t capacity = 0;
    in->point_number = ++in->last_point;
    find_stops(in, t->body, stopped, &capacity);
    stopped->n_points = tensor_size(t);
    for (uint32_t i = 0; i < t->n_reduced; i++) stopped->n_points *= t->reduced_extents[i];
    stopped->values =
        ARENA_ARRAY(in->arena, double, stopped->n_points *(int64_t)stopped->n_exprs + 1);
  }
  for (int64_t i = 0; i < stopped->n_points * (int64_t)stopped->n_exprs; i++)
    stopped->values[i] = NAN;
}

static void begin(Interpreter *in, TensorId id) {
  const Tensor *t = tensor_at(in->graph, id);
  interpreter_values(in, id);
  in->tensor = t;
  if (in->stop_mode == STOP_RECORD) keep_stops(in, id);
  if (in->point_capacity <= t->rank + t->n_reduced) {
    in->point_capacity = t->rank + t->n_reduced + 1;
    in->point = ARENA_ARRAY(in->arena, int64_t, in->point_capacity);
  }
  memset(in->point, 0, in->point_capacity * sizeof *in->point);
}

static void define(Interpreter *in, TensorId id) {
  const Tensor *t = tensor_at(in->graph, id);
  double *out = interpreter_values(in, id);
  int64_t offset = 0;
  begin(in, id);
  do out[offset++] = reduce(in, t);
  while (advance(in->point, t->extents, t->rank) && in->message == NULL);
}

/* --- recurrences --- */

/* Evaluates one element, in the midst of another one's evaluation. */
static void demand(Interpreter *in, TensorId id, const int64_t *at, int64_t offset) {
  uint8_t *progress = &in->progress[id][offset];
  const Tensor *t = tensor_at(in->graph, id);
  if (*progress == DONE || in->message != NULL) return;
  if (*progress == BEGUN) bug("interpret", "%s needs an element to compute itself", t->name);
  *progress = BEGUN;
  const Tensor *tensor = in->tensor;
  int64_t *point = in->point, here[2 * MAX_RANK] = {0};
  uint64_t number = in->point_number;
  if (t->rank + t->n_reduced > 2 * MAX_RANK) bug("interpret", "%s has too many axes", t->name);
  memcpy(here, at, t->rank * sizeof *here);
  in->tensor = t;
  in->point = here;
  double value = reduce(in, t);
  in->values[id][offset] = value;
  in->tensor = tensor;
  in->point = point;
  in->point_number = number;
  *progress = DONE;
}

/* All elements of one member at one step. */
static void demand_step(Interpreter *in, TensorId id, uint32_t axis, int64_t step) {
  const Tensor *t = tensor_at(in->graph, id);
  int64_t at[MAX_RANK] = {0}, offset = 0;
  do {
    if (at[axis] == step) demand(in, id, at, offset);
    offset++;
  } while (advance(at, t->extents, t->rank) && in->message == NULL);
}

/* Any order would do; that of the steps keeps the demands from nesting deeply. */
static void define_group(Interpreter *in, const Group *group) {
  Arena *scratch = arena_new();
  for (uint32_t i = 0; i < group->n_members; i++) {
    TensorId id = group->members[i];
    begin(in, id);
    int64_t size = tensor_size(tensor_at(in->graph, id));
    in->progress[id] = ARENA_ARRAY(scratch, uint8_t, size + 1);
    if (in->held[id]) memset(in->progress[id], DONE, (size_t)size);
  }
  for (int64_t k = 0; k < group->steps && in->message == NULL; k++)
    for (uint32_t i = 0; i < group->n_members; i++)
      demand_step(in, group->members[i], group->axis[i], group->ahead ? group->steps - 1 - k : k);
  for (uint32_t i = 0; i < group->n_members; i++) in->progress[group->members[i]] = NULL;
  arena_free(scratch);
}

/* All that the roots need, in the order of their reads. */
static bool compute(Interpreter *in, const TensorId *roots, uint32_t n, const char **message) {
  Arena *scratch = arena_new();
  EvaluationOrder evaluation = evaluation_order(in->graph, scratch, roots, n);
  TensorList order = evaluation.list;
  in->message = NULL;
  for (uint32_t i = 0; i < order.count && in->message == NULL; i++) {
    const Tensor *t = tensor_at(in->graph, order.items[i]);
    double *values = interpreter_values(in, order.items[i]);
    if (evaluation.groups[i] != NULL) {
      if (i == 0 || evaluation.groups[i] != evaluation.groups[i - 1])
        define_group(in, evaluation.groups[i]);
      continue;
    }
    if (in->held[order.items[i]]) continue;
    switch (t->kind) {
    case TENSOR_INPUT:
    case TENSOR_PARAM:
    case TENSOR_STATE:
    case TENSOR_STAND_IN: break;
    case TENSOR_DEFINITION: define(in, order.items[i]); break;
    case TENSOR_RESHAPE:
      if (tensor_size(t) != tensor_size(tensor_at(in->graph, t->source)))
        bug("interpret", "%s is no reshape of %s", t->name, tensor_at(in->graph, t->source)->name);
      memcpy(values, interpreter_values(in, t->source), (size_t)tensor_size(t) * sizeof *values);
      break;
    case TENSOR_DERIVATIVE: bug("interpret", "%s is not differentiated yet", t->name);
    }
  }
  arena_free(scratch);
  if (in->message != NULL && message != NULL) *message = in->message;
  return in->message == NULL;
}

static void surround(Interpreter *in, bool training, bool stepping) {
  in->around.training = training;
  in->around.step = stepping ? in->steps_done + 1 : in->steps_done;
}

void interpreter_init(Interpreter *in) {
  const Program *p = in->program;
  in->steps_done = 0;
  surround(in, false, false);
  for (uint32_t i = 0; i < p->n_params + p->n_states; i++) {
    TensorId id = i < p->n_params ? p->params[i] : p->states[i - p->n_params];
    const Tensor *t = tensor_at(in->graph, id);
    const char *message = NULL;
    if (!compute(in, &t->initial, 1, &message))
      bug("interpret", "the initial value of %s: %s", t->name, message);
    memcpy(interpreter_values(in, id), interpreter_values(in, t->initial),
           (size_t)tensor_size(t) * sizeof(double));
  }
}

/* All updates of a step happen together: the new values are computed before the first is stored. A
   value may itself be a param or state, so it is copied first. */
static void make_updates(Interpreter *in, const Entry *entry) {
  Arena *scratch = arena_new();
  double **fresh = ARENA_ARRAY(scratch, double *, entry->n_updates + 1);
  for (uint32_t i = 0; i < entry->n_updates; i++) {
    size_t size = (size_t)tensor_size(tensor_at(in->graph, entry->updates[i].value));
    fresh[i] = ARENA_ARRAY(scratch, double, size);
    memcpy(fresh[i], interpreter_values(in, entry->updates[i].value), size * sizeof(double));
  }
  for (uint32_t i = 0; i < entry->n_updates; i++) {
    TensorId target = entry->updates[i].target;
    memcpy(interpreter_values(in, target), fresh[i],
           (size_t)tensor_size(tensor_at(in->graph, target)) * sizeof(double));
  }
  arena_free(scratch);
}

bool interpreter_run(Interpreter *in, const Entry *entry, bool update, const char **message) {
  Arena *scratch = arena_new();
  TensorId *roots = ARENA_ARRAY(scratch, TensorId, entry->n_outputs + entry->n_updates + 1);
  uint32_t n = 0;
  for (uint32_t i = 0; i < entry->n_outputs; i++) roots[n++] = entry->outputs[i].tensor;
  for (uint32_t i = 0; i < entry->n_updates; i++) roots[n++] = entry->updates[i].value;
  surround(in, entry->training, entry->kind == ENTRY_STEP);
  bool done = compute(in, roots, n, message);
  arena_free(scratch);
  if (!done) return false;
  if (update) make_updates(in, entry);
  if (update && entry->kind == ENTRY_STEP) in->steps_done++;
  return true;
}

bool interpreter_evaluate(Interpreter *in, TensorId tensor, bool training, const char **message) {
  surround(in, training, training);
  return compute(in, &tensor, 1, message);
}
