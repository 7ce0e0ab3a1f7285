/* Formulas as Unicode text, on one line. */
#include <string.h>
#include "notation/formula.h"

enum { DEEPEST = 7 }; /* the last of the control characters for breaks */

typedef struct TextPrinter {
  Text *out;
  int depth; /* of parentheses */
} TextPrinter;

/* --- small letters --- */

static const char *const subscripts[][2] = {
    {"0", "₀"}, {"1", "₁"}, {"2", "₂"}, {"3", "₃"}, {"4", "₄"}, {"5", "₅"}, {"6", "₆"}, {"7", "₇"},
    {"8", "₈"}, {"9", "₉"}, {"a", "ₐ"}, {"e", "ₑ"}, {"h", "ₕ"}, {"i", "ᵢ"}, {"j", "ⱼ"}, {"k", "ₖ"},
    {"l", "ₗ"}, {"m", "ₘ"}, {"n", "ₙ"}, {"o", "ₒ"}, {"p", "ₚ"}, {"r", "ᵣ"}, {"s", "ₛ"}, {"t", "ₜ"},
    {"u", "ᵤ"}, {"v", "ᵥ"}, {"x", "ₓ"}, {"+", "₊"}, {"−", "₋"}};

static const char *const superscripts[][2] = {
    {"0", "⁰"}, {"1", "¹"}, {"2", "²"}, {"3", "³"}, {"4", "⁴"}, {"5", "⁵"}, {"6", "⁶"},
    {"7", "⁷"}, {"8", "⁸"}, {"9", "⁹"}, {"n", "ⁿ"}, {"−", "⁻"}, {",", "˒"}};

static size_t character_length(const char *c) {
  size_t length = 1;
  while (((unsigned char)c[length] & 0xC0) == 0x80) length++;
  return length;
}

/* The text in small letters without blanks; NULL when there is none for one of its characters. */
static const char *small(Arena *arena, const char *text, const char *const (*letters)[2],
                         size_t n_letters) {
  Text result = text_new(arena);
  for (const char *c = text; *c != '\0'; c += character_length(c)) {
    if (*c == ' ' || (*c >= 1 && *c <= DEEPEST)) continue;
    size_t i = 0, length = character_length(c);
    while (i < n_letters &&
           (strlen(letters[i][0]) != length || strncmp(letters[i][0], c, length) != 0))
      i++;
    if (i == n_letters) return NULL;
    text_add(&result, letters[i][1]);
  }
  return text_string(&result);
}

static const char *subscript(Arena *arena, const char *text) {
  return small(arena, text, subscripts, sizeof subscripts / sizeof *subscripts);
}

static const char *superscript(Arena *arena, const char *text) {
  return small(arena, text, superscripts, sizeof superscripts / sizeof *superscripts);
}

static size_t count_characters(const char *text) {
  size_t count = 0;
  for (; *text != '\0'; text += character_length(text))
    count += *text != ' ' && !(*text >= 1 && *text <= DEEPEST);
  return count;
}

/* A letter, a number, or both: a word in small letters is hard to read. */
static bool is_short(const char *text) {
  size_t letters = 0;
  for (; *text != '\0'; text++) letters += *text >= 'a' && *text <= 'z';
  return letters <= 1;
}

/* --- symbols --- */

void symbol_text(Text *out, const Symbol *symbol) {
  static const char *const accents[] = {"", "\u0304", "\u0303"};
  if (symbol->of != NULL) {
    text_add(out, "∂");
    symbol_text(out, symbol->from);
    text_add(out, "/∂");
    symbol_text(out, symbol->of);
    return;
  }
  text_printf(out, "%s%s", symbol->base.text, accents[symbol->accent]);
  if (symbol->upper.text != NULL) {
    const char *above = superscript(out->arena, symbol->upper.text);
    text_printf(out, above != NULL ? "⁽%s⁾" : "^(%s)", above != NULL ? above : symbol->upper.text);
  }
  if (symbol->prime) text_add(out, "′");
  if (symbol->label.text == NULL) return;
  const char *below =
      is_short(symbol->label.text) ? subscript(out->arena, symbol->label.text) : NULL;
  text_printf(out, below != NULL ? "%s" : "_%s", below != NULL ? below : symbol->label.text);
}

static void print(const TextPrinter *p, const Formula *f, int level);

static const char *plain(const TextPrinter *p, const Formula *f) {
  Text text = text_new(p->out->arena);
  print(&(TextPrinter){&text, DEEPEST}, f, LEVEL_RELATION);
  return text_string(&text);
}

/* Whether what stands before small letters ends in some that are no digits, or in digits. */
static const char *last_label(const Formula *f) {
  if (f->kind != FORMULA_SYMBOL) return "";
  const Symbol *symbol = f->symbol->of != NULL ? f->symbol->of : f->symbol;
  return symbol->label.text != NULL ? symbol->label.text : "";
}

/* hₜ₋₁, Wⱼᵢ; else in brackets, as in a program. */
static void print_subscripts(const TextPrinter *p, const Formula *f, uint32_t first) {
  Arena *arena = p->out->arena;
  Text smalls = text_new(arena);
  const char *label = last_label(f);
  bool fits = *label == '\0' || strspn(label, "0123456789") == strlen(label);
  for (uint32_t i = first; i < f->n_args && fits; i++) {
    const char *text = plain(p, f->args[i]), *letters = subscript(arena, text);
    fits = letters != NULL && is_short(text) &&
           (f->n_args - first == 1 || count_characters(text) == 1) &&
           !(i == first && *label != '\0' && strspn(text, "0123456789−") > 0);
    if (fits) text_add(&smalls, letters);
  }
  if (fits) {
    text_add(p->out, text_string(&smalls));
    return;
  }
  text_add(p->out, "[");
  for (uint32_t i = first; i < f->n_args; i++)
    text_printf(p->out, "%s%s", i > first ? ",\7" : "", plain(p, f->args[i]));
  text_add(p->out, "]");
}

/* --- the rest --- */

/* Where the line may be broken, less gladly the deeper. */
static void print_break(const TextPrinter *p, int looseness) {
  int depth = 2 * p->depth + looseness;
  text_printf(p->out, "%c", depth < DEEPEST ? depth : DEEPEST);
}

static void print_inside(const TextPrinter *p, const Formula *f) {
  print(&(TextPrinter){p->out, p->depth + 1}, f, LEVEL_RELATION);
}

static void print_sum(const TextPrinter *p, const Formula *f) {
  for (uint32_t i = 0; i < f->n_args; i++) {
    const Formula *term = f->args[i];
    bool negative = term->kind == FORMULA_NEGATIVE;
    if (i > 0) print_break(p, 1);
    if (i > 0) text_add(p->out, negative ? "− " : "+ ");
    if (i == 0 && negative) text_add(p->out, "−");
    print(p, negative ? term->args[0] : term, LEVEL_PRODUCT);
  }
}

static void print_product(const TextPrinter *p, const Formula *f, const char *sign) {
  for (uint32_t i = 0; i < f->n_args; i++) {
    const Formula *arg = f->args[i];
    bool last = i + 1 == f->n_args;
    bool loose = last && f->kind == FORMULA_SCALED &&
                 (arg->kind == FORMULA_HADAMARD || arg->kind == FORMULA_BIG);
    bool matrices = f->kind == FORMULA_HADAMARD && arg->kind == FORMULA_JUXTAPOSED &&
                    arg->args[0]->kind != FORMULA_GLYPH;
    if (i > 0) print_break(p, 2);
    if (i > 0) text_add(p->out, sign);
    print(p, arg, matrices ? LEVEL_TIGHT : loose ? LEVEL_PRODUCT : LEVEL_JUXTAPOSED);
  }
}

static void print_juxtaposed(const TextPrinter *p, const Formula *f) {
  for (uint32_t i = 0; i < f->n_args; i++) {
    bool last = i + 1 == f->n_args;
    bool loose = last && f->args[i]->kind == FORMULA_BIG;
    if (i > 0 && f->args[0]->kind == FORMULA_FENCED)
      print_break(p, 2);
    else if (i > 0 && f->args[i]->kind != FORMULA_GLYPH)
      text_add(p->out, " ");
    print(p, f->args[i], loose ? LEVEL_PRODUCT : last ? LEVEL_JUXTAPOSED : LEVEL_TIGHT - 1);
  }
}

static void print_power(const TextPrinter *p, const Formula *f) {
  bool marked = f->args[0]->kind == FORMULA_SYMBOL && f->args[0]->symbol->of == NULL &&
                (f->args[0]->symbol->upper.text != NULL || f->args[0]->symbol->prime);
  print(p, f->args[0], marked ? LEVEL_ATOM + 1 : LEVEL_ATOM);
  const char *exponent = plain(p, f->args[1]), *letters = superscript(p->out->arena, exponent);
  if (letters != NULL)
    text_add(p->out, letters);
  else if (formula_level(f->args[1]) == LEVEL_ATOM)
    text_printf(p->out, "^%s", exponent);
  else
    text_printf(p->out, "^(%s)", exponent);
}

static void print_big(const TextPrinter *p, const Formula *f) {
  text_add(p->out, f->glyph.text);
  if (f->n_args > 1) print_subscripts(p, f, 1);
  text_add(p->out, " ");
  print(p, f->args[0], LEVEL_PRODUCT);
}

static void print_list(const TextPrinter *p, const Formula *f) {
  text_printf(p->out, "%s(", f->glyph.text);
  for (uint32_t i = 0; i < f->n_args; i++) {
    if (i > 0) text_add(p->out, ", ");
    print_inside(p, f->args[i]);
  }
  text_add(p->out, ")");
}

static void print_relation(const TextPrinter *p, const Formula *f) {
  bool logical = strcmp(f->glyph.text, "∧") == 0 || strcmp(f->glyph.text, "∨") == 0;
  for (uint32_t i = 0; i < f->n_args; i++) {
    if (i > 0 && logical) print_break(p, 1);
    if (i > 0 && !logical) text_add(p->out, " ");
    if (i > 0) text_printf(p->out, "%s ", f->glyph.text);
    bool inner =
        logical && f->args[i]->kind == FORMULA_RELATION &&
        (strcmp(f->args[i]->glyph.text, f->glyph.text) == 0 ||
         (strcmp(f->args[i]->glyph.text, "∧") != 0 && strcmp(f->args[i]->glyph.text, "∨") != 0));
    print(p, f->args[i], inner ? LEVEL_RELATION : LEVEL_SUM);
  }
}

static void print_choice(const TextPrinter *p, const Formula *f) {
  text_add(p->out, "{ ");
  print_inside(p, f->args[0]);
  print_break(p, 2);
  text_add(p->out, "if ");
  print_inside(p, f->args[1]);
  text_add(p->out, ";");
  print_break(p, 1);
  print_inside(p, f->args[2]);
  text_add(p->out, " otherwise }");
}

static void print_kind(const TextPrinter *p, const Formula *f) {
  static const char *const fences[][2] = {
      {"[", "]"}, {"|", "|"}, {"‖", "‖"}, {"⌊", "⌋"}, {"⌈", "⌉"}};
  switch (f->kind) {
  case FORMULA_GLYPH: text_add(p->out, f->glyph.text); return;
  case FORMULA_SYMBOL:
    symbol_text(p->out, f->symbol);
    if (f->n_args > 0) print_subscripts(p, f, 0);
    return;
  case FORMULA_SUM: print_sum(p, f); return;
  case FORMULA_NEGATIVE:
    text_add(p->out, "−");
    print(p, f->args[0], LEVEL_PRODUCT);
    return;
  case FORMULA_JUXTAPOSED: print_juxtaposed(p, f); return;
  case FORMULA_SCALED: print_product(p, f, "· "); return;
  case FORMULA_HADAMARD: print_product(p, f, "⊙ "); return;
  case FORMULA_QUOTIENT:
    print(p, f->args[0], LEVEL_PRODUCT);
    print_break(p, 2);
    text_add(p->out, "/ ");
    print(p, f->args[1], LEVEL_TIGHT);
    return;
  case FORMULA_MODULO:
    print(p, f->args[0], LEVEL_JUXTAPOSED);
    text_add(p->out, " mod ");
    print(p, f->args[1], LEVEL_JUXTAPOSED);
    return;
  case FORMULA_POWER: print_power(p, f); return;
  case FORMULA_CALL: print_list(p, f); return;
  case FORMULA_BIG: print_big(p, f); return;
  case FORMULA_FENCED:
    text_add(p->out, fences[f->fence][0]);
    print_inside(p, f->args[0]);
    text_add(p->out, fences[f->fence][1]);
    return;
  case FORMULA_ROOT:
    text_add(p->out, "√");
    print(p, f->args[0], LEVEL_ATOM);
    return;
  case FORMULA_RELATION: print_relation(p, f); return;
  case FORMULA_NOT:
    text_add(p->out, "¬");
    print(p, f->args[0], LEVEL_ATOM);
    return;
  case FORMULA_CHOICE: print_choice(p, f); return;
  case FORMULA_TRANSPOSED:
    print(p, f->args[0], LEVEL_ATOM);
    text_add(p->out, "ᵀ");
    return;
  case FORMULA_COMPONENT:
    print(p, f->args[0], LEVEL_ATOM);
    print_subscripts(p, f, 1);
    return;
  }
}

static void print(const TextPrinter *p, const Formula *f, int level) {
  bool parenthesise = formula_level(f) < level;
  TextPrinter inner = {p->out, p->depth + parenthesise};
  if (parenthesise) text_add(p->out, "(");
  print_kind(&inner, f);
  if (parenthesise) text_add(p->out, ")");
}

void formula_text(Text *out, const Formula *formula) {
  print(&(TextPrinter){out, 0}, formula, LEVEL_RELATION);
}
