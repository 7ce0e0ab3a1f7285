/* --emit=math: formulas of small programs, as text and as LaTeX. */
#include "../differentiate/derived.h"
#include "notation/notation.h"

static const char *printed(Arena *arena, const char *program, NotationForm form) {
  Text out = text_new(arena);
  print_notation(&out, derive_text(arena, program), form);
  return text_string(&out);
}

/* Each formula stands in the document; side by side with others in text. */
static void expect(const char *program, NotationForm form, const char *const *formulas, size_t n) {
  Arena *arena = arena_new();
  const char *text = printed(arena, program, form);
  for (size_t i = 0; i < n; i++)
    if (strstr(text, formulas[i]) == NULL) fail_msg("missing: %s\nin %s", formulas[i], text);
  arena_free(arena);
}

#define EXPECT_AS(FORM, PROGRAM, ...)                                                              \
  expect(PROGRAM, FORM, (const char *const[]){__VA_ARGS__},                                        \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
#define EXPECT(PROGRAM, ...) EXPECT_AS(NOTATION_TEXT, PROGRAM, __VA_ARGS__)

#define DENSE                                                                                      \
  "input x: real[4, 3]\nparam W: real[5, 3] = 0\nparam b: real[5] = 0\n"                           \
  "z[n, j] = sum[i](W[j, i] * x[n, i]) + b[j]\n"

/* One column per example: W x, δ xᵀ, Wᵀ δ, Σₙ δ. */
static void dense_layer(void **state) {
  (void)state;
  EXPECT(DENSE "loss = sum(z^3)\nexport f(x) = loss, grad(loss, W), grad(loss, b), grad(loss, x)\n",
         "z = W x + b", "δ = 3 z²", "∂L/∂W = δ xᵀ", "∂L/∂b = Σₙ δ", "∂L/∂x = Wᵀ δ");
}

/* The same sums with other layouts are no such products. */
static void layouts(void **state) {
  (void)state;
  EXPECT("input x: real[4, 3]\nparam V: real[3, 5] = 0\n"
         "z[n, j] = sum[i](V[i, j] * x[n, i])\nexport f(x) = z\n",
         "z = Vᵀ x");
  EXPECT("param A: real[2, 3] = 0\nparam B: real[4, 3] = 0\n"
         "c[r, s] = sum[k](A[r, k] * B[s, k])\nd[r, s] = sum[k](A[s, k] * B[r, k])\n"
         "export f() = c, d\n",
         "c = A Bᵀ", "d = B Aᵀ");
  EXPECT("param A: real[3, 3] = 0\nt = sum[k](A[k, k])\nexport f() = t\n", "t = Σₖ Aₖₖ");
  EXPECT("param A: real[3, 3] = 0\nparam v: real[3] = 0\n"
         "c[r] = sum[k](A[r, k] * A[k, r] * v[k])\nd[r] = sum[k](A[r, k] * A[k, k])\n"
         "export f() = c, d\n",
         "c = (A ⊙ Aᵀ) v", "dᵣ = Σₖ Aᵣₖ · Aₖₖ");
}

/* Products of two arrays of examples are written with their index. */
static void products_of_examples(void **state) {
  (void)state;
  EXPECT("input x: real[4, 3]\ninput y: real[4, 3]\nparam w: real[3] = 0\n"
         "a[n] = sum[i](x[n, i] * y[n, i])\nb[n] = sum[i](w[i] * x[n, i])\nexport f(x, y) = a, b\n",
         "aₙ = xₙᵀ yₙ", "b = wᵀ x");
}

/* What is read elsewhere than at the example is no batch. */
static void neighbours(void **state) {
  (void)state;
  EXPECT("input x: real[4, 3]\nd[n, i] = x[n, i] - (x[n - 1, i] ?? 0)\nexport f(x) = d\n",
         "dₙ = xₙ − xₙ₋₁ (x₋₁ = 0)");
}

/* Which column is read shows where the index stands. */
static void columns(void **state) {
  (void)state;
  EXPECT("param A: real[3, 3] = 0\nc[r] = sum[k](A[r, k] * A[k, 1])\n"
         "d[r] = sum[k](A[r, k] * A[1, k])\nexport f() = c, d\n",
         "c = A A[·, 1]", "d = A A₁");
}

static void softmax_and_cross_entropy(void **state) {
  (void)state;
  EXPECT("input z: real[4, 3]\ninput y: u8[4]\nloss = mean(cross_entropy(z, y))\n"
         "export f(z, y) = loss, grad(loss, z)\nexport p(z) = softmax(z)\n",
         "L = mean CE(z, y)", "∂L/∂z = (softmax(z) − onehot(y)) / 4", "p = softmax(z)");
  /* no softmax: another divisor */
  EXPECT("input z: real[4, 3]\np[n, k] = exp(z[n, k]) / (1 + sum[j](exp(z[n, j])))\n"
         "export f(z) = p\n",
         "p = exp(z) / (1 + Σⱼ exp(zⱼ))");
}

static void slopes(void **state) {
  (void)state;
  EXPECT("input x: real[4, 3]\nexport f(x) = grad(sum(max(x, 0)^2), x)\n"
         "export g(x) = grad(sum(sigmoid(x)), x)\nexport h(x) = grad(sum(tanh(x)), x)\n",
         "relu′(x)", "σ′(x)", "tanh′(x)");
}

static void recurrence(void **state) {
  (void)state;
  EXPECT("input u: real[6, 3]\nparam W: real[3, 3] = 0\nparam s: real[3] = 0\n"
         "scan t in 0..6 { h[t, j] = tanh(u[t, j] + sum[i](W[j, i] * (h[t - 1, i] ?? s[i]))) }\n"
         "export f(u) = h\n",
         "for t = 0, …, 5\n", "hₜ = tanh(uₜ + W hₜ₋₁) (h₋₁ = s)");
}

static void choices(void **state) {
  (void)state;
  EXPECT("input x: real[4, 3]\ny[n, i] = where(i <= n, x[n, i], 1)\n"
         "z[n, i] = where(i == n, x[n, i], 0)\nexport f(x) = y, z\n",
         "yₙᵢ = { xₙᵢ if i ≤ n; 1 otherwise }", "zₙ = onehot(n) ⊙ xₙ");
}

static void numbers(void **state) {
  (void)state;
  EXPECT("input x: real[4]\ny = 3.141592653589793 * x / 1e-05 + 1.4142135623730951\n"
         "export f(x) = y\n",
         "y = π x / 10⁻⁵ + √2");
}

static void names(void **state) {
  (void)state;
  EXPECT("input alpha: real[4]\ninput x_t: real[4]\nk2 = alpha + x_t\nexport f(alpha, x_t) = k2\n",
         "k₂ = α + xₜ", "  α   alpha  [4]  test.dag:1\n");
}

/* What is differentiated has a formula of its own, be it ever so short. */
static void differentiated(void **state) {
  (void)state;
  EXPECT("param w: real[2, 4] = normal(1)\nm = max(w)\nd = hessian(tanh(m), w)\n"
         "loss = sum(softplus(-d)) + sum(w^2)\nexport f() = loss, grad(loss, w)\n",
         "Backward, from d̃\n", "    d̃ = tanh(m)    ");
}

/* Updates that are alike are one. */
static void updates(void **state) {
  (void)state;
  EXPECT(DENSE "loss = sum(z^2)\ntrain { minimize loss; with sgd(lr = 0.5); epochs 1\n"
               "data x = \"x.npy\" }\n",
         "Update, for each θ of W, b\n  θ ← θ − 0.5 ∂L/∂θ\n");
}

static void latex(void **state) {
  (void)state;
  EXPECT_AS(
      NOTATION_LATEX, DENSE "loss = mean(z^2)\nexport f(x) = loss, grad(loss, W), grad(loss, b)\n",
      "\\formula{z = W\\,\\penalty900 x + b}%",
      "\\formula{\\frac{\\partial L}{\\partial W} = \\delta\\,\\penalty900 x^{\\top}}%",
      "\\formula{\\frac{\\partial L}{\\partial b} = \\sum_{n} \\delta}%", "\\end{document}\n");
}

/* As many axes as may be. */
static void many_axes(void **state) {
  (void)state;
  EXPECT("input x: real[1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]\n"
         "export f(x) = sum(x * exp(x))\n",
         "f = Σ[i, j, k, l, m, n, o, p, q, r, i2, j2, k2, l2, m2, n2, o2, p2] x");
}

/* No line is longer than a hundred columns. */
static void wraps(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Text program = text_new(arena);
  text_add(&program, "input x: real[4, 3]\ny = x");
  for (int i = 0; i < 60; i++) text_printf(&program, " + %d * sin(x - %d)", i, i);
  text_add(&program, "\nexport f(x) = y\n");
  const char *text = printed(arena, text_string(&program), NOTATION_TEXT);
  int column = 0;
  for (const char *c = text; *c != '\0'; c++) {
    column = *c == '\n' ? 0 : column + (((unsigned char)*c & 0xC0) != 0x80);
    if (column > 100) fail_msg("%s", text);
  }
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dense_layer),    cmocka_unit_test(layouts),
      cmocka_unit_test(columns),        cmocka_unit_test(products_of_examples),
      cmocka_unit_test(neighbours),     cmocka_unit_test(softmax_and_cross_entropy),
      cmocka_unit_test(slopes),         cmocka_unit_test(recurrence),
      cmocka_unit_test(choices),        cmocka_unit_test(numbers),
      cmocka_unit_test(differentiated), cmocka_unit_test(names),
      cmocka_unit_test(updates),        cmocka_unit_test(latex),
      cmocka_unit_test(many_axes),      cmocka_unit_test(wraps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
