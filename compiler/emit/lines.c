#include "emit/lines.h"
#include <stdbool.h>
#include <string.h>

enum { COLUMNS = 100 };

/* Where to break a line that goes on past `limit` bytes: after the last blank before it that
   stands behind the line's indentation. 0: nowhere. */
static size_t break_at(const char *line, size_t indentation, size_t limit) {
  for (size_t i = limit; i > indentation + 8; i--)
    if (line[i] == ' ') return i;
  return 0;
}

/* UTF-8 text has more bytes than columns; a comment that is a little short does no harm. */
static void add_line(Text *out, const char *line, size_t length) {
  size_t indentation = strspn(line, " "), margin = 0;
  bool directive = line[indentation] == '#';
  while (margin + length > COLUMNS && !directive) {
    size_t end = break_at(line, margin == 0 ? indentation : 0, COLUMNS - margin);
    if (end == 0) break;
    text_addn(out, line, end);
    margin = indentation + 4;
    text_printf(out, "\n%*s", (int)margin, "");
    line += end + 1;
    length -= end + 1;
  }
  text_addn(out, line, length);
}

void add_wrapped(Text *out, const char *text) {
  for (const char *line = text; *line != '\0';) {
    size_t length = strcspn(line, "\n");
    add_line(out, line, length);
    if (line[length] == '\0') return;
    text_add(out, "\n");
    line += length + 1;
  }
}
