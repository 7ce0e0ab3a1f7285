/* needs: lanes */
/* The processor's own, which is right to half a unit in the last place: the loop over the lanes
   becomes one instruction with -fno-math-errno. */
LANE_INLINE V NAME(sqrt)(V x) {
#if LANES == 1 && BITS == 32
  return __builtin_sqrtf(x);
#elif LANES == 1
  return __builtin_sqrt(x);
#else
#if BITS == 32
  float lanes[LANES];
#else
  double lanes[LANES];
#endif
  memcpy(lanes, &x, sizeof lanes);
  for (int i = 0; i < LANES; i++) {
#if BITS == 32
    lanes[i] = __builtin_sqrtf(lanes[i]);
#else
    lanes[i] = __builtin_sqrt(lanes[i]);
#endif
  }
  memcpy(&x, lanes, sizeof lanes);
  return x;
#endif
}
