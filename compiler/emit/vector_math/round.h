/* needs: lanes */
/* To the nearest integer, ties to even: adding and taking away 2^(mantissa bits) leaves no
   fraction. Larger numbers are integers already. */
LANE_INLINE V NAME(round)(V x) {
#if BITS == 32
  const float integers = 0x1p23f;
#else
  const double integers = 0x1p52;
#endif
  V size = NAME(magnitude)(x);
  V near = NAME(with_sign)((size + integers) - integers, x);
  return NAME(where)(MASK(size < integers), near, x);
}
