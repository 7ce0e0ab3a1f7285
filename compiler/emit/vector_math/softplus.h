/* needs: lanes, exp, log1p */
/* wide */
/* log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)) */
#if BITS == 32
LANE_FN V NAME(softplus)(V x) { return NAME(narrow)(WIDE(softplus)(NAME(widen)(x))); }
#else
LANE_FN V NAME(softplus)(V x) {
  V rest = NAME(log1p)(NAME(exp)(-NAME(magnitude)(x)));
  return NAME(where)(MASK(x < 0), (V){0}, x) + rest;
}
#endif
