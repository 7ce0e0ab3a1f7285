/* The matrices of F(m, r), by the method of Toom and Cook: a product of polynomials from its values
   at points, transposed.

   The points are 0, ∞ and pairs ±p. With ±1 all entries are 0, ±1 and ½. Six points are with ±¾ and
   ±1½, not ±1 and ±2 as usual: powers of these lie closer together, and the sums' rounding is about
   twice that of the definition, not five times; all entries of `inputs` are exact. */
#include "lower/filter.h"

static const double places[MOST_POINTS - 1] = {0, 0.75, -0.75, 1.5, -1.5},
                                         places_of_four[] = {0, 1, -1};

static double power(double x, int n) {
  double result = 1;
  for (; n > 0; n--) result *= x;
  return result;
}

/* The coefficients of Π_k (x − p[k]), k of n but one. */
static void product_without(const double *p, int n, int without, double *coefficients) {
  int degree = 0;
  coefficients[0] = 1;
  for (int k = 0; k < n; k++) {
    if (k == without) continue;
    coefficients[degree + 1] = coefficients[degree];
    for (int i = degree; i > 0; i--) coefficients[i] = coefficients[i - 1] - p[k] * coefficients[i];
    coefficients[0] *= -p[k];
    degree++;
  }
}

static Filter identity(void) {
  Matrix one = {.rows = 1, .columns = 1, .at = {{1}}};
  return (Filter){1, 1, 1, one, one, one};
}

Filter filter_of(int outputs, int taps) {
  if (outputs == 1 && taps == 1) return identity();
  int points = outputs + taps - 1, finite = points - 1;
  const double *p = points == 4 ? places_of_four : places;
  Filter f = {outputs,
              taps,
              points,
              {.rows = points, .columns = taps, .pairs = PAIRS_OF_ROWS},
              {.rows = points, .columns = points, .pairs = PAIRS_OF_ROWS},
              {.rows = outputs, .columns = points, .pairs = PAIRS_OF_COLUMNS}};
  for (int j = 0; j < finite; j++) {
    double scale = 1;
    for (int k = 0; k < finite; k++)
      if (k != j) scale *= p[j] - p[k];
    double sign = scale < 0 ? -1 : 1;
    product_without(p, finite, j, f.inputs.at[j]);
    for (int i = 0; i < points; i++) f.inputs.at[j][i] *= sign;
    for (int i = 0; i < taps; i++) f.filters.at[j][i] = power(p[j], i) / (sign * scale);
    for (int i = 0; i < outputs; i++) f.results.at[i][j] = power(p[j], i);
  }
  product_without(p, finite, -1, f.inputs.at[finite]);
  f.filters.at[finite][taps - 1] = 1;
  f.results.at[outputs - 1][finite] = 1;
  return f;
}

int outputs_for(int taps, int outputs[2]) {
  int n = 0;
  for (int points = 4; points <= MOST_POINTS; points += 2) {
    int m = points - taps + 1;
    if (taps >= 2 && m >= 2) outputs[n++] = m;
  }
  return n;
}
