/* needs: lanes */
/* log(2^k m) = k ln 2 + log(1 + f),  m = 1 + f in [sqrt(1/2), sqrt(2)). */

/* x = 2^k m; subnormal numbers are scaled up first */
LANE_INLINE V NAME(mantissa)(V x, VI *exponent) {
#if BITS == 32
  const VI sqrt_half = (VI){0} + 0x3f3504f3;
  VI tiny = MASK(x < K(0x1p-126));
  VI b = NAME(bits)(NAME(where)(tiny, x * K(0x1p24), x)) & ~SIGN_BIT;
  VI k = ((b - sqrt_half) >> 23) - (tiny & KI(24));
  *exponent = k;
  return NAME(from_bits)(b - NAME(shl)(k + (tiny & KI(24)), 23));
#else
  const VI sqrt_half = (VI){0} + KI(0x3fe6a09e667f3bcd);
  VI tiny = MASK(x < K(0x1p-1022));
  VI b = NAME(bits)(NAME(where)(tiny, x * K(0x1p54), x)) & ~SIGN_BIT;
  VI k = ((b - sqrt_half) >> 52) - (tiny & KI(54));
  *exponent = k;
  return NAME(from_bits)(b - NAME(shl)(k + (tiny & KI(54)), 52));
#endif
}

/* y = log(x), where x has one */
LANE_INLINE V NAME(log_special)(V x, V y) {
  V infinite = ALL(__builtin_inf());
  y = NAME(where)(MASK(x == infinite), infinite, y);
  y = NAME(where)(MASK(x == 0), -infinite, y);
  return NAME(where)(MASK(x < 0) | MASK(x != x), ALL(__builtin_nan("")), y);
}

#if BITS == 32
/* log(1 + f) = f - f^2/2 + f^3 p(f) */
LANE_INLINE V NAME(log)(V x) {
  VI exponent;
  V f = NAME(mantissa)(x, &exponent) - K(1);
  V k = NAME(to_real)(exponent);
  V p = f * K(0.0697161183) + K(-0.114797339);
  p = p * f + K(0.116854198);
  p = p * f + K(-0.124256872);
  p = p * f + K(0.142490581);
  p = p * f + K(-0.166678026);
  p = p * f + K(0.200007156);
  p = p * f + K(-0.24999997);
  p = p * f + K(0.333333313);
  V square = f * f;
  V y = k * K(0x1.0bfbe8p-15) + square * (f * p);
  y = y - K(0.5) * square;
  return NAME(log_special)(x, k * K(0x1.62ep-1) + (f + y));
}
#else
/* log(1 + f + c) + k ln 2, c far below f. With s = f / (2 + f):
   log(1 + f) = 2 atanh(s) = 2 s + s z p(z), z = s^2, and 2 s = f - f^2/2 + s f^2/2 (after Sun's
   fdlibm) */
LANE_INLINE V NAME(log_sum)(V f, V c, V k) {
  V s = f / (K(2) + f);
  V z = s * s;
  V p = z * K(0.14617807153417325) + K(0.15331611722055008);
  p = p * z + K(0.18182892432536871);
  p = p * z + K(0.22222211089379496);
  p = p * z + K(0.28571428626253836);
  p = p * z + K(0.39999999999898889);
  p = p * z + K(0.66666666666666696);
  V half_square = K(0.5) * f * f;
  V below = s * (half_square + z * p) + (k * K(0x1.9ef35793c7673p-41) + c);
  return k * K(0x1.62e42fefa2p-1) - ((half_square - below) - f);
}

LANE_INLINE V NAME(log)(V x) {
  VI exponent;
  V f = NAME(mantissa)(x, &exponent) - K(1);
  return NAME(log_special)(x, NAME(log_sum)(f, (V){0}, NAME(to_real)(exponent)));
}
#endif
