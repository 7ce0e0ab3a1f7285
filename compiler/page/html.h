/* Text and numbers in a page. Private to page/. */
#pragma once
#include "support/text.h"

/* Escaped: for text and for the values of attributes between double quotes. What is no UTF-8, and
   what a page must not hold, becomes U+FFFD; control characters become their pictures. */
void html_text(Text *out, const char *text, size_t length);
void html_string(Text *out, const char *text);

/* "1,234,567" */
void html_integer(Text *out, double value);
/* "1.23 M": three digits, in steps of a thousand */
void html_amount(Text *out, double value, const char *unit);
/* "12.3 %"; parts under a thousandth as "< 0.1 %" */
void html_share(Text *out, double share);
