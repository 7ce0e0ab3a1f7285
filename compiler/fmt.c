#include "fmt.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "format/format.h"
#include "output.h"

/* The file itself, where the path leads through links. */
static const char *real_path(Arena *arena, const char *path) {
  char *found = realpath(path, NULL);
  if (found == NULL) fatal("cannot write %s: %s", path, strerror(errno));
  const char *copy = arena_strdup(arena, found);
  free(found);
  return copy;
}

/* False when the file has mistakes, or is asked for and differs. */
static bool format_file(Arena *arena, Diag *diag, const char *path, bool check) {
  bool input = strcmp(path, "-") == 0;
  const Source *source =
      input ? source_read_stream(arena, diag, "<standard input>", stdin, span_none())
            : source_read(arena, diag, path, span_none());
  Text text = text_new(arena);
  if (source == NULL || !format_source(arena, diag, source, &text)) return false;
  bool same = text.length == source->length &&
              memcmp(text_string(&text), source->text, source->length) == 0;
  if (check) {
    if (!same) puts(source->path);
    return same;
  }
  if (input || !same)
    write_output(arena, input ? NULL : real_path(arena, path), text_string(&text));
  return true;
}

int format_files(Arena *arena, const Options *options) {
  bool good = true;
  for (size_t i = 0; i < options->n_models; i++) {
    Diag *diag = diag_new(arena, stderr);
    good &= format_file(arena, diag, options->models[i], options->check);
  }
  return good ? 0 : EXIT_MODEL;
}
