#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "interpret/interpret.h"

/* A program under construction: a graph, and shapes and indices by short names. */
typedef struct World {
  Arena *arena;
  Graph *g;
  Program program;
  ExprId i0, i1, i2; /* index variables */
} World;

static int setup(void **state) {
  Arena *arena = arena_new();
  World *w = ARENA_NEW(arena, World);
  w->arena = arena;
  w->g = graph_new(arena);
  w->program = (Program){.arena = arena, .graph = w->g, .name = "test", .real = TYPE_F64};
  w->i0 = expr_index(w->g, 0);
  w->i1 = expr_index(w->g, 1);
  w->i2 = expr_index(w->g, 2);
  *state = w;
  return 0;
}

static int teardown(void **state) {
  arena_free(((World *)*state)->arena);
  return 0;
}

static const int64_t *shape(World *w, int64_t a, int64_t b) {
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, 2);
  extents[0] = a;
  extents[1] = b;
  return extents;
}

/* rank 0, 1 or 2: an extent of 0 is none */
static Tensor shaped(World *w, TensorKind kind, ScalarType type, int64_t a, int64_t b) {
  Tensor t = tensor_new(kind, type);
  t.rank = a == 0 ? 0 : (b == 0 ? 1 : 2);
  t.extents = shape(w, a, b);
  return t;
}

static TensorId input(World *w, const char *name, ScalarType type, int64_t a, int64_t b) {
  Tensor t = shaped(w, TENSOR_INPUT, type, a, b);
  t.name = name;
  return graph_add(w->g, t);
}

/* name[a, b] = reduction over one index of extent `reduced` of body */
static TensorId define(World *w, const char *name, int64_t a, int64_t b, Reduction reduction,
                       int64_t reduced, ExprId body) {
  Tensor t = shaped(w, TENSOR_DEFINITION, expr_at(w->g, body)->type, a, b);
  t.name = name;
  t.reduction = reduction;
  t.n_reduced = reduction == REDUCE_NONE ? 0 : 1;
  t.reduced_extents = shape(w, reduced, 0);
  t.body = body;
  if (reduction == REDUCE_ARGMAX || reduction == REDUCE_ARGMIN) t.type = TYPE_I32;
  return graph_add(w->g, t);
}

static ExprId read1(World *w, TensorId t, ExprId a) { return expr_read(w->g, t, &a, 1, EXPR_NONE); }
static ExprId read2(World *w, TensorId t, ExprId a, ExprId b) {
  return expr_read(w->g, t, (ExprId[]){a, b}, 2, EXPR_NONE);
}
static ExprId integer(World *w, int64_t value) { return expr_integer(w->g, TYPE_I32, value); }

static void set(Interpreter *in, TensorId t, const double *values, size_t n) {
  memcpy(interpreter_values(in, t), values, n * sizeof *values);
}

static void assert_values(Interpreter *in, TensorId t, const double *expected, size_t n) {
  const char *message = "";
  if (!interpreter_evaluate(in, t, false, &message)) fail_msg("%s", message);
  const double *got = interpreter_values(in, t);
  for (size_t i = 0; i < n; i++)
    if (!(got[i] == expected[i]) && !(isnan(got[i]) && isnan(expected[i])))
      fail_msg("element %zu is %.17g, not %.17g", i, got[i], expected[i]);
}

static void test_matrix_product(void **state) {
  World *w = *state;
  TensorId a = input(w, "a", TYPE_F64, 2, 3), b = input(w, "b", TYPE_F64, 3, 2);
  ExprId product = expr_op2(w->g, OP_MUL, read2(w, a, w->i0, w->i2), read2(w, b, w->i2, w->i1));
  TensorId c = define(w, "c", 2, 2, REDUCE_SUM, 3, product);
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  set(in, a, (double[]){1, 2, 3, 4, 5, 6}, 6);
  set(in, b, (double[]){1, 0, 0, 1, 2, 3}, 6);
  assert_values(in, c, (double[]){7, 11, 16, 23}, 4);
  set(in, b, (double[]){1, 1, 1, 1, 1, 1}, 6); /* nothing is kept from the last evaluation */
  assert_values(in, c, (double[]){6, 6, 15, 15}, 4);
}

static void test_reductions(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F64, 4, 0), y = input(w, "y", TYPE_BOOL, 4, 0);
  ExprId e = read1(w, x, w->i0), p = read1(w, y, w->i0);
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  set(in, x, (double[]){2, 5, -3, 5}, 4);
  set(in, y, (double[]){0, 1, 0, 0}, 4);
  assert_values(in, define(w, "s", 0, 0, REDUCE_SUM, 4, e), (double[]){9}, 1);
  assert_values(in, define(w, "p", 0, 0, REDUCE_PROD, 4, e), (double[]){-150}, 1);
  assert_values(in, define(w, "m", 0, 0, REDUCE_MAX, 4, e), (double[]){5}, 1);
  assert_values(in, define(w, "n", 0, 0, REDUCE_MIN, 4, e), (double[]){-3}, 1);
  assert_values(in, define(w, "am", 0, 0, REDUCE_ARGMAX, 4, e), (double[]){1}, 1); /* the first */
  assert_values(in, define(w, "an", 0, 0, REDUCE_ARGMIN, 4, e), (double[]){2}, 1);
  assert_values(in, define(w, "any", 0, 0, REDUCE_ANY, 4, p), (double[]){1}, 1);
  assert_values(in, define(w, "all", 0, 0, REDUCE_ALL, 4, p), (double[]){0}, 1);
  assert_values(in, define(w, "any1", 0, 0, REDUCE_ANY, 1, p), (double[]){0}, 1);
  TensorId nan = graph_find(w->g, "m");
  set(in, x, (double[]){2, NAN, 7, 5}, 4);
  assert_values(in, nan, (double[]){NAN}, 1);
}

/* argmax of two indices counts in row-major order */
static void test_argmax_of_two_indices(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F64, 2, 3);
  TensorId place = define(w, "place", 0, 0, REDUCE_ARGMAX, 2, read2(w, x, w->i0, w->i1));
  tensor_at(w->g, place)->n_reduced = 2;
  tensor_at(w->g, place)->reduced_extents = shape(w, 2, 3);
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  set(in, x, (double[]){1, 2, 3, 4, 9, 0}, 6);
  assert_values(in, place, (double[]){4}, 1);
}

static void test_default_outside(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F64, 3, 0);
  ExprId before = expr_op2(w->g, OP_SUB, w->i0, integer(w, 1));
  ExprId read = expr_read(w->g, x, &before, 1, expr_real(w->g, TYPE_F64, -7));
  TensorId y = define(w, "y", 5, 0, REDUCE_NONE, 0, read);
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  set(in, x, (double[]){1, 2, 3}, 3);
  assert_values(in, y, (double[]){-7, 1, 2, 3, -7}, 5);
}

static void test_outside_without_default(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F64, 3, 0), k = input(w, "k", TYPE_I32, 2, 0);
  TensorId y = define(w, "y", 2, 0, REDUCE_NONE, 0, read1(w, x, read1(w, k, w->i0)));
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  set(in, k, (double[]){0, 3}, 2);
  const char *message = NULL;
  assert_false(interpreter_evaluate(in, y, false, &message));
  assert_string_equal(message, "y reads x[3], outside [3]");
  set(in, k, (double[]){0, 2}, 2);
  set(in, x, (double[]){5, 6, 7}, 3);
  assert_values(in, y, (double[]){5, 7}, 2);
}

/* The other branch reads outside and divides by 0: neither happens. */
static void test_where_takes_one_branch(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F64, 3, 0);
  ExprId shifted = expr_op2(w->g, OP_SUB, w->i0, integer(w, 2));
  ExprId inside = expr_op2(w->g, OP_GE, w->i0, integer(w, 2));
  ExprId e = expr_op3(w->g, OP_WHERE, inside, read1(w, x, shifted), expr_real(w->g, TYPE_F64, 0));
  TensorId y = define(w, "y", 4, 0, REDUCE_NONE, 0, e);
  ExprId quotient = expr_op2(w->g, OP_DIV, integer(w, 6), w->i0);
  ExprId some = expr_op2(w->g, OP_GT, w->i0, integer(w, 0));
  TensorId z = define(w, "z", 4, 0, REDUCE_NONE, 0,
                      expr_op3(w->g, OP_WHERE, some, quotient, integer(w, -1)));
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  set(in, x, (double[]){1, 2, 3}, 3);
  assert_values(in, y, (double[]){0, 0, 1, 2}, 4);
  assert_values(in, z, (double[]){-1, 6, 3, 2}, 4);
}

static void test_reshape(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F64, 2, 3);
  Tensor view = shaped(w, TENSOR_RESHAPE, TYPE_F64, 3, 2);
  view.source = x;
  TensorId v = graph_add(w->g, view);
  TensorId y = define(w, "y", 3, 0, REDUCE_NONE, 0, read2(w, v, w->i0, integer(w, 1)));
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  set(in, x, (double[]){1, 2, 3, 4, 5, 6}, 6);
  assert_values(in, y, (double[]){2, 4, 6}, 3);
}

static void test_held_definitions_stay(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F64, 2, 0);
  ExprId twice = expr_op2(w->g, OP_ADD, read1(w, x, w->i0), read1(w, x, w->i0));
  TensorId y = define(w, "y", 2, 0, REDUCE_NONE, 0, twice);
  TensorId z = define(w, "z", 2, 0, REDUCE_NONE, 0, expr_op1(w->g, OP_NEG, read1(w, y, w->i0)));
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  set(in, x, (double[]){1, 2}, 2);
  assert_values(in, z, (double[]){-2, -4}, 2);
  interpreter_hold(in, y, true);
  set(in, y, (double[]){5, 6}, 2);
  assert_values(in, z, (double[]){-5, -6}, 2);
  interpreter_hold(in, y, false);
  assert_values(in, z, (double[]){-2, -4}, 2);
}

static void test_stop_gradient_replays(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F64, 2, 0);
  ExprId e = read1(w, x, w->i0);
  TensorId y = define(w, "y", 2, 0, REDUCE_NONE, 0,
                      expr_op2(w->g, OP_ADD, e, expr_op1(w->g, OP_STOP_GRADIENT, e)));
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  set(in, x, (double[]){1, 2}, 2);
  interpreter_stop(in, STOP_RECORD);
  assert_values(in, y, (double[]){2, 4}, 2);
  interpreter_stop(in, STOP_REPLAY);
  set(in, x, (double[]){10, 20}, 2);
  assert_values(in, y, (double[]){11, 22}, 2);
  interpreter_stop(in, STOP_EVALUATE);
  assert_values(in, y, (double[]){20, 40}, 2);
}

static void test_updates_are_from_old_values(void **state) {
  World *w = *state;
  TensorId start = define(w, "start", 0, 0, REDUCE_NONE, 0, expr_real(w->g, TYPE_F64, 3));
  TensorId one = define(w, "one", 0, 0, REDUCE_NONE, 0, expr_real(w->g, TYPE_F64, 1));
  Tensor p = tensor_new(TENSOR_PARAM, TYPE_F64), q = p;
  p.name = "p", p.initial = start;
  q.name = "q", q.initial = one;
  TensorId ids[2] = {graph_add(w->g, p), graph_add(w->g, q)};
  ExprId step = expr_cast(w->g, TYPE_F64, expr_nullary(w->g, OP_STEP));
  ExprId next = expr_op2(w->g, OP_ADD, expr_read(w->g, ids[0], NULL, 0, EXPR_NONE), step);
  Update updates[2] = {{.target = ids[1], .value = ids[0]},
                       {.target = ids[0], .value = define(w, "p'", 0, 0, REDUCE_NONE, 0, next)}};
  Entry entry = {
      .kind = ENTRY_STEP, .name = "step", .updates = updates, .n_updates = 2, .training = true};
  w->program.params = ids;
  w->program.n_params = 2;
  Interpreter *in = interpreter_new(w->arena, &w->program, 0);
  interpreter_init(in);
  assert_true(*interpreter_values(in, ids[0]) == 3 && *interpreter_values(in, ids[1]) == 1);
  assert_true(interpreter_run(in, &entry, false, NULL));
  assert_true(*interpreter_values(in, ids[0]) == 3);
  assert_true(interpreter_run(in, &entry, true, NULL)); /* step 1 */
  assert_true(*interpreter_values(in, ids[0]) == 4 && *interpreter_values(in, ids[1]) == 3);
  assert_true(interpreter_run(in, &entry, true, NULL)); /* step 2 */
  assert_true(*interpreter_values(in, ids[0]) == 6 && *interpreter_values(in, ids[1]) == 4);
  interpreter_init(in);
  assert_true(*interpreter_values(in, ids[0]) == 3);
}

static void test_random_numbers_depend_on_the_step(void **state) {
  World *w = *state;
  TensorId u = define(w, "u", 3, 0, REDUCE_NONE, 0,
                      expr_random(w->g, OP_RANDOM_UNIFORM, TYPE_F64, integer(w, 4), w->i0));
  Interpreter *in = interpreter_new(w->arena, &w->program, 11);
  double first[3];
  assert_true(interpreter_evaluate(in, u, false, NULL));
  memcpy(first, interpreter_values(in, u), sizeof first);
  assert_true(first[0] != first[1] && first[1] != first[2]);
  assert_values(in, u, first, 3);
  interpreter_set_step(in, 1);
  assert_true(interpreter_evaluate(in, u, false, NULL));
  assert_true(interpreter_values(in, u)[0] != first[0]);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(test_matrix_product),
      TEST(test_reductions),
      TEST(test_argmax_of_two_indices),
      TEST(test_default_outside),
      TEST(test_outside_without_default),
      TEST(test_where_takes_one_branch),
      TEST(test_reshape),
      TEST(test_held_definitions_stay),
      TEST(test_stop_gradient_replays),
      TEST(test_updates_are_from_old_values),
      TEST(test_random_numbers_depend_on_the_step),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
