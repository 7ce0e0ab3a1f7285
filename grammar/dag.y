/* The grammar of .dag: LALR(1), without conflicts. Statements end with SEPARATOR, which
   compiler/syntax/tokens.c makes from newlines and `;`, and puts before each `}`; there, too, stand
   the rest of the newline rule and what is passed over after a mistake. */
%code requires {
#include "syntax/parser.h"
}
%code {
#include <stdlib.h>
#include "syntax/mistakes.h"

static int yylex(YYSTYPE *value, Span *span, Parser *parser);
static void yyerror(const Span *span, Parser *parser, const char *message);
static Stmt *statement_of(Parser *parser, StmtKind kind, Span span) {
  return build_statement(parser, kind, span);
}

#define YYMALLOC(size) syntax_realloc(NULL, size)
#define YYFREE         free
#define YYMAXDEPTH     200000
#define YYLLOC_DEFAULT(all, parts, n)                                                              \
  ((all) = (n) > 0 ? span_join(YYRHSLOC(parts, 1), YYRHSLOC(parts, n)) : YYRHSLOC(parts, 0))
#define PUSH(list, ...) ARRAY_PUSH(parser->arena, &(list), __VA_ARGS__)
#define BLOCK(list)     ((StmtBlock){(list).items, (list).count})
}

%define api.pure full
%define api.prefix {dag_}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%locations
%parse-param {Parser *parser}
%lex-param {Parser *parser}
%initial-action { @$ = (Span){parser->tokens.source, 1, 1, 1, 1}; }

%union {
  Token token;
  Ast *ast;
  Stmt *stmt;
  TypeExpr *type;
  Item item;
  Arg arg;
  Param param;
  Iterator iterator;
  Result result;
  StmtBlock block;
  ElsePart else_part;
  const Rule *rule;
  ItemList items;
  ArgList args;
  AstList asts;
  ParamList params;
  TargetList targets;
  IteratorList iterators;
  ResultList results;
  StmtList stmts;
}

/* The first token says what is parsed. */
%token END 0 "end of the file"
%token START_FILE START_EXPRESSION
%token SEPARATOR "end of a statement"
/* Keywords. In tokens.c they are in this order too. */
%token DIM CONST INPUT PARAM STATE FN LAYER OPTIMIZER REPEAT SCAN IN WITH IF ELSE REQUIRE EXPORT
%token <token> WHERE
%token TRAIN IMPORT RETURN AND OR NOT
%token <token> TRUE FALSE
%token <token> NAME CLAUSE INTEGER REAL STRING
%token PIPE DEFAULT ASSIGN ARROW
%token EQUAL UNEQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL
%token PLUS MINUS TIMES DIVIDE MODULO MATMUL POWER
%token ELLIPSIS DOTS DOT COMMA COLON
%token LPAREN RPAREN LBRACKET RBRACKET LBRACE RBRACE

%type <stmt> statement declaration if_statement train_item
%type <stmts> statements train_items
%type <block> block
%type <else_part> else_part
%type <rule> rule own_rule
%type <ast> left expr or and not compare comparison sum product unary power default default_value
%type <ast> postfix primary checkpoint
%type <type> type type_annotation
%type <item> item
%type <items> items some_items
%type <arg> arg
%type <args> args some_args carried values where_clause
%type <asts> exprs some_exprs owners
%type <params> params some_params listed_inputs some_inputs
%type <param> param
%type <targets> targets
%type <iterator> iterator
%type <iterators> iterators
%type <result> result
%type <results> results

%%

start:
    START_FILE statements           { parser->file->body = BLOCK($2); }
  | START_EXPRESSION expr SEPARATOR { parser->expression = $2; }
  ;

/* --- statements --- */

statements:
    %empty                          { $$ = (StmtList){0}; }
  | statements SEPARATOR
  | statements statement SEPARATOR  { $$ = $1; if ($2 != NULL) PUSH($$, $2); }
  | statements error SEPARATOR      { $$ = $1; yyerrok; }
  ;

block:
    LBRACE statements RBRACE        { $$ = BLOCK($2); }
  ;

statement:
    declaration
  | left ASSIGN expr                { LeftSide *target = ARENA_NEW(parser->arena, LeftSide);
                                      *target = build_target(parser, $1);
                                      TargetList targets = {target, 1, 1};
                                      $$ = build_definition(parser, @$, targets, $3); }
  | LPAREN targets RPAREN ASSIGN expr
                                    { $$ = build_definition(parser, @$, $2, $5); }
  | left ARROW expr                 { $$ = build_update(parser, @$, $1, $3); }
  | FN NAME LPAREN params RPAREN ASSIGN expr rule
                                    { $$ = build_function(parser, STMT_FN, @$, &$2, NULL, $4,
                                                          (StmtBlock){0});
                                      $$->value = $7;
                                      $$->rule = $8; }
  | FN NAME LPAREN params RPAREN block rule
                                    { $$ = build_function(parser, STMT_FN, span_join(@1, @5), &$2,
                                                          NULL, $4, $6);
                                      $$->rule = $7; }
  | left own_rule                   { $$ = statement_of(parser, STMT_RULE, span_join(@1, $2->span));
                                      $$->target = $1;
                                      $$->rule = $2; }
  | LAYER NAME LPAREN params RPAREN block
                                    { $$ = build_function(parser, STMT_LAYER, span_join(@1, @5),
                                                          &$2, NULL, $4, $6); }
  | LAYER NAME LPAREN params RPAREN LPAREN params RPAREN block
                                    { $$ = build_function(parser, STMT_LAYER, span_join(@1, @8),
                                                          &$2, &$4, $7, $9); }
  | OPTIMIZER NAME LPAREN params RPAREN block
                                    { $$ = build_function(parser, STMT_OPTIMIZER,
                                                          span_join(@1, @5), &$2, NULL, $4, $6); }
  | OPTIMIZER NAME LPAREN params RPAREN LPAREN params RPAREN block
                                    { $$ = build_function(parser, STMT_OPTIMIZER,
                                                          span_join(@1, @8), &$2, &$4, $7, $9); }
  | REPEAT iterators block          { $$ = build_repeat(parser, span_join(@1, @2), $2, $3); }
  | SCAN iterators checkpoint carried block
                                    { $$ = statement_of(parser, STMT_SCAN, span_join(@1, @4));
                                      $$->iterators = $2.items;
                                      $$->n_iterators = $2.count;
                                      $$->checkpoint = $3;
                                      $$->carried = $4.items;
                                      $$->n_carried = $4.count;
                                      $$->body = $5; }
  | if_statement
  | REQUIRE expr COMMA STRING       { $$ = statement_of(parser, STMT_REQUIRE, @$);
                                      $$->value = $2;
                                      $$->message = build_leaf(parser, AST_STRING, &$4); }
  | EXPORT NAME LPAREN listed_inputs RPAREN ASSIGN results where_clause
                                    { $$ = statement_of(parser, STMT_EXPORT, @$);
                                      $$->name = declared_name(parser, &$2);
                                      $$->name_span = @2;
                                      $$->params = $4.items;
                                      $$->n_params = $4.count;
                                      $$->results = $7.items;
                                      $$->n_results = $7.count;
                                      $$->args = $8.items;
                                      $$->n_args = $8.count; }
  | TRAIN LBRACE train_items RBRACE { $$ = statement_of(parser, STMT_TRAIN, @1);
                                      $$->body = BLOCK($3); }
  | IMPORT STRING                   { $$ = statement_of(parser, STMT_IMPORT, @$);
                                      $$->value = build_leaf(parser, AST_STRING, &$2); }
  | RETURN some_exprs               { $$ = statement_of(parser, STMT_RETURN, @$);
                                      ArgList args = {0};
                                      for (size_t i = 0; i < $2.count; i++)
                                        PUSH(args, (Arg){.value = $2.items[i]});
                                      $$->args = args.items;
                                      $$->n_args = args.count; }
  ;

declaration:
    DIM left ASSIGN expr    { $$ = build_declaration(parser, STMT_DIM, @$, $2, NULL, $4); }
  | CONST left ASSIGN expr  { $$ = build_declaration(parser, STMT_CONST, @$, $2, NULL, $4); }
  | INPUT left COLON type   { $$ = build_declaration(parser, STMT_INPUT, @$, $2, $4, NULL); }
  | PARAM left COLON type ASSIGN expr
                            { $$ = build_declaration(parser, STMT_PARAM, @$, $2, $4, $6); }
  | STATE left type_annotation ASSIGN expr
                            { $$ = build_declaration(parser, STMT_STATE, @$, $2, $3, $5); }
  ;

/* What is declared or defined, with its path: `dense1.W`, `block[3].z[n, j]`. */
left:
    NAME                            { $$ = build_leaf(parser, AST_NAME, &$1); }
  | left DOT NAME                   { $$ = build_field(parser, $1, &$3); }
  | left LBRACKET items RBRACKET    { $$ = build_index(parser, $1, $3, @$); }
  ;

targets:
    left COMMA left                 { $$ = (TargetList){0};
                                      PUSH($$, build_target(parser, $1));
                                      PUSH($$, build_target(parser, $3)); }
  | targets COMMA left              { $$ = $1; PUSH($$, build_target(parser, $3)); }
  ;

rule:
    %empty                          { $$ = NULL; }
  | own_rule
  ;

/* The adjoint of the value, what is differentiated by; one share for each of those. */
own_rule:
    WITH NAME LPAREN owners RPAREN ASSIGN expr
                                    { AstList values = {0};
                                      PUSH(values, $7);
                                      $$ = build_rule(parser, span_join(@1, @5), &$2, $4, values,
                                                      (StmtBlock){0}); }
  | WITH NAME LPAREN owners RPAREN ASSIGN LPAREN expr COMMA some_exprs RPAREN
                                    { AstList values = {0};
                                      PUSH(values, $8);
                                      for (size_t i = 0; i < $10.count; i++)
                                        PUSH(values, $10.items[i]);
                                      $$ = build_rule(parser, span_join(@1, @5), &$2, $4, values,
                                                      (StmtBlock){0}); }
  | WITH NAME LPAREN owners RPAREN block
                                    { $$ = build_rule(parser, span_join(@1, @5), &$2, $4,
                                                      (AstList){0}, $6); }
  ;

if_statement:
    IF expr block else_part         { $$ = build_if(parser, span_join(@1, @2), $2, $3, $4); }
  ;

else_part:
    %empty                          { $$ = (ElsePart){0}; }
  | ELSE block                      { $$ = (ElsePart){$2, true, 0}; }
  | ELSE IF expr block else_part    { Span span = span_join(@2, @3);
                                      $$ = else_if(parser, build_if(parser, span, $3, $4, $5),
                                                   $5.depth); }
  ;

iterator:
    NAME IN expr DOTS expr          { $$ = (Iterator){declared_name(parser, &$1), $3, $5, @$}; }
  ;

iterators:
    iterator                        { $$ = (IteratorList){0}; PUSH($$, $1); }
  | iterators COMMA iterator        { $$ = $1; PUSH($$, $3); }
  ;

checkpoint:
    %empty                          { $$ = NULL; }
  | NAME expr                       { require_word(parser, &$1, "checkpoint", "here");
                                      $$ = $2; }
  ;

carried:
    %empty                          { $$ = (ArgList){0}; }
  | WITH values                     { $$ = $2; }
  ;

values:
    NAME ASSIGN expr                { $$ = (ArgList){0};
                                      PUSH($$, (Arg){declared_name(parser, &$1), @1, $3}); }
  | values COMMA NAME ASSIGN expr   { $$ = $1;
                                      PUSH($$, (Arg){declared_name(parser, &$3), @3, $5}); }
  ;

result:
    expr                            { $$ = (Result){NULL, $1}; }
  | expr ARROW expr                 { $$ = build_result(parser, $1, @2, $3); }
  ;

results:
    result                          { $$ = (ResultList){0}; PUSH($$, $1); }
  | results COMMA result            { $$ = $1; PUSH($$, $3); }
  ;

where_clause:
    %empty                          { $$ = (ArgList){0}; }
  | WHERE some_args                 { $$ = $2; }
  ;

/* --- train --- */

train_items:
    %empty                              { $$ = (StmtList){0}; }
  | train_items SEPARATOR
  | train_items train_item SEPARATOR    { $$ = $1; if ($2 != NULL) PUSH($$, $2); }
  | train_items error SEPARATOR         { $$ = $1; yyerrok; }
  ;

train_item:
    CLAUSE some_args                { $$ = build_clause(parser, @$, &$1, $2); }
  | WITH expr                       { $$ = build_with(parser, @$, @1, $2, NULL, (AstList){0}); }
  | WITH expr NAME owners           { $$ = build_with(parser, @$, @1, $2, &$3, $4); }
  | left ARROW expr                 { $$ = build_update(parser, @$, $1, $3); }
  ;

owners:
    left                            { $$ = (AstList){0}; PUSH($$, $1); }
  | owners COMMA left               { $$ = $1; PUSH($$, $3); }
  ;

/* --- parameters and types --- */

params:
    %empty                          { $$ = (ParamList){0}; }
  | some_params
  ;

/* of an export: with a path where the export has an input of its own, `classify.x` */
listed_inputs:
    %empty                          { $$ = (ParamList){0}; }
  | some_inputs
  ;

some_inputs:
    left                            { $$ = (ParamList){0}; PUSH($$, build_input(parser, $1)); }
  | some_inputs COMMA left          { $$ = $1; PUSH($$, build_input(parser, $3)); }
  ;

some_params:
    param                           { $$ = (ParamList){0}; PUSH($$, $1); }
  | some_params COMMA param         { $$ = $1; PUSH($$, $3); }
  ;

param:
    NAME type_annotation            { $$ = (Param){declared_name(parser, &$1), $2, NULL, @1}; }
  | NAME type_annotation ASSIGN expr
                                    { $$ = (Param){declared_name(parser, &$1), $2, $4, @1}; }
  ;

type_annotation:
    %empty                          { $$ = NULL; }
  | COLON type                      { $$ = $2; }
  ;

type:
    NAME                            { $$ = build_type(parser, &$1, NULL, @$); }
  | NAME LBRACKET items RBRACKET    { $$ = build_type(parser, &$1, &$3, @$); }
  ;

/* --- brackets --- */

items:
    %empty                          { $$ = (ItemList){0}; }
  | some_items
  ;

some_items:
    item                            { $$ = (ItemList){0}; PUSH($$, $1); }
  | some_items COMMA item           { $$ = $1; PUSH($$, $3); }
  ;

item:
    expr                            { $$ = (Item){ITEM_EXPR, $1, NULL, NULL, @$}; }
  | COLON                           { $$ = (Item){ITEM_SLICE, NULL, NULL, NULL, @$}; }
  | expr COLON                      { $$ = (Item){ITEM_SLICE, $1, NULL, NULL, @$}; }
  | COLON expr                      { $$ = (Item){ITEM_SLICE, NULL, $2, NULL, @$}; }
  | expr COLON expr                 { $$ = (Item){ITEM_SLICE, $1, $3, NULL, @$}; }
  | expr DOTS expr                  { $$ = (Item){ITEM_RANGE, $1, $3, NULL, @$}; }
  | expr COLON expr DOTS expr       { $$ = (Item){ITEM_IN_RANGE, $1, $3, $5, @$}; }
  | ELLIPSIS                        { $$ = (Item){ITEM_ELLIPSIS, NULL, NULL, NULL, @$}; }
  ;

args:
    %empty                          { $$ = (ArgList){0}; }
  | some_args
  ;

some_args:
    arg                             { $$ = (ArgList){0}; PUSH($$, $1); }
  | some_args COMMA arg             { $$ = $1; PUSH($$, $3); }
  ;

arg:
    expr                            { $$ = (Arg){NULL, span_none(), $1}; }
  | NAME ASSIGN expr                { $$ = (Arg){$1.text, @1, $3}; }
  ;

exprs:
    %empty                          { $$ = (AstList){0}; }
  | some_exprs
  ;

some_exprs:
    expr                            { $$ = (AstList){0}; PUSH($$, $1); }
  | some_exprs COMMA expr           { $$ = $1; PUSH($$, $3); }
  ;

/* --- expressions, loosest first --- */

expr:
    or
  | expr PIPE or                    { $$ = build_pipe(parser, $1, @2, $3); }
  ;

or:
    and
  | or OR and                       { $$ = build_binary(parser, $1, BINARY_OR, @2, $3); }
  ;

and:
    not
  | and AND not                     { $$ = build_binary(parser, $1, BINARY_AND, @2, $3); }
  ;

not:
    compare
  | NOT not                         { $$ = build_unary(parser, UNARY_NOT, @1, $2); }
  ;

compare:
    sum
  | comparison
  ;

comparison:
    sum EQUAL sum                   { $$ = build_binary(parser, $1, BINARY_EQ, @2, $3); }
  | sum UNEQUAL sum                 { $$ = build_binary(parser, $1, BINARY_NE, @2, $3); }
  | sum LESS sum                    { $$ = build_binary(parser, $1, BINARY_LT, @2, $3); }
  | sum LESS_EQUAL sum              { $$ = build_binary(parser, $1, BINARY_LE, @2, $3); }
  | sum GREATER sum                 { $$ = build_binary(parser, $1, BINARY_GT, @2, $3); }
  | sum GREATER_EQUAL sum           { $$ = build_binary(parser, $1, BINARY_GE, @2, $3); }
  | comparison EQUAL sum            { $$ = build_chained(parser, $1, BINARY_EQ, @2, $3); }
  | comparison UNEQUAL sum          { $$ = build_chained(parser, $1, BINARY_NE, @2, $3); }
  | comparison LESS sum             { $$ = build_chained(parser, $1, BINARY_LT, @2, $3); }
  | comparison LESS_EQUAL sum       { $$ = build_chained(parser, $1, BINARY_LE, @2, $3); }
  | comparison GREATER sum          { $$ = build_chained(parser, $1, BINARY_GT, @2, $3); }
  | comparison GREATER_EQUAL sum    { $$ = build_chained(parser, $1, BINARY_GE, @2, $3); }
  ;

sum:
    product
  | sum PLUS product                { $$ = build_binary(parser, $1, BINARY_ADD, @2, $3); }
  | sum MINUS product               { $$ = build_binary(parser, $1, BINARY_SUB, @2, $3); }
  ;

product:
    unary
  | product TIMES unary             { $$ = build_binary(parser, $1, BINARY_MUL, @2, $3); }
  | product DIVIDE unary            { $$ = build_binary(parser, $1, BINARY_DIV, @2, $3); }
  | product MODULO unary            { $$ = build_binary(parser, $1, BINARY_MOD, @2, $3); }
  | product MATMUL unary            { $$ = build_binary(parser, $1, BINARY_MATMUL, @2, $3); }
  ;

unary:
    power
  | MINUS unary                     { $$ = build_unary(parser, UNARY_NEG, @1, $2); }
  ;

/* -x^2 is −(x²), and x^-1 is legal */
power:
    default
  | default POWER unary             { $$ = build_binary(parser, $1, BINARY_POW, @2, $3); }
  ;

default:
    postfix
  | postfix DEFAULT default_value   { $$ = build_default(parser, $1, @2, $3); }
  ;

default_value:
    postfix
  | MINUS postfix                   { $$ = build_unary(parser, UNARY_NEG, @1, $2); }
  ;

postfix:
    primary
  | postfix DOT NAME                { $$ = build_field(parser, $1, &$3); }
  | postfix LPAREN args RPAREN      { $$ = build_call(parser, $1, $3, @$); }
  | postfix LBRACKET items RBRACKET { $$ = build_index(parser, $1, $3, @$); }
  ;

primary:
    INTEGER                         { $$ = build_leaf(parser, AST_INT, &$1); }
  | REAL                            { $$ = build_leaf(parser, AST_REAL, &$1); }
  | STRING                          { $$ = build_leaf(parser, AST_STRING, &$1); }
  | TRUE                            { $$ = build_leaf(parser, AST_BOOL, &$1);
                                      $$->boolean = true; }
  | FALSE                           { $$ = build_leaf(parser, AST_BOOL, &$1); }
  | NAME                            { $$ = build_leaf(parser, AST_NAME, &$1); }
  | WHERE LPAREN args RPAREN        { $$ = build_call(parser, build_leaf(parser, AST_NAME, &$1),
                                                      $3, @$); }
  | LPAREN expr RPAREN              { $$ = build_parenthesised($2, @$); }
  | LBRACKET exprs RBRACKET         { $$ = build_list(parser, $2, @$); }
  ;

%%

static int yylex(YYSTYPE *value, Span *span, Parser *parser) {
  value->token = tokens_next(&parser->tokens);
  *span = value->token.span;
  return value->token.kind;
}

/* Called for the parser's own limits only: syntax errors go to yyreport_syntax_error. */
static void yyerror(const Span *span, Parser *parser, const char *message) {
  (void)message;
  mistake_too_deep(parser, *span);
}

static int yyreport_syntax_error(const yypcontext_t *context, Parser *parser) {
  enum { MAX_EXPECTED = 100 };
  yysymbol_kind_t symbols[MAX_EXPECTED];
  int n = yypcontext_expected_tokens(context, symbols, MAX_EXPECTED);
  int kinds[MAX_EXPECTED];
  size_t n_kinds = 0;
  for (int i = 0; i < n; i++)
    for (int kind = START_FILE; kind <= RBRACE; kind++)
      if (YYTRANSLATE(kind) == symbols[i]) kinds[n_kinds++] = kind;
  mistake_syntax(&parser->tokens, kinds, n_kinds);
  tokens_recover(&parser->tokens);
  return 0;
}
