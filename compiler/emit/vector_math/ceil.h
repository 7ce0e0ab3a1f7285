/* needs: lanes, round */
LANE_INLINE V NAME(ceil)(V x) {
  V near = NAME(round)(x);
  return NAME(where)(MASK(near < x), NAME(with_sign)(NAME(magnitude)(near + K(1)), x), near);
}
