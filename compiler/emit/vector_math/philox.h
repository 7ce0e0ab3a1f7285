/* needs: lanes */
/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011):
   four random words that are a function of the seed, the place in the program, the training step
   and a counter, so they can be had again at any time and in any order. */
#ifndef PHILOX_ONCE
#define PHILOX_ONCE
LANE_FN void philox(uint64_t seed, int64_t step, int64_t site, int64_t counter, uint32_t word[4]) {
  uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
  word[0] = (uint32_t)counter;
  word[1] = (uint32_t)((uint64_t)counter >> 32);
  word[2] = (uint32_t)site;
  word[3] = (uint32_t)step;
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)word[0] * 0xD2511F53u;
    uint64_t b = (uint64_t)word[2] * 0xCD9E8D57u;
    word[0] = (uint32_t)(b >> 32) ^ word[1] ^ low;
    word[1] = (uint32_t)b;
    word[2] = (uint32_t)(a >> 32) ^ word[3] ^ high;
    word[3] = (uint32_t)a;
    low += 0x9E3779B9u; /* the golden ratio and the root of 3 less 1, in units of 2^-32 */
    high += 0xBB67AE85u;
  }
}
/* 53 bits, in [0, 1) */
LANE_FN double philox_unit(uint32_t high, uint32_t low) {
  return (double)((((uint64_t)high << 32) | low) >> 11) * 0x1p-53;
}
#endif
