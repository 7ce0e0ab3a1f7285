#include "options.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "help.h"
#include "toolchain.h"

static _Noreturn __attribute__((format(printf, 1, 2))) void wrong(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "dagc: ");
  vfprintf(stderr, format, args);
  fprintf(stderr, "\nhint: dagc --help lists the commands and options\n");
  va_end(args);
  exit(EXIT_USAGE);
}

/* "; did you mean 'grad'?" */
static const char *suggestion(Arena *arena, const char *name, const char *const *names, size_t n) {
  const char *near = nearest_name(name, names, n);
  return near == NULL ? "" : arena_printf(arena, "; did you mean '%s'?", near);
}

/* "unknown target 'z80'; there are native, generic, …" */
static _Noreturn void unknown(Arena *arena, const char *what, const char *name,
                              const char *const *names, size_t n) {
  Text all = text_new(arena);
  for (size_t i = 0; i < n; i++) text_printf(&all, "%s%s", i == 0 ? "" : ", ", names[i]);
  wrong("unknown %s '%s'%s; there are %s", what, name, suggestion(arena, name, names, n),
        text_string(&all));
}

static Emit parse_emit(Arena *arena, const char *name) {
  const char *names[N_EMITS];
  for (Emit i = 0; i < N_EMITS; i++) {
    names[i] = stage_rows[i].name;
    if (strcmp(name, names[i]) == 0) return i;
  }
  unknown(arena, "stage for --emit", name, names, N_EMITS);
}

static Define parse_define(Arena *arena, const char *text) {
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text || equals[1] == '\0')
    wrong("-D takes NAME=VALUE, not '%s'", text);
  return (Define){arena_strndup(arena, text, (size_t)(equals - text)), equals + 1};
}

static const char *parse_target(Arena *arena, const char *name) {
  if (toolchain_of(name) != NULL) return name;
  size_t n;
  const char *const *names = toolchain_names(arena, &n);
  unknown(arena, "target", name, names, n);
}

typedef struct Parser {
  Arena *arena;
  int argc, at;
  char **argv;
  Options options;
  ARRAY(Define) defines;
  ARRAY(const char *) models; /* of a command that takes several */
  bool command_given;
  bool given[N_OPTIONS];
} Parser;

/* The option that arg is or begins with; N_OPTIONS: none. *value gets what the same word says of
   its value (--name=value, -ovalue), or NULL. */
static Option find_option(const char *arg, const char **value) {
  for (Option i = 0; i < N_OPTIONS; i++) {
    const OptionRow *row = &option_rows[i];
    size_t length = strlen(row->name);
    if (strncmp(arg, row->name, length) != 0) continue;
    const char *rest = arg + length;
    bool is_long = row->name[1] == '-';
    *value = *rest == '\0' ? NULL : rest + is_long;
    if (*rest == '\0' || (is_long ? *rest == '=' : row->value != NULL)) return i;
  }
  return N_OPTIONS;
}

static _Noreturn void unknown_option(Arena *arena, const char *arg) {
  const char *names[N_OPTIONS];
  for (Option i = 0; i < N_OPTIONS; i++) names[i] = option_rows[i].name;
  wrong("unknown option '%s'%s", arg, suggestion(arena, arg, names, N_OPTIONS));
}

static _Noreturn void help(const Parser *p) {
  if (p->command_given)
    print_command_help(stdout, p->options.command);
  else
    print_help(stdout);
  exit(0);
}

static void set_option(Parser *p, Option option, const char *value) {
  Options *o = &p->options;
  switch (option) {
  case OPTION_OUTPUT: o->output = value; break;
  case OPTION_EMIT: o->emit = parse_emit(p->arena, value); break;
  case OPTION_DIFF: o->diff = true; break;
  case OPTION_HEADER: o->header = value; break;
  case OPTION_NO_MAIN: o->no_main = true; break;
  case OPTION_STANDALONE: o->standalone = true; break;
  case OPTION_DEPFILE: o->depfile = value; break;
  case OPTION_DEFINE: ARRAY_PUSH(p->arena, &p->defines, parse_define(p->arena, value)); break;
  case OPTION_ONLY: o->only = value; break;
  case OPTION_WEIGHTS:
    if (strcmp(value, "int8") != 0) wrong("--weights takes int8, not '%s'", value);
    o->weights_int8 = true;
    break;
  case OPTION_TARGET: o->target = parse_target(p->arena, value); break;
  case OPTION_CHECK: o->check = true; break;
  case OPTION_JSON: o->json = true; break;
  case OPTION_VERIFY: o->verify = true; break;
  case OPTION_VERSION: puts("dagc " DAGC_VERSION); exit(0);
  case OPTION_HELP: help(p);
  case N_OPTIONS: break;
  }
}

static void parse_option(Parser *p, const char *arg) {
  const char *value;
  Option option = find_option(strcmp(arg, "-h") == 0 ? "--help" : arg, &value);
  if (option == N_OPTIONS) unknown_option(p->arena, arg);
  const OptionRow *row = &option_rows[option];
  if (row->value == NULL && value != NULL) wrong("%s takes no value", row->name);
  if (row->value != NULL && value == NULL) {
    if (p->at + 1 >= p->argc) wrong("%s needs a value", row->name);
    value = p->argv[++p->at];
  }
  p->given[option] = true;
  set_option(p, option, value);
}

/* N_COMMANDS: there is none of that name. */
static Command find_command(const char *name) {
  Command i = 0;
  while (i < N_COMMANDS && (*name == '\0' || strcmp(command_rows[i].name, name) != 0)) i++;
  return i;
}

static const char *command_suggestion(Arena *arena, const char *name) {
  const char *names[N_COMMANDS];
  for (Command i = 0; i < N_COMMANDS; i++) names[i] = command_rows[i].name;
  return suggestion(arena, name, names, N_COMMANDS);
}

static _Noreturn void help_with(Parser *p, const char *name) {
  p->options.command = find_command(name);
  if (p->options.command == N_COMMANDS)
    wrong("unknown command '%s'%s", name, command_suggestion(p->arena, name));
  help(p);
}

static bool is_model(const char *arg) {
  size_t length = strlen(arg);
  return length > 4 && strcmp(arg + length - 4, ".dag") == 0;
}

static void parse_operand(Parser *p, const char *arg) {
  Options *o = &p->options;
  if (o->command == COMMAND_HELP) help_with(p, arg);
  Command command = p->command_given || o->model != NULL ? N_COMMANDS : find_command(arg);
  if (command != N_COMMANDS) {
    o->command = command;
    p->command_given = true;
    return;
  }
  const CommandRow *row = &command_rows[o->command];
  if (row->takes == NOTHING) wrong("dagc %s takes no '%s'", row->name, arg);
  bool many = row->takes == MODELS;
  if (o->model != NULL && !many) wrong("one model at a time: '%s' after '%s'", arg, o->model);
  if (is_model(arg) || (many && strcmp(arg, "-") == 0)) {
    o->model = arg;
    ARRAY_PUSH(p->arena, &p->models, arg);
    return;
  }
  if (o->command == COMMAND_EXPLAIN && o->tensor == NULL) {
    o->tensor = arg;
    return;
  }
  const char *near = p->command_given ? "" : command_suggestion(p->arena, arg);
  if (*near != '\0') wrong("unknown command '%s'%s", arg, near);
  wrong("expected a model, a file that ends in .dag, not '%s'", arg);
}

static void check_options(const Parser *p) {
  const CommandRow *row = &command_rows[p->options.command];
  for (Option i = 0; i < N_OPTIONS; i++)
    if (p->given[i] && (option_rows[i].commands & 1u << p->options.command) == 0)
      wrong("%s does not go with dagc %s", option_rows[i].name,
            row->name[0] == '\0' ? "MODEL.dag" : row->name);
  if (row->takes != NOTHING && p->options.model == NULL) wrong("no model given");
  if (p->options.command == COMMAND_EXPLAIN && p->options.tensor == NULL)
    wrong("explain takes the name of a tensor: dagc explain NAME MODEL.dag");
  Emit stage = p->options.emit;
  if (p->options.diff && stage != EMIT_IR && stage != EMIT_GRAD && stage != EMIT_OPT &&
      p->given[OPTION_EMIT])
    wrong("--diff shows the passes on the graph: it goes with --emit=ir, grad or opt");
  if (p->options.n_trainer_args > 0 && p->options.command != COMMAND_RUN)
    wrong("arguments after -- are for the trainer: they go with dagc run");
  if (p->options.emit == EMIT_HTML && strcmp(p->options.target, "portable") == 0)
    wrong("--emit=html shows the C for one machine, not --target portable");
  const Toolchain *toolchain = toolchain_of(p->options.target);
  if (p->options.command == COMMAND_RUN && is_foreign(toolchain))
    wrong("a program for %s does not run on this machine: dagc build makes it, %s runs it",
          p->options.target, toolchain->runs);
  if (p->options.weights_int8 && p->options.only == NULL)
    wrong("--weights int8 is for inference: it goes with --only");
  if (p->options.depfile != NULL && p->options.output == NULL)
    wrong("--depfile says what the file of -o depends on: it goes with -o");
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
    print_help(stderr);
    exit(EXIT_USAGE);
  }
  if (p.options.command == COMMAND_HELP) {
    print_help(stdout);
    exit(0);
  }
  check_options(&p);
  p.options.models = p.models.items;
  p.options.n_models = p.models.count;
  p.options.defines = p.defines.items;
  p.options.n_defines = p.defines.count;
  return p.options;
}
