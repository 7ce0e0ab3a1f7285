/* needs: lanes, exp */
/* 1 / (1 + e) for x >= 0, e / (1 + e) below, with e = exp(-|x|), which never overflows */
LANE_INLINE V NAME(sigmoid)(V x) {
  V e = NAME(exp)(-NAME(magnitude)(x));
  V below = K(1) + e;
  V y = NAME(where)(MASK(x < 0), e, ALL(1)) / below;
  /* what 1 + e lost, to first order; 1 / (1 + e) is y or 1 - y */
  V lost = (K(1) - below) + e;
  y = y - y * lost * NAME(where)(MASK(x < 0), K(1) - y, y);
  return y;
}
