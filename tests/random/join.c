#include "join.h"
#include <stdbool.h>
#include <string.h>
#include "support/map.h"
#include "support/text.h"

static size_t line_length(const char *line) {
  const char *end = strchr(line, '\n');
  return end == NULL ? strlen(line) : (size_t)(end - line) + 1;
}

/* The last character of a line before its newline. */
static char line_end(const char *line) {
  size_t length = line_length(line);
  if (length > 0 && line[length - 1] == '\n') length--;
  return length == 0 ? '\0' : line[length - 1];
}

/* A definition begins at a line's first column. It ends with its body's } in the first column, or,
   when no line before opens a body, with the first line that ends in ; or }. */
static size_t definition_length(const char *text) {
  size_t length = 0;
  bool open = false;
  while (text[length] != '\0') {
    const char *line = text + length;
    char end = line_end(line);
    length += line_length(line);
    if (open ? line[0] == '}' : end == ';' || end == '}') return length;
    open = open || end == '{';
  }
  return length;
}

static bool begins_definition(const char *line) {
  return strchr("#/ \n", line[0]) == NULL && strncmp(line, "extern", 6) != 0;
}

/* A helper may be inlined in one program and not in the next: what it is called by is its text
   without that. */
static const char *without_inline(const char *definition) {
  static const char *const words[] = {"static inline ", "VECTOR_FUNCTION ", "INLINE "};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strncmp(definition, words[i], strlen(words[i])) == 0) return definition + strlen(words[i]);
  return definition;
}

static void join_one(Text *out, Map *seen, const char *text) {
  while (*text != '\0') {
    bool definition = begins_definition(text);
    size_t length = definition ? definition_length(text) : line_length(text);
    const char *key = without_inline(arena_strndup(out->arena, text, length));
    bool again = definition && map_get(seen, key) != NULL;
    if (!again) text_addn(out, text, length);
    if (definition && !again) map_set(seen, key, seen);
    text += length;
  }
}

const char *join_programs(Arena *arena, const char *const *texts, size_t n) {
  Text joined = text_new(arena);
  Map seen = map_new(arena);
  for (size_t i = 0; i < n; i++) join_one(&joined, &seen, texts[i]);
  return text_string(&joined);
}
