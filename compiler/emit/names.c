#include "emit/names.h"
#include <ctype.h>
#include <string.h>
#include "support/c_words.h"
#include "support/text.h"

/* What libc's headers, the runtime and the functions of vector_math/ have where it could meet a
   tensor's name. */
static const char reserved[] =
    " memcpy memset seed step workspace NULL NAN INFINITY ROLLED UNROLLED UNROLLED2 "
    "TEAM SHARED SHARED2 ONE BARRIER SLOT INLINE NOINLINE VECTOR_FUNCTION CALLED ";

/* "f32", "exp_f32x16": what lane types and their functions are called. */
static int is_lane_name(const char *name) {
  static const char *const types[] = {"f32", "f64", "i8", "i32", "i64", "u8"};
  const char *bar = strrchr(name, '_');
  const char *at = bar == NULL ? name : bar + 1;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    size_t length = strlen(types[i]);
    if (strncmp(at, types[i], length) != 0) continue;
    if (at[length] == '\0' || (at[length] == 'x' && isdigit((unsigned char)at[length + 1])))
      return 1;
  }
  return 0;
}

static int is_reserved(const char *name) {
  if (is_lane_name(name) || is_c_keyword(name)) return 1;
  size_t length = strlen(name);
  for (const char *at = reserved + 1; (at = strstr(at, name)) != NULL; at++)
    if (at[-1] == ' ' && at[length] == ' ') return 1;
  return 0;
}

static int is_taken(const Names *names, const char *name) {
  for (; names != NULL; names = names->outer)
    if (map_get(&names->taken, name) != NULL) return 1;
  return is_reserved(name);
}

static const char *identifier(Arena *arena, const char *wanted) {
  Text text = text_new(arena);
  if (!isalpha((unsigned char)*wanted)) text_add(&text, "t");
  for (const char *c = wanted; *c != '\0'; c++) {
    if (isalnum((unsigned char)*c))
      text_addn(&text, c, 1);
    else if (*c == '\'')
      text_add(&text, "_new");
    else
      text_add(&text, "_");
  }
  return text_string(&text);
}

Names names_new(Arena *arena, const Names *outer) {
  return (Names){.arena = arena, .taken = map_new(arena), .outer = outer};
}

const char *names_take(Names *names, const char *wanted) {
  static char mark;
  const char *base = identifier(names->arena, wanted), *name = base;
  size_t length = strlen(base);
  const char *between = length > 0 && isdigit((unsigned char)base[length - 1]) ? "_" : "";
  for (int i = 2; is_taken(names, name); i++)
    name = arena_printf(names->arena, "%s%s%d", base, between, i);
  map_set(&names->taken, name, &mark);
  return name;
}

const char *base_name(Arena *arena, const char *name) {
  const char *bar = strrchr(name, '_');
  if (bar == NULL || bar == name || bar[1] == '\0' ||
      bar[1 + strspn(bar + 1, "0123456789")] != '\0')
    return name;
  return arena_strndup(arena, name, (size_t)(bar - name));
}
