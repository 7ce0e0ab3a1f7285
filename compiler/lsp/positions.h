/* Places as the protocol has them: lines and columns count from 0, columns in units of UTF-16. */
#pragma once
#include <jansson.h>
#include "support/diag.h"

/* Of a text, which may change no more. Bytes that are no UTF-8 count one each. */
typedef struct Positions {
  Arena *arena;
  ARRAY(struct SourceLines *) sources; /* those that were asked for */
} Positions;

/* The beginning of a line, counted from 1; NULL: there is none. */
const char *line_text(Positions *positions, const Source *source, uint32_t line);
/* {"start": {"line", "character"}, "end": …}; of span_none: the beginning of the text. */
json_t *range_json(Positions *positions, Span span);
/* The same as [line, character, end line, end character]. */
json_t *range_numbers(Positions *positions, Span span);
/* {"uri", "range"}; a file of the prelude has its path, "prelude/losses.dag", for a URI. */
json_t *location_json(Positions *positions, Span span);
