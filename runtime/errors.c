#include "runtime.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void dagrt_fail(int code, const char *hint, const char *format, ...) {
  fflush(stdout);
  fputs("error: ", stderr);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  if (hint != NULL) fprintf(stderr, "hint: %s\n", hint);
  exit(code);
}

void dagrt_warn(const char *format, ...) {
  fflush(stdout);
  fputs("warning: ", stderr);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

void *dagrt_allocate(size_t count, size_t size) {
  size_t bytes;
  void *memory = NULL;
  if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX - 64) {
    bytes = (bytes + 64) / 64 * 64;
    memory = aligned_alloc(64, bytes);
  }
  if (memory == NULL)
    dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "out of memory: no room for %zu times %zu bytes", count,
               size);
  return memset(memory, 0, bytes);
}

char *dagrt_text(const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  char *text = dagrt_allocate((size_t)length + 1, 1);
  vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return text;
}

/* Edits (insert, remove, replace a letter) from a to b, by the usual dynamic programme. */
static size_t dagrt_edits(const char *a, const char *b) {
  enum { LONGEST = 64 };
  size_t n = strlen(b), row[LONGEST + 1];
  if (n > LONGEST || strlen(a) > LONGEST) return LONGEST;
  for (size_t j = 0; j <= n; j++) row[j] = j;
  for (size_t i = 0; a[i] != '\0'; i++) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 1; j <= n; j++) {
      size_t best = diagonal + (a[i] != b[j - 1]);
      diagonal = row[j];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
  }
  return row[n];
}

const char *dagrt_nearest(const char *word, const char *const *names, size_t n) {
  const char *nearest = NULL;
  size_t least = 1 + strlen(word) / 3; /* one typing error in three letters */
  for (size_t i = 0; i < n; i++) {
    size_t edits = dagrt_edits(word, names[i]);
    if (edits >= strlen(word)) continue; /* nothing in common */
    if (edits > least || (edits == least && nearest != NULL)) continue;
    least = edits;
    nearest = names[i];
  }
  return nearest;
}

void dagrt_fail_name(int code, const char *what, const char *word, const char *const *names,
                     size_t n) {
  const char *nearest = dagrt_nearest(word, names, n);
  if (nearest != NULL)
    dagrt_fail(code, dagrt_text("did you mean '%s'?", nearest), "no %s '%s'", what, word);
  char *list = dagrt_text(n == 0 ? "there is none" : "there is");
  for (size_t i = 0; i < n && i < 20; i++)
    list = dagrt_text("%s%s %s", list, i == 0 ? "" : ",", names[i]);
  dagrt_fail(code, n > 20 ? dagrt_text("%s, …", list) : list, "no %s '%s'", what, word);
}
