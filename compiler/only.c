#include "only.h"
#include <string.h>

static bool is_listed(const char *names, const char *name) {
  size_t length = strlen(name);
  for (const char *at = names; at != NULL; at = strchr(at, ',')) {
    at += *at == ',';
    if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0')) return true;
  }
  return false;
}

static void report_no_export(const Program *program, Diag *diag, const char *name) {
  const char **exports = ARENA_ARRAY(program->arena, const char *, program->n_entries + 1);
  Text list = text_new(program->arena);
  size_t n = 0;
  for (uint32_t i = 0; i < program->n_entries; i++) {
    if (program->entries[i].kind != ENTRY_EXPORT) continue;
    text_printf(&list, "%s%s", n > 0 ? ", " : "", program->entries[i].name);
    exports[n++] = program->entries[i].name;
  }
  diag_error(diag, span_none(), "--only names `%s`, which %s does not export", name, program->path);
  const char *near = nearest_name(name, exports, n);
  if (near != NULL)
    diag_hint(diag, "did you mean `%s`?", near);
  else
    diag_hint(diag, n > 0 ? "its exports are %s" : "it has no `export`%s", text_string(&list));
}

static bool all_are_exports(const Program *program, Diag *diag, const char *names) {
  Arena *arena = program->arena;
  for (const char *at = names; at != NULL;) {
    size_t length = strcspn(at, ",");
    const char *name = arena_strndup(arena, at, length);
    if (program_entry(program, ENTRY_EXPORT, name) == NULL) {
      report_no_export(program, diag, name);
      return false;
    }
    at = at[length] == ',' ? at + length + 1 : NULL;
  }
  return true;
}

static uint32_t keep_needed(const Program *program, TensorId *ids, uint32_t n) {
  Arena *arena = program->arena;
  TensorList roots = program_roots(program, arena);
  TensorList order = graph_order(program->graph, arena, roots.items, roots.count);
  bool *needed = ARENA_ARRAY(arena, bool, program->graph->n_tensors + 1);
  for (uint32_t i = 0; i < order.count; i++) needed[order.items[i]] = true;
  for (uint32_t e = 0; e < program->n_entries; e++) {
    const Entry *entry = &program->entries[e];
    for (uint32_t i = 0; i < entry->n_updates; i++) needed[entry->updates[i].target] = true;
    for (uint32_t i = 0; i < entry->n_inputs; i++) needed[entry->inputs[i]] = true;
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < n; i++)
    if (needed[ids[i]]) ids[kept++] = ids[i];
  return kept;
}

bool keep_only(Program *program, Diag *diag, const char *names) {
  if (!all_are_exports(program, diag, names)) return false;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < program->n_entries; i++) {
    const Entry *entry = &program->entries[i];
    if (entry->kind == ENTRY_EXPORT && is_listed(names, entry->name))
      program->entries[kept++] = *entry;
  }
  program->n_entries = kept;
  program->train = (Train){0};
  program->n_inputs = keep_needed(program, program->inputs, program->n_inputs);
  program->n_params = keep_needed(program, program->params, program->n_params);
  program->n_states = keep_needed(program, program->states, program->n_states);
  return true;
}
