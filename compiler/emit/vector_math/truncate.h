/* needs: lanes */
/* To an integer, towards 0, modulo 2^32 where the lanes have 32 bits; beyond 2^63 and for NaN 0. */
LANE_FN VI NAME(truncate)(V x) {
#if LANES == 1
  return x > K(-0x1p63) && x < K(0x1p63) ? KI((int64_t)x) : 0;
#else
#if BITS == 32
  VI near = MASK(NAME(magnitude)(x) < K(0x1p31));
#else
  VI near = MASK(NAME(magnitude)(x) < K(0x1p63));
#endif
  VI whole = __builtin_convertvector(NAME(from_bits)(NAME(bits)(x) & near), VI);
#if BITS == 32
  if (NAME(any)(~near)) {
    for (int i = 0; i < LANES; i++) {
      if (x[i] > K(-0x1p63) && x[i] < K(0x1p63)) whole[i] = KI((int64_t)x[i]);
    }
  }
#endif
  return whole;
#endif
}
