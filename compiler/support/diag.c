#include "support/diag.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "support/diag_text.h"

struct Diag {
  Arena *arena;
  FILE *stream; /* NULL: what is reported is only kept */
  int errors;   /* repetitions and what is past the limit too */
  size_t distinct_errors;
  ARRAY(Diagnostic) said;
  bool silent; /* the last one was past the limit, or a repetition: so are its notes */
};

Diag *diag_new(Arena *arena, void *stream_FILE) {
  Diag *diag = ARENA_NEW(arena, Diag);
  diag->arena = arena;
  diag->stream = stream_FILE;
  return diag;
}

const char *severity_word(Severity severity) {
  switch (severity) {
  case SEVERITY_ERROR: return "error";
  case SEVERITY_WARNING: return "warning";
  }
  bug("diagnostics", "severity %d", (int)severity);
}

int diag_errors(const Diag *diag) { return diag->errors; }
bool diag_full(const Diag *diag) {
  enum { MAX_REPETITIONS = 50 };
  return diag->distinct_errors >= DIAG_MAX_ERRORS ||
         diag->errors >= MAX_REPETITIONS * DIAG_MAX_ERRORS;
}

const Diagnostic *diag_list(const Diag *diag, size_t *n) {
  *n = diag->said.count;
  return diag->said.items;
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

/* --- reporting --- */

static void print(const Diag *diag, const char *text) {
  if (diag->stream != NULL) fputs(text, diag->stream);
}

static bool is_same(Span a, const char *message_a, Span b, const char *message_b) {
  return a.source == b.source && a.line == b.line && a.column == b.column &&
         strcmp(message_a, message_b) == 0;
}

static bool is_said(const Diag *diag, Severity severity, Span span, const char *message) {
  for (size_t i = 0; i < diag->said.count; i++) {
    const Diagnostic *said = &diag->said.items[i];
    if (said->severity == severity && is_same(said->span, said->message, span, message))
      return true;
  }
  return false;
}

/* Both operands may be defined at one place. */
static bool has_note(const Diagnostic *diagnostic, const DiagnosticNote *note) {
  for (size_t i = 0; i < diagnostic->notes.count; i++) {
    const DiagnosticNote *other = &diagnostic->notes.items[i];
    if (is_same(other->span, other->message, note->span, note->message)) return true;
  }
  return false;
}

static void report(Diag *diag, Severity severity, Span span, const char *message) {
  diag->silent = is_said(diag, severity, span, message);
  if (diag->silent) return;
  diag->distinct_errors += severity == SEVERITY_ERROR;
  ARRAY_PUSH(diag->arena, &diag->said,
             (Diagnostic){.severity = severity, .span = span, .message = message});
  print(diag, diagnostic_head_text(diag->arena, &diag->said.items[diag->said.count - 1]));
}

void diag_error(Diag *diag, Span span, const char *format, ...) {
  bool full = diag_full(diag);
  diag->errors++;
  diag->silent = full;
  if (full) return;
  va_list args;
  va_start(args, format);
  report(diag, SEVERITY_ERROR, span, arena_vprintf(diag->arena, format, args));
  va_end(args);
}

void diag_warning(Diag *diag, Span span, const char *format, ...) {
  diag->silent = diag_full(diag);
  if (diag->silent) return;
  va_list args;
  va_start(args, format);
  report(diag, SEVERITY_WARNING, span, arena_vprintf(diag->arena, format, args));
  va_end(args);
}

/* What notes and hints belong to; NULL: nothing that is said. */
static Diagnostic *last(Diag *diag) {
  return diag->silent || diag->said.count == 0 ? NULL : &diag->said.items[diag->said.count - 1];
}

void diag_note(Diag *diag, Span span, const char *format, ...) {
  Diagnostic *to = last(diag);
  if (to == NULL) return;
  va_list args;
  va_start(args, format);
  DiagnosticNote note = {span, arena_vprintf(diag->arena, format, args)};
  va_end(args);
  if (has_note(to, &note)) return;
  ARRAY_PUSH(diag->arena, &to->notes, note);
  print(diag, diagnostic_note_text(diag->arena, &note));
}

void diag_hint(Diag *diag, const char *format, ...) {
  Diagnostic *to = last(diag);
  if (to == NULL) return;
  if (to->hint != NULL) bug("diagnostics", "a second hint after `%s`", to->hint);
  va_list args;
  va_start(args, format);
  to->hint = arena_vprintf(diag->arena, format, args);
  va_end(args);
  print(diag, diagnostic_hint_text(diag->arena, to));
}

/* --- holding --- */

Diag *diag_hold(const Diag *diag) {
  Diag *holding = ARENA_NEW(diag->arena, Diag);
  *holding = *diag;
  holding->stream = NULL;
  holding->silent = true; /* a note belongs to what is said while holding */
  return holding;
}

void diag_release(Diag *diag, const Diag *holding) {
  size_t before = diag->said.count;
  FILE *stream = diag->stream;
  *diag = *holding;
  diag->stream = stream;
  for (size_t i = before; i < diag->said.count; i++)
    print(diag, diagnostic_text(diag->arena, &diag->said.items[i]));
}

/* --- suggestions --- */

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
  for (size_t i = 0; i < n; i++)
    if (strcasecmp(name, candidates[i]) == 0) return candidates[i];
  size_t best = length <= 3 ? 2 : length <= 5 ? 3 : 4; /* must be below */
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
