#include "build.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "support/diag.h"

static const char *find_in_path(Arena *arena, const char *name) {
  const char *path = getenv("PATH");
  for (const char *at = path == NULL ? "" : path; *at != '\0';) {
    size_t length = strcspn(at, ":");
    const char *file = arena_printf(arena, "%.*s/%s", (int)length, at, name);
    if (length > 0 && access(file, X_OK) == 0) return file;
    at += length + (at[length] == ':');
  }
  return NULL;
}

const char *find_compiler(Arena *arena) {
  const char *chosen = getenv("DAGC_CC");
  if (chosen != NULL && *chosen != '\0') {
    if (strchr(chosen, '/') != NULL ? access(chosen, X_OK) == 0
                                    : find_in_path(arena, chosen) != NULL)
      return chosen;
    fprintf(stderr, "dagc: DAGC_CC names '%s', which is not an executable file\n", chosen);
    return NULL;
  }
  const char *found = find_in_path(arena, "clang");
  for (int version = 30; found == NULL && version >= 14; version--)
    found = find_in_path(arena, arena_printf(arena, "clang-%d", version));
  if (found == NULL)
    fprintf(stderr,
            "dagc: clang was not found in $PATH\n"
            "hint: install it (Debian: apt install clang), or name a C compiler in DAGC_CC\n");
  return found;
}

int run_program(const char *program, char *const argv[]) {
  /* The child answers Ctrl-C; we wait for what it makes of it. */
  void (*interrupted)(int) = signal(SIGINT, SIG_IGN);
  pid_t child = fork();
  if (child < 0) fatal("cannot start %s: %s", program, strerror(errno));
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    execvp(program, argv);
    fprintf(stderr, "dagc: cannot run %s: %s\n", program, strerror(errno));
    _exit(127);
  }
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fatal("cannot wait for %s: %s", program, strerror(errno));
  signal(SIGINT, interrupted);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

const char *find_runtime(Arena *arena) {
#ifdef DAGC_LIBRARY_FROM_PROGRAM
  char *self = realpath("/proc/self/exe", NULL);
  if (self == NULL) return NULL;
  const char *found = NULL, *places[] = {".", DAGC_LIBRARY_FROM_PROGRAM};
  *strrchr(self, '/') = '\0';
  for (size_t i = 0; found == NULL && i < sizeof places / sizeof *places; i++) {
    const char *file = arena_printf(arena, "%s/%s/libdagrt.a", self, places[i]);
    if (access(file, R_OK) == 0) found = file;
  }
  free(self);
  return found;
#else
  (void)arena;
  return NULL;
#endif
}

bool compile_c(Arena *arena, const char *compiler, const Toolchain *toolchain, const char *source,
               const char *runtime, const char *program) {
  char **arguments = compiler_arguments(arena, toolchain, compiler, source, runtime, program);
  int code = run_program(compiler, arguments);
  if (code != 0) explain_failure(toolchain, compiler, code);
  return code == 0;
}
