/* The prelude's activations and losses against PyTorch's values and gradients, in f64. */
#include "functions.h"
#include <math.h>
#include <stdio.h>
#include "reference.h"

static functions model;
static int failures;

static void compare(const char *name, const char *what, const double *got, const double *expected,
                    int n) {
  for (int i = 0; i < n; i++) {
    if (fabs(got[i] - expected[i]) <= 1e-13 + 1e-12 * fabs(expected[i])) continue;
    fprintf(stderr, "%s: %s[%d] is %.17g, PyTorch has %.17g\n", name, what, i, got[i], expected[i]);
    failures++;
  }
}

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* One export of functions.dag: its value and its derivative. */
#define CHECK(name, ...)                                                 \
  do {                                                                   \
    double value[COUNT(name##_value)], gradient[COUNT(name##_grad)];     \
    if (functions_##name##_at(&model, __VA_ARGS__, value, gradient)) {   \
      fprintf(stderr, #name ": refused its input\n");                    \
      failures++;                                                        \
    } else {                                                             \
      compare(#name, "value", value, name##_value, COUNT(value));        \
      compare(#name, "grad", gradient, name##_grad, COUNT(gradient));    \
    }                                                                    \
  } while (0)

int main(void) {
  const double *x = reference_x, *z = reference_z, *y = reference_y;
  CHECK(relu, x);
  CHECK(leaky_relu, x);
  CHECK(leaky_relu2, x);
  CHECK(elu, x);
  CHECK(elu2, x);
  CHECK(gelu, x);
  CHECK(gelu_tanh, x);
  CHECK(silu, x);
  CHECK(sigmoid, x);
  CHECK(tanh, x);
  CHECK(softplus, x);
  CHECK(softmax, z, y);
  CHECK(log_softmax, z, y);
  CHECK(mse, z, y);
  CHECK(mae, z, y);
  CHECK(huber, z, y);
  CHECK(huber2, z, y);
  CHECK(hinge, z, y);
  CHECK(binary_cross_entropy, z, y);
  CHECK(cross_entropy, z, reference_class);
  CHECK(relu6, x);
  CHECK(hardtanh, x);
  CHECK(hardsigmoid, x);
  CHECK(hardswish, x);
  CHECK(selu, x);
  CHECK(celu, x);
  CHECK(mish, x);
  CHECK(softsign, x);
  CHECK(log_sigmoid, x);
  CHECK(glu, x);
  CHECK(smooth_l1, z, y);
  CHECK(poisson_nll, z, y);
  CHECK(nll, z, reference_class);
  CHECK(soft_cross_entropy, z, y);
  CHECK(cosine_similarity, z, y);
  CHECK(smoothed, z, reference_class);
  CHECK(weighted, z, y, reference_class);
  CHECK(softshrink, x);
  CHECK(hardshrink, x);
  CHECK(tanhshrink, x);
  CHECK(threshold, x);
  CHECK(rrelu, x);
  CHECK(softmin, z, y);
  CHECK(softmax_axis, z, y);
  CHECK(log_softmax_axis, z, y);
  CHECK(conjugate_gradients, z, y);
  CHECK(newton_step, y);
  return failures != 0;
}
