/* Newton's method on Rosenbrock's valley: the function, its gradient and its Hessian come from
   rosenbrock.dag, the iteration and the 2x2 solve are written here. */
#include "rosenbrock.h"
#include <math.h>
#include <stdio.h>

int main(void) {
  static rosenbrock model;
  double p[2] = {-1.2, 1.0}, f, g[2], h[4];
  for (int step = 0; step <= 20; step++) {
    if (rosenbrock_at(&model, p, &f, g, h) != 0) return 1;
    printf("%2d  p = (%+.9f, %+.9f)  f = %.6e\n", step, p[0], p[1], f);
    if (hypot(g[0], g[1]) < 1e-12) return 0;
    double determinant = h[0] * h[3] - h[1] * h[2];
    p[0] -= (h[3] * g[0] - h[1] * g[1]) / determinant;
    p[1] -= (h[0] * g[1] - h[2] * g[0]) / determinant;
  }
  fprintf(stderr, "no minimum after 20 steps\n");
  return 1;
}
