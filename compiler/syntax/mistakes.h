/* What is said about a text that is no .dag: the message in the user's words, the place, and a hint
   where another language's habit, or a likely slip, explains it. */
#pragma once
#include <stddef.h>
#include "syntax/tokens.h"

/* --- words (called by grammar/dag.l) --- */
void mistake_number(Tokens *tokens, Token *token, const char *text);
void mistake_point(Tokens *tokens, Token *token, const char *text);
void mistake_open_string(Tokens *tokens, Token *token);
void mistake_spelling(Tokens *tokens, const Token *token, const char *text);
/* A character that begins no token. */
void mistake_character(Tokens *tokens, const Token *token, const char *text);

/* --- brackets --- */
/* `found`: what stands where the closing one was expected at the latest. */
void mistake_unclosed(Tokens *tokens, Bracket bracket, Token found);

/* --- sentences --- */
/* The parser cannot go on at tokens->previous; expected: kinds of tokens that could stand there. */
void mistake_syntax(Tokens *tokens, const int *expected, size_t n_expected);
