/* What the parts of one C file share. Private to emit/. */
#pragma once
#include "emit/emit.h"
#include "emit/lane_texts.h"
#include "emit/names.h"

typedef struct Emitter {
  Arena *arena;
  const Program *program;
  const Plan *plan;
  LaneTexts lanes;
  Names names;          /* of the file */
  const char *init;     /* functions of the API */
  const char *model;    /* its dag_model */
  const char **dims;    /* per dim of the program */
  const char **entries; /* per entry of the program */
  const char **kernels; /* per kernel of the plan */
  const char **fields;  /* per buffer of the plan: the struct's member, for params and states */
  const char *members, *tensors; /* a macro for members; the table of them */
  int64_t *places;  /* per buffer of the plan: where that is, bytes from the struct's start */
  int64_t end;      /* of the members */
  bool uses_places; /* the code relies on that */
} Emitter;

Emitter emitter_new(Arena *arena, const Program *program, const Plan *plan);

/* declarations.c: sizes, struct, prototypes. */
void write_declarations(Emitter *e, Text *out);
/* `int mlp_step(mlp *m, const uint8_t *x, float *loss)`, with the names of its parameters. */
typedef struct Signature {
  Names names; /* taken in the function */
  const char **inputs, **outputs;
} Signature;
Signature write_signature(Emitter *e, Text *out, uint32_t entry);

/* kernel_text.c: one static function. */
void write_kernel(Emitter *e, Text *out, KernelId kernel);
/* Text that must not end or begin a comment inside of one. */
void write_comment_text(Text *out, const char *text);

/* entries.c: init, step, eval, exports. */
void write_entries(Emitter *e, Text *out);

/* model_table.c: the dag_model. */
void write_model(Emitter *e, Text *out);
