/* Files of the repository that the compiler carries inside itself (scripts/embed.cmake). */
#pragma once

typedef struct EmbeddedFile {
  const char *path,
      *text; /* path from the repository's root, "prelude/layers.dag"; NULL ends the list */
} EmbeddedFile;

extern const EmbeddedFile prelude_text[];
extern const EmbeddedFile runtime_text[]; /* in the order to concatenate */
extern const EmbeddedFile vector_math_text[];
extern const EmbeddedFile page_text[]; /* the style and the script of a page */
