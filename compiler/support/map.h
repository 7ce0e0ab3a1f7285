/* A hash map from strings to pointers, in an arena. Keys are not copied. Iteration is in order of
   insertion, so whatever is printed from a map is deterministic. */
#pragma once
#include "support/arena.h"

typedef struct MapEntry {
  const char *key;
  void *value;
} MapEntry;

typedef struct Map {
  Arena *arena;
  MapEntry *entries; /* in order of insertion */
  size_t count, capacity;
  size_t *slots; /* 1 + position in entries, 0 when free */
  size_t n_slots;
} Map;

Map map_new(Arena *arena);
/* NULL when absent. */
void *map_get(const Map *map, const char *key);
/* Replaces the value of a key that is there. */
void map_set(Map *map, const char *key, void *value);
/* The same entries; what is set in the one is not in the other. */
Map map_copy(const Map *map);
