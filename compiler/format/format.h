/* The one layout of .dag text: what `dagc fmt` writes. It works on tokens and comments, so that
   nothing that a person wrote is lost but blanks and line ends, and those never change the meaning.

   Blanks and indentation follow from the tokens. Kept as written are the line breaks inside a
   statement, blocks on one line, single blank lines between statements, comments, a product without
   blanks inside brackets (`x[2*p + 1]`), and columns that stand one below the other. Lines of more
   than FORMAT_WIDTH characters, comments aside, are broken. */
#pragma once
#include "support/text.h"
#include "syntax/syntax.h"

enum { FORMAT_WIDTH = 100 };

/* Adds the source in the one layout to `out`. False when it has mistakes, which diag then has; out
   is as it was. Formatting what was formatted changes nothing. */
bool format_source(Arena *arena, Diag *diag, const Source *source, Text *out);
