/* Building formulas. */
#include "notation/formula.h"
#include <math.h>
#include <string.h>

const Formula *formula_new(Arena *arena, FormulaKind kind, const Formula *const *args, uint32_t n) {
  Formula *formula = ARENA_NEW(arena, Formula);
  const Formula **copy = ARENA_ARRAY(arena, const Formula *, n + 1);
  for (uint32_t i = 0; i < n; i++) copy[i] = args[i];
  *formula = (Formula){.kind = kind, .args = copy, .n_args = n};
  return formula;
}

const Formula *formula_glyph(Arena *arena, const char *text, const char *latex) {
  Formula *formula = ARENA_NEW(arena, Formula);
  *formula = (Formula){.kind = FORMULA_GLYPH, .glyph = {text, latex}};
  return formula;
}

static Formula *with_args(Arena *arena, FormulaKind kind, const Formula *const *args, uint32_t n) {
  Formula *formula = ARENA_NEW(arena, Formula);
  *formula = *formula_new(arena, kind, args, n);
  return formula;
}

const Formula *formula_symbol(Arena *arena, const Symbol *symbol, const Formula *const *args,
                              uint32_t n) {
  Formula *formula = with_args(arena, FORMULA_SYMBOL, args, n);
  formula->symbol = symbol;
  return formula;
}

const Formula *formula_variable(Arena *arena, const char *name) {
  size_t letters = strcspn(name, "0123456789");
  if (letters == 1)
    return formula_glyph(
        arena, name, name[1] == '\0' ? name : arena_printf(arena, "%c_{%s}", name[0], name + 1));
  return formula_glyph(arena, name, arena_printf(arena, "\\mathit{%s}", name));
}

static const char any[] = "·";

const Formula *formula_any(Arena *arena) { return formula_glyph(arena, any, "\\cdot"); }

const Formula *formula1(Arena *arena, FormulaKind kind, const Formula *a) {
  return formula_new(arena, kind, (const Formula *[]){a}, 1);
}

const Formula *formula2(Arena *arena, FormulaKind kind, const Formula *a, const Formula *b) {
  return formula_new(arena, kind, (const Formula *[]){a, b}, 2);
}

const Formula *formula_fenced(Arena *arena, Fence fence, const Formula *a) {
  Formula *formula = with_args(arena, FORMULA_FENCED, &a, 1);
  formula->fence = fence;
  return formula;
}

const Formula *formula_call(Arena *arena, Glyph name, const Formula *const *args, uint32_t n) {
  Formula *formula = with_args(arena, FORMULA_CALL, args, n);
  formula->glyph = name;
  return formula;
}

const Formula *formula_relation(Arena *arena, Glyph sign, const Formula *a, const Formula *b) {
  Formula *formula = with_args(arena, FORMULA_RELATION, (const Formula *[]){a, b}, 2);
  formula->glyph = sign;
  return formula;
}

/* --- numbers --- */

static const Formula *whole_number(Arena *arena, double value) {
  const char *digits = arena_printf(arena, "%.0f", value);
  return formula_glyph(arena, digits, digits);
}

static const Formula *pi(Arena *arena) { return formula_glyph(arena, "π", "\\pi"); }

/* k·π; √n, 1/√n, √(2/π), 2/√π; 1/n. Only what decimals would hide. */
static const Formula *known_number(Arena *arena, double value) {
  const double tau = 3.14159265358979323846;
  double n = round(value / tau);
  if (n >= 1 && n <= 1000 && n * tau == value)
    return n == 1 ? pi(arena)
                  : formula2(arena, FORMULA_JUXTAPOSED, whole_number(arena, n), pi(arena));
  if (value == sqrt(2 / tau))
    return formula1(arena, FORMULA_ROOT,
                    formula2(arena, FORMULA_QUOTIENT, whole_number(arena, 2), pi(arena)));
  if (value == 2 / sqrt(tau))
    return formula2(arena, FORMULA_QUOTIENT, whole_number(arena, 2),
                    formula1(arena, FORMULA_ROOT, pi(arena)));
  n = round(1 / value);
  if (n >= 2 && n <= 10000 && 1 / n == value)
    return formula2(arena, FORMULA_QUOTIENT, whole_number(arena, 1), whole_number(arena, n));
  n = round(value * value);
  if (n >= 2 && n <= 10000 && sqrt(n) == value)
    return formula1(arena, FORMULA_ROOT, whole_number(arena, n));
  n = round(1 / (value * value));
  if (n >= 2 && n <= 10000 && (1 / sqrt(n) == value || sqrt(1 / n) == value))
    return formula2(arena, FORMULA_QUOTIENT, whole_number(arena, 1),
                    formula1(arena, FORMULA_ROOT, whole_number(arena, n)));
  return NULL;
}

/* `2.5e-05` as 2.5 · 10⁻⁵ */
static const Formula *decimal_number(Arena *arena, double value) {
  Text digits = text_new(arena);
  text_add_real(&digits, value);
  char *text = arena_strdup(arena, text_string(&digits));
  char *exponent = text;
  while (*exponent != '\0' && *exponent != 'e') exponent++;
  if (*exponent == '\0') return formula_glyph(arena, text, text);
  *exponent = '\0';
  double power = 0, sign = exponent[1] == '-' ? -1 : 1;
  for (const char *c = exponent + 1; *c != '\0'; c++)
    if (*c >= '0' && *c <= '9') power = 10 * power + (*c - '0');
  const Formula *exponent_formula = whole_number(arena, power);
  if (sign < 0) exponent_formula = formula_negative(arena, exponent_formula);
  const Formula *scale = formula2(arena, FORMULA_POWER, whole_number(arena, 10), exponent_formula);
  bool one = text[0] == '1' && (text[1] == '\0' || (text[1] == '.' && text[2] == '0'));
  return one ? scale : formula2(arena, FORMULA_SCALED, formula_glyph(arena, text, text), scale);
}

const Formula *formula_number(Arena *arena, double value) {
  if (isnan(value)) return formula_glyph(arena, "NaN", "\\mathrm{NaN}");
  if (value < 0) return formula_negative(arena, formula_number(arena, -value));
  if (isinf(value)) return formula_glyph(arena, "∞", "\\infty");
  if (value == floor(value) && value < 1e9) return whole_number(arena, value);
  Text digits = text_new(arena);
  text_add_real(&digits, value);
  const Formula *known = digits.length < 9 ? NULL : known_number(arena, value);
  return known != NULL ? known : decimal_number(arena, value);
}

/* --- sums --- */

const Formula *formula_negative(Arena *arena, const Formula *a) {
  return a->kind == FORMULA_NEGATIVE ? a->args[0] : formula1(arena, FORMULA_NEGATIVE, a);
}

const Formula *formula_add(Arena *arena, const Formula *a, const Formula *b) {
  uint32_t n = 0;
  const Formula **terms = ARENA_ARRAY(arena, const Formula *,
                                      (a->kind == FORMULA_SUM ? a->n_args : 1) +
                                          (b->kind == FORMULA_SUM ? b->n_args : 1));
  const Formula *sides[] = {a, b};
  for (int side = 0; side < 2; side++) {
    const Formula *f = sides[side];
    if (f->kind != FORMULA_SUM) terms[n++] = f;
    for (uint32_t i = 0; f->kind == FORMULA_SUM && i < f->n_args; i++) terms[n++] = f->args[i];
  }
  return formula_new(arena, FORMULA_SUM, terms, n);
}

const Formula *formula_subtract(Arena *arena, const Formula *a, const Formula *b) {
  return formula_add(arena, a, formula_negative(arena, b));
}

unsigned formula_weight(const Formula *formula) {
  unsigned weight = 0;
  for (uint32_t i = 0; i < formula->n_args; i++) weight += formula_weight(formula->args[i]);
  if (formula->kind == FORMULA_BIG) weight += 10;
  if (formula->kind == FORMULA_GLYPH && formula->glyph.text == any) weight += 3;
  if (formula->kind == FORMULA_SYMBOL || formula->kind == FORMULA_COMPONENT)
    weight += formula->n_args;
  return weight;
}

int formula_level(const Formula *f) {
  switch (f->kind) {
  case FORMULA_RELATION:
  case FORMULA_NOT: return LEVEL_RELATION;
  case FORMULA_SUM:
  case FORMULA_NEGATIVE: return LEVEL_SUM;
  case FORMULA_SCALED:
  case FORMULA_HADAMARD:
  case FORMULA_QUOTIENT:
  case FORMULA_MODULO: return LEVEL_PRODUCT;
  case FORMULA_BIG: return f->linear ? LEVEL_PRODUCT : LEVEL_SUM;
  case FORMULA_JUXTAPOSED: return LEVEL_JUXTAPOSED;
  case FORMULA_POWER:
  case FORMULA_TRANSPOSED: return LEVEL_TIGHT;
  case FORMULA_SYMBOL: return f->symbol->of != NULL ? LEVEL_JUXTAPOSED : LEVEL_ATOM;
  case FORMULA_GLYPH:
  case FORMULA_CALL:
  case FORMULA_FENCED:
  case FORMULA_ROOT:
  case FORMULA_CHOICE:
  case FORMULA_COMPONENT: return LEVEL_ATOM;
  }
  return LEVEL_ATOM;
}
