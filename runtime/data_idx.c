/* IDX, the format of MNIST: two zero bytes, element type, rank, the sizes as 32-bit big-endian
   integers, then the elements, big-endian, row-major. */
#include "runtime.h"

static int dagrt_idx_element(unsigned char code, dagrt_element *element) {
  switch (code) {
  case 0x08: *element = DAGRT_E_U8; return 1;
  case 0x09: *element = DAGRT_E_I8; return 1;
  case 0x0b: *element = DAGRT_E_I16; return 1;
  case 0x0c: *element = DAGRT_E_I32; return 1;
  case 0x0d: *element = DAGRT_E_F32; return 1;
  case 0x0e: *element = DAGRT_E_F64; return 1;
  default: return 0;
  }
}

void dagrt_read_idx(dagrt_rows *rows) {
  dagrt_file file;
  dagrt_open(&file, rows->path);
  unsigned char magic[4], sizes[4 * 255];
  dagrt_element element = DAGRT_E_U8;
  size_t got = dagrt_read(&file, magic, 4);
  if (got < 4 || magic[0] != 0 || magic[1] != 0 || !dagrt_idx_element(magic[2], &element))
    dagrt_fail(DAGRT_BAD_DATA, "an IDX file begins with two zero bytes, type and rank",
               "%s: not an IDX file", rows->path);
  int rank = magic[3];
  if (dagrt_read(&file, sizes, (size_t)rank * 4) < (size_t)rank * 4)
    dagrt_fail(DAGRT_BAD_DATA, "fetch or make the file again", "%s: the file ends in its header",
               rows->path);
  int64_t shape[255];
  for (int i = 0; i < rank; i++) {
    const unsigned char *b = sizes + 4 * i;
    shape[i] = (int64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
  }
  dagrt_read_elements(&file, rows, element, 1, shape, rank);
  dagrt_close(&file);
}
