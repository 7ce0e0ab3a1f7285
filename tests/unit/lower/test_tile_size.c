/* Register tiles: how they cover a contraction, and that they fit the registers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "lower/tile.h"

/* Parts cover the extent, none is larger than allowed, and none is smaller than another by more
   than one. */
static void test_spread(void **state) {
  (void)state;
  for (int64_t extent = 1; extent <= 40; extent++)
    for (int64_t most = 1; most <= 12; most++) {
      Spread s = spread_over(extent, most);
      assert_int_equal(s.larger * (s.size + 1) + s.others * s.size, extent);
      assert_int_equal(s.larger + s.others, ceil_div(extent, most));
      assert_true(s.size + (s.larger > 0) <= most);
    }
  Spread columns = spread_over(16, 3);
  assert_int_equal(columns.larger, 4);
  assert_int_equal(columns.size, 2);
}

/* And enough sums that their additions do not wait for each other. */
static void test_tiles_fit_registers(void **state) {
  enum { ENOUGH = 8 };
  Arena *arena = *state;
  static const char *const names[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64"};
  for (size_t t = 0; t < sizeof names / sizeof *names; t++) {
    const TargetMachine *target = target_named(arena, names[t]);
    int64_t lanes = target->vector_bytes / 4;
    for (int64_t rows = 1; rows <= 64; rows += 7)
      for (int64_t vectors = 1; vectors <= 16; vectors++) {
        Sizes s = {.rows = rows,
                   .vectors = vectors,
                   .k = 256,
                   .lanes = lanes,
                   .left_lanes = 1,
                   .bytes = 4};
        bool rows_outside;
        Tile tile = choose_tile(target, &s, &rows_outside);
        assert_true(tile.rows >= 1 && tile.rows <= rows);
        assert_true(tile.vectors >= 1 && tile.vectors <= vectors);
        assert_true(tile.rows * tile.vectors + tile.vectors + 1 <= target->vector_registers);
        if (rows * vectors >= ENOUGH) assert_true(tile.rows * tile.vectors >= ENOUGH / 2);
        if (rows >= ENOUGH && vectors >= 2) assert_true(tile.rows * tile.vectors >= ENOUGH);
      }
  }
}

/* Where the right operand lies in panels, tiles are as wide as these. */
static void test_tiles_are_as_wide_as_panels(void **state) {
  const TargetMachine *target = target_named(*state, "x86-64-v3");
  for (int64_t panel = 1; panel <= 4; panel++) {
    Sizes s = {.rows = 64,
               .vectors = 12,
               .k = 256,
               .lanes = 8,
               .left_lanes = 1,
               .bytes = 4,
               .panel = panel};
    bool rows_outside;
    assert_int_equal(choose_tile(target, &s, &rows_outside).vectors, panel);
  }
}

static int setup(void **state) {
  *state = arena_new();
  return 0;
}

static int teardown(void **state) {
  arena_free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_spread),
      cmocka_unit_test(test_tiles_fit_registers),
      cmocka_unit_test(test_tiles_are_as_wide_as_panels),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
