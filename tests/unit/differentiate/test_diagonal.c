/* Known zeros are not computed: what a Jacobian's elements, its contractions and its diagonal take
   grows with the elements that are not zero. Counted on the graph, every point of every definition
   once. */
#include "derived.h"
#include "graph/scalar_ops.h"

static double operations(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  double sum = 0;
  for (uint32_t i = 0; i < e->n_args; i++) sum += operations(graph, e->args[i]);
  bool counts = e->kind == EXPR_OP && type_is_real(e->type) && e->op != OP_WHERE;
  return sum + (counts ? 1 : 0);
}

/* Of all that the program's exports need, with `n` in its first line. */
static double cost(const char *rest, int n) {
  Arena *arena = arena_new();
  Program *program =
      derive_text(arena, arena_printf(arena, "dim N = %d\n%s\nexport f(x) = result\n", n, rest));
  TensorList roots = program_roots(program, arena);
  TensorList order = graph_order(program->graph, arena, roots.items, roots.count);
  double total = 0;
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(program->graph, order.items[i]);
    if (t->kind != TENSOR_DEFINITION) continue;
    double points = 1;
    const int64_t *extents = tensor_index_extents(t, arena);
    for (uint32_t v = 0; v < t->rank + t->n_reduced; v++) points *= (double)extents[v];
    total += points * (operations(program->graph, t->body) + (t->reduction != REDUCE_NONE));
  }
  arena_free(arena);
  return total;
}

static void assert_linear(const char *program) {
  double once = cost(program, 16), twice = cost(program, 32), four = cost(program, 64);
  if (four - twice > 2.01 * (twice - once))
    fail_msg("%s\n%.0f operations for 16, %.0f for 32, %.0f for 64", program, once, twice, four);
}

#define WAVE "input x: real[N]\ny = exp(x) * sin(x)\nJ = jacobian(y, x)\n"

static void elementwise(void **state) {
  (void)state;
  assert_linear(WAVE "result = J");
  assert_linear(WAVE "result = J @ x");
  assert_linear(WAVE "result = x @ J");
  assert_linear(WAVE "result[i] = J[i, i]");
  assert_linear(WAVE "result = sum(J^2)");
  assert_linear(WAVE "result = grad(sum(J^2), x)");
  assert_linear(WAVE "result = grad(sum((J @ x)^2), x)");
  assert_linear("input x: real[N]\nresult = hessian(sum(exp(x) * sin(x)), x)");
  assert_linear("input x: real[N]\nresult = hessian(sum(exp(x) * sin(x)), x) @ x");
}

/* Blocks: of a layer and of a softmax, for each item of the batch. */
static void batches(void **state) {
  (void)state;
#define LAYERS                                                                                     \
  "input x: real[N, 3]\nparam W: real[4, 3] = 0\nparam V: real[5, 4] = 0\n"                        \
  "h[n, j] = tanh(sum[i](W[j, i] * x[n, i]))\ny[n, k] = tanh(sum[j](V[k, j] * h[n, j]))\n"         \
  "J = jacobian(y, x)\n"
  assert_linear(LAYERS "result = J");
  assert_linear(LAYERS "result[n: N, k: 5] = sum[m, i](J[n, k, m, i] * x[m, i])");
  assert_linear(LAYERS "result = sum(J^2)");
  assert_linear(LAYERS "result = grad(sum(J^2), W)");
  assert_linear("input x: real[N, 3]\nresult = jacobian(softmax(x), x)");
}

/* Neighbours: a band is a sum of diagonals. */
static void bands(void **state) {
  (void)state;
#define CHAIN "input x: real[N]\nf = sum[i: N - 1](sin(x[i] * x[i + 1]))\n"
  assert_linear(CHAIN "result = hessian(f, x) @ x");
  assert_linear(CHAIN "result = sum[i: N - 1](hessian(f, x)[i, i + 1])");
}

/* What is not known to be zero is computed. */
static void dense(void **state) {
  (void)state;
  const char *program = "input x: real[N]\ny[i: N] = exp(sum(x) * x[i])\nresult = jacobian(y, x)";
  double once = cost(program, 16), twice = cost(program, 32);
  assert_true(twice > 3 * once);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(elementwise),
      cmocka_unit_test(batches),
      cmocka_unit_test(bands),
      cmocka_unit_test(dense),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
