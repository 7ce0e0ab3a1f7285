/* Programs built as graphs, lowered, emitted, compiled by both compilers, and run beside the
   interpreter. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "build_graph.h"
#include "emit/emit.h"
#include "native.h"

static const char *c_text(const Program *program, const char *target) {
  verify_program(program, "test");
  const Plan *plan = lower(program->arena, program, target_named(program->arena, target), NULL);
  verify_plan(plan, "lower");
  Text text = text_new(program->arena);
  emit_c(&text, program, &plan, 1, &(EmitOptions){.no_main = true});
  return text_string(&text);
}

/* Inputs from a fixed sequence: reals in [-2, 2), integers in [0, 5). */
static void fill_inputs(const Program *p, Interpreter *in, uint32_t seed) {
  for (uint32_t i = 0; i < p->n_inputs; i++) {
    const Tensor *t = tensor_at(p->graph, p->inputs[i]);
    double *values = interpreter_values(in, p->inputs[i]);
    for (int64_t k = 0; k < tensor_size(t); k++) {
      seed = seed * 1664525u + 1013904223u;
      double uniform = (double)(seed >> 8) * 0x1p-24;
      values[k] = t->type == TYPE_BOOL       ? (double)(uniform < 0.5)
                  : type_is_integer(t->type) ? (double)(int)(uniform * 5)
                                             : (double)(float)(uniform * 4 - 2);
    }
  }
}

static void compare_with(Program *p, const char *compiler, const char *target) {
  const char *texts[] = {c_text(p, target)}, *message = "";
  Native *native = native_build(p->arena, compiler, "-O1", &p->name, texts, 1, &message);
  if (native == NULL) fail_msg("%s: %s", compiler, message);
  const dag_model *model = native_model(native, p->name);
  Interpreter *in = interpreter_new(p->arena, p, 3);
  interpreter_init(in);
  for (int64_t run = 0; run < 3; run++)
    for (uint32_t i = 0; i < p->n_entries; i++) {
      Disagreement worst = {0};
      fill_inputs(p, in, (uint32_t)(run * 7 + i));
      if (!native_compare(p->arena, model, p, in, &p->entries[i], 3, run, &worst, NULL, &message))
        fail_msg("%s: %s", p->entries[i].name, message);
      if (worst.error > (worst.type == TYPE_F64 ? 1e-12 : 2e-5))
        fail_msg("%s for %s, %s[%ld]: compiled %.9g, interpreted %.9g", compiler, target,
                 worst.tensor, worst.element, worst.compiled, worst.interpreted);
    }
  native_close(native);
}

/* Plain loops, and vectors of 64 bytes. */
static void compare(Program *p) {
  compare_with(p, "clang", "generic");
  compare_with(p, "clang", "native");
  compare_with(p, "gcc", "generic");
}

static void test_elementwise(void **state) {
  G g = program_begin(*state, "elementwise");
  TensorId x = input(&g, "x", TYPE_F32, 2, (int64_t[]){3, 37});
  ExprId i = expr_index(g.graph, 0), j = expr_index(g.graph, 1);
  ExprId a = read2(&g, x, i, j);
  ExprId relu = expr_op2(g.graph, OP_MAX, a, expr_real(g.graph, TYPE_F32, 0));
  ExprId e = expr_op2(g.graph, OP_DIV, expr_op1(g.graph, OP_EXP, a),
                      expr_op2(g.graph, OP_ADD, relu, expr_real(g.graph, TYPE_F32, 0.1)));
  ExprId positive = expr_op2(g.graph, OP_GT, a, expr_real(g.graph, TYPE_F32, 0));
  ExprId chosen = expr_op3(g.graph, OP_WHERE, positive, expr_op1(g.graph, OP_LOG, a),
                           expr_op1(g.graph, OP_TANH, a));
  ExprId place = expr_cast(g.graph, TYPE_F32, expr_op2(g.graph, OP_MUL, i, j));
  TensorId y = define(&g, "y", TYPE_F32, 2, (int64_t[]){3, 37}, e);
  TensorId z = define(&g, "z", TYPE_F32, 2, (int64_t[]){3, 37}, chosen);
  TensorId w = define(&g, "w", TYPE_F32, 2, (int64_t[]){3, 37},
                      expr_op2(g.graph, OP_SUB, read2(&g, y, i, j), place));
  TensorId p = define(&g, "p", TYPE_BOOL, 2, (int64_t[]){3, 37}, positive);
  export(&g, "f", 1, &x, 4, (TensorId[]){y, z, w, p});
  compare(program_end(&g));
}

/* Every reduction, over the last axis, over the first, and over both. */
static void test_reductions(void **state) {
  static const Reduction reductions[] = {REDUCE_SUM,    REDUCE_PROD,   REDUCE_MAX, REDUCE_MIN,
                                         REDUCE_ARGMAX, REDUCE_ARGMIN, REDUCE_ANY, REDUCE_ALL};
  G g = program_begin(*state, "reductions");
  TensorId reals = input(&g, "r", TYPE_F32, 2, (int64_t[]){5, 19});
  TensorId integers = input(&g, "k", TYPE_I32, 2, (int64_t[]){5, 19});
  TensorId bools = input(&g, "b", TYPE_BOOL, 2, (int64_t[]){5, 19});
  TensorId outputs[64];
  uint32_t n = 0;
  for (int r = 0; r < 8; r++)
    for (int shape = 0; shape < 3; shape++)
      for (int type = 0; type < 2; type++) {
        bool place = reductions[r] == REDUCE_ARGMAX || reductions[r] == REDUCE_ARGMIN;
        bool logical = reductions[r] == REDUCE_ANY || reductions[r] == REDUCE_ALL;
        TensorId x = logical ? bools : type == 0 ? reals : integers;
        ScalarType result = logical ? TYPE_BOOL : place || type == 1 ? TYPE_I32 : TYPE_F32;
        ExprId first = expr_index(g.graph, shape == 1), second = expr_index(g.graph, shape != 1);
        int64_t kept[] = {shape == 0 ? 5 : 19}, summed[] = {shape == 0 ? 19 : 5, 19};
        const char *name =
            arena_printf(*state, "%s%d%d", reduction_name(reductions[r]), shape, type);
        outputs[n++] = reduce(&g, name, result, shape < 2, kept, reductions[r], shape < 2 ? 1 : 2,
                              summed, read2(&g, x, first, second));
      }
  export(&g, "f", 3, (TensorId[]){reals, integers, bools}, n, outputs);
  compare(program_end(&g));
}

static void test_reads(void **state) {
  G g = program_begin(*state, "reads");
  Graph *graph = g.graph;
  TensorId x = input(&g, "x", TYPE_F32, 2, (int64_t[]){5, 40});
  TensorId k = input(&g, "k", TYPE_U8, 1, (int64_t[]){40});
  ExprId i = expr_index(graph, 0), j = expr_index(graph, 1), zero = expr_real(graph, TYPE_F32, 0);
  ExprId back = expr_op2(graph, OP_SUB, j, expr_integer(graph, TYPE_I32, 2));
  ExprId half = expr_op2(graph, OP_DIV, j, expr_integer(graph, TYPE_I32, 2));
  TensorId padded = define(&g, "padded", TYPE_F32, 2, (int64_t[]){5, 43},
                           expr_read(graph, x, (ExprId[]){i, back}, 2, zero));
  TensorId gathered =
      define(&g, "gathered", TYPE_F32, 2, (int64_t[]){40, 5}, read2(&g, x, read1(&g, k, i), j));
  TensorId halved = define(&g, "halved", TYPE_F32, 2, (int64_t[]){5, 80}, read2(&g, x, i, half));
  TensorId turned = define(&g, "turned", TYPE_F32, 2, (int64_t[]){40, 5}, read2(&g, x, j, i));
  ExprId inside = expr_op2(graph, OP_GT, j, expr_integer(graph, TYPE_I32, 0));
  ExprId before = expr_op2(graph, OP_SUB, j, expr_integer(graph, TYPE_I32, 1));
  TensorId guarded = define(&g, "guarded", TYPE_F32, 2, (int64_t[]){5, 40},
                            expr_op3(graph, OP_WHERE, inside, read2(&g, x, i, before), zero));
  export(&g, "f", 2, (TensorId[]){x, k}, 5,
         (TensorId[]){padded, gathered, halved, turned, guarded});
  compare(program_end(&g));
}

static void test_casts(void **state) {
  G g = program_begin(*state, "casts");
  TensorId inputs[N_SCALAR_TYPES], outputs[N_SCALAR_TYPES * N_SCALAR_TYPES];
  uint32_t n = 0;
  for (int from = 0; from < N_SCALAR_TYPES; from++) {
    inputs[from] = input(&g, arena_printf(*state, "x_%s", type_name((ScalarType)from)),
                         (ScalarType)from, 1, (int64_t[]){37});
    ExprId x = read1(&g, inputs[from], expr_index(g.graph, 0));
    for (int to = 0; to < N_SCALAR_TYPES; to++)
      outputs[n++] = define(&g, arena_printf(*state, "y%d%d", from, to), (ScalarType)to, 1,
                            (int64_t[]){37}, expr_cast(g.graph, (ScalarType)to, x));
  }
  export(&g, "f", N_SCALAR_TYPES, inputs, n, outputs);
  compare(program_end(&g));
}

static void test_product(void **state) {
  G g = program_begin(*state, "product");
  TensorId a = input(&g, "a", TYPE_F32, 2, (int64_t[]){13, 37});
  TensorId b = input(&g, "b", TYPE_F32, 2, (int64_t[]){37, 50});
  TensorId c = input(&g, "c", TYPE_F64, 2, (int64_t[]){13, 37});
  ExprId i = expr_index(g.graph, 0), j = expr_index(g.graph, 1), k = expr_index(g.graph, 2);
  ExprId product = expr_op2(g.graph, OP_MUL, read2(&g, a, i, k), read2(&g, b, k, j));
  TensorId ab =
      reduce(&g, "ab", TYPE_F32, 2, (int64_t[]){13, 50}, REDUCE_SUM, 1, (int64_t[]){37}, product);
  ExprId square = expr_op2(g.graph, OP_MUL, read2(&g, c, i, k), read2(&g, c, j, k));
  TensorId cc =
      reduce(&g, "cc", TYPE_F64, 2, (int64_t[]){13, 13}, REDUCE_SUM, 1, (int64_t[]){37}, square);
  ExprId bias = expr_op2(g.graph, OP_ADD, read2(&g, ab, i, j),
                         read2(&g, a, i, expr_integer(g.graph, TYPE_I32, 0)));
  TensorId relu = define(&g, "relu", TYPE_F32, 2, (int64_t[]){13, 50},
                         expr_op2(g.graph, OP_MAX, bias, expr_real(g.graph, TYPE_F32, 0)));
  export(&g, "f", 3, (TensorId[]){a, b, c}, 2, (TensorId[]){relu, cc});
  compare(program_end(&g));
}

/* p and q change places, s counts steps, m is a mean that moves; starting values are random. */
static void test_updates(void **state) {
  G g = program_begin(*state, "updates");
  Graph *graph = g.graph;
  TensorId x = input(&g, "x", TYPE_F32, 1, (int64_t[]){37});
  ExprId i = expr_index(graph, 0), site = expr_integer(graph, TYPE_I32, 5);
  TensorId uniform = define(&g, "u0", TYPE_F32, 1, (int64_t[]){37},
                            expr_random(graph, OP_RANDOM_UNIFORM, TYPE_F32, site, i));
  TensorId normal = define(&g, "n0", TYPE_F64, 1, (int64_t[]){37},
                           expr_random(graph, OP_RANDOM_NORMAL, TYPE_F64, site, i));
  TensorId other = define(&g, "v0", TYPE_F32, 1, (int64_t[]){37},
                          expr_random(graph, OP_RANDOM_NORMAL, TYPE_F32, site, i));
  TensorId none = define(&g, "z0", TYPE_I32, 0, NULL, expr_integer(graph, TYPE_I32, 0));
  TensorId p = variable_of(&g, TENSOR_PARAM, "layer.p", uniform);
  TensorId q = variable_of(&g, TENSOR_PARAM, "layer.q", other);
  TensorId m = variable_of(&g, TENSOR_STATE, "m", normal);
  TensorId s = variable_of(&g, TENSOR_STATE, "s", none);
  ExprId tenth = expr_real(graph, TYPE_F32, 0.1);
  ExprId moved =
      expr_op2(graph, OP_SUB, read1(&g, q, i), expr_op2(graph, OP_MUL, tenth, read1(&g, x, i)));
  TensorId p_new = define(&g, "layer.p'", TYPE_F32, 1, (int64_t[]){37}, moved);
  TensorId m_new =
      define(&g, "m'", TYPE_F64, 1, (int64_t[]){37},
             expr_op2(graph, OP_MUL, read1(&g, m, i), expr_real(graph, TYPE_F64, 0.5)));
  TensorId s_new = define(&g, "s'", TYPE_I32, 0, NULL,
                          expr_op2(graph, OP_ADD, expr_read(graph, s, NULL, 0, EXPR_NONE),
                                   expr_nullary(graph, OP_STEP)));
  TensorId loss = reduce(&g, "loss", TYPE_F32, 0, NULL, REDUCE_SUM, 1, (int64_t[]){37},
                         expr_op2(graph, OP_MUL, read1(&g, p, i), read1(&g, q, i)));
  train(&g, loss, 4,
        (Update[]){{.target = p, .value = p_new},
                   {.target = q, .value = p},
                   {.target = m, .value = m_new},
                   {.target = s, .value = s_new}});
  compare(program_end(&g));
}

/* A mask drawn at each step, and the seed as an argument of an export. */
static void test_random(void **state) {
  G g = program_begin(*state, "dropout");
  Graph *graph = g.graph;
  TensorId x = input(&g, "x", TYPE_F32, 2, (int64_t[]){3, 21});
  ExprId i = expr_index(graph, 0), j = expr_index(graph, 1);
  ExprId counter =
      expr_op2(graph, OP_ADD, j, expr_op2(graph, OP_MUL, i, expr_integer(graph, TYPE_I32, 21)));
  ExprId drawn =
      expr_random(graph, OP_RANDOM_UNIFORM, TYPE_F32, expr_integer(graph, TYPE_I32, 2), counter);
  ExprId kept = expr_op2(graph, OP_LT, drawn, expr_real(graph, TYPE_F32, 0.5));
  TensorId y =
      define(&g, "y", TYPE_F32, 2, (int64_t[]){3, 21},
             expr_op3(graph, OP_WHERE, kept, read2(&g, x, i, j), expr_real(graph, TYPE_F32, 0)));
  TensorId loss =
      reduce(&g, "loss", TYPE_F32, 0, NULL, REDUCE_SUM, 2, (int64_t[]){3, 21}, read2(&g, y, i, j));
  train(&g, loss, 0, NULL);
  export(&g, "f", 1, &x, 1, &y);
  compare(program_end(&g));
}

static int make_arena(void **state) { return (*state = arena_new()) == NULL; }

static int free_arena(void **state) {
  arena_free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_elementwise, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_reductions, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_reads, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_casts, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_product, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_updates, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_random, make_arena, free_arena)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
