#include "lsp/uri.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool stands_as_it_is(char c) {
  return isalnum((unsigned char)c) || strchr("-._~/", c) != NULL;
}

const char *uri_of_path(Arena *arena, const char *path) {
  Text text = text_new(arena);
  text_add(&text, "file://");
  char *real = realpath(path, NULL);
  for (const char *c = real != NULL ? real : path; *c != '\0'; c++) {
    if (stands_as_it_is(*c))
      text_addn(&text, c, 1);
    else
      text_printf(&text, "%%%02X", (unsigned char)*c);
  }
  free(real);
  return text_string(&text);
}

static int hex_digit(char c) {
  static const char digits[] = "0123456789abcdef";
  const char *at = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));
  return at == NULL ? -1 : (int)(at - digits);
}

const char *path_of_uri(Arena *arena, const char *uri) {
  static const char scheme[] = "file://";
  if (strncmp(uri, scheme, sizeof scheme - 1) != 0) return NULL;
  const char *rest = strchr(uri + sizeof scheme - 1, '/'); /* behind the host, most often none */
  if (rest == NULL) return NULL;
  Text path = text_new(arena);
  for (const char *c = rest; *c != '\0'; c++) {
    int high = *c == '%' ? hex_digit(c[1]) : -1, low = high < 0 ? -1 : hex_digit(c[2]);
    char byte = low < 0 ? *c : (char)(high * 16 + low);
    if (byte == '\0') return NULL;
    text_addn(&path, &byte, 1);
    if (low >= 0) c += 2;
  }
  return text_string(&path);
}
