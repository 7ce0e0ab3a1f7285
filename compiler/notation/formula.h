/* A formula as a tree of mathematical notation: what both printers show. Private to notation/. */
#pragma once
#include "graph/graph.h"

/* A piece of notation in both forms. */
typedef struct Glyph {
  const char *text, *latex; /* NULL: there is none */
} Glyph;

typedef enum Accent { ACCENT_NONE, ACCENT_BAR, ACCENT_TILDE } Accent;

/* What a tensor is called: `W₁`, `m′`, `∂L/∂W₁`. */
typedef struct Symbol {
  Glyph base, label, upper; /* label: lower right, upper: in parentheses above */
  Accent accent;
  bool prime;
  const struct Symbol *of, *from; /* ∂from/∂of: then nothing else is used; NULL */
} Symbol;

typedef enum FormulaKind {
  FORMULA_GLYPH,      /* `glyph` */
  FORMULA_SYMBOL,     /* symbol, with args as its subscripts */
  FORMULA_SUM,        /* args added; a FORMULA_NEGATIVE is subtracted */
  FORMULA_NEGATIVE,   /* −args[0] */
  FORMULA_JUXTAPOSED, /* products without a sign: of a number, or of matrices */
  FORMULA_SCALED,     /* args joined by ·: numbers with anything */
  FORMULA_HADAMARD,   /* args joined by ⊙: by element */
  FORMULA_QUOTIENT,   /* args[0] / args[1] */
  FORMULA_MODULO,     /* args[0] mod args[1] */
  FORMULA_POWER,      /* args[0] ^ args[1] */
  FORMULA_CALL,       /* glyph(args) */
  FORMULA_BIG,        /* glyph, below it args[1…], before args[0]: Σₙ, max, mean */
  FORMULA_FENCED,     /* args[0] between `fence` */
  FORMULA_ROOT,       /* √args[0] */
  FORMULA_RELATION,   /* args joined by glyph: <, ∧, ← */
  FORMULA_NOT,        /* ¬args[0] */
  FORMULA_CHOICE,     /* args[0] where args[1], else args[2] */
  FORMULA_TRANSPOSED, /* args[0]ᵀ */
  FORMULA_COMPONENT   /* args[0], with args[1…] as subscripts of all of it */
} FormulaKind;

typedef enum Fence { FENCE_BRACKETS, FENCE_BARS, FENCE_NORM, FENCE_FLOOR, FENCE_CEIL } Fence;

typedef struct Formula {
  FormulaKind kind;
  Glyph glyph;
  const Symbol *symbol;
  Fence fence;
  bool linear; /* FORMULA_BIG: Σ or mean, which c · may go into */
  const struct Formula *const *args;
  uint32_t n_args;
} Formula;

const Formula *formula_new(Arena *arena, FormulaKind kind, const Formula *const *args, uint32_t n);
const Formula *formula_glyph(Arena *arena, const char *text, const char *latex);
const Formula *formula_symbol(Arena *arena, const Symbol *symbol, const Formula *const *args,
                              uint32_t n);
/* An index variable; · for all along an axis. */
const Formula *formula_variable(Arena *arena, const char *name);
const Formula *formula_any(Arena *arena);
const Formula *formula1(Arena *arena, FormulaKind kind, const Formula *a);
const Formula *formula2(Arena *arena, FormulaKind kind, const Formula *a, const Formula *b);
const Formula *formula_fenced(Arena *arena, Fence fence, const Formula *a);
const Formula *formula_call(Arena *arena, Glyph name, const Formula *const *args, uint32_t n);
const Formula *formula_relation(Arena *arena, Glyph sign, const Formula *a, const Formula *b);
/* What is well known by another name is called so: √2, π, 1/24, 10⁻⁸. The number is exactly what
   that has as its nearest double. */
const Formula *formula_number(Arena *arena, double value);
/* a + b and a − b, without nested sums; a sign in front of b is taken into account. */
const Formula *formula_add(Arena *arena, const Formula *a, const Formula *b);
const Formula *formula_subtract(Arena *arena, const Formula *a, const Formula *b);
/* −a; a itself without its sign when it has one. */
const Formula *formula_negative(Arena *arena, const Formula *a);

/* How much there is to read: Σ and the like count ten, a subscript one, · four. */
unsigned formula_weight(const Formula *formula);

/* How tightly what is printed holds together: parentheses stand around what is looser. As text, on
   one line; LaTeX's fractions are tighter. */
enum { LEVEL_RELATION, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_JUXTAPOSED, LEVEL_TIGHT, LEVEL_ATOM };
int formula_level(const Formula *formula);

/* text.c and latex.c: one formula. In text a control character 1 to 8 stands where the line may be
   broken, the lower the better; print_notation makes a blank or a new line of it. */
void formula_text(Text *out, const Formula *formula);
void formula_latex(Text *out, const Formula *formula);
/* Without subscripts. */
void symbol_text(Text *out, const Symbol *symbol);
void symbol_latex(Text *out, const Symbol *symbol);
/* With ∂L/∂x on one line. */
void symbol_inline_latex(Text *out, const Symbol *symbol);
