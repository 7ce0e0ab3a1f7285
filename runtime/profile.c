/* Where the time of a training step goes: each kernel's, beside the least time that this machine
   could take for its operations, or for the memory that it touches.

   Steps with a timer behind each call take turns with steps without, so that both meet the same
   conditions. What a timer takes is measured first, and taken off. Medians of all steps count. */
#include "runtime.h"
#include <stdlib.h>
#include <string.h>

enum { DAGRT_MOST_SAMPLES = 2000, DAGRT_LEAST_SAMPLES = 10 };

typedef struct dagrt_profiler {
  dag_observer observer; /* first: calls come by it */
  const dag_model *model;
  double last, timer; /* when the timer was read last; what that takes. All in seconds */
  double *spent;      /* per kernel, in this step */
  /* what is run */
  void *memory;
  uint64_t seed;
  dagrt_dataset set;
  dagrt_batch batch;
  dagrt_reports reports;
  int64_t steps; /* done */
  /* the samples */
  int64_t n;
  double *whole;    /* per sample: a step without timers */
  double **kernels; /* per kernel and sample */
} dagrt_profiler;

/* The figures of a kernel, of all its calls in a step. */
typedef struct dagrt_kernel_figures {
  int32_t kernel, calls;
  double seconds, bound;
  int by_memory; /* that is the bound */
} dagrt_kernel_figures;

static void dagrt_timed(dag_observer *observer, int32_t call) {
  dagrt_profiler *p = (dagrt_profiler *)observer;
  double now = dagrt_seconds();
  p->spent[p->model->calls[call].kernel] += now - p->last - p->timer;
  p->last = now;
}

/* The least that reading the timer takes, of several thousand times in turn. */
static void dagrt_calibrate(dagrt_profiler *p) {
  enum { TIMES = 2000, ROUNDS = 20 };
  dag_observer *volatile observer = &p->observer; /* called as the step does */
  p->timer = 0;
  double least = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double begun = dagrt_seconds();
    for (int i = 0; i < TIMES; i++) observer->called(observer, 0);
    double each = (dagrt_seconds() - begun) / TIMES;
    if (round == 0 || each < least) least = each;
  }
  p->timer = least;
}

static double dagrt_step_seconds(dagrt_profiler *p) {
  const dag_model *model = p->model;
  int64_t batches = p->set.count / p->set.batch;
  dagrt_batch_shuffled(&p->batch, &p->set, p->seed, p->steps / batches, p->steps % batches);
  p->steps++;
  double begun = p->last = dagrt_seconds();
  dagrt_call(model->step, model->inputs, p->memory, p->batch.inputs, p->reports.outputs, p->seed);
  return dagrt_seconds() - begun;
}

static void dagrt_sample(dagrt_profiler *p, int64_t sample) {
  p->whole[sample] = dagrt_step_seconds(p);
  memset(p->spent, 0, (size_t)p->model->n_kernels * sizeof *p->spent);
  *p->model->observer = &p->observer;
  dagrt_step_seconds(p);
  *p->model->observer = NULL;
  for (int32_t k = 0; k < p->model->n_kernels; k++) p->kernels[k][sample] = p->spent[k];
}

/* As many as were asked for, or as a second has room for. */
static void dagrt_take_samples(dagrt_profiler *p, int64_t steps) {
  double one = dagrt_step_seconds(p), again = dagrt_step_seconds(p);
  if (again < one) one = again;
  double room = one > 0 ? 0.5 / one : DAGRT_MOST_SAMPLES;
  p->n = room > DAGRT_MOST_SAMPLES ? DAGRT_MOST_SAMPLES : (int64_t)room;
  if (p->n < DAGRT_LEAST_SAMPLES) p->n = DAGRT_LEAST_SAMPLES;
  if (steps > 0) p->n = steps;
  p->whole = dagrt_allocate((size_t)p->n, sizeof *p->whole);
  p->kernels = dagrt_allocate((size_t)p->model->n_kernels, sizeof *p->kernels);
  for (int32_t k = 0; k < p->model->n_kernels; k++)
    p->kernels[k] = dagrt_allocate((size_t)p->n, sizeof **p->kernels);
  for (int64_t i = 0; i < p->n; i++) dagrt_sample(p, i);
}

static int dagrt_ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double dagrt_median(double *values, int64_t n) {
  qsort(values, (size_t)n, sizeof *values, dagrt_ascending);
  return (values[n / 2] + values[(n - 1) / 2]) / 2;
}

/* --- bounds --- */

static int dagrt_has_f64(const dag_model *model, const dag_kernel_call *call) {
  for (int32_t i = call->n_read; i < call->n_read + call->n_written; i++)
    if (model->values[call->values[i]].array.type == DAG_F64) return 1;
  return 0;
}

/* Vectors hold half as many f64. Memory that fits into a cache may be there already. */
static void dagrt_add_bound(dagrt_kernel_figures *f, const dag_model *model,
                            const dag_kernel_call *call, const dagrt_peak *peak) {
  const dag_kernel *kernel = &model->kernels[call->kernel];
  double bandwidth = kernel->bytes <= peak->l1_bytes   ? peak->l1
                     : kernel->bytes <= peak->l2_bytes ? peak->l2
                                                       : peak->memory;
  double operations = 1e-9 * kernel->operations / peak->gflops;
  double reading = 1e-9 * kernel->bytes / bandwidth;
  if (dagrt_has_f64(model, call)) operations *= 2;
  f->by_memory = reading > operations;
  f->bound += f->by_memory ? reading : operations;
}

static int dagrt_by_seconds(const void *a, const void *b) {
  const dagrt_kernel_figures *x = a, *y = b;
  if (x->seconds != y->seconds) return x->seconds < y->seconds ? 1 : -1;
  return x->kernel - y->kernel;
}

static dagrt_kernel_figures *dagrt_figures_of(dagrt_profiler *p, const dagrt_peak *peak) {
  const dag_model *model = p->model;
  dagrt_kernel_figures *figures = dagrt_allocate((size_t)model->n_kernels, sizeof *figures);
  for (int32_t k = 0; k < model->n_kernels; k++) {
    double median = dagrt_median(p->kernels[k], p->n);
    figures[k].kernel = k;
    figures[k].seconds = median > 0 ? median : 0;
  }
  for (int32_t i = 0; i < model->n_calls; i++) {
    dagrt_kernel_figures *f = &figures[model->calls[i].kernel];
    f->calls++;
    dagrt_add_bound(f, model, &model->calls[i], peak);
  }
  qsort(figures, (size_t)model->n_kernels, sizeof *figures, dagrt_by_seconds);
  return figures;
}

/* --- the table --- */

/* "mlp.dag:7, mlp.dag:9": what stands behind four blanks in the lines of definitions. */
static const char *dagrt_add_places(const char *places, const char *definitions) {
  for (size_t n; *definitions != '\0'; definitions += n + (definitions[n] == '\n')) {
    n = strcspn(definitions, "\n");
    const char *blanks = strstr(definitions, "    ");
    if (blanks == NULL || blanks >= definitions + n) continue;
    const char *place = dagrt_text("%.*s", (int)(definitions + n - blanks - 4), blanks + 4);
    if (strstr(places, place) == NULL)
      places = dagrt_text("%s%s%s", places, *places == '\0' ? "" : ", ", place);
  }
  return places;
}

/* Where the definitions stand that a kernel's first call computes. */
static const char *dagrt_places(const dag_model *model, int32_t kernel) {
  const char *places = "";
  const dag_kernel_call *call = model->calls;
  while (call->kernel != kernel) call++;
  for (int32_t i = 0; i < call->n_written; i++)
    places = dagrt_add_places(places, model->kernels[kernel].computed[i].definitions);
  return places;
}

static double dagrt_ratio(double a, double b) { return b > 0 ? a / b : 0; }

static void dagrt_print_row(const dagrt_kernel_figures *f, double operations, double bytes,
                            double all) {
  printf("%10.2f %5.1f %% %6d %9.1f %7.1f %10.2f %-6s %5.0f %%", 1e6 * f->seconds,
         100 * dagrt_ratio(f->seconds, all), f->calls, 1e-9 * dagrt_ratio(operations, f->seconds),
         1e-9 * dagrt_ratio(bytes, f->seconds), 1e6 * f->bound, f->by_memory ? "memory" : "flops",
         100 * dagrt_ratio(f->bound, f->seconds));
}

static void dagrt_print_profile(dagrt_profiler *p, const dagrt_peak *peak, int threads) {
  const dag_model *model = p->model;
  dagrt_kernel_figures *figures = dagrt_figures_of(p, peak);
  double all = 0, operations = 0, bytes = 0, bound = 0;
  for (int32_t k = 0; k < model->n_kernels; k++) all += figures[k].seconds;
  printf("%s on %d thread%s: peak %.1f GFLOP/s of f32; reads %.1f GB/s from L1, %.1f from L2, %.1f "
         "from memory\n",
         model->name, threads, threads == 1 ? "" : "s", peak->gflops, peak->l1, peak->l2,
         peak->memory);
  double whole = dagrt_median(p->whole, p->n);
  printf("a step takes %.2f µs, the median of %lld; the sum of its kernels is %.1f %% of that\n",
         1e6 * whole, (long long)p->n, 100 * dagrt_ratio(all, whole));
  printf("each of %d calls was timed, which took %.3f µs a call more; that is taken off\n\n",
         model->n_calls, 1e6 * p->timer);
  printf("        µs   share  calls   GFLOP/s    GB/s   bound µs        reached  kernel\n");
  for (int32_t k = 0; k < model->n_kernels; k++) {
    const dag_kernel *kernel = &model->kernels[figures[k].kernel];
    double times = figures[k].calls;
    dagrt_print_row(&figures[k], times * kernel->operations, times * kernel->bytes, all);
    printf("  %s  %s\n", kernel->name, dagrt_places(model, figures[k].kernel));
    operations += times * kernel->operations;
    bytes += times * kernel->bytes;
    bound += figures[k].bound;
  }
  printf("%10.2f %5.1f %% %6d %9.1f %7.1f %10.2f %-6s %5.0f %%  total\n", 1e6 * all, 100.0,
         model->n_calls, 1e-9 * dagrt_ratio(operations, all), 1e-9 * dagrt_ratio(bytes, all),
         1e6 * bound, "", 100 * dagrt_ratio(bound, all));
  free(figures);
}

static void dagrt_profiler_begin(dagrt_profiler *p, const dag_model *model,
                                 const dagrt_options *options) {
  *p = (dagrt_profiler){.observer = {dagrt_timed},
                        .model = model,
                        .seed = options->has_seed ? options->seed : model->seed};
  dagrt_load_training(&p->set, model, options->data, options->n_data);
  p->memory = dagrt_model_make(model, p->seed);
  if (options->load != NULL) dagrt_restore_file(options->load, model, p->memory, DAGRT_LOAD, NULL);
  dagrt_batch_make(&p->batch, &p->set);
  dagrt_reports_make(&p->reports, model);
  p->spent = dagrt_allocate((size_t)model->n_kernels, sizeof *p->spent);
}

static void dagrt_profiler_end(dagrt_profiler *p) {
  for (int32_t k = 0; k < p->model->n_kernels; k++) free(p->kernels[k]);
  free(p->kernels);
  free(p->whole);
  free(p->spent);
  dagrt_batch_free(&p->batch, &p->set);
  dagrt_reports_free(&p->reports);
  dagrt_dataset_free(&p->set);
  free(p->memory);
}

int dagrt_profile(const dag_model *model, const dagrt_options *options) {
  dagrt_profiler p;
  dagrt_trial trial;
  dagrt_need_calls(model);
  dagrt_profiler_begin(&p, model, options);
  dagrt_trial_begin(&trial, options->threads);
  while (trial.n > 0) {
    dagrt_trial_step(&trial);
    dagrt_step_seconds(&p);
  }
  int threads = dagrt_threads();
  dagrt_peak peak = dagrt_peak_of(threads);
  dagrt_calibrate(&p);
  dagrt_take_samples(&p, options->steps);
  dagrt_print_profile(&p, &peak, threads);
  dagrt_profiler_end(&p);
  if (fflush(stdout) != 0) dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "cannot write to standard output");
  return DAGRT_DONE;
}
