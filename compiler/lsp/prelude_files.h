/* The prelude's texts, which the compiler carries inside itself, as files for an editor. */
#pragma once
#include <jansson.h>

/* Replaces the URIs in a JSON value that are paths of the prelude, "prelude/losses.dag", by those
   of files with that text, which it writes, read-only, into dagc/prelude in $XDG_CACHE_HOME or
   ~/.cache. Where that cannot be, the URI stays. */
void give_prelude_files(json_t *value);
