#include "pass_diff.h"
#include <string.h>

/* name → NamedLine * */
static Map by_name(Arena *arena, const NamedLines *program) {
  Map map = map_new(arena);
  for (size_t i = 0; i < program->count; i++)
    map_set(&map, program->items[i].name, &program->items[i]);
  return map;
}

typedef struct Comparison {
  PassDiff *diff;
  const char *heading; /* NULL when printed */
} Comparison;

static void add_line(Comparison *c, char sign, const char *text) {
  if (c->heading != NULL)
    text_printf(c->diff->out, "%s# %s\n", c->diff->out->length > 0 ? "\n" : "", c->heading);
  c->heading = NULL;
  text_printf(c->diff->out, "%c%s\n", sign, text);
}

/* What is gone of the lines from *at to `end`, which *at becomes. */
static void add_gone(Comparison *c, const Map *after, size_t *at, size_t end) {
  const NamedLines *before = &c->diff->before;
  for (; *at < end; (*at)++)
    if (map_get(after, before->items[*at].name) == NULL) add_line(c, '-', before->items[*at].text);
}

static void compare(Comparison *c, const NamedLines *after) {
  const NamedLines *before = &c->diff->before;
  Map old = by_name(c->diff->arena, before), new = by_name(c->diff->arena, after);
  size_t at = 0;
  for (size_t i = 0; i < after->count; i++) {
    const NamedLine *line = &after->items[i], *was = map_get(&old, line->name);
    if (was != NULL) add_gone(c, &new, &at, (size_t)(was - before->items));
    if (was != NULL && strcmp(was->text, line->text) == 0) continue;
    if (was != NULL) add_line(c, '-', was->text);
    add_line(c, '+', line->text);
  }
  add_gone(c, &new, &at, before->count);
}

PassDiff pass_diff_new(Arena *arena, Text *out) { return (PassDiff){.arena = arena, .out = out}; }

void pass_diff_add(PassDiff *diff, const Program *program, const char *pass, const char *does) {
  NamedLines after = program_lines(program_canonical(program));
  Comparison c = {diff, arena_printf(diff->arena, "%s: %s", pass, does)};
  compare(&c, &after);
  diff->before = after;
}

void pass_diff_watch(void *diff, const Program *program, const char *pass, const char *does) {
  pass_diff_add(diff, program, pass, does);
}
