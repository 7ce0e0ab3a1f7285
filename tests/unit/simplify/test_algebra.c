/* The algebra of adjoints and exact folding, on printed expressions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "graph/graph.h"
#include "simplify/algebra.h"

typedef struct Fixture {
  Arena *arena;
  Program program;
  ExprId a, b, c; /* reads of scalars */
  ExprId p, q;    /* conditions */
} Fixture;

static ExprId scalar(Fixture *f, const char *name, ScalarType type) {
  Tensor t = tensor_new(TENSOR_INPUT, type);
  t.name = name;
  return expr_read(f->program.graph, graph_add(f->program.graph, t), NULL, 0, EXPR_NONE);
}

static int setup(void **state) {
  static Fixture f;
  f = (Fixture){.arena = arena_new()};
  f.program = (Program){.arena = f.arena, .graph = graph_new(f.arena), .real = TYPE_F32};
  f.a = scalar(&f, "a", TYPE_F32);
  f.b = scalar(&f, "b", TYPE_F32);
  f.c = scalar(&f, "c", TYPE_F32);
  f.p = scalar(&f, "p", TYPE_BOOL);
  f.q = scalar(&f, "q", TYPE_BOOL);
  *state = &f;
  return 0;
}

static int teardown(void **state) {
  arena_free(((Fixture *)*state)->arena);
  return 0;
}

static const char *text_of(Fixture *f, ExprId id) {
  Tensor t = tensor_new(TENSOR_DEFINITION, expr_at(f->program.graph, id)->type);
  t.body = id;
  t.name = "y";
  Text text = text_new(f->arena);
  print_definition(&text, &f->program, graph_add(f->program.graph, t));
  const char *line = text_string(&text);
  while (*line != '=') line++;
  return line + 2;
}

static ExprId number(Fixture *f, double value) {
  return expr_real(f->program.graph, TYPE_F32, value);
}

#define ASSERT_TEXT(id, expected) assert_string_equal(text_of(f, (id)), (expected))

static void constants_stay_outermost(void **state) {
  Fixture *f = *state;
  Graph *g = f->program.graph;
  ExprId scaled = derive_div(g, f->a, number(f, 64));
  ASSERT_TEXT(derive_mul(g, scaled, f->b), "a * b / 64");
  ASSERT_TEXT(derive_mul(g, number(f, 2), derive_mul(g, number(f, 3), f->a)), "6 * a");
  ASSERT_TEXT(derive_div(g, number(f, 1), number(f, 64)), "1.0 / 64");
  ASSERT_TEXT(derive_mul(g, derive_div(g, number(f, 1), f->a), f->b), "b / a");
  ASSERT_TEXT(derive_mul(g, number(f, 2), derive_div(g, f->a, number(f, 64))), "a / 32");
}

static void equal_scales_are_taken_out_of_sums(void **state) {
  Fixture *f = *state;
  Graph *g = f->program.graph;
  ExprId a = derive_div(g, f->a, number(f, 64)), b = derive_div(g, f->b, number(f, 64));
  ASSERT_TEXT(derive_add(g, a, b), "(a + b) / 64");
  ASSERT_TEXT(derive_sub(g, a, b), "(a - b) / 64");
  ASSERT_TEXT(derive_add(g, derive_neg(g, a), b), "(b - a) / 64");
  ASSERT_TEXT(derive_add(g, f->a, f->a), "2 * a");
  ASSERT_TEXT(derive_sub(g, f->a, f->a), "0.0");
}

static void brackets_swallow_factors(void **state) {
  Fixture *f = *state;
  Graph *g = f->program.graph;
  ExprId zero = number(f, 0);
  ExprId bracket = derive_where(g, f->p, f->a, zero);
  ASSERT_TEXT(derive_mul(g, bracket, f->b), "where(p, a * b, 0)");
  ASSERT_TEXT(derive_div(g, bracket, f->b), "where(p, a / b, 0)");
  ASSERT_TEXT(derive_add(g, bracket, derive_where(g, f->p, zero, f->b)), "where(p, a, b)");
  ASSERT_TEXT(derive_where(g, f->p, derive_div(g, f->a, number(f, 4)), zero), "where(p, a, 0) / 4");
}

static void folding_is_exact(void **state) {
  Fixture *f = *state;
  Graph *g = f->program.graph;
  /* numbers as on paper, as elaboration has them */
  ASSERT_TEXT(fold_op2(g, OP_ADD, number(f, 0.1), number(f, 0.2)), "0.3");
  ASSERT_TEXT(fold_op2(g, OP_DIV, number(f, 1), number(f, 64)), "1.0 / 64");
  ASSERT_TEXT(fold_op2(g, OP_ADD, number(f, 1), number(f, 2)), "3.0");
  /* x · 0 is not 0 for every x */
  ASSERT_TEXT(fold_op2(g, OP_MUL, f->a, number(f, 0)), "a * 0");
  ASSERT_TEXT(fold_op2(g, OP_SUB, f->a, f->a), "a - a");
  ASSERT_TEXT(fold_op2(g, OP_ADD, f->a, fold_op1(g, OP_NEG, f->b)), "a - b");
  ASSERT_TEXT(fold_op2(g, OP_POW, f->a, number(f, 1)), "a");
  ASSERT_TEXT(fold_op3(g, OP_WHERE, f->p, f->a, f->a), "a");
  ASSERT_TEXT(fold_op3(g, OP_WHERE, fold_op1(g, OP_NOT, f->p), f->a, f->b), "where(p, b, a)");
}

static void integers_fold_with_floor_division(void **state) {
  Fixture *f = *state;
  Graph *g = f->program.graph;
  ExprId seven = expr_integer(g, TYPE_I32, -7), two = expr_integer(g, TYPE_I32, 2);
  ASSERT_TEXT(fold_op2(g, OP_DIV, seven, two), "-4");
  ASSERT_TEXT(fold_op2(g, OP_MOD, seven, two), "1");
  ExprId large = expr_integer(g, TYPE_I32, INT32_MAX);
  ASSERT_TEXT(fold_op2(g, OP_MUL, large, two), "2147483647*2"); /* does not fit: left alone */
  ExprId none = expr_integer(g, TYPE_I32, 0);
  ASSERT_TEXT(fold_op2(g, OP_DIV, seven, none), "(-7) / 0");
}

static void printed_precedence_is_kept(void **state) {
  Fixture *f = *state;
  Graph *g = f->program.graph;
  ExprId sum = expr_op2(g, OP_ADD, f->a, f->b), difference = expr_op2(g, OP_SUB, f->b, f->c);
  ASSERT_TEXT(expr_op2(g, OP_MUL, sum, f->c), "(a + b) * c");
  ASSERT_TEXT(expr_op2(g, OP_SUB, f->a, difference), "a - (b - c)");
  ASSERT_TEXT(expr_op2(g, OP_DIV, f->a, expr_op2(g, OP_MUL, f->b, f->c)), "a / (b * c)");
  ASSERT_TEXT(expr_op2(g, OP_POW, expr_op1(g, OP_NEG, f->a), number(f, 2)), "(-a)^2");
  ASSERT_TEXT(expr_op1(g, OP_NEG, expr_op2(g, OP_POW, f->a, number(f, 2))), "-a^2");
  ASSERT_TEXT(expr_op2(g, OP_POW, f->a, number(f, -1)), "a^(-1)");
  ASSERT_TEXT(expr_op2(g, OP_SUB, f->a, number(f, -1)), "a - (-1)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(constants_stay_outermost, setup, teardown),
      cmocka_unit_test_setup_teardown(equal_scales_are_taken_out_of_sums, setup, teardown),
      cmocka_unit_test_setup_teardown(brackets_swallow_factors, setup, teardown),
      cmocka_unit_test_setup_teardown(folding_is_exact, setup, teardown),
      cmocka_unit_test_setup_teardown(integers_fold_with_floor_division, setup, teardown),
      cmocka_unit_test_setup_teardown(printed_precedence_is_kept, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
