/* Which axes lie in blocks, and what keeps them whole. */
#include "world.h"

enum { BATCH = 64, BLOCK = 32, CHANNELS = 6, WIDTH = 12, TAPS = 3, INNER = WIDTH - TAPS + 1 };

static Tensor shaped3(World *w, TensorKind kind, const char *name, int64_t a, int64_t b,
                      int64_t c) {
  Tensor t = tensor_new(kind, TYPE_F32);
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, 3);
  extents[0] = a;
  extents[1] = b;
  extents[2] = c;
  t.name = name;
  t.rank = 3;
  t.extents = extents;
  return t;
}

static ExprId read3(World *w, TensorId t, ExprId a, ExprId b, ExprId c) {
  return expr_read(w->g, t, (ExprId[]){a, b, c}, 3, EXPR_NONE);
}

static TensorId input3(World *w, int64_t batch) {
  TensorId id = graph_add(w->g, shaped3(w, TENSOR_INPUT, "x", batch, CHANNELS, WIDTH));
  w->inputs[w->entry.n_inputs++] = id;
  return id;
}

static TensorId filters(World *w) {
  Tensor t = shaped3(w, TENSOR_PARAM, "K", CHANNELS, CHANNELS, TAPS);
  Tensor zero = shaped3(w, TENSOR_DEFINITION, NULL, CHANNELS, CHANNELS, TAPS);
  zero.body = real(w, 0);
  t.initial = graph_add(w->g, zero);
  TensorId id = graph_add(w->g, t);
  w->params[w->program.n_params++] = id;
  return id;
}

/* z[n, f, p] = sum over c, i of K[f, c, i] · x[n, c, p + i] */
static TensorId convolve(World *w, int64_t batch) {
  TensorId x = input3(w, batch), K = filters(w);
  ExprId c = expr_index(w->g, 3), i = expr_index(w->g, 4);
  ExprId product =
      op(w, OP_MUL, read3(w, K, w->i1, c, i), read3(w, x, w->i0, c, op(w, OP_ADD, w->i2, i)));
  Tensor z = shaped3(w, TENSOR_DEFINITION, "z", batch, CHANNELS, INNER);
  z.body = product;
  z.reduction = REDUCE_SUM;
  z.n_reduced = 2;
  z.reduced_extents = shape(w, CHANNELS, TAPS);
  return graph_add(w->g, z);
}

/* out[n, f] = sum over p of tanh(z[n, f, p]) */
static TensorId sums(World *w, int64_t batch, TensorId z) {
  ExprId each = expr_op1(w->g, OP_TANH, read3(w, z, w->i0, w->i1, w->i2));
  return define(w, "sums", batch, CHANNELS, REDUCE_SUM, INNER, each);
}

static const Buffer *buffer_of_z(World *w) {
  const Buffer *b = buffer_named(plan_for(w, "x86-64-v3"), "z");
  assert_non_null(b);
  return b;
}

static void test_split(void **state) {
  World *w = *state;
  TensorId z = convolve(w, BATCH);
  output(w, "out", sums(w, BATCH, z));
  const Buffer *b = buffer_of_z(w);
  assert_int_equal(b->rank, 4);
  assert_int_equal(b->extents[0], BATCH / BLOCK);
  assert_int_equal(b->extents[1], BLOCK);
  assert_int_equal(b->strides[1], 1);
  assert_true(b->strides[0] >= BLOCK * CHANNELS * INNER);
  assert_int_equal(tensor_at(w->g, z)->rank, 3); /* the program is as it was */
}

/* In the caller's array, whose elements are the same in the same order: without a copy. */
static void test_outputs_keep_their_shape(void **state) {
  World *w = *state;
  TensorId z = convolve(w, BATCH);
  output(w, "out", sums(w, BATCH, z));
  const Plan *p = plan_for(w, "x86-64-v3");
  assert_non_null(buffer_named(p, "z"));
  const Tensor *shown = tensor_at(p->program->graph, p->program->entries[0].outputs[0].tensor);
  assert_int_equal(shown->rank, 2);
  assert_int_equal(shown->extents[0], BATCH);
  for (uint32_t i = 0; i < p->entries[0].n_calls; i++)
    assert_null(strstr(call(p, i)->comment, "/ 32"));
}

static void expect_whole(World *w, int64_t batch) {
  const Buffer *b = buffer_of_z(w);
  assert_int_equal(b->rank, 3);
  assert_int_equal(b->extents[0], batch);
}

static void test_of_one_block(void **state) {
  World *w = *state;
  output(w, "out", sums(w, BLOCK, convolve(w, BLOCK)));
  expect_whole(w, BLOCK);
}

static void test_no_multiple(void **state) {
  World *w = *state;
  output(w, "out", sums(w, BATCH + 8, convolve(w, BATCH + 8)));
  expect_whole(w, BATCH + 8);
}

static void test_of_a_param(void **state) {
  World *w = *state;
  TensorId z = convolve(w, BATCH), W = param(w, "W", BATCH, CHANNELS), s = sums(w, BATCH, z);
  output(w, "out",
         define(w, "scaled", BATCH, CHANNELS, REDUCE_NONE, 0,
                op(w, OP_MUL, read2(w, s, w->i0, w->i1), read2(w, W, w->i0, w->i1))));
  expect_whole(w, BATCH);
}

static void test_read_beside(void **state) {
  World *w = *state;
  TensorId z = convolve(w, BATCH), s = sums(w, BATCH, z);
  ExprId next = op(w, OP_ADD, w->i0, expr_integer(w->g, TYPE_I32, 1));
  output(w, "out",
         define(w, "next", BATCH - 1, CHANNELS, REDUCE_NONE, 0, read2(w, s, next, w->i1)));
  expect_whole(w, BATCH);
}

static void test_merged(void **state) {
  World *w = *state;
  TensorId z = convolve(w, BATCH), s = sums(w, BATCH, z);
  Tensor t = shaped(w, TENSOR_RESHAPE, TYPE_F32, "flat", BATCH * CHANNELS, 0);
  t.source = s;
  TensorId flat = graph_add(w->g, t);
  output(w, "out",
         define(w, "doubled", BATCH * CHANNELS, 0, REDUCE_NONE, 0,
                op(w, OP_MUL, real(w, 2), read1(w, flat, w->i0))));
  expect_whole(w, BATCH);
}

/* What a batch is flattened to, but for itself, goes with it. */
static void test_flattened(void **state) {
  World *w = *state;
  TensorId z = convolve(w, BATCH);
  Tensor t = shaped(w, TENSOR_RESHAPE, TYPE_F32, "flat", BATCH, CHANNELS * INNER);
  t.source = z;
  TensorId flat = graph_add(w->g, t);
  output(
      w, "out",
      define(w, "largest", BATCH, 0, REDUCE_MAX, CHANNELS * INNER, read2(w, flat, w->i0, w->i1)));
  assert_int_equal(buffer_of_z(w)->rank, 4);
}

/* So does one that has another axis of one element before it. */
static void test_behind_an_axis_of_one(void **state) {
  World *w = *state;
  TensorId z = convolve(w, BATCH);
  Tensor t = shaped3(w, TENSOR_RESHAPE, "behind", 1, BATCH, CHANNELS * INNER);
  t.source = z;
  TensorId behind = graph_add(w->g, t);
  ExprId first = expr_integer(w->g, TYPE_I32, 0);
  output(w, "out",
         define(w, "largest", BATCH, 0, REDUCE_MAX, CHANNELS * INNER,
                read3(w, behind, first, w->i0, w->i1)));
  assert_int_equal(buffer_of_z(w)->rank, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {TEST(test_split),
                                     TEST(test_outputs_keep_their_shape),
                                     TEST(test_of_one_block),
                                     TEST(test_no_multiple),
                                     TEST(test_of_a_param),
                                     TEST(test_read_beside),
                                     TEST(test_merged),
                                     TEST(test_flattened),
                                     TEST(test_behind_an_axis_of_one)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
