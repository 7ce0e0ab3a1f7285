/* needs: lanes, atan */
/* wide */
#if BITS == 32
LANE_FN V NAME(atan2)(V y, V x) {
  return NAME(narrow)(WIDE(atan2)(NAME(widen)(y), NAME(widen)(x)));
}
#else
/* The angle of |y| / |x|, mirrored where x is negative (-0 counts), with the sign of y. */
LANE_FN V NAME(atan2)(V y, V x) {
  V tall = NAME(magnitude)(y);
  V long_ = NAME(magnitude)(x);
  V ratio = tall / long_;
  ratio = NAME(where)(MASK(tall == 0) & MASK(long_ == 0), ALL(0), ratio);
  ratio = NAME(where)(MASK(tall == long_) & MASK(tall != 0), ALL(1), ratio);
  V angle = NAME(atan)(ratio);
  V mirrored = K(0x1.921fb54442d18p+1) - (angle - K(0x1.1a62633145c07p-53));
  angle = NAME(where)(MASK(NAME(bits)(x) < 0), mirrored, angle);
  V result = NAME(with_sign)(angle, y);
  return NAME(where)(MASK(x != x) | MASK(y != y), x + y, result);
}
#endif
