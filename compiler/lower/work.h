/* One entry while it is lowered: its definitions as nodes, then groups of nodes that become
   kernels. Private to lower/. */
#pragma once
#include "graph/group.h"
#include "lower/build.h"
#include "lower/lower.h"
#include "simplify/affine.h"

#define NODE_NONE UINT32_MAX

typedef uint64_t IndexSet; /* of index variables */

/* A reduced index counts from `at` on, or only up to it, it excluded. */
typedef struct Limit {
  uint32_t index;
  bool above; /* it is the end */
  Affine at;  /* of output indices */
} Limit;

/* Right is read at an output index plus a reduced one, the tap; or, `mirrored`, less it. So many
   outputs are computed at once, from so many taps. */
typedef struct Window {
  uint32_t output, tap;
  bool mirrored;
  int64_t outputs, taps;
} Window;
enum { MAX_WINDOWS = 2 };

/* y[O] = sum over K of left · right, computed in tiles. Lanes run along `lane`:
   - an output index of right alone, along which right's and y's elements are consecutive; or
   - (dot) a reduced index, along which those of both operands are. */
typedef struct Contraction {
  ExprId left, right; /* reads at sums of index variables, inside wherever they are */
  bool dot;
  uint32_t lane;
  uint32_t row;       /* an output index of left alone; NO_INDEX: there is none */
  uint32_t column;    /* dot: one of right alone; NO_INDEX */
  uint32_t innermost; /* the output index along which y's elements are consecutive */
  /* limits.c: of reduced indices, which depend on `limiting` ones: neither rows nor lanes. The body
     that says so itself, for loops. */
  ARRAY(Limit) limits;
  ExprId unlimited;
  IndexSet limited, limiting;
  ARRAY(Affine) within;        /* zeros.c: where one is negative, nothing is added that counts */
  Window windows[MAX_WINDOWS]; /* tile_windows.c */
  uint32_t n_windows;
  bool along_taps; /* windows go on along these, all outputs at once; else along the outputs */
  /* once it is built: of its largest tile; whether the sums go over a list of what is not 0 */
  int64_t tile_rows, tile_columns;
  bool listed;
} Contraction;
#define NO_INDEX UINT32_MAX

/* A loop over the steps of a recurrence, around the nodes that it computes. */
typedef struct Recurrence {
  struct Recurrence *outer; /* the one around it, NULL */
  uint32_t depth;           /* how many are around it */
  int64_t steps;
  bool ahead;            /* from the last step to the first */
  const char *name;      /* of a step */
  ARRAY(uint32_t) nodes; /* of an outermost one: all, as they are to run */
  Offset at;             /* the step, while its kernel is built */
} Recurrence;

/* A definition as this entry computes it: y[O] = reduce over R of body, `training` folded, no reads
   of reshapes, index expressions of type i32 in normal form. */
typedef struct Node {
  TensorId tensor; /* TENSOR_NONE: a copy made by lowering, which nothing reads */
  const char *name;
  ScalarType type;
  Reduction reduction;
  uint32_t rank, n_reduced;
  const int64_t *extents; /* of all index variables: outputs, then reduced */
  const char *const *index_names;
  ExprId body;
  BufferId buffer; /* where it is stored, if it is */
  bool stored;
  Contraction *contraction; /* NULL: computed by loops */
  TensorId replaces;        /* the param or state whose new value it stores in place; TENSOR_NONE */
  ARRAY(TensorId) reads;    /* distinct tensors that the body reads */
  ARRAY(uint32_t) after;   /* nodes that must have run: those it reads, and readers of `replaces` */
  ARRAY(uint32_t) readers; /* nodes that read it */
  Recurrence *recurrence;  /* the innermost that it is computed in; NULL */
  const uint32_t *step_axes; /* per depth of that: which of the output indices is the step */
  uint32_t picks; /* in an epilogue: 1 + the contraction's index that it reads at constants; 0 */
  Part part;
  bool transposes; /* a copy of what it reads, with another axis innermost */
} Node;

typedef enum GroupKind {
  GROUP_LOOPS,       /* nodes that share the outermost `spine` output indices, but for the first
                        `along`: those are computed in the loops of a reduction that follows, over
                        all their points */
  GROUP_CONTRACTION, /* a contraction, then elementwise readers in its epilogue: first those of all
                        its indices, then those that pick values of one */
  GROUP_SCATTER,     /* one node: sum over R of where(J == t, v, 0), J an output index */
  GROUP_TRANSPOSE    /* one node: a copy of another under permuted strides */
} GroupKind;

typedef struct NodeGroup {
  GroupKind kind;
  ARRAY(uint32_t) nodes;
  uint32_t spine, along;
  IndexSet lane_axes; /* loops: of the spine, those that lanes can run along */
} NodeGroup;

typedef struct TransposedCopy {
  TensorId of, copy;
  uint32_t innermost;
  int64_t panel; /* see Buffer; 0 */
} TransposedCopy;

/* Of a param: whether its layout is free, and which axis is wanted innermost; NO_INDEX: none yet.
 */
typedef struct StoredWish {
  bool free;
  uint32_t axis;
} StoredWish;

typedef struct Work {
  Arena *arena;
  const Program *program;
  Graph *graph;
  Plan *plan;
  const TargetMachine *target;
  const Entry *entry; /* NULL: init */
  uint32_t number;    /* of the entry; plan->n_entries for init */
  ARRAY(Node) nodes;
  uint32_t *node_of;           /* per tensor: 1 + its node, 0: none */
  BufferId *buffer_of;         /* per tensor: where its values are */
  uint32_t n_tensors;          /* sizes of these */
  ARRAY(uint32_t) order;       /* nodes as they are to run */
  ARRAY(uint32_t) final_order; /* with the transposed copies */
  ARRAY(TransposedCopy) copies;
  ARRAY(NodeGroup) groups;
  StoredWish *wishes; /* per tensor of the program while they are found; NULL */
  uint32_t n_wishes;
  Interval *limits; /* per input of the entry: where its values as indices are */
  uint32_t *met;    /* per expression: the last walk that met it */
  uint32_t n_met, walk;
  /* per expression, for the walks of translate.c and lanes.c, which leave them as they were */
  ValueId *values; /* VALUE_NONE */
  uint32_t *uses;
  int8_t *widths;    /* 2 + the width, by standing; 0 */
  uint32_t n_values; /* sizes of these */
  size_t n_widths;
  ARRAY(size_t) widths_met;
} Work;

/* A walk over expressions in which each is met once. */
void start_walk(Work *w);
static inline bool first_met(Work *w, ExprId id) {
  if (w->met[id] == w->walk) return false;
  w->met[id] = w->walk;
  return true;
}

static inline Node *node_at(const Work *w, uint32_t i) { return &w->nodes.items[i]; }
static inline Ranges node_ranges(const Node *n) {
  return (Ranges){n->extents, n->rank + n->n_reduced};
}
/* Which index of the contraction stands for index v of a node that picks (Node.picks). */
static inline uint32_t index_beside_picked(uint32_t picks, uint32_t v) {
  return picks != 0 && v + 1 >= picks ? v + 1 : v;
}
int64_t node_size(const Node *n);   /* output elements */
int64_t node_points(const Node *n); /* times the values of the reduced indices */
static inline const char *index_name(const Node *n, uint32_t v) {
  return n->index_names != NULL && n->index_names[v] != NULL ? n->index_names[v] : "i";
}

/* nodes.c: the nodes of an entry, in an order in which each comes after what it reads. */
void make_nodes(Work *w);
/* n->reads from n->body. */
void collect_reads(Work *w, Node *n);
bool same_points(const Node *a, const Node *b); /* extents of their outputs */
typedef ARRAY(uint32_t) NodeList;
/* Per tensor: the nodes that read it, as they stand now. */
NodeList *readers_of_tensors(const Work *w);
/* Makes room for the tensors that the graph has by now. */
void know_tensors(Work *w);

/* A node for a definition that lowering makes; its body stands as it is. */
TensorId add_definition(Work *w, Tensor t);

/* recurrence.c: which nodes are computed step by step, and what that asks of each. */
void find_recurrences(Work *w);
bool node_reads(const Node *n, TensorId tensor);
static inline bool is_among(const TensorId *list, size_t n, TensorId tensor) {
  for (size_t i = 0; i < n; i++)
    if (list[i] == tensor) return true;
  return false;
}
/* Whether output index v is the step of a recurrence around the node, fixed by a loop outside. */
bool is_step(const Node *n, uint32_t v);
uint32_t count_steps(const Node *n);
int64_t points_of_step(const Node *n); /* that are computed in one step; all without a recurrence */
Recurrence *outermost(Recurrence *r);
int64_t last_step(const Recurrence *r); /* the one that it computes last */
/* Its members are computed in its loops from now on. */
void set_loops(Work *w, const Group *group);
/* The innermost that is around both, or is one of them. */
Recurrence *common_recurrence(Recurrence *a, const Recurrence *b);
/* Whether a recurrence around n computes the tensor too. */
bool steps_with(const Work *w, const Node *n, TensorId tensor);
/* The nodes into w->order, those of each recurrence together. outer: NULL at first. */
void gather_recurrences(Work *w, const uint32_t *nodes, size_t n, const Recurrence *outer);
/* Closes and opens loops of recurrences, from those open to those wanted; returns `wanted`. */
Recurrence *enter_recurrence(Builder *b, Recurrence *open, Recurrence *wanted);

/* draw.c: what loops with loops inside compute too. */
void draw_into_loops(Work *w);

/* order.c: what must run before what; w->order. */
void order_nodes(Work *w);
/* Whether all reads of `tensor` in the body are at the point itself: tensor[i0, i1, …]. */
bool reads_at_point(const Graph *g, ExprId body, TensorId tensor);

/* describe.c: the comment of a kernel, once it is built: of a group, or of those in a recurrence.
 */
const char *describe_kernel(Work *w, const NodeGroup *groups, size_t n);
/* What a group computes, on one line. */
const char *describe_nodes(const Work *w, const NodeGroup *g);

/* check.c: what inputs used as indices must be; w->limits. */
void find_checks(Work *w, EntryPlan *plan);
/* The range of an index expression, knowing that. */
Interval index_interval(Work *w, const Node *n, const Affine *index);
/* Whether an index is inside [0, extent), and a read inside the tensor, wherever it stands. */
bool axis_is_inside(Work *w, const Node *n, ExprId at, int64_t extent);
bool read_is_inside(Work *w, const Node *n, const Expr *read);

/* buffers.c */
BufferId add_buffer(Plan *plan, Buffer buffer);
/* Without gaps: axis `innermost` of stride 1 (NO_INDEX: the last one), the others row-major around
 * it. */
const int64_t *strides_around(Arena *arena, uint32_t rank, const int64_t *extents,
                              uint32_t innermost);
const int64_t *dense_strides(Arena *arena, uint32_t rank, const int64_t *extents); /* row-major */
void make_fixed_buffers(Plan *plan, BufferId *param_buffers);
void drop_unused_buffers(Plan *plan);
void place_workspace(Plan *plan); /* offsets from lifetimes */

/* part.c: what each node is computed for, once all are known. */
void find_parts(Work *w);

enum { LINE_BYTES = 64 }; /* of a cache */

/* layout.c: a buffer for each node, with its strides; contractions; transposed copies. */
void make_layouts(Work *w);
bool rows_conflict(const Buffer *b); /* whether rows of a row-major buffer lie on the same lines */
/* stored.c: how params lie in the struct. */
StoredWish *free_params(Arena *arena, const Program *p); /* NULL: there are none */
bool is_free(const Work *w, TensorId tensor);            /* while wishes are found */
void wish_stored(Work *w, TensorId tensor, uint32_t axis);
void wish_of_loops(Work *w); /* after the layouts: of all that is no contraction */
void store_as_wished(Plan *plan, const StoredWish *wishes, const BufferId *buffer_of);
/* slots.c: values that no later step but the next needs get the place of one step. group_of: per
   node, 1 + its group. */
void keep_single_steps(Work *w, const uint32_t *group_of);
/* Whether they would do for a node that is in no group yet, in one behind those there are. */
bool one_step_does(Work *w, uint32_t *group_of, uint32_t node);
/* contraction.c */
void find_contractions(Work *w);
IndexSet indices_of(const Graph *g, ExprId id);
bool is_of_indices(const Graph *g, const Affine *a); /* it has no other atoms */
/* The axis of the read along which its elements are consecutive where v counts up, if memory has
   them so: v is a term of its index, and of no other axis's. NO_INDEX. */
uint32_t lane_axis(const Work *w, const Node *n, ExprId read, uint32_t v);

/* limits.c: a comparison of integers as *d >= 0; false: it is none. */
bool bound_of_condition(Graph *g, ExprId condition, Ranges ranges, Affine *d);
/* limits.c: where each condition bounds one reduced index, given output ones that need be neither
   lanes nor rows, the loops run within those bounds: the sides become reads without conditions, and
   true is returned. A side that is read outside of its tensor has the default 0 there. */
bool limit_loops(Work *w, const Node *n, const ExprId *conditions, uint32_t n_conditions,
                 ExprId sides[2], Contraction *c);
/* How many turns a reduced index takes on average. */
double average_turns(const Node *n, const Contraction *c, uint32_t v, const Graph *g);

/* factor.c: a definition `what` of an expression in n's index variables, over what it depends on;
   the read of it that stands for the expression. */
ExprId define_factor(Work *w, const Node *n, ExprId factor, const char *what);
/* A definition alike that is there already; TENSOR_NONE. */
TensorId known_definition(Work *w, const Tensor *t);
/* Whether it is computed from values of itself: then it belongs to a recurrence, whose steps stay
   apart. */
bool depends_on_itself(Work *w, const Node *n);

/* inline.c: elementwise definitions that are computed in their reader. */
void inline_nodes(Work *w);

/* phases.c: sums whose index expressions repeat become one for each phase. */
void find_phases(Work *w);

/* hoist.c: what a loop need not repeat becomes a definition of its own. */
void hoist_invariants(Work *w);
/* early.c: what would be computed again from several tensors is kept in their place. */
void compute_early(Work *w);
/* clip.c: where a clipped tensor was clipped is read off itself. */
void read_clipped(Work *w);
/* zeros.c: where a contraction's terms are 0, or its results not asked for. */
void find_zeros(Work *w);
/* Node i, Σ_K where(condition(O), v, 0), as where(condition, s, 0) of a new node s = Σ_K body,
   where body is v, or what has its values where the condition holds; returns s, which is called
   what `what` says. */
uint32_t take_condition_out(Work *w, uint32_t i, ExprId condition, ExprId body, const char *what);

/* tile_nonzero.c: whether a contraction of a matrix, with so many columns, by a vector leaves out
   what is 0 in this. */
bool skips_zeros(const Work *w, const Node *n, ExprId vector, int64_t columns);

/* tile_windows.c: the windows of a contraction whose sides and lanes are chosen, where it takes
   fewer cycles to compute several outputs at once: n->contraction->windows. Returns these, or 0. */
double find_windows(const Work *w, Node *n);

/* plan.c: chooses a contraction's lanes, makes the transposed copies it needs, and returns the node
   of a copy that has to store its result, or NODE_NONE. Clears the node's contraction when loops
   are as good. */
uint32_t plan_contraction(Work *w, uint32_t i);
void give_buffer(Work *w, Node *n, uint32_t innermost);

/* group.c */
void make_groups(Work *w);
/* The index variables of a reduction at which its body reads `tensor`, wherever it does: one for
   each axis, all different. false: there are no such. */
bool reads_along_loops(const Work *w, const Node *reduction, TensorId tensor, uint32_t *variables);
/* Whether two reductions read it so at the same points of their loops. */
bool reads_along_alike(const Work *w, const Node *x, const Node *y, TensorId tensor);
/* Whether an operation with one of those flags occurs. */
bool has_flag(const Graph *g, ExprId id, unsigned flags);

/* in_place.c: results stored where their operands were. group_of: per node, 1 + its group. */
void share_places(Work *w, const uint32_t *group_of);

/* translate.c: expressions to values. */

/* Where a kernel has the values of a tensor that it computes itself. */
typedef struct Place {
  TensorId tensor;
  uint32_t local;
  uint32_t n_fixed; /* the array indices that stand for the outer loops */
  Offset fixed[2];
  uint32_t spine;  /* output axes from there on are one further array index, row-major; */
  bool array;      /* if there are any */
  uint32_t picked; /* 1 + the axis whose values, constants, lie so many rows apart; 0: none */
  int64_t picked_rows;
} Place;

/* Index variable = offset, plus the number of the lane if `lanes`. */
typedef struct Binding {
  Offset offset;
  bool lanes;
  Offset panel; /* the start of the panel that it is in, where it is read in panels */
} Binding;

static inline Binding bound(Offset offset, bool lanes) {
  return (Binding){.offset = offset, .lanes = lanes};
}

typedef struct Context {
  Work *w;
  Builder *b;
  ARRAY(Place) places;
  const Node *node;
  Binding *bindings; /* of node's index variables */
  int lanes;
  ValueId *memo; /* per expression: its value in the open blocks */
  uint32_t *uses;
  ARRAY(ExprId) memoised; /* in order: undone at the end of a block */
} Context;

/* recurrence.c: the node's steps as the loops around it have them. */
void bind_steps(const Node *n, Binding *bindings);
/* The value of the node's body under the bindings: of `lanes` lanes or, when no lane differs, 1. */
ValueId translate_body(Context *c, const Node *n, Binding *bindings, int lanes);
/* The element of the node's buffer at the bindings. */
Offset output_offset(Context *c, const Node *n, const Binding *bindings);
/* How many bytes wide lanes are that run along index variable v, 0 when nothing depends on v, -1
   when the body cannot be computed in lanes. `registers`: tensors that the kernel has in lanes;
   `scalars`: those that it has one by one, in row-major arrays. */
int lane_width(Work *w, const Node *n, uint32_t v, TensorList registers, TensorList scalars);
/* Whether its lanes are as wide as its own type, or there are none. */
bool fits_lanes(Work *w, const Node *n, uint32_t v, TensorList registers);
Affine read_offset(Work *w, const Node *n, const Expr *read, const int64_t *strides);
/* That of the load that is made of the read: indices of data are kept inside. */
Affine load_offset(Work *w, const Node *n, const Expr *read, const int64_t *strides);

/* reduce.c: what changes nothing when it is reduced with; the operator of each step, which for
   argmax and argmin says whether the new value is better. */
ValueId reduction_unit(Builder *b, Reduction reduction, ScalarType type);
ScalarOp reduction_op(Reduction reduction);

/* loops.c, scatter.c: a group as a kernel's statements */
void build_loops(Work *w, Builder *b, const NodeGroup *g);
void build_scatter(Work *w, Builder *b, const NodeGroup *g);
void build_contraction(Work *w, Builder *b, const NodeGroup *g);
void build_transposed(Work *w, Builder *b, const NodeGroup *g);
bool is_scatter(Work *w, const Node *n);

/* share.c: the kernel that is alike up to buffers, sites and names. */
typedef struct KernelTable {
  Map known; /* text → KernelId * */
} KernelTable;
/* threads.c: which entries have a team of threads, and what it shares. */
enum { MANY_TURNS = 16 /* of a loop are shared evenly enough; of fewer, with the loop inside */ };
void plan_threads(Plan *plan);
KernelId share_kernel(Plan *plan, KernelTable *table, Kernel kernel);
