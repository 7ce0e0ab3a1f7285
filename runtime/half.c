/* bfloat16 and IEEE 754's binary16: sixteen bits, a sign, an exponent and a mantissa without its
   leading 1. */
#include "runtime.h"
#include <math.h>

/* Digits of the mantissa with its leading 1, and the least exponent of numbers that have them all.
 */
static int dagrt_half_digits(dag_type type) { return type == DAG_BF16 ? 8 : 11; }
static int dagrt_half_least(dag_type type) { return type == DAG_BF16 ? -126 : -14; }
/* The exponent's bits of infinities and NaN, all ones. */
static int dagrt_half_special(dag_type type) { return type == DAG_BF16 ? 255 : 31; }

double dagrt_from_half(dag_type type, uint16_t bits) {
  int stored = dagrt_half_digits(type) - 1, unit = dagrt_half_least(type) - stored;
  int mantissa = bits & ((1 << stored) - 1), exponent = (bits & 0x7fff) >> stored;
  double size =
      exponent == 0 ? ldexp(mantissa, unit) : ldexp(mantissa + (1 << stored), unit + exponent - 1);
  if (exponent == dagrt_half_special(type)) size = mantissa == 0 ? (double)INFINITY : (double)NAN;
  return (bits & 0x8000) != 0 ? -size : size;
}

/* In units of its last digit the nearest number is an integer, and its bits are that integer plus
   its exponent, counted from the least one: a carry to the next power of two comes out right, and
   so do numbers below the least power that has all digits. */
uint16_t dagrt_to_half(dag_type type, double value) {
  int digits = dagrt_half_digits(type), least = dagrt_half_least(type), exponent;
  int sign = signbit(value) ? 0x8000 : 0, infinite = dagrt_half_special(type) << (digits - 1);
  if (isnan(value)) return (uint16_t)(sign | infinite | 1 << (digits - 2));
  if (isinf(value)) return (uint16_t)(sign | infinite);
  frexp(value, &exponent); /* |value| < 2^exponent */
  if (value == 0 || exponent - 1 < least) exponent = least + 1;
  if (exponent - 1 > -least + 1) return (uint16_t)(sign | infinite);
  int units = (int)nearbyint(ldexp(fabs(value), digits - exponent));
  int bits = ((exponent - 1 - least) << (digits - 1)) + units;
  return (uint16_t)(sign | (bits < infinite ? bits : infinite));
}
