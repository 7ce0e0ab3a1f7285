/* Diagnostics: the user's mistakes (diag_error) and ours (bug).

   A diagnostic prints as
       file:line:col: error: message
         12 | z[b, j] = sum[i](W[j, i] * x[b, k])
            |                                 ^
       file:line:col: note: …
       hint: …
   Notes and hints belong to the error or warning reported last. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "support/arena.h"

/* A source text. The prelude's files are sources too, with paths like "prelude/layers.dag". */
typedef struct Source {
  const char *path; /* as shown to the user */
  const char *text; /* NUL-terminated; may hold any bytes */
  size_t length;
  bool prelude;
} Source;

/* A range of characters. Lines and columns count from 1, columns in bytes; the end is exclusive.
   source NULL: no place (made by the compiler). */
typedef struct Span {
  const Source *source;
  uint32_t line, column, end_line, end_column;
} Span;

static inline Span span_none(void) { return (Span){0}; }
/* From the start of a to the end of b. */
Span span_join(Span a, Span b);

enum { DIAG_MAX_ERRORS = 20 };

typedef enum Severity { SEVERITY_ERROR, SEVERITY_WARNING } Severity;
/* "error", "warning" */
const char *severity_word(Severity severity);

/* Another place that has to do with it: the other of two shapes, the first of two definitions. */
typedef struct DiagnosticNote {
  Span span;
  const char *message;
} DiagnosticNote;

/* What was reported, as data. */
typedef struct Diagnostic {
  Severity severity;
  Span span;
  const char *message;
  ARRAY(DiagnosticNote) notes;
  const char *hint; /* NULL: none */
} Diagnostic;

typedef struct Diag Diag;
/* stream: where diagnostics are printed as text as soon as they are reported, usually stderr (tests
   pass a memory stream). NULL: they are only kept, for diag_list. */
Diag *diag_new(Arena *arena, void *stream_FILE);

/* The same mistake at the same place, as in a function that is called twice, is said once. */
void diag_error(Diag *diag, Span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_warning(Diag *diag, Span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_note(Diag *diag, Span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The one hint of an error or warning, after its notes. */
void diag_hint(Diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

int diag_errors(const Diag *diag);
/* True when DIAG_MAX_ERRORS is reached: a stage may stop. */
bool diag_full(const Diag *diag);

/* All that was said, in order; valid until the next report. */
const Diagnostic *diag_list(const Diag *diag, size_t *n);
/* The same, a JSON object a line (docs/mistakes.md): for programs that call dagc. */
const char *diag_json(Arena *arena, const Diag *diag);

/* One that goes on from `diag` but keeps what is reported: diag_release prints it and goes on from
   there; without that it was never said. */
Diag *diag_hold(const Diag *diag);
void diag_release(Diag *diag, const Diag *holding);

/* The candidate nearest to `name` in edit distance, or NULL when none is near: "did you mean". */
const char *nearest_name(const char *name, const char *const *candidates, size_t n);

/* An internal failure: says what was violated and in which pass, asks for a report, exits with 3.
 */
_Noreturn void bug(const char *pass, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A failure of the system (no memory, no disk): exits with 3. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
