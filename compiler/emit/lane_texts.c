#include "emit/lane_texts.h"
#include <ctype.h>
#include <string.h>
#include "emit/lane_expand.h"
#include "emit/lane_helpers.h"
#include "emit/lines.h"
#include "support/embedded.h"

static char mark;

/* --- what is used --- */

LaneTexts lane_texts_new(Arena *arena, const char *section, Map *file) {
  return (LaneTexts){.arena = arena, .section = section, .file = file};
}

static LaneUse *find_use(LaneTexts *texts, ScalarType type, uint8_t lanes) {
  if (type == TYPE_BOOL) type = TYPE_U8;
  for (size_t i = 0; i < texts->n; i++)
    if (texts->uses[i].type == type && texts->uses[i].lanes == lanes) return &texts->uses[i];
  if (texts->n == texts->capacity)
    texts->uses =
        arena_grow(texts->arena, texts->uses, texts->n, &texts->capacity, sizeof *texts->uses);
  texts->uses[texts->n++] = (LaneUse){.type = type,
                                      .lanes = lanes,
                                      .section = texts->section,
                                      .functions = map_new(texts->arena),
                                      .helpers = map_new(texts->arena)};
  return &texts->uses[texts->n - 1];
}

static bool is_wide(ScalarType type) { return type == TYPE_F64 || type == TYPE_I64; }

const char *lane_name(Arena *arena, ScalarType type, uint8_t lanes) {
  const char *name = type == TYPE_BOOL ? "u8" : type_name(type);
  return lanes == 1 ? name : arena_printf(arena, "%sx%d", name, lanes);
}

const char *lane_suffix(Arena *arena, const LaneUse *use, ScalarType type) {
  return arena_printf(arena, "%s%s", lane_name(arena, type, use->lanes), use->section);
}

const char *element_type(ScalarType type) {
  switch (type) {
  case TYPE_BOOL:
  case TYPE_U8: return "uint8_t";
  case TYPE_I8: return "int8_t";
  case TYPE_I32: return "int32_t";
  case TYPE_I64: return "int64_t";
  case TYPE_F32: return "float";
  case TYPE_F64: return "double";
  case TYPE_BF16:
  case TYPE_F16: return "uint16_t";
  }
  bug("emit", "element type %d", (int)type);
}

const char *lane_type(LaneTexts *texts, ScalarType type, uint8_t lanes) {
  if (lanes == 1) return type == TYPE_BOOL ? "int" : element_type(type);
  find_use(texts, type, lanes);
  return lane_name(texts->arena, type, lanes);
}

/* The text of a function: vector_math/<name>.h. */
static const char *text_of(const char *name) {
  for (const EmbeddedFile *file = vector_math_text; file->path != NULL; file++) {
    const char *slash = strrchr(file->path, '/');
    size_t length = strlen(name);
    if (strncmp(slash + 1, name, length) == 0 && strcmp(slash + 1 + length, ".h") == 0)
      return file->text;
  }
  bug("emit", "there is no vector_math/%s.h", name);
}

static void need(LaneTexts *texts, ScalarType type, uint8_t lanes, const char *name);

/* "/​* needs: a, b *​/": the texts that come before it. */
static void need_those_named(LaneTexts *texts, ScalarType type, uint8_t lanes, const char *line) {
  for (const char *at = line + strlen("/* needs:"); *at != '*';) {
    size_t length = strcspn(at, ", *");
    if (length > 0) need(texts, type, lanes, arena_strndup(texts->arena, at, length));
    at += length;
    at += strspn(at, ", ");
  }
}

static const char *second_line(const char *text) { return strchr(text, '\n') + 1; }

/* After all that it needs, so the functions of a lane type are listed in an order to write them. */
static void need(LaneTexts *texts, ScalarType type, uint8_t lanes, const char *name) {
  if (map_get(&find_use(texts, type, lanes)->functions, name) != NULL) return;
  const char *text = text_of(name);
  if (type == TYPE_F32 && strncmp(second_line(text), "/* wide */", 10) == 0) {
    need(texts, TYPE_F64, lanes, name);
    need(texts, type, lanes, "lanes");
  } else {
    need_those_named(texts, type, lanes, text);
  }
  map_set(&find_use(texts, type, lanes)->functions, name, &mark);
}

/* The types that the macros of a lane type stand for: see lanes.h. */
static void need_types(LaneTexts *texts, ScalarType type, uint8_t lanes) {
  if (lanes == 1) return;
  if (type == TYPE_F32) find_use(texts, TYPE_I32, lanes);
  if (type_is_real(type)) {
    find_use(texts, TYPE_F64, lanes);
    find_use(texts, TYPE_I64, lanes);
  }
}

static const char *function_name(LaneTexts *texts, ScalarType type, uint8_t lanes,
                                 const char *function) {
  return arena_printf(texts->arena, "%s_%s%s", function, lane_name(texts->arena, type, lanes),
                      texts->section);
}

const char *lane_function(LaneTexts *texts, ScalarType type, uint8_t lanes, const char *function) {
  bool primitive = strcmp(function, "where") == 0;
  need(texts, type, lanes, !type_is_real(type) ? "integer" : primitive ? "lanes" : function);
  need_types(texts, type, lanes);
  return function_name(texts, type, lanes, function);
}

const char *lane_helper(LaneTexts *texts, ScalarType type, uint8_t lanes, const char *helper) {
  map_set(&find_use(texts, type, lanes)->helpers, helper, &mark);
  if (type_is_storage(type) && strcmp(helper, "transpose") != 0) {
    lane_function(texts, TYPE_F32, lanes, type_name(type));
    find_use(texts, TYPE_I32, lanes);
  }
  if (strcmp(helper, "fold_max") == 0 || strcmp(helper, "fold_min") == 0)
    lane_function(texts, type, lanes, helper + strlen("fold_"));
  return function_name(texts, type, lanes, helper);
}

const char *lane_part_load(LaneTexts *texts, ScalarType type, uint8_t lanes, uint8_t present) {
  uint8_t half = lanes / 2;
  find_use(texts, type, half);
  if (lanes > SHORT_LANES && present != half)
    lane_part_load(texts, type, half, present < half ? present : (uint8_t)(present - half));
  return lane_helper(texts, type, lanes, arena_printf(texts->arena, "load%d", present));
}

/* --- writing --- */

/* In order of lanes; the 8-byte ones first, since functions of floats are defined by those of
   doubles. */
static int rank(const LaneUse *use) {
  static const int order[N_STORED_TYPES] = {
      [TYPE_I64] = 0, [TYPE_F64] = 1,  [TYPE_I32] = 2,  [TYPE_F32] = 3, [TYPE_I8] = 4,
      [TYPE_U8] = 5,  [TYPE_BOOL] = 6, [TYPE_BF16] = 7, [TYPE_F16] = 8};
  return use->lanes * N_STORED_TYPES + order[use->type];
}

static LaneUse *sorted(const LaneTexts *texts) {
  LaneUse *uses = ARENA_ARRAY(texts->arena, LaneUse, texts->n + 1);
  for (size_t i = 0; i < texts->n; i++) {
    size_t at = i;
    for (; at > 0 && rank(&uses[at - 1]) > rank(&texts->uses[i]); at--) uses[at] = uses[at - 1];
    uses[at] = texts->uses[i];
  }
  return uses;
}

/* Without the lines that say what comes before it, and without the contract that heads lanes.h. */
static const char *body_of(const char *name) {
  const char *text = second_line(text_of(name));
  if (strcmp(name, "lanes") == 0) return strstr(text, "*/\n") + 3;
  return strncmp(text, "/* wide */", 10) == 0 ? second_line(text) : text;
}

static LaneMacros macros_of(Arena *arena, const LaneUse *use) {
  bool wide = is_wide(use->type), scalar = use->lanes == 1;
  const char *name = lane_name(arena, use->type, use->lanes);
  const char *double_name = lane_name(arena, TYPE_F64, use->lanes);
  const char *long_name = lane_name(arena, TYPE_I64, use->lanes);
  const char *integer_name = lane_name(arena, wide ? TYPE_I64 : TYPE_I32, use->lanes);
  return (LaneMacros){.bits = wide ? 64 : 32,
                      .lanes = use->lanes,
                      .v = scalar ? element_type(use->type) : name,
                      .vi = scalar ? (wide ? "int64_t" : "int32_t") : integer_name,
                      .w = scalar ? "double" : double_name,
                      .wi = scalar ? "int64_t" : long_name,
                      .name = lane_suffix(arena, use, use->type),
                      .wide = lane_suffix(arena, use, TYPE_F64)};
}

/* --- only the functions that are called --- */

typedef struct Functions {
  LaneChunks chunks;
  Map numbers; /* name → its first chunk */
  bool *needed;
} Functions;

static bool in_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Marks what the words of a text name, and all that these need. */
static void mark_called(Functions *functions, const char *text) {
  for (const char *at = text; *at != '\0';) {
    size_t length = 0;
    while (in_word(at[length])) length++;
    if (length > 0) {
      const char *word = arena_strndup(functions->numbers.arena, at, length);
      const LaneChunk *chunk = map_get(&functions->numbers, word);
      size_t number = chunk == NULL ? 0 : (size_t)(chunk - functions->chunks.items);
      if (chunk != NULL && !functions->needed[number]) {
        functions->needed[number] = true;
        mark_called(functions, chunk->text);
      }
    }
    at += length + (at[length] != '\0' && length == 0);
  }
}

static Functions find_functions(const LaneTexts *texts, const LaneUse *uses) {
  Functions f = {.numbers = map_new(texts->arena)};
  for (size_t i = 0; i < texts->n; i++) {
    LaneMacros macros = macros_of(texts->arena, &uses[i]);
    for (size_t k = 0; k < uses[i].functions.count; k++)
      lane_expand(texts->arena, &f.chunks, body_of(uses[i].functions.entries[k].key), &macros);
  }
  f.needed = ARENA_ARRAY(texts->arena, bool, f.chunks.count + 1);
  for (size_t i = 0; i < f.chunks.count; i++) /* what several lane types share: the first one */
    if (map_get(&f.numbers, f.chunks.items[i].name) == NULL)
      map_set(&f.numbers, f.chunks.items[i].name, &f.chunks.items[i]);
  return f;
}

/* How functions of vectors are declared. */
static const char *const declarations =
    "\n#define INLINE static inline __attribute__((always_inline))\n"
    "#if defined(__clang__)\n"
    "#define VECTOR_FUNCTION static inline\n"
    "#else /* gcc warns of functions that return vectors wider than the machine's, unless inlined "
    "*/\n"
    "#define VECTOR_FUNCTION INLINE\n"
    "#endif\n"
    "#pragma GCC diagnostic ignored \"-Wpsabi\"\n";

static const char *const half_declarations =
    "\n/* whether there are instructions that convert f16 */\n"
    "#if defined(__ARM_FP16_FORMAT_IEEE) || (defined(__clang__) && defined(__F16C__))\n"
    "#define HAS_F16 1\n"
    "#pragma GCC diagnostic ignored \"-Wunused-function\" /* those that do without */\n"
    "#else\n"
    "#define HAS_F16 0\n"
    "#endif\n";

/* Whether the file has not got it yet. */
static bool is_first(const LaneTexts *texts, const char *name) {
  if (map_get(texts->file, name) != NULL) return false;
  map_set(texts->file, name, &mark);
  return true;
}

static void write_half_types(const LaneTexts *texts, const LaneUse *uses, Text *out) {
  for (size_t i = 0; i < texts->n; i++) {
    bool converts =
        map_get(&uses[i].helpers, "load") != NULL || map_get(&uses[i].helpers, "store") != NULL;
    if (uses[i].type != TYPE_F16 || !converts) continue;
    if (is_first(texts, "HAS_F16")) text_add(out, half_declarations);
    half_type_write(out, &uses[i]);
  }
}

static bool has_word(const char *text, const char *word) {
  size_t length = strlen(word);
  for (const char *at = text; (at = strstr(at, word)) != NULL; at += length)
    if (!in_word(at[length]) && (at == text || !in_word(at[-1]))) return true;
  return false;
}

void lane_texts_write(const LaneTexts *texts, Text *out, const char *callers) {
  LaneUse *uses = sorted(texts);
  Text helpers = text_new(texts->arena), bodies = text_new(texts->arena);
  for (size_t i = 0; i < texts->n; i++) lane_helpers_write(texts->arena, &helpers, &uses[i]);
  Functions functions = find_functions(texts, uses);
  mark_called(&functions, callers);
  mark_called(&functions, text_string(&helpers));
  for (size_t i = 0; i < functions.chunks.count; i++) {
    const LaneChunk *chunk = &functions.chunks.items[i];
    if (functions.needed[i] && is_first(texts, chunk->name))
      add_wrapped(&bodies, arena_printf(texts->arena, "\n%s", chunk->text));
  }
  if (helpers.length > 0)
    add_wrapped(&bodies, arena_printf(texts->arena, "\n%s", text_string(&helpers)));
  const char *all = arena_printf(texts->arena, "%s%s", text_string(&bodies), callers);
  if (texts->n > 0 && (uses[texts->n - 1].lanes > 1 || has_word(all, "INLINE")) &&
      is_first(texts, "INLINE"))
    text_add(out, declarations);
  for (size_t i = 0; i < texts->n; i++)
    if (uses[i].lanes > 1 && has_word(all, lane_name(texts->arena, uses[i].type, uses[i].lanes)))
      lane_typedef_write(out, &uses[i]);
  write_half_types(texts, uses, out);
  text_add(out, text_string(&bodies));
}
