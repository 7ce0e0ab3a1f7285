/* Recurrences. Definitions that read each other in a circle are a group: a strongly connected
   component of the graph. It is causal when there is an axis along which every read inside it steps
   back by a constant ≥ 0 (or every one ahead), and the reads that step by 0 are acyclic or causal
   by another axis (Karp, Miller & Winograd 1967; Feautrier 1992). */
#pragma once
#include "graph/graph.h"

typedef struct Group Group;

/* One step of a group computes its items in order: a member, or a group along a further axis. */
typedef struct GroupItem {
  TensorId member;    /* TENSOR_NONE when it is a group */
  const Group *inner; /* NULL when it is a member */
} GroupItem;

struct Group {
  const TensorId *members; /* all, those of inner groups too */
  const uint32_t *axis;    /* per member: which of its output indices is the step */
  uint32_t n_members;
  int64_t steps; /* the extent of that axis, the same for all */
  bool ahead;    /* reads go ahead: the steps run from the last to the first */
  int64_t reach; /* how many steps back (or ahead) the farthest read goes */
  const GroupItem *items;
  uint32_t n_items;
};

/* Why definitions that read each other cannot be computed. */
typedef struct GroupFailure {
  TensorId reader, read; /* a read along which they do not step; TENSOR_NONE: no axis at all */
} GroupFailure;

/* The group of a strongly connected component. NULL, with *failure set, when it is not causal.
   bodies: what the members are computed by, where that is not what the graph says; else NULL. */
const Group *group_analyse(const Graph *graph, Arena *arena, const TensorId *members,
                           const ExprId *bodies, uint32_t n, GroupFailure *failure);

/* The same for definitions that need not all read each other in a circle, along the axes given;
   their items in an order in which one step computes them. NULL: they do not step together. */
const Group *group_along(const Graph *graph, Arena *arena, const TensorId *members,
                         const ExprId *bodies, const uint32_t *axis, uint32_t n);

/* An index expression as variable + constant. */
bool stepped(const Graph *graph, ExprId id, uint32_t *variable, int64_t *constant);

/* The position of a tensor among the members; UINT32_MAX when it is none. */
uint32_t group_position(const Group *group, TensorId tensor);

/* graph_order, and for each item the recurrence that it is a member of, NULL: none. */
typedef struct EvaluationOrder {
  TensorList list;
  const Group **groups;
} EvaluationOrder;
EvaluationOrder evaluation_order(const Graph *graph, Arena *arena, const TensorId *roots,
                                 uint32_t n_roots);

/* Whether all recurrences that `roots` depend on are causal; else *failure says what is not. */
bool recurrences_are_causal(const Graph *graph, Arena *arena, const TensorId *roots,
                            uint32_t n_roots, GroupFailure *failure);
