#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "graph/interval.h"
#include "support/integers.h"

/* For each rule, the interval of all operand values in small boxes must hold every result; and
   unbounded ends must not be invented. */

static int64_t floor_of(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

static int64_t add(int64_t a, int64_t b) { return a + b; }
static int64_t sub(int64_t a, int64_t b) { return a - b; }
static int64_t mul(int64_t a, int64_t b) { return a * b; }
static int64_t divide(int64_t a, int64_t b) { return b == 0 ? 0 : floor_of(a, b); }
static int64_t mod(int64_t a, int64_t b) { return b == 0 ? 0 : a - b * floor_of(a, b); }
static int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t maximum(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t negate(int64_t a, int64_t b) { return (void)b, -a; }
static int64_t absolute(int64_t a, int64_t b) { return (void)b, a < 0 ? -a : a; }
static int64_t sign_of(int64_t a, int64_t b) { return (void)b, (a > 0) - (a < 0); }
static int64_t same(int64_t a, int64_t b) { return (void)b, a; }

typedef struct Row {
  const char *name;
  IntervalRule *rule;
  int64_t (*value)(int64_t, int64_t);
  bool tight; /* on boxes without a divisor of 0, the ends are reached */
} Row;

static const Row rows[] = {
    {"add", interval_add, add, true},      {"sub", interval_sub, sub, true},
    {"mul", interval_mul, mul, true},      {"div", interval_div, divide, true},
    {"mod", interval_mod, mod, false},     {"min", interval_min, minimum, true},
    {"max", interval_max, maximum, true},  {"neg", interval_neg, negate, true},
    {"abs", interval_abs, absolute, true}, {"sign", interval_sign, sign_of, true},
    {"same", interval_same, same, true},
};

static void check_box(const Row *row, Interval a, Interval b) {
  bool division = row->rule == interval_div || row->rule == interval_mod;
  if (division && b.low <= 0 && b.high >= 0) return;
  Interval result = row->rule((Interval[]){a, b});
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (int64_t x = a.low; x <= a.high; x++)
    for (int64_t y = b.low; y <= b.high; y++) {
      int64_t value = row->value(x, y);
      low = minimum(low, value);
      high = maximum(high, value);
    }
  if (result.low > low || result.high < high ||
      (row->tight && (result.low != low || result.high != high)))
    fail_msg("%s of %ld..%ld and %ld..%ld is %ld..%ld, not %ld..%ld", row->name, a.low, a.high,
             b.low, b.high, low, high, result.low, result.high);
}

static void test_rules_on_boxes(void **state) {
  (void)state;
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
    for (int64_t a = -6; a <= 6; a++)
      for (int64_t da = 0; da <= 7; da++)
        for (int64_t b = -5; b <= 5; b++)
          for (int64_t db = 0; db <= 5; db++)
            check_box(&rows[r], (Interval){a, a + da}, (Interval){b, b + db});
}

static void assert_interval(Interval got, int64_t low, int64_t high) {
  assert_int_equal(got.low, low);
  assert_int_equal(got.high, high);
}

static void test_where_joins_its_branches(void **state) {
  (void)state;
  assert_interval(interval_where((Interval[]){{0, 1}, {3, 5}, {-2, 4}}), -2, 5);
}

static void test_overflow_has_no_bound(void **state) {
  (void)state;
  Interval large = {0, INT64_MAX - 1}, free = {INT64_MIN, INT64_MAX};
  assert_interval(interval_add((Interval[]){large, large}), 0, INT64_MAX);
  assert_interval(interval_mul((Interval[]){{2, INT64_MAX / 2 + 2}, {2, 2}}), INT64_MIN, INT64_MAX);
  assert_interval(interval_add((Interval[]){free, {3, 3}}), INT64_MIN, INT64_MAX);
  assert_interval(interval_sub((Interval[]){{0, 5}, free}), INT64_MIN, INT64_MAX);
  assert_interval(interval_mul((Interval[]){{0, INT64_MAX}, {0, 3}}), 0, INT64_MAX);
  assert_interval(interval_neg((Interval[]){free}), INT64_MIN, INT64_MAX);
  assert_interval(interval_abs((Interval[]){free}), 0, INT64_MAX);
  assert_interval(interval_div((Interval[]){{0, INT64_MAX}, {2, 2}}), 0, INT64_MAX);
  assert_interval(interval_div((Interval[]){{0, 9}, free}), INT64_MIN, INT64_MAX);
  assert_interval(interval_mod((Interval[]){free, {4, 4}}), 0, 3);
}

/* --- expressions --- */

static void test_expressions(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena);
  int64_t extents[2] = {10, 3};
  ExprId i = expr_index(g, 0), k = expr_index(g, 1);
  ExprId two = expr_integer(g, TYPE_I32, 2), one = expr_integer(g, TYPE_I32, 1);
  /* 2*i + k - 1 */
  ExprId window = expr_op2(g, OP_SUB, expr_op2(g, OP_ADD, expr_op2(g, OP_MUL, two, i), k), one);
  assert_interval(expr_interval(g, window, extents, 2), -1, 19);
  assert_interval(
      expr_interval(g, expr_op2(g, OP_DIV, i, expr_integer(g, TYPE_I32, 3)), extents, 2), 0, 3);
  Tensor t = tensor_new(TENSOR_INPUT, TYPE_U8);
  ExprId read = expr_read(g, graph_add(g, t), NULL, 0, EXPR_NONE);
  assert_interval(expr_interval(g, read, extents, 2), 0, 255);
  Tensor place = tensor_new(TENSOR_DEFINITION, TYPE_I32);
  place.reduction = REDUCE_ARGMAX;
  place.n_reduced = 2;
  place.reduced_extents = extents;
  place.body = expr_real(g, TYPE_F32, 0);
  ExprId number = expr_read(g, graph_add(g, place), NULL, 0, EXPR_NONE);
  assert_interval(expr_interval(g, number, extents, 2), 0, 29);
  /* u8 wraps, its conversion to i32 does not */
  assert_interval(expr_interval(g, expr_op2(g, OP_ADD, read, read), extents, 2), 0, 255);
  ExprId wide = expr_cast(g, TYPE_I32, read);
  assert_interval(expr_interval(g, expr_op2(g, OP_ADD, wide, wide), extents, 2), 0, 510);
  ExprId real = expr_cast(g, TYPE_F32, i);
  assert_interval(expr_interval(g, expr_cast(g, TYPE_I8, real), extents, 2), -128, 127);
  assert_interval(expr_interval(g, expr_nullary(g, OP_STEP), extents, 2), 0, INT32_MAX);
  assert_interval(expr_interval(g, expr_op2(g, OP_LT, i, k), extents, 2), 0, 1);
  arena_free(arena);
}

/* Σ of x, x / c and (x + d) / c, against all values of x. */
static void test_sums_with_quotients(void **state) {
  (void)state;
  Arena *arena = arena_new();
  Graph *g = graph_new(arena);
  ExprId x = expr_index(g, 0);
  for (int64_t c = 1; c <= 4; c++)
    for (int64_t d = -3; d <= 3; d++)
      for (int64_t a = -3; a <= 3; a++)
        for (int64_t b = -3; b <= 3; b++) {
          int64_t extent = 7, low = INT64_MAX, high = INT64_MIN;
          ExprId moved = expr_op2(g, OP_ADD, x, expr_integer(g, TYPE_I32, d));
          ExprId quotient = expr_op2(g, OP_DIV, moved, expr_integer(g, TYPE_I32, c));
          ExprId sum = expr_op2(g, OP_SUB, expr_op2(g, OP_MUL, expr_integer(g, TYPE_I32, a), x),
                                expr_op2(g, OP_MUL, quotient, expr_integer(g, TYPE_I32, b)));
          for (int64_t at = 0; at < extent; at++) {
            int64_t value = a * at - b * floor_div(at + d, c);
            low = value < low ? value : low;
            high = value > high ? value : high;
          }
          Interval got = expr_interval(g, sum, &extent, 1);
          assert_true(got.low <= low && got.high >= high);
          bool remainder = a == 1 && b == c; /* x − c ⌊(x + d) / c⌋ = (x + d) mod c − d */
          if (remainder) assert_true(got.low >= -d && got.high <= c - 1 - d);
        }
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rules_on_boxes),        cmocka_unit_test(test_where_joins_its_branches),
      cmocka_unit_test(test_overflow_has_no_bound), cmocka_unit_test(test_expressions),
      cmocka_unit_test(test_sums_with_quotients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
