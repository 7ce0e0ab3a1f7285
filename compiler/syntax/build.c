/* What the grammar builds; and what it takes but the language does not. */
#include "syntax/parser.h"
#include <string.h>
#include "syntax/syntax.h"
#include "dag.tab.h"

void mistake_too_deep(Parser *parser, Span span) {
  if (parser->too_deep || parser->tokens.stopped) return;
  parser->too_deep = true;
  diag_error(parser->diag, span, "this is nested too deeply");
  diag_hint(parser->diag,
            "give a part of it a name; blocks nest %d deep at most, operators and calls %d",
            SYNTAX_MAX_NESTING, SYNTAX_MAX_DEPTH);
}

static Ast *new_ast(Parser *parser, AstKind kind, Span span) {
  Ast *ast = ARENA_NEW(parser->arena, Ast);
  ast->kind = kind;
  ast->span = span;
  ast->depth = 1;
  return ast;
}

/* Takes a part into account: everything that walks the tree does so by recursion, and may rely on
   SYNTAX_MAX_DEPTH. A part that is too deep is left out, once that is reported. */
static Ast *part(Parser *parser, Ast *ast, Ast *below) {
  if (below == NULL) return NULL;
  if (below->depth >= SYNTAX_MAX_DEPTH) {
    mistake_too_deep(parser, below->span);
    return new_ast(parser, AST_INT, below->span);
  }
  if (below->depth >= ast->depth) ast->depth = below->depth + 1;
  return below;
}

/* --- expressions --- */

Ast *build_leaf(Parser *parser, AstKind kind, const Token *token) {
  Ast *ast = new_ast(parser, kind, token->span);
  ast->integer = token->integer;
  ast->real = token->real;
  if (kind == AST_STRING) ast->string = token->text;
  if (kind == AST_NAME) ast->name = token->text;
  return ast;
}

Ast *build_unary(Parser *parser, UnaryOp op, Span op_span, Ast *operand) {
  Ast *ast = new_ast(parser, AST_UNARY, span_join(op_span, operand->span));
  ast->op_span = op_span;
  ast->unary = op;
  ast->operand = part(parser, ast, operand);
  return ast;
}

static Ast *two_sided(Parser *parser, AstKind kind, Ast *left, Span op_span, Ast *right) {
  Ast *ast = new_ast(parser, kind, span_join(left->span, right->span));
  ast->op_span = op_span;
  ast->operand = part(parser, ast, left);
  ast->right = part(parser, ast, right);
  return ast;
}

Ast *build_binary(Parser *parser, Ast *left, BinaryOp op, Span op_span, Ast *right) {
  Ast *ast = two_sided(parser, AST_BINARY, left, op_span, right);
  ast->binary = op;
  return ast;
}

Ast *build_chained(Parser *parser, Ast *left, BinaryOp op, Span op_span, Ast *right) {
  diag_error(parser->diag, op_span, "comparisons do not chain");
  diag_note(parser->diag, left->op_span, "the other one is here");
  diag_hint(parser->diag, "write a < b and b < c");
  return build_binary(parser, left, op, op_span, right);
}

Ast *build_pipe(Parser *parser, Ast *value, Span op_span, Ast *into) {
  switch (into->kind) {
  case AST_NAME:
  case AST_FIELD:
  case AST_CALL:
  case AST_INDEX: break;
  case AST_INT:
  case AST_REAL:
  case AST_BOOL:
  case AST_STRING:
  case AST_UNARY:
  case AST_BINARY:
  case AST_PIPE:
  case AST_DEFAULT:
  case AST_LIST:
    diag_error(parser->diag, into->span, "`|>` sends a value into a function or a layer");
    if (into->kind == AST_BINARY || into->kind == AST_DEFAULT)
      diag_hint(parser->diag, "it binds loosest: to go on with the result, write (x |> f) + 1");
  }
  return two_sided(parser, AST_PIPE, value, op_span, into);
}

Ast *build_default(Parser *parser, Ast *read, Span op_span, Ast *value) {
  if (read->kind != AST_NAME && read->kind != AST_INDEX && read->kind != AST_FIELD) {
    diag_error(parser->diag, op_span, "`??` belongs to the read before it, such as x[i - 1] ?? 0");
    diag_note(parser->diag, read->span, "this is no read");
  }
  return two_sided(parser, AST_DEFAULT, read, op_span, value);
}

Ast *build_field(Parser *parser, Ast *operand, const Token *name) {
  Ast *ast = new_ast(parser, AST_FIELD, span_join(operand->span, name->span));
  ast->op_span = name->span;
  ast->name = name->text;
  ast->operand = part(parser, ast, operand);
  return ast;
}

Ast *build_call(Parser *parser, Ast *function, ArgList args, Span span) {
  Ast *ast = new_ast(parser, AST_CALL, span);
  ast->operand = part(parser, ast, function);
  for (size_t i = 0; i < args.count; i++)
    args.items[i].value = part(parser, ast, args.items[i].value);
  ast->args = args.items;
  ast->n_args = args.count;
  return ast;
}

Ast *build_index(Parser *parser, Ast *operand, ItemList items, Span span) {
  Ast *ast = new_ast(parser, AST_INDEX, span);
  ast->operand = part(parser, ast, operand);
  for (size_t i = 0; i < items.count; i++) {
    Item *item = &items.items[i];
    item->first = part(parser, ast, item->first);
    item->second = part(parser, ast, item->second);
    item->third = part(parser, ast, item->third);
  }
  ast->items = items.items;
  ast->n_items = items.count;
  if (items.count == 0) diag_error(parser->diag, span, "there is no index between `[` and `]`");
  return ast;
}

Ast *build_list(Parser *parser, AstList values, Span span) {
  Ast *ast = new_ast(parser, AST_LIST, span);
  ItemList items = {0};
  for (size_t i = 0; i < values.count; i++) {
    Ast *value = part(parser, ast, values.items[i]);
    ARRAY_PUSH(parser->arena, &items, (Item){ITEM_EXPR, value, NULL, NULL, value->span});
  }
  ast->items = items.items;
  ast->n_items = items.count;
  return ast;
}

Ast *build_parenthesised(Ast *inside, Span span) {
  inside->span = span;
  return inside;
}

/* --- names --- */

/* A trailing ' reads the new value of what `<-` gives one; nothing is declared so. */
const char *declared_name(Parser *parser, const Token *name) {
  size_t length = strlen(name->text);
  if (name->text[length - 1] != '\'') return name->text;
  diag_error(parser->diag, name->span, "`%s` is the new value of `%.*s`, which only `<-` gives",
             name->text, (int)length - 1, name->text);
  return name->text;
}

/* A path as one name: `dense1.W`, `block[3].attention1.Wq`; NULL when it is none. */
static const char *path_text(Parser *parser, const Ast *path) {
  if (path->kind == AST_NAME)
    return declared_name(parser, &(Token){.text = path->name, .span = path->span});
  const char *owner = path->operand == NULL ? NULL : path_text(parser, path->operand);
  if (owner == NULL) return NULL;
  if (path->kind == AST_FIELD) return arena_printf(parser->arena, "%s.%s", owner, path->name);
  if (path->kind != AST_INDEX || path->n_items != 1 || path->items[0].kind != ITEM_EXPR ||
      path->items[0].first->kind != AST_INT)
    return NULL;
  return arena_printf(parser->arena, "%s[%lld]", owner, (long long)path->items[0].first->integer);
}

/* "" after an error. What ends in brackets is no path, but a shape in the wrong place. */
static const char *declared_path(Parser *parser, const Ast *path) {
  const char *text = path->kind == AST_INDEX ? NULL : path_text(parser, path);
  if (text != NULL) return text;
  diag_error(parser->diag, path->span, "this is not a name that can be declared");
  if (path->kind == AST_INDEX) diag_hint(parser->diag, "a shape belongs to the type: x: real[4]");
  return "";
}

TypeExpr *build_type(Parser *parser, const Token *name, const ItemList *items, Span span) {
  TypeExpr *type = ARENA_NEW(parser->arena, TypeExpr);
  *type = (TypeExpr){.name = name->text, .has_brackets = items != NULL, .span = span};
  if (items == NULL) return type;
  type->items = items->items;
  type->n_items = items->count;
  return type;
}

LeftSide build_target(Parser *parser, const Ast *left) {
  LeftSide target = {.span = left->span};
  if (left->kind == AST_INDEX) {
    target.has_brackets = true;
    target.items = left->items;
    target.n_items = left->n_items;
    left = left->operand;
  }
  target.name = declared_path(parser, left);
  return target;
}

Param build_input(Parser *parser, const Ast *left) {
  return (Param){.name = declared_path(parser, left), .span = left->span};
}

void require_word(Parser *parser, const Token *name, const char *word, const char *context) {
  if (strcmp(name->text, word) != 0)
    diag_error(parser->diag, name->span, "expected `%s` %s, found the name `%s`", word, context,
               name->text);
}

/* --- statements --- */

Stmt *build_statement(Parser *parser, StmtKind kind, Span span) {
  Stmt *stmt = ARENA_NEW(parser->arena, Stmt);
  stmt->kind = kind;
  stmt->span = span;
  return stmt;
}

Stmt *build_declaration(Parser *parser, StmtKind kind, Span span, const Ast *left, TypeExpr *type,
                        Ast *value) {
  Stmt *stmt = build_statement(parser, kind, span);
  bool size = kind == STMT_DIM || kind == STMT_CONST;
  stmt->name = declared_path(parser, left);
  if (left->kind == AST_FIELD && size) /* the others have one in dumps */
    diag_error(parser->diag, left->span, "a size has no path");
  stmt->name_span = left->span;
  stmt->type = type;
  stmt->value = value;
  return stmt;
}

Stmt *build_definition(Parser *parser, Span span, TargetList targets, Ast *value) {
  Stmt *stmt = build_statement(parser, STMT_DEFINE, span);
  stmt->targets = targets.items;
  stmt->n_targets = targets.count;
  stmt->name = targets.items[0].name;
  stmt->name_span = targets.items[0].span;
  stmt->value = value;
  return stmt;
}

/* Only a whole state or param has a new value. */
static void check_update(Parser *parser, const Ast *target) {
  if (target->kind != AST_INDEX && path_text(parser, target) != NULL) return;
  diag_error(parser->diag, target->span, "`<-` gives a new value to a whole state or param");
  if (target->kind == AST_INDEX)
    diag_hint(parser->diag, "to change a part, write mu <- tensor[i](where(i == 0, 1, mu[i]))");
  else
    diag_hint(parser->diag, "a comparison with a negative number is written u < -1");
}

Stmt *build_update(Parser *parser, Span span, Ast *target, Ast *value) {
  check_update(parser, target);
  Stmt *stmt = build_statement(parser, STMT_UPDATE, span);
  stmt->target = target;
  stmt->value = value;
  return stmt;
}

Stmt *build_function(Parser *parser, StmtKind kind, Span span, const Token *name,
                     const ParamList *hyper, ParamList params, StmtBlock body) {
  Stmt *stmt = build_statement(parser, kind, span);
  stmt->name = declared_name(parser, name);
  stmt->name_span = name->span;
  stmt->has_hyper = hyper != NULL;
  if (hyper != NULL) {
    stmt->hyper = hyper->items;
    stmt->n_hyper = hyper->count;
  }
  stmt->params = params.items;
  stmt->n_params = params.count;
  stmt->body = body;
  return stmt;
}

const Rule *build_rule(Parser *parser, Span span, const Token *word, AstList names, AstList values,
                       StmtBlock body) {
  Rule *rule = ARENA_NEW(parser->arena, Rule);
  *rule = (Rule){.values = values.items, .n_values = values.count, .body = body, .span = span};
  rule->surrogate = strcmp(word->text, "surrogate") == 0;
  if (!rule->surrogate && strcmp(word->text, "grad") != 0) {
    diag_error(parser->diag, word->span, "expected `grad` after `with`, found the name `%s`",
               word->text);
    diag_hint(parser->diag, "`surrogate` says that the rule is not meant to be the derivative");
  }
  rule->seed = path_text(parser, names.items[0]);
  if (rule->seed == NULL) {
    diag_error(parser->diag, names.items[0]->span, "expected a name for the adjoint of the value");
    rule->seed = "u";
  }
  rule->wrt = names.items + 1;
  rule->n_wrt = names.count - 1;
  return rule;
}

Stmt *build_repeat(Parser *parser, Span span, IteratorList iterators, StmtBlock body) {
  Stmt *stmt = build_statement(parser, STMT_REPEAT, span);
  stmt->iterators = iterators.items;
  stmt->n_iterators = iterators.count;
  stmt->body = body;
  if (iterators.count > 1) {
    diag_error(parser->diag, iterators.items[1].span, "`repeat` counts with one name");
    diag_hint(parser->diag, "put one repeat inside the other");
  }
  return stmt;
}

Stmt *build_if(Parser *parser, Span span, Ast *condition, StmtBlock body, ElsePart otherwise) {
  Stmt *stmt = build_statement(parser, STMT_IF, span);
  stmt->value = condition;
  stmt->body = body;
  stmt->otherwise = otherwise.block;
  stmt->has_otherwise = otherwise.present;
  return stmt;
}

ElsePart else_if(Parser *parser, Stmt *statement, uint32_t depth) {
  if (depth >= SYNTAX_MAX_NESTING) {
    mistake_too_deep(parser, statement->span);
    return (ElsePart){0};
  }
  StmtList list = {0};
  ARRAY_PUSH(parser->arena, &list, statement);
  return (ElsePart){{list.items, list.count}, true, depth + 1};
}

Result build_result(Parser *parser, Ast *target, Span arrow, Ast *value) {
  (void)arrow;
  check_update(parser, target);
  return (Result){target, value};
}

/* --- train --- */

static const char *const clauses[] = {"minimize",  "with",   "epochs", "steps", "seed",
                                      "clip_norm", "freeze", "report", "data",  "valid"};
enum { N_CLAUSES = sizeof clauses / sizeof clauses[0] };

Stmt *build_clause(Parser *parser, Span span, const Token *name, ArgList args) {
  Stmt *stmt = build_statement(parser, STMT_CLAUSE, span);
  stmt->name = name->text;
  stmt->name_span = name->span;
  stmt->args = args.items;
  stmt->n_args = args.count;
  for (size_t i = 0; i < N_CLAUSES; i++)
    if (strcmp(clauses[i], name->text) == 0) return stmt;
  diag_error(parser->diag, name->span, "`train` has no clause `%s`", name->text);
  const char *nearest = nearest_name(name->text, clauses, N_CLAUSES);
  if (nearest != NULL)
    diag_hint(parser->diag, "did you mean `%s`?", nearest);
  else
    diag_hint(parser->diag, "its clauses are minimize, with, epochs, steps, seed, clip_norm, "
                            "freeze, report, data and valid");
  return stmt;
}

Stmt *build_with(Parser *parser, Span span, Span with, Ast *optimizer, const Token *on,
                 AstList owners) {
  if (on != NULL) require_word(parser, on, "on", "after the optimizer");
  Stmt *stmt = build_statement(parser, STMT_CLAUSE, span);
  stmt->name = "with";
  stmt->name_span = with;
  stmt->args = ARENA_NEW(parser->arena, Arg);
  stmt->args[0] = (Arg){.value = optimizer};
  stmt->n_args = 1;
  stmt->on = owners.items;
  stmt->n_on = owners.count;
  return stmt;
}
