#include "runtime.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifndef __wasi__
#include <signal.h>
#endif

enum { DAGRT_SAVE_SECONDS = 60 }; /* at most so often, besides the end */

#ifdef __wasi__ /* which has no signals */
static const int dagrt_interrupted = 0;
static void dagrt_catch_signals(void) {}
#else
/* The only state that a signal handler can reach. */
static volatile sig_atomic_t dagrt_interrupted;

static void dagrt_interrupt(int signal_number) {
  (void)signal_number;
  dagrt_interrupted = 1;
}

/* The first signal asks for an end after the step; the handler is then gone, so a second one kills.
 */
static void dagrt_catch_signals(void) {
  struct sigaction action = {.sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
  action.sa_handler = dagrt_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  signal(SIGXFSZ, SIG_IGN); /* a file size limit is then an error of the write */
}
#endif

typedef struct dagrt_run {
  const dag_model *model;
  const dagrt_options *options;
  void *memory;
  dagrt_dataset train, valid; /* valid.n 0: none */
  dagrt_position at;
  int64_t epochs, steps; /* where to stop; INT64_MAX: not by this */
  dagrt_feed feed;
  dagrt_reports reports;
  dagrt_progress progress;
  dagrt_trial trial;
  dagrt_log log;
  dagrt_watch watch;
  dagrt_curve *loss, *valid_loss; /* NULL: nobody wants to see them */
  double saved;                   /* seconds, when */
} dagrt_run;

static void dagrt_run_data(dagrt_run *run) {
  const dag_model *model = run->model;
  const dagrt_options *options = run->options;
  dagrt_load_training(&run->train, model, options->data, options->n_data);
  if (model->n_valid > 0 || options->n_valid > 0) {
    dagrt_source *sources = dagrt_allocate((size_t)model->n_inputs, sizeof *sources);
    dagrt_sources(sources, model->inputs, model->n_inputs, model,
                  model->n_valid > 0 ? model->valid : model->data,
                  model->n_valid > 0 ? model->n_valid : model->n_data, options->valid,
                  options->n_valid);
    dagrt_load(&run->valid, model->inputs, model->n_inputs, 0, sources);
    free(sources);
  }
  /* without inputs `steps` over `epochs` is all that tells how long an epoch is */
  if (model->n_inputs == 0 && model->epochs > 0 && model->steps > model->epochs)
    run->train.count = model->steps / model->epochs;
}

static void dagrt_run_start(dagrt_run *run) {
  const dag_model *model = run->model;
  const dagrt_options *options = run->options;
  run->at.seed = options->has_seed ? options->seed : model->seed;
  run->at.rows = run->train.count;
  run->at.sums = dagrt_allocate((size_t)model->n_reports, sizeof *run->at.sums);
  run->memory = dagrt_model_make(model, run->at.seed);
  if (options->init != NULL)
    dagrt_restore_file(options->init, model, run->memory, DAGRT_INIT, NULL);
  if (options->resume != NULL) {
    dagrt_restore_file(options->resume, model, run->memory, DAGRT_RESUME, &run->at);
    if (options->has_seed && options->seed != run->at.seed)
      dagrt_fail(DAGRT_BAD_USAGE, "leave out --seed", "%s was trained with the seed %llu",
                 options->resume, (unsigned long long)run->at.seed);
    if (run->at.rows != run->train.count)
      dagrt_fail(DAGRT_BAD_DATA, "give the same data, or start from its params: --init",
                 "%s was trained on %lld rows, but the data have %lld", options->resume,
                 (long long)run->at.rows, (long long)run->train.count);
    dagrt_model_set(model, run->memory, run->at.step, run->at.seed);
  }
  int64_t epochs = options->epochs, steps = options->steps;
  if (epochs < 0 && steps < 0) {
    epochs = model->epochs > 0 ? model->epochs : -1;
    steps = model->steps > 0 ? model->steps : -1;
    if (epochs < 0 && steps < 0) epochs = 1;
  }
  run->epochs = epochs < 0 ? INT64_MAX : epochs;
  run->steps = steps < 0 ? INT64_MAX : steps;
}

static void dagrt_run_save(dagrt_run *run) {
  if (run->options->save == NULL) return;
  dagrt_save(run->options->save, run->model, run->memory, &run->at);
  run->saved = dagrt_seconds();
}

static void dagrt_run_step(dagrt_run *run) {
  const dag_model *model = run->model;
  dagrt_trial_step(&run->trial);
  const void *const *inputs =
      dagrt_feed_next(&run->feed, run->at.epoch, run->at.position, run->trial.spare);
  dagrt_watch_step(&run->watch, run->at.epoch + 1, run->at.step + 1, inputs, run->reports.outputs);
  dagrt_call(model->step, model->inputs, run->memory, inputs, run->reports.outputs, run->at.seed);
  dagrt_watch_stepped(&run->watch);
  run->at.step++;
  run->at.position++;
  double loss = dagrt_report(&run->reports, 0);
  if (!isfinite(loss)) {
    dagrt_progress_clear(&run->progress);
    dagrt_fail(DAGRT_BAD_DATA,
               model->n_calls == 0
                   ? "a smaller learning rate often helps; no file was overwritten"
                   : "a smaller learning rate often helps; --stop-on-nan tells where it began; no "
                     "file was overwritten",
               "the loss is %s in epoch %lld, step %lld", isnan(loss) ? "NaN" : "infinite",
               (long long)run->at.epoch + 1, (long long)run->at.step);
  }
  for (int32_t i = 0; i < model->n_reports; i++) run->at.sums[i] += dagrt_report(&run->reports, i);
  if (run->loss != NULL) dagrt_curve_add(run->loss, (double)run->at.step, loss);
  dagrt_progress_step(&run->progress, run->at.epoch, run->at.step, loss);
}

/* The line and the log of the epoch up to here. */
static void dagrt_run_report(dagrt_run *run, double begun) {
  const dag_model *model = run->model;
  size_t n = (size_t)model->n_reports;
  double *train = dagrt_allocate(n, sizeof *train), *valid = dagrt_allocate(n, sizeof *valid);
  for (size_t i = 0; i < n; i++) train[i] = run->at.sums[i] / (double)run->at.position;
  if (run->valid.n > 0) dagrt_evaluate(model, run->memory, &run->valid, run->at.seed, NULL, valid);
  dagrt_figures figures = {.epoch = run->at.epoch + 1,
                           .epochs = run->epochs == INT64_MAX ? 0 : run->epochs,
                           .step = run->at.step,
                           .train = train,
                           .valid = run->valid.n > 0 ? valid : NULL,
                           .seconds = dagrt_seconds() - begun};
  dagrt_progress_epoch(&run->progress, &figures);
  dagrt_log_epoch(&run->log, model, &figures);
  if (run->loss != NULL && run->valid.n > 0)
    dagrt_curve_add(run->valid_loss, (double)run->at.step, valid[0]);
  free(train);
  free(valid);
}

/* Trains from where the run is to the end of that epoch, of all steps, or an interruption. */
static void dagrt_run_epoch(dagrt_run *run) {
  int64_t batches = run->train.count / run->train.batch;
  double begun = dagrt_seconds();
  while (run->at.position < batches && run->at.step < run->steps && !dagrt_interrupted)
    dagrt_run_step(run);
  int done = run->at.position >= batches;
  if (run->at.position > 0 && (done || !dagrt_interrupted)) dagrt_run_report(run, begun);
  if (!done) return;
  run->at.epoch++;
  run->at.position = 0;
  memset(run->at.sums, 0, (size_t)run->model->n_reports * sizeof *run->at.sums);
}

static int dagrt_run_interrupted(dagrt_run *run) {
  dagrt_progress_clear(&run->progress);
  fflush(stdout);
  const char *save = run->options->save;
  fprintf(stderr, "interrupted after step %lld\n", (long long)run->at.step);
  if (save != NULL)
    fprintf(stderr, "saved; to go on, give the same options and --resume %s\n", save);
  else
    fputs("nothing is saved: --save was not given\n", stderr);
  return DAGRT_INTERRUPTED;
}

static void dagrt_run_curves(dagrt_run *run) {
  const dagrt_options *options = run->options;
  if (!options->curve && options->plot == NULL && !run->progress.terminal) return;
  run->loss = dagrt_allocate(1, sizeof *run->loss);
  run->valid_loss = dagrt_allocate(1, sizeof *run->valid_loss);
  run->loss->name = run->model->reports[0].name;
  run->valid_loss->name = dagrt_text("valid_%s", run->loss->name);
}

/* On a terminal, or where it is asked for. */
static void dagrt_run_draw(dagrt_run *run) {
  const dagrt_options *options = run->options;
  const dagrt_curve *curves[] = {run->loss, run->valid_loss};
  if (run->loss == NULL) return;
  int n = run->valid_loss->n > 0 ? 2 : 1;
  dagrt_progress_clear(&run->progress);
  if (options->curve || run->progress.terminal)
    dagrt_curves_print(stdout, curves, n, dagrt_terminal_width(), run->progress.terminal);
  fflush(stdout);
  if (options->plot != NULL) dagrt_curves_plot(options->plot, run->model->name, curves, n);
}

static void dagrt_run_free(dagrt_run *run) {
  free(run->loss);
  free(run->valid_loss);
  dagrt_feed_end(&run->feed);
  dagrt_reports_free(&run->reports);
  dagrt_dataset_free(&run->train);
  dagrt_dataset_free(&run->valid);
  free(run->at.sums);
  free(run->memory);
}

int dagrt_train(const dag_model *model, const dagrt_options *options) {
  if (options->save != NULL) dagrt_output_probe(options->save);
  if (options->plot != NULL) dagrt_output_probe(options->plot);
  dagrt_run run = {.model = model, .options = options};
  dagrt_run_data(&run);
  dagrt_run_start(&run);
  dagrt_log_open(&run.log, options->log, options->resume != NULL);
  dagrt_feed_begin(&run.feed, &run.train, run.at.seed);
  dagrt_reports_make(&run.reports, model);
  int64_t last = run.steps, by_epochs;
  if (!__builtin_mul_overflow(run.epochs, run.train.count / run.train.batch, &by_epochs) &&
      by_epochs < last)
    last = by_epochs;
  dagrt_catch_signals();
  dagrt_progress_begin(&run.progress, model, options->quiet, run.at.step, last);
  dagrt_watch_begin(&run.watch, model, options, run.memory, &run.progress);
  dagrt_trial_begin(&run.trial, dagrt_watches(&run.watch) ? 1 : options->threads);
  dagrt_run_curves(&run);
  run.saved = dagrt_seconds();
  while (run.at.epoch < run.epochs && run.at.step < run.steps && !dagrt_interrupted) {
    dagrt_run_epoch(&run);
    if (dagrt_seconds() - run.saved > DAGRT_SAVE_SECONDS) dagrt_run_save(&run);
  }
  dagrt_run_save(&run);
  dagrt_log_close(&run.log);
  dagrt_watch_end(&run.watch);
  dagrt_run_draw(&run);
  int code = dagrt_interrupted ? dagrt_run_interrupted(&run) : DAGRT_DONE;
  dagrt_run_free(&run);
  return code;
}
