/* needs: lanes */
/* wide */
#if BITS == 32
LANE_FN V NAME(atan)(V x) { return NAME(narrow)(WIDE(atan)(NAME(widen)(x))); }
#else
/* atan(x) = pi/4 + atan((x - 1) / (x + 1)) from 0.66 on, pi/2 + atan(-1 / x) from tan(3 pi/8) on,
   so that the argument of t + t^3 p(t^2) stays below 0.66 */
LANE_FN V NAME(atan)(V x) {
  V size = NAME(magnitude)(x);
  VI middle = MASK(size > K(0.66));
  VI large = MASK(size > K(2.41421356237309505));
  V above = NAME(where)(large, ALL(-1), NAME(where)(middle, size - K(1), size));
  V below = NAME(where)(large, size, NAME(where)(middle, size + K(1), ALL(1)));
  V base = NAME(where)(large, ALL(0x1.921fb54442d18p+0),
                       NAME(where)(middle, ALL(0x1.921fb54442d18p-1), ALL(0)));
  V base_tail = NAME(where)(large, ALL(0x1.1a62633145c07p-54),
                            NAME(where)(middle, ALL(0x1.1a62633145c07p-55), ALL(0)));
  V t = above / below;
  V z = t * t;
  V p = z * K(-0.0022319891352206526) + K(0.0097071114435344479);
  p = p * z + K(-0.021238750553036773);
  p = p * z + K(0.032436825813390531);
  p = p * z + K(-0.040781797057545012);
  p = p * z + K(0.046905558731441602);
  p = p * z + K(-0.052492302938732534);
  p = p * z + K(0.058803712056046245);
  p = p * z + K(-0.066664653315011618);
  p = p * z + K(0.076922935591298244);
  p = p * z + K(-0.090909084395639717);
  p = p * z + K(0.11111111092947706);
  p = p * z + K(-0.14285714285447954);
  p = p * z + K(0.19999999999998452);
  p = p * z + K(-0.33333333333333331);
  V y = base + (t + (t * (z * p) + base_tail));
  return NAME(with_sign)(y, x);
}
#endif
