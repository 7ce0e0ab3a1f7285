/* The tree as `.dag` text in the one normal layout: a statement a line, blocks indented by two,
   blank lines around blocks, and no parenthesis that the precedences do not ask for. */
#include <inttypes.h>
#include <string.h>
#include "support/utf8.h"
#include "syntax/syntax.h"

/* Loosest first, as in grammar/dag.y. */
typedef enum Level {
  LEVEL_PIPE,
  LEVEL_OR,
  LEVEL_AND,
  LEVEL_NOT,
  LEVEL_COMPARE,
  LEVEL_SUM,
  LEVEL_PRODUCT,
  LEVEL_UNARY,
  LEVEL_POWER,
  LEVEL_DEFAULT,
  LEVEL_POSTFIX
} Level;

static const struct {
  const char *text;
  Level level;
} binaries[] = {
    [BINARY_ADD] = {"+", LEVEL_SUM},     [BINARY_SUB] = {"-", LEVEL_SUM},
    [BINARY_MUL] = {"*", LEVEL_PRODUCT}, [BINARY_DIV] = {"/", LEVEL_PRODUCT},
    [BINARY_MOD] = {"%", LEVEL_PRODUCT}, [BINARY_MATMUL] = {"@", LEVEL_PRODUCT},
    [BINARY_POW] = {"^", LEVEL_POWER},   [BINARY_EQ] = {"==", LEVEL_COMPARE},
    [BINARY_NE] = {"!=", LEVEL_COMPARE}, [BINARY_LT] = {"<", LEVEL_COMPARE},
    [BINARY_LE] = {"<=", LEVEL_COMPARE}, [BINARY_GT] = {">", LEVEL_COMPARE},
    [BINARY_GE] = {">=", LEVEL_COMPARE}, [BINARY_AND] = {"and", LEVEL_AND},
    [BINARY_OR] = {"or", LEVEL_OR},
};

const char *binary_text(BinaryOp op) { return binaries[op].text; }

static Level level_of(const Ast *ast) {
  switch (ast->kind) {
  case AST_INT:
  case AST_REAL:
  case AST_BOOL:
  case AST_STRING:
  case AST_NAME:
  case AST_FIELD:
  case AST_CALL:
  case AST_INDEX:
  case AST_LIST: return LEVEL_POSTFIX;
  case AST_UNARY: return ast->unary == UNARY_NEG ? LEVEL_UNARY : LEVEL_NOT;
  case AST_BINARY: return binaries[ast->binary].level;
  case AST_PIPE: return LEVEL_PIPE;
  case AST_DEFAULT: return LEVEL_DEFAULT;
  }
  bug("syntax", "no kind of expression: %d", (int)ast->kind);
}

/* --- leaves --- */

/* Bytes that are no UTF-8, which only an escape can write, are written as escapes again. */
static void print_string(Text *out, const char *string) {
  static const char letters[] = "abfnrtv\\\"", meanings[] = "\a\b\f\n\r\t\v\\\"";
  size_t length = strlen(string);
  bool is_text = utf8_check(string, length) == length;
  text_add(out, "\"");
  for (const char *at = string; *at != '\0'; at++) {
    unsigned char byte = (unsigned char)*at;
    const char *meaning = strchr(meanings, *at);
    if (meaning != NULL)
      text_printf(out, "\\%c", letters[meaning - meanings]);
    else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !is_text))
      text_printf(out, "\\%03o", byte);
    else
      text_addn(out, at, 1);
  }
  text_add(out, "\"");
}

/* --- expressions --- */

static void print_level(Text *out, const Ast *ast, Level least) {
  bool parenthesise = level_of(ast) < least;
  if (parenthesise) text_add(out, "(");
  print_ast(out, ast);
  if (parenthesise) text_add(out, ")");
}

/* ranges: the colon of `i: 3` stands as in a declaration, that of the slice `2:5` alone. */
static void print_item(Text *out, const Item *item, bool ranges) {
  switch (item->kind) {
  case ITEM_EXPR: print_ast(out, item->first); break;
  case ITEM_SLICE:
    if (item->first != NULL) print_ast(out, item->first);
    text_add(out, ranges && item->first != NULL && item->second != NULL ? ": " : ":");
    if (item->second != NULL) print_ast(out, item->second);
    break;
  case ITEM_RANGE:
    print_ast(out, item->first);
    text_add(out, "..");
    print_ast(out, item->second);
    break;
  case ITEM_IN_RANGE:
    print_ast(out, item->first);
    text_add(out, ": ");
    print_ast(out, item->second);
    text_add(out, "..");
    print_ast(out, item->third);
    break;
  case ITEM_ELLIPSIS: text_add(out, "..."); break;
  }
}

static void print_items(Text *out, const Item *items, size_t n, bool ranges) {
  text_add(out, "[");
  for (size_t i = 0; i < n; i++) {
    if (i > 0) text_add(out, ", ");
    print_item(out, &items[i], ranges);
  }
  text_add(out, "]");
}

static void print_args(Text *out, const Arg *args, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (i > 0) text_add(out, ", ");
    if (args[i].name != NULL) text_printf(out, "%s = ", args[i].name);
    print_ast(out, args[i].value);
  }
}

static void print_binary(Text *out, const Ast *ast) {
  Level level = binaries[ast->binary].level;
  Level left = level == LEVEL_POWER || level == LEVEL_COMPARE ? level + 1 : level;
  Level right = level == LEVEL_POWER ? LEVEL_UNARY : level + 1;
  print_level(out, ast->operand, left);
  bool spaced = ast->binary != BINARY_POW;
  text_printf(out, spaced ? " %s " : "%s", binaries[ast->binary].text);
  print_level(out, ast->right, right);
}

/* What stands behind `??` may have a sign. */
static void print_default(Text *out, const Ast *ast) {
  const Ast *value = ast->right;
  print_level(out, ast->operand, LEVEL_POSTFIX);
  text_add(out, " ?? ");
  if (value->kind == AST_UNARY && value->unary == UNARY_NEG) {
    text_add(out, "-");
    value = value->operand;
  }
  print_level(out, value, LEVEL_POSTFIX);
}

/* A number before a point or bracket would not be read as one. */
static void print_operand(Text *out, const Ast *ast) {
  bool number = ast->kind == AST_INT || ast->kind == AST_REAL;
  if (number) text_add(out, "(");
  print_level(out, ast, LEVEL_POSTFIX);
  if (number) text_add(out, ")");
}

static void print_index(Text *out, const Ast *ast, bool ranges) {
  print_operand(out, ast->operand);
  print_items(out, ast->items, ast->n_items, ranges);
}

void print_ast(Text *out, const Ast *ast) {
  switch (ast->kind) {
  case AST_INT: text_printf(out, "%" PRId64, ast->integer); break;
  case AST_REAL: text_add_real(out, ast->real); break;
  case AST_BOOL: text_add(out, ast->boolean ? "true" : "false"); break;
  case AST_STRING: print_string(out, ast->string); break;
  case AST_NAME: text_add(out, ast->name); break;
  case AST_FIELD:
    print_operand(out, ast->operand);
    text_printf(out, ".%s", ast->name);
    break;
  case AST_UNARY:
    text_add(out, ast->unary == UNARY_NEG ? "-" : "not ");
    print_level(out, ast->operand, ast->unary == UNARY_NEG ? LEVEL_UNARY : LEVEL_NOT);
    break;
  case AST_BINARY: print_binary(out, ast); break;
  case AST_PIPE:
    print_level(out, ast->operand, LEVEL_PIPE);
    text_add(out, " |> ");
    print_level(out, ast->right, LEVEL_OR);
    break;
  case AST_CALL:
    if (ast->operand->kind == AST_INDEX) /* a reduction, most often: sum[i: 3](…) */
      print_index(out, ast->operand, true);
    else
      print_operand(out, ast->operand);
    text_add(out, "(");
    print_args(out, ast->args, ast->n_args);
    text_add(out, ")");
    break;
  case AST_INDEX: print_index(out, ast, false); break;
  case AST_DEFAULT: print_default(out, ast); break;
  case AST_LIST: print_items(out, ast->items, ast->n_items, false); break;
  }
}

/* --- statements --- */

static void print_type(Text *out, const TypeExpr *type) {
  text_add(out, type->name);
  if (type->has_brackets) print_items(out, type->items, type->n_items, false);
}

static void print_params(Text *out, const Param *params, size_t n) {
  text_add(out, "(");
  for (size_t i = 0; i < n; i++) {
    text_printf(out, "%s%s", i > 0 ? ", " : "", params[i].name);
    if (params[i].type != NULL) {
      text_add(out, ": ");
      print_type(out, params[i].type);
    }
    if (params[i].value == NULL) continue;
    text_add(out, " = ");
    print_ast(out, params[i].value);
  }
  text_add(out, ")");
}

static void indent(Text *out, int depth) {
  for (int i = 0; i < depth; i++) text_add(out, "  ");
}

static void print_lines(Text *out, const StmtBlock *block, int depth);

static void print_block(Text *out, const StmtBlock *block, int depth) {
  text_add(out, "{\n");
  print_lines(out, block, depth + 1);
  indent(out, depth);
  text_add(out, "}");
}

static void print_declaration(Text *out, const char *word, const Stmt *stmt) {
  text_printf(out, "%s %s", word, stmt->name);
  if (stmt->type != NULL) {
    text_add(out, ": ");
    print_type(out, stmt->type);
  }
  if (stmt->value == NULL) return;
  text_add(out, " = ");
  print_ast(out, stmt->value);
}

static void print_targets(Text *out, const Stmt *stmt) {
  if (stmt->n_targets > 1) text_add(out, "(");
  for (size_t i = 0; i < stmt->n_targets; i++) {
    const LeftSide *target = &stmt->targets[i];
    text_printf(out, "%s%s", i > 0 ? ", " : "", target->name);
    if (target->has_brackets) print_items(out, target->items, target->n_items, true);
  }
  if (stmt->n_targets > 1) text_add(out, ")");
}

static void print_update(Text *out, const Ast *target, const Ast *value) {
  print_ast(out, target);
  text_add(out, " <- ");
  print_ast(out, value);
}

static void print_asts(Text *out, Ast *const *asts, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (i > 0) text_add(out, ", ");
    print_ast(out, asts[i]);
  }
}

static void print_rule(Text *out, const Rule *rule, int depth) {
  text_printf(out, " with %s(%s%s", rule->surrogate ? "surrogate" : "grad", rule->seed,
              rule->n_wrt > 0 ? ", " : "");
  print_asts(out, rule->wrt, rule->n_wrt);
  text_add(out, rule->n_values == 0 ? ") " : rule->n_values == 1 ? ") = " : ") = (");
  print_asts(out, rule->values, rule->n_values);
  if (rule->n_values > 1) text_add(out, ")");
  if (rule->n_values == 0) print_block(out, &rule->body, depth);
}

static void print_function(Text *out, const char *word, const Stmt *stmt, int depth) {
  text_printf(out, "%s %s", word, stmt->name);
  if (stmt->has_hyper) print_params(out, stmt->hyper, stmt->n_hyper);
  print_params(out, stmt->params, stmt->n_params);
  if (stmt->value != NULL) {
    text_add(out, " = ");
    print_ast(out, stmt->value);
  } else {
    text_add(out, " ");
    print_block(out, &stmt->body, depth);
  }
  if (stmt->rule != NULL) print_rule(out, stmt->rule, depth);
}

static void print_iterators(Text *out, const char *word, const Stmt *stmt) {
  text_add(out, word);
  for (size_t i = 0; i < stmt->n_iterators; i++) {
    const Iterator *iterator = &stmt->iterators[i];
    text_printf(out, "%s %s in ", i > 0 ? "," : "", iterator->name);
    print_ast(out, iterator->from);
    text_add(out, "..");
    print_ast(out, iterator->to);
  }
  text_add(out, " ");
}

static void print_scan(Text *out, const Stmt *stmt, int depth) {
  print_iterators(out, "scan", stmt);
  if (stmt->checkpoint != NULL) {
    text_add(out, "checkpoint ");
    print_ast(out, stmt->checkpoint);
    text_add(out, " ");
  }
  if (stmt->n_carried > 0) {
    text_add(out, "with ");
    print_args(out, stmt->carried, stmt->n_carried);
    text_add(out, " ");
  }
  print_block(out, &stmt->body, depth);
}

/* An `else` that holds one `if` and nothing else is `else if`. */
static void print_if(Text *out, const Stmt *stmt, int depth) {
  for (;;) {
    text_add(out, "if ");
    print_ast(out, stmt->value);
    text_add(out, " ");
    print_block(out, &stmt->body, depth);
    if (!stmt->has_otherwise) return;
    text_add(out, " else ");
    if (stmt->otherwise.count != 1 || stmt->otherwise.items[0]->kind != STMT_IF) break;
    stmt = stmt->otherwise.items[0];
  }
  print_block(out, &stmt->otherwise, depth);
}

static void print_export(Text *out, const Stmt *stmt) {
  text_printf(out, "export %s", stmt->name);
  print_params(out, stmt->params, stmt->n_params);
  text_add(out, " = ");
  for (size_t i = 0; i < stmt->n_results; i++) {
    const Result *result = &stmt->results[i];
    if (i > 0) text_add(out, ", ");
    if (result->target != NULL)
      print_update(out, result->target, result->value);
    else
      print_ast(out, result->value);
  }
  if (stmt->n_args == 0) return;
  text_add(out, " where ");
  print_args(out, stmt->args, stmt->n_args);
}

/* `minimize loss`; a value that begins with [ takes parentheses, since W[…] begins an update. */
static void print_clause(Text *out, const Stmt *stmt) {
  Text args = text_new(out->arena);
  print_args(&args, stmt->args, stmt->n_args);
  bool bracket = text_string(&args)[0] == '[';
  text_printf(out, "%s ", stmt->name);
  if (bracket) {
    text_add(out, "(");
    print_ast(out, stmt->args[0].value);
    text_add(out, stmt->n_args > 1 ? "), " : ")");
    print_args(out, stmt->args + 1, stmt->n_args - 1);
  } else {
    text_add(out, text_string(&args));
  }
  for (size_t i = 0; i < stmt->n_on; i++) {
    text_add(out, i == 0 ? " on " : ", ");
    print_ast(out, stmt->on[i]);
  }
}

static void print_stmt(Text *out, const Stmt *stmt, int depth) {
  switch (stmt->kind) {
  case STMT_DIM: print_declaration(out, "dim", stmt); break;
  case STMT_CONST: print_declaration(out, "const", stmt); break;
  case STMT_INPUT: print_declaration(out, "input", stmt); break;
  case STMT_PARAM: print_declaration(out, "param", stmt); break;
  case STMT_STATE: print_declaration(out, "state", stmt); break;
  case STMT_DEFINE:
    print_targets(out, stmt);
    text_add(out, " = ");
    print_ast(out, stmt->value);
    break;
  case STMT_UPDATE: print_update(out, stmt->target, stmt->value); break;
  case STMT_FN: print_function(out, "fn", stmt, depth); break;
  case STMT_RULE:
    print_ast(out, stmt->target);
    print_rule(out, stmt->rule, depth);
    break;
  case STMT_LAYER: print_function(out, "layer", stmt, depth); break;
  case STMT_OPTIMIZER: print_function(out, "optimizer", stmt, depth); break;
  case STMT_REPEAT:
    print_iterators(out, "repeat", stmt);
    print_block(out, &stmt->body, depth);
    break;
  case STMT_SCAN: print_scan(out, stmt, depth); break;
  case STMT_IF: print_if(out, stmt, depth); break;
  case STMT_REQUIRE:
    text_add(out, "require ");
    print_ast(out, stmt->value);
    text_add(out, ", ");
    print_ast(out, stmt->message);
    break;
  case STMT_EXPORT: print_export(out, stmt); break;
  case STMT_TRAIN:
    text_add(out, "train ");
    print_block(out, &stmt->body, depth);
    break;
  case STMT_IMPORT:
    text_add(out, "import ");
    print_ast(out, stmt->value);
    break;
  case STMT_RETURN:
    text_add(out, "return ");
    print_args(out, stmt->args, stmt->n_args);
    break;
  case STMT_CLAUSE: print_clause(out, stmt); break;
  }
}

static bool has_block(const Stmt *stmt) {
  switch (stmt->kind) {
  case STMT_FN: return stmt->value == NULL;
  case STMT_RULE: return stmt->rule->n_values == 0;
  case STMT_LAYER:
  case STMT_OPTIMIZER:
  case STMT_REPEAT:
  case STMT_SCAN:
  case STMT_IF:
  case STMT_TRAIN: return true;
  case STMT_DIM:
  case STMT_CONST:
  case STMT_INPUT:
  case STMT_PARAM:
  case STMT_STATE:
  case STMT_DEFINE:
  case STMT_UPDATE:
  case STMT_REQUIRE:
  case STMT_EXPORT:
  case STMT_IMPORT:
  case STMT_RETURN:
  case STMT_CLAUSE: return false;
  }
  bug("syntax", "no kind of statement: %d", (int)stmt->kind);
}

static void print_lines(Text *out, const StmtBlock *block, int depth) {
  for (size_t i = 0; i < block->count; i++) {
    const Stmt *stmt = block->items[i];
    if (depth == 0 && i > 0 && (has_block(stmt) || has_block(block->items[i - 1])))
      text_add(out, "\n");
    indent(out, depth);
    print_stmt(out, stmt, depth);
    text_add(out, "\n");
  }
}

void print_file(Text *out, const File *file) { print_lines(out, &file->body, 0); }
