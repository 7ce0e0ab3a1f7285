/* A piece of work in a process of its own: what goes wrong there, an internal error, no memory, too
   much time, leaves the server as it is. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

/* The value that work(data) returns in the child; NULL when it comes to none within that time. What
   the child prints goes to stderr. Given up, and *woken true, as soon as something can be read from
   the file `wake`; -1: nothing wakes it. */
json_t *run_isolated(json_t *(*work)(const void *data), const void *data, int seconds, int wake,
                     bool *woken);
