/* Gradients that turn out to be 0 everywhere, by what 0 makes of sums and products. Of a definition
   only the places that are read count: of x̄[i] = where(i < 3, …, 0) that is the whole of
   x̄[i + 3]. */
#include "simplify/affine.h"
#include "simplify/simplify.h"

typedef enum Flatness { FLAT_UNKNOWN, FLAT_YES, FLAT_NO } Flatness;

typedef struct Flat {
  const Program *program;
  uint32_t depth;    /* of definitions that are looked into at the places read */
  Flatness *tensors; /* one that is looked at stands as FLAT_NO: a circle proves nothing */
} Flat;

static bool tensor_is_zero(Flat *f, TensorId id);

/* In the training step, where gradients are used. */
static bool holds_in_step(const Graph *g, ExprId condition, bool *value) {
  const Expr *e = expr_at(g, condition);
  if (e->kind == EXPR_OP && e->op == OP_NOT && holds_in_step(g, e->args[0], value)) {
    *value = !*value;
    return true;
  }
  *value = e->kind == EXPR_CONST ? e->integer != 0 : true;
  return e->kind == EXPR_CONST || (e->kind == EXPR_OP && e->op == OP_TRAINING);
}

static bool expr_is_zero(Flat *f, ExprId id, Ranges ranges);

static bool is_sum(const Tensor *t) {
  bool sum = t->reduction == REDUCE_NONE || t->reduction == REDUCE_SUM;
  return t->kind == TENSOR_DEFINITION && sum;
}

/* The body at the places that are read, what it sums over behind the reader's own indices. */
static bool body_is_zero(Flat *f, const Tensor *t, const Expr *read, Ranges ranges) {
  Graph *g = f->program->graph;
  uint32_t n = ranges.n + t->n_reduced;
  int64_t *extents = ARENA_ARRAY(g->arena, int64_t, n + 1);
  ExprId *with = ARENA_ARRAY(g->arena, ExprId, t->rank + t->n_reduced + 1);
  for (uint32_t v = 0; v < ranges.n; v++) extents[v] = ranges.extents[v];
  for (uint32_t k = 0; k < t->rank; k++) with[k] = read->args[k];
  for (uint32_t k = 0; k < t->n_reduced; k++) {
    extents[ranges.n + k] = t->reduced_extents[k];
    with[t->rank + k] = expr_index(g, ranges.n + k);
  }
  ranges = (Ranges){extents, n};
  ExprId there = expr_substitute(g, t->body, with, t->rank + t->n_reduced);
  return expr_is_zero(f, normalize_indices(g, there, ranges), ranges);
}

static bool read_is_zero(Flat *f, const Expr *e, Ranges ranges) {
  enum { MAX_DEPTH = 4 };
  const Graph *g = f->program->graph;
  if (e->fallback != EXPR_NONE && !expr_is_zero(f, e->fallback, ranges)) return false;
  if (tensor_is_zero(f, e->tensor)) return true;
  const Tensor t = *tensor_at(g, e->tensor);
  if (!is_sum(&t) || f->depth == MAX_DEPTH || !expr_is_small(g, t.body)) return false;
  f->depth++;
  bool zero = body_is_zero(f, &t, e, ranges);
  f->depth--;
  return zero;
}

static bool expr_is_zero(Flat *f, ExprId id, Ranges ranges) {
  const Graph *g = f->program->graph;
  const Expr copy = *expr_at(g, id), *e = &copy;
  if (e->kind == EXPR_CONST) return expr_is_number(g, id, 0);
  if (e->kind == EXPR_READ) return read_is_zero(f, e, ranges);
  if (e->kind != EXPR_OP) return false;
  bool holds;
  switch (e->op) {
  case OP_MUL: return expr_is_zero(f, e->args[0], ranges) || expr_is_zero(f, e->args[1], ranges);
  case OP_ADD:
  case OP_SUB: return expr_is_zero(f, e->args[0], ranges) && expr_is_zero(f, e->args[1], ranges);
  case OP_DIV:
  case OP_NEG:
  case OP_CAST: return expr_is_zero(f, e->args[0], ranges);
  case OP_WHERE:
    if (holds_in_step(g, e->args[0], &holds))
      return expr_is_zero(f, e->args[holds ? 1 : 2], ranges);
    return expr_is_zero(f, e->args[1], ranges) && expr_is_zero(f, e->args[2], ranges);
  default: return false;
  }
}

static bool tensor_is_zero(Flat *f, TensorId id) {
  Graph *g = f->program->graph;
  const Tensor t = *tensor_at(g, id);
  if (f->tensors[id] != FLAT_UNKNOWN) return f->tensors[id] == FLAT_YES;
  f->tensors[id] = FLAT_NO;
  bool zero = false;
  if (t.kind == TENSOR_RESHAPE) zero = tensor_is_zero(f, t.source);
  if (is_sum(&t))
    zero =
        expr_is_zero(f, t.body, (Ranges){tensor_index_extents(&t, g->arena), t.rank + t.n_reduced});
  f->tensors[id] = zero ? FLAT_YES : FLAT_NO;
  return zero;
}

bool find_flat(Program *program, Map *flat) {
  const Graph *graph = program->graph;
  Flat f = {.program = program,
            .tensors = ARENA_ARRAY(program->arena, Flatness, graph->n_tensors + 1)};
  bool found = false;
  for (uint32_t i = 0; i < program->n_gradients; i++) {
    if (!tensor_is_zero(&f, program->gradients[i].gradient)) continue;
    const char *name = tensor_at(graph, program->gradients[i].param)->name;
    map_set(flat, name, (void *)name);
    found = true;
  }
  return found;
}
