/* Every export of by-hand.dag gives pairs: a derivative, and the same by hand. */
#include <math.h>
#include <stdio.h>
#include "by-hand.h"

static by_hand model;
static int failed;

static void compare(const char *what, const double *derivative, const double *by_hand, int n) {
  for (int i = 0; i < n; i++)
    if (!(fabs(derivative[i] - by_hand[i]) <= 1e-12 * (1 + fabs(by_hand[i])))) {
      printf("%s[%d]: %.17g, by hand %.17g\n", what, i, derivative[i], by_hand[i]);
      failed = 1;
    }
}

int main(void) {
  const double x[6] = {0.1, -0.4, 0.7, 0.3, -0.9, 1.1}, q0[2] = {0.3, -0.7}, w[2] = {0.6, 0.2};
  const double A[4] = {0.5, -0.3, 0.8, 0.4};
  double a[6][18];
  by_hand_init(&model, 1);
  failed |= by_hand_list(&model, x, a[0], a[1], a[2], a[3], a[4], a[5]);
  compare("list: row", a[0], a[1], 6);
  compare("list: rows", a[2], a[3], 6);
  compare("list: whole", a[4], a[5], 18);
  failed |= by_hand_descent(&model, q0, A, w, a[0], a[1], a[2], a[3], a[4], a[5]);
  compare("descent", a[0], a[1], 2);
  compare("descent by w", a[2], a[3], 2);
  compare("descent, hessian", a[4], a[5], 4);
  failed |= by_hand_fixed(&model, q0, A, a[0], a[1], a[2], a[3]);
  compare("fixed", a[0], a[1], 2);
  compare("fixed by A", a[2], a[3], 4);
  failed |= by_hand_newton(&model, q0, a[0], a[1], a[2], a[3]);
  compare("newton", a[0], a[1], 2);
  compare("newton by q0", a[2], a[3], 2);
  failed |= by_hand_maps(&model, q0, A, w, a[0], a[1], a[2], a[3]);
  compare("maps", a[0], a[1], 2);
  compare("maps by A", a[2], a[3], 4);
  failed |= by_hand_steps(&model, q0, a[0], a[1], a[2], a[3]);
  compare("steps", a[0], a[1], 2);
  compare("steps by q0", a[2], a[3], 2);
  failed |= by_hand_nested(&model, q0, a[0], a[1], a[2], a[3]);
  compare("nested", a[0], a[1], 2);
  compare("nested by q0", a[2], a[3], 2);
  return failed;
}
