/* Index notation: ranges, `...`, reads, defaults, reductions. */
#include "elaborated.h"

static void ranges_come_from_axes(void **state) {
  (void)state;
  EXPECT("input W: f32[3, 4]\ninput x: f32[2, 4]\nz[b, j] = sum[i](W[j, i] * x[b, i])\n"
         "export f(W, x) = z\n",
         "z[b, j] = sum[i](W[j, i] * x[b, i])");
  EXPECT("input x: f32[8]\ny[p: 3] = x[2*p + 1]\nexport f(x) = y\n", "y[p: 0..3] = x[2*p + 1]");
  /* a written range may be shorter than the axis, or start later in a reduction */
  EXPECT("input x: f32[8]\ny = sum[i: 3](x[i])\nz = sum[i: 2..5](x[i])\nexport f(x) = y, z\n",
         "y = sum[i: 0..3](x[i])", "z = sum[i: 0..3](x[i + 2])");
  /* a read with a default gives a range only when nothing else does */
  EXPECT("input x: f32[8]\ninput u: f32[10]\ny[i] = (x[i] ?? 0) + u[i]\nexport f(x, u) = y\n",
         "y[i: 0..10] = (x[i] ?? 0) + u[i]");
}

static void ellipses_stand_for_leading_axes(void **state) {
  (void)state;
  EXPECT("input x: f32[2, 3, 4]\ns[...] = sum[k](x[..., k])\nexport f(x) = s\n",
         "s[m, n] = sum[k](x[m, n, k])");
  EXPECT("input x: f32[4]\ns[...] = sum[k](x[..., k])\nexport f(x) = s\n", "s = sum[k](x[k])");
  EXPECT("input x: f32[2, 3]\ny = x[..., 0]\nexport f(x) = y\n", "y[i] = x[i, 0]");
}

static void slices_and_numbers_from_the_end(void **state) {
  (void)state;
  EXPECT("input x: f32[5, 6]\na = x[:, 0]\nb = x[1:3, -1]\nc = x[-2:, 2:4]\n"
         "export f(x) = a, b, c\n",
         "a[i] = x[i, 0]", "b[i: 0..2] = x[i + 1, 5]", "c[i: 0..2, j: 0..2] = x[i + 3, j + 2]");
}

static void reads_of_data_gather(void **state) {
  (void)state;
  EXPECT("input E: f32[9, 4]\ninput t: i32[3]\ny[n, d] = E[t[n], d]\nz = E[t, :]\n"
         "export f(E, t) = y, z\n",
         "y[n, d] = E[t[n], d]", "z[i, j] = E[t[i], j]");
}

static void defaults_hold_outside_the_value(void **state) {
  (void)state;
  /* outside a slice is not outside what it is a slice of */
  EXPECT("input x: f32[9]\ns = x[2:5]\ny[i: 5] = s[i - 1] ?? 0\nexport f(x) = y\n",
         "s[i: 0..3] = x[i + 2]", "y[i: 0..5] = s[i - 1] ?? 0");
}

/* A sum in a branch is computed where the branch is not taken: there its reads get defaults, but
   not where its own conditions keep them inside, through a quotient and a constant. */
static void conditions_spare_defaults(void **state) {
  (void)state;
  EXPECT("input x: f32[4, 3]\n"
         "y[i: 4, j: 4] = where(j > i, sum[k](where(i < 2, x[(i + 1) / 3 + 3, k], 0)), 0)\n"
         "export f(x) = y\n",
         "y.sum[i: 0..4] = sum[k](where(i < 2, x[(i + 1) / 3 + 3, k], 0))");
  EXPECT("input x: f32[4, 3]\n"
         "y[i: 4, j: 4] = where(j > i, sum[k](where(i < 3, x[(i + 1) / 3 + 3, k], 0)), 0)\n"
         "export f(x) = y\n",
         "y[i: 0..4, j: 0..4] = where(j > i, "
         "sum[k: 0..3](where(i < 3, x[(i + 1) / 3 + 3, k] ?? 0, 0)), 0)");
  EXPECT("input x: f32[3, 3]\n"
         "y[i: 2, j: 4] = where(j > i, sum[k](where(4*i + j < 6, x[2*i + j / 2, k], 0)), 0)\n"
         "export f(x) = y\n",
         "y.sum[i: 0..2, j: 0..4] = sum[k](where(4*i + j < 6, x[2*i + j / 2, k], 0))");
}

static void an_index_works_inside_calls(void **state) {
  (void)state;
  EXPECT("input x: f32[2, 5]\np[b] = sum(softmax(x[b, :]) * x[b, :])\nexport f(x) = p\n",
         "softmax.e[b, k] = exp(x[b, k] - softmax.m[b])",
         "p[b] = sum[k](softmax.p[b, k] * x[b, k])");
}

static void what_is_refused(void **state) {
  (void)state;
  expect_error("input x: f32[8]\ny[i: 8] = x[i + 1]\n", "outside axis 0 of size 8");
  expect_error("input x: f32[8]\ny[i, i] = x[i]\n", "stands twice");
  expect_error("input x: f32[8]\ny[i] = x[i] + j\n", "`j` is not defined");
  expect_error("input x: f32[8]\nexport f(x) = sum[i](x)\n", "nothing gives the index variable");
  expect_error("input x: f32[2, 8]\ny[...] = x[..., 0] + x[...]\n", "`...` stands for 2 axes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranges_come_from_axes),
      cmocka_unit_test(ellipses_stand_for_leading_axes),
      cmocka_unit_test(slices_and_numbers_from_the_end),
      cmocka_unit_test(reads_of_data_gather),
      cmocka_unit_test(defaults_hold_outside_the_value),
      cmocka_unit_test(conditions_spare_defaults),
      cmocka_unit_test(an_index_works_inside_calls),
      cmocka_unit_test(what_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
