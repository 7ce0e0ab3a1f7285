/* What the parts of one C file share. Private to emit/. */
#pragma once
#include "emit/emit.h"
#include "emit/lane_texts.h"
#include "emit/names.h"

typedef struct Emitter {
  Arena *arena;
  const Program *program;
  const Plan *plan;
  const char *section; /* what the names of its functions end in: "", or "_v3" of several sections */
  LaneTexts lanes;
  Names names;          /* of the file */
  const char *init;     /* functions of the API */
  const char *model;    /* its dag_model */
  const char **dims;    /* per dim of the program */
  const char **entries; /* per entry of the program */
  const char *choice;   /* the function that chooses a section; NULL: there is one only */
  const char **parts;   /* per entry, and for init: the section's function that makes the calls */
  const char **kernels; /* per kernel of the plan */
  const char **fields;  /* per buffer of the plan: the struct's member, for params and states */
  const char *members, *tensors; /* a macro for members; the table of them */
  int64_t *places;  /* per buffer of the plan: where that is, bytes from the struct's start */
  int64_t end;      /* of the members */
  bool uses_places; /* the code relies on that */
  CodePlaces code;  /* in the text that they are in so far */
  /* who watches the calls of the training step, a variable; NULL: nobody can */
  const char *observer;
} Emitter;

/* section: NULL when the file has one only. file: empty, the same for all sections of a file. */
Emitter emitter_new(Arena *arena, const Plan *plan, const char *section, Map *file);

/* declarations.c: sizes, struct, prototypes. */
void write_declarations(Emitter *e, Text *out);
/* The names of the parameters of an entry's function. */
typedef struct Signature {
  Names names; /* taken in the function */
  const char **inputs, **outputs;
  bool takes_seed;
} Signature;
/* `(mlp *m, const uint8_t *x, float *loss)` */
Signature write_parameters(Emitter *e, Text *out, uint32_t entry);

/* kernel_text.c: one static function. */
void write_kernel(Emitter *e, Text *out, KernelId kernel);
/* Text that must not end or begin a comment inside of one. */
void write_comment_text(Text *out, const char *text);

/* One emitter for each section of the file, in its order; the first is for any machine. */
typedef struct Sections {
  Emitter *items;
  uint32_t n;
} Sections;

/* Init's number is one behind those of the entries. */
static inline const EntryPlan *entry_plan(const Plan *plan, uint32_t number) {
  return number == plan->n_entries ? &plan->init : &plan->entries[number];
}

/* entries.c: init, step, eval, exports: the functions of the API. */
void write_entries(const Sections *sections, Text *out);
/* What they call in one of several sections. */
void write_parts(const Sections *sections, uint32_t section, Text *out);

/* Where an input of the entry stands among them. */
uint32_t input_position(const Entry *entry, TensorId tensor);

/* observe.c: the calls of a step, for whoever watches them. */
void observe_step(Emitter *e);
/* The variable and the mark behind a call. */
void write_observer(const Emitter *e, Text *out);
#define CALL_MARK "CALLED"
/* The tables of kernels, arrays and calls, and their names. */
typedef struct CallTable {
  const char *kernels, *values, *calls;
  uint32_t n_kernels, n_values, n_calls;
} CallTable;
CallTable write_calls_table(Emitter *e, Text *out);

/* model_table.c: the dag_model. */
const char *dag_type_name(ScalarType type);       /* "DAG_F32" */
void write_string(Text *out, const char *string); /* a literal */
void write_model(Emitter *e, Text *out);
