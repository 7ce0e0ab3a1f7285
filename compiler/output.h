/* Files that are written whole or not at all, and temporary folders. */
#pragma once
#include "support/text.h"

/* Writes to standard output when path is NULL; else to a temporary file beside it that is then
   renamed (what is no regular file, such as /dev/stdout, is written directly). A file that was there
   keeps its permissions. Ends the process with 3, and leaves path as it was, when that fails. */
void write_output(Arena *arena, const char *path, const char *text);

/* A path as make reads it in a rule: blanks, # and $ are marked. */
void add_make_path(Text *rule, const char *path);

/* Moves a file, over what stands there; copies where the two are on different disks. */
void move_file(Arena *arena, const char *from, const char *to);

/* A fresh folder under $TMPDIR or /tmp. */
const char *make_temporary_folder(Arena *arena);
/* The folder and the files in it. */
void remove_folder(Arena *arena, const char *path);

/* "mlp" for "models/mlp.dag" */
const char *model_name(Arena *arena, const char *path);
