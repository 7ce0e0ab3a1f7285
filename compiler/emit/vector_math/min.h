/* needs: lanes */
/* NaN if either is, else the smaller; the first where they are equal */
LANE_INLINE V NAME(min)(V a, V b) { return NAME(where)(MASK(b < a) | MASK(b != b), b, a); }
