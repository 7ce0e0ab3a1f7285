/* Conditions that hold around an expression, and what they say about indices. */
#pragma once
#include "graph/interval.h"
#include "simplify/affine.h"

typedef struct Guard {
  ExprId condition;
  bool holds; /* or does not */
} Guard;

typedef struct Guards {
  Guard *items;
  size_t count, capacity;
} Guards;

/* The condition, or that it does not hold, taken apart at and, or, not. */
void guards_add(Graph *graph, Guards *guards, ExprId condition, bool holds);
/* What the comparisons of integers among them say about a sum. */
Interval guards_interval(Graph *graph, const Guards *guards, const Affine *sum, Ranges ranges);
