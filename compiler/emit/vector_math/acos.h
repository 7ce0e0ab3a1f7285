/* needs: lanes, sqrt, arcsine */
/* wide */
#if BITS == 32
LANE_FN V NAME(acos)(V x) { return NAME(narrow)(WIDE(acos)(NAME(widen)(x))); }
#else
/* pi/2 - asin(x) below 1/2; 2 asin(sqrt((1 - x) / 2)) above, and pi minus that of -x below -1/2 */
LANE_FN V NAME(acos)(V x) {
  V size = NAME(magnitude)(x);
  V z = K(0.5) * (K(1) - size);
  V middle = K(0x1.921fb54442d18p+0) - (x - (K(0x1.1a62633145c07p-54) - x * NAME(arcsine)(x * x)));
  V high;
  V low = NAME(arcsine_root)(z, &high);
  V right = K(2) * (high + low);
  V left = K(0x1.921fb54442d18p+1) - K(2) * (high + (low - K(0x1.1a62633145c07p-54)));
  V y = NAME(where)(MASK(x < 0), left, right);
  y = NAME(where)(MASK(size < K(0.5)), middle, y);
  return NAME(where)(MASK(size > 1), ALL(__builtin_nan("")), y);
}
#endif
