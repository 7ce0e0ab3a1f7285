/* Sums over what deviates from a mean. */
#include "../differentiate/derived.h"

/* How many sums the derived program of a text has. */
static int sums(const char *text) { return count_in_derived(text, "sum["); }

#define VARIANCE                                                                                   \
  "v[c] = sum[n]((x[n, c] - m[c])^2)\nloss = sum(log(v))\n"                                        \
  "export f(x) = loss, grad(loss, x)\n"

/* The mean, the squares, the loss. */
static void of_a_mean(void **state) {
  (void)state;
  assert_int_equal(sums("input x: real[6, 5]\nm[c] = sum[n](x[n, c]) / 6\n" VARIANCE), 3);
}

static void of_two_axes(void **state) {
  (void)state;
  assert_int_equal(sums("input x: real[6, 5, 4]\nm[c] = sum[n, p](x[n, c, p]) / 24\n"
                        "v[c] = sum[n, p]((x[n, c, p] - m[c])^2)\nloss = sum(log(v))\n"
                        "export f(x) = loss, grad(loss, x)\n"),
                   3);
}

static void of_something_else(void **state) {
  (void)state;
  assert_int_equal(sums("input x: real[6, 5]\nm[c] = sum[n](x[n, c]) / 5\n" VARIANCE), 4);
  assert_int_equal(sums("input x: real[6, 5]\nm[c] = sum[n](x[n, c]^2) / 6\n" VARIANCE), 4);
  assert_int_equal(sums("input x: real[6, 5]\nm[c] = sum[n: 1..6](x[n, c]) / 6\n" VARIANCE), 4);
}

/* What the user wrote is computed. */
static void that_is_written(void **state) {
  (void)state;
  assert_int_equal(sums("input x: real[6, 5]\nm[c] = sum[n](x[n, c]) / 6\n"
                        "d[c] = sum[n](x[n, c] - m[c])\nexport f(x) = d\n"),
                   2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(of_a_mean),
      cmocka_unit_test(of_two_axes),
      cmocka_unit_test(of_something_else),
      cmocka_unit_test(that_is_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
