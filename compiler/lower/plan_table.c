/* --emit=plan: for each entry, the life of every buffer of the workspace, and the peak. */
#include <inttypes.h>
#include <string.h>
#include "lower/lower.h"

enum { COLUMNS = 64 }; /* of a time line at most: a longer one has several calls a column */

static bool is_in(const Buffer *b, uint32_t entry) {
  return b->kind == BUFFER_WORKSPACE && b->entry == entry && b->first != UINT32_MAX;
}

static int64_t bytes_of(const Buffer *b) { return b->elements * element_bytes(b); }

/* Bytes of the buffers that are alive at a call. */
static int64_t alive_at(const Plan *plan, uint32_t entry, uint32_t call) {
  int64_t bytes = 0;
  for (BufferId i = 0; i < plan->n_buffers; i++) {
    const Buffer *b = &plan->buffers[i];
    if (is_in(b, entry) && b->first <= call && call <= b->last) bytes += bytes_of(b);
  }
  return bytes;
}

static void print_time_line(Text *out, const Buffer *b, uint32_t n_calls) {
  uint32_t columns = n_calls < COLUMNS ? n_calls : COLUMNS;
  text_add(out, "|");
  for (uint32_t i = 0; i < columns; i++) {
    uint32_t from = i * n_calls / columns, to = (i + 1) * n_calls / columns; /* calls from … to-1 */
    text_add(out, b->first < to && from <= b->last ? "#" : " ");
  }
  text_add(out, "|");
}

static void print_buffer(Text *out, const Buffer *b, uint32_t n_calls) {
  text_printf(out, "%12" PRId64 " %12" PRId64 " %6u..%-6u ", bytes_of(b), b->offset, b->first,
              b->last);
  print_time_line(out, b, n_calls);
  text_printf(out, " %s: %s", b->name, type_name(buffer_stored(b)));
  for (uint32_t i = 0; i < b->rank; i++)
    text_printf(out, "%s%" PRId64, i == 0 ? "[" : ", ", b->extents[i]);
  text_add(out, b->rank > 0 ? "]\n" : "\n");
}

static void print_entry(Text *out, const Plan *plan, const EntryPlan *e, uint32_t number) {
  int64_t peak = 0;
  uint32_t at = 0;
  for (uint32_t call = 0; call < e->n_calls; call++) {
    int64_t alive = alive_at(plan, number, call);
    if (alive <= peak) continue;
    peak = alive;
    at = call;
  }
  text_printf(out, "\n%s: %u call%s, ", e->entry == NULL ? "init" : e->entry->name, e->n_calls,
              e->n_calls == 1 ? "" : "s");
  if (peak == 0) {
    text_add(out, "no buffers\n");
    return;
  }
  text_printf(out, "at most %" PRId64 " bytes alive, at call %u, %s\n", peak, at,
              plan->kernels[e->calls[at].kernel].name);
  text_printf(out, "%12s %12s %14s\n", "bytes", "from byte", "alive in calls");
  for (uint32_t call = 0; call < e->n_calls; call++)
    for (BufferId i = 0; i < plan->n_buffers; i++)
      if (is_in(&plan->buffers[i], number) && plan->buffers[i].first == call)
        print_buffer(out, &plan->buffers[i], e->n_calls);
}

void print_plan(Text *out, const Plan *plan) {
  int64_t kept = 0;
  for (BufferId i = 0; i < plan->n_buffers; i++)
    if (plan->buffers[i].kind == BUFFER_PARAM) kept += bytes_of(&plan->buffers[i]);
  text_printf(out,
              "# target %s: params and states %" PRId64 " bytes, workspace %" PRId64 " bytes\n",
              plan->target->name, kept, plan->workspace_bytes);
  for (uint32_t i = 0; i < plan->n_entries; i++) print_entry(out, plan, &plan->entries[i], i);
  print_entry(out, plan, &plan->init, plan->n_entries);
}
