/* needs: lanes, angle */
/* wide */
#if BITS == 32
LANE_FN V NAME(sin)(V x) { return NAME(narrow)(WIDE(sin)(NAME(widen)(x))); }
#else
LANE_FN V NAME(sin)(V x) {
  V low;
  VI quarter;
  V r = NAME(angle)(x, &low, &quarter);
  V y = NAME(where)(MASK((quarter & 1) != 0), NAME(cosine)(r, low), NAME(sine)(r, low));
  y = NAME(flip_sign)(y, NAME(from_bits)(NAME(shl)(quarter & 2, BITS - 2)));
  return NAME(where)(MASK(x == 0), x, y);
}
#endif
