/* What the parts of a page share. Private to page/.

   Whatever can be pointed at has an id: d12 is the line of tensor 12 (or its declaration), L7 line
   7 of the source, k3 kernel 3, c0-5 call 5 of entry 0, e0 the function of entry 0, b9 buffer 9.
   What belongs together says so once, in data-with: the ids of the others. */
#pragma once
#include "graph/outline.h"
#include "page/html.h"
#include "page/page.h"

typedef struct CallPlace {
  uint32_t entry, call;
} CallPlace;
typedef ARRAY(CallPlace) CallPlaces;

/* What a line costs in the first entry that computes it: the parts of kernels that are called by
   its name. */
typedef struct LineCost {
  bool known;
  uint32_t entry;
  double operations;
} LineCost;

typedef struct Page {
  Arena *arena;
  Text *out;
  const Program *program;
  const Plan *plan;
  Outline outline;
  DumpLines lines;
  uint32_t n_tensors; /* those that lowering added too: they have no line */
  CallPlaces *calls;  /* per tensor: the calls that compute its line, or it */
  const char *c;      /* the C file */
  CodePlaces code;
  Map kernels;     /* name of a function → KernelId * */
  LineCost *costs; /* per tensor */
  Cost *totals;    /* per entry, and for init: of all calls */
  double *largest; /* per entry: the operations of the line that has most */
} Page;

static inline const Tensor *page_tensor(const Page *p, TensorId id) {
  return tensor_at(p->program->graph, id);
}
/* Init's number is one behind those of the entries. */
static inline const EntryPlan *page_entry(const Page *p, uint32_t entry) {
  return entry == p->plan->n_entries ? &p->plan->init : &p->plan->entries[entry];
}
static inline const char *entry_name(const EntryPlan *e) {
  return e->entry == NULL ? "init" : e->entry->name;
}

/* links.c: which calls compute what. */
void find_calls(Page *p);
/* Whether the page has a place for the tensor: a line or a declaration. */
bool has_place(const Page *p, TensorId id);
/* The line of the model's source that a tensor comes from; 0: none. */
uint32_t source_line(const Page *p, TensorId id);
/* ` data-with="d4 k3 c0-5 L7"` of a line, of a call, of a buffer. */
void write_links_of_line(const Page *p, TensorId id);
void write_links_of_update(const Page *p, const Update *update);
void write_links_of_call(const Page *p, CallPlace place);
void write_links_of_buffer(const Page *p, const Buffer *b);
/* The lines of the program that a call computes, each once. */
TensorList lines_of_call(const Page *p, CallPlace place);
/* costs.c: p->costs, p->totals, p->largest. */
void find_costs(Page *p);

/* colour.c: text of the language: comments, keywords, and tensors as links to where they stand. The
   beginning of names that is `layer` is marked, as a page says that once. NULL: no links. */
void write_dag(const Page *p, const char *text, size_t length, const char *layer);
/* Text of C: comments, keywords, directives, and calls of kernels as links. */
void write_c(const Page *p, const char *text, size_t length);

/* The class of what belongs to a part of the work: f, b, u. */
static inline const char *part_class(int part) {
  static const char *const classes[N_PARTS] = {"f", "b", "u"};
  return classes[part];
}
/* A bar; share: of the widest one, 0 to 1. */
static inline void write_bar(const Page *p, const char *class, double share) {
  text_printf(p->out, "<span class=\"bar %s\" style=\"--w:%.2f\"></span>", class, 100 * share);
}

/* The sections. */
void write_source(const Page *p);  /* source.c */
void write_program(const Page *p); /* program.c, and the next two */
void write_updates(const Page *p);
void write_others(const Page *p); /* what neither derivatives nor the training step need */
void write_costs(const Page *p);  /* costs.c */
void write_memory(const Page *p); /* memory.c */
void write_code(const Page *p);   /* code.c */
