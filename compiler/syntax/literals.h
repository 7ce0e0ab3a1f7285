/* The values of numbers and strings. Each reports what is wrong with the text. */
#pragma once
#include "syntax/tokens.h"

void read_integer(Tokens *tokens, Token *token, const char *text);
void read_real(Tokens *tokens, Token *token, const char *text);
/* text: with its quotes. */
void read_string(Tokens *tokens, Token *token, const char *text, size_t length);

/* The length of the UTF-8 character at text (1 to 4), or 0 when the bytes are none. */
size_t utf8_length(const char *text, size_t available);
/* The position of the first byte that is not UTF-8, or length. */
size_t utf8_check(const char *text, size_t length);
