/* One valid program, and each way to break it: every broken one must end in `bug`. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "graph/graph.h"

/*   input x: f64[4, 3]; input k: i32[4]; param w: f64[3] = 0
     y[n] = sum[i](w[i] * x[n, i]);  loss = sum[n](y[n] ?? 0);  w <- w - grad      */
typedef struct World {
  Arena *arena;
  Graph *g;
  Program program;
  TensorId x, k, w, w0, y, loss, next;
  TensorId inputs[2];
  Entry entry;
  Output output;
  Update update;
} World;

static const int64_t *extents(World *world, int64_t a, int64_t b) {
  int64_t *e = ARENA_ARRAY(world->arena, int64_t, 2);
  e[0] = a;
  e[1] = b;
  return e;
}

static TensorId add(World *world, TensorKind kind, ScalarType type, const char *name, uint32_t rank,
                    int64_t a, int64_t b) {
  Tensor t = tensor_new(kind, type);
  t.name = name;
  t.rank = rank;
  t.extents = extents(world, a, b);
  return graph_add(world->g, t);
}

static ExprId index_number(World *world, uint32_t i) { return expr_index(world->g, i); }
static ExprId integer(World *world, int64_t i) { return expr_integer(world->g, TYPE_I32, i); }
static ExprId real(World *world, double value) { return expr_real(world->g, TYPE_F64, value); }

static ExprId read1(World *world, TensorId t, ExprId at) {
  return expr_read(world->g, t, &at, 1, EXPR_NONE);
}

static World *build(Arena *arena) {
  World *w = ARENA_NEW(arena, World);
  w->arena = arena;
  Graph *g = w->g = graph_new(arena);
  w->x = add(w, TENSOR_INPUT, TYPE_F64, "x", 2, 4, 3);
  w->k = add(w, TENSOR_INPUT, TYPE_I32, "k", 1, 4, 0);
  w->w = add(w, TENSOR_PARAM, TYPE_F64, "w", 1, 3, 0);
  w->w0 = add(w, TENSOR_DEFINITION, TYPE_F64, "w0", 1, 3, 0);
  tensor_at(g, w->w0)->body = real(w, 0);
  tensor_at(g, w->w)->initial = w->w0;
  w->y = add(w, TENSOR_DEFINITION, TYPE_F64, "y", 1, 4, 0);
  ExprId at[2] = {index_number(w, 0), index_number(w, 1)};
  Tensor *y = tensor_at(g, w->y);
  y->body = expr_op2(g, OP_MUL, read1(w, w->w, at[1]), expr_read(g, w->x, at, 2, EXPR_NONE));
  y->reduction = REDUCE_SUM;
  y->n_reduced = 1;
  y->reduced_extents = extents(w, 3, 0);
  w->loss = add(w, TENSOR_DEFINITION, TYPE_F64, "loss", 0, 0, 0);
  Tensor *loss = tensor_at(g, w->loss);
  ExprId first = index_number(w, 0);
  loss->body = expr_read(g, w->y, &first, 1, real(w, 0));
  loss->reduction = REDUCE_SUM;
  loss->n_reduced = 1;
  loss->reduced_extents = extents(w, 4, 0);
  w->next = add(w, TENSOR_DEFINITION, TYPE_F64, "w'", 1, 3, 0);
  tensor_at(g, w->next)->body =
      expr_op2(g, OP_SUB, read1(w, w->w, first), expr_read(g, w->loss, NULL, 0, EXPR_NONE));
  w->inputs[0] = w->x;
  w->inputs[1] = w->k;
  w->output = (Output){"loss", w->loss};
  w->update = (Update){.target = w->w, .value = w->next};
  w->entry = (Entry){.kind = ENTRY_STEP,
                     .name = "step",
                     .inputs = w->inputs,
                     .n_inputs = 2,
                     .outputs = &w->output,
                     .n_outputs = 1,
                     .updates = &w->update,
                     .n_updates = 1,
                     .training = true};
  w->program = (Program){.arena = arena,
                         .graph = g,
                         .name = "test",
                         .real = TYPE_F64,
                         .inputs = w->inputs,
                         .n_inputs = 2,
                         .params = &w->w,
                         .n_params = 1,
                         .entries = &w->entry,
                         .n_entries = 1};
  return w;
}

/* --- the ways to break it --- */

static void body_of_y(World *w, ExprId body) { tensor_at(w->g, w->y)->body = body; }

static void mixed_operands(World *w) {
  body_of_y(w, expr_op2(w->g, OP_ADD, index_number(w, 0), real(w, 1)));
}
static void sum_of_bools(World *w) {
  ExprId i = index_number(w, 0);
  body_of_y(w, expr_op2(w->g, OP_LT, i, i));
}
static void root_of_an_integer(World *w) {
  body_of_y(w, expr_op1(w->g, OP_SQRT, index_number(w, 0)));
}
static void choice_by_a_number(World *w) {
  body_of_y(w, expr_op3(w->g, OP_WHERE, integer(w, 1), real(w, 1), real(w, 0)));
}
static void logic_of_numbers(World *w) {
  ExprId both = expr_op2(w->g, OP_AND, integer(w, 1), integer(w, 1));
  body_of_y(w, expr_op3(w->g, OP_WHERE, both, real(w, 1), real(w, 0)));
}
static void unknown_index(World *w) { body_of_y(w, expr_cast(w->g, TYPE_F64, index_number(w, 2))); }
static void real_index(World *w) { body_of_y(w, read1(w, w->w, real(w, 1))); }
static void out_of_range(World *w) { body_of_y(w, read1(w, w->w, index_number(w, 0))); }
static void below_range(World *w) {
  body_of_y(w, read1(w, w->w, expr_op2(w->g, OP_SUB, index_number(w, 1), integer(w, 1))));
}
static void constant_too_large(World *w) {
  body_of_y(w, expr_cast(w->g, TYPE_F64, expr_integer(w->g, TYPE_U8, 256)));
}
static void default_of_another_type(World *w) {
  ExprId at = index_number(w, 1);
  body_of_y(w, expr_read(w->g, w->w, &at, 1, expr_real(w->g, TYPE_F32, 0)));
}
static void another_result_type(World *w) { tensor_at(w->g, w->y)->type = TYPE_F32; }
static void no_body(World *w) { body_of_y(w, EXPR_NONE); }
static void reduced_without_reduction(World *w) { tensor_at(w->g, w->y)->reduction = REDUCE_NONE; }
static void argmax_is_no_real(World *w) { tensor_at(w->g, w->y)->reduction = REDUCE_ARGMAX; }
static void empty_axis(World *w) { tensor_at(w->g, w->y)->reduced_extents = extents(w, 0, 0); }
static void no_initial(World *w) { tensor_at(w->g, w->w)->initial = TENSOR_NONE; }
static void initial_shape(World *w) { tensor_at(w->g, w->w0)->extents = extents(w, 2, 0); }
static void update_shape(World *w) { w->update.value = w->y; }
static void update_of_an_input(World *w) { w->update.target = w->x; }
static void update_twice(World *w) {
  Update *updates = ARENA_ARRAY(w->arena, Update, 2);
  updates[0] = updates[1] = w->update;
  w->entry.updates = updates;
  w->entry.n_updates = 2;
}
static void eval_with_updates(World *w) { w->entry.kind = ENTRY_EVAL; }
static void report_of_a_vector(World *w) { w->output.tensor = w->y; }
static void missing_input(World *w) { w->entry.n_inputs = 0; }
static void circle(World *w) { body_of_y(w, expr_read(w->g, w->loss, NULL, 0, EXPR_NONE)); }
static void renamed(World *w) { tensor_at(w->g, w->y)->name = "loss"; }
static void param_is_an_input(World *w) { w->program.params = w->inputs; }
static void reshape_of_another_size(World *w) {
  Tensor *y = tensor_at(w->g, w->y);
  y->kind = TENSOR_RESHAPE;
  y->source = w->x;
}
static TensorId derivative(World *w, uint32_t rank) {
  TensorId d = add(w, TENSOR_DERIVATIVE, TYPE_F64, "d", rank, 3, 3);
  Tensor *t = tensor_at(w->g, d);
  t->derivative = DERIVATIVE_GRAD;
  t->source = w->loss;
  t->wrt = w->w;
  tensor_at(w->g, w->next)->body = rank == 1 ? read1(w, d, index_number(w, 0)) : real(w, 0);
  return d;
}
static void derivative_left(World *w) { derivative(w, 1); }
static void derivative_rank(World *w) {
  TensorId d = derivative(w, 2);
  ExprId at[2] = {index_number(w, 0), index_number(w, 0)};
  tensor_at(w->g, w->next)->body = expr_read(w->g, d, at, 2, EXPR_NONE);
}

typedef struct Row {
  void (*break_it)(World *);
  const char *message; /* part of what bug says */
} Row;

static const Row rows[] = {
    {mixed_operands, "y: operands of add"},
    {sum_of_bools, "y, of type f64, cannot be `sum` of bool"},
    {root_of_an_integer, "y: operands of sqrt"},
    {choice_by_a_number, "y: operands of where"},
    {logic_of_numbers, "y: operands of and"},
    {unknown_index, "y: index variable 2 of 2"},
    {real_index, "y: index 0 of w is not an integer"},
    {out_of_range, "y: index 0 of w runs over 0..3, of 3"},
    {below_range, "y: index 0 of w runs over -1..1, of 3"},
    {constant_too_large, "y: the constant 256 is no u8"},
    {default_of_another_type, "y: the default of w has another type"},
    {another_result_type, "y, of type f32, cannot be `sum` of f64"},
    {no_body, "y has no body"},
    {reduced_without_reduction, "y, of type f64, cannot be ``"},
    {argmax_is_no_real, "y, of type f64, cannot be `argmax`"},
    {empty_axis, "y: reduced index 0 has extent 0"},
    {no_initial, "w has no initial value"},
    {initial_shape, "the initial value of w has another type or shape"},
    {update_shape, "the new value of w has another type or shape"},
    {update_of_an_input, "x is updated, but is no param or state"},
    {update_twice, "w is updated twice"},
    {eval_with_updates, "eval has updates"},
    {report_of_a_vector, "report loss is no scalar"},
    {missing_input, "entry step needs the input x"},
    {circle, "read each other and have no axis"},
    {renamed, "its name `loss`"},
    {param_is_an_input, "declaration 0 of kind 1"},
    {reshape_of_another_size, "y: is no reshape of x"},
    {derivative_left, "d is still a derivative of loss"},
    {derivative_rank, "d: rank 2, not 1"},
};

/* What verify_derived writes to stderr, and its exit code, in a process of its own. */
static int verify_broken(const Row *row, char *text, size_t size) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    Arena *arena = arena_new();
    World *world = build(arena);
    row->break_it(world);
    if (row->break_it == derivative_rank) verify_program(&world->program, "test");
    verify_derived(&world->program, "test");
    _exit(0);
  }
  close(ends[1]);
  size_t length = 0;
  ssize_t got;
  while ((got = read(ends[0], text + length, size - 1 - length)) > 0) length += (size_t)got;
  text[length] = '\0';
  close(ends[0]);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_broken_programs(void **state) {
  (void)state;
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    char text[4096];
    int code = verify_broken(&rows[r], text, sizeof text);
    if (code != 3 || strstr(text, rows[r].message) == NULL)
      fail_msg("row %zu, `%s`: exit code %d, %s", r, rows[r].message, code, text);
  }
}

static void test_valid_program(void **state) {
  (void)state;
  Arena *arena = arena_new();
  World *world = build(arena);
  verify_derived(&world->program, "test");
  derivative(world, 1);
  verify_program(&world->program, "test");
  arena_free(arena);
}

/* Not provable by intervals, and yet right: an index from data, and one that a `where` excludes. */
static void test_open_reads(void **state) {
  (void)state;
  Arena *arena = arena_new();
  World *w = build(arena);
  body_of_y(w, read1(w, w->w, read1(w, w->k, index_number(w, 0))));
  verify_program(&w->program, "test");
  ExprId before = expr_op2(w->g, OP_SUB, index_number(w, 1), integer(w, 1));
  ExprId some = expr_op2(w->g, OP_GT, index_number(w, 1), integer(w, 0));
  body_of_y(w, expr_op3(w->g, OP_WHERE, some, read1(w, w->w, before), real(w, 0)));
  verify_program(&w->program, "test");
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_valid_program),
      cmocka_unit_test(test_open_reads),
      cmocka_unit_test(test_broken_programs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
