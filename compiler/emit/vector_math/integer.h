/* needs: */
/* Functions of integer lanes (V = VI); everything wraps around, nothing traps: dividing by 0 gives
   0, and the least number divided by -1 itself. */
#include "emit/vector_math/attributes.h"

#if LANES == 1
#define MASK(c) (-(V)(c))
#else
#define MASK(c) ((V)(c))
#endif
/* arithmetic modulo 2^BITS, as unsigned lanes have it */
#if LANES == 1 && BITS == 32
typedef uint32_t NAME(modular);
#elif LANES == 1
typedef uint64_t NAME(modular);
#elif BITS == 32
typedef uint32_t NAME(modular) __attribute__((vector_size(4 * LANES)));
#else
typedef uint64_t NAME(modular) __attribute__((vector_size(8 * LANES)));
#endif
#define WRAP(a, op, b) ((V)((NAME(modular))(a)op(NAME(modular))(b)))

LANE_INLINE V NAME(where)(V condition, V a, V b) {
  V mask = MASK(condition != 0);
  return (mask & a) | (~mask & b);
}
LANE_INLINE V NAME(min)(V a, V b) { return NAME(where)(MASK(b < a), b, a); }
LANE_INLINE V NAME(max)(V a, V b) { return NAME(where)(MASK(b > a), b, a); }
LANE_INLINE V NAME(sign)(V a) { return MASK(a < 0) - MASK(a > 0); }
LANE_INLINE V NAME(abs)(V a) {
  V mask = MASK(a < 0);
  return WRAP(a ^ mask, -, mask);
}

LANE_FN V NAME(floordiv)(V a, V b) {
  V unsafe = MASK(b == 0) | MASK(b == -1);
  V divisor = NAME(where)(unsafe, (V){0} + 1, b);
  V quotient = a / divisor;
  V rest = a - quotient * divisor;
  quotient += MASK(rest != 0) & (MASK(rest < 0) ^ MASK(divisor < 0));
  quotient = NAME(where)(MASK(b == -1), WRAP((V){0}, -, a), quotient);
  return quotient & ~MASK(b == 0);
}

LANE_FN V NAME(floormod)(V a, V b) {
  V unsafe = MASK(b == 0) | MASK(b == -1);
  V divisor = NAME(where)(unsafe, (V){0} + 1, b);
  V rest = a - a / divisor * divisor;
  rest += divisor & MASK(rest != 0) & (MASK(rest < 0) ^ MASK(divisor < 0));
  return rest;
}

/* By squaring. A negative exponent truncates towards 0: 0 but for 1 and -1; 0^-1 is 0. */
LANE_FN V NAME(ipow)(V a, V b) {
  V unit = MASK(a == 1) | MASK(a == -1);
  V left = NAME(where)(MASK(b < 0), b & 1 & unit, b);
  V result = NAME(where)(MASK(b < 0), MASK(unit != 0) & 1, (V){0} + 1);
  V base = a;
  for (int i = 0; i < BITS - 1; i++) {
    result = NAME(where)(MASK((left & 1) != 0), WRAP(result, *, base), result);
    base = WRAP(base, *, base);
    left >>= 1;
#if LANES == 1
    if (left == 0) break;
#endif
  }
  return result;
}
#undef WRAP
