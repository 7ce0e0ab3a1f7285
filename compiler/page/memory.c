/* The workspace over the calls of a function: what is alive at each call, and where each buffer
   lies while it is; beside it a table that says the same. */
#include <inttypes.h>
#include <string.h>
#include "page/parts.h"

/* Of the picture, in its own units. */
enum { LEFT = 64, WIDTH = 880, ALIVE_TOP = 22, ALIVE = 56, GAP = 14, MAP = 260, BELOW = 34 };
enum { MAP_TOP = ALIVE_TOP + ALIVE + GAP, HEIGHT = MAP_TOP + MAP + BELOW };
enum { LETTER = 6, LETTERS_HIGH = 13 };

typedef struct Timeline {
  const Page *p;
  uint32_t entry, n_calls;
  const BufferId *buffers; /* of the entry's workspace, in order of life */
  uint32_t n_buffers;
  int64_t *alive; /* bytes, per call */
  int64_t end;    /* the highest byte in use */
  uint32_t peak;  /* the call with most bytes alive, the first one */
} Timeline;

static const Buffer *buffer_at(const Timeline *t, uint32_t i) {
  return &t->p->plan->buffers[t->buffers[i]];
}

static int64_t bytes_of(const Buffer *b) { return b->elements * element_bytes(b); }

static Timeline find_timeline(const Page *p, uint32_t entry) {
  const Plan *plan = p->plan;
  Timeline t = {.p = p, .entry = entry, .n_calls = page_entry(p, entry)->n_calls};
  ARRAY(BufferId) buffers = {0};
  t.alive = ARENA_ARRAY(p->arena, int64_t, t.n_calls + 1);
  for (uint32_t call = 0; call < t.n_calls; call++)
    for (BufferId i = 0; i < plan->n_buffers; i++) {
      const Buffer *b = &plan->buffers[i];
      if (b->kind != BUFFER_WORKSPACE || b->entry != entry || b->first != call) continue;
      ARRAY_PUSH(p->arena, &buffers, i);
      for (uint32_t k = b->first; k <= b->last; k++) t.alive[k] += bytes_of(b);
      if (buffer_end(b) > t.end) t.end = buffer_end(b);
    }
  for (uint32_t call = 0; call < t.n_calls; call++)
    if (t.alive[call] > t.alive[t.peak]) t.peak = call;
  t.buffers = buffers.items;
  t.n_buffers = (uint32_t)buffers.count;
  return t;
}

static double x_of(const Timeline *t, uint32_t call) {
  return LEFT + (double)WIDTH * call / t->n_calls;
}

/* Of a byte of the workspace; byte 0 is at the bottom. */
static double y_of(const Timeline *t, int64_t byte) {
  return MAP_TOP + MAP * (1 - (double)byte / (double)t->end);
}

static void write_type(const Page *p, const Buffer *b) {
  text_add(p->out, type_name(buffer_stored(b)));
  for (uint32_t i = 0; i < b->rank; i++)
    text_printf(p->out, "%s%" PRId64, i == 0 ? "[" : ", ", b->extents[i]);
  if (b->rank > 0) text_add(p->out, "]");
}

static const char *class_of(const Page *p, const Buffer *b) {
  return page_tensor(p, b->tensor)->derived ? "b" : "f";
}

static void write_rectangle(const Timeline *t, uint32_t i) {
  const Page *p = t->p;
  const Buffer *b = buffer_at(t, i);
  double x = x_of(t, b->first), width = x_of(t, b->last + 1) - x;
  double y = y_of(t, buffer_end(b)), height = y_of(t, b->offset) - y;
  const char *dot = strrchr(b->name, '.'), *name = dot == NULL ? b->name : dot + 1;
  text_printf(p->out, "<g class=\"%s\" id=\"b%u\"", class_of(p, b), t->buffers[i]);
  write_links_of_buffer(p, b);
  text_add(p->out, "><title>");
  html_string(p->out, b->name);
  text_add(p->out, ": ");
  write_type(p, b);
  text_add(p->out, ", ");
  html_amount(p->out, (double)bytes_of(b), "B");
  text_printf(
      p->out,
      ", calls %u to %u</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
      b->first, b->last, x, y, width > 1 ? width : 1, height > 1.5 ? height : 1.5);
  if (width > LETTER * (double)strlen(name) + 8 && height > LETTERS_HIGH) {
    text_printf(p->out, "<text x=\"%.1f\" y=\"%.1f\">", x + 4, y + height / 2 + 4);
    html_string(p->out, name);
    text_add(p->out, "</text>");
  }
  text_add(p->out, "</g>\n");
}

/* The steps of what is alive, as an area. */
static void write_alive(const Timeline *t) {
  Text *out = t->p->out;
  double bottom = ALIVE_TOP + ALIVE, most = (double)t->alive[t->peak];
  text_printf(out, "<path class=\"alive\" d=\"M%d %.1f", LEFT, bottom);
  for (uint32_t call = 0; call < t->n_calls; call++)
    text_printf(out, "V%.1fH%.1f", bottom - ALIVE * (double)t->alive[call] / most,
                x_of(t, call + 1));
  text_printf(out, "V%.1fZ\"/>\n", bottom);
}

static void write_peak(const Timeline *t) {
  const Page *p = t->p;
  double x = (x_of(t, t->peak) + x_of(t, t->peak + 1)) / 2;
  const char *anchor = x < LEFT + WIDTH / 4 ? "start" : x > LEFT + WIDTH * 3 / 4 ? "end" : "middle";
  const KernelCall *call = &page_entry(p, t->entry)->calls[t->peak];
  text_printf(p->out, "<path class=\"peak\" d=\"M%.1f %dV%d\"/>", x, ALIVE_TOP, MAP_TOP + MAP);
  text_printf(p->out, "<text class=\"peak\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">peak ", x,
              ALIVE_TOP - 8, anchor);
  html_integer(p->out, (double)t->alive[t->peak]);
  text_printf(p->out, " bytes at call %u, %s</text>\n", t->peak,
              p->plan->kernels[call->kernel].name);
}

static void write_axes(const Timeline *t) {
  Text *out = t->p->out;
  for (int i = 0; i <= 4; i++) {
    double y = MAP_TOP + MAP * (1 - i / 4.0);
    text_printf(out,
                "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\">",
                LEFT, y, LEFT + WIDTH, LEFT - 6, y + 4);
    html_amount(out, (double)t->end * i / 4, "B");
    text_add(out, "</text>\n");
  }
  uint32_t step = (t->n_calls + 19) / 20;
  for (uint32_t call = 0; call < t->n_calls; call += step)
    text_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%u</text>",
                (x_of(t, call) + x_of(t, call + 1)) / 2, MAP_TOP + MAP + 15, call);
  text_printf(out,
              "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">call</text>"
              "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">alive</text>\n",
              LEFT + WIDTH / 2, MAP_TOP + MAP + 30, LEFT - 6, ALIVE_TOP + ALIVE / 2 + 4);
}

static void write_picture(const Timeline *t) {
  text_printf(t->p->out,
              "<div class=\"scroll\" tabindex=\"0\"><svg class=\"memory\" viewBox=\"0 0 %d %d\" "
              "role=\"img\" aria-label=\"The buffers of %s over its calls\">\n",
              LEFT + WIDTH + 10, HEIGHT, entry_name(page_entry(t->p, t->entry)));
  write_axes(t);
  write_alive(t);
  for (uint32_t i = 0; i < t->n_buffers; i++) write_rectangle(t, i);
  write_peak(t);
  text_add(t->p->out, "</svg></div>\n");
}

static void write_row(const Timeline *t, uint32_t i) {
  const Page *p = t->p;
  const Buffer *b = buffer_at(t, i);
  TensorId line = p->outline.line[b->tensor];
  text_add(p->out, "<tr><td class=\"names\">");
  if (line != TENSOR_NONE) text_printf(p->out, "<a href=\"#d%u\">", line);
  html_string(p->out, b->name);
  if (line != TENSOR_NONE) text_add(p->out, "</a>");
  text_add(p->out, "</td><td>");
  write_type(p, b);
  text_add(p->out, "</td><td class=\"num\">");
  html_integer(p->out, (double)bytes_of(b));
  text_add(p->out, "</td><td class=\"num\">");
  html_integer(p->out, (double)b->offset);
  text_printf(p->out, "</td><td class=\"num\">%u–%u</td></tr>\n", b->first, b->last);
}

static void write_table(const Timeline *t) {
  text_printf(t->p->out,
              "<details class=\"inner\"><summary>%u buffers as a table</summary>"
              "<div class=\"scroll\" tabindex=\"0\"><table>"
              "<thead><tr><th>buffer</th><th>type</th><th class=\"num\">bytes</th>"
              "<th class=\"num\">from byte</th><th class=\"num\">alive in calls</th></tr></thead>\n"
              "<tbody>\n",
              t->n_buffers);
  for (uint32_t i = 0; i < t->n_buffers; i++) write_row(t, i);
  text_add(t->p->out, "</tbody></table></div></details>\n");
}

void write_memory(const Page *p) {
  text_add(p->out,
           "<section aria-labelledby=\"memory\">\n<h2 id=\"memory\">Memory</h2>\n"
           "<p>Every buffer has a fixed place in one workspace, whose bytes it shares with those "
           "that are "
           "not alive together with it. Time goes to the right, call by call; bytes go up.</p>\n");
  bool open = true;
  for (uint32_t i = 0; i <= p->plan->n_entries; i++) {
    Timeline t = find_timeline(p, i);
    if (t.n_buffers == 0) continue;
    text_printf(p->out, "<details%s><summary>%s <small>", open ? " open" : "",
                entry_name(page_entry(p, i)));
    html_integer(p->out, (double)t.alive[t.peak]);
    text_printf(p->out, " bytes at most, in %u buffers</small></summary>\n", t.n_buffers);
    write_picture(&t);
    write_table(&t);
    text_add(p->out, "</details>\n");
    open = false;
  }
  if (open) text_add(p->out, "<p>This model needs no workspace.</p>\n");
  text_add(p->out, "</section>\n");
}
