/* needs: lanes, angle */
/* wide */
#if BITS == 32
LANE_FN V NAME(cos)(V x) { return NAME(narrow)(WIDE(cos)(NAME(widen)(x))); }
#else
LANE_FN V NAME(cos)(V x) {
  V low;
  VI quarter;
  V r = NAME(angle)(x, &low, &quarter);
  V y = NAME(where)(MASK((quarter & 1) != 0), NAME(sine)(r, low), NAME(cosine)(r, low));
  return NAME(flip_sign)(y, NAME(from_bits)(NAME(shl)((quarter + 1) & 2, BITS - 2)));
}
#endif
