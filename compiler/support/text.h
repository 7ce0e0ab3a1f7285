/* A growing text buffer: what every printer writes into before a file is written whole. */
#pragma once
#include "support/arena.h"

typedef struct Text {
  Arena *arena;
  char *bytes; /* NUL-terminated once anything was added */
  size_t length, capacity;
} Text;

Text text_new(Arena *arena);
void text_add(Text *text, const char *string);
void text_addn(Text *text, const char *bytes, size_t length);
void text_printf(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A finite number by the shortest text that reads back as it, with a point or an exponent. */
void text_add_real(Text *text, double value);
/* The contents; "" when nothing was added. */
const char *text_string(const Text *text);
