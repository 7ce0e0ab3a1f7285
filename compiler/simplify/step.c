/* Values of the step alone: what depends on nothing but constants and the step is computed in f64
   and then rounded. In f32, 1 - 0.999^step would keep five digits at the first steps: 0.999 is not
   an f32, and little is left of it. The operations are a few a step. */
#include "graph/scalar_ops.h"
#include "simplify/passes.h"

/* Whether the expression is of constants and the step; *has_step is set when the step is there. */
static bool is_of_step(const Graph *graph, ExprId id, bool *has_step) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_CONST) return true;
  if (e->kind != EXPR_OP || e->op == OP_RANDOM_UNIFORM || e->op == OP_RANDOM_NORMAL) return false;
  if (e->op == OP_STEP) *has_step = true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!is_of_step(graph, e->args[i], has_step)) return false;
  return e->n_args > 0 || e->op == OP_STEP;
}

/* The same in f64 wherever it was in f32. */
static ExprId widen(Graph *graph, ExprId id) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST) return e.type == TYPE_F32 ? expr_real(graph, TYPE_F64, e.real) : id;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = widen(graph, e.args[i]);
  if (e.op == OP_CAST) return expr_cast(graph, e.type == TYPE_F32 ? TYPE_F64 : e.type, args[0]);
  return e.n_args == 0 ? id : expr_op(graph, e.op, args, e.n_args);
}

static ExprId widen_steps(Graph *graph, ExprId id) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST || e.kind == EXPR_INDEX) return id;
  bool has_step = false;
  if (e.kind == EXPR_OP && e.type == TYPE_F32 && e.op != OP_CAST &&
      is_of_step(graph, id, &has_step))
    return has_step ? expr_cast(graph, TYPE_F32, widen(graph, id)) : id;
  ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = widen_steps(graph, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : widen_steps(graph, e.fallback);
  return expr_rebuild(graph, id, args, fallback);
}

bool widen_values_of_step(Program *program) {
  Graph *graph = program->graph;
  Live live = find_live(program);
  bool changed = false;
  for (uint32_t i = 0; i < live.order.count; i++) {
    TensorId id = live.order.items[i];
    if (tensor_at(graph, id)->kind != TENSOR_DEFINITION) continue;
    ExprId body = tensor_at(graph, id)->body;
    ExprId wide = widen_steps(graph, body);
    tensor_at(graph, id)->body = wide;
    changed |= wide != body;
  }
  return changed;
}
