/* Programs put together as graphs, for the tests of emit/. */
#pragma once
#include "graph/graph.h"

enum { MAX_ENTRIES = 4, MAX_TENSORS = 64 };

typedef struct G {
  Arena *arena;
  Graph *graph;
  Program *program;
} G;

static inline G program_begin(Arena *arena, const char *name) {
  Program *p = ARENA_NEW(arena, Program);
  *p = (Program){.arena = arena,
                 .graph = graph_new(arena),
                 .name = name,
                 .path = arena_printf(arena, "%s.dag", name),
                 .real = TYPE_F32};
  p->inputs = ARENA_ARRAY(arena, TensorId, MAX_TENSORS);
  p->params = ARENA_ARRAY(arena, TensorId, MAX_TENSORS);
  p->states = ARENA_ARRAY(arena, TensorId, MAX_TENSORS);
  p->entries = ARENA_ARRAY(arena, Entry, MAX_ENTRIES);
  return (G){arena, p->graph, p};
}

static inline Program *program_end(G *g) { return g->program; }

static inline const int64_t *sizes(G *g, uint32_t n, const int64_t *extents) {
  int64_t *copy = ARENA_ARRAY(g->arena, int64_t, n + 1);
  for (uint32_t i = 0; i < n; i++) copy[i] = extents[i];
  return copy;
}

static inline TensorId add_tensor(G *g, TensorKind kind, ScalarType type, const char *name,
                                  uint32_t rank, const int64_t *extents) {
  Tensor t = tensor_new(kind, type);
  t.name = name;
  t.rank = rank;
  t.extents = sizes(g, rank, extents);
  return graph_add(g->graph, t);
}

static inline TensorId input(G *g, const char *name, ScalarType type, uint32_t rank,
                             const int64_t *extents) {
  TensorId id = add_tensor(g, TENSOR_INPUT, type, name, rank, extents);
  g->program->inputs[g->program->n_inputs++] = id;
  return id;
}

/* The kept indices come first, then the reduced ones. */
static inline TensorId reduce(G *g, const char *name, ScalarType type, uint32_t rank,
                              const int64_t *extents, Reduction reduction, uint32_t n_reduced,
                              const int64_t *reduced, ExprId body) {
  TensorId id = add_tensor(g, TENSOR_DEFINITION, type, name, rank, extents);
  Tensor *t = tensor_at(g->graph, id);
  t->reduction = reduction;
  t->n_reduced = n_reduced;
  t->reduced_extents = sizes(g, n_reduced, reduced);
  t->body = body;
  t->named = true;
  return id;
}

static inline TensorId define(G *g, const char *name, ScalarType type, uint32_t rank,
                              const int64_t *extents, ExprId body) {
  return reduce(g, name, type, rank, extents, REDUCE_NONE, 0, NULL, body);
}

static inline TensorId variable_of(G *g, TensorKind kind, const char *name, TensorId initial) {
  Program *p = g->program;
  Tensor start = *tensor_at(g->graph, initial);
  TensorId id = add_tensor(g, kind, start.type, name, start.rank, start.extents);
  tensor_at(g->graph, id)->initial = initial;
  if (kind == TENSOR_PARAM)
    p->params[p->n_params++] = id;
  else
    p->states[p->n_states++] = id;
  return id;
}

static inline ExprId read1(G *g, TensorId t, ExprId i) {
  return expr_read(g->graph, t, &i, 1, EXPR_NONE);
}

static inline ExprId read2(G *g, TensorId t, ExprId i, ExprId j) {
  return expr_read(g->graph, t, (ExprId[]){i, j}, 2, EXPR_NONE);
}

static inline Entry *add_entry(G *g, EntryKind kind, const char *name, uint32_t n_inputs,
                               const TensorId *inputs, uint32_t n_outputs,
                               const TensorId *outputs) {
  Entry *entry = &g->program->entries[g->program->n_entries++];
  *entry = (Entry){.kind = kind, .name = name, .n_inputs = n_inputs, .n_outputs = n_outputs};
  entry->inputs = ARENA_ARRAY(g->arena, TensorId, n_inputs + 1);
  entry->outputs = ARENA_ARRAY(g->arena, Output, n_outputs + 1);
  for (uint32_t i = 0; i < n_inputs; i++) entry->inputs[i] = inputs[i];
  for (uint32_t i = 0; i < n_outputs; i++)
    entry->outputs[i] = (Output){tensor_at(g->graph, outputs[i])->name, outputs[i]};
  return entry;
}

static inline void export(G *g, const char *name, uint32_t n_inputs, const TensorId *inputs,
                          uint32_t n_outputs, const TensorId *outputs) {
  add_entry(g, ENTRY_EXPORT, name, n_inputs, inputs, n_outputs, outputs);
}

/* The training step and its evaluation, over all inputs. */
static inline void train(G *g, TensorId loss, uint32_t n_updates, const Update *updates) {
  Program *p = g->program;
  Entry *step = add_entry(g, ENTRY_STEP, "step", p->n_inputs, p->inputs, 1, &loss);
  step->training = true;
  step->updates = ARENA_ARRAY(g->arena, Update, n_updates + 1);
  step->n_updates = n_updates;
  for (uint32_t i = 0; i < n_updates; i++) step->updates[i] = updates[i];
  add_entry(g, ENTRY_EVAL, "eval", p->n_inputs, p->inputs, 1, &loss);
  p->train = (Train){.present = true, .epochs = 1};
}
