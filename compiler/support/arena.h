/* One arena owns all memory of a compilation; it is freed at once. */
#pragma once
#include <stddef.h>
#include <stdarg.h>

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_free(Arena *arena);

/* Zeroed memory, aligned for any type, alive until arena_free. Never returns NULL: when the system
   has no memory left the process ends with a message and exit code 3. */
void *arena_alloc(Arena *arena, size_t bytes);
char *arena_strdup(Arena *arena, const char *text);
char *arena_strndup(Arena *arena, const char *text, size_t length);
char *arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *arena, const char *format, va_list args);

#define ARENA_NEW(arena, T)      ((T *)arena_alloc((arena), sizeof(T)))
#define ARENA_ARRAY(arena, T, n) ((T *)arena_alloc((arena), sizeof(T) * (size_t)(n)))

/* A growable array in an arena: `ARRAY(int) xs = {0}; ARRAY_PUSH(arena, &xs, 3);`
   Outgrown storage stays in the arena. */
#define ARRAY(T)                                                                                   \
  struct {                                                                                         \
    T *items;                                                                                      \
    size_t count, capacity;                                                                        \
  }
#define ARRAY_PUSH(arena, array, ...)                                                              \
  do {                                                                                             \
    if ((array)->count == (array)->capacity)                                                       \
      (array)->items = arena_grow((arena), (array)->items, (array)->count, &(array)->capacity,     \
                                  sizeof *(array)->items);                                         \
    (array)->items[(array)->count++] = (__VA_ARGS__);                                              \
  } while (0)
void *arena_grow(Arena *arena, const void *items, size_t count, size_t *capacity, size_t item_size);
