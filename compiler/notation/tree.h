/* Definitions in index form, as trees: what they read in one place only, or in a word, stands in
   them, and textbook forms have a node of their own. Private to notation/. */
#pragma once
#include "graph/print.h"
#include "notation/axes.h"

/* An index variable of one formula. */
typedef struct Var {
  const char *name;
  int64_t extent;
  uint32_t batch; /* the batch over whose examples it goes (axes.h); 0: none */
  bool step;      /* it is the step of a recurrence, which is always written */
} Var;

typedef enum NodeKind {
  NODE_NUMBER,
  NODE_VAR,
  NODE_READ,   /* tensor[args…] ?? fallback */
  NODE_OP,     /* op(args…) */
  NODE_REDUCE, /* reduction over vars of args[0] */
  /* recognised (patterns.c); v is vars[0] */
  NODE_MEAN,          /* the mean over vars of args[0] */
  NODE_SOFTMAX,       /* softmax over v of args[0], at v = args[1] */
  NODE_LOG_SUM_EXP,   /* log Σ_v exp(args[0]) */
  NODE_CROSS_ENTROPY, /* log Σ_v exp(args[0]) − args[0] at v = args[1] */
  NODE_SLOPE          /* op′(args[0]): of OP_TANH, OP_SIGMOID, OP_MAX (relu) */
} NodeKind;

typedef struct Node {
  NodeKind kind;
  ScalarType type;
  double number;
  bool truth; /* a NODE_NUMBER of type bool */
  Var *var;
  TensorId tensor;
  ScalarOp op;
  Reduction reduction;
  Var *const *vars;
  uint32_t n_vars;
  struct Node *const *args;
  uint32_t n_args;
  struct Node *fallback;
} Node;

/* What all trees of a program share. */
typedef struct Trees {
  const Program *program;
  Arena *arena;
  const Listing *listing;
  const Axes *axes;
  bool *inlined;   /* per tensor: short enough to stand in what reads it */
  bool *rectified; /* per tensor: max(t, 0) is taken of it */
} Trees;
Trees trees_new(const Program *program, const Listing *listing, const Axes *axes);

/* The definition of a tensor as a tree, and its output variables. */
typedef struct Tree {
  Node *body;
  Var **outputs; /* rank */
} Tree;
Tree tree_of(const Trees *trees, TensorId tensor);

/* What it computes at those indices, which replace its output variables. */
Node *tree_at(const Trees *trees, TensorId tensor, Node *const *indices);

Node *node_var(const Trees *trees, Var *var);
Node *node_number(const Trees *trees, ScalarType type, double value);
/* The node with other operands, as many as it has. */
Node *node_with(const Trees *trees, const Node *node, Node *const *args);
/* With `at` in place of var. */
Node *node_substitute(const Trees *trees, Node *node, const Var *var, Node *at);
/* An operator, or the textbook form that it completes. */
Node *node_op(const Trees *trees, ScalarOp op, ScalarType type, Node *const *args, uint32_t n);
bool node_is_number(const Node *node, double value);
bool node_equal(const Node *a, const Node *b);
bool node_uses(const Node *node, const Var *var);
/* Whether it shows how far the index goes: it stands alone on axes of that extent, and on no
 * others.
 */
bool node_shows_range(const Trees *trees, const Node *node, const Var *var);
/* Whether it reads that tensor. */
bool node_mentions(const Node *node, TensorId tensor);
/* Whether `node` is `pattern` with *at in place of var; *at NULL: of anything, which it is set to.
 */
bool node_matches(const Node *pattern, Node *node, const Var *var, Node **at);

/* patterns.c: the textbook form of an operator over these operands, NULL: it has none. */
Node *recognise_op(const Trees *trees, ScalarOp op, ScalarType type, Node *const *args);
/* What NODE_SOFTMAX, NODE_LOG_SUM_EXP and NODE_CROSS_ENTROPY stand for. */
Node *node_expanded(const Trees *trees, const Node *node);
