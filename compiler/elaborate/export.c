/* Exports: C functions of the inputs that they list. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

/* --- entries --- */

void add_entry(Elaborator *e, Entry entry) {
  Program *program = e->program;
  size_t capacity = program->n_entries;
  if ((program->n_entries & (program->n_entries - 1)) == 0)
    program->entries = arena_grow(e->arena, program->entries, program->n_entries, &capacity,
                                  sizeof *program->entries);
  program->entries[program->n_entries++] = entry;
}

TensorId *entry_roots(Elaborator *e, const Entry *entry, uint32_t *n) {
  TensorId *roots = ARENA_ARRAY(e->arena, TensorId, entry->n_outputs + entry->n_updates + 1);
  *n = 0;
  for (uint32_t i = 0; i < entry->n_outputs; i++) roots[(*n)++] = entry->outputs[i].tensor;
  for (uint32_t i = 0; i < entry->n_updates; i++) roots[(*n)++] = entry->updates[i].value;
  return roots;
}

bool *needed_inputs(Elaborator *e, const TensorId *roots, uint32_t n) {
  bool *needed = ARENA_ARRAY(e->arena, bool, e->graph->n_tensors + 1);
  TensorList order = graph_order(e->graph, e->arena, roots, n);
  for (uint32_t i = 0; i < order.count; i++)
    if (tensor_at(e->graph, order.items[i])->kind == TENSOR_INPUT) needed[order.items[i]] = true;
  return needed;
}

/* --- one export --- */

static bool list_inputs(Elaborator *e, Scope *scope, const Stmt *stmt, Entry *entry) {
  entry->inputs = ARENA_ARRAY(e->arena, TensorId, stmt->n_params + 1);
  for (size_t i = 0; i < stmt->n_params; i++) {
    const Param *param = &stmt->params[i];
    const Binding *binding = scope_find(scope, param->name);
    if (binding == NULL) {
      report_unknown(e, scope, param->name, param->span);
      return false;
    }
    if (value_failed(&binding->value)) return false;
    TensorId id;
    if (!value_is_whole(e, &binding->value, &id) || tensor_at(e->graph, id)->kind != TENSOR_INPUT) {
      diag_error(e->diag, param->span, "`%s` is no input", param->name);
      diag_note(e->diag, binding->span, "it is defined here");
      diag_hint(e->diag, "an export is a function of inputs: `input %s: real[…]` declares one",
                param->name);
      return false;
    }
    entry->inputs[entry->n_inputs++] = id;
  }
  return true;
}

static bool export_result(Elaborator *e, Scope *scope, const Stmt *stmt, const Result *result,
                          Entry *entry) {
  const Ast *ast = result->value;
  if (result->target != NULL) {
    Update update;
    if (!make_update(e, scope, result->target, ast, ast->span, &update)) return false;
    entry->updates[entry->n_updates++] = update;
    return true;
  }
  const char *name = stmt->n_results == 1
                         ? stmt->name
                         : arena_printf(e->arena, "%s%u", stmt->name, entry->n_outputs + 1);
  TensorId first = e->graph->n_tensors, id;
  const char *naming = e->naming;
  e->naming = name;
  Value v = evaluate_direct(e, scope, ast);
  e->naming = naming;
  if (value_failed(&v)) return false;
  if (v.kind != VALUE_TENSOR) {
    diag_error(e->diag, ast->span, "an export gives tensors, not %s", value_describe(e, &v));
    if (v.kind == VALUE_LAYER || v.kind == VALUE_INSTANCE)
      diag_hint(e->diag, "a layer is applied: `x |> %s`", written(e, ast));
    return false;
  }
  bool derivative =
      value_is_whole(e, &v, &id) && tensor_at(e->graph, id)->kind == TENSOR_DERIVATIVE;
  /* a name for a number stays its name */
  if (v.constant && v.rank == 0 && path_text(e, ast) != NULL) name = path_text(e, ast);
  if (!derivative) v = define_name(e, scope, v, name, ast->span, false, first);
  v.adapts = v.constant = v.is_size = false;
  if (!hold_value(e, scope, &v, name, ast->span, &id)) return false;
  entry->outputs[entry->n_outputs++] = (Output){tensor_at(e->graph, id)->name, id};
  return true;
}

static void check_listed(Elaborator *e, const Stmt *stmt, const Entry *entry) {
  uint32_t n;
  TensorId *roots = entry_roots(e, entry, &n);
  bool *needed = needed_inputs(e, roots, n);
  for (uint32_t i = 0; i < entry->n_inputs; i++) needed[entry->inputs[i]] = false;
  for (TensorId id = 0; id < e->graph->n_tensors; id++) {
    if (!needed[id]) continue;
    const Tensor *t = tensor_at(e->graph, id);
    const char *dot = strrchr(t->name, '.');
    const char *name = dot == NULL ? t->name : dot + 1;
    diag_error(e->diag, stmt->name_span, "`%s` needs the input `%s`, which it does not list",
               stmt->name, name);
    diag_note(e->diag, t->span, "`%s` is declared here", name);
    diag_hint(e->diag, "write `export %s(%s%s)`", stmt->name, name,
              stmt->n_params > 0 ? ", …" : "");
  }
}

static void elaborate_export(Elaborator *e, Scope *scope, const Stmt *stmt) {
  Entry entry = {.kind = ENTRY_EXPORT, .name = stmt->name, .span = stmt->span};
  entry.outputs = ARENA_ARRAY(e->arena, Output, stmt->n_results + 1);
  entry.updates = ARENA_ARRAY(e->arena, Update, stmt->n_results + 1);
  Scope *own = scope_new(e, scope);
  own->rebinds = true;
  if (!list_inputs(e, scope, stmt, &entry)) return;
  for (size_t i = 0; i < stmt->n_results; i++)
    if (!export_result(e, own, stmt, &stmt->results[i], &entry)) return;
  for (size_t i = 0; i < e->program->n_entries; i++) {
    const Entry *other = &e->program->entries[i];
    if (other->kind != ENTRY_EXPORT || strcmp(other->name, stmt->name) != 0) continue;
    diag_error(e->diag, stmt->name_span, "a second export `%s`", stmt->name);
    diag_note(e->diag, other->span, "the first one");
    return;
  }
  check_listed(e, stmt, &entry);
  add_entry(e, entry);
}

/* --- where B = 1: the part of the file that the export needs, elaborated apart --- */

static bool own_sizes(Elaborator *e, const Stmt *stmt, Map *sizes) {
  for (size_t i = 0; i < stmt->n_args; i++) {
    const Arg *arg = &stmt->args[i];
    const Binding *binding = arg->name == NULL ? NULL : scope_find(e->global, arg->name);
    if (binding == NULL || !binding->value.is_size) {
      diag_error(e->diag, arg->name == NULL ? arg->value->span : arg->name_span,
                 "`where` gives sizes to an export: `where B = 1`, with a `dim B`");
      if (binding != NULL) diag_note(e->diag, binding->span, "`%s` is no `dim`", arg->name);
      return false;
    }
    int64_t *size = ARENA_NEW(e->arena, int64_t);
    if (!constant_integer(e, e->global, arg->value, "a size", size)) return false;
    if (*size < 1) {
      diag_error(e->diag, arg->value->span, "a size must be at least 1, not %" PRId64, *size);
      return false;
    }
    map_set(sizes, arg->name, size);
  }
  return true;
}

static void elaborate_variant(Elaborator *e, const Stmt *stmt) {
  Map sizes = map_new(e->arena);
  if (!own_sizes(e, stmt, &sizes)) return;
  int errors = diag_errors(e->diag);
  bool *slice = export_slice(e, stmt);
  Scope *scope = file_scope(e);
  e->variant = stmt->name;
  e->sizes = &sizes;
  bind_functions(e, scope, e->statements.items, e->statements.count);
  for (size_t i = 0; i < e->statements.count; i++)
    if (slice[i]) execute(e, scope, e->statements.items[i]);
  elaborate_export(e, scope, stmt);
  e->variant = NULL;
  e->sizes = NULL;
  if (diag_errors(e->diag) > errors)
    diag_note(e->diag, stmt->span, "while `%s` is elaborated with sizes of its own", stmt->name);
}

void elaborate_exports(Elaborator *e) {
  for (size_t i = 0; i < e->exports.count && !diag_full(e->diag); i++) {
    const Stmt *stmt = e->exports.items[i];
    if (stmt->n_args > 0)
      elaborate_variant(e, stmt);
    else
      elaborate_export(e, e->global, stmt);
  }
}
