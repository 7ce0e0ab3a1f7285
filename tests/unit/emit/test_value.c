#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "build_plan.h"
#include "emit/writer.h"

/* A kernel over x: f32[100], y: f32[100], k: i32[100], u: u8[100], b: bool[100], d: f64[100], with
   a loop variable i in 0..90 and one j in 0..4. */
typedef struct Fixture {
  Arena *arena;
  Kernel kernel;
  Builder b;
  Text out;
  Map file;
  LaneTexts lanes;
  Writer w;
  ValueId i, j;
} Fixture;

enum { X, Y, K, U, B, D };

static Fixture *fixture_new(Arena *arena) {
  static const char *parameters[] = {"x", "y", "k", "u", "b", "d"};
  static const ScalarType types[] = {TYPE_F32, TYPE_F32, TYPE_I32, TYPE_U8, TYPE_BOOL, TYPE_F64};
  static const char *variables[] = {"i", "j"};
  static const char *locals[] = {"sum"};
  Fixture *f = ARENA_NEW(arena, Fixture);
  f->arena = arena;
  f->b = builder_new(arena, &f->kernel, "k");
  for (int i = 0; i < 6; i++) add_parameter(&f->b, parameters[i], types[i], false);
  f->out = text_new(arena);
  f->file = map_new(arena);
  f->lanes = lane_texts_new(arena, "", &f->file);
  f->w = (Writer){.arena = arena,
                  .out = &f->out,
                  .lanes = &f->lanes,
                  .kernel = &f->kernel,
                  .parameters = parameters,
                  .variables = variables,
                  .locals = locals,
                  .ranges = ARENA_ARRAY(arena, Interval, 2)};
  f->w.ranges[0] = (Interval){0, 89};
  f->w.ranges[1] = (Interval){0, 3};
  f->i = variable(&f->b, 0);
  f->j = variable(&f->b, 1);
  return f;
}

static const char *text_of(Fixture *f, ValueId id) {
  f->out = text_new(f->arena);
  write_value(&f->w, id, BINDS_NOT);
  return text_string(&f->out);
}

static ValueId scalar(Fixture *f, uint32_t parameter) {
  return load(&f->b, parameter, 1, affine(&f->b, 1, f->i, 0));
}

static ValueId vector(Fixture *f, uint32_t parameter) {
  return load(&f->b, parameter, 16, affine(&f->b, 1, f->i, 0));
}

static ValueId apply(Fixture *f, ScalarOp op, ScalarType type, ValueId a, ValueId b) {
  uint8_t lanes = f->kernel.values[a].type.lanes;
  uint32_t n = b == VALUE_NONE ? 1 : 2;
  return operation(&f->b, op, lanes_of(type, lanes), n, (ValueId[]){a, b});
}

static ValueId where(Fixture *f, ScalarType type, ValueId c, ValueId a, ValueId b) {
  uint8_t lanes = f->kernel.values[a].type.lanes;
  return operation(&f->b, OP_WHERE, lanes_of(type, lanes), 3, (ValueId[]){c, a, b});
}

static void test_numbers(void **state) {
  static const struct {
    ScalarType type;
    double value;
    const char *text;
  } rows[] = {{TYPE_F32, 0, "0.0f"},
              {TYPE_F32, -0.0, "-0.0f"},
              {TYPE_F32, 0.1, "0.1f"},
              {TYPE_F64, 0.1, "0.1"},
              {TYPE_F32, 1e-8, "1e-08f"},
              {TYPE_F32, 16777216, "16777216.0f"},
              {TYPE_F32, 3.14159265358979, "3.1415927f"},
              {TYPE_F64, 3.141592653589793, "3.141592653589793"},
              {TYPE_F32, INFINITY, "INFINITY"},
              {TYPE_F64, -INFINITY, "-INFINITY"},
              {TYPE_F32, NAN, "NAN"}};
  Fixture *f = fixture_new(*state);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_string_equal(text_of(f, real_number(&f->b, rows[i].type, rows[i].value)), rows[i].text);
  assert_string_equal(text_of(f, integer_number(&f->b, TYPE_I32, -7)), "-7");
  assert_string_equal(text_of(f, integer_number(&f->b, TYPE_I32, INT32_MIN)), "INT32_MIN");
  assert_string_equal(text_of(f, integer_number(&f->b, TYPE_I64, 1LL << 40)),
                      "INT64_C(1099511627776)");
}

static void test_offsets(void **state) {
  Fixture *f = fixture_new(*state);
  Value v = {.kind = VALUE_OFFSET, .type = lanes_of(TYPE_I32, 1)};
  ValueId k = scalar(f, K);
  v.offset = offset_of(&f->b, 5, 2, (int64_t[]){64, 1}, (ValueId[]){f->i, f->j});
  assert_string_equal(text_of(f, add_value(&f->b, v)), "64 * i + j + 5");
  v.offset = offset_of(&f->b, -1, 2, (int64_t[]){64, 64}, (ValueId[]){f->i, f->j});
  assert_string_equal(text_of(f, add_value(&f->b, v)), "64 * (i + j) - 1");
  v.offset = offset_of(&f->b, 0, 2, (int64_t[]){-3, -1}, (ValueId[]){f->i, f->j});
  assert_string_equal(text_of(f, add_value(&f->b, v)), "-3 * i - j");
  v.offset = offset_of(&f->b, 0, 2, (int64_t[]){8, 1}, (ValueId[]){k, f->j});
  assert_string_equal(text_of(f, add_value(&f->b, v)), "8 * (int64_t)k[i] + j");
  ValueId u = scalar(f, U);
  v.offset = offset_of(&f->b, 0, 2, (int64_t[]){1000, 1}, (ValueId[]){u, f->j});
  assert_string_equal(text_of(f, add_value(&f->b, v)), "1000 * u[i] + j");
  v.offset = offset_of(&f->b, 0, 1, (int64_t[]){1}, (ValueId[]){k});
  assert_string_equal(text_of(f, add_value(&f->b, v)), "k[i]");
  v.offset = (Offset){.constant = 3};
  assert_string_equal(text_of(f, add_value(&f->b, v)), "3");
}

static void test_precedence(void **state) {
  Fixture *f = fixture_new(*state);
  ValueId x = scalar(f, X), y = scalar(f, Y), two = real_number(&f->b, TYPE_F32, 2);
  ValueId minus = real_number(&f->b, TYPE_F32, -2);
  ValueId sum = apply(f, OP_ADD, TYPE_F32, x, y), product = apply(f, OP_MUL, TYPE_F32, x, y);
  ValueId negated = apply(f, OP_NEG, TYPE_F32, x, VALUE_NONE);
  assert_string_equal(text_of(f, apply(f, OP_MUL, TYPE_F32, sum, two)), "(x[i] + y[i]) * 2.0f");
  assert_string_equal(text_of(f, apply(f, OP_ADD, TYPE_F32, product, two)), "x[i] * y[i] + 2.0f");
  assert_string_equal(text_of(f, apply(f, OP_SUB, TYPE_F32, x, sum)), "x[i] - (x[i] + y[i])");
  assert_string_equal(text_of(f, apply(f, OP_SUB, TYPE_F32, sum, x)), "x[i] + y[i] - x[i]");
  assert_string_equal(text_of(f, apply(f, OP_DIV, TYPE_F32, x, product)), "x[i] / (x[i] * y[i])");
  assert_string_equal(text_of(f, apply(f, OP_ADD, TYPE_F32, x, minus)), "x[i] - 2.0f");
  assert_string_equal(text_of(f, apply(f, OP_NEG, TYPE_F32, negated, VALUE_NONE)), "-(-x[i])");
  assert_string_equal(text_of(f, apply(f, OP_NEG, TYPE_F32, minus, VALUE_NONE)), "-(-2.0f)");
  assert_string_equal(text_of(f, apply(f, OP_NEG, TYPE_F32, sum, VALUE_NONE)), "-(x[i] + y[i])");
}

static void test_logic(void **state) {
  Fixture *f = fixture_new(*state);
  ValueId x = scalar(f, X), y = scalar(f, Y), b = scalar(f, B);
  ValueId less = apply(f, OP_LT, TYPE_BOOL, x, y),
          not_b = apply(f, OP_NOT, TYPE_BOOL, b, VALUE_NONE);
  assert_string_equal(text_of(f, apply(f, OP_AND, TYPE_BOOL, less, not_b)),
                      "(x[i] < y[i]) & !(b[i] != 0)");
  assert_string_equal(text_of(f, where(f, TYPE_F32, less, x, y)), "x[i] < y[i] ? x[i] : y[i]");
  ValueId both = apply(f, OP_AND, TYPE_BOOL, b, b);
  assert_string_equal(text_of(f, where(f, TYPE_F32, both, x, y)),
                      "((b[i] != 0) & (b[i] != 0)) ? x[i] : y[i]");
  ValueId root = apply(f, OP_SQRT, TYPE_F32, x, VALUE_NONE);
  ValueId calls = apply(f, OP_LT, TYPE_BOOL, root, y);
  assert_string_equal(text_of(f, apply(f, OP_OR, TYPE_BOOL, calls, less)),
                      "(sqrt_f32(x[i]) < y[i]) || (x[i] < y[i])");
  ValueId choice = where(f, TYPE_F32, less, x, y);
  assert_string_equal(text_of(f, apply(f, OP_ADD, TYPE_F32, choice, y)),
                      "(x[i] < y[i] ? x[i] : y[i]) + y[i]");
  ValueId xs = vector(f, X), ys = vector(f, Y), under = apply(f, OP_LT, TYPE_BOOL, xs, ys);
  assert_string_equal(text_of(f, apply(f, OP_NOT, TYPE_BOOL, under, VALUE_NONE)),
                      "~(load_f32x16(&x[i]) < load_f32x16(&y[i]))");
  assert_string_equal(text_of(f, where(f, TYPE_F32, under, xs, ys)),
                      "where_f32x16(load_f32x16(&x[i]) < load_f32x16(&y[i]), load_f32x16(&x[i]), "
                      "load_f32x16(&y[i]))");
}

/* Plain where a range shows that nothing overflows, and around the type's size elsewhere. */
static void test_integers(void **state) {
  Fixture *f = fixture_new(*state);
  ValueId k = scalar(f, K), u = scalar(f, U), three = integer_number(&f->b, TYPE_I32, 3);
  ValueId small = integer_number(&f->b, TYPE_U8, 3);
  assert_string_equal(text_of(f, apply(f, OP_ADD, TYPE_I32, f->i, three)), "i + 3");
  assert_string_equal(text_of(f, apply(f, OP_DIV, TYPE_I32, f->i, three)), "i / 3");
  assert_string_equal(text_of(f, apply(f, OP_MOD, TYPE_I32, f->i, three)), "i % 3");
  assert_string_equal(text_of(f, apply(f, OP_DIV, TYPE_I32, k, three)), "floordiv_i32(k[i], 3)");
  assert_string_equal(text_of(f, apply(f, OP_MOD, TYPE_I32, f->i, f->j)), "floormod_i32(i, j)");
  assert_string_equal(text_of(f, apply(f, OP_ADD, TYPE_I32, k, three)),
                      "(int32_t)((uint32_t)k[i] + (uint32_t)3)");
  assert_string_equal(text_of(f, apply(f, OP_NEG, TYPE_I32, k, VALUE_NONE)),
                      "(int32_t)(-(uint32_t)k[i])");
  assert_string_equal(text_of(f, apply(f, OP_MUL, TYPE_U8, u, small)),
                      "(uint8_t)((int)u[i] * (int)3)");
  assert_string_equal(text_of(f, apply(f, OP_POW, TYPE_U8, u, small)),
                      "(uint8_t)ipow_i32(u[i], 3)");
  assert_string_equal(text_of(f, apply(f, OP_MAX, TYPE_I32, k, three)), "max_i32(k[i], 3)");
}

static void test_casts(void **state) {
  Fixture *f = fixture_new(*state);
  ValueId x = scalar(f, X), k = scalar(f, K), d = scalar(f, D), b = scalar(f, B);
  assert_string_equal(text_of(f, apply(f, OP_CAST, TYPE_F32, k, VALUE_NONE)), "(float)k[i]");
  assert_string_equal(text_of(f, apply(f, OP_CAST, TYPE_F32, f->i, VALUE_NONE)), "(float)i");
  assert_string_equal(text_of(f, apply(f, OP_CAST, TYPE_I32, x, VALUE_NONE)), "truncate_f32(x[i])");
  assert_string_equal(text_of(f, apply(f, OP_CAST, TYPE_I32, scalar(f, U), VALUE_NONE)), "u[i]");
  assert_string_equal(text_of(f, apply(f, OP_CAST, TYPE_U8, d, VALUE_NONE)),
                      "(uint8_t)truncate_f64(d[i])");
  assert_string_equal(text_of(f, apply(f, OP_CAST, TYPE_BOOL, x, VALUE_NONE)), "(x[i] != 0)");
  assert_string_equal(text_of(f, apply(f, OP_CAST, TYPE_F64, b, VALUE_NONE)),
                      "(double)(b[i] != 0)");
  assert_string_equal(text_of(f, apply(f, OP_CAST, TYPE_F32, vector(f, U), VALUE_NONE)),
                      "__builtin_convertvector(load_u8x16(&u[i]), f32x16)");
}

static void test_powers(void **state) {
  Fixture *f = fixture_new(*state);
  ValueId x = scalar(f, X), two = real_number(&f->b, TYPE_F32, 2);
  ValueId half = real_number(&f->b, TYPE_F32, 0.5), xs = vector(f, X);
  assert_string_equal(text_of(f, apply(f, OP_POW, TYPE_F32, x, two)), "square_f32(x[i])");
  assert_string_equal(text_of(f, apply(f, OP_POW, TYPE_F32, x, half)), "pow_f32(x[i], 0.5f)");
  assert_string_equal(text_of(f, apply(f, OP_POW, TYPE_F32, xs, splat(&f->b, 16, two))),
                      "square_f32x16(load_f32x16(&x[i]))");
}

static void test_vectors(void **state) {
  Fixture *f = fixture_new(*state);
  ValueId xs = vector(f, X), two = splat(&f->b, 16, real_number(&f->b, TYPE_F32, 2));
  ValueId y = splat(&f->b, 16, scalar(f, Y)), i = splat(&f->b, 16, f->i);
  ValueId ramp = add_value(&f->b, (Value){.kind = VALUE_RAMP, .type = lanes_of(TYPE_I32, 16)});
  assert_string_equal(text_of(f, apply(f, OP_MUL, TYPE_F32, y, xs)), "y[i] * load_f32x16(&x[i])");
  assert_string_equal(text_of(f, apply(f, OP_ADD, TYPE_F32, y, two)),
                      "splat_f32x16(y[i]) + splat_f32x16(2.0f)");
  assert_string_equal(text_of(f, apply(f, OP_MAX, TYPE_F32, xs, two)),
                      "max_f32x16(load_f32x16(&x[i]), splat_f32x16(2.0f))");
  assert_string_equal(text_of(f, apply(f, OP_ADD, TYPE_I32, ramp, i)),
                      "ramp_i32x16() + (int32_t)i");
  ValueId twice = apply(f, OP_MUL, TYPE_I32, f->i, integer_number(&f->b, TYPE_I32, 2));
  assert_string_equal(text_of(f, apply(f, OP_ADD, TYPE_I32, ramp, splat(&f->b, 16, twice))),
                      "ramp_i32x16() + (int32_t)(i * 2)");
  assert_string_equal(text_of(f, wrap_one(&f->b, VALUE_FOLD, lanes_of(TYPE_F32, 1), OP_ADD, xs)),
                      "fold_add_f32x16(load_f32x16(&x[i]))");
}

/* Every row of the table has a text that names what it needs. */
static void test_every_operator(void **state) {
  Fixture *f = fixture_new(*state);
  ValueId x = scalar(f, X), b = scalar(f, B), k = scalar(f, K);
  for (int op = 0; op < N_SCALAR_OPS; op++) {
    const ScalarOpInfo *info = &scalar_ops[op];
    bool integers = info->takes == TAKES_INTEGERS, bools = info->takes == TAKES_BOOLS;
    ValueId operand = integers ? k : bools ? b : x;
    ScalarType type = info->gives == GIVES_BOOL      ? TYPE_BOOL
                      : info->gives == GIVES_INTEGER ? TYPE_I32
                                                     : TYPE_F32;
    ValueId args[3] = {info->takes == TAKES_CHOICE ? b : operand, operand, operand};
    const char *text =
        text_of(f, operation(&f->b, (ScalarOp)op, lanes_of(type, 1), info->arity, args));
    assert_true(*text != '\0' && strchr(text, '$') == NULL);
  }
}

static int make_arena(void **state) { return (*state = arena_new()) == NULL; }

static int free_arena(void **state) {
  arena_free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_numbers, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_offsets, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_precedence, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_logic, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_integers, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_casts, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_powers, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_vectors, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_every_operator, make_arena, free_arena)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
