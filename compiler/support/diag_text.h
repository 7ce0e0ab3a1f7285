/* How a diagnostic looks as text: see diag.h. Each of these ends with a newline. */
#pragma once
#include "support/diag.h"

const char *diagnostic_text(Arena *arena, const Diagnostic *diagnostic);
/* Its parts, in order: without notes and hint, one note, the hint. */
const char *diagnostic_head_text(Arena *arena, const Diagnostic *diagnostic);
const char *diagnostic_note_text(Arena *arena, const DiagnosticNote *note);
const char *diagnostic_hint_text(Arena *arena, const Diagnostic *diagnostic);
