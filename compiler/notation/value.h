/* One way to write an expression, and what is known of it. Private to recognise.c, operators.c and
   reductions.c. */
#pragma once
#include "notation/recognise.h"

enum { MAX_COMPONENTS = 8, NOT_A_COMPONENT = MAX_COMPONENTS };

/* How many expressions are looked at in one way to write a definition. Products within products are
   tried in each of their ways; beyond this only index form, which needs no trying. */
enum { MOST_TRIED = 4000 };

typedef struct Context {
  const Recogniser *r;
  Var *components[MAX_COMPONENTS]; /* what vectors and matrices go over, rows first */
  uint32_t n_components;
  bool hide; /* the variable of the batch */
  uint32_t *n_tried;
  Remarks *remarks;            /* of all reads */
  const struct Context *outer; /* whose components must not occur; NULL */
} Context;

typedef struct Value {
  const Formula *formula; /* NULL: it cannot be written so */
  unsigned components;    /* bit i: it depends on component i; none: a number */
  bool batch;             /* it depends on the hidden variable */
} Value;

static const Value no_value = {0};

Value value_of(Context *c, const Node *node);
/* operators.c */
Value operator_value(Context *c, const Node *node);
/* The product of values, by element where they are arrays. */
Value product_of(Context *c, const Value *factors, uint32_t n);
/* reductions.c */
Value reduction_value(Context *c, const Node *node);

/* The node as an array over exactly these variables; NULL: it is none. *batch is set where it
   depends on the hidden variable. */
const Formula *array_over(Context *c, const Node *node, Var *const *vars, uint32_t n, bool *batch);
