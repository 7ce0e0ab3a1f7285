/* needs: lanes, log */
/* wide */
#if BITS == 32
LANE_FN V NAME(log1p)(V x) { return NAME(narrow)(WIDE(log1p)(NAME(widen)(x))); }
#else
/* log of u = 1 + x, plus what the sum lost: log1p(x) = log(u) + (x - (u - 1)) / u. */
LANE_FN V NAME(log1p)(V x) {
  V u = K(1) + x;
  V lost = NAME(where)(MASK(x > 1), K(1) - (u - x), x - (u - K(1)));
  VI exponent;
  V f = NAME(mantissa)(u, &exponent) - K(1);
  V y = NAME(log_sum)(f, lost / u, NAME(to_real)(exponent));
  return NAME(where)(MASK(x == 0), x, NAME(log_special)(u, y));
}
#endif
