#include "check.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "differentiate/differentiate.h"
#include "emit/emit.h"
#include "gradient_check.h"
#include "lower/lower.h"
#include "native.h"
#include "options.h"
#include "sample.h"
#include "simplify/simplify.h"

/* Up to where an error counts as rounding. */
static const double mode_tolerance = 1e-10;
static const double f32_tolerance = 1e-4; /* relative to a tensor's largest magnitude */
static const double f64_tolerance = 1e-10;
/* Where a value is rounded to eight or eleven digits, that of the compiled code and that of the
   interpreter may fall on different sides. */
static const double bf16_tolerance = 0x1p-7, f16_tolerance = 0x1p-10;
/* A derivative that is nothing but what rounding leaves of terms that cancel, as by the bias of an
   attention's keys, has no size of its own: a share of the largest by which the same thing is
   differentiated. */
static const double least_share = 0.1;
/* Nor has what a step makes of such a derivative: a share of the largest number that it makes. */
static const double least_share_of_step = 1e-4;

enum { SEED = 1, MAX_ELEMENTS = 64, COMPARED_RUNS = 3 };

typedef struct Check {
  Arena *arena;
  Diag *diag;
  Program *program;
  Interpreter *in;
  FILE *out;
  GradientChecks checks;
  Disagreement *compiled; /* of each check's derivative; tensor NULL: not compared */
  uint32_t n_own;         /* the program's entries without those that give the derivatives */
  bool positive;          /* data and params are drawn positive */
  int wrong;              /* rows */
} Check;

static const char *tensor_name(const Check *c, TensorId id) {
  return tensor_at(c->program->graph, id)->name;
}

/* "[3, 17]": where element number `element` stands in a tensor of these extents. */
static const char *place(const Check *c, const Tensor *t, int64_t element) {
  if (t->rank == 0) return "";
  const char *text = "]";
  for (uint32_t i = t->rank; i-- > 0;) {
    text = arena_printf(c->arena, "%s%lld%s", i == 0 ? "[" : ", ",
                        (long long)(element % t->extents[i]), text);
    element /= t->extents[i];
  }
  return text;
}

static const char *verdict(Check *c, bool good) {
  if (!good) c->wrong++;
  return good ? "ok" : "WRONG";
}

/* " at [3, 17]", "" in a scalar. */
static const char *at_place(const Check *c, TensorId id, int64_t element) {
  const char *text = place(c, tensor_at(c->program->graph, id), element);
  return text[0] == '\0' ? "" : arena_printf(c->arena, " at %s", text);
}

/* --- compiled code --- */

/* Of values of a type, in a program that rounds to others or does not. */
static double tolerance_of(const Check *c, ScalarType type) {
  bool rounds_bf16 = type == TYPE_BF16, rounds_f16 = type == TYPE_F16;
  if (type == TYPE_F64) return f64_tolerance;
  for (ExprId id = 0; id < c->program->graph->n_exprs; id++) {
    const Expr *e = expr_at(c->program->graph, id);
    rounds_bf16 = rounds_bf16 || (e->kind == EXPR_OP && e->op == OP_BF16);
    rounds_f16 = rounds_f16 || (e->kind == EXPR_OP && e->op == OP_F16);
  }
  return rounds_bf16 ? bf16_tolerance : rounds_f16 ? f16_tolerance : f32_tolerance;
}

/* What it is judged by, relative to the tensor's own size or a share of the largest of the same
   source's. */
static double derivative_error(const Check *c, uint32_t number) {
  const Disagreement *worst = &c->compiled[number];
  double scale = worst->scale;
  for (uint32_t i = 0; i < c->checks.count; i++)
    if (c->checks.items[i].source == c->checks.items[number].source &&
        c->compiled[i].tensor != NULL)
      scale = fmax(scale, least_share * c->compiled[i].scale);
  return worst->error * (worst->scale / scale);
}

/* Relative to a share of the largest of the same source's, as above. */
static double mode_error(const Check *c, const GradientCheck *check) {
  double magnitude = check->mode_magnitude;
  for (uint32_t i = 0; i < c->checks.count; i++)
    if (c->checks.items[i].source == check->source)
      magnitude = fmax(magnitude, least_share * c->checks.items[i].mode_magnitude);
  return magnitude > 0 ? check->mode_error * (check->mode_magnitude / magnitude) : 0;
}

/* Derivatives are compared where they are wanted as such: entries that give them. */
static bool is_compared(const GradientCheck *check) {
  return check->rule == NULL && check->surrogate == NULL && check->message == NULL;
}

static void add_inputs(const Check *c, Entry *entry) {
  const Graph *graph = c->program->graph;
  bool *needed = ARENA_ARRAY(c->arena, bool, graph->n_tensors + 1);
  TensorId *roots = ARENA_ARRAY(c->arena, TensorId, entry->n_outputs + 1);
  for (uint32_t i = 0; i < entry->n_outputs; i++) roots[i] = entry->outputs[i].tensor;
  TensorList order = graph_order(graph, c->arena, roots, entry->n_outputs);
  for (uint32_t i = 0; i < order.count; i++) needed[order.items[i]] = true;
  entry->inputs = ARENA_ARRAY(c->arena, TensorId, c->program->n_inputs + 1);
  for (uint32_t i = 0; i < c->program->n_inputs; i++)
    if (needed[c->program->inputs[i]]) entry->inputs[entry->n_inputs++] = c->program->inputs[i];
}

static void add_derivatives(Check *c, bool training) {
  Program *program = c->program;
  const char *name = "derivatives";
  while (program_entry(program, ENTRY_EXPORT, name) != NULL)
    name = arena_printf(c->arena, "%s_", name);
  Entry entry = {.kind = ENTRY_EXPORT, .name = name, .training = training};
  entry.outputs = ARENA_ARRAY(c->arena, Output, c->checks.count + 1);
  for (uint32_t i = 0; i < c->checks.count; i++) {
    const GradientCheck *check = &c->checks.items[i];
    if (!is_compared(check) || check->training != training) continue;
    entry.outputs[entry.n_outputs++] = (Output){tensor_name(c, check->result), check->result};
  }
  if (entry.n_outputs == 0) return;
  add_inputs(c, &entry);
  program->entries[program->n_entries++] = entry;
}

static void add_derivative_entries(Check *c) {
  Program *program = c->program;
  Entry *entries = ARENA_ARRAY(c->arena, Entry, program->n_entries + 2);
  if (program->n_entries > 0)
    memcpy(entries, program->entries, program->n_entries * sizeof *entries);
  program->entries = entries;
  c->n_own = program->n_entries;
  add_derivatives(c, false);
  add_derivatives(c, true);
}

/* Of one entry that gives derivatives. The second step: then `step` is 1, not 0. */
static void compare_derivatives(Check *c, const dag_model *model, const Entry *entry) {
  size_t n = entry->n_outputs + (size_t)model->n_tensors;
  Disagreement worst = {0}, *outputs = ARENA_ARRAY(c->arena, Disagreement, n);
  const char *message = NULL;
  sample_values(c->program, c->in, SEED, c->positive);
  Arena *scratch = arena_new();
  bool agree = native_compare(scratch, model, c->program, c->in, entry, SEED, 1, &worst, outputs,
                              &message);
  uint32_t at = 0;
  for (uint32_t i = 0; i < c->checks.count; i++) {
    GradientCheck *check = &c->checks.items[i];
    if (!is_compared(check) || check->training != entry->training) continue;
    if (agree)
      c->compiled[i] = outputs[at++];
    else
      check->message = arena_strdup(c->arena, message);
  }
  arena_free(scratch);
}

/* --- derivatives --- */

static void hint_whose(Check *c, bool rule_is_wrong) {
  diag_hint(c->diag, rule_is_wrong
                         ? "derivatives that pass a wrong reverse rule are wrong, too"
                         : "this is a mistake in dagc, not in the model: please report it with "
                           "the model");
}

/* grad(loss, w), d loss / d w */
static const char *derivative_words(const Check *c, const GradientCheck *check) {
  const char *of = tensor_name(c, check->source), *by = tensor_name(c, check->wrt);
  static const char *const words[] = {"grad", "vjp", "jvp", "jacobian", "hessian"};
  if (check->span.source == NULL) return arena_printf(c->arena, "d %s / d %s", of, by);
  return arena_printf(c->arena, "%s(%s, %s)", words[check->kind], of, by);
}

static Span derivative_span(const Check *c, const GradientCheck *check) {
  return check->span.source != NULL ? check->span
                                    : tensor_at(c->program->graph, check->wrt)->span;
}

/* "ok", "ok, 3 kinks" */
static const char *good_words(const Check *c, const GradientCheck *check) {
  if (check->kinks == 0) return "ok";
  return arena_printf(c->arena, "ok, %lld kink%s", (long long)check->kinks,
                      check->kinks == 1 ? "" : "s");
}

static void report_derivative(Check *c, uint32_t number, bool by_differences, bool by_modes,
                              bool rule_is_wrong) {
  const GradientCheck *check = &c->checks.items[number];
  const Disagreement *compiled = &c->compiled[number];
  const char *words = derivative_words(c, check);
  Span span = derivative_span(c, check);
  if (!by_differences)
    diag_error(c->diag, span, "%s is wrong:%s it is %.9g, finite differences give %.9g", words,
               at_place(c, check->result, check->element), check->exact, check->finite);
  else if (!by_modes)
    diag_error(c->diag, span, "%s is wrong: forward and reverse mode differ by %.1e", words,
               check->mode_error);
  else
    diag_error(c->diag, span, "the compiled %s is wrong:%s it is %.9g, the interpreter gives %.9g",
               words, at_place(c, check->result, compiled->element), compiled->compiled,
               compiled->interpreted);
  hint_whose(c, rule_is_wrong && !by_differences);
}

static const char *error_text(const Check *c, bool compared, double error) {
  return compared ? arena_printf(c->arena, "%.1e", error) : "-";
}

static void print_derivative(Check *c, uint32_t number, bool rule_is_wrong) {
  const GradientCheck *check = &c->checks.items[number];
  const Disagreement *compiled = &c->compiled[number];
  const char *name = derivative_words(c, check);
  if (check->span.source != NULL)
    name = arena_printf(c->arena, "%s, line %u", name, check->span.line);
  if (check->message != NULL) {
    c->wrong++;
    fprintf(c->out, "  %-36s %s: WRONG\n", name, check->message);
    diag_error(c->diag, derivative_span(c, check), "%s: %s", name, check->message);
    return;
  }
  if (check->surrogate != NULL) {
    fprintf(c->out, "  %-36s passes the surrogate of %s\n", name, check->surrogate);
    return;
  }
  bool compared = compiled->tensor != NULL, both = check->forward != TENSOR_NONE;
  double error = compared ? derivative_error(c, number) : 0;
  bool by_differences = check->finite_error <= FINITE_TOLERANCE;
  double modes = mode_error(c, check);
  bool by_modes = modes <= mode_tolerance;
  bool by_code = !compared || error <= tolerance_of(c, compiled->type);
  bool good = by_differences && by_modes && by_code;
  int64_t element = by_differences && !by_code ? compiled->element : check->element;
  bool some = !by_code || check->finite_error > 0;
  const Tensor *result = tensor_at(c->program->graph, check->result);
  fprintf(c->out, "  %-36s %11.1e  %-14s %17s  %10s  %s\n", name, check->finite_error,
          some ? place(c, result, element) : "", error_text(c, both, modes),
          error_text(c, compared, error), good ? good_words(c, check) : verdict(c, false));
  if (!good) report_derivative(c, number, by_differences, by_modes, rule_is_wrong);
}

static bool has_row(const Check *c, TensorId wrt) {
  for (uint32_t i = 0; i < c->checks.count; i++)
    if (c->checks.items[i].rule == NULL && c->checks.items[i].wrt == wrt) return true;
  return false;
}

/* What the loss has no derivative by. */
static void print_others(Check *c) {
  const Program *p = c->program;
  const Entry *step = program_entry(p, ENTRY_STEP, NULL);
  if (step == NULL || step->n_outputs == 0) return;
  for (uint32_t i = 0; i < p->n_params + p->n_inputs; i++) {
    TensorId id = i < p->n_params ? p->params[i] : p->inputs[i - p->n_params];
    const Tensor *t = tensor_at(p->graph, id);
    if (has_row(c, id)) continue;
    const char *name =
        arena_printf(c->arena, "d %s / d %s", tensor_name(c, step->outputs[0].tensor), t->name);
    if (type_is_real(t->type))
      fprintf(c->out, "  %-36s none: the loss does not depend on it\n", name);
    else
      fprintf(c->out, "  %-36s none: it is %s\n", name, type_name(t->type));
  }
}

/* --- own rules --- */

static bool is_same_rule(const GradientCheck *a, const GradientCheck *b) {
  return a->rule->span.source == b->rule->span.source && a->rule->span.line == b->rule->span.line &&
         a->rule->span.column == b->rule->span.column && a->parameter == b->parameter;
}

/* A rule at its worst call. Surrogates are listed, but are not wrong. */
static void print_rule(Check *c, const GradientCheck *check) {
  const OwnRule *rule = check->rule;
  const char *by = tensor_name(c, check->wrt);
  const char *name =
      arena_printf(c->arena, "%s by %s, %s:%u:%u", rule->function, by, rule->span.source->path,
                   rule->span.line, rule->span.column);
  bool good = check->message == NULL && check->finite_error <= FINITE_TOLERANCE;
  const char *word = rule->surrogate ? (good ? "surrogate, equal" : "surrogate")
                     : good          ? good_words(c, check)
                                     : verdict(c, false);
  if (check->message != NULL) {
    fprintf(c->out, "  %-36s %s: %s\n", name, check->message, word);
    if (!rule->surrogate) diag_error(c->diag, rule->span, "%s: %s", name, check->message);
    return;
  }
  const Tensor *result = tensor_at(c->program->graph, check->result);
  fprintf(c->out, "  %-36s %11.1e  %-14s %s\n", name, check->finite_error,
          check->finite_error > 0 ? place(c, result, check->element) : "", word);
  if (good || rule->surrogate) return;
  diag_error(c->diag, rule->span,
             "the reverse rule of %s is wrong: its share of `%s`%s is %.9g, finite differences "
             "give %.9g",
             rule->function, by, at_place(c, check->result, check->element), check->exact,
             check->finite);
  diag_hint(c->diag, "if it is not meant to be the derivative, write `with surrogate(…)`");
}

/* They come first among the checks. */
static uint32_t count_rules(const Check *c) {
  uint32_t n = 0;
  while (n < c->checks.count && c->checks.items[n].rule != NULL) n++;
  return n;
}

static void print_rules(Check *c) {
  uint32_t n = count_rules(c);
  if (n > 0)
    fprintf(c->out, "  %-36s %11s  %-14s %s\n", "reverse rule", "differences", "worst at",
            "verdict");
  for (uint32_t i = 0; i < n; i++) {
    const GradientCheck *worst = &c->checks.items[i];
    bool first = true;
    for (uint32_t k = 0; k < n; k++) {
      const GradientCheck *other = &c->checks.items[k];
      if (!is_same_rule(worst, other)) continue;
      first = first && k >= i;
      if (other->message != NULL || !(other->finite_error <= worst->finite_error)) worst = other;
    }
    if (first) print_rule(c, worst);
  }
  if (n > 0) fprintf(c->out, "\n");
}

static void print_derivatives(Check *c) {
  print_rules(c);
  bool rule_is_wrong = c->wrong > 0;
  uint32_t n_rules = count_rules(c);
  if (c->checks.count == n_rules) {
    fprintf(c->out, "%s has no derivatives\n", c->program->path);
    return;
  }
  fprintf(c->out, "  %-36s %11s  %-14s %17s  %10s  %s\n", "derivative", "differences", "worst at",
          "forward = reverse", "compiled", "verdict");
  for (uint32_t i = n_rules; i < c->checks.count; i++) print_derivative(c, i, rule_is_wrong);
  print_others(c);
}

/* --- entries --- */

static void report_entry(Check *c, const Entry *entry, const Disagreement *worst, TensorId id) {
  diag_error(c->diag, entry->span,
             "the compiled code of %s is wrong: %s%s is %.9g, the interpreter gives %.9g",
             entry->name, worst->tensor, id == TENSOR_NONE ? "" : at_place(c, id, worst->element),
             worst->compiled, worst->interpreted);
  hint_whose(c, false);
}

/* A param with a gradient that is nothing but rounding, or an optimizer's state of it: what Adam
   makes of that, which divides it by its own size, is no more. */
static bool is_rounding(const Check *c, const char *tensor) {
  for (uint32_t i = 0; i < c->checks.count; i++) {
    const GradientCheck *check = &c->checks.items[i];
    const char *param = tensor_name(c, check->wrt);
    size_t n = strlen(param);
    bool is_of = strncmp(tensor, param, n) == 0 && (tensor[n] == '\0' || tensor[n] == '.');
    if (!is_of || c->compiled[i].tensor == NULL) continue;
    double largest = 0;
    for (uint32_t k = 0; k < c->checks.count; k++)
      if (c->checks.items[k].source == check->source)
        largest = fmax(largest, c->compiled[k].scale);
    if (c->compiled[i].scale < FLT_EPSILON * largest) return true;
  }
  return false;
}

/* The worst of all values, each by its own tensor's size or a share of the largest of them. */
static void worsen(const Check *c, Disagreement *worst, const Disagreement *all, size_t n) {
  double largest = 0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, all[i].scale);
  for (size_t i = 0; i < n; i++) {
    Disagreement here = all[i];
    if (here.tensor == NULL || is_rounding(c, here.tensor)) continue;
    here.scale = fmax(here.scale, least_share_of_step * largest);
    if (here.error > 0) here.error *= all[i].scale / here.scale;
    if (here.error > worst->error || worst->tensor == NULL) *worst = here;
  }
}

static void compare_entry(Check *c, const dag_model *model, const Entry *entry) {
  Disagreement worst = {0};
  const char *message = NULL;
  sample_values(c->program, c->in, SEED, c->positive);
  bool agree = true;
  /* Later runs have states that are not at their initial values. */
  for (int64_t run = 0; run < COMPARED_RUNS && agree; run++) {
    Arena *scratch = arena_new();
    size_t n = entry->n_outputs + (size_t)model->n_tensors;
    Disagreement ignored = {0}, *all = ARENA_ARRAY(scratch, Disagreement, n + 1);
    agree = native_compare(scratch, model, c->program, c->in, entry, SEED, run, &ignored, all,
                           &message);
    if (agree) worsen(c, &worst, all, n);
    if (message != NULL) message = arena_strdup(c->arena, message);
    arena_free(scratch);
  }
  if (!agree) {
    c->wrong++;
    fprintf(c->out, "  %-36s %s: WRONG\n", entry->name, message);
    diag_error(c->diag, entry->span, "%s: %s", entry->name, message);
    return;
  }
  bool good = worst.error <= tolerance_of(c, worst.type);
  TensorId id = worst.tensor == NULL ? TENSOR_NONE : graph_find(c->program->graph, worst.tensor);
  const char *where = "";
  if (worst.error > 0 && id != TENSOR_NONE)
    where = arena_printf(c->arena, "%s%s", worst.tensor,
                         place(c, tensor_at(c->program->graph, id), worst.element));
  fprintf(c->out, "  %-36s %11.1e  %-26s %s\n", entry->name, worst.error, where, verdict(c, good));
  if (!good) report_entry(c, entry, &worst, id);
}

static void print_entries(Check *c, const dag_model *model) {
  fprintf(c->out, "\n  %-36s %11s  %-26s %s\n", "compiled code", "interpreter", "worst at",
          "verdict");
  for (uint32_t i = 0; i < c->n_own; i++) compare_entry(c, model, &c->program->entries[i]);
}

/* --- all of it --- */

/* The program's C, loaded; NULL, with the reason printed, when there is none. */
static Native *compile(Check *c, const char *clang) {
  if (clang == NULL) return NULL;
  simplify(c->program);
  verify_derived(c->program, "simplify");
  const Plan *plan = lower(c->arena, c->program, target_named(c->arena, "generic"), NULL);
  Text text = text_new(c->arena);
  emit_c(&text, c->program, &plan, 1, &(EmitOptions){.no_main = true});
  const char *texts[] = {text_string(&text)}, *message = "";
  Native *native = native_build(c->arena, clang, "-O1", &c->program->name, texts, 1, &message);
  if (native == NULL) fprintf(stderr, "dagc: the generated C does not compile:\n%s\n", message);
  return native;
}

/* Some models have no meaning for negative numbers: then on positive ones. */
static void sample_sensibly(Check *c) {
  sample_values(c->program, c->in, SEED, false);
  const Entry *entry = c->program->n_entries > 0 ? &c->program->entries[0] : NULL;
  if (entry == NULL || entry->n_outputs == 0) return;
  TensorId first = entry->outputs[0].tensor;
  if (interpreter_evaluate(c->in, first, entry->training, NULL) &&
      isfinite(*interpreter_values(c->in, first)))
    return;
  c->positive = true;
  sample_values(c->program, c->in, SEED, true);
}

int check_program(Arena *arena, Diag *diag, Program *program, const char *clang, FILE *out) {
  Check c = {.arena = arena, .diag = diag_hold(diag), .program = program, .out = out};
  c.checks = gradient_checks_add(arena, program);
  differentiate(program, diag);
  if (diag_errors(diag) > 0) return EXIT_MODEL;
  verify_derived(program, "differentiate");
  c.compiled = ARENA_ARRAY(arena, Disagreement, c.checks.count + 1);
  c.in = interpreter_new(arena, program, SEED);
  sample_sensibly(&c);
  gradient_checks_run(arena, &c.checks, program, c.in, MAX_ELEMENTS, SEED);
  add_derivative_entries(&c);
  Native *native = compile(&c, clang);
  const dag_model *model = native == NULL ? NULL : native_model(native, program->name);
  for (uint32_t i = c.n_own; model != NULL && i < program->n_entries; i++)
    compare_derivatives(&c, model, &program->entries[i]);
  print_derivatives(&c);
  if (model != NULL) print_entries(&c, model);
  if (native != NULL) {
    native_close(native);
    fprintf(out, "\n%s: %s\n", program->path, c.wrong == 0 ? "all is right" : "not all is right");
  }
  fflush(out);
  diag_release(diag, c.diag); /* below the table */
  return native == NULL ? EXIT_SYSTEM : c.wrong == 0 ? 0 : EXIT_MODEL;
}
