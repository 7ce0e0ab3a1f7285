/* C names: of what the file declares, and of what a function declares. Private to emit/. */
#pragma once
#include "support/arena.h"
#include "support/map.h"

/* The names taken in one scope of C. An inner scope also keeps clear of the names of the outer. */
typedef struct Names {
  Arena *arena;
  Map taken;
  const struct Names *outer;
} Names;

Names names_new(Arena *arena, const Names *outer);
/* A C (and C++) identifier like `wanted`, not taken and no keyword: dots become `_`, a trailing '
   becomes `_new`, and a number is added where the name is taken. */
const char *names_take(Names *names, const char *wanted);
/* lower/ numbers names so that they are unique in a kernel, `sum_2`; a C name need only be so where
   it is seen: "sum". */
const char *base_name(Arena *arena, const char *name);
