/* What the actions of grammar/dag.y build with. */
#pragma once
#include "syntax/ast.h"
#include "syntax/tokens.h"

typedef struct Parser {
  Arena *arena;
  Diag *diag;
  Tokens tokens;
  File *file;
  Ast *expression; /* of parse_expression */
  bool too_deep;   /* reported already */
} Parser;

/* Lists grow in the arena; as values of the parser they are copied freely. */
typedef ARRAY(Item) ItemList;
typedef ARRAY(Arg) ArgList;
typedef ARRAY(Ast *) AstList;
typedef ARRAY(Param) ParamList;
typedef ARRAY(LeftSide) TargetList;
typedef ARRAY(Iterator) IteratorList;
typedef ARRAY(Result) ResultList;
typedef ARRAY(Stmt *) StmtList;

/* `else` and what follows: depth counts the `else if`s. */
typedef struct ElsePart {
  StmtBlock block;
  bool present;
  uint32_t depth;
} ElsePart;

/* --- expressions --- */
Ast *build_leaf(Parser *parser, AstKind kind, const Token *token);
Ast *build_unary(Parser *parser, UnaryOp op, Span op_span, Ast *operand);
Ast *build_binary(Parser *parser, Ast *left, BinaryOp op, Span op_span, Ast *right);
/* a < b < c is reported: `left` is a comparison without parentheses. */
Ast *build_chained(Parser *parser, Ast *left, BinaryOp op, Span op_span, Ast *right);
Ast *build_pipe(Parser *parser, Ast *value, Span op_span, Ast *into);
Ast *build_default(Parser *parser, Ast *read, Span op_span, Ast *value);
Ast *build_field(Parser *parser, Ast *operand, const Token *name);
Ast *build_call(Parser *parser, Ast *function, ArgList args, Span span);
Ast *build_index(Parser *parser, Ast *operand, ItemList items, Span span);
Ast *build_list(Parser *parser, AstList values, Span span);
/* The parenthesised expression: its place takes the parentheses in. */
Ast *build_parenthesised(Ast *inside, Span span);

TypeExpr *build_type(Parser *parser, const Token *name, const ItemList *items, Span span);
LeftSide build_target(Parser *parser, const Ast *left);
/* An input that an export lists, with its path. */
Param build_input(Parser *parser, const Ast *left);
const char *declared_name(Parser *parser, const Token *name);

/* --- statements --- */
Stmt *build_statement(Parser *parser, StmtKind kind, Span span);
/* dim, const, input, param, state: by the name `left`. */
Stmt *build_declaration(Parser *parser, StmtKind kind, Span span, const Ast *left, TypeExpr *type,
                        Ast *value);
Stmt *build_definition(Parser *parser, Span span, TargetList targets, Ast *value);
Stmt *build_update(Parser *parser, Span span, Ast *target, Ast *value);
/* fn, layer, optimizer. */
Stmt *build_function(Parser *parser, StmtKind kind, Span span, const Token *name,
                     const ParamList *hyper, ParamList params, StmtBlock body);
Stmt *build_repeat(Parser *parser, Span span, IteratorList iterators, StmtBlock body);
Stmt *build_if(Parser *parser, Span span, Ast *condition, StmtBlock body, ElsePart otherwise);
ElsePart else_if(Parser *parser, Stmt *statement, uint32_t depth);
Result build_result(Parser *parser, Ast *target, Span arrow, Ast *value);
Stmt *build_clause(Parser *parser, Span span, const Token *name, ArgList args);
Stmt *build_with(Parser *parser, Span span, Span with, Ast *optimizer, const Token *on,
                 AstList owners);

/* word(names) after `with`: the first name is the seed. values.count 0: the body gives them. */
const Rule *build_rule(Parser *parser, Span span, const Token *word, AstList names, AstList values,
                       StmtBlock body);

/* `word` is the name that must stand at `name`: `on`, `checkpoint`, `grad`. */
void require_word(Parser *parser, const Token *name, const char *word, const char *context);
void mistake_too_deep(Parser *parser, Span span);

/* realloc that ends the process when the system has no memory left. */
void *syntax_realloc(void *memory, size_t size);

/* grammar/dag.y */
int dag_parse(Parser *parser);
