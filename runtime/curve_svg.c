/* Curves as a picture: SVG that needs nothing else, in the colours of a light or a dark page. */
#include "runtime.h"
#include <math.h>

enum {
  DAGRT_WIDTH = 760,
  DAGRT_HEIGHT = 440,
  DAGRT_LEFT = 70,
  DAGRT_RIGHT = 24,
  DAGRT_TOP = 52,
  DAGRT_BOTTOM = 52,
  DAGRT_ACROSS = DAGRT_WIDTH - DAGRT_LEFT - DAGRT_RIGHT,
  DAGRT_DOWN = DAGRT_HEIGHT - DAGRT_TOP - DAGRT_BOTTOM
};

typedef struct dagrt_picture {
  FILE *to;
  dagrt_axis x, y;
} dagrt_picture;

static double dagrt_picture_x(const dagrt_picture *p, double x) {
  return DAGRT_LEFT + DAGRT_ACROSS * dagrt_axis_place(&p->x, x);
}

static double dagrt_picture_y(const dagrt_picture *p, double y) {
  return DAGRT_TOP + DAGRT_DOWN * (1 - dagrt_axis_place(&p->y, y));
}

/* Of an element. */
static void dagrt_put_text(FILE *to, const char *text) {
  for (; *text != '\0'; text++) switch (*text) {
    case '<': fputs("&lt;", to); break;
    case '>': fputs("&gt;", to); break;
    case '&': fputs("&amp;", to); break;
    default: fputc(*text, to);
    }
}

static void dagrt_put_head(FILE *to, const char *model) {
  fprintf(to,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
          "viewBox=\"0 0 %d %d\" role=\"img\">\n<title>",
          DAGRT_WIDTH, DAGRT_HEIGHT, DAGRT_WIDTH, DAGRT_HEIGHT);
  dagrt_put_text(to, model);
  fputs(": loss by training step</title>\n<style>\n"
        "text { font: 12px system-ui, sans-serif; fill: #57606a }\n"
        ".name { font-size: 15px; font-weight: 600; fill: #1f2328 }\n"
        ".page { fill: #ffffff }\n"
        ".grid { stroke: #d8dee4; stroke-width: 1 }\n"
        ".axis { stroke: #8c959f; stroke-width: 1 }\n"
        ".curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }\n"
        ".pale { opacity: 0.35; stroke-width: 1 }\n"
        ".c0 { stroke: #0969da }\n.c1 { stroke: #bc4c00 }\n"
        "@media (prefers-color-scheme: dark) {\n"
        "  text { fill: #9198a1 }\n  .name { fill: #f0f6fc }\n  .page { fill: #0d1117 }\n"
        "  .grid { stroke: #2a313c }\n  .axis { stroke: #656c76 }\n"
        "  .c0 { stroke: #58a6ff }\n  .c1 { stroke: #f0883e }\n}\n</style>\n",
        to);
  fprintf(to,
          "<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n<text class=\"name\" x=\"%d\" "
          "y=\"28\">",
          DAGRT_WIDTH, DAGRT_HEIGHT, DAGRT_LEFT);
  dagrt_put_text(to, model);
  fputs("</text>\n", to);
}

static void dagrt_put_axes(const dagrt_picture *p) {
  const int right = DAGRT_LEFT + DAGRT_ACROSS, bottom = DAGRT_TOP + DAGRT_DOWN;
  char text[24];
  for (int i = 0; i < p->y.n; i++) {
    double y = dagrt_picture_y(p, p->y.ticks[i]);
    fprintf(p->to, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n",
            DAGRT_LEFT, y, right, y);
    fprintf(p->to, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", DAGRT_LEFT - 8,
            y + 4, dagrt_tick_text(p->y.ticks[i], text));
  }
  for (int i = 0; i < p->x.n; i++) {
    double x = dagrt_picture_x(p, p->x.ticks[i]);
    fprintf(p->to, "<line class=\"axis\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", x,
            bottom, x, bottom + 5);
    fprintf(p->to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x, bottom + 19,
            dagrt_tick_text(p->x.ticks[i], text));
  }
  fprintf(p->to, "<path class=\"axis\" fill=\"none\" d=\"M%d %dV%dH%d\"/>\n", DAGRT_LEFT, DAGRT_TOP,
          bottom, right);
  fprintf(p->to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">training step</text>\n",
          DAGRT_LEFT + DAGRT_ACROSS / 2, bottom + 40);
  fprintf(p->to,
          "<text transform=\"translate(18 %d) rotate(-90)\" text-anchor=\"middle\">loss%s</text>\n",
          DAGRT_TOP + DAGRT_DOWN / 2, p->y.logarithmic ? ", logarithmic" : "");
}

/* The mean of `width` points from number i on, or of what is left of them. */
static dagrt_point dagrt_mean_point(const dagrt_curve *curve, int32_t i, int32_t width) {
  dagrt_point sum = {0, 0};
  int32_t end = i + width < curve->n ? i + width : curve->n;
  for (int32_t k = i; k < end; k++)
    sum = (dagrt_point){sum.x + curve->points[k].x, sum.y + curve->points[k].y};
  return (dagrt_point){sum.x / (end - i), sum.y / (end - i)};
}

/* A point without neighbours is a line of no length, which round ends make a dot. */
static void dagrt_put_line(const dagrt_picture *p, const dagrt_curve *curve, const char *class,
                           int32_t width) {
  int begun = 0;
  fprintf(p->to, "<path class=\"%s\" d=\"", class);
  for (int32_t i = 0; i < curve->n; i += width) {
    dagrt_point at = dagrt_mean_point(curve, i, width);
    if (!isfinite(at.y)) {
      begun = 0;
      continue;
    }
    fprintf(p->to, "%s%.1f %.1f%s", begun ? "L" : "M", dagrt_picture_x(p, at.x),
            dagrt_picture_y(p, at.y), begun ? "" : "h0");
    begun = 1;
  }
  fputs("\"/>\n", p->to);
}

/* Of many points a line through means, the points themselves pale behind it. */
static void dagrt_put_curve(const dagrt_picture *p, const dagrt_curve *curve, int number) {
  enum { MANY = 160, MEANS = 80 };
  int32_t width = curve->n < MANY ? 1 : (curve->n + MEANS - 1) / MEANS;
  if (width > 1) dagrt_put_line(p, curve, dagrt_text("pale curve c%d", number), 1);
  dagrt_put_line(p, curve, dagrt_text("curve c%d", number), width);
}

static void dagrt_put_legend(FILE *to, const dagrt_curve *const *curves, int n) {
  int x = DAGRT_WIDTH - DAGRT_RIGHT;
  for (int k = n; k-- > 0;) {
    fprintf(to, "<text x=\"%d\" y=\"28\" text-anchor=\"end\">", x);
    dagrt_put_text(to, curves[k]->name);
    fputs("</text>\n", to);
    int length = 0;
    while (curves[k]->name[length] != '\0') length++;
    x -= 7 * length + 8;
    fprintf(to, "<path class=\"curve c%d\" d=\"M%d 24h-22\"/>\n", k, x);
    x -= 44;
  }
}

void dagrt_curves_plot(const char *path, const char *model, const dagrt_curve *const *curves,
                       int n) {
  dagrt_output output;
  dagrt_point least = {0, 0}, greatest = {1, 1};
  dagrt_range_of(curves, n, &least, &greatest);
  dagrt_output_open(&output, path);
  dagrt_picture p = {.to = output.stream};
  p.x = dagrt_axis_of(0, greatest.x, DAGRT_AXIS_OF_STEPS, 7);
  p.y = dagrt_axis_of(least.y, greatest.y, DAGRT_AXIS_OF_VALUES, 6);
  dagrt_put_head(p.to, model);
  dagrt_put_axes(&p);
  for (int k = 0; k < n; k++) dagrt_put_curve(&p, curves[k], k);
  dagrt_put_legend(p.to, curves, n);
  fputs("</svg>\n", p.to);
  dagrt_output_commit(&output);
}
