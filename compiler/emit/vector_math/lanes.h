/* needs: */
/* Lanes: the primitives in which the other texts of this folder are written. The same text serves
   one lane (float, double) and GNU vectors of 2 to 16 of them.

   Contract with the emitter. For each lane type that a model uses, it writes

       #define BITS    32            width of a lane: 32 or 64
       #define LANES   16            1 for a scalar, else the lanes of the vector
       #define V       f32x16        the lane type: float, double or a vector of them
       #define VI      i32x16        int32_t or int64_t lanes, as many and as wide as V's
       #define W       f64x16        double lanes, as many as V's (V itself where BITS is 64)
       #define WI      i64x16        int64_t lanes, as many as V's (VI itself where BITS is 64)
       #define NAME(f) f##_f32x16    a function over V
       #define WIDE(f) f##_f64x16    the same over W (NAME where BITS is 64)

   then this text once, then the texts of the functions, each once, and at the end undef.h, which
   undefines all of these. What the emitter really writes has the macros and conditions expanded
   (lane_expand.c) and leaves out the functions that nothing calls.

   Function f of reals is in f.h; all functions of integers are in integer.h, which needs no lanes.h,
   between the same macros (V = VI = the integer lanes; W, WI, WIDE not used). The first line of a
   text is `needs:` with the texts that come before it in the same lane type. Where the second line is `wide` and BITS is 32, the text instead needs only
   lanes.h, and itself for W earlier: a lane type with BITS 64, V = W = f64x16, VI = WI = i64x16,
   NAME = WIDE = f##_f64x16. Generated C includes <stdint.h> and <string.h>, nothing else is called.
   Every function is static and marked unused. Compile without -ffast-math; contraction of a * b + c
   makes no difference that matters.

   In a text K(c) is a constant in the type of a lane, ALL(c) the same in every lane, LANE(x, i) lane
   i of x. A mask is a VI whose lanes are 0 or -1. A comparison of vectors is one; that of scalars is
   0 or 1 and becomes one by MASK(). where_T(condition, a, b) takes either. */
#include "emit/vector_math/attributes.h"

#if BITS == 32
#define K(c)          ((float)(c))
#define KI(c)         ((int32_t)(c))
#define SIGN_BIT      INT32_MIN
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#else
#define K(c)          ((double)(c))
#define KI(c)         ((int64_t)(c))
#define SIGN_BIT      INT64_MIN
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#endif
#define ALL(c) ((V){0} + K(c))

#if LANES == 1
#define MASK(c)    (-(VI)(c))
#define LANE(x, i) (x)
LANE_INLINE VI NAME(bits)(V x) {
  VI b;
  memcpy(&b, &x, sizeof b);
  return b;
}
LANE_INLINE V NAME(from_bits)(VI b) {
  V x;
  memcpy(&x, &b, sizeof x);
  return x;
}
LANE_INLINE V NAME(where)(VI condition, V a, V b) { return condition ? a : b; }
LANE_INLINE V NAME(to_real)(VI a) { return (V)a; }
LANE_INLINE int NAME(any)(VI mask) { return mask != 0; }
#if BITS == 32
LANE_INLINE VI NAME(shl)(VI a, int n) { return (VI)((uint32_t)a << n); }
LANE_INLINE W NAME(widen)(V x) { return (W)x; }
LANE_INLINE V NAME(narrow)(W x) { return (V)x; }
#else
LANE_INLINE VI NAME(shl)(VI a, int n) { return (VI)((uint64_t)a << n); }
#endif
#else
#define MASK(c)    ((VI)(c))
#define LANE(x, i) ((x)[i])
LANE_INLINE VI NAME(bits)(V x) { return (VI)x; }
LANE_INLINE V NAME(from_bits)(VI b) { return (V)b; }
LANE_INLINE V NAME(where)(VI condition, V a, V b) {
  return (V)((condition & (VI)a) | (~condition & (VI)b));
}
LANE_INLINE V NAME(to_real)(VI a) { return __builtin_convertvector(a, V); }
LANE_INLINE int NAME(any)(VI mask) {
  VI lanes = mask;
  for (int i = 1; i < LANES; i++) lanes[0] |= lanes[i];
  return lanes[0] != 0;
}
LANE_INLINE VI NAME(shl)(VI a, int n) { return a << n; }
#if BITS == 32
LANE_INLINE W NAME(widen)(V x) { return __builtin_convertvector(x, W); }
LANE_INLINE V NAME(narrow)(W x) { return __builtin_convertvector(x, V); }
#endif
#endif

LANE_INLINE V NAME(magnitude)(V x) { return NAME(from_bits)(NAME(bits)(x) & ~SIGN_BIT); }
/* x with the sign of y put on top of its own: for x >= 0 the sign of y */
LANE_INLINE V NAME(with_sign)(V x, V y) {
  return NAME(from_bits)(NAME(bits)(x) | (NAME(bits)(y) & SIGN_BIT));
}
LANE_INLINE V NAME(flip_sign)(V x, V y) {
  return NAME(from_bits)(NAME(bits)(x) ^ (NAME(bits)(y) & SIGN_BIT));
}
/* the leading half of the mantissa: products of two such are exact, with or without contraction */
LANE_INLINE V NAME(head)(V x) {
#if BITS == 32
  return NAME(from_bits)(NAME(bits)(x) & ~KI(0xfff));
#else
  return NAME(from_bits)(NAME(bits)(x) & ~KI(0x7ffffff));
#endif
}
/* 2^k for k in the range of normal numbers */
LANE_INLINE V NAME(power_of_two)(VI k) {
  return NAME(from_bits)(NAME(shl)(k + EXPONENT_BIAS, MANTISSA_BITS));
}
/* x 2^k in two steps, so that results may be subnormal or infinite */
LANE_INLINE V NAME(scale)(V x, VI k) {
  VI half = k >> 1;
  return x * NAME(power_of_two)(half) * NAME(power_of_two)(k - half);
}
