#include "runtime.h"
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

_Noreturn static void dagrt_log_fail(const dagrt_log *log) {
  dagrt_fail(DAGRT_BAD_SYSTEM,
             errno == ENOSPC || errno == EFBIG ? "make room, or write to another disk" : NULL,
             "cannot write '%s': %s", log->path, strerror(errno));
}

/* Opened for appending, to fail before training; emptied only when the first epoch is written. */
void dagrt_log_open(dagrt_log *log, const char *path, int keep) {
  *log = (dagrt_log){NULL, path, keep};
  if (path == NULL) return;
  log->stream = fopen(path, "a");
  if (log->stream == NULL) dagrt_log_fail(log);
}

void dagrt_log_number(const dagrt_log *log, const char *prefix, const char *name, double value) {
  fprintf(log->stream, ", \"%s%s\": ", prefix, name);
  if (isfinite(value))
    fprintf(log->stream, "%.17g", value);
  else
    fputs("null", log->stream); /* JSON has no NaN */
}

void dagrt_log_line(dagrt_log *log, int64_t epoch, int64_t step) {
  errno = 0;
  /* What is not a regular file (/dev/stdout) cannot be emptied and need not be. */
  if (!log->keep && ftruncate(fileno(log->stream), 0) != 0 && errno != EINVAL) dagrt_log_fail(log);
  log->keep = 1;
  fprintf(log->stream, "{\"epoch\": %lld, \"step\": %lld", (long long)epoch, (long long)step);
}

void dagrt_log_flush(const dagrt_log *log) {
  if (fflush(log->stream) != 0 || ferror(log->stream)) dagrt_log_fail(log);
}

void dagrt_log_epoch(dagrt_log *log, const dag_model *model, const dagrt_figures *figures) {
  if (log->stream == NULL) return;
  dagrt_log_line(log, figures->epoch, figures->step);
  /* The first report is the loss, whatever the model calls it. */
  for (int32_t i = 0; i < model->n_reports; i++)
    dagrt_log_number(log, "", i == 0 ? "loss" : model->reports[i].name, figures->train[i]);
  for (int32_t i = 0; figures->valid != NULL && i < model->n_reports; i++)
    dagrt_log_number(log, "valid_", i == 0 ? "loss" : model->reports[i].name, figures->valid[i]);
  dagrt_log_number(log, "", "seconds", figures->seconds);
  fputs("}\n", log->stream);
  dagrt_log_flush(log);
}

void dagrt_log_close(dagrt_log *log) {
  if (log->stream != NULL && fclose(log->stream) != 0) dagrt_log_fail(log);
  log->stream = NULL;
}
