/* Twenty steps of each of the prelude's optimizers against PyTorch's, in f64. */
#include "optimizers.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "reference.h"

static optimizers model;

/* The param that the optimizer has moved. */
static const double *param(const char *name) {
  for (int i = 0; i < optimizers_model.n_tensors; i++)
    if (strcmp(optimizers_model.tensors[i].array.name, name) == 0)
      return (const double *)((const char *)&model + optimizers_model.tensors[i].offset);
  return NULL;
}

static int compare(const char *name, const double *expected, int n) {
  const double *got = param(name);
  int failures = 0;
  if (!got) {
    fprintf(stderr, "the model has no %s\n", name);
    return 1;
  }
  for (int i = 0; i < n; i++) {
    if (fabs(got[i] - expected[i]) <= 1e-12 * fabs(expected[i])) continue;
    fprintf(stderr, "%s[%d] is %.17g, PyTorch has %.17g\n", name, i, got[i], expected[i]);
    failures++;
  }
  return failures;
}

#define CHECK(name)                                                                                \
  failures += compare("by_" #name, name##_after, (int)(sizeof name##_after / sizeof(double)))

int main(void) {
  const double x[] = {1};
  double loss;
  optimizers_init(&model, 0);
  for (int step = 0; step < 20; step++)
    if (optimizers_step(&model, x, &loss) != 0) return 1;
  int failures = 0;
  CHECK(sgd);
  CHECK(momentum);
  CHECK(nesterov);
  CHECK(adagrad);
  CHECK(rmsprop);
  CHECK(adam);
  CHECK(adamw);
  CHECK(nadam);
  CHECK(lion);
  CHECK(adafactor);
  CHECK(adafactor_matrix);
  CHECK(lars);
  CHECK(lamb);
  CHECK(scheduled_steps);
  CHECK(scheduled_cosine);
  CHECK(scheduled_warmup);
  CHECK(scheduled_cycle);
  CHECK(scheduled_exponential);
  CHECK(scheduled_milestones);
  CHECK(scheduled_polynomial);
  CHECK(scheduled_ramp);
  CHECK(scheduled_restarts);
  CHECK(sgd_all);
  CHECK(adagrad_all);
  CHECK(rmsprop_all);
  CHECK(adadelta);
  CHECK(adam_all);
  CHECK(adamax);
  CHECK(radam);
  CHECK(lbfgs);
  CHECK(lbfgs_short);
  CHECK(newton);
  CHECK(lbfgs_matrix);
  CHECK(lbfgs_pair);
  CHECK(lbfgs_pair2);
  CHECK(newton_pair);
  CHECK(newton_pair2);
  return failures != 0;
}
