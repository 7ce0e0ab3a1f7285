#include "graph/outline.h"
#include <string.h>

static const Tensor *at(const Outline *o, TensorId id) { return tensor_at(o->program->graph, id); }

static bool is_declared(const Tensor *t) {
  return t->kind == TENSOR_INPUT || t->kind == TENSOR_PARAM || t->kind == TENSOR_STATE;
}

/* --- reads --- */

typedef struct Reader {
  Outline *o;
  TensorId line;
  ARRAY(TensorId) reads;
  uint32_t *seen; /* per expression: 1 + the last line in which it was met */
} Reader;

static void add_read(Reader *r, TensorId id) {
  for (size_t i = 0; i < r->reads.count; i++)
    if (r->reads.items[i] == id) return;
  ARRAY_PUSH(r->o->program->arena, &r->reads, id);
}

static void collect_reads(Reader *r, ExprId id) {
  const Expr *e = expr_at(r->o->program->graph, id);
  if (r->seen[id] == r->line + 1) return;
  r->seen[id] = r->line + 1;
  for (uint32_t i = 0; i < e->n_args; i++) collect_reads(r, e->args[i]);
  if (e->fallback != EXPR_NONE) collect_reads(r, e->fallback);
  if (e->kind != EXPR_READ) return;
  if (!r->o->listing.folded[e->tensor]) {
    add_read(r, e->tensor);
    return;
  }
  r->o->line[e->tensor] = r->o->line[r->line];
  collect_reads(r, at(r->o, e->tensor)->body);
}

static void find_reads(Outline *o) {
  Arena *arena = o->program->arena;
  Reader r = {.o = o, .seen = ARENA_ARRAY(arena, uint32_t, o->program->graph->n_exprs + 1)};
  for (uint32_t i = 0; i < o->listing.order.count; i++) {
    TensorId id = o->listing.order.items[i];
    const Tensor *t = at(o, id);
    if (o->listing.folded[id]) continue;
    r.line = id;
    o->line[id] = o->listing.is_value[id] ? TENSOR_NONE : id;
    memset(&r.reads, 0, sizeof r.reads);
    if (t->kind == TENSOR_DEFINITION) collect_reads(&r, t->body);
    if (t->source != TENSOR_NONE) add_read(&r, t->source);
    o->reads[id] = (TensorList){r.reads.items, (uint32_t)r.reads.count};
  }
}

/* --- layers --- */

/* The longest beginning of a name that ends before a dot and is in the map, or just the longest
   one where the map is NULL; NULL: none. */
static const char *path_of(Arena *arena, const char *name, const Map *known) {
  for (size_t length = strlen(name); length-- > 0;) {
    if (name[length] != '.') continue;
    const char *path = arena_strndup(arena, name, length);
    if (known == NULL || map_get(known, path) != NULL) return path;
  }
  return NULL;
}

/* What has params, or has layers that do: the beginnings of their names. */
static Map find_owners(const Program *program) {
  static char mark;
  Map owners = map_new(program->arena);
  for (uint32_t i = 0; i < program->n_params; i++) {
    const char *path = tensor_at(program->graph, program->params[i])->name;
    while ((path = path_of(program->arena, path, NULL)) != NULL) map_set(&owners, path, &mark);
  }
  return owners;
}

/* The only layer whose params the line reads; NULL. */
static const char *layer_read(const Outline *o, TensorId id, const Map *owners) {
  const char *only = NULL;
  for (uint32_t i = 0; i < o->reads[id].count; i++) {
    const Tensor *t = at(o, o->reads[id].items[i]);
    if (t->kind != TENSOR_PARAM) continue;
    const char *path = path_of(o->program->arena, t->name, owners);
    if (path == NULL) continue;
    if (only != NULL && strcmp(only, path) != 0) return NULL;
    only = path;
  }
  return only;
}

static const char *layer_of(const Outline *o, TensorId id, const Map *owners) {
  const Tensor *t = at(o, id);
  const char *path = path_of(o->program->arena, t->name, owners);
  if (path == NULL) path = layer_read(o, id, owners);
  if (path != NULL) return path;
  const char *dot = strchr(t->name, '.');
  return dot == NULL ? "" : arena_strndup(o->program->arena, t->name, (size_t)(dot - t->name));
}

/* --- what stands opposite what --- */

/* The forward line that an adjoint, or the adjoint of an adjoint, belongs to. */
static TensorId forward_of(const Outline *o, TensorId id) {
  do id = at(o, id)->adjoint_of;
  while (id != TENSOR_NONE && o->backward[id]);
  return id == TENSOR_NONE ? TENSOR_NONE : o->line[id];
}

/* A part of an adjoint stands where the first line does that reads it. */
static void find_opposites(Outline *o) {
  const TensorList order = o->listing.order;
  for (uint32_t i = order.count; i-- > 0;) {
    TensorId id = order.items[i];
    if (o->line[id] != id || !o->backward[id]) continue;
    TensorId forward = forward_of(o, id);
    if (forward != TENSOR_NONE) o->opposite[id] = forward;
    for (uint32_t k = 0; k < o->reads[id].count; k++) {
      TensorId read = o->reads[id].items[k];
      if (o->backward[read] && forward_of(o, read) == TENSOR_NONE)
        o->opposite[read] = o->opposite[id];
    }
  }
}

Outline outline_program(const Program *program) {
  Arena *arena = program->arena;
  uint32_t n = program->graph->n_tensors;
  Outline o = {.program = program,
               .listing = list_program(program),
               .line = ARENA_ARRAY(arena, TensorId, n + 1),
               .layer = ARENA_ARRAY(arena, const char *, n + 1),
               .backward = ARENA_ARRAY(arena, bool, n + 1),
               .opposite = ARENA_ARRAY(arena, TensorId, n + 1),
               .reads = ARENA_ARRAY(arena, TensorList, n + 1)};
  for (TensorId id = 0; id < n; id++) {
    const Tensor *t = at(&o, id);
    o.line[id] = is_declared(t) ? id : TENSOR_NONE;
    o.opposite[id] = TENSOR_NONE;
    o.backward[id] = t->adjoint_from != TENSOR_NONE || (t->derived && !t->pointwise);
  }
  find_reads(&o);
  find_opposites(&o);
  Map owners = find_owners(program);
  for (TensorId id = 0; id < n; id++) o.layer[id] = layer_of(&o, id, &owners);
  for (TensorId id = 0; id < n; id++)
    if (o.opposite[id] != TENSOR_NONE) o.layer[id] = o.layer[o.opposite[id]];
  return o;
}

static void need(const Outline *o, TensorId id, bool *needed) {
  if (id == TENSOR_NONE || o->line[id] == TENSOR_NONE || needed[o->line[id]]) return;
  id = o->line[id];
  needed[id] = true;
  for (uint32_t i = 0; i < o->reads[id].count; i++) need(o, o->reads[id].items[i], needed);
}

bool *outline_needs(const Outline *o, const TensorId *lines, uint32_t n) {
  bool *needed = ARENA_ARRAY(o->program->arena, bool, o->program->graph->n_tensors + 1);
  for (uint32_t i = 0; i < n; i++) need(o, lines[i], needed);
  return needed;
}

bool *outline_derivatives(const Outline *o) {
  ARRAY(TensorId) roots = {0};
  Arena *arena = o->program->arena;
  for (uint32_t i = 0; i < o->listing.order.count; i++) {
    TensorId id = o->listing.order.items[i];
    if (o->line[id] != id || !o->backward[id]) continue;
    ARRAY_PUSH(arena, &roots, id);
    if (at(o, id)->adjoint_from != TENSOR_NONE) ARRAY_PUSH(arena, &roots, at(o, id)->adjoint_from);
  }
  if (roots.count == 0) return NULL;
  return outline_needs(o, roots.items, (uint32_t)roots.count);
}
