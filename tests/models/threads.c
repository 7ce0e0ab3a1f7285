/* threads: the same bits for any number of threads. Every entry of the model runs on random inputs
   with one, two, three and five threads; params, states and what the entries give must be equal
   byte for byte. Compile with -DMODEL=<name>_model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "runtime.h"

extern const dag_model MODEL;
extern void omp_set_num_threads(int threads);

enum { STEPS = 3, MAX_ARRAYS = 64, GUARD = 64 };

static uint64_t state;

static uint64_t next_random(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return state >> 33;
}

static size_t array_bytes(const dag_array *a) {
  return (size_t)dagrt_elements(a) * dagrt_type_size(a->type);
}

static void *allocate(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + GUARD) / 64 * 64 + 64);
  if (memory == NULL) abort();
  return memset(memory, 0, bytes);
}

/* What the input takes, in its whole range where that is bounded. */
static void fill(const dag_input *input, void *array) {
  int64_t low = 0, count = 2;
  if (input->least <= input->greatest) low = input->least, count = input->greatest - low + 1;
  for (int64_t i = 0; i < dagrt_elements(&input->array); i++) {
    int64_t whole = low + (int64_t)(next_random() % (uint64_t)(count > 100 ? 100 : count));
    double real = (double)next_random() / (double)(1u << 31);
    switch (input->array.type) {
    case DAG_BOOL:
    case DAG_U8: ((uint8_t *)array)[i] = (uint8_t)whole; break;
    case DAG_I8: ((int8_t *)array)[i] = (int8_t)whole; break;
    case DAG_BF16:
    case DAG_F16: ((uint16_t *)array)[i] = (uint16_t)(0x3c00 + whole); break;
    case DAG_I32: ((int32_t *)array)[i] = (int32_t)whole; break;
    case DAG_I64: ((int64_t *)array)[i] = whole; break;
    case DAG_F32: ((float *)array)[i] = (float)real; break;
    case DAG_F64: ((double *)array)[i] = real; break;
    }
  }
}

typedef struct Run {
  char *bytes; /* what came out, one array after the other */
  size_t n;
} Run;

static void append(Run *run, const void *bytes, size_t n) {
  run->bytes = realloc(run->bytes, run->n + n);
  if (run->bytes == NULL) abort();
  memcpy(run->bytes + run->n, bytes, n);
  run->n += n;
}

static void call(Run *run, const char *name, dag_call *entry, void *memory, const dag_input *inputs,
                 int32_t n_inputs, const dag_array *outputs, int32_t n_outputs) {
  const void *in[MAX_ARRAYS];
  void *out[MAX_ARRAYS];
  if (n_inputs > MAX_ARRAYS || n_outputs > MAX_ARRAYS) abort();
  for (int32_t i = 0; i < n_inputs; i++) {
    void *array = allocate(array_bytes(&inputs[i].array));
    fill(&inputs[i], array);
    in[i] = array;
  }
  for (int32_t i = 0; i < n_outputs; i++) out[i] = allocate(array_bytes(&outputs[i]));
  if (entry(memory, in, out, 5) != 0) {
    fprintf(stderr, "threads: %s refuses its inputs\n", name);
    exit(1);
  }
  for (int32_t i = 0; i < n_outputs; i++) append(run, out[i], array_bytes(&outputs[i]));
  for (int32_t i = 0; i < n_outputs; i++) free(out[i]);
  for (int32_t i = 0; i < n_inputs; i++) free((void *)in[i]);
}

static Run run_with(int threads) {
  Run run = {0};
  omp_set_num_threads(threads);
  state = 1;
  void *memory = allocate(MODEL.size);
  MODEL.init(memory, 7);
  for (int i = 0; i < STEPS && MODEL.step != NULL; i++)
    call(&run, "step", MODEL.step, memory, MODEL.inputs, MODEL.n_inputs, MODEL.reports,
         MODEL.n_reports);
  if (MODEL.eval != NULL)
    call(&run, "eval", MODEL.eval, memory, MODEL.inputs, MODEL.n_inputs, MODEL.reports,
         MODEL.n_reports);
  for (int32_t i = 0; i < MODEL.n_exports; i++) {
    const dag_export *e = &MODEL.exports[i];
    call(&run, e->name, e->call, memory, e->inputs, e->n_inputs, e->outputs, e->n_outputs);
  }
  for (int32_t i = 0; i < MODEL.n_tensors; i++)
    append(&run, (char *)memory + MODEL.tensors[i].offset, array_bytes(&MODEL.tensors[i].array));
  free(memory);
  return run;
}

int main(void) {
  Run one = run_with(1);
  for (int threads = 2; threads <= 5; threads += threads == 3 ? 2 : 1) {
    Run several = run_with(threads);
    size_t i = 0;
    while (i < one.n && i < several.n && one.bytes[i] == several.bytes[i]) i++;
    if (one.n != several.n || i < one.n) {
      fprintf(stderr, "threads: byte %zu of %zu differs with %d threads\n", i, one.n, threads);
      return 1;
    }
    free(several.bytes);
  }
  printf("%zu bytes are the same with 1, 2, 3 and 5 threads\n", one.n);
  free(one.bytes);
  return 0;
}
