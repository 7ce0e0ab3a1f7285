/* epoch: what a trainer does beside its steps. Times of an epoch of the trainer (reading rows in
   their shuffled order, steps, reports, progress), where batches are made by a processor left over
   and where there is none, and of as many steps called alone on the same rows as they lie, in
   alternation; the least of each, in microseconds, is printed in the last line.

   Compile with -DMODEL=<name>_model, and link with the generated C and the runtime but its train.c,
   which is included for its functions. The arguments are as `x=FILE`, one for each input. */
#include <omp.h>
#include "../runtime/train.c"

extern const dag_model MODEL;

enum { TURNS = 15 };

/* The rows as the model takes them, one batch after the other. */
static double steps_alone(dagrt_run *run, const dagrt_dataset *plain) {
  int64_t batches = plain->count / plain->batch;
  double begun = dagrt_seconds();
  for (int64_t k = 0; k < batches; k++) {
    const void *inputs[64];
    for (int32_t i = 0; i < plain->n; i++)
      inputs[i] = plain->rows[i].data + (size_t)(k * plain->batch) * plain->rows[i].row_bytes;
    dagrt_call(MODEL.step, MODEL.inputs, run->memory, inputs, run->reports.outputs, 0);
  }
  return dagrt_seconds() - begun;
}

/* An epoch of the trainer. */
static double trainer(dagrt_run *run, int spare) {
  run->trial.spare = spare;
  double begun = dagrt_seconds();
  dagrt_run_epoch(run);
  return dagrt_seconds() - begun;
}

static void keep_least(double *least, double seconds) {
  if (*least == 0 || seconds < *least) *least = seconds;
}

int main(int argc, char **argv) {
  dagrt_options options;
  char *arguments[130] = {argv[0], (char *)"train"};
  int n = 2;
  for (int i = 1; i < argc && n < 128; i++) {
    arguments[n++] = (char *)"--data";
    arguments[n++] = argv[i];
  }
  dagrt_parse_options(&options, n, arguments);
  dagrt_run run = {.model = &MODEL, .options = &options};
  dagrt_run_data(&run);
  dagrt_run_start(&run);
  dagrt_dataset plain;
  dagrt_source *sources = dagrt_allocate((size_t)MODEL.n_inputs, sizeof *sources);
  dagrt_sources(sources, MODEL.inputs, MODEL.n_inputs, &MODEL, MODEL.data, MODEL.n_data,
                options.data, options.n_data);
  dagrt_load(&plain, MODEL.inputs, MODEL.n_inputs, 0, sources);
  for (int32_t i = 0; i < plain.n; i++) dagrt_rows_widen(&plain.rows[i]);
  dagrt_reports_make(&run.reports, &MODEL);
  dagrt_threads_set(1);
  dagrt_progress_begin(&run.progress, &MODEL, 0, 0, INT64_MAX);
  run.epochs = run.steps = INT64_MAX;
  int spare = omp_get_num_procs() > 1;
  double helped = 0, by_itself = 0, alone = 0;
  for (int turn = 0; turn < TURNS; turn++) {
    dagrt_feed_begin(&run.feed, &run.train, run.at.seed);
    trainer(&run, spare); /* which begins the helper */
    keep_least(&helped, trainer(&run, spare));
    dagrt_feed_end(&run.feed);
    dagrt_feed_begin(&run.feed, &run.train, run.at.seed);
    keep_least(&by_itself, trainer(&run, 0));
    dagrt_feed_end(&run.feed);
    keep_least(&alone, steps_alone(&run, &plain));
  }
  printf("[%.1f, %.1f, %.1f]\n", 1e6 * helped, 1e6 * by_itself, 1e6 * alone);
  return 0;
}
