#include "simplify/simplify.h"
#include "graph/scalar_ops.h"
#include "simplify/affine.h"
#include "simplify/algebra.h"
#include "simplify/passes.h"
#include "simplify/sum.h"

static void count_reads(Live *live, ExprId id, uint32_t *seen, uint32_t mark) {
  const Expr *e = expr_at(live->program->graph, id);
  if (seen[id] == mark) return;
  seen[id] = mark;
  for (uint32_t i = 0; i < e->n_args; i++) count_reads(live, e->args[i], seen, mark);
  if (e->fallback != EXPR_NONE) count_reads(live, e->fallback, seen, mark);
  if (e->kind == EXPR_READ) live->readers[e->tensor]++;
}

Live find_live(Program *program) {
  Graph *graph = program->graph;
  Arena *arena = program->arena;
  TensorList roots = program_roots(program, arena);
  Live live = {.program = program,
               .order = graph_order(graph, arena, roots.items, roots.count),
               .is_root = ARENA_ARRAY(arena, bool, graph->n_tensors + 1),
               .readers = ARENA_ARRAY(arena, uint32_t, graph->n_tensors + 1)};
  for (uint32_t i = 0; i < roots.count; i++) live.is_root[roots.items[i]] = true;
  uint32_t *seen = ARENA_ARRAY(arena, uint32_t, graph->n_exprs + 1);
  for (uint32_t i = 0; i < live.order.count; i++) {
    const Tensor *t = tensor_at(graph, live.order.items[i]);
    if (t->kind == TENSOR_DEFINITION) count_reads(&live, t->body, seen, i + 1);
    if (t->source != TENSOR_NONE) live.readers[t->source]++;
  }
  return live;
}

static Ranges ranges_of(Graph *graph, TensorId id) {
  const Tensor *t = tensor_at(graph, id);
  return (Ranges){tensor_index_extents(t, graph->arena), t->rank + t->n_reduced};
}

bool fold_reduction(Graph *graph, TensorId id) {
  Tensor *t = tensor_at(graph, id);
  ExprId body = t->body;
  if (t->reduction == REDUCE_NONE || expr_at(graph, body)->kind != EXPR_CONST) return false;
  switch (t->reduction) {
  case REDUCE_NONE: return false;
  case REDUCE_SUM:
    if (!expr_is_number(graph, body, 0)) return false;
    body = expr_number(graph, t->type, 0);
    break;
  case REDUCE_PROD:
    if (!expr_is_number(graph, body, 1)) return false;
    break;
  case REDUCE_ARGMAX:
  case REDUCE_ARGMIN: body = expr_integer(graph, t->type, 0); break;
  case REDUCE_MAX:
  case REDUCE_MIN:
  case REDUCE_ANY:
  case REDUCE_ALL: break;
  }
  t = tensor_at(graph, id);
  t->body = body;
  t->reduction = REDUCE_NONE;
  t->n_reduced = 0;
  return true;
}

bool fold_definitions(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  bool changed = false;
  for (uint32_t i = 0; i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    if (tensor_at(graph, id)->kind != TENSOR_DEFINITION) continue;
    ExprId body = tensor_at(graph, id)->body;
    ExprId folded = normalize_indices(graph, body, ranges_of(graph, id));
    tensor_at(graph, id)->body = folded;
    changed |= folded != body;
    changed |= fold_reduction(graph, id);
  }
  return changed;
}

/* A summed definition through sum.c. Only where something was eliminated does it change. */
static bool eliminate_in(Graph *graph, TensorId id) {
  const Tensor t = *tensor_at(graph, id);
  uint32_t n = t.rank + t.n_reduced;
  Sum sum = sum_new(graph, tensor_index_extents(&t, graph->arena), n, t.rank);
  for (uint32_t v = 0; v < n && t.index_names != NULL; v++) sum.names.items[v] = t.index_names[v];
  sum.body = t.body;
  sum_eliminate(&sum, t.derived);
  uint32_t gone = 0;
  for (uint32_t v = t.rank; v < n; v++) gone += sum.gone.items[v];
  if (gone == 0) return false;
  uint32_t n_reduced;
  const int64_t *reduced_extents;
  ExprId body = sum_result(&sum, &n_reduced, &reduced_extents);
  Tensor *place = tensor_at(graph, id);
  if (body == t.body && n_reduced == t.n_reduced) return false;
  place->body = body;
  place->n_reduced = n_reduced;
  place->reduced_extents = reduced_extents;
  place->reduction = n_reduced == 0 ? REDUCE_NONE : REDUCE_SUM;
  place->index_names = sum_names(&sum);
  return true;
}

bool eliminate_brackets(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  bool changed = false;
  for (uint32_t i = 0; i < live.order.count; i++) {
    const Tensor *t = tensor_at(graph, live.order.items[i]);
    if (t->kind == TENSOR_DEFINITION && t->reduction == REDUCE_SUM)
      changed |= eliminate_in(graph, live.order.items[i]);
  }
  return changed;
}

ExprId replace_tensors(Graph *graph, ExprId id, const TensorId *with) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = replace_tensors(graph, e.args[i], with);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : replace_tensors(graph, e.fallback, with);
  if (e.kind == EXPR_READ && with[e.tensor] != e.tensor)
    return expr_read(graph, with[e.tensor], args, e.n_args, fallback);
  return expr_rebuild(graph, id, args, fallback);
}

static ExprId without_stops(Graph *graph, ExprId id) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  if (e.kind == EXPR_OP && e.op == OP_STOP_GRADIENT) return without_stops(graph, e.args[0]);
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = without_stops(graph, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : without_stops(graph, e.fallback);
  return expr_rebuild(graph, id, args, fallback);
}

/* All derivatives are taken: stop_gradient(x) is x. */
static void drop_stops(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  for (uint32_t i = 0; i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    if (tensor_at(graph, id)->kind != TENSOR_DEFINITION) continue;
    ExprId body = without_stops(graph, tensor_at(graph, id)->body);
    tensor_at(graph, id)->body = body;
  }
}

typedef struct Pass {
  const char *name, *does;
  bool (*run)(Program *program);
} Pass;

static const Pass passes[] = {
    {"fold_definitions", "numbers are computed, indices brought to normal form", fold_definitions},
    {"read_diagonals", "Jacobians are read where they are not known to be 0", read_diagonals},
    {"eliminate_brackets", "sums lose the indices that a condition decides", eliminate_brackets},
    {"drop_deviations", "what deviates from a mean sums to 0", drop_deviations},
    {"drop_copies", "what has two names keeps one", drop_copies},
    {"settle_outputs", "reductions lose the axes that they do not depend on", settle_outputs},
    {"narrow_outputs", "sums are taken only where they are not 0", narrow_outputs},
    {"inline_helpers", "what nobody named moves into its only reader", inline_helpers},
    {"move_lookups", "what is looked up is summed once for each row of the table", move_lookups},
    {"widen_values_of_step", "what depends on the step alone is computed in f64",
     widen_values_of_step},
    {"read_quotients", "x / y is read where it is a definition", read_quotients},
    {"merge_equal", "equal definitions become one", merge_equal},
    {"share_dear", "dear expressions that stand in several become a definition", share_dear},
    {"read_values", "a dear function of an element is read where a definition has it", read_values},
};

enum {
  N_PASSES = sizeof passes / sizeof *passes,
  MAX_ROUNDS = 16 /* a safeguard: three are the most that was seen */
};

/* In turn, until none of them in a row has changed anything. */
void simplify_watched(Program *program, const PassWatch *watch) {
  int unchanged = 0;
  drop_stops(program);
  if (watch != NULL)
    watch->changed(watch->context, program, "drop_stops", "all derivatives are taken");
  for (int i = 0; unchanged < N_PASSES && i < MAX_ROUNDS * N_PASSES; i++) {
    const Pass *pass = &passes[i % N_PASSES];
    bool changed = pass->run(program);
    unchanged = changed ? 0 : unchanged + 1;
    if (changed && watch != NULL) watch->changed(watch->context, program, pass->name, pass->does);
  }
}

void simplify(Program *program) { simplify_watched(program, NULL); }
