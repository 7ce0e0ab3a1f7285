/* Hash-consed scalar expressions: equal ones have equal ids. */
#include <string.h>
#include "graph/graph.h"
#include "graph/scalar_ops.h"

static uint64_t mix(uint64_t h, uint64_t value) {
  h = (h ^ value) * 0x9e3779b97f4a7c15u;
  return h ^ (h >> 29);
}

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static uint64_t hash_expr(const Expr *e) {
  uint64_t h = mix(mix(mix(1, (uint64_t)e->kind), (uint64_t)e->type), (uint64_t)e->op);
  h = mix(mix(mix(h, e->tensor), e->fallback), e->index);
  h = mix(mix(h, bits_of(e->real)), (uint64_t)e->integer);
  for (uint32_t i = 0; i < e->n_args; i++) h = mix(h, e->args[i]);
  return h;
}

static bool same_expr(const Expr *a, const Expr *b) {
  return a->kind == b->kind && a->type == b->type && a->op == b->op && a->n_args == b->n_args &&
         a->tensor == b->tensor && a->fallback == b->fallback && a->index == b->index &&
         bits_of(a->real) == bits_of(b->real) && a->integer == b->integer &&
         (a->n_args == 0 || memcmp(a->args, b->args, a->n_args * sizeof *a->args) == 0);
}

static void grow_table(Graph *graph) {
  uint32_t size = graph->expr_table_size == 0 ? 1024 : graph->expr_table_size * 2;
  uint32_t *table = ARENA_ARRAY(graph->arena, uint32_t, size);
  for (ExprId id = 0; id < graph->n_exprs; id++) {
    uint64_t at = hash_expr(&graph->exprs[id]) & (size - 1);
    while (table[at] != 0) at = (at + 1) & (size - 1);
    table[at] = id + 1;
  }
  graph->expr_table = table;
  graph->expr_table_size = size;
}

/* The id of e; its args are copied when it is new. */
static ExprId intern(Graph *graph, Expr e) {
  if ((graph->n_exprs + 1) * 2 > graph->expr_table_size) grow_table(graph);
  uint64_t mask = graph->expr_table_size - 1, at = hash_expr(&e) & mask;
  while (graph->expr_table[at] != 0) {
    ExprId id = graph->expr_table[at] - 1;
    if (same_expr(&graph->exprs[id], &e)) return id;
    at = (at + 1) & mask;
  }
  if (graph->n_exprs == graph->exprs_capacity) {
    size_t capacity = graph->exprs_capacity;
    graph->exprs = arena_grow(graph->arena, graph->exprs, graph->n_exprs, &capacity, sizeof(Expr));
    graph->exprs_capacity = (uint32_t)capacity;
  }
  if (e.n_args > 0) {
    ExprId *args = ARENA_ARRAY(graph->arena, ExprId, e.n_args);
    memcpy(args, e.args, e.n_args * sizeof *args);
    e.args = args;
  }
  ExprId id = graph->n_exprs++;
  graph->exprs[id] = e;
  graph->expr_table[at] = id + 1;
  return id;
}

ExprId expr_import(Graph *graph, Expr e) { return intern(graph, e); }

static Expr blank(ExprKind kind, ScalarType type) {
  return (Expr){
      .kind = kind, .type = type, .op = N_SCALAR_OPS, .tensor = TENSOR_NONE, .fallback = EXPR_NONE};
}

ExprId expr_real(Graph *graph, ScalarType type, double value) {
  Expr e = blank(EXPR_CONST, type);
  e.real = value;
  return intern(graph, e);
}

ExprId expr_integer(Graph *graph, ScalarType type, int64_t value) {
  Expr e = blank(EXPR_CONST, type);
  e.integer = value;
  return intern(graph, e);
}

ExprId expr_number(Graph *graph, ScalarType type, double value) {
  return type_is_real(type) ? expr_real(graph, type, value)
                            : expr_integer(graph, type, (int64_t)value);
}

ExprId expr_index(Graph *graph, uint32_t number) {
  Expr e = blank(EXPR_INDEX, TYPE_I32);
  e.index = number;
  return intern(graph, e);
}

ExprId expr_read(Graph *graph, TensorId tensor, const ExprId *indices, uint32_t n,
                 ExprId fallback) {
  const Tensor *t = tensor_at(graph, tensor);
  if (t->rank != n) bug("graph", "%s has %u axes, read at %u indices", t->name, t->rank, n);
  Expr e = blank(EXPR_READ, t->type);
  e.tensor = tensor;
  e.args = indices;
  e.n_args = n;
  e.fallback = fallback;
  return intern(graph, e);
}

ExprId expr_read_whole(Graph *graph, TensorId tensor) {
  uint32_t rank = tensor_at(graph, tensor)->rank;
  ExprId *at = ARENA_ARRAY(graph->arena, ExprId, rank + 1);
  for (uint32_t i = 0; i < rank; i++) at[i] = expr_index(graph, i);
  return expr_read(graph, tensor, at, rank, EXPR_NONE);
}

static ExprId make_op(Graph *graph, ScalarOp op, ScalarType type, const ExprId *args, uint32_t n) {
  if (scalar_ops[op].arity != n)
    bug("graph", "%s takes %u operands, not %u", scalar_ops[op].name, scalar_ops[op].arity, n);
  Expr e = blank(EXPR_OP, type);
  e.op = op;
  e.args = args;
  e.n_args = n;
  return intern(graph, e);
}

ExprId expr_op(Graph *graph, ScalarOp op, const ExprId *args, uint32_t n) {
  ScalarType type = TYPE_BOOL;
  switch (scalar_ops[op].gives) {
  case GIVES_OPERAND:
    if (n == 0) bug("graph", "%s has no operand", scalar_ops[op].name);
    type = expr_at(graph, args[n - 1])->type;
    break;
  case GIVES_BOOL: type = TYPE_BOOL; break;
  case GIVES_INTEGER: type = TYPE_I32; break;
  case GIVES_GIVEN: bug("graph", "the type of %s must be given", scalar_ops[op].name);
  }
  return make_op(graph, op, type, args, n);
}

ExprId expr_op1(Graph *graph, ScalarOp op, ExprId a) { return expr_op(graph, op, &a, 1); }

ExprId expr_op2(Graph *graph, ScalarOp op, ExprId a, ExprId b) {
  return expr_op(graph, op, (ExprId[]){a, b}, 2);
}

ExprId expr_op3(Graph *graph, ScalarOp op, ExprId a, ExprId b, ExprId c) {
  return expr_op(graph, op, (ExprId[]){a, b, c}, 3);
}

ExprId expr_cast(Graph *graph, ScalarType type, ExprId a) {
  return expr_at(graph, a)->type == type ? a : make_op(graph, OP_CAST, type, &a, 1);
}

ExprId expr_nullary(Graph *graph, ScalarOp op) { return expr_op(graph, op, NULL, 0); }

ExprId expr_random(Graph *graph, ScalarOp op, ScalarType type, ExprId site, ExprId counter) {
  return make_op(graph, op, type, (ExprId[]){site, counter}, 2);
}

bool expr_is_number(const Graph *graph, ExprId id, double value) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_CONST) return false;
  return type_is_real(e->type) ? e->real == value : (double)e->integer == value;
}

/* Subtracts the nodes of the expression from *room, each as often as it is printed. */
static void take_room(const Graph *graph, ExprId id, int *room) {
  if (--*room < 0) return;
  const Expr *e = expr_at(graph, id);
  for (uint32_t i = 0; i < e->n_args && *room >= 0; i++) take_room(graph, e->args[i], room);
  if (e->fallback != EXPR_NONE) take_room(graph, e->fallback, room);
}

bool expr_is_small(const Graph *graph, ExprId id) {
  int room = 1000;
  take_room(graph, id, &room);
  return room >= 0;
}

bool expr_uses_index(const Graph *graph, ExprId id, uint32_t number) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_INDEX) return e->index == number;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (expr_uses_index(graph, e->args[i], number)) return true;
  return e->fallback != EXPR_NONE && expr_uses_index(graph, e->fallback, number);
}

bool expr_reads_data(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ) return true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (expr_reads_data(graph, e->args[i])) return true;
  return false;
}

bool expr_varies_with_data(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ || type_is_real(e->type)) return true;
  if (e->kind == EXPR_OP && e->op == OP_STEP) return true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (expr_varies_with_data(graph, e->args[i])) return true;
  return false;
}

bool expr_reads(const Graph *graph, ExprId id, TensorId tensor) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ && e->tensor == tensor) return true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (expr_reads(graph, e->args[i], tensor)) return true;
  return e->fallback != EXPR_NONE && expr_reads(graph, e->fallback, tensor);
}

bool expr_factors(const Graph *graph, ExprId id, ExprId *factors, uint32_t *n, uint32_t most) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_OP && e->op == OP_MUL)
    return expr_factors(graph, e->args[0], factors, n, most) &&
           expr_factors(graph, e->args[1], factors, n, most);
  if (*n == most) return false;
  factors[(*n)++] = id;
  return true;
}

ExprId expr_product(Graph *graph, const ExprId *factors, uint32_t n) {
  ExprId product = factors[0];
  for (uint32_t i = 1; i < n; i++) product = expr_op2(graph, OP_MUL, product, factors[i]);
  return product;
}

ExprId expr_rebuild(Graph *graph, ExprId id, const ExprId *args, ExprId fallback) {
  const Expr e = *expr_at(graph, id);
  switch (e.kind) {
  case EXPR_CONST:
  case EXPR_INDEX: return id;
  case EXPR_READ: return expr_read(graph, e.tensor, args, e.n_args, fallback);
  case EXPR_OP: return make_op(graph, e.op, e.type, args, e.n_args);
  }
  return id;
}

ExprId expr_substitute(Graph *graph, ExprId id, const ExprId *with, uint32_t n) {
  const Expr e = *expr_at(graph, id);
  if (e.kind == EXPR_CONST) return id;
  if (e.kind == EXPR_INDEX) return e.index < n && with[e.index] != EXPR_NONE ? with[e.index] : id;
  ExprId small[8];
  ExprId *args = e.n_args <= 8 ? small : ARENA_ARRAY(graph->arena, ExprId, e.n_args);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = expr_substitute(graph, e.args[i], with, n);
  ExprId fallback =
      e.fallback == EXPR_NONE ? EXPR_NONE : expr_substitute(graph, e.fallback, with, n);
  return expr_rebuild(graph, id, args, fallback);
}
