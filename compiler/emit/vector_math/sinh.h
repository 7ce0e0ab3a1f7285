/* needs: lanes, exp */
/* wide */
#if BITS == 32
LANE_FN V NAME(sinh)(V x) { return NAME(narrow)(WIDE(sinh)(NAME(widen)(x))); }
#else
/* x + x^3 p(x^2) below 1; beyond, h - 1 / (4 h) with h = exp(|x|) / 2, which overflows only if sinh
 * does */
LANE_FN V NAME(sinh)(V x) {
  V size = NAME(magnitude)(x);
  V z = x * x;
  V p = z * K(2.8445264169895285e-15) + K(7.6466253616566573e-13);
  p = p * z + K(1.6059048396350562e-10);
  p = p * z + K(2.5052108364058039e-08);
  p = p * z + K(2.755731922404034e-06);
  p = p * z + K(0.00019841269841269773);
  p = p * z + K(0.0083333333333333332);
  p = p * z + K(0.16666666666666666);
  V small = size + size * (z * p);
  V half = NAME(exp_sum)(size, -(V){0}, (VI){0} - 1);
  V large = half - K(0.25) / half;
  return NAME(with_sign)(NAME(where)(MASK(size < 1), small, large), x);
}
#endif
