/* needs: lanes, exp */
/* wide */
/* expm1(x) = 2^k (expm1(r) + 1 - 2^-k), k and r as in exp. For k = 0 it is expm1(r) itself;
   elsewhere the sum does not cancel. */
#if BITS == 32
LANE_FN V NAME(expm1)(V x) { return NAME(narrow)(WIDE(expm1)(NAME(widen)(x))); }
#else
LANE_FN V NAME(expm1)(V x) {
  const double shift = 0x1.8p52;
  V in_range = NAME(where)(MASK(x > K(711)), ALL(711), NAME(where)(MASK(x < K(-40)), ALL(-40), x));
  V shifted = in_range * K(1.44269504088896341) + shift;
  V k = shifted - shift;
  V high = in_range - k * K(0x1.62e42fefa2p-1);
  V low = k * K(0x1.9ef35793c7673p-41);
  V r = high - low;
  V lost = (high - r) - low;
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
  VI exponent = NAME(bits)(shifted) - NAME(bits)(ALL(shift));
  V small = r + ((r * r) * q + (lost + r * lost));
  VI deep =
      exponent & MASK(exponent < 1000); /* 2^-k would leave the range; it is nothing beside 1 */
  V rest = K(1) - NAME(power_of_two)(-deep);
  V sum = NAME(where)(MASK(exponent >= 1000), K(1) + small, rest + small);
  V y = NAME(where)(MASK(exponent == 0), small, NAME(scale)(sum, exponent));
  return NAME(where)(MASK(x == 0), x, y);
}
#endif
