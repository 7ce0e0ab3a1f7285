#include "page/html.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "support/utf8.h"

/* C1 controls, U+FFFE and U+FFFF of each plane, U+FDD0 to U+FDEF. */
static bool is_forbidden(const unsigned char *s, size_t n) {
  if (n == 2) return s[0] == 0xc2 && s[1] < 0xa0;
  if (n == 3 && s[0] == 0xef)
    return (s[1] == 0xbf && s[2] >= 0xbe) || (s[1] == 0xb7 && s[2] >= 0x90 && s[2] <= 0xaf);
  return n == 4 && (s[1] & 0x0f) == 0x0f && s[2] == 0xbf && s[3] >= 0xbe;
}

static const char *escaped(char c) {
  switch (c) {
  case '&': return "&amp;";
  case '<': return "&lt;";
  case '>': return "&gt;";
  case '"': return "&quot;";
  default: return NULL;
  }
}

void html_text(Text *out, const char *text, size_t length) {
  for (size_t i = 0; i < length;) {
    const unsigned char *s = (const unsigned char *)&text[i];
    size_t n = utf8_length(&text[i], length - i);
    bool control = *s < 0x20 && *s != '\n' && *s != '\t';
    if (n == 0 || is_forbidden(s, n)) {
      text_add(out, "\xef\xbf\xbd");
      i += n == 0 ? 1 : n;
      continue;
    }
    if (control || *s == 0x7f)
      text_printf(out, "&#x%x;", *s == 0x7f ? 0x2421 : 0x2400 + *s);
    else if (escaped(text[i]) != NULL)
      text_add(out, escaped(text[i]));
    else
      text_addn(out, &text[i], n);
    i += n;
  }
}

void html_string(Text *out, const char *text) { html_text(out, text, strlen(text)); }

void html_integer(Text *out, double value) {
  char digits[64];
  int n = snprintf(digits, sizeof digits, "%.0f", value);
  for (int i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-') text_add(out, ",");
    text_addn(out, &digits[i], 1);
  }
}

void html_amount(Text *out, double value, const char *unit) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P"};
  size_t k = 0;
  for (; value >= 999.5 && k + 1 < sizeof prefixes / sizeof *prefixes; k++) value /= 1000;
  int decimals = k == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  text_printf(out, "%.*f", decimals, value);
  if (k > 0 || *unit != '\0') text_printf(out, "\u00a0%s%s", prefixes[k], unit);
}

void html_share(Text *out, double share) {
  if (share > 0 && share < 0.001)
    text_add(out, "&lt;\u00a00.1\u00a0%");
  else
    text_printf(out, "%.*f\u00a0%%", share < 0.0995 ? 1 : 0, 100 * share);
}
