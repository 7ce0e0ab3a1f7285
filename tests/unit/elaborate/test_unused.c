/* Warnings of what is not used: where they stand, and where they do not. */
#include "elaborated.h"

/* The program is accepted with that warning (one line of it), or with none: "". */
static void expect_said(const char *text, const char *warning) {
  Elaborated result = elaborate_text(text, NULL, 0);
  if (result.program == NULL) fail_msg("%s\n%s", result.messages, text);
  if (warning[0] == '\0' && result.messages[0] != '\0')
    fail_msg("said: %s\nof: %s", result.messages, text);
  if (strstr(result.messages, warning) == NULL)
    fail_msg("expected: %s\nsaid: %s\nof: %s", warning, result.messages, text);
  elaborated_free(&result);
}

#define INPUT "input x: real[4, 3]\n"

static void unused_names(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {INPUT "y = 2 * x\nz = y\nexport f(x) = y", "test.dag:3:1: warning: `z` is never read"},
      {INPUT "const k = 4\nexport f(x) = x", "2:7: warning: `k` is never used"},
      {INPUT "input y: real[4]\nexport f(x) = x", "2:7: warning: `y` is never read"},
      {INPUT "param W: real = 0\nexport f(x) = x", "2:7: warning: `W` is never read"},
      {INPUT "fn g(a) = a\nexport f(x) = x", "2:4: warning: `g` is never called"},
      {INPUT "layer g()(a) { return a }\nexport f(x) = x", "2:7: warning: `g` is never called"},
      {INPUT "h = dense(3)\nexport f(x) = x", "2:1: warning: `h` is never read"},
      {INPUT "fn g(a) { b = a\n c = 2 * a\n return c }\nexport f(x) = g(x)",
       "2:11: warning: `b` is never read"},
      {INPUT "fn two(a) { return a, a }\n(p, q) = two(x)\nexport f(x) = x",
       "`p` is never read"},
      {INPUT "h = x\nrepeat l in 0..2 { h = tanh(h) }\nexport f(x) = x", "`h` is never read"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) expect_said(table[i][0], table[i][1]);
}

static void used_names(void **state) {
  (void)state;
  static const char *const table[] = {
      "dim B = 4\ninput x: real[B, 3]\nexport f(x) = x where B = 1",
      INPUT "dim spare = 4\nexport f(x) = x", /* the C has it as a constant */
      INPUT "_spare = 2 * x\nexport f(x) = x",
      INPUT "fn two(a) { return a, a }\n(_, q) = two(x)\n(r, s) = two(q)\nexport f(x) = s",
      INPUT "const deep = false\ny = x\nz = 2 * x\nif deep { w = y } else { w = z }\n"
            "export f(x) = w",
      INPUT "h = x\nrepeat l in 0..2 { h = tanh(h) }\nexport f(x) = h",
      INPUT "scan t in 0..4 with h = zeros(3) { h = tanh(h + x[t, :]) }\nexport f(x) = h",
      INPUT "state n: real = 0\nexport f(x) = x, n <- n + 1",
      INPUT "h = dense(3)\nexport f(x) = x |> h",
      INPUT "param dense1.W: real[3] = 0\nexport f(x) = x * dense1.W",
      /* others use what a file defines that neither trains nor exports */
      "fn g(a) = a\nconst k = 3\n",
      INPUT "loss = mean((x |> dense(1))^2)\nother = mean(x)\n"
            "train { minimize loss; with sgd(); report other; data x = \"x.npy\" }",
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) expect_said(table[i], "");
}

#define TRAIN(rest) "train { minimize loss; with sgd(); " rest " }"

static void training(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {INPUT "input y: real[4]\nloss = mean((x |> dense(1))^2)\n" TRAIN(
           "data x = \"x.npy\", y = \"y.npy\""),
       "4:58: warning: `y` has data, but nothing in training depends on it"},
      {INPUT "param W: real = 0\nstate n: real = 0\nn <- n + 1\nloss = mean(x)\n" TRAIN(
           "freeze W; data x = \"x.npy\""),
       "6:9: warning: this loss depends on no param"},
      {INPUT "param W: real = 0\nparam V: real = 0\nloss = mean(W * x)\n" TRAIN(
           "data x = \"x.npy\""),
       "3:7: warning: no derivative of the loss reaches `V`"},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) expect_said(table[i][0], table[i][1]);
  expect_error(INPUT "param W: real = 0\nloss = mean(x)\n" TRAIN("data x = \"x.npy\""),
               "hint: each param is frozen, or none of the losses depends on it");
  expect_error(INPUT "loss = mean(x)\n" TRAIN("data x = \"x.npy\""), "hint: there is no param");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(unused_names), cmocka_unit_test(used_names),
                                     cmocka_unit_test(training)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
