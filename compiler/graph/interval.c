/* Ranges of integer expressions: interval arithmetic over the index variables' extents.

   An end of INT64_MIN or INT64_MAX means that there is no bound on that side. Whatever overflows
   int64_t has no bound either, so a result is never narrower than the truth. */
#include "graph/interval.h"

static const Interval unbounded = {INT64_MIN, INT64_MAX};

static bool bounded(Interval a) { return a.low != INT64_MIN && a.high != INT64_MAX; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/* a + b and -a of ends, where INT64_MIN and INT64_MAX stand for infinity; `none` is what an
   overflow becomes. */
static int64_t add_ends(int64_t a, int64_t b, int64_t none) {
  int64_t sum;
  if (a == none || b == none || __builtin_add_overflow(a, b, &sum)) return none;
  return sum;
}

static int64_t negate_end(int64_t a) {
  if (a == INT64_MIN) return INT64_MAX;
  return a == INT64_MAX ? INT64_MIN : -a;
}

Interval interval_add(const Interval *o) {
  return (Interval){add_ends(o[0].low, o[1].low, INT64_MIN),
                    add_ends(o[0].high, o[1].high, INT64_MAX)};
}

Interval interval_neg(const Interval *o) {
  return (Interval){negate_end(o[0].high), negate_end(o[0].low)};
}

Interval interval_sub(const Interval *o) {
  Interval operands[2] = {o[0], interval_neg(&o[1])};
  return interval_add(operands);
}

Interval interval_mul(const Interval *o) {
  const Interval a = o[0], b = o[1];
  if ((a.low == 0 && a.high == 0) || (b.low == 0 && b.high == 0)) return (Interval){0, 0};
  if (!bounded(a) || !bounded(b)) {
    bool positive = a.low >= 0 && b.low >= 0;
    return (Interval){positive ? 0 : INT64_MIN, INT64_MAX};
  }
  int64_t products[4];
  if (__builtin_mul_overflow(a.low, b.low, &products[0]) ||
      __builtin_mul_overflow(a.low, b.high, &products[1]) ||
      __builtin_mul_overflow(a.high, b.low, &products[2]) ||
      __builtin_mul_overflow(a.high, b.high, &products[3]))
    return unbounded;
  Interval result = {products[0], products[0]};
  for (int i = 1; i < 4; i++) {
    result.low = smaller(result.low, products[i]);
    result.high = larger(result.high, products[i]);
  }
  return result;
}

static int64_t floor_divide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/* floor(a / b) grows with a, and is monotonic in b as long as b keeps its sign. */
Interval interval_div(const Interval *o) {
  const Interval a = o[0], b = o[1];
  if (b.low < 1) {
    if (b.high > -1 || b.low == INT64_MIN) return unbounded;
    Interval negated[2] = {interval_neg(&a), interval_neg(&b)};
    return interval_div(negated);
  }
  Interval result = unbounded;
  /* towards the larger divisor, quotients go to 0, or to -1 from below */
  if (a.low != INT64_MIN)
    result.low = a.low >= 0 ? (b.high == INT64_MAX ? 0 : floor_divide(a.low, b.high))
                            : floor_divide(a.low, b.low);
  if (a.high != INT64_MAX)
    result.high = a.high >= 0 ? floor_divide(a.high, b.low)
                              : (b.high == INT64_MAX ? -1 : floor_divide(a.high, b.high));
  return result;
}

/* The result has the divisor's sign and is smaller than it. */
Interval interval_mod(const Interval *o) {
  const Interval a = o[0], b = o[1];
  if (b.low < 1) {
    if (b.high > -1) return unbounded;
    return (Interval){b.low == INT64_MIN ? INT64_MIN : b.low + 1, 0};
  }
  bool same_quotient =
      b.low == b.high && bounded(a) && floor_divide(a.low, b.low) == floor_divide(a.high, b.low);
  if (same_quotient) {
    int64_t base = floor_divide(a.low, b.low) * b.low;
    return (Interval){a.low - base, a.high - base};
  }
  if (a.low >= 0 && a.high < b.low) return a;
  int64_t high = b.high == INT64_MAX ? INT64_MAX : b.high - 1;
  return (Interval){0, a.low >= 0 ? smaller(high, a.high) : high};
}

Interval interval_min(const Interval *o) {
  return (Interval){smaller(o[0].low, o[1].low), smaller(o[0].high, o[1].high)};
}

Interval interval_max(const Interval *o) {
  return (Interval){larger(o[0].low, o[1].low), larger(o[0].high, o[1].high)};
}

Interval interval_abs(const Interval *o) {
  if (o[0].low >= 0) return o[0];
  Interval negated = interval_neg(o);
  if (o[0].high <= 0) return negated;
  return (Interval){0, larger(o[0].high, negated.high)};
}

Interval interval_sign(const Interval *o) {
  return (Interval){o[0].low > 0 ? 1 : (o[0].low == 0 ? 0 : -1),
                    o[0].high < 0 ? -1 : (o[0].high == 0 ? 0 : 1)};
}

Interval interval_where(const Interval *o) {
  return (Interval){smaller(o[1].low, o[2].low), larger(o[1].high, o[2].high)};
}

Interval interval_same(const Interval *o) { return o[0]; }

/* --- types --- */

Interval type_interval(ScalarType type) {
  switch (type) {
  case TYPE_BOOL: return (Interval){0, 1};
  case TYPE_U8: return (Interval){0, UINT8_MAX};
  case TYPE_I8: return (Interval){INT8_MIN, INT8_MAX};
  case TYPE_I32: return (Interval){INT32_MIN, INT32_MAX};
  case TYPE_I64:
  case TYPE_F32:
  case TYPE_F64:
  case TYPE_BF16:
  case TYPE_F16: break;
  }
  return unbounded;
}

/* A narrow type wraps: what leaves its range may come back anywhere in it. i32 and i64 do not:
   where they overflow, a program has no meaning. */
static Interval wrapped(Interval interval, ScalarType type) {
  if (type != TYPE_BOOL && type != TYPE_U8 && type != TYPE_I8) return interval;
  Interval whole = type_interval(type);
  return interval.low >= whole.low && interval.high <= whole.high ? interval : whole;
}

/* argmax and argmin number the places that they look at. */
static Interval read_interval(const Tensor *read) {
  bool place = read->kind == TENSOR_DEFINITION &&
               (read->reduction == REDUCE_ARGMAX || read->reduction == REDUCE_ARGMIN);
  if (!place) return type_interval(read->type);
  int64_t places = 1;
  for (uint32_t i = 0; i < read->n_reduced; i++) places *= read->reduced_extents[i];
  return (Interval){0, places - 1};
}

/* --- sums in which x and x / c stand --- */

enum { MAX_TERMS = 8 };

typedef struct Sum {
  int64_t constant;
  uint32_t n;
  int64_t factors[MAX_TERMS];
  ExprId atoms[MAX_TERMS];
  bool fits; /* no more terms, and no larger numbers, than there is room for */
} Sum;

static void add_term(Sum *sum, int64_t factor, ExprId atom) {
  uint32_t i = 0;
  while (i < sum->n && sum->atoms[i] != atom) i++;
  if (i == MAX_TERMS) {
    sum->fits = false;
    return;
  }
  if (i == sum->n) sum->factors[sum->n++] = 0;
  sum->atoms[i] = atom;
  if (__builtin_add_overflow(sum->factors[i], factor, &sum->factors[i])) sum->fits = false;
}

static bool constant_of(const Graph *graph, ExprId id, int64_t *value) {
  const Expr *e = expr_at(graph, id);
  *value = e->integer;
  return e->kind == EXPR_CONST;
}

/* factor · id, taken apart into constants and atoms. */
static void add_to_sum(const Graph *graph, Sum *sum, int64_t factor, ExprId id) {
  const Expr *e = expr_at(graph, id);
  int64_t value, product;
  if (constant_of(graph, id, &value)) {
    if (__builtin_mul_overflow(factor, value, &product) ||
        __builtin_add_overflow(sum->constant, product, &sum->constant))
      sum->fits = false;
    return;
  }
  ScalarOp op = e->kind == EXPR_OP ? e->op : OP_CAST;
  if (op == OP_ADD || op == OP_SUB) {
    sum->fits = sum->fits && factor != INT64_MIN;
    add_to_sum(graph, sum, factor, e->args[0]);
    add_to_sum(graph, sum, op == OP_ADD || !sum->fits ? factor : -factor, e->args[1]);
  } else if (op == OP_MUL &&
             (constant_of(graph, e->args[0], &value) || constant_of(graph, e->args[1], &value))) {
    ExprId other = expr_at(graph, e->args[0])->kind == EXPR_CONST ? e->args[1] : e->args[0];
    if (__builtin_mul_overflow(factor, value, &product))
      sum->fits = false;
    else
      add_to_sum(graph, sum, product, other);
  } else {
    add_term(sum, factor, id);
  }
}

/* For the k-th term, b · (y / c), where y = x + d and a · x is another term: as
   x = c · (y / c) + y % c − d, both are (a · c + b) · (y / c) + a · (y % c) − a · d. The share of
   the remainder is added to *rest, and x's term is gone. */
static void take_apart(const Graph *graph, Sum *sum, uint32_t k, Interval *rest,
                       const int64_t *extents, uint32_t n) {
  const Expr *e = expr_at(graph, sum->atoms[k]);
  int64_t c, moved;
  if (e->kind != EXPR_OP || e->op != OP_DIV || !constant_of(graph, e->args[1], &c) || c < 1) return;
  Sum y = {.fits = true};
  add_to_sum(graph, &y, 1, e->args[0]);
  if (!y.fits || y.n != 1 || y.factors[0] != 1) return;
  for (uint32_t i = 0; i < sum->n; i++) {
    int64_t a = sum->factors[i];
    if (sum->atoms[i] != y.atoms[0] || a == 0) continue;
    Interval remainder =
        interval_mod((Interval[]){expr_interval(graph, e->args[0], extents, n), {c, c}});
    Interval share = interval_mul((Interval[]){remainder, {a, a}});
    *rest = interval_add((Interval[]){*rest, share});
    if (__builtin_mul_overflow(a, c, &moved) ||
        __builtin_add_overflow(sum->factors[k], moved, &sum->factors[k]) ||
        __builtin_mul_overflow(a, y.constant, &moved) ||
        __builtin_sub_overflow(sum->constant, moved, &sum->constant))
      sum->fits = false;
    sum->factors[i] = 0;
    return;
  }
}

/* By its terms, so that n - 2 * (n / 3) is 0 to 2 for n to 4, and not -2 to 3. */
static Interval sum_interval(const Graph *graph, ExprId id, const int64_t *extents, uint32_t n) {
  Sum sum = {.fits = true};
  Interval result = {0, 0};
  add_to_sum(graph, &sum, 1, id);
  for (uint32_t k = 0; k < sum.n && sum.fits; k++) take_apart(graph, &sum, k, &result, extents, n);
  for (uint32_t k = 0; k < sum.n && sum.fits; k++) {
    int64_t factor = sum.factors[k];
    Interval atom = expr_interval(graph, sum.atoms[k], extents, n);
    Interval term = interval_mul((Interval[]){atom, {factor, factor}});
    result = interval_add((Interval[]){result, term});
  }
  return sum.fits ? interval_add((Interval[]){result, {sum.constant, sum.constant}}) : unbounded;
}

/* --- expressions --- */

Interval expr_interval(const Graph *graph, ExprId id, const int64_t *extents, uint32_t n) {
  const Expr *e = expr_at(graph, id);
  switch (e->kind) {
  case EXPR_CONST: return type_is_real(e->type) ? unbounded : (Interval){e->integer, e->integer};
  case EXPR_INDEX: return e->index < n ? (Interval){0, extents[e->index] - 1} : unbounded;
  case EXPR_READ: return read_interval(tensor_at(graph, e->tensor));
  case EXPR_OP: break;
  }
  const ScalarOpInfo *info = &scalar_ops[e->op];
  if (e->op == OP_STEP) return (Interval){0, INT32_MAX};
  if (info->interval == NULL || type_is_real(e->type)) return type_interval(e->type);
  Interval operands[3] = {unbounded, unbounded, unbounded};
  for (uint32_t i = 0; i < e->n_args && i < 3; i++)
    operands[i] = expr_interval(graph, e->args[i], extents, n);
  Interval result = info->interval(operands);
  if (e->op == OP_ADD || e->op == OP_SUB) {
    Interval sum = sum_interval(graph, id, extents, n);
    result = (Interval){larger(result.low, sum.low), smaller(result.high, sum.high)};
  }
  result = wrapped(result, e->type);
  return result.low == INT64_MIN && result.high == INT64_MAX ? type_interval(e->type) : result;
}
