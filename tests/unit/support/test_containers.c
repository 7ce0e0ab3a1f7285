/* Arena, growable arrays, text and map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "support/map.h"
#include "support/text.h"

static void memory_is_zeroed_and_aligned(void **state) {
  (void)state;
  Arena *arena = arena_new();
  for (size_t size = 1; size < 200000; size = size * 3 + 1) {
    unsigned char *bytes = arena_alloc(arena, size);
    assert_int_equal((uintptr_t)bytes % 16, 0);
    for (size_t i = 0; i < size; i++) assert_int_equal(bytes[i], 0);
    memset(bytes, 255, size);
  }
  arena_free(arena);
  arena_free(NULL);
}

/* Sizes around that of the largest chunk, which are also larger than what is left of the one
 * before. */
static void large_pieces_keep_what_is_beside_them(void **state) {
  (void)state;
  static const size_t sizes[] = {3 << 20,        4 << 20, 24,  (4 << 20) - 32,
                                 (4 << 20) - 16, 9 << 20, 1000};
  enum { COUNT = sizeof sizes / sizeof *sizes };
  Arena *arena = arena_new();
  unsigned char *pieces[COUNT];
  for (int i = 0; i < COUNT; i++) {
    pieces[i] = arena_alloc(arena, sizes[i]);
    for (size_t k = 0; k < sizes[i]; k += 8) assert_int_equal(pieces[i][k], 0);
    memset(pieces[i], i + 1, sizes[i]);
  }
  for (int i = 0; i < COUNT; i++) {
    for (size_t k = 0; k < sizes[i]; k += 8) assert_int_equal(pieces[i][k], i + 1);
  }
  arena_free(arena);
}

static void arrays_grow(void **state) {
  (void)state;
  Arena *arena = arena_new();
  ARRAY(int) numbers = {0};
  for (int i = 0; i < 1000; i++) ARRAY_PUSH(arena, &numbers, i);
  assert_int_equal(numbers.count, 1000);
  for (int i = 0; i < 1000; i++) assert_int_equal(numbers.items[i], i);
  arena_free(arena);
}

static void text_is_collected(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Text text = text_new(arena);
  assert_string_equal(text_string(&text), "");
  for (int i = 0; i < 500; i++) text_printf(&text, "%d,", i % 10);
  text_addn(&text, "end!", 3);
  assert_int_equal(text.length, 1003);
  assert_string_equal(text_string(&text) + 998, "9,end");
  arena_free(arena);
}

static void map_keeps_order_and_replaces(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Map map = map_new(arena);
  static int values[500];
  for (int i = 0; i < 500; i++) map_set(&map, arena_printf(arena, "k%d", i), &values[i]);
  map_set(&map, "k7", &values[0]);
  assert_int_equal(map.count, 500);
  assert_ptr_equal(map_get(&map, "k7"), &values[0]);
  assert_ptr_equal(map_get(&map, "k499"), &values[499]);
  assert_null(map_get(&map, "none"));
  assert_string_equal(map.entries[3].key, "k3");
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_is_zeroed_and_aligned),
      cmocka_unit_test(large_pieces_keep_what_is_beside_them),
      cmocka_unit_test(arrays_grow),
      cmocka_unit_test(text_is_collected),
      cmocka_unit_test(map_keeps_order_and_replaces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
