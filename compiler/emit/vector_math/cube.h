/* needs: lanes */
LANE_INLINE V NAME(cube)(V x) { return x * x * x; }
