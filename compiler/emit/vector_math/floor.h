/* needs: lanes, round */
LANE_INLINE V NAME(floor)(V x) {
  V near = NAME(round)(x);
  return NAME(where)(MASK(near > x), near - K(1), near);
}
