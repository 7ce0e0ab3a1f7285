#include "lsp/positions.h"
#include "lsp/uri.h"

/* Where the lines of a source begin. */
typedef struct SourceLines {
  const Source *source;
  ARRAY(size_t) begin;
} SourceLines;

static const SourceLines *lines_of(Positions *positions, const Source *source) {
  for (size_t i = 0; i < positions->sources.count; i++)
    if (positions->sources.items[i]->source == source) return positions->sources.items[i];
  SourceLines *lines = ARENA_NEW(positions->arena, SourceLines);
  lines->source = source;
  ARRAY_PUSH(positions->arena, &lines->begin, 0);
  for (size_t i = 0; i < source->length; i++)
    if (source->text[i] == '\n') ARRAY_PUSH(positions->arena, &lines->begin, i + 1);
  ARRAY_PUSH(positions->arena, &positions->sources, lines);
  return lines;
}

const char *line_text(Positions *positions, const Source *source, uint32_t line) {
  const SourceLines *lines = lines_of(positions, source);
  if (line == 0 || line > lines->begin.count) return NULL;
  return source->text + lines->begin.items[line - 1];
}

/* The units of UTF-16 in these bytes: two for what UTF-8 writes in four. */
static uint32_t utf16_units(const char *text, size_t length) {
  uint32_t units = 0;
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)text[i];
    if ((byte & 0xc0u) != 0x80u) units += byte >= 0xf0u ? 2 : 1;
  }
  return units;
}

static uint32_t character(const SourceLines *lines, uint32_t line, uint32_t column) {
  const Source *source = lines->source;
  if (line == 0 || line > lines->begin.count) return 0;
  size_t begin = lines->begin.items[line - 1], length = column == 0 ? 0 : column - 1;
  if (length > source->length - begin) length = source->length - begin;
  return utf16_units(source->text + begin, length);
}

static json_t *position_json(const SourceLines *lines, uint32_t line, uint32_t column) {
  return json_pack("{s:i, s:i}", "line", line == 0 ? 0 : (int)line - 1, "character",
                   (int)character(lines, line, column));
}

json_t *range_json(Positions *positions, Span span) {
  if (span.source == NULL)
    return json_pack("{s:{s:i, s:i}, s:{s:i, s:i}}", "start", "line", 0, "character", 0, "end",
                     "line", 0, "character", 0);
  const SourceLines *lines = lines_of(positions, span.source);
  return json_pack("{s:o, s:o}", "start", position_json(lines, span.line, span.column), "end",
                   position_json(lines, span.end_line, span.end_column));
}

json_t *range_numbers(Positions *positions, Span span) {
  const SourceLines *lines = lines_of(positions, span.source);
  return json_pack("[i, i, i, i]", (int)span.line - 1,
                   (int)character(lines, span.line, span.column), (int)span.end_line - 1,
                   (int)character(lines, span.end_line, span.end_column));
}

json_t *location_json(Positions *positions, Span span) {
  const char *uri = span.source == NULL    ? ""
                    : span.source->prelude ? span.source->path
                                           : uri_of_path(positions->arena, span.source->path);
  return json_pack("{s:s, s:o}", "uri", uri, "range", range_json(positions, span));
}
