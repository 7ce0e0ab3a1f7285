#include "runtime.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef enum dagrt_option {
  DAGRT_O_CURVE,
  DAGRT_O_DATA,
  DAGRT_O_EPOCHS,
  DAGRT_O_HELP,
  DAGRT_O_INIT,
  DAGRT_O_LOAD,
  DAGRT_O_LOG,
  DAGRT_O_OUT,
  DAGRT_O_PLOT,
  DAGRT_O_QUIET,
  DAGRT_O_RESUME,
  DAGRT_O_SAVE,
  DAGRT_O_SEED,
  DAGRT_O_STEPS,
  DAGRT_O_STOP_ON_NAN,
  DAGRT_O_THREADS,
  DAGRT_O_TRACE,
  DAGRT_O_TRACE_EVERY,
  DAGRT_O_VALID,
  DAGRT_O_WHOLE,
  DAGRT_OPTIONS
} dagrt_option;

/* A command, and the letter that stands for it in the table of options. */
static const struct dagrt_command_row {
  const char *name;
  char letter;
} dagrt_command_table[] = {{"train", 't'},   {"eval", 'e'},  {"predict", 'p'},
                           {"profile", 'f'}, {"check", 'c'}, {"info", 'i'}};
enum { DAGRT_COMMANDS = sizeof dagrt_command_table / sizeof *dagrt_command_table };

/* In the order of the enum. The commands that take it; whether a value follows. */
static const struct dagrt_option_row {
  const char *name, *commands;
  int has_value;
} dagrt_option_table[DAGRT_OPTIONS] = {[DAGRT_O_CURVE] = {"--curve", "t", 0},
                                       [DAGRT_O_DATA] = {"--data", "tepcf", 1},
                                       [DAGRT_O_EPOCHS] = {"--epochs", "t", 1},
                                       [DAGRT_O_HELP] = {"--help", "tepcif", 0},
                                       [DAGRT_O_INIT] = {"--init", "t", 1},
                                       [DAGRT_O_LOAD] = {"--load", "epf", 1},
                                       [DAGRT_O_LOG] = {"--log", "t", 1},
                                       [DAGRT_O_OUT] = {"--out", "p", 1},
                                       [DAGRT_O_PLOT] = {"--plot", "t", 1},
                                       [DAGRT_O_QUIET] = {"--quiet", "t", 0},
                                       [DAGRT_O_RESUME] = {"--resume", "t", 1},
                                       [DAGRT_O_SAVE] = {"--save", "t", 1},
                                       [DAGRT_O_SEED] = {"--seed", "tepcf", 1},
                                       [DAGRT_O_STEPS] = {"--steps", "tf", 1},
                                       [DAGRT_O_STOP_ON_NAN] = {"--stop-on-nan", "t", 0},
                                       [DAGRT_O_THREADS] = {"--threads", "tepcf", 1},
                                       [DAGRT_O_TRACE] = {"--trace", "t", 1},
                                       [DAGRT_O_TRACE_EVERY] = {"--trace-every", "t", 1},
                                       [DAGRT_O_VALID] = {"--valid", "t", 1},
                                       [DAGRT_O_WHOLE] = {"--whole", "p", 0}};

static uint64_t dagrt_parse_count(const char *option, const char *text, uint64_t least,
                                  uint64_t largest) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < least || value > largest)
    dagrt_fail(DAGRT_BAD_USAGE, NULL, "%s takes a whole number from %llu to %llu, not '%s'", option,
               (unsigned long long)least, (unsigned long long)largest, text);
  return value;
}

/* [c], [a:b], [a:], [:b], [a:-1] at the end of a path. */
static void dagrt_parse_columns(const char *word, char *path, dagrt_given *given) {
  char *open = strrchr(path, '['), *end;
  size_t length = strlen(path);
  if (open == NULL || length == 0 || path[length - 1] != ']') return;
  *open = '\0';
  given->has_columns = 1;
  given->first = open[1] == ':' ? 0 : strtoll(open + 1, &end, 10);
  if (open[1] == ':') end = open + 1;
  given->last = given->first + 1;
  if (*end == ':') {
    char *start = end + 1;
    given->last = *start == ']' ? -1 : strtoll(start, &end, 10);
    if (*start == ']') end = start;
  }
  if (end == open + 1 || *end != ']' || end[1] != '\0' || given->first < 0)
    dagrt_fail(DAGRT_BAD_USAGE, "columns are [3], [1:65] or [1:], counted from 0",
               "cannot read the columns in '%s'", word);
}

/* NAME=FILE; a bare FILE gives no name. */
static dagrt_given dagrt_parse_given(const char *option, const char *word, int bare) {
  dagrt_given given = {.last = -1};
  const char *equals = strchr(word, '=');
  char *path = dagrt_text("%s", equals == NULL ? word : equals + 1);
  if (equals == NULL && !bare)
    dagrt_fail(DAGRT_BAD_USAGE, NULL, "%s takes NAME=FILE, not '%s'", option, word);
  given.name = equals == NULL ? NULL : dagrt_text("%.*s", (int)(equals - word), word);
  if (!bare) dagrt_parse_columns(word, path, &given);
  given.path = path;
  if (*path == '\0') dagrt_fail(DAGRT_BAD_USAGE, NULL, "%s %s: no file is named", option, word);
  return given;
}

static void dagrt_apply_option(dagrt_options *o, dagrt_option option, const char *value) {
  const char *name = dagrt_option_table[option].name;
  switch (option) {
  case DAGRT_O_DATA: o->data[o->n_data++] = dagrt_parse_given(name, value, 0); break;
  case DAGRT_O_VALID: o->valid[o->n_valid++] = dagrt_parse_given(name, value, 0); break;
  case DAGRT_O_OUT: o->out[o->n_out++] = dagrt_parse_given(name, value, 1); break;
  case DAGRT_O_EPOCHS: o->epochs = (int64_t)dagrt_parse_count(name, value, 0, INT64_MAX - 1); break;
  case DAGRT_O_STEPS: o->steps = (int64_t)dagrt_parse_count(name, value, 0, INT64_MAX - 1); break;
  case DAGRT_O_THREADS: o->threads = (int64_t)dagrt_parse_count(name, value, 1, 4096); break;
  case DAGRT_O_SEED:
    o->seed = dagrt_parse_count(name, value, 0, UINT64_MAX);
    o->has_seed = 1;
    break;
  case DAGRT_O_SAVE: o->save = value; break;
  case DAGRT_O_RESUME: o->resume = value; break;
  case DAGRT_O_INIT: o->init = value; break;
  case DAGRT_O_LOAD: o->load = value; break;
  case DAGRT_O_LOG: o->log = value; break;
  case DAGRT_O_TRACE: o->trace = value; break;
  case DAGRT_O_TRACE_EVERY:
    o->trace_every = (int64_t)dagrt_parse_count(name, value, 1, INT64_MAX);
    break;
  case DAGRT_O_STOP_ON_NAN: o->stop_on_nan = 1; break;
  case DAGRT_O_CURVE: o->curve = 1; break;
  case DAGRT_O_PLOT: o->plot = value; break;
  case DAGRT_O_QUIET: o->quiet = 1; break;
  case DAGRT_O_WHOLE: o->whole = 1; break;
  case DAGRT_O_HELP: o->help = 1; break;
  case DAGRT_OPTIONS: break;
  }
}

static char dagrt_letter(const dagrt_options *o) {
  int i = 0;
  while (dagrt_command_table[i].name != o->command) i++;
  return dagrt_command_table[i].letter;
}

static dagrt_option dagrt_find_option(const dagrt_options *o, const char *word) {
  const char *names[DAGRT_OPTIONS];
  size_t n = 0;
  if (strcmp(word, "-h") == 0) return DAGRT_O_HELP;
  for (int i = 0; i < DAGRT_OPTIONS; i++) {
    int takes = strchr(dagrt_option_table[i].commands, dagrt_letter(o)) != NULL;
    if (takes) names[n++] = dagrt_option_table[i].name;
    if (takes && strcmp(dagrt_option_table[i].name, word) == 0) return (dagrt_option)i;
  }
  dagrt_fail_name(DAGRT_BAD_USAGE, dagrt_text("option of %s", o->command), word, names, n);
}

void dagrt_parse_options(dagrt_options *o, int argc, char **argv) {
  const char *commands[DAGRT_COMMANDS];
  size_t room = (size_t)argc + 1;
  *o = (dagrt_options){
      .program = argv[0], .epochs = -1, .steps = -1, .threads = -1, .trace_every = 100};
  o->data = dagrt_allocate(room, sizeof *o->data);
  o->valid = dagrt_allocate(room, sizeof *o->valid);
  o->out = dagrt_allocate(room, sizeof *o->out);
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    o->help = argc >= 2;
    return;
  }
  for (size_t i = 0; i < DAGRT_COMMANDS; i++) {
    commands[i] = dagrt_command_table[i].name;
    if (strcmp(commands[i], argv[1]) == 0) o->command = commands[i];
  }
  if (o->command == NULL)
    dagrt_fail_name(DAGRT_BAD_USAGE, "command", argv[1], commands, DAGRT_COMMANDS);
  for (int i = 2; i < argc; i++) {
    if (argv[i][0] != '-') {
      if (dagrt_letter(o) != 'p' || o->export_name != NULL)
        dagrt_fail(DAGRT_BAD_USAGE, NULL, "%s takes no word '%s'", o->command, argv[i]);
      o->export_name = argv[i];
      continue;
    }
    dagrt_option option = dagrt_find_option(o, argv[i]);
    const char *value = NULL;
    if (dagrt_option_table[option].has_value) {
      if (i + 1 == argc) dagrt_fail(DAGRT_BAD_USAGE, NULL, "%s takes a value", argv[i]);
      value = argv[++i];
    }
    dagrt_apply_option(o, option, value);
  }
  if (o->resume != NULL && o->init != NULL)
    dagrt_fail(DAGRT_BAD_USAGE, "--resume goes on with a run, --init starts one",
               "--resume and --init exclude each other");
}
