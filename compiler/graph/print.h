/* The parts of a program as text: what the printers of dumps, pictures and pages share. */
#pragma once
#include "graph/group.h"

/* How one expression is printed: which names its index variables have, and which reads are printed
   as the reduction that they read. */
typedef struct Printer {
  const Program *program;
  Text *out;
  const bool *folded; /* per tensor: printed inside its one reader; NULL: none */
  /* per tensor: what its output indices must be called, NULL where that is free: the steps of the
     recurrences that it is a member of; NULL: none */
  const char *const *const *steps;
  const bool *coming; /* per tensor: its line in a recurrence is this one or below; NULL: none */
} Printer;

typedef struct Scope {
  const char *const *names; /* per index variable */
  const int64_t *extents;
  uint32_t count;
  const struct Scope *outer; /* names that a folded reduction must not take again */
  const char *const *steps;  /* per output: the step of a scan, whose range that gives; NULL */
  bool whole;                /* elementwise over whole tensors: reads have no brackets */
} Scope;

/* What is printed, and in which order. */
typedef struct Listing {
  const Program *program;
  TensorList order; /* what is defined: of evaluation, folded reductions before their reader, new
                       values last */
  bool *folded;     /* per tensor: printed inside its one reader */
  bool *is_value;   /* the new value of an update, printed where the update stands */
  bool *beside;     /* per tensor: of what was written, but made for derivatives alone: it stands
                       where they read it */
  TensorId *block;  /* per tensor: the seed of the reverse rule in which it is printed,
                       TENSOR_NONE: in none */
  const Group **groups;      /* per tensor: the recurrence that it is a member of, NULL */
  const char *const **steps; /* per tensor: as in Printer */
} Listing;
Listing list_program(const Program *program);
/* listing_order.c: the order of what is live, into l->order. */
void order_definitions(Listing *l, TensorList live);
/* How the definitions of a listing are printed. */
Printer listing_printer(const Listing *l, Text *out);

/* A line of a dump. */
typedef struct DumpLine {
  const char *heading; /* what it stands under: "forward", "backward, from loss" */
  const char *text;
  const char *note, *full_note; /* as it stands beside the line, and above it; "": none */
  TensorId tensor;              /* what it defines; TENSOR_NONE where it opens or closes a block */
  uint32_t unit;                /* those of one recurrence have the same, which nothing else has */
} DumpLine;
typedef struct DumpLines {
  ARRAY(DumpLine) items;
  uint32_t units;
} DumpLines;
/* print.c: all definitions of the listing, in its order. */
DumpLines dump_definitions(const Printer *p, const Listing *l);
/* `param dense1.W: f32[64, 64] = glorot(64, 64)`; of an input, param or state */
void print_declaration(const Printer *p, TensorId id);
/* `W <- W - 0.1 * W_bar` */
void print_update(const Printer *p, const Listing *l, const Update *update);

/* print_scan.c: what the steps of all recurrences are called, into l->steps. */
void name_steps(Listing *l);
/* A line of a block: what it defines, TENSOR_NONE where it opens or closes one. */
typedef struct ScanLine {
  const char *text;
  TensorId tensor;
} ScanLine;
typedef ARRAY(ScanLine) ScanLines;
/* Prints the definitions of a recurrence, from order.items[first]; returns how many there are. */
uint32_t print_scan(const Printer *p, const Listing *l, uint32_t first,
                    void (*print)(const Printer *p, TensorId id), ScanLines *lines);

/* Names for all index variables of t; those of the outputs are given when it is folded into a
   reader, whose scope is `outer`. */
Scope index_scope(const Printer *p, const Tensor *t, const Scope *outer,
                  const char *const *outputs);
/* Whether print_value prints it without index brackets. */
bool prints_whole(const Printer *p, TensorId tensor);

/* `anchored`: elsewhere something gives the expression its type, so literals may adapt. */
void print_expr(const Printer *p, const Scope *scope, ExprId id, int precedence, bool anchored);
/* The body of a definition, with its reduction around it: `sum[i](…)`. */
void print_body(const Printer *p, const Scope *outer, TensorId tensor, const char *const *outputs);
void print_shape(Text *out, const Tensor *tensor);
/* The value of an update or initialiser, without index brackets where it is elementwise over whole
   tensors: `W - 0.1 * W_bar`, else `tensor[i, j](…)`. */
void print_value(const Printer *p, TensorId tensor);
/* `z[b, j] = …` */
void print_line(const Printer *p, TensorId tensor);
/* What a definition is, "" for nothing: `relu, mlp.dag:5`, `Wᵀ δ, through dense at mlp.dag:5`. In
   full where it stands by itself: `adjoint of hidden: Wᵀ δ, through dense at mlp.dag:5`. */
const char *definition_note(const Printer *p, TensorId tensor, bool in_full);

/* print_lines.c: the lines under their headings, with what they are beside or above them. */
void print_lines(const Printer *p, const DumpLines *lines);
