/* What the files of the runtime share. The runtime is the trainer's command line around a
   dag_model: data readers, training loop, checkpoints, prediction. dagc --standalone puts all of
   its text into one C file, so every name at file level starts with dagrt_ and is used once.

   Failures: dagrt_fail says what is wrong and what to do, and ends the process with an exit code.
   A file is never changed in place: it is replaced as a whole at the end (output.c), so a failure
   leaves the old one. */
#ifndef DAGRT_RUNTIME_H
#define DAGRT_RUNTIME_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdio.h>
#ifndef DAGRT_NO_ZLIB
#include <zlib.h>
#endif
#include "dag_model.h"

enum {
  DAGRT_DONE = 0,
  DAGRT_BAD_DATA = 1, /* the data, a checkpoint or the model's values */
  DAGRT_BAD_USAGE = 2,
  DAGRT_BAD_SYSTEM = 3,
  DAGRT_NOT_FINITE = 4, /* a NaN or an infinity, with --stop-on-nan */
  DAGRT_INTERRUPTED = 130
};

/* --- errors.c --- */
/* "error: …" and, unless NULL, "hint: …" on stderr; then exit(code). */
_Noreturn void dagrt_fail(int code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void dagrt_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Zeroed memory for count things, aligned to 64 bytes; fails rather than return NULL. */
void *dagrt_allocate(size_t count, size_t size);
/* Text in memory of its own, which lives to the end of the process. */
char *dagrt_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The one of `names` nearest to `word`, or NULL when none is near. */
const char *dagrt_nearest(const char *word, const char *const *names, size_t n);
/* Like dagrt_fail, for a word that is none of `names`: suggests the nearest, or lists them. */
_Noreturn void dagrt_fail_name(int code, const char *what, const char *word,
                               const char *const *names, size_t n);

/* --- types.c --- */
size_t dagrt_type_size(dag_type type);
const char *dagrt_type_name(dag_type type); /* as in the language: "u8" */
int64_t dagrt_elements(const dag_array *array);
/* "u8[64, 784]" */
const char *dagrt_shape_text(const dag_array *array);
int dagrt_is_real(dag_type type);
double dagrt_value(dag_type type, const void *array, int64_t i);
/* array[i] = value, of a real type. */
void dagrt_set_real(dag_type type, void *array, int64_t i, double value);

/* A number on its way from a file into an array. */
typedef struct dagrt_number {
  double real;
  int64_t whole; /* the same, when is_whole */
  int is_whole;  /* an integer that int64_t holds */
  int exact;     /* it came as an integer type: refuse to round it */
} dagrt_number;

/* Stores a value into array[i] of the input's type. Returns 0 when the type or limit forbids it. */
int dagrt_store(const dag_input *input, void *array, int64_t i, const dagrt_number *value);
/* What dagrt_store accepts, for messages: "y takes whole numbers from 0 to 9". */
const char *dagrt_accepts(const dag_input *input);

/* --- half.c: DAG_BF16 and DAG_F16 --- */
double dagrt_from_half(dag_type type, uint16_t bits);
uint16_t dagrt_to_half(dag_type type, double value); /* the nearest, ties to even */

/* --- quantise.c --- */
/* The factors of weights in eight bits; NULL: the tensor is no such weights. */
const dag_tensor *dagrt_scale_of(const dag_model *model, const dag_tensor *weights);
/* Sets both from real values of a type. */
void dagrt_quantise(const dag_tensor *weights, const dag_tensor *scale, void *memory, dag_type type,
                    const void *values);

/* --- file.c: reading, gzipped (unless DAGRT_NO_ZLIB) or not --- */
typedef struct dagrt_file {
#ifdef DAGRT_NO_ZLIB
  FILE *stream;
#else
  gzFile gz;
#endif
  const char *path;
} dagrt_file;
void dagrt_open(dagrt_file *file, const char *path);
/* Up to `size` bytes; fewer only at the end of the file. */
size_t dagrt_read(dagrt_file *file, void *bytes, size_t size);
void dagrt_close(dagrt_file *file);

/* --- output.c: writing whole files or none --- */
typedef struct dagrt_output {
  FILE *stream;
  const char *path;
  char *temporary;
} dagrt_output;
/* Fails where dagrt_output_open would, before any work is done. */
void dagrt_output_probe(const char *path);
void dagrt_output_open(dagrt_output *output, const char *path);
void dagrt_write(dagrt_output *output, const void *bytes, size_t size);
/* Synced, then renamed to `path`. */
void dagrt_output_commit(dagrt_output *output);

/* --- data.c: the rows of inputs --- */
/* All rows of one input, in its own element type. A row is what one position of the batch holds. */
typedef struct dagrt_rows {
  const dag_input *input;
  int64_t width;    /* elements a row */
  size_t row_bytes; /* in the input's element type */
  const char *path;
  int64_t count;
  int in_bytes;        /* data of a real input that are all bytes stay so until a row is used */
  unsigned char *data; /* count * row_bytes; count * width when in_bytes */
} dagrt_rows;

/* Where an input's rows come from. first and last are columns, as in dag_source. */
typedef struct dagrt_source {
  int given;
  dag_source_kind kind;
  const char *path;
  int64_t first, last, window;
} dagrt_source;

/* The inputs of a call with their rows, as many in each. */
typedef struct dagrt_dataset {
  dagrt_rows *rows;
  int32_t n;
  int64_t count, batch;
} dagrt_dataset;

/* x=FILE or x=FILE[columns] from the command line. */
typedef struct dagrt_given {
  const char *name, *path;
  int has_columns;
  int64_t first, last;
} dagrt_given;

/* Reads all inputs. `whole`: a row is all of an input (batch 1), not one position of its leading
   axis. sources[i] is where input i comes from; all must be given. */
void dagrt_load(dagrt_dataset *set, const dag_input *inputs, int32_t n, int whole,
                const dagrt_source *sources);
void dagrt_dataset_free(dagrt_dataset *set);
/* The sources of the inputs: what is given, else the defaults (of the model, by the input's name).
 */
void dagrt_sources(dagrt_source *sources, const dag_input *inputs, int32_t n,
                   const dag_model *model, const dag_source *defaults, int32_t n_defaults,
                   const dagrt_given *given, int32_t n_given);
/* The data of training, a batch at least. */
void dagrt_load_training(dagrt_dataset *set, const dag_model *model, const dagrt_given *given,
                         int32_t n_given);
/* Readers: each fills in count and data of the rows. */
typedef struct dagrt_columns {
  dagrt_rows *rows;
  int64_t first, last;
  int64_t capacity; /* rows there is room for */
} dagrt_columns;
void dagrt_read_csv(const char *path, dagrt_columns *columns, int32_t n);
void dagrt_read_idx(dagrt_rows *rows);
void dagrt_read_npy(dagrt_rows *rows);
void dagrt_read_windows(dagrt_rows *rows, int64_t window);

/* Element types of files, as IDX and NPY have them. */
typedef enum dagrt_element {
  DAGRT_E_BOOL,
  DAGRT_E_U8,
  DAGRT_E_I8,
  DAGRT_E_U16,
  DAGRT_E_I16,
  DAGRT_E_U32,
  DAGRT_E_I32,
  DAGRT_E_U64,
  DAGRT_E_I64,
  DAGRT_E_F16,
  DAGRT_E_F32,
  DAGRT_E_F64
} dagrt_element;
size_t dagrt_element_size(dagrt_element element);
/* Reads count * width elements that follow in the file, and expects its end after them. The file's
   shape is checked against the rows' width. */
void dagrt_read_elements(dagrt_file *file, dagrt_rows *rows, dagrt_element element, int big_endian,
                         const int64_t *shape, int rank);

/* --- batches.c --- */
/* Room for one batch of each input. */
typedef struct dagrt_batch {
  const void **inputs; /* what to pass to the model */
  unsigned char **buffers;
} dagrt_batch;
void dagrt_batch_make(dagrt_batch *batch, const dagrt_dataset *set);
void dagrt_batch_free(dagrt_batch *batch, const dagrt_dataset *set);
/* Batch number `position` of the shuffled epoch. The order of an epoch is a permutation of the rows
   that is a pure function of seed, epoch and their number. */
void dagrt_batch_shuffled(dagrt_batch *batch, const dagrt_dataset *set, uint64_t seed,
                          int64_t epoch, int64_t position);
/* A row in the input's element type. */
void dagrt_row_copy(const dagrt_rows *rows, int64_t from, void *to);
/* All of them in memory so. */
void dagrt_rows_widen(dagrt_rows *rows);
/* Rows first … first + count - 1 in their order, then copies of row `first` up to a whole batch. */
void dagrt_batch_range(dagrt_batch *batch, const dagrt_dataset *set, int64_t first, int64_t count);

/* --- feed.c --- */
struct dagrt_helper;
typedef struct dagrt_feed {
  const dagrt_dataset *set;
  uint64_t seed;
  dagrt_batch own;             /* the one that the caller's thread makes */
  int32_t tried;               /* how many were timed */
  double least;                /* seconds that making one took */
  struct dagrt_helper *helper; /* NULL: the caller's thread makes them */
} dagrt_feed;
void dagrt_feed_begin(dagrt_feed *feed, const dagrt_dataset *set, uint64_t seed);
/* What to pass to the model: batch number `position` of the epoch, which must follow the one asked
   for before; valid until the next is asked for. `spare`: a processor has nothing else to do. */
const void *const *dagrt_feed_next(dagrt_feed *feed, int64_t epoch, int64_t position, int spare);
void dagrt_feed_end(dagrt_feed *feed);

/* --- threads.c --- */
enum { DAGRT_CANDIDATES = 16 };
/* How many threads are fastest, found while the steps are done. */
typedef struct dagrt_trial {
  int32_t n;                        /* candidates; 0: it is over */
  int threads[DAGRT_CANDIDATES];    /* ascending, from 1 */
  double seconds[DAGRT_CANDIDATES]; /* the least of a step */
  int32_t turn;                     /* of all candidates, one after the other */
  int64_t steps;                    /* begun in this turn */
  double begun;
  int spare; /* it is over, and left a processor that the program may use */
} dagrt_trial;
void dagrt_threads_set(int64_t threads);
int dagrt_threads(void); /* what was set; 1 where there are none */
/* given > 0: as many, without a trial. */
void dagrt_trial_begin(dagrt_trial *trial, int64_t given);
/* Before every step. */
void dagrt_trial_step(dagrt_trial *trial);

/* --- model.c: a model's memory --- */
void *dagrt_model_make(const dag_model *model, uint64_t seed);
int64_t dagrt_model_step(const dag_model *model, const void *memory);
void dagrt_model_set(const dag_model *model, void *memory, int64_t step, uint64_t seed);
void *dagrt_tensor(const dag_tensor *tensor, void *memory);
size_t dagrt_tensor_bytes(const dag_tensor *tensor);
/* Between its memory and row-major order. */
void dagrt_tensor_get(const dag_tensor *tensor, void *memory, void *rows);
void dagrt_tensor_set(const dag_tensor *tensor, void *memory, const void *rows);
/* Calls, and fails with the input's name on an index out of range. */
void dagrt_call(dag_call *call, const dag_input *inputs, void *memory, const void *const *in,
                void *const *out, uint64_t seed);
/* Reports: a scalar each, of at most 8 bytes. */
typedef struct dagrt_reports {
  const dag_model *model;
  double *storage; /* n_reports cells that the model writes in its own types */
  void **outputs;
} dagrt_reports;
void dagrt_reports_make(dagrt_reports *reports, const dag_model *model);
void dagrt_reports_free(dagrt_reports *reports);
double dagrt_report(const dagrt_reports *reports, int32_t i);
/* Averages of the reports over all rows, each row counted once. trial: NULL, or told of each call.
 */
void dagrt_evaluate(const dag_model *model, void *memory, const dagrt_dataset *set, uint64_t seed,
                    dagrt_trial *trial, double *averages);

/* --- json.c --- */
typedef enum dagrt_json_kind {
  DAGRT_JSON_WORD, /* true, false, null */
  DAGRT_JSON_NUMBER,
  DAGRT_JSON_STRING,
  DAGRT_JSON_ARRAY,
  DAGRT_JSON_OBJECT
} dagrt_json_kind;
typedef struct dagrt_json {
  dagrt_json_kind kind;
  const char *name;   /* of a member of an object */
  const char *string; /* UTF-8 */
  double number;
  struct dagrt_json *first; /* of the items */
  struct dagrt_json *next;  /* of the items that this is one of */
} dagrt_json;
/* NULL: the text is not JSON. A zero must follow it. Strings stay in it, so it must live as long.
 */
dagrt_json *dagrt_json_parse(char *text, size_t length);
void dagrt_json_free(dagrt_json *value);
/* The first member of that name. NULL: there is none, or this is no object. */
const dagrt_json *dagrt_json_member(const dagrt_json *object, const char *name);
/* As a string of JSON. */
void dagrt_json_write(FILE *to, const char *string);

/* --- safetensors.c --- */
typedef struct dagrt_position {
  int64_t step;     /* training steps done */
  int64_t epoch;    /* whole epochs done */
  int64_t position; /* batches done of the one begun */
  int64_t rows;     /* of the training data */
  uint64_t seed;
  double *sums; /* of the reports over those batches; n_reports of them */
} dagrt_position;
typedef enum dagrt_restore {
  DAGRT_RESUME, /* everything, with the position */
  DAGRT_LOAD,   /* params; states as far as the file has them */
  DAGRT_INIT    /* params only */
} dagrt_restore;
void dagrt_save(const char *path, const dag_model *model, void *memory,
                const dagrt_position *position);
/* Checks the whole file before it changes the model. `position` only for DAGRT_RESUME. */
void dagrt_restore_file(const char *path, const dag_model *model, void *memory, dagrt_restore what,
                        dagrt_position *position);

/* --- progress.c, log.c --- */
typedef struct dagrt_progress {
  const dag_model *model;
  int terminal, quiet;
  double begun, drawn;           /* seconds */
  int64_t first_step, last_step; /* of this run, of all; last < 0: not known */
} dagrt_progress;
double dagrt_seconds(void);
int dagrt_terminal_width(void);
void dagrt_progress_begin(dagrt_progress *progress, const dag_model *model, int quiet,
                          int64_t first_step, int64_t last_step);
/* Redraws the bar, at most ten times a second. */
void dagrt_progress_step(dagrt_progress *progress, int64_t epoch, int64_t step, double loss);
void dagrt_progress_clear(dagrt_progress *progress);

/* Figures of an epoch, for the line and the log. */
typedef struct dagrt_figures {
  int64_t epoch, epochs, step; /* epochs 0: not known */
  const double *train, *valid; /* reports; valid may be NULL */
  double seconds;
} dagrt_figures;
void dagrt_progress_epoch(dagrt_progress *progress, const dagrt_figures *figures);
typedef struct dagrt_log {
  FILE *stream; /* NULL: no log */
  const char *path;
  int keep; /* of a run that is resumed: what it holds stays */
} dagrt_log;
void dagrt_log_open(dagrt_log *log, const char *path, int keep);
/* Begins a line: `{"epoch": 1, "step": 22`. */
void dagrt_log_line(dagrt_log *log, int64_t epoch, int64_t step);
/* `, "<prefix><name>": value`; null when it is not finite. */
void dagrt_log_number(const dagrt_log *log, const char *prefix, const char *name, double value);
void dagrt_log_flush(const dagrt_log *log);
void dagrt_log_epoch(dagrt_log *log, const dag_model *model, const dagrt_figures *figures);
void dagrt_log_close(dagrt_log *log);

/* --- curve.c --- */
enum { DAGRT_CURVE_POINTS = 1024, DAGRT_TICKS = 16 };
typedef struct dagrt_point {
  double x, y;
} dagrt_point;
/* Values by training step. Each point is the mean of so many that follow each other, the last one
   maybe of fewer. Zeroed memory with a name is an empty one. */
typedef struct dagrt_curve {
  const char *name;
  int32_t n;
  int64_t each, in_last;
  dagrt_point points[DAGRT_CURVE_POINTS];
} dagrt_curve;
void dagrt_curve_add(dagrt_curve *curve, double x, double y);
/* Of the points with finite values. Returns how many there are. */
int dagrt_range_of(const dagrt_curve *const *curves, int n, dagrt_point *least,
                   dagrt_point *greatest);
typedef enum dagrt_axis_kind {
  DAGRT_AXIS_OF_STEPS, /* ends where they do */
  DAGRT_AXIS_OF_VALUES /* ends at round numbers; logarithmic where they span decades */
} dagrt_axis_kind;
typedef struct dagrt_axis {
  double least, greatest;
  int logarithmic, n;
  double ticks[DAGRT_TICKS];
} dagrt_axis;
/* With about `wanted` ticks. */
dagrt_axis dagrt_axis_of(double least, double greatest, dagrt_axis_kind kind, int wanted);
/* From 0, at its beginning, to 1. */
double dagrt_axis_place(const dagrt_axis *axis, double value);
const char *dagrt_tick_text(double value, char text[24]);

/* --- curve_text.c, curve_svg.c --- */
/* Nothing where there are fewer columns than it takes, or no finite values. */
void dagrt_curves_print(FILE *to, const dagrt_curve *const *curves, int n, int columns,
                        int colours);
/* Up to two curves. */
void dagrt_curves_plot(const char *path, const char *model, const dagrt_curve *const *curves,
                       int n);

/* --- statistics.c --- */
typedef struct dagrt_statistics {
  int64_t elements, zeros, nans, infinities;
  double least, greatest, mean; /* of what is finite; NaN: nothing is */
} dagrt_statistics;
const char *dagrt_role_name(dag_role role);
dagrt_statistics dagrt_statistics_of(const dag_value *value, const void *array);

/* --- trace.c --- */
void dagrt_trace_write(dagrt_log *log, int64_t epoch, int64_t step, const dag_value *value,
                       const dagrt_statistics *s);

/* --- peak.c --- */
/* Of all threads together. */
typedef struct dagrt_peak {
  double gflops;             /* f32, 10⁹ a second */
  double l1, l2, memory;     /* reading, 10⁹ bytes a second */
  double l1_bytes, l2_bytes; /* of the caches */
} dagrt_peak;
/* Takes about a second. */
dagrt_peak dagrt_peak_of(int threads);

/* --- options.c --- */
typedef struct dagrt_options {
  const char *program, *command, *export_name;
  dagrt_given *data, *valid, *out;
  int32_t n_data, n_valid, n_out;
  const char *save, *resume, *init, *load, *log, *trace, *plot;
  int64_t epochs, steps, threads; /* -1: not given */
  int64_t trace_every;            /* steps */
  uint64_t seed;
  int has_seed, quiet, whole, help, stop_on_nan, curve;
} dagrt_options;
void dagrt_parse_options(dagrt_options *options, int argc, char **argv);

/* --- watch.c: what --trace and --stop-on-nan ask for --- */
typedef struct dagrt_watch {
  dag_observer observer; /* first: calls come by it */
  const dag_model *model;
  const void *memory;
  dagrt_progress *progress;
  int stops;              /* at what is not finite */
  int64_t every;          /* so many steps one is traced; 0: none */
  dagrt_log log;          /* of the trace */
  dagrt_statistics *last; /* per value: when it was written last */
  int *usual;             /* per value: it had infinities in a step that ended well */
  /* of the step that is done */
  int64_t epoch, step;
  const void *const *inputs;
  void *const *outputs;
  int traces;
  int32_t first; /* value that is not finite; -1: none */
  const char *report;
} dagrt_watch;
/* Fails where the model cannot be watched. */
void dagrt_need_calls(const dag_model *model);
static inline int dagrt_watches(const dagrt_watch *watch) {
  return watch->stops || watch->every > 0;
}
void dagrt_watch_begin(dagrt_watch *watch, const dag_model *model, const dagrt_options *options,
                       void *memory, dagrt_progress *progress);
/* Before and after the call of a step. */
void dagrt_watch_step(dagrt_watch *watch, int64_t epoch, int64_t step, const void *const *inputs,
                      void *const *outputs);
void dagrt_watch_stepped(dagrt_watch *watch);
void dagrt_watch_end(dagrt_watch *watch);

/* --- the commands, each returns an exit code --- */
int dagrt_train(const dag_model *model, const dagrt_options *options);
int dagrt_eval(const dag_model *model, const dagrt_options *options);
int dagrt_predict(const dag_model *model, const dagrt_options *options);
int dagrt_check(const dag_model *model, const dagrt_options *options);
int dagrt_info(const dag_model *model, const dagrt_options *options);
int dagrt_profile(const dag_model *model, const dagrt_options *options);

#endif
