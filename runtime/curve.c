/* Curves of a run, kept while it goes on, and the axes that they are drawn in. */
#include "runtime.h"
#include <math.h>

/* Neighbours become one: a series of any length in bounded memory. */
static void dagrt_curve_halve(dagrt_curve *curve) {
  for (int32_t i = 0; i < curve->n / 2; i++) {
    const dagrt_point *a = &curve->points[2 * i], *b = a + 1;
    curve->points[i] = (dagrt_point){(a->x + b->x) / 2, (a->y + b->y) / 2};
  }
  curve->n /= 2;
  curve->each *= 2;
}

void dagrt_curve_add(dagrt_curve *curve, double x, double y) {
  if (curve->each == 0) curve->each = 1;
  if (curve->in_last == curve->each || curve->n == 0) {
    if (curve->n == DAGRT_CURVE_POINTS) dagrt_curve_halve(curve);
    curve->points[curve->n++] = (dagrt_point){x, y};
    curve->in_last = 1;
    return;
  }
  dagrt_point *last = &curve->points[curve->n - 1];
  double count = (double)++curve->in_last;
  last->x += (x - last->x) / count;
  last->y += (y - last->y) / count;
}

int dagrt_range_of(const dagrt_curve *const *curves, int n, dagrt_point *least,
                   dagrt_point *greatest) {
  int found = 0;
  for (int k = 0; k < n; k++)
    for (int32_t i = 0; i < curves[k]->n; i++) {
      dagrt_point p = curves[k]->points[i];
      if (!isfinite(p.y)) continue;
      if (!found++) *least = *greatest = p;
      *least = (dagrt_point){fmin(least->x, p.x), fmin(least->y, p.y)};
      *greatest = (dagrt_point){fmax(greatest->x, p.x), fmax(greatest->y, p.y)};
    }
  return found;
}

/* --- axes --- */

/* 1, 2, 5, 10, 20, …: the greatest up to x or, upwards, the least from x on. */
static double dagrt_round_number(double x, int upwards) {
  static const double digits[] = {1, 2, 5, 10};
  double power = pow(10, floor(log10(x))), best = power;
  for (int i = 0; i < 4; i++) {
    double number = digits[i] * power;
    /* what rounding makes of 5 * 0.1 is 0.5 */
    if (upwards && number >= x * (1 - 1e-9)) return number;
    if (number <= x * (1 + 1e-9)) best = number;
  }
  return best;
}

/* At multiples of a round number. */
static void dagrt_linear_ticks(dagrt_axis *axis, int wanted, dagrt_axis_kind kind) {
  double range = axis->greatest - axis->least, step = dagrt_round_number(range / wanted, 1);
  if (kind == DAGRT_AXIS_OF_STEPS && step < 1) step = 1;
  if (kind == DAGRT_AXIS_OF_VALUES) {
    axis->least = step * floor(axis->least / step + 1e-9);
    axis->greatest = step * ceil(axis->greatest / step - 1e-9);
  }
  for (double k = ceil(axis->least / step - 1e-9); axis->n < DAGRT_TICKS; k++) {
    if (k * step > axis->greatest + 1e-9 * step) return;
    axis->ticks[axis->n++] = k * step;
  }
}

/* At 1, 2, 5, 10, … where there is room, else at powers of ten, or at some of those. */
static void dagrt_log_ticks(dagrt_axis *axis, int wanted) {
  axis->least = dagrt_round_number(axis->least, 0);
  axis->greatest = dagrt_round_number(axis->greatest, 1);
  double decades = log10(axis->greatest / axis->least);
  if (3 * decades <= wanted + 4) {
    for (double x = axis->least; axis->n < DAGRT_TICKS && x <= axis->greatest * (1 + 1e-9);
         x = dagrt_round_number(x * 1.5, 1))
      axis->ticks[axis->n++] = x;
    return;
  }
  double every = ceil(decades / wanted), first = ceil(log10(axis->least) - 1e-9);
  for (double k = first; axis->n < DAGRT_TICKS && k <= log10(axis->greatest) + 1e-9; k += every)
    axis->ticks[axis->n++] = pow(10, k);
}

dagrt_axis dagrt_axis_of(double least, double greatest, dagrt_axis_kind kind, int wanted) {
  dagrt_axis axis = {.least = least, .greatest = greatest};
  axis.logarithmic = kind == DAGRT_AXIS_OF_VALUES && least > 0 && greatest >= 30 * least;
  if (greatest - least <= 1e-12 * fabs(greatest)) { /* all the same, or a single one */
    double room = greatest == 0 ? 1 : 0.1 * fabs(greatest);
    axis.least -= room;
    axis.greatest += room;
  }
  if (axis.logarithmic)
    dagrt_log_ticks(&axis, wanted);
  else
    dagrt_linear_ticks(&axis, wanted, kind);
  return axis;
}

double dagrt_axis_place(const dagrt_axis *axis, double value) {
  if (axis->logarithmic) return log(value / axis->least) / log(axis->greatest / axis->least);
  return (value - axis->least) / (axis->greatest - axis->least);
}

const char *dagrt_tick_text(double value, char text[24]) {
  if (fabs(value) < 1e-12) value = 0; /* 3 * 0.1 - 0.3 */
  if (fabs(value) >= 1e4 && fabs(value) < 1e15 && value == floor(value) &&
      fmod(fabs(value), 1000) == 0)
    snprintf(text, 24, fmod(fabs(value), 1e6) == 0 ? "%.0fM" : "%.0fk",
             fmod(fabs(value), 1e6) == 0 ? value / 1e6 : value / 1e3);
  else
    snprintf(text, 24, "%.6g", value);
  return text;
}
