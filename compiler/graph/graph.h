/* The graph: tensor definitions in index notation. The one structure between elaborate/ and lower/.

   A definition is        y[O] = reduce over R of e(O, R)
   with output indices O (extents `extents`), reduced indices R (extents `reduced_extents`) and a
   hash-consed scalar expression e. Index variables are numbered by position: 0..rank-1 are O,
   rank..rank+n_reduced-1 are R. Tensors are an append-only array; a body may be set or replaced
   later, so definitions can read each other. Order for evaluation comes from graph_order. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "support/arena.h"
#include "support/diag.h"
#include "support/map.h"
#include "support/text.h"

typedef enum ScalarType {
  TYPE_BOOL,
  TYPE_U8,
  TYPE_I8,
  TYPE_I32,
  TYPE_I64,
  TYPE_F32,
  TYPE_F64,
  /* Of memory only: how elements are stored. What is read from there is real, f32 or f64. */
  TYPE_BF16,
  TYPE_F16
} ScalarType;
enum { N_SCALAR_TYPES = TYPE_F64 + 1, N_STORED_TYPES = TYPE_F16 + 1 };

const char *type_name(ScalarType type); /* "f32" */
int type_bytes(ScalarType type);
/* The nearest number that a type of memory has, ties to even, NaN and infinities themselves. */
double type_rounded(ScalarType storage, double value);
/* Whether an integer is one of the type's; always so for reals. */
bool type_holds(ScalarType type, int64_t value);
static inline bool type_is_real(ScalarType type) { return type >= TYPE_F32; }
static inline bool type_is_integer(ScalarType type) { return type >= TYPE_U8 && type <= TYPE_I64; }
static inline bool type_is_storage(ScalarType type) { return type >= TYPE_BF16; }
/* The type in memory of elements of a type; storage: TYPE_BOOL where it is that type itself. */
static inline ScalarType type_stored(ScalarType type, ScalarType storage) {
  return storage == TYPE_BOOL ? type : storage;
}

typedef uint32_t ExprId;   /* index into Graph.exprs */
typedef uint32_t TensorId; /* index into Graph.tensors */
#define EXPR_NONE   UINT32_MAX
#define TENSOR_NONE UINT32_MAX

/* The scalar operators: scalar_ops.def has a row for each. */
typedef enum ScalarOp {
#define SCALAR_OP(ID, ...) OP_##ID,
#include "graph/scalar_ops.def"
  N_SCALAR_OPS
} ScalarOp;

typedef enum ExprKind {
  EXPR_CONST, /* of type: real (real types), or integer (integer types and bool) */
  EXPR_INDEX, /* index variable number `index`, of type i32 */
  EXPR_READ,  /* tensor[args…] ?? fallback; of the tensor's type */
  EXPR_OP     /* op(args…) */
} ExprKind;

/* Immutable once made. */
typedef struct Expr {
  ExprKind kind;
  ScalarType type;
  ScalarOp op;
  uint32_t n_args;
  const ExprId *args;
  TensorId tensor;
  ExprId fallback; /* EXPR_NONE: a read that is in range, or has no meaning outside */
  uint32_t index;
  double real;
  int64_t integer;
} Expr;

typedef enum Reduction {
  REDUCE_NONE,
  REDUCE_SUM,
  REDUCE_PROD,
  REDUCE_MAX,
  REDUCE_MIN,
  REDUCE_ARGMAX,
  REDUCE_ARGMIN, /* i32: the row-major number of the place, first one on ties */
  REDUCE_ANY,
  REDUCE_ALL /* bool */
} Reduction;

const char *reduction_name(Reduction reduction); /* "sum" */

typedef enum TensorKind {
  TENSOR_INPUT,
  TENSOR_PARAM,
  TENSOR_STATE,
  TENSOR_DEFINITION,
  TENSOR_STAND_IN,  /* for what is not there yet: in an own reverse rule the adjoint of the
                       definition, in a scan that is being read what it defines */
  TENSOR_RESHAPE,   /* a view: `source`'s elements in row-major order under other extents */
  TENSOR_DERIVATIVE /* grad(source, wrt) and its kin, until differentiate/ defines it */
} TensorKind;

typedef enum DerivativeKind {
  DERIVATIVE_GRAD,
  DERIVATIVE_VJP,
  DERIVATIVE_JVP,
  DERIVATIVE_JACOBIAN,
  DERIVATIVE_HESSIAN
} DerivativeKind;

/* A definition's own reverse rule: its adjoint's shares, one for each tensor that the definition is
   taken to depend on. Until differentiate/ has used it. */
typedef struct OwnRule {
  const char *function; /* or the definition's name, where the rule is given to that */
  Span span;            /* of the function, and of the rule */
  bool surrogate;       /* not meant to be the derivative */
  bool linear;          /* the shares are linear in the seed, so that they can be transposed */
  TensorId seed;        /* a TENSOR_STAND_IN of the definition's shape */
  uint32_t n;
  const TensorId *wrt, *shares; /* n of each: shares[i] has the shape of wrt[i] */
  /* A read of wrt[i] at the definition's point, of which only the axes that both have count: the
     definition depends on it even where its body does not. */
  const ExprId *touched;
} OwnRule;

/* A sum as the chain rule wrote it, with all its brackets: see Tensor.unsolved. */
typedef struct UnsolvedSum {
  uint32_t n_reduced;
  const int64_t *reduced_extents;
  const char *const *index_names;
  ExprId body;
} UnsolvedSum;

typedef struct Tensor {
  TensorKind kind;
  ScalarType type;
  const char
      *name; /* unique among the graph's tensors, a dotted path: `dense1.W`, `loss`, `z1_bar`.
                The new value of a state or param is named like it, with a trailing ' */
  uint32_t rank;
  const int64_t *extents;
  ScalarType storage; /* input, param, state: see type_stored */
  /* definition */
  Reduction reduction;
  uint32_t n_reduced;
  const int64_t *reduced_extents;
  const char *const *index_names; /* rank + n_reduced, for printing; NULL: the printer invents */
  ExprId body;
  const OwnRule *rule; /* NULL: the chain rule */
  /* reshape, derivative */
  TensorId source;
  DerivativeKind derivative;
  TensorId wrt, seed; /* seed: u of vjp, v of jvp; else TENSOR_NONE */
  /* param, state: a definition of the same shape that gives the starting values */
  TensorId initial;
  const char
      *initial_text; /* the initialiser as a call of constants, "glorot(784, 256)"; else NULL */
  /* where it comes from */
  bool named;         /* the user wrote this name: keep it as a definition of its own in dumps */
  Span span;          /* the definition in the source */
  const char *origin; /* the layer or function that it was written in, NULL at top level */
  Span use;           /* where that layer or function was called: "dense, mlp.dag:5" */
  TensorId
      adjoint_of; /* of which tensor this is the adjoint (or a part of it); TENSOR_NONE: forward */
  const char *through;       /* what this adjoint came through: "relu at mlp.dag:7"; NULL */
  TensorId adjoint_from;     /* the scalar or tensor that is differentiated: `loss` */
  const char *derivative_of; /* its name, also where it is not computed; NULL: no derivative */
  bool is_adjoint;           /* the whole adjoint, printed by itself; else a part of one */
  bool derived;              /* by differentiate/ */
  bool tangent;              /* by forward mode */
  bool auxiliary;  /* a pass made it of what was written: the place of a maximum, an exp that
                      several read */
  bool pointwise;  /* and that at each point of the notation around it: it belongs to what is
                      differentiated later, not to a backward sweep of its own */
  uint64_t points; /* while a derivative is taken at points: which of its indices they are */
  uint32_t sweep;  /* place in the backward sweep: adjoints are printed in this order */
  /* made in a `scan … checkpoint k`: k, else 0; and which of its output indices is the step */
  int64_t checkpoint;
  uint32_t step_axis;
  /* a recurrence in segments, its first axis (differentiate/checkpoint.c) */
  TensorId again; /* the same values computed again, for derivatives to read; TENSOR_NONE */
  bool from_end;  /* the last segment comes first */
  bool kept;      /* what is handed from one segment to the next */
  /* within differentiate/: what a sum was before its brackets were solved, for derivatives of it;
     NULL */
  const UnsolvedSum *unsolved;
} Tensor;

typedef struct Graph {
  Arena *arena;
  Expr *exprs;
  uint32_t n_exprs, exprs_capacity;
  Tensor *tensors; /* may move when a tensor is added: hold ids, not pointers */
  uint32_t n_tensors, tensors_capacity;
  uint32_t *expr_table; /* open addressing, 1 + ExprId, 0 when free */
  uint32_t expr_table_size;
  Map names;    /* name → TensorId * */
  Map counters; /* base name → last number given */
} Graph;

Graph *graph_new(Arena *arena);

/* --- expressions: equal ones have equal ids --- */
ExprId expr_real(Graph *graph, ScalarType type, double value);
ExprId expr_integer(Graph *graph, ScalarType type, int64_t value); /* integer types and bool */
ExprId expr_number(Graph *graph, ScalarType type, double value);   /* whichever the type asks for */
ExprId expr_index(Graph *graph, uint32_t number);
ExprId expr_read(Graph *graph, TensorId tensor, const ExprId *indices, uint32_t n, ExprId fallback);
ExprId expr_read_whole(Graph *graph, TensorId tensor); /* at index variables 0, 1, … */
/* Operands must have the types that the operator takes (verify.c); the result type follows from
   them. For OP_CAST use expr_cast. Nothing is simplified here. */
ExprId expr_op(Graph *graph, ScalarOp op, const ExprId *args, uint32_t n);
ExprId expr_op1(Graph *graph, ScalarOp op, ExprId a);
ExprId expr_op2(Graph *graph, ScalarOp op, ExprId a, ExprId b);
ExprId expr_op3(Graph *graph, ScalarOp op, ExprId a, ExprId b, ExprId c);
ExprId expr_cast(Graph *graph, ScalarType type, ExprId a); /* a itself when it has that type */
ExprId expr_nullary(Graph *graph, ScalarOp op);            /* OP_STEP, OP_TRAINING */
/* op: OP_RANDOM_UNIFORM or OP_RANDOM_NORMAL; type: f32 or f64. */
ExprId expr_random(Graph *graph, ScalarOp op, ScalarType type, ExprId site, ExprId counter);

static inline const Expr *expr_at(const Graph *graph, ExprId id) { return &graph->exprs[id]; }
static inline Tensor *tensor_at(const Graph *graph, TensorId id) { return &graph->tensors[id]; }
/* A constant equal to `value`, of any type. */
bool expr_is_number(const Graph *graph, ExprId id, double value);
/* Whether it may be put in the place of a read. A definition that stands several times in its
   reader, which does so in its own, and so on, would grow exponentially. */
bool expr_is_small(const Graph *graph, ExprId id);
/* Whether index variable `number` occurs in it. */
bool expr_uses_index(const Graph *graph, ExprId id, uint32_t number);
/* Whether it reads a tensor, defaults aside. */
bool expr_reads_data(const Graph *graph, ExprId id);
/* Whether more than index variables decides its value: a tensor, a real number or the step. */
bool expr_varies_with_data(const Graph *graph, ExprId id);
/* Whether it reads that tensor. */
bool expr_reads(const Graph *graph, ExprId id, TensorId tensor);
/* Appends the factors of a product to the `n` there are, at most `most` of them in all; false:
   there are more. */
bool expr_factors(const Graph *graph, ExprId id, ExprId *factors, uint32_t *n, uint32_t most);
ExprId expr_product(Graph *graph, const ExprId *factors, uint32_t n); /* n > 0 */
/* Rebuilds an expression with index variable v replaced by with[v] (EXPR_NONE: kept). */
ExprId expr_substitute(Graph *graph, ExprId id, const ExprId *with, uint32_t n);
/* The same node over other operands (as many as it has) and fallback. */
ExprId expr_rebuild(Graph *graph, ExprId id, const ExprId *args, ExprId fallback);

/* A node of another graph, its operands, fallback and tensor already those of this one. */
ExprId expr_import(Graph *graph, Expr e);

/* --- tensors --- */
/* A blank tensor: every id field is …_NONE. Start from this. */
Tensor tensor_new(TensorKind kind, ScalarType type);
/* Copies t into the graph and returns its id. extents, reduced_extents, index_names and name must
   live in the arena or longer. A NULL name, or one that is taken, gets a number: graph_unique_name.
 */
TensorId graph_add(Graph *graph, Tensor t);
/* `base`, or base2, base3… if a tensor has that name already. */
const char *graph_unique_name(Graph *graph, const char *base);
TensorId graph_find(const Graph *graph, const char *name); /* TENSOR_NONE when absent */
/* Gives a tensor another name, or that name with a number when it is taken. */
void graph_rename(Graph *graph, TensorId id, const char *name);
/* The same expressions and tensors, under the same ids; what becomes of one is not seen in the
   other. */
Graph *graph_copy(const Graph *graph);
/* Forgets the tensors that were added since the mark, and their names; derivatives that were not
   taken then are so again. Expressions stay. */
typedef struct GraphMark {
  uint32_t n_tensors;
  Map names, counters;
  Tensor *derivatives; /* the derivatives at the time */
  TensorId *ids;
  uint32_t n_derivatives;
} GraphMark;
GraphMark graph_mark(const Graph *graph);
void graph_reset(Graph *graph, const GraphMark *mark);
int64_t tensor_size(const Tensor *tensor); /* product of the extents */
/* Where the user wrote it, or called what defines it: "mlp.dag:5". NULL: nowhere. */
const char *tensor_source(Arena *arena, const Tensor *tensor);
/* The type of its elements in memory: its own, or a narrow one where that loses nothing because all
   values have been rounded to it. */
ScalarType tensor_stored(const Graph *graph, TensorId id);
/* The same of the values of an expression of a body, and of a definition with that body. */
ScalarType expr_stored(const Graph *graph, ExprId id);
/* The operator that rounds to a type of memory. */
ScalarOp rounding_op(ScalarType storage);
/* The expression rounded to that type; itself, if its values are of that type already. */
ExprId expr_rounded(Graph *graph, ScalarType storage, ExprId id);
/* The extents of all its index variables: outputs, then reduced. */
const int64_t *tensor_index_extents(const Tensor *tensor, Arena *arena);

/* The tensors that `roots` depend on (themselves included), each after all that it reads; members
   of a recurrence together, in the order in which one step computes them. Initialisers of params
   and states are not followed. Ends in `bug` when definitions read each other and are not causal
   (group.h). */
typedef struct TensorList {
  TensorId *items;
  uint32_t count;
} TensorList;
TensorList graph_order(const Graph *graph, Arena *arena, const TensorId *roots, uint32_t n_roots);

/* --- the program: a graph and what is computed from it --- */
typedef struct Update {
  TensorId target; /* a param or state */
  TensorId value;  /* its new value, same type and shape; from old values only */
  Span span;
} Update;

typedef struct Output {
  const char *name;
  TensorId tensor;
} Output;

typedef enum EntryKind { ENTRY_STEP, ENTRY_EVAL, ENTRY_EXPORT } EntryKind;

/* One C function. STEP and EVAL come with a train block: inputs in the order of declaration,
   outputs the loss, then the reports. EVAL is STEP without updates. */
typedef struct Entry {
  EntryKind kind;
  const char *name; /* "step", "eval", or the export's */
  TensorId *inputs;
  uint32_t n_inputs;
  Output *outputs;
  uint32_t n_outputs;
  Update *updates;
  uint32_t n_updates;
  bool training; /* the value of OP_TRAINING */
  Span span;
} Entry;

typedef enum DataKind { DATA_CSV, DATA_NPY, DATA_IDX, DATA_WINDOWS } DataKind;
typedef struct DataSource {
  TensorId input;
  DataKind kind;
  const char *path;
  int64_t first_column,
      last_column;    /* csv: [first, last); last < 0: to the end; a single column is [c, c+1) */
  bool single_column; /* written "file.csv"[3]: no column axis */
  int64_t window;     /* windows("file.txt", T) */
  Span span;
} DataSource;

typedef struct Train {
  bool present;
  int64_t epochs, steps; /* 0: not given; one of them is when present */
  uint64_t seed;
  DataSource *data, *valid;
  uint32_t n_data, n_valid;
  /* as written, for the printer: what the dump's train block repeats */
  Span span;
} Train;

/* What an optimizer moves, and the derivative of the loss that it goes by. */
typedef struct Gradient {
  TensorId param, gradient;
} Gradient;

typedef struct Program {
  Arena *arena;
  Graph *graph;
  const char *name;     /* the C prefix: "mlp" from mlp.dag; always a C identifier */
  const char *path;     /* as given on the command line */
  const Source *source; /* the model as written */
  const char **sources; /* the paths of the files that were read: that one, and what is imported */
  uint32_t n_sources;
  ScalarType real;  /* what `real` means */
  struct Constant { /* `dim`s of the top level, for the C enum */
    const char *name;
    int64_t value;
  } * dims;
  uint32_t n_dims;
  TensorId *inputs, *params, *states; /* in order of declaration */
  uint32_t n_inputs, n_params, n_states;
  Entry *entries; /* step and eval (when there is a train block), then the exports */
  uint32_t n_entries;
  Train train;
  int64_t batch; /* the leading size that the inputs of `train` share; --only keeps it. 0: none */
  Gradient *gradients; /* of all `minimize`; until the program is canonical */
  uint32_t n_gradients;
} Program;

/* The outputs and update values of all entries: what must be computed. */
TensorList program_roots(const Program *program, Arena *arena);
const Entry *program_entry(const Program *program, EntryKind kind, const char *name);

/* verify.c: checks every invariant of a program; ends in `bug(pass, …)` where one is violated. */
void verify_program(const Program *program, const char *pass);
/* The same after differentiate(): no TENSOR_DERIVATIVE may be left. */
void verify_derived(const Program *program, const char *pass);

/* canonical.c: the same program in canonical form, in a graph of its own: only what is needed, in
   the order in which it is printed, reductions that are printed inside their reader named after it,
   every index variable named. Programs that print alike have the same canonical form, so what is
   made of it depends on the text of the dump and on nothing else. */
Program *program_canonical(const Program *program);

/* print.c: --emit=ir|grad|opt. The text is a `.dag` program that elaborates to the same program. */
void print_program(Text *out, const Program *program);
/* print_dot.c: --emit=dot, a picture for graphviz of the program in canonical form. */
void print_dot(Text *out, const Program *program);
/* What print_program prints of a canonical program, a line for each definition and update, without
   notes. A reduction that is printed inside its reader has no line of its own. */
typedef struct NamedLine {
  const char *name; /* of the tensor; `W <-` where the line is an update of W */
  const char *text;
} NamedLine;
typedef ARRAY(NamedLine) NamedLines;
NamedLines program_lines(const Program *program);
/* One definition on one line, without a comment: `z[b, j] = sum[i](W[j, i] * x[b, i]) + c[j]`. */
void print_definition(Text *out, const Program *program, TensorId tensor);
