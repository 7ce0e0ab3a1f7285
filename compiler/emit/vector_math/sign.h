/* needs: lanes */
/* 1, -1, or 0 for both zeros; NaN for NaN */
LANE_INLINE V NAME(sign)(V x) {
  V one = NAME(with_sign)(ALL(1), x);
  return NAME(where)(MASK(x == 0), ALL(0), NAME(where)(MASK(x != x), x, one));
}
