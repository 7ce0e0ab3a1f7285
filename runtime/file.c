/* Input files. zlib tells a gzipped file from a plain one by its first bytes, whatever its name.
   With DAGRT_NO_ZLIB only plain ones can be read. */
#include "runtime.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void dagrt_check_path(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0)
    dagrt_fail(errno == ENOENT || errno == ENOTDIR ? DAGRT_BAD_DATA : DAGRT_BAD_SYSTEM,
               "paths are relative to the folder that this program runs in", "cannot read '%s': %s",
               path, strerror(errno));
  if (S_ISDIR(status.st_mode))
    dagrt_fail(DAGRT_BAD_DATA, "name a file in it", "cannot read '%s': it is a folder", path);
}

#ifdef DAGRT_NO_ZLIB

void dagrt_open(dagrt_file *file, const char *path) {
  dagrt_check_path(path);
  file->path = path;
  file->stream = fopen(path, "rb");
  if (file->stream == NULL)
    dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "cannot read '%s': %s", path, strerror(errno));
  int first = fgetc(file->stream), second = fgetc(file->stream);
  if (first == 0x1f && second == 0x8b)
    dagrt_fail(DAGRT_BAD_DATA, "gunzip it first",
               "%s is gzipped, and this program is built without zlib", path);
  rewind(file->stream);
}

size_t dagrt_read(dagrt_file *file, void *bytes, size_t size) {
  size_t done = fread(bytes, 1, size, file->stream);
  if (ferror(file->stream))
    dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "cannot read '%s': %s", file->path, strerror(errno));
  return done;
}

void dagrt_close(dagrt_file *file) {
  fclose(file->stream);
  file->stream = NULL;
}

#else

void dagrt_open(dagrt_file *file, const char *path) {
  dagrt_check_path(path);
  errno = 0;
  file->path = path;
  file->gz = gzopen(path, "rb");
  if (file->gz == NULL)
    dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "cannot read '%s': %s", path,
               strerror(errno == 0 ? ENOMEM : errno));
  gzbuffer(file->gz, 1 << 16);
}

size_t dagrt_read(dagrt_file *file, void *bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    size_t left = size - done;
    unsigned part = left > (1u << 30) ? 1u << 30 : (unsigned)left;
    int got = gzread(file->gz, (char *)bytes + done, part);
    if (got > 0) done += (size_t)got;
    if (got == (int)part) continue;
    int code = Z_OK;
    const char *message = gzerror(file->gz, &code);
    if (code == Z_ERRNO)
      dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "cannot read '%s': %s", file->path, strerror(errno));
    if (code == Z_BUF_ERROR)
      dagrt_fail(DAGRT_BAD_DATA, "fetch or make the file again",
                 "%s: the gzipped file is cut short", file->path);
    if (code != Z_OK && code != Z_STREAM_END)
      dagrt_fail(DAGRT_BAD_DATA, "fetch or make the file again",
                 "%s: the gzipped file is damaged (%s)", file->path, message);
    break;
  }
  return done;
}

void dagrt_close(dagrt_file *file) {
  gzclose(file->gz);
  file->gz = NULL;
}

#endif
