/* What C is generated for. The C stays portable: a target only decides sizes. */
#include <string.h>
#include <unistd.h>
#include "lower/lower.h"

enum { KIB = 1024, TEAM = 2000000 };

static const TargetMachine targets[] = {
    {"generic", 16, 16, 32 * KIB, 256 * KIB, TEAM},
    {"x86-64-v2", 16, 16, 32 * KIB, 256 * KIB, TEAM},
    {"x86-64-v3", 32, 16, 32 * KIB, 512 * KIB, TEAM},
    {"x86-64-v4", 64, 32, 32 * KIB, 1024 * KIB, TEAM},
    {"aarch64", 16, 32, 64 * KIB, 512 * KIB, TEAM},
    {"wasm32", 16, 16, 32 * KIB, 256 * KIB, TEAM},
};

const char *const portable_targets[N_PORTABLE] = {"generic", "x86-64-v3", "x86-64-v4"};

static const TargetMachine *known_target(const char *name) {
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
    if (strcmp(targets[i].name, name) == 0) return &targets[i];
  return NULL;
}

static const char *native_name(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return "x86-64-v4";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "x86-64-v3";
  return "x86-64-v2";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "generic";
#endif
}

/* The size of a cache as the system tells it, or what is usual. */
static int64_t cache_bytes(int name, int64_t usual) {
  long bytes = sysconf(name);
  return bytes > 0 ? bytes : usual;
}

const TargetMachine *target_named(Arena *arena, const char *name) {
  bool native = strcmp(name, "native") == 0;
  const TargetMachine *known = known_target(native ? native_name() : name);
  if (known == NULL) return NULL;
  TargetMachine *target = ARENA_NEW(arena, TargetMachine);
  *target = *known;
#ifdef _SC_LEVEL1_DCACHE_SIZE
  if (native) {
    target->l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, known->l1_bytes);
    target->l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, known->l2_bytes);
  }
#endif
  return target;
}
