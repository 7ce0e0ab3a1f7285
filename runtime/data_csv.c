/* CSV: fields between commas, maybe in double quotes ("" is a quote), lines ending in LF or CRLF,
   blank lines skipped. The first row is a header when none of its used fields is a number.
   Rows are counted from 1 as an editor shows lines; columns from 0 as in "file.csv"[1:65]. */
#include "runtime.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct dagrt_csv {
  dagrt_file file;
  char *chunk;
  size_t chunk_at, chunk_end;
  char *record; /* one row, without its line end */
  size_t record_size, record_room;
  int64_t line, next_line; /* of the record's start; of the next one */
  char **fields;
  int64_t n_fields, fields_room;
} dagrt_csv;

enum { DAGRT_CSV_CHUNK = 1 << 18 };

static void *dagrt_csv_grow(void *memory, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = 0;
  void *grown = bytes == 0 ? NULL : realloc(memory, bytes);
  if (grown == NULL)
    dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "out of memory: no room for %zu times %zu bytes", count,
               size);
  return grown;
}

static void dagrt_csv_append(dagrt_csv *csv, const char *bytes, size_t size) {
  if (csv->record_size + size + 1 > csv->record_room) {
    csv->record_room = 2 * (csv->record_size + size + 1);
    csv->record = dagrt_csv_grow(csv->record, csv->record_room, 1);
  }
  memcpy(csv->record + csv->record_size, bytes, size);
  csv->record_size += size;
}

/* Appends up to and without the next line feed. Returns 0 when the file is at its end. */
static int dagrt_csv_line(dagrt_csv *csv) {
  for (int any = 0;; any = 1) {
    if (csv->chunk_at == csv->chunk_end) {
      csv->chunk_at = 0;
      csv->chunk_end = dagrt_read(&csv->file, csv->chunk, DAGRT_CSV_CHUNK);
      if (csv->chunk_end == 0) return any;
    }
    const char *start = csv->chunk + csv->chunk_at;
    size_t left = csv->chunk_end - csv->chunk_at;
    const char *end = memchr(start, '\n', left);
    size_t size = end == NULL ? left : (size_t)(end - start);
    dagrt_csv_append(csv, start, size);
    csv->chunk_at += size + (end != NULL);
    if (end != NULL) return 1;
  }
}

static int dagrt_csv_open_quote(const dagrt_csv *csv) {
  int open = 0;
  const char *at = csv->record, *end = csv->record + csv->record_size;
  while ((at = memchr(at, '"', (size_t)(end - at))) != NULL) open = !open, at++;
  return open;
}

/* The next row that is not blank. */
static int dagrt_csv_record(dagrt_csv *csv) {
  for (;;) {
    csv->record_size = 0;
    csv->line = csv->next_line++;
    if (!dagrt_csv_line(csv)) return 0;
    while (dagrt_csv_open_quote(csv)) {
      dagrt_csv_append(csv, "\n", 1);
      csv->next_line++;
      if (!dagrt_csv_line(csv))
        dagrt_fail(DAGRT_BAD_DATA, "close it with \"", "%s, row %lld: a quoted field has no end",
                   csv->file.path, (long long)csv->line);
    }
    if (csv->record_size > 0 && csv->record[csv->record_size - 1] == '\r') csv->record_size--;
    csv->record[csv->record_size] = '\0';
    if (memchr(csv->record, '\0', csv->record_size) != NULL)
      dagrt_fail(DAGRT_BAD_DATA, "is this a CSV file?", "%s, row %lld: it holds a zero byte",
                 csv->file.path, (long long)csv->line);
    if (csv->line == 1 && strncmp(csv->record, "\xef\xbb\xbf", 3) == 0)
      memmove(csv->record, csv->record + 3, csv->record_size - 2), csv->record_size -= 3;
    if (csv->record[strspn(csv->record, " \t")] != '\0') return 1;
  }
}

/* Takes the quotes off a field in place; returns what follows its closing quote. */
static char *dagrt_csv_unquote(char *field) {
  char *to = field, *from = field + 1;
  for (; *from != '\0'; from++) {
    if (*from == '"' && *++from != '"') break;
    *to++ = *from;
  }
  char *end = from;
  if (to < end) *to = '\0';
  return end;
}

static void dagrt_csv_split(dagrt_csv *csv) {
  csv->n_fields = 0;
  for (char *at = csv->record;;) {
    at += strspn(at, " \t");
    if (csv->n_fields == csv->fields_room) {
      csv->fields_room = 2 * csv->fields_room + 16;
      csv->fields = dagrt_csv_grow(csv->fields, (size_t)csv->fields_room, sizeof *csv->fields);
    }
    csv->fields[csv->n_fields++] = at;
    int quoted = *at == '"';
    char *end = quoted ? dagrt_csv_unquote(at) : at;
    if (quoted) end += strspn(end, " \t");
    if (quoted && *end != ',' && *end != '\0')
      dagrt_fail(DAGRT_BAD_DATA, "a quote inside a quoted field is written twice",
                 "%s, row %lld, column [%lld]: text after the closing quote", csv->file.path,
                 (long long)csv->line, (long long)(csv->n_fields - 1));
    char *comma = strchr(end, ',');
    char *last = comma == NULL ? csv->record + csv->record_size : comma;
    if (!quoted) {
      while (last > at && (last[-1] == ' ' || last[-1] == '\t')) last--;
      *last = '\0';
    }
    if (comma == NULL) return;
    *comma = '\0';
    at = comma + 1;
  }
}

/* A decimal number: digits ± point ± exponent and nothing else. Up to 15 digits and a power of ten
   that a double holds exactly are one exact operation (Clinger 1990); the rest is strtod's. */
static int dagrt_csv_number(const char *text, dagrt_number *number) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const char *at = text;
  int negative = *at == '-', digits = 0, decimals = 0, point = 0;
  uint64_t mantissa = 0;
  at += *at == '-' || *at == '+';
  for (; (*at >= '0' && *at <= '9') || (*at == '.' && !point); at++) {
    if (*at == '.') {
      point = 1;
      continue;
    }
    if (digits < 19) mantissa = mantissa * 10 + (uint64_t)(*at - '0');
    digits++;
    decimals += point;
  }
  if (digits == 0) return 0;
  number->exact = 0;
  if (*at == '\0' && !point && digits <= 18) {
    number->whole = negative ? -(int64_t)mantissa : (int64_t)mantissa;
    number->real = negative ? -(double)mantissa : (double)mantissa;
    number->is_whole = 1;
    return 1;
  }
  if (*at == '\0' && digits <= 15 && decimals <= 22) {
    number->real = (double)mantissa / powers[decimals];
    if (negative) number->real = -number->real;
  } else {
    char *end;
    if (*at != '\0' && *at != 'e' && *at != 'E') return 0;
    number->real = strtod(text, &end);
    if (*end != '\0' || end == text || isinf(number->real)) return 0;
  }
  number->is_whole = number->real == floor(number->real) && fabs(number->real) < 0x1p63;
  number->whole = number->is_whole ? (int64_t)number->real : 0;
  return 1;
}

/* Where an input is read as a whole, though the columns are those of one of its rows: the model was
   compiled for so many rows, and nothing says that they are a batch. */
static const char *dagrt_csv_columns_hint(const dagrt_csv *csv, const dagrt_columns *columns) {
  const dag_array *array = &columns->rows->input->array;
  int64_t width = columns->rows->width;
  if (array->rank > 0 && width == dagrt_elements(array) && array->shape[0] > 1 &&
      (columns->last - columns->first) * array->shape[0] == width)
    return dagrt_text("a row of the data is all of %s here; compile the model with %s of one row, "
                      "-D and the name of its size B=1, to predict row by row",
                      array->name, array->name);
  return dagrt_text("choose them: --data '%s=%s[0:%lld]'", array->name, csv->file.path,
                    (long long)width);
}

static void dagrt_csv_resolve(const dagrt_csv *csv, dagrt_columns *columns) {
  dagrt_rows *rows = columns->rows;
  if (columns->last < 0) columns->last += csv->n_fields + 1;
  if (columns->first < 0 || columns->last > csv->n_fields || columns->first >= columns->last)
    dagrt_fail(DAGRT_BAD_DATA, "columns count from 0, the last is not included",
               "%s: the columns [%lld:%lld] for %s, but the file has %lld", csv->file.path,
               (long long)columns->first, (long long)columns->last, rows->input->array.name,
               (long long)csv->n_fields);
  if (columns->last - columns->first != rows->width)
    dagrt_fail(DAGRT_BAD_DATA, dagrt_csv_columns_hint(csv, columns),
               "%s: %s is %s, a row of it takes %lld columns, but [%lld:%lld] are %lld",
               csv->file.path, rows->input->array.name, dagrt_shape_text(&rows->input->array),
               (long long)rows->width, (long long)columns->first, (long long)columns->last,
               (long long)(columns->last - columns->first));
}

static int dagrt_csv_is_header(const dagrt_csv *csv, const dagrt_columns *columns, int32_t n) {
  dagrt_number number;
  for (int32_t q = 0; q < n; q++)
    for (int64_t c = columns[q].first; c < columns[q].last; c++)
      if (dagrt_csv_number(csv->fields[c], &number)) return 0;
  return 1;
}

static void dagrt_csv_take(const dagrt_csv *csv, dagrt_columns *columns) {
  dagrt_rows *rows = columns->rows;
  if (rows->count == columns->capacity) {
    columns->capacity = 2 * columns->capacity + 64;
    rows->data = dagrt_csv_grow(rows->data, (size_t)columns->capacity, rows->row_bytes);
  }
  void *row = rows->data + (size_t)rows->count * rows->row_bytes;
  for (int64_t c = columns->first; c < columns->last; c++) {
    dagrt_number number;
    const char *field = csv->fields[c];
    if (!dagrt_csv_number(field, &number))
      dagrt_fail(DAGRT_BAD_DATA,
                 csv->line == 1 ? "a header has no number in the columns that are used"
                                : "correct the row or take it out",
                 "%s, row %lld, column [%lld]: %s%.40s%s is not a number", csv->file.path,
                 (long long)csv->line, (long long)c, *field == '\0' ? "an empty field" : "'", field,
                 *field == '\0' ? "" : "'");
    if (!dagrt_store(rows->input, row, c - columns->first, &number))
      dagrt_fail(DAGRT_BAD_DATA, dagrt_accepts(rows->input),
                 "%s, row %lld, column [%lld]: %.40s is out of range for %s: %s", csv->file.path,
                 (long long)csv->line, (long long)c, field, rows->input->array.name,
                 dagrt_shape_text(&rows->input->array));
  }
  rows->count++;
}

void dagrt_read_csv(const char *path, dagrt_columns *columns, int32_t n) {
  dagrt_csv csv = {.next_line = 1};
  dagrt_open(&csv.file, path);
  csv.chunk = dagrt_allocate(DAGRT_CSV_CHUNK, 1);
  dagrt_csv_append(&csv, "", 0);
  int64_t width = -1;
  while (dagrt_csv_record(&csv)) {
    dagrt_csv_split(&csv);
    int first = width < 0;
    if (first) {
      width = csv.n_fields;
      for (int32_t q = 0; q < n; q++) dagrt_csv_resolve(&csv, &columns[q]);
    }
    if (csv.n_fields != width)
      dagrt_fail(DAGRT_BAD_DATA, "correct the row or take it out",
                 "%s, row %lld: it has %lld column%s, the rows before have %lld", path,
                 (long long)csv.line, (long long)csv.n_fields, csv.n_fields == 1 ? "" : "s",
                 (long long)width);
    if (first && dagrt_csv_is_header(&csv, columns, n)) continue;
    for (int32_t q = 0; q < n; q++) dagrt_csv_take(&csv, &columns[q]);
  }
  dagrt_close(&csv.file);
  free(csv.chunk);
  free(csv.record);
  free(csv.fields);
}
