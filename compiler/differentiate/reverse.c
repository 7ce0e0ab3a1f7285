/* Reverse mode. For every read of x in the body of y, the chain rule summed over all that y sums
   over:

       x̄[J] += Σ over O, R of  Π_m [J_m = g_m(O, R)] · ȳ[O] · s(O, R) · ∂e/∂read

   Adjoints carry the seed's index variables S in front: x̄[S, J]. A contribution whose brackets
   leave a sum is a definition of its own, the others are terms of the adjoint.

   The chain rule holds point by point, so recurrences need nothing more: only, the adjoints of all
   members are there before the first contribution, since members read each other. The adjoint of a
   recurrence is one that runs the other way: backpropagation through time. */
#include <string.h>
#include "differentiate/segments.h"
#include "differentiate/sweep.h"
#include "differentiate/terms.h"
#include "simplify/algebra.h"
#include "simplify/sum.h"
#include "simplify/view.h"

typedef struct Adjoint {
  ExprId
      terms; /* Σ of the contributions so far, over S and the tensor's indices; EXPR_NONE: zero */
  ExprId value; /* when done: a read of the adjoint's definition, or a constant */
  uint32_t n_terms;
  const UnsolvedSum *unsolved; /* of the only contribution; NULL */
  TensorId via;                /* the last contribution's reader */
  Passages passages;           /* of all contributions */
  const char *const *names;    /* of index variables, as that reads it: S, then the tensor's */
} Adjoint;

typedef struct Sweep {
  Rules *rules;
  Graph *graph;
  TensorId source;
  Activity activity;
  uint32_t *position; /* per tensor: in the activity's order */
  Adjoint *adjoints;  /* per tensor */
  const Request *requests;
  uint32_t n_requests;
  uint32_t n_seed; /* index variables S */
  const int64_t *seed_extents;
} Sweep;

static void contribute(Sweep *sweep, TensorId x, ExprId value, TensorId via) {
  Adjoint *adjoint = &sweep->adjoints[x];
  if (expr_is_number(sweep->graph, value, 0)) return;
  adjoint->unsolved = NULL;
  adjoint->terms =
      adjoint->terms == EXPR_NONE ? value : derive_add(sweep->graph, adjoint->terms, value);
  adjoint->n_terms++;
  adjoint->via = via;
  add_passage(sweep->graph, &adjoint->passages, via);
}

/* [S…, extents of t…] */
static int64_t *adjoint_extents(const Sweep *sweep, const Tensor *t, uint32_t more) {
  int64_t *extents = ARENA_ARRAY(sweep->graph->arena, int64_t, sweep->n_seed + t->rank + more + 1);
  for (uint32_t i = 0; i < sweep->n_seed; i++) extents[i] = sweep->seed_extents[i];
  for (uint32_t i = 0; i < t->rank; i++) extents[sweep->n_seed + i] = t->extents[i];
  return extents;
}

/* Those of S and of t, with room for more. */
static const char **adjoint_names(const Sweep *sweep, const Tensor *t, uint32_t more) {
  const Tensor *source = tensor_at(sweep->graph, sweep->source);
  const char **names =
      ARENA_ARRAY(sweep->graph->arena, const char *, sweep->n_seed + t->rank + more + 1);
  for (uint32_t i = 0; i < sweep->n_seed && source->index_names != NULL; i++)
    names[i] = source->index_names[source->rank - sweep->n_seed + i];
  for (uint32_t i = 0; i < t->rank && t->index_names != NULL; i++)
    names[sweep->n_seed + i] = t->index_names[i];
  return names;
}

/* Names as in the read that the chain rule was applied to: x̄[n, i] for z[n, j] = sum[i](… x[n, i]);
   y's own for what it sums over. */
static void name_sum(const Sweep *sweep, Sum *sum, const StepRead *read, const Tensor *y) {
  const Tensor *x = &read->split;
  const char **names = adjoint_names(sweep, x, y->rank + y->n_reduced);
  uint32_t n_out = sweep->n_seed + x->rank;
  for (uint32_t v = 0; v < y->rank + y->n_reduced && y->index_names != NULL; v++)
    names[n_out + v] = y->index_names[v];
  for (uint32_t m = 0; m < x->rank; m++) {
    const Expr *at = expr_at(sweep->graph, read->at[m]);
    if (at->kind == EXPR_INDEX && names[n_out + at->index] != NULL)
      names[sweep->n_seed + m] = names[n_out + at->index];
  }
  for (size_t v = 0; v < sum->names.count; v++) sum->names.items[v] = names[v];
}

static Tensor adjoint_tensor(const Sweep *sweep, TensorId x) {
  const Tensor *t = tensor_at(sweep->graph, x);
  Tensor adjoint = tensor_new(TENSOR_DEFINITION, t->type);
  adjoint.rank = sweep->n_seed + t->rank;
  adjoint.extents = adjoint_extents(sweep, t, 0);
  adjoint.index_names = adjoint_names(sweep, t, 0);
  adjoint.span = t->span;
  adjoint.origin = t->origin;
  adjoint.use = t->use;
  adjoint.adjoint_of = x;
  adjoint.through = passages_text(sweep->graph->arena, &sweep->adjoints[x].passages);
  adjoint.adjoint_from = sweep->source;
  adjoint.derivative_of = tensor_at(sweep->graph, sweep->source)->name;
  adjoint.derived = true;
  return adjoint;
}

/* A share of it: what comes through one reader. */
static Tensor share_tensor(const Sweep *sweep, TensorId x, TensorId via) {
  Tensor share = adjoint_tensor(sweep, x);
  Passages passages = {0};
  add_passage(sweep->graph, &passages, via);
  share.through = passages_text(sweep->graph->arena, &passages);
  return share;
}

/* Whether its first summed index is the segment of a recurrence with checkpoints. */
static bool is_over_segments(const Sweep *sweep, TensorId x, TensorId y, const Sum *sum) {
  const Graph *graph = sweep->graph;
  uint32_t segment = sweep->n_seed + tensor_at(graph, x)->rank; /* y's first index variable */
  return tensor_at(graph, y)->again != TENSOR_NONE && !sum->gone.items[segment] &&
         sum->extents.items[segment] == tensor_at(graph, y)->extents[0];
}

static uint64_t step_axes_in(const Group *group, TensorId x) {
  uint32_t at = group == NULL ? UINT32_MAX : group_position(group, x);
  if (at == UINT32_MAX) return 0;
  uint64_t axes = (uint64_t)1 << group->axis[at];
  for (uint32_t i = 0; i < group->n_items; i++) axes |= step_axes_in(group->items[i].inner, x);
  return axes;
}

/* The indices of x's adjoint along which the recurrence of x steps, if it is a member of one, or at
   whose points the derivative is taken, as bits. What the adjoint is computed from in the
   recurrence has them too. */
static uint64_t step_axes(const Sweep *sweep, TensorId x) {
  uint64_t steps = step_axes_in(sweep->activity.groups[sweep->position[x]], x);
  return (steps | tensor_at(sweep->graph, x)->points) << sweep->n_seed;
}

/* Adds Σ over the remaining variables of the sum, without the factors that they do not touch.
   `unsolved`: the same before brackets were solved. */
static void contribute_sum(Sweep *sweep, TensorId x, TensorId y, Sum *sum,
                           const UnsolvedSum *unsolved) {
  Graph *graph = sweep->graph;
  Tensor part = share_tensor(sweep, x, y);
  part.name = arena_printf(graph->arena, "%s_bar.part", tensor_at(graph, x)->name);
  bool along = is_over_segments(sweep, x, y, sum);
  if (!along && sum_remains(sum)) {
    sum->kept = step_axes(sweep, x);
    ExprId diagonal = diagonal_of_sum(sum, part);
    if (diagonal != EXPR_NONE) {
      sweep->adjoints[x].names = sum_names(sum);
      contribute(sweep, x, diagonal, y);
      return;
    }
  }
  ExprId body = sum_result(sum, &part.n_reduced, &part.reduced_extents);
  Adjoint *adjoint = &sweep->adjoints[x];
  adjoint->names = part.index_names = sum_names(sum);
  bool keeps = keeps_brackets(graph, body, unsolved->body);
  if (part.n_reduced == 0 || expr_is_number(graph, body, 0)) {
    contribute(sweep, x, body, y);
    if (keeps && adjoint->n_terms == 1) adjoint->unsolved = unsolved;
    return;
  }
  const int64_t *extents = tensor_index_extents(&part, graph->arena);
  Factors factors =
      split_factors(graph, body, part.rank, (Ranges){extents, part.rank + part.n_reduced});
  part.body = factors.inner;
  part.reduction = REDUCE_SUM;
  keeps = keeps && !along;
  if (keeps && expr_is_number(graph, factors.outer, 1)) part.unsolved = unsolved;
  ExprId read = along ? sum_along_segments(graph, part, !tensor_at(graph, y)->from_end)
                      : expr_read_whole(graph, graph_add(graph, part));
  contribute(sweep, x, derive_mul(graph, factors.outer, read), y);
  if (keeps && adjoint->n_terms == 1) adjoint->unsolved = unsolved;
}

/* The share by segments is a definition x̄'[S, …, s, r, …], of which x̄ reads element J. */
static void contribute_by_segments(Sweep *sweep, TensorId x, TensorId y, const Sum *sum,
                                   const StepRead *steps) {
  Graph *graph = sweep->graph;
  Tensor part = share_tensor(sweep, x, y);
  part.rank++;
  part.extents = adjoint_extents(sweep, &steps->split, 0);
  part.index_names = sum_names(sum);
  part.named = true;
  part.name = arena_printf(graph->arena, "%s_bar.segments", tensor_at(graph, x)->name);
  part.body = sum_result(sum, &part.n_reduced, &part.reduced_extents);
  if (part.n_reduced > 0) part.reduction = REDUCE_SUM;
  if (expr_is_number(graph, part.body, 0)) return;
  contribute(sweep, x, read_of_steps(graph, steps, graph_add(graph, part), sweep->n_seed), y);
}

/* One read's share of its tensor's adjoint. `value` is over S and y's index variables. */
static void contribute_read(Sweep *sweep, TensorId y, const Partial *partial) {
  Graph *graph = sweep->graph;
  const Expr read = *expr_at(graph, partial->read);
  StepRead steps = step_read(graph, y, &read);
  const Tensor reader = with_brackets(graph, y), x = steps.split;
  uint32_t n_seed = sweep->n_seed, n_out = n_seed + x.rank;
  uint32_t n_body = reader.rank + reader.n_reduced, n = n_out + n_body;
  int64_t *extents = adjoint_extents(sweep, &x, n_body);
  const int64_t *body_extents = tensor_index_extents(&reader, graph->arena);
  for (uint32_t i = 0; i < n_body; i++) extents[n_out + i] = body_extents[i];
  ExprId *map = ARENA_ARRAY(graph->arena, ExprId, n_seed + n_body + 1);
  for (uint32_t i = 0; i < n_seed; i++) map[i] = EXPR_NONE;
  for (uint32_t i = 0; i < n_body; i++) map[n_seed + i] = expr_index(graph, n_out + i);
  Terms terms = bracket_terms(graph, partial->value);
  for (uint32_t k = 0; k < terms.count; k++) {
    Sum sum = sum_new(graph, extents, n, n_out);
    name_sum(sweep, &sum, &steps, &reader);
    sum.body = expr_substitute(graph, terms.items[k], map, n_seed + n_body);
    for (uint32_t m = 0; m < x.rank; m++) {
      ExprId g = expr_substitute(graph, steps.at[m], map, n_seed + n_body);
      g = fold_cast(graph, TYPE_I32, g);
      sum_guard(&sum, fold_op2(graph, OP_EQ, expr_index(graph, n_seed + m), g));
    }
    UnsolvedSum *unsolved = ARENA_NEW(graph->arena, UnsolvedSum);
    unsolved->index_names = sum_names(&sum);
    unsolved->body = sum_result(&sum, &unsolved->n_reduced, &unsolved->reduced_extents);
    sum_eliminate(&sum, true);
    if (steps.is_split)
      contribute_by_segments(sweep, read.tensor, y, &sum, &steps);
    else
      contribute_sum(sweep, read.tensor, y, &sum, unsolved);
  }
}

/* A read at [0, 1, …] of a tensor of those extents. */
static bool is_whole_read(const Graph *graph, ExprId id, const int64_t *extents, uint32_t n) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_READ || e->fallback != EXPR_NONE || e->n_args != n) return false;
  for (uint32_t i = 0; i < n; i++) {
    const Expr *at = expr_at(graph, e->args[i]);
    if (at->kind != EXPR_INDEX || at->index != i ||
        tensor_at(graph, e->tensor)->extents[i] != extents[i])
      return false;
  }
  return true;
}

/* The adjoint of y as a tensor. */
static TensorId adjoint_as_tensor(Sweep *sweep, TensorId y) {
  Graph *graph = sweep->graph;
  ExprId value = sweep->adjoints[y].value;
  const Tensor *t = tensor_at(graph, y);
  if (is_whole_read(graph, value, adjoint_extents(sweep, t, 0), sweep->n_seed + t->rank))
    return expr_at(graph, value)->tensor;
  Tensor adjoint = adjoint_tensor(sweep, y);
  adjoint.is_adjoint = true;
  adjoint.body = value;
  adjoint.name = arena_printf(graph->arena, "%s_bar", t->name);
  return graph_add(graph, adjoint);
}

/* y's own rule gives the shares of what it depends on. */
static void propagate_rule(Sweep *sweep, TensorId y) {
  Graph *graph = sweep->graph;
  const OwnRule *rule = tensor_at(graph, y)->rule;
  TensorId *shares = ARENA_ARRAY(graph->arena, TensorId, rule->n + 1);
  RuleUse use = {.y = y,
                 .adjoint = adjoint_as_tensor(sweep, y),
                 .source = sweep->source,
                 .n_seed = sweep->n_seed,
                 .seed_extents = sweep->seed_extents};
  apply_rule(graph, &use, shares);
  for (uint32_t i = 0; i < rule->n; i++) {
    TensorId x = rule->wrt[i];
    if (!sweep->activity.active[x]) continue;
    Tensor *share = tensor_at(graph, shares[i]);
    bool pointwise = share->kind == TENSOR_DEFINITION && share->reduction == REDUCE_NONE;
    share->adjoint_of = x;
    sweep->adjoints[x].names = share->index_names;
    contribute(sweep, x, pointwise ? share->body : expr_read_whole(graph, shares[i]), y);
  }
}

static void propagate_definition(Sweep *sweep, TensorId y) {
  Graph *graph = sweep->graph;
  const Tensor t = with_brackets(graph, y);
  if (t.rule != NULL) {
    propagate_rule(sweep, y);
    return;
  }
  uint32_t n_seed = sweep->n_seed, n_body = t.rank + t.n_reduced;
  /* the body over S and its own index variables, shifted behind S */
  ExprId *map = ARENA_ARRAY(graph->arena, ExprId, n_body + 1);
  for (uint32_t i = 0; i < n_body; i++) map[i] = expr_index(graph, n_seed + i);
  ExprId body = expr_substitute(graph, t.body, map, n_body);
  ExprId seed = reduction_factor(graph, y, n_seed, sweep->adjoints[y].value);
  if (seed == EXPR_NONE) return;
  ExprId result = t.reduction == REDUCE_NONE ? expr_read(graph, y, map, t.rank, EXPR_NONE) : body;
  /* rules mention the result; where that is no dearer to compute again, they need not read it */
  Partials partials =
      body_partials(sweep->rules, graph, body, seed, result, sweep->activity.active);
  for (uint32_t i = 0; i < partials.count; i++) {
    Partial *partial = &partials.items[i];
    if (t.again != TENSOR_NONE) partial->value = read_again(graph, partial->value);
    contribute_read(sweep, y, partial);
  }
}

/* A value over S and the view's indices, at the source's: the element of the same row-major number.
 */
static ExprId through_view(const Sweep *sweep, const Tensor *view, ExprId value) {
  Graph *graph = sweep->graph;
  const Tensor *source = tensor_at(graph, view->source);
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, source->rank + 1);
  ExprId *map = ARENA_ARRAY(graph->arena, ExprId, sweep->n_seed + view->rank + 1);
  for (uint32_t i = 0; i < source->rank; i++) at[i] = expr_index(graph, sweep->n_seed + i);
  for (uint32_t i = 0; i < sweep->n_seed; i++) map[i] = EXPR_NONE;
  place_in_view(graph, source, at, view, map + sweep->n_seed);
  ExprId moved = expr_substitute(graph, value, map, sweep->n_seed + view->rank);
  int64_t *extents = adjoint_extents(sweep, source, 0);
  return normalize_indices(graph, moved, (Ranges){extents, sweep->n_seed + source->rank});
}

/* The adjoint of a view's source is a view of the view's adjoint. */
static void propagate_reshape(Sweep *sweep, TensorId y) {
  Graph *graph = sweep->graph;
  const Tensor t = *tensor_at(graph, y);
  if (!sweep->activity.active[t.source]) return;
  ExprId value = sweep->adjoints[y].value;
  int64_t *extents = adjoint_extents(sweep, &t, 0);
  if (is_whole_read(graph, value, extents, sweep->n_seed + t.rank)) {
    Tensor view = share_tensor(sweep, t.source, y);
    view.kind = TENSOR_RESHAPE;
    view.source = expr_at(graph, value)->tensor;
    view.name = arena_printf(graph->arena, "%s_bar", tensor_at(graph, t.source)->name);
    value = expr_read_whole(graph, graph_add(graph, view));
  } else {
    value = through_view(sweep, &t, value);
  }
  contribute(sweep, t.source, value, y);
}

static const Request *request_for(const Sweep *sweep, TensorId wrt) {
  for (uint32_t i = 0; i < sweep->n_requests; i++)
    if (sweep->requests[i].wrt == wrt) return &sweep->requests[i];
  return NULL;
}

/* Turns the placeholder `result` into the definition t, keeping what the user gave it. */
static void define_result(Graph *graph, TensorId result, Tensor t) {
  Tensor *place = tensor_at(graph, result);
  t.name = place->name;
  t.named = place->named;
  t.span = place->span;
  t.use = place->use;
  t.origin = place->origin;
  *place = t;
}

/* Adjoints in the order in which the sweep has all of their parts: those that end it first, so that
   a layer's weights come before what the sweep goes on with. */
static uint32_t place_in_sweep(const Sweep *sweep, TensorId x) {
  TensorId via = sweep->adjoints[x].via;
  TensorKind kind = tensor_at(sweep->graph, x)->kind;
  bool ends = kind != TENSOR_DEFINITION && kind != TENSOR_RESHAPE;
  uint32_t after = via == TENSOR_NONE ? 0 : sweep->activity.order.count - sweep->position[via];
  return 2 * after + (ends ? 0 : 1);
}

/* Whether it is handed from segment to segment by itself, not by what it is computed from. */
static bool is_apart(const Graph *graph, TensorId x, ExprId value) {
  return tensor_at(graph, x)->kept && expr_at(graph, value)->kind == EXPR_OP;
}

/* What an adjoint has where its index variables are equal, if it is 0 elsewhere. */
static Tensor diagonal_tensor(const Sweep *sweep, TensorId x, const Request *request) {
  Graph *graph = sweep->graph;
  Tensor t = adjoint_tensor(sweep, x);
  const char *name = request == NULL
                         ? arena_printf(graph->arena, "%s_bar", tensor_at(graph, x)->name)
                         : tensor_at(graph, request->result)->name;
  t.name = arena_printf(graph->arena, "%s.diagonal", name);
  t.is_adjoint = true;
  t.sweep = place_in_sweep(sweep, x);
  if (sweep->adjoints[x].names != NULL) t.index_names = sweep->adjoints[x].names;
  return t;
}

static void finish_adjoint(Sweep *sweep, TensorId x) {
  Graph *graph = sweep->graph;
  Adjoint *adjoint = &sweep->adjoints[x];
  const Request *request = request_for(sweep, x);
  ScalarType type = tensor_at(graph, x)->type;
  ExprId terms = adjoint->terms == EXPR_NONE ? expr_number(graph, type, 0) : adjoint->terms;
  terms = diagonal_terms(graph, terms, diagonal_tensor(sweep, x, request), step_axes(sweep, x));
  const Expr *e = expr_at(graph, terms);
  adjoint->value = terms;
  bool is_read_of_part = e->kind == EXPR_READ && tensor_at(graph, e->tensor)->adjoint_of == x &&
                         tensor_at(graph, e->tensor)->adjoint_from == sweep->source;
  bool apart = is_apart(graph, x, terms);
  if (request == NULL && !is_read_of_part && !apart && stays_inline(graph, terms)) return;
  Tensor t = adjoint_tensor(sweep, x);
  t.is_adjoint = true;
  t.body = terms;
  t.sweep = place_in_sweep(sweep, x);
  t.unsolved = adjoint->unsolved;
  if (adjoint->names != NULL) t.index_names = adjoint->names;
  /* a single contribution with a sum of its own is the adjoint */
  bool is_part = is_read_of_part && adjoint->n_terms == 1 &&
                 terms == expr_read_whole(graph, e->tensor) &&
                 tensor_at(graph, e->tensor)->kind == TENSOR_DEFINITION;
  if (is_part) {
    const Tensor part = *tensor_at(graph, e->tensor);
    t.reduction = part.reduction;
    t.n_reduced = part.n_reduced;
    t.reduced_extents = part.reduced_extents;
    t.body = part.body;
    t.index_names = part.index_names;
  }
  if (request != NULL) {
    define_result(graph, request->result, t);
    if (is_read_of_part || !stays_inline(graph, terms))
      adjoint->value = expr_read_whole(graph, request->result);
    return;
  }
  t.named = apart;
  t.name = arena_printf(graph->arena, "%s_bar", tensor_at(graph, x)->name);
  adjoint->value = expr_read_whole(graph, graph_add(graph, t));
}

/* --- recurrences --- */

/* The adjoint of a member as a definition without a body. */
static TensorId reserve_adjoint(Sweep *sweep, TensorId x) {
  Graph *graph = sweep->graph;
  const Request *request = request_for(sweep, x);
  Tensor t = adjoint_tensor(sweep, x);
  t.is_adjoint = true;
  t.name = arena_printf(graph->arena, "%s_bar", tensor_at(graph, x)->name);
  TensorId id = request != NULL ? request->result : graph_add(graph, t);
  if (request != NULL) define_result(graph, id, t);
  sweep->adjoints[x].value = expr_read_whole(graph, id);
  return id;
}

static void finish_reserved(Sweep *sweep, TensorId x, TensorId id) {
  Graph *graph = sweep->graph;
  const Adjoint *adjoint = &sweep->adjoints[x];
  ScalarType type = tensor_at(graph, x)->type;
  ExprId terms = adjoint->terms == EXPR_NONE ? expr_number(graph, type, 0) : adjoint->terms;
  Tensor *t = tensor_at(graph, id);
  t->body = terms;
  t->named = t->named || is_apart(graph, x, terms);
  t->through = passages_text(graph->arena, &adjoint->passages);
  t->sweep = place_in_sweep(sweep, x);
}

/* Items first … first + n - 1 of the order are the members of one recurrence. One that is
   differentiated by is held independent of them: what flows to it goes no further. */
static void propagate_group(Sweep *sweep, uint32_t first, uint32_t n) {
  Graph *graph = sweep->graph;
  const TensorId *members = sweep->activity.order.items + first;
  const bool *active = sweep->activity.active;
  bool reached = false;
  for (uint32_t i = 0; i < n; i++)
    reached = reached || (active[members[i]] && sweep->adjoints[members[i]].terms != EXPR_NONE);
  if (!reached) return;
  TensorId *reserved = ARENA_ARRAY(graph->arena, TensorId, n);
  for (uint32_t i = n; i-- > 0;)
    if (active[members[i]]) reserved[i] = reserve_adjoint(sweep, members[i]);
  for (uint32_t i = n; i-- > 0;)
    if (active[members[i]] && request_for(sweep, members[i]) == NULL)
      propagate_definition(sweep, members[i]);
  for (uint32_t i = n; i-- > 0;)
    if (active[members[i]]) finish_reserved(sweep, members[i], reserved[i]);
}

static void propagate(Sweep *sweep, TensorId id) {
  if (!sweep->activity.active[id] || sweep->adjoints[id].terms == EXPR_NONE) return;
  finish_adjoint(sweep, id);
  TensorKind kind = tensor_at(sweep->graph, id)->kind;
  if (kind == TENSOR_DEFINITION) propagate_definition(sweep, id);
  if (kind == TENSOR_RESHAPE) propagate_reshape(sweep, id);
}

static ExprId seed_value(const Sweep *sweep, TensorId seed) {
  Graph *graph = sweep->graph;
  const Tensor *t = tensor_at(graph, sweep->source);
  ExprId one = expr_number(graph, t->type, 1), zero = expr_number(graph, t->type, 0);
  if (seed != TENSOR_NONE) return expr_read_whole(graph, seed);
  if (sweep->n_seed == 0) return one;
  ExprId same = expr_integer(graph, TYPE_BOOL, 1);
  for (uint32_t i = 0; i < sweep->n_seed; i++)
    same = fold_op2(graph, OP_AND, same,
                    fold_op2(graph, OP_EQ, expr_index(graph, i), expr_index(graph, t->rank + i)));
  return fold_op3(graph, OP_WHERE, same, one, zero);
}

static void move_to_reader(Sweep *sweep, ExprId id, uint32_t position) {
  const Expr *e = expr_at(sweep->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) move_to_reader(sweep, e->args[i], position);
  if (e->kind != EXPR_READ) return;
  const Tensor *t = tensor_at(sweep->graph, e->tensor);
  if (!t->named && t->kind == TENSOR_DEFINITION && t->reduction != REDUCE_NONE)
    sweep->position[e->tensor] = position;
}

/* In the order of evaluation; a reduction that stands in its reader's line has the reader's place.
 */
static void find_positions(Sweep *sweep) {
  TensorList order = sweep->activity.order;
  sweep->position = ARENA_ARRAY(sweep->graph->arena, uint32_t, sweep->graph->n_tensors + 1);
  for (uint32_t i = 0; i < order.count; i++) sweep->position[order.items[i]] = i;
  for (uint32_t i = order.count; i-- > 0;) {
    const Tensor *t = tensor_at(sweep->graph, order.items[i]);
    if (t->kind == TENSOR_DEFINITION)
      move_to_reader(sweep, t->body, sweep->position[order.items[i]]);
  }
}

void reverse_sweep(Rules *rules, Graph *graph, TensorId source, TensorId seed, uint32_t n_seed,
                   const Request *requests, uint32_t n_requests) {
  TensorId *wrt = ARENA_ARRAY(graph->arena, TensorId, n_requests + 1);
  for (uint32_t i = 0; i < n_requests; i++) wrt[i] = requests[i].wrt;
  const Tensor *t = tensor_at(graph, source);
  Sweep sweep = {.rules = rules,
                 .graph = graph,
                 .source = source,
                 .activity = find_activity(graph, source, wrt, n_requests),
                 .adjoints = ARENA_ARRAY(graph->arena, Adjoint, graph->n_tensors + 1),
                 .requests = requests,
                 .n_requests = n_requests,
                 .n_seed = n_seed,
                 .seed_extents = t->extents + t->rank - n_seed};
  for (uint32_t i = 0; i < graph->n_tensors; i++)
    sweep.adjoints[i] = (Adjoint){.terms = EXPR_NONE, .value = EXPR_NONE, .via = TENSOR_NONE};
  sweep.position = ARENA_ARRAY(graph->arena, uint32_t, graph->n_tensors + 1);
  find_positions(&sweep);
  if (sweep.activity.active[source])
    contribute(&sweep, source, seed_value(&sweep, seed), TENSOR_NONE);
  const Group **groups = sweep.activity.groups;
  for (uint32_t i = sweep.activity.order.count; i-- > 0;) {
    if (groups[i] == NULL) {
      propagate(&sweep, sweep.activity.order.items[i]);
      continue;
    }
    while (i > 0 && groups[i - 1] == groups[i]) i--;
    propagate_group(&sweep, i, group_items(&sweep.activity, i));
  }
  for (uint32_t i = 0; i < n_requests; i++)
    if (sweep.adjoints[wrt[i]].terms == EXPR_NONE) finish_adjoint(&sweep, wrt[i]);
}
