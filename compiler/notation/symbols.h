/* What tensors are called in formulas. Private to notation/.

   A name's last word gives the letter (alpha: α, Wq: W with q, k2: k with 2, others as they are).
   Instances that a layer numbers itself number what is theirs, in the order of their params:
   dense2.W is W₂. Turns of `repeat` stand above: W⁽⁰⁾. A sum of Σ W₂ x and of params is the
   pre-activation of W₂: where its name is a word it is z₂, and the adjoint of z₂ is δ₂. Other
   adjoints are ∂L/∂x, or x̄ where there are several. A helper of x is x̃. What would be called alike
   gets the name of its instance, then a number above. */
#pragma once
#include "notation/formula.h"
#include "notation/tree.h"

/* Per tensor; NULL for what stands in its reader. needed: the tensors that are shown. */
const Symbol **name_symbols(const Trees *trees, const bool *needed);

/* A word in upright letters; a letter, and the name of a Greek one, as that letter. */
Glyph word_glyph(Arena *arena, const char *word);
