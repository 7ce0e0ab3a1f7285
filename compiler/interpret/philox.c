#include "interpret/philox.h"
#include <math.h>

PhiloxBlock philox(PhiloxBlock counter, uint32_t key_low, uint32_t key_high) {
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)counter.word[0] * 0xD2511F53u;
    uint64_t b = (uint64_t)counter.word[2] * 0xCD9E8D57u;
    counter = (PhiloxBlock){{(uint32_t)(b >> 32) ^ counter.word[1] ^ key_low, (uint32_t)b,
                             (uint32_t)(a >> 32) ^ counter.word[3] ^ key_high, (uint32_t)a}};
    key_low += 0x9E3779B9u; /* the golden ratio and √3 − 1, in units of 2⁻³² */
    key_high += 0xBB67AE85u;
  }
  return counter;
}

static PhiloxBlock draw(RandomPlace place) {
  PhiloxBlock counter = {
      {(uint32_t)place.counter, (uint32_t)(place.counter >> 32), place.site, place.step}};
  return philox(counter, (uint32_t)place.seed, (uint32_t)(place.seed >> 32));
}

static double unit_53(uint32_t high, uint32_t low) {
  return (double)((((uint64_t)high << 32) | low) >> 11) * 0x1p-53;
}

double random_uniform_f32(RandomPlace place) {
  return (double)(draw(place).word[0] >> 8) * 0x1p-24;
}

double random_uniform_f64(RandomPlace place) {
  PhiloxBlock block = draw(place);
  return unit_53(block.word[0], block.word[1]);
}

double random_normal(RandomPlace place) {
  PhiloxBlock block = draw(place);
  double u = unit_53(block.word[0], block.word[1]), v = unit_53(block.word[2], block.word[3]);
  return sqrt(-2 * log1p(-u)) * cos(2 * M_PI * v);
}
