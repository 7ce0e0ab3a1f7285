/* Sections of a file that is for several machines. Private to emit/. */
#pragma once
#include "emit/emitter.h"

/* What the names of a section's functions end in. */
const char *section_suffix(const Plan *plan);
/* The pragmas around a section. */
void begin_section(Text *out, const Plan *plan);
void end_section(Text *out, const Plan *plan);
/* The function that tells which section the machine can run. */
void write_choice_function(Text *out, const Sections *s);
/* Whether in some section a team of threads makes the calls of an entry (of init: n_entries). */
bool any_team(const Sections *s, uint32_t number);
/* In a function of the API: calls the section's. */
void write_choice(Text *out, const Sections *s, uint32_t number, const char *arguments);
