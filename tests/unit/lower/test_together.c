/* Reductions that share their loops. */
#include "world.h"

enum { ROWS = 24, WIDTH = 64 };

static TensorId row_sum(World *w, const char *name, ExprId body) {
  TensorId t = define(w, name, ROWS, 0, REDUCE_SUM, WIDTH, body);
  output(w, name, t);
  return t;
}

/* Innermost loops. */
static int inner_loops(StatementList block) {
  int count = 0;
  for (uint32_t i = 0; i < block.n; i++) {
    const Statement *s = &block.items[i];
    int inside = inner_loops(s->body) + inner_loops(s->other);
    count += s->kind == STATEMENT_LOOP && inside == 0 ? 1 : inside;
  }
  return count;
}

static int loops_of_one_kernel(World *w) {
  const Plan *p = plan(w);
  assert_int_equal(p->entries[0].n_calls, 1);
  return inner_loops(call(p, 0)->body);
}

static void test_over_the_same_indices(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, ROWS, WIDTH), y = input(w, "y", TYPE_F32, ROWS, WIDTH);
  ExprId of_x = read2(w, x, w->i0, w->i1), of_y = read2(w, y, w->i0, w->i1);
  row_sum(w, "s", of_x);
  row_sum(w, "t", op(w, OP_MUL, of_x, of_y));
  assert_int_equal(loops_of_one_kernel(w), 1);
}

static void test_one_after_the_other(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, ROWS, WIDTH);
  ExprId of_x = read2(w, x, w->i0, w->i1);
  TensorId s = row_sum(w, "s", of_x);
  row_sum(w, "t", expr_op1(w->g, OP_EXP, op(w, OP_SUB, of_x, read1(w, s, w->i0))));
  assert_int_equal(loops_of_one_kernel(w), 2);
}

static void test_of_other_indices(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, ROWS, WIDTH), y = input(w, "y", TYPE_F32, ROWS, WIDTH / 2);
  row_sum(w, "s", read2(w, x, w->i0, w->i1));
  output(w, "t",
         define(w, "t", ROWS, 0, REDUCE_SUM, WIDTH / 2,
                op(w, OP_MUL, read2(w, x, w->i0, w->i1), read2(w, y, w->i0, w->i1))));
  assert_int_equal(loops_of_one_kernel(w), 2);
}

/* Σ g x and h Σ x are one sum. */
static void test_equal_but_for_a_factor(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, ROWS, WIDTH), g = input(w, "g", TYPE_F32, ROWS, 0);
  ExprId of_x = read2(w, x, w->i0, w->i1);
  row_sum(w, "s", of_x);
  row_sum(w, "t", op(w, OP_MUL, of_x, read1(w, g, w->i0)));
  const Plan *p = plan(w);
  double operations = 0;
  for (uint32_t i = 0; i < p->entries[0].n_calls; i++)
    operations += p->entries[0].calls[i].cost[PART_FORWARD].operations;
  assert_true(operations < 1.5 * ROWS * WIDTH);
}

/* a[n, c, q] = exp(x[n, c, q]) is kept, s[c] = sum[n, q](a[n, c, q]), or with q and c exchanged. */
static const Plan *of_elements(World *w, bool by_planes) {
  enum { BATCH = 8 };
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, 3),
          *reduced = ARENA_ARRAY(w->arena, int64_t, 2);
  extents[0] = reduced[0] = BATCH;
  extents[1] = extents[2] = reduced[1] = WIDTH;
  Tensor cube = tensor_new(TENSOR_INPUT, TYPE_F32);
  cube.name = "x";
  cube.rank = 3;
  cube.extents = extents;
  TensorId x = w->inputs[w->entry.n_inputs++] = graph_add(w->g, cube);
  cube.kind = TENSOR_DEFINITION;
  cube.name = "a";
  cube.body =
      expr_op1(w->g, OP_EXP, expr_read(w->g, x, (ExprId[]){w->i0, w->i1, w->i2}, 3, EXPR_NONE));
  TensorId a = graph_add(w->g, cube);
  output(w, "a", a);
  Tensor sum = shaped(w, TENSOR_DEFINITION, TYPE_F32, "s", WIDTH, 0);
  sum.reduction = REDUCE_SUM;
  sum.n_reduced = 2;
  sum.reduced_extents = reduced;
  ExprId at[3] = {w->i1, by_planes ? w->i0 : w->i2, by_planes ? w->i2 : w->i0};
  sum.body = expr_read(w->g, a, at, 3, EXPR_NONE);
  output(w, "s", graph_add(w->g, sum));
  return plan(w);
}

static void test_takes_elements_along(void **state) {
  const Plan *p = of_elements(*state, true);
  assert_int_equal(p->entries[0].n_calls, 1);
  assert_int_equal(inner_loops(call(p, 0)->body), 1);
  const Kernel *k = call(p, 0);
  for (uint32_t i = 0; i < k->n_parameters; i++) /* a is not read again */
    assert_true(!k->parameters[i].written || !k->parameters[i].read);
}

/* Its lanes would run along what they do not run along in memory. */
static void test_leaves_elements_their_lanes(void **state) {
  const Plan *p = of_elements(*state, false);
  assert_int_equal(p->entries[0].n_calls, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_over_the_same_indices), TEST(test_one_after_the_other),
      TEST(test_of_other_indices),      TEST(test_equal_but_for_a_factor),
      TEST(test_takes_elements_along),  TEST(test_leaves_elements_their_lanes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
