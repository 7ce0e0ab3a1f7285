/* needs: lanes */
LANE_INLINE V NAME(square)(V x) { return x * x; }
