/* What the words of the command line are and what they are for; options.def has the rows and the
   legend. */
#pragma once
#include <stdio.h>
#include "options.h"

typedef enum CommandOperand { NOTHING, MODEL, MODELS } CommandOperand;

typedef struct CommandRow {
  const char *name, *arguments, *purpose, *text, *example;
  CommandOperand takes;
} CommandRow;

typedef struct StageRow {
  const char *name, *purpose;
} StageRow;

typedef struct OptionRow {
  const char *name, *value, *group, *purpose;
  unsigned commands; /* bit 1 << Command for each that it goes with */
} OptionRow;

extern const CommandRow command_rows[N_COMMANDS];
extern const StageRow stage_rows[N_EMITS];
extern const OptionRow option_rows[N_OPTIONS];

/* All of it: the commands, the stages, the options by group. */
void print_help(FILE *out);
/* One command: what it does, the options that go with it, an example. */
void print_command_help(FILE *out, Command command);
