/* The canonical form: a program rebuilt as reading its print would build it. */
#include <string.h>
#include "graph/print.h"

typedef struct Rebuild {
  const Program *from;
  Program *to;
  Listing listing;
  TensorId *tensors;   /* old id → new id, TENSOR_NONE */
  ExprId *exprs;       /* old id → new id, EXPR_NONE */
  const char **reader; /* per old tensor: the name of the line in which it stands */
  bool inlines;        /* elementwise definitions stand in what reads them */
} Rebuild;

static bool is_elementwise(const Graph *graph, TensorId id) {
  const Tensor *t = tensor_at(graph, id);
  return t->kind == TENSOR_DEFINITION && t->reduction == REDUCE_NONE;
}

static ExprId rebuild_expr(Rebuild *r, ExprId id) {
  if (id == EXPR_NONE) return EXPR_NONE;
  if (r->exprs[id] != EXPR_NONE) return r->exprs[id];
  Graph *to = r->to->graph;
  Expr e = *expr_at(r->from->graph, id);
  ExprId *args = ARENA_ARRAY(r->to->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = rebuild_expr(r, e.args[i]);
  e.args = args;
  e.fallback = rebuild_expr(r, e.fallback);
  bool inlined = r->inlines && e.kind == EXPR_READ && is_elementwise(r->from->graph, e.tensor);
  if (e.kind == EXPR_READ && !inlined) e.tensor = r->tensors[e.tensor];
  r->exprs[id] =
      inlined ? expr_substitute(to, rebuild_expr(r, tensor_at(r->from->graph, e.tensor)->body),
                                args, e.n_args)
              : expr_import(to, e);
  return r->exprs[id];
}

/* --- tensors --- */

static TensorId renumbered(const Rebuild *r, TensorId id) {
  return id == TENSOR_NONE ? TENSOR_NONE : r->tensors[id];
}

/* What a derivative was taken of may be gone; what that was derived from stands for it. */
static TensorId renumbered_from(const Rebuild *r, TensorId id) {
  while (id != TENSOR_NONE && r->tensors[id] == TENSOR_NONE)
    id = tensor_at(r->from->graph, id)->adjoint_from;
  return renumbered(r, id);
}

static void rebuild_tensor(Rebuild *r, TensorId id, const char *name) {
  if (r->tensors[id] != TENSOR_NONE) return;
  Tensor t = *tensor_at(r->from->graph, id);
  t.name = name;
  t.body = rebuild_expr(r, t.body);
  t.source = renumbered(r, t.source);
  t.wrt = renumbered(r, t.wrt);
  t.seed = renumbered(r, t.seed);
  t.initial = TENSOR_NONE;
  t.rule = NULL;
  t.adjoint_of = renumbered(r, t.adjoint_of);
  t.adjoint_from = renumbered_from(r, t.adjoint_from);
  r->tensors[id] = graph_add(r->to->graph, t);
}

/* Members of a recurrence read each other: all are there before their bodies. */
static void add_member(Rebuild *r, TensorId id, const char *name) {
  Tensor t = *tensor_at(r->from->graph, id);
  t.name = name;
  t.body = EXPR_NONE;
  t.rule = NULL;
  t.adjoint_of = t.adjoint_from = TENSOR_NONE;
  r->tensors[id] = graph_add(r->to->graph, t);
}

static void rebuild_members(Rebuild *r, const TensorId *members, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    const Tensor *t = tensor_at(r->from->graph, members[i]);
    TensorId id = r->tensors[members[i]];
    ExprId body = rebuild_expr(r, t->body);
    TensorId of = renumbered(r, t->adjoint_of), from = renumbered_from(r, t->adjoint_from);
    Tensor *made = tensor_at(r->to->graph, id);
    made->body = body;
    made->adjoint_of = of;
    made->adjoint_from = from;
  }
}

/* The seeds stand for themselves: they come before what reads them. */
static void rebuild_seeds(Rebuild *r) {
  const Graph *from = r->from->graph;
  const TensorList order = r->listing.order;
  for (uint32_t i = 0; i < order.count; i++) {
    const OwnRule *rule = tensor_at(from, order.items[i])->rule;
    if (rule != NULL) rebuild_tensor(r, rule->seed, tensor_at(from, rule->seed)->name);
  }
}

static TensorId *renumbered_all(Rebuild *r, const TensorId *ids, uint32_t n) {
  TensorId *result = ARENA_ARRAY(r->to->arena, TensorId, n + 1);
  for (uint32_t i = 0; i < n; i++) result[i] = r->tensors[ids[i]];
  return result;
}

static void rebuild_rules(Rebuild *r) {
  const Graph *from = r->from->graph;
  for (uint32_t i = 0; i < r->listing.order.count; i++) {
    TensorId id = r->listing.order.items[i];
    const OwnRule *rule = tensor_at(from, id)->rule;
    if (rule == NULL) continue;
    OwnRule *made = ARENA_NEW(r->to->arena, OwnRule);
    ExprId *touched = ARENA_ARRAY(r->to->arena, ExprId, rule->n + 1);
    for (uint32_t k = 0; k < rule->n; k++) touched[k] = rebuild_expr(r, rule->touched[k]);
    *made = *rule;
    made->seed = r->tensors[rule->seed];
    made->wrt = renumbered_all(r, rule->wrt, rule->n);
    made->shares = renumbered_all(r, rule->shares, rule->n);
    made->touched = touched;
    tensor_at(r->to->graph, r->tensors[id])->rule = made;
  }
}

static TensorId *rebuild_declared(Rebuild *r, const TensorId *ids, uint32_t n) {
  TensorId *result = ARENA_ARRAY(r->to->arena, TensorId, n + 1);
  for (uint32_t i = 0; i < n; i++) {
    rebuild_tensor(r, ids[i], tensor_at(r->from->graph, ids[i])->name);
    result[i] = r->tensors[ids[i]];
  }
  return result;
}

/* An initialiser is printed as one expression. */
static void rebuild_initials(Rebuild *r, const TensorId *ids, uint32_t n) {
  const Graph *from = r->from->graph;
  r->inlines = true;
  for (uint32_t i = 0; i < n; i++) {
    TensorId initial = tensor_at(from, ids[i])->initial;
    if (initial == TENSOR_NONE) continue;
    TensorList order = graph_order(from, r->to->arena, &initial, 1);
    for (uint32_t k = 0; k < order.count; k++)
      if (order.items[k] == initial || !is_elementwise(from, order.items[k]))
        rebuild_tensor(r, order.items[k], tensor_at(from, order.items[k])->name);
    tensor_at(r->to->graph, r->tensors[ids[i]])->initial = r->tensors[initial];
  }
  r->inlines = false;
  for (ExprId id = 0; id < from->n_exprs; id++) r->exprs[id] = EXPR_NONE;
}

/* --- names --- */

/* Without the ' of a new value, which may stand inside: b'.sum is a part of b'. */
static const char *plain_name(Arena *arena, const char *name) {
  if (strchr(name, '\'') == NULL) return name;
  char *plain = arena_printf(arena, "%s", name);
  size_t length = 0;
  for (const char *c = name; *c != '\0'; c++)
    if (*c != '\'') plain[length++] = *c;
  plain[length] = '\0';
  return plain;
}

/* dense1.z.sum: the reduction that is printed inside dense1.z. A new value that is printed as a
   line cannot keep its ': mu.new. */
static const char *canonical_name(Rebuild *r, TensorId id) {
  const Tensor *t = tensor_at(r->from->graph, id);
  Arena *arena = r->to->arena;
  const char *plain = plain_name(arena, t->name);
  if (r->listing.folded[id])
    return arena_printf(arena, "%s.%s", plain_name(arena, r->reader[id]),
                        reduction_name(t->reduction));
  if (r->listing.is_value[id]) return t->name;
  return t->name[strlen(t->name) - 1] == '\'' ? arena_printf(arena, "%s.new", plain) : plain;
}

/* Everything folded into `id`, at any depth, stands in the line of that name. */
static void find_readers(Rebuild *r, ExprId id, const char *line) {
  const Expr *e = expr_at(r->from->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) find_readers(r, e->args[i], line);
  if (e->fallback != EXPR_NONE) find_readers(r, e->fallback, line);
  if (e->kind != EXPR_READ || !r->listing.folded[e->tensor]) return;
  r->reader[e->tensor] = line;
  find_readers(r, tensor_at(r->from->graph, e->tensor)->body, line);
}

static void rebuild_definitions(Rebuild *r) {
  const Graph *from = r->from->graph;
  const TensorList order = r->listing.order;
  r->reader = ARENA_ARRAY(r->to->arena, const char *, from->n_tensors + 1);
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(from, order.items[i]);
    if (t->kind == TENSOR_DEFINITION && !r->listing.folded[order.items[i]])
      find_readers(r, t->body, canonical_name(r, order.items[i]));
  }
  for (uint32_t i = 0, n = 1; i < order.count; i += n, n = 1) {
    const Group *group = r->listing.groups[order.items[i]];
    if (group == NULL) {
      rebuild_tensor(r, order.items[i], canonical_name(r, order.items[i]));
      continue;
    }
    while (i + n < order.count && r->listing.groups[order.items[i + n]] == group) n++;
    for (uint32_t k = 0; k < n; k++)
      add_member(r, order.items[i + k], canonical_name(r, order.items[i + k]));
    rebuild_members(r, order.items + i, n);
  }
}

/* --- names of index variables --- */

static void name_indices(Printer *p, TensorId id, const Scope *outer, const char *const *outputs);

static void name_folded(Printer *p, const Scope *scope, ExprId id) {
  const Graph *graph = p->program->graph;
  const Expr *e = expr_at(graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) name_folded(p, scope, e->args[i]);
  if (e->fallback != EXPR_NONE) name_folded(p, scope, e->fallback);
  if (e->kind != EXPR_READ || !p->folded[e->tensor]) return;
  const char **outputs = ARENA_ARRAY(graph->arena, const char *, e->n_args + 1);
  for (uint32_t i = 0; i < e->n_args; i++)
    outputs[i] = scope->names[expr_at(graph, e->args[i])->index];
  name_indices(p, e->tensor, scope, outputs);
}

static void name_indices(Printer *p, TensorId id, const Scope *outer, const char *const *outputs) {
  Tensor *t = tensor_at(p->program->graph, id);
  Scope *scope = ARENA_NEW(p->program->arena, Scope);
  *scope = index_scope(p, t, outer, outputs);
  t->index_names = scope->names;
  name_folded(p, scope, t->body);
}

static void unname_initials(const Printer *p, const TensorId *ids, uint32_t n) {
  const Graph *graph = p->program->graph;
  for (uint32_t i = 0; i < n; i++) {
    TensorId initial = tensor_at(graph, ids[i])->initial;
    if (initial == TENSOR_NONE) continue;
    Tensor *t = tensor_at(graph, initial);
    bool number = expr_at(graph, t->body)->kind == EXPR_CONST;
    if (number || prints_whole(p, initial)) t->index_names = NULL;
  }
}

/* Where no index variable is printed, none has a name to keep. */
static void name_all(Program *program) {
  Graph *graph = program->graph;
  Listing l = list_program(program);
  Printer p = {program, NULL, l.folded, (const char *const *const *)l.steps, NULL};
  unname_initials(&p, program->params, program->n_params);
  unname_initials(&p, program->states, program->n_states);
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    Tensor *t = tensor_at(graph, id);
    if (t->kind != TENSOR_DEFINITION || l.folded[id]) continue;
    if (l.is_value[id] && prints_whole(&p, id)) t->index_names = NULL;
    name_indices(&p, id, NULL, l.steps[id]);
  }
}

/* --- the rest --- */

static void rebuild_entries(Rebuild *r) {
  Arena *arena = r->to->arena;
  Entry *entries = ARENA_ARRAY(arena, Entry, r->from->n_entries + 1);
  for (uint32_t i = 0; i < r->from->n_entries; i++) {
    Entry entry = r->from->entries[i];
    TensorId *inputs = ARENA_ARRAY(arena, TensorId, entry.n_inputs + 1);
    Output *outputs = ARENA_ARRAY(arena, Output, entry.n_outputs + 1);
    Update *updates = ARENA_ARRAY(arena, Update, entry.n_updates + 1);
    for (uint32_t k = 0; k < entry.n_inputs; k++) inputs[k] = r->tensors[entry.inputs[k]];
    for (uint32_t k = 0; k < entry.n_outputs; k++) {
      TensorId id = r->tensors[entry.outputs[k].tensor];
      outputs[k] = (Output){tensor_at(r->to->graph, id)->name, id};
    }
    for (uint32_t k = 0; k < entry.n_updates; k++) {
      updates[k] = entry.updates[k];
      updates[k].target = r->tensors[updates[k].target];
      updates[k].value = r->tensors[updates[k].value];
    }
    entry.inputs = inputs;
    entry.outputs = outputs;
    entry.updates = updates;
    entries[i] = entry;
  }
  r->to->entries = entries;
}

static DataSource *rebuild_sources(const Rebuild *r, const DataSource *sources, uint32_t n) {
  DataSource *result = ARENA_ARRAY(r->to->arena, DataSource, n + 1);
  for (uint32_t i = 0; i < n; i++) {
    result[i] = sources[i];
    result[i].input = r->tensors[sources[i].input];
  }
  return result;
}

Program *program_canonical(const Program *program) {
  Arena *arena = program->arena;
  const Graph *graph = program->graph;
  Program *result = ARENA_NEW(arena, Program);
  *result = *program;
  result->graph = graph_new(arena);
  result->gradients = NULL;
  result->n_gradients = 0;
  Rebuild r = {.from = program,
               .to = result,
               .listing = list_program(program),
               .tensors = ARENA_ARRAY(arena, TensorId, graph->n_tensors + 1),
               .exprs = ARENA_ARRAY(arena, ExprId, graph->n_exprs + 1)};
  for (TensorId id = 0; id < graph->n_tensors; id++) r.tensors[id] = TENSOR_NONE;
  for (ExprId id = 0; id < graph->n_exprs; id++) r.exprs[id] = EXPR_NONE;
  result->inputs = rebuild_declared(&r, program->inputs, program->n_inputs);
  result->params = rebuild_declared(&r, program->params, program->n_params);
  result->states = rebuild_declared(&r, program->states, program->n_states);
  rebuild_initials(&r, program->params, program->n_params);
  rebuild_initials(&r, program->states, program->n_states);
  rebuild_seeds(&r);
  rebuild_definitions(&r);
  rebuild_rules(&r);
  rebuild_entries(&r);
  result->train.data = rebuild_sources(&r, program->train.data, program->train.n_data);
  result->train.valid = rebuild_sources(&r, program->train.valid, program->train.n_valid);
  name_all(result);
  return result;
}
