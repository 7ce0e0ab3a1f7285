/* Functions, layers and what they own; repeat; training; exports. */
#include "elaborated.h"

static void names_are_stable(void **state) {
  (void)state;
  EXPECT("input x: f32[2, 4]\nh = x |> dense(4) |> dense(4)\nexport f(x) = h\n",
         "param dense1.W: f32[4, 4] = glorot(4, 4)", "param dense2.b: f32[4] = 0",
         "dense1.z[n, j] = sum[i](dense1.W[j, i] * x[n, i]) + dense1.b[j]");
  EXPECT("f = dense(4, bias = false)\ninput x: f32[2, 4]\nh = f(x) + f(2 * x)\nexport g(x) = h\n",
         "param f.W: f32[4, 4] = glorot(4, 4)",
         "h[n, j] = sum[i](f.W[j, i] * x[n, i]) + sum[i](f.W[j, i] * (2 * x[n, i]))");
  EXPECT("layer block()(x: real[..., D]) {\n  h = x |> dense(D) |> relu\n  return x + h\n}\n"
         "input x: f32[2, 4]\nh = x\nrepeat l in 0..2 { h = h |> block }\nexport g(x) = h\n",
         "param block1[0].dense1.W: f32[4, 4] = glorot(4, 4)",
         "param block1[1].dense1.W: f32[4, 4] = glorot(4, 4)",
         "h2[n, j] = h[n, j] + block1[1].h[n, j]");
}

static void an_export_has_sizes_of_its_own(void **state) {
  (void)state;
  EXPECT("dim B = 8\ninput x: f32[B, 4]\nh = x |> dense(2)\nloss = mean(h)\n"
         "export g(x) = h where B = 1\n",
         "input g.x: f32[1, 4]", "param dense1.W: f32[2, 4] = glorot(4, 2)",
         "g.h[n, j] = sum[i](dense1.W[j, i] * g.x[n, i]) + dense1.b[j]", "export g(g.x) = g.h");
}

static void optimizers_give_states_and_updates(void **state) {
  (void)state;
  EXPECT("input x: f32[8, 4]\nloss = mean((x |> dense(1))^2)\n"
         "train { minimize loss; with momentum(lr = 0.1); data x = \"x.npy\" }\n",
         "state dense1.W.v: f32[1, 4] = 0", "dense1.W_bar = grad(loss, dense1.W)",
         "  dense1.W.v <- 0.9 * dense1.W.v + dense1.W_bar",
         "  dense1.W <- dense1.W - 0.1 * dense1.W.v'", "  report loss");
}

static void each_param_has_its_optimizer(void **state) {
  (void)state;
  EXPECT("input x: f32[8, 4]\nbody = dense(4)\nhead = dense(1)\nloss = mean(head(body(x))^2)\n"
         "train {\n  minimize loss\n  with sgd(lr = 0.1) on head, body.b\n  with sgd(lr = 0.2)\n"
         "  freeze body.W\n}\n",
         "  body.b <- body.b - 0.1 * body.b_bar", "  head.W <- head.W - 0.1 * head.W_bar");
  Elaborated result =
      elaborate_text("input x: f32[8, 4]\nbody = dense(4)\nloss = mean(body(x)^2)\n"
                     "train {\n  minimize loss\n  with adam()\n  freeze body.W\n}\n",
                     NULL, 0);
  assert_non_null(result.program);
  assert_null(strstr(result.text, "body.W.m")); /* frozen: no gradient, no state, no update */
  assert_null(strstr(result.text, "body.W_bar"));
  assert_string_equal(result.messages, ""); /* asked for, so no warning */
  elaborated_free(&result);
}

static void gradients_are_clipped_together(void **state) {
  (void)state;
  EXPECT("input x: f32[8]\nparam a: f32 = 1\nparam b: f32 = 1\nloss = mean((a * x + b)^2)\n"
         "train { minimize loss; with sgd(lr = 0.1); clip_norm 2.0 }\n",
         "clip.norm = sqrt(a_bar * a_bar + b_bar * b_bar)",
         "clip.factor = where(clip.norm > 2, 2 / clip.norm, 1)",
         "a_bar.clipped = a_bar * clip.factor", "  a <- a - 0.1 * a_bar.clipped");
}

static void random_numbers_are_drawn_at_each_point(void **state) {
  (void)state;
  EXPECT("input x: f32[2, 3]\ny = where(uniform() < 0.5, x, 0)\nexport f(x) = y\n",
         "y[i, j] = where(random_uniform(0, i*3 + j) < 0.5, x[i, j], 0)");
  EXPECT("param W: f32[2] = normal(0.1)\n"
         "scan t in 0..4 with h = W { u = tensor[i: 2](normal())\n h = h + u }\n"
         "export f() = h\n",
         "u[t: 0..4, i: 0..2] = random_normal(0, t*2 + i)");
}

static void expect_draws(const char *layer, size_t n) {
  char program[256];
  snprintf(program, sizeof program,
           "input x: f32[2, 3, 4]\ninput m: f32[2, 5, 4]\ny = %s\nexport f(x, m) = y\n", layer);
  Elaborated result = elaborate_text(program, NULL, 0);
  if (result.program == NULL) fail_msg("%s", result.messages);
  size_t count = 0;
  for (const char *at = result.text; (at = strstr(at, "random_uniform(")) != NULL; at++) count++;
  if (count != n) fail_msg("%s draws %zu times, not %zu:\n%s", layer, count, n, result.text);
  elaborated_free(&result);
}

static void layers_of_the_prelude_drop_where_they_say(void **state) {
  (void)state;
  expect_draws("attention(2, rate = 0.1)(x)", 1);
  expect_draws("transformer_block(2)(x)", 0);
  expect_draws("transformer_block(2, rate = 0.1)(x)", 4);
  expect_draws("transformer_block(2, rate = 0.1, pre_norm = false)(x)", 4);
  expect_draws("transformer_decoder_block(2, rate = 0.1)(x, m)", 6);
  expect_draws("transformer_decoder_block(2, rate = 0.1, pre_norm = false)(x, m)", 6);
  expect_draws("x\n(z, h) = rnn(3, num_layers = 3, rate = 0.2)(x)\nexport g(x) = z", 2);
  expect_draws("x\n(z, h) = gru(3, 2, bidirectional = true, rate = 0.2)(x)\nexport g(x) = z", 1);
  expect_draws("x\n(z, h, c) = lstm(3, rate = 0.2)(x)\nexport g(x) = z", 0);
}

static void what_is_refused(void **state) {
  (void)state;
  expect_error("fn f(x) = g(x)\nfn g(x) = f(x)\ninput x: f32\ny = f(x)\n", "reaches itself");
  expect_error("input x: f32[2]\nrepeat l in 0..1000000000 { y = x * 2 }\n", "too large");
  expect_error("param W: f32[2] = 0\nW <- W + 1\nW <- W\n", "a second new value");
  expect_error("input x: f32[2]\nparam W: f32[2] = 0\nloss = sum(x * W)\n"
               "train { minimize loss; with sgd(); with adam() on W, W; freeze V }\n",
               "`V` names no param");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_stable),
      cmocka_unit_test(an_export_has_sizes_of_its_own),
      cmocka_unit_test(optimizers_give_states_and_updates),
      cmocka_unit_test(each_param_has_its_optimizer),
      cmocka_unit_test(gradients_are_clipped_together),
      cmocka_unit_test(random_numbers_are_drawn_at_each_point),
      cmocka_unit_test(layers_of_the_prelude_drop_where_they_say),
      cmocka_unit_test(what_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
