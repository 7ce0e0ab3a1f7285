/* What an export depends on, by names in the syntax tree: an export with `where` elaborates that
   part of the file again, and no more. */
#include <string.h>
#include "elaborate/elaborator.h"

typedef struct Names {
  Elaborator *e;
  Map found; /* name → itself */
} Names;

static void add(Names *names, const char *name) { map_set(&names->found, name, (void *)name); }

static void add_expr(Names *names, const Ast *ast);

static void add_items(Names *names, const Item *items, size_t n) {
  for (size_t i = 0; i < n; i++) {
    add_expr(names, items[i].first);
    add_expr(names, items[i].second);
    add_expr(names, items[i].third);
  }
}

static void add_args(Names *names, const Arg *args, size_t n) {
  for (size_t i = 0; i < n; i++) add_expr(names, args[i].value);
}

static void add_expr(Names *names, const Ast *ast) {
  if (ast == NULL) return;
  if (ast->kind == AST_NAME) add(names, ast->name);
  const char *path = path_text(names->e, ast);
  if (path != NULL) add(names, path);
  add_expr(names, ast->operand);
  add_expr(names, ast->right);
  add_args(names, ast->args, ast->n_args);
  add_items(names, ast->items, ast->n_items);
}

static void add_params(Names *names, const Param *params, size_t n) {
  for (size_t i = 0; i < n; i++) {
    add_expr(names, params[i].value);
    if (params[i].type != NULL) add_items(names, params[i].type->items, params[i].type->n_items);
  }
}

static void add_block(Names *names, const StmtBlock *block);

static void add_rule(Names *names, const Rule *rule) {
  for (size_t i = 0; i < rule->n_wrt; i++) add_expr(names, rule->wrt[i]);
  for (size_t i = 0; i < rule->n_values; i++) add_expr(names, rule->values[i]);
  add_block(names, &rule->body);
}

/* All names that a statement mentions. */
static void add_statement(Names *names, const Stmt *stmt) {
  add_expr(names, stmt->value);
  add_expr(names, stmt->target);
  if (stmt->rule != NULL) add_rule(names, stmt->rule);
  add_expr(names, stmt->checkpoint);
  if (stmt->type != NULL) add_items(names, stmt->type->items, stmt->type->n_items);
  for (size_t i = 0; i < stmt->n_targets; i++)
    add_items(names, stmt->targets[i].items, stmt->targets[i].n_items);
  add_params(names, stmt->hyper, stmt->n_hyper);
  add_params(names, stmt->params, stmt->n_params);
  for (size_t i = 0; i < stmt->n_iterators; i++) {
    add_expr(names, stmt->iterators[i].from);
    add_expr(names, stmt->iterators[i].to);
  }
  add_args(names, stmt->carried, stmt->n_carried);
  add_args(names, stmt->args, stmt->n_args);
  for (size_t i = 0; i < stmt->n_results; i++) {
    add_expr(names, stmt->results[i].target);
    add_expr(names, stmt->results[i].value);
  }
  add_block(names, &stmt->body);
  add_block(names, &stmt->otherwise);
}

static void add_block(Names *names, const StmtBlock *block) {
  for (size_t i = 0; i < block->count; i++) add_statement(names, block->items[i]);
}

/* Whether the statement gives a value to one of the names. */
static bool gives_one(const Names *names, const Stmt *stmt) {
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
  Names names = {.e = e, .found = map_new(e->arena)};
  size_t n = e->statements.count;
  bool *slice = ARENA_ARRAY(e->arena, bool, n + 1);
  add_statement(&names, export);
  for (size_t i = 0; i < export->n_params; i++) add(&names, export->params[i].name);
  for (bool more = true; more;) {
    more = false;
    for (size_t i = n; i-- > 0;) {
      const Stmt *stmt = e->statements.items[i];
      bool size = stmt->kind == STMT_DIM || stmt->kind == STMT_CONST;
      bool never = stmt->kind == STMT_EXPORT || stmt->kind == STMT_TRAIN ||
                   stmt->kind == STMT_REQUIRE || stmt->kind == STMT_UPDATE;
      if (slice[i] || never || !(size || gives_one(&names, stmt))) continue;
      slice[i] = more = true;
      add_statement(&names, stmt);
    }
  }
  return slice;
}
