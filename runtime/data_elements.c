/* Arrays of binary elements, as IDX and NPY files hold them, into an input's type. Values must be
   what the type holds; only reals are rounded to shorter ones. */
#include "runtime.h"
#include <math.h>
#include <string.h>

size_t dagrt_element_size(dagrt_element element) {
  switch (element) {
  case DAGRT_E_BOOL:
  case DAGRT_E_U8:
  case DAGRT_E_I8: return 1;
  case DAGRT_E_U16:
  case DAGRT_E_I16:
  case DAGRT_E_F16: return 2;
  case DAGRT_E_U32:
  case DAGRT_E_I32:
  case DAGRT_E_F32: return 4;
  case DAGRT_E_U64:
  case DAGRT_E_I64:
  case DAGRT_E_F64: return 8;
  }
  return 0;
}

static dagrt_number dagrt_from_real(double real) {
  dagrt_number number = {.real = real};
  number.is_whole = real == floor(real) && fabs(real) < 0x1p63;
  number.whole = number.is_whole ? (int64_t)real : 0;
  return number;
}

/* The element whose bytes, in the order of significance from the least, are those of `bits`. */
static dagrt_number dagrt_decode(dagrt_element element, uint64_t bits) {
  int64_t whole = 0;
  switch (element) {
  case DAGRT_E_BOOL:
  case DAGRT_E_U8:
  case DAGRT_E_U16:
  case DAGRT_E_U32: whole = (int64_t)bits; break;
  case DAGRT_E_U64:
    if (bits > INT64_MAX) return (dagrt_number){.real = (double)bits, .exact = 1};
    whole = (int64_t)bits;
    break;
  case DAGRT_E_I8: whole = (int8_t)bits; break;
  case DAGRT_E_I16: whole = (int16_t)bits; break;
  case DAGRT_E_I32: whole = (int32_t)bits; break;
  case DAGRT_E_I64: whole = (int64_t)bits; break;
  case DAGRT_E_F16: return dagrt_from_real(dagrt_from_half(DAG_F16, (uint16_t)bits));
  case DAGRT_E_F32: {
    uint32_t low = (uint32_t)bits;
    float real;
    memcpy(&real, &low, sizeof real);
    return dagrt_from_real((double)real);
  }
  case DAGRT_E_F64: {
    double real;
    memcpy(&real, &bits, sizeof real);
    return dagrt_from_real(real);
  }
  }
  return (dagrt_number){.real = (double)whole, .whole = whole, .is_whole = 1, .exact = 1};
}

static uint64_t dagrt_bits(const unsigned char *bytes, size_t size, int big_endian) {
  uint64_t bits = 0;
  for (size_t i = 0; i < size; i++) bits = bits << 8 | bytes[big_endian ? i : size - 1 - i];
  return bits;
}

static void dagrt_check_shape(const dagrt_file *file, const dagrt_rows *rows, const int64_t *shape,
                              int rank) {
  int64_t width = 1;
  for (int i = 1; i < rank; i++)
    if (__builtin_mul_overflow(width, shape[i], &width)) width = -1;
  if (rank >= 1 && width == rows->width) return;
  dagrt_fail(DAGRT_BAD_DATA, NULL, "%s: a row holds %lld values, but %s is %s: %lld a row",
             file->path, (long long)width, rows->input->array.name,
             dagrt_shape_text(&rows->input->array), (long long)rows->width);
}

void dagrt_read_elements(dagrt_file *file, dagrt_rows *rows, dagrt_element element, int big_endian,
                         const int64_t *shape, int rank) {
  enum { CHUNK = 1 << 13 };
  unsigned char chunk[CHUNK * 8];
  dagrt_check_shape(file, rows, shape, rank);
  rows->count = shape[0];
  int64_t total;
  if (__builtin_mul_overflow(rows->count, rows->width, &total) || (uint64_t)total > SIZE_MAX / 16)
    dagrt_fail(DAGRT_BAD_DATA, NULL, "%s: the header asks for %lld rows", file->path,
               (long long)rows->count);
  size_t size = dagrt_element_size(element);
  dag_type type = rows->input->array.type;
  int bytes = element == DAGRT_E_U8, bounded = rows->input->least <= rows->input->greatest;
  int as_they_are = bytes && (type == DAG_F32 || type == DAG_F64 || (type == DAG_U8 && !bounded));
  rows->in_bytes = as_they_are && type != DAG_U8;
  rows->data =
      dagrt_allocate((size_t)rows->count, rows->in_bytes ? (size_t)rows->width : rows->row_bytes);
  for (int64_t done = 0; done < total;) {
    int64_t want = total - done < CHUNK || as_they_are ? total - done : CHUNK;
    unsigned char *to = as_they_are ? rows->data + done : chunk;
    int64_t got = (int64_t)(dagrt_read(file, to, (size_t)want * size) / size);
    for (int64_t i = 0; i < got && !as_they_are; i++) {
      uint64_t bits = size == 1 ? chunk[i] : dagrt_bits(chunk + (size_t)i * size, size, big_endian);
      dagrt_number number = dagrt_decode(element, bits);
      if (!dagrt_store(rows->input, rows->data, done + i, &number))
        dagrt_fail(DAGRT_BAD_DATA, dagrt_accepts(rows->input),
                   "%s, row %lld, column [%lld]: %.17g is out of range for %s: %s", file->path,
                   (long long)((done + i) / rows->width + 1), (long long)((done + i) % rows->width),
                   number.real, rows->input->array.name, dagrt_shape_text(&rows->input->array));
    }
    done += got;
    if (got < want)
      dagrt_fail(DAGRT_BAD_DATA, "fetch or make the file again",
                 "%s: the file ends in row %lld of %lld", file->path,
                 (long long)(done / rows->width + 1), (long long)rows->count);
  }
  if (dagrt_read(file, chunk, 1) != 0)
    dagrt_fail(DAGRT_BAD_DATA, "fetch or make the file again",
               "%s: the file goes on after the %lld rows that its header announces", file->path,
               (long long)rows->count);
}
