/* --emit=math: the program as mathematics. Definitions become trees in index form (tree.h), those
   become formulas (recognise.c, formula.h), and two printers write the same document (document.h)
   as Unicode text and as LaTeX. */
#pragma once
#include "graph/graph.h"

typedef enum NotationForm { NOTATION_TEXT, NOTATION_LATEX } NotationForm;

/* All definitions, derivatives, updates and exports of a canonical program, and a table of its
   symbols. Text has at most 100 columns, unless a symbol is longer; LaTeX is a whole document. */
void print_notation(Text *out, const Program *program, NotationForm form);
