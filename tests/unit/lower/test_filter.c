/* The matrices of minimal filtering: they give what a filter is defined to give. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "lower/filter.h"

static void multiply(const Matrix *m, const double *x, double *y) {
  for (int r = 0; r < m->rows; r++) {
    y[r] = 0;
    for (int k = 0; k < m->columns; k++) y[r] += m->at[r][k] * x[k];
  }
}

/* Σ_t k[t] · x[i + t], from as many products as there are points. */
static void test_results(void **state) {
  (void)state;
  static const double x[] = {0.3, -1.7, 2.9, 0.05, -0.8, 1.1}, taps[] = {0.7, -0.2, 1.3, 0.4, -1.9};
  int tried = 0;
  for (int r = 1; r <= MOST_TAPS; r++) {
    int outputs[2], n = outputs_for(r, outputs);
    for (int i = 0; i < n; i++) {
      Filter f = filter_of(outputs[i], r);
      double u[MOST_POINTS], v[MOST_POINTS], y[MOST_POINTS];
      assert_int_equal(f.points, outputs[i] + r - 1);
      multiply(&f.filters, taps, u);
      multiply(&f.inputs, x, v);
      for (int k = 0; k < f.points; k++) u[k] *= v[k];
      multiply(&f.results, u, y);
      for (int k = 0; k < f.outputs; k++) {
        double sum = 0;
        for (int t = 0; t < r; t++) sum += taps[t] * x[k + t];
        assert_true(fabs(sum - y[k]) < 1e-14);
      }
      tried++;
    }
  }
  assert_int_equal(tried, 6); /* F(3, 2), F(5, 2), F(2, 3), F(4, 3), F(3, 4), F(2, 5) */
}

/* What is shared between the two of a pair. */
static void test_pairs(void **state) {
  (void)state;
  Filter f = filter_of(4, 3);
  const Matrix *by_rows[] = {&f.filters, &f.inputs};
  for (int i = 0; i < 2; i++)
    for (int r = 1; r + 1 < f.points; r += 2)
      for (int k = 0; k < by_rows[i]->columns; k++)
        assert_true(by_rows[i]->at[r][k] == (k % 2 == 0 ? 1 : -1) * by_rows[i]->at[r + 1][k]);
  for (int k = 1; k + 1 < f.points; k += 2)
    for (int r = 0; r < f.outputs; r++)
      assert_true(f.results.at[r][k] == (r % 2 == 0 ? 1 : -1) * f.results.at[r][k + 1]);
}

/* Inputs are transformed without rounding of the matrix: all entries are multiples of 1/64. */
static void test_inputs_are_exact(void **state) {
  (void)state;
  Filter f = filter_of(2, 5);
  for (int r = 0; r < f.points; r++)
    for (int k = 0; k < f.points; k++)
      assert_true(f.inputs.at[r][k] * 64 == round(f.inputs.at[r][k] * 64));
}

/* An axis without a window. */
static void test_identity(void **state) {
  (void)state;
  Filter f = filter_of(1, 1);
  assert_int_equal(f.points, 1);
  assert_true(f.filters.at[0][0] == 1 && f.inputs.at[0][0] == 1 && f.results.at[0][0] == 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_results),
      cmocka_unit_test(test_pairs),
      cmocka_unit_test(test_inputs_are_exact),
      cmocka_unit_test(test_identity),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
