#include "meaning.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RANK = 16, UNKNOWN = -1 };

typedef struct Array {
  int rank; /* of components */
  int64_t extents[MAX_RANK];
  double *values;
} Array;

typedef struct Reading {
  Arena *arena;
  const Document *document;
  const Graph *graph;
  const Axes *axes;
  Interpreter *in;
  const Line *line;
  const char *names[64]; /* of index variables */
  int64_t indices[64];
  int n_names;
  int64_t example, n_examples;
  const Array *left; /* the shape of what is defined */
  bool random;       /* there is a random number in it */
  const char *stuck; /* what could not be read; NULL */
} Reading;

static Array read_formula(Reading *r, const Formula *f);

/* --- arrays --- */

static int64_t size_of(const Array *a) {
  int64_t size = 1;
  for (int i = 0; i < a->rank; i++) size *= a->extents[i];
  return size;
}

static Array new_array(Reading *r, int rank, const int64_t *extents) {
  Array a = {.rank = rank};
  for (int i = 0; i < rank; i++) a.extents[i] = extents[i];
  a.values = ARENA_ARRAY(r->arena, double, size_of(&a) + 1);
  return a;
}

static Array number(Reading *r, double value) {
  Array a = new_array(r, 0, NULL);
  a.values[0] = value;
  return a;
}

static Array stuck(Reading *r, const char *what) {
  if (r->stuck == NULL) r->stuck = what;
  return number(r, NAN);
}

typedef double Binary(double a, double b);

static Array combine(Reading *r, Binary *op, Array a, Array b) {
  const Array *shape = a.rank > 0 ? &a : &b;
  if (a.rank > 0 && b.rank > 0 &&
      (a.rank != b.rank || memcmp(a.extents, b.extents, sizeof *a.extents * (size_t)a.rank) != 0))
    return stuck(r, "shapes that do not go together");
  Array c = new_array(r, shape->rank, shape->extents);
  for (int64_t i = 0; i < size_of(&c); i++)
    c.values[i] = op(a.values[a.rank > 0 ? i : 0], b.values[b.rank > 0 ? i : 0]);
  return c;
}

typedef double Unary(double a);

static Array map(Reading *r, Unary *op, Array a) {
  Array c = new_array(r, a.rank, a.extents);
  for (int64_t i = 0; i < size_of(&c); i++) c.values[i] = op(a.values[i]);
  return c;
}

static double plus(double a, double b) { return a + b; }
/* [c] is 0 where c fails, whatever it multiplies */
static double times(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }
static double over(double a, double b) { return a / b; }
static double modulo(double a, double b) { return b == 0 ? 0 : a - b * floor(a / b); }
static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }
static double equal(double a, double b) { return a == b; }
static double unequal(double a, double b) { return a != b; }
static double below(double a, double b) { return a < b; }
static double at_most(double a, double b) { return a <= b; }
static double above(double a, double b) { return a > b; }
static double at_least(double a, double b) { return a >= b; }
static double both(double a, double b) { return a != 0 && b != 0; }
static double either(double a, double b) { return a != 0 || b != 0; }
static double negative(double a) { return -a; }
static double not_so(double a) { return a == 0; }
static double relu(double a) { return a > 0 ? a : 0; }
static double relu_slope(double a) { return a > 0; }
static double sigmoid(double a) { return 1 / (1 + exp(-a)); }
static double sigmoid_slope(double a) { return sigmoid(a) * (1 - sigmoid(a)); }
static double tanh_slope(double a) { return 1 - tanh(a) * tanh(a); }
static double floor_of(double a) { return isfinite(a) ? floor(a) : 0; } /* i / 0 is 0 */
static double as_u8(double a) { return modulo(trunc(a), 256); }
static double as_i8(double a) { return modulo(trunc(a) + 128, 256) - 128; }
static double softplus(double a) { return a > 30 ? a : log1p(exp(a)); }
static double sign(double a) { return (a > 0) - (a < 0); }

/* --- symbols --- */

static TensorId tensor_of(const Reading *r, const Symbol *symbol) {
  for (TensorId id = 0; id < r->graph->n_tensors; id++)
    if (r->document->recogniser->symbols[id] == symbol) return id;
  return TENSOR_NONE;
}

static bool is_any(const Formula *f) {
  return f->kind == FORMULA_GLYPH && strcmp(f->glyph.text, "·") == 0;
}

/* Whether an equation beside the formula is of that place; those without subscripts are of all. */
static bool is_of_place(Reading *r, const Formula *left, const Formula *f) {
  if (left->symbol != f->symbol) return false;
  for (uint32_t i = 0; i < left->n_args; i++)
    if (!is_any(left->args[i]) &&
        read_formula(r, left->args[i]).values[0] != read_formula(r, f->args[i]).values[0])
      return false;
  return true;
}

/* What is said of it beside the formula; nothing: it has no meaning. */
static Array read_outside(Reading *r, const Formula *f, int rank, const int64_t *extents) {
  Array a = new_array(r, rank, extents);
  for (int64_t i = 0; i < size_of(&a); i++) a.values[i] = NAN;
  for (size_t i = 0; i < r->line->remarks.count; i++) {
    const Formula *equation = r->line->remarks.items[i].equation;
    if (!is_of_place(r, equation->args[0], f)) continue;
    for (int64_t k = 0; k < size_of(&a); k++) a.values[k] = 0;
    return combine(r, plus, a, read_formula(r, equation->args[1]));
  }
  return a;
}

/* Its subscripts are of the axes in order, but for the batch's; those that are not there are
   components. */
static Array read_symbol(Reading *r, const Formula *f) {
  TensorId id = tensor_of(r, f->symbol);
  if (id == TENSOR_NONE) return stuck(r, "an unknown symbol");
  const Tensor *t = tensor_at(r->graph, id);
  int64_t fixed[MAX_RANK], extents[MAX_RANK], offset = 0;
  int rank = 0;
  uint32_t arg = 0;
  bool outside = false;
  for (uint32_t i = 0; i < t->rank; i++) {
    fixed[i] = UNKNOWN;
    if (r->line->batch && batch_of_axis(r->axes, id, i)) {
      fixed[i] = r->example;
    } else if (arg < f->n_args && !is_any(f->args[arg])) {
      double at = read_formula(r, f->args[arg++]).values[0];
      outside = outside || !(at >= 0 && at < (double)t->extents[i]);
      fixed[i] = outside ? 0 : (int64_t)at;
    } else {
      arg++;
      extents[rank++] = t->extents[i];
    }
  }
  if (outside) return read_outside(r, f, rank, extents);
  Array a = new_array(r, rank, extents);
  const double *values = interpreter_values(r->in, id);
  for (int64_t k = 0; k < size_of(&a); k++) {
    int64_t rest = k, stride = 1;
    offset = 0;
    for (uint32_t i = t->rank; i-- > 0;) {
      int64_t at = fixed[i];
      if (at == UNKNOWN) {
        at = rest % t->extents[i];
        rest /= t->extents[i];
      }
      offset += at * stride;
      stride *= t->extents[i];
    }
    a.values[k] = values[offset];
  }
  return a;
}

/* Whether it is of one example of many. */
static bool is_of_examples(const Reading *r, const Formula *f) {
  if (!r->line->batch) return false;
  if (f->kind == FORMULA_SYMBOL) {
    TensorId id = tensor_of(r, f->symbol);
    for (uint32_t i = 0; id != TENSOR_NONE && i < tensor_at(r->graph, id)->rank; i++)
      if (batch_of_axis(r->axes, id, i)) return true;
  }
  for (uint32_t i = 0; i < f->n_args; i++)
    if (is_of_examples(r, f->args[i])) return true;
  return false;
}

/* --- products --- */

static Array outer(Reading *r, const Formula *u, const Formula *v) {
  Array sum = {0};
  bool examples = is_of_examples(r, u) || is_of_examples(r, v);
  int64_t before = r->example;
  for (int64_t n = 0; n < (examples ? r->n_examples : 1); n++) {
    if (examples) r->example = n;
    Array a = read_formula(r, u), b = read_formula(r, v);
    if (a.rank != 1 || b.rank != 1) return stuck(r, "a product of a vector and a row");
    Array c = new_array(r, 2, (int64_t[]){a.extents[0], b.extents[0]});
    for (int64_t i = 0; i < a.extents[0]; i++)
      for (int64_t k = 0; k < b.extents[0]; k++)
        c.values[i * b.extents[0] + k] = times(a.values[i], b.values[k]);
    sum = n == 0 ? c : combine(r, plus, sum, c);
  }
  r->example = before;
  return sum;
}

static Array matrix_product(Reading *r, Array a, Array b) {
  int64_t rows = a.rank == 2 ? a.extents[0] : 1, inner = a.extents[a.rank - 1];
  int64_t columns = b.rank == 2 ? b.extents[1] : 1;
  if (a.rank > 2 || b.rank > 2 || b.extents[0] != inner) return stuck(r, "a matrix product");
  int64_t extents[2];
  int rank = 0;
  if (a.rank == 2) extents[rank++] = rows;
  if (b.rank == 2) extents[rank++] = columns;
  Array c = new_array(r, rank, extents);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t k = 0; k < columns; k++)
      for (int64_t m = 0; m < inner; m++)
        c.values[i * columns + k] += times(a.values[i * inner + m], b.values[m * columns + k]);
  return c;
}

static Array juxtaposed(Reading *r, const Formula *f) {
  const Formula *u = f->args[0], *v = f->args[1];
  Array a = read_formula(r, u);
  if (a.rank == 0 && a.values[0] == 0) return a;
  if (a.rank == 1 && v->kind == FORMULA_TRANSPOSED) {
    Array row = read_formula(r, v->args[0]);
    if (row.rank == 1) return outer(r, u, v->args[0]);
  }
  Array b = read_formula(r, v);
  if (a.rank == 0 || b.rank == 0) return combine(r, times, a, b);
  if (u->kind == FORMULA_FENCED) return combine(r, times, a, b);
  if (a.rank == 1 && b.rank == 1 && u->kind != FORMULA_TRANSPOSED)
    return stuck(r, "two columns side by side");
  return matrix_product(r, a, b);
}

static Array transposed(Reading *r, Array a) {
  if (a.rank != 2) return a;
  Array b = new_array(r, 2, (int64_t[]){a.extents[1], a.extents[0]});
  for (int64_t i = 0; i < a.extents[0]; i++)
    for (int64_t k = 0; k < a.extents[1]; k++)
      b.values[k * a.extents[0] + i] = a.values[i * a.extents[1] + k];
  return b;
}

/* --- Σ and its kin --- */

/* How far an index goes: as far as the axis at which it stands alone. */
static int64_t range_of(const Reading *r, const Formula *f, const char *name) {
  if (f->kind == FORMULA_SYMBOL) {
    TensorId id = tensor_of(r, f->symbol);
    uint32_t arg = 0;
    for (uint32_t i = 0; id != TENSOR_NONE && i < tensor_at(r->graph, id)->rank; i++) {
      if (r->line->batch && batch_of_axis(r->axes, id, i)) continue;
      const Formula *at = arg < f->n_args ? f->args[arg] : NULL;
      arg++;
      if (at != NULL && at->kind == FORMULA_GLYPH && strcmp(at->glyph.text, name) == 0)
        return tensor_at(r->graph, id)->extents[i];
    }
  }
  for (uint32_t i = 0; i < f->n_args; i++) {
    int64_t range = range_of(r, f->args[i], name);
    if (range != UNKNOWN) return range;
  }
  return UNKNOWN;
}

typedef struct Fold {
  Binary *op;
  Array value;
  double count, place; /* of all, and of the best: for argmax */
} Fold;

static void fold_in(Reading *r, Fold *fold, Array a, double direction) {
  if (fold->op != NULL)
    fold->value = fold->count == 0 ? a : combine(r, fold->op, fold->value, a);
  else if (fold->count == 0 || direction * a.values[0] > direction * fold->value.values[0]) {
    fold->value = a;
    fold->place = fold->count;
  }
  fold->count++;
}

static void fold_over(Reading *r, const Formula *f, uint32_t var, Fold *fold, double direction) {
  if (var == f->n_args) {
    fold_in(r, fold, read_formula(r, f->args[0]), direction);
    return;
  }
  const Formula *below_sign = f->args[var];
  bool given = below_sign->kind == FORMULA_RELATION;
  const char *name = (given ? below_sign->args[0] : below_sign)->glyph.text;
  int64_t range = given ? (int64_t)read_formula(r, below_sign->args[1]).values[0]
                        : range_of(r, f->args[0], name);
  if (range == UNKNOWN && r->line->batch) { /* of the examples */
    int64_t before = r->example;
    for (r->example = 0; r->example < r->n_examples; r->example++)
      fold_over(r, f, var + 1, fold, direction);
    r->example = before;
    return;
  }
  if (range == UNKNOWN) stuck(r, "an index of unknown range");
  r->names[r->n_names++] = name;
  for (int64_t i = 0; i < range; i++) {
    r->indices[r->n_names - 1] = i;
    fold_over(r, f, var + 1, fold, direction);
  }
  r->n_names--;
}

static Array big(Reading *r, const Formula *f) {
  static const struct {
    const char *name;
    Binary *op;
    double direction;
  } signs[] = {{"Σ", plus, 1},     {"mean", plus, 1},   {"Π", times, 1},
               {"max", larger, 1}, {"min", smaller, 1}, {"∃", either, 1},
               {"∀", both, 1},     {"argmax", NULL, 1}, {"argmin", NULL, -1}};
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
    if (strcmp(f->glyph.text, signs[i].name) != 0) continue;
    Fold fold = {.op = signs[i].op};
    if (f->n_args == 1) {
      int64_t before = r->example;
      for (r->example = 0; r->example < r->n_examples; r->example++)
        fold_in(r, &fold, read_formula(r, f->args[0]), 1);
      r->example = before;
    } else {
      fold_over(r, f, 1, &fold, signs[i].direction);
    }
    if (signs[i].op == NULL) return number(r, fold.place);
    if (fold.count == 0) return stuck(r, "nothing to sum");
    return strcmp(signs[i].name, "mean") == 0 ? combine(r, over, fold.value, number(r, fold.count))
                                              : fold.value;
  }
  return stuck(r, f->glyph.text);
}

/* --- functions --- */

static Array softmax(Reading *r, Array z) {
  if (z.rank == 0) return stuck(r, "softmax of a number");
  Array p = map(r, exp, z);
  int64_t n = z.extents[z.rank - 1];
  for (int64_t row = 0; row < size_of(&z) / n; row++) {
    double sum = 0;
    for (int64_t k = 0; k < n; k++) sum += p.values[row * n + k];
    for (int64_t k = 0; k < n; k++) p.values[row * n + k] /= sum;
  }
  return p;
}

/* As long as what is defined: its rows, or in a row its columns. */
static Array one_hot(Reading *r, double at, bool row) {
  if (r->left->rank == 0) return stuck(r, "onehot of unknown length");
  Array a = new_array(r, 1, &r->left->extents[row ? r->left->rank - 1 : 0]);
  if (at >= 0 && at < (double)a.extents[0]) a.values[(int64_t)at] = 1;
  return a;
}

static Array vector_fold(Reading *r, const char *name, Array x) {
  Fold fold = {0};
  bool place = strncmp(name, "arg", 3) == 0;
  for (int64_t i = 0; i < size_of(&x); i++)
    fold_in(r, &fold, number(r, x.values[i]), strstr(name, "max") != NULL ? 1 : -1);
  return place ? number(r, fold.place) : fold.value;
}

static Array call(Reading *r, const Formula *f) {
  static const struct {
    const char *name;
    Unary *op;
  } functions[] = {{"relu", relu},   {"relu′", relu_slope}, {"σ", sigmoid}, {"σ′", sigmoid_slope},
                   {"tanh", tanh},   {"tanh′", tanh_slope}, {"exp", exp},   {"log", log},
                   {"sin", sin},     {"cos", cos},          {"tan", tan},   {"sinh", sinh},
                   {"cosh", cosh},   {"arcsin", asin},      {"erf", erf},   {"arccos", acos},
                   {"log1p", log1p}, {"expm1", expm1},      {"sign", sign}, {"arctan", atan},
                   {"round", rint},  {"i32", trunc},        {"u8", as_u8},  {"i8", as_i8},
                   {"i64", trunc},   {"softplus", softplus}};
  const char *name = f->glyph.text;
  if (strcmp(name, "uniform") == 0 || strcmp(name, "normal") == 0) r->random = true;
  if (strcmp(name, "onehot") == 0) return one_hot(r, read_formula(r, f->args[0]).values[0], false);
  Array a = read_formula(r, f->args[0]);
  if (strcmp(name, "softmax") == 0) return softmax(r, a);
  if (strcmp(name, "CE") == 0)
    return number(r, -log(softmax(r, a).values[(int64_t)read_formula(r, f->args[1]).values[0]]));
  if (f->n_args == 1 && (strstr(name, "max") != NULL || strstr(name, "min") != NULL))
    return vector_fold(r, name, a);
  if (strcmp(name, "max") == 0) return combine(r, larger, a, read_formula(r, f->args[1]));
  if (strcmp(name, "min") == 0) return combine(r, smaller, a, read_formula(r, f->args[1]));
  if (strcmp(name, "atan2") == 0) return combine(r, atan2, a, read_formula(r, f->args[1]));
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (strcmp(name, functions[i].name) == 0) return map(r, functions[i].op, a);
  return stuck(r, name);
}

/* --- the rest --- */

static Array glyph(Reading *r, const char *text) {
  for (int i = r->n_names; i-- > 0;)
    if (strcmp(r->names[i], text) == 0) return number(r, (double)r->indices[i]);
  if (strcmp(text, "π") == 0) return number(r, 3.14159265358979323846);
  if (strcmp(text, "∞") == 0) return number(r, INFINITY);
  if (strcmp(text, "true") == 0 || strcmp(text, "training") == 0) return number(r, 1);
  if (strcmp(text, "false") == 0) return number(r, 0);
  if (strcmp(text, "step") == 0) return number(r, 1);
  char *end;
  double value = strtod(text, &end);
  return *end == '\0' ? number(r, value) : stuck(r, text);
}

static Array relation(Reading *r, const Formula *f) {
  static const struct {
    const char *sign;
    Binary *op;
  } relations[] = {{"=", equal}, {"≠", unequal},  {"<", below}, {"≤", at_most},
                   {">", above}, {"≥", at_least}, {"∧", both},  {"∨", either}};
  Array a = read_formula(r, f->args[0]), b = read_formula(r, f->args[1]);
  for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
    if (strcmp(f->glyph.text, relations[i].sign) == 0) return combine(r, relations[i].op, a, b);
  return stuck(r, f->glyph.text);
}

static Array fenced(Reading *r, const Formula *f) {
  Array a = read_formula(r, f->args[0]);
  switch (f->fence) {
  case FENCE_BRACKETS: return a;
  case FENCE_BARS: return map(r, fabs, a);
  case FENCE_FLOOR: return map(r, floor_of, a);
  case FENCE_CEIL: return map(r, ceil, a);
  case FENCE_NORM: break;
  }
  double sum = 0;
  for (int64_t i = 0; i < size_of(&a); i++) sum += a.values[i] * a.values[i];
  return number(r, sqrt(sum));
}

static Array choice(Reading *r, const Formula *f) {
  Array condition = read_formula(r, f->args[1]);
  if (condition.rank == 0) return read_formula(r, f->args[condition.values[0] != 0 ? 0 : 2]);
  Array a = read_formula(r, f->args[0]), b = read_formula(r, f->args[2]);
  Array c = new_array(r, condition.rank, condition.extents);
  for (int64_t i = 0; i < size_of(&c); i++) {
    const Array *from = condition.values[i] != 0 ? &a : &b;
    c.values[i] = from->values[from->rank > 0 ? i : 0];
  }
  return c;
}

static Array chained(Reading *r, const Formula *f, Binary *op) {
  Array a = read_formula(r, f->args[0]);
  for (uint32_t i = 1; i < f->n_args; i++) {
    if (op == times && a.rank == 0 && a.values[0] == 0) return a;
    a = combine(r, op, a, read_formula(r, f->args[i]));
  }
  return a;
}

static Array component(Reading *r, const Formula *f) {
  Array a = read_formula(r, f->args[0]);
  if (a.rank != 1 || f->n_args != 2) return stuck(r, "a component");
  return number(r, a.values[(int64_t)read_formula(r, f->args[1]).values[0]]);
}

static Array read_formula(Reading *r, const Formula *f) {
  switch (f->kind) {
  case FORMULA_GLYPH: return glyph(r, f->glyph.text);
  case FORMULA_SYMBOL: return read_symbol(r, f);
  case FORMULA_SUM: return chained(r, f, plus);
  case FORMULA_NEGATIVE: return map(r, negative, read_formula(r, f->args[0]));
  case FORMULA_JUXTAPOSED: return juxtaposed(r, f);
  case FORMULA_SCALED:
  case FORMULA_HADAMARD: return chained(r, f, times);
  case FORMULA_QUOTIENT: return chained(r, f, over);
  case FORMULA_MODULO: return chained(r, f, modulo);
  case FORMULA_POWER: return chained(r, f, pow);
  case FORMULA_CALL: return call(r, f);
  case FORMULA_BIG: return big(r, f);
  case FORMULA_FENCED: return fenced(r, f);
  case FORMULA_ROOT: return map(r, sqrt, read_formula(r, f->args[0]));
  case FORMULA_RELATION: return relation(r, f);
  case FORMULA_NOT: return map(r, not_so, read_formula(r, f->args[0]));
  case FORMULA_CHOICE: return choice(r, f);
  case FORMULA_TRANSPOSED: return transposed(r, read_formula(r, f->args[0]));
  case FORMULA_COMPONENT: return component(r, f);
  }
  return stuck(r, "a formula");
}

/* --- definitions --- */

static const char *difference(Reading *r, const char *what) {
  Text text = text_new(r->arena);
  text_printf(&text, "%s: ", what);
  formula_text(&text, line_equation(r->arena, r->line));
  for (int i = 0; i < r->n_names; i++)
    text_printf(&text, ", %s = %d", r->names[i], (int)r->indices[i]);
  return text_string(&text);
}

static bool is_close(double a, double b) {
  if (a == b || (isnan(a) && isnan(b))) return true;
  return fabs(a - b) <= 1e-9 + 1e-6 * (fabs(a) + fabs(b));
}

static const char *compare_here(Reading *r) {
  Array left = read_formula(r, r->line->left);
  r->left = &left;
  Array right = read_formula(r, r->line->right);
  if (r->random) return NULL;
  if (r->stuck != NULL) return difference(r, r->stuck);
  for (int64_t i = 0; i < size_of(&left); i++)
    if (!is_close(left.values[i], right.values[right.rank > 0 ? i : 0]))
      return difference(r, arena_printf(r->arena, "%.12g, not %.12g", left.values[i],
                                        right.values[right.rank > 0 ? i : 0]));
  return NULL;
}

/* At all subscripts of what is defined, from the one given on, and for all examples. */
static const char *compare_from(Reading *r, uint32_t arg) {
  const Formula *left = r->line->left;
  if (arg < left->n_args && is_any(left->args[arg])) return compare_from(r, arg + 1);
  if (arg == left->n_args) {
    const char *wrong = NULL;
    for (r->example = 0; r->example < r->n_examples && wrong == NULL && !r->random; r->example++)
      wrong = compare_here(r);
    return wrong;
  }
  const char *name = left->args[arg]->glyph.text, *wrong = NULL;
  int64_t range = range_of(r, left, name);
  r->names[r->n_names++] = name;
  for (int64_t i = 0; i < range && wrong == NULL && !r->random; i++) {
    r->indices[r->n_names - 1] = i;
    wrong = compare_from(r, arg + 1);
  }
  r->n_names--;
  return wrong;
}

/* The examples of what it is about. */
static int64_t count_examples(const Reading *r, const Formula *f) {
  TensorId id = f->kind == FORMULA_SYMBOL ? tensor_of(r, f->symbol) : TENSOR_NONE;
  for (uint32_t i = 0; id != TENSOR_NONE && i < tensor_at(r->graph, id)->rank; i++)
    if (batch_of_axis(r->axes, id, i)) return tensor_at(r->graph, id)->extents[i];
  for (uint32_t i = 0; i < f->n_args; i++) {
    int64_t count = count_examples(r, f->args[i]);
    if (count > 0) return count;
  }
  return 0;
}

uint32_t compare_meaning(Arena *arena, const Document *document, Interpreter *in,
                         const char **wrong) {
  const Trees *trees = document->recogniser->trees;
  uint32_t compared = 0;
  *wrong = NULL;
  for (uint32_t i = 0; i < document->n_sections; i++)
    for (uint32_t k = 0; k < document->sections[i].n_rows; k++)
      for (uint32_t m = 0; m < document->sections[i].rows[k].n && *wrong == NULL; m++) {
        const Line *line = document->sections[i].rows[k].lines[m];
        const Graph *graph = trees->program->graph;
        if (line->tensor == TENSOR_NONE ||
            tensor_at(graph, line->tensor)->kind != TENSOR_DEFINITION)
          continue;
        Reading r = {.arena = arena,
                     .document = document,
                     .graph = graph,
                     .axes = trees->axes,
                     .in = in,
                     .line = line,
                     .n_examples = 1};
        const char *message;
        if (!interpreter_evaluate(in, line->tensor, true, &message)) continue;
        if (line->batch) r.n_examples = count_examples(&r, line_equation(arena, line));
        *wrong = compare_from(&r, 0);
        compared += !r.random;
      }
  return compared;
}
