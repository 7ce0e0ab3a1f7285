/* Weights in eight bits, for inference. A param of two axes or more becomes integers of -127 to 127
   and a factor for each channel:

       W[j, i] = W.scale[j, 0] · q[j, i],    W.scale[j, 0] = max over i of |W[j, i]| / 127

   and the factor leaves the sum, Σ_i W[j, i] x[i] = W.scale[j, 0] · Σ_i q[j, i] x[i]: it is one
   product an output. The channels are the axes over which no read of W sums; of a table that is
   only looked up, its rows. */
#include "graph/scalar_ops.h"
#include "simplify/algebra.h"
#include "simplify/passes.h"
#include "simplify/simplify.h"

typedef struct Quantise {
  Program *program;
  Graph *graph;
  TensorId *scales; /* per tensor: of a param that is quantised; TENSOR_NONE */
  uint64_t *summed; /* per tensor: axes with a summed index in some read */
  bool *excluded;   /* per tensor: has a default that is not 0, or gets a new value */
  uint32_t n;
} Quantise;

static bool uses_reduced(const Graph *graph, ExprId id, const Tensor *reader) {
  for (uint32_t v = 0; v < reader->n_reduced; v++)
    if (expr_uses_index(graph, id, reader->rank + v)) return true;
  return false;
}

static void look_at_reads(Quantise *q, const Tensor *reader, ExprId id) {
  const Expr *e = expr_at(q->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) look_at_reads(q, reader, e->args[i]);
  if (e->fallback != EXPR_NONE) look_at_reads(q, reader, e->fallback);
  if (e->kind != EXPR_READ) return;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (uses_reduced(q->graph, e->args[i], reader)) q->summed[e->tensor] |= (uint64_t)1 << i;
  if (e->fallback != EXPR_NONE && !expr_is_number(q->graph, e->fallback, 0))
    q->excluded[e->tensor] = true;
}

/* --- starting values --- */

/* The starting value of the param at those places. */
static ExprId initial_at(Quantise *q, const Tensor *param, const ExprId *at) {
  const Tensor *initial = tensor_at(q->graph, param->initial);
  if (initial->kind == TENSOR_DEFINITION && initial->reduction == REDUCE_NONE)
    return expr_substitute(q->graph, initial->body, at, param->rank);
  return expr_read(q->graph, param->initial, at, param->rank, EXPR_NONE);
}

static Tensor definition_of(const Tensor *param, const char *name, const int64_t *extents) {
  Tensor t = tensor_new(TENSOR_DEFINITION, param->type);
  t.name = name;
  t.rank = param->rank;
  t.extents = extents;
  return t;
}

/* max over all that is no channel of |W| */
static TensorId largest_size(Quantise *q, const Tensor *param, const int64_t *channels) {
  Graph *graph = q->graph;
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, param->rank + 1);
  int64_t *reduced = ARENA_ARRAY(graph->arena, int64_t, param->rank + 1);
  Tensor t = definition_of(param, arena_printf(graph->arena, "%s.largest", param->name), channels);
  for (uint32_t i = 0; i < param->rank; i++) {
    bool channel = channels[i] == param->extents[i];
    at[i] = expr_index(graph, channel ? i : param->rank + t.n_reduced);
    if (!channel) reduced[t.n_reduced++] = param->extents[i];
  }
  t.reduced_extents = reduced;
  t.reduction = REDUCE_MAX;
  t.body = expr_op1(graph, OP_ABS, initial_at(q, param, at));
  return graph_add(graph, t);
}

/* Where the scale of an element at those places stands. */
static ExprId scale_at(Quantise *q, TensorId scale, const ExprId *places, ExprId fallback) {
  const Tensor t = *tensor_at(q->graph, scale);
  ExprId *at = ARENA_ARRAY(q->graph->arena, ExprId, t.rank + 1);
  for (uint32_t i = 0; i < t.rank; i++)
    at[i] = t.extents[i] > 1 ? places[i] : expr_integer(q->graph, TYPE_I32, 0);
  return expr_read(q->graph, scale, at, t.rank, fallback);
}

static void set_starting_values(Quantise *q, TensorId id, TensorId scale) {
  Graph *graph = q->graph;
  const Tensor param = *tensor_at(graph, id), t = *tensor_at(graph, scale);
  ExprId one = expr_real(graph, t.type, 1), zero = expr_real(graph, t.type, 0);
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, param.rank + 1);
  for (uint32_t i = 0; i < param.rank; i++) at[i] = expr_index(graph, i);
  ExprId largest = expr_read(graph, largest_size(q, &param, t.extents), at, param.rank, EXPR_NONE);
  Tensor first = definition_of(&param, arena_printf(graph->arena, "%s.initial", t.name), t.extents);
  first.body = expr_op3(graph, OP_WHERE, expr_op2(graph, OP_GT, largest, zero),
                        expr_op2(graph, OP_DIV, largest, expr_real(graph, t.type, 127)), one);
  TensorId initial_scale = graph_add(graph, first);
  tensor_at(graph, scale)->initial = initial_scale;
  Tensor integers =
      definition_of(&param, arena_printf(graph->arena, "%s.integers", param.name), param.extents);
  ExprId quotient =
      expr_op2(graph, OP_DIV, initial_at(q, &param, at), scale_at(q, initial_scale, at, EXPR_NONE));
  integers.body = expr_op1(graph, OP_ROUND, quotient);
  TensorId initial = graph_add(graph, integers);
  tensor_at(graph, id)->initial = initial;
  tensor_at(graph, id)->storage = TYPE_I8;
}

static TensorId add_scale(Quantise *q, TensorId id) {
  Graph *graph = q->graph;
  const Tensor param = *tensor_at(graph, id);
  int64_t *extents = ARENA_ARRAY(graph->arena, int64_t, param.rank + 1);
  bool looked_up = q->summed[id] == 0;
  for (uint32_t i = 0; i < param.rank; i++) {
    bool channel = looked_up ? i == 0 : (q->summed[id] >> i & 1) == 0;
    extents[i] = channel ? param.extents[i] : 1;
  }
  Tensor scale = tensor_new(TENSOR_PARAM, param.type);
  scale.name = arena_printf(graph->arena, "%s.scale", param.name);
  scale.rank = param.rank;
  scale.extents = extents;
  scale.span = param.span;
  return graph_add(graph, scale);
}

static void quantise_params(Quantise *q) {
  Program *program = q->program;
  TensorId *params = ARENA_ARRAY(program->arena, TensorId, 2 * program->n_params + 1);
  uint32_t n = 0;
  for (uint32_t i = 0; i < program->n_params; i++) {
    TensorId id = program->params[i];
    const Tensor *t = tensor_at(q->graph, id);
    params[n++] = id;
    if (t->rank < 2 || !type_is_real(t->type) || t->storage != TYPE_BOOL || q->excluded[id])
      continue;
    q->scales[id] = params[n++] = add_scale(q, id);
    set_starting_values(q, id, q->scales[id]);
  }
  program->params = params;
  program->n_params = n;
}

/* --- reads --- */

static TensorId scale_of(const Quantise *q, const Expr *e) {
  return e->kind == EXPR_READ && e->tensor < q->n ? q->scales[e->tensor] : TENSOR_NONE;
}

static ExprId scale_for(Quantise *q, const Expr *read) {
  ExprId none = read->fallback == EXPR_NONE ? EXPR_NONE : expr_real(q->graph, read->type, 1);
  return scale_at(q, scale_of(q, read), read->args, none);
}

/* Every read of a weight times its scale. */
static ExprId scaled(Quantise *q, ExprId id) {
  const Expr e = *expr_at(q->graph, id);
  ExprId *args = ARENA_ARRAY(q->graph->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = scaled(q, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : scaled(q, e.fallback);
  ExprId same = expr_rebuild(q->graph, id, args, fallback);
  if (scale_of(q, &e) == TENSOR_NONE) return same;
  return expr_op2(q->graph, OP_MUL, scale_for(q, &e), same);
}

/* The scales of a product's factors that are weights, as one factor: EXPR_NONE, there is none. What
   else reads weights gets its scale inside: *body. */
static ExprId scale_outside(Quantise *q, const Tensor *reader, ExprId id, ExprId *body) {
  Graph *graph = q->graph;
  const Expr e = *expr_at(graph, id);
  *body = id;
  if (scale_of(q, &e) != TENSOR_NONE) {
    ExprId scale = scale_for(q, &e);
    if (!uses_reduced(graph, scale, reader)) return scale;
  }
  if (e.kind == EXPR_OP && e.op == OP_MUL) {
    ExprId factors[2], scales[2];
    for (int i = 0; i < 2; i++) scales[i] = scale_outside(q, reader, e.args[i], &factors[i]);
    *body = expr_op2(graph, OP_MUL, factors[0], factors[1]);
    if (scales[0] == EXPR_NONE) return scales[1];
    return scales[1] == EXPR_NONE ? scales[0] : expr_op2(graph, OP_MUL, scales[0], scales[1]);
  }
  *body = scaled(q, id);
  return EXPR_NONE;
}

static void scale_reads(Quantise *q, TensorId id) {
  Graph *graph = q->graph;
  Tensor t = *tensor_at(graph, id);
  ExprId body = t.body, scale = EXPR_NONE;
  if (t.reduction == REDUCE_SUM)
    scale = scale_outside(q, &t, t.body, &body);
  else
    body = scaled(q, t.body);
  tensor_at(graph, id)->body = body;
  if (scale == EXPR_NONE) return;
  t.body = body;
  t.name = arena_printf(graph->arena, "%s.unscaled", t.name);
  t.named = false;
  ExprId sum = expr_read_whole(graph, graph_add(graph, t));
  Tensor *product = tensor_at(graph, id);
  product->reduction = REDUCE_NONE;
  product->n_reduced = 0;
  product->body = expr_op2(graph, OP_MUL, scale, sum);
}

void quantise_weights(Program *program) {
  Graph *graph = program->graph;
  Quantise q = {.program = program, .graph = graph, .n = graph->n_tensors};
  q.scales = ARENA_ARRAY(program->arena, TensorId, q.n + 1);
  q.summed = ARENA_ARRAY(program->arena, uint64_t, q.n + 1);
  q.excluded = ARENA_ARRAY(program->arena, bool, q.n + 1);
  for (uint32_t i = 0; i < q.n; i++) q.scales[i] = TENSOR_NONE;
  TensorList roots = program_roots(program, program->arena);
  TensorList order = graph_order(graph, program->arena, roots.items, roots.count);
  for (uint32_t e = 0; e < program->n_entries; e++)
    for (uint32_t i = 0; i < program->entries[e].n_updates; i++)
      q.excluded[program->entries[e].updates[i].target] = true;
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(graph, order.items[i]);
    if (t->kind == TENSOR_RESHAPE) q.excluded[t->source] = true; /* its axes are others */
    if (t->kind == TENSOR_DEFINITION) look_at_reads(&q, t, t->body);
  }
  for (uint32_t i = 0; i < roots.count; i++) q.excluded[roots.items[i]] = true;
  quantise_params(&q);
  for (uint32_t i = 0; i < order.count; i++)
    if (tensor_at(graph, order.items[i])->kind == TENSOR_DEFINITION)
      scale_reads(&q, order.items[i]);
}
