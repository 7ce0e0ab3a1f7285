/* Bracket elimination: the rows of the table in architecture.md, as printed definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "graph/print.h"
#include "simplify/algebra.h"
#include "simplify/sum.h"

typedef struct Fixture {
  Arena *arena;
  Program program;
  TensorId x; /* f32[extent] */
} Fixture;

static Fixture fixture(int64_t extent) {
  Fixture f = {.arena = arena_new()};
  f.program = (Program){.arena = f.arena, .graph = graph_new(f.arena), .real = TYPE_F32};
  Tensor x = tensor_new(TENSOR_INPUT, TYPE_F32);
  int64_t *extents = ARENA_ARRAY(f.arena, int64_t, 1);
  extents[0] = extent;
  x.name = "x";
  x.rank = 1;
  x.extents = extents;
  f.x = graph_add(f.program.graph, x);
  return f;
}

static ExprId integer(Fixture *f, int64_t value) {
  return expr_integer(f->program.graph, TYPE_I32, value);
}

static ExprId op(Fixture *f, ScalarOp o, ExprId a, ExprId b) {
  return fold_op2(f->program.graph, o, a, b);
}

static ExprId index_of(Fixture *f, uint32_t v) { return expr_index(f->program.graph, v); }

static ExprId read_x(Fixture *f, ExprId at) {
  return expr_read(f->program.graph, f->x, &at, 1, EXPR_NONE);
}

/* y[i] = Σ over v, w of [condition] x[at], after elimination, as text. */
static const char *eliminated(Fixture *f, const int64_t *extents, uint32_t n, ExprId condition,
                              ExprId body) {
  Graph *graph = f->program.graph;
  Sum sum = sum_new(graph, extents, n, 1);
  sum.body = body;
  sum_guard(&sum, condition);
  sum_eliminate(&sum, true);
  Tensor y = tensor_new(TENSOR_DEFINITION, TYPE_F32);
  y.name = "y";
  y.rank = 1;
  y.extents = extents;
  y.body = sum_result(&sum, &y.n_reduced, &y.reduced_extents);
  y.reduction = y.n_reduced > 0 ? REDUCE_SUM : REDUCE_NONE;
  static const char *const names[] = {"i", "a", "b", "c"};
  y.index_names = names;
  Text text = text_new(f->arena);
  print_definition(&text, &f->program, graph_add(graph, y));
  return text_string(&text);
}

static void shift_is_substituted(void **state) {
  (void)state;
  Fixture f = fixture(10);
  /* [i = v + 2], i over 10, v over 8 */
  ExprId condition =
      op(&f, OP_EQ, index_of(&f, 0), op(&f, OP_ADD, index_of(&f, 1), integer(&f, 2)));
  const char *text = eliminated(&f, (int64_t[]){10, 8}, 2, condition, read_x(&f, index_of(&f, 1)));
  assert_string_equal(text, "y[i: 0..10] = where(i >= 2, x[i - 2], 0)");
  arena_free(f.arena);
}

static void equal_ranges_leave_no_guard(void **state) {
  (void)state;
  Fixture f = fixture(10);
  ExprId condition = op(&f, OP_EQ, index_of(&f, 0), index_of(&f, 1));
  const char *text = eliminated(&f, (int64_t[]){10, 10}, 2, condition, read_x(&f, index_of(&f, 1)));
  assert_string_equal(text, "y[i] = x[i]");
  arena_free(f.arena);
}

static void stride_leaves_divisibility(void **state) {
  (void)state;
  Fixture f = fixture(5);
  /* [i = 2v], i over 10, v over 5 */
  ExprId condition =
      op(&f, OP_EQ, index_of(&f, 0), op(&f, OP_MUL, integer(&f, 2), index_of(&f, 1)));
  const char *text = eliminated(&f, (int64_t[]){10, 5}, 2, condition, read_x(&f, index_of(&f, 1)));
  assert_string_equal(text, "y[i: 0..10] = where(i % 2 == 0, x[i / 2], 0)");
  arena_free(f.arena);
}

/* [i = 4v + w], v and w over 3: solved for v one w in four is left, and solved for w all v are. */
static void what_leaves_fewest_is_solved_for(void **state) {
  (void)state;
  Fixture f = fixture(3);
  ExprId at = op(&f, OP_ADD, op(&f, OP_MUL, integer(&f, 4), index_of(&f, 1)), index_of(&f, 2));
  ExprId condition = op(&f, OP_EQ, index_of(&f, 0), at);
  const char *text =
      eliminated(&f, (int64_t[]){11, 3, 3}, 3, condition, read_x(&f, index_of(&f, 2)));
  assert_string_equal(text, "y[i: 0..11] = where(i % 4 < 3, x[i % 4], 0)");
  arena_free(f.arena);
}

static void quotient_keeps_the_rest(void **state) {
  (void)state;
  Fixture f = fixture(12);
  /* [i = v / 3], i over 4, v over 12 */
  ExprId condition =
      op(&f, OP_EQ, index_of(&f, 0), op(&f, OP_DIV, index_of(&f, 1), integer(&f, 3)));
  const char *text = eliminated(&f, (int64_t[]){4, 12}, 2, condition, read_x(&f, index_of(&f, 1)));
  assert_string_equal(text, "y[i: 0..4] = sum[a: 0..3](x[3*i + a])");
  arena_free(f.arena);
}

static void remainder_keeps_the_rows(void **state) {
  (void)state;
  Fixture f = fixture(12);
  /* [i = v % 3], i over 3, v over 12 */
  ExprId condition =
      op(&f, OP_EQ, index_of(&f, 0), op(&f, OP_MOD, index_of(&f, 1), integer(&f, 3)));
  const char *text = eliminated(&f, (int64_t[]){3, 12}, 2, condition, read_x(&f, index_of(&f, 1)));
  assert_string_equal(text, "y[i: 0..3] = sum[a: 0..4](x[i + 3*a])");
  arena_free(f.arena);
}

static void bounds_narrow_the_range(void **state) {
  (void)state;
  Fixture f = fixture(10);
  ExprId condition = op(&f, OP_LT, index_of(&f, 1), integer(&f, 1));
  const char *text = eliminated(&f, (int64_t[]){3, 10}, 2, condition, read_x(&f, index_of(&f, 1)));
  assert_string_equal(text, "y[i: 0..3] = x[0]");
  arena_free(f.arena);
}

static void contradiction_is_zero(void **state) {
  (void)state;
  Fixture f = fixture(10);
  ExprId condition = op(&f, OP_GT, index_of(&f, 1), integer(&f, 20));
  const char *text = eliminated(&f, (int64_t[]){3, 10}, 2, condition, read_x(&f, index_of(&f, 1)));
  assert_string_equal(text, "y[i: 0..3] = 0.0");
  arena_free(f.arena);
}

static void two_outputs_stay_a_diagonal(void **state) {
  (void)state;
  Fixture f = fixture(10);
  /* the guard holds no summed variable: it stays, and the unused one becomes a factor */
  ExprId condition = op(&f, OP_EQ, index_of(&f, 0), integer(&f, 4));
  const char *text = eliminated(&f, (int64_t[]){10, 7}, 2, condition, read_x(&f, index_of(&f, 0)));
  assert_string_equal(text, "y[i] = 7 * where(i == 4, x[i], 0)");
  arena_free(f.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shift_is_substituted),
      cmocka_unit_test(equal_ranges_leave_no_guard),
      cmocka_unit_test(stride_leaves_divisibility),
      cmocka_unit_test(what_leaves_fewest_is_solved_for),
      cmocka_unit_test(quotient_keeps_the_rest),
      cmocka_unit_test(remainder_keeps_the_rows),
      cmocka_unit_test(bounds_narrow_the_range),
      cmocka_unit_test(contradiction_is_zero),
      cmocka_unit_test(two_outputs_stay_a_diagonal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
