/* What the files of elaborate/ share: values, scopes, and the state of one elaboration. Private.

   An expression elaborates to a Value. A tensor value is a scalar expression over
     axis variables   0 … rank-1, one for each axis that the value has, and
     index variables  FIRST_INDEX …, those of the index notation around it.
   It becomes a definition when it gets a name or is reduced; until then it costs nothing. A
   compile-time constant is a value of rank 0 whose number is known. */
#pragma once
#include "elaborate/elaborate.h"
#include "graph/scalar_ops.h"

enum {
  MAX_AXES = 32,      /* of a value; axis variables are numbered below */
  RANDOM_POINT = 62,  /* stands for the number of the point at which a random number is drawn */
  FIRST_INDEX = 64,   /* index variables of the notation are numbered from here */
  UNKNOWN_EXTENT = -1 /* of an axis whose range is not known yet */
};

typedef enum ValueKind {
  VALUE_ERROR, /* already reported: whatever uses it stays silent */
  VALUE_TENSOR,
  VALUE_STRING,
  VALUE_LIST,
  VALUE_TUPLE,    /* what `return a, b` gives */
  VALUE_TYPE,     /* f32, real, … */
  VALUE_BUILTIN,  /* a function that the language has without a definition */
  VALUE_OPERATOR, /* a scalar operator with the name of a function */
  VALUE_FUNCTION,
  VALUE_LAYER,
  VALUE_OPTIMIZER,
  VALUE_INSTANCE /* a layer or optimizer with its hyperparameters */
} ValueKind;

typedef struct Scope Scope;
typedef struct Value Value;
typedef struct Elaborator Elaborator;

/* A place that owns names: the file, an instance of a layer, a call of a function. */
typedef struct Owner {
  struct Owner *outer; /* NULL for the file */
  const char *name;    /* of the instance or function: "dense1"; numbered once it is needed */
  const char *path; /* what its names begin with: "" or "block2[3].dense1."; NULL: not needed yet */
  const char *iteration; /* the turns of `repeat` around the call, "[3]" */
  const void *site;      /* the call in the syntax tree */
  Map counters;          /* name → uint32_t *: the last number given */
} Owner;

/* A layer or optimizer with its hyperparameters. */
typedef struct Instance {
  const Stmt *declaration;
  Scope *hyper; /* holds the hyperparameters, on top of the file's scope */
  Owner *owner; /* NULL until it has a name */
} Instance;

typedef Value BuiltinCall(Elaborator *e, Scope *scope, const Ast *call);

typedef struct Builtin {
  const char *name;
  BuiltinCall *call;
} Builtin;

struct Value {
  ValueKind kind;
  /* tensor; for VALUE_TYPE, type */
  ScalarType type;
  bool adapts;   /* made of literals: takes the type of what it meets */
  bool constant; /* its number is known: real or integer, as the type says */
  bool is_size;  /* bound by `dim` */
  double real;
  int64_t integer;
  uint32_t rank;
  const int64_t *extents;
  const char *const *axis_names; /* for printing; NULL, or NULL entries: none */
  ExprId body;
  const char *origin; /* the function or layer that returned it, NULL */
  Span use;           /* where that was called */
  /* others */
  const char *string;
  const Value *items;
  size_t n_items;
  const Builtin *builtin;
  ScalarOp op;
  const Stmt *declaration;
  Scope *home; /* where a function's body looks names up */
  Instance *instance;
};

/* A definition of the prelude that is not parsed yet: bytes begin … end - 1 of its file. */
typedef struct Unread {
  Elaborator *elaborator;
  const Source *source;
  size_t begin, end;
  uint32_t line;
} Unread;

typedef struct Binding {
  Value value;
  Span span;
  bool index;           /* an index variable */
  const Unread *unread; /* not NULL: the value is to be read first */
} Binding;

/* The `...` of an index list: as many index variables as its reads have leading axes. */
typedef struct IndexGroup {
  bool sized;
  uint32_t count;
  uint32_t first; /* index variables first … first + count - 1 */
  uint64_t order; /* of the first */
  Span span;
} IndexGroup;

struct Scope {
  Scope *parent;
  Map names; /* name → Binding * */
  Owner *owner;
  const Stmt *function;  /* the fn, layer or optimizer whose body this is, NULL at top level */
  bool rebinds;          /* names may be bound again */
  bool turn;             /* one turn of a `repeat`: names bound outside carry over */
  const char *iteration; /* "[3]" in a `repeat` */
  IndexGroup *group;     /* NULL: `...` slices */
  ScalarType real;       /* what `real` means here */
  const char *origin;    /* the function or layer that is elaborated */
  Span use;              /* where the user called it */
  Value *result;         /* of `return`; VALUE_ERROR until then */
  bool *returned;
};

/* An index variable. */
typedef struct IndexVariable {
  const char *name;
  Span span;
  uint64_t order;        /* outer lists first, then by place in the list */
  int64_t extent;        /* UNKNOWN_EXTENT until it is known */
  bool given;            /* a range is written */
  bool step;             /* of a scan */
  int64_t checkpoint;    /* every how many of these steps are kept for the derivative; 0: all */
  Span inferred_at;      /* the read that gave it */
  bool weak;             /* only reads with a default gave it */
  ARRAY(int64_t *) uses; /* extents of definitions, to be filled in */
} IndexVariable;

/* A read without a default: is the index inside? Asked once all ranges are known. */
typedef struct RangeCheck {
  ExprId index;
  const Ast *ast;
  const int64_t *extent; /* of the axis; may become known later */
  Span read;
  uint32_t axis;
} RangeCheck;

/* What is assumed of a name of a scan that is read above its definition: see assume.c. */
typedef struct Assumption {
  const LeftSide *target; /* the definition */
  TensorId placeholder;   /* stands for it */
  ScalarType type;
  const int64_t *extents;    /* one for each item of the target; NULL: not known yet */
  bool type_is_found, asked; /* asked: a read needs the extents */
  bool changed;              /* it was something else when the block was elaborated last */
} Assumption;
typedef ARRAY(Assumption *) Assumptions;

/* Of a name that was bound. */
typedef struct Noted {
  Span span;
  Value value;
} Noted;

typedef struct Frame {
  const struct Frame *outer;
  const Stmt *function;
} Frame;

/* The sums over all the params of an optimizer's `with`, in the order of its calls of `total`. */
typedef struct Totals {
  const char *optimizer;
  ARRAY(TensorId) sums;
  size_t next;     /* the one that the next call for this param is */
  size_t n_params; /* so far */
  size_t wanted;   /* how many the first param took */
} Totals;

struct Elaborator {
  Arena *arena;
  Diag *diag;
  Program *program;
  Graph *graph;
  Scope *prelude, *global;
  const Define *defines;
  size_t n_defines;
  bool *define_used;
  const Map *flat; /* names of params that no loss changes with */
  Map imports;     /* path → Source * */
  Map sites;       /* owner and call → number, so that every elaboration gives the same names */
  Map owned;       /* full name → TensorId * of params and states */
  ARRAY(IndexVariable) indices;
  uint32_t n_lists, n_open;     /* lists of index variables: so far, and not closed yet */
  ARRAY(uint32_t) steps;        /* index variables of the scans that are open, outermost first */
  Assumptions assumed;          /* by the scans that are open */
  int asked;                    /* errors that say that an assumption lacks extents */
  TensorId first_open;          /* tensors from here on were made since lists of them are open */
  ARRAY(const uint32_t *) axes; /* of those: axis_variables */
  ARRAY(RangeCheck) checks;
  ARRAY(TensorId) random;         /* definitions that draw random numbers */
  ARRAY(TensorId) branches;       /* definitions made for a branch of `where` */
  ARRAY(Update) updates;          /* of the training step, from `<-` outside train */
  ARRAY(const Stmt *) statements; /* of the top level, imported ones in their place */
  ARRAY(const Stmt *) exports;
  const Stmt *train;
  const Frame *frame;
  uint32_t depth;
  uint32_t guarded;     /* in a branch of `where`: reads need not be inside */
  uint32_t n_sites;     /* of random numbers */
  uint32_t random_base; /* of the site numbers: 0, or of the param whose initialiser this is */
  const char *naming;   /* what temporaries are called after */
  Totals *totals;       /* of the optimizer that is applied, NULL */
  const char *variant;  /* the export that is elaborated apart, NULL */
  const Map *sizes;     /* the sizes that it gives by `where`: name → int64_t *, NULL */
  uint64_t work;        /* statements and expressions so far */
  bool exhausted;       /* they were too many, and that is said */
  bool notes;           /* bindings are noted: */
  ARRAY(Noted) noted;
};

/* --- value.c --- */
Value value_error(void);
Value value_integer(Elaborator *e, int64_t value);
Value value_real(Elaborator *e, ScalarType type, double value); /* adapts */
Value value_bool(Elaborator *e, bool value);
Value value_scalar(Elaborator *e, ExprId body); /* of the body's type, rank 0 */
Value value_tensor(Elaborator *e, TensorId id);
/* Whether it is a tensor of the graph, whole and as it is. */
bool value_is_whole(const Elaborator *e, const Value *v, TensorId *id);
static inline bool value_failed(const Value *v) { return v->kind == VALUE_ERROR; }
/* "f32[64, 10]", "the layer dense", "a string". */
const char *value_describe(const Elaborator *e, const Value *v);
const char *shape_text(const Elaborator *e, ScalarType type, uint32_t rank, const int64_t *extents);
int64_t shape_size(uint32_t rank, const int64_t *extents);
/* The same value with axes laid out anew: axis k of v becomes axis to[k], or index 0 when
   to[k] == UINT32_MAX, of a value of that shape. */
Value value_layout(Elaborator *e, Value v, const uint32_t *to, uint32_t rank,
                   const int64_t *extents);
/* Broadcast to a shape (NumPy's rule). False when it does not fit; nothing is reported. */
bool value_broadcast(Elaborator *e, Value *v, uint32_t rank, const int64_t *extents);
static inline bool is_among(uint32_t number, const uint32_t *numbers, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (numbers[i] == number) return true;
  return false;
}
/* The index variables of the notation in it, in their order. */
uint32_t value_indices(Elaborator *e, ExprId body, uint32_t **numbers);
/* And others. */
uint32_t value_indices_with(Elaborator *e, ExprId body, const uint32_t *others, uint32_t n_others,
                            uint32_t **numbers);

/* --- types.c --- */
/* A literal value in another type; the value must adapt. */
Value value_retype(Elaborator *e, Value v, ScalarType type);
/* Makes v of that type where language.md allows it: literals adapt, integers widen. Else an error
   at `where` that says what was expected, and false. */
bool value_convert(Elaborator *e, Value *v, ScalarType type, Span where, const char *expected);
/* The note of an error of types or shapes: what an operand is, shown where it is defined, or where
   it stands. */
void note_operand(Elaborator *e, const Value *v, Span span);
/* The same where it has a definition, else nothing. */
void note_definition(Elaborator *e, const Value *v);
/* One type for both operands of `what`; places for the error. */
bool unify_types(Elaborator *e, Value *a, Value *b, Span at_a, Span at_b, const char *what);
Value value_cast(Elaborator *e, Value v, ScalarType type, bool adapts);
/* The type of that name in this scope (`real`, `int`, `f32`…); false when there is none. */
bool type_named(const Scope *scope, const char *name, ScalarType *type);

/* --- operator.c --- */
Value apply_operator(Elaborator *e, ScalarOp op, Value *args, const Span *spans, uint32_t n,
                     Span where);
Value apply_binary(Elaborator *e, ScalarOp op, Value a, Value b, Span where);

/* --- constant.c: compile-time values --- */
/* The number of op(args…) in f64 or int64_t, into *result; false when it has none. */
bool constant_operator(Elaborator *e, ScalarOp op, const Value *args, uint32_t n, Value *result);
bool constant_integer(Elaborator *e, Scope *scope, const Ast *ast, const char *what,
                      int64_t *result);
bool constant_bool(Elaborator *e, Scope *scope, const Ast *ast, const char *what, bool *result);
/* Adds a size, or those of a list, to extents[*rank…], which has room for MAX_AXES. -1 stands for
   one that is open, where that may be. */
bool add_sizes(Elaborator *e, Scope *scope, const Ast *ast, bool open, int64_t *extents,
               uint32_t *rank);

/* --- scope.c --- */
Scope *scope_new(Elaborator *e, Scope *parent);
/* The binding of a name, read and ready; NULL: there is none. */
Binding *scope_find(const Scope *scope, const char *name);
/* Binds a name; reports one that is taken where it may not be bound again. */
void scope_bind(Elaborator *e, Scope *scope, const char *name, Value value, Span span);
/* Notes what a name is bound to, where that is asked for. */
void note_binding(Elaborator *e, Span span, const Value *value);
/* What the owner's names begin with; numbers an owner that has no number yet. */
const char *owner_path(Elaborator *e, Owner *owner);
Owner *owner_new(Elaborator *e, Owner *outer, const char *name, const char *iteration,
                 const void *site);
/* What a definition is called in the graph: the export that is elaborated apart, the owner's path,
   the name. */
const char *full_name(Elaborator *e, const Scope *scope, const char *name);
/* Of what a statement makes besides: `what`, after the name that the statement gives. */
const char *temporary_name(const Elaborator *e, const char *what);
/* What a param or state is called, in every elaboration. */
const char *owned_name(Elaborator *e, const Scope *scope, const char *name);

/* --- unknown.c --- */
/* `x` is unknown: the error, with where it is defined after all, or what was probably meant. */
void report_unknown(Elaborator *e, const Scope *scope, const char *name, Span span);
void report_unknown_type(Elaborator *e, const char *name, Span span);
/* The hint of an error where one of n names had to stand: the nearest, or all when they are few. */
void hint_nearest(Elaborator *e, const char *name, const char *const *names, size_t n);

/* --- expression.c --- */
Value evaluate(Elaborator *e, Scope *scope, const Ast *ast);
/* The same where a definition takes the value: a layer's result needs no name of its own. */
Value evaluate_direct(Elaborator *e, Scope *scope, const Ast *ast);
/* A tensor or constant, or an error is reported. */
Value evaluate_tensor(Elaborator *e, Scope *scope, const Ast *ast);
/* The dotted path `a.b[3].c` as written, or NULL when the expression is none. */
const char *path_text(Elaborator *e, const Ast *ast);
/* An expression as text. */
const char *written(Elaborator *e, const Ast *ast);
/* What a path or name is bound to, NULL when unknown. */
Binding *find_path(Elaborator *e, const Scope *scope, const Ast *ast);
Span call_span(const Ast *call); /* the name of the function */

/* --- read.c --- */
/* x[items]; fallback: the value of `??`, NULL. */
Value read_value(Elaborator *e, Scope *scope, const Ast *ast, const Ast *fallback);

/* --- index.c --- */
typedef struct ListedStep {
  uint32_t number;
  uint64_t order; /* that it has outside of the definition */
} ListedStep;
typedef struct IndexList {
  Scope *scope; /* where the variables are bound */
  IndexGroup *group;
  uint32_t *numbers; /* of the named ones, in order; UINT32_MAX stands for the group */
  uint32_t count;
  ListedStep *steps; /* those that are steps of a scan around a definition */
  uint32_t n_steps;
  bool failed;
} IndexList;
/* Binds the names in the brackets of a left-hand side or of a reduction as index variables. */
typedef enum ListKind { LIST_DEFINITION, LIST_ANONYMOUS, LIST_REDUCTION } ListKind;
IndexList open_indices(Elaborator *e, Scope *scope, const Item *items, size_t n, ListKind kind);
/* All of them in order, the group's in its place. */
uint32_t listed_indices(Elaborator *e, const IndexList *list, uint32_t **numbers);
/* Every range is known from here on, or an error is reported. */
bool close_indices(Elaborator *e, IndexList *list);
/* Index variable `number` is used alone on an axis of that extent. */
void infer_extent(Elaborator *e, uint32_t number, int64_t extent, Span span, bool weak);
bool is_index_variable(const Elaborator *e, ExprId body, uint32_t *number);
/* `...` stands for that many axes in the read at `span`; reports a contradiction. */
bool size_group(Elaborator *e, IndexGroup *group, int64_t count, Span span);
/* The place in the graph where its index is asked for; kept until the ranges are known. */
void check_later(Elaborator *e, RangeCheck check);
/* tensor[i, j](body) */
Value anonymous_definition(Elaborator *e, Scope *scope, const Ast *call);
/* `name[items] = value` */
Value indexed_definition(Elaborator *e, Scope *scope, const LeftSide *target, const Ast *value,
                         const char *name);

/* --- define.c --- */
/* How a value becomes a definition. */
typedef struct Making {
  const char *name;
  Reduction reduction;
  const uint32_t *reduced; /* variables that are reduced: index or axis variables */
  uint32_t n_reduced;
  const uint32_t *own; /* index variables of the left-hand side, in order */
  uint32_t n_own;
  const uint32_t *around; /* index variables that become leading axes even where v lacks them */
  uint32_t n_around;
  bool named; /* the user wrote the name */
  Span span;
  const Scope *scope; /* for where it comes from */
} Making;
/* y[free index variables…, own…, axes…] = reduce(v). */
TensorId make_definition(Elaborator *e, const Value *v, const Making *making);
/* guard.c: the body of a definition of `rank` axes and n index variables that is made for a branch
   of `where`: its reads get the default 0 where they may be outside. */
ExprId with_defaults(Elaborator *e, ExprId body, const int64_t *extents, uint32_t rank, uint32_t n);
/* The definition as seen from inside the notation: read at the index variables, its axes open. */
Value made_value(Elaborator *e, TensorId id, const Value *v, const Making *making);
/* v as a definition over those index variables and others in it; *v becomes a read of it. */
TensorId hold_over(Elaborator *e, Scope *scope, Value *v, const uint32_t *around, uint32_t n_around,
                   const char *name, Span span);
/* The index variable that each output index of the tensor stands for, 0 where it stands for none;
   NULL: for none at all. Known as long as the variables are open. */
const uint32_t *axis_variables(const Elaborator *e, TensorId id);
void set_axis_variables(Elaborator *e, TensorId id, const uint32_t *variables);
void forget_axis_variables(Elaborator *e);
/* Of a definition whose output indices stand for these variables, NULL: none. */
void set_checkpoint(const Elaborator *e, Tensor *t, const uint32_t *outputs);
/* Instead of a definition, one that was made since `first` and is just what is wanted: it takes the
   name. TENSOR_NONE when there is none. */
TensorId adopt_definition(Elaborator *e, const Value *v, const Making *making, TensorId first);
/* The tensor that holds v, a new one if none does. Reports when v is no tensor. */
bool hold_value(Elaborator *e, Scope *scope, Value *v, const char *name, Span span, TensorId *id);
/* `name = v`: takes over what the statement has just made, or makes a definition. first: the first
   tensor that it can have made. */
Value define_name(Elaborator *e, Scope *scope, Value v, const char *name, Span span, bool named,
                  TensorId first);
/* What needs the extents of a definition, where they are known by now: random numbers are drawn by
   the number of the point, reads in a branch of `where` get their defaults. */
void settle_definitions(Elaborator *e);

/* --- reduce.c --- */
/* A name that reduces: sum, mean, argmax…; false for others. */
bool is_reduction(const char *name);
/* sum[i](e) */
Value reduce_indices(Elaborator *e, Scope *scope, const Ast *call);
/* sum(x), sum(x, axis = 0), max(a, b) */
Value reduce_call(Elaborator *e, Scope *scope, const Ast *call);
/* Over some of v's axes. */
Value reduce_axes(Elaborator *e, Scope *scope, Reduction reduction, Value v, const bool *reduced,
                  Span where);

/* --- call.c --- */
const char *const *parameter_names(Elaborator *e, const Param *params, size_t n);
Value call_value(Elaborator *e, Scope *scope, const Ast *call, Value callee, bool direct);
Value pipe_value(Elaborator *e, Scope *scope, const Ast *pipe, bool direct);
/* Values for the parameters of a list, in their order: positional first, then by name. Absent ones
   have kind VALUE_ERROR and span NULL; false when an error was reported. */
typedef struct Argument {
  Value value;
  Span span;
  bool present;
} Argument;
/* The value of a function's body, whose parameters are bound in the scope. */
Value run_body(Elaborator *e, Scope *scope, const Stmt *declaration, Span where);
bool match_arguments(Elaborator *e, Scope *scope, const char *callee, const char *const *names,
                     size_t n_names, const Ast *call, size_t skip, Argument *out);
/* Applies an optimizer's instance to a param and its gradient. */
void apply_optimizer(Elaborator *e, const Instance *instance, TensorId param, TensorId gradient,
                     Span span);

/* --- total.c --- */
/* Around what an optimizer does for one param; its `totals` are those of its `with`. */
void totals_begin(Elaborator *e, Totals *totals);
void totals_end(Elaborator *e, Span span);

/* --- builtin.c, derivative.c, total.c --- */
const Builtin *builtin_named(const char *name);
BuiltinCall call_concat, call_reshape, call_transpose, call_where, call_zeros, call_ones,
    call_zeros_like, call_ones_like, call_one_hot, call_rank, call_size, call_shape, call_uniform,
    call_normal, call_random_uniform, call_random_normal, call_derivative, call_total;
Value matrix_product(Elaborator *e, Scope *scope, const Ast *ast);
/* A derivative as a tensor of its own; seed: TENSOR_NONE where it takes none. The first n_shared
   axes of f and x are points at each of which it is taken by itself. */
TensorId make_derivative(Elaborator *e, DerivativeKind kind, TensorId f, TensorId x, TensorId seed,
                         uint32_t n_shared, Span span);
/* Whether the function takes a derivative by its parameter of that name. */
bool differentiates_by(const Stmt *function, const char *parameter);

/* --- pointwise.c --- */
/* A derivative of f by x, whose body is a read, at every point of the index variables `shared`. */
typedef struct Pointwise {
  DerivativeKind kind;
  const char *name; /* of x */
  Value f, x;
  TensorId seed; /* over `shared` and the axes of f or x; TENSOR_NONE */
  const uint32_t *shared;
  uint32_t n_shared;
  Span span;
} Pointwise;
Value pointwise_derivative(Elaborator *e, Scope *scope, Pointwise *p);

/* --- rule.c --- */
/* Calls a function that has a reverse rule of its own; its parameters are bound in `body`. */
Value call_with_rule(Elaborator *e, Scope *body, const Stmt *function, Argument *args, Span where);
/* linear.c: whether the shares of a rule are linear in its seed. */
bool shares_are_linear(const Graph *graph, const OwnRule *rule);
/* `y with grad(u, x) = e2` */
void declare_rule(Elaborator *e, Scope *scope, const Stmt *stmt);

/* --- assume.c --- */
/* What is elaborated from trial_begin on can be forgotten, with all that was reported, by
   trial_again; trial_end keeps it. */
typedef struct Trial {
  Elaborator elaborator;
  Program program;
  GraphMark mark;
} Trial;
Trial trial_begin(Elaborator *e);
void trial_again(Elaborator *e, const Trial *trial);
void trial_end(Elaborator *e, const Trial *trial);
/* v ought to be of that type: then so are names in it of which only a guess is known. False: there
   are none. */
bool assume_type(Elaborator *e, const Value *v, ScalarType type);
/* Extents are asked for that are not known yet. */
void ask_extents(Elaborator *e);
/* The assumption of that definition among those of a scan, a new one of that type at first. */
Assumption *assumption_of(Elaborator *e, Assumptions *all, const LeftSide *target, ScalarType type);
/* Notes where the definition is not what was assumed. */
void compare_assumption(Elaborator *e, Assumption *assumption, TensorId definition);

/* --- scan.c --- */
void execute_scan(Elaborator *e, Scope *scope, const Stmt *stmt);

/* --- statement.c --- */
void execute(Elaborator *e, Scope *scope, const Stmt *stmt);
/* True when a `return` was met. */
void execute_block(Elaborator *e, Scope *scope, const StmtBlock *block);
/* Whether the work stays within bounds; reports once when it does not. */
bool spend(Elaborator *e, Span span);

/* --- declare.c --- */
void declare_size(Elaborator *e, Scope *scope, const Stmt *stmt); /* dim, const */
void declare_input(Elaborator *e, Scope *scope, const Stmt *stmt);
void declare_owned(Elaborator *e, Scope *scope, const Stmt *stmt); /* param, state */
void declare_update(Elaborator *e, Scope *scope, const Stmt *stmt);
/* The target and new value of `mu <- e`; also binds mu'. */
bool make_update(Elaborator *e, Scope *scope, const Ast *target, const Ast *value, Span span,
                 Update *update);
/* real[B, 784] as a shape. */
bool declared_shape(Elaborator *e, Scope *scope, const TypeExpr *type, ScalarType *scalar,
                    uint32_t *rank, const int64_t **extents);

/* --- export.c, train.c, data.c --- */
void elaborate_exports(Elaborator *e);
void elaborate_train(Elaborator *e);
/* `x = "file.csv"[1:65]`; false when an error was reported. */
bool data_source(Elaborator *e, const Arg *arg, DataSource *source);
/* needed[t] for every input tensor t that the roots depend on. */
bool *needed_inputs(Elaborator *e, const TensorId *roots, uint32_t n);
void add_entry(Elaborator *e, Entry entry);
/* The outputs and new values of an entry; *n of them. */
TensorId *entry_roots(Elaborator *e, const Entry *entry, uint32_t *n);

/* --- mentions.c --- */
typedef struct Mentions {
  Elaborator *e;
  Map found;          /* name or dotted path, and what it begins with → itself */
  bool but_its_own;   /* not those of what a definition itself gives: h = f(h) is no use of h */
  const Stmt *giving; /* that definition; NULL elsewhere */
} Mentions;
/* All names in it, with those of its blocks. */
void mention_statement(Mentions *names, const Stmt *stmt);

/* --- unused.c --- */
/* Warns of what the file defines and nothing mentions. */
void warn_unused(Elaborator *e, const File *file);

/* --- slice.c --- */
/* Which of the statements the expressions of an export depend on: slice[i] for statements[i]. */
bool *export_slice(Elaborator *e, const Stmt *export);

/* --- elaborate.c --- */
/* Binds the functions, layers and optimizers among the statements; their bodies look names up in
   `home`. */
/* Parses what a name of the prelude stands for. */
void read_definition(Binding *binding);
void bind_functions(Elaborator *e, Scope *home, const Stmt *const *statements, size_t n);
Scope *file_scope(Elaborator *e);
