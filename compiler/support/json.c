#include "support/json.h"
#include <string.h>
#include "support/utf8.h"

/* The letter after the backslash, or 0: it stands for itself, or has none. */
static char short_escape(char byte) {
  static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
  const char *at = strchr(bytes, byte);
  return at == NULL ? '\0' : letters[at - bytes];
}

void json_add_string(Text *json, const char *string) {
  text_add(json, "\"");
  for (size_t left = strlen(string), step; left > 0; string += step, left -= step) {
    step = utf8_length(string, left);
    char escape = short_escape(*string);
    if (step == 0) {
      text_add(json, "\xEF\xBF\xBD");
      step = 1;
    } else if (escape != '\0') {
      text_printf(json, "\\%c", escape);
    } else if (step == 1 && (unsigned char)*string < 0x20) {
      text_printf(json, "\\u%04x", (unsigned)*string);
    } else {
      text_addn(json, string, step);
    }
  }
  text_add(json, "\"");
}
