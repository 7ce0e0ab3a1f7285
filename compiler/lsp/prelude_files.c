#include "lsp/prelude_files.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lsp/uri.h"
#include "support/embedded.h"

/* NULL: there is no place for it. */
static const char *cache_folder(Arena *arena) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (cache != NULL && cache[0] == '/') return cache;
  return home != NULL && home[0] == '/' ? arena_printf(arena, "%s/.cache", home) : NULL;
}

static bool make_folder(const char *path) { return mkdir(path, 0777) == 0 || errno == EEXIST; }

static bool has_text(const char *path, const char *text) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  bool same = true;
  for (size_t i = 0; same && text[i] != '\0'; i++) same = fgetc(file) == (unsigned char)text[i];
  same = same && fgetc(file) == EOF;
  fclose(file);
  return same;
}

static bool write_whole(Arena *arena, const char *path, const char *text) {
  char *temporary = arena_printf(arena, "%s.XXXXXX", path);
  int descriptor = mkstemp(temporary);
  if (descriptor < 0) return false;
  size_t length = strlen(text);
  bool written = write(descriptor, text, length) == (ssize_t)length;
  written = fchmod(descriptor, 0444) == 0 && written;
  written = close(descriptor) == 0 && written && rename(temporary, path) == 0;
  if (!written) unlink(temporary);
  return written;
}

/* The file with that text of the prelude; NULL when it cannot be written. */
static const char *prelude_file(Arena *arena, const EmbeddedFile *embedded) {
  const char *cache = cache_folder(arena);
  if (cache == NULL) return NULL;
  const char *dagc = arena_printf(arena, "%s/dagc", cache);
  const char *folder = arena_printf(arena, "%s/prelude", dagc);
  const char *path = arena_printf(arena, "%s/%s", dagc, embedded->path);
  if (has_text(path, embedded->text)) return path;
  bool written = make_folder(cache) && make_folder(dagc) && make_folder(folder) &&
                 write_whole(arena, path, embedded->text);
  return written ? path : NULL;
}

static void give_file(json_t *object, const char *uri) {
  Arena *arena = arena_new();
  for (const EmbeddedFile *embedded = prelude_text; embedded->path != NULL; embedded++) {
    if (strcmp(embedded->path, uri) != 0) continue;
    const char *path = prelude_file(arena, embedded);
    if (path != NULL) json_object_set_new(object, "uri", json_string(uri_of_path(arena, path)));
    break;
  }
  arena_free(arena);
}

void give_prelude_files(json_t *value) {
  size_t i;
  json_t *part;
  const char *key;
  if (json_is_array(value)) {
    json_array_foreach(value, i, part) give_prelude_files(part);
    return;
  }
  json_object_foreach(value, key, part) {
    if (strcmp(key, "uri") != 0 || !json_is_string(part)) {
      give_prelude_files(part);
      continue;
    }
    give_file(value, json_string_value(part));
    break; /* its place does not refer to files, and the object has changed */
  }
}
