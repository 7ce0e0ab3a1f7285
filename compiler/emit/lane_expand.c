/* A preprocessor for the few forms that vector_math/ uses: conditions over BITS and LANES, and the
   macros of its contract. All other directives are dropped: they define what is expanded here. */
#include "emit/lane_expand.h"
#include <ctype.h>
#include <string.h>
#include <stdbool.h>
#include "support/diag.h"

typedef struct Expander {
  Arena *arena;
  const LaneMacros *m;
} Expander;

static void expand(const Expander *x, Text *out, const char *begin, const char *end);

/* --- conditions --- */

/* "BITS == 32" */
static bool comparison_holds(const LaneMacros *m, const char *text) {
  int bits_lanes = 0;
  text += strspn(text, " ");
  bool bits = strncmp(text, "BITS == ", 8) == 0, lanes = strncmp(text, "LANES == ", 9) == 0;
  if (!bits && !lanes) bug("emit", "a condition in vector_math/: %s", text);
  for (const char *c = text + (bits ? 8 : 9); isdigit((unsigned char)*c); c++)
    bits_lanes = 10 * bits_lanes + (*c - '0');
  return bits_lanes == (bits ? m->bits : m->lanes);
}

static bool condition_holds(const LaneMacros *m, const char *text) {
  const char *both = strstr(text, "&&"), *line_end = strchr(text, '\n');
  bool first = comparison_holds(m, text);
  return both == NULL || both > line_end ? first : first && comparison_holds(m, both + 2);
}

/* The text with the branches not taken, and all directives, left out. */
static const char *resolve(Arena *arena, const LaneMacros *m, const char *text) {
  enum { MAX_DEPTH = 8 };
  bool here[MAX_DEPTH] = {true}, done[MAX_DEPTH] = {true}; /* this branch; one of the branches */
  int depth = 0;
  Text out = text_new(arena);
  for (const char *line = text; *line != '\0';) {
    size_t length = strcspn(line, "\n") + 1;
    bool starts_if = strncmp(line, "#if", 3) == 0, continues = strncmp(line, "#el", 3) == 0;
    if (starts_if) {
      if (++depth == MAX_DEPTH) bug("emit", "conditions in vector_math/ nest too deep");
      bool holds = strncmp(line, "#ifndef ", 8) == 0 || condition_holds(m, line + 4);
      done[depth] = holds;
      here[depth] = here[depth - 1] && holds;
    } else if (continues) {
      bool holds = !done[depth] && (strncmp(line, "#else", 5) == 0 || condition_holds(m, line + 6));
      here[depth] = here[depth - 1] && holds;
      done[depth] = done[depth] || holds;
    } else if (strncmp(line, "#endif", 6) == 0) {
      depth--;
    } else if (*line != '#' && here[depth]) {
      text_addn(&out, line, length);
    }
    line += length;
  }
  return text_string(&out);
}

/* --- macros --- */

enum { MAX_ARGUMENTS = 3 };

/* The arguments of a macro, expanded; `at` is behind its name. Returns what follows the `)`. */
static const char *read_arguments(const Expander *x, const char *at, uint32_t wanted,
                                  const char **arguments) {
  if (*at != '(') bug("emit", "a macro without arguments in vector_math/: %.20s", at);
  uint32_t n = 0;
  int depth = 1;
  const char *begin = ++at;
  for (; depth > 0; at++) {
    if (*at == '\0') bug("emit", "a parenthesis is missing in vector_math/");
    depth += (*at == '(') - (*at == ')');
    if ((depth == 1 && *at == ',' && n + 1 < wanted) || depth == 0) {
      Text argument = text_new(x->arena);
      expand(x, &argument, begin + strspn(begin, " "), at);
      arguments[n++] = text_string(&argument);
      begin = at + 1;
    }
  }
  if (n != wanted) bug("emit", "a macro in vector_math/ has %u arguments", n);
  return at;
}

static bool is_literal(const char *text) {
  text += *text == '-';
  return isdigit((unsigned char)*text) && text[strspn(text, "0123456789abcdefxp.+-")] == '\0';
}

/* K(c): a literal of the type of a lane. `+ -c` becomes `- c`. */
static void add_constant(const Expander *x, Text *out, const char *c) {
  const char *real = x->m->bits == 32 ? "float" : "double";
  if (!is_literal(c)) {
    text_printf(out, "(%s)%s", real, c);
    return;
  }
  if (*c == '-' && out->length >= 2 && strcmp(out->bytes + out->length - 2, "+ ") == 0) {
    out->bytes[out->length - 2] = '-';
    c++;
  }
  bool whole = strpbrk(c, ".ep") == NULL;
  text_printf(out, "%s%s%s", c, whole ? ".0" : "", x->m->bits == 32 ? "f" : "");
}

static void add_integer_constant(const Expander *x, Text *out, const char *c) {
  if (is_literal(c))
    text_add(out, c);
  else
    text_printf(out, "(int%d_t)(%s)", x->m->bits, c);
}

static void add_all(const Expander *x, Text *out, const char *c) {
  if (x->m->lanes > 1) text_printf(out, "((%s){0} + ", x->m->v);
  add_constant(x, out, c);
  if (x->m->lanes > 1) text_add(out, ")");
}

static void add_mask(const Expander *x, Text *out, const char *condition) {
  text_printf(out, "%s(%s)(%s)", x->m->lanes == 1 ? "-" : "", x->m->vi, condition);
}

/* A word without arguments; NULL: an ordinary one. */
static const char *plain_macro(const Expander *x, const char *word) {
  const LaneMacros *m = x->m;
  bool narrow = m->bits == 32, scalar = m->lanes == 1;
  if (strcmp(word, "V") == 0) return m->v;
  if (strcmp(word, "VI") == 0) return m->vi;
  if (strcmp(word, "W") == 0) return m->w;
  if (strcmp(word, "WI") == 0) return m->wi;
  if (strcmp(word, "BITS") == 0) return narrow ? "32" : "64";
  if (strcmp(word, "LANES") == 0) return arena_printf(x->arena, "%d", m->lanes);
  if (strcmp(word, "SIGN_BIT") == 0) return narrow ? "INT32_MIN" : "INT64_MIN";
  if (strcmp(word, "MANTISSA_BITS") == 0) return narrow ? "23" : "52";
  if (strcmp(word, "EXPONENT_BIAS") == 0) return narrow ? "127" : "1023";
  if (strcmp(word, "LANE_FN") == 0) return scalar ? "static inline" : "VECTOR_FUNCTION";
  if (strcmp(word, "LANE_INLINE") == 0) return scalar ? "static inline" : "INLINE";
  return NULL;
}

/* A macro with arguments, whose name ends at `at`. Returns what follows, or NULL: no macro. */
static const char *expand_call(const Expander *x, Text *out, const char *word, const char *at) {
  const char *a[MAX_ARGUMENTS];
  const LaneMacros *m = x->m;
  bool name = strcmp(word, "NAME") == 0, wide = strcmp(word, "WIDE") == 0;
  bool lane = strcmp(word, "LANE") == 0, wrap = strcmp(word, "WRAP") == 0;
  void (*add)(const Expander *, Text *, const char *) = strcmp(word, "K") == 0 ? add_constant
                                                        : strcmp(word, "KI") == 0
                                                            ? add_integer_constant
                                                        : strcmp(word, "ALL") == 0  ? add_all
                                                        : strcmp(word, "MASK") == 0 ? add_mask
                                                                                    : NULL;
  if (!name && !wide && !lane && !wrap && add == NULL) return NULL;
  at = read_arguments(x, at, wrap ? 3 : lane ? 2 : 1, a);
  if (name || wide)
    text_printf(out, "%s_%s", a[0], name ? m->name : m->wide);
  else if (lane)
    text_printf(out, m->lanes == 1 ? "%s" : *a[0] == '*' ? "(%s)[%s]" : "%s[%s]", a[0], a[1]);
  else if (wrap)
    text_printf(out, "(%s)((modular_%s)(%s) %s (modular_%s)(%s))", m->v, m->name, a[0], a[1],
                m->name, a[2]);
  else
    add(x, out, a[0]);
  return at;
}

static bool word_character(char c) { return isalnum((unsigned char)c) || c == '_'; }

static void expand(const Expander *x, Text *out, const char *begin, const char *end) {
  for (const char *at = begin; at < end;) {
    size_t length = 1;
    if (strncmp(at, "/*", 2) == 0) {
      length = (size_t)(strstr(at, "*/") + 2 - at);
    } else if (word_character(*at)) {
      while (at + length < end && word_character(at[length])) length++;
      const char *word = arena_strndup(x->arena, at, length), *plain = plain_macro(x, word);
      const char *after = plain != NULL ? NULL : expand_call(x, out, word, at + length);
      if (plain != NULL) text_add(out, plain);
      if (after != NULL) at = after;
      if (after != NULL) continue;
      if (plain != NULL) {
        at += length;
        continue;
      }
    }
    text_addn(out, at, length);
    at += length;
  }
}

/* --- functions --- */

/* The name that a definition's first line gives: before the first parenthesis, or of a typedef the
   third word. */
static const char *defined_name(Arena *arena, const char *line) {
  size_t end = strcspn(line, "(;");
  if (strncmp(line, "typedef ", 8) == 0) {
    const char *third = strchr(line + 8, ' ') + 1;
    return arena_strndup(arena, third, strcspn(third, " ;"));
  }
  size_t begin = end;
  while (begin > 0 && word_character(line[begin - 1])) begin--;
  return arena_strndup(arena, line + begin, end - begin);
}

/* How many bytes a comment or definition takes, with its line's end. */
static size_t piece_length(const char *text) {
  if (strncmp(text, "/*", 2) == 0) return (size_t)(strstr(text, "*/") - text) + 3;
  size_t line = strcspn(text, "\n");
  if (text[line - 1] == ';' || text[line - 1] == '}') return line + 1;
  return (size_t)(strstr(text, "\n}\n") - text) + 3;
}

/* `(V){0}` of a scalar is a plain 0. */
static const char *with_plain_zeros(const Expander *x, const char *text) {
  const char *real = arena_printf(x->arena, "(%s){0}", x->m->v);
  const char *integer = arena_printf(x->arena, "(%s){0}", x->m->vi);
  if (x->m->lanes > 1) return text;
  Text out = text_new(x->arena);
  while (*text != '\0') {
    bool zero = strncmp(text, real, strlen(real)) == 0;
    bool integer_zero = strncmp(text, integer, strlen(integer)) == 0;
    if (integer_zero)
      text_add(&out, "0");
    else if (zero)
      add_constant(x, &out, "0");
    else
      text_addn(&out, text, 1);
    text += integer_zero ? strlen(integer) : zero ? strlen(real) : 1;
  }
  return text_string(&out);
}

void lane_expand(Arena *arena, LaneChunks *chunks, const char *text, const LaneMacros *macros) {
  Expander x = {arena, macros};
  Text expanded = text_new(arena), comment = text_new(arena);
  const char *resolved = resolve(arena, macros, text);
  expand(&x, &expanded, resolved, resolved + strlen(resolved));
  for (const char *at = with_plain_zeros(&x, text_string(&expanded)); *at != '\0';) {
    if (*at == '\n') {
      at++;
      continue;
    }
    size_t length = piece_length(at);
    if (strncmp(at, "/*", 2) == 0) {
      text_addn(&comment, at, length);
    } else {
      const char *name = defined_name(arena, at);
      text_addn(&comment, at, length);
      ARRAY_PUSH(arena, chunks, (LaneChunk){name, arena_strdup(arena, text_string(&comment))});
      comment = text_new(arena);
    }
    at += length;
  }
}
