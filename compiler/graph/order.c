/* The order of evaluation: strongly connected components by Tarjan's algorithm (1972), each after
   those that it reads. A component of more than one definition, or of one that reads itself, is a
   recurrence. */
#include "graph/group.h"

typedef struct Walk {
  const Graph *graph;
  Arena *arena;
  uint32_t *number, *low; /* per tensor; number 0: not met */
  bool *open;             /* per tensor: on the stack */
  bool *reads_itself;     /* per tensor */
  uint32_t last;
  uint32_t *seen_expr; /* per expression: 1 + the tensor whose body it was last met in */
  TensorId *stack;
  uint32_t depth;
  EvaluationOrder out;
  GroupFailure failure;
  bool failed;
} Walk;

static void visit_tensor(Walk *walk, TensorId id);

static void lower(Walk *walk, TensorId reader, uint32_t number) {
  if (number < walk->low[reader]) walk->low[reader] = number;
}

static void visit_read(Walk *walk, TensorId reader, TensorId read) {
  if (reader == read) walk->reads_itself[reader] = true;
  if (walk->number[read] == 0) {
    visit_tensor(walk, read);
    lower(walk, reader, walk->low[read]);
  } else if (walk->open[read]) {
    lower(walk, reader, walk->number[read]);
  }
}

static void visit_expr(Walk *walk, ExprId id, TensorId owner) {
  if (walk->seen_expr[id] == owner + 1) return;
  walk->seen_expr[id] = owner + 1;
  const Expr *expr = expr_at(walk->graph, id);
  for (uint32_t i = 0; i < expr->n_args; i++) visit_expr(walk, expr->args[i], owner);
  if (expr->kind != EXPR_READ) return;
  if (expr->fallback != EXPR_NONE) visit_expr(walk, expr->fallback, owner);
  visit_read(walk, owner, expr->tensor);
}

static void add(Walk *walk, TensorId id, const Group *group) {
  walk->out.groups[walk->out.list.count] = group;
  walk->out.list.items[walk->out.list.count++] = id;
}

static void add_group(Walk *walk, const Group *inner, const Group *group) {
  for (uint32_t i = 0; i < inner->n_items; i++)
    if (inner->items[i].inner != NULL)
      add_group(walk, inner->items[i].inner, group);
    else
      add(walk, inner->items[i].member, group);
}

static void close_component(Walk *walk, TensorId id) {
  uint32_t end = walk->depth, n;
  while (walk->stack[--walk->depth] != id) walk->open[walk->stack[walk->depth]] = false;
  walk->open[id] = false;
  n = end - walk->depth;
  if (n == 1 && !walk->reads_itself[id]) {
    add(walk, id, NULL);
    return;
  }
  TensorId *members = ARENA_ARRAY(walk->arena, TensorId, n);
  for (uint32_t i = 0; i < n; i++) members[i] = walk->stack[walk->depth + i];
  const Group *group = group_analyse(walk->graph, walk->arena, members, NULL, n, &walk->failure);
  if (group == NULL)
    walk->failed = true;
  else
    add_group(walk, group, group);
}

static void visit_tensor(Walk *walk, TensorId id) {
  if (walk->failed) return;
  const Tensor *tensor = tensor_at(walk->graph, id);
  walk->number[id] = walk->low[id] = ++walk->last;
  walk->stack[walk->depth++] = id;
  walk->open[id] = true;
  switch (tensor->kind) {
  case TENSOR_INPUT:
  case TENSOR_PARAM:
  case TENSOR_STATE:
  case TENSOR_STAND_IN: break;
  case TENSOR_DEFINITION:
    if (tensor->body == EXPR_NONE) bug("graph_order", "%s has no body", tensor->name);
    visit_expr(walk, tensor->body, id);
    for (uint32_t i = 0; tensor->rule != NULL && i < tensor->rule->n; i++)
      visit_expr(walk, tensor->rule->touched[i], id);
    break;
  case TENSOR_RESHAPE: visit_read(walk, id, tensor->source); break;
  case TENSOR_DERIVATIVE:
    visit_read(walk, id, tensor->source);
    visit_read(walk, id, tensor->wrt);
    if (tensor->seed != TENSOR_NONE) visit_read(walk, id, tensor->seed);
    break;
  }
  if (walk->low[id] == walk->number[id] && !walk->failed) close_component(walk, id);
}

static Walk walk_from(const Graph *graph, Arena *arena, const TensorId *roots, uint32_t n_roots) {
  uint32_t n = graph->n_tensors + 1;
  Walk walk = {.graph = graph,
               .arena = arena,
               .number = ARENA_ARRAY(arena, uint32_t, n),
               .low = ARENA_ARRAY(arena, uint32_t, n),
               .open = ARENA_ARRAY(arena, bool, n),
               .reads_itself = ARENA_ARRAY(arena, bool, n),
               .seen_expr = ARENA_ARRAY(arena, uint32_t, graph->n_exprs + 1),
               .stack = ARENA_ARRAY(arena, TensorId, n),
               .out = {.list.items = ARENA_ARRAY(arena, TensorId, n),
                       .groups = ARENA_ARRAY(arena, const Group *, n)}};
  for (uint32_t i = 0; i < n_roots; i++)
    if (walk.number[roots[i]] == 0) visit_tensor(&walk, roots[i]);
  return walk;
}

/* Whether an expression of at most `budget` nodes reads nothing. */
static bool reads_nothing(const Graph *graph, ExprId id, int *budget) {
  const Expr *expr = expr_at(graph, id);
  if (expr->kind == EXPR_READ || --*budget < 0) return false;
  for (uint32_t i = 0; i < expr->n_args; i++)
    if (!reads_nothing(graph, expr->args[i], budget)) return false;
  return true;
}

/* A definition that plainly depends on no other, as most starting values do not: there are many of
   them, and a walk takes memory for each tensor and expression of the graph. */
static bool stands_alone(const Graph *graph, TensorId id) {
  const Tensor *tensor = tensor_at(graph, id);
  int budget = 64;
  return tensor->kind == TENSOR_DEFINITION && tensor->body != EXPR_NONE && tensor->rule == NULL &&
         reads_nothing(graph, tensor->body, &budget);
}

EvaluationOrder evaluation_order(const Graph *graph, Arena *arena, const TensorId *roots,
                                 uint32_t n_roots) {
  if (n_roots == 1 && stands_alone(graph, roots[0])) {
    EvaluationOrder alone = {.groups = ARENA_ARRAY(arena, const Group *, 1)};
    alone.list.items = ARENA_ARRAY(arena, TensorId, 1);
    alone.list.items[alone.list.count++] = roots[0];
    return alone;
  }
  Walk walk = walk_from(graph, arena, roots, n_roots);
  if (walk.failed && walk.failure.reader != TENSOR_NONE)
    bug("graph_order", "%s and %s read each other and do not step along an axis",
        tensor_at(graph, walk.failure.reader)->name, tensor_at(graph, walk.failure.read)->name);
  if (walk.failed) bug("graph_order", "definitions read each other and have no axis");
  return walk.out;
}

TensorList graph_order(const Graph *graph, Arena *arena, const TensorId *roots, uint32_t n_roots) {
  return evaluation_order(graph, arena, roots, n_roots).list;
}

bool recurrences_are_causal(const Graph *graph, Arena *arena, const TensorId *roots,
                            uint32_t n_roots, GroupFailure *failure) {
  Walk walk = walk_from(graph, arena, roots, n_roots);
  *failure = walk.failure;
  return !walk.failed;
}
