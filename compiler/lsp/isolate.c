#include "lsp/isolate.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "support/text.h"

static _Noreturn void be_child(int out, json_t *(*work)(const void *data), const void *data,
                               int seconds) {
  struct rlimit time = {(rlim_t)seconds, (rlim_t)seconds + 1};
  setrlimit(RLIMIT_CPU, &time);
  dup2(STDERR_FILENO, STDOUT_FILENO); /* which carries the protocol */
  json_t *result = work(data);
  FILE *file = fdopen(out, "w"); /* json_dumpfd writes each piece by itself */
  bool written = result != NULL && file != NULL &&
                 json_dumpf(result, file, JSON_COMPACT | JSON_ENCODE_ANY) == 0 && fflush(file) == 0;
  _exit(written ? 0 : 3);
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* All that comes until the other end closes; false: it did not within that time, or until `wake`.
 */
static bool read_all(int in, int seconds, int wake, bool *woken, Text *text) {
  int64_t deadline = now_ms() + (int64_t)seconds * 1000;
  char bytes[1 << 14];
  for (;;) {
    int64_t left = deadline - now_ms();
    struct pollfd ready[] = {{.fd = in, .events = POLLIN}, {.fd = wake, .events = POLLIN}};
    int n = left <= 0 ? 0 : poll(ready, 2, (int)left);
    if (n < 0 && errno == EINTR) continue;
    *woken = n > 0 && ready[0].revents == 0;
    if (n <= 0 || *woken) return false;
    ssize_t got = read(in, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    text_addn(text, bytes, (size_t)got);
  }
}

json_t *run_isolated(json_t *(*work)(const void *data), const void *data, int seconds, int wake,
                     bool *woken) {
  int ends[2];
  *woken = false;
  if (pipe(ends) != 0) return NULL;
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    be_child(ends[1], work, data, seconds);
  }
  close(ends[1]);
  json_t *result = NULL;
  if (child > 0) {
    Arena *arena = arena_new();
    Text text = text_new(arena);
    bool whole = read_all(ends[0], seconds, wake, woken, &text);
    if (!whole) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (whole && WIFEXITED(status) && WEXITSTATUS(status) == 0)
      result = json_loadb(text.bytes, text.length, JSON_DECODE_ANY, NULL);
    arena_free(arena);
  }
  close(ends[0]);
  return result;
}
