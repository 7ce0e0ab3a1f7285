#include "support/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PRINTED = 120 /* bytes at once, mostly */ };

Text text_new(Arena *arena) { return (Text){.arena = arena}; }

static void reserve(Text *text, size_t more) {
  if (text->length + more + 1 <= text->capacity) return;
  size_t capacity = text->capacity == 0 ? 256 : text->capacity;
  while (capacity < text->length + more + 1) capacity *= 2;
  char *bytes = arena_alloc(text->arena, capacity);
  if (text->length > 0) memcpy(bytes, text->bytes, text->length);
  text->bytes = bytes;
  text->capacity = capacity;
}

void text_addn(Text *text, const char *bytes, size_t length) {
  reserve(text, length);
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = '\0';
}

void text_add(Text *text, const char *string) { text_addn(text, string, strlen(string)); }

void text_printf(Text *text, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  reserve(text, MOST_PRINTED);
  int length = vsnprintf(text->bytes + text->length, MOST_PRINTED + 1, format, again);
  va_end(again);
  if (length > MOST_PRINTED) {
    reserve(text, (size_t)length);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, args);
  }
  if (length > 0) text->length += (size_t)length;
  va_end(args);
}

void text_add_real(Text *text, double value) {
  char shortest[40];
  if (value == floor(value) && fabs(value) < 1e6) {
    snprintf(shortest, sizeof shortest, "%.1f", value);
  } else {
    for (int digits = 1; digits <= 17; digits++) {
      snprintf(shortest, sizeof shortest, "%.*g", digits, value);
      if (strtod(shortest, NULL) == value) break;
    }
  }
  text_add(text, shortest);
  if (strpbrk(shortest, ".e") == NULL) text_add(text, ".0");
}

const char *text_string(const Text *text) { return text->length == 0 ? "" : text->bytes; }
