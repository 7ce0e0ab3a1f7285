/* Output files: written beside their place under a temporary name, synced, and renamed, so that the
   place always holds a whole file, the old or the new one. */
#include "runtime.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dagrt_folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) return dagrt_text(".");
  return slash == path ? dagrt_text("/") : dagrt_text("%.*s", (int)(slash - path), path);
}

void dagrt_output_probe(const char *path) {
  struct stat status;
  if (*path == '\0') dagrt_fail(DAGRT_BAD_USAGE, NULL, "the name of a file to write is empty");
  if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
    dagrt_fail(DAGRT_BAD_SYSTEM, "name a file", "cannot write '%s': it is %s", path,
               S_ISDIR(status.st_mode) ? "a folder" : "not a regular file");
  const char *folder = dagrt_folder_of(path);
  if (stat(folder, &status) != 0)
    dagrt_fail(DAGRT_BAD_SYSTEM, dagrt_text("make the folder '%s' first", folder),
               "cannot write '%s': %s", path, strerror(errno));
  if (!S_ISDIR(status.st_mode))
    dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "cannot write '%s': '%s' is not a folder", path, folder);
  if (access(folder, W_OK | X_OK) != 0)
    dagrt_fail(DAGRT_BAD_SYSTEM, dagrt_text("choose a folder that you may write, not '%s'", folder),
               "cannot write '%s': %s", path, strerror(errno));
}

_Noreturn static void dagrt_output_fail(dagrt_output *output, int error) {
  unlink(output->temporary);
  dagrt_fail(DAGRT_BAD_SYSTEM,
             error == ENOSPC || error == EFBIG || error == EDQUOT
                 ? "make room, or write to another disk; the old file, if any, is as it was"
                 : "the old file, if any, is as it was",
             "cannot write '%s': %s", output->path, strerror(error));
}

/* A new file, whose name ends in XXXXXX until then, with the rights that creating it would give. */
static int dagrt_temporary(char *name) {
#ifdef __wasi__ /* has neither mkstemp nor rights */
  char *end = name + strlen(name) - 6;
  int descriptor = -1;
  for (int i = 0; i < 1000000 && descriptor < 0; i++) {
    snprintf(end, 7, "%06d", i);
    descriptor = open(name, O_RDWR | O_CREAT | O_EXCL, 0666);
    if (errno != EEXIST) break;
  }
  return descriptor;
#else
  int descriptor = mkstemp(name);
  if (descriptor < 0) return -1;
  mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);
  return descriptor;
#endif
}

void dagrt_output_open(dagrt_output *output, const char *path) {
  dagrt_output_probe(path);
  output->path = path;
  output->temporary = dagrt_text("%s.XXXXXX", path);
  int descriptor = dagrt_temporary(output->temporary);
  if (descriptor < 0)
    dagrt_fail(DAGRT_BAD_SYSTEM, NULL, "cannot write '%s': %s", path, strerror(errno));
  output->stream = fdopen(descriptor, "wb");
  if (output->stream == NULL) dagrt_output_fail(output, errno);
}

void dagrt_write(dagrt_output *output, const void *bytes, size_t size) {
  if (fwrite(bytes, 1, size, output->stream) != size) dagrt_output_fail(output, errno);
}

void dagrt_output_commit(dagrt_output *output) {
  if (fflush(output->stream) != 0 || fsync(fileno(output->stream)) != 0)
    dagrt_output_fail(output, errno);
  if (fclose(output->stream) != 0) dagrt_output_fail(output, errno);
  if (rename(output->temporary, output->path) != 0) dagrt_output_fail(output, errno);
  /* The rename itself lasts once the folder is on the disk; not all file systems can be asked. */
  char *folder = dagrt_folder_of(output->path);
  int descriptor = open(folder, O_RDONLY | O_DIRECTORY);
  if (descriptor >= 0) {
    fsync(descriptor);
    close(descriptor);
  }
  free(folder);
  free(output->temporary);
}
