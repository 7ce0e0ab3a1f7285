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
/* A comparison of integers as bounds of a difference of sums; false: it says nothing of one. */
bool guard_bounds(Graph *graph, const Guard *guard, Ranges ranges, Affine *difference,
                  Interval *bounds);
/* What the comparisons of integers among them say about a sum. */
Interval guards_interval(Graph *graph, const Guards *guards, const Affine *sum, Ranges ranges);
