/* The C file: its kernels and functions apart, what stands around them folded away. */
#include <string.h>
#include "page/parts.h"

typedef struct LineCount {
  size_t at; /* a byte of the file */
  unsigned line;
} LineCount;

static unsigned line_at(const Page *p, LineCount *count, size_t at) {
  for (; count->at < at; count->at++) count->line += p->c[count->at] == '\n';
  return count->line;
}

/* Without the empty lines around it. */
static TextRange trimmed(const Page *p, TextRange range) {
  while (range.begin < range.end && p->c[range.begin] == '\n') range.begin++;
  while (range.begin < range.end && p->c[range.end - 1] == '\n') range.end--;
  return range;
}

static void write_range(const Page *p, TextRange range) {
  text_add(p->out, "<pre class=\"c\">");
  write_c(p, p->c + range.begin, range.end - range.begin);
  text_add(p->out, "</pre>\n");
}

static void write_part(const Page *p, const char *id, const char *name, TextRange range,
                       LineCount *count) {
  range = trimmed(p, range);
  unsigned first = line_at(p, count, range.begin), last = line_at(p, count, range.end);
  text_printf(p->out, "<article class=\"k\" id=\"%s\"><h3>%s <small>lines %u–%u</small></h3>\n", id,
              name, first, last);
  write_range(p, range);
  text_add(p->out, "</article>\n");
}

static void write_rest(const Page *p, const char *what, TextRange range, LineCount *count) {
  range = trimmed(p, range);
  if (range.begin >= range.end) return;
  unsigned first = line_at(p, count, range.begin), last = line_at(p, count, range.end);
  text_printf(p->out, "<details><summary>%s <small>lines %u–%u</small></summary>\n", what, first,
              last);
  write_range(p, range);
  text_add(p->out, "</details>\n");
}

void write_code(const Page *p) {
  LineCount count = {0, 1};
  size_t end = p->code.init.begin, length = strlen(p->c);
  text_printf(p->out,
              "<section class=\"code\" aria-labelledby=\"code\">\n<h2 id=\"code\">%s.c</h2>\n"
              "<div class=\"scroll\">\n",
              p->program->name);
  write_rest(p, "declarations, and functions of vectors",
             (TextRange){0, p->plan->n_kernels > 0 ? p->code.kernels[0].begin : end}, &count);
  for (KernelId i = 0; i < p->plan->n_kernels; i++)
    write_part(p, arena_printf(p->arena, "k%u", i), p->code.names[i], p->code.kernels[i], &count);
  write_part(p, "init", "init", p->code.init, &count);
  end = p->code.init.end;
  for (uint32_t i = 0; i < p->program->n_entries; i++) {
    write_part(p, arena_printf(p->arena, "e%u", i), p->program->entries[i].name, p->code.entries[i],
               &count);
    end = p->code.entries[i].end;
  }
  write_rest(p, "the table of the model, and main", (TextRange){end, length}, &count);
  text_add(p->out, "</div>\n</section>\n");
}
