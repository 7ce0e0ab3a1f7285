/* --emit=html: one page that shows what became of a model: its source, the forward definitions and
   their adjoints, costs, memory and the C, with links between all that belongs together. It needs
   nothing but itself: no network, and for reading no JavaScript. */
#pragma once
#include "emit/emit.h"

/* program: in canonical form, with its plan. The same model gives the same bytes. */
void write_page(Text *out, const Program *program, const Plan *plan);
