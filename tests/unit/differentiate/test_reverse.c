/* Adjoints as text: what the one formula, its algebra and bracket elimination make of a program. */
#include "derived.h"

static const char *printed(Arena *arena, const char *text) {
  Text out = text_new(arena);
  print_program(&out, derive_text(arena, text));
  return text_string(&out);
}

/* Whether the line stands in the text, however far its note is; the note only where one is given.
 */
static bool stands_in(Arena *arena, const char *text, const char *line) {
  const char *note = strstr(line, "    # ");
  size_t length = note == NULL ? strlen(line) : (size_t)(note - line);
  const char *wanted = arena_printf(arena, "\n%.*s", (int)length, line);
  for (const char *at = text; (at = strstr(at, wanted)) != NULL; at++) {
    const char *rest = at + length + 1;
    size_t blanks = strspn(rest, " ");
    if (note == NULL && (*rest == '\n' || (blanks > 0 && rest[blanks] == '#'))) return true;
    const char *said = note == NULL ? NULL : arena_printf(arena, "%s\n", note + 4);
    if (said != NULL && strncmp(rest + blanks, said, strlen(said)) == 0) return true;
  }
  return false;
}

/* Each line stands in the derived program. */
static void expect(const char *program, const char *const *lines, size_t n) {
  Arena *arena = arena_new();
  const char *text = printed(arena, program);
  for (size_t i = 0; i < n; i++)
    if (!stands_in(arena, text, lines[i])) fail_msg("missing: %s\nin %s", lines[i], text);
  arena_free(arena);
}

#define EXPECT(PROGRAM, ...)                                                                       \
  expect(PROGRAM, (const char *const[]){__VA_ARGS__},                                              \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* W̄ = δ aᵀ, x̄ = Wᵀ δ, b̄ = Σ δ */
static void dense_layer(void **state) {
  (void)state;
  EXPECT("input x: real[4, 3]\n"
         "param W: real[5, 3] = 0\nparam b: real[5] = 0\n"
         "z[n, j] = sum[i](W[j, i] * x[n, i]) + b[j]\n"
         "loss = sum(z^3)\n"
         "export f(x) = grad(loss, W), grad(loss, b), grad(loss, x)\n",
         "z_bar[n, j] = 3 * z[n, j]^2    # through loss at test.dag:5",
         "W_bar[j, i] = sum[n](z_bar[n, j] * x[n, i])    # δ aᵀ, through z at test.dag:4",
         "b_bar[j] = sum[n](z_bar[n, j])    # Σ δ, through z at test.dag:4",
         "x_bar[n, i] = sum[j](W[j, i] * z_bar[n, j])    # Wᵀ δ, through z at test.dag:4");
}

/* What an adjoint came through: all that read it, each once. */
static void passages(void **state) {
  (void)state;
  EXPECT("input x: real[4, 3]\nparam W: real[5, 3] = 0\nparam V: real[5, 3] = 0\n"
         "a[n, j] = sum[i](W[j, i] * x[n, i])\n"
         "b[n, j] = sum[i](V[j, i] * x[n, i])\n"
         "loss = sum(a * b)\n"
         "export f(x) = grad(loss, x)\n",
         "x_bar[n, i] = sum[j](V[j, i] * a[n, j]) + sum[j](W[j, i] * b[n, j])    "
         "# through b at test.dag:5 and a at test.dag:4");
  EXPECT(
      "input x: real[6, 8]\nparam K: real[3] = 0\n"
      "y[n, p: 6] = sum[i](K[i] * x[n, p + i])\n"
      "loss = sum(y^3)\n"
      "export f(x) = grad(loss, K), grad(loss, x)\n",
      "K_bar[i: 0..3] = sum[n, p](y_bar[n, p] * x[n, i + p])    # δ ⋆ a, through y at test.dag:3");
}

/* A mask that does not depend on what is summed stands outside: the sum stays a product. */
static void mask_stands_outside(void **state) {
  (void)state;
  EXPECT("input x: real[4, 3]\nparam W: real[5, 3] = 0\n"
         "h[n, j] = sum[i](W[j, i] * max(x[n, i], 0))\n"
         "export f(x) = grad(sum(h^3), x)\n",
         "x_bar[n, i] = where(x[n, i] > 0, sum[j](W[j, i] * h_bar[n, j]), 0)    # Wᵀ δ ⊙ [z > 0], "
         "through h at test.dag:3");
}

static void softmax_minus_one_hot(void **state) {
  (void)state;
  EXPECT("input z: real[4, 3]\ninput y: u8[4]\n"
         "export f(z, y) = grad(sum(cross_entropy(z, y)), z)\n",
         "z_bar[n, k] = cross_entropy.e[n, k] / sum[i](cross_entropy.e[n, i]) - where(k == y[n], "
         "1, 0)    "
         "# softmax − one-hot, through cross_entropy at test.dag:3");
}

/* The rows of the table in architecture.md: no sum is left where the bracket can be solved. */
static void brackets_are_eliminated(void **state) {
  (void)state;
  EXPECT("input x: real[10]\ny[i: 8] = x[i + 2]\nexport f(x) = grad(sum(y^2), x)\n",
         "x_bar[i: 0..10] = 2 * where(i >= 2, y[i - 2], 0)");
  EXPECT("input x: real[10]\ny[i: 5] = x[2 * i]\nexport f(x) = grad(sum(y^2), x)\n",
         "x_bar[i: 0..10] = 2 * where(i % 2 == 0, y[i / 2], 0)");
  EXPECT("input x: real[4, 3]\ny[k: 12] = x[k / 3, k % 3]\nexport f(x) = grad(sum(y^2), x)\n",
         "x_bar[i: 0..4, j: 0..3] = 2 * y[3*i + j]");
  EXPECT("input x: real[32]\ny[p: 16] = max[i: 2](x[2*p + i])\nexport f(x) = grad(sum(y^2), x)\n",
         "x_bar[i: 0..32] = 2 * where(i % 2 == y.argmax[i / 2], y[i / 2], 0)");
  EXPECT("input x: real[10]\ny = max[i](x[i])\nexport f(x) = grad(y^2, x)\n",
         "x_bar[i: 0..10] = 2 * where(i == argmax[j](x[j]), y, 0)");
  EXPECT("input x: real[10]\ninput t: u8[5]\ny[i] = x[t[i]]\nexport f(x, t) = grad(sum(y^2), x)\n",
         "x_bar[j: 0..10] = sum[i](where(j == t[i], y_bar[i], 0))");
}

/* The adjoint of a view is a view, whatever stands inline in its place. */
static void views(void **state) {
  (void)state;
  EXPECT("input x: real[4, 3]\ny = reshape(x, [12])\nexport f(x) = grad(sum(y^2), x)\n",
         "y_bar[i] = 2 * y[i]", "x_bar = reshape(y_bar, [4, 3])");
  EXPECT("input x: real[4, 3]\ny = reshape(x, [12])\nexport f(x) = grad(2 * y[7], x)\n",
         "x_bar[i: 0..4, j: 0..3] = 2.0 * where(3*i + j == 7, 1.0, 0.0)");
}

/* A bracket is a where: the branch that is not taken is not evaluated, so it gives no NaN. */
static void brackets_swallow_what_they_exclude(void **state) {
  (void)state;
  EXPECT(
      "input x: real[4]\ny[i] = where(x[i] > 0, log(x[i]), 0)\nexport f(x) = grad(sum(y^2), x)\n",
      "x_bar[i] = 2 * where(x[i] > 0, y[i] / x[i], 0)");
}

/* A condition that reads where only an outer one lets it stands inside that one. */
static void guards_nest(void **state) {
  (void)state;
  EXPECT("input x: real[6]\n"
         "y[i: 6] = where(i >= 1, where(x[i - 1] > 0, x[i]^2, 0), 0)\n"
         "export f(x) = grad(sum(y), x)\n",
         "x_bar[i] = 2 * where(i >= 1, where(x[i - 1] > 0, x[i], 0), 0)");
}

static void copies_and_numbers(void **state) {
  (void)state;
  EXPECT("input x: real[4]\ny = sum(x^2)\ng = grad(y, x)\nexport f(x) = g, grad(y, x)\n",
         "g[i] = 2 * x[i]", "export f(x) = g, g");
  EXPECT("input x: real\nexport f(x) = grad(3 * x / 64, x)\n", "x_bar = 3.0 / 64");
}

/* A weight's adjoint comes as soon as the sweep has all of it. */
static void adjoints_come_in_the_order_of_the_sweep(void **state) {
  (void)state;
  Arena *arena = arena_new();
  const char *text = printed(arena, "input x: real[4, 3]\ninput y: u8[4]\n"
                                    "h = x |> dense(5) |> tanh\nz = h |> dense(2)\n"
                                    "loss = mean(cross_entropy(z, y))\n"
                                    "train { minimize loss; with sgd(lr = 0.1); steps 1\n"
                                    "  data x = \"x.npy\", y = \"y.npy\" }\n");
  static const char *const names[] = {"\nz_bar[",       "\ndense2.W_bar[", "\ndense2.b_bar[",
                                      "\nh_bar[",       "\ndense1.z_bar[", "\ndense1.W_bar[",
                                      "\ndense1.b_bar["};
  const char *at = text;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *next = strstr(text, names[i]);
    if (next == NULL || next < at) fail_msg("%s is not in its place in %s", names[i] + 1, text);
    at = next;
  }
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dense_layer),
      cmocka_unit_test(passages),
      cmocka_unit_test(mask_stands_outside),
      cmocka_unit_test(softmax_minus_one_hot),
      cmocka_unit_test(brackets_are_eliminated),
      cmocka_unit_test(views),
      cmocka_unit_test(brackets_swallow_what_they_exclude),
      cmocka_unit_test(guards_nest),
      cmocka_unit_test(copies_and_numbers),
      cmocka_unit_test(adjoints_come_in_the_order_of_the_sweep),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
