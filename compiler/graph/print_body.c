/* Definitions as `.dag` text: names and ranges of index variables, reductions, folded helpers. */
#include <inttypes.h>
#include <string.h>
#include "graph/print.h"

/* Whether index variable v, of that extent, gets its range from how it is used: alone on an axis of
   exactly that extent, and on none of another. What stands only further down gives no range yet. */
typedef struct Range {
  bool inferred, contradicted;
} Range;

static void find_range(const Printer *p, ExprId id, uint32_t v, int64_t extent, Range *range) {
  const Graph *graph = p->program->graph;
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ) {
    const Tensor *t = tensor_at(graph, e->tensor);
    for (uint32_t i = 0; i < e->n_args; i++) {
      const Expr *at = expr_at(graph, e->args[i]);
      if (at->kind != EXPR_INDEX || at->index != v) continue;
      if (p->folded != NULL && p->folded[e->tensor])
        find_range(p, t->body, i, extent, range);
      else if (t->extents[i] != extent)
        range->contradicted = true;
      else if (e->fallback == EXPR_NONE && !(p->coming != NULL && p->coming[e->tensor]))
        range->inferred = true;
    }
  }
  for (uint32_t i = 0; i < e->n_args; i++) find_range(p, e->args[i], v, extent, range);
  if (e->fallback != EXPR_NONE) find_range(p, e->fallback, v, extent, range);
}

static bool range_is_inferred(const Printer *p, const Tensor *t, uint32_t v, int64_t extent) {
  Range range = {false, false};
  find_range(p, t->body, v, extent, &range);
  return range.inferred && !range.contradicted;
}

static bool is_taken(const char *name, const char *const *names, uint32_t count,
                     const Scope *outer) {
  for (uint32_t i = 0; i < count; i++)
    if (names[i] != NULL && strcmp(names[i], name) == 0) return true;
  for (const Scope *scope = outer; scope != NULL; scope = scope->outer)
    for (uint32_t i = 0; i < scope->count; i++)
      if (scope->names[i] != NULL && strcmp(scope->names[i], name) == 0) return true;
  return false;
}

/* Names that a file uses for its tensors are left alone: a hidden tensor would be a warning. */
static const char *choose_name(const Printer *p, const char *wanted, const char *const *names,
                               uint32_t count, const Scope *outer) {
  static const char *const letters[] = {"i", "j", "k", "l", "m", "n", "o", "p", "q", "r"};
  const Graph *graph = p->program->graph;
  if (wanted != NULL && !is_taken(wanted, names, count, outer) &&
      graph_find(graph, wanted) == TENSOR_NONE)
    return wanted;
  for (uint32_t round = 1;; round++) {
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
      const char *name =
          round == 1 ? letters[i] : arena_printf(graph->arena, "%s%u", letters[i], round);
      if (!is_taken(name, names, count, outer) && graph_find(graph, name) == TENSOR_NONE)
        return name;
    }
  }
}

/* What the first tensor that is read there calls the axis at which index variable v stands alone.
 */
static const char *name_in_reads(const Graph *graph, ExprId id, uint32_t v) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ) {
    const Tensor *t = tensor_at(graph, e->tensor);
    for (uint32_t i = 0; i < e->n_args && t->index_names != NULL; i++) {
      const Expr *at = expr_at(graph, e->args[i]);
      if (at->kind == EXPR_INDEX && at->index == v && t->index_names[i] != NULL)
        return t->index_names[i];
    }
  }
  for (uint32_t i = 0; i < e->n_args; i++) {
    const char *name = name_in_reads(graph, e->args[i], v);
    if (name != NULL) return name;
  }
  return e->fallback == EXPR_NONE ? NULL : name_in_reads(graph, e->fallback, v);
}

Scope index_scope(const Printer *p, const Tensor *t, const Scope *outer,
                  const char *const *outputs) {
  Arena *arena = p->program->arena;
  const Graph *graph = p->program->graph;
  uint32_t count = t->rank + t->n_reduced;
  const char **names = ARENA_ARRAY(arena, const char *, count + 1);
  for (uint32_t i = 0; i < count; i++)
    names[i] = outputs != NULL && i < t->rank ? outputs[i] : NULL;
  const char *const *given = (const char *const *)names;
  for (uint32_t i = 0; i < count && t->index_names != NULL; i++) {
    const char *wanted = t->index_names[i];
    if (names[i] == NULL && wanted != NULL && !is_taken(wanted, given, count, outer))
      names[i] = wanted;
  }
  for (uint32_t i = 0; i < count; i++)
    if (names[i] == NULL)
      names[i] = choose_name(p, name_in_reads(graph, t->body, i), given, count, outer);
  return (Scope){
      .names = names, .extents = tensor_index_extents(t, arena), .count = count, .outer = outer};
}

static const char *const *steps_of(const Printer *p, TensorId id) {
  return p->steps == NULL ? NULL : p->steps[id];
}

static void print_index_list(const Printer *p, const Tensor *t, const Scope *scope, uint32_t from,
                             uint32_t to) {
  text_add(p->out, "[");
  for (uint32_t i = from; i < to; i++) {
    if (i > from) text_add(p->out, ", ");
    text_add(p->out, scope->names[i]);
    bool step = i < t->rank && scope->steps != NULL && scope->steps[i] != NULL;
    if (!step && !range_is_inferred(p, t, i, scope->extents[i]))
      text_printf(p->out, ": 0..%" PRId64, scope->extents[i]);
  }
  text_add(p->out, "]");
}

static void print_reduced(const Printer *p, const Tensor *t, const Scope *scope) {
  if (t->reduction == REDUCE_NONE) {
    print_expr(p, scope, t->body, 0, false);
    return;
  }
  text_add(p->out, reduction_name(t->reduction));
  print_index_list(p, t, scope, t->rank, t->rank + t->n_reduced);
  text_add(p->out, "(");
  print_expr(p, scope, t->body, 0, false);
  text_add(p->out, ")");
}

void print_body(const Printer *p, const Scope *outer, TensorId tensor, const char *const *outputs) {
  const Tensor *t = tensor_at(p->program->graph, tensor);
  Scope scope = index_scope(p, t, outer, outputs);
  print_reduced(p, t, &scope);
}

/* A read at [0, 1, …, rank-1], of a tensor with the same extents, or of a scalar. */
static bool is_whole_read(const Printer *p, const Tensor *t, const Expr *e) {
  const Graph *graph = p->program->graph;
  const Tensor *source = tensor_at(graph, e->tensor);
  if (e->fallback != EXPR_NONE) return false;
  if (e->n_args == 0) return true;
  if (e->n_args != t->rank) return false;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(graph, e->args[i]);
    if (at->kind != EXPR_INDEX || at->index != i || source->extents[i] != t->extents[i])
      return false;
  }
  return true;
}

/* Whether the body can be printed over whole tensors; *full: a read has all of its axes. */
static bool is_whole(const Printer *p, const Tensor *t, ExprId id, bool *full) {
  const Graph *graph = p->program->graph;
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_INDEX) return false;
  if (e->kind == EXPR_READ) {
    if (e->n_args > 0 && p->folded != NULL && p->folded[e->tensor]) return false;
    if (e->n_args == t->rank) *full = true;
    return is_whole_read(p, t, e);
  }
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!is_whole(p, t, e->args[i], full)) return false;
  return true;
}

bool prints_whole(const Printer *p, TensorId tensor) {
  const Tensor *t = tensor_at(p->program->graph, tensor);
  bool full = t->rank == 0;
  return t->reduction == REDUCE_NONE && is_whole(p, t, t->body, &full) && full;
}

void print_value(const Printer *p, TensorId tensor) {
  const Tensor *t = tensor_at(p->program->graph, tensor);
  Scope scope = index_scope(p, t, NULL, NULL);
  if (prints_whole(p, tensor)) {
    scope.whole = true;
    print_expr(p, &scope, t->body, 0, false);
    return;
  }
  if (t->rank == 0) {
    print_reduced(p, t, &scope);
    return;
  }
  text_add(p->out, "tensor");
  print_index_list(p, t, &scope, 0, t->rank);
  text_add(p->out, "(");
  print_reduced(p, t, &scope);
  text_add(p->out, ")");
}

void print_line(const Printer *p, TensorId tensor) {
  const Tensor *t = tensor_at(p->program->graph, tensor);
  Scope scope = index_scope(p, t, NULL, steps_of(p, tensor));
  scope.steps = steps_of(p, tensor);
  text_add(p->out, t->name);
  if (t->rank > 0) print_index_list(p, t, &scope, 0, t->rank);
  text_add(p->out, " = ");
  print_reduced(p, t, &scope);
}
