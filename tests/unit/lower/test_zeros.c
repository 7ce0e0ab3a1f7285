/* Sums within what masks leave of them. */
#include <math.h>
#include "world.h"

enum { STEPS = 64, WIDTH = 48 };

/* s[t, u] = where(condition, sum[e](q[t, e] * k[u, e]), none) */
static TensorId scores(World *w, ExprId condition, double none) {
  TensorId q = input(w, "q", TYPE_F32, STEPS, WIDTH), k = input(w, "k", TYPE_F32, STEPS, WIDTH);
  ExprId product = op(w, OP_MUL, read2(w, q, w->i0, w->i2), read2(w, k, w->i1, w->i2));
  TensorId sum = define(w, "s.product", STEPS, STEPS, REDUCE_SUM, WIDTH, product);
  ExprId kept = read2(w, sum, w->i0, w->i1);
  ExprId s = expr_op3(w->g, OP_WHERE, condition, kept, real(w, none));
  return define(w, "s", STEPS, STEPS, REDUCE_NONE, 0, s);
}

/* The softmax of each row. */
static TensorId softmax(World *w, TensorId s) {
  TensorId m = define(w, "m", STEPS, 0, REDUCE_MAX, STEPS, read2(w, s, w->i0, w->i1));
  ExprId moved = op(w, OP_SUB, read2(w, s, w->i0, w->i1), read1(w, m, w->i0));
  TensorId e = define(w, "e", STEPS, STEPS, REDUCE_NONE, 0, expr_op1(w->g, OP_EXP, moved));
  TensorId t = define(w, "t", STEPS, 0, REDUCE_SUM, STEPS, read2(w, e, w->i0, w->i1));
  ExprId share = op(w, OP_DIV, read2(w, e, w->i0, w->i1), read1(w, t, w->i0));
  return define(w, "p", STEPS, STEPS, REDUCE_NONE, 0, share);
}

/* o[t, e] = sum[u](p[t, u] * v[u, e]) */
static void mix(World *w, TensorId p) {
  TensorId v = input(w, "v", TYPE_F32, STEPS, WIDTH);
  ExprId product = op(w, OP_MUL, read2(w, p, w->i0, w->i2), read2(w, v, w->i2, w->i1));
  output(w, "o", define(w, "o", STEPS, WIDTH, REDUCE_SUM, STEPS, product));
}

static bool has_limits(StatementList block) {
  for (uint32_t i = 0; i < block.n; i++) {
    const Statement *s = &block.items[i];
    if (s->kind == STATEMENT_LOOP && (s->least != NULL || s->beyond != NULL)) return true;
    if (has_limits(s->body) || has_limits(s->other)) return true;
  }
  return false;
}

/* Of the contraction whose kernel's name begins so. */
static bool is_limited(const Plan *p, const char *name) {
  for (uint32_t i = 0; i < p->entries[0].n_calls; i++)
    if (strncmp(call(p, i)->name, name, strlen(name)) == 0 && has_accumulators(call(p, i)))
      return has_limits(call(p, i)->body);
  fail_msg("no kernel %s", name);
  return false;
}

static void test_causal_attention(void **state) {
  World *w = *state;
  mix(w, softmax(w, scores(w, op(w, OP_LE, w->i1, w->i0), -INFINITY)));
  const Plan *p = plan(w);
  assert_true(is_limited(p, "o"));
  assert_true(is_limited(p, "s"));
}

/* The first row has nothing left: its softmax is no number, and neither is what is mixed. */
static void test_a_row_of_nothing_is_no_number(void **state) {
  World *w = *state;
  mix(w, softmax(w, scores(w, op(w, OP_LT, w->i1, w->i0), -INFINITY)));
  const Plan *p = plan(w);
  assert_false(is_limited(p, "o"));
  assert_true(is_limited(p, "s"));
}

static void test_triangle(void **state) {
  World *w = *state;
  mix(w, scores(w, op(w, OP_LT, w->i1, w->i0), 0));
  const Plan *p = plan(w);
  assert_true(is_limited(p, "o"));
  assert_true(is_limited(p, "s"));
}

/* A mask of something else than 0. */
static void test_other_values_count(void **state) {
  World *w = *state;
  mix(w, scores(w, op(w, OP_LT, w->i1, w->i0), 1));
  assert_false(is_limited(plan(w), "o"));
}

static void test_what_others_ask_for_is_computed(void **state) {
  World *w = *state;
  TensorId s = scores(w, op(w, OP_LE, w->i1, w->i0), 0), product = s - 1;
  output(w, "all", define(w, "all", STEPS, 0, REDUCE_MAX, STEPS, read2(w, product, w->i0, w->i1)));
  mix(w, s);
  const Plan *p = plan(w);
  assert_true(is_limited(p, "o"));
  assert_false(is_limited(p, "s"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_causal_attention),
      TEST(test_a_row_of_nothing_is_no_number),
      TEST(test_triangle),
      TEST(test_other_values_count),
      TEST(test_what_others_ask_for_is_computed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
