/* Operations and bytes: of lines, and of each entry's calls in a table. */
#include <math.h>
#include <string.h>
#include "page/parts.h"

static Cost cost_of_call(const KernelCall *call) {
  Cost sum = {0};
  for (int k = 0; k < N_PARTS; k++) {
    sum.operations += call->cost[k].operations;
    sum.read += call->cost[k].read;
    sum.written += call->cost[k].written;
  }
  return sum;
}

static Cost cost_of_entry(const EntryPlan *e) {
  Cost sum = {0};
  for (uint32_t i = 0; i < e->n_calls; i++) {
    Cost c = cost_of_call(&e->calls[i]);
    sum.operations += c.operations;
    sum.read += c.read;
    sum.written += c.written;
  }
  return sum;
}

/* The line that a part of a call is named after; of what lowering made, the only one in the call;
   else TENSOR_NONE. */
static TensorId line_named(const Page *p, CallPlace place, int part) {
  const char *name = page_entry(p, place.entry)->calls[place.call].cost[part].name;
  TensorId id = name == NULL ? TENSOR_NONE : graph_find(p->program->graph, name);
  if (id != TENSOR_NONE && p->outline.line[id] != TENSOR_NONE) return p->outline.line[id];
  TensorList lines = lines_of_call(p, place);
  return name != NULL && lines.count == 1 ? lines.items[0] : TENSOR_NONE;
}

static void find_totals(Page *p) {
  p->totals = ARENA_ARRAY(p->arena, Cost, p->plan->n_entries + 1);
  for (uint32_t i = 0; i <= p->plan->n_entries; i++) p->totals[i] = cost_of_entry(page_entry(p, i));
}

void find_costs(Page *p) {
  find_totals(p);
  p->costs = ARENA_ARRAY(p->arena, LineCost, p->n_tensors + 1);
  for (uint32_t e = 0; e < p->plan->n_entries; e++)
    for (uint32_t i = 0; i < p->plan->entries[e].n_calls; i++)
      for (int k = 0; k < N_PARTS; k++) {
        TensorId line = line_named(p, (CallPlace){e, i}, k);
        const Cost *cost = &p->plan->entries[e].calls[i].cost[k];
        if (line == TENSOR_NONE) continue;
        LineCost *sum = &p->costs[line];
        if (sum->known && sum->entry != e) continue;
        sum->known = true;
        sum->entry = e;
        sum->operations += cost->operations;
      }
  p->largest = ARENA_ARRAY(p->arena, double, p->plan->n_entries + 1);
  for (TensorId id = 0; id < p->n_tensors; id++)
    if (p->costs[id].operations > p->largest[p->costs[id].entry])
      p->largest[p->costs[id].entry] = p->costs[id].operations;
}

/* --- the tables --- */

/* Of a call that computes no line: what lowering made. */
static void write_own_names(const Page *p, const KernelCall *call) {
  text_add(p->out, "<small>");
  for (uint32_t i = 0; i < call->n_computes; i++) {
    if (i > 0) text_add(p->out, ", ");
    html_string(p->out, page_tensor(p, call->computes[i])->name);
  }
  text_add(p->out, "</small>");
}

static void write_lines(const Page *p, CallPlace place) {
  TensorList lines = lines_of_call(p, place);
  for (uint32_t i = 0; i < lines.count; i++) {
    text_printf(p->out, "%s<a href=\"#d%u\">", i > 0 ? ", " : "", lines.items[i]);
    html_string(p->out, page_tensor(p, lines.items[i])->name);
    text_add(p->out, "</a>");
  }
  if (lines.count == 0) write_own_names(p, &page_entry(p, place.entry)->calls[place.call]);
}

static void write_number(const Page *p, double value) {
  text_add(p->out, "<td class=\"num\">");
  html_integer(p->out, value);
  text_add(p->out, "</td>");
}

typedef struct Widest {
  double operations, bytes; /* of a call */
} Widest;

static Widest find_widest(const EntryPlan *e) {
  Widest widest = {1, 1};
  for (uint32_t i = 0; i < e->n_calls; i++) {
    Cost c = cost_of_call(&e->calls[i]);
    widest.operations = fmax(widest.operations, c.operations);
    widest.bytes = fmax(widest.bytes, c.read + c.written);
  }
  return widest;
}

static void write_call(const Page *p, CallPlace place, Widest widest) {
  Cost total = p->totals[place.entry];
  const EntryPlan *e = page_entry(p, place.entry);
  const KernelCall *call = &e->calls[place.call];
  Cost cost = cost_of_call(call);
  double bytes = cost.read + cost.written, all = total.read + total.written;
  text_printf(p->out, "<tr id=\"c%u-%u\"", place.entry, place.call);
  write_links_of_call(p, place);
  text_printf(p->out,
              "><td class=\"num\">%u</td><td><a href=\"#k%u\">%s</a></td><td class=\"names\">",
              place.call, call->kernel, p->plan->kernels[call->kernel].name);
  write_lines(p, place);
  text_add(p->out, "</td>");
  write_number(p, cost.operations);
  write_number(p, bytes);
  text_add(p->out, "<td class=\"share\">");
  for (int k = 0; k < N_PARTS && total.operations > 0; k++)
    if (call->cost[k].operations > 0)
      write_bar(p, part_class(k), call->cost[k].operations / widest.operations);
  text_add(p->out, " ");
  if (total.operations > 0) html_share(p->out, cost.operations / total.operations);
  text_add(p->out, "</td><td class=\"share\">");
  if (all > 0) write_bar(p, "m", bytes / widest.bytes);
  text_add(p->out, " ");
  if (all > 0) html_share(p->out, bytes / all);
  text_add(p->out, "</td></tr>\n");
}

static void write_table(const Page *p, uint32_t number) {
  const EntryPlan *e = page_entry(p, number);
  Cost total = p->totals[number];
  text_add(p->out,
           "<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th>call</th><th>kernel</th>"
           "<th>computes</th><th class=\"num\">operations</th><th class=\"num\">bytes</th>"
           "<th>of all operations</th><th>of all bytes</th></tr></thead>\n<tbody>\n");
  Widest widest = find_widest(e);
  for (uint32_t i = 0; i < e->n_calls; i++) write_call(p, (CallPlace){number, i}, widest);
  text_add(p->out, "</tbody>\n<tfoot><tr><td></td><th>all</th><td></td>");
  write_number(p, total.operations);
  write_number(p, total.read + total.written);
  text_add(p->out, "<td></td><td></td></tr></tfoot></table></div>\n");
}

void write_costs(const Page *p) {
  text_add(p->out,
           "<section aria-labelledby=\"costs\">\n<h2 id=\"costs\">Kernels and what they cost</h2>\n"
           "<p>The calls of each function, in the order in which they are made: operations on "
           "reals, and bytes of distinct memory that are read and written.</p>\n");
  for (uint32_t i = 0; i <= p->plan->n_entries; i++) {
    const EntryPlan *e = page_entry(p, i);
    if (e->n_calls == 0) continue;
    Cost total = p->totals[i];
    text_printf(p->out, "<details%s><summary>%s <small>%u call%s, ", i == 0 ? " open" : "",
                entry_name(e), e->n_calls, e->n_calls == 1 ? "" : "s");
    html_amount(p->out, total.operations, "flop");
    text_add(p->out, ", ");
    html_amount(p->out, total.read + total.written, "B");
    text_add(p->out, "</small></summary>\n");
    write_table(p, i);
    text_add(p->out, "</details>\n");
  }
  text_add(p->out, "</section>\n");
}
