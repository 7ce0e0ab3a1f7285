#include "syntax/mistakes.h"
#include <string.h>
#include "support/text.h"
#include "syntax/syntax.h"
#include "dag.tab.h"

enum { MAX_QUOTED = 60 }; /* bytes of a word in a message */

/* --- words --- */

void mistake_number(Tokens *tokens, Token *token, const char *text) {
  tokens->misread = true;
  token->text = arena_strdup(tokens->arena, text);
  token->integer = 0;
  size_t digits = strspn(text, "0123456789.");
  if (digits > MAX_QUOTED) digits = MAX_QUOTED;
  diag_error(tokens->diag, token->span, "`%.*s` is neither a number nor a name", MAX_QUOTED, text);
  diag_hint(tokens->diag, "a product is written with `*`: %.*s * %.*s", (int)digits, text,
            MAX_QUOTED, text + digits);
}

void mistake_point(Tokens *tokens, Token *token, const char *text) {
  diag_error(tokens->diag, token->span, "a digit stands on both sides of the point");
  diag_hint(tokens->diag, text[0] == '.' ? "write 0%.*s" : "write %.*s0", MAX_QUOTED, text);
  tokens->misread = true;
  token->text = arena_strdup(tokens->arena, text);
  token->real = 0;
}

void mistake_open_string(Tokens *tokens, Token *token) {
  tokens->misread = true;
  token->text = "";
  diag_error(tokens->diag, token->span, "this string does not end on its line");
}

void mistake_spelling(Tokens *tokens, const Token *token, const char *text) {
  static const char *const habits[][3] = {
      {"**", "a power is written `^`", "x^2"},
      {"&&", "`&&` is written `and`", "a > 0 and b > 0"},
      {"||", "`||` is written `or`", "a > 0 or b > 0"},
      {"!", "`!` is written `not`", "not a == b"},
      {":=", "a definition is written with `=`", "y = x + 1"},
      {"//", "division is written `/`; on integers it rounds down", NULL},
      {"/*", "a comment goes from `#` to the end of its line", "# like this"},
  };
  if (text[0] == '/' && text[1] != '=') tokens->misread = true; /* most likely a comment follows */
  for (size_t i = 0; i < sizeof habits / sizeof habits[0]; i++) {
    if (strcmp(habits[i][0], text) != 0) continue;
    diag_error(tokens->diag, token->span, "%s", habits[i][1]);
    if (habits[i][2] != NULL)
      diag_hint(tokens->diag, "for example %s", habits[i][2]);
    else
      diag_hint(tokens->diag, "a comment begins with `#`");
    return;
  }
  diag_error(tokens->diag, token->span, "there is no `%s`", text);
  diag_hint(tokens->diag, "the new value of a state or param is written mu <- mu %c …", text[0]);
}

void mistake_character(Tokens *tokens, const Token *token, const char *text) {
  static const char *const likely[][2] = {
      {"×", "a product is written `*`"},
      {"·", "a product is written `*`"},
      {"−", "minus is written `-`"},
      {"–", "minus is written `-`"},
      {"÷", "division is written `/`"},
      {"≤", "write `<=`"},
      {"≥", "write `>=`"},
      {"≠", "write `!=`"},
      {"←", "an update is written `<-`"},
      {"²", "a power is written `^2`"},
      {"’", "the new value of x is x'"},
      {"“", "strings stand in \"…\""},
      {"”", "strings stand in \"…\""},
      {"'", "strings stand in \"…\""},
      {"&", "and is written `and`"},
      {"|", "or is written `or`, a pipe `|>`"},
      {"?", "a choice is written where(condition, a, b)"},
      {"\\", "a line goes on by itself inside ( ) and [ ], and after an operator"},
  };
  tokens->misread = true;
  unsigned char byte = (unsigned char)text[0];
  if (byte < 0x20 || byte == 0x7F)
    diag_error(tokens->diag, token->span, "found the control character 0x%02x", byte);
  else
    diag_error(tokens->diag, token->span, "`%s` has no meaning here", text);
  for (size_t i = 0; i < sizeof likely / sizeof likely[0]; i++) {
    if (strcmp(likely[i][0], text) != 0) continue;
    diag_hint(tokens->diag, "%s", likely[i][1]);
    return;
  }
  if (byte >= 0x80)
    diag_hint(tokens->diag, "names are made of the letters a to z and A to Z, digits and `_`");
}

/* --- brackets --- */

void mistake_unclosed(Tokens *tokens, Bracket bracket, Token found) {
  tokens->muted = true;
  diag_error(tokens->diag, bracket.span, "`%c` is not closed", bracket.open);
  if (found.kind != END)
    diag_note(tokens->diag, found.span, "it should be closed before this");
  else if (tokens->suspect.open == '{')
    diag_note(tokens->diag, tokens->suspect.span,
              "the `}` that closes this one stands in another column than its line");
}

/* --- sentences --- */

/* The place of a mistake, and what could have stood there. */
typedef struct Mistake {
  Tokens *tokens;
  Token found, before, first; /* the last two: in the same statement */
  const int *expected;
  size_t n_expected;
  bool wants_statement, wants_expression, after_operand;
} Mistake;

static bool expects(const Mistake *m, int kind) {
  for (size_t i = 0; i < m->n_expected; i++)
    if (m->expected[i] == kind) return true;
  return false;
}

static const char *found_words(const Mistake *m) {
  const Token *found = &m->found;
  Arena *arena = m->tokens->arena;
  switch (found->kind) {
  case NAME:
  case CLAUSE: return arena_printf(arena, "the name `%.*s`", MAX_QUOTED, found->text);
  case INTEGER:
  case REAL: return arena_printf(arena, "the number %.*s", MAX_QUOTED, found->text);
  case SEPARATOR:
    switch (found->separator) {
    case SEPARATOR_SEMICOLON: return "`;`";
    case SEPARATOR_NEWLINE: return "the end of the line";
    case SEPARATOR_BRACE: return "`}`";
    case SEPARATOR_END: return "the end of the file";
    }
  }
  return token_words(found->kind);
}

static bool begins_expression(int kind) {
  switch (kind) {
  case NAME:
  case INTEGER:
  case REAL:
  case STRING:
  case TRUE:
  case FALSE:
  case NOT:
  case MINUS:
  case LPAREN:
  case LBRACKET:
  case WHERE: return true;
  default: return false;
  }
}

/* NULL for what need not be named: the members of a group that is, and what could prolong what
   stands before the mistake. */
static const char *expected_word(const Mistake *m, int kind) {
  bool prolongs = kind == DOT || kind == LBRACKET || (kind == LPAREN && !expects(m, LBRACE));
  if (m->wants_expression) return begins_expression(kind) ? NULL : token_words(kind);
  if (!m->after_operand) return prolongs && m->n_expected > 2 ? NULL : token_words(kind);
  if (kind == ASSIGN) return NULL; /* of a named argument */
  if (kind == NAME) return expects(m, SEPARATOR) ? "`on`" : "`checkpoint`";
  return prolongs || is_operator(kind) || kind == LPAREN ? NULL : token_words(kind);
}

/* "an expression", "`)` or `,`": what could stand at the mistake. */
static const char *expected_words(const Mistake *m) {
  if (m->wants_statement) return expects(m, CLAUSE) ? "a clause or an update" : "a statement";
  Text text = text_new(m->tokens->arena);
  if (m->wants_expression) text_add(&text, "an expression");
  const char *last = NULL;
  for (size_t i = 0; i < m->n_expected; i++) {
    const char *word = expected_word(m, m->expected[i]);
    if (word == NULL) continue;
    if (last != NULL) text_printf(&text, "%s%s", text.length > 0 ? ", " : "", last);
    last = word;
  }
  if (last != NULL) text_printf(&text, "%s%s", text.length > 0 ? " or " : "", last);
  return text_string(&text);
}

/* --- hints --- */

static bool is_first(const Mistake *m, const Token *token) {
  return token->span.line == m->first.span.line && token->span.column == m->first.span.column;
}

/* The name that begins the statement, where that is all that stands before the mistake. */
static const Token *first_word(const Mistake *m) {
  return is_first(m, &m->before) && m->first.kind == NAME ? &m->first : NULL;
}

/* The words with which other languages begin a statement. */
static const char *hint_for_word(const Mistake *m) {
  static const char *const loop =
      "a loop is repeat i in 0..3 { … }, a recurrence scan t in 0..T { … }, a sum sum[i](…)";
  static const char *const function = "a function is fn f(x) = …, or fn f(x) { … return … }";
  static const char *const definition = "a definition has no keyword: x = …";
  static const char *const file = "another file is taken in by import \"file.dag\"";
  static const char *const clause = "the clauses of training stand in train { … }";
  static const char *const habits[][2] = {
      {"for", loop},
      {"while", loop},
      {"loop", loop},
      {"def", function},
      {"func", function},
      {"function", function},
      {"fun", function},
      {"lambda", function},
      {"let", definition},
      {"var", definition},
      {"val", definition},
      {"auto", definition},
      {"float", definition},
      {"double", definition},
      {"int", definition},
      {"real", definition},
      {"tensor", definition},
      {"from", file},
      {"include", file},
      {"use", file},
      {"using", file},
      {"minimize", clause},
      {"epochs", clause},
      {"steps", clause},
      {"report", clause},
      {"data", clause},
      {"valid", clause},
      {"freeze", clause},
      {"seed", clause},
      {"clip_norm", clause},
      {"elif", "it is written `else if`"},
      {"elseif", "it is written `else if`"},
      {"elsif", "it is written `else if`"},
      {"class", "a layer is layer f(units: int)(x) { … }"},
      {"model", "a layer is layer f(units: int)(x) { … }"},
  };
  if (m->first.kind == IMPORT && m->found.kind == NAME) return file;
  const char *word = first_word(m) == NULL ? NULL : first_word(m)->text;
  if (m->found.kind == NAME && m->found.text[0] == 'e') word = m->found.text; /* } elif … */
  for (size_t i = 0; word != NULL && i < sizeof habits / sizeof habits[0]; i++)
    if (strcmp(habits[i][0], word) == 0) return habits[i][1];
  return NULL;
}

static const char *hint_for_keyword(const Mistake *m) {
  int found = m->found.kind, before = m->before.kind;
  const char *word = NULL;
  if (found == DIM && m->tokens->innermost.open == '(')
    return "an axis is chosen by its name `axis`: sum(x, axis = 0)";
  if (found == IF && (m->wants_expression || m->after_operand))
    return "a choice inside an expression is written where(condition, a, b)";
  if (is_keyword(found) && expects(m, NAME) && !m->wants_statement && !m->found.first_on_line)
    word = token_words(found);
  else if (is_keyword(before) && is_first(m, &m->before) &&
           (found == ASSIGN || found == ARROW || found == DOT || found == LBRACKET))
    word = token_words(before);
  if (word == NULL) return NULL;
  return arena_printf(m->tokens->arena, "%s is a keyword and cannot be a name", word);
}

/* [i for i in 0..3], lambda x: x */
static const char *hint_for_inner_word(const Mistake *m) {
  if (m->found.kind == NAME && strcmp(m->found.text, "for") == 0)
    return "a value for each index is tensor[i: 3](2 * i), a sum over it sum[i: 3](2 * i)";
  if (m->before.kind == NAME && strcmp(m->before.text, "lambda") == 0)
    return "a function has a name: fn f(x) = …";
  return NULL;
}

/* Directly inside train { }. */
static const char *hint_for_train(const Mistake *m) {
  if (!m->tokens->innermost.train) return NULL;
  if (m->found.kind == ASSIGN) return "an update is W <- …, and a clause has no `=`: epochs 10";
  bool next = m->found.kind == WITH || m->found.kind == NAME || m->found.kind == INTEGER;
  return next && !m->wants_expression ? "a clause ends with its line, or with `;`" : NULL;
}

static const char *hint_for_assign(const Mistake *m) {
  bool owned = m->first.kind == PARAM || m->first.kind == STATE;
  if (m->found.kind == SEPARATOR && owned && expects(m, ASSIGN))
    return "a starting value follows: `= 0`, `= normal(0.1)`";
  if (m->found.kind != ASSIGN) return NULL;
  if (expects(m, COLON) && (m->first.kind == PARAM || m->first.kind == INPUT))
    return "its type stands between: param W: real[10, 64] = 0, input x: real[B, 64]";
  bool condition = m->after_operand && m->tokens->innermost.open != '[';
  return condition ? "a comparison is written `==`" : NULL;
}

static const char *hint_for_symbol(const Mistake *m) {
  switch (m->found.kind) {
  case ARROW:
    return m->after_operand || m->wants_expression
               ? "`<-` is an update; a comparison with a negative number is written u < -1"
               : NULL;
  case LBRACE:
    return m->wants_expression ? "`{` opens a block of statements; a list is written [a, b]" : NULL;
  case MINUS: return expects(m, LBRACE) ? "the type of a result is not written" : NULL;
  case PLUS: return m->wants_expression ? "there is no `+` before a value" : NULL;
  case COLON:
    if (m->after_operand && m->tokens->innermost.open == '[') return "a slice a:b has no step";
    return expects(m, LBRACE) ? "a block stands in { }" : NULL;
  case COMMA: return m->after_operand && expects(m, RPAREN) ? "a list is written [a, b]" : NULL;
  case DEFAULT:
    return m->after_operand ? "in a chain the defaults take parentheses: "
                              "x[i] ?? (y[i] ?? 0)"
                            : NULL;
  default: return NULL;
  }
}

/* The left side of a definition stands alone: f(x), x + 1. */
static const char *hint_for_expression(const Mistake *m) {
  if (m->first.kind == EXPORT && expects(m, LPAREN))
    return "an export is a function of inputs: export f(x) = …";
  bool left = expects(m, ASSIGN) && expects(m, ARROW);
  if (!left && !(expects(m, ARROW) && m->tokens->innermost.train)) return NULL;
  if (m->found.kind == LPAREN)
    return "a function is fn f(x) = …; the value of a call needs a name: y = f(x)";
  return left ? "an expression alone does nothing: y = … gives it a name" : NULL;
}

/* relu x, 2 x */
static const char *hint_for_neighbours(const Mistake *m) {
  int before = m->before.kind, found = m->found.kind;
  bool value = found == NAME || found == INTEGER || found == REAL;
  if (!m->after_operand || !value || m->found.first_on_line || !expects(m, SEPARATOR)) return NULL;
  if (before == NAME) return "a call takes parentheses: relu(x), dense(4); a product is written `*`";
  return before == INTEGER || before == REAL ? "a product is written `*`" : NULL;
}

static const char *find_hint(const Mistake *m) {
  static const char *(*const hints[])(const Mistake *) = {
      hint_for_train,  hint_for_word,   hint_for_inner_word, hint_for_keyword,
      hint_for_assign, hint_for_symbol, hint_for_expression, hint_for_neighbours};
  for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
    const char *hint = hints[i](m);
    if (hint != NULL) return hint;
  }
  return NULL;
}

/* The statement ended with the line before, though this line means to go on with it. */
static bool begins_with_operator(const Mistake *m) {
  int kind = m->found.kind;
  return m->found.first_on_line && m->before.kind == SEPARATOR &&
         (is_operator(kind) || kind == DOT || kind == COMMA || kind == ASSIGN || kind == ARROW);
}

/* let y = 3: what follows the word would make sense if it were none. */
static bool is_foreign_statement(const Mistake *m) {
  int kind = m->found.kind;
  bool follows = kind == NAME || kind == INTEGER || kind == REAL || kind == TRUE || kind == FALSE;
  return first_word(m) != NULL && follows && !m->found.first_on_line && hint_for_word(m) != NULL &&
         !m->tokens->innermost.train;
}

void mistake_syntax(Tokens *tokens, const int *expected, size_t n_expected) {
  if (tokens->muted || tokens->stopped) return;
  tokens->muted = true;
  Mistake m = {.tokens = tokens,
               .found = tokens->previous,
               .before = tokens->before,
               .first = tokens->first,
               .expected = expected,
               .n_expected = n_expected};
  m.wants_statement = expects(&m, CLAUSE) || expects(&m, DIM);
  m.wants_expression = expects(&m, INTEGER);
  m.after_operand = expects(&m, PLUS);
  const char *found = found_words(&m);
  if (begins_with_operator(&m)) {
    diag_error(tokens->diag, m.found.span, "a line cannot begin with %s", found);
    diag_hint(tokens->diag,
              "the statement ended with the line before: end that line with %s, or put the "
              "expression in parentheses",
              found);
    return;
  }
  if (is_foreign_statement(&m)) {
    diag_error(tokens->diag, m.first.span, "no statement begins with `%.*s`", MAX_QUOTED,
               m.first.text);
    diag_hint(tokens->diag, "%s", hint_for_word(&m));
    return;
  }
  diag_error(tokens->diag, m.found.span, "expected %s, found %s", expected_words(&m), found);
  Bracket open = tokens->innermost;
  if ((open.open == '(' && expects(&m, RPAREN)) || (open.open == '[' && expects(&m, RBRACKET)))
    diag_note(tokens->diag, open.span, "`%c` was opened here", open.open);
  const char *hint = find_hint(&m);
  if (hint != NULL) diag_hint(tokens->diag, "%s", hint);
}
