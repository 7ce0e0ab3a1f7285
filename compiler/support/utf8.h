/* UTF-8 (RFC 3629). */
#pragma once
#include <stddef.h>

/* The length of the UTF-8 character at text (1 to 4), or 0 when the bytes are none. */
size_t utf8_length(const char *text, size_t available);
/* The position of the first byte that is not UTF-8, or length. */
size_t utf8_check(const char *text, size_t length);
