/* The file as a whole: prelude, imports, statements, training, exports. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"
#include "support/c_words.h"
#include "support/embedded.h"

/* --- scopes of files --- */

Scope *file_scope(Elaborator *e) {
  Scope *scope = scope_new(e, e->prelude);
  scope->owner = ARENA_NEW(e->arena, Owner);
  *scope->owner = (Owner){.path = "", .name = "", .iteration = "", .counters = map_new(e->arena)};
  scope->iteration = "";
  scope->real = e->program->real;
  return scope;
}

static Value definition_value(const Stmt *stmt, Scope *home) {
  Value v = value_error();
  v.kind = stmt->kind == STMT_LAYER       ? VALUE_LAYER
           : stmt->kind == STMT_OPTIMIZER ? VALUE_OPTIMIZER
                                          : VALUE_FUNCTION;
  v.declaration = stmt;
  v.home = home;
  return v;
}

void bind_functions(Elaborator *e, Scope *home, const Stmt *const *statements, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const Stmt *stmt = statements[i];
    if (stmt->kind != STMT_LAYER && stmt->kind != STMT_OPTIMIZER && stmt->kind != STMT_FN) continue;
    scope_bind(e, home, stmt->name, definition_value(stmt, home), stmt->name_span);
  }
}

/* --- the prelude --- */

/* The length of the word that a definition begins with, in the first column of its line; or 0. */
static size_t definition_word(const char *line) {
  static const char *const words[] = {"fn ", "layer ", "optimizer "};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strncmp(line, words[i], strlen(words[i])) == 0) return strlen(words[i]);
  return 0;
}

/* Binds what a file of the prelude defines, each name to a text that is parsed when the name is
   first looked up: a model uses few of them. */
static void bind_unread(Elaborator *e, const Source *source) {
  Unread *last = NULL;
  uint32_t number = 1;
  for (const char *line = source->text; line != NULL; number++) {
    size_t word = definition_word(line);
    if (word > 0) {
      size_t begin = (size_t)(line - source->text), length = strcspn(line + word, "( =");
      const char *name = arena_strndup(e->arena, line + word, length);
      uint32_t column = (uint32_t)word + 1, end = column + (uint32_t)length;
      if (last != NULL) last->end = begin;
      last = ARENA_NEW(e->arena, Unread);
      *last = (Unread){e, source, begin, source->length, number};
      Binding *binding = ARENA_NEW(e->arena, Binding);
      *binding = (Binding){.unread = last, .span = {source, number, column, number, end}};
      if (map_get(&e->prelude->names, name) != NULL) bug("elaborate", "two `%s` in prelude", name);
      map_set(&e->prelude->names, name, binding);
    }
    line = strchr(line, '\n');
    if (line != NULL) line++;
  }
}

void read_definition(Binding *binding) {
  const Unread *unread = binding->unread;
  Elaborator *e = unread->elaborator;
  int errors = diag_errors(e->diag);
  const File *file =
      parse_part(e->arena, e->diag, unread->source, unread->begin, unread->end, unread->line);
  if (diag_errors(e->diag) > errors || file->body.count != 1)
    bug("elaborate", "%s:%u: not one definition", unread->source->path, unread->line);
  binding->unread = NULL;
  binding->value = definition_value(file->body.items[0], e->prelude);
}

static void load_prelude(Elaborator *e) {
  e->prelude = scope_new(e, NULL);
  e->prelude->iteration = "";
  e->prelude->real = e->program->real;
  e->prelude->owner = ARENA_NEW(e->arena, Owner);
  *e->prelude->owner = (Owner){.path = "", .name = "", .iteration = ""};
  for (const EmbeddedFile *file = prelude_text; file->path != NULL; file++) {
    Source *source = source_from_text(e->arena, file->path, file->text, strlen(file->text));
    source->prelude = true;
    bind_unread(e, source);
  }
}

/* --- imports --- */

static const char *beside(Elaborator *e, const char *file, const char *path) {
  const char *slash = strrchr(file, '/');
  if (path[0] == '/' || slash == NULL) return path;
  return arena_printf(e->arena, "%.*s/%s", (int)(slash - file), file, path);
}

/* All top-level statements, those of an imported file in the place of its first import. */
static void gather(Elaborator *e, const File *file) {
  map_set(&e->imports, file->source->path, (void *)file->source);
  for (size_t i = 0; i < file->body.count; i++) {
    const Stmt *stmt = file->body.items[i];
    if (stmt->kind != STMT_IMPORT) {
      ARRAY_PUSH(e->arena, &e->statements, stmt);
      continue;
    }
    const char *path = beside(e, file->source->path, stmt->value->string);
    if (map_get(&e->imports, path) != NULL) continue;
    const Source *source = source_read(e->arena, e->diag, path, stmt->span);
    if (source != NULL) gather(e, parse_file(e->arena, e->diag, source));
  }
}

static void list_sources(Elaborator *e) {
  Program *program = e->program;
  program->sources = ARENA_ARRAY(e->arena, const char *, e->imports.count);
  for (size_t i = 0; i < e->imports.count; i++)
    program->sources[program->n_sources++] = e->imports.entries[i].key;
}

/* --- the command line --- */

static void define_real(Elaborator *e) {
  for (size_t i = 0; i < e->n_defines; i++) {
    if (strcmp(e->defines[i].name, "real") != 0) continue;
    const char *value = e->defines[i].value;
    e->define_used[i] = true;
    if (strcmp(value, "f64") == 0)
      e->program->real = TYPE_F64;
    else if (strcmp(value, "f32") == 0)
      e->program->real = TYPE_F32;
    else
      diag_error(e->diag, span_none(), "-D real=%s: `real` can be f32 or f64", value);
  }
}

static void report_unused_defines(Elaborator *e) {
  for (size_t i = 0; i < e->n_defines; i++) {
    if (e->define_used[i]) continue;
    const char **names = ARENA_ARRAY(e->arena, const char *, e->statements.count + 1);
    size_t n = 0;
    for (size_t k = 0; k < e->statements.count; k++)
      if (e->statements.items[k]->kind == STMT_DIM || e->statements.items[k]->kind == STMT_CONST)
        names[n++] = e->statements.items[k]->name;
    const char *near = nearest_name(e->defines[i].name, names, n);
    diag_error(e->diag, span_none(), "-D %s: there is no `dim` or `const` of that name",
               e->defines[i].name);
    if (near != NULL) diag_hint(e->diag, "did you mean `%s`?", near);
  }
}

/* --- the program --- */

/* log.dag gives log_model, and so log_model_init: `log` is libc's. */
static const char *c_identifier(Arena *arena, const char *name) {
  Text text = text_new(arena);
  if (isdigit((unsigned char)name[0]) || name[0] == '\0') text_add(&text, "_");
  for (const char *c = name; *c != '\0'; c++)
    text_printf(&text, "%c", isalnum((unsigned char)*c) ? *c : '_');
  bool taken = is_c_keyword(text_string(&text)) || is_libc_name(text_string(&text));
  if (taken) text_add(&text, "_model");
  return text_string(&text);
}

static int entry_rank(const Entry *entry) { return (int)entry->kind; }

/* step and eval before the exports */
static void sort_entries(Program *program) {
  for (uint32_t i = 1; i < program->n_entries; i++)
    for (uint32_t k = i;
         k > 0 && entry_rank(&program->entries[k]) < entry_rank(&program->entries[k - 1]); k--) {
      Entry moved = program->entries[k];
      program->entries[k] = program->entries[k - 1];
      program->entries[k - 1] = moved;
    }
}

/* --- what names were bound to --- */

static const char *bound_text(const Elaborator *e, const Value *v) {
  if (!v->constant || v->rank > 0) return value_describe(e, v);
  Text text = text_new(e->arena);
  if (type_is_real(v->type))
    text_add_real(&text, v->real);
  else if (v->type == TYPE_BOOL)
    text_add(&text, v->integer != 0 ? "true" : "false");
  else
    text_printf(&text, "%" PRId64, v->integer);
  return text_string(&text);
}

static BoundNames bound_names(const Elaborator *e) {
  BoundNames bound = {ARENA_ARRAY(e->arena, BoundName, e->noted.count + 1), e->noted.count};
  for (size_t i = 0; i < bound.count; i++) {
    const Noted *noted = &e->noted.items[i];
    TensorId id;
    bool whole = value_is_whole(e, &noted->value, &id);
    bound.items[i] = (BoundName){noted->span, whole ? tensor_at(e->graph, id)->name : NULL,
                                 bound_text(e, &noted->value)};
  }
  return bound;
}

/* --- all of it --- */

static Program *elaborate_all(Arena *arena, Diag *diag, const File *file, const char *program_name,
                              const Define *defines, size_t n_defines, const Map *flat,
                              BoundNames *bound) {
  Elaborator elaborator = {.arena = arena,
                           .diag = diag,
                           .defines = defines,
                           .n_defines = n_defines,
                           .flat = flat,
                           .notes = bound != NULL,
                           .imports = map_new(arena),
                           .sites = map_new(arena),
                           .owned = map_new(arena)};
  Elaborator *e = &elaborator;
  e->define_used = ARENA_ARRAY(arena, bool, n_defines + 1);
  e->program = ARENA_NEW(arena, Program);
  *e->program = (Program){.arena = arena,
                          .graph = graph_new(arena),
                          .name = c_identifier(arena, program_name),
                          .path = file->source->path,
                          .source = file->source,
                          .real = TYPE_F32};
  e->graph = e->program->graph;
  int errors = diag_errors(diag);
  define_real(e);
  load_prelude(e);
  e->global = file_scope(e);
  gather(e, file);
  list_sources(e);
  bind_functions(e, e->global, e->statements.items, e->statements.count);
  for (size_t i = 0; i < e->statements.count && !diag_full(diag) && !e->exhausted; i++)
    execute(e, e->global, e->statements.items[i]);
  report_unused_defines(e);
  if (diag_errors(diag) == errors) elaborate_train(e);
  if (diag_errors(diag) == errors) elaborate_exports(e);
  if (diag_errors(diag) == errors) warn_unused(e, file);
  sort_entries(e->program);
  if (bound != NULL) *bound = bound_names(e);
  return diag_errors(diag) == errors ? e->program : NULL;
}

Program *elaborate(Arena *arena, Diag *diag, const File *file, const char *program_name,
                   const Define *defines, size_t n_defines) {
  const Map none = map_new(arena);
  return elaborate_without(arena, diag, file, program_name, defines, n_defines, &none);
}

Program *elaborate_without(Arena *arena, Diag *diag, const File *file, const char *program_name,
                           const Define *defines, size_t n_defines, const Map *flat) {
  return elaborate_all(arena, diag, file, program_name, defines, n_defines, flat, NULL);
}

Program *elaborate_noting(Arena *arena, Diag *diag, const File *file, const char *program_name,
                          const Map *flat, BoundNames *bound) {
  return elaborate_all(arena, diag, file, program_name, NULL, 0, flat, bound);
}
