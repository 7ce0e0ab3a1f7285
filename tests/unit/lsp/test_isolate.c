/* Work in a process of its own: its value comes back, and its end ends nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "lsp/isolate.h"
#include "support/diag.h"

static json_t *counts(const void *data) {
  json_t *list = json_array();
  for (int i = 0; i < *(const int *)data; i++) json_array_append_new(list, json_integer(i));
  return list;
}
static json_t *finds_a_bug(const void *data) {
  (void)data;
  bug("a test", "this is meant to be printed");
}
static json_t *crashes(const void *data) {
  (void)data;
  abort();
}
static json_t *gives_nothing(const void *data) {
  (void)data;
  return NULL;
}
static json_t *prints(const void *data) {
  (void)data;
  puts("what the work prints");
  fflush(stdout);
  return json_true();
}
static json_t *sleeps(const void *data) {
  (void)data;
  sleep(600);
  return json_true();
}

static void values_come_back(void **state) {
  (void)state;
  bool woken;
  int many = 100000; /* more than a pipe holds */
  json_t *list = run_isolated(counts, &many, 60, -1, &woken);
  assert_int_equal(json_array_size(list), many);
  assert_int_equal(json_integer_value(json_array_get(list, (size_t)many - 1)), many - 1);
  json_decref(list);
  assert_false(woken);
  json_t *printed = run_isolated(prints, NULL, 60, -1, &woken);
  assert_true(json_is_true(printed));
}

static void an_end_is_no_value(void **state) {
  (void)state;
  bool woken;
  assert_null(run_isolated(finds_a_bug, NULL, 60, -1, &woken));
  assert_null(run_isolated(crashes, NULL, 60, -1, &woken));
  assert_null(run_isolated(gives_nothing, NULL, 60, -1, &woken));
  assert_null(run_isolated(sleeps, NULL, 1, -1, &woken));
  assert_false(woken);
}

static void something_to_read_wakes(void **state) {
  (void)state;
  bool woken;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], "x", 1), 1);
  assert_null(run_isolated(sleeps, NULL, 600, ends[0], &woken));
  assert_true(woken);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(values_come_back),
                                     cmocka_unit_test(an_end_is_no_value),
                                     cmocka_unit_test(something_to_read_wakes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
