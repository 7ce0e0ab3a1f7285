/* needs: lanes, angle */
/* wide */
#if BITS == 32
LANE_FN V NAME(tan)(V x) { return NAME(narrow)(WIDE(tan)(NAME(widen)(x))); }
#else
LANE_FN V NAME(tan)(V x) {
  V low;
  VI quarter;
  V r = NAME(angle)(x, &low, &quarter);
  V s = NAME(sine)(r, low);
  V c = NAME(cosine)(r, low);
  VI odd = MASK((quarter & 1) != 0);
  V y = NAME(where)(odd, -c, s) / NAME(where)(odd, s, c);
  return NAME(where)(MASK(x == 0), x, y);
}
#endif
