#include "native.h"
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "output.h"

enum { MAX_COMPILERS = 8 };

struct Native {
  Arena *arena;
  void *objects[MAX_COMPILERS];
  size_t n_objects;
};

/* --- compiling and loading --- */

/* Starts the compiler on some of the sources; its words go to `log`. */
static pid_t start_compiler(const char *const *argv, const char *log) {
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) fatal("cannot start %s: %s", argv[0], strerror(errno));
  if (child > 0) return child;
  if (freopen(log, "w", stderr) == NULL || freopen(log, "w", stdout) == NULL) _exit(126);
  execvp(argv[0], (char *const *)(uintptr_t)argv);
  fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
  _exit(127);
}

static const char *read_log(Arena *arena, const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return "the compiler failed";
  char text[4000];
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  return arena_strndup(arena, text, length);
}

/* One shared object of all sources whose number is `part` modulo `parts`. */
static pid_t compile_part(Arena *arena, const char *compiler, const char *level, const char *folder,
                          const char *const *sources, size_t n, size_t part, size_t parts) {
  const char **argv = ARENA_ARRAY(arena, const char *, n + 12);
  size_t count = 0;
  argv[count++] = compiler;
  argv[count++] = "-std=c11";
  argv[count++] = level;
  argv[count++] = "-fno-math-errno";
  argv[count++] = "-fPIC";
  argv[count++] = "-shared";
  argv[count++] = "-w";
  argv[count++] = "-o";
  argv[count++] = arena_printf(arena, "%s/%zu.so", folder, part);
  for (size_t i = part; i < n; i += parts) argv[count++] = sources[i];
  argv[count++] = "-lm";
  return start_compiler(argv, arena_printf(arena, "%s/%zu.log", folder, part));
}

Native *native_build(Arena *arena, const char *compiler, const char *level,
                     const char *const *names, const char *const *texts, size_t n,
                     const char **message) {
  Native *native = ARENA_NEW(arena, Native);
  native->arena = arena;
  const char *folder = make_temporary_folder(arena);
  const char **sources = ARENA_ARRAY(arena, const char *, n + 1);
  for (size_t i = 0; i < n; i++) {
    sources[i] = arena_printf(arena, "%s/%s.c", folder, names[i]);
    write_output(arena, sources[i], texts[i]);
  }
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  size_t parts = processors < 1 ? 1 : (size_t)processors;
  if (parts > MAX_COMPILERS) parts = MAX_COMPILERS;
  if (parts > n) parts = n;
  pid_t children[MAX_COMPILERS];
  for (size_t i = 0; i < parts; i++)
    children[i] = compile_part(arena, compiler, level, folder, sources, n, i, parts);
  bool good = true;
  for (size_t i = 0; i < parts; i++) {
    int status = 0;
    waitpid(children[i], &status, 0);
    if (!good) continue;
    good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!good) *message = read_log(arena, arena_printf(arena, "%s/%zu.log", folder, i));
  }
  for (size_t i = 0; i < parts && good; i++) {
    void *object = dlopen(arena_printf(arena, "%s/%zu.so", folder, i), RTLD_NOW | RTLD_LOCAL);
    good = object != NULL;
    if (good)
      native->objects[native->n_objects++] = object;
    else
      *message = arena_strdup(arena, dlerror());
  }
  remove_folder(arena, folder);
  if (good) return native;
  native_close(native);
  return NULL;
}

const dag_model *native_model(const Native *native, const char *name) {
  const char *symbol = arena_printf(native->arena, "%s_model", name);
  for (size_t i = 0; i < native->n_objects; i++) {
    const dag_model *model = dlsym(native->objects[i], symbol);
    if (model != NULL) return model;
  }
  return NULL;
}

void native_close(Native *native) {
  for (size_t i = 0; i < native->n_objects; i++) dlclose(native->objects[i]);
  native->n_objects = 0;
}

/* --- arrays --- */

/* What the sixteen bits of bf16 or f16 say: `digits` of them the mantissa, the others the exponent.
 */
static double native_half_value(dag_type type, uint16_t bits) {
  int digits = type == DAG_BF16 ? 7 : 10, bias = type == DAG_BF16 ? 127 : 15;
  int exponent = (bits & 0x7fff) >> digits, mantissa = bits & ((1 << digits) - 1);
  double size = exponent == 0 ? ldexp(mantissa, 1 - bias - digits)
                              : ldexp((1 << digits) + mantissa, exponent - bias - digits);
  if (exponent == 2 * bias + 1) size = mantissa == 0 ? INFINITY : NAN;
  return bits >> 15 ? -size : size;
}

/* The bits of the nearest one: the values of nonnegative bits ascend. */
static uint16_t native_half(dag_type type, double value) {
  ScalarType storage = type == DAG_BF16 ? TYPE_BF16 : TYPE_F16;
  double size = fabs(type_rounded(storage, value));
  uint16_t low = 0, high = type == DAG_BF16 ? 0x7f80 : 0x7c00;
  if (isnan(value)) return (uint16_t)(high + 1);
  while (low < high) {
    uint16_t middle = (uint16_t)((low + high) / 2);
    if (native_half_value(type, middle) < size)
      low = (uint16_t)(middle + 1);
    else
      high = middle;
  }
  return (uint16_t)(low | (signbit(value) ? 0x8000 : 0));
}

void native_store(dag_type type, void *array, const double *values, int64_t n) {
  for (int64_t i = 0; i < n; i++) switch (type) {
    case DAG_BOOL:
    case DAG_U8: ((uint8_t *)array)[i] = (uint8_t)values[i]; break;
    case DAG_I8: ((int8_t *)array)[i] = (int8_t)values[i]; break;
    case DAG_I32: ((int32_t *)array)[i] = (int32_t)values[i]; break;
    case DAG_I64: ((int64_t *)array)[i] = (int64_t)values[i]; break;
    case DAG_F32: ((float *)array)[i] = (float)values[i]; break;
    case DAG_F64: ((double *)array)[i] = values[i]; break;
    case DAG_BF16:
    case DAG_F16: ((uint16_t *)array)[i] = native_half(type, values[i]); break;
    }
}

void native_load(dag_type type, const void *array, double *values, int64_t n) {
  for (int64_t i = 0; i < n; i++) switch (type) {
    case DAG_BOOL:
    case DAG_U8: values[i] = ((const uint8_t *)array)[i]; break;
    case DAG_I8: values[i] = ((const int8_t *)array)[i]; break;
    case DAG_I32: values[i] = ((const int32_t *)array)[i]; break;
    case DAG_I64: values[i] = (double)((const int64_t *)array)[i]; break;
    case DAG_F32: values[i] = (double)((const float *)array)[i]; break;
    case DAG_F64: values[i] = ((const double *)array)[i]; break;
    case DAG_BF16:
    case DAG_F16: values[i] = native_half_value(type, ((const uint16_t *)array)[i]); break;
    }
}

/* --- comparing --- */

typedef struct Comparison {
  Arena *arena;
  const dag_model *model;
  const Program *program;
  Interpreter *in;
  char *memory; /* the model's struct */
  Disagreement *worst, *all; /* all: NULL when not asked for */
} Comparison;

static int64_t array_size(const dag_array *array) {
  int64_t size = 1;
  for (int32_t i = 0; i < array->rank; i++) size *= array->shape[i];
  return size;
}

static double disagreement(double compiled, double interpreted, double scale) {
  if (compiled == interpreted || (isnan(compiled) && isnan(interpreted))) return 0;
  if (!isfinite(compiled) || !isfinite(interpreted)) return INFINITY;
  return fabs(compiled - interpreted) / scale;
}

static Disagreement compare_values(const Comparison *c, const dag_array *array,
                                   const void *compiled, const double *interpreted) {
  Disagreement worst = {0};
  int64_t n = array_size(array);
  double *values = ARENA_ARRAY(c->arena, double, n + 1), scale = 1e-30;
  native_load(array->type, compiled, values, n);
  for (int64_t i = 0; i < n; i++)
    if (isfinite(interpreted[i])) scale = fmax(scale, fabs(interpreted[i]));
  for (int64_t i = 0; i < n; i++) {
    double error = disagreement(values[i], interpreted[i], scale);
    if (error > worst.error || worst.tensor == NULL)
      worst = (Disagreement){error, scale,     array->name,   (ScalarType)array->type,
                             i,     values[i], interpreted[i]};
  }
  if (worst.error > c->worst->error || c->worst->tensor == NULL) *c->worst = worst;
  return worst;
}

static TensorId tensor_of(const Comparison *c, const dag_array *array) {
  TensorId id = graph_find(c->program->graph, array->name);
  if (id == TENSOR_NONE) bug("check", "the compiled model has a %s, the program not", array->name);
  return id;
}

/* Where element k, counted row-major, of a param or state is. */
static int64_t place_of(const dag_tensor *t, int64_t k) {
  if (t->strides == NULL) return k;
  int64_t place = 0;
  for (int32_t i = t->array.rank; i-- > 0; k /= t->array.shape[i])
    place += k % t->array.shape[i] * t->strides[i];
  return place;
}

/* The interpreter's values of a param or state, as they lie in memory. */
static const double *placed_values(const Comparison *c, const dag_tensor *t) {
  int64_t n = array_size(&t->array);
  const double *values = interpreter_values(c->in, tensor_of(c, &t->array));
  double *placed = ARENA_ARRAY(c->arena, double, n + 1);
  for (int64_t k = 0; k < n; k++) placed[place_of(t, k)] = values[k];
  return placed;
}

static void copy_state(const Comparison *c, int64_t steps_done, uint64_t seed) {
  c->model->init(c->memory, seed);
  memcpy(c->memory + c->model->step_offset, &steps_done, sizeof steps_done);
  for (int32_t i = 0; i < c->model->n_tensors; i++) {
    const dag_tensor *t = &c->model->tensors[i];
    native_store(t->array.type, c->memory + t->offset, placed_values(c, t), array_size(&t->array));
  }
}

/* What to call for an entry, with its descriptions. */
typedef struct Call {
  dag_call *function;
  const dag_input *inputs;
  int32_t n_inputs;
  const dag_array *outputs;
  int32_t n_outputs;
} Call;

static Call call_of(const dag_model *model, const Entry *entry) {
  Call call = {.function = entry->kind == ENTRY_STEP ? model->step : model->eval,
               .inputs = model->inputs,
               .n_inputs = model->n_inputs,
               .outputs = model->reports,
               .n_outputs = model->n_reports};
  if (entry->kind != ENTRY_EXPORT) return call;
  for (int32_t i = 0; i < model->n_exports; i++) {
    const dag_export *e = &model->exports[i];
    if (strcmp(e->name, entry->name) == 0)
      return (Call){e->call, e->inputs, e->n_inputs, e->outputs, e->n_outputs};
  }
  bug("check", "the compiled model has no export %s", entry->name);
}

/* Allocates the outputs, fills in the inputs, calls. */
static int call_native(const Comparison *c, const Call *call, const Entry *entry, void **outputs,
                       uint64_t seed) {
  const void **inputs = ARENA_ARRAY(c->arena, const void *, call->n_inputs + 1);
  for (int32_t i = 0; i < call->n_inputs; i++) {
    const dag_array *array = &call->inputs[i].array;
    void *values = ARENA_ARRAY(c->arena, double, array_size(array) + 1);
    native_store(array->type, values, interpreter_values(c->in, entry->inputs[i]),
                 array_size(array));
    inputs[i] = values;
  }
  for (int32_t i = 0; i < call->n_outputs; i++)
    outputs[i] = ARENA_ARRAY(c->arena, double, array_size(&call->outputs[i]) + 1);
  return call->function(c->memory, inputs, outputs, seed);
}

/* The interpreter's outputs, as they are before its params and states get new values. */
static bool interpret(const Comparison *c, const Entry *entry, double **outputs,
                      const char **refused) {
  if (!interpreter_run(c->in, entry, false, refused)) return false;
  for (uint32_t i = 0; i < entry->n_outputs; i++) {
    TensorId id = entry->outputs[i].tensor;
    int64_t n = tensor_size(tensor_at(c->program->graph, id));
    outputs[i] = ARENA_ARRAY(c->arena, double, n + 1);
    memcpy(outputs[i], interpreter_values(c->in, id), (size_t)n * sizeof(double));
  }
  return entry->n_updates == 0 || interpreter_run(c->in, entry, true, refused);
}

static bool compare_run(Comparison *c, const Entry *entry, uint64_t seed, const char **message) {
  Call call = call_of(c->model, entry);
  if (call.n_outputs != (int32_t)entry->n_outputs || call.n_inputs != (int32_t)entry->n_inputs)
    bug("check", "%s has %d inputs and %d outputs, not %u and %u", entry->name, call.n_inputs,
        call.n_outputs, entry->n_inputs, entry->n_outputs);
  void **outputs = ARENA_ARRAY(c->arena, void *, call.n_outputs + 1);
  double **expected = ARENA_ARRAY(c->arena, double *, call.n_outputs + 1);
  int code = call_native(c, &call, entry, outputs, seed);
  const char *refused = NULL;
  bool interpreted = interpret(c, entry, expected, &refused);
  if (!interpreted && code != 0) return true;
  if (!interpreted || code != 0) {
    *message = !interpreted ? refused : arena_printf(c->arena, "compiled code returns %d", code);
    return false;
  }
  for (int32_t i = 0; i < call.n_outputs; i++) {
    Disagreement worst = compare_values(c, &call.outputs[i], outputs[i], expected[i]);
    if (c->all != NULL) c->all[i] = worst;
  }
  for (int32_t i = 0; i < c->model->n_tensors; i++) {
    const dag_tensor *t = &c->model->tensors[i];
    Disagreement worst =
        compare_values(c, &t->array, c->memory + t->offset, placed_values(c, t));
    if (c->all != NULL) c->all[call.n_outputs + i] = worst;
  }
  return true;
}

bool native_compare(Arena *arena, const dag_model *model, const Program *program, Interpreter *in,
                    const Entry *entry, uint64_t seed, int64_t steps_done, Disagreement *worst,
                    Disagreement *all, const char **message) {
  size_t alignment = model->alignment < sizeof(void *) ? sizeof(void *) : model->alignment;
  size_t size = (model->size + alignment - 1) / alignment * alignment;
  Comparison c = {.arena = arena,
                  .model = model,
                  .program = program,
                  .in = in,
                  .worst = worst,
                  .all = all};
  c.memory = aligned_alloc(alignment, size);
  if (c.memory == NULL) fatal("no memory for a model of %zu bytes", size);
  memset(c.memory, 0, size);
  copy_state(&c, steps_done, seed);
  interpreter_set_step(in, steps_done);
  bool done = compare_run(&c, entry, seed, message);
  free(c.memory);
  return done;
}
