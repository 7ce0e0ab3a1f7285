/* Integers, conversions and what `evaluate_op` does beside the table of operators in
   tests/models/operators, which holds the values at special points. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include "interpret/evaluate.h"

static double of2(ScalarOp op, ScalarType type, double a, double b) {
  return evaluate_op(op, type, type, (double[]){a, b}, &(Surroundings){0});
}

static void test_integer_division_floors(void **state) {
  (void)state;
  static const double rows[][4] = {/* a, b, a / b, a % b */
                                   {7, 2, 3, 1}, {-7, 2, -4, 1}, {7, -2, -4, -1}, {-7, -2, 3, -1},
                                   {6, 3, 2, 0}, {-6, 3, -2, 0}, {0, 5, 0, 0},    {-1, 8, -1, 7}};
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    assert_true(of2(OP_DIV, TYPE_I32, rows[r][0], rows[r][1]) == rows[r][2]);
    assert_true(of2(OP_MOD, TYPE_I32, rows[r][0], rows[r][1]) == rows[r][3]);
  }
  assert_true(of2(OP_DIV, TYPE_I32, 1, 0) == 0);
  assert_true(of2(OP_MOD, TYPE_I32, 1, 0) == 0);
}

static void test_real_division_and_mod(void **state) {
  (void)state;
  assert_true(of2(OP_DIV, TYPE_F32, 1, 0) == INFINITY);
  assert_true(of2(OP_DIV, TYPE_F32, 7, 2) == 3.5);
  assert_true(of2(OP_MOD, TYPE_F64, -7.5, 2) == 0.5);
  assert_true(of2(OP_MOD, TYPE_F64, 7.5, -2) == -0.5);
}

static void test_integers_wrap_to_their_type(void **state) {
  (void)state;
  assert_true(of2(OP_ADD, TYPE_U8, 250, 10) == 4);
  assert_true(of2(OP_SUB, TYPE_U8, 3, 5) == 254);
  assert_true(of2(OP_MUL, TYPE_I8, 16, 8) == -128);
  assert_true(of2(OP_ADD, TYPE_I32, 2147483647, 1) == -2147483648.0);
  assert_true(of2(OP_POW, TYPE_I32, 2, 30) == 1073741824);
  assert_true(of2(OP_POW, TYPE_I32, -3, 3) == -27);
  assert_true(of2(OP_POW, TYPE_I32, 0, 0) == 1);
}

static void test_casts(void **state) {
  (void)state;
  assert_true(evaluate_cast(TYPE_I32, 2.9) == 2);
  assert_true(evaluate_cast(TYPE_I32, -2.9) == -2);
  assert_true(evaluate_cast(TYPE_U8, 257) == 1);
  assert_true(evaluate_cast(TYPE_U8, -1) == 255);
  assert_true(evaluate_cast(TYPE_BOOL, 0.5) == 1);
  assert_true(evaluate_cast(TYPE_BOOL, 0) == 0);
  assert_true(evaluate_cast(TYPE_F32, 0.1) == 0.1); /* never rounded */
}

static void test_nan_spreads_through_min_and_max(void **state) {
  (void)state;
  assert_true(isnan(of2(OP_MAX, TYPE_F64, NAN, 1)) && isnan(of2(OP_MAX, TYPE_F64, 1, NAN)));
  assert_true(isnan(of2(OP_MIN, TYPE_F64, NAN, 1)) && isnan(of2(OP_MIN, TYPE_F64, 1, NAN)));
}

static void test_surroundings(void **state) {
  (void)state;
  Surroundings around = {.seed = 5, .step = 12, .training = true};
  assert_true(evaluate_op(OP_STEP, TYPE_I32, TYPE_I32, NULL, &around) == 12);
  assert_true(evaluate_op(OP_TRAINING, TYPE_BOOL, TYPE_BOOL, NULL, &around) == 1);
  double place[2] = {1, 2};
  double narrow = evaluate_op(OP_RANDOM_UNIFORM, TYPE_F32, TYPE_I32, place, &around);
  double wide = evaluate_op(OP_RANDOM_UNIFORM, TYPE_F64, TYPE_I32, place, &around);
  assert_true(narrow == floor(wide * 16777216) / 16777216);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_integer_division_floors),
      cmocka_unit_test(test_real_division_and_mod),
      cmocka_unit_test(test_integers_wrap_to_their_type),
      cmocka_unit_test(test_casts),
      cmocka_unit_test(test_nan_spreads_through_min_and_max),
      cmocka_unit_test(test_surroundings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
