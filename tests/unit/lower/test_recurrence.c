/* How recurrences and windows are lowered: the product of a step in register tiles, lanes beside
   the step, branches on the step outside of them, input products and weights' adjoints outside the
   loop. What the kernels compute is tested by running them: tests/models/recurrence, tests/random.
 */
#include "../differentiate/derived.h"
#include "lower/lower.h"

static int setup(void **state) {
  *state = arena_new();
  return 0;
}

static int teardown(void **state) {
  arena_free(*state);
  return 0;
}

/* For 16 lanes of f32. */
static const Plan *plan(Arena *arena, const char *text) {
  const Plan *p = lower(arena, derive_text(arena, text), target_named(arena, "x86-64-v4"), NULL);
  verify_plan(p, "test");
  return p;
}

static bool holds(const Kernel *k, const char *text) { return strstr(k->comment, text) != NULL; }

/* Kernels are called by what they compute. */
static const Kernel *kernel_of(const Plan *p, const char *name) {
  for (KernelId i = 0; i < p->n_kernels; i++)
    if (strcmp(p->kernels[i].name, name) == 0) return &p->kernels[i];
  fail_msg("there is no kernel %s", name);
  return NULL;
}

static bool is_stepped(const Kernel *k) { return holds(k, "for each t of "); }

/* Register tiles: arrays of vectors. */
static uint32_t count_tiles(const Kernel *k) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < k->n_locals; i++)
    count += k->locals[i].dimensions == 2 && k->locals[i].type.lanes > 1;
  return count;
}

/* Stores of single elements and of vectors; branches. */
typedef struct Census {
  uint32_t elements, vectors, branches;
} Census;

static void take_census(const Kernel *k, StatementList list, Census *c) {
  for (uint32_t i = 0; i < list.n; i++) {
    const Statement *s = &list.items[i];
    if (s->kind == STATEMENT_STORE && k->values[s->value].type.lanes == 1) c->elements++;
    if (s->kind == STATEMENT_STORE && k->values[s->value].type.lanes > 1) c->vectors++;
    if (s->kind == STATEMENT_IF) {
      c->branches++;
      assert_int_equal(k->values[s->value].type.lanes, 1);
    }
    take_census(k, s->body, c);
    take_census(k, s->other, c);
  }
}

static Census census(const Kernel *k) {
  Census c = {0};
  take_census(k, k->body, &c);
  return c;
}

#define VANILLA                                                                                    \
  "input x: real[32, 6, 64]\n"                                                                     \
  "param W: real[128, 128] = normal(0.1)\n"                                                        \
  "param U: real[128, 64] = normal(0.1)\n"                                                         \
  "scan t in 0..6 {\n"                                                                             \
  "  h[t, n, j] = tanh(sum[i](U[j, i] * x[n, t, i]) + sum[i](W[j, i] * (h[t-1, n, i] ?? 0)))\n"    \
  "}\n"                                                                                            \
  "loss = mean(h[5]^2)\n"

/* U x at all steps is one contraction before the loop; W h at a step one in it, finished by tanh.
 */
static void test_forward(void **state) {
  const Plan *p = plan(*state, VANILLA "export last(x) = loss");
  const Kernel *input = kernel_of(p, "h_sum"), *step = kernel_of(p, "h");
  assert_false(is_stepped(input));
  assert_true(holds(input, "contraction") && count_tiles(input) > 0);
  assert_true(is_stepped(step));
  assert_true(count_tiles(step) > 0);
  assert_int_equal(census(step).elements, 0);
  assert_int_equal(step->body.n, 1); /* the loop over the steps is all there is */
  assert_int_equal(step->body.items[0].to, 6);
}

/* sum[j](W[j, i] z_bar[t+1, n, j]) in tiles too; W_bar and U_bar behind the loop. */
static void test_backward(void **state) {
  const Plan *p = plan(*state, VANILLA "export g(x) = grad(loss, W), grad(loss, U)");
  const char *const weights[] = {"W_bar", "U_bar"};
  for (int i = 0; i < 2; i++) {
    const Kernel *weight = kernel_of(p, weights[i]);
    assert_false(is_stepped(weight));
    assert_true(holds(weight, "contraction") && count_tiles(weight) > 0);
  }
  const Kernel *step = kernel_of(p, "h_sum2_bar");
  assert_true(holds(step, "from the last to the first"));
  assert_true(count_tiles(step) > 0);
  assert_int_equal(census(step).elements, 0);
}

/* That there is no step before the first is a bound of the sum: no step copies what it reads of the
   one before, or asks whether there is one. */
static void test_step_before_the_first(void **state) {
  const Plan *p = plan(*state, VANILLA "export g(x) = loss, grad(loss, W), grad(loss, U)");
  for (BufferId i = 0; i < p->n_buffers; i++) assert_null(strstr(p->buffers[i].name, "factor"));
  assert_int_equal(census(kernel_of(p, "h")).branches, 0);
  assert_int_equal(census(kernel_of(p, "h_sum2_bar")).branches, 0);
}

/* Several factors that may not be read at the last step. */
static void test_guarded_product(void **state) {
  const Plan *p =
      plan(*state, "input W: real[64, 64]\n"
                   "input s: real[6, 32, 64]\n"
                   "scan t in 0..6 {\n"
                   "  z[t, n, i] = s[t, n, i] + sum[j](where(t < 5, W[j, i] * s[t+1, n, "
                   "j] * z[t+1, n, j], 0))\n"
                   "}\n"
                   "export last(W, s) = z");
  const Kernel *step = kernel_of(p, "z");
  assert_true(count_tiles(step) > 0);
  assert_int_equal(census(step).elements, 0);
}

/* A default at the first step and a condition on the step are branches around vectors. */
static void test_uniform_conditions(void **state) {
  const Plan *p = plan(*state, "input u: real[6, 64]\n"
                               "input first: real[64]\n"
                               "scan t in 0..6 {\n"
                               "  c[t, j] = (c[t-1, j] ?? first[j]) + where(t < 5, u[t+1, j], 1)\n"
                               "}\n"
                               "export all(u, first) = c");
  Census c = census(kernel_of(p, "c"));
  assert_int_equal(c.elements, 0);
  assert_int_equal(c.vectors, 1);
  assert_int_equal(c.branches, 2);
}

/* Where lanes differ both branches are evaluated: what only the one may read keeps lanes out. */
static void test_conditions_of_lanes(void **state) {
  const Plan *p =
      plan(*state, "input u: real[62]\n"
                   "scan t in 0..6 {\n"
                   "  c[t, j: 64] = (c[t-1, j] ?? 0) + where(j < 58, where(t < 6, u[t + "
                   "j], 1), 2)\n"
                   "}\n"
                   "export all(u) = c");
  Census c = census(kernel_of(p, "c"));
  assert_int_equal(c.vectors, 0);
}

/* Vectors of bytes are loaded, cast and stored, never chosen between. */
static void test_default_of_bytes(void **state) {
  const Plan *p = plan(*state, "input x: u8[6, 64]\n"
                               "shifted[t: 6, j] = real(x[t - 1, j] ?? 1)\n"
                               "export all(x) = shifted");
  const Kernel *k = kernel_of(p, "shifted");
  for (uint32_t i = 0; i < k->n_locals; i++)
    assert_false(k->locals[i].type.type == TYPE_U8 && k->locals[i].type.lanes > 1);
}

/* Both axes of a table are steps: nothing else is left for lanes. */
static void test_table(void **state) {
  const Plan *p =
      plan(*state, "input a: real[40]\n"
                   "input b: real[30]\n"
                   "scan i in 0..40, j in 0..30 {\n"
                   "  D[i, j] = (a[i] - b[j])^2 + min(D[i-1, j] ?? inf, D[i, j-1] ?? 0)\n"
                   "}\n"
                   "export cost(a, b) = D[39, 29]");
  Census c = census(kernel_of(p, "D"));
  assert_int_equal(c.elements, 1);
  assert_int_equal(c.vectors, 0);
}

static const Buffer *buffer_of(const Plan *p, const char *name) {
  for (BufferId i = 0; i < p->n_buffers; i++)
    if (strcmp(p->buffers[i].name, name) == 0) return &p->buffers[i];
  fail_msg("there is no buffer %s", name);
  return NULL;
}

#define GATED                                                                                      \
  "input x: real[32, 6, 64]\n"                                                                     \
  "param W: real[2, 64, 64] = normal(0.1)\n"                                                       \
  "scan t in 0..6 with h = zeros(32, 64) {\n"                                                      \
  "  g[n, k, j] = x[n, t, j] + sum[i](W[k, j, i] * h[n, i])\n"                                     \
  "  h = tanh(g[:, 0]) * sigmoid(g[:, 1])\n"                                                       \
  "}\n"

/* g is read at its own step: the next one takes its place. So does that of h, which is read one
   step later, but before the next h is computed, and after the loop for the last step. With both
   gates picked where g's tiles are, h would need two. */
static void test_single_steps(void **state) {
  const Plan *p = plan(*state, GATED "export last(x) = sum(h)");
  const Buffer *gates = buffer_of(p, "g"), *carried = buffer_of(p, "h");
  assert_int_equal(gates->extents[0], 6);
  assert_int_equal(gates->strides[0], 0);
  assert_true(gates->elements < 2 * 32 * 2 * 64);
  assert_int_equal(carried->strides[0], 0);
  assert_true(carried->elements < 2 * 32 * 64);
}

/* What is read two steps later, or after the loop for another step than the last, keeps all. */
static void test_steps_kept(void **state) {
  const Plan *p = plan(*state, "input w: real[9, 4]\n"
                               "scan t in 0..9 {\n"
                               "  a[t, j] = sin(w[t, j] + (a[t-1, j] ?? 0))\n"
                               "  b[t, j] = cos(w[t, j] + (b[t-1, j] ?? 0) * (b[t-2, j] ?? 1))\n"
                               "  c[t, j] = exp(w[t, j] * (c[t-1, j] ?? 0))\n"
                               "}\n"
                               "export last(w) = sum(a[8]), sum(b[8]), sum(c[7])");
  assert_int_equal(buffer_of(p, "a")->strides[0], 0);
  assert_true(buffer_of(p, "b")->strides[0] > 0);
  assert_true(buffer_of(p, "c")->strides[0] > 0);
}

/* A reader of the step before that runs after the new value is stored needs the old one: both. */
static void test_step_read_too_late(void **state) {
  const Plan *p = plan(*state, "input w: real[9, 40, 40]\n"
                               "scan t in 0..9 {\n"
                               "  a[t, j: 40] = sin(0.5 * (s[t-1] ?? 0) + (a[t-1, j] ?? 0.1))\n"
                               "  b[t, j] = sum[i](w[t, j, i] * a[t, i])\n"
                               "  c[t, j] = b[t, j] * (a[t-1, 39-j] ?? 0)\n"
                               "  s[t] = sum[j](c[t, j])\n"
                               "}\n"
                               "export last(w) = s[8]");
  assert_true(buffer_of(p, "a")->strides[0] > 0);
}

#define SEGMENTS(k)                                                                                \
  "input x: real[2, 256, 16]\n"                                                                    \
  "param U: real[32, 16] = normal(0.1)\n"                                                          \
  "param W: real[32, 32] = normal(0.1)\n"                                                          \
  "scan t in 0..256 checkpoint " k " with h = zeros(2, 32) {\n"                                    \
  "  h[n, j] = tanh(sum[i](U[j, i] * x[n, t, i]) + sum[i](W[j, i] * h[n, i]))\n"                   \
  "}\n"                                                                                            \
  "loss = sum(h)\n"

/* A segment is computed again in the loop of its derivative, its input products beside it: nothing
   but the kept steps is stored for all segments. */
static void test_segments(void **state) {
  const char *text = SEGMENTS("16") "export d(x) = grad(loss, U), grad(loss, W)";
  const Plan *p = plan(*state, text);
  for (BufferId i = 0; i < p->n_buffers; i++) {
    const Buffer *b = &p->buffers[i];
    if (b->kind != BUFFER_WORKSPACE || strcmp(b->name, "h.before") == 0) continue;
    assert_true(b->elements < 2 * 16 * 2 * 32);
  }
  assert_true(buffer_of(p, "h.before")->elements >= 16 * 2 * 32);
  const Plan *all = plan(*state, SEGMENTS("256") "export d(x) = grad(loss, U), grad(loss, W)");
  assert_true(4 * p->workspace_bytes < all->workspace_bytes);
}

/* The derivative by the input is an output of the loop, for all steps, but not what it reads. */
static void test_segments_of_input(void **state) {
  const Plan *p = plan(*state, SEGMENTS("16") "export d(x) = grad(loss, x)");
  assert_true(buffer_of(p, "x_bar.segments")->elements >= 2 * 256 * 16);
  for (BufferId i = 0; i < p->n_buffers; i++) {
    const Buffer *b = &p->buffers[i];
    if (b->kind == BUFFER_WORKSPACE && b->rank == 4 && b->extents[3] == 32)
      assert_int_equal(b->strides[0], 0);
  }
}

/* The derivative reads the activations at all steps, in a loop of its own; but not what they are
   computed from: tiles of both gates, in the kernel. */
static void test_steps_read_later(void **state) {
  const Plan *p = plan(*state, GATED "export d(x) = grad(sum(h), W)");
  const Buffer *activation = buffer_of(p, "h.tanh");
  const Local *gates = NULL;
  for (BufferId i = 0; i < p->n_buffers; i++) assert_string_not_equal(p->buffers[i].name, "g");
  assert_true(activation->strides[0] > 0);
  assert_true(activation->elements >= 6 * 32 * 64);
  const Kernel *k = kernel_of(p, "g");
  for (uint32_t i = 0; i < k->n_locals && gates == NULL; i++)
    if (k->locals[i].name[0] == 'g' && k->locals[i].dimensions == 2) gates = &k->locals[i];
  assert_non_null(gates);
  assert_int_equal(gates->size[0] % 2, 0);
}

/* a is read at its own step of the inner loop, but one step of the outer one later: all are kept.
 */
static void test_steps_of_outer_loop(void **state) {
  const Plan *p = plan(*state, "input w: real[5, 7]\n"
                               "scan s in 0..5, j in 0..7 {\n"
                               "  a[s, j] = tanh(w[s, j] + 0.5 * (b[s, j-1] ?? 0.1))\n"
                               "  b[s, j] = sin(a[s, j]) + 0.3 * (a[s-1, j] ?? 0)\n"
                               "}\n"
                               "export last(w) = b[4, 6]");
  const Buffer *a = buffer_of(p, "a");
  assert_true(a->strides[0] > 0 && a->strides[1] > 0);
  assert_true(a->elements >= 35);
}

/* A window is read where it lies, from a padded copy: no table of all windows. The weights' adjoint
   has lanes along the batch, that of the input reads the padded adjoint backwards. */
static void test_windows(void **state) {
  const Plan *p =
      plan(*state, "input x: real[32, 3, 12]\n"
                   "param K: real[8, 3, 5] = normal(0.1)\n"
                   "y[n, f, m: 12] = sum[c, i](K[f, c, i] * (x[n, c, m + i - 2] ?? 0))\n"
                   "loss = sum(y^2)\n"
                   "export g(x) = grad(loss, K), grad(loss, x)");
  uint32_t contractions = 0;
  for (KernelId i = 0; i < p->n_kernels; i++) contractions += holds(&p->kernels[i], "contraction");
  assert_int_equal(contractions, 3);
  for (BufferId i = 0; i < p->n_buffers; i++)
    assert_true(p->buffers[i].elements <= 32 * 8 * (12 + 4));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(test_forward),
      TEST(test_backward),
      TEST(test_step_before_the_first),
      TEST(test_guarded_product),
      TEST(test_uniform_conditions),
      TEST(test_conditions_of_lanes),
      TEST(test_default_of_bytes),
      TEST(test_table),
      TEST(test_single_steps),
      TEST(test_steps_kept),
      TEST(test_step_read_too_late),
      TEST(test_segments),
      TEST(test_segments_of_input),
      TEST(test_steps_read_later),
      TEST(test_steps_of_outer_loop),
      TEST(test_windows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
