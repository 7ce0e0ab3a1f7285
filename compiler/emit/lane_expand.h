/* The texts of vector_math/ for one lane type, their macros and conditions expanded, function by
   function. Private to emit/. */
#pragma once
#include "support/text.h"

/* What the macros of vector_math/lanes.h stand for. */
typedef struct LaneMacros {
  int bits, lanes;
  const char *v, *vi, *w, *wi; /* C types */
  const char *name, *wide;     /* what NAME(f) and WIDE(f) add to f, after a _ */
} LaneMacros;

/* A function (or type definition) with the comment above it. */
typedef struct LaneChunk {
  const char *name, *text;
} LaneChunk;

typedef ARRAY(LaneChunk) LaneChunks;

/* Appends what a text of vector_math/ defines. */
void lane_expand(Arena *arena, LaneChunks *chunks, const char *text, const LaneMacros *macros);
