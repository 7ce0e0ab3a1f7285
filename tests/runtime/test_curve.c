/* Curves: kept in bounded memory, axes with round numbers, and pictures that hold what is finite.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "runtime.h"

static dagrt_curve *curve_new(const char *name) {
  dagrt_curve *curve = dagrt_allocate(1, sizeof *curve);
  curve->name = name;
  return curve;
}

/* Any number of values: at most as many points, whose mean is that of all values. */
static void test_bounded(void **state) {
  (void)state;
  static const int counts[] = {1, 2, 1000, 1024, 1025, 2048, 5000, 100001};
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
    dagrt_curve *curve = curve_new("loss");
    double sum = 0, of_points = 0;
    for (int i = 1; i <= counts[k]; i++) {
      double y = sin(i) + 1e-3 * i;
      dagrt_curve_add(curve, i, y);
      sum += y;
    }
    assert_in_range(curve->n, counts[k] < 512 ? counts[k] : 512, DAGRT_CURVE_POINTS);
    for (int32_t i = 0; i < curve->n; i++) {
      int64_t values = i + 1 < curve->n ? curve->each : curve->in_last;
      of_points += (double)values * curve->points[i].y;
      if (i > 0) assert_true(curve->points[i - 1].x < curve->points[i].x);
    }
    assert_true(fabs(of_points - sum) < 1e-9 * (1 + fabs(sum)));
    assert_true(curve->points[0].x >= 1 && curve->points[curve->n - 1].x <= counts[k]);
    free(curve);
  }
}

static void assert_ticks(const dagrt_axis *axis, int n, const double *ticks) {
  assert_int_equal(axis->n, n);
  for (int i = 0; i < n; i++) assert_true(fabs(axis->ticks[i] - ticks[i]) <= 1e-9 * fabs(ticks[i]));
}

static void test_axes(void **state) {
  (void)state;
  dagrt_axis axis = dagrt_axis_of(0, 1320, DAGRT_AXIS_OF_STEPS, 7);
  assert_ticks(&axis, 7, (double[]){0, 200, 400, 600, 800, 1000, 1200});
  assert_true(axis.greatest == 1320 && dagrt_axis_place(&axis, 660) == 0.5);
  axis = dagrt_axis_of(0, 3, DAGRT_AXIS_OF_STEPS, 7);
  assert_ticks(&axis, 4, (double[]){0, 1, 2, 3});
  axis = dagrt_axis_of(0.31, 1.17, DAGRT_AXIS_OF_VALUES, 6);
  assert_ticks(&axis, 6, (double[]){0.2, 0.4, 0.6, 0.8, 1.0, 1.2});
  assert_false(axis.logarithmic);
  axis = dagrt_axis_of(-3, 4, DAGRT_AXIS_OF_VALUES, 6);
  assert_ticks(&axis, 5, (double[]){-4, -2, 0, 2, 4});
  axis = dagrt_axis_of(0.031, 2.3, DAGRT_AXIS_OF_VALUES, 6);
  assert_true(axis.logarithmic);
  assert_ticks(&axis, 8, (double[]){0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5});
  assert_true(fabs(dagrt_axis_place(&axis, sqrt(0.02 * 5)) - 0.5) < 1e-12);
  axis = dagrt_axis_of(3e-8, 2e4, DAGRT_AXIS_OF_VALUES, 6);
  assert_true(axis.logarithmic && axis.n >= 4 && axis.n <= 7);
  for (int i = 0; i < axis.n; i++) {
    double power = log10(axis.ticks[i]);
    assert_true(fabs(power - round(power)) < 1e-9);
    assert_true(dagrt_axis_place(&axis, axis.ticks[i]) > -1e-9);
    assert_true(dagrt_axis_place(&axis, axis.ticks[i]) < 1 + 1e-9);
  }
  axis = dagrt_axis_of(0.7, 0.7, DAGRT_AXIS_OF_VALUES, 6); /* all the same */
  assert_true(axis.least < 0.7 && axis.greatest > 0.7 && axis.n >= 2);
  axis = dagrt_axis_of(0, 0, DAGRT_AXIS_OF_VALUES, 6);
  assert_true(axis.least < 0 && axis.greatest > 0 && axis.n >= 2);
}

static void test_numbers(void **state) {
  (void)state;
  char text[24];
  assert_string_equal(dagrt_tick_text(0.1 * 3, text), "0.3");
  assert_string_equal(dagrt_tick_text(0.1 * 3 - 0.3, text), "0");
  assert_string_equal(dagrt_tick_text(1200, text), "1200");
  assert_string_equal(dagrt_tick_text(250000, text), "250k");
  assert_string_equal(dagrt_tick_text(3e6, text), "3M");
  assert_string_equal(dagrt_tick_text(1e-8, text), "1e-08");
  assert_string_equal(dagrt_tick_text(-2.5, text), "-2.5");
}

/* What dagrt_curves_print writes. */
static char *printed(const dagrt_curve *const *curves, int n, int columns, int colours) {
  char *text = NULL;
  size_t length = 0;
  FILE *to = open_memstream(&text, &length);
  dagrt_curves_print(to, curves, n, columns, colours);
  fclose(to);
  return text;
}

/* In characters. */
static size_t width_of(const char *line, size_t length) {
  size_t width = 0;
  for (size_t i = 0; i < length; i++) width += ((unsigned char)line[i] & 0xc0) != 0x80;
  return width;
}

static void test_text(void **state) {
  (void)state;
  dagrt_curve *loss = curve_new("loss"), *valid = curve_new("valid_loss");
  for (int i = 1; i <= 300; i++) dagrt_curve_add(loss, i, 2 - 1.5 * i / 300.0);
  dagrt_curve_add(valid, 100, INFINITY);
  dagrt_curve_add(valid, 200, NAN);
  dagrt_curve_add(valid, 300, 1.0);
  const dagrt_curve *curves[] = {loss, valid};
  char *text = printed(curves, 2, 80, 0);
  assert_non_null(strstr(text, " loss   • valid_loss\n"));
  assert_non_null(strstr(text, "  2 ┤"));
  assert_non_null(strstr(text, "0.5 ┤"));
  assert_non_null(strstr(text, " 0      "));
  assert_non_null(strstr(text, "300 step\n"));
  assert_null(strchr(text, '\033'));
  int lines = 0, marks = 0;
  for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1, lines++)
    assert_true(width_of(line, strcspn(line, "\n")) <= 85); /* the axis' name stands out */
  assert_int_equal(lines, 1 + 1 + 14 + 2);
  for (const char *at = text; (at = strstr(at, "•")) != NULL; at++) marks++;
  assert_int_equal(marks, 2); /* the legend's, and that of the one finite value */
  free(text);
  text = printed(curves, 2, 80, 1);
  assert_non_null(strstr(text, "\033[33m•\033[0m"));
  free(text);
  text = printed(curves, 2, 20, 0); /* too narrow */
  assert_string_equal(text, "");
  free(text);
  const dagrt_curve *empty[] = {valid};
  valid->n = 2; /* infinity and NaN */
  text = printed(empty, 1, 80, 0);
  assert_string_equal(text, "");
  free(text);
  free(loss);
  free(valid);
}

static char *read_file(const char *path) {
  char *text = calloc(1, 1 << 20);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
  fclose(file);
  return text;
}

static void test_svg(void **state) {
  (void)state;
  char path[] = "/tmp/dag_curve_XXXXXX";
  assert_true(close(mkstemp(path)) == 0);
  dagrt_curve *loss = curve_new("a<b&c"), *valid = curve_new("valid");
  for (int i = 1; i <= 9; i++) dagrt_curve_add(loss, i, i == 5 ? NAN : pow(10, -i));
  dagrt_curve_add(valid, 9, 0.01);
  const dagrt_curve *curves[] = {loss, valid};
  dagrt_curves_plot(path, "model", curves, 2);
  char *text = read_file(path);
  assert_non_null(strstr(text, "a&lt;b&amp;c"));
  assert_non_null(strstr(text, "loss, logarithmic"));
  assert_non_null(strstr(text, "prefers-color-scheme: dark"));
  assert_null(strstr(text, "nan"));
  assert_null(strstr(text, "inf"));
  const char *curve = strstr(text, "class=\"curve c0\" d=\"");
  int begun = 0, moves = 0;
  for (const char *c = curve + 20; *c != '"'; c++) moves += *c == 'M', begun += *c == 'L';
  assert_int_equal(moves, 2); /* before the gap and behind it */
  assert_int_equal(begun, 6);
  free(text);
  loss->n = 0;
  dagrt_curves_plot(path, "model", curves, 1); /* nothing to draw is a picture too */
  text = read_file(path);
  assert_non_null(strstr(text, "</svg>"));
  assert_null(strstr(text, "nan"));
  free(text);
  unlink(path);
  free(loss);
  free(valid);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bounded), cmocka_unit_test(test_axes), cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_text),    cmocka_unit_test(test_svg),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
