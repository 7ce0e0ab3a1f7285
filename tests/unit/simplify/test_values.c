/* Dear functions of elements that a definition has. */
#include "../differentiate/derived.h"

/* How often the definitions of what the program exports evaluate a sigmoid: where it is written. */
static int sigmoids(const char *text) { return count_in_derived(text, "sigmoid("); }

#define GATES "input x: real[6, 2, 5]\ng = 2 * x + 1\ns[t, j] = sigmoid(g[t, 1, j])\n"

static void of_another_step(void **state) {
  (void)state;
  assert_int_equal(sigmoids(GATES "d[t: 0..5, j] = s[t, j] * sigmoid(g[t + 1, 1, j])\n"
                                  "export f(x) = s, d\n"),
                   1);
}

static void of_another_gate(void **state) {
  (void)state;
  assert_int_equal(sigmoids(GATES "d[t: 0..5, j] = s[t, j] * sigmoid(g[t + 1, 0, j])\n"
                                  "export f(x) = s, d\n"),
                   2);
}

/* The definition has the diagonal alone. */
static void of_more_elements(void **state) {
  (void)state;
  assert_int_equal(sigmoids("input x: real[5, 5]\ng = 2 * x + 1\ns[i] = sigmoid(g[i, i])\n"
                            "d[i: 0..4] = s[i] * sigmoid(g[i, i + 1])\nexport f(x) = s, d\n"),
                   2);
}

/* An LSTM's backward pass evaluates none of the gates again. */
static void in_recurrences(void **state) {
  (void)state;
  assert_int_equal(
      sigmoids("input x: real[4, 6, 3]\n(h, last, cell) = x |> lstm(5)\nloss = sum(h^2)\n"
               "export f(x) = loss, grad(loss, lstm1.Wh)\n"),
      3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(of_another_step),
      cmocka_unit_test(of_another_gate),
      cmocka_unit_test(of_more_elements),
      cmocka_unit_test(in_recurrences),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
