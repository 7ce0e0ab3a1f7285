/* The stages of the compiler, for tests: from `.dag` text to programs, C, and values. */
#pragma once
#include "differentiate/differentiate.h"
#include "elaborate/elaborate.h"
#include "emit/emit.h"
#include "gradient_check.h"
#include "interpret/interpret.h"
#include "lower/lower.h"
#include "native.h"
#include "sample.h"
#include "simplify/simplify.h"

/* Parses, elaborates and verifies. NULL, with the diagnostics in *messages, when that fails. */
Program *pipeline_elaborate(Arena *arena, const char *name, const char *text,
                            const char **messages);
/* Derivatives taken, verified. False, with the diagnostics in *messages, when that fails. */
bool pipeline_differentiate(Arena *arena, Program *program, const char **messages);
/* Simplified, in canonical form and verified, lowered, as C without main. */
const char *pipeline_c(Arena *arena, Program *program);
/* The same for one of the targets of target_named. */
const char *pipeline_c_for(Arena *arena, Program *program, const char *target);
/* The same for a machine as the test describes it. */
const char *pipeline_c_on(Arena *arena, Program *program, const TargetMachine *target);
/* The program as `.dag` text. */
const char *pipeline_print(Arena *arena, const Program *program);

/* The C compiler of the tests: $DAGC_CC, or clang. */
const char *pipeline_compiler(void);
