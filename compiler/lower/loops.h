/* Nodes in common loops: loops.c and its part loops_reduce.c. Private to them. */
#pragma once
#include "lower/work.h"

enum {
  NO_AXIS = -1,
  TOGETHER = 6 /* as many reductions share their loops */
};

/* A node at the point of the loops that are open: its index variables there. */
typedef struct Standing {
  Node *node;
  size_t at; /* in the group */
  Binding *bindings;
} Standing;

typedef struct Nest {
  Context c;
  const NodeGroup *group;
  Binding *spine;
  int spine_lanes;  /* of the piece that is built */
  bool parallel;    /* the loops of the spine may be shared among threads */
  ValueId *reduced; /* per node of the group: what it is reduced to at this point, or VALUE_NONE */
  /* the node that is built */
  Node *node;
  Binding *bindings;
  int lane_axis; /* of its index variables */
  /* those that are reduced together, from the node that is built on, and their loops from the
     outermost: reduced indices by number */
  Standing together[TOGETHER];
  uint32_t n_together;
  const uint32_t *loops;
} Nest;

static inline bool finds_place(const Node *n) {
  return n->reduction == REDUCE_ARGMAX || n->reduction == REDUCE_ARGMIN;
}

/* loops.c */
/* How many lanes of so many bytes along an index. */
int lanes_for(const Work *w, int width, int64_t extent);
/* Which of its own indices a node's lanes run along; NO_AXIS. */
int choose_lane_axis(const Nest *nest, const Node *n, int *lanes);
/* A node's index variables, of which the spine's are bound. */
Binding *at_spine(const Nest *nest, const Node *n);

/* loops_reduce.c */
/* Whether what is computed along the loops of n has its lanes along reduced index v too. */
bool along_in_lanes(const Nest *nest, const Node *n, uint32_t v);
/* The nodes that are reduced in the loops of this one. */
void find_together(Nest *nest, size_t at);
/* The node's value at its bindings, and those of all that are reduced together with it. */
void reduce(Nest *nest, int lanes, ValueId results[TOGETHER]);
