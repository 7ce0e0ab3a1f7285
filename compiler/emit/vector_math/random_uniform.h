/* needs: lanes, philox */
/* In [0, 1): 24 bits for a float, 53 for a double. */
LANE_FN V NAME(random_uniform)(uint64_t seed, int64_t step, int64_t site, int64_t counter) {
  uint32_t word[4];
  philox(seed, step, site, counter, word);
#if BITS == 32
  return (float)(word[0] >> 8) * 0x1p-24f;
#else
  return philox_unit(word[0], word[1]);
#endif
}
