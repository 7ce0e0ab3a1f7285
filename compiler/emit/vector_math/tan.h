/* needs: lanes, angle */
/* wide */
#if BITS == 32
LANE_FN V NAME(tan)(V x) { return NAME(narrow)(WIDE(tan)(NAME(widen)(x))); }
#else
/* sin / cos, each with what its sum lost, and the quotient corrected by the remainder, whose
   leading product is exact */
LANE_FN V NAME(tan)(V x) {
  V low;
  VI quarter;
  V r = NAME(angle)(x, &low, &quarter);
  V head;
  V s_rest = NAME(sine_rest)(r, low);
  V c_rest = NAME(cosine_rest)(r, low, &head);
  V s = r + s_rest;
  V c = head + c_rest;
  V s_lost = s_rest - (s - r);
  V c_lost = c_rest - (c - head);
  VI odd = MASK((quarter & 1) != 0);
  V above = NAME(where)(odd, -c, s);
  V below = NAME(where)(odd, s, c);
  V q = above / below;
  V q_head = NAME(head)(q);
  V below_head = NAME(head)(below);
  V left = (above - q_head * below_head) - q_head * (below - below_head) - (q - q_head) * below;
  left = left + (NAME(where)(odd, -c_lost, s_lost) - q * NAME(where)(odd, s_lost, c_lost));
  V y = q + left / below;
  return NAME(where)(MASK(x == 0), x, y);
}
#endif
