/* What C is generated for. The C stays portable: a target only decides sizes. */
#include <string.h>
#include "lower/lower.h"

enum { KIB = 1024 };

static const TargetMachine targets[] = {
    {"generic", 16, 16, 32 * KIB, 256 * KIB},   {"x86-64-v2", 16, 16, 32 * KIB, 256 * KIB},
    {"x86-64-v3", 32, 16, 32 * KIB, 512 * KIB}, {"x86-64-v4", 64, 32, 32 * KIB, 1024 * KIB},
    {"aarch64", 16, 32, 64 * KIB, 512 * KIB},   {"wasm32", 16, 16, 32 * KIB, 256 * KIB},
};

static const TargetMachine *known_target(const char *name) {
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
    if (strcmp(targets[i].name, name) == 0) return &targets[i];
  return NULL;
}

/* The machine that dagc runs on. */
static const TargetMachine *native_target(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return known_target("x86-64-v4");
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return known_target("x86-64-v3");
  return known_target("x86-64-v2");
#elif defined(__aarch64__)
  return known_target("aarch64");
#else
  return known_target("generic");
#endif
}

const TargetMachine *target_named(const char *name) {
  return strcmp(name, "native") == 0 ? native_target() : known_target(name);
}
