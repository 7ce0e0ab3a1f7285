/* Every scalar operator and reduction of the table: interpreter = table = compiled code = finite
   differences, for values and for derivatives, in f64 and f32. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "interpret/philox.h"
#include "pipeline.h"
#include "table.h"

enum { N_RANDOM = 24, N_OUTPUTS = 1 + MAX_OPERANDS };

/* Relative: of the table's literals; of compiled values (some units in the last place); of finite
   differences. Compiled derivatives are sums of a few such values: relative to the larger of 1 and
   the derivative. */
static const double literal_tolerance = 1e-15, finite_tolerance = 1e-6;
static const double f64_values = 2e-15, f32_values = 6e-7, f64_slopes = 1e-13, f32_slopes = 1e-5;

/* One program: a row (of operators or of reductions) with `real` as f64 or as f32. */
typedef struct Case {
  const OperatorRow *row;
  const ReductionRow *reduction;
  ScalarType real;
  const char *name, *text;
  size_t n;         /* tried at once: points, then slopes, then random ones */
  size_t n_special; /* points and slopes */
  size_t width;     /* numbers in an operand for each that is tried */
  Program *program; /* differentiated */
  Interpreter *in;
  const Entry *value, *slope; /* slope: NULL when nothing is differentiable */
  const char *c;
  double *compiled[N_OUTPUTS]; /* value, then slopes */
} Case;

typedef struct World {
  Arena *arena;
  Case *cases;
  size_t count;
  Native *native;
  size_t failures;
} World;

/* --- programs --- */

static const char *actual_type(const Case *c, const char *type) {
  return strcmp(type, "real") == 0 ? type_name(c->real) : type;
}

static bool is_real_type(const char *type) {
  return type != NULL && (strcmp(type, "real") == 0 || type[0] == 'f');
}

static const char *operand_name(int k) {
  static const char *const names[MAX_OPERANDS] = {"a", "b", "c"};
  return names[k];
}

static void add_exports(Text *text, const char *const *types, const char *result) {
  Text arguments = text_new(text->arena), slopes = text_new(text->arena);
  for (int k = 0; k < MAX_OPERANDS && types[k] != NULL; k++) {
    const char *name = operand_name(k);
    text_printf(&arguments, "%s%s", k == 0 ? "" : ", ", name);
    if (is_real_type(types[k]) && is_real_type(result))
      text_printf(&slopes, "%sgrad(s, %s)", slopes.length == 0 ? "" : ", ", name);
  }
  text_printf(text, "export value(%s) = y\n", text_string(&arguments));
  if (slopes.length == 0) return;
  text_add(text, "s = sum(y)\n");
  text_printf(text, "export slope(%s) = %s\n", text_string(&arguments), text_string(&slopes));
}

static void write_operator(World *w, Case *c) {
  const OperatorRow *row = c->row;
  Text text = text_new(w->arena);
  c->n_special = row->n_points + row->n_slopes;
  c->n = c->n_special + N_RANDOM;
  c->width = 1;
  for (int k = 0; k < MAX_OPERANDS && row->types[k] != NULL; k++)
    text_printf(&text, "input %s: %s[%zu]\n", operand_name(k), actual_type(c, row->types[k]), c->n);
  text_printf(&text, "y = %s\n", row->expression);
  add_exports(&text, row->types, row->result);
  c->text = text_string(&text);
}

static void write_reduction(World *w, Case *c) {
  const ReductionRow *row = c->reduction;
  Text text = text_new(w->arena);
  c->n_special = row->n_cases;
  c->n = c->n_special + N_RANDOM;
  c->width = WIDTH;
  text_printf(&text, "input a: %s[%zu, %d]\n", actual_type(c, row->type), c->n, WIDTH);
  text_printf(&text, "y[n] = %s[k](a[n, k])\n", reduction_name(row->reduction));
  bool smooth = row->reduction <= REDUCE_MIN;
  add_exports(&text, (const char *const[MAX_OPERANDS]){row->type}, smooth ? row->type : "i32");
  c->text = text_string(&text);
}

static bool uses_real(const Case *c) {
  if (c->reduction != NULL) return strcmp(c->reduction->type, "real") == 0;
  for (int k = 0; k < MAX_OPERANDS && c->row->types[k] != NULL; k++)
    if (strcmp(c->row->types[k], "real") == 0) return true;
  return false;
}

static void add_cases(World *w, const OperatorRow *row, const ReductionRow *reduction) {
  for (ScalarType real = TYPE_F32; real <= TYPE_F64; real++) {
    Case *c = &w->cases[w->count];
    *c = (Case){.row = row, .reduction = reduction, .real = real};
    if (real == TYPE_F32 && !uses_real(c)) continue;
    c->name = arena_printf(w->arena, "operator%zu", w->count++);
    if (row != NULL)
      write_operator(w, c);
    else
      write_reduction(w, c);
  }
}

/* --- operands --- */

static double special_operand(const Case *c, size_t at, int k, size_t place) {
  if (c->reduction != NULL) return c->reduction->elements[at][place];
  const OperatorRow *row = c->row;
  return at < row->n_points ? row->points[at].operands[k]
                            : row->slopes[at - row->n_points].operands[k];
}

static double random_operand(const Case *c, size_t at, int k, size_t place, ScalarType type) {
  RandomPlace random = {.seed = 5, .counter = at * WIDTH + place, .site = (uint32_t)k};
  double uniform = random_uniform_f64(random);
  double low = c->row != NULL ? c->row->low[k] : type == TYPE_BOOL ? 0 : -2;
  double high = c->row != NULL ? c->row->high[k] : 2;
  double value = low + uniform * (high - low);
  return type_is_real(type) ? value : floor(value);
}

static void set_operands(const Case *c) {
  for (int k = 0; k < MAX_OPERANDS; k++) {
    TensorId id = graph_find(c->program->graph, operand_name(k));
    if (id == TENSOR_NONE) continue;
    ScalarType type = tensor_at(c->program->graph, id)->type;
    double *values = interpreter_values(c->in, id);
    for (size_t i = 0; i < c->n * c->width; i++) {
      size_t at = i / c->width, place = i % c->width;
      double value = at < c->n_special ? special_operand(c, at, k, place)
                                       : random_operand(c, at, k, place, type);
      values[i] = type == TYPE_F32 ? (double)(float)value : value;
    }
  }
}

/* --- running --- */

static void build_case(World *w, Case *c) {
  const char *messages = "";
  Program *compiled = pipeline_elaborate(w->arena, c->name, c->text, &messages);
  c->program = pipeline_elaborate(w->arena, c->name, c->text, &messages);
  if (c->program == NULL || compiled == NULL ||
      !pipeline_differentiate(w->arena, c->program, &messages) ||
      !pipeline_differentiate(w->arena, compiled, &messages))
    fail_msg("%s\n%s", messages, c->text);
  c->c = pipeline_c(w->arena, compiled);
  c->in = interpreter_new(w->arena, c->program, 5);
  c->value = program_entry(c->program, ENTRY_EXPORT, "value");
  c->slope = program_entry(c->program, ENTRY_EXPORT, "slope");
  set_operands(c);
  const char *message = "";
  if (!interpreter_run(c->in, c->value, false, &message)) fail_msg("%s\n%s", message, c->text);
  if (c->slope != NULL && !interpreter_run(c->in, c->slope, false, &message))
    fail_msg("%s\n%s", message, c->text);
}

static const dag_export *export_named(const dag_model *model, const char *name) {
  for (int32_t i = 0; i < model->n_exports; i++)
    if (strcmp(model->exports[i].name, name) == 0) return &model->exports[i];
  fail_msg("the compiled model has no %s", name);
  return NULL;
}

/* Calls one export on the interpreter's operands; its outputs go to `to`. */
static void call_compiled(World *w, const Case *c, const dag_model *model, const char *name,
                          double **to) {
  const dag_export *e = export_named(model, name);
  const void *inputs[MAX_OPERANDS];
  void *outputs[N_OUTPUTS];
  for (int32_t i = 0; i < e->n_inputs; i++) {
    TensorId id = graph_find(c->program->graph, e->inputs[i].array.name);
    void *values = ARENA_ARRAY(w->arena, double, c->n * c->width);
    native_store(e->inputs[i].array.type, values, interpreter_values(c->in, id),
                 (int64_t)(c->n * c->width));
    inputs[i] = values;
  }
  for (int32_t i = 0; i < e->n_outputs; i++)
    outputs[i] = ARENA_ARRAY(w->arena, double, c->n * c->width);
  size_t alignment = model->alignment < sizeof(void *) ? sizeof(void *) : model->alignment;
  void *memory = aligned_alloc(alignment, (model->size / alignment + 1) * alignment);
  assert_non_null(memory);
  model->init(memory, 5);
  assert_int_equal(e->call(memory, inputs, outputs, 5), 0);
  free(memory);
  for (int32_t i = 0; i < e->n_outputs; i++) {
    int64_t size = (int64_t)c->n * (e->outputs[i].rank == 2 ? WIDTH : 1);
    to[i] = ARENA_ARRAY(w->arena, double, size);
    native_load(e->outputs[i].type, outputs[i], to[i], size);
  }
}

static int setup(void **state) {
  Arena *arena = arena_new();
  World *w = ARENA_NEW(arena, World);
  w->arena = arena;
  size_t capacity = 2 * N_REDUCTIONS;
  for (int op = 0; op < N_SCALAR_OPS; op++) capacity += 2 * operator_table[op].count;
  w->cases = ARENA_ARRAY(arena, Case, capacity + 1);
  for (int op = 0; op < N_SCALAR_OPS; op++)
    for (size_t r = 0; r < operator_table[op].count; r++)
      add_cases(w, &operator_table[op].rows[r], NULL);
  for (size_t r = 0; r < N_REDUCTIONS; r++) add_cases(w, NULL, &reduction_table[r]);
  const char **names = ARENA_ARRAY(arena, const char *, w->count);
  const char **texts = ARENA_ARRAY(arena, const char *, w->count);
  for (size_t i = 0; i < w->count; i++) {
    build_case(w, &w->cases[i]);
    names[i] = w->cases[i].name;
    texts[i] = w->cases[i].c;
  }
  const char *message = "";
  w->native = native_build(arena, pipeline_compiler(), "-O1", names, texts, w->count, &message);
  if (w->native == NULL) fail_msg("the generated C does not compile:\n%s", message);
  for (size_t i = 0; i < w->count; i++) {
    const dag_model *model = native_model(w->native, w->cases[i].name);
    assert_non_null(model);
    call_compiled(w, &w->cases[i], model, "value", w->cases[i].compiled);
    if (w->cases[i].slope != NULL)
      call_compiled(w, &w->cases[i], model, "slope", w->cases[i].compiled + 1);
  }
  *state = w;
  return 0;
}

static int teardown(void **state) {
  World *w = *state;
  native_close(w->native);
  arena_free(w->arena);
  return 0;
}

/* --- comparing --- */

static bool close_to(double a, double b, double tolerance, double floor_of_scale) {
  if (a == b || (isnan(a) && isnan(b))) return true;
  if (!isfinite(a) || !isfinite(b)) return false;
  return fabs(a - b) <= tolerance * fmax(fabs(b), floor_of_scale);
}

/* Says which element of a case is wrong, at which operands. */
static void complain(World *w, const Case *c, const char *what, size_t element, double got,
                     double expected) {
  size_t at = c->reduction != NULL && element >= c->n ? element / WIDTH : element;
  const char *expression =
      c->row != NULL ? c->row->expression : reduction_name(c->reduction->reduction);
  printf("%s (%s): %s of element %zu is %.17g, not %.17g; at", expression, type_name(c->real), what,
         element, got, expected);
  for (int k = 0; k < MAX_OPERANDS; k++) {
    TensorId id = graph_find(c->program->graph, operand_name(k));
    if (id == TENSOR_NONE) continue;
    for (size_t i = 0; i < c->width; i++)
      printf(" %.9g", interpreter_values(c->in, id)[at % c->n * c->width + i]);
  }
  printf("\n");
  w->failures++;
}

static void finish(World *w) {
  size_t failures = w->failures;
  w->failures = 0;
  if (failures > 0) fail_msg("%zu wrong values", failures);
}

static const double *interpreted(const Case *c, const Entry *entry, uint32_t output) {
  return interpreter_values(c->in, entry->outputs[output].tensor);
}

static void test_values_of_the_table(void **state) {
  World *w = *state;
  for (size_t i = 0; i < w->count; i++) {
    const Case *c = &w->cases[i];
    if (c->real != TYPE_F64) continue;
    size_t n = c->row != NULL ? c->row->n_points : c->reduction->n_cases;
    for (size_t p = 0; p < n; p++) {
      double expected = c->row != NULL ? c->row->points[p].value : c->reduction->values[p];
      double got = interpreted(c, c->value, 0)[p];
      if (!close_to(got, expected, literal_tolerance, 0)) complain(w, c, "value", p, got, expected);
    }
  }
  finish(w);
}

/* The slopes of an operator row stand in the order of its real operands. */
static void check_operator_slopes(World *w, const Case *c) {
  for (size_t s = 0; s < c->row->n_slopes; s++) {
    uint32_t output = 0;
    for (int k = 0; k < MAX_OPERANDS && c->row->types[k] != NULL; k++) {
      if (!is_real_type(c->row->types[k])) continue;
      size_t at = c->row->n_points + s;
      double got = interpreted(c, c->slope, output++)[at], expected = c->row->slopes[s].slopes[k];
      if (!close_to(got, expected, 4 * literal_tolerance, 0))
        complain(w, c, arena_printf(w->arena, "slope by %s", operand_name(k)), at, got, expected);
    }
  }
}

static void test_slopes_of_the_table(void **state) {
  World *w = *state;
  for (size_t i = 0; i < w->count; i++) {
    const Case *c = &w->cases[i];
    if (c->slope == NULL || c->real != TYPE_F64) continue;
    if (c->row != NULL) check_operator_slopes(w, c);
    for (size_t p = 0; c->reduction != NULL && p < c->n_special * WIDTH; p++) {
      double got = interpreted(c, c->slope, 0)[p];
      double expected = c->reduction->slopes[p / WIDTH][p % WIDTH];
      if (!close_to(got, expected, literal_tolerance, 0)) complain(w, c, "slope", p, got, expected);
    }
  }
  finish(w);
}

static void test_compiled_values(void **state) {
  World *w = *state;
  for (size_t i = 0; i < w->count; i++) {
    const Case *c = &w->cases[i];
    bool narrow = tensor_at(c->program->graph, c->value->outputs[0].tensor)->type == TYPE_F32;
    for (size_t p = 0; p < c->n; p++) {
      double expected = interpreted(c, c->value, 0)[p];
      if (narrow) expected = (double)(float)expected;
      if (!close_to(c->compiled[0][p], expected, narrow ? f32_values : f64_values, 1e-37))
        complain(w, c, "compiled value", p, c->compiled[0][p], expected);
    }
  }
  finish(w);
}

/* At the points that are about values alone, derivatives may overflow on the way. */
static void test_compiled_slopes(void **state) {
  World *w = *state;
  for (size_t i = 0; i < w->count; i++) {
    const Case *c = &w->cases[i];
    size_t first = c->row != NULL ? c->row->n_points : 0;
    double tolerance = c->real == TYPE_F32 ? f32_slopes : f64_slopes;
    for (uint32_t o = 0; c->slope != NULL && o < c->slope->n_outputs; o++)
      for (size_t p = first; p < c->n * c->width; p++) {
        double expected = interpreted(c, c->slope, o)[p], got = c->compiled[1 + o][p];
        if (!close_to(got, expected, tolerance, 1))
          complain(w, c, "compiled slope", p, got, expected);
      }
  }
  finish(w);
}

/* y is elementwise in n, so all of an operand's rows may move at once. */
static void differences(const Case *c, TensorId operand, size_t place, double h, double *slope) {
  static const double moves[4] = {1, -1, 2, -2}, weights[4] = {8, -8, -1, 1};
  double *values = interpreter_values(c->in, operand);
  memset(slope, 0, c->n * sizeof *slope);
  for (int m = 0; m < 4; m++) {
    for (size_t i = c->n_special; i < c->n; i++) values[i * c->width + place] += moves[m] * h;
    const char *message = "";
    if (!interpreter_run(c->in, c->value, false, &message)) fail_msg("%s", message);
    const double *y = interpreted(c, c->value, 0);
    for (size_t i = 0; i < c->n; i++) slope[i] += weights[m] * y[i] / (12 * h);
    set_operands(c);
  }
}

static void check_differences(World *w, const Case *c, int k, const double *exact) {
  TensorId operand = graph_find(c->program->graph, operand_name(k));
  double *slope = ARENA_ARRAY(w->arena, double, c->n);
  for (size_t place = 0; place < c->width; place++) {
    differences(c, operand, place, 1e-4, slope);
    for (size_t i = c->n_special; i < c->n; i++) {
      size_t at = i * c->width + place;
      /* rounding: 1e-16 |y| / h is below 1e-11 on these domains */
      if (!close_to(exact[at], slope[i], finite_tolerance, 1e-4))
        complain(w, c, "slope by differences", at, exact[at], slope[i]);
    }
  }
}

static void test_slopes_by_differences(void **state) {
  World *w = *state;
  for (size_t i = 0; i < w->count; i++) {
    const Case *c = &w->cases[i];
    if (c->slope == NULL || (c->row != NULL && c->row->flat)) continue;
    uint32_t output = 0;
    for (int k = 0; k < MAX_OPERANDS; k++) {
      const char *type = c->row != NULL ? c->row->types[k] : k == 0 ? c->reduction->type : NULL;
      if (!is_real_type(type)) continue;
      size_t size = c->n * c->width;
      double *exact = ARENA_ARRAY(w->arena, double, size);
      memcpy(exact, interpreted(c, c->slope, output++), size * sizeof *exact);
      check_differences(w, c, k, exact);
    }
    interpreter_run(c->in, c->value, false, NULL);
  }
  finish(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values_of_the_table),   cmocka_unit_test(test_slopes_of_the_table),
      cmocka_unit_test(test_compiled_values),       cmocka_unit_test(test_compiled_slopes),
      cmocka_unit_test(test_slopes_by_differences),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
