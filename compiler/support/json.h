/* Writing JSON (RFC 8259). */
#pragma once
#include "support/text.h"

/* A string with its quotes. Bytes that are no UTF-8 become U+FFFD. */
void json_add_string(Text *json, const char *string);
