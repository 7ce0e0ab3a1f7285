/* What a plan costs: operations and bytes of its parts. */
#include "world.h"

static Cost total_cost(const Plan *p, Part part) {
  Cost total = {0};
  for (uint32_t i = 0; i < p->entries[0].n_calls; i++) {
    const Cost *c = &p->entries[0].calls[i].cost[part];
    total.operations += c->operations;
    total.read += c->read;
    total.written += c->written;
  }
  return total;
}

static void assert_cost(const Plan *p, Part part, double operations, double read, double written) {
  Cost c = total_cost(p, part);
  if (c.operations != operations || c.read != read || c.written != written)
    fail_msg("%.0f operations, %.0f bytes read, %.0f written", c.operations, c.read, c.written);
}

/* A multiply-add is two operations, whatever the tile; the bias and the maximum one each. The
   product's operands are read, their transposed copies are further bytes. */
static void test_cost_of_contraction(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 21, 37);
  output(w, "h", dense(w, x, 21, 19, 37, param(w, "W", 19, 37), param(w, "b", 19, 0)));
  const Plan *p = plan(w);
  assert_int_equal(total_cost(p, PART_FORWARD).operations, 21 * 19 * (2 * 37 + 2));
  assert_cost(p, PART_BACKWARD, 0, 0, 0);
  assert_cost(p, PART_UPDATE, 0, 0, 0);
}

/* where(x > 0, exp(x), x + 1): the comparison and both branches, at every point. */
static void test_cost_of_choices(void **state) {
  World *w = *state;
  ExprId x = read1(w, input(w, "x", TYPE_F32, 35, 0), w->i0);
  ExprId body = expr_op3(w->g, OP_WHERE, op(w, OP_GT, x, real(w, 0)), expr_op1(w->g, OP_EXP, x),
                         op(w, OP_ADD, x, real(w, 1)));
  output(w, "y", define(w, "y", 35, 0, REDUCE_NONE, 0, body));
  assert_cost(plan(w), PART_FORWARD, 3 * 35, 35 * 4, 35 * 4);
}

/* Of a table of 1000 rows, the 8 of the tokens are read; integers are no operations. */
static void test_cost_of_lookup(void **state) {
  World *w = *state;
  TensorId E = input(w, "E", TYPE_F32, 1000, 6), tokens = input(w, "tokens", TYPE_U8, 8, 0);
  ExprId at = expr_cast(w->g, TYPE_I32, read1(w, tokens, w->i0));
  ExprId row = op(w, OP_ADD, at, expr_integer(w->g, TYPE_I32, 1));
  output(w, "y", define(w, "y", 8, 6, REDUCE_NONE, 0, read2(w, E, row, w->i1)));
  assert_cost(plan(w), PART_FORWARD, 0, 8 * 6 * 4 + 8, 8 * 6 * 4);
}

/* h[t] = a[t] h[t − 1] + 1: two operations at each step. */
static void test_cost_of_recurrence(void **state) {
  World *w = *state;
  TensorId a = input(w, "a", TYPE_F32, 50, 0);
  Tensor t = shaped(w, TENSOR_DEFINITION, TYPE_F32, "h", 50, 0);
  t.body = EXPR_NONE;
  TensorId h = graph_add(w->g, t);
  ExprId before = op(w, OP_SUB, w->i0, expr_integer(w->g, TYPE_I32, 1));
  ExprId last = expr_read(w->g, h, &before, 1, real(w, 0));
  ExprId body = op(w, OP_ADD, op(w, OP_MUL, read1(w, a, w->i0), last), real(w, 1));
  tensor_at(w->g, h)->body = body;
  output(w, "h", h);
  assert_int_equal(total_cost(plan(w), PART_FORWARD).operations, 2 * 50);
}

/* loss = Σ (W x)², W̄ = 2 W x · x, W' = W − 0.1 W̄, which may stand in one kernel. */
static void test_cost_of_parts(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 40, 0), W = param(w, "W", 40, 0);
  ExprId wx = op(w, OP_MUL, read1(w, W, w->i0), read1(w, x, w->i0));
  output(w, "loss", define(w, "loss", 0, 0, REDUCE_SUM, 40, op(w, OP_MUL, wx, wx)));
  ExprId twice = op(w, OP_MUL, op(w, OP_MUL, real(w, 2), wx), read1(w, x, w->i0));
  TensorId bar = define(w, "W_bar", 40, 0, REDUCE_NONE, 0, twice);
  tensor_at(w->g, bar)->derived = true;
  ExprId step = op(w, OP_MUL, real(w, 0.125), read1(w, bar, w->i0));
  update(w, W, define(w, "W'", 40, 0, REDUCE_NONE, 0, op(w, OP_SUB, read1(w, W, w->i0), step)));
  const Plan *p = plan(w);
  /* w·x is written, and counted, once in each of the two factors */
  double operations = total_cost(p, PART_FORWARD).operations;
  assert_true(operations >= 40 * 3 && operations <= 40 * 4 + 16);
  double derivative = total_cost(p, PART_BACKWARD).operations;
  double change = total_cost(p, PART_UPDATE).operations;
  assert_int_equal(derivative + change, 40 * 5);
  assert_true(change >= 40 * 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_cost_of_contraction), TEST(test_cost_of_choices), TEST(test_cost_of_lookup),
      TEST(test_cost_of_recurrence),  TEST(test_cost_of_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
