/* Kernels: the structure between lower/ and emit/. A plan says what is stored where and which
   kernels an entry calls; a kernel is a C function: loops with constant bounds around statements
   over scalars and vectors ("lanes"). Every decision is in it (order, tiles, unrolling, vectors,
   memory, threads), so emission is printing.

   Example, hidden[j, n] = max(sum[i](W[j, i] * x[i, n]) + b[j], 0) in tiles of 12 rows by 2
   vectors: loop j0 from 0 to 252 step 12 { loop n0 from 0 to 64 step 32 { declare f32x16 sum[12][2]
           loop r from 0 to 12 unrolled { loop v from 0 to 2 unrolled { sum[r][v] = 0 } }
           loop i from 0 to 784 rolled {
             declare f32x16 right[2]
             loop v … unrolled { right[v] = load x[64*i + n0 + 16*v] × 16 }
             loop r … unrolled {
               declare f32 left = load W[784*j0 + 784*r + i]
               loop v … unrolled { sum[r][v] = sum[r][v] + splat(left) * right[v] }
             }
           }
           loop r … { loop v … { store hidden[64*j0 + 64*r + n0 + 16*v] = max(sum[r][v] + splat(load
   b[j0 + r]), 0) } }
         }
       }
   followed by the same with 4 rows at j0 = 252: edges are loops of their own.

   Emission in short: parameters are `restrict` pointers (no two parameters of a call overlap); loop
   variables are int64_t; locals are C variables or arrays of lanes; every load and store of vectors
   may be unaligned. */
#pragma once
#include "graph/scalar_ops.h"

typedef uint32_t BufferId; /* index into Plan.buffers */
typedef uint32_t KernelId; /* index into Plan.kernels */
typedef uint32_t ValueId;  /* index into Kernel.values */
#define VALUE_NONE  UINT32_MAX
#define BUFFER_NONE UINT32_MAX

/* --- values: trees of scalars and vectors --- */

/* The type of a value: `lanes` elements of an element type; 1: a scalar. A power of two up to 64.
   Vectors of bool are masks: what a comparison of vectors gives, -1 or 0 in lanes of `mask_bytes`.
   All vectors in an operation have as many lanes. Vectors of u8 and i8 are only loaded, cast
   and stored; 8-byte and 4-byte lanes meet only in casts. */
typedef struct Lanes {
  ScalarType type;
  uint8_t lanes;
  uint8_t mask_bytes; /* of masks (bool, lanes > 1): 4 or 8; else 0 */
} Lanes;

/* An integer: constant + Σ factor · value. The values are scalars of an integer type, most often
   loop variables. Offsets into buffers count elements and are in range whenever they are used. */
typedef struct OffsetTerm {
  int64_t factor;
  ValueId value;
} OffsetTerm;
typedef struct Offset {
  int64_t constant;
  uint32_t n;
  const OffsetTerm *terms;
} Offset;

typedef enum ValueKind {
  VALUE_NUMBER,    /* `real` (real types) or `integer` (integers and bool, 0 or 1); a scalar */
  VALUE_VARIABLE,  /* loop variable `index`; a scalar i32 (it fits; the C variable is an int64_t).
                      In offsets it is used as it is, elsewhere as (int32_t)v */
  VALUE_OFFSET,    /* `offset` as a scalar i32 or i64 */
  VALUE_LOCAL,     /* local `index`, at `at` where it is an array (n_at = its dimensions); of more
                      lanes than an array of scalars has: consecutive elements from there */
  VALUE_LOAD,      /* lanes consecutive elements of parameter `index` from `offset`, in its type,
                      however they are stored; `present` > 0: only so many, and then zeros */
  VALUE_SPLAT,     /* args[0], a scalar, in every lane */
  VALUE_RAMP,      /* 0, 1, …, lanes - 1; of i32 or i64 */
  VALUE_FOLD,      /* the lanes of args[0] combined by op to one scalar, in halves: op is ADD, MUL,
                      MAX, MIN, or AND, OR of a mask */
  VALUE_FOLD_ROWS, /* a vector whose lane i is the sum of the lanes of vector i of local `index`,
                      an array of at least as many vectors as these have lanes */
  VALUE_SLOT,      /* a number below `integer`, the turns of loops that threads may share, of which
                      args[0] is one: no two that run at the same time have the same */
  VALUE_OP /* op(args…) of scalar_ops.def, lane by lane. Scalars: OP_WHERE evaluates only the
              branch taken (C's ?:). Vectors: both branches are safe to evaluate. OP_CAST
              converts to `type`. OP_STEP, OP_RANDOM_… are scalars; OP_TRAINING does not
              occur. A scalar bool is 0 or 1. */
} ValueKind;

typedef struct Value {
  ValueKind kind;
  Lanes type;
  ScalarOp op;
  uint32_t n_args;
  const ValueId *args;
  uint32_t index;
  uint8_t present;
  double real;
  int64_t integer;
  Offset offset;
  uint32_t n_at;
  const Offset *at;
} Value;

/* --- statements --- */

typedef enum StatementKind {
  STATEMENT_LOOP,    /* for (variable = from; variable < to; variable += step) body; */
  STATEMENT_IF,      /* if (value) body; else other (may be empty) */
  STATEMENT_DECLARE, /* a local, initialised by `value` unless that is VALUE_NONE; visible to the
                        end  of the enclosing block */
  STATEMENT_ASSIGN,  /* local[at] = value; as many elements of an array of scalars as that has */
  STATEMENT_STORE, /* parameter[offset…] = value, as many elements as it has lanes, rounded to how
                      they are stored */
  STATEMENT_PREFETCH, /* parameter[offset…] is read or (`for_writing`) written soon: into a cache */
  STATEMENT_TRANSPOSE, /* parameter2[offset2 + c·stride2 + r] = parameter[offset + r·stride + c] for
                         r, c in 0..lanes: a square of lanes² elements of `type`, that in which both
                          are stored, in registers */
  STATEMENT_ONE,       /* body, by one thread of the team; the others go on */
  STATEMENT_BARRIER    /* where the threads of the team wait for each other */
} StatementKind;

typedef enum LoopMark {
  LOOP_PLAIN,     /* as the C compiler likes */
  LOOP_ROLLED,    /* not to be unrolled */
  LOOP_UNROLLED2, /* two turns at a time */
  LOOP_UNROLLED,  /* to be unrolled completely */
  LOOP_PARALLEL,  /* turns are independent; a team of threads shares them, and does not wait at the
                     end */
  LOOP_PARALLEL2  /* so are those of this loop and the one that is its whole body, together */
} LoopMark;

typedef struct StatementList {
  struct Statement *items;
  uint32_t n;
} StatementList;

/* What a definition is computed for: a result; the derivatives of one; the new value of a param or
   state. What several are computed for counts with the first of them. */
typedef enum Part { PART_FORWARD, PART_BACKWARD, PART_UPDATE } Part;
enum { N_PARTS = PART_UPDATE + 1 };

typedef struct Statement {
  StatementKind kind;
  Part part;
  const char *comment; /* NULL: none. Stands above the statement, one line */
  /* loop: from < to (constants), step ≥ 1 divides to - from. Where `least` or `beyond` is given,
     step is 1, and only the turns least ≤ variable < beyond are run: `turns` of them on average */
  uint32_t variable;
  int64_t from, to, step;
  const Offset *least, *beyond;
  double turns;
  LoopMark mark;
  StatementList body, other;
  ValueId value; /* the condition; what is assigned or stored */
  uint32_t local;
  uint32_t n_at; /* assign */
  const Offset *at;
  bool for_writing;               /* prefetch */
  uint32_t parameter, parameter2; /* store, prefetch, transpose */
  Offset offset, offset2;
  int64_t stride, stride2;
  Lanes type; /* transpose: of a row */
} Statement;

/* A variable of the C function. dimensions 0: one value; else an array of constant sizes. Arrays
   that are indexed by unrolled loops' variables only are meant to be registers. */
typedef struct Local {
  const char *name; /* unique in its kernel, a C identifier */
  Lanes type;
  uint32_t dimensions; /* ≤ 2 */
  int64_t size[2];
  Interval range; /* of an integer's values; 0..0: any */
} Local;

/* An array that the function gets by pointer. */
typedef struct Parameter {
  const char *name;         /* unique in its kernel, a C identifier */
  ScalarType type, storage; /* see type_stored */
  bool written;             /* else const */
  bool read;
} Parameter;

typedef struct Kernel {
  const char *name; /* unique in the plan, a C identifier; after the first definition it computes */
  const char *comment; /* the definitions it computes (index notation) and how; lines by '\n' */
  Parameter *parameters;
  uint32_t n_parameters;
  const char **variables; /* names of loop variables, unique in the kernel and with locals' */
  uint32_t n_variables;
  Local *locals;
  uint32_t n_locals;
  Value *values;
  uint32_t n_values;
  StatementList body;
  bool uses_step;       /* OP_STEP or a random number occurs: takes `int64_t step` */
  bool uses_seed;       /* a random number occurs: takes `uint64_t seed` */
  const ValueId *sites; /* the numbers that tell its random numbers from others: a call may have */
  uint32_t n_sites;     /* others there */
  bool sites_vary;      /* some call does: it takes them all as `int64_t site` */
  bool for_team;        /* all threads of a team call it; else one does */
  double flops, bytes;  /* of its first call: scalar operations; distinct memory touched */
} Kernel;

/* Whether a value is one of the kernel's sites. */
bool is_site(const Kernel *k, ValueId value);

/* --- the plan --- */

typedef enum BufferKind {
  BUFFER_PARAM,    /* param or state: a field of the struct, without gaps; row-major, or with
                      another axis innermost */
  BUFFER_INPUT,    /* the caller's array, row-major: const */
  BUFFER_OUTPUT,   /* the caller's array, row-major */
  BUFFER_WORKSPACE /* `offset` bytes into the struct's workspace */
} BufferKind;

typedef struct Buffer {
  BufferKind kind;
  const char *name;
  TensorId tensor;          /* what it holds (its first definition, when several share the place) */
  ScalarType type, storage; /* see type_stored */
  uint32_t rank;            /* logical */
  const int64_t *extents;
  const int64_t *strides; /* elements, per logical axis */
  int64_t elements;       /* allocated, with padding */
  /* not 0: axis panel_axis, of stride 1, lies in panels of so many of its elements, of which it is
     a multiple; all others go round within a panel, without padding, with the strides */
  int64_t panel;
  uint32_t panel_axis;
  int64_t offset;  /* workspace: bytes, a multiple of 64. Buffers of different element types never
                      share bytes, in any entry */
  uint32_t output; /* BUFFER_OUTPUT: which output of its entry */
  uint32_t entry;  /* workspace, output: of which EntryPlan; Plan.n_entries: of init */
  uint32_t first, last; /* workspace: calls of its entry between which it is alive */
} Buffer;

bool is_row_major(const Buffer *b);
/* How many elements x of panel_axis lies further on than its stride tells: this times the start of
   its panel. */
static inline int64_t panel_factor(const Buffer *b) {
  return b->elements / b->extents[b->panel_axis] - 1;
}

/* The type in memory, and its bytes. */
static inline ScalarType buffer_stored(const Buffer *b) { return type_stored(b->type, b->storage); }
static inline int64_t element_bytes(const Buffer *b) { return type_bytes(buffer_stored(b)); }
/* Of a workspace: the first byte behind it. */
static inline int64_t buffer_end(const Buffer *b) {
  return b->offset + b->elements * element_bytes(b);
}

/* The work of a call, or of a part of it: scalar operations on reals, and bytes of distinct memory
   (cost.c says what counts). */
typedef struct Cost {
  const char *name; /* the definition that the part is called by; NULL: there is no such part */
  double operations, read, written;
} Cost;

/* What a call leaves in a buffer: the values of a tensor. */
typedef struct Stored {
  uint32_t parameter;
  TensorId tensor;
  Part part; /* what they are computed for */
} Stored;

/* kernel(buffers…): one for each parameter, in order, all different. */
typedef struct KernelCall {
  KernelId kernel;
  const BufferId *buffers;
  const int64_t *sites; /* as many as the kernel has */
  Cost cost[N_PARTS];
  const TensorId *computes; /* the definitions, those that lowering made for others too */
  uint32_t n_computes;
  const Stored *stored; /* one for each parameter that is written, as they are computed */
  uint32_t n_stored;
  bool waits; /* of a team: all threads wait for each other before it */
} KernelCall;

/* All elements of `input`, used as indices, must be within; checked before anything is written. */
typedef struct BoundsCheck {
  uint32_t input;  /* which input of the entry */
  Interval within; /* INT64_MIN, INT64_MAX: no bound on that side */
} BoundsCheck;

typedef struct EntryPlan {
  const Entry *entry; /* NULL: init */
  KernelCall *calls;
  uint32_t n_calls;
  BoundsCheck *checks;
  uint32_t n_checks;
  bool uses_seed; /* an export that does takes `uint64_t seed` as its last argument */
  bool team;      /* a team of threads makes the calls */
} EntryPlan;

typedef struct TargetMachine TargetMachine;

typedef struct Plan {
  Arena *arena;
  const Program *program;
  const TargetMachine *target;
  Buffer *buffers;
  uint32_t n_buffers;
  int64_t workspace_bytes; /* alignment 64 */
  Kernel *kernels;         /* each called at least once; alike ones are one */
  uint32_t n_kernels;
  EntryPlan *entries; /* as program->entries */
  uint32_t n_entries;
  EntryPlan init; /* sets params and states; step counter and seed are the caller's */
  bool uses_threads;
} Plan;
