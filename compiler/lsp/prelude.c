/* The definitions that the compiler carries inside itself, for reading. */
#include <string.h>
#include "lsp/names.h"
#include "support/embedded.h"

/* The length of the name that a definition at the beginning of a line gives, at *name; or 0. */
static size_t defined_name(const char *line, const char **name) {
  static const char *const words[] = {"fn ", "layer ", "optimizer "};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    size_t length = strlen(words[i]);
    if (strncmp(line, words[i], length) != 0) continue;
    *name = line + length;
    return strcspn(*name, "( =");
  }
  return 0;
}

static const char *next_line(const char *line) {
  const char *end = strchr(line, '\n');
  return end == NULL ? NULL : end + 1;
}

static bool file_defines(const char *text, const char *wanted) {
  for (const char *line = text, *name; line != NULL; line = next_line(line)) {
    size_t length = defined_name(line, &name);
    if (length > 0 && length == strlen(wanted) && strncmp(name, wanted, length) == 0) return true;
  }
  return false;
}

const Definition *prelude_definition(Arena *arena, const char *name) {
  for (const EmbeddedFile *embedded = prelude_text; embedded->path != NULL; embedded++) {
    if (!file_defines(embedded->text, name)) continue;
    Source *source =
        source_from_text(arena, embedded->path, embedded->text, strlen(embedded->text));
    source->prelude = true;
    const File *file = parse_file(arena, diag_hold(diag_new(arena, NULL)), source);
    for (size_t i = 0; i < file->body.count; i++) {
      const Stmt *stmt = file->body.items[i];
      if (stmt->name == NULL || strcmp(stmt->name, name) != 0) continue;
      Definition *definition = ARENA_NEW(arena, Definition);
      *definition = (Definition){NAME_STATEMENT, name, stmt->name_span, stmt, NULL};
      return definition;
    }
  }
  return NULL;
}

const char *const *prelude_names(Arena *arena, size_t *n) {
  ARRAY(const char *) names = {0};
  for (const EmbeddedFile *file = prelude_text; file->path != NULL; file++)
    for (const char *line = file->text, *name; line != NULL; line = next_line(line)) {
      size_t length = defined_name(line, &name);
      if (length > 0) ARRAY_PUSH(arena, &names, arena_strndup(arena, name, length));
    }
  *n = names.count;
  return (const char *const *)names.items;
}

const char *imported_path(Arena *arena, const Source *from, const char *path) {
  const char *slash = strrchr(from->path, '/');
  if (path[0] == '/' || slash == NULL) return path;
  return arena_printf(arena, "%.*s/%s", (int)(slash - from->path), from->path, path);
}
