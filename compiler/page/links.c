/* What belongs to what. */
#include <inttypes.h>
#include <string.h>
#include "page/parts.h"

bool has_place(const Page *p, TensorId id) { return p->outline.line[id] == id; }

uint32_t source_line(const Page *p, TensorId id) {
  if (p->outline.backward[id] && p->outline.opposite[id] != TENSOR_NONE)
    id = p->outline.opposite[id];
  const Tensor *t = page_tensor(p, id);
  Span place = t->use.source != NULL ? t->use : t->span;
  return place.source == p->program->source ? place.line : 0;
}

/* --- calls --- */

static void add_call(const Page *p, TensorId id, CallPlace place) {
  CallPlaces *calls = &p->calls[id];
  for (size_t i = 0; i < calls->count; i++)
    if (calls->items[i].entry == place.entry && calls->items[i].call == place.call) return;
  ARRAY_PUSH(p->arena, calls, place);
}

/* What is printed in a reader counts with that. */
static void add_calls_of_entry(const Page *p, uint32_t number) {
  const EntryPlan *e = page_entry(p, number);
  for (uint32_t i = 0; i < e->n_calls; i++)
    for (uint32_t k = 0; k < e->calls[i].n_computes; k++) {
      TensorId id = e->calls[i].computes[k];
      if (p->outline.line[id] != TENSOR_NONE) id = p->outline.line[id];
      add_call(p, id, (CallPlace){number, i});
    }
}

/* What no call computes by itself is computed where it is read. Readers come later. */
static void add_calls_of_readers(const Page *p) {
  const TensorList order = p->outline.listing.order;
  bool *inlined = ARENA_ARRAY(p->arena, bool, p->n_tensors + 1);
  for (uint32_t i = 0; i < order.count; i++)
    inlined[order.items[i]] = p->calls[order.items[i]].count == 0;
  for (uint32_t i = order.count; i-- > 0;) {
    TensorId reader = order.items[i];
    TensorList reads = p->outline.reads[reader];
    for (uint32_t k = 0; k < reads.count; k++)
      for (size_t c = 0; inlined[reads.items[k]] && c < p->calls[reader].count; c++)
        add_call(p, reads.items[k], p->calls[reader].items[c]);
  }
}

void find_calls(Page *p) {
  p->calls = ARENA_ARRAY(p->arena, CallPlaces, p->n_tensors + 1);
  for (uint32_t i = 0; i < p->plan->n_entries; i++) add_calls_of_entry(p, i);
  add_calls_of_readers(p);
}

TensorList lines_of_call(const Page *p, CallPlace place) {
  const KernelCall *call = &page_entry(p, place.entry)->calls[place.call];
  TensorList lines = {ARENA_ARRAY(p->arena, TensorId, call->n_computes + 1), 0};
  for (uint32_t i = 0; i < call->n_computes; i++) {
    TensorId id = p->outline.line[call->computes[i]];
    bool known = id == TENSOR_NONE;
    for (uint32_t k = 0; k < lines.count; k++) known = known || lines.items[k] == id;
    if (!known) lines.items[lines.count++] = id;
  }
  return lines;
}

/* --- the attributes --- */

typedef struct Links {
  const Page *p;
  Text ids;
  Map seen;
} Links;

static Links links_new(const Page *p) { return (Links){p, text_new(p->arena), map_new(p->arena)}; }

static void link_id(Links *l, const char *id) {
  if (map_get(&l->seen, id) != NULL) return;
  map_set(&l->seen, id, l);
  text_printf(&l->ids, "%s%s", l->ids.length > 0 ? " " : "", id);
}

static void link_place(Links *l, char kind, uint32_t number) {
  link_id(l, arena_printf(l->p->arena, "%c%u", kind, number));
}

static void link_calls(Links *l, const CallPlaces *calls) {
  for (size_t i = 0; i < calls->count; i++) {
    CallPlace c = calls->items[i];
    link_place(l, 'k', page_entry(l->p, c.entry)->calls[c.call].kernel);
    link_id(l, arena_printf(l->p->arena, "c%u-%u", c.entry, c.call));
  }
}

static void links_end(const Links *l) {
  if (l->ids.length > 0) text_printf(l->p->out, " data-with=\"%s\"", text_string(&l->ids));
}

void write_links_of_line(const Page *p, TensorId id) {
  Links l = links_new(p);
  uint32_t line = source_line(p, id);
  TensorId opposite = p->outline.opposite[id];
  if (opposite != TENSOR_NONE) link_place(&l, 'd', opposite);
  link_calls(&l, &p->calls[id]);
  if (line > 0) link_place(&l, 'L', line);
  links_end(&l);
}

void write_links_of_update(const Page *p, const Update *update) {
  Links l = links_new(p);
  link_place(&l, 'd', update->target);
  link_calls(&l, &p->calls[update->value]);
  links_end(&l);
}

void write_links_of_call(const Page *p, CallPlace place) {
  Links l = links_new(p);
  link_place(&l, 'k', page_entry(p, place.entry)->calls[place.call].kernel);
  links_end(&l);
}

void write_links_of_buffer(const Page *p, const Buffer *b) {
  Links l = links_new(p);
  TensorId line = p->outline.line[b->tensor];
  if (line != TENSOR_NONE) link_place(&l, 'd', line);
  for (uint32_t call = b->first; b->first != UINT32_MAX && call <= b->last; call++) {
    const KernelCall *c = &page_entry(p, b->entry)->calls[call];
    const Kernel *k = &p->plan->kernels[c->kernel];
    for (uint32_t i = 0; i < k->n_parameters; i++)
      if (&p->plan->buffers[c->buffers[i]] == b)
        link_id(&l, arena_printf(p->arena, "c%u-%u", b->entry, call));
  }
  links_end(&l);
}
