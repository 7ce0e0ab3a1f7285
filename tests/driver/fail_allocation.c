/* Loaded before libc (LD_PRELOAD): allocation number $FAIL_AT of the process fails. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

static long fail_at = -1, count;

static int fails(void) {
  if (fail_at < 0) {
    const char *text = getenv("FAIL_AT");
    fail_at = text == NULL ? 0 : atol(text);
  }
  if (fail_at == 0 || ++count != fail_at) return 0;
  errno = ENOMEM;
  return 1;
}

/* glibc's own entry points: dlsym would allocate itself. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : __libc_calloc(n, size); }
void *realloc(void *memory, size_t size) { return fails() ? NULL : __libc_realloc(memory, size); }
