#include "support/diag.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/text.h"

/* An error that has been said. */
typedef struct Said {
  Span span;
  const char *message;
} Said;

struct Diag {
  Arena *arena;
  FILE *stream;
  int errors;
  ARRAY(Said) said;
  bool silent; /* the last error was past the limit, or a repetition: so are its notes */
  bool holds;  /* what is reported is kept in `held` */
  Text held;
};

Diag *diag_new(Arena *arena, void *stream_FILE) {
  Diag *diag = ARENA_NEW(arena, Diag);
  diag->arena = arena;
  diag->stream = stream_FILE;
  return diag;
}

Diag *diag_hold(const Diag *diag) {
  Diag *holding = ARENA_NEW(diag->arena, Diag);
  *holding = *diag;
  holding->holds = true;
  holding->held = text_new(diag->arena);
  return holding;
}

static void say(Diag *diag, const char *text) {
  if (diag->holds)
    text_add(&diag->held, text);
  else
    fputs(text, diag->stream);
}

void diag_release(Diag *diag, const Diag *holding) {
  diag->errors = holding->errors;
  diag->said.items = holding->said.items;
  diag->said.count = holding->said.count;
  diag->said.capacity = holding->said.capacity;
  diag->silent = holding->silent;
  say(diag, text_string(&holding->held));
}

int diag_errors(const Diag *diag) { return diag->errors; }
bool diag_full(const Diag *diag) {
  enum { MAX_REPETITIONS = 50 };
  return diag->said.count >= DIAG_MAX_ERRORS || diag->errors >= MAX_REPETITIONS * DIAG_MAX_ERRORS;
}

Span span_join(Span a, Span b) {
  if (a.source == NULL) return b;
  if (b.source != a.source) return a;
  Span joined = a;
  if (b.line < a.line || (b.line == a.line && b.column < a.column)) {
    joined.line = b.line;
    joined.column = b.column;
  }
  if (b.end_line > a.end_line || (b.end_line == a.end_line && b.end_column > a.end_column)) {
    joined.end_line = b.end_line;
    joined.end_column = b.end_column;
  }
  return joined;
}

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

static void report(Diag *diag, Span span, const char *kind, const char *message) {
  Text out = text_new(diag->arena);
  if (span.source != NULL)
    text_printf(&out, "%s:%u:%u: ", span.source->path, span.line, span.column);
  else
    text_add(&out, "dagc: ");
  text_printf(&out, "%s: %s\n", kind, message);
  if (span.source != NULL && span.line > 0) show_line(&out, span);
  say(diag, text_string(&out));
}

/* The same mistake at the same place, as in a function that is called twice, is said once. */
static bool is_said(Diag *diag, Span span, const char *message) {
  for (size_t i = 0; i < diag->said.count; i++) {
    const Said *said = &diag->said.items[i];
    if (said->span.source == span.source && said->span.line == span.line &&
        said->span.column == span.column && strcmp(said->message, message) == 0)
      return true;
  }
  ARRAY_PUSH(diag->arena, &diag->said, (Said){span, message});
  return false;
}

void diag_error(Diag *diag, Span span, const char *format, ...) {
  bool full = diag_full(diag);
  diag->errors++;
  diag->silent = full;
  if (full) return;
  va_list args;
  va_start(args, format);
  const char *message = arena_vprintf(diag->arena, format, args);
  va_end(args);
  diag->silent = is_said(diag, span, message);
  if (!diag->silent) report(diag, span, "error", message);
}

void diag_warning(Diag *diag, Span span, const char *format, ...) {
  diag->silent = diag_full(diag);
  if (diag->silent) return;
  va_list args;
  va_start(args, format);
  report(diag, span, "warning", arena_vprintf(diag->arena, format, args));
  va_end(args);
}

void diag_note(Diag *diag, Span span, const char *format, ...) {
  if (diag->silent) return;
  va_list args;
  va_start(args, format);
  report(diag, span, "note", arena_vprintf(diag->arena, format, args));
  va_end(args);
}

void diag_hint(Diag *diag, const char *format, ...) {
  if (diag->silent) return;
  va_list args;
  va_start(args, format);
  say(diag, arena_printf(diag->arena, "hint: %s\n", arena_vprintf(diag->arena, format, args)));
  va_end(args);
}

enum { MAX_NAME = 64 };

/* Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours. */
static size_t edit_distance(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b);
  if (n > MAX_NAME || m > MAX_NAME) return MAX_NAME;
  size_t rows[3][MAX_NAME + 1];
  size_t *before = rows[0], *previous = rows[1], *current = rows[2];
  for (size_t j = 0; j <= m; j++) previous[j] = j;
  for (size_t i = 1; i <= n; i++) {
    current[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t best = previous[j - 1] + (a[i - 1] != b[j - 1]);
      if (previous[j] + 1 < best) best = previous[j] + 1;
      if (current[j - 1] + 1 < best) best = current[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          before[j - 2] + 1 < best)
        best = before[j - 2] + 1;
      current[j] = best;
    }
    size_t *free_row = before;
    before = previous;
    previous = current;
    current = free_row;
  }
  return previous[m];
}

const char *nearest_name(const char *name, const char *const *candidates, size_t n) {
  size_t length = strlen(name);
  size_t best = length <= 2 ? 2 : length <= 5 ? 3 : 4; /* must be below */
  if (length <= 1) return NULL;
  const char *nearest = NULL;
  for (size_t i = 0; i < n; i++) {
    size_t distance = edit_distance(name, candidates[i]);
    if (distance < best && distance < length) {
      best = distance;
      nearest = candidates[i];
    }
  }
  return nearest;
}

void bug(const char *pass, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "dagc: internal error in %s: ", pass);
  vfprintf(stderr, format, args);
  fprintf(stderr,
          "\nThis is a mistake in dagc, not in the model. Please report it with the model.\n");
  va_end(args);
  exit(3);
}

void fatal(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "dagc: ");
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(3);
}
