/* Equality of trees, but for places. */
#include <string.h>
#include "syntax/syntax.h"

static bool text_equal(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool items_equal(const Item *a, size_t n_a, const Item *b, size_t n_b) {
  if (n_a != n_b) return false;
  for (size_t i = 0; i < n_a; i++)
    if (a[i].kind != b[i].kind || !ast_equal(a[i].first, b[i].first) ||
        !ast_equal(a[i].second, b[i].second) || !ast_equal(a[i].third, b[i].third))
      return false;
  return true;
}

static bool args_equal(const Arg *a, size_t n_a, const Arg *b, size_t n_b) {
  if (n_a != n_b) return false;
  for (size_t i = 0; i < n_a; i++)
    if (!text_equal(a[i].name, b[i].name) || !ast_equal(a[i].value, b[i].value)) return false;
  return true;
}

/* The bits: -0 is not 0 here. */
static bool real_equal(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

bool ast_equal(const Ast *a, const Ast *b) {
  if (a == NULL || b == NULL) return a == b;
  if (a->kind != b->kind) return false;
  switch (a->kind) {
  case AST_INT: return a->integer == b->integer;
  case AST_REAL: return real_equal(a->real, b->real);
  case AST_BOOL: return a->boolean == b->boolean;
  case AST_STRING: return text_equal(a->string, b->string);
  case AST_NAME: return text_equal(a->name, b->name);
  case AST_FIELD: return text_equal(a->name, b->name) && ast_equal(a->operand, b->operand);
  case AST_UNARY: return a->unary == b->unary && ast_equal(a->operand, b->operand);
  case AST_BINARY:
    return a->binary == b->binary && ast_equal(a->operand, b->operand) &&
           ast_equal(a->right, b->right);
  case AST_PIPE:
  case AST_DEFAULT: return ast_equal(a->operand, b->operand) && ast_equal(a->right, b->right);
  case AST_CALL:
    return ast_equal(a->operand, b->operand) && args_equal(a->args, a->n_args, b->args, b->n_args);
  case AST_INDEX:
    return ast_equal(a->operand, b->operand) &&
           items_equal(a->items, a->n_items, b->items, b->n_items);
  case AST_LIST: return items_equal(a->items, a->n_items, b->items, b->n_items);
  }
  bug("syntax", "no kind of expression: %d", (int)a->kind);
}

static bool type_equal(const TypeExpr *a, const TypeExpr *b) {
  if (a == NULL || b == NULL) return a == b;
  return text_equal(a->name, b->name) && a->has_brackets == b->has_brackets &&
         items_equal(a->items, a->n_items, b->items, b->n_items);
}

static bool params_equal(const Param *a, size_t n_a, const Param *b, size_t n_b) {
  if (n_a != n_b) return false;
  for (size_t i = 0; i < n_a; i++)
    if (!text_equal(a[i].name, b[i].name) || !type_equal(a[i].type, b[i].type) ||
        !ast_equal(a[i].value, b[i].value))
      return false;
  return true;
}

static bool targets_equal(const Stmt *a, const Stmt *b) {
  if (a->n_targets != b->n_targets) return false;
  for (size_t i = 0; i < a->n_targets; i++) {
    const LeftSide *s = &a->targets[i], *t = &b->targets[i];
    if (!text_equal(s->name, t->name) || s->has_brackets != t->has_brackets ||
        !items_equal(s->items, s->n_items, t->items, t->n_items))
      return false;
  }
  return true;
}

static bool iterators_equal(const Stmt *a, const Stmt *b) {
  if (a->n_iterators != b->n_iterators) return false;
  for (size_t i = 0; i < a->n_iterators; i++) {
    const Iterator *s = &a->iterators[i], *t = &b->iterators[i];
    if (!text_equal(s->name, t->name) || !ast_equal(s->from, t->from) || !ast_equal(s->to, t->to))
      return false;
  }
  return true;
}

static bool results_equal(const Stmt *a, const Stmt *b) {
  if (a->n_results != b->n_results) return false;
  for (size_t i = 0; i < a->n_results; i++)
    if (!ast_equal(a->results[i].target, b->results[i].target) ||
        !ast_equal(a->results[i].value, b->results[i].value))
      return false;
  return true;
}

static bool owners_equal(const Stmt *a, const Stmt *b) {
  if (a->n_on != b->n_on) return false;
  for (size_t i = 0; i < a->n_on; i++)
    if (!ast_equal(a->on[i], b->on[i])) return false;
  return true;
}

static bool block_equal(const StmtBlock *a, const StmtBlock *b);

static bool rule_equal(const Rule *a, const Rule *b) {
  if (a == NULL || b == NULL) return a == b;
  bool equal = a->surrogate == b->surrogate && text_equal(a->seed, b->seed) &&
               a->n_wrt == b->n_wrt && a->n_values == b->n_values &&
               block_equal(&a->body, &b->body);
  for (size_t i = 0; i < a->n_wrt && equal; i++) equal = ast_equal(a->wrt[i], b->wrt[i]);
  for (size_t i = 0; i < a->n_values && equal; i++) equal = ast_equal(a->values[i], b->values[i]);
  return equal;
}

/* What a kind of statement does not have is empty in both. */
static bool stmt_equal(const Stmt *a, const Stmt *b) {
  return a->kind == b->kind && text_equal(a->name, b->name) && type_equal(a->type, b->type) &&
         ast_equal(a->value, b->value) && ast_equal(a->message, b->message) &&
         ast_equal(a->target, b->target) && targets_equal(a, b) &&
         params_equal(a->hyper, a->n_hyper, b->hyper, b->n_hyper) &&
         params_equal(a->params, a->n_params, b->params, b->n_params) &&
         a->has_hyper == b->has_hyper && rule_equal(a->rule, b->rule) && iterators_equal(a, b) &&
         args_equal(a->carried, a->n_carried, b->carried, b->n_carried) &&
         ast_equal(a->checkpoint, b->checkpoint) && block_equal(&a->body, &b->body) &&
         a->has_otherwise == b->has_otherwise && block_equal(&a->otherwise, &b->otherwise) &&
         results_equal(a, b) && args_equal(a->args, a->n_args, b->args, b->n_args) &&
         owners_equal(a, b);
}

static bool block_equal(const StmtBlock *a, const StmtBlock *b) {
  if (a->count != b->count) return false;
  for (size_t i = 0; i < a->count; i++)
    if (!stmt_equal(a->items[i], b->items[i])) return false;
  return true;
}

bool file_equal(const File *a, const File *b) { return block_equal(&a->body, &b->body); }
