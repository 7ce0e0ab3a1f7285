/* needs: lanes, philox, log1p, sqrt, cos */
/* wide */
/* Of mean 0 and variance 1, by Box and Muller's transform. */
#if BITS == 32
LANE_FN V NAME(random_normal)(uint64_t seed, int64_t step, int64_t site, int64_t counter) {
  return NAME(narrow)(WIDE(random_normal)(seed, step, site, counter));
}
#else
LANE_FN V NAME(random_normal)(uint64_t seed, int64_t step, int64_t site, int64_t counter) {
  uint32_t word[4];
  philox(seed, step, site, counter, word);
  double u = philox_unit(word[0], word[1]), v = philox_unit(word[2], word[3]);
  return NAME(sqrt)(-2 * NAME(log1p)(-u)) * NAME(cos)(0x1.921fb54442d18p+2 * v);
}
#endif
