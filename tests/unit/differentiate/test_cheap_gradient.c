/* The cheap-gradient principle: forward and backward together take at most four times the scalar
   operations of forward. Counted on the graph, every point of every definition once. */
#include "derived.h"
#include "graph/scalar_ops.h"

/* Arithmetic on reals; choices and conversions go along with it. */
static double operations(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  double sum = 0;
  for (uint32_t i = 0; i < e->n_args; i++) sum += operations(graph, e->args[i]);
  bool counts =
      e->kind == EXPR_OP && type_is_real(e->type) && e->op != OP_WHERE && e->op != OP_CAST;
  return sum + (counts ? 1 : 0);
}

static double cost(const Program *program, const TensorId *roots, uint32_t n) {
  const Graph *graph = program->graph;
  TensorList order = graph_order(graph, program->arena, roots, n);
  double total = 0;
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(graph, order.items[i]);
    if (t->kind != TENSOR_DEFINITION) continue;
    double points = 1;
    const int64_t *extents = tensor_index_extents(t, program->arena);
    for (uint32_t v = 0; v < t->rank + t->n_reduced; v++) points *= (double)extents[v];
    total += points * (operations(graph, t->body) + (t->reduction != REDUCE_NONE ? 1 : 0));
  }
  return total;
}

/* `loss` alone, and with every adjoint that comes from it. */
static void check(const Program *program, const char *loss_name) {
  const Graph *graph = program->graph;
  TensorId *roots = ARENA_ARRAY(program->arena, TensorId, graph->n_tensors + 1);
  roots[0] = graph_find(graph, loss_name);
  assert_true(roots[0] != TENSOR_NONE);
  uint32_t n = 1;
  for (TensorId id = 0; id < graph->n_tensors; id++)
    if (tensor_at(graph, id)->derived && tensor_at(graph, id)->adjoint_from == roots[0])
      roots[n++] = id;
  assert_true(n > 1);
  double forward = cost(program, roots, 1), both = cost(program, roots, n);
  if (both > 4 * forward)
    fail_msg("%s: forward %.0f operations, with the backward sweep %.0f: %.2f times as many",
             program->name, forward, both, both / forward);
}

static void check_file(const char *path, const char *name, const char *loss) {
  Arena *arena = arena_new();
  Diag *diag = diag_new(arena, stderr);
  const Source *source = source_read(arena, diag, path, span_none());
  assert_non_null(source);
  check(derive_source(arena, source, name), loss);
  arena_free(arena);
}

static void examples(void **state) {
  (void)state;
  check_file(ROOT "/examples/linear-regression/linear-regression.dag", "linear_regression", "loss");
  check_file(ROOT "/examples/logistic-regression/logistic-regression.dag", "logistic_regression",
             "loss");
  check_file(ROOT "/examples/softmax-regression/softmax-regression.dag", "softmax_regression",
             "loss");
  check_file(ROOT "/examples/mlp/mlp.dag", "mlp", "loss");
  check_file(ROOT "/examples/mnist/mnist.dag", "mnist", "loss");
  check_file(ROOT "/tests/golden/mlp.dag", "mlp", "loss");
}

static void check_text(const char *text) {
  Arena *arena = arena_new();
  check(derive_text(arena, text), "loss");
  arena_free(arena);
}

/* Strides, windows, views, maxima: dense sums over brackets would cost a factor of the extent. */
static void reads_of_every_kind(void **state) {
  (void)state;
  check_text("input x: real[64, 3, 32, 32]\nparam K: real[8, 3, 5, 5] = 0\n"
             "y[n, f, p: 32, q: 32] =\n"
             "  sum[c, i, j](K[f, c, i, j] * (x[n, c, p + i - 2, q + j - 2] ?? 0))\n"
             "loss = sum(y^2)\nexport f(x) = loss, grad(loss, K), grad(loss, x)\n");
  check_text("input x: real[64, 3, 32, 32]\nparam K: real[8, 3, 5, 5] = 0\n"
             "y[n, f, p: 16, q: 16] =\n"
             "  sum[c, i, j](K[f, c, i, j] * (x[n, c, 2*p + i - 2, 2*q + j - 2] ?? 0))\n"
             "loss = sum(y^2)\nexport f(x) = loss, grad(loss, K), grad(loss, x)\n");
  check_text("input x: real[64, 8, 32, 32]\n"
             "y[n, c, p: 16, q: 16] = max[i: 2, j: 2](x[n, c, 2*p + i, 2*q + j])\n"
             "loss = sum(y^2)\nexport f(x) = loss, grad(loss, x)\n");
  check_text("input x: real[64, 96]\nparam W: real[32, 96] = 0\n"
             "y[n, k: 3072] = W[k / 96, k % 96] * x[n, k % 96]\n"
             "loss = sum(y^2)\nexport f(x) = loss, grad(loss, W), grad(loss, x)\n");
  check_text("input x: real[512]\ny = reshape(x, [32, 16])\nz = transpose(y)\n"
             "loss = sum((z @ y)^2)\nexport f(x) = loss, grad(loss, x)\n");
}

/* The gradients of a transposed convolution are convolutions: as many products
   as the map itself has. */
static void transposed_convolution(void **state) {
  (void)state;
  static const char *const maps[] = {"2, 1, 1", "3, 0, 1"};
  static const int lengths[] = {32, 21};
  for (int i = 0; i < 2; i++) {
    char text[400];
    snprintf(text, sizeof text,
             "input x: real[2, 3, %d]\nparam K: real[3, 4, 3] = 0\nu = zeros(2, 4, 64)\n"
             "y = vjp(convolve1d(u, K, %s), u, x)\n"
             "loss = sum(y^2)\nexport f(x) = loss, grad(loss, K), grad(loss, x)\n",
             lengths[i], maps[i]);
    check_text(text);
  }
}

/* Straight lines between points: each is read by a fixed number of new ones. */
static void interpolation(void **state) {
  (void)state;
  check_text("input x: real[4, 256]\ny = upsample1d(x, 4, linear = true)\n"
             "loss = sum(y^2)\nexport f(x) = loss, grad(loss, x)\n");
}

/* An activation that reads its argument twice, within a contraction: what the two shares have in
   common is summed once, and the activation's derivative is no part of the sum. */
static void activation_in_a_contraction(void **state) {
  (void)state;
  const char *text = "input z: real[64, 256]\nparam W: real[32, 256] = 0\n"
                     "y[n, j] = sum[i](W[j, i] * (z[n, i] * sigmoid(z[n, i])))\n"
                     "loss = sum(y^2)\nexport f(z) = loss, grad(loss, z)\n";
  check_text(text);
  Arena *arena = arena_new();
  Program *program = derive_text(arena, text);
  const Graph *graph = program->graph;
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    const Tensor *t = tensor_at(graph, id);
    if (t->derived && t->kind == TENSOR_DEFINITION && t->n_reduced > 0)
      assert_true(operations(graph, t->body) <= 1); /* W[j, i] * y_bar[n, j] */
  }
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(examples),
      cmocka_unit_test(reads_of_every_kind),
      cmocka_unit_test(transposed_convolution),
      cmocka_unit_test(interpolation),
      cmocka_unit_test(activation_in_a_contraction),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
