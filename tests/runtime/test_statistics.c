/* Figures of arrays: of all types, as they lie in memory, with what is not finite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include "runtime.h"

static dagrt_statistics of(dag_type type, int32_t rank, const int64_t *shape,
                           const int64_t *strides, const void *array) {
  dag_value value = {.array = {"x", type, rank, shape}, .strides = strides};
  return dagrt_statistics_of(&value, array);
}

static void assert_figures(dagrt_statistics s, int64_t elements, int64_t zeros, double least,
                           double greatest, double mean) {
  assert_int_equal(s.elements, elements);
  assert_int_equal(s.zeros, zeros);
  assert_true(s.least == least && s.greatest == greatest && s.mean == mean);
}

static void test_types(void **state) {
  (void)state;
  const int64_t four[] = {4};
  const float f32[] = {-1, 0, 2.5f, 0};
  assert_figures(of(DAG_F32, 1, four, NULL, f32), 4, 2, -1, 2.5, 0.375);
  const double f64[] = {3, 3, 3, 3};
  assert_figures(of(DAG_F64, 1, four, NULL, f64), 4, 0, 3, 3, 3);
  const uint8_t u8[] = {0, 255, 0, 1};
  assert_figures(of(DAG_U8, 1, four, NULL, u8), 4, 2, 0, 255, 64);
  const uint16_t bf16[] = {0x3f80, 0xbf80, 0x4000, 0x8000}; /* 1, -1, 2, -0 */
  assert_figures(of(DAG_BF16, 1, four, NULL, bf16), 4, 1, -1, 2, 0.5);
  const int32_t scalar = -7;
  assert_figures(of(DAG_I32, 0, NULL, NULL, &scalar), 1, 0, -7, -7, -7);
}

/* Two rows of three with padding, and the same with the first index innermost. */
static void test_strides(void **state) {
  (void)state;
  const int64_t shape[] = {2, 3}, rows[] = {4, 1}, columns[] = {1, 2};
  const float padded[] = {1, 2, 3, NAN, 4, 5, 6, NAN};
  assert_figures(of(DAG_F32, 2, shape, rows, padded), 6, 0, 1, 6, 3.5);
  const float transposed[] = {1, 4, 2, 5, 3, 6};
  assert_figures(of(DAG_F32, 2, shape, columns, transposed), 6, 0, 1, 6, 3.5);
  assert_figures(of(DAG_F32, 2, shape, NULL, transposed), 6, 0, 1, 6, 3.5);
}

static void test_not_finite(void **state) {
  (void)state;
  const int64_t five[] = {5};
  const float mixed[] = {NAN, 1, -INFINITY, 3, INFINITY};
  dagrt_statistics s = of(DAG_F32, 1, five, NULL, mixed);
  assert_figures(s, 5, 0, 1, 3, 2);
  assert_int_equal(s.nans, 1);
  assert_int_equal(s.infinities, 2);
  const double none[] = {NAN, NAN, NAN, NAN, INFINITY};
  s = of(DAG_F64, 1, five, NULL, none);
  assert_int_equal(s.nans, 4);
  assert_true(isnan(s.least) && isnan(s.greatest) && isnan(s.mean));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_types), cmocka_unit_test(test_strides),
                                     cmocka_unit_test(test_not_finite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
