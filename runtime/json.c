/* JSON (RFC 8259), as far as the header of a checkpoint needs it. */
#include "runtime.h"
#include <stdlib.h>
#include <string.h>

/* --- reading --- */

typedef struct dagrt_json_reader {
  char *at; /* the next byte; a zero ends the text */
  int depth;
} dagrt_json_reader;

enum { DAGRT_JSON_DEEPEST = 64 };

static void dagrt_json_blanks(dagrt_json_reader *r) { r->at += strspn(r->at, " \t\r\n"); }

/* Takes the byte when it comes next, after blanks. */
static int dagrt_json_take(dagrt_json_reader *r, char wanted) {
  dagrt_json_blanks(r);
  if (*r->at != wanted) return 0;
  r->at++;
  return 1;
}

/* Four hexadecimal digits; -1: they are not. */
static int32_t dagrt_json_hex(const char *text) {
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
    if (digit == NULL) return -1;
    value = 16 * value + (int32_t)((digit - digits) % 16);
  }
  return value;
}

static char *dagrt_json_utf8(char *to, uint32_t code) {
  int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
  *to++ = (char)(first[more] | code >> (6 * more));
  while (more-- > 0) *to++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
  return to;
}

/* After "\u": one code point, which may be written as two halves. NULL: it is none. */
static char *dagrt_json_unicode(dagrt_json_reader *r, char *to) {
  int32_t code = dagrt_json_hex(r->at);
  if (code <= 0) return NULL; /* a zero would end the text */
  r->at += 4;
  if (code >= 0xdc00 && code < 0xe000) return NULL;
  if (code >= 0xd800 && code < 0xdc00) {
    int32_t low = strncmp(r->at, "\\u", 2) == 0 ? dagrt_json_hex(r->at + 2) : -1;
    if (low < 0xdc00 || low >= 0xe000) return NULL;
    r->at += 6;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  return dagrt_json_utf8(to, (uint32_t)code);
}

/* The text of a string, in the place of what it was written as, which is never shorter. */
static const char *dagrt_json_string(dagrt_json_reader *r) {
  if (!dagrt_json_take(r, '"')) return NULL;
  char *text = r->at, *to = text;
  while (*r->at != '"') {
    if ((unsigned char)*r->at < 0x20) return NULL; /* the end too */
    if (*r->at != '\\') {
      *to++ = *r->at++;
      continue;
    }
    static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char escape = *++r->at;
    if (escape == '\0') return NULL;
    r->at++;
    const char *known = strchr(escapes, escape);
    if (known != NULL)
      *to++ = meant[known - escapes];
    else if (escape != 'u' || (to = dagrt_json_unicode(r, to)) == NULL)
      return NULL;
  }
  r->at++;
  *to = '\0';
  return text;
}

static char *dagrt_json_digits(char *at) { return at + strspn(at, "0123456789"); }

static int dagrt_json_number(dagrt_json_reader *r, double *number) {
  char *begin = r->at, *whole = begin + (*begin == '-'), *at = dagrt_json_digits(whole);
  if (at == whole || (*whole == '0' && at > whole + 1)) return 0;
  if (*at == '.') {
    char *fraction = at + 1;
    if ((at = dagrt_json_digits(fraction)) == fraction) return 0;
  }
  if (*at == 'e' || *at == 'E') {
    char *exponent = at + 1 + (at[1] == '+' || at[1] == '-');
    if ((at = dagrt_json_digits(exponent)) == exponent) return 0;
  }
  *number = strtod(begin, NULL);
  r->at = at;
  return 1;
}

static dagrt_json *dagrt_json_value(dagrt_json_reader *r);

/* After '[' or '{': the items to the bracket that closes. Returns 0 when something is wrong. */
static int dagrt_json_items(dagrt_json_reader *r, dagrt_json *list) {
  int object = list->kind == DAGRT_JSON_OBJECT;
  char closing = object ? '}' : ']';
  dagrt_json **end = &list->first;
  if (dagrt_json_take(r, closing)) return 1;
  do {
    const char *name = object ? dagrt_json_string(r) : NULL;
    if (object && (name == NULL || !dagrt_json_take(r, ':'))) return 0;
    *end = dagrt_json_value(r);
    if (*end == NULL) return 0;
    (*end)->name = name;
    end = &(*end)->next;
  } while (dagrt_json_take(r, ','));
  return dagrt_json_take(r, closing);
}

static int dagrt_json_word(dagrt_json_reader *r) {
  static const char *const words[] = {"true", "false", "null"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strncmp(r->at, words[i], strlen(words[i])) == 0) {
      r->at += strlen(words[i]);
      return 1;
    }
  return 0;
}

/* NULL: there is none. */
static dagrt_json *dagrt_json_value(dagrt_json_reader *r) {
  dagrt_json *value = dagrt_allocate(1, sizeof *value);
  int good = ++r->depth <= DAGRT_JSON_DEEPEST;
  dagrt_json_blanks(r);
  if (!good) {
  } else if (*r->at == '{' || *r->at == '[') {
    value->kind = *r->at++ == '{' ? DAGRT_JSON_OBJECT : DAGRT_JSON_ARRAY;
    good = dagrt_json_items(r, value);
  } else if (*r->at == '"') {
    value->kind = DAGRT_JSON_STRING;
    good = (value->string = dagrt_json_string(r)) != NULL;
  } else if (*r->at == '-' || dagrt_json_digits(r->at) > r->at) {
    value->kind = DAGRT_JSON_NUMBER;
    good = dagrt_json_number(r, &value->number);
  } else {
    good = dagrt_json_word(r);
  }
  r->depth--;
  if (good) return value;
  dagrt_json_free(value);
  return NULL;
}

dagrt_json *dagrt_json_parse(char *text, size_t length) {
  dagrt_json_reader reader = {text, 0};
  dagrt_json *value = dagrt_json_value(&reader);
  dagrt_json_blanks(&reader);
  if (value == NULL || reader.at == text + length) return value;
  dagrt_json_free(value);
  return NULL;
}

void dagrt_json_free(dagrt_json *value) {
  while (value != NULL) {
    dagrt_json *next = value->next;
    dagrt_json_free(value->first);
    free(value);
    value = next;
  }
}

const dagrt_json *dagrt_json_member(const dagrt_json *object, const char *name) {
  if (object == NULL || object->kind != DAGRT_JSON_OBJECT) return NULL;
  const dagrt_json *item = object->first;
  while (item != NULL && strcmp(item->name, name) != 0) item = item->next;
  return item;
}

/* --- writing --- */

void dagrt_json_write(FILE *to, const char *string) {
  fputc('"', to);
  for (const unsigned char *c = (const unsigned char *)string; *c != '\0'; c++) {
    if (*c < 0x20)
      fprintf(to, "\\u%04x", *c);
    else
      fprintf(to, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
  }
  fputc('"', to);
}
