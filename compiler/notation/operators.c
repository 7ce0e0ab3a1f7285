/* Scalar operators in formulas: on arrays they go by element. */
#include <ctype.h>
#include <string.h>
#include "graph/scalar_ops.h"
#include "notation/value.h"

/* The components of operands that go together by element; NOT_ALIKE: they do not. */
enum { NOT_ALIKE = 1U << MAX_COMPONENTS };

static unsigned together(const Value *values, uint32_t n) {
  unsigned components = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (values[i].formula == NULL) return NOT_ALIKE;
    if (values[i].components == 0) continue;
    if (components != 0 && components != values[i].components) return NOT_ALIKE;
    components = values[i].components;
  }
  return components;
}

static Value of_operands(const Formula *formula, const Value *values, uint32_t n) {
  Value result = {formula, together(values, n), false};
  for (uint32_t i = 0; i < n; i++) result.batch = result.batch || values[i].batch;
  return result;
}

/* --- products --- */

/* What a number can stand before: 2 x. */
static bool is_simple(const Formula *f) {
  switch (f->kind) {
  case FORMULA_SYMBOL:
  case FORMULA_CALL:
  case FORMULA_ROOT:
  case FORMULA_TRANSPOSED:
  case FORMULA_COMPONENT:
  case FORMULA_BIG:
  case FORMULA_POWER: return true;
  case FORMULA_FENCED: return f->fence == FENCE_NORM || f->fence == FENCE_BRACKETS;
  case FORMULA_JUXTAPOSED: return f->args[0]->kind != FORMULA_GLYPH;
  case FORMULA_GLYPH: return isalpha((unsigned char)f->glyph.text[0]);
  case FORMULA_SUM:
  case FORMULA_NEGATIVE:
  case FORMULA_SCALED:
  case FORMULA_HADAMARD:
  case FORMULA_QUOTIENT:
  case FORMULA_MODULO:
  case FORMULA_RELATION:
  case FORMULA_NOT:
  case FORMULA_CHOICE: return false;
  }
  return false;
}

static bool goes_first(const Formula *f) {
  return (f->kind == FORMULA_GLYPH && !is_simple(f)) ||
         (f->kind == FORMULA_FENCED && f->fence == FENCE_BRACKETS);
}

typedef struct Product {
  const Formula **first, **numbers, **arrays; /* numerals and [c]; other numbers; arrays */
  const Formula **divisors;                   /* of factors 1 / x */
  uint32_t n_first, n_numbers, n_arrays, n_divisors;
  bool negative;
} Product;

static void add_factor(Product *p, Value value) {
  const Formula *f = value.formula;
  if (f->kind == FORMULA_NEGATIVE) {
    p->negative = !p->negative;
    f = f->args[0];
  }
  bool inverse = f->kind == FORMULA_QUOTIENT && f->args[0]->kind == FORMULA_GLYPH &&
                 strcmp(f->args[0]->glyph.text, "1") == 0;
  if (inverse)
    p->divisors[p->n_divisors++] = f->args[1];
  else if (value.components != 0)
    p->arrays[p->n_arrays++] = f;
  else if (goes_first(f))
    p->first[p->n_first++] = f;
  else
    p->numbers[p->n_numbers++] = f;
}

/* Numerals and [c] stand before what follows without a sign where that is clear. */
static const Formula *with_first(Arena *arena, const Product *p, const Formula *formula) {
  for (uint32_t i = p->n_first; i-- > 0;) {
    const Formula *f = p->first[i];
    if (formula == NULL) {
      formula = f;
    } else if (is_simple(formula) || f->kind == FORMULA_FENCED) {
      formula = formula2(arena, FORMULA_JUXTAPOSED, f, formula);
    } else if (formula->kind == FORMULA_SCALED) {
      const Formula **args = ARENA_ARRAY(arena, const Formula *, formula->n_args + 1);
      args[0] = f;
      for (uint32_t k = 0; k < formula->n_args; k++) args[k + 1] = formula->args[k];
      formula = formula_new(arena, FORMULA_SCALED, args, formula->n_args + 1);
    } else {
      formula = formula2(arena, FORMULA_SCALED, f, formula);
    }
  }
  return formula;
}

static const Formula *joined(Arena *arena, FormulaKind kind, const Formula *const *args,
                             uint32_t n) {
  return n == 1 ? args[0] : formula_new(arena, kind, args, n);
}

Value product_of(Context *c, const Value *factors, uint32_t n) {
  Arena *arena = c->r->arena;
  if (together(factors, n) == NOT_ALIKE) return no_value;
  Product p = {.first = ARENA_ARRAY(arena, const Formula *, n + 1),
               .numbers = ARENA_ARRAY(arena, const Formula *, n + 2),
               .arrays = ARENA_ARRAY(arena, const Formula *, n + 1),
               .divisors = ARENA_ARRAY(arena, const Formula *, n + 1)};
  for (uint32_t i = 0; i < n; i++) add_factor(&p, factors[i]);
  if (p.n_arrays > 0)
    p.numbers[p.n_numbers++] = joined(arena, FORMULA_HADAMARD, p.arrays, p.n_arrays);
  const Formula *formula = NULL;
  if (p.n_numbers > 0) formula = joined(arena, FORMULA_SCALED, p.numbers, p.n_numbers);
  formula = with_first(arena, &p, formula);
  if (formula == NULL) formula = formula_number(arena, 1);
  if (p.n_divisors > 0)
    formula = formula2(arena, FORMULA_QUOTIENT, formula,
                       joined(arena, FORMULA_SCALED, p.divisors, p.n_divisors));
  if (p.negative) formula = formula_negative(arena, formula);
  return of_operands(formula, factors, n);
}

static uint32_t count_factors(const Node *node) {
  return node->kind == NODE_OP && node->op == OP_MUL
             ? count_factors(node->args[0]) + count_factors(node->args[1])
             : 1;
}

static void add_values(Context *c, const Node *node, Value *values, uint32_t *n) {
  if (node->kind == NODE_OP && node->op == OP_MUL) {
    add_values(c, node->args[0], values, n);
    add_values(c, node->args[1], values, n);
  } else {
    values[(*n)++] = value_of(c, node);
  }
}

/* u vᵀ, of one vector over the rows and one over the columns. */
static Value outer_product(Context *c, const Value *values, uint32_t n) {
  if (n != 2 || c->n_components != 2 || values[0].formula == NULL || values[1].formula == NULL)
    return no_value;
  const Value *u = &values[values[0].components == 2], *v = &values[values[0].components != 2];
  if (u->components != 1 || v->components != 2 || u->batch || v->batch) return no_value;
  Arena *arena = c->r->arena;
  return (Value){formula2(arena, FORMULA_JUXTAPOSED, u->formula,
                          formula1(arena, FORMULA_TRANSPOSED, v->formula)),
                 3, false};
}

static Value multiplication(Context *c, const Node *node) {
  uint32_t count = count_factors(node), n = 0;
  Value *values = ARENA_ARRAY(c->r->arena, Value, count);
  add_values(c, node, values, &n);
  Value product = product_of(c, values, n);
  return product.formula != NULL ? product : outer_product(c, values, n);
}

/* --- choices --- */

/* Whether it is one of what the formula is over, and not of a product in it only. */
static bool is_of_result(const Context *c, const Var *var) {
  while (c->outer != NULL) c = c->outer;
  for (uint32_t i = 0; i < c->n_components; i++)
    if (c->components[i] == var) return true;
  return false;
}

/* k == y as the whole vector over k. */
static Value one_hot(Context *c, const Node *condition) {
  if (condition->kind != NODE_OP || condition->op != OP_EQ) return no_value;
  for (int side = 0; side < 2; side++) {
    const Node *var = condition->args[side], *other = condition->args[1 - side];
    if (var->kind != NODE_VAR || !is_of_result(c, var->var)) continue;
    for (uint32_t i = 0; i < c->n_components; i++) {
      if (c->components[i] != var->var) continue;
      Value at = value_of(c, other);
      if (at.formula == NULL || at.components != 0) return no_value;
      at.formula =
          formula_call(c->r->arena, (Glyph){"onehot", "\\operatorname{onehot}"}, &at.formula, 1);
      at.components = 1U << i;
      return at;
    }
  }
  return no_value;
}

/* [c]: 1 where c holds, else 0 */
static Value bracket(Context *c, const Node *condition) {
  Value value = one_hot(c, condition);
  if (value.formula != NULL) return value;
  value = value_of(c, condition);
  if (value.formula != NULL)
    value.formula = formula_fenced(c->r->arena, FENCE_BRACKETS, value.formula);
  return value;
}

static Value choice(Context *c, const Node *node) {
  if (node_is_number(node->args[2], 0)) {
    Value factors[] = {bracket(c, node->args[0]), {0}};
    if (node_is_number(node->args[1], 1)) return factors[0];
    factors[1] = value_of(c, node->args[1]);
    return product_of(c, factors, 2);
  }
  Value values[] = {value_of(c, node->args[1]), value_of(c, node->args[0]),
                    value_of(c, node->args[2])};
  unsigned components = together(values, 3);
  bool arrays = values[0].components == components && values[2].components == components;
  if (components == NOT_ALIKE || (components != 0 && !arrays)) return no_value;
  const Formula *args[] = {values[0].formula, values[1].formula, values[2].formula};
  return of_operands(formula_new(c->r->arena, FORMULA_CHOICE, args, 3), values, 3);
}

/* --- calls --- */

static Glyph function_name(const Trees *trees, ScalarOp op, ScalarType type) {
  Arena *arena = trees->arena;
  switch (op) {
  case OP_SIGMOID: return (Glyph){"σ", "\\sigma"};
  case OP_EXP:
  case OP_LOG:
  case OP_SIN:
  case OP_COS:
  case OP_TAN:
  case OP_SINH:
  case OP_COSH:
  case OP_TANH:
  case OP_MIN:
  case OP_MAX:
    return (Glyph){scalar_ops[op].name, arena_printf(arena, "\\%s", scalar_ops[op].name)};
  case OP_ASIN: return (Glyph){"arcsin", "\\arcsin"};
  case OP_ACOS: return (Glyph){"arccos", "\\arccos"};
  case OP_ATAN: return (Glyph){"arctan", "\\arctan"};
  case OP_RANDOM_UNIFORM: return (Glyph){"uniform", "\\operatorname{uniform}"};
  case OP_RANDOM_NORMAL: return (Glyph){"normal", "\\operatorname{normal}"};
  default: {
    const char *name = op == OP_CAST ? type_name(type) : scalar_ops[op].name;
    return (Glyph){name, arena_printf(arena, "\\operatorname{%s}", name)};
  }
  }
}

static Value call(Context *c, const Node *node, const Value *values) {
  const Formula *args[3] = {values[0].formula, values[1].formula, values[2].formula};
  Glyph name = function_name(c->r->trees, node->op, node->type);
  uint32_t n = node->n_args;
  if (node->op == OP_MAX && node_is_number(node->args[1], 0) && type_is_real(node->type)) {
    name = (Glyph){"relu", "\\operatorname{relu}"};
    n = 1;
  }
  return of_operands(n == 0 ? formula_glyph(c->r->arena, name.text, name.latex)
                            : formula_call(c->r->arena, name, args, n),
                     values, node->n_args);
}

static Value fenced(Context *c, Fence fence, const Formula *formula, const Value *values,
                    uint32_t n) {
  return of_operands(formula_fenced(c->r->arena, fence, formula), values, n);
}

static Value relation(Context *c, const Node *node, const Value *values) {
  static const Glyph signs[] = {
      [OP_EQ] = {"=", "="},       [OP_NE] = {"≠", "\\neq"}, [OP_LT] = {"<", "<"},
      [OP_LE] = {"≤", "\\leq"},   [OP_GT] = {">", ">"},     [OP_GE] = {"≥", "\\geq"},
      [OP_AND] = {"∧", "\\land"}, [OP_OR] = {"∨", "\\lor"}};
  return of_operands(
      formula_relation(c->r->arena, signs[node->op], values[0].formula, values[1].formula), values,
      2);
}

static Value division(Context *c, const Node *node, const Value *values) {
  Arena *arena = c->r->arena;
  const Formula *above = values[0].formula;
  bool negative = above->kind == FORMULA_NEGATIVE && type_is_real(node->type);
  if (negative) above = above->args[0];
  const Formula *quotient = formula2(arena, FORMULA_QUOTIENT, above, values[1].formula);
  if (type_is_integer(node->type)) return fenced(c, FENCE_FLOOR, quotient, values, 2);
  return of_operands(negative ? formula_negative(arena, quotient) : quotient, values, 2);
}

static Value elementwise(Context *c, const Node *node, const Value *values) {
  Arena *arena = c->r->arena;
  const Formula *a = values[0].formula, *b = values[1].formula;
  switch (node->op) {
  case OP_ADD: return of_operands(formula_add(arena, a, b), values, 2);
  case OP_SUB: return of_operands(formula_subtract(arena, a, b), values, 2);
  case OP_NEG: return of_operands(formula_negative(arena, a), values, 1);
  case OP_DIV: return division(c, node, values);
  case OP_MOD: return of_operands(formula2(arena, FORMULA_MODULO, a, b), values, 2);
  case OP_POW: return of_operands(formula2(arena, FORMULA_POWER, a, b), values, 2);
  case OP_SQRT: return of_operands(formula1(arena, FORMULA_ROOT, a), values, 1);
  case OP_RSQRT:
    return of_operands(formula2(arena, FORMULA_QUOTIENT, formula_number(arena, 1),
                                formula1(arena, FORMULA_ROOT, a)),
                       values, 1);
  case OP_ABS: return fenced(c, FENCE_BARS, a, values, 1);
  case OP_FLOOR: return fenced(c, FENCE_FLOOR, a, values, 1);
  case OP_CEIL: return fenced(c, FENCE_CEIL, a, values, 1);
  case OP_NOT: return of_operands(formula1(arena, FORMULA_NOT, a), values, 1);
  case OP_EQ:
  case OP_NE:
  case OP_LT:
  case OP_LE:
  case OP_GT:
  case OP_GE:
  case OP_AND:
  case OP_OR: return relation(c, node, values);
  default: return call(c, node, values);
  }
}

Value operator_value(Context *c, const Node *node) {
  if (node->op == OP_MUL) return multiplication(c, node);
  if (node->op == OP_WHERE) return choice(c, node);
  if (node->op == OP_CAST && node->args[0]->type == TYPE_BOOL) return bracket(c, node->args[0]);
  Value values[3] = {{0}, {0}, {0}};
  for (uint32_t i = 0; i < node->n_args; i++) values[i] = value_of(c, node->args[i]);
  if (together(values, node->n_args) == NOT_ALIKE) return no_value;
  return elementwise(c, node, values);
}
