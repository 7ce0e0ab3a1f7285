/* epoch: what a trainer does beside its steps. Processor time of an epoch of the trainer (reading
   rows in their shuffled order, steps, reports, progress), and of as many steps called alone on the
   same rows as they lie, in alternation on one thread; the least of each, in microseconds, is
   printed in the last line.

   Compile with -DMODEL=<name>_model, and link with the generated C and the runtime but its train.c,
   which is included for its functions. The arguments are as `x=FILE`, one for each input. */
#include <time.h>
#include "../runtime/train.c"

extern const dag_model MODEL;

enum { TURNS = 15 };

static double processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The rows as the model takes them, one batch after the other. */
static double steps_alone(dagrt_run *run, const dagrt_dataset *plain) {
  int64_t batches = plain->count / plain->batch;
  double begun = processor_seconds();
  for (int64_t k = 0; k < batches; k++) {
    const void *inputs[64];
    for (int32_t i = 0; i < plain->n; i++)
      inputs[i] = plain->rows[i].data + (size_t)(k * plain->batch) * plain->rows[i].row_bytes;
    dagrt_call(MODEL.step, MODEL.inputs, run->memory, inputs, run->reports.outputs, 0);
  }
  return processor_seconds() - begun;
}

int main(int argc, char **argv) {
  dagrt_options options;
  char *arguments[130] = {argv[0], (char *)"train", (char *)"--threads", (char *)"1"};
  int n = 4;
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
  dagrt_batch_make(&run.batch, &run.train);
  dagrt_reports_make(&run.reports, &MODEL);
  dagrt_trial_begin(&run.trial, options.threads);
  dagrt_progress_begin(&run.progress, &MODEL, 0, 0, INT64_MAX);
  run.epochs = run.steps = INT64_MAX;
  double trainer = 0, alone = 0;
  for (int turn = 0; turn < TURNS; turn++) {
    double begun = processor_seconds();
    dagrt_run_epoch(&run);
    double taken = processor_seconds() - begun;
    if (turn == 0 || taken < trainer) trainer = taken;
    taken = steps_alone(&run, &plain);
    if (turn == 0 || taken < alone) alone = taken;
  }
  printf("[%.1f, %.1f]\n", 1e6 * trainer, 1e6 * alone);
  return 0;
}
