#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/json.h"

static void strings(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"", "\"\""},
      {"a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\""},
      {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
      {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
      {"Σ é 😀", "\"Σ é 😀\""},
      {"a\xff" "b\xc3", "\"a\xEF\xBF\xBD" "b\xEF\xBF\xBD\""}, /* no UTF-8 */
  };
  Arena *arena = arena_new();
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    Text json = text_new(arena);
    json_add_string(&json, table[i][0]);
    assert_string_equal(text_string(&json), table[i][1]);
  }
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(strings)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
