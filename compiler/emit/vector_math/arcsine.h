/* needs: lanes, sqrt */
/* What asin and acos share. */
#if BITS == 64
/* asin(s) / s - 1, z = s^2 <= 1/4 */
LANE_INLINE V NAME(arcsine)(V z) {
  V p = z * K(0.02877844261259304) + K(-0.014881409392818066);
  p = p * z + K(0.017419357964884856);
  p = p * z + K(0.0054508781877205502);
  p = p * z + K(0.010324318288744113);
  p = p * z + K(0.011478952690257387);
  p = p * z + K(0.013971235301124539);
  p = p * z + K(0.017352391265909227);
  p = p * z + K(0.022372173002005596);
  p = p * z + K(0.030381944137085216);
  p = p * z + K(0.04464285714637338);
  p = p * z + K(0.074999999999984246);
  p = p * z + K(0.16666666666666669);
  return z * p;
}

/* asin(sqrt(z)) = *high + the result; the square root is carried to twice its precision */
LANE_INLINE V NAME(arcsine_root)(V z, V *high) {
  V root = NAME(sqrt)(z);
  V head = NAME(head)(root);
  V tail = NAME(where)(MASK(z > 0), (z - head * head) / (root + head), ALL(0));
  *high = head;
  return tail + root * NAME(arcsine)(z);
}
#endif
