/* What an editor shows of a definition. */
#pragma once
#include <jansson.h>
#include "elaborate/elaborate.h"
#include "lsp/names.h"
#include "lsp/positions.h"

/* What is known of a model beside its text. */
typedef struct Knowledge {
  Arena *arena;
  Positions *positions;
  Map bound;              /* place_key → BoundList *: what the name there stands for */
  const Program *derived; /* in canonical form; NULL: the model is wrong */
  Map reached;            /* names of what has an adjoint, be it by itself or within others' */
} Knowledge;

/* What a name stands for, in each of its instances. */
typedef struct BoundList {
  ARRAY(const BoundName *) items;
} BoundList;
/* Of the beginning of a place, for maps. */
const char *place_key(Arena *arena, Span span);

/* In Markdown: the definition as written, what it stands for, its adjoint, the comment above it. */
const char *hover_text(const Knowledge *knowledge, const Definition *definition);

/* DocumentSymbols of the statements. */
json_t *outline(Arena *arena, Positions *positions, const StmtBlock *block);
/* CompletionItems: keywords, what the file defines at its top level, and what the prelude does. */
json_t *completions(Arena *arena, const Names *names);

/* A JSON string of any bytes: what is no UTF-8 becomes "?". */
json_t *json_text(Arena *arena, const char *bytes);
