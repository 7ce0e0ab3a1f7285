/* Many generated C files as one, so that a C compiler starts once for all of them. */
#pragma once
#include <stddef.h>
#include "support/arena.h"

/* What stands at the top level of several of them in the same words (the helpers: exp_f64, the lane
   types) is left out but the first time. Everything else has its model's name. */
const char *join_programs(Arena *arena, const char *const *texts, size_t n);
