#include "syntax/tokens.h"
#include <string.h>
#include "syntax/mistakes.h"
#include "syntax/parser.h"
#include "syntax/syntax.h"
#include "dag.tab.h"
#include "dag.lex.h"

/* --- words --- */

/* By kind, from SEPARATOR on. The lexer finds the keywords here, too. */
static const char *const words[] = {
    [SEPARATOR - SEPARATOR] = "the end of the line",
    [DIM - SEPARATOR] = "`dim`",
    [CONST - SEPARATOR] = "`const`",
    [INPUT - SEPARATOR] = "`input`",
    [PARAM - SEPARATOR] = "`param`",
    [STATE - SEPARATOR] = "`state`",
    [FN - SEPARATOR] = "`fn`",
    [LAYER - SEPARATOR] = "`layer`",
    [OPTIMIZER - SEPARATOR] = "`optimizer`",
    [REPEAT - SEPARATOR] = "`repeat`",
    [SCAN - SEPARATOR] = "`scan`",
    [IN - SEPARATOR] = "`in`",
    [WITH - SEPARATOR] = "`with`",
    [IF - SEPARATOR] = "`if`",
    [ELSE - SEPARATOR] = "`else`",
    [REQUIRE - SEPARATOR] = "`require`",
    [EXPORT - SEPARATOR] = "`export`",
    [WHERE - SEPARATOR] = "`where`",
    [TRAIN - SEPARATOR] = "`train`",
    [IMPORT - SEPARATOR] = "`import`",
    [RETURN - SEPARATOR] = "`return`",
    [AND - SEPARATOR] = "`and`",
    [OR - SEPARATOR] = "`or`",
    [NOT - SEPARATOR] = "`not`",
    [TRUE - SEPARATOR] = "`true`",
    [FALSE - SEPARATOR] = "`false`",
    [NAME - SEPARATOR] = "a name",
    [CLAUSE - SEPARATOR] = "a clause",
    [INTEGER - SEPARATOR] = "a number",
    [REAL - SEPARATOR] = "a number",
    [STRING - SEPARATOR] = "a string",
    [PIPE - SEPARATOR] = "`|>`",
    [DEFAULT - SEPARATOR] = "`??`",
    [ARROW - SEPARATOR] = "`<-`",
    [ASSIGN - SEPARATOR] = "`=`",
    [EQUAL - SEPARATOR] = "`==`",
    [UNEQUAL - SEPARATOR] = "`!=`",
    [LESS - SEPARATOR] = "`<`",
    [LESS_EQUAL - SEPARATOR] = "`<=`",
    [GREATER - SEPARATOR] = "`>`",
    [GREATER_EQUAL - SEPARATOR] = "`>=`",
    [PLUS - SEPARATOR] = "`+`",
    [MINUS - SEPARATOR] = "`-`",
    [TIMES - SEPARATOR] = "`*`",
    [DIVIDE - SEPARATOR] = "`/`",
    [MODULO - SEPARATOR] = "`%`",
    [MATMUL - SEPARATOR] = "`@`",
    [POWER - SEPARATOR] = "`^`",
    [ELLIPSIS - SEPARATOR] = "`...`",
    [DOTS - SEPARATOR] = "`..`",
    [DOT - SEPARATOR] = "`.`",
    [COMMA - SEPARATOR] = "`,`",
    [COLON - SEPARATOR] = "`:`",
    [LPAREN - SEPARATOR] = "`(`",
    [RPAREN - SEPARATOR] = "`)`",
    [LBRACKET - SEPARATOR] = "`[`",
    [RBRACKET - SEPARATOR] = "`]`",
    [LBRACE - SEPARATOR] = "`{`",
    [RBRACE - SEPARATOR] = "`}`",
};

const char *token_words(int kind) {
  return kind >= SEPARATOR && kind <= RBRACE ? words[kind - SEPARATOR] : "the end of the file";
}

int keyword_kind(const char *text) {
  size_t length = strlen(text);
  for (int kind = DIM; kind <= FALSE; kind++) {
    const char *word = words[kind - SEPARATOR] + 1;
    if (strncmp(word, text, length) == 0 && word[length] == '`') return kind;
  }
  return NAME;
}

const char *const *syntax_keywords(Arena *arena, size_t *n) {
  const char **found = ARENA_ARRAY(arena, const char *, FALSE - DIM + 1);
  for (int kind = DIM; kind <= FALSE; kind++) {
    const char *word = words[kind - SEPARATOR] + 1;
    found[kind - DIM] = arena_strndup(arena, word, strlen(word) - 1);
  }
  *n = FALSE - DIM + 1;
  return found;
}

bool is_keyword(int kind) { return kind >= DIM && kind <= FALSE; }

bool is_operator(int kind) {
  return kind == PIPE || kind == DEFAULT || (kind >= EQUAL && kind <= POWER) || kind == AND ||
         kind == OR;
}

/* --- brackets --- */

static Bracket innermost(const Tokens *tokens) {
  return tokens->open.count == 0 ? (Bracket){0} : tokens->open.items[tokens->open.count - 1];
}

/* In ( ) or [ ], where newlines mean nothing. */
static bool inside_expression(const Tokens *tokens) {
  char open = innermost(tokens).open;
  return open == '(' || open == '[';
}

static void close_expressions(Tokens *tokens) {
  while (inside_expression(tokens)) tokens->open.count--;
}

static void open_bracket(Tokens *tokens, const Token *token, char open) {
  if (tokens->open.count == SYNTAX_MAX_NESTING) {
    diag_error(tokens->diag, token->span, "brackets and blocks are nested more than %d deep",
               SYNTAX_MAX_NESTING);
    tokens_stop(tokens);
    return;
  }
  bool train = open == '{' && tokens->previous.kind == TRAIN;
  tokens->braces += open == '{';
  ARRAY_PUSH(tokens->arena, &tokens->open,
             (Bracket){open, train, tokens->first.span.column, token->span});
}

static void follow_brackets(Tokens *tokens, const Token *token) {
  tokens->innermost = innermost(tokens);
  tokens->braces_before = tokens->braces;
  switch (token->kind) {
  case LPAREN: open_bracket(tokens, token, '('); break;
  case LBRACKET: open_bracket(tokens, token, '['); break;
  case LBRACE: open_bracket(tokens, token, '{'); break;
  case RPAREN:
  case RBRACKET:
    if (inside_expression(tokens)) tokens->open.count--;
    break;
  case RBRACE: /* step has seen to it that one is open */
    if (tokens->suspect.open == 0 && token->first_on_line &&
        token->span.column != tokens->innermost.indent)
      tokens->suspect = tokens->innermost;
    tokens->open.count--;
    tokens->braces--;
    break;
  default: break;
  }
}

/* --- the newline rule --- */

static bool can_end_statement(int kind) {
  switch (kind) {
  case NAME:
  case CLAUSE:
  case INTEGER:
  case REAL:
  case STRING:
  case TRUE:
  case FALSE:
  case RPAREN:
  case RBRACKET:
  case RBRACE:
  case ELLIPSIS: return true;
  default: return false;
  }
}

/* A line that begins so goes on with the statement before it. */
static bool continues_statement(const Tokens *tokens, int kind) {
  return kind == PIPE || kind == ELSE || kind == WHERE ||
         (kind == WITH && !innermost(tokens).train);
}

/* Keywords that begin a statement and stand nowhere in an expression. */
static bool begins_statement(int kind) {
  switch (kind) {
  case DIM:
  case CONST:
  case INPUT:
  case PARAM:
  case STATE:
  case FN:
  case LAYER:
  case OPTIMIZER:
  case REPEAT:
  case SCAN:
  case IF:
  case REQUIRE:
  case EXPORT:
  case TRAIN:
  case IMPORT:
  case RETURN: return true;
  default: return false;
  }
}

/* --- one token after the other --- */

static Token scan(Tokens *tokens) {
  Token token = {0};
  bool first_on_line = false;
  if (tokens->stopped) {
    token.span = tokens->previous.span;
    return token;
  }
  do {
    token = (Token){.span = token.span};
    token.kind = dag_scan(&token, tokens->scanner);
    if (token.kind != RAW_NEWLINE) break;
    first_on_line = true;
    tokens->muted |= tokens->misread; /* what is wrong stands at the end of the line before */
    tokens->misread = false;
  } while (true);
  token.first_on_line = first_on_line;
  token.misread = tokens->misread;
  tokens->misread = false;
  return token;
}

static bool ends_statement(int kind) {
  return kind == SEPARATOR || kind == LBRACE || kind == START_FILE || kind == START_EXPRESSION;
}

void write_comment(Tokens *tokens, Span span) {
  if (tokens->written != NULL) ARRAY_PUSH(tokens->arena, &tokens->written->comments, span);
}

static Token give(Tokens *tokens, Token token) {
  if (ends_statement(tokens->previous.kind)) {
    if (token.kind != SEPARATOR) tokens->muted = false;
    tokens->first = token;
  }
  tokens->muted |= token.misread;
  follow_brackets(tokens, &token);
  if (tokens->written != NULL) ARRAY_PUSH(tokens->arena, &tokens->written->tokens, token);
  tokens->before = tokens->previous;
  tokens->previous = token;
  return token;
}

/* Its place is behind the statement that it ends. */
static Token give_separator(Tokens *tokens, SeparatorKind kind) {
  tokens->muted |= tokens->next.misread && !tokens->next.first_on_line;
  Span span = tokens->previous.span;
  span.line = span.end_line;
  span.column = span.end_column++;
  return give(tokens, (Token){.kind = SEPARATOR, .span = span, .separator = kind});
}

/* Before what ends a statement for sure: the brackets that are still open in it are a mistake. */
static void end_expressions(Tokens *tokens) {
  if (inside_expression(tokens) && !tokens->stopped && !tokens->muted)
    mistake_unclosed(tokens, innermost(tokens), tokens->next);
  close_expressions(tokens);
}

/* A name that begins a statement in `train` is a clause, unless what follows makes it the left side
   of an update. */
static bool is_clause(const Tokens *tokens, const Token *name) {
  int after = tokens->next.kind;
  return name->kind == NAME && ends_statement(tokens->previous.kind) && innermost(tokens).train &&
         after != ARROW && after != DOT && after != LBRACKET && after != ASSIGN;
}

static Token give_next(Tokens *tokens) {
  Token token = tokens->next;
  tokens->next = scan(tokens);
  if (is_clause(tokens, &token)) token.kind = CLAUSE;
  return give(tokens, token);
}

/* At the end of the file: ends the statement, then the blocks that are open. */
static Token give_end(Tokens *tokens) {
  end_expressions(tokens);
  if (!ends_statement(tokens->previous.kind)) return give_separator(tokens, SEPARATOR_END);
  if (tokens->open.count == 0) return give(tokens, tokens->next);
  if (!tokens->stopped) mistake_unclosed(tokens, innermost(tokens), tokens->next);
  tokens_stop(tokens); /* said once, of the innermost */
  return give(tokens, (Token){.kind = RBRACE, .span = tokens->next.span});
}

static bool closes_nothing(const Tokens *tokens) {
  return tokens->next.kind == RBRACE && tokens->braces == 0 && !inside_expression(tokens);
}

static Token step(Tokens *tokens) {
  if (closes_nothing(tokens)) {
    diag_error(tokens->diag, tokens->next.span, "`}` closes nothing");
    while (closes_nothing(tokens)) tokens->next = scan(tokens);
  }
  const Token *next = &tokens->next;
  int kind = next->kind;
  if (kind == END) return give_end(tokens);
  bool ends_surely =
      kind == RBRACE || kind == SEPARATOR || (next->first_on_line && begins_statement(kind));
  if (inside_expression(tokens)) {
    if (!ends_surely) return give_next(tokens);
    end_expressions(tokens);
    return give_separator(tokens, kind == RBRACE ? SEPARATOR_BRACE : SEPARATOR_NEWLINE);
  }
  if (kind == RBRACE && !ends_statement(tokens->previous.kind))
    return give_separator(tokens, SEPARATOR_BRACE);
  if (next->first_on_line && can_end_statement(tokens->previous.kind) &&
      !continues_statement(tokens, kind))
    return give_separator(tokens, SEPARATOR_NEWLINE);
  return give_next(tokens);
}

/* To the end of the statement that has the mistake, over the blocks inside it. */
static Token skip(Tokens *tokens) {
  Token token;
  do token = step(tokens);
  while (token.kind != END && !(token.kind == SEPARATOR && tokens->braces <= tokens->skip_braces));
  return token;
}

Token tokens_next(Tokens *tokens) {
  if (diag_full(tokens->diag)) tokens_stop(tokens);
  if (!tokens->started) {
    tokens->started = true;
    tokens->previous = (Token){.kind = tokens->start, .span = {tokens->source, 1, 1, 1, 1}};
    tokens->next = scan(tokens);
    return tokens->previous;
  }
  switch (tokens->replay) {
  case REPLAY_NONE: break;
  case REPLAY_SEPARATOR:
    tokens->replay = REPLAY_TOKEN;
    return give_separator(tokens, SEPARATOR_NEWLINE);
  case REPLAY_TOKEN:
    tokens->replay = REPLAY_NONE;
    if (is_clause(tokens, &tokens->replayed)) tokens->replayed.kind = CLAUSE;
    return give(tokens, tokens->replayed);
  }
  if (!tokens->skipping) return step(tokens);
  tokens->skipping = false;
  return skip(tokens);
}

void tokens_recover(Tokens *tokens) {
  Token found = tokens->previous;
  if (found.kind == SEPARATOR || found.kind == END) return;
  bool new_statement = begins_statement(found.kind) ||
                       (found.kind == NAME && found.span.column <= tokens->first.span.column);
  if (found.first_on_line && new_statement && found.span.line != tokens->first.span.line) {
    close_expressions(tokens);
    tokens->replayed = found;
    tokens->replay = REPLAY_SEPARATOR;
    return;
  }
  tokens->skipping = true;
  tokens->skip_braces = tokens->braces_before;
}

void tokens_stop(Tokens *tokens) {
  if (tokens->stopped) return;
  tokens->stopped = true;
  tokens->muted = true;
  tokens->next = (Token){.kind = END, .span = tokens->next.span};
}

TextPart whole_text(const Source *source) {
  static const char mark[] = "\xEF\xBB\xBF"; /* of UTF-8; some editors write it */
  size_t begin = strncmp(source->text, mark, 3) == 0 ? 3 : 0;
  return (TextPart){begin, source->length, 1, (uint32_t)begin + 1};
}

void tokens_open(Tokens *tokens, Arena *arena, Diag *diag, const Source *source, TextPart part,
                 int start) {
  *tokens = (Tokens){.arena = arena,
                     .diag = diag,
                     .source = source,
                     .line = part.line,
                     .column = part.column,
                     .start = start};
  dag_scan_lex_init_extra(tokens, &tokens->scanner);
  dag_scan__scan_bytes(source->text + part.begin, (int)(part.end - part.begin), tokens->scanner);
}

void tokens_close(Tokens *tokens) { dag_scan_lex_destroy(tokens->scanner); }
