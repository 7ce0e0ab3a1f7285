/* One training step of batch_norm against PyTorch, and of dropout against its definition, in f64.
 */
#include "training.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "reference.h"

static training model;
static int failures;

static const double *tensor(const char *name) {
  for (int i = 0; i < training_model.n_tensors; i++)
    if (strcmp(training_model.tensors[i].array.name, name) == 0)
      return (const double *)((const char *)&model + training_model.tensors[i].offset);
  fprintf(stderr, "the model has no %s\n", name);
  return NULL;
}

static void compare(const char *name, const double *expected, int n) {
  const double *got = tensor(name);
  if (got == NULL) {
    failures++;
    return;
  }
  for (int i = 0; i < n; i++) {
    if (fabs(got[i] - expected[i]) <= 1e-12) continue;
    fprintf(stderr, "%s[%d] is %.17g, PyTorch has %.17g\n", name, i, got[i], expected[i]);
    failures++;
  }
}

#define CHECK(name, expected) compare(name, expected, (int)(sizeof expected / sizeof *expected))

/* Each of 2000 ones is 0 or 1 / 0.8, in the value as in the derivative; 400 zeros are expected, and
   five standard deviations are 89. */
static void check_dropout(double kept) {
  const double *after = tensor("ones_");
  int zeros = 0;
  double sum = 0;
  for (int i = 0; after != NULL && i < 2000; i++) {
    double derivative = 1 - after[i];
    sum += derivative;
    if (derivative == 0) zeros++;
    if (derivative != 0 && fabs(derivative - 1.25) > 1e-12) {
      fprintf(stderr, "dropout: a derivative of %.17g\n", derivative);
      failures++;
    }
  }
  if (zeros >= 311 && zeros <= 489 && fabs(sum - kept) <= 1e-9) return;
  fprintf(stderr, "dropout: %d of 2000 dropped, their sum %g, that of the derivatives %g\n", zeros,
          kept, sum);
  failures++;
}

int main(void) {
  const double x[] = {1};
  double loss, normal, kept;
  training_init(&model, 0);
  if (training_step(&model, x, &loss, &normal, &kept) != 0) return 1;
  if (fabs(normal - batch_norm_value[0]) > 1e-12) {
    fprintf(stderr, "batch_norm: %.17g, PyTorch has %.17g\n", normal, batch_norm_value[0]);
    failures++;
  }
  CHECK("image", batch_norm_image);
  CHECK("batch.gain", batch_norm_gain);
  CHECK("batch.bias", batch_norm_bias);
  CHECK("batch.running_mean", batch_norm_running_mean);
  CHECK("batch.running_var", batch_norm_running_var);
  check_dropout(kept);
  return failures != 0;
}
