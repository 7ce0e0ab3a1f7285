/* Warnings of what nothing uses.

   Names are looked for in the syntax tree: what stands in a branch of `if` that is not taken, or in
   a function that is not called, is used too. A name that begins with `_` is meant to be unused. */
#include <string.h>
#include "elaborate/elaborator.h"

/* As it is, as a new value x', or as a part of what a dump calls `dense1.W`. */
static bool is_used(const Mentions *names, const char *name) {
  Arena *arena = names->e->arena;
  const Map *found = &names->found;
  bool meant = name[0] == '_' || strcmp(name, "real") == 0; /* the type `real` */
  if (meant || map_get(found, name) != NULL ||
      map_get(found, arena_printf(arena, "%s'", name)) != NULL)
    return true;
  for (const char *c = name; *c != '\0'; c++)
    if (*c == '.' && map_get(found, arena_strndup(arena, name, (size_t)(c - name))) != NULL)
      return true;
  return false;
}

static void report_unused(const Mentions *names, const char *name, Span span, const char *verb) {
  if (is_used(names, name)) return;
  diag_warning(names->e->diag, span, "`%s` is never %s", name, verb);
  diag_hint(names->e->diag, "leave it out; a name that begins with `_` says that it is meant");
}

/* Of what `(q, r) = f(x)` takes apart, one part is enough. */
static void check_targets(const Mentions *names, const Stmt *stmt) {
  for (size_t i = 0; i < stmt->n_targets; i++)
    if (is_used(names, stmt->targets[i].name)) return;
  report_unused(names, stmt->targets[0].name, stmt->targets[0].span, "read");
}

static void check_block(const Mentions *names, const StmtBlock *block);

static void check_statement(const Mentions *names, const Stmt *stmt) {
  Elaborator *e = names->e;
  switch (stmt->kind) {
  case STMT_DEFINE: check_targets(names, stmt); break;
  case STMT_DIM: break; /* a constant of the C, too */
  case STMT_CONST: report_unused(names, stmt->name, stmt->name_span, "used"); break;
  case STMT_PARAM: /* of one that training does not reach, training says so */
    if (e->train == NULL) report_unused(names, stmt->name, stmt->name_span, "read");
    break;
  case STMT_INPUT:
  case STMT_STATE: report_unused(names, stmt->name, stmt->name_span, "read"); break;
  case STMT_FN:
  case STMT_LAYER:
  case STMT_OPTIMIZER: report_unused(names, stmt->name, stmt->name_span, "called"); break;
  case STMT_REPEAT:
  case STMT_SCAN:
  case STMT_IF:
    check_block(names, &stmt->body);
    check_block(names, &stmt->otherwise);
    break;
  case STMT_UPDATE:
  case STMT_RULE:
  case STMT_REQUIRE:
  case STMT_EXPORT:
  case STMT_TRAIN:
  case STMT_IMPORT:
  case STMT_RETURN:
  case STMT_CLAUSE: break;
  }
}

static void check_block(const Mentions *names, const StmtBlock *block) {
  for (size_t i = 0; i < block->count; i++) check_statement(names, block->items[i]);
}

static Mentions mentions_new(Elaborator *e) {
  return (Mentions){.e = e, .found = map_new(e->arena), .but_its_own = true};
}

static void check_function(Elaborator *e, const Stmt *function) {
  Mentions names = mentions_new(e);
  mention_statement(&names, function);
  check_block(&names, &function->body);
}

static bool is_function(const Stmt *stmt) {
  return stmt->kind == STMT_FN || stmt->kind == STMT_LAYER || stmt->kind == STMT_OPTIMIZER;
}

void warn_unused(Elaborator *e, const File *file) {
  Mentions names = mentions_new(e);
  bool library = e->train == NULL && e->exports.count == 0; /* others use what it defines */
  for (size_t i = 0; i < e->statements.count; i++)
    mention_statement(&names, e->statements.items[i]);
  for (size_t i = 0; i < e->statements.count; i++) {
    const Stmt *stmt = e->statements.items[i];
    bool imported = stmt->span.source != file->source;
    if (!library && !imported) check_statement(&names, stmt);
    if (is_function(stmt)) check_function(e, stmt);
  }
}
