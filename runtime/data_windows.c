/* A file as windows of T bytes, one after the other; what is left at the end is dropped. */
#include "runtime.h"
#include <stdlib.h>

void dagrt_read_windows(dagrt_rows *rows, int64_t window) {
  const dag_input *input = rows->input;
  if (input->array.type != DAG_U8 || window != rows->width)
    dagrt_fail(DAGRT_BAD_DATA, NULL, "%s: windows of %lld bytes, but %s is %s", rows->path,
               (long long)window, input->array.name, dagrt_shape_text(&input->array));
  dagrt_file file;
  dagrt_open(&file, rows->path);
  size_t room = 1 << 16, size = 0;
  for (;;) {
    unsigned char *grown = realloc(rows->data, room);
    if (grown == NULL)
      dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "out of memory: no room for %zu bytes", room);
    rows->data = grown;
    size_t got = dagrt_read(&file, rows->data + size, room - size);
    size += got;
    if (size < room) break;
    room = room > SIZE_MAX / 2 ? SIZE_MAX : 2 * room; /* more than there is */
  }
  dagrt_close(&file);
  rows->count = (int64_t)size / window;
  int limited = input->least <= input->greatest;
  for (size_t i = 0; limited && i < (size_t)(rows->count * window); i++)
    if (rows->data[i] < input->least || rows->data[i] > input->greatest)
      dagrt_fail(DAGRT_BAD_DATA, dagrt_accepts(input), "%s: byte %zu is %d, out of range for %s",
                 rows->path, i, rows->data[i], input->array.name);
}
