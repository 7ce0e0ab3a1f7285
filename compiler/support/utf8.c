#include "support/utf8.h"
#include <stdbool.h>

size_t utf8_length(const char *text, size_t available) {
  const unsigned char *byte = (const unsigned char *)text;
  if (available == 0) return 0;
  if (byte[0] < 0x80) return 1;
  size_t length = byte[0] >= 0xF0 ? 4 : byte[0] >= 0xE0 ? 3 : 2;
  if (byte[0] < 0xC2 || byte[0] > 0xF4 || available < length) return 0;
  for (size_t i = 1; i < length; i++)
    if ((byte[i] & 0xC0u) != 0x80u) return 0;
  bool overlong = (byte[0] == 0xE0 && byte[1] < 0xA0) || (byte[0] == 0xF0 && byte[1] < 0x90);
  bool surrogate = byte[0] == 0xED && byte[1] >= 0xA0;
  bool beyond = byte[0] == 0xF4 && byte[1] >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

size_t utf8_check(const char *text, size_t length) {
  size_t at = 0;
  while (at < length) {
    size_t step = utf8_length(text + at, length - at);
    if (step == 0) return at;
    at += step;
  }
  return length;
}
