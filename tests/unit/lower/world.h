/* Programs made by hand, lowered and verified, for tests of what becomes of them. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "lower/lower.h"

typedef struct World {
  Arena *arena;
  Graph *g;
  Program program;
  Entry entry;
  Output outputs[4];
  Update updates[4];
  TensorId inputs[4], params[4];
  ExprId i0, i1, i2;
} World;

static inline int setup(void **state) {
  Arena *arena = arena_new();
  World *w = ARENA_NEW(arena, World);
  w->arena = arena;
  w->g = graph_new(arena);
  w->entry = (Entry){.kind = ENTRY_EXPORT, .name = "out"};
  w->i0 = expr_index(w->g, 0);
  w->i1 = expr_index(w->g, 1);
  w->i2 = expr_index(w->g, 2);
  *state = w;
  return 0;
}

static inline int teardown(void **state) {
  arena_free(((World *)*state)->arena);
  return 0;
}

static inline const int64_t *shape(World *w, int64_t a, int64_t b) {
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, 2);
  extents[0] = a;
  extents[1] = b;
  return extents;
}

/* rank 0, 1 or 2: an extent of 0 is none */
static inline Tensor shaped(World *w, TensorKind kind, ScalarType type, const char *name, int64_t a,
                            int64_t b) {
  Tensor t = tensor_new(kind, type);
  t.name = name;
  t.rank = a == 0 ? 0 : (b == 0 ? 1 : 2);
  t.extents = shape(w, a, b);
  return t;
}

static inline TensorId input(World *w, const char *name, ScalarType type, int64_t a, int64_t b) {
  TensorId id = graph_add(w->g, shaped(w, TENSOR_INPUT, type, name, a, b));
  w->inputs[w->entry.n_inputs++] = id;
  return id;
}

/* name[a, b] = reduction over one index of extent `reduced` of body */
static inline TensorId define(World *w, const char *name, int64_t a, int64_t b, Reduction reduction,
                              int64_t reduced, ExprId body) {
  Tensor t = shaped(w, TENSOR_DEFINITION, expr_at(w->g, body)->type, name, a, b);
  t.reduction = reduction;
  t.n_reduced = reduction == REDUCE_NONE ? 0 : 1;
  t.reduced_extents = shape(w, reduced, 0);
  t.body = body;
  return graph_add(w->g, t);
}

static inline ExprId real(World *w, double value) { return expr_real(w->g, TYPE_F32, value); }

static inline TensorId param(World *w, const char *name, int64_t a, int64_t b) {
  Tensor t = shaped(w, TENSOR_PARAM, TYPE_F32, name, a, b);
  t.initial = define(w, NULL, a, b, REDUCE_NONE, 0, real(w, 0));
  TensorId id = graph_add(w->g, t);
  w->params[w->program.n_params++] = id;
  return id;
}

static inline void output(World *w, const char *name, TensorId tensor) {
  w->outputs[w->entry.n_outputs++] = (Output){name, tensor};
}

static inline void update(World *w, TensorId target, TensorId value) {
  w->updates[w->entry.n_updates++] = (Update){.target = target, .value = value};
}

static inline ExprId read0(World *w, TensorId t) { return expr_read(w->g, t, NULL, 0, EXPR_NONE); }
static inline ExprId read1(World *w, TensorId t, ExprId a) {
  return expr_read(w->g, t, &a, 1, EXPR_NONE);
}
static inline ExprId read2(World *w, TensorId t, ExprId a, ExprId b) {
  return expr_read(w->g, t, (ExprId[]){a, b}, 2, EXPR_NONE);
}
static inline ExprId op(World *w, ScalarOp o, ExprId a, ExprId b) {
  return expr_op2(w->g, o, a, b);
}

/* Lowered, and verified. */
static inline const Plan *plan_for(World *w, const char *target) {
  Program *p = &w->program;
  w->entry.inputs = w->inputs;
  w->entry.outputs = w->outputs;
  w->entry.updates = w->updates;
  p->arena = w->arena;
  p->graph = w->g;
  p->name = "test";
  p->real = TYPE_F32;
  p->inputs = w->inputs;
  p->n_inputs = w->entry.n_inputs;
  p->params = w->params;
  p->entries = &w->entry;
  p->n_entries = 1;
  verify_derived(p, "test");
  const Plan *result = lower(w->arena, p, target_named(w->arena, target), NULL);
  verify_plan(result, "test");
  return result;
}

/* For 16 lanes of f32. */
static inline const Plan *plan(World *w) { return plan_for(w, "x86-64-v4"); }

static inline const Kernel *call(const Plan *p, uint32_t i) {
  assert_true(i < p->entries[0].n_calls);
  return &p->kernels[p->entries[0].calls[i].kernel];
}

static inline const Buffer *buffer_named(const Plan *p, const char *name) {
  for (BufferId i = 0; i < p->n_buffers; i++)
    if (strcmp(p->buffers[i].name, name) == 0 && p->buffers[i].kind == BUFFER_WORKSPACE)
      return &p->buffers[i];
  return NULL;
}

static inline const Buffer *stored_param(const Plan *p, const char *name) {
  for (BufferId i = 0; i < p->n_buffers; i++)
    if (strcmp(p->buffers[i].name, name) == 0 && p->buffers[i].kind == BUFFER_PARAM)
      return &p->buffers[i];
  return NULL;
}

static inline bool has_accumulators(const Kernel *k) {
  for (uint32_t i = 0; i < k->n_locals; i++)
    if (k->locals[i].dimensions == 2 && k->locals[i].type.lanes > 1) return true;
  return false;
}

/* How many innermost statements a run of the block makes. */
static inline int64_t statements_run(StatementList block) {
  int64_t count = 0;
  for (uint32_t i = 0; i < block.n; i++) {
    const Statement *s = &block.items[i];
    int64_t turns = s->kind == STATEMENT_LOOP ? (s->to - s->from) / s->step : 1;
    count += s->kind == STATEMENT_LOOP || s->kind == STATEMENT_IF
                 ? turns * statements_run(s->body) + statements_run(s->other)
                 : 1;
  }
  return count;
}

/* max(x Wᵀ + b, 0) */
static inline TensorId dense(World *w, TensorId x, int64_t n, int64_t units, int64_t width,
                             TensorId W, TensorId b) {
  ExprId product = op(w, OP_MUL, read2(w, W, w->i1, w->i2), read2(w, x, w->i0, w->i2));
  TensorId s = define(w, "s", n, units, REDUCE_SUM, width, product);
  TensorId z = define(w, "z", n, units, REDUCE_NONE, 0,
                      op(w, OP_ADD, read2(w, s, w->i0, w->i1), read1(w, b, w->i1)));
  return define(w, "h", n, units, REDUCE_NONE, 0,
                op(w, OP_MAX, read2(w, z, w->i0, w->i1), real(w, 0)));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
