#include "syntax/literals.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "support/text.h"

void read_integer(Tokens *tokens, Token *token, const char *text) {
  token->text = arena_strdup(tokens->arena, text);
  errno = 0;
  token->integer = strtoll(text, NULL, 10);
  if (errno != ERANGE) return;
  diag_error(tokens->diag, token->span, "this integer is too large");
  diag_hint(tokens->diag, "the largest is 9223372036854775807; a real has a point: %.40s.0", text);
}

void read_real(Tokens *tokens, Token *token, const char *text) {
  token->text = arena_strdup(tokens->arena, text);
  token->real = strtod(text, NULL);
  if (isfinite(token->real)) return;
  token->real = 0;
  diag_error(tokens->diag, token->span, "this number is too large");
  diag_hint(tokens->diag, "the largest is about 1.8e308; infinity is written `inf`");
}

/* --- strings --- */

static void add_utf8(Text *out, unsigned long character) {
  char bytes[4];
  size_t n = 0;
  if (character < 0x80) {
    bytes[n++] = (char)character;
  } else {
    int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
    bytes[n++] = (char)(lead[more] | (character >> (6 * more)));
    for (int i = more - 1; i >= 0; i--) bytes[n++] = (char)(0x80 | ((character >> (6 * i)) & 0x3F));
  }
  text_addn(out, bytes, n);
}

/* The digits at *at, at most `most` of them, as a number. */
static unsigned long digits(const char **at, int base, int most) {
  unsigned long value = 0;
  for (int i = 0; i < most; i++, ++*at) {
    char c = **at;
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : 16;
    if (digit >= base) break;
    value = value * (unsigned long)base + (unsigned long)digit;
  }
  return value;
}

/* The character after a backslash is at *at; leaves *at behind the escape. False when there is no
   such escape, or it is the byte 0. */
static bool add_escape(Text *out, const char **at) {
  static const char letters[] = "abfnrtv\\\"'?", meanings[] = "\a\b\f\n\r\t\v\\\"'?";
  char c = **at;
  const char *letter = c == '\0' ? NULL : strchr(letters, c);
  if (letter != NULL) {
    text_addn(out, &meanings[letter - letters], 1);
    ++*at;
    return true;
  }
  unsigned long value;
  if (c == 'u' || c == 'U') {
    const char *first = ++*at;
    int n = c == 'u' ? 4 : 8;
    value = digits(at, 16, n);
    if (*at - first != n || value == 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
      return false;
    add_utf8(out, value);
    return true;
  }
  if (c == 'x') {
    ++*at;
    value = digits(at, 16, 8);
  } else {
    value = digits(at, 8, 3);
  }
  if (value == 0 || value > 0xFF) return false;
  char byte = (char)value;
  text_addn(out, &byte, 1);
  return true;
}

void read_string(Tokens *tokens, Token *token, const char *text, size_t length) {
  Text out = text_new(tokens->arena);
  const char *end = text + length - 1;
  for (const char *at = text + 1; at < end;) {
    const char *start = at;
    bool fits = *at != '\0';
    if (fits && *at == '\\') {
      at++;
      fits = add_escape(&out, &at);
    } else {
      text_addn(&out, at++, 1);
    }
    if (fits) continue;
    Span span = token->span;
    span.column += (uint32_t)(start - text);
    span.end_column = span.column + (uint32_t)(at - start) + (at == start + 1);
    diag_error(tokens->diag, span,
               *start == '\\' ? "no escape of a string is written so"
                              : "a string cannot hold the byte 0");
    if (*start == '\\')
      diag_hint(tokens->diag,
                "escapes are \\n \\t \\r \\\" \\\\ \\x41 and the others of C, but for "
                "the byte 0; a backslash itself is \\\\");
    if (at == start + 1) at++;
  }
  token->text = text_string(&out);
}
