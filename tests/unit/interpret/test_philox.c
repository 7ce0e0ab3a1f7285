#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include "interpret/philox.h"

/* The vectors published with Random123 (kat_vectors, philox4x32 10). */
static void test_published_vectors(void **state) {
  (void)state;
  static const struct {
    uint32_t counter[4], key[2], expected[4];
  } rows[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    PhiloxBlock counter;
    for (int i = 0; i < 4; i++) counter.word[i] = rows[r].counter[i];
    PhiloxBlock got = philox(counter, rows[r].key[0], rows[r].key[1]);
    for (int i = 0; i < 4; i++) assert_int_equal(got.word[i], rows[r].expected[i]);
  }
}

/* The first published vector, as the uniform numbers that are made of its words. */
static void test_words_to_uniform(void **state) {
  (void)state;
  RandomPlace zero = {0};
  assert_true(random_uniform_f32(zero) == (double)(0x6627e8d5 >> 8) / 16777216.0);
  assert_true(random_uniform_f64(zero) ==
              (double)(0x6627e8d5e169c58dULL >> 11) / 9007199254740992.0);
}

/* Each part of a place gives another number; the counter's and the seed's high words count. */
static void test_places_differ(void **state) {
  (void)state;
  RandomPlace places[] = {
      {0},         {.seed = 1}, {.seed = 1ull << 32}, {.counter = 1}, {.counter = 1ull << 32},
      {.site = 1}, {.step = 1}};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    for (size_t k = 0; k < i; k++)
      assert_true(random_uniform_f64(places[i]) != random_uniform_f64(places[k]));
}

/* Means and variances over n draws, within five standard deviations of theirs. */
static void test_moments(void **state) {
  (void)state;
  enum { n = 100000 };
  double uniform = 0, normal = 0, square = 0, fourth = 0;
  for (uint64_t i = 0; i < n; i++) {
    RandomPlace place = {.seed = 7, .counter = i, .site = 3, .step = 2};
    double u = random_uniform_f32(place), z = random_normal(place);
    assert_true(u >= 0 && u < 1 && isfinite(z));
    uniform += u / n;
    normal += z / n;
    square += z * z / n;
    fourth += z * z * z * z / n;
  }
  assert_true(fabs(uniform - 0.5) < 5 * sqrt(1.0 / 12 / n));
  assert_true(fabs(normal) < 5 * sqrt(1.0 / n));
  assert_true(fabs(square - 1) < 5 * sqrt(2.0 / n));
  assert_true(fabs(fourth - 3) < 5 * sqrt(96.0 / n));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_published_vectors),
      cmocka_unit_test(test_words_to_uniform),
      cmocka_unit_test(test_places_differ),
      cmocka_unit_test(test_moments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
