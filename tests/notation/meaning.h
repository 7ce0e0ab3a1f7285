/* What formulas mean, read as a person would read them: by the conventions in the head of a
   document and nothing else of the compiler. */
#pragma once
#include "interpret/interpret.h"
#include "notation/document.h"

/* Compares each definition of a document with the values that the interpreter has of it. Returns
   how many were compared; *wrong is set to a description of the first that differs, else NULL.
   Formulas with random numbers are left out. */
uint32_t compare_meaning(Arena *arena, const Document *document, Interpreter *in,
                         const char **wrong);
