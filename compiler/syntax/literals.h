/* The values of numbers and strings. Each reports what is wrong with the text. */
#pragma once
#include "syntax/tokens.h"

void read_integer(Tokens *tokens, Token *token, const char *text);
void read_real(Tokens *tokens, Token *token, const char *text);
/* text: with its quotes. */
void read_string(Tokens *tokens, Token *token, const char *text, size_t length);
