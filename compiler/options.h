/* The command line. */
#pragma once
#include <stdbool.h>
#include "elaborate/elaborate.h"

/* Exit codes (architecture.md): 0 done, 1 the model is wrong, 2 usage, 3 internal or system error.
 */
enum { EXIT_MODEL = 1, EXIT_USAGE = 2, EXIT_SYSTEM = 3 };

typedef enum Command {
#define COMMAND(ID, ...) COMMAND_##ID,
#include "options.def"
  N_COMMANDS
} Command;
typedef enum Emit {
#define STAGE(ID, ...) EMIT_##ID,
#include "options.def"
  N_EMITS
} Emit;
typedef enum Option {
#define OPTION(ID, ...) OPTION_##ID,
#include "options.def"
  N_OPTIONS
} Option;

typedef struct Options {
  Command command;
  Emit emit;
  const char *model;   /* the .dag file */
  const char *tensor;  /* explain: the name */
  const char *output;  /* -o; NULL: standard output (for build: the model's name) */
  const char *header;  /* --header; NULL: none */
  const char *depfile; /* --depfile; NULL: none */
  const char *target;
  const char *only;  /* --only a,b; NULL: everything */
  bool weights_int8; /* --weights int8 */
  bool diff;         /* --diff: what each pass changed, up to the stage of --emit */
  bool no_main, standalone, verify, json;
  bool check;          /* fmt --check */
  const char **models; /* of fmt, n_models of them; "-": standard input */
  size_t n_models;
  Define *defines;
  size_t n_defines;
  char **trainer_args; /* after `--`, for run */
  int n_trainer_args;
} Options;

/* Parses argv. Prints what is wrong, or what --help and --version ask for, and ends the process
   with 2 or 0 in those cases. */
Options options_parse(Arena *arena, int argc, char **argv);
