/* What the notation of a document means, a sentence for each convention that it uses. Private to
   notation/. */
#pragma once
#include "notation/document.h"

const Glyph *find_conventions(Arena *arena, const Document *document, uint32_t *n);
