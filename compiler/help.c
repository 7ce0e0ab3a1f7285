#include "help.h"
#include <string.h>

#define ON(ID) (1u << COMMAND_##ID)
#define ANY    (~0u)
const CommandRow command_rows[N_COMMANDS] = {
#define COMMAND(ID, ...) [COMMAND_##ID] = {__VA_ARGS__},
#include "options.def"
};
const StageRow stage_rows[N_EMITS] = {
#define STAGE(ID, ...) [EMIT_##ID] = {__VA_ARGS__},
#include "options.def"
};
const OptionRow option_rows[N_OPTIONS] = {
#define OPTION(ID, ...) [OPTION_##ID] = {__VA_ARGS__},
#include "options.def"
};
#undef ON
#undef ANY

/* The column in which texts begin, after the name of a command, a stage or an option. */
enum { COMMAND_COLUMN = 35, STAGE_COLUMN = 12, OPTION_COLUMN = 22 };

/* Lines of text that begin in that column; the first stands behind what has been printed, which is
   `used` columns wide, or on a line of its own when that is too wide. */
static void print_text(FILE *out, int used, int column, const char *text) {
  if (used >= column) {
    fputc('\n', out);
    used = 0;
  }
  for (;;) {
    int length = (int)strcspn(text, "\n");
    fprintf(out, "%*s%.*s\n", column - used, "", length, text);
    if (text[length] == '\0') return;
    text += length + 1;
    used = 0;
  }
}

/* The columns that so many bytes of text took, of which … is three. */
static int columns(int bytes, const char *text) {
  return strstr(text, "…") == NULL ? bytes : bytes - 2;
}

/* "dagc build MODEL.dag [-o MODEL]". Returns the columns. */
static int print_call(FILE *out, const CommandRow *row) {
  const char *blank = row->name[0] == '\0' || row->arguments[0] == '\0' ? "" : " ";
  return columns(fprintf(out, "  dagc %s%s%s", row->name, blank, row->arguments), row->arguments);
}

static void print_commands(FILE *out) {
  fputs("Commands:\n", out);
  for (Command i = 0; i < N_COMMANDS; i++)
    print_text(out, print_call(out, &command_rows[i]), COMMAND_COLUMN, command_rows[i].purpose);
}

static void print_stages(FILE *out) {
  fputs("\nStages, for --emit:\n", out);
  for (Emit i = 0; i < N_EMITS; i++)
    print_text(out, fprintf(out, "  %s", stage_rows[i].name), STAGE_COLUMN, stage_rows[i].purpose);
}

static void print_option(FILE *out, const OptionRow *row) {
  const char *between = row->value == NULL ? "" : row->name[1] == '-' ? "=" : " ";
  const char *value = row->value == NULL ? "" : row->value;
  int bytes = fprintf(out, "  %s%s%s", row->name, between, value);
  print_text(out, columns(bytes, value), OPTION_COLUMN, row->purpose);
}

/* The options that go with some of those commands, under their headings. */
static void print_options(FILE *out, unsigned commands) {
  const char *group = "";
  for (Option i = 0; i < N_OPTIONS; i++) {
    const OptionRow *row = &option_rows[i];
    if ((row->commands & commands) == 0) continue;
    if (strcmp(row->group, group) != 0) fprintf(out, "\n%s:\n", row->group);
    group = row->group;
    print_option(out, row);
  }
}

void print_help(FILE *out) {
  fputs("dagc compiles a model written as mathematics to C that computes it,\n"
        "differentiates it and trains it.\n\n",
        out);
  print_commands(out);
  print_options(out, ~0u);
  print_stages(out);
  fputs("\nExample, in examples/mlp:\n"
        "  dagc mlp.dag --emit=grad      its gradient, to read\n"
        "  dagc run mlp.dag              trains it\n"
        "\nMore: dagc help COMMAND; man dagc; docs/tutorial.md and docs/language.md,\n"
        "installed in share/doc/dagc.\n",
        out);
}

void print_command_help(FILE *out, Command command) {
  const CommandRow *row = &command_rows[command];
  fputs("Usage:\n", out);
  print_call(out, row);
  fprintf(out, "\n\n%s\n", row->text);
  print_options(out, 1u << command);
  if ((option_rows[OPTION_EMIT].commands & 1u << command) != 0) print_stages(out);
  fprintf(out, "\nExample:\n  %s\n", row->example);
}
