/* dagc: the stages in order. Each is a function on one structure; the verifier runs after each. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "build.h"
#include "check.h"
#include "differentiate/differentiate.h"
#include "elaborate/elaborate.h"
#include "emit/emit.h"
#include "explain.h"
#include "fmt.h"
#include "lower/lower.h"
#include "lsp/lsp.h"
#include "notation/notation.h"
#include "only.h"
#include "options.h"
#include "output.h"
#include "page/page.h"
#include "pass_diff.h"
#include "simplify/simplify.h"
#include "toolchain.h"

static Program *elaborate_model(Arena *arena, Diag *diag, const Options *options, const File *file,
                                const Map *flat) {
  const char *name = model_name(arena, options->model);
  Program *program =
      elaborate_without(arena, diag, file, name, options->defines, options->n_defines, flat);
  if (program == NULL) return NULL;
  if (options->verify) verify_program(program, "elaborate");
  if (options->only != NULL && !keep_only(program, diag, options->only)) return NULL;
  return program;
}

static Program *derived_model(Arena *arena, Diag *diag, const Options *options, const File *file,
                              const Map *flat) {
  Program *program = elaborate_model(arena, diag, options, file, flat);
  if (program == NULL) return NULL;
  differentiate(program, diag);
  if (diag_errors(diag) > 0) return NULL;
  if (options->verify) verify_program(program, "differentiate");
  simplify(program);
  return program;
}

/* Simplified. When only then is it seen that gradients are 0, it is elaborated anew without them:
   `flat` gets the names of their params. */
static Program *derive(Arena *arena, Diag *diag, const Options *options, const File *file,
                       Map *flat) {
  for (;;) {
    Diag *holding = diag_hold(diag);
    Program *program = derived_model(arena, holding, options, file, flat);
    if (program != NULL && find_flat(program, flat)) continue;
    diag_release(diag, holding);
    return program;
  }
}

/* LaTeX for a file of that kind, else text. */
static NotationForm notation_form(const char *output) {
  const char *dot = output == NULL ? NULL : strrchr(output, '.');
  return dot != NULL && strcmp(dot, ".tex") == 0 ? NOTATION_LATEX : NOTATION_TEXT;
}

/* --diff: what each pass up to the stage changed, of a model that is known to be right. */
static void print_passes(Arena *arena, Diag *diag, const Options *options, const File *file,
                         const Map *flat, Text *out) {
  Diag *said = diag_hold(diag);
  PassDiff passes = pass_diff_new(arena, out);
  Program *program = elaborate_model(arena, said, options, file, flat);
  if (options->emit == EMIT_IR) {
    pass_diff_add(&passes, program, "elaborate", "functions and layers written out");
    return;
  }
  passes.before = program_lines(program_canonical(program));
  differentiate(program, said);
  pass_diff_add(&passes, program, "differentiate", "the chain rule, from what is differentiated");
  simplify_watched(program, &(PassWatch){pass_diff_watch, &passes});
}

static const File *read_model(Arena *arena, Diag *diag, const Options *options) {
  const Source *source = source_read(arena, diag, options->model, span_none());
  if (source == NULL) return NULL;
  const File *file = parse_file(arena, diag, source);
  return diag_errors(diag) > 0 ? NULL : file;
}

/* What is printed of the program in canonical form. Whether the stage is one of these. */
static bool print_canonical(Text *out, const Options *options, const Program *program) {
  switch (options->emit) {
  case EMIT_GRAD:
  case EMIT_OPT: print_program(out, program); return true;
  case EMIT_DOT: print_dot(out, program); return true;
  case EMIT_MATH: print_notation(out, program, notation_form(options->output)); return true;
  default: return false;
  }
}

/* The program after all passes on the graph, or printed at the stage asked for. Returns NULL when
   the model is wrong, or when *done: a dump was all that was wanted. */
static Program *compile_graph(Arena *arena, Diag *diag, const Options *options, bool *done) {
  Text dump = text_new(arena);
  const File *file = read_model(arena, diag, options);
  if (file == NULL) return NULL;
  *done = true;
  if (options->emit == EMIT_AST) {
    print_file(&dump, file);
    write_output(arena, options->output, text_string(&dump));
    return NULL;
  }
  *done = false;
  Map flat = map_new(arena);
  Program *program = derive(arena, diag, options, file, &flat);
  if (program == NULL) return NULL;
  if (options->diff) {
    *done = true;
    print_passes(arena, diag, options, file, &flat, &dump);
    write_output(arena, options->output, text_string(&dump));
    return NULL;
  }
  /* `check` differentiates more than the program asks for */
  if (options->emit == EMIT_IR || options->command == COMMAND_CHECK)
    program = elaborate_model(arena, diag_hold(diag), options, file, &flat);
  if (options->command == COMMAND_CHECK) return program;
  *done = true;
  if (options->emit == EMIT_IR) {
    print_program(&dump, program);
    write_output(arena, options->output, text_string(&dump));
    return NULL;
  }
  program = program_canonical(program);
  if (options->verify) verify_program(program, "simplify");
  if (print_canonical(&dump, options, program)) {
    write_output(arena, options->output, text_string(&dump));
    return NULL;
  }
  *done = false;
  if (options->weights_int8) quantise_weights(program);
  if (options->verify) verify_program(program, "quantise");
  return program;
}

/* A plan for each machine that the target stands for, with one struct. Returns how many. */
static uint32_t make_plans(Arena *arena, const Options *options, const Program *program,
                           const Plan *plans[N_PORTABLE]) {
  bool portable = strcmp(options->target, "portable") == 0;
  uint32_t n = portable ? N_PORTABLE : 1;
  Plan *made[N_PORTABLE];
  int64_t workspace = 0;
  for (uint32_t i = 0; i < n; i++) {
    const char *name = portable ? portable_targets[i] : options->target;
    const TargetMachine *target = target_named(arena, name);
    if (target == NULL) bug("driver", "no sizes for the target %s", name);
    made[i] = lower(arena, program, target, i == 0 ? NULL : made[0]);
    if (options->verify) verify_plan(made[i], "lower");
    if (made[i]->workspace_bytes > workspace) workspace = made[i]->workspace_bytes;
  }
  for (uint32_t i = 0; i < n; i++) {
    made[i]->workspace_bytes = workspace;
    plans[i] = made[i];
  }
  return n;
}

static void print_plans(Text *out, Emit emit, const Plan *const *plans, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (n > 1) text_printf(out, "%s# for %s\n\n", i > 0 ? "\n" : "", portable_targets[i]);
    if (emit == EMIT_KERNELS) print_kernels(out, plans[i]);
    if (emit == EMIT_PLAN) print_plan(out, plans[i]);
    if (emit == EMIT_COST) print_cost(out, plans[i]);
  }
}

/* The library with which build and run link what they compile; NULL: the C has all in itself. */
static const char *runtime_library(Arena *arena, const Options *options) {
  return is_foreign(toolchain_of(options->target)) ? NULL : find_runtime(arena);
}

static RuntimeText runtime_text(Arena *arena, const Options *options) {
  if (options->command == COMMAND_BUILD || options->command == COMMAND_RUN)
    return runtime_library(arena, options) != NULL ? RUNTIME_PEAK : RUNTIME_WHOLE;
  return options->standalone ? RUNTIME_WHOLE : RUNTIME_NONE;
}

static int compile_c_text(Arena *arena, const Options *options, const Program *program, Text *c) {
  const Plan *plans[N_PORTABLE];
  uint32_t n = make_plans(arena, options, program, plans);
  if (options->emit == EMIT_HTML) {
    write_page(c, program, plans[0]);
    return 0;
  }
  if (options->emit != EMIT_C) {
    print_plans(c, options->emit, plans, n);
    return 0;
  }
  EmitOptions emit = {.no_main = options->no_main,
                      .runtime = runtime_text(arena, options),
                      .header = options->header};
  emit_c(c, program, plans, n, &emit);
  if (options->header != NULL) {
    Text header = text_new(arena);
    emit_header(&header, program, plans[0]);
    write_output(arena, options->header, text_string(&header));
  }
  return 0;
}

/* The rule of make that the output depends on the files that were read. */
static void write_depfile(Arena *arena, const Options *options, const Program *program) {
  Text rule = text_new(arena);
  add_make_path(&rule, options->output);
  text_add(&rule, ":");
  for (uint32_t i = 0; i < program->n_sources; i++) {
    text_add(&rule, " ");
    add_make_path(&rule, program->sources[i]);
  }
  text_add(&rule, "\n");
  write_output(arena, options->depfile, text_string(&rule));
}

/* build and run: the C through clang, in a temporary folder. */
static int build(Arena *arena, const Options *options, const char *c_text) {
  const char *compiler = find_compiler(arena);
  if (compiler == NULL) return EXIT_SYSTEM;
  const char *name = model_name(arena, options->model);
  const char *folder = make_temporary_folder(arena);
  const char *source = arena_printf(arena, "%s/%s.c", folder, name);
  bool run = options->command == COMMAND_RUN;
  const char *program = run                       ? arena_printf(arena, "%s/%s", folder, name)
                        : options->output != NULL ? options->output
                                                  : name;
  write_output(arena, source, c_text);
  const char *built = arena_printf(arena, "%s/%s.out", folder, name);
  bool compiled = compile_c(arena, compiler, toolchain_of(options->target), source,
                            runtime_library(arena, options), built);
  int code = compiled ? 0 : EXIT_SYSTEM;
  if (code == 0) move_file(arena, built, program);
  if (code == 0 && run) {
    char **argv = ARENA_ARRAY(arena, char *, options->n_trainer_args + 3);
    argv[0] = arena_strdup(arena, program);
    argv[1] = arena_strdup(arena, "train");
    bool command = options->n_trainer_args > 0 && options->trainer_args[0][0] != '-';
    for (int i = 0; i < options->n_trainer_args; i++)
      argv[(command ? 1 : 2) + i] = options->trainer_args[i];
    code = run_program(program, argv);
  }
  remove_folder(arena, folder);
  return code;
}

static int explain_model(Arena *arena, Diag *diag, const Options *options) {
  const File *file = read_model(arena, diag, options);
  if (file == NULL) return EXIT_MODEL;
  Map flat = map_new(arena);
  Program *derived = derive(arena, diag, options, file, &flat);
  if (derived == NULL) return EXIT_MODEL;
  Program *written = elaborate_model(arena, diag_hold(diag), options, file, &flat);
  derived = program_canonical(derived);
  const Plan *plans[N_PORTABLE];
  make_plans(arena, options, derived, plans);
  Explanation explanation = {file, program_canonical(written), derived, plans[0]};
  Text text = text_new(arena);
  if (!explain(&text, &explanation, options->tensor)) return EXIT_USAGE;
  write_output(arena, options->output, text_string(&text));
  return 0;
}

static int drive(Arena *arena, const Options *options) {
  if (options->command == COMMAND_FMT) return format_files(arena, options);
  if (options->command == COMMAND_LSP) return serve_editor(STDIN_FILENO, STDOUT_FILENO);
  if (options->command == COMMAND_FLAGS) {
    print_flags(stdout, toolchain_of(options->target));
    return 0;
  }
  Diag *diag = diag_new(arena, options->json ? NULL : stderr);
  bool done = options->command == COMMAND_EXPLAIN;
  int code = done ? explain_model(arena, diag, options) : 0;
  Program *program = done ? NULL : compile_graph(arena, diag, options, &done);
  if (program == NULL && !done) code = EXIT_MODEL;
  if (program != NULL && options->command == COMMAND_CHECK) {
    code = check_program(arena, diag, program, find_compiler(arena), stdout);
    done = true;
  }
  if (options->json) fputs(diag_json(arena, diag), stderr);
  if (code != 0 || done) return code;
  Text c = text_new(arena);
  code = compile_c_text(arena, options, program, &c);
  if (code != 0) return code;
  if (options->command != COMMAND_COMPILE) return build(arena, options, text_string(&c));
  write_output(arena, options->output, text_string(&c));
  if (options->depfile != NULL) write_depfile(arena, options, program);
  return 0;
}

int main(int argc, char **argv) {
  Arena *arena = arena_new();
  Options options = options_parse(arena, argc, argv);
  int code = drive(arena, &options);
  arena_free(arena);
  return code;
}
