/* The trace of a training run: a line of JSON for each array that a step wrote, in the order in
   which it wrote them, as it was when the call that wrote it had returned. */
#include "runtime.h"

static void dagrt_trace_string(FILE *to, const char *name, const char *text) {
  fprintf(to, ", \"%s\": ", name);
  if (text == NULL)
    fputs("null", to);
  else
    dagrt_json_write(to, text);
}

void dagrt_trace_write(dagrt_log *log, int64_t epoch, int64_t step, const dag_value *value,
                       const dagrt_statistics *s) {
  dagrt_log_line(log, epoch, step);
  dagrt_trace_string(log->stream, "name", value->array.name);
  dagrt_trace_string(log->stream, "role", dagrt_role_name(value->role));
  dagrt_trace_string(log->stream, "source", value->source);
  fprintf(log->stream, ", \"elements\": %lld", (long long)s->elements);
  dagrt_log_number(log, "", "min", s->least);
  dagrt_log_number(log, "", "max", s->greatest);
  dagrt_log_number(log, "", "mean", s->mean);
  dagrt_log_number(log, "", "zeros", (double)s->zeros / (double)s->elements);
  fprintf(log->stream, ", \"nan\": %lld, \"infinite\": %lld", (long long)s->nans,
          (long long)s->infinities);
  fputs("}\n", log->stream);
}
