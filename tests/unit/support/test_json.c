#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "support/diag.h"
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

/* Whatever bytes stand in a string, another reader of JSON takes it; text comes back as it was. */
static void is_read_back(void **state) {
  (void)state;
  Arena *arena = arena_new();
  for (int byte = 1; byte < 256; byte++) {
    const char string[] = {'a', (char)byte, 'b', '\0'};
    Text json = text_new(arena);
    json_add_string(&json, string);
    json_t *read = json_loads(text_string(&json), JSON_DECODE_ANY, NULL);
    if (!json_is_string(read)) fail_msg("byte %d: %s", byte, text_string(&json));
    assert_string_equal(json_string_value(read), byte < 128 ? string : "a\xEF\xBF\xBD" "b");
    json_decref(read);
  }
  arena_free(arena);
}

static void diagnostics_are_read_back(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Diag *diag = diag_new(arena, NULL);
  Source source = {"a \"b\".dag", "x = \"\\\"\n", 9, false};
  Span span = {&source, 1, 5, 1, 8};
  diag_error(diag, span, "two\nlines and a \\");
  diag_note(diag, span, "one");
  diag_note(diag, span_none(), "two");
  diag_hint(diag, "%s", "\x80");
  diag_warning(diag, span_none(), "odd");
  const char *at = diag_json(arena, diag);
  const char *const severities[] = {"error", "warning"};
  for (size_t i = 0; i < 2; i++) {
    size_t length = strcspn(at, "\n");
    json_t *read = json_loadb(at, length, 0, NULL);
    const char *severity = NULL, *message = NULL, *file = NULL;
    int line = 0, column = 0, end_line = 0, end_column = 0;
    json_t *notes = NULL;
    assert_int_equal(json_unpack(read, "{s:s, s:s, s:o, s?s, s?i, s?i, s?i, s?i}", "severity",
                                 &severity, "message", &message, "notes", &notes, "file", &file,
                                 "line", &line, "column", &column, "end_line", &end_line,
                                 "end_column", &end_column),
                     0);
    assert_string_equal(severity, severities[i]);
    assert_int_equal(json_array_size(notes), i == 0 ? 2 : 0);
    assert_string_equal(file == NULL ? "" : file, i == 0 ? source.path : "");
    assert_int_equal(end_column, i == 0 ? 8 : 0);
    json_decref(read);
    at += length + 1;
  }
  assert_string_equal(at, "");
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(strings), cmocka_unit_test(is_read_back),
                                     cmocka_unit_test(diagnostics_are_read_back)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
