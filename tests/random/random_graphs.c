/* Random programs: interpreter = compiled code; print = parse⁻¹; reverse = forward mode = finite
   differences.

     random_graphs [--count N] [--seed S] [--size D] [--print]
     random_graphs --constructs [--count N] [--seed S]

   tests the programs of seeds S, S + 1, …, S + N − 1. A program that fails is printed with its
   seed, cut down to the fewest definitions that still fail. --size: all of D definitions; --print:
   print them. With --constructs it fails if one of constructs.def is in none of the programs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "generate.h"
#include "join.h"
#include "pipeline.h"

enum { CHUNK = 40, MAX_TRIED = 6 };

static const double finite_tolerance = 1e-6, mode_tolerance = 1e-9;
/* Of values of equal programs that are computed in another order, relative to a tensor's largest.
 */
static const double f64_tolerance = 1e-9, f32_tolerance = 2e-3;
static const double f32_rounding = 1e-5;

/* One program on its way through the checks. */
typedef struct Case {
  Arena *arena;
  uint64_t seed;
  const char *name, *text;
  const char *failure; /* NULL: none so far */
  Program *program;    /* simplified, lowered */
  const char *c;
} Case;

static bool fail(Case *c, const char *stage, const char *message) {
  if (c->failure == NULL) c->failure = arena_printf(c->arena, "%s: %s", stage, message);
  return false;
}

static Program *elaborate_text(Case *c, const char *stage, const char *text) {
  const char *messages = "";
  Program *program = pipeline_elaborate(c->arena, c->name, text, &messages);
  if (program == NULL) fail(c, stage, arena_printf(c->arena, "%s\n%s", messages, text));
  return program;
}

static bool differentiate_case(Case *c, Program *program) {
  const char *messages = "";
  return pipeline_differentiate(c->arena, program, &messages) || fail(c, "differentiate", messages);
}

/* --- equal programs give equal values --- */

static double tolerance(ScalarType type) {
  return type == TYPE_F32 ? f32_tolerance : f64_tolerance;
}

static bool equal_values(Case *c, const char *stage, const Output *output, const Tensor *t,
                         const double *a, const double *b) {
  double scale = 1e-30;
  for (int64_t i = 0; i < tensor_size(t); i++)
    if (isfinite(a[i])) scale = fmax(scale, fabs(a[i]));
  for (int64_t i = 0; i < tensor_size(t); i++) {
    bool equal =
        a[i] == b[i] || (isnan(a[i]) && isnan(b[i])) || fabs(a[i] - b[i]) <= f64_tolerance * scale;
    if (!equal)
      return fail(c, stage,
                  arena_printf(c->arena, "%s, element %lld: %.17g and %.17g", output->name,
                               (long long)i, a[i], b[i]));
  }
  return true;
}

/* Both programs' entries on the same data. */
static bool same_meaning(Case *c, const char *stage, const Program *a, const Program *b) {
  Interpreter *left = interpreter_new(c->arena, a, c->seed);
  Interpreter *right = interpreter_new(c->arena, b, c->seed);
  if (a->n_entries != b->n_entries) return fail(c, stage, "other entries");
  for (uint32_t e = 0; e < a->n_entries; e++) {
    const Entry *entry = &a->entries[e];
    sample_values(a, left, c->seed, false);
    uint32_t n_given = a->n_inputs + a->n_params;
    for (uint32_t i = 0; i < n_given + a->n_states; i++) {
      TensorId from = i < a->n_inputs ? a->inputs[i]
                      : i < n_given   ? a->params[i - a->n_inputs]
                                      : a->states[i - n_given];
      TensorId to = graph_find(b->graph, tensor_at(a->graph, from)->name);
      if (to == TENSOR_NONE) continue; /* nothing needs it */
      memcpy(interpreter_values(right, to), interpreter_values(left, from),
             (size_t)tensor_size(tensor_at(a->graph, from)) * sizeof(double));
    }
    const char *message = "";
    if (!interpreter_run(left, entry, false, &message)) return fail(c, stage, message);
    if (!interpreter_run(right, &b->entries[e], false, &message)) return fail(c, stage, message);
    for (uint32_t i = 0; i < entry->n_outputs; i++)
      if (!equal_values(c, stage, &entry->outputs[i], tensor_at(a->graph, entry->outputs[i].tensor),
                        interpreter_values(left, entry->outputs[i].tensor),
                        interpreter_values(right, b->entries[e].outputs[i].tensor)))
        return false;
  }
  return true;
}

/* --- the checks --- */

/* `# relu, mlp.dag:5`: places differ, and so do headings. */
static const char *without_comments(Arena *arena, const char *text) {
  Text result = text_new(arena);
  for (bool comment = false, blank = true; *text != '\0'; text++) {
    comment = *text == '#' || (comment && *text != '\n');
    if (comment || *text == ' ' || (*text == '\n' && blank)) continue;
    text_printf(&result, "%c", *text);
    blank = *text == '\n';
  }
  return text_string(&result);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines in the order of their text: what is derived at each point, or of nothing else, may
   stand above or below what it has nothing to do with. */
static const char *lines_in_order(Arena *arena, const char *text) {
  ARRAY(const char *) lines = {0};
  while (*text != '\0') {
    size_t length = strcspn(text, "\n");
    ARRAY_PUSH(arena, &lines, arena_printf(arena, "%.*s", (int)length, text));
    text += length + (text[length] == '\n');
  }
  if (lines.count > 0) qsort(lines.items, lines.count, sizeof *lines.items, by_text);
  Text result = text_new(arena);
  for (size_t i = 0; i < lines.count; i++) text_printf(&result, "%s\n", lines.items[i]);
  return text_string(&result);
}

static bool prints_alike(Arena *arena, const char *a, const char *b) {
  a = without_comments(arena, a);
  b = without_comments(arena, b);
  return strcmp(lines_in_order(arena, a), lines_in_order(arena, b)) == 0;
}

/* What is printed parses to what prints the same, and means the same. */
static bool check_round_trip(Case *c, const char *stage, const Program *program) {
  const char *printed = pipeline_print(c->arena, program);
  Program *again = elaborate_text(c, stage, printed);
  if (again == NULL) return false;
  const char *twice = pipeline_print(c->arena, again);
  if (!prints_alike(c->arena, printed, twice))
    return fail(c, stage,
                arena_printf(c->arena, "prints differ\n--- first\n%s--- then\n%s", printed, twice));
  if (!differentiate_case(c, again)) return false;
  Program *original = elaborate_text(c, stage, c->text);
  return original != NULL && differentiate_case(c, original) &&
         same_meaning(c, stage, original, again);
}

static bool check_gradients(Case *c) {
  Program *program = elaborate_text(c, "elaborate", c->text);
  if (program == NULL) return false;
  GradientChecks checks = gradient_checks_add(c->arena, program);
  if (!differentiate_case(c, program)) return false;
  Interpreter *in = interpreter_new(c->arena, program, c->seed);
  sample_values(program, in, c->seed, false);
  gradient_checks_run(c->arena, &checks, program, in, MAX_TRIED, c->seed);
  for (uint32_t i = 0; i < checks.count; i++) {
    const GradientCheck *check = &checks.items[i];
    const char *what = arena_printf(c->arena, "derivative of %s by %s, line %u",
                                    tensor_at(program->graph, check->source)->name,
                                    tensor_at(program->graph, check->wrt)->name, check->span.line);
    if (check->message != NULL) return fail(c, what, check->message);
    if (!(check->finite_error <= finite_tolerance))
      return fail(c, what,
                  arena_printf(c->arena, "element %lld is %.12g, by finite differences %.12g",
                               (long long)check->element, check->exact, check->finite));
    if (!(check->mode_error <= mode_tolerance))
      return fail(
          c, what,
          arena_printf(c->arena, "forward and reverse mode differ by %g", check->mode_error));
  }
  return true;
}

static bool check_simplified(Case *c) {
  Program *plain = elaborate_text(c, "elaborate", c->text);
  c->program = elaborate_text(c, "elaborate", c->text);
  if (plain == NULL || c->program == NULL) return false;
  if (!differentiate_case(c, plain) || !differentiate_case(c, c->program)) return false;
  c->c = pipeline_c(c->arena, c->program);
  return same_meaning(c, "simplify", plain, c->program) &&
         check_round_trip(c, "print after simplify", c->program);
}

static bool check_before_c(Case *c) {
  Program *program = elaborate_text(c, "elaborate", c->text);
  return program != NULL && check_round_trip(c, "print", program) && check_gradients(c) &&
         check_simplified(c);
}

/* A gradient that is the difference of larger values, all of its elements. */
static bool is_rounding(const Disagreement *d) {
  return d->type == TYPE_F32 && fabs(d->compiled - d->interpreted) <= f32_rounding;
}

static bool check_compiled(Case *c, const Native *native) {
  const dag_model *model = native_model(native, c->program->name);
  if (model == NULL) return fail(c, "native", "the object has no such model");
  Interpreter *in = interpreter_new(c->arena, c->program, c->seed);
  for (uint32_t e = 0; e < c->program->n_entries; e++) {
    const Entry *entry = &c->program->entries[e];
    Disagreement worst = {0};
    const char *message = "";
    sample_values(c->program, in, c->seed, false);
    if (!native_compare(c->arena, model, c->program, in, entry, c->seed, 0, &worst, NULL, &message))
      return fail(c, "compiled", message);
    if (!(worst.error <= tolerance(worst.type)) && !is_rounding(&worst))
      return fail(c, "compiled",
                  arena_printf(c->arena, "%s, %s, element %lld: compiled %.17g, interpreted %.17g",
                               entry->name, worst.tensor, (long long)worst.element, worst.compiled,
                               worst.interpreted));
  }
  return true;
}

/* --- many programs --- */

/* Whether the programs of those seeds have every construct; names those that they have not. */
static bool have_all_constructs(uint64_t first, uint64_t count) {
  static const char *const told[N_CONSTRUCTS] = {
#define CONSTRUCT(name, text) [name] = text,
#include "constructs.def"
#undef CONSTRUCT
  };
  bool used[N_CONSTRUCTS] = {false}, all = true;
  for (uint64_t i = 0; i < count; i++) {
    Arena *arena = arena_new();
    Text text = text_new(arena);
    generate_program(&text, first + i, generate_size(first + i), used);
    arena_free(arena);
  }
  for (int k = 0; k < N_CONSTRUCTS; k++) {
    if (!used[k]) printf("no program has %s\n", told[k]);
    all = all && used[k];
  }
  return all;
}

static Case new_case(uint64_t seed, int size) {
  Case c = {.arena = arena_new(), .seed = seed};
  Text text = text_new(c.arena);
  bool used[N_CONSTRUCTS] = {false};
  generate_program(&text, seed, size, used);
  c.name = arena_printf(c.arena, "random%llu", (unsigned long long)seed);
  c.text = text_string(&text);
  return c;
}

/* Tells the parent which program is looked at, so that it knows whose crash it was. */
static void report(FILE *to, char what, uint64_t seed) {
  fprintf(to, "%c %llu\n", what, (unsigned long long)seed);
  fflush(to);
}

/* Most time goes into clang: the programs are tiny, and what is tested is dagc's text. Another
   level: DAGC_LEVEL=-O2 random_graphs … */
static const char *optimisation(void) {
  const char *chosen = getenv("DAGC_LEVEL");
  return chosen != NULL && *chosen != '\0' ? chosen : "-O0";
}

/* Writes "S seed" before and "F seed" after a program that fails; message to stdout when `loud`. */
static void run_chunk(uint64_t first, size_t n, int size, bool loud, FILE *to) {
  Case cases[CHUNK];
  const char *texts[CHUNK];
  size_t compiled = 0;
  Arena *arena = arena_new();
  for (size_t i = 0; i < n; i++) {
    report(to, 'S', first + i);
    cases[i] = new_case(first + i, size > 0 ? size : generate_size(first + i));
    if (!check_before_c(&cases[i])) continue;
    texts[compiled++] = cases[i].c;
  }
  const char *message = "";
  const char *name = "joined", *joined = join_programs(arena, texts, compiled);
  Native *native = compiled == 0 ? NULL
                                 : native_build(arena, pipeline_compiler(), optimisation(), &name,
                                                &joined, 1, &message);
  if (compiled > 0 && native == NULL) printf("the generated C does not compile:\n%s\n", message);
  for (size_t i = 0; i < n; i++) {
    report(to, 'S', first + i);
    if (cases[i].failure == NULL && native == NULL) fail(&cases[i], "clang", message);
    if (cases[i].failure == NULL) check_compiled(&cases[i], native);
    if (cases[i].failure != NULL) report(to, 'F', first + i);
    if (cases[i].failure != NULL && loud)
      printf("seed %llu fails: %s\n%s\n", (unsigned long long)(first + i), cases[i].failure,
             cases[i].text);
    arena_free(cases[i].arena);
  }
  fflush(stdout);
  arena_free(arena);
}

/* A chunk in a process of its own: a program that crashes the compiler must not end the test. */
typedef struct Worker {
  pid_t process;
  FILE *from;
  uint64_t first;
  size_t n;
} Worker;

static Worker start_worker(uint64_t first, size_t n, int size, bool loud) {
  int ends[2];
  if (pipe(ends) != 0) fatal("no pipe");
  fflush(NULL);
  Worker w = {.process = fork(), .first = first, .n = n};
  if (w.process < 0) fatal("no process");
  if (w.process == 0) {
    close(ends[0]);
    FILE *to = fdopen(ends[1], "w");
    run_chunk(first, n, size, loud, to);
    fclose(to);
    exit(0);
  }
  close(ends[1]);
  w.from = fdopen(ends[0], "r");
  return w;
}

/* Collects the seeds that failed. After a crash, the seed is one of them, and the rest of the chunk
   is run again without it. Returns how many failed. */
static size_t finish_worker(Worker *w, uint64_t *failed) {
  size_t n_failed = 0;
  unsigned long long seed, last = w->first;
  char what;
  while (fscanf(w->from, " %c %llu", &what, &seed) == 2) {
    if (what == 'S')
      last = seed;
    else
      failed[n_failed++] = seed;
  }
  fclose(w->from);
  int status = 0;
  waitpid(w->process, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return n_failed;
  failed[0] = last;
  n_failed = 1;
  printf("seed %llu ends the process (status %d)\n", last, status);
  if (last > w->first) {
    Worker before = start_worker(w->first, last - w->first, 0, false);
    n_failed += finish_worker(&before, failed + n_failed);
  }
  if (last + 1 < w->first + w->n) {
    Worker after = start_worker(last + 1, w->first + w->n - last - 1, 0, false);
    n_failed += finish_worker(&after, failed + n_failed);
  }
  return n_failed;
}

static bool fails(uint64_t seed, int size, bool loud) {
  uint64_t failed[2];
  Worker w = start_worker(seed, 1, size, loud);
  return finish_worker(&w, failed) > 0;
}

/* The fewest definitions with which the seed still fails, told in full. */
static void explain(uint64_t seed) {
  int size = MIN_SIZE, whole = generate_size(seed);
  while (size < whole && !fails(seed, size, false)) size++;
  fails(seed, size, true);
  printf("again with: random_graphs --seed %llu --count 1 --size %d --print\n\n",
         (unsigned long long)seed, size);
}

static void print_case(uint64_t seed, int size) {
  Case c = new_case(seed, size > 0 ? size : generate_size(seed));
  printf("# seed %llu\n%s\n", (unsigned long long)seed, c.text);
  arena_free(c.arena);
}

static size_t test_all(uint64_t first, uint64_t count, int size, uint64_t *failed) {
  enum { WORKERS = 2 };
  Worker workers[WORKERS];
  size_t n_failed = 0;
  for (uint64_t done = 0; done < count;) {
    size_t started = 0;
    for (; started < WORKERS && done < count; started++) {
      size_t n = count - done < CHUNK ? (size_t)(count - done) : CHUNK;
      workers[started] = start_worker(first + done, n, size, count == 1);
      done += n;
    }
    for (size_t i = 0; i < started; i++) n_failed += finish_worker(&workers[i], failed + n_failed);
  }
  return n_failed;
}

int main(int argc, char **argv) {
  uint64_t count = 2000, first = 1;
  int size = 0;
  bool print = false, constructs = false;
  for (int i = 1; i < argc; i++) {
    bool more = i + 1 < argc;
    if (strcmp(argv[i], "--count") == 0 && more)
      count = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--seed") == 0 && more)
      first = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--size") == 0 && more)
      size = atoi(argv[++i]);
    else if (strcmp(argv[i], "--print") == 0)
      print = true;
    else if (strcmp(argv[i], "--constructs") == 0)
      constructs = true;
    else
      return fprintf(stderr, "usage: random_graphs [--count N] [--seed S] [--size D] [--print] "
                             "[--constructs]\n"),
             2;
  }
  if (constructs) return have_all_constructs(first, count) ? 0 : 1;
  for (uint64_t i = 0; i < count && print; i++) print_case(first + i, size);
  uint64_t *failed = calloc(count + CHUNK, sizeof *failed);
  if (failed == NULL) fatal("no memory");
  size_t n_failed = test_all(first, count, size, failed);
  for (size_t i = 0; i < n_failed && i < 5 && count > 1; i++) explain(failed[i]);
  printf("%llu programs, %zu failed\n", (unsigned long long)count, n_failed);
  for (size_t i = 0; i < n_failed && count > 1; i++)
    printf("%s%llu", i == 0 ? "seeds: " : ", ", (unsigned long long)failed[i]);
  if (n_failed > 0 && count > 1) printf("\n");
  free(failed);
  return n_failed == 0 ? 0 : 1;
}
