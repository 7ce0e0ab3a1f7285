/* The trainer's command line. */
#include "runtime.h"
#include <string.h>

static void dagrt_usage(FILE *to, const char *program) {
  fprintf(
      to,
      "usage: %s train   [--epochs N] [--steps N] [--data x=FILE ...] [--valid x=FILE ...]\n"
      "                [--seed S] [--threads N] [--save FILE] [--resume FILE] [--init FILE]\n"
      "                [--log FILE.jsonl] [--trace FILE.jsonl] [--trace-every N] "
      "[--stop-on-nan]\n"
      "                [--curve] [--plot FILE.svg] [--quiet]\n"
      "       %s eval    [--data x=FILE ...] [--load FILE] [--seed S] [--threads N]\n"
      "       %s predict EXPORT --data x=FILE ... --out FILE [--load FILE] [--whole]\n"
      "                [--seed S] [--threads N]\n"
      "       %s profile [--data x=FILE ...] [--load FILE] [--steps N] [--seed S] [--threads N]\n"
      "       %s check   [--data x=FILE ...] [--seed S] [--threads N]\n"
      "       %s info\n\n"
      "FILE of data: .csv, .npy, .idx or .txt (windows of bytes), each also gzipped; columns of\n"
      "  a CSV as in 'x=file.csv[1:65]', counted from 0. Paths are relative to the working "
      "folder.\n"
      "--epochs, --steps  where the whole run ends, with what a resumed one did before\n"
      "--save FILE        checkpoint (safetensors): at the end, when interrupted, and at the end\n"
      "                   of an epoch once a minute has passed\n"
      "--resume FILE      go on as if the run had not stopped\n"
      "--init FILE        start from its params, at step 0\n"
      "--load FILE        params and states to use\n"
      "--threads N        otherwise train and eval time their first steps with 1, 2, 4, ... "
      "threads\n"
      "                   and keep the fastest; results are the same with any number\n"
      "--out FILE         .npy, .csv or, of bytes (u8), .txt; NAME=FILE for one of several "
      "outputs\n"
      "--trace FILE       figures of all arrays that a step writes, activations and adjoints:\n"
      "                   least, greatest, mean, share of zeros, count of NaN; of the first step\n"
      "                   and each N-th (100), as lines of JSON\n"
      "--stop-on-nan      end at the first NaN, or infinity of the loss, an adjoint or a param:\n"
      "                   says which definition it is in, where that stands, and what it read\n"
      "--curve            the loss drawn in characters at the end, as on a terminal\n"
      "--plot FILE.svg    the same as a picture\n"
      "--whole            a row of the data is all of an input, not one position of its batch\n"
      "profile            times each kernel of a training step beside the least that this machine\n"
      "                   could take for its operations, or for the memory that it touches\n"
      "Exit codes: 0 done, 1 wrong data, 2 usage, 3 system, 4 not finite (--stop-on-nan),\n"
      "  130 interrupted.\n",
      program, program, program, program, program, program);
}

int dag_main(const dag_model *model, int argc, char **argv) {
  if (model->version != DAG_MODEL_VERSION)
    dagrt_fail(DAGRT_BAD_SYSTEM, "compile the model again",
               "the model is of version %d, the runtime of version %d", model->version,
               DAG_MODEL_VERSION);
  dagrt_options options;
  dagrt_parse_options(&options, argc, argv);
  if (options.command == NULL || options.help) {
    dagrt_usage(options.help ? stdout : stderr, argc > 0 ? argv[0] : model->name);
    return options.help ? DAGRT_DONE : DAGRT_BAD_USAGE;
  }
  dagrt_threads_set(options.threads > 0 ? options.threads : 1);
  if (strcmp(options.command, "info") == 0) return dagrt_info(model, &options);
  if (strcmp(options.command, "predict") == 0) return dagrt_predict(model, &options);
  if (model->step == NULL)
    dagrt_fail(DAGRT_BAD_USAGE, "predict calls its exports",
               "%s has no train block, so it cannot %s", model->name, options.command);
  if (strcmp(options.command, "train") == 0) return dagrt_train(model, &options);
  if (strcmp(options.command, "eval") == 0) return dagrt_eval(model, &options);
  if (strcmp(options.command, "profile") == 0) return dagrt_profile(model, &options);
  return dagrt_check(model, &options);
}
