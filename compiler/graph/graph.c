#include "graph/graph.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *type_name(ScalarType type) {
  static const char *const names[N_STORED_TYPES] = {"bool", "u8",  "i8",   "i32", "i64",
                                                    "f32",  "f64", "bf16", "f16"};
  return names[type];
}

int type_bytes(ScalarType type) {
  static const int bytes[N_STORED_TYPES] = {1, 1, 1, 4, 8, 4, 8, 2, 2};
  return bytes[type];
}

bool type_holds(ScalarType type, int64_t value) {
  switch (type) {
  case TYPE_BOOL: return value == 0 || value == 1;
  case TYPE_U8: return value >= 0 && value <= UINT8_MAX;
  case TYPE_I8: return value >= INT8_MIN && value <= INT8_MAX;
  case TYPE_I32: return value >= INT32_MIN && value <= INT32_MAX;
  case TYPE_I64:
  case TYPE_F32:
  case TYPE_F64:
  case TYPE_BF16:
  case TYPE_F16: return true;
  }
  return true;
}

const char *reduction_name(Reduction reduction) {
  static const char *const names[] = {"",       "sum",    "prod", "max", "min",
                                      "argmax", "argmin", "any",  "all"};
  return names[reduction];
}

Graph *graph_new(Arena *arena) {
  Graph *graph = ARENA_NEW(arena, Graph);
  graph->arena = arena;
  graph->names = map_new(arena);
  return graph;
}

TensorId graph_find(const Graph *graph, const char *name) {
  const TensorId *found = map_get(&graph->names, name);
  return found == NULL ? TENSOR_NONE : *found;
}

const char *graph_unique_name(Graph *graph, const char *base) {
  if (map_get(&graph->names, base) == NULL) return base;
  /* A trailing ' stays at the end: m', m2'. */
  size_t length = strlen(base);
  bool primed = length > 0 && base[length - 1] == '\'';
  int stem = (int)(primed ? length - 1 : length);
  const char *between = stem > 0 && isdigit((unsigned char)base[stem - 1]) ? "_" : "";
  uint32_t *last = map_get(&graph->counters, base);
  if (last == NULL) {
    last = ARENA_NEW(graph->arena, uint32_t);
    *last = 1;
    if (graph->counters.arena == NULL) graph->counters = map_new(graph->arena);
    map_set(&graph->counters, base, last);
  }
  for (;;) {
    const char *name =
        arena_printf(graph->arena, "%.*s%s%u%s", stem, base, between, ++*last, primed ? "'" : "");
    if (map_get(&graph->names, name) == NULL) return name;
  }
}

TensorId graph_add(Graph *graph, Tensor t) {
  if (graph->n_tensors == graph->tensors_capacity) {
    size_t capacity = graph->tensors_capacity;
    graph->tensors =
        arena_grow(graph->arena, graph->tensors, graph->n_tensors, &capacity, sizeof(Tensor));
    graph->tensors_capacity = (uint32_t)capacity;
  }
  TensorId id = graph->n_tensors++;
  t.name = graph_unique_name(graph, t.name == NULL ? "t" : t.name);
  TensorId *place = ARENA_NEW(graph->arena, TensorId);
  *place = id;
  map_set(&graph->names, t.name, place);
  graph->tensors[id] = t;
  return id;
}

void graph_rename(Graph *graph, TensorId id, const char *name) {
  TensorId *place = map_get(&graph->names, graph->tensors[id].name);
  map_set(&graph->names, graph->tensors[id].name, NULL);
  graph->tensors[id].name = graph_unique_name(graph, name);
  map_set(&graph->names, graph->tensors[id].name, place);
}

/* The counters are numbers in place: a copy of the map needs numbers of its own. */
static Map copy_counters(const Map *counters) {
  Map copy = map_copy(counters);
  for (size_t i = 0; i < copy.count; i++) {
    uint32_t *last = ARENA_NEW(copy.arena, uint32_t);
    *last = *(const uint32_t *)counters->entries[i].value;
    copy.entries[i].value = last;
  }
  return copy;
}

Graph *graph_copy(const Graph *graph) {
  Graph *copy = ARENA_NEW(graph->arena, Graph);
  *copy = *graph;
  copy->exprs = ARENA_ARRAY(graph->arena, Expr, graph->exprs_capacity + 1);
  memcpy(copy->exprs, graph->exprs, graph->n_exprs * sizeof *copy->exprs);
  copy->tensors = ARENA_ARRAY(graph->arena, Tensor, graph->tensors_capacity + 1);
  memcpy(copy->tensors, graph->tensors, graph->n_tensors * sizeof *copy->tensors);
  copy->expr_table = ARENA_ARRAY(graph->arena, uint32_t, graph->expr_table_size + 1);
  memcpy(copy->expr_table, graph->expr_table, graph->expr_table_size * sizeof *copy->expr_table);
  copy->names = map_copy(&graph->names);
  copy->counters = copy_counters(&graph->counters);
  return copy;
}

GraphMark graph_mark(const Graph *graph) {
  GraphMark mark = {.n_tensors = graph->n_tensors,
                    .names = map_copy(&graph->names),
                    .counters = copy_counters(&graph->counters)};
  uint32_t n = 0;
  for (TensorId id = 0; id < graph->n_tensors; id++)
    n += tensor_at(graph, id)->kind == TENSOR_DERIVATIVE;
  mark.derivatives = ARENA_ARRAY(graph->arena, Tensor, n + 1);
  mark.ids = ARENA_ARRAY(graph->arena, TensorId, n + 1);
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    if (tensor_at(graph, id)->kind != TENSOR_DERIVATIVE) continue;
    mark.derivatives[mark.n_derivatives] = *tensor_at(graph, id);
    mark.ids[mark.n_derivatives++] = id;
  }
  return mark;
}

void graph_reset(Graph *graph, const GraphMark *mark) {
  graph->n_tensors = mark->n_tensors;
  graph->names = map_copy(&mark->names);
  graph->counters = copy_counters(&mark->counters);
  for (uint32_t i = 0; i < mark->n_derivatives; i++)
    *tensor_at(graph, mark->ids[i]) = mark->derivatives[i];
}

Tensor tensor_new(TensorKind kind, ScalarType type) {
  return (Tensor){.kind = kind,
                  .type = type,
                  .body = EXPR_NONE,
                  .source = TENSOR_NONE,
                  .wrt = TENSOR_NONE,
                  .seed = TENSOR_NONE,
                  .initial = TENSOR_NONE,
                  .adjoint_of = TENSOR_NONE,
                  .adjoint_from = TENSOR_NONE,
                  .again = TENSOR_NONE};
}

int64_t tensor_size(const Tensor *tensor) {
  int64_t size = 1;
  for (uint32_t i = 0; i < tensor->rank; i++) size *= tensor->extents[i];
  return size;
}

const char *tensor_source(Arena *arena, const Tensor *tensor) {
  Span place = tensor->use.source != NULL ? tensor->use : tensor->span;
  if (place.source == NULL) return NULL;
  const char *path = place.source->path, *slash = strrchr(path, '/');
  return arena_printf(arena, "%s:%u", slash == NULL ? path : slash + 1, place.line);
}

const int64_t *tensor_index_extents(const Tensor *tensor, Arena *arena) {
  int64_t *extents = ARENA_ARRAY(arena, int64_t, tensor->rank + tensor->n_reduced + 1);
  for (uint32_t i = 0; i < tensor->rank; i++) extents[i] = tensor->extents[i];
  for (uint32_t i = 0; i < tensor->n_reduced; i++)
    extents[tensor->rank + i] = tensor->reduced_extents[i];
  return extents;
}

TensorList program_roots(const Program *program, Arena *arena) {
  uint32_t n = 0;
  for (uint32_t e = 0; e < program->n_entries; e++)
    n += program->entries[e].n_outputs + program->entries[e].n_updates;
  TensorId *roots = ARENA_ARRAY(arena, TensorId, n + 1);
  uint32_t count = 0;
  for (uint32_t e = 0; e < program->n_entries; e++) {
    const Entry *entry = &program->entries[e];
    for (uint32_t i = 0; i < entry->n_outputs; i++) roots[count++] = entry->outputs[i].tensor;
    for (uint32_t i = 0; i < entry->n_updates; i++) roots[count++] = entry->updates[i].value;
  }
  return (TensorList){roots, count};
}

const Entry *program_entry(const Program *program, EntryKind kind, const char *name) {
  for (uint32_t i = 0; i < program->n_entries; i++) {
    const Entry *entry = &program->entries[i];
    if (entry->kind == kind && (name == NULL || strcmp(entry->name, name) == 0)) return entry;
  }
  return NULL;
}
