/* What an export depends on, by names in the syntax tree: an export with `where` elaborates that
   part of the file again, and no more. */
#include <string.h>
#include "elaborate/elaborator.h"

/* Whether the statement gives a value to one of the names. */
static bool gives_one(const Mentions *names, const Stmt *stmt) {
  if (stmt->name != NULL && stmt->kind != STMT_EXPORT && map_get(&names->found, stmt->name) != NULL)
    return true;
  const char *ruled = stmt->kind == STMT_RULE ? path_text(names->e, stmt->target) : NULL;
  if (ruled != NULL && map_get(&names->found, ruled) != NULL) return true;
  for (size_t i = 0; i < stmt->n_targets; i++)
    if (map_get(&names->found, stmt->targets[i].name) != NULL) return true;
  bool block = stmt->kind == STMT_REPEAT || stmt->kind == STMT_IF || stmt->kind == STMT_SCAN;
  for (size_t i = 0; block && i < stmt->body.count; i++)
    if (gives_one(names, stmt->body.items[i])) return true;
  for (size_t i = 0; block && i < stmt->otherwise.count; i++)
    if (gives_one(names, stmt->otherwise.items[i])) return true;
  return false;
}

bool *export_slice(Elaborator *e, const Stmt *export) {
  Mentions names = {.e = e, .found = map_new(e->arena)};
  size_t n = e->statements.count;
  bool *slice = ARENA_ARRAY(e->arena, bool, n + 1);
  mention_statement(&names, export);
  for (bool more = true; more;) {
    more = false;
    for (size_t i = n; i-- > 0;) {
      const Stmt *stmt = e->statements.items[i];
      bool size = stmt->kind == STMT_DIM || stmt->kind == STMT_CONST;
      bool never = stmt->kind == STMT_EXPORT || stmt->kind == STMT_TRAIN ||
                   stmt->kind == STMT_REQUIRE || stmt->kind == STMT_UPDATE;
      if (slice[i] || never || !(size || gives_one(&names, stmt))) continue;
      slice[i] = more = true;
      mention_statement(&names, stmt);
    }
  }
  return slice;
}
