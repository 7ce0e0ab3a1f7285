/* The model as written; the number of a line leads to the first definition that comes from it. */
#include <inttypes.h>
#include <string.h>
#include "page/parts.h"

/* Per line of the source: the first tensor that comes from it, TENSOR_NONE. */
static TensorId *first_of_lines(const Page *p, uint32_t n_lines) {
  TensorId *first = ARENA_ARRAY(p->arena, TensorId, n_lines + 2);
  for (uint32_t i = 0; i <= n_lines; i++) first[i] = TENSOR_NONE;
  for (TensorId id = p->n_tensors; id-- > 0;) {
    uint32_t line = has_place(p, id) ? source_line(p, id) : 0;
    if (line > 0 && line <= n_lines) first[line] = id;
  }
  return first;
}

static uint32_t count_lines(const Source *source) {
  uint32_t n = 0;
  for (size_t i = 0; i < source->length; i++) n += source->text[i] == '\n';
  return n + 1;
}

void write_source(const Page *p) {
  const Source *source = p->program->source;
  uint32_t n_lines = count_lines(source);
  TensorId *first = first_of_lines(p, n_lines);
  text_add(p->out, "<section class=\"source\" aria-labelledby=\"source\">\n<h2 id=\"source\">");
  const char *slash = strrchr(source->path, '/');
  html_string(p->out, slash == NULL ? source->path : slash + 1);
  text_add(p->out, "</h2>\n<pre class=\"dag\" tabindex=\"0\">");
  const char *text = source->text, *end = source->text + source->length;
  for (uint32_t line = 1; text < end; line++) {
    size_t length = (size_t)(end - text);
    const char *newline = memchr(text, '\n', length);
    if (newline != NULL) length = (size_t)(newline - text);
    text_printf(p->out, "<span class=\"l\" id=\"L%u\">", line);
    if (first[line] != TENSOR_NONE)
      text_printf(p->out, "<a href=\"#d%u\">%u</a>", first[line], line);
    else
      text_printf(p->out, "<s>%u</s>", line);
    bool carriage = length > 0 && text[length - 1] == '\r';
    write_dag(p, text, length - carriage, NULL);
    text_add(p->out, "\n</span>");
    text += length + 1;
  }
  text_add(p->out, "</pre>\n</section>\n");
}
