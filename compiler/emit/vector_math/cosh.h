/* needs: lanes, exp */
/* wide */
#if BITS == 32
LANE_FN V NAME(cosh)(V x) { return NAME(narrow)(WIDE(cosh)(NAME(widen)(x))); }
#else
/* h + 1 / (4 h) with h = exp(|x|) / 2, which overflows only if cosh does */
LANE_FN V NAME(cosh)(V x) {
  V half = NAME(exp_sum)(NAME(magnitude)(x), -(V){0}, (VI){0} - 1);
  return half + K(0.25) / half;
}
#endif
