/* harness: a generated model, answering the commands that bench/run writes to its standard input,
   a line each way:

     losses N      the losses of the first N steps from the starting weights; of a model without a
                   train block the first N numbers that its export gives
     time SECONDS  the median and the least time of a step, or of a call, from there on, in
                   microseconds
     save FILE     the starting weights as safetensors; answers 0
     quit

   Compile with -DMODEL=<name>_model, and link with the generated C and the runtime. The arguments
   are the inputs' data as .npy files, in the order of the model; it stays in memory, and the steps
   go through its batches in turn. */
#include <stdlib.h>
#include <string.h>
#include "../runtime/runtime.h"

extern const dag_model MODEL;

/* From this seed no input of a ReLU in W3 comes nearer to 0 than 1e-6 for 100 steps, with SGD or
   with Adam: a ReLU that rounding turns over would show in the losses. */
enum { SEED = 20, MAX_BLOCKS = 100000 };

typedef struct Harness {
  void *memory;   /* the model's struct */
  dag_call *call; /* the training step, or the export */
  const dag_input *descriptions;
  int32_t n_inputs;
  const dag_array *outputs; /* the first one is shown */
  int64_t width;            /* of it, in elements */
  void **results;
  dagrt_dataset data;
  const void **inputs;
  int64_t n_batches, next; /* batch */
} Harness;

static void restart(Harness *h) {
  free(h->memory);
  h->memory = dagrt_model_make(&MODEL, SEED);
  h->next = 0;
}

static void step(Harness *h) {
  for (int32_t i = 0; i < h->data.n; i++) {
    const dagrt_rows *rows = &h->data.rows[i];
    h->inputs[i] = rows->data + (size_t)(h->next * h->data.batch) * rows->row_bytes;
  }
  dagrt_call(h->call, h->descriptions, h->memory, h->inputs, h->results, SEED);
  h->next = h->next + 1 < h->n_batches ? h->next + 1 : 0;
}

static double seconds_of(Harness *h, int64_t n_steps) {
  double begun = dagrt_seconds();
  for (int64_t i = 0; i < n_steps; i++) step(h);
  return dagrt_seconds() - begun;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Steps of a millisecond and more are timed one by one, through all batches at least. Of others a
   block is timed as one: a turn of all batches, or several, long enough for the clock. */
static void time_steps(Harness *h, double seconds) {
  static double blocks[MAX_BLOCKS];
  restart(h);
  seconds_of(h, h->n_batches);
  int64_t n_steps = seconds_of(h, 1) < 1e-3 ? h->n_batches : 1, n_blocks = 0;
  while (seconds_of(h, n_steps) < 200e-6) n_steps *= 2;
  double end = dagrt_seconds() + seconds;
  while ((dagrt_seconds() < end || n_blocks * n_steps < h->n_batches) && n_blocks < MAX_BLOCKS)
    blocks[n_blocks++] = seconds_of(h, n_steps);
  qsort(blocks, (size_t)n_blocks, sizeof *blocks, compare);
  double scale = 1e6 / (double)n_steps;
  printf("{\"median\": %.6g, \"least\": %.6g}\n", scale * blocks[n_blocks / 2], scale * blocks[0]);
}

static void print_losses(Harness *h, long n) {
  restart(h);
  for (long i = 0; i < n; i++) {
    if (i % h->width == 0) step(h);
    double value = dagrt_value(h->outputs[0].type, h->results[0], i % h->width);
    printf("%s%.9g", i == 0 ? "[" : ", ", value);
  }
  printf("]\n");
}

static void save(Harness *h, const char *path) {
  restart(h);
  double *sums = dagrt_allocate((size_t)MODEL.n_reports, sizeof *sums);
  dagrt_save(path, &MODEL, h->memory, &(dagrt_position){.seed = SEED, .sums = sums});
  free(sums);
  printf("0\n");
}

static int64_t elements(const dag_array *array) {
  int64_t n = 1;
  for (int32_t i = 0; i < array->rank; i++) n *= array->shape[i];
  return n;
}

/* What is run: the training step, whose outputs are the reports, or else the first export. */
static void choose(Harness *h) {
  const dag_export *e = MODEL.exports;
  int trains = MODEL.step != NULL;
  if (!trains && MODEL.n_exports == 0)
    dagrt_fail(DAGRT_BAD_USAGE, NULL, "the model has neither a train block nor an export");
  int32_t n_outputs = trains ? MODEL.n_reports : e->n_outputs;
  h->call = trains ? MODEL.step : e->call;
  h->descriptions = trains ? MODEL.inputs : e->inputs;
  h->n_inputs = trains ? MODEL.n_inputs : e->n_inputs;
  h->outputs = trains ? MODEL.reports : e->outputs;
  h->width = elements(&h->outputs[0]);
  h->results = dagrt_allocate((size_t)n_outputs, sizeof *h->results);
  for (int32_t i = 0; i < n_outputs; i++)
    h->results[i] = dagrt_allocate((size_t)elements(&h->outputs[i]), sizeof(double));
}

static void load(Harness *h, char **paths) {
  int32_t n = h->n_inputs;
  dagrt_source *sources = dagrt_allocate((size_t)n, sizeof *sources);
  for (int32_t i = 0; i < n; i++)
    sources[i] = (dagrt_source){.given = 1, .kind = DAG_NPY, .path = paths[i]};
  dagrt_load(&h->data, h->descriptions, n, 0, sources);
  for (int32_t i = 0; i < n; i++) dagrt_rows_widen(&h->data.rows[i]);
  free(sources);
  h->inputs = dagrt_allocate((size_t)n, sizeof *h->inputs);
  h->n_batches = h->data.count / h->data.batch;
}

int main(int argc, char **argv) {
  Harness h = {0};
  choose(&h);
  if (argc != h.n_inputs + 1)
    dagrt_fail(DAGRT_BAD_USAGE, NULL, "usage: harness FILE.npy …, one for each of %d inputs",
               (int)h.n_inputs);
  load(&h, argv + 1);
  for (char line[4096]; fgets(line, sizeof line, stdin) != NULL;) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "losses ", 7) == 0)
      print_losses(&h, atol(line + 7));
    else if (strncmp(line, "time ", 5) == 0)
      time_steps(&h, atof(line + 5));
    else if (strncmp(line, "save ", 5) == 0)
      save(&h, line + 5);
    else if (strcmp(line, "quit") == 0)
      break;
    else
      dagrt_fail(DAGRT_BAD_USAGE, NULL, "unknown command: %s", line);
    fflush(stdout);
  }
  return 0;
}
