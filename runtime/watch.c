/* Watches the calls of training steps: for a trace, and to stop where a value is no number.

   The step that generated code computes tells an observer of each call that has returned. What
   the call wrote is then looked at where it lies, before anything else is stored there.

   What ends training is a NaN anywhere, or an infinity in the loss, an adjoint or a param. The
   report is of the first array of the step that is not finite, but for infinities that are as they
   should be: those of a mask, that the model writes, and those that steps had that ended well. */
#include "runtime.h"
#include <stdlib.h>
#include <string.h>

void dagrt_need_calls(const dag_model *model) {
  if (model->n_calls == 0)
    dagrt_fail(DAGRT_BAD_USAGE, "compile it for one target, and without --no-main",
               "the model %s does not tell what its step calls", model->name);
}

static void dagrt_look(dagrt_watch *watch, int32_t i) {
  const dag_value *value = &watch->model->values[i];
  const void *array = NULL;
  switch (value->memory) {
  case DAG_IN_STRUCT: array = (const char *)watch->memory + value->at; break;
  case DAG_IN_INPUT: array = watch->inputs[value->at]; break;
  case DAG_IN_OUTPUT: array = watch->outputs[value->at]; break;
  }
  watch->last[i] = dagrt_statistics_of(value, array);
}

/* Whether the call has written where value i was. */
static int dagrt_is_overwritten(const dag_model *model, const dag_kernel_call *call, int32_t i) {
  for (int32_t k = call->n_read; k < call->n_read + call->n_written; k++) {
    const dag_value *a = &model->values[i], *b = &model->values[call->values[k]];
    if (a->memory == b->memory && a->at == b->at) return 1;
  }
  return 0;
}

/* "dense1.z, mlp.dag:7" */
static const char *dagrt_named(const dag_value *value) {
  return value->source == NULL ? value->array.name
                               : dagrt_text("%s, %s", value->array.name, value->source);
}

static const char *dagrt_figures_text(const dagrt_statistics *s) {
  const char *text = dagrt_text("min %.6g, max %.6g, mean %.6g, zeros %.3g %%", s->least,
                                s->greatest, s->mean, 100 * (double)s->zeros / (double)s->elements);
  if (s->infinities > 0) text = dagrt_text("%s, infinite %lld", text, (long long)s->infinities);
  return s->nans > 0 ? dagrt_text("%s, NaN %lld", text, (long long)s->nans) : text;
}

/* Each line of a text behind four blanks. */
static const char *dagrt_indented(const char *text) {
  const char *result = "";
  for (size_t n; *text != '\0'; text += n + (text[n] == '\n')) {
    n = strcspn(text, "\n");
    result = dagrt_text("%s    %.*s\n", result, (int)n, text);
  }
  return result;
}

/* Where it is, what computes it, and the figures of what that reads: as they are now, or as they
   were when that was written, where the call has stored its result in its place. */
static const char *dagrt_report_of(dagrt_watch *watch, const dag_kernel_call *call,
                                   int32_t position) {
  const dag_model *model = watch->model;
  int32_t first = call->values[call->n_read + position];
  const dagrt_statistics s = watch->last[first];
  const char *what = s.nans > 0 ? "NaN" : "infinity";
  const char *text = dagrt_text(
      "error: in step %lld, epoch %lld, the first %s is in %s: %lld of %lld values\n",
      (long long)watch->step, (long long)watch->epoch, what, dagrt_named(&model->values[first]),
      (long long)(s.nans > 0 ? s.nans : s.infinities), (long long)s.elements);
  const dag_kernel *kernel = &model->kernels[call->kernel];
  const dag_computed *computed = &kernel->computed[position];
  text = dagrt_text("%snote: %s computes it\n%s", text, kernel->name,
                    dagrt_indented(computed->definitions));
  for (int32_t i = 0; i < computed->n_from; i++) {
    int32_t at = call->values[computed->from[i]];
    const dag_value *value = &model->values[at];
    if (computed->from[i] < call->n_read && !dagrt_is_overwritten(model, call, at))
      dagrt_look(watch, at);
    text = dagrt_text("%s%s    %s: %s %s: %s\n", text, i == 0 ? "note: from\n" : "",
                      dagrt_named(value), dagrt_role_name(value->role),
                      dagrt_shape_text(&value->array), dagrt_figures_text(&watch->last[at]));
  }
  return text;
}

_Noreturn static void dagrt_stop(dagrt_watch *watch, int32_t fatal) {
  if (watch->log.stream != NULL) dagrt_log_flush(&watch->log);
  dagrt_progress_clear(watch->progress);
  fflush(stdout);
  fputs(watch->report, stderr);
  if (fatal != watch->first)
    fprintf(stderr, "note: %s follows in %s\n", watch->last[fatal].nans > 0 ? "NaN" : "infinity",
            dagrt_named(&watch->model->values[fatal]));
  fputs("hint: no file was overwritten; --trace FILE shows how the values came here\n", stderr);
  exit(DAGRT_NOT_FINITE);
}

/* Whether training ends with such a value. */
static int dagrt_is_fatal(const dag_value *value, const dagrt_statistics *s) {
  int is_loss = value->memory == DAG_IN_OUTPUT && value->at == 0;
  int counts = is_loss || value->role == DAG_ADJOINT || value->role == DAG_PARAM;
  return s->nans > 0 || (counts && s->infinities > 0);
}

/* Whether its infinities are as they should be: it had some before, or the definitions have one, or
   they come from such an array. */
static int dagrt_may_be_infinite(const dagrt_watch *watch, const dag_kernel_call *call,
                                 int32_t position) {
  const dag_computed *computed = &watch->model->kernels[call->kernel].computed[position];
  if (watch->usual[call->values[call->n_read + position]] || computed->has_infinity) return 1;
  for (int32_t k = 0; k < computed->n_from; k++) {
    int32_t from = call->values[computed->from[k]];
    if (watch->usual[from] && watch->last[from].infinities > 0) return 1;
  }
  return 0;
}

/* The array at that position of those that the call has written. */
static void dagrt_judge(dagrt_watch *watch, const dag_kernel_call *call, int32_t position) {
  int32_t i = call->values[call->n_read + position];
  const dagrt_statistics *s = &watch->last[i];
  int fatal = dagrt_is_fatal(&watch->model->values[i], s);
  if (!fatal && s->infinities > 0 && dagrt_may_be_infinite(watch, call, position))
    watch->usual[i] = 1;
  if (watch->first < 0 && (fatal || (s->infinities > 0 && !watch->usual[i]))) {
    watch->first = i;
    watch->report = dagrt_report_of(watch, call, position);
  }
  if (fatal) dagrt_stop(watch, i);
}

static void dagrt_watched(dag_observer *observer, int32_t number) {
  dagrt_watch *watch = (dagrt_watch *)observer;
  const dag_kernel_call *call = &watch->model->calls[number];
  for (int32_t k = 0; k < call->n_written; k++) {
    int32_t i = call->values[call->n_read + k];
    dagrt_look(watch, i);
    if (watch->traces)
      dagrt_trace_write(&watch->log, watch->epoch, watch->step, &watch->model->values[i],
                        &watch->last[i]);
  }
  for (int32_t k = 0; watch->stops && k < call->n_written; k++) dagrt_judge(watch, call, k);
}

void dagrt_watch_begin(dagrt_watch *watch, const dag_model *model, const dagrt_options *options,
                       void *memory, dagrt_progress *progress) {
  *watch = (dagrt_watch){.observer = {dagrt_watched},
                         .model = model,
                         .memory = memory,
                         .progress = progress,
                         .stops = options->stop_on_nan,
                         .every = options->trace == NULL ? 0 : options->trace_every};
  if (!dagrt_watches(watch)) return;
  dagrt_need_calls(model);
  dagrt_log_open(&watch->log, options->trace, options->resume != NULL);
  watch->last = dagrt_allocate((size_t)model->n_values, sizeof *watch->last);
  watch->usual = dagrt_allocate((size_t)model->n_values, sizeof *watch->usual);
  for (int32_t i = 0; i < model->n_values; i++)
    if (model->values[i].role == DAG_PARAM || model->values[i].role == DAG_STATE)
      dagrt_look(watch, i);
}

void dagrt_watch_step(dagrt_watch *watch, int64_t epoch, int64_t step, const void *const *inputs,
                      void *const *outputs) {
  if (!dagrt_watches(watch)) return;
  watch->epoch = epoch;
  watch->step = step;
  watch->inputs = inputs;
  watch->outputs = outputs;
  watch->first = -1;
  watch->traces = watch->every > 0 && (step == 1 || step % watch->every == 0);
  *watch->model->observer = watch->traces || watch->stops ? &watch->observer : NULL;
}

void dagrt_watch_stepped(dagrt_watch *watch) {
  if (!dagrt_watches(watch)) return;
  *watch->model->observer = NULL;
  if (watch->traces) dagrt_log_flush(&watch->log);
  for (int32_t i = 0; i < watch->model->n_values; i++)
    if (watch->last[i].infinities > 0) watch->usual[i] = 1;
}

void dagrt_watch_end(dagrt_watch *watch) {
  dagrt_log_close(&watch->log);
  free(watch->last);
  free(watch->usual);
}
