/* A whole file from a plan made by hand: it compiles in every form, and does what the API says.

       input y: u8[4]            index into W
       param W: f32[3] = 0.5
       state hits: i32 = 0
       loss = sum[i](W[y[i]]);   W[j] <- W[j] * 2;   hits <- hits + step
       export noise() = tensor[i: 5](random_uniform) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "build_plan.h"
#include "compile_text.h"

static const int64_t four[] = {4}, three[] = {3}, five[] = {5}, unit[] = {1};

static TensorId add_tensor(Graph *graph, TensorKind kind, ScalarType type, const char *name,
                           const int64_t *extents) {
  Tensor t = tensor_new(kind, type);
  t.name = name;
  t.rank = extents != NULL;
  t.extents = extents;
  return graph_add(graph, t);
}

static BufferId add_buffer(Plan *plan, BufferKind kind, ScalarType type, const char *name,
                           TensorId tensor, const int64_t *extents) {
  plan->buffers[plan->n_buffers] = (Buffer){.kind = kind,
                                            .name = name,
                                            .tensor = tensor,
                                            .type = type,
                                            .rank = extents != NULL,
                                            .extents = extents,
                                            .strides = unit,
                                            .elements = extents == NULL ? 1 : *extents};
  return plan->n_buffers++;
}

static Builder add_kernel(Arena *arena, Plan *plan, const char *name) {
  return builder_new(arena, &plan->kernels[plan->n_kernels++], name);
}

static void add_call(Arena *arena, EntryPlan *entry, KernelId kernel, uint32_t n,
                     const BufferId *buffers) {
  if (entry->calls == NULL) entry->calls = ARENA_ARRAY(arena, KernelCall, 8);
  BufferId *copy = ARENA_ARRAY(arena, BufferId, n + 1);
  for (uint32_t i = 0; i < n; i++) copy[i] = buffers[i];
  entry->calls[entry->n_calls++] = (KernelCall){.kernel = kernel, .buffers = copy};
}

/* W[j] = 0.5 */
static void build_start(Arena *arena, Plan *plan) {
  Builder b = add_kernel(arena, plan, "W_initial");
  uint32_t w = add_parameter(&b, "W", TYPE_F32, true), j = add_variable(&b, "j");
  StatementList body = block_new(&b);
  add_store(&body, w, affine(&b, 1, variable(&b, j), 0), real_number(&b, TYPE_F32, 0.5));
  add_loop(&b.kernel->body, j, 3, 1, body);
}

static void build_hits_start(Arena *arena, Plan *plan) {
  Builder b = add_kernel(arena, plan, "hits_initial");
  uint32_t hits = add_parameter(&b, "hits", TYPE_I32, true);
  add_store(&b.kernel->body, hits, (Offset){0}, integer_number(&b, TYPE_I32, 0));
}

/* sum = 0; for i: sum = sum + W[y[i]]; loss = sum */
static void build_loss(Arena *arena, Plan *plan) {
  Builder b = add_kernel(arena, plan, "loss");
  b.kernel->comment = "loss = sum[i](W[y[i]])    model.dag:6 /* a comment */\nreduction";
  uint32_t y = add_parameter(&b, "y", TYPE_U8, false), w = add_parameter(&b, "W", TYPE_F32, false);
  uint32_t loss = add_parameter(&b, "loss", TYPE_F32, true), i = add_variable(&b, "for");
  b.kernel->locals[b.kernel->n_locals++] =
      (Local){.name = "register", .type = lanes_of(TYPE_F32, 1)};
  ValueId sum = add_value(&b, (Value){.kind = VALUE_LOCAL, .type = lanes_of(TYPE_F32, 1)});
  ValueId at = load(&b, y, 1, affine(&b, 1, variable(&b, i), 0));
  ValueId picked = load(&b, w, 1, affine(&b, 1, at, 0));
  StatementList body = block_new(&b);
  add_statement(&b.kernel->body,
                (Statement){.kind = STATEMENT_DECLARE, .value = real_number(&b, TYPE_F32, 0)});
  add_statement(&body, (Statement){.kind = STATEMENT_ASSIGN,
                                   .value = operation(&b, OP_ADD, lanes_of(TYPE_F32, 1), 2,
                                                      (ValueId[]){sum, picked})});
  add_loop(&b.kernel->body, i, 4, 1, body);
  add_store(&b.kernel->body, loss, (Offset){0}, sum);
}

/* W[j] = W[j] * 2, two at a time and one over; hits = hits + step */
static void build_update(Arena *arena, Plan *plan) {
  Builder b = add_kernel(arena, plan, "W_new");
  uint32_t w = add_parameter(&b, "W", TYPE_F32, true);
  uint32_t hits = add_parameter(&b, "hits", TYPE_I32, true), j = add_variable(&b, "j");
  for (int part = 0; part < 2; part++) {
    uint8_t lanes = part == 0 ? 2 : 1;
    Offset at = affine(&b, 1, variable(&b, j), 0);
    ValueId old = load(&b, w, lanes, at), two = real_number(&b, TYPE_F32, 2);
    if (lanes > 1) two = splat(&b, lanes, two);
    StatementList body = block_new(&b);
    add_store(&body, w, at,
              operation(&b, OP_MUL, lanes_of(TYPE_F32, lanes), 2, (ValueId[]){old, two}));
    Statement *loop = add_loop(&b.kernel->body, j, part == 0 ? 2 : 3, lanes, body);
    loop->from = part == 0 ? 0 : 2;
    loop->mark = part == 0 ? LOOP_ROLLED : LOOP_UNROLLED;
  }
  ValueId step = operation(&b, OP_STEP, lanes_of(TYPE_I32, 1), 0, NULL);
  ValueId before = load(&b, hits, 1, (Offset){0});
  add_store(&b.kernel->body, hits, (Offset){0},
            operation(&b, OP_ADD, lanes_of(TYPE_I32, 1), 2, (ValueId[]){before, step}));
  b.kernel->uses_step = true;
}

/* through the workspace */
static void build_noise(Arena *arena, Plan *plan) {
  Builder b = add_kernel(arena, plan, "noise");
  uint32_t out = add_parameter(&b, "out", TYPE_F32, true);
  uint32_t room = add_parameter(&b, "room", TYPE_F32, true), i = add_variable(&b, "i");
  ValueId at = variable(&b, i);
  Offset offset = affine(&b, 1, at, 0);
  StatementList body = block_new(&b);
  ValueId random = operation(&b, OP_RANDOM_UNIFORM, lanes_of(TYPE_F32, 1), 2,
                             (ValueId[]){integer_number(&b, TYPE_I32, 7), at});
  add_store(&body, room, offset, random);
  add_store(&body, out, offset, load(&b, room, 1, offset));
  StatementList outer = block_new(&b);
  add_loop(&outer, i, 5, 1, body);
  add_loop(&b.kernel->body, add_variable(&b, "once"), 1, 1, outer)->mark = LOOP_PARALLEL2;
  b.kernel->uses_step = b.kernel->uses_seed = true;
}

enum { START, HITS_START, LOSS, UPDATE, NOISE };

typedef struct Model {
  Program program;
  Plan plan;
} Model;

static void add_tensors(Model *m, TensorId *ids) {
  Graph *graph = m->program.graph;
  ids[0] = add_tensor(graph, TENSOR_INPUT, TYPE_U8, "y", four);
  ids[1] = add_tensor(graph, TENSOR_PARAM, TYPE_F32, "layer1.W", three);
  ids[2] = add_tensor(graph, TENSOR_STATE, TYPE_I32, "double", NULL);
  ids[3] = add_tensor(graph, TENSOR_DEFINITION, TYPE_F32, "loss", NULL);
  ids[4] = add_tensor(graph, TENSOR_DEFINITION, TYPE_F32, "noise", five);
  add_buffer(&m->plan, BUFFER_INPUT, TYPE_U8, "y", ids[0], four);
  add_buffer(&m->plan, BUFFER_PARAM, TYPE_F32, "layer1.W", ids[1], three);
  add_buffer(&m->plan, BUFFER_PARAM, TYPE_I32, "double", ids[2], NULL);
  for (uint32_t entry = 0; entry < 2; entry++)
    add_buffer(&m->plan, BUFFER_OUTPUT, TYPE_F32, "loss", ids[3], NULL);
  add_buffer(&m->plan, BUFFER_OUTPUT, TYPE_F32, "noise", ids[4], five);
  add_buffer(&m->plan, BUFFER_WORKSPACE, TYPE_F32, "room", ids[4], five);
  m->plan.workspace_bytes = 64;
}

static void add_entries(Arena *arena, Model *m, const TensorId *ids) {
  static const char *names[] = {"step", "eval", "noise"};
  Entry *entries = ARENA_ARRAY(arena, Entry, 3);
  EntryPlan *plans = ARENA_ARRAY(arena, EntryPlan, 3);
  BoundsCheck *check = ARENA_NEW(arena, BoundsCheck);
  check->within = (Interval){0, 2};
  for (uint32_t i = 0; i < 3; i++) {
    Output *output = ARENA_NEW(arena, Output);
    TensorId *input = ARENA_NEW(arena, TensorId);
    *input = ids[0];
    *output = i < 2 ? (Output){"loss", ids[3]} : (Output){"noise", ids[4]};
    entries[i] = (Entry){.kind = (EntryKind)i, .name = names[i], .outputs = output, .n_outputs = 1};
    if (i < 2) entries[i].inputs = input, entries[i].n_inputs = 1;
    plans[i] = (EntryPlan){.entry = &entries[i]};
    if (i < 2) plans[i].checks = check, plans[i].n_checks = 1;
    if (i < 2) add_call(arena, &plans[i], LOSS, 3, (BufferId[]){0, 1, 3 + i});
  }
  add_call(arena, &plans[0], UPDATE, 2, (BufferId[]){1, 2});
  add_call(arena, &plans[2], NOISE, 2, (BufferId[]){5, 6});
  plans[2].uses_seed = true;
  add_call(arena, &m->plan.init, START, 1, (BufferId[]){1});
  add_call(arena, &m->plan.init, HITS_START, 1, (BufferId[]){2});
  m->program.entries = entries;
  m->plan.entries = plans;
  m->program.n_entries = m->plan.n_entries = 3;
  m->plan.entries[2].team = m->plan.uses_threads = true;
  m->plan.kernels[NOISE].for_team = true;
}

static Model *build_model(Arena *arena) {
  Model *m = ARENA_NEW(arena, Model);
  TensorId ids[5];
  m->program = (Program){
      .arena = arena, .graph = graph_new(arena), .name = "tiny", .path = "folder/tiny.dag"};
  m->plan = (Plan){.arena = arena, .program = &m->program};
  m->plan.buffers = ARENA_ARRAY(arena, Buffer, 16);
  m->plan.kernels = ARENA_ARRAY(arena, Kernel, 16);
  build_start(arena, &m->plan);
  build_hits_start(arena, &m->plan);
  build_loss(arena, &m->plan);
  build_update(arena, &m->plan);
  build_noise(arena, &m->plan);
  add_tensors(m, ids);
  add_entries(arena, m, ids);
  m->program.dims = ARENA_ARRAY(arena, struct Constant, 1);
  m->program.dims[0] = (struct Constant){"B", 4};
  m->program.n_dims = 1;
  DataSource *source = ARENA_NEW(arena, DataSource);
  *source = (DataSource){
      .input = ids[0], .kind = DATA_CSV, .path = "a\\b \"c\"\?\?/.csv", .last_column = -1};
  m->program.train = (Train){.present = true, .epochs = 2, .data = source, .n_data = 1};
  m->program.batch = 4;
  return m;
}

static const char *emit_text(Arena *arena, EmitOptions options) {
  Model *m = build_model(arena);
  Text text = text_new(arena);
  emit_c(&text, &m->program, &(const Plan *){&m->plan}, 1, &options);
  return text_string(&text);
}

/* --- the tests --- */

static void test_same_bytes(void **state) {
  const char *text = emit_text(*state, (EmitOptions){.runtime = RUNTIME_WHOLE});
  assert_string_equal(text, emit_text(*state, (EmitOptions){.runtime = RUNTIME_WHOLE}));
  assert_non_null(strstr(text, "belongs to whoever wrote the model. */\n"));
  assert_true(strstr(text, "belongs to") < strchr(text, '\n'));
  const char *library = emit_text(*state, (EmitOptions){.no_main = true});
  assert_null(strstr(library, "int main("));
  assert_non_null(strstr(library, "  SHARED for (int64_t i = 0; i < 5; i++) {\n"));
  assert_non_null(strstr(library, "  TEAM {\n    tiny_noise"));
}

static void check_runs(const dag_model *model) {
  assert_non_null(model);
  assert_string_equal(model->name, "tiny");
  assert_string_equal(model->tensors[0].array.name, "layer1.W");
  assert_string_equal(model->data[0].path, "a\\b \"c\"\?\?/.csv");
  assert_int_equal(model->inputs[0].least, 0);
  assert_int_equal(model->inputs[0].greatest, 2);
  assert_int_equal(model->batch, 4);
  char *memory = aligned_alloc(64, model->size);
  float *w = (float *)(void *)(memory + model->tensors[0].offset), loss = 0, noise[5], again[5];
  int32_t *hits = (int32_t *)(void *)(memory + model->tensors[1].offset);
  int64_t *step = (int64_t *)(void *)(memory + model->step_offset);
  model->init(memory, 9);
  uint8_t good[4] = {0, 1, 2, 2}, bad[4] = {0, 1, 2, 3};
  for (int i = 1; i <= 2; i++) {
    assert_int_equal(model->step(memory, (const void *[]){good}, (void *[]){&loss}, 0), 0);
    assert_true(loss == 2.0f * (float)i && w[0] == (float)i && w[1] == w[0] && w[2] == w[0]);
  }
  assert_int_equal(*hits, 3);
  assert_int_equal(*step, 2);
  assert_int_equal(model->step(memory, (const void *[]){bad}, (void *[]){&loss}, 0), 1);
  assert_true(*hits == 3 && *step == 2 && w[0] == 2.0f && loss == 4.0f);
  assert_int_equal(model->eval(memory, (const void *[]){good}, (void *[]){&loss}, 0), 0);
  assert_true(loss == 8.0f && *step == 2);
  assert_int_equal(model->exports[0].call(memory, NULL, (void *[]){noise}, 5), 0);
  assert_int_equal(model->exports[0].call(memory, NULL, (void *[]){again}, 5), 0);
  assert_memory_equal(noise, again, sizeof noise);
  assert_int_equal(model->exports[0].call(memory, NULL, (void *[]){again}, 6), 0);
  assert_memory_not_equal(noise, again, sizeof noise);
  free(memory);
}

static void test_runs(void **state) {
  const char *folder = scratch_folder(*state);
  const char *text = emit_text(*state, (EmitOptions){.no_main = true});
  check_runs(compile_model(*state, folder, "clang", "tiny", text));
  check_runs(compile_model(*state, folder, "gcc", "tiny", text));
  remove_scratch(*state, folder);
}

static void test_every_form_compiles(void **state) {
  const char *folder = scratch_folder(*state);
  Model *m = build_model(*state);
  Text header = text_new(*state);
  emit_header(&header, &m->program, &m->plan);
  write_file(arena_printf(*state, "%s/tiny.h", folder), text_string(&header));
  write_file(arena_printf(*state, "%s/split.c", folder),
             emit_text(*state, (EmitOptions){.no_main = true, .header = "some/where/tiny.h"}));
  write_file(arena_printf(*state, "%s/whole.c", folder),
             emit_text(*state, (EmitOptions){.runtime = RUNTIME_WHOLE}));
  write_file(arena_printf(*state, "%s/main.c", folder), emit_text(*state, (EmitOptions){0}));
  write_file(arena_printf(*state, "%s/use.cpp", folder),
             "#include \"tiny.h\"\nstatic tiny m;\n"
             "int main() { tiny_init(&m, tiny_B); return tiny_model.size != sizeof m; }\n");
  static const char *const compilers[] = {"clang", "gcc"};
  for (int i = 0; i < 2; i++)
    assert_true(succeeds(arena_printf(
        *state,
        "cd %s && for f in split whole main; do %s %s -c $f.c || exit 1; done && "
        "%s -Wall -Wextra -Werror -fopenmp -c main.c && "
        "%s -Wall -Wextra -Werror whole.c -o whole -lz -lm && ./whole info >/dev/null",
        folder, compilers[i], STRICT, compilers[i], compilers[i])));
  assert_true(succeeds(arena_printf(
      *state, "cd %s && g++ -Wall -Wextra -Werror use.cpp split.o -o use && ./use", folder)));
  remove_scratch(*state, folder);
}

static int make_arena(void **state) { return (*state = arena_new()) == NULL; }

static int free_arena(void **state) {
  arena_free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_same_bytes, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_runs, make_arena, free_arena),
      cmocka_unit_test_setup_teardown(test_every_form_compiles, make_arena, free_arena)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
