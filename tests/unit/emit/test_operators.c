/* Every operator of the table over vectors gives, lane by lane, what it gives over scalars; and
   both compile without a warning. (What scalars give is held against the interpreter elsewhere.) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include "build_plan.h"
#include "compile_text.h"
#include "graph/scalar_ops.h"

enum { POINTS = 64, LANES = 8 };

typedef struct Case {
  ScalarOp op;
  ScalarType operand; /* of a and b; a choice has a mask before them */
  ScalarType result;
} Case;

static bool takes(const ScalarOpInfo *info, ScalarType type) {
  switch (info->takes) {
  case TAKES_NOTHING: return false;
  case TAKES_NUMBERS: return type != TYPE_BOOL;
  case TAKES_REALS: return type_is_real(type);
  case TAKES_INTEGERS: return type_is_integer(type);
  case TAKES_BOOLS: return type == TYPE_BOOL;
  case TAKES_ORDERED:
  case TAKES_CHOICE:
  case TAKES_ANY: return true;
  }
  return false;
}

static const ScalarType lane_types[] = {TYPE_F32, TYPE_F64, TYPE_I32, TYPE_I64, TYPE_BOOL};
enum { N_LANE_TYPES = 5 };

/* Operands over 8-bit integers are only cast. */
static uint32_t find_cases(Case *cases) {
  uint32_t n = 0;
  for (int op = 0; op < N_SCALAR_OPS; op++) {
    const ScalarOpInfo *info = &scalar_ops[op];
    if (op == OP_CAST || op == OP_RANDOM_UNIFORM || op == OP_RANDOM_NORMAL) continue;
    for (int t = 0; t < N_LANE_TYPES; t++)
      if (takes(info, lane_types[t]))
        cases[n++] = (Case){(ScalarOp)op, lane_types[t],
                            info->gives == GIVES_BOOL ? TYPE_BOOL : lane_types[t]};
  }
  for (int from = 0; from < N_SCALAR_TYPES; from++)
    for (int to = 0; to < N_SCALAR_TYPES; to++)
      if (from != to) cases[n++] = (Case){OP_CAST, (ScalarType)from, (ScalarType)to};
  return n;
}

static Lanes lanes_for(ScalarType type, uint8_t lanes, ScalarType with) {
  uint8_t bytes = type != TYPE_BOOL || lanes == 1 ? 0 : type_bytes(with) == 8 ? 8 : 4;
  return (Lanes){type, lanes, bytes};
}

/* out[64 number + i] = op(a[i], b[i]) for all i, `lanes` at a time. */
static void build_kernel(Arena *arena, Kernel *kernel, const Case *c, uint32_t number,
                         uint8_t lanes) {
  Builder b = builder_new(arena, kernel, arena_printf(arena, "case_%u_%u", number, lanes));
  const ScalarOpInfo *info = &scalar_ops[c->op];
  add_parameter(&b, "a", c->operand, false);
  add_parameter(&b, "b", c->operand, false);
  uint32_t out = add_parameter(&b, "out", c->result, true);
  uint32_t i = add_variable(&b, "i");
  Offset at = affine(&b, 1, variable(&b, i), 0);
  StatementList body = block_new(&b);
  ValueId loads[2] = {load(&b, 0, lanes, at), load(&b, 1, lanes, at)};
  Lanes operand = lanes_for(c->operand, lanes, c->operand == TYPE_BOOL ? c->result : c->operand);
  kernel->values[loads[0]].type = kernel->values[loads[1]].type = operand;
  Lanes result = lanes_for(c->result, lanes, c->operand);
  ValueId args[3] = {loads[0], loads[1], loads[1]};
  if (c->op == OP_WHERE) {
    args[0] = operation(&b, OP_LT, lanes_for(TYPE_BOOL, lanes, c->operand), 2, loads);
    args[1] = loads[0];
  }
  ValueId value = operation(&b, c->op, result, info->arity, args);
  add_store(&body, out, at, value);
  /* b is read even where the operator takes one operand */
  if (info->arity == 1) add_store(&body, out, at, operation(&b, c->op, result, 1, &loads[1]));
  if (info->arity == 1) add_store(&body, out, at, value);
  add_loop(&kernel->body, i, POINTS, lanes, body);
}

static TensorId add_tensor(Graph *graph, TensorKind kind, ScalarType type, const char *name) {
  static const int64_t extents[] = {POINTS};
  Tensor t = tensor_new(kind, type);
  t.name = name;
  t.rank = 1;
  t.extents = extents;
  return graph_add(graph, t);
}

/* One export: an a and a b of each type; outputs two for each case, scalar and vector. */
static const char *build_text(Arena *arena, const Case *cases, uint32_t n) {
  static const int64_t extents[] = {POINTS}, strides[] = {1};
  Program *p = ARENA_NEW(arena, Program);
  Graph *graph = graph_new(arena);
  Plan *plan = ARENA_NEW(arena, Plan);
  Entry *entry = ARENA_NEW(arena, Entry);
  *p = (Program){.arena = arena, .graph = graph, .name = "ops", .path = "ops.dag"};
  *entry = (Entry){.kind = ENTRY_EXPORT, .name = "all"};
  entry->inputs = ARENA_ARRAY(arena, TensorId, 2 * N_SCALAR_TYPES);
  entry->outputs = ARENA_ARRAY(arena, Output, 2 * n);
  plan->buffers = ARENA_ARRAY(arena, Buffer, 2 * N_SCALAR_TYPES + 2 * n);
  plan->kernels = ARENA_ARRAY(arena, Kernel, 2 * n);
  KernelCall *calls = ARENA_ARRAY(arena, KernelCall, 2 * n);
  for (uint32_t i = 0; i < 2 * N_SCALAR_TYPES; i++) {
    ScalarType type = (ScalarType)(i / 2);
    const char *name = arena_printf(arena, "%c_%s", i % 2 == 0 ? 'a' : 'b', type_name(type));
    TensorId id = add_tensor(graph, TENSOR_INPUT, type, name);
    entry->inputs[entry->n_inputs++] = id;
    plan->buffers[plan->n_buffers++] =
        (Buffer){.kind = BUFFER_INPUT,
                 .name = name,
                 .tensor = id,
                 .type = type,
                 .rank = 1,
                 .extents = extents,
                 .strides = strides,
                 .elements = POINTS};
  }
  for (uint32_t i = 0; i < 2 * n; i++) {
    const Case *c = &cases[i / 2];
    const char *name = arena_printf(arena, "out%u", i);
    TensorId id = add_tensor(graph, TENSOR_DEFINITION, c->result, name);
    entry->outputs[entry->n_outputs++] = (Output){name, id};
    build_kernel(arena, &plan->kernels[i], c, i / 2, i % 2 == 0 ? 1 : LANES);
    BufferId *buffers = ARENA_ARRAY(arena, BufferId, 3);
    buffers[0] = 2 * (uint32_t)c->operand;
    buffers[1] = buffers[0] + 1;
    buffers[2] = plan->n_buffers;
    calls[i] = (KernelCall){.kernel = i, .buffers = buffers};
    plan->buffers[plan->n_buffers++] =
        (Buffer){.kind = BUFFER_OUTPUT,
                 .name = name,
                 .tensor = id,
                 .type = c->result,
                 .rank = 1,
                 .extents = extents,
                 .strides = strides,
                 .elements = POINTS,
                 .output = i};
  }
  plan->n_kernels = 2 * n;
  plan->arena = arena;
  plan->program = p;
  plan->entries = ARENA_NEW(arena, EntryPlan);
  plan->entries[0] = (EntryPlan){.entry = entry, .calls = calls, .n_calls = 2 * n};
  plan->n_entries = p->n_entries = 1;
  p->entries = entry;
  Text text = text_new(arena);
  emit_c(&text, p, &(const Plan *){plan}, 1, &(EmitOptions){.no_main = true});
  return text_string(&text);
}

/* Numbers with special ones among them. */
static double sample(ScalarType type, int which, int i) {
  static const double special[] = {0,   -0.0, 1,     -1,  INFINITY, -INFINITY, NAN,  0.5,
                                   2.5, -3.5, 1e-30, 1e5, 3e9,      -7e11,     1e-3, 88.9};
  uint32_t hash = (uint32_t)(i * 2 + which) * 2654435761u;
  double uniform = (double)hash * 0x1p-32;
  if (type == TYPE_BOOL) return hash >> 31;
  if (type == TYPE_U8 || type == TYPE_I8) return floor(uniform * (type == TYPE_U8 ? 256 : 127));
  if (type == TYPE_I32 || type == TYPE_I64) return floor(uniform * 20) - (i % 3 == 0 ? 10 : 0);
  return which == 0 && i < 16              ? special[i]
         : which == 1 && i >= 16 && i < 32 ? special[i - 16]
                                           : 8 * uniform - 4;
}

static void store_sample(ScalarType type, void *array, int which) {
  for (int i = 0; i < POINTS; i++) {
    double x = sample(type, which, i);
    switch (type) {
    case TYPE_BOOL:
    case TYPE_U8: ((uint8_t *)array)[i] = (uint8_t)x; break;
    case TYPE_I8: ((int8_t *)array)[i] = (int8_t)x; break;
    case TYPE_I32: ((int32_t *)array)[i] = (int32_t)x; break;
    case TYPE_I64: ((int64_t *)array)[i] = (int64_t)x; break;
    case TYPE_F32: ((float *)array)[i] = (float)x; break;
    case TYPE_F64: ((double *)array)[i] = x; break;
    case TYPE_BF16:
    case TYPE_F16: break; /* of memory only */
    }
  }
}

static bool same_bits(ScalarType type, const char *a, const char *b, int i) {
  size_t size = (size_t)type_bytes(type);
  if (memcmp(a + (size_t)i * size, b + (size_t)i * size, size) == 0) return true;
  if (type == TYPE_F32) return isnan(((const float *)a)[i]) && isnan(((const float *)b)[i]);
  return type == TYPE_F64 && isnan(((const double *)a)[i]) && isnan(((const double *)b)[i]);
}

static void check_model(Arena *arena, const dag_model *model, const Case *cases, uint32_t n) {
  assert_non_null(model);
  const void **inputs = ARENA_ARRAY(arena, const void *, 2 * N_SCALAR_TYPES);
  void **outputs = ARENA_ARRAY(arena, void *, 2 * n);
  for (int i = 0; i < 2 * N_SCALAR_TYPES; i++) {
    void *values = ARENA_ARRAY(arena, double, POINTS);
    store_sample((ScalarType)(i / 2), values, i % 2);
    inputs[i] = values;
  }
  for (uint32_t i = 0; i < 2 * n; i++) outputs[i] = ARENA_ARRAY(arena, double, POINTS);
  void *memory = aligned_alloc(64, model->size);
  model->init(memory, 1);
  assert_int_equal(model->exports[0].call(memory, inputs, outputs, 1), 0);
  free(memory);
  for (uint32_t i = 0; i < n; i++)
    for (int k = 0; k < POINTS; k++)
      if (!same_bits(cases[i].result, outputs[2 * i], outputs[2 * i + 1], k))
        fail_msg("%s of %s to %s differs at %d", scalar_ops[cases[i].op].name,
                 type_name(cases[i].operand), type_name(cases[i].result), k);
}

static void test_vectors_equal_scalars(void **state) {
  Arena *arena = arena_new();
  Case cases[256];
  uint32_t n = find_cases(cases);
  const char *folder = scratch_folder(arena), *text = build_text(arena, cases, n);
  check_model(arena, compile_model(arena, folder, "clang", "ops", text), cases, n);
  check_model(arena, compile_model(arena, folder, "gcc", "ops", text), cases, n);
  remove_scratch(arena, folder);
  arena_free(arena);
  (void)state;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors_equal_scalars)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
