#include "emit/lane_helpers.h"
#include <stdlib.h>
#include <string.h>

void lane_typedef_write(Text *out, const LaneUse *use) {
  const char *name = lane_name(out->arena, use->type, use->lanes);
  text_printf(out, "typedef %s %s __attribute__((vector_size(%d)));\n", element_type(use->type),
              name, use->lanes * type_bytes(use->type));
  if (map_get(&use->helpers, "unsigned") != NULL)
    text_printf(out, "typedef u%s unsigned_%s __attribute__((vector_size(%d)));\n",
                element_type(use->type), name, use->lanes * type_bytes(use->type));
}

/* 0, 1, 2…: what each lane takes from where the vectors are combined */
static void write_list(Text *out, int lanes, int (*lane)(int i, int n), int n) {
  for (int i = 0; i < lanes; i++) text_printf(out, "%s%d", i == 0 ? "" : ", ", lane(i, n));
}

static int itself(int i, int n) { return i + 0 * n; }
static int across(int i, int n) { return i ^ n; }

/* The lanes at distance lanes/2, lanes/4, … 1 are combined: lane 0 has the whole. */
static void write_fold(Arena *arena, Text *out, const LaneUse *use, const char *helper) {
  const char *v = lane_name(arena, use->type, use->lanes), *op = helper + strlen("fold_");
  const char *suffix = lane_suffix(arena, use, use->type);
  text_printf(out, "INLINE %s %s_%s(%s v) {\n", element_type(use->type), helper, suffix, v);
  for (int n = use->lanes / 2; n > 0; n /= 2) {
    text_printf(out, "  %s v%d = __builtin_shufflevector(v, v, ", v, n);
    write_list(out, use->lanes, across, n);
    text_add(out, ");\n");
    if (strcmp(op, "max") == 0 || strcmp(op, "min") == 0)
      text_printf(out, "  v = %s_%s(v, v%d);\n", op, suffix, n);
    else
      text_printf(out, "  v = v %s v%d;\n",
                  strcmp(op, "add") == 0   ? "+"
                  : strcmp(op, "mul") == 0 ? "*"
                  : strcmp(op, "and") == 0 ? "&"
                                           : "|",
                  n);
  }
  bool mask = strcmp(op, "and") == 0 || strcmp(op, "or") == 0;
  text_printf(out, "  return v[0]%s;\n}\n", mask ? " & 1" : "");
}

/* A vector of as many rows: in turns, each of two rows takes one half of a vector's lanes. After
   the turn n lane i has a part of the sum of row i % 2n of those that it has been joined with. */
static void write_fold_rows(Arena *arena, Text *out, const LaneUse *use) {
  const char *v = lane_name(arena, use->type, use->lanes);
  text_printf(out,
              "/* lane i: the sum of the lanes of row i */\n"
              "INLINE %s fold_rows_%s(const %s *row) {\n  %s v[%d];\n",
              v, lane_suffix(arena, use, use->type), v, v, use->lanes / 2);
  for (int n = 1; n < use->lanes; n *= 2) {
    const char *from = n == 1 ? "row" : "v";
    text_printf(out, "  for (int i = 0; i < %d; i++)\n    v[i] = ", use->lanes / (2 * n));
    for (int half = 0; half < 2; half++) {
      text_printf(out, "%s__builtin_shufflevector(%s[2 * i], %s[2 * i + 1], ",
                  half == 0 ? "" : " +\n        ", from, from);
      for (int i = 0; i < use->lanes; i++) {
        int chunk = 2 * (i / (2 * n)) + half, row = i % (2 * n);
        int lane = chunk * n + row % n + (row < n ? 0 : use->lanes);
        text_printf(out, "%s%d", i == 0 ? "" : ", ", lane);
      }
      text_add(out, ")");
    }
    text_add(out, ";\n");
  }
  text_add(out, "  return v[0];\n}\n");
}

/* The first elements of a vector, and zeros: a half that is all there is loaded as a vector. */
static void write_part_load(Arena *arena, Text *out, const LaneUse *use, int present) {
  const char *v = lane_name(arena, use->type, use->lanes), *e = element_type(use->type);
  int half = use->lanes / 2, low = present < half ? present : half, high = present - low;
  text_printf(out, "INLINE %s load%d_%s(const %s *from) {", v, present,
              lane_suffix(arena, use, use->type), e);
  if (use->lanes <= SHORT_LANES) {
    text_printf(out, " return (%s){", v);
    for (int i = 0; i < present; i++) text_printf(out, "%sfrom[%d]", i == 0 ? "" : ", ", i);
    text_add(out, "}; }\n");
    return;
  }
  LaneUse part = {.type = use->type, .lanes = (uint8_t)half, .section = use->section};
  const char *of_half = lane_name(arena, use->type, part.lanes);
  const char *suffix = lane_suffix(arena, &part, use->type);
  if (low == half)
    text_printf(out, "\n  %s low;\n  memcpy(&low, from, sizeof low);\n", of_half);
  else
    text_printf(out, "\n  %s low = load%d_%s(from);\n", of_half, low, suffix);
  if (high > 0)
    text_printf(out, "  %s high = load%d_%s(from + %d);\n", of_half, high, suffix, half);
  text_printf(out, "  return __builtin_shufflevector(low, %s, ",
              high > 0 ? "high" : arena_printf(arena, "(%s){0}", of_half));
  write_list(out, use->lanes, itself, 0);
  text_add(out, ");\n}\n");
}

/* Rows i and i + n exchange their blocks off the diagonal, for n = lanes/2, … 1. */
static void write_exchange(Text *out, const LaneUse *use, const char *v, int n) {
  text_printf(out, "  for (int i = 0; i < %d; i++) {\n    if ((i & %d) != 0) continue;\n",
              use->lanes, n);
  text_printf(out, "    %s a = row[i], b = row[i + %d];\n", v, n);
  for (int half = 0; half < 2; half++) {
    text_printf(out, "    row[i%s] = __builtin_shufflevector(a, b, ",
                half == 0 ? "" : arena_printf(out->arena, " + %d", n));
    for (int i = 0; i < use->lanes; i++) {
      bool second = (i & n) != 0; /* whether it comes from b, whose lanes count on from a's */
      int lane = half == 0 ? (second ? use->lanes + i - n : i) : second ? use->lanes + i : i + n;
      text_printf(out, "%s%d", i == 0 ? "" : ", ", lane);
    }
    text_add(out, ");\n");
  }
  text_add(out, "  }\n");
}

static void write_transpose(Arena *arena, Text *out, const LaneUse *use) {
  const char *v = lane_name(arena, use->type, use->lanes), *e = element_type(use->type);
  text_printf(out,
              "/* a square of %d rows becomes columns */\n"
              "INLINE void transpose_%s(const %s *from, int64_t from_stride, %s *to, "
              "int64_t to_stride) {\n  %s row[%d];\n",
              use->lanes, lane_suffix(arena, use, use->type), e, e, v, use->lanes);
  text_printf(out,
              "  for (int i = 0; i < %d; i++) memcpy(&row[i], from + i * from_stride, "
              "sizeof row[i]);\n",
              use->lanes);
  for (int n = use->lanes / 2; n > 0; n /= 2) write_exchange(out, use, v, n);
  text_printf(out,
              "  for (int i = 0; i < %d; i++) memcpy(to + i * to_stride, &row[i], "
              "sizeof row[i]);\n}\n",
              use->lanes);
}

/* Types of memory: a load gives floats, a store rounds them. Sixteen bits go through lanes of i32,
   and f16 through the processor's own conversion where it has one. */
static void write_stored_load(Arena *arena, Text *out, const LaneUse *use) {
  const char *v = lane_name(arena, use->type, use->lanes), *type = type_name(use->type);
  const char *f = lane_name(arena, TYPE_F32, use->lanes);
  const char *i = lane_name(arena, TYPE_I32, use->lanes);
  const char *f_suffix = lane_suffix(arena, use, TYPE_F32);
  bool scalar = use->lanes == 1;
  text_printf(out, "INLINE %s load_%s(const uint16_t *from) {\n", scalar ? "float" : f,
              lane_suffix(arena, use, use->type));
  if (use->type == TYPE_F16) {
    text_printf(out, "#if HAS_F16\n  half_%s v;\n  memcpy(&v, from, sizeof v);\n", v);
    text_printf(out,
                scalar ? "  return (float)v;\n#else\n"
                       : "  return __builtin_convertvector(v, %s);\n#else\n",
                f);
  }
  if (scalar)
    text_printf(out, "  return from_%s_%s(*from);\n", type, f_suffix);
  else
    text_printf(out,
                "  %s v;\n  memcpy(&v, from, sizeof v);\n"
                "  return from_%s_%s(__builtin_convertvector(v, %s));\n",
                v, type, f_suffix, i);
  text_add(out, use->type == TYPE_F16 ? "#endif\n}\n" : "}\n");
}

static void write_stored_store(Arena *arena, Text *out, const LaneUse *use) {
  const char *v = lane_name(arena, use->type, use->lanes), *type = type_name(use->type);
  const char *f = lane_name(arena, TYPE_F32, use->lanes);
  const char *f_suffix = lane_suffix(arena, use, TYPE_F32);
  bool scalar = use->lanes == 1;
  text_printf(out, "INLINE void store_%s(uint16_t *to, %s x) {\n",
              lane_suffix(arena, use, use->type), scalar ? "float" : f);
  if (use->type == TYPE_F16)
    text_printf(out,
                scalar ? "#if HAS_F16\n  half_%s v = (half_%s)x;\n#else\n"
                       : "#if HAS_F16\n  half_%s v = __builtin_convertvector(x, half_%s);\n#else\n",
                v, v);
  if (scalar)
    text_printf(out, "  uint16_t v = (uint16_t)to_%s_%s(x);\n", type, f_suffix);
  else
    text_printf(out, "  %s v = __builtin_convertvector(to_%s_%s(x), %s);\n", v, type, f_suffix, v);
  if (use->type == TYPE_F16) text_add(out, "#endif\n");
  text_add(out, "  memcpy(to, &v, sizeof v);\n}\n");
}

void half_type_write(Text *out, const LaneUse *use) {
  const char *v = lane_name(out->arena, use->type, use->lanes);
  text_printf(out, "#if HAS_F16\ntypedef __fp16 half_%s", v);
  if (use->lanes > 1) text_printf(out, " __attribute__((vector_size(%d)))", 2 * use->lanes);
  text_add(out, ";\n#endif\n");
}

static void write_helper(Arena *arena, Text *out, const LaneUse *use, const char *helper) {
  const char *v = lane_name(arena, use->type, use->lanes), *e = element_type(use->type);
  const char *suffix = lane_suffix(arena, use, use->type);
  if (type_is_storage(use->type) && strcmp(helper, "load") == 0) {
    write_stored_load(arena, out, use);
  } else if (type_is_storage(use->type) && strcmp(helper, "store") == 0) {
    write_stored_store(arena, out, use);
  } else if (strcmp(helper, "load") == 0) {
    text_printf(out, "INLINE %s load_%s(const %s *from) {\n", v, suffix, e);
    text_printf(out, "  %s v;\n  memcpy(&v, from, sizeof v);\n  return v;\n}\n", v);
  } else if (strcmp(helper, "store") == 0) {
    text_printf(out, "INLINE void store_%s(%s *to, %s v) { memcpy(to, &v, sizeof v); }\n", suffix,
                e, v);
  } else if (strcmp(helper, "splat") == 0) {
    text_printf(out, "INLINE %s splat_%s(%s x) { return x - (%s){0}; }\n", v, suffix, e, v);
  } else if (strcmp(helper, "ramp") == 0) {
    text_printf(out, "INLINE %s ramp_%s(void) { return (%s){", v, suffix, v);
    write_list(out, use->lanes, itself, 0);
    text_add(out, "}; }\n");
  } else if (strcmp(helper, "transpose") == 0) {
    write_transpose(arena, out, use);
  } else if (strcmp(helper, "fold_rows") == 0) {
    write_fold_rows(arena, out, use);
  } else if (strncmp(helper, "load", 4) == 0) {
    write_part_load(arena, out, use, atoi(helper + strlen("load")));
  } else if (strncmp(helper, "fold_", 5) == 0) {
    write_fold(arena, out, use, helper);
  } else if (strcmp(helper, "unsigned") != 0) {
    bug("emit", "no helper %s", helper);
  }
}

void lane_helpers_write(Arena *arena, Text *out, const LaneUse *use) {
  for (size_t i = 0; i < use->helpers.count; i++)
    write_helper(arena, out, use, use->helpers.entries[i].key);
}
