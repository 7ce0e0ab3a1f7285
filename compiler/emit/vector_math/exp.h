/* needs: lanes */
/* exp(x) = 2^k exp(r),  k = round(x / ln 2),  r = x - k ln 2  (Cody & Waite: ln 2 in two parts, the
   first short enough that k times it is exact),  exp(r) = 1 + r + r^2 q(r). k is read off the low
   bits of x / ln 2 + 1.5 * 2^(mantissa bits): no conversion, and NaN stays NaN. */

/* x / ln 2 + the shift */
LANE_INLINE V NAME(exp_shifted)(V x) {
#if BITS == 32
  return x * K(1.44269504088896341) + K(0x1.8p23);
#else
  return x * K(1.44269504088896341) + K(0x1.8p52);
#endif
}

/* k */
LANE_INLINE VI NAME(exp_exponent)(V shifted) {
#if BITS == 32
  return NAME(bits)(shifted) - NAME(bits)(ALL(0x1.8p23));
#else
  return NAME(bits)(shifted) - NAME(bits)(ALL(0x1.8p52));
#endif
}

/* exp(x + tail) / 2^k */
LANE_INLINE V NAME(exp_reduced)(V x, V tail, V shifted) {
#if BITS == 32
  V k = shifted - K(0x1.8p23);
  V r = (x - k * K(0x1.62ep-1)) - k * K(0x1.0bfbe8p-15);
  r = r + tail;
  V q = r * K(0.00139315415) + K(0.00836332608);
  q = q * r + K(0.0416665077);
  q = q * r + K(0.166665763);
  q = q * r + K(0.5);
  V rest = (r * r) * q;
#else
  V k = shifted - K(0x1.8p52);
  V high = x - k * K(0x1.62e42fefa2p-1);
  V low = k * K(0x1.9ef35793c7673p-41);
  V r = high - low;
  V lost = (high - r) - low;
  r = r + tail;
  V q = r * K(2.0924081240148631e-09) + K(2.5105474197099009e-08);
  q = q * r + K(2.755724818385214e-07);
  q = q * r + K(2.7557254780176209e-06);
  q = q * r + K(2.4801587349385601e-05);
  q = q * r + K(0.0001984126987531109);
  q = q * r + K(0.0013888888888874788);
  q = q * r + K(0.0083333333333259936);
  q = q * r + K(0.041666666666666678);
  q = q * r + K(0.16666666666666671);
  q = q * r + K(0.5);
  V rest = (r * r) * q + lost;
#endif
  return K(1) + (r + rest);
}

/* exp(x + tail) 2^offset, |offset| small, tail far below x: what only overflows on the way
   does not. What is 0 is chosen, not reached by underflow, which takes a hundred cycles. */
LANE_INLINE V NAME(exp_sum)(V x, V tail, VI offset) {
#if BITS == 32
  VI nothing = MASK(x < K(-105));
  x = NAME(where)(MASK(x > K(90)), ALL(90), NAME(where)(nothing, ALL(0), x));
#else
  VI nothing = MASK(x < K(-747));
  x = NAME(where)(MASK(x > K(711)), ALL(711), NAME(where)(nothing, ALL(0), x));
#endif
  V shifted = NAME(exp_shifted)(x);
  V y = NAME(exp_reduced)(x, tail, shifted);
  y = NAME(scale)(y, NAME(exp_exponent)(shifted) + offset);
  return NAME(where)(nothing, ALL(0), y);
}

/* adding -0 changes nothing, so no instruction is left of it */
LANE_INLINE V NAME(exp)(V x) { return NAME(exp_sum)(x, -(V){0}, (VI){0}); }

/* exp(x) where that is a normal number and x is no NaN: the power of two is added to the
   exponent. */
LANE_INLINE V NAME(exp_normal)(V x) {
  V shifted = NAME(exp_shifted)(x);
  V y = NAME(exp_reduced)(x, -(V){0}, shifted);
  return NAME(from_bits)(NAME(bits)(y) + NAME(shl)(NAME(exp_exponent)(shifted), MANTISSA_BITS));
}
