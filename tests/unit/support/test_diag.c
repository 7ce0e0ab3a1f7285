#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/diag.h"

typedef struct Capture {
  Arena *arena;
  FILE *stream;
  char *text;
  size_t size;
  Diag *diag;
} Capture;

/* c must stay where it is between the two: the stream writes to its fields */
static void capture_start(Capture *c) {
  c->arena = arena_new();
  c->stream = open_memstream(&c->text, &c->size);
  c->diag = diag_new(c->arena, c->stream);
}

static void capture_end(Capture *c) {
  fclose(c->stream);
  free(c->text);
  arena_free(c->arena);
}

static Span span(const Source *source, uint32_t line, uint32_t column, uint32_t end) {
  return (Span){source, line, column, line, end};
}

static void shows_line_and_carets(void **state) {
  (void)state;
  Capture c;
  capture_start(&c);
  const char *text = "dim B = 64\n\tz = x + é*y\n";
  Source source = {"m.dag", text, strlen(text), false};
  diag_error(c.diag, span(&source, 2, 10, 12), "what is %s", "this");
  diag_note(c.diag, span(&source, 1, 5, 6), "declared here");
  diag_hint(c.diag, "try %d", 3);
  fflush(c.stream);
  assert_string_equal(c.text, "m.dag:2:10: error: what is this\n"
                              "    2 | \tz = x + é*y\n"
                              "      | \t        ^\n"
                              "m.dag:1:5: note: declared here\n"
                              "    1 | dim B = 64\n"
                              "      |     ^\n"
                              "hint: try 3\n");
  assert_int_equal(diag_errors(c.diag), 1);
  capture_end(&c);
}

static void stops_after_twenty(void **state) {
  (void)state;
  Capture c;
  capture_start(&c);
  for (int i = 0; i < 30; i++) diag_error(c.diag, span_none(), "error %d", i);
  fflush(c.stream);
  assert_true(diag_full(c.diag));
  assert_null(strstr(c.text, "error 20"));
  assert_non_null(strstr(c.text, "error 19"));
  capture_end(&c);
}

static void survives_any_place(void **state) {
  (void)state;
  Capture c;
  capture_start(&c);
  Source source = {"m.dag", "\x80\xff", 2, false};
  diag_error(c.diag, (Span){&source, 1, 1, 1, 3}, "bytes");
  diag_error(c.diag, (Span){&source, 9, 40, 9, 50}, "past the end");
  Source empty = {"e.dag", "", 0, false};
  diag_error(c.diag, (Span){&empty, 1, 1, 1, 1}, "nothing");
  fflush(c.stream);
  assert_non_null(strstr(c.text, "e.dag:1:1: error: nothing"));
  capture_end(&c);
}

static void suggests_the_nearest(void **state) {
  (void)state;
  const char *const names[] = {"cross_entropy", "dense", "relu"};
  assert_string_equal(nearest_name("desne", names, 3), "dense");
  assert_string_equal(nearest_name("cross_entrpy", names, 3), "cross_entropy");
  assert_null(nearest_name("conv2d", names, 3));
  assert_null(nearest_name("x", names, 3));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shows_line_and_carets),
      cmocka_unit_test(stops_after_twenty),
      cmocka_unit_test(survives_any_place),
      cmocka_unit_test(suggests_the_nearest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
