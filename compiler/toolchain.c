#include "toolchain.h"
#include <stdlib.h>
#include <string.h>

#define X86  "x86_64-linux-gnu"
#define ARM  "aarch64-linux-gnu"
#define WASM "wasm32-wasi"
#if defined(__x86_64__)
#define HERE X86
#elif defined(__aarch64__)
#define HERE ARM
#else
#define HERE "unknown"
#endif

#define X86_NEEDS "gcc-x86-64-linux-gnu libc6-dev-amd64-cross"
#define ARM_NEEDS "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"

static const Toolchain toolchains[] = {
    {"native", NULL, "-march=native", NULL, NULL, NULL},
    {"generic", NULL, NULL, NULL, NULL, NULL},
    {"portable", NULL, NULL, NULL, NULL, NULL},
    {"x86-64-v2", X86, "-march=x86-64-v2", NULL, X86_NEEDS, "qemu-x86_64"},
    {"x86-64-v3", X86, "-march=x86-64-v3", NULL, X86_NEEDS, "qemu-x86_64"},
    {"x86-64-v4", X86, "-march=x86-64-v4", NULL, X86_NEEDS, "a machine with AVX-512"},
    {"aarch64", ARM, NULL, NULL, ARM_NEEDS, "qemu-aarch64 -L /usr/aarch64-linux-gnu"},
    {"wasm32", WASM, "-msimd128", "/usr", "wasi-libc lld libclang-rt-dev-wasm32",
     "a runtime for WASI such as wasmtime or node"},
};

const Toolchain *toolchain_of(const char *target) {
  for (size_t i = 0; i < sizeof toolchains / sizeof *toolchains; i++)
    if (strcmp(toolchains[i].target, target) == 0) return &toolchains[i];
  return NULL;
}

const char *const *toolchain_names(Arena *arena, size_t *n) {
  *n = sizeof toolchains / sizeof *toolchains;
  const char **names = ARENA_ARRAY(arena, const char *, *n);
  for (size_t i = 0; i < *n; i++) names[i] = toolchains[i].target;
  return names;
}

bool is_foreign(const Toolchain *toolchain) {
  return toolchain->triple != NULL && strcmp(toolchain->triple, HERE) != 0;
}

/* A C compiler of another name, aarch64-linux-gnu-gcc, is taken to be one for the target. */
static bool is_clang(const char *compiler) {
  const char *slash = strrchr(compiler, '/');
  return strstr(slash == NULL ? compiler : slash, "clang") != NULL;
}

static const char *sysroot_of(const Toolchain *toolchain) {
  const char *chosen = getenv("DAGC_SYSROOT");
  return chosen != NULL && *chosen != '\0' ? chosen : toolchain->sysroot;
}

/* What the C needs to be fast and right, whatever the compiler. */
enum { N_FLAGS = 4 };
static size_t add_flags(const char **list, size_t n, const Toolchain *toolchain) {
  list[n++] = "-O2";
  if (toolchain->march != NULL) list[n++] = toolchain->march;
  list[n++] = "-ffp-contract=fast";
  list[n++] = "-fno-math-errno";
  return n;
}

void print_flags(FILE *out, const Toolchain *toolchain) {
  const char *list[N_FLAGS];
  size_t n = add_flags(list, 0, toolchain);
  for (size_t i = 0; i < n; i++) fprintf(out, "%s%c", list[i], i + 1 < n ? ' ' : '\n');
}

char **compiler_arguments(Arena *arena, const Toolchain *toolchain, const char *compiler,
                          const char *source, const char *runtime, const char *program) {
  enum { MOST = 24 };
  const char **list = ARENA_ARRAY(arena, const char *, MOST);
  size_t n = 0;
  bool foreign = is_foreign(toolchain);
  list[n++] = compiler;
  list[n++] = "-std=gnu11";
  n = add_flags(list, n, toolchain);
  if (!foreign) list[n++] = "-fopenmp";
  if (foreign && is_clang(compiler))
    list[n++] = arena_printf(arena, "--target=%s", toolchain->triple);
  if (foreign && sysroot_of(toolchain) != NULL)
    list[n++] = arena_printf(arena, "--sysroot=%s", sysroot_of(toolchain));
  if (foreign) list[n++] = "-DDAGRT_NO_ZLIB";
  if (strcmp(toolchain->target, "wasm32") == 0) /* the linker gives 64 KiB of stack */
    list[n++] = "-Wl,-z,stack-size=1048576";
  list[n++] = "-o";
  list[n++] = program;
  list[n++] = source;
  if (runtime != NULL) list[n++] = runtime;
  if (!foreign) list[n++] = "-lz";
  list[n++] = "-lm";
  char **arguments = ARENA_ARRAY(arena, char *, MOST);
  for (size_t i = 0; i < n; i++) arguments[i] = arena_strdup(arena, list[i]);
  return arguments;
}

void explain_failure(const Toolchain *toolchain, const char *compiler, int code) {
  fprintf(stderr, "dagc: %s failed on the generated C (exit code %d)\n", compiler, code);
  if (is_foreign(toolchain))
    fprintf(stderr,
            "hint: programs for %s are cross-compiled here, which needs a linker and a C library "
            "for it (Debian: %s); DAGC_SYSROOT names another place of the library\n",
            toolchain->target, toolchain->needs);
  else
    fprintf(stderr, "hint: the trainer needs zlib and OpenMP (Debian: zlib1g-dev libomp-dev)\n");
}
