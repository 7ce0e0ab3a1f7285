/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers:
   As Easy as 1, 2, 3; SC 2011). Private to interpret/. */
#pragma once
#include <stdint.h>

typedef struct PhiloxBlock {
  uint32_t word[4];
} PhiloxBlock;

PhiloxBlock philox(PhiloxBlock counter, uint32_t key_low, uint32_t key_high);

/* Where a random number stands: its value is a function of this alone. */
typedef struct RandomPlace {
  uint64_t seed;
  uint64_t counter;
  uint32_t site, step;
} RandomPlace;

/* In [0, 1): 24 bits for an f32, 53 for an f64. */
double random_uniform_f32(RandomPlace place);
double random_uniform_f64(RandomPlace place);
/* Of mean 0 and variance 1, by Box and Muller's transform. */
double random_normal(RandomPlace place);
