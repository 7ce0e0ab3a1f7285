#include "support/diag_text.h"
#include <string.h>
#include "support/text.h"

/* The text of a line (counted from 1), without its end; length 0 past the last. */
static const char *line_text(const Source *source, uint32_t line, size_t *length) {
  const char *at = source->text, *end = source->text + source->length;
  for (uint32_t i = 1; i < line && at < end; i++) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    at = newline == NULL ? end : newline + 1;
  }
  const char *newline = memchr(at, '\n', (size_t)(end - at));
  *length = (size_t)((newline == NULL ? end : newline) - at);
  if (*length > 0 && at[*length - 1] == '\r') --*length;
  return at;
}

enum { MAX_SHOWN = 160 }; /* bytes of a source line that are shown */

static void add_byte(Text *out, char byte) { text_addn(out, &byte, 1); }

/* The source line and a caret range below it. Tabs are kept so that the carets line up; bytes that
   a terminal could not show are replaced. */
static void show_line(Text *out, Span span) {
  size_t length;
  const char *text = line_text(span.source, span.line, &length);
  size_t start = span.column - 1;
  if (start > length) start = length;
  size_t end = span.end_line == span.line ? span.end_column - 1 : length;
  if (end > length) end = length;
  if (end <= start) end = start + 1;
  size_t first = start > MAX_SHOWN / 2 && length > MAX_SHOWN ? start - MAX_SHOWN / 2 : 0;
  size_t last = length - first > MAX_SHOWN ? first + MAX_SHOWN : length;
  while (first < start && ((unsigned char)text[first] & 0xc0u) == 0x80u) first++;
  text_printf(out, "%5u | ", span.line);
  for (size_t i = first; i < last; i++) {
    unsigned char byte = (unsigned char)text[i];
    add_byte(out, byte >= 0x20 || byte == '\t' ? text[i] : '?');
  }
  text_add(out, "\n      | ");
  for (size_t i = first; i < end && i < last + 1; i++) {
    unsigned char byte = i < length ? (unsigned char)text[i] : ' ';
    if ((byte & 0xc0u) == 0x80u) continue; /* inside a UTF-8 character */
    if (i < start)
      add_byte(out, byte == '\t' ? '\t' : ' ');
    else
      add_byte(out, '^');
  }
  text_add(out, "\n");
}

static const char *placed_text(Arena *arena, Span span, const char *kind, const char *message) {
  Text out = text_new(arena);
  if (span.source != NULL)
    text_printf(&out, "%s:%u:%u: ", span.source->path, span.line, span.column);
  else
    text_add(&out, "dagc: ");
  text_printf(&out, "%s: %s\n", kind, message);
  if (span.source != NULL && span.line > 0) show_line(&out, span);
  return text_string(&out);
}

const char *diagnostic_head_text(Arena *arena, const Diagnostic *diagnostic) {
  return placed_text(arena, diagnostic->span, severity_word(diagnostic->severity),
                     diagnostic->message);
}

const char *diagnostic_note_text(Arena *arena, const DiagnosticNote *note) {
  return placed_text(arena, note->span, "note", note->message);
}

const char *diagnostic_hint_text(Arena *arena, const Diagnostic *diagnostic) {
  return arena_printf(arena, "hint: %s\n", diagnostic->hint);
}

const char *diagnostic_text(Arena *arena, const Diagnostic *diagnostic) {
  Text out = text_new(arena);
  text_add(&out, diagnostic_head_text(arena, diagnostic));
  for (size_t i = 0; i < diagnostic->notes.count; i++)
    text_add(&out, diagnostic_note_text(arena, &diagnostic->notes.items[i]));
  if (diagnostic->hint != NULL) text_add(&out, diagnostic_hint_text(arena, diagnostic));
  return text_string(&out);
}
