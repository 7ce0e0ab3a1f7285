/* Types, literals, constants, broadcasting, conversions. */
#include "elaborated.h"

static void literals_adapt(void **state) {
  (void)state;
  EXPECT("input x: f64[3]\ny = 2 * x^2 + 0.5\nexport f(x) = y\n", "y[i] = 2 * x[i]^2 + 0.5");
  EXPECT("input x: u8[3]\ny = x + 1\nz = x - 300\nexport f(x) = y, z\n", "y[i] = x[i] + 1",
         "z[i] = i32(x[i]) - 300");
  EXPECT("input x: f64[3]\ny = x * where(x > 0, 1, 0)\nexport f(x) = y\n",
         "y[i] = x[i] * where(x[i] > 0, 1, 0)");
  EXPECT("param p: f64 = 1\nq = p / (1 - 0.9^step)\nexport f() = q\n",
         "q = p / (1 - 0.9^f64(step))");
}

static void integers_widen(void **state) {
  (void)state;
  EXPECT("input a: u8[3]\ninput b: i32[3]\nc = real(a == b)\nd = a + b\nexport f(a, b) = c, d\n",
         "c[i] = f32(a[i] == b[i])", "d[i] = a[i] + b[i]");
  EXPECT("input a: u8[3]\ninput b: i8[3]\nd = a + b\nexport f(a, b) = d\n",
         "d[i] = i32(a[i]) + i32(b[i])");
}

static void constants_are_computed(void **state) {
  (void)state;
  EXPECT("const k = 3 + 4 * 2\nconst r = sqrt(16)\ninput x: f32[k]\ny = x * r * (1 - 0.9)\n"
         "export f(x) = y\n",
         "input x: f32[11]", "y[i] = x[i] * 4 * 0.1");
  EXPECT("input x: f32[2]\ny = x * (7 / 2) + (-7) / 2 + 7 % 4 + 2^3\nexport f(x) = y\n",
         "y[i] = x[i] * 3 + (-4) + 3 + 8");
  EXPECT("input x: f32[2]\ny = x * size(x, 0) + rank(x)\nexport f(x) = y\n", "y[i] = x[i] * 2 + 1");
}

static void powers_end(void **state) {
  (void)state;
  EXPECT("const k = 5 + (-1)^9223372036854775807 + (-2)^3\ninput x: f32[2]\ny = x * k\n"
         "export f(x) = y\n",
         "y[i] = x[i] * (-4)");
}

static void shapes_broadcast(void **state) {
  (void)state;
  EXPECT("input a: f32[4, 1]\ninput b: f32[3]\nc = a + b\nexport f(a, b) = c\n",
         "c[i, j] = a[i, 0] + b[j]");
  EXPECT("input a: f32[2, 3, 4]\ninput b: f32[4, 5]\nc = a @ b\nd = b[:, 0] @ b\n"
         "export f(a, b) = c, d\n",
         "c[i, j, k] = sum[l](a[i, j, l] * b[l, k])", "d[i] = sum[j](b[j, 0] * b[j, i])");
}

static void lists_of_sizes_stand_for_them(void **state) {
  (void)state;
  EXPECT("input a: f32[2, 3, 4]\nconst q = [3, 4]\nparam w: f32[q] = 1\n"
         "param v: f32[5, shape(a)[:2]] = 0\nb = reshape(a, [1, shape(a)[:-1], 2, -1])\n"
         "c = zeros(size(q), shape(a)[1:2]) + shape(a)[-1]\nexport f(a) = a * w, b, c, v\n",
         "param w: f32[3, 4] = 1", "param v: f32[5, 2, 3] = 0", "b = reshape(a, [1, 2, 3, 2, 2])",
         "c[i: 0..2, j: 0..3] = 4.0");
  EXPECT("input a: f32\nb = a + zeros(shape(a))\nexport f(a) = b\n", "b = a + 0");
}

static void builtins_are_index_arithmetic(void **state) {
  (void)state;
  EXPECT(
      "input a: f32[2, 3]\ninput t: i32[2]\nc = concat([a, a], axis = -1)\nt2 = transpose(a)\n"
      "o = one_hot(t, 3)\nm = argmax(a)\nu = mean(a, axis = 0)\nexport f(a, t) = c, t2, o, m, u\n",
      "c[i, j: 0..6] = where(j < 3, a[i, j], a[i, j - 3])", "t2[i, j] = a[j, i]",
      "o[i, j: 0..3] = where(t[i] == j, 1.0, 0.0)", "m[i] = argmax[j](a[i, j])",
      "u[i] = sum[j](a[j, i]) / 2");
  EXPECT("input a: f32[2, 3]\nr = reshape(a, [3, -1])\nexport f(a) = r\n",
         "r = reshape(a, [3, 2])");
}

static void real_means_what_the_file_says(void **state) {
  (void)state;
  Define define = {"real", "f64"};
  Elaborated result =
      elaborate_text("input x: real[2]\ny = x |> dense(1)\nexport f(x) = y\n", &define, 1);
  assert_non_null(result.program);
  assert_non_null(strstr(result.text, "param dense1.W: f64[1, 2]"));
  elaborated_free(&result);
  /* in a function, `real` is the type of its arguments */
  EXPECT("fn half(x: real[...]) = x * real(0.5)\ninput x: f64[2]\ny = half(x)\nexport f(x) = y\n",
         "y[i] = x[i] * 0.5");
  /* also in the prelude, where no argument says so */
  EXPECT("const real = f64\nparam p: real = 1\nloss = p^2\n"
         "train { minimize loss; with sgd(lr = cosine_decay(0.05, 300)) }\n",
         "lr = 0 + 0.025 * (1 + cos(3.141592653589793 * min(f64(step - 1) / 300, 1)))");
}

static void what_is_refused(void **state) {
  (void)state;
  expect_error("input a: f32\ninput b: f64\nc = a + b\n", "`+` of f32 and f64");
  expect_error("input a: f32\ninput b: i32\nc = a + b\n", "integers do not become real");
  expect_error("input a: bool\nc = a + 1\n", "takes numbers, not bool");
  expect_error("input k: i32[2]\nc = exp(k)\n", "takes a real, not i32[2]");
  expect_error("dim B = 3.5\n", "must be an integer");
  expect_error("input x: f32[1000000, 1000000, 1000000]\n", "more than 2^40 elements");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(literals_adapt),
      cmocka_unit_test(integers_widen),
      cmocka_unit_test(constants_are_computed),
      cmocka_unit_test(powers_end),
      cmocka_unit_test(shapes_broadcast),
      cmocka_unit_test(lists_of_sizes_stand_for_them),
      cmocka_unit_test(builtins_are_index_arithmetic),
      cmocka_unit_test(real_means_what_the_file_says),
      cmocka_unit_test(what_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
