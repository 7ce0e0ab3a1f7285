#include "emit/lines.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { COLUMNS = 100, SHORTEST = 40 };

/* A blank where a reader expects a line to break: behind a comma or an operator. */
static bool is_break(const char *line, size_t i) {
  char before = line[i - 1];
  return line[i] == ' ' && !isalnum((unsigned char)before) && strchr("_)]}' ", before) == NULL;
}

/* Where to break a line of code that goes on past `limit` bytes: within as few parentheses as
   possible, and there as late as possible. 0: nowhere. */
static size_t break_code(const char *line, size_t first, size_t limit) {
  size_t best = 0;
  int depth = 0, best_depth = 0;
  for (size_t i = first; i < limit; i++) {
    depth += (strchr("([{", line[i]) != NULL) - (strchr(")]}", line[i]) != NULL);
    if (i < first + SHORTEST || !is_break(line, i)) continue;
    if (best != 0 && depth > best_depth) continue;
    best = i;
    best_depth = depth;
  }
  return best;
}

static size_t break_comment(const char *line, size_t first, size_t limit) {
  for (size_t i = limit; i > first + SHORTEST; i--)
    if (line[i] == ' ') return i;
  return 0;
}

/* Lines that begin in a comment, or do not: what the first `length` bytes leave. */
static bool comment_after(bool comment, const char *line, size_t length) {
  for (size_t i = 0; i + 1 < length; i++) {
    if (!comment && line[i] == '/' && line[i + 1] == '*')
      comment = true;
    else if (comment && line[i] == '*' && line[i + 1] == '/')
      comment = false;
  }
  return comment;
}

/* How many bytes the first `columns` characters of UTF-8 take. */
static size_t bytes_of(const char *line, size_t length, size_t columns) {
  size_t bytes = 0;
  for (; bytes < length; bytes++) {
    bool begins = ((unsigned char)line[bytes] & 0xC0) != 0x80;
    if (begins && columns-- == 0) break;
  }
  return bytes;
}

static void add_line(Text *out, const char *line, size_t length, bool comment) {
  size_t indentation = strspn(line, " "), margin = 0;
  comment = comment || strncmp(line + indentation, "/*", 2) == 0;
  for (size_t limit; (limit = bytes_of(line, length, COLUMNS - margin)) < length;) {
    size_t first = margin == 0 ? indentation : 0;
    size_t end = comment ? break_comment(line, first, limit) : break_code(line, first, limit);
    if (end == 0) break;
    size_t kept = end;
    while (line[kept - 1] == ' ') kept--;
    text_addn(out, line, kept);
    margin = indentation + (comment ? 3 : 4);
    text_printf(out, "\n%*s", (int)margin, "");
    line += end + 1;
    length -= end + 1;
  }
  text_addn(out, line, length);
}

/* A function on one line, as three. */
static bool add_function(Text *out, const char *line, size_t length) {
  const char *head = strstr(line, ") { ");
  if (*line == ' ' || head == NULL || head > line + length || line[length - 1] != '}') return false;
  size_t head_length = (size_t)(head - line) + strlen(") {");
  const char *body = line + head_length + 1;
  size_t body_length = length - head_length - strlen("  }");
  text_addn(out, line, head_length);
  text_add(out, "\n");
  add_line(out, arena_printf(out->arena, "  %.*s", (int)body_length, body), body_length + 2, false);
  text_add(out, "\n}");
  return true;
}

void add_wrapped(Text *out, const char *text) {
  bool comment = false;
  for (const char *line = text; *line != '\0';) {
    size_t length = strcspn(line, "\n");
    bool whole = *line == '#' || length <= COLUMNS;
    if (whole)
      text_addn(out, line, length);
    else if (comment || !add_function(out, line, length))
      add_line(out, line, length, comment);
    comment = comment_after(comment, line, length);
    if (line[length] == '\0') return;
    text_add(out, "\n");
    line += length + 1;
  }
}

void add_wrapped_comment(Text *out, const char *text) {
  for (; *text == '\n'; text++) text_add(out, "\n");
  add_line(out, text, strlen(text), true);
}
