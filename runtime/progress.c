/* On a terminal a bar that is drawn over itself; anywhere else a line an epoch. The terminal's
   width is asked for each time, so a resized window needs no signal. */
#include "runtime.h"
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

double dagrt_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void dagrt_progress_begin(dagrt_progress *progress, const dag_model *model, int quiet,
                          int64_t first_step, int64_t last_step) {
  *progress = (dagrt_progress){
      model, isatty(STDOUT_FILENO) && !quiet, quiet, dagrt_seconds(), 0, first_step, last_step};
}

static const char *dagrt_duration(double seconds, char text[32]) {
  long long whole = (long long)seconds;
  if (seconds < 60)
    snprintf(text, 32, "%.0f s", seconds);
  else if (whole < 3600)
    snprintf(text, 32, "%lld:%02lld min", whole / 60, whole % 60);
  else
    snprintf(text, 32, "%lld:%02lld h", whole / 3600, whole / 60 % 60);
  return text;
}

/* Of the terminal. */
int dagrt_terminal_width(void) {
#ifdef TIOCGWINSZ /* WASI cannot ask */
  struct winsize window;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) return window.ws_col;
#endif
  return 80;
}

void dagrt_progress_step(dagrt_progress *progress, int64_t epoch, int64_t step, double loss) {
  if (!progress->terminal) return;
  double now = dagrt_seconds();
  if (now - progress->drawn < 0.1) return;
  progress->drawn = now;
  int columns = dagrt_terminal_width();
  double rate = (double)(step - progress->first_step) / (now - progress->begun);
  double left = (double)(progress->last_step - step) / rate;
  char text[160], duration[32], bar[25];
  memset(bar, ' ', 24);
  memset(bar, '=', (size_t)(24 * step / (progress->last_step > 0 ? progress->last_step : 1)));
  bar[24] = '\0';
  int length = snprintf(text, sizeof text, "epoch %lld [%s] loss %.6g  %.0f rows/s  %s left",
                        (long long)epoch + 1, bar, loss, rate * (double)progress->model->batch,
                        dagrt_duration(left, duration));
  if (length > columns - 1) length = columns - 1;
  printf("\r%.*s\033[K", length, text);
  fflush(stdout);
}

void dagrt_progress_clear(dagrt_progress *progress) {
  if (!progress->terminal || progress->drawn == 0) return;
  fputs("\r\033[K", stdout);
  fflush(stdout);
}

void dagrt_progress_epoch(dagrt_progress *progress, const dagrt_figures *figures) {
  dagrt_progress_clear(progress);
  if (progress->quiet) return;
  const dag_model *model = progress->model;
  printf("epoch %lld", (long long)figures->epoch);
  if (figures->epochs > 0) printf("/%lld", (long long)figures->epochs);
  printf("  step %lld", (long long)figures->step);
  for (int32_t i = 0; i < model->n_reports; i++)
    printf("  %s %.6g", model->reports[i].name, figures->train[i]);
  for (int32_t i = 0; figures->valid != NULL && i < model->n_reports; i++)
    printf("  valid_%s %.6g", model->reports[i].name, figures->valid[i]);
  printf("  %.2f s\n", figures->seconds);
  fflush(stdout);
}
