#include "output.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "support/diag.h"

static bool write_all(FILE *file, const char *text) {
  size_t length = strlen(text);
  bool written = fwrite(text, 1, length, file) == length;
  return fflush(file) == 0 && written;
}

static void write_directly(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  if (file == NULL) fatal("cannot write %s: %s", path, strerror(errno));
  bool written = write_all(file, text);
  if (fclose(file) != 0 || !written) fatal("cannot write %s: %s", path, strerror(errno));
}

void write_output(Arena *arena, const char *path, const char *text) {
  if (path == NULL) {
    if (!write_all(stdout, text)) fatal("cannot write to standard output: %s", strerror(errno));
    return;
  }
  struct stat status;
  bool exists = stat(path, &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode)) fatal("cannot write %s: it is a folder", path);
    write_directly(path, text);
    return;
  }
  char *temporary = arena_printf(arena, "%s.XXXXXX", path);
  int descriptor = mkstemp(temporary);
  if (descriptor < 0) fatal("cannot write %s: %s", path, strerror(errno));
  FILE *file = fdopen(descriptor, "w");
  bool written = file != NULL && write_all(file, text);
  int reason = errno;
  mode_t mask = umask(0);
  umask(mask);
  if (file != NULL) {
    fchmod(descriptor, exists ? status.st_mode & 07777 : 0666 & ~mask);
    if (fclose(file) != 0) written = false;
  }
  if (written && rename(temporary, path) == 0) return;
  if (written) reason = errno;
  unlink(temporary);
  fatal("cannot write %s: %s", path, strerror(reason));
}

void add_make_path(Text *rule, const char *path) {
  for (const char *c = path; *c != '\0'; c++)
    text_printf(rule, "%s%c", *c == ' ' || *c == '#' ? "\\" : *c == '$' ? "$" : "", *c);
}

static bool copy_bytes(FILE *from, FILE *to) {
  char bytes[1 << 16];
  for (size_t n; (n = fread(bytes, 1, sizeof bytes, from)) > 0;)
    if (fwrite(bytes, 1, n, to) != n) return false;
  return !ferror(from);
}

void move_file(Arena *arena, const char *from, const char *to) {
  if (rename(from, to) == 0) return;
  if (errno != EXDEV) fatal("cannot write %s: %s", to, strerror(errno));
  char *temporary = arena_printf(arena, "%s.XXXXXX", to);
  int descriptor = mkstemp(temporary);
  if (descriptor < 0) fatal("cannot write %s: %s", to, strerror(errno));
  FILE *in = fopen(from, "rb"), *out = fdopen(descriptor, "wb");
  struct stat status;
  bool moved = in != NULL && out != NULL && stat(from, &status) == 0 && copy_bytes(in, out) &&
               fchmod(descriptor, status.st_mode & 0777) == 0;
  if (in != NULL) fclose(in);
  if (out != NULL && fclose(out) != 0) moved = false;
  if (moved && rename(temporary, to) == 0) return;
  int reason = errno;
  unlink(temporary);
  fatal("cannot write %s: %s", to, strerror(reason));
}

const char *make_temporary_folder(Arena *arena) {
  const char *parent = getenv("TMPDIR");
  char *path =
      arena_printf(arena, "%s/dagc-XXXXXX", parent == NULL || *parent == '\0' ? "/tmp" : parent);
  if (mkdtemp(path) == NULL) fatal("cannot make a folder %s: %s", path, strerror(errno));
  return path;
}

void remove_folder(Arena *arena, const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) return;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      unlink(arena_printf(arena, "%s/%s", path, entry->d_name));
  closedir(folder);
  rmdir(path);
}

const char *model_name(Arena *arena, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  const char *dot = strrchr(name, '.');
  return arena_strndup(arena, name, dot == NULL ? strlen(name) : (size_t)(dot - name));
}
