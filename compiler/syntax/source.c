#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "syntax/syntax.h"

enum { MAX_SOURCE = 2 << 20 }; /* bytes; a model is far smaller */

static Source *source_new(Arena *arena, const char *path, const char *text, size_t length) {
  Source *source = ARENA_NEW(arena, Source);
  source->path = arena_strdup(arena, path);
  source->text = text;
  source->length = length;
  return source;
}

Source *source_from_text(Arena *arena, const char *path, const char *text, size_t length) {
  char *copy = arena_alloc(arena, length + 1);
  memcpy(copy, text, length);
  return source_new(arena, path, copy, length);
}

Source *source_read_stream(Arena *arena, Diag *diag, const char *path, void *stream, Span where) {
  FILE *file = stream;
  const char *problem = NULL;
  Text text = text_new(arena);
  char bytes[1 << 14];
  while (problem == NULL && !feof(file)) {
    size_t n = fread(bytes, 1, sizeof bytes, file);
    text_addn(&text, bytes, n);
    if (ferror(file)) problem = strerror(errno);
    if (text.length > MAX_SOURCE) problem = "it is larger than 2 MiB, which no model should be";
  }
  if (problem == NULL) return source_new(arena, path, text_string(&text), text.length);
  diag_error(diag, where, "cannot read %s: %s", path, problem);
  return NULL;
}

Source *source_read(Arena *arena, Diag *diag, const char *path, Span where) {
  struct stat status;
  FILE *file = fopen(path, "rb");
  if (file == NULL && errno == ENOMEM) fatal("out of memory, opening %s", path);
  const char *problem = file == NULL ? strerror(errno) : NULL;
  if (file != NULL && fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode))
    problem = "it is a folder";
  Source *source = NULL;
  if (problem == NULL) source = source_read_stream(arena, diag, path, file, where);
  if (file != NULL) fclose(file);
  if (problem == NULL) return source;
  diag_error(diag, where, "cannot read %s: %s", path, problem);
  return NULL;
}
