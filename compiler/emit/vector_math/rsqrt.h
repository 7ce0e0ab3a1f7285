/* needs: lanes, sqrt */
LANE_INLINE V NAME(rsqrt)(V x) { return K(1) / NAME(sqrt)(x); }
