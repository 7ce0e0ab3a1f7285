/* What reverse and forward mode share. Private to differentiate/. */
#pragma once
#include "differentiate/partials.h"
#include "graph/group.h"

/* active[t]: t is real and depends on one of `wrt` through real values; needed[t]: `source` depends
   on it. Both over all tensors of the graph at the time. */
typedef struct Activity {
  bool *active;
  TensorList order;     /* what source depends on, each after what it reads */
  const Group **groups; /* per item of the order: the recurrence that it is a member of, NULL */
} Activity;

Activity find_activity(Graph *graph, TensorId source, const TensorId *wrt, uint32_t n_wrt);

/* How many items of the order from `first` on are members of the same recurrence; 1 for others. */
uint32_t group_items(const Activity *activity, uint32_t first);

/* checkpoint.c: recurrences with `checkpoint k` that a derivative in reverse mode goes through, in
   segments of k steps. */
void split_checkpoints(Program *program);
/* Reads of what is computed again (Tensor.again) as reads of that. */
ExprId read_again(Graph *graph, ExprId id);

/* Where reverse mode puts the adjoint of one tensor: a definition, or nothing when no derivative
   reaches it. */
typedef struct Request {
  TensorId wrt;
  TensorId result; /* the TENSOR_DERIVATIVE that becomes the adjoint's definition */
} Request;

/* Defines every request's result as the adjoint of its wrt, for d source. The seed is
     u       a tensor of source's shape (vjp), or TENSOR_NONE:
     1       with n_seed = 0, and
     [S = O] over the last n_seed axes of source: the results then have those in front. */
void reverse_sweep(Rules *rules, Graph *graph, TensorId source, TensorId seed, uint32_t n_seed,
                   const Request *requests, uint32_t n_requests);
/* Defines `result` as the directional derivative of source along `direction` (of wrt's shape). */
void forward_sweep(Rules *rules, Graph *graph, TensorId source, TensorId wrt, TensorId direction,
                   TensorId result);

/* passage.c: what an adjoint comes through, each once: the functions or operators that read what it
   is the adjoint of, and where they stand. */
typedef struct Passage {
  const char *what, *place; /* "relu", "mlp.dag:7"; place NULL: nowhere */
} Passage;
typedef ARRAY(Passage) Passages;
void add_passage(const Graph *graph, Passages *passages, TensorId via);
/* "relu at mlp.dag:7", "dense and softmax at mlp.dag:7"; NULL: there is none. */
const char *passages_text(Arena *arena, const Passages *passages);

/* own_rule.c: the shares of y's own reverse rule, written out for an adjoint of y with index
   variables S in front. shares[i], of wrt[i]'s shape with S in front, for each i in the rule. */
typedef struct RuleUse {
  TensorId y, adjoint, source;
  uint32_t n_seed;
  const int64_t *seed_extents;
} RuleUse;
void apply_rule(Graph *graph, const RuleUse *use, TensorId *shares);

/* The factor s of the formula for a reduction at its summed indices, multiplied onto `adjoint`,
   over the index variables of y shifted by `shift`: 1 for a sum; [R = argmax(O)] for max and min;
   the product of the others for prod. EXPR_NONE: no derivative (argmax, any, …). */
ExprId reduction_factor(Graph *graph, TensorId y, uint32_t shift, ExprId adjoint);
/* product.c: of a product y, that of all factors but one, at y's index variables `at`. */
ExprId product_of_others(Graph *graph, TensorId y, const ExprId *at);
