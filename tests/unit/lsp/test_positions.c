/* Places in units of UTF-16, and URIs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "lsp/positions.h"
#include "lsp/uri.h"
#include "syntax/syntax.h"

static void assert_range(Positions *positions, Span span, int line, int from, int end_line,
                         int to) {
  json_t *range = range_numbers(positions, span),
         *expected = json_pack("[i, i, i, i]", line, from, end_line, to);
  assert_true(json_equal(range, expected));
  json_decref(range);
  json_decref(expected);
}

static void columns_count_utf16(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Positions positions = {.arena = arena};
  const char *text = "abc\r\nä€𝛿x\n";
  const Source *source = source_from_text(arena, "a.dag", text, strlen(text));
  assert_range(&positions, (Span){source, 1, 2, 1, 4}, 0, 1, 0, 3);
  assert_range(&positions, (Span){source, 2, 1, 2, 3}, 1, 0, 1, 1);  /* ä: two bytes, one unit */
  assert_range(&positions, (Span){source, 2, 6, 2, 10}, 1, 2, 1, 4); /* 𝛿: four and two */
  assert_range(&positions, (Span){source, 2, 10, 2, 11}, 1, 4, 1, 5);
  assert_range(&positions, (Span){source, 3, 1, 3, 99}, 2, 0, 2, 0); /* past the end */
  assert_range(&positions, (Span){source, 9, 1, 9, 2}, 8, 0, 8, 0);  /* there is no such line */
  arena_free(arena);
}

static void uris_name_files(void **state) {
  (void)state;
  Arena *arena = arena_new();
  assert_string_equal(uri_of_path(arena, "/no such/a%b+ä.dag"),
                      "file:///no%20such/a%25b%2B%C3%A4.dag");
  assert_string_equal(path_of_uri(arena, "file:///no%20such/a%25b%2b%C3%a4.dag"),
                      "/no such/a%b+ä.dag");
  assert_string_equal(path_of_uri(arena, "file://host/a.dag"), "/a.dag");
  assert_string_equal(path_of_uri(arena, "file:///100%"), "/100%");
  assert_null(path_of_uri(arena, "untitled:Untitled-1"));
  assert_null(path_of_uri(arena, "file://host"));
  assert_null(path_of_uri(arena, "file:///a%00b"));
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(columns_count_utf16),
                                     cmocka_unit_test(uris_name_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
