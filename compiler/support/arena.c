#include "support/arena.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "support/diag.h"

/* Chunks double, up to two huge pages. */
enum {
  FIRST_CHUNK = 64 * 1024,
  HUGE_PAGE = 2 * 1024 * 1024,
  LARGEST_CHUNK = 2 * HUGE_PAGE,
  ALIGNMENT = 16
};

typedef struct Chunk {
  struct Chunk *next;
  size_t used, size; /* with this header; from HUGE_PAGE on it comes from the system */
} Chunk;

struct Arena {
  Chunk *chunks; /* the one being filled first */
};

static const size_t HEADER = (sizeof(Chunk) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

static void *allocate_or_end(size_t bytes) {
  void *memory = calloc(1, bytes);
  if (memory == NULL) fatal("out of memory (%zu bytes asked for)", bytes);
  return memory;
}

/* Zeros, in huge pages where there are any: such a page costs one fault in place of 512. */
static void *map_or_end(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fatal("out of memory (%zu bytes asked for)", bytes);
  madvise(memory, bytes, MADV_HUGEPAGE); /* no matter if refused */
  return memory;
}

static Chunk *new_chunk(size_t size) {
  Chunk *chunk = size < HUGE_PAGE ? allocate_or_end(size) : map_or_end(size);
  chunk->used = HEADER;
  chunk->size = size;
  return chunk;
}

static void free_chunk(Chunk *chunk) {
  if (chunk->size < HUGE_PAGE) {
    free(chunk);
  } else {
    munmap(chunk, chunk->size);
  }
}

Arena *arena_new(void) { return allocate_or_end(sizeof(Arena)); }

void arena_free(Arena *arena) {
  if (arena == NULL) return;
  for (Chunk *chunk = arena->chunks; chunk != NULL;) {
    Chunk *next = chunk->next;
    free_chunk(chunk);
    chunk = next;
  }
  free(arena);
}

void *arena_alloc(Arena *arena, size_t bytes) {
  if (bytes > SIZE_MAX / 2) fatal("out of memory (%zu bytes asked for)", bytes);
  size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  Chunk *chunk = arena->chunks;
  if (chunk == NULL || chunk->size - chunk->used < rounded) {
    size_t usual = chunk == NULL ? FIRST_CHUNK : 2 * chunk->size;
    if (usual > LARGEST_CHUNK) usual = LARGEST_CHUNK;
    bool is_large = rounded > usual - HEADER;
    Chunk *fresh = new_chunk(is_large ? HEADER + rounded : usual);
    /* A large piece gets a chunk of its own behind the one being filled. */
    if (chunk != NULL && is_large) {
      fresh->next = chunk->next;
      chunk->next = fresh;
    } else {
      fresh->next = chunk;
      arena->chunks = fresh;
    }
    chunk = fresh;
  }
  void *memory = (char *)chunk + chunk->used;
  chunk->used += rounded;
  return memory;
}

char *arena_strndup(Arena *arena, const char *text, size_t length) {
  char *copy = arena_alloc(arena, length + 1);
  memcpy(copy, text, length);
  return copy;
}

char *arena_strdup(Arena *arena, const char *text) {
  return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(Arena *arena, const char *format, va_list args) {
  char brief[256];
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(brief, sizeof brief, format, again);
  va_end(again);
  if (length < 0) bug("support", "bad format \"%s\"", format);
  if ((size_t)length < sizeof brief) return arena_strndup(arena, brief, (size_t)length);
  char *text = arena_alloc(arena, (size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, format, args);
  return text;
}

char *arena_printf(Arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = arena_vprintf(arena, format, args);
  va_end(args);
  return text;
}

void *arena_grow(Arena *arena, const void *items, size_t count, size_t *capacity,
                 size_t item_size) {
  *capacity = *capacity == 0 ? 8 : *capacity * 2;
  void *grown = arena_alloc(arena, *capacity * item_size);
  if (count > 0) memcpy(grown, items, count * item_size);
  return grown;
}
