/* Conversions of conversions.dag: every one of the 65,536 values both ways, the points half way
   between neighbours, and the numbers next to those. Says what is wrong. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conversions.h"

#ifdef WIDE
typedef double real;
static real next(real x, real to) { return nextafter(x, to); }
#else
typedef float real;
static real next(real x, real to) { return nextafterf(x, to); }
#endif

/* What sixteen bits say, from the definition of the format. */
static double value_of(int stored, int bits) {
  int exponent = (bits & 0x7fff) >> stored, mantissa = bits & ((1 << stored) - 1);
  int special = (1 << (15 - stored)) - 1, bias = special / 2;
  double size = exponent == 0 ? ldexp(mantissa, 1 - bias - stored)
                              : ldexp((1 << stored) + mantissa, exponent - bias - stored);
  if (exponent == special) size = mantissa == 0 ? (double)INFINITY : (double)NAN;
  return bits & 0x8000 ? -size : size;
}

static conversions model;
static uint16_t all[65536], rounded[conversions_N];
static real from[65536], z[conversions_N], again[conversions_N];
static int wanted[conversions_N], wrong;

static void complain(const char *what, double of, double got, double expected) {
  if (wrong++ < 20) printf("%s: of %a %a, not %a\n", what, of, got, expected);
}

static int same(double a, double b) {
  return (isnan(a) && isnan(b)) || (a == b && !signbit(a) == !signbit(b));
}

/* The values of nonnegative bits ascend to infinity, which the last half way point belongs to. */
static int fill(int stored) {
  int n = 0, infinite = ((1 << (15 - stored)) - 1) << stored;
  for (int sign = 0; sign < 2; sign++)
    for (int bits = 0; bits < infinite; bits++) {
      int here = sign << 15 | bits;
      double a = value_of(stored, here), b = value_of(stored, here + 1);
      double last = value_of(stored, here - 1);
      double middle = bits + 1 == infinite ? a + (a - last) / 2 : (a + b) / 2;
      z[n] = (real)a, wanted[n++] = here;
      if (fabs(middle) < 0x1p-149) continue;
      z[n] = (real)middle, wanted[n++] = here + (bits & 1);
      z[n] = next((real)middle, (real)a), wanted[n++] = here;
      z[n] = next((real)middle, 2 * (real)middle), wanted[n++] = here + 1;
    }
  static const real special[] = {(real)INFINITY, (real)NAN, (real)3.4e38};
  for (int k = 0; k < 6; k++) {
    z[n] = k % 2 == 0 ? special[k / 2] : -special[k / 2];
    wanted[n++] = (k % 2) << 15 | infinite | (k / 2 == 1);
  }
  return n;
}

static void check(const char *name, int stored, int read(conversions *, const uint16_t *, real *),
                  int store(conversions *, const real *, uint16_t *),
                  int round(conversions *, const real *, real *)) {
  read(&model, all, from);
  for (int bits = 0; bits < 65536; bits++) {
    double expected = value_of(stored, bits);
    if (!same((double)-from[bits], expected)) complain(name, bits, (double)-from[bits], expected);
  }
  int n = fill(stored);
  store(&model, z, rounded);
  round(&model, z, again);
  for (int i = 0; i < n; i++) {
    double expected = value_of(stored, wanted[i]), got = value_of(stored, rounded[i]);
    if (!same(got, expected)) complain(name, (double)z[i], got, expected);
    if (!same((double)-again[i], expected))
      complain(name, (double)z[i], (double)-again[i], expected);
  }
}

int main(void) {
  conversions_init(&model, 1);
  for (int bits = 0; bits < 65536; bits++) all[bits] = (uint16_t)bits;
  check("bf16", 7, conversions_from_bf16, conversions_to_bf16, conversions_round_bf16);
  check("f16", 10, conversions_from_f16, conversions_to_f16, conversions_round_f16);
  return wrong != 0;
}
