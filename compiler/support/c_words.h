/* Words that a name in generated C cannot be. */
#pragma once
#include <stdbool.h>

/* A keyword of C11 or C++20, or a macro that compilers define under a plain name. */
bool is_c_keyword(const char *name);
/* What the headers that generated files include declare: libc's functions and types. */
bool is_libc_name(const char *name);
