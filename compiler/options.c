#include "options.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "toolchain.h"

static const char usage[] =
    "dagc compiles a model written as mathematics to C that trains it.\n"
    "\n"
    "  dagc MODEL.dag -o MODEL.c        compile to C\n"
    "  dagc MODEL.dag --emit=STAGE      print a stage: ast, ir, grad, opt, kernels, plan, cost, c\n"
    "  dagc build MODEL.dag [-o MODEL]  compile to C, then with clang to a trainer\n"
    "  dagc run MODEL.dag [-- ARGS]     build in a temporary folder and run (default: train)\n"
    "  dagc check MODEL.dag             check every derivative and the compiled code\n"
    "  dagc fmt MODEL.dag…              lay out in place; - lays standard input out\n"
    "\n"
    "  -o FILE            write there instead of to standard output\n"
    "  -D NAME=VALUE      override a dim or const; -D real=f64 sets what `real` means\n"
    "  --header FILE      also write the declarations, for a C program that calls the model\n"
    "  --no-main          leave main out: for use as a library\n"
    "  --standalone       put the runtime's text into the same file\n"
    "  --only NAME,…      just those exports: no training, a smaller struct\n"
    "  --weights int8     with --only: params of two axes or more in eight bits, a factor a "
    "channel\n"
    "  --target NAME      native (default), generic, x86-64-v2, x86-64-v3, x86-64-v4, aarch64,\n"
    "                     wasm32; portable: chooses when it runs, v3, v4 or neither\n"
    "  --check            with fmt: name the files that would change, and write nothing\n"
    "  --verify           check the compiler's structures after each pass\n"
    "  --version, --help\n";

static _Noreturn __attribute__((format(printf, 1, 2))) void wrong(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "dagc: ");
  vfprintf(stderr, format, args);
  fprintf(stderr, "\nhint: dagc --help lists the commands and options\n");
  va_end(args);
  exit(EXIT_USAGE);
}

static const char *const emit_names[] = {"ast",     "ir",   "grad", "opt",
                                         "kernels", "plan", "cost", "c"};
enum { N_EMITS = sizeof emit_names / sizeof *emit_names };

static Emit parse_emit(const char *name) {
  for (int i = 0; i < N_EMITS; i++)
    if (strcmp(name, emit_names[i]) == 0) return (Emit)i;
  const char *near = nearest_name(name, emit_names, N_EMITS);
  wrong("unknown stage '%s' for --emit%s%s%s; there are ast, ir, grad, opt, kernels, plan, cost, c",
        name, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
        near != NULL ? "'?" : "");
}

static Define parse_define(Arena *arena, const char *text) {
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text || equals[1] == '\0')
    wrong("-D takes NAME=VALUE, not '%s'", text);
  return (Define){arena_strndup(arena, text, (size_t)(equals - text)), equals + 1};
}

static const char *parse_target(const char *name) {
  if (toolchain_of(name) != NULL) return name;
  static const char *const names[] = {"native",    "generic", "x86-64-v2", "x86-64-v3",
                                      "x86-64-v4", "aarch64", "wasm32",    "portable"};
  const char *near = nearest_name(name, names, sizeof names / sizeof *names);
  wrong("unknown target '%s'%s%s%s; there are native, generic, x86-64-v2, x86-64-v3, x86-64-v4, "
        "aarch64, wasm32, portable",
        name, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
        near != NULL ? "'?" : "");
}

typedef struct Parser {
  Arena *arena;
  int argc, at;
  char **argv;
  Options options;
  ARRAY(Define) defines;
  ARRAY(const char *) models; /* of fmt */
  bool command_given;
} Parser;

static const char *next_value(Parser *p, const char *option) {
  if (p->at + 1 >= p->argc) wrong("%s needs a value", option);
  return p->argv[++p->at];
}

/* The value of `--name=value` or `--name value`; NULL when arg is another option. */
static const char *long_value(Parser *p, const char *arg, const char *name) {
  size_t length = strlen(name);
  if (strncmp(arg, name, length) != 0) return NULL;
  if (arg[length] == '=') return arg + length + 1;
  return arg[length] == '\0' ? next_value(p, name) : NULL;
}

static void parse_option(Parser *p, const char *arg) {
  static const char *const known[] = {"--emit",    "--header", "--no-main", "--standalone",
                                      "--only",    "--target", "--weights", "--verify",
                                      "--check",   "--version", "--help"};
  Options *o = &p->options;
  const char *value;
  if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
    fputs(usage, stdout);
    exit(0);
  } else if (strcmp(arg, "--version") == 0) {
    puts("dagc " DAGC_VERSION);
    exit(0);
  } else if (strcmp(arg, "--no-main") == 0) {
    o->no_main = true;
  } else if (strcmp(arg, "--standalone") == 0) {
    o->standalone = true;
  } else if (strcmp(arg, "--verify") == 0) {
    o->verify = true;
  } else if (strcmp(arg, "--check") == 0) {
    o->check = true;
  } else if ((value = long_value(p, arg, "--emit")) != NULL) {
    o->emit = parse_emit(value);
  } else if ((value = long_value(p, arg, "--header")) != NULL) {
    o->header = value;
  } else if ((value = long_value(p, arg, "--only")) != NULL) {
    o->only = value;
  } else if ((value = long_value(p, arg, "--weights")) != NULL) {
    if (strcmp(value, "int8") != 0) wrong("--weights takes int8, not '%s'", value);
    o->weights_int8 = true;
  } else if ((value = long_value(p, arg, "--target")) != NULL) {
    o->target = parse_target(value);
  } else if (strncmp(arg, "-o", 2) == 0) {
    o->output = arg[2] != '\0' ? arg + 2 : next_value(p, "-o");
  } else if (strncmp(arg, "-D", 2) == 0) {
    const char *text = arg[2] != '\0' ? arg + 2 : next_value(p, "-D");
    ARRAY_PUSH(p->arena, &p->defines, parse_define(p->arena, text));
  } else {
    const char *near = nearest_name(arg, known, sizeof known / sizeof *known);
    if (near != NULL) wrong("unknown option '%s'; did you mean '%s'?", arg, near);
    wrong("unknown option '%s'", arg);
  }
}

static void parse_operand(Parser *p, const char *arg) {
  static const char *const commands[] = {"build", "run", "check", "fmt"};
  enum { N_COMMANDS = sizeof commands / sizeof *commands };
  Options *o = &p->options;
  for (int i = 0; i < N_COMMANDS && o->model == NULL && !p->command_given; i++) {
    if (strcmp(arg, commands[i]) != 0) continue;
    o->command = (Command)(COMMAND_BUILD + i);
    p->command_given = true;
    return;
  }
  bool many = o->command == COMMAND_FMT;
  if (o->model != NULL && !many) wrong("one model at a time: '%s' after '%s'", arg, o->model);
  size_t length = strlen(arg);
  bool input = many && strcmp(arg, "-") == 0;
  if (!input && (length < 5 || strcmp(arg + length - 4, ".dag") != 0)) {
    const char *near = p->command_given ? NULL : nearest_name(arg, commands, N_COMMANDS);
    if (near != NULL) wrong("unknown command '%s'; did you mean '%s'?", arg, near);
    wrong("expected a model, a file that ends in .dag, not '%s'", arg);
  }
  o->model = arg;
  ARRAY_PUSH(p->arena, &p->models, arg);
}

Options options_parse(Arena *arena, int argc, char **argv) {
  Parser p = {.arena = arena, .argc = argc, .at = 1, .argv = argv};
  p.options = (Options){.emit = EMIT_C, .target = "native"};
  for (; p.at < argc; p.at++) {
    const char *arg = argv[p.at];
    if (strcmp(arg, "--") == 0) {
      p.options.trainer_args = argv + p.at + 1;
      p.options.n_trainer_args = argc - p.at - 1;
      break;
    }
    if (arg[0] == '-' && arg[1] != '\0')
      parse_option(&p, arg);
    else
      parse_operand(&p, arg);
  }
  if (argc == 1) {
    fputs(usage, stderr);
    exit(EXIT_USAGE);
  }
  if (p.options.model == NULL) wrong("no model given");
  if (p.options.check && p.options.command != COMMAND_FMT) wrong("--check goes with dagc fmt");
  if (p.options.n_trainer_args > 0 && p.options.command != COMMAND_RUN)
    wrong("arguments after -- are for the trainer: they go with dagc run");
  if (p.options.emit != EMIT_C && p.options.command != COMMAND_COMPILE)
    wrong("--emit does not go with commands");
  const Toolchain *toolchain = toolchain_of(p.options.target);
  if (p.options.command == COMMAND_RUN && is_foreign(toolchain))
    wrong("a program for %s does not run on this machine: dagc build makes it, %s runs it",
          p.options.target, toolchain->runs);
  if (p.options.weights_int8 && p.options.only == NULL)
    wrong("--weights int8 is for inference: it goes with --only");
  p.options.models = p.models.items;
  p.options.n_models = p.models.count;
  p.options.defines = p.defines.items;
  p.options.n_defines = p.defines.count;
  return p.options;
}
