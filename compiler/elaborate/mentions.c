/* Which names a statement mentions, by the syntax tree alone. */
#include <string.h>
#include "elaborate/elaborator.h"

static bool gives(const Stmt *stmt, const char *name) {
  for (size_t i = 0; stmt != NULL && i < stmt->n_targets; i++)
    if (strcmp(stmt->targets[i].name, name) == 0) return true;
  return false;
}

static void mention(Mentions *names, const char *name) {
  if (!gives(names->giving, name)) map_set(&names->found, name, (void *)(uintptr_t)name);
}

static void add_expr(Mentions *names, const Ast *ast);

static void add_items(Mentions *names, const Item *items, size_t n) {
  for (size_t i = 0; i < n; i++) {
    add_expr(names, items[i].first);
    add_expr(names, items[i].second);
    add_expr(names, items[i].third);
  }
}

static void add_args(Mentions *names, const Arg *args, size_t n) {
  for (size_t i = 0; i < n; i++) add_expr(names, args[i].value);
}

static void add_expr(Mentions *names, const Ast *ast) {
  if (ast == NULL) return;
  if (ast->kind == AST_NAME) mention(names, ast->name);
  const char *path = path_text(names->e, ast);
  if (path != NULL) mention(names, path);
  add_expr(names, ast->operand);
  add_expr(names, ast->right);
  add_args(names, ast->args, ast->n_args);
  add_items(names, ast->items, ast->n_items);
}

static void add_params(Mentions *names, const Param *params, size_t n) {
  for (size_t i = 0; i < n; i++) {
    add_expr(names, params[i].value);
    if (params[i].type != NULL) add_items(names, params[i].type->items, params[i].type->n_items);
  }
}

static void add_block(Mentions *names, const StmtBlock *block);

static void add_rule(Mentions *names, const Rule *rule) {
  for (size_t i = 0; i < rule->n_wrt; i++) add_expr(names, rule->wrt[i]);
  for (size_t i = 0; i < rule->n_values; i++) add_expr(names, rule->values[i]);
  add_block(names, &rule->body);
}

/* Of an export its inputs and sizes, of `data` its inputs. */
static void add_listed(Mentions *names, const Stmt *stmt) {
  bool export = stmt->kind == STMT_EXPORT;
  for (size_t i = 0; export && i < stmt->n_params; i++) mention(names, stmt->params[i].name);
  for (size_t i = 0; (export || stmt->kind == STMT_CLAUSE) && i < stmt->n_args; i++)
    if (stmt->args[i].name != NULL) mention(names, stmt->args[i].name);
}

void mention_statement(Mentions *names, const Stmt *stmt) {
  const Stmt *outer = names->giving;
  if (stmt->kind == STMT_DEFINE && names->but_its_own) names->giving = stmt;
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
  add_listed(names, stmt);
  add_block(names, &stmt->body);
  add_block(names, &stmt->otherwise);
  for (size_t i = 0; i < stmt->n_on; i++) add_expr(names, stmt->on[i]);
  names->giving = outer;
}

static void add_block(Mentions *names, const StmtBlock *block) {
  for (size_t i = 0; i < block->count; i++) mention_statement(names, block->items[i]);
}
