#include "gradient_check.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "interpret/philox.h"

/* --- probes --- */

typedef ARRAY(GradientCheck) CheckList;

static TensorId add_like(Graph *graph, TensorId shape, Tensor t, const char *name) {
  t.name = name;
  t.rank = tensor_at(graph, shape)->rank;
  t.extents = tensor_at(graph, shape)->extents;
  return graph_add(graph, t);
}

static TensorId add_input(Graph *graph, TensorId shape, const char *name) {
  return add_like(graph, shape, tensor_new(TENSOR_INPUT, tensor_at(graph, shape)->type), name);
}

static TensorId add_derivative(Graph *graph, DerivativeKind kind, TensorId source, TensorId wrt,
                               TensorId seed, const char *name) {
  Tensor t = tensor_new(TENSOR_DERIVATIVE, tensor_at(graph, wrt)->type);
  t.derivative = kind;
  t.source = source;
  t.wrt = wrt;
  t.seed = seed;
  t.adjoint_from = source;
  return add_like(graph, kind == DERIVATIVE_JVP ? source : wrt, t, name);
}

static void add_probes(Graph *graph, GradientCheck *check, bool has_forward) {
  if (check->kind == DERIVATIVE_HESSIAN)
    check->gradient = add_derivative(graph, DERIVATIVE_GRAD, check->source, check->wrt, TENSOR_NONE,
                                     "check.gradient");
  TensorId source = check->gradient != TENSOR_NONE ? check->gradient : check->source;
  check->u = add_input(graph, source, "check.u");
  check->v = add_input(graph, check->wrt, "check.v");
  check->reverse =
      add_derivative(graph, DERIVATIVE_VJP, source, check->wrt, check->u, "check.reverse");
  check->forward = TENSOR_NONE;
  if (has_forward)
    check->forward =
        add_derivative(graph, DERIVATIVE_JVP, source, check->wrt, check->v, "check.forward");
}

static bool list_has(TensorList list, TensorId id) {
  for (uint32_t i = 0; i < list.count; i++)
    if (list.items[i] == id) return true;
  return false;
}

static TensorList entry_order(Arena *arena, const Program *program, const Entry *entry) {
  TensorId *roots = ARENA_ARRAY(arena, TensorId, entry->n_outputs + entry->n_updates + 1);
  uint32_t n = 0;
  for (uint32_t i = 0; i < entry->n_outputs; i++) roots[n++] = entry->outputs[i].tensor;
  for (uint32_t i = 0; i < entry->n_updates; i++) roots[n++] = entry->updates[i].value;
  return graph_order(program->graph, arena, roots, n);
}

/* What the program asks for in its entries. */
static void collect_derivatives(Arena *arena, const Program *program, CheckList *list) {
  bool *seen = ARENA_ARRAY(arena, bool, program->graph->n_tensors + 1);
  for (uint32_t e = 0; e < program->n_entries; e++) {
    TensorList order = entry_order(arena, program, &program->entries[e]);
    for (uint32_t i = 0; i < order.count; i++) {
      const Tensor *t = tensor_at(program->graph, order.items[i]);
      if (t->kind != TENSOR_DERIVATIVE || seen[order.items[i]]) continue;
      seen[order.items[i]] = true;
      ARRAY_PUSH(arena, list,
                 (GradientCheck){.source = t->source,
                                 .wrt = t->wrt,
                                 .training = program->entries[e].training,
                                 .span = t->span,
                                 .result = order.items[i],
                                 .kind = t->derivative,
                                 .seed = t->seed,
                                 .gradient = TENSOR_NONE});
    }
  }
}

static bool has_gradient(const CheckList *list, TensorId source, TensorId wrt) {
  for (size_t i = 0; i < list->count; i++)
    if (list->items[i].source == source && list->items[i].wrt == wrt &&
        list->items[i].kind == DERIVATIVE_GRAD)
      return true;
  return false;
}

/* The loss's gradient by all params and real inputs that it depends on. */
static void collect_loss(Arena *arena, const Program *program, CheckList *list) {
  const Entry *step = program_entry(program, ENTRY_STEP, NULL);
  if (step == NULL || step->n_outputs == 0) return;
  TensorId loss = step->outputs[0].tensor;
  TensorList needed = graph_order(program->graph, arena, &loss, 1);
  for (uint32_t i = 0; i < program->n_params + program->n_inputs; i++) {
    TensorId id =
        i < program->n_params ? program->params[i] : program->inputs[i - program->n_params];
    if (!type_is_real(tensor_at(program->graph, id)->type) || !list_has(needed, id)) continue;
    if (has_gradient(list, loss, id)) continue;
    ARRAY_PUSH(arena, list,
               (GradientCheck){.source = loss,
                               .wrt = id,
                               .training = true,
                               .result = add_derivative(program->graph, DERIVATIVE_GRAD, loss, id,
                                                        TENSOR_NONE, "check.gradient"),
                               .kind = DERIVATIVE_GRAD,
                               .seed = TENSOR_NONE,
                               .gradient = TENSOR_NONE});
  }
}

/* The own rules of what the program computes, one check for each share. */
static void collect_rules(Arena *arena, const Program *program, CheckList *list) {
  const Graph *graph = program->graph;
  bool *seen = ARENA_ARRAY(arena, bool, graph->n_tensors + 1);
  for (uint32_t e = 0; e < program->n_entries; e++) {
    TensorList order = entry_order(arena, program, &program->entries[e]);
    for (uint32_t i = 0; i < order.count; i++) {
      const OwnRule *rule = tensor_at(graph, order.items[i])->rule;
      if (rule == NULL || seen[order.items[i]]) continue;
      seen[order.items[i]] = true;
      for (uint32_t k = 0; k < rule->n; k++)
        ARRAY_PUSH(arena, list,
                   (GradientCheck){.source = order.items[i],
                                   .wrt = rule->wrt[k],
                                   .training = program->entries[e].training,
                                   .span = rule->span,
                                   .result = rule->shares[k],
                                   .kind = DERIVATIVE_VJP,
                                   .seed = rule->seed,
                                   .u = rule->seed,
                                   .v = TENSOR_NONE,
                                   .forward = TENSOR_NONE,
                                   .gradient = TENSOR_NONE,
                                   .rule = rule,
                                   .parameter = k});
    }
  }
}

/* Looks for own rules between wrt and source; whether all of them can be transposed. */
static bool look_for_rules(Arena *arena, const Graph *graph, GradientCheck *check) {
  TensorList order = graph_order(graph, arena, &check->source, 1);
  bool linear = true;
  for (uint32_t i = 0; i < order.count; i++) {
    const OwnRule *rule = tensor_at(graph, order.items[i])->rule;
    if (rule == NULL || !list_has(graph_order(graph, arena, &order.items[i], 1), check->wrt))
      continue;
    linear = linear && rule->linear;
    if (rule->surrogate) check->surrogate = rule->function;
  }
  return linear;
}

GradientChecks gradient_checks_add(Arena *arena, Program *program) {
  CheckList list = {0};
  collect_rules(arena, program, &list);
  size_t n_rules = list.count;
  collect_derivatives(arena, program, &list);
  collect_loss(arena, program, &list);
  for (size_t i = n_rules; i < list.count; i++)
    add_probes(program->graph, &list.items[i],
               look_for_rules(arena, program->graph, &list.items[i]));
  return (GradientChecks){list.items, (uint32_t)list.count};
}

/* --- one check --- */

typedef struct Run {
  Arena *arena;
  const Graph *graph;
  Interpreter *in;
  GradientCheck *check;
  TensorId source; /* whose Jacobian by wrt is taken */
  int64_t n_source, n_wrt;
  double *start; /* wrt's values at the point */
  /* copies, since what they are taken from may depend on wrt: */
  const double *result, *seed; /* seed: NULL where there is none */
  const double *direction;     /* NULL: along one element */
  double largest;              /* magnitude in the result */
  RandomPlace random;
} Run;

static double draw(Run *run) {
  run->random.counter++;
  return 2 * random_uniform_f64(run->random) - 1;
}

static int64_t size_of(const Run *run, TensorId id) {
  return tensor_size(tensor_at(run->graph, id));
}

static bool evaluate(Run *run, TensorId id) {
  return interpreter_evaluate(run->in, id, run->check->training, &run->check->message);
}

/* source at start + t · direction (or element k's unit vector); added to `sum` with a weight. */
static bool add_moved(Run *run, int64_t k, double t, double weight, double *sum, double *scale) {
  double *wrt = interpreter_values(run->in, run->check->wrt);
  for (int64_t i = 0; i < run->n_wrt; i++)
    wrt[i] = run->start[i] + (run->direction != NULL ? t * run->direction[i] : (i == k ? t : 0));
  interpreter_hold(run->in, run->check->wrt, true);
  interpreter_stop(run->in, STOP_REPLAY);
  bool done = evaluate(run, run->source);
  interpreter_stop(run->in, STOP_EVALUATE);
  interpreter_hold(run->in, run->check->wrt, false);
  const double *values = interpreter_values(run->in, run->source); /* which may be wrt's */
  for (int64_t s = 0; s < run->n_source && done; s++) {
    sum[s] += weight * values[s];
    *scale = fmax(*scale, fabs(values[s]));
  }
  memcpy(wrt, run->start, (size_t)run->n_wrt * sizeof *wrt);
  return done;
}

/* d source / dt by (8 (f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h: its error is h⁴ f⁽⁵⁾ / 30. */
static bool difference(Run *run, int64_t k, double h, double *column, double *noise) {
  double scale = 1; /* of what the source is computed from, at least: a small sum of large terms */
  memset(column, 0, (size_t)run->n_source * sizeof *column);
  bool done = add_moved(run, k, h, 8 / (12 * h), column, &scale) &&
              add_moved(run, k, -h, -8 / (12 * h), column, &scale) &&
              add_moved(run, k, 2 * h, -1 / (12 * h), column, &scale) &&
              add_moved(run, k, -2 * h, 1 / (12 * h), column, &scale);
  *noise = 8 * DBL_EPSILON * scale / h;
  return done;
}

/* What the central difference may be off by at a kink or a jump right at the point: 1/2 of what the
   slope changes by there, 7/12 of a jump over h; at a smooth point next to nothing, h f″. Where
   there is a kink, no derivative between the slopes on the two sides is wrong. */
static bool kinks_at(Run *run, int64_t k, double h, double *kinks) {
  double scale = 1, weight = 7 / (12 * h);
  memset(kinks, 0, (size_t)run->n_source * sizeof *kinks);
  return add_moved(run, k, h, weight, kinks, &scale) &&
         add_moved(run, k, 0, -2 * weight, kinks, &scale) &&
         add_moved(run, k, -h, weight, kinks, &scale);
}

static double relative(const Run *run, double exact, double finite, double noise) {
  if (exact == finite || (isnan(exact) && isnan(finite))) return 0;
  double difference = fabs(exact - finite) - noise;
  double floor = fmax(1e-3 * run->largest, 1e-4); /* below which differences are noise */
  double scale = fmax(fmax(fabs(exact), fabs(finite)), floor);
  if (!isfinite(exact) || !isfinite(finite)) return INFINITY;
  return difference <= 0 ? 0 : difference / scale;
}

typedef struct Worst {
  double error, exact, finite;
  int64_t element;
} Worst;

static void worsen(Worst *worst, double error, double exact, double finite, int64_t element) {
  if (error >= worst->error || isnan(error)) *worst = (Worst){error, exact, finite, element};
}

/* Element s·n_wrt + k of a Jacobian is column[s]; element k of a gradient or vjp is the sum of
   u·column; a jvp is the column along its direction. */
static Worst compare_column(const Run *run, int64_t k, const double *column, double noise,
                            const double *kinks) {
  const GradientCheck *check = run->check;
  const double *result = run->result, *u = run->seed;
  Worst worst = {0};
  if (check->kind == DERIVATIVE_GRAD || check->kind == DERIVATIVE_VJP) {
    double sum = 0, slack = 0;
    for (int64_t s = 0; s < run->n_source; s++) {
      sum += (u == NULL ? 1 : u[s]) * column[s];
      slack += (u == NULL ? 1 : fabs(u[s])) * (noise + fabs(kinks[s]));
    }
    worsen(&worst, relative(run, result[k], sum, slack), result[k], sum, k);
    return worst;
  }
  for (int64_t s = 0; s < run->n_source; s++) {
    int64_t at = check->kind == DERIVATIVE_JVP ? s : s * run->n_wrt + k;
    double slack = noise + fabs(kinks[s]);
    worsen(&worst, relative(run, result[at], column[s], slack), result[at], column[s], at);
  }
  return worst;
}

/* Near a kink, or where the source bends strongly, a smaller step is better: the best one counts.
   Right at a kink, as where elements of a max are equal, none is good: then the last try allows for
   it. */
static bool check_column(Run *run, int64_t k, double *column, double *kinks, Worst *worst) {
  static const double steps[] = {1e-3, 1e-4, 1e-5, 1e-6, 1e-6};
  enum { N_STEPS = sizeof steps / sizeof *steps };
  double unit = run->direction != NULL ? 1 : fmax(fabs(run->start[k]), 0.1);
  Worst best = {.error = INFINITY};
  double smooth = INFINITY; /* the best error that does not allow for a kink */
  memset(kinks, 0, (size_t)run->n_source * sizeof *kinks);
  for (size_t i = 0; i < N_STEPS && !(best.error <= 1e-8); i++) {
    double noise;
    if (i + 1 == N_STEPS && !kinks_at(run, k, steps[i] * unit, kinks)) return false;
    if (!difference(run, k, steps[i] * unit, column, &noise)) return false;
    Worst here = compare_column(run, k, column, noise, kinks);
    if (i == 0 || here.error < best.error) best = here;
    if (i + 1 < N_STEPS) smooth = best.error;
  }
  run->check->kinks += !(smooth <= FINITE_TOLERANCE) && best.error <= FINITE_TOLERANCE;
  worsen(worst, best.error, best.exact, best.finite, best.element);
  run->check->tried++;
  return true;
}

static bool check_columns(Run *run, int64_t max_elements) {
  GradientCheck *check = run->check;
  double *column = ARENA_ARRAY(run->arena, double, run->n_source + 1);
  double *kinks = ARENA_ARRAY(run->arena, double, run->n_source + 1);
  Worst worst = {.error = 0};
  bool done = true;
  if (check->kind == DERIVATIVE_JVP) {
    run->direction = run->seed;
    done = check_column(run, 0, column, kinks, &worst);
  }
  int64_t n = run->direction != NULL ? 0 : (run->n_wrt < max_elements ? run->n_wrt : max_elements);
  for (int64_t i = 0; i < n && done; i++) {
    int64_t k = n == run->n_wrt ? i : (int64_t)((draw(run) + 1) / 2 * (double)run->n_wrt);
    done = check_column(run, k, column, kinks, &worst);
  }
  check->finite_error = worst.error;
  check->element = worst.element;
  check->exact = worst.exact;
  check->finite = worst.finite;
  return done;
}

/* uᵀ(J v) = (uᵀJ) v */
static bool check_modes(Run *run) {
  GradientCheck *check = run->check;
  if (check->forward == TENSOR_NONE) return true;
  if (!evaluate(run, check->forward) || !evaluate(run, check->reverse)) return false;
  const double *u = interpreter_values(run->in, check->u),
               *v = interpreter_values(run->in, check->v);
  const double *forward = interpreter_values(run->in, check->forward);
  const double *reverse = interpreter_values(run->in, check->reverse);
  double left = 0, right = 0, magnitude = DBL_MIN;
  for (int64_t s = 0; s < run->n_source; s++) {
    left += u[s] * forward[s];
    magnitude += fabs(u[s] * forward[s]);
  }
  for (int64_t k = 0; k < run->n_wrt; k++) {
    right += reverse[k] * v[k];
    magnitude += fabs(reverse[k] * v[k]);
  }
  check->mode_error = fabs(left - right) / magnitude;
  check->mode_magnitude = magnitude;
  if (isnan(left) && isnan(right)) check->mode_error = 0;
  return true;
}

static double *copy_values(const Run *run, TensorId id) {
  int64_t n = size_of(run, id);
  double *copy = ARENA_ARRAY(run->arena, double, n + 1);
  memcpy(copy, interpreter_values(run->in, id), (size_t)n * sizeof *copy);
  return copy;
}

/* What else the rule is differentiated by stays as it is, even where that depends on wrt. */
static void hold_others(Run *run, bool held) {
  const OwnRule *rule = run->check->rule;
  for (uint32_t i = 0; rule != NULL && i < rule->n; i++) {
    if (rule->wrt[i] == run->check->wrt || (held && !evaluate(run, rule->wrt[i]))) continue;
    interpreter_hold(run->in, rule->wrt[i], held);
  }
}

static void run_check(Run *run, int64_t max_elements) {
  GradientCheck *check = run->check;
  run->source = check->gradient != TENSOR_NONE ? check->gradient : check->source;
  run->n_source = size_of(run, run->source);
  run->n_wrt = size_of(run, check->wrt);
  double *u = interpreter_values(run->in, check->u);
  for (int64_t s = 0; s < run->n_source; s++) u[s] = draw(run);
  double *v = check->v == TENSOR_NONE ? NULL : interpreter_values(run->in, check->v);
  for (int64_t k = 0; k < run->n_wrt && v != NULL; k++) v[k] = draw(run);
  if (run->n_source == 1) u[0] = 1; /* then the probe is the gradient itself */
  if (!evaluate(run, check->wrt) || !evaluate(run, check->result)) return;
  run->start = copy_values(run, check->wrt);
  run->result = copy_values(run, check->result);
  if (check->seed != TENSOR_NONE && !evaluate(run, check->seed)) return;
  run->seed = check->seed == TENSOR_NONE ? NULL : copy_values(run, check->seed);
  for (int64_t i = 0; i < size_of(run, check->result); i++)
    if (isfinite(run->result[i])) run->largest = fmax(run->largest, fabs(run->result[i]));
  hold_others(run, true);
  interpreter_stop(run->in, STOP_RECORD);
  bool done = evaluate(run, run->source);
  interpreter_stop(run->in, STOP_EVALUATE);
  if (done && check_columns(run, max_elements)) check_modes(run);
  hold_others(run, false);
}

void gradient_checks_run(Arena *arena, GradientChecks *checks, const Program *program,
                         Interpreter *in, int64_t max_elements, uint64_t seed) {
  interpreter_round(in, false);
  for (uint32_t i = 0; i < checks->count; i++) {
    Run run = {.arena = arena,
               .graph = program->graph,
               .in = in,
               .check = &checks->items[i],
               .random = {.seed = seed, .site = i}};
    if (run.check->surrogate == NULL) run_check(&run, max_elements);
  }
  interpreter_round(in, true);
}
