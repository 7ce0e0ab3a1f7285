/* Private to emit/. */
#pragma once
#include "support/text.h"

/* Appends text, lines of more than 100 columns broken at blanks. */
void add_wrapped(Text *out, const char *text);
/* The same of a piece of a comment without newlines but leading ones. */
void add_wrapped_comment(Text *out, const char *text);
