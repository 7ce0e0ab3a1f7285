#include "support/map.h"
#include <stdint.h>
#include <string.h>

Map map_new(Arena *arena) { return (Map){.arena = arena}; }

/* FNV-1a */
static uint64_t hash(const char *key) {
  uint64_t h = 14695981039346656037u;
  for (; *key != '\0'; key++) h = (h ^ (unsigned char)*key) * 1099511628211u;
  return h;
}

/* The slot that holds key, or the free one where it belongs. */
static size_t *find_slot(const Map *map, const char *key) {
  size_t at = hash(key) & (map->n_slots - 1);
  while (map->slots[at] != 0 && strcmp(map->entries[map->slots[at] - 1].key, key) != 0)
    at = (at + 1) & (map->n_slots - 1);
  return &map->slots[at];
}

void *map_get(const Map *map, const char *key) {
  if (map->n_slots == 0) return NULL;
  size_t *slot = find_slot(map, key);
  return *slot == 0 ? NULL : map->entries[*slot - 1].value;
}

static void grow(Map *map) {
  map->n_slots = map->n_slots == 0 ? 16 : map->n_slots * 2;
  map->slots = ARENA_ARRAY(map->arena, size_t, map->n_slots);
  for (size_t i = 0; i < map->count; i++) *find_slot(map, map->entries[i].key) = i + 1;
}

void map_set(Map *map, const char *key, void *value) {
  if ((map->count + 1) * 2 > map->n_slots) grow(map);
  size_t *slot = find_slot(map, key);
  if (*slot != 0) {
    map->entries[*slot - 1].value = value;
    return;
  }
  if (map->count == map->capacity)
    map->entries =
        arena_grow(map->arena, map->entries, map->count, &map->capacity, sizeof *map->entries);
  map->entries[map->count++] = (MapEntry){key, value};
  *slot = map->count;
}

Map map_copy(const Map *map) {
  Map copy = *map;
  if (map->n_slots == 0) return copy;
  copy.entries = ARENA_ARRAY(map->arena, MapEntry, map->capacity);
  copy.slots = ARENA_ARRAY(map->arena, size_t, map->n_slots);
  memcpy(copy.entries, map->entries, map->count * sizeof *map->entries);
  memcpy(copy.slots, map->slots, map->n_slots * sizeof *map->slots);
  return copy;
}
