/* Formulas as LaTeX, for math mode. Parentheses are single delimiters and not \left … \right, so
   that TeX may break a line at any + or · within them. */
#include <string.h>
#include "notation/formula.h"

/* What stands in a box that TeX cannot break is at most so wide, in characters of its text. */
enum { WIDEST_BOX = 56 };

static size_t width_of(const Text *out, const Formula *f) {
  Text text = text_new(out->arena);
  size_t width = 0;
  formula_text(&text, f);
  for (const char *c = text_string(&text); *c != '\0'; c++)
    width += ((unsigned char)*c & 0xC0) != 0x80;
  return width;
}

static bool is_fraction(const Text *out, const Formula *f) {
  return width_of(out, f->args[0]) <= WIDEST_BOX && width_of(out, f->args[1]) <= WIDEST_BOX;
}

/* A fraction holds together by its line. */
static int level_of(const Text *out, const Formula *f) {
  bool fraction = f->kind == FORMULA_QUOTIENT && is_fraction(out, f);
  bool derivative = f->kind == FORMULA_SYMBOL && f->symbol->of != NULL;
  return fraction || derivative ? LEVEL_TIGHT : formula_level(f);
}

static bool is_tall(const Text *out, const Formula *f) {
  if (f->kind == FORMULA_BIG || f->kind == FORMULA_CHOICE) return true;
  if (f->kind == FORMULA_QUOTIENT && is_fraction(out, f)) return true;
  if (f->kind == FORMULA_SYMBOL) return f->symbol->of != NULL;
  for (uint32_t i = 0; i < f->n_args; i++)
    if (is_tall(out, f->args[i])) return true;
  return false;
}

static void print(Text *out, const Formula *f, int level);

/* --- symbols --- */

static void print_marks(Text *out, const Symbol *symbol, const char *subscripts) {
  if (symbol->upper.latex != NULL || symbol->prime)
    text_printf(out, "^{%s%s%s%s}", symbol->upper.latex != NULL ? "(" : "",
                symbol->upper.latex != NULL ? symbol->upper.latex : "",
                symbol->upper.latex != NULL ? ")" : "", symbol->prime ? "\\prime" : "");
  bool both = symbol->label.latex != NULL && *subscripts != '\0';
  if (symbol->label.latex != NULL || *subscripts != '\0')
    text_printf(out, "_{%s%s%s}", symbol->label.latex != NULL ? symbol->label.latex : "",
                both ? ",\\," : "", subscripts);
}

static void print_symbol(Text *out, const Symbol *symbol, const char *subscripts) {
  if (symbol->of != NULL) {
    text_add(out, "\\frac{\\partial ");
    print_symbol(out, symbol->from, "");
    text_add(out, "}{\\partial ");
    print_symbol(out, symbol->of, subscripts);
    text_add(out, "}");
    return;
  }
  switch (symbol->accent) {
  case ACCENT_NONE: text_add(out, symbol->base.latex); break;
  case ACCENT_BAR: text_printf(out, "\\bar{%s}", symbol->base.latex); break;
  case ACCENT_TILDE: text_printf(out, "\\tilde{%s}", symbol->base.latex); break;
  }
  print_marks(out, symbol, subscripts);
}

void symbol_inline_latex(Text *out, const Symbol *symbol) {
  if (symbol->of == NULL) {
    symbol_latex(out, symbol);
    return;
  }
  text_add(out, "\\partial ");
  symbol_latex(out, symbol->from);
  text_add(out, " / \\partial ");
  symbol_latex(out, symbol->of);
}

void symbol_latex(Text *out, const Symbol *symbol) { print_symbol(out, symbol, ""); }

/* Single letters side by side, else with commas. */
static const char *subscripts_of(const Text *out, const Formula *f, uint32_t first) {
  Text text = text_new(out->arena);
  bool letters = true;
  for (uint32_t i = first; i < f->n_args; i++)
    letters = letters && f->args[i]->kind == FORMULA_GLYPH && strlen(f->args[i]->glyph.text) == 1;
  for (uint32_t i = first; i < f->n_args; i++) {
    if (i > first) text_add(&text, letters ? " " : ",\\,");
    print(&text, f->args[i], LEVEL_RELATION);
  }
  return text_string(&text);
}

/* --- the rest --- */

static void print_sum(Text *out, const Formula *f) {
  for (uint32_t i = 0; i < f->n_args; i++) {
    const Formula *term = f->args[i];
    bool negative = term->kind == FORMULA_NEGATIVE;
    if (i > 0 || negative) text_add(out, negative ? " - " : " + ");
    print(out, negative ? term->args[0] : term, LEVEL_PRODUCT);
  }
}

static void print_product(Text *out, const Formula *f, const char *sign) {
  for (uint32_t i = 0; i < f->n_args; i++) {
    const Formula *arg = f->args[i];
    bool last = i + 1 == f->n_args;
    bool loose = last && f->kind == FORMULA_SCALED &&
                 (arg->kind == FORMULA_HADAMARD || arg->kind == FORMULA_BIG);
    bool matrices = f->kind == FORMULA_HADAMARD && arg->kind == FORMULA_JUXTAPOSED &&
                    arg->args[0]->kind != FORMULA_GLYPH;
    if (i > 0) text_add(out, sign);
    print(out, arg, matrices ? LEVEL_TIGHT : loose ? LEVEL_PRODUCT : LEVEL_JUXTAPOSED);
  }
}

static void print_juxtaposed(Text *out, const Formula *f) {
  for (uint32_t i = 0; i < f->n_args; i++) {
    bool last = i + 1 == f->n_args;
    bool loose = last && f->args[i]->kind == FORMULA_BIG;
    if (i > 0 && f->args[i]->kind != FORMULA_GLYPH) text_add(out, "\\,\\penalty900 ");
    print(out, f->args[i], loose ? LEVEL_PRODUCT : LEVEL_JUXTAPOSED);
  }
}

static void print_quotient(Text *out, const Formula *f) {
  if (is_fraction(out, f)) {
    text_add(out, "\\frac{");
    print(out, f->args[0], LEVEL_RELATION);
    text_add(out, "}{");
    print(out, f->args[1], LEVEL_RELATION);
    text_add(out, "}");
    return;
  }
  print(out, f->args[0], LEVEL_PRODUCT);
  text_add(out, " \\mathbin{/} ");
  print(out, f->args[1], LEVEL_TIGHT);
}

static void print_big(Text *out, const Formula *f) {
  text_add(out, f->glyph.latex);
  if (f->n_args > 1) text_printf(out, "_{%s}", subscripts_of(out, f, 1));
  text_add(out, " ");
  print(out, f->args[0], LEVEL_PRODUCT);
}

static void print_call(Text *out, const Formula *f) {
  bool tall = false;
  for (uint32_t i = 0; i < f->n_args; i++) tall = tall || is_tall(out, f->args[i]);
  text_printf(out, "%s%s", f->glyph.latex, tall ? "\\Bigl(" : "(");
  for (uint32_t i = 0; i < f->n_args; i++) {
    if (i > 0) text_add(out, ",\\penalty500 \\ ");
    print(out, f->args[i], LEVEL_RELATION);
  }
  text_add(out, tall ? "\\Bigr)" : ")");
}

static bool is_logical(const Formula *f) {
  return f->kind == FORMULA_RELATION &&
         (strcmp(f->glyph.text, "∧") == 0 || strcmp(f->glyph.text, "∨") == 0);
}

static void print_relation(Text *out, const Formula *f) {
  for (uint32_t i = 0; i < f->n_args; i++) {
    const Formula *arg = f->args[i];
    bool alike = arg->kind == FORMULA_RELATION && strcmp(arg->glyph.text, f->glyph.text) == 0;
    bool open = is_logical(f) && (alike || !is_logical(arg));
    if (i > 0) text_printf(out, " %s ", f->glyph.latex);
    print(out, arg, open ? LEVEL_RELATION : LEVEL_SUM);
  }
}

static void print_choice(Text *out, const Formula *f) {
  bool wide = width_of(out, f) > WIDEST_BOX + 24;
  text_add(out, wide ? "\\Bigl\\{" : "\\begin{cases}");
  print(out, f->args[0], LEVEL_RELATION);
  text_add(out, wide ? "\\ \\text{if } " : " & \\text{if } ");
  print(out, f->args[1], LEVEL_RELATION);
  text_add(out, wide ? ";\\penalty0 \\ " : " \\\\ ");
  print(out, f->args[2], LEVEL_RELATION);
  text_add(out, wide ? "\\ \\text{otherwise}\\Bigr\\}" : " & \\text{otherwise} \\end{cases}");
}

static void print_fenced(Text *out, const Formula *f) {
  static const char *const fences[][2] = {{"[", "]"},
                                          {"\\lvert ", "\\rvert "},
                                          {"\\lVert ", "\\rVert "},
                                          {"\\lfloor ", "\\rfloor "},
                                          {"\\lceil ", "\\rceil "}};
  bool tall = is_tall(out, f->args[0]);
  text_printf(out, "%s%s", tall ? "\\Bigl" : "", fences[f->fence][0]);
  print(out, f->args[0], LEVEL_RELATION);
  text_printf(out, "%s%s", tall ? "\\Bigr" : "", fences[f->fence][1]);
}

/* What has an exponent already gets no second one. */
static void print_base(Text *out, const Formula *f) {
  bool marked = f->kind == FORMULA_SYMBOL && f->symbol->of == NULL &&
                (f->symbol->upper.latex != NULL || f->symbol->prime);
  print(out, f, marked ? LEVEL_ATOM + 1 : LEVEL_ATOM);
}

static void print_kind(Text *out, const Formula *f) {
  switch (f->kind) {
  case FORMULA_GLYPH: text_add(out, f->glyph.latex); return;
  case FORMULA_SYMBOL: print_symbol(out, f->symbol, subscripts_of(out, f, 0)); return;
  case FORMULA_SUM: print_sum(out, f); return;
  case FORMULA_NEGATIVE:
    text_add(out, "-");
    print(out, f->args[0], LEVEL_PRODUCT);
    return;
  case FORMULA_JUXTAPOSED: print_juxtaposed(out, f); return;
  case FORMULA_SCALED: print_product(out, f, " \\cdot "); return;
  case FORMULA_HADAMARD: print_product(out, f, " \\odot "); return;
  case FORMULA_QUOTIENT: print_quotient(out, f); return;
  case FORMULA_MODULO:
    print(out, f->args[0], LEVEL_JUXTAPOSED);
    text_add(out, " \\bmod ");
    print(out, f->args[1], LEVEL_JUXTAPOSED);
    return;
  case FORMULA_POWER:
    print_base(out, f->args[0]);
    text_add(out, "^{");
    print(out, f->args[1], LEVEL_RELATION);
    text_add(out, "}");
    return;
  case FORMULA_CALL: print_call(out, f); return;
  case FORMULA_BIG: print_big(out, f); return;
  case FORMULA_FENCED: print_fenced(out, f); return;
  case FORMULA_ROOT:
    if (width_of(out, f) > WIDEST_BOX) {
      print(out, f->args[0], LEVEL_ATOM);
      text_add(out, "^{1/2}");
      return;
    }
    text_add(out, "\\sqrt{");
    print(out, f->args[0], LEVEL_RELATION);
    text_add(out, "}");
    return;
  case FORMULA_RELATION: print_relation(out, f); return;
  case FORMULA_NOT:
    text_add(out, "\\neg ");
    print(out, f->args[0], LEVEL_ATOM);
    return;
  case FORMULA_CHOICE: print_choice(out, f); return;
  case FORMULA_TRANSPOSED:
    print_base(out, f->args[0]);
    text_add(out, "^{\\top}");
    return;
  case FORMULA_COMPONENT:
    print(out, f->args[0], LEVEL_ATOM);
    text_printf(out, "_{%s}", subscripts_of(out, f, 1));
    return;
  }
}

static void print(Text *out, const Formula *f, int level) {
  bool parenthesise = level_of(out, f) < level;
  bool tall = parenthesise && is_tall(out, f);
  if (parenthesise) text_add(out, tall ? "\\Bigl(" : "(");
  print_kind(out, f);
  if (parenthesise) text_add(out, tall ? "\\Bigr)" : ")");
}

void formula_latex(Text *out, const Formula *formula) { print(out, formula, LEVEL_RELATION); }
