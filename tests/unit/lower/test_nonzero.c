/* A matrix by a vector with many zeros: of the matrix only what counts is read. */
#include "world.h"

/* h = max(x Wᵀ + b, 0) of n rows, y = h Vᵀ. */
static const Plan *two_layers(World *w, int64_t n, int64_t inner, int64_t outer) {
  TensorId x = input(w, "x", TYPE_F32, n, 64), V = param(w, "V", outer, inner);
  TensorId h = dense(w, x, n, inner, 64, param(w, "W", inner, 64), param(w, "b", inner, 0));
  ExprId product = op(w, OP_MUL, read2(w, V, w->i1, w->i2), read2(w, h, w->i0, w->i2));
  output(w, "y", define(w, "y", n, outer, REDUCE_SUM, inner, product));
  return plan(w);
}

static bool lists_nonzeros(const Kernel *k) {
  for (uint32_t i = 0; i < k->n_locals; i++)
    if (strcmp(k->locals[i].name, "nonzero") == 0) return true;
  return false;
}

static uint32_t count_lists(const Plan *p) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < p->n_kernels; i++) count += lists_nonzeros(&p->kernels[i]);
  return count;
}

/* Of the two products one has a factor that was clipped. */
static void test_what_was_clipped_is_listed(void **state) {
  assert_int_equal(count_lists(two_layers(*state, 1, 96, 80)), 1);
}

/* An image, given in bytes. */
static void test_bytes_are_listed(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_U8, 1, 64), W = param(w, "W", 96, 64);
  ExprId shade = op(w, OP_DIV, expr_cast(w->g, TYPE_F32, read2(w, x, w->i0, w->i2)), real(w, 255));
  ExprId product = op(w, OP_MUL, read2(w, W, w->i1, w->i2), shade);
  output(w, "y", define(w, "y", 1, 96, REDUCE_SUM, 64, product));
  assert_int_equal(count_lists(plan(w)), 1);
}

/* Other rows are not 0 where the first one is. */
static void test_rows_together_are_not_listed(void **state) {
  assert_int_equal(count_lists(two_layers(*state, 16, 96, 80)), 0);
}

/* To look for zeros takes longer than to multiply with them. */
static void test_short_rows_are_not_listed(void **state) {
  assert_int_equal(count_lists(two_layers(*state, 1, 96, 16)), 0);
}

/* Beyond L2, too, so that rows of the matrix stand for elements of the vector. */
static void test_large_params_are_read_in_part(void **state) {
  const Plan *p = two_layers(*state, 1, 1024, 512);
  assert_int_equal(count_lists(p), 1);
  assert_int_equal(stored_param(p, "V")->strides[0], 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_what_was_clipped_is_listed),
      TEST(test_bytes_are_listed),
      TEST(test_rows_together_are_not_listed),
      TEST(test_short_rows_are_not_listed),
      TEST(test_large_params_are_read_in_part),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
