/* The syntax tree: what the grammar builds, what --emit=ast prints and what elaborate/ reads.
   Names are not resolved here: `sum[i](e)` is a call of an indexed name like any other. All nodes
   live in the compilation's arena and carry their place. Lists are arrays with a count. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "support/arena.h"
#include "support/diag.h"

typedef struct Ast Ast;   /* an expression */
typedef struct Stmt Stmt; /* a declaration, definition or block */

typedef struct StmtBlock {
  Stmt **items;
  size_t count;
} StmtBlock;

/* What stands between brackets, everywhere (the one item rule). */
typedef enum ItemKind {
  ITEM_EXPR,     /* e            first */
  ITEM_SLICE,    /* a:b          first, second; either may be NULL. `i: N` is this too */
  ITEM_RANGE,    /* a..b         first, second */
  ITEM_IN_RANGE, /* i: a..b      first is i, second a, third b */
  ITEM_ELLIPSIS  /* ... */
} ItemKind;

typedef struct Item {
  ItemKind kind;
  Ast *first, *second, *third;
  Span span;
} Item;

typedef struct Arg {
  const char *name; /* NULL when positional */
  Span name_span;
  Ast *value;
} Arg;

typedef enum UnaryOp { UNARY_NEG, UNARY_NOT } UnaryOp;
typedef enum BinaryOp {
  BINARY_ADD,
  BINARY_SUB,
  BINARY_MUL,
  BINARY_DIV,
  BINARY_MOD,
  BINARY_MATMUL,
  BINARY_POW,
  BINARY_EQ,
  BINARY_NE,
  BINARY_LT,
  BINARY_LE,
  BINARY_GT,
  BINARY_GE,
  BINARY_AND,
  BINARY_OR
} BinaryOp;

typedef enum AstKind {
  AST_INT,     /* 3                 integer */
  AST_REAL,    /* 3.0, 1e-3         real */
  AST_BOOL,    /* true, false       boolean */
  AST_STRING,  /* "…"               string (escapes resolved) */
  AST_NAME,    /* x, x'             name, as written, with its trailing ' */
  AST_FIELD,   /* e.name            operand, name */
  AST_UNARY,   /* -e, not e         unary, operand */
  AST_BINARY,  /* a + b             binary, operand, right */
  AST_PIPE,    /* x |> f(a)         operand (x), right (f(a)) */
  AST_CALL,    /* f(a, k = 1)       operand (f), args */
  AST_INDEX,   /* x[i, :, 0]        operand (x), items */
  AST_DEFAULT, /* read ?? e         operand (the read), right (e) */
  AST_LIST,    /* [a, b]            items (all ITEM_EXPR) */
} AstKind;

struct Ast {
  AstKind kind;
  Span span;    /* the whole expression */
  Span op_span; /* the operator, for unary, binary, pipe, default; the name, for field */
  int64_t integer;
  double real;
  bool boolean;
  const char *string;
  const char *name;
  UnaryOp unary;
  BinaryOp binary;
  Ast *operand, *right;
  Arg *args;
  size_t n_args;
  Item *items;
  size_t n_items;
  uint32_t depth; /* levels of the tree from here down; at most SYNTAX_MAX_DEPTH */
};

/* real[..., N], int, f32[] : a name and, if brackets stand, items. */
typedef struct TypeExpr {
  const char *name;
  bool has_brackets;
  Item *items;
  size_t n_items;
  Span span;
} TypeExpr;

/* A parameter of fn, layer, optimizer or export: `x`, `x: T`, `k = 1`, `k: T = 1`. */
typedef struct Param {
  const char *name;
  TypeExpr *type; /* NULL when absent */
  Ast *value;     /* the default; NULL when absent */
  Span span;
} Param;

/* A target of a definition: `z`, `z[b, j]`, `dense1.z[n, j]`. name holds the whole dotted path. */
typedef struct LeftSide {
  const char *name;
  bool has_brackets;
  Item *items;
  size_t n_items;
  Span span;
} LeftSide;

/* An entry of `scan t in 0..T, s in 0..S` and `repeat l in 0..L`. */
typedef struct Iterator {
  const char *name;
  Ast *from, *to;
  Span span;
} Iterator;

/* One result of an export: `e`, or `mu <- e` (target then holds mu). */
typedef struct Result {
  Ast *target;
  Ast *value;
} Result;

/* with grad(seed, wrt…) = values, or a body that returns them. */
typedef struct Rule {
  bool surrogate; /* `with surrogate(…)`: not meant to be the derivative */
  const char *seed;
  Ast **wrt; /* as written: none stands for the parameters without a default */
  size_t n_wrt;
  Ast **values;
  size_t n_values;
  StmtBlock body; /* when there are no values */
  Span span;
} Rule;

typedef enum StmtKind {
  STMT_DIM,       /* dim name = value */
  STMT_CONST,     /* const name = value */
  STMT_INPUT,     /* input name: type */
  STMT_PARAM,     /* param name: type = value */
  STMT_STATE,     /* state name[: type] = value */
  STMT_DEFINE,    /* targets = value; several targets: (q, r) = value */
  STMT_UPDATE,    /* target (an expression: a name or a field) <- value */
  STMT_FN,        /* fn name(params) = value   or { body };  rule if `with grad(u) = e2` */
  STMT_RULE,      /* target with grad(u, x) = e2   or { body } */
  STMT_LAYER,     /* layer name(hyper)(params) { body } */
  STMT_OPTIMIZER, /* optimizer name(hyper)(params) { body } */
  STMT_REPEAT,    /* repeat iterators[0] { body } */
  STMT_SCAN,      /* scan iterators [checkpoint value] [with carried] { body } */
  STMT_IF,        /* if value { body } else { otherwise } */
  STMT_REQUIRE,   /* require value, message (a string) */
  STMT_EXPORT,    /* export name(params) = results [where args] */
  STMT_TRAIN,     /* train { body }; its items are STMT_CLAUSE and STMT_UPDATE */
  STMT_IMPORT,    /* import value (a string) */
  STMT_RETURN,    /* return args (all positional) */
  STMT_CLAUSE     /* in train: `name args` or `with e [on args]`; see below */
} StmtKind;

/* A clause of train: name is minimize, with, epochs, steps, seed, clip_norm, freeze, report, data
   or valid; args are its comma-separated values, `data`'s with names. `with adam(…) on a, b.W`:
   args holds the one optimizer, on the names after `on`. */
struct Stmt {
  StmtKind kind;
  Span span; /* the whole statement, without a block's inside */
  const char *name;
  Span name_span;
  TypeExpr *type;
  Ast *value;
  Ast *message; /* require */
  Ast *target;  /* update, rule */
  LeftSide *targets;
  size_t n_targets;
  Param *hyper;
  size_t n_hyper;
  Param *params;
  size_t n_params;
  bool has_hyper;   /* layer f()(x): the first list was written, maybe empty */
  const Rule *rule; /* fn, rule; NULL: none */
  Iterator *iterators;
  size_t n_iterators;
  Arg *carried; /* scan … with h = h0 */
  size_t n_carried;
  Ast *checkpoint;
  StmtBlock body, otherwise;
  bool has_otherwise;
  Result *results;
  size_t n_results;
  Arg *args; /* clause values, return values, export's where */
  size_t n_args;
  Ast **on;
  size_t n_on;
};

typedef struct File {
  const Source *source;
  StmtBlock body;
} File;
