/* needs: lanes */
LANE_INLINE V NAME(abs)(V x) { return NAME(magnitude)(x); }
