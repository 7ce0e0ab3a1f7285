/* needs: lanes, sqrt, arcsine */
/* wide */
#if BITS == 32
LANE_FN V NAME(asin)(V x) { return NAME(narrow)(WIDE(asin)(NAME(widen)(x))); }
#else
/* asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)) from 1/2 on */
LANE_FN V NAME(asin)(V x) {
  V size = NAME(magnitude)(x);
  V z = K(0.5) * (K(1) - size);
  V small = size + size * NAME(arcsine)(size * size);
  V high;
  V low = NAME(arcsine_root)(z, &high);
  V large = K(0x1.921fb54442d18p-1) - K(2) * high;
  large = (K(0x1.1a62633145c07p-54) - K(2) * low) + large + K(0x1.921fb54442d18p-1);
  V y = NAME(with_sign)(NAME(where)(MASK(size < K(0.5)), small, large), x);
  return NAME(where)(MASK(size > 1), ALL(__builtin_nan("")), y);
}
#endif
