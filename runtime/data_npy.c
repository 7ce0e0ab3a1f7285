/* NPY, NumPy's format: "\x93NUMPY", version, header length, a header that is a Python dictionary
   {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }, then the elements. */
#include "runtime.h"
#include <stdlib.h>
#include <string.h>

_Noreturn static void dagrt_npy_fail(const char *path, const char *what) {
  dagrt_fail(DAGRT_BAD_DATA, "numpy.save writes what is read here", "%s: %s", path, what);
}

/* What follows 'key': in the header. */
static const char *dagrt_npy_value(const char *path, const char *header, const char *key) {
  const char *at = strstr(header, dagrt_text("'%s'", key));
  if (at == NULL) dagrt_npy_fail(path, dagrt_text("the NPY header has no '%s'", key));
  at += strlen(key) + 2;
  at += strspn(at, " ");
  if (*at++ != ':') dagrt_npy_fail(path, "the NPY header cannot be read");
  return at + strspn(at, " ");
}

static int dagrt_npy_element(const char *code, dagrt_element *element) {
  static const struct {
    char code[3];
    dagrt_element element;
  } table[] = {{"b1", DAGRT_E_BOOL}, {"u1", DAGRT_E_U8},  {"i1", DAGRT_E_I8},  {"u2", DAGRT_E_U16},
               {"i2", DAGRT_E_I16},  {"u4", DAGRT_E_U32}, {"i4", DAGRT_E_I32}, {"u8", DAGRT_E_U64},
               {"i8", DAGRT_E_I64},  {"f4", DAGRT_E_F32}, {"f8", DAGRT_E_F64}, {"f2", DAGRT_E_F16}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strncmp(code, table[i].code, 2) == 0 && code[2] == '\'') {
      *element = table[i].element;
      return 1;
    }
  return 0;
}

static int dagrt_npy_shape(const char *path, const char *text, int64_t shape[32]) {
  int rank = 0;
  if (*text++ != '(') dagrt_npy_fail(path, "the NPY header's shape cannot be read");
  for (;;) {
    text += strspn(text, " ,");
    if (*text == ')') return rank;
    char *end;
    long long size = strtoll(text, &end, 10);
    if (end == text || size < 0 || rank == 32)
      dagrt_npy_fail(path, "the NPY header's shape cannot be read");
    shape[rank++] = size;
    text = end;
  }
}

static char *dagrt_npy_header(dagrt_file *file) {
  unsigned char start[12];
  if (dagrt_read(file, start, 10) < 10 || memcmp(start, "\x93NUMPY", 6) != 0)
    dagrt_npy_fail(file->path, "not an NPY file");
  size_t length = (size_t)start[8] | (size_t)start[9] << 8;
  if (start[6] >= 2) {
    if (dagrt_read(file, start + 10, 2) < 2) dagrt_npy_fail(file->path, "the NPY header is cut");
    length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
  }
  if (length > 1 << 20) dagrt_npy_fail(file->path, "the NPY header is too long");
  char *header = dagrt_allocate(length + 1, 1);
  if (dagrt_read(file, header, length) < length)
    dagrt_npy_fail(file->path, "the file ends in its header");
  return header;
}

void dagrt_read_npy(dagrt_rows *rows) {
  dagrt_file file;
  dagrt_open(&file, rows->path);
  char *header = dagrt_npy_header(&file);
  const char *type = dagrt_npy_value(rows->path, header, "descr");
  int big_endian = type[0] == '\'' && type[1] == '>';
  dagrt_element element = DAGRT_E_U8;
  if (type[0] != '\'' || strchr("<>|=", type[1]) == NULL || !dagrt_npy_element(type + 2, &element))
    dagrt_npy_fail(rows->path,
                   dagrt_text("elements of type %.*s cannot be read; b1, u1 to u8, i1 to i8, f4 "
                              "and f8 can",
                              (int)strcspn(type, ","), type));
  if (strncmp(dagrt_npy_value(rows->path, header, "fortran_order"), "False", 5) != 0)
    dagrt_fail(DAGRT_BAD_DATA, "save numpy.ascontiguousarray(array)",
               "%s: the array is in Fortran order", rows->path);
  int64_t shape[32];
  int rank = dagrt_npy_shape(rows->path, dagrt_npy_value(rows->path, header, "shape"), shape);
  free(header);
  dagrt_read_elements(&file, rows, element, big_endian, shape, rank);
  dagrt_close(&file);
}
