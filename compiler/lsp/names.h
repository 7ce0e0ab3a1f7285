/* Which name means what: every occurrence of a name in a text with the definition that it refers
   to, found from the syntax tree alone, so that a mistake elsewhere does not matter. */
#pragma once
#include "support/map.h"
#include "syntax/syntax.h"

typedef enum NameKind {
  NAME_STATEMENT, /* what a statement defines */
  NAME_PARAMETER, /* of a function, layer or optimizer; `owner` is that */
  NAME_SIZE,      /* bound by a signature: the N of `x: real[N]` */
  NAME_INDEX,     /* an index variable */
  NAME_COUNTER    /* of a repeat or scan */
} NameKind;

typedef struct Definition {
  NameKind kind;
  const char *name;
  Span span;          /* of the name */
  const Stmt *stmt;   /* that it stands in */
  const Param *param; /* NAME_PARAMETER */
} Definition;

typedef struct Occurrence {
  Span span;
  const Definition *definition;
} Occurrence;

typedef struct Names {
  ARRAY(Occurrence) occurrences;       /* in the file itself, definitions among them */
  ARRAY(const Definition *) top_level; /* imports among them */
} Names;

/* Reads imported files; what is wrong with them is not reported. */
Names find_names(Arena *arena, const File *file);

/* A definition of the prelude of that name, parsed; NULL: there is none. */
const Definition *prelude_definition(Arena *arena, const char *name);
/* The names of all of them. */
const char *const *prelude_names(Arena *arena, size_t *n);
/* The file that the path in an import leads to, seen from the file that imports it. */
const char *imported_path(Arena *arena, const Source *from, const char *path);
