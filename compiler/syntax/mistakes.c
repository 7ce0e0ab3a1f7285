#include "syntax/mistakes.h"
#include <string.h>
#include "support/text.h"
#include "syntax/syntax.h"
#include "dag.tab.h"

/* --- words --- */

void mistake_number(Tokens *tokens, Token *token, const char *text) {
  tokens->muted = true;
  token->integer = 0;
  size_t digits = strspn(text, "0123456789.");
  diag_error(tokens->diag, token->span, "`%s` is neither a number nor a name", text);
  diag_hint(tokens->diag, "a product is written with `*`: %.*s * %s", (int)digits, text,
            text + digits);
}

void mistake_point(Tokens *tokens, Token *token, const char *text) {
  diag_error(tokens->diag, token->span, "a digit stands on both sides of the point");
  diag_hint(tokens->diag, text[0] == '.' ? "write 0%s" : "write %s0", text);
  token->real = 0;
}

void mistake_open_string(Tokens *tokens, const Token *token) {
  tokens->muted = true;
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
  };
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
  };
  tokens->muted = true;
  unsigned char byte = (unsigned char)text[0];
  if (byte < 0x20 || byte == 0x7F)
    diag_error(tokens->diag, token->span, "found the control character 0x%02x", byte);
  else
    diag_error(tokens->diag, token->span, "`%s` has no meaning here", text);
  for (size_t i = 0; i < sizeof likely / sizeof likely[0]; i++)
    if (strcmp(likely[i][0], text) == 0) diag_hint(tokens->diag, "%s", likely[i][1]);
  if (byte >= 0x80)
    diag_hint(tokens->diag, "names are made of the letters a to z and A to Z, digits and `_`");
}

/* --- brackets --- */

void mistake_unclosed(Tokens *tokens, Bracket bracket, Token found) {
  tokens->muted = true;
  diag_error(tokens->diag, bracket.span, "`%c` is not closed", bracket.open);
  if (found.kind != END) diag_note(tokens->diag, found.span, "it should be closed before this");
}

/* --- sentences --- */

static bool has(const int *kinds, size_t n, int kind) {
  for (size_t i = 0; i < n; i++)
    if (kinds[i] == kind) return true;
  return false;
}

static const char *found_words(const Tokens *tokens) {
  const Token *found = &tokens->previous;
  Arena *arena = tokens->arena;
  switch (found->kind) {
  case NAME:
  case CLAUSE: return arena_printf(arena, "the name `%s`", found->text);
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

/* "an expression", "`)` or `,`": what could stand at the mistake. Of what may go on an expression
   only what ends it is named. */
static const char *expected_words(const Tokens *tokens, const int *kinds, size_t n) {
  const char *words[100];
  size_t count = 0;
  bool expression = has(kinds, n, INTEGER) && has(kinds, n, NAME);
  if (expression) words[count++] = "an expression";
  for (size_t i = 0; i < n && count < 100; i++) {
    int kind = kinds[i];
    bool begins = kind == NAME || kind == INTEGER || kind == REAL || kind == STRING ||
                  kind == TRUE || kind == FALSE || kind == NOT || kind == MINUS || kind == LPAREN ||
                  kind == LBRACKET || kind == WHERE;
    bool goes_on = is_operator(kind) || kind == DOT || kind == LPAREN || kind == LBRACKET;
    if (expression ? begins : goes_on && n > 4) continue;
    words[count++] = token_words(kind);
  }
  Text text = text_new(tokens->arena);
  for (size_t i = 0; i < count; i++)
    text_printf(&text, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
  return text_string(&text);
}

void mistake_syntax(Tokens *tokens, const int *expected, size_t n_expected) {
  if (tokens->muted) return;
  tokens->muted = true;
  diag_error(tokens->diag, tokens->previous.span, "expected %s, found %s",
             expected_words(tokens, expected, n_expected), found_words(tokens));
  Bracket open = tokens->innermost;
  if ((open.open == '(' && has(expected, n_expected, RPAREN)) ||
      (open.open == '[' && has(expected, n_expected, RBRACKET)))
    diag_note(tokens->diag, open.span, "`%c` was opened here", open.open);
}
