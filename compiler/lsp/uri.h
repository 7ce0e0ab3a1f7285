/* file:// URIs (RFC 8089). */
#pragma once
#include "support/text.h"

/* Of a file; a relative path is one from the working folder. */
const char *uri_of_path(Arena *arena, const char *path);
/* The path of a file's URI; NULL for others. */
const char *path_of_uri(Arena *arena, const char *uri);
