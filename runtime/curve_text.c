/* Curves in characters: the first one as a line of braille dots, two by four in a cell, the others
   as marks on top. */
#include "runtime.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  DAGRT_LABEL = 9,  /* columns left of the axis */
  DAGRT_ROWS = 14,  /* of the picture */
  DAGRT_NARROW = 30 /* columns are too few to draw in */
};

typedef struct dagrt_canvas {
  int columns;
  unsigned char *dots;  /* per cell, of the first curve, as braille numbers them */
  unsigned char *marks; /* per cell: 1: there is one */
  dagrt_axis x, y;
} dagrt_canvas;

static int dagrt_nearest_place(double place, int n) { return (int)lround(place * (n - 1)); }

static void dagrt_dot(dagrt_canvas *c, int x, int y) {
  static const unsigned char bits[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
  if (x < 0 || x >= 2 * c->columns || y < 0 || y >= 4 * DAGRT_ROWS) return;
  c->dots[y / 4 * c->columns + x / 2] |= bits[y % 4][x % 2];
}

/* From one column of dots to the next: vertically half in each. */
static void dagrt_join(dagrt_canvas *c, int x0, int y0, int x1, int y1) {
  int steps = abs(x1 - x0) > abs(y1 - y0) ? abs(x1 - x0) : abs(y1 - y0);
  for (int i = 0; i <= steps; i++) {
    double t = steps == 0 ? 0 : (double)i / steps;
    dagrt_dot(c, (int)lround(x0 + t * (x1 - x0)), (int)lround(y0 + t * (y1 - y0)));
  }
}

/* The mean of the points of each column of dots, joined where neighbours are finite. */
static void dagrt_draw_line(dagrt_canvas *c, const dagrt_curve *curve) {
  int last_x = -1, last_y = 0;
  for (int32_t i = 0; i < curve->n;) {
    int x = dagrt_nearest_place(dagrt_axis_place(&c->x, curve->points[i].x), 2 * c->columns);
    double sum = 0;
    int32_t first = i;
    while (i < curve->n &&
           dagrt_nearest_place(dagrt_axis_place(&c->x, curve->points[i].x), 2 * c->columns) == x)
      sum += curve->points[i++].y;
    double y = sum / (i - first);
    if (!isfinite(y)) {
      last_x = -1;
      continue;
    }
    int at = dagrt_nearest_place(1 - dagrt_axis_place(&c->y, y), 4 * DAGRT_ROWS);
    if (last_x < 0)
      dagrt_dot(c, x, at);
    else
      dagrt_join(c, last_x, last_y, x, at);
    last_x = x;
    last_y = at;
  }
}

static void dagrt_draw_marks(dagrt_canvas *c, const dagrt_curve *curve) {
  for (int32_t i = 0; i < curve->n; i++) {
    dagrt_point p = curve->points[i];
    if (!isfinite(p.y)) continue;
    int x = dagrt_nearest_place(dagrt_axis_place(&c->x, p.x), c->columns);
    int y = dagrt_nearest_place(1 - dagrt_axis_place(&c->y, p.y), DAGRT_ROWS);
    c->marks[y * c->columns + x] = 1;
  }
}

/* Braille patterns begin at U+2800. */
static void dagrt_put_cell(FILE *to, int dots, int mark, int colours) {
  if (mark)
    fputs(colours ? "\033[33m•\033[0m" : "•", to);
  else if (dots == 0)
    fputc(' ', to);
  else
    fprintf(to, colours ? "\033[36m\xe2%c%c\033[0m" : "\xe2%c%c", 0xa0 + dots / 64,
            0x80 + dots % 64);
}

static void dagrt_put_row(FILE *to, const dagrt_canvas *c, int row, int colours) {
  char text[24] = "";
  for (int i = 0; i < c->y.n; i++)
    if (dagrt_nearest_place(1 - dagrt_axis_place(&c->y, c->y.ticks[i]), DAGRT_ROWS) == row)
      dagrt_tick_text(c->y.ticks[i], text);
  fprintf(to, "%*s %s", DAGRT_LABEL, text, *text != '\0' ? "┤" : "│");
  int last = c->columns;
  const unsigned char *dots = c->dots + row * c->columns, *marks = c->marks + row * c->columns;
  while (last > 0 && dots[last - 1] == 0 && !marks[last - 1]) last--;
  for (int x = 0; x < last; x++) dagrt_put_cell(to, dots[x], marks[x], colours);
  fputc('\n', to);
}

/* The axis, and below it the numbers, as many as do not meet. */
static void dagrt_put_x_axis(FILE *to, const dagrt_canvas *c) {
  int at = 0, free_from = 0;
  char text[24];
  char *numbers = dagrt_allocate((size_t)(c->columns + 2 * DAGRT_LABEL), 1);
  memset(numbers, ' ', (size_t)(c->columns + DAGRT_LABEL));
  fprintf(to, "%*s └", DAGRT_LABEL, "");
  for (int i = 0; i < c->x.n; i++) {
    int x = dagrt_nearest_place(dagrt_axis_place(&c->x, c->x.ticks[i]), c->columns);
    int length = (int)strlen(dagrt_tick_text(c->x.ticks[i], text)), first = x - length / 2;
    if (first < 0) first = 0;
    if (first < free_from || x < at) continue;
    for (; at < x; at++) fputs("─", to);
    fputs("┬", to);
    at++;
    memcpy(numbers + first, text, (size_t)length);
    free_from = first + length + 1;
  }
  for (; at < c->columns; at++) fputs("─", to);
  numbers[free_from > 0 ? free_from - 1 : 0] = '\0';
  fprintf(to, "\n%*s  %s step\n", DAGRT_LABEL, "", numbers);
  free(numbers);
}

void dagrt_curves_print(FILE *to, const dagrt_curve *const *curves, int n, int columns,
                        int colours) {
  dagrt_point least, greatest;
  if (columns < DAGRT_NARROW || !dagrt_range_of(curves, n, &least, &greatest)) return;
  dagrt_canvas c = {.columns = columns - DAGRT_LABEL - 3};
  if (c.columns > 100) c.columns = 100;
  c.x = dagrt_axis_of(0, greatest.x, DAGRT_AXIS_OF_STEPS, c.columns / 9);
  c.y = dagrt_axis_of(least.y, greatest.y, DAGRT_AXIS_OF_VALUES, 6);
  size_t cells = (size_t)c.columns * DAGRT_ROWS;
  c.dots = dagrt_allocate(cells, 1);
  c.marks = dagrt_allocate(cells, 1);
  dagrt_draw_line(&c, curves[0]);
  for (int k = 1; k < n; k++) dagrt_draw_marks(&c, curves[k]);
  fprintf(to, "\n%*s  ", DAGRT_LABEL, "");
  dagrt_put_cell(to, 0x12, 0, colours);
  dagrt_put_cell(to, 0x12, 0, colours);
  fprintf(to, " %s", curves[0]->name);
  for (int k = 1; k < n; k++) {
    fputs("   ", to);
    dagrt_put_cell(to, 0, 1, colours);
    fprintf(to, " %s", curves[k]->name);
  }
  fputc('\n', to);
  for (int row = 0; row < DAGRT_ROWS; row++) dagrt_put_row(to, &c, row, colours);
  dagrt_put_x_axis(to, &c);
  free(c.dots);
  free(c.marks);
}
