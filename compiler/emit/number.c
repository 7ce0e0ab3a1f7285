#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emit/writer.h"

/* The shortest decimal that reads back as the same number. */
void write_real(Text *out, ScalarType type, double value) {
  bool narrow = type == TYPE_F32;
  const char *suffix = narrow ? "f" : "";
  if (narrow) value = (double)(float)value;
  if (isnan(value) || isinf(value)) {
    text_printf(out, "%s%s", value < 0 ? "-" : "", isnan(value) ? "NAN" : "INFINITY");
    return;
  }
  char digits[64];
  for (int precision = 1; precision <= DBL_DECIMAL_DIG; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, value);
    double again = narrow ? (double)strtof(digits, NULL) : strtod(digits, NULL);
    if (again == value) break;
  }
  text_printf(out, "%s%s%s", digits, strpbrk(digits, ".e") == NULL ? ".0" : "", suffix);
}

void write_integer(Text *out, ScalarType type, int64_t value) {
  if (value == INT64_MIN)
    text_add(out, "INT64_MIN");
  else if (value == INT32_MIN)
    text_add(out, "INT32_MIN");
  else if (type == TYPE_I64 && (value > INT32_MAX || value < INT32_MIN))
    text_printf(out, "INT64_C(%" PRId64 ")", value);
  else
    text_printf(out, "%" PRId64, value);
}
