#include "check.h"
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
static const double finite_tolerance = 1e-6; /* relative; f64 throughout */
static const double mode_tolerance = 1e-10;
static const double f32_tolerance = 1e-4; /* relative to a tensor's largest magnitude */
static const double f64_tolerance = 1e-10;
/* Where a value is rounded to eight or eleven digits, that of the compiled code and that of the
   interpreter may fall on different sides. */
static const double bf16_tolerance = 0x1p-7, f16_tolerance = 0x1p-10;

enum { SEED = 1, MAX_ELEMENTS = 64, COMPARED_RUNS = 3 };

typedef struct Check {
  Arena *arena;
  Program *program;
  Interpreter *in;
  FILE *out;
  int wrong; /* rows */
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

/* --- derivatives --- */

static const char *derivative_name(const Check *c, const GradientCheck *check) {
  const char *of = tensor_name(c, check->source), *by = tensor_name(c, check->wrt);
  if (check->span.source == NULL) return arena_printf(c->arena, "d %s / d %s", of, by);
  static const char *const words[] = {"grad", "vjp", "jvp", "jacobian", "hessian"};
  return arena_printf(c->arena, "%s(%s, %s), line %u", words[check->kind], of, by,
                      check->span.line);
}

static void print_derivative(Check *c, const GradientCheck *check) {
  const char *name = derivative_name(c, check);
  if (check->message != NULL) {
    c->wrong++;
    fprintf(c->out, "  %-36s %s: WRONG\n", name, check->message);
    return;
  }
  if (check->surrogate != NULL) {
    fprintf(c->out, "  %-36s passes the surrogate of %s\n", name, check->surrogate);
    return;
  }
  bool good = check->finite_error <= finite_tolerance && check->mode_error <= mode_tolerance;
  const Tensor *result = tensor_at(c->program->graph, check->result);
  fprintf(c->out, "  %-36s %9.1e %-16s %9.1e   %s\n", name, check->finite_error,
          check->finite_error > 0 ? place(c, result, check->element) : "", check->mode_error,
          verdict(c, good));
  if (!(check->finite_error <= finite_tolerance))
    fprintf(c->out, "    there it is %.12g, by finite differences %.12g\n", check->exact,
            check->finite);
}

/* --- own rules --- */

static bool is_same_rule(const GradientCheck *a, const GradientCheck *b) {
  return a->rule->span.source == b->rule->span.source && a->rule->span.line == b->rule->span.line &&
         a->rule->span.column == b->rule->span.column && a->parameter == b->parameter;
}

/* A rule at its worst call. Surrogates are listed, but are not wrong. */
static void print_rule(Check *c, const GradientCheck *check) {
  const OwnRule *rule = check->rule;
  const char *name =
      arena_printf(c->arena, "%s by %s, %s:%u:%u", rule->function, tensor_name(c, check->wrt),
                   rule->span.source->path, rule->span.line, rule->span.column);
  bool good = check->message == NULL && check->finite_error <= finite_tolerance;
  const char *word = rule->surrogate ? (good ? "surrogate, equal" : "surrogate") : verdict(c, good);
  if (check->message != NULL) {
    fprintf(c->out, "  %-36s %s: %s\n", name, check->message, word);
    return;
  }
  const Tensor *result = tensor_at(c->program->graph, check->result);
  fprintf(c->out, "  %-36s %9.1e %-16s   %s\n", name, check->finite_error,
          check->finite_error > 0 ? place(c, result, check->element) : "", word);
  if (!good && !rule->surrogate)
    fprintf(c->out, "    there it is %.12g, by finite differences %.12g\n", check->exact,
            check->finite);
}

/* Returns how many there are; they come first. */
static uint32_t check_rules(Check *c, const GradientChecks *checks) {
  uint32_t n = 0;
  while (n < checks->count && checks->items[n].rule != NULL) n++;
  if (n > 0) fprintf(c->out, "  %-36s %s\n", "reverse rule", "finite differences");
  for (uint32_t i = 0; i < n; i++) {
    const GradientCheck *worst = &checks->items[i];
    bool first = true;
    for (uint32_t k = 0; k < n; k++) {
      const GradientCheck *other = &checks->items[k];
      if (!is_same_rule(worst, other)) continue;
      first = first && k >= i;
      if (other->message != NULL || !(other->finite_error <= worst->finite_error)) worst = other;
    }
    if (first) print_rule(c, worst);
  }
  if (n > 0) fprintf(c->out, "\n");
  return n;
}

static void check_derivatives(Check *c, GradientChecks *checks) {
  gradient_checks_run(c->arena, checks, c->program, c->in, MAX_ELEMENTS, SEED);
  uint32_t n_rules = check_rules(c, checks);
  if (checks->count == n_rules) {
    fprintf(c->out, "%s has no derivatives\n", c->program->path);
    return;
  }
  fprintf(c->out, "  %-36s %-26s %s\n", "derivative", "finite differences", "forward = reverse");
  for (uint32_t i = n_rules; i < checks->count; i++) print_derivative(c, &checks->items[i]);
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

static void compare_entry(Check *c, const dag_model *model, const Entry *entry) {
  Disagreement worst = {0};
  const char *message = NULL;
  sample_values(c->program, c->in, SEED, false);
  bool agree = true;
  /* Later runs have states that are not at their initial values. */
  for (int64_t run = 0; run < COMPARED_RUNS && agree; run++) {
    Arena *scratch = arena_new();
    agree = native_compare(scratch, model, c->program, c->in, entry, SEED, run, &worst, &message);
    if (message != NULL) message = arena_strdup(c->arena, message);
    arena_free(scratch);
  }
  if (!agree) {
    c->wrong++;
    fprintf(c->out, "  %-36s %s: WRONG\n", entry->name, message);
    return;
  }
  double tolerance = tolerance_of(c, worst.type);
  TensorId id = worst.tensor == NULL ? TENSOR_NONE : graph_find(c->program->graph, worst.tensor);
  const char *where = "";
  if (worst.error > 0 && id != TENSOR_NONE)
    where = arena_printf(c->arena, "%s%s", worst.tensor,
                         place(c, tensor_at(c->program->graph, id), worst.element));
  fprintf(c->out, "  %-36s %9.1e %-26s   %s\n", entry->name, worst.error, where,
          verdict(c, worst.error <= tolerance));
  if (!(worst.error <= tolerance))
    fprintf(c->out, "    there it is %.12g, by the interpreter %.12g\n", worst.compiled,
            worst.interpreted);
}

static bool compare_compiled(Check *c, const char *clang) {
  simplify(c->program);
  verify_derived(c->program, "simplify");
  const Plan *plan = lower(c->arena, c->program, target_named(c->arena, "generic"), NULL);
  Text text = text_new(c->arena);
  emit_c(&text, c->program, &plan, 1, &(EmitOptions){.no_main = true});
  const char *texts[] = {text_string(&text)}, *message = "";
  Native *native = native_build(c->arena, clang, "-O1", &c->program->name, texts, 1, &message);
  if (native == NULL) {
    fprintf(stderr, "dagc: the generated C does not compile:\n%s\n", message);
    return false;
  }
  fprintf(c->out, "\n  %-36s %-26s\n", "compiled code", "interpreter");
  for (uint32_t i = 0; i < c->program->n_entries; i++)
    compare_entry(c, native_model(native, c->program->name), &c->program->entries[i]);
  native_close(native);
  return true;
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
  sample_values(c->program, c->in, SEED, true);
}

int check_program(Arena *arena, Diag *diag, Program *program, const char *clang, FILE *out) {
  Check c = {.arena = arena, .program = program, .out = out};
  GradientChecks checks = gradient_checks_add(arena, program);
  differentiate(program, diag);
  if (diag_errors(diag) > 0) return EXIT_MODEL;
  verify_derived(program, "differentiate");
  c.in = interpreter_new(arena, program, SEED);
  sample_sensibly(&c);
  check_derivatives(&c, &checks);
  fflush(out);
  if (clang == NULL || !compare_compiled(&c, clang)) return EXIT_SYSTEM;
  fprintf(out, "\n%s: %s\n", program->path, c.wrong == 0 ? "all is right" : "not all is right");
  return c.wrong == 0 ? 0 : EXIT_MODEL;
}
