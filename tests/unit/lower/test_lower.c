/* The structure of plans: what is fused, recognised, stored, shared. What they compute is tested by
   running them: tests/random. */
#include "world.h"

static void test_epilogue(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 64, 100);
  TensorId h = dense(w, x, 64, 48, 100, param(w, "W", 48, 100), param(w, "b", 48, 0));
  output(w, "sum", define(w, "total", 48, 0, REDUCE_SUM, 64, read2(w, h, w->i1, w->i0)));
  output(w, "most", define(w, "greatest", 48, 0, REDUCE_MAX, 64, read2(w, h, w->i1, w->i0)));
  const Plan *p = plan(w);
  /* the product with + b and max; both reductions */
  assert_int_equal(p->entries[0].n_calls, 2);
  assert_true(has_accumulators(call(p, 0)));
  assert_null(buffer_named(p, "s"));
  assert_null(buffer_named(p, "z"));
  assert_non_null(buffer_named(p, "h"));
}

/* where(z > 0, next's last number, 0) beside h = max(z, 0), which the product next reads; z. */
static TensorId masked(World *w, TensorId x) {
  TensorId h = dense(w, x, 64, 48, 100, param(w, "W", 48, 100), param(w, "b", 48, 0)), z = h - 1;
  TensorId next = dense(w, h, 64, 32, 48, param(w, "V", 32, 48), param(w, "c", 32, 0));
  ExprId last = read2(w, next, expr_integer(w->g, TYPE_I32, 63), expr_integer(w->g, TYPE_I32, 31));
  ExprId mask = op(w, OP_GT, read2(w, z, w->i0, w->i1), real(w, 0));
  ExprId kept = expr_op3(w->g, OP_WHERE, mask, last, real(w, 0));
  output(w, "kept", define(w, "kept", 64, 48, REDUCE_NONE, 0, kept));
  return z;
}

static bool has_place(const Plan *p, TensorId tensor) {
  for (BufferId i = 0; i < p->n_buffers; i++)
    if (p->buffers[i].tensor == tensor && p->buffers[i].kind == BUFFER_WORKSPACE) return true;
  return false;
}

static void test_what_is_clipped_needs_no_place(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 64, 100);
  TensorId z = masked(w, x);
  assert_false(has_place(plan(w), z));
}

static void test_what_is_read_beside_its_mask_has_a_place(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 64, 100);
  TensorId z = masked(w, x);
  output(w, "least", define(w, "least", 48, 0, REDUCE_MIN, 64, read2(w, z, w->i1, w->i0)));
  assert_true(has_place(plan(w), z));
}

/* With the batch alone in common, along which lanes run, each would go through all of its memory
   for each vector. */
static void test_long_ways_are_gone_apart(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 64, 784);
  TensorId h =
      dense(w, x, 64, 1024, 784, input(w, "W", TYPE_F32, 1024, 784), param(w, "b", 1024, 0));
  ExprId half = op(w, OP_ADD, op(w, OP_MUL, expr_integer(w->g, TYPE_I32, 2), w->i1), w->i2);
  TensorId a = define(w, "a", 64, 512, REDUCE_MAX, 2, read2(w, h, w->i0, half));
  ExprId back = op(w, OP_SUB, expr_integer(w->g, TYPE_I32, 511), w->i1);
  TensorId c =
      define(w, "c", 64, 512, REDUCE_NONE, 0, expr_op1(w->g, OP_TANH, read2(w, a, w->i0, back)));
  output(w, "most", define(w, "most", 512, 0, REDUCE_MAX, 64, read2(w, c, w->i1, w->i0)));
  output(w, "least", define(w, "least", 512, 0, REDUCE_MIN, 64, read2(w, c, w->i1, w->i0)));
  output(w, "other", define(w, "other", 512, 0, REDUCE_MAX, 64, read2(w, a, w->i1, w->i0)));
  const Plan *p = plan(w);
  assert_non_null(buffer_named(p, "a"));
  assert_int_equal(buffer_named(p, "a")->strides[0], 1);
  for (uint32_t i = 0; i < p->entries[0].n_calls; i++)
    if (strcmp(call(p, i)->name, "a") == 0) assert_int_equal(p->entries[0].calls[i].n_computes, 1);
}

/* The batch is what lanes run along: the weights are read one by one, and not copied. */
static void test_weights_are_not_copied(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 64, 784);
  TensorId h = dense(w, x, 64, 256, 784, input(w, "W", TYPE_F32, 256, 784), param(w, "b", 256, 0));
  output(w, "most", define(w, "most", 0, 0, REDUCE_MAX, 64, read2(w, h, w->i0, w->i0)));
  const Plan *p = plan(w);
  assert_non_null(buffer_named(p, "x.T"));
  assert_null(buffer_named(p, "W.T"));
}

/* A tile reads its columns of all rows from one end to the other. */
static void test_copies_lie_in_panels(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 64, 784);
  TensorId h = dense(w, x, 64, 256, 784, input(w, "W", TYPE_F32, 256, 784), param(w, "b", 256, 0));
  output(w, "most", define(w, "most", 0, 0, REDUCE_MAX, 64, read2(w, h, w->i0, w->i0)));
  const Buffer *copy = buffer_named(plan(w), "x.T");
  assert_int_equal(copy->panel_axis, 0);
  assert_true(copy->panel >= 16 && copy->panel < 64);
  assert_int_equal(copy->strides[0], 1);
  assert_int_equal(copy->strides[1], copy->panel);
  assert_int_equal(copy->elements, 64 * 784);
  assert_int_equal(panel_factor(copy), 783);
  assert_false(is_row_major(copy));
}

/* y[n, i] = sum[j](d[n, j] V[j, i]), where rows of V are 2 KB apart and fall on two sets of L1. */
static const Plan *with_conflicting_rows(World *w, int64_t n) {
  TensorId d = input(w, "d", TYPE_F32, n, 128), V = input(w, "V", TYPE_F32, 128, 512);
  ExprId product = op(w, OP_MUL, read2(w, d, w->i0, w->i2), read2(w, V, w->i2, w->i1));
  output(w, "y", define(w, "y", n, 512, REDUCE_SUM, 128, product));
  return plan(w);
}

static void test_conflicting_rows_are_copied(void **state) {
  const Buffer *copy = buffer_named(with_conflicting_rows(*state, 256), "V.panels");
  assert_non_null(copy);
  assert_int_equal(copy->panel_axis, 1);
}

/* y[i, n] = sum[j](V[j, i] d[j, n]): lanes run along n, and V is read down its columns. */
static void test_conflicting_columns_are_copied(void **state) {
  World *w = *state;
  TensorId d = input(w, "d", TYPE_F32, 128, 256), V = input(w, "V", TYPE_F32, 128, 512);
  ExprId product = op(w, OP_MUL, read2(w, V, w->i2, w->i0), read2(w, d, w->i2, w->i1));
  TensorId y = define(w, "y", 512, 256, REDUCE_SUM, 128, product);
  output(w, "least", define(w, "least", 512, 0, REDUCE_MIN, 256, read2(w, y, w->i0, w->i1)));
  const Buffer *copy = buffer_named(plan(w), "V.T");
  assert_non_null(copy);
  assert_int_equal(copy->strides[0], 1);
}

/* Few rows of the result are not worth a copy. */
static void test_rows_read_seldom_are_not_copied(void **state) {
  assert_null(buffer_named(with_conflicting_rows(*state, 16), "V.panels"));
}

/* The innermost loop that is not unrolled completely; those around it go turn by turn. */
static const Statement *innermost_loop(StatementList block) {
  const Statement *found = NULL;
  for (uint32_t i = 0; i < block.n && found == NULL; i++) {
    const Statement *s = &block.items[i];
    if (s->kind != STATEMENT_LOOP || s->mark == LOOP_UNROLLED) continue;
    found = innermost_loop(s->body);
    if (found == NULL) found = s;
  }
  return found;
}

static LoopMark mark_of_sum(World *w, const char *target) {
  TensorId x = input(w, "x", TYPE_F32, 64, 784);
  output(w, "h",
         dense(w, x, 64, 256, 784, input(w, "W", TYPE_F32, 256, 784), param(w, "b", 256, 0)));
  const Plan *p = plan_for(w, target);
  for (uint32_t i = 0; i < p->entries[0].n_calls; i++)
    if (has_accumulators(call(p, i))) return innermost_loop(call(p, i)->body)->mark;
  return LOOP_PLAIN;
}

/* Of twelve sums in sixteen registers two turns are one; of twenty-four in thirty-two, counting is
   a small part. */
static void test_small_tiles_take_two_turns(void **state) {
  assert_int_equal(mark_of_sum(*state, "x86-64-v3"), LOOP_UNROLLED2);
}

static void test_large_tiles_take_one_turn(void **state) {
  assert_int_equal(mark_of_sum(*state, "x86-64-v4"), LOOP_ROLLED);
}

/* A param that nothing changes lies as its reader wants it: with the result's index innermost. */
static void test_params_lie_as_they_are_read(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 1, 784);
  TensorId h = dense(w, x, 1, 256, 784, param(w, "W", 256, 784), param(w, "b", 256, 0));
  output(w, "h", h);
  const Plan *p = plan(w);
  assert_null(buffer_named(p, "x.T"));
  assert_null(buffer_named(p, "W.T"));
  const Buffer *stored = stored_param(p, "W");
  assert_int_equal(stored->strides[0], 1);
  assert_int_equal(stored->strides[1], 256);
  assert_int_equal(stored->elements, 256 * 784);
}

/* One that is more than L2 holds, as 512 x 1,024 floats are, comes fastest in whole rows, as it is.
 */
static void test_large_params_are_read_in_rows(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 1, 1024);
  TensorId h = dense(w, x, 1, 512, 1024, param(w, "W", 512, 1024), param(w, "b", 512, 0));
  output(w, "h", h);
  const Plan *p = plan(w);
  assert_null(buffer_named(p, "W.T"));
  assert_true(is_row_major(stored_param(p, "W")));
}

/* Where two read it along different axes, it stays row-major. */
static void test_params_read_in_two_ways_are_row_major(void **state) {
  World *w = *state;
  TensorId W = param(w, "W", 64, 64);
  TensorId h = dense(w, input(w, "x", TYPE_F32, 1, 64), 1, 64, 64, W, param(w, "b", 64, 0));
  ExprId back = op(w, OP_MUL, read2(w, W, w->i2, w->i1), read2(w, h, w->i0, w->i2));
  output(w, "y", define(w, "y", 1, 64, REDUCE_SUM, 64, back));
  assert_true(is_row_major(stored_param(plan(w), "W")));
}

/* m, e, t and e / t over the rows of x: one kernel, nothing between stored. */
static void test_softmax_row(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 32, 10);
  TensorId m = define(w, "m", 32, 0, REDUCE_MAX, 10, read2(w, x, w->i0, w->i1));
  ExprId moved = op(w, OP_SUB, read2(w, x, w->i0, w->i1), read1(w, m, w->i0));
  TensorId e = define(w, "e", 32, 10, REDUCE_NONE, 0, expr_op1(w->g, OP_EXP, moved));
  TensorId t = define(w, "t", 32, 0, REDUCE_SUM, 10, read2(w, e, w->i0, w->i1));
  output(w, "p",
         define(w, "p", 32, 10, REDUCE_NONE, 0,
                op(w, OP_DIV, read2(w, e, w->i0, w->i1), read1(w, t, w->i0))));
  const Plan *p = plan(w);
  assert_int_equal(p->entries[0].n_calls, 1);
  assert_int_equal(p->workspace_bytes, 0);
}

/* W - 0.1 xᵀ d, stored where W is: the gradient is nowhere. */
static void test_update_in_epilogue(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 32, 64), d = input(w, "d", TYPE_F32, 32, 48);
  TensorId W = param(w, "W", 48, 64);
  ExprId product = op(w, OP_MUL, read2(w, d, w->i2, w->i0), read2(w, x, w->i2, w->i1));
  TensorId gradient = define(w, "W_bar", 48, 64, REDUCE_SUM, 32, product);
  ExprId step = op(w, OP_MUL, real(w, 0.1), read2(w, gradient, w->i0, w->i1));
  update(w, W,
         define(w, "W'", 48, 64, REDUCE_NONE, 0, op(w, OP_SUB, read2(w, W, w->i0, w->i1), step)));
  const Plan *p = plan(w);
  assert_int_equal(p->entries[0].n_calls, 1);
  assert_true(has_accumulators(call(p, 0)));
  assert_int_equal(p->workspace_bytes, 0);
}

/* An update is stored after the last reader of the old value has run. */
static void test_old_values(void **state) {
  World *w = *state;
  TensorId a = param(w, "a", 40, 0), b = param(w, "b", 40, 0);
  update(w, a,
         define(w, "a'", 40, 0, REDUCE_NONE, 0,
                op(w, OP_ADD, read1(w, a, w->i0), read1(w, b, w->i0))));
  ExprId reversed = op(w, OP_SUB, expr_integer(w->g, TYPE_I32, 39), w->i0);
  update(w, b, define(w, "b'", 40, 0, REDUCE_NONE, 0, read1(w, a, reversed)));
  const Plan *p = plan(w);
  /* a' must not be stored before b' has read a at other points, nor b' before a' has read b */
  const EntryPlan *e = &p->entries[0];
  uint32_t written = UINT32_MAX;
  for (uint32_t i = 0; i < e->n_calls; i++)
    for (uint32_t k = 0; k < call(p, i)->n_parameters; k++) {
      const Buffer *buffer = &p->buffers[e->calls[i].buffers[k]];
      if (buffer->tensor != a) continue;
      assert_true(written == UINT32_MAX);
      if (call(p, i)->parameters[k].written) written = i;
    }
  assert_true(written != UINT32_MAX);
  assert_true(p->workspace_bytes > 0);
}

/* A chain of five: two places are enough. */
static void test_memory_is_reused(void **state) {
  World *w = *state;
  TensorId last = input(w, "x", TYPE_F32, 100, 0);
  for (int i = 0; i < 5; i++) /* scans, so that none is computed in its reader */
    last = define(w, NULL, 100, 0, REDUCE_MAX, 100,
                  op(w, OP_SUB, read1(w, last, w->i1), read1(w, last, w->i0)));
  output(w, "y", last);
  const Plan *p = plan(w);
  assert_int_equal(p->entries[0].n_calls, 5);
  assert_int_equal(p->workspace_bytes, 2 * 448);
}

/* where(z > 0, d V, 0) is the last reader of z: stored where z was. */
static void test_results_in_place(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 64, 32), d = input(w, "d", TYPE_F32, 64, 32);
  TensorId W = param(w, "W", 48, 32), V = param(w, "V", 48, 32);
  ExprId forward = op(w, OP_MUL, read2(w, W, w->i1, w->i2), read2(w, x, w->i0, w->i2));
  TensorId z = define(w, "z", 64, 48, REDUCE_SUM, 32, forward);
  ExprId back = op(w, OP_MUL, read2(w, V, w->i1, w->i2), read2(w, d, w->i0, w->i2));
  TensorId g = define(w, "g", 64, 48, REDUCE_SUM, 32, back);
  ExprId some = op(w, OP_GT, read2(w, z, w->i0, w->i1), real(w, 0));
  TensorId masked = define(w, "masked", 64, 48, REDUCE_NONE, 0,
                           expr_op3(w->g, OP_WHERE, some, read2(w, g, w->i0, w->i1), real(w, 0)));
  ExprId here = read2(w, masked, w->i1, w->i0);
  output(w, "sum", define(w, "sum", 48, 0, REDUCE_SUM, 64, here));
  output(w, "most", define(w, "most", 48, 0, REDUCE_MAX, 64, here));
  const Plan *p = plan(w);
  assert_non_null(buffer_named(p, "z"));
  assert_null(buffer_named(p, "masked"));
}

static void test_alike_kernels_are_one(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 16, 0), y = input(w, "y", TYPE_F32, 16, 0);
  output(w, "a", define(w, "a", 0, 0, REDUCE_SUM, 16, read1(w, x, w->i0)));
  output(w, "b", define(w, "b", 0, 0, REDUCE_SUM, 16, read1(w, y, w->i0)));
  const Plan *p = plan(w);
  assert_int_equal(p->entries[0].n_calls, 2);
  assert_int_equal(p->n_kernels, 1);
}

/* sum[n](where(J == t[n], v[n], 0)): 20 steps, not 20 times 1000. */
static void test_scatter_is_not_dense(void **state) {
  World *w = *state;
  TensorId t = input(w, "t", TYPE_I32, 20, 0), v = input(w, "v", TYPE_F32, 20, 0);
  ExprId here = op(w, OP_EQ, w->i0, read1(w, t, w->i1));
  ExprId body = expr_op3(w->g, OP_WHERE, here, read1(w, v, w->i1), real(w, 0));
  output(w, "y", define(w, "y", 1000, 0, REDUCE_SUM, 20, body));
  const Plan *p = plan(w);
  assert_int_equal(p->entries[0].n_calls, 1);
  assert_true(statements_run(call(p, 0)->body) < 2000);
}

/* The entry looks at one input only, which must be within [low, high] to be used as an index. */
static void assert_checked(const Plan *p, uint32_t input, int64_t low, int64_t high) {
  assert_int_equal(p->entries[0].n_checks, 1);
  assert_int_equal(p->entries[0].checks[0].input, input);
  assert_int_equal(p->entries[0].checks[0].within.low, low);
  assert_int_equal(p->entries[0].checks[0].within.high, high);
}

/* i32(t[i]) + c */
static ExprId shifted(World *w, TensorId t, int64_t c) {
  ExprId index = expr_cast(w->g, TYPE_I32, read1(w, t, w->i0));
  return op(w, OP_ADD, index, expr_integer(w->g, TYPE_I32, c));
}

static void read_at(World *w, const char *name, TensorId x, ExprId at) {
  output(w, name, define(w, name, 20, 0, REDUCE_NONE, 0, read1(w, x, at)));
}

static void test_indices_are_checked(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 50, 0), t = input(w, "t", TYPE_U8, 20, 0);
  read_at(w, "y", x, shifted(w, t, 3));
  assert_checked(plan(w), 1, INT64_MIN, 46);
  read_at(w, "z", x, shifted(w, t, -1));
  assert_checked(plan(w), 1, 1, 46);
}

/* x[40 - t[i]]: t in [-9, 40]. */
static void test_indices_are_checked_from_the_end(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 50, 0), t = input(w, "t", TYPE_I32, 20, 0);
  ExprId from = expr_integer(w->g, TYPE_I32, 40);
  read_at(w, "y", x, op(w, OP_SUB, from, read1(w, t, w->i0)));
  assert_checked(plan(w), 1, -9, 40);
}

/* x[t[i] + u[i] - 1]: what is wrong whatever the other is. */
static void test_indices_of_two_inputs_are_checked(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 50, 0), t = input(w, "t", TYPE_I32, 20, 0);
  TensorId u = input(w, "u", TYPE_U8, 20, 0);
  read_at(w, "y", x, op(w, OP_ADD, shifted(w, t, -1), shifted(w, u, 0)));
  assert_checked(plan(w), 1, 1 - 255, 50);
}

/* k[i] = t[i] + 3, y[i] = x[k[i]]: the input behind the definition is checked. */
static void test_indices_are_checked_through_definitions(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 50, 0), t = input(w, "t", TYPE_I32, 20, 0);
  TensorId k = define(w, "k", 20, 0, REDUCE_NONE, 0, shifted(w, t, 3));
  output(w, "k", k);
  read_at(w, "y", x, read1(w, k, w->i0));
  assert_checked(plan(w), 1, -3, 46);
}

/* x[where(t[i] >= 0, t[i] + 3, 0)]: what the condition says is not asked of the input. */
static void test_indices_are_checked_through_where(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 50, 0), t = input(w, "t", TYPE_I32, 20, 0);
  ExprId index = read1(w, t, w->i0), zero = expr_integer(w->g, TYPE_I32, 0);
  ExprId known = expr_op3(w->g, OP_WHERE, op(w, OP_GE, index, zero), shifted(w, t, 3), zero);
  ExprId unknown = expr_op3(w->g, OP_WHERE, op(w, OP_EQ, w->i0, zero), zero, shifted(w, t, -1));
  read_at(w, "y", x, known);
  assert_checked(plan(w), 1, INT64_MIN, 46);
  read_at(w, "z", x, unknown);
  assert_checked(plan(w), 1, 1, 46);
}

/* where(t[i] != c, x[t[i] - 1], 0): c is right, and as far as to it nothing can be said. */
static void test_excluded_indices_are_right(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 50, 0), t = input(w, "t", TYPE_I32, 20, 0);
  TensorId u = input(w, "u", TYPE_I32, 20, 0);
  ExprId zero = expr_integer(w->g, TYPE_I32, 0), nothing = real(w, 0);
  ExprId read = read1(w, x, shifted(w, t, -1));
  ExprId body = expr_op3(w->g, OP_WHERE, op(w, OP_NE, read1(w, t, w->i0), zero), read, nothing);
  output(w, "y", define(w, "y", 20, 0, REDUCE_NONE, 0, body));
  assert_checked(plan(w), 1, 0, 50);
  ExprId far = op(w, OP_EQ, read1(w, u, w->i0), expr_integer(w->g, TYPE_I32, 99));
  body = expr_op3(w->g, OP_WHERE, far, nothing, read1(w, x, shifted(w, u, 0)));
  output(w, "z", define(w, "z", 20, 0, REDUCE_NONE, 0, body));
  const Plan *p = plan(w);
  assert_int_equal(p->entries[0].n_checks, 2);
  assert_int_equal(p->entries[0].checks[1].within.low, 0);
  assert_int_equal(p->entries[0].checks[1].within.high, 99);
}

/* Only one branch may be evaluated: no lanes, and a branch in the code. */
static void test_branches(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 30, 0);
  ExprId before = op(w, OP_SUB, w->i0, expr_integer(w->g, TYPE_I32, 2));
  ExprId inside = op(w, OP_GE, w->i0, expr_integer(w->g, TYPE_I32, 2));
  ExprId body = expr_op3(w->g, OP_WHERE, inside, read1(w, x, before), real(w, 1));
  output(w, "y", define(w, "y", 32, 0, REDUCE_NONE, 0, body));
  const Plan *p = plan(w);
  const Kernel *k = call(p, 0);
  for (uint32_t i = 0; i < k->n_values; i++) assert_int_equal(k->values[i].type.lanes, 1);
  assert_int_equal(k->body.items[0].body.items[1].kind, STATEMENT_IF);
}

static void test_scalars_out_of_loops(void **state) {
  World *w = *state;
  TensorId x = input(w, "x", TYPE_F32, 64, 0), s = input(w, "s", TYPE_F32, 0, 0);
  ExprId scale = expr_op1(w->g, OP_LOG, read0(w, s));
  output(w, "y", define(w, "y", 64, 0, REDUCE_NONE, 0, op(w, OP_DIV, read1(w, x, w->i0), scale)));
  const Plan *p = plan(w);
  const Kernel *last = call(p, p->entries[0].n_calls - 1);
  for (uint32_t i = 0; i < last->n_values; i++) {
    assert_false(last->values[i].kind == VALUE_OP && last->values[i].op == OP_LOG);
    assert_false(last->values[i].kind == VALUE_OP && last->values[i].op == OP_DIV);
  }
}

static void test_targets(void **state) {
  World *w = *state;
  assert_null(target_named(w->arena, "vax"));
  assert_non_null(target_named(w->arena, "native"));
  assert_int_equal(target_named(w->arena, "aarch64")->vector_bytes, 16);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_epilogue),
      TEST(test_what_is_clipped_needs_no_place),
      TEST(test_what_is_read_beside_its_mask_has_a_place),
      TEST(test_long_ways_are_gone_apart),
      TEST(test_weights_are_not_copied),
      TEST(test_copies_lie_in_panels),
      TEST(test_conflicting_columns_are_copied),
      TEST(test_conflicting_rows_are_copied),
      TEST(test_rows_read_seldom_are_not_copied),
      TEST(test_small_tiles_take_two_turns),
      TEST(test_large_tiles_take_one_turn),
      TEST(test_params_lie_as_they_are_read),
      TEST(test_large_params_are_read_in_rows),
      TEST(test_params_read_in_two_ways_are_row_major),
      TEST(test_softmax_row),
      TEST(test_update_in_epilogue),
      TEST(test_old_values),
      TEST(test_memory_is_reused),
      TEST(test_results_in_place),
      TEST(test_alike_kernels_are_one),
      TEST(test_scatter_is_not_dense),
      TEST(test_indices_are_checked),
      TEST(test_indices_are_checked_through_definitions),
      TEST(test_indices_are_checked_through_where),
      TEST(test_indices_are_checked_from_the_end),
      TEST(test_indices_of_two_inputs_are_checked),
      TEST(test_excluded_indices_are_right),
      TEST(test_branches),
      TEST(test_scalars_out_of_loops),
      TEST(test_targets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
