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

/* What is held is as if it had never been said, until it is released. */
static void holds_and_releases(void **state) {
  (void)state;
  Capture c;
  capture_start(&c);
  diag_error(c.diag, span_none(), "before");
  Diag *forgotten = diag_hold(c.diag);
  diag_error(forgotten, span_none(), "never said");
  Diag *kept = diag_hold(c.diag);
  diag_error(kept, span_none(), "held");
  diag_hint(kept, "a hint");
  diag_note(kept, span_none(), "a note");
  fflush(c.stream);
  assert_string_equal(c.text, "dagc: error: before\n");
  diag_release(c.diag, kept);
  diag_error(c.diag, span_none(), "held");
  fflush(c.stream);
  assert_string_equal(c.text, "dagc: error: before\n"
                              "dagc: error: held\n"
                              "dagc: note: a note\n"
                              "hint: a hint\n");
  capture_end(&c);
}

/* Without a stream they are there as data, and as JSON. */
static void keeps_data(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Diag *diag = diag_new(arena, NULL);
  const char *text = "dim B = 64\nz = x\n";
  Source source = {"m.dag", text, strlen(text), false};
  diag_error(diag, span(&source, 2, 5, 6), "`x` is not \"known\"");
  diag_note(diag, span(&source, 1, 5, 6), "here");
  diag_note(diag, span_none(), "nowhere");
  diag_hint(diag, "try %d", 3);
  diag_warning(diag, span_none(), "odd");
  size_t n;
  const Diagnostic *said = diag_list(diag, &n);
  assert_int_equal(n, 2);
  assert_int_equal(said[0].severity, SEVERITY_ERROR);
  assert_int_equal(said[0].span.line, 2);
  assert_int_equal(said[0].notes.count, 2);
  assert_string_equal(said[0].hint, "try 3");
  assert_int_equal(said[1].severity, SEVERITY_WARNING);
  assert_null(said[1].hint);
  assert_string_equal(
      diag_json(arena, diag),
      "{\"severity\": \"error\", \"message\": \"`x` is not \\\"known\\\"\", \"file\": \"m.dag\", "
      "\"line\": 2, \"column\": 5, \"end_line\": 2, \"end_column\": 6, \"notes\": [{\"message\": "
      "\"here\", \"file\": \"m.dag\", \"line\": 1, \"column\": 5, \"end_line\": 1, "
      "\"end_column\": 6}, {\"message\": \"nowhere\"}], \"hint\": \"try 3\"}\n"
      "{\"severity\": \"warning\", \"message\": \"odd\", \"notes\": []}\n");
  arena_free(arena);
}

static void says_the_same_once(void **state) {
  (void)state;
  Capture c;
  capture_start(&c);
  for (int i = 0; i < 2; i++) {
    diag_warning(c.diag, span_none(), "odd");
    diag_hint(c.diag, "leave it");
  }
  diag_error(c.diag, span_none(), "odd");
  fflush(c.stream);
  assert_string_equal(c.text, "dagc: warning: odd\nhint: leave it\ndagc: error: odd\n");
  capture_end(&c);
}

static void suggests_the_nearest(void **state) {
  (void)state;
  const char *const names[] = {"cross_entropy", "dense", "relu"};
  assert_string_equal(nearest_name("desne", names, 3), "dense");
  assert_string_equal(nearest_name("cross_entrpy", names, 3), "cross_entropy");
  assert_string_equal(nearest_name("ReLU", names, 3), "relu");
  assert_null(nearest_name("conv2d", names, 3));
  assert_null(nearest_name("x", names, 3));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shows_line_and_carets),
      cmocka_unit_test(stops_after_twenty),
      cmocka_unit_test(survives_any_place),
      cmocka_unit_test(holds_and_releases),
      cmocka_unit_test(keeps_data),
      cmocka_unit_test(says_the_same_once),
      cmocka_unit_test(suggests_the_nearest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
