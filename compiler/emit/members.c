#include "emit/members.h"
#include <ctype.h>
#include <string.h>
#include "emit/lines.h"

enum { WORTH_A_MACRO = 16 }; /* members that it saves */

/* Where two names that differ in one number have it: text[from..to). */
typedef struct Difference {
  size_t from, to_a, to_b;
} Difference;

static bool is_digit(char c) { return isdigit((unsigned char)c) != 0; }

static size_t end_of_number(const char *text, size_t from) {
  while (is_digit(text[from])) from++;
  return from;
}

static bool differ_in_number(const char *a, const char *b, Difference *d) {
  size_t at = 0;
  while (a[at] != '\0' && a[at] == b[at]) at++;
  while (at > 0 && is_digit(a[at - 1])) at--;
  *d = (Difference){at, end_of_number(a, at), end_of_number(b, at)};
  return at > 0 && d->to_a > at && d->to_b > at && strcmp(a + d->to_a, b + d->to_b) == 0;
}

Members members_of(const Emitter *e, TensorKind kind) {
  Members members = {ARENA_ARRAY(e->arena, BufferId, e->plan->n_buffers + 1), 0};
  for (BufferId i = 0; i < e->plan->n_buffers; i++) {
    const Buffer *b = &e->plan->buffers[i];
    if (b->kind == BUFFER_PARAM && tensor_at(e->program->graph, b->tensor)->kind == kind)
      members.items[members.n++] = i;
  }
  return members;
}

static const char *tensor_name(const Emitter *e, BufferId id) {
  return tensor_at(e->program->graph, e->plan->buffers[id].tensor)->name;
}

static bool same_shape(const Buffer *a, const Buffer *b) {
  bool same = a->type == b->type && a->storage == b->storage && a->rank == b->rank;
  for (uint32_t i = 0; same && i < a->rank; i++)
    same = a->extents[i] == b->extents[i] && a->strides[i] == b->strides[i];
  return same;
}

/* The number in the names of a member of a later turn; NULL: it is not alike but for that. */
static const char *turn_number(const Emitter *e, BufferId first, BufferId later) {
  const char *name = tensor_name(e, later), *field = e->fields[later];
  Difference in_name, in_field;
  if (!same_shape(&e->plan->buffers[first], &e->plan->buffers[later]) ||
      !differ_in_number(tensor_name(e, first), name, &in_name) ||
      !differ_in_number(e->fields[first], field, &in_field))
    return NULL;
  const char *number = arena_strndup(e->arena, name + in_name.from, in_name.to_b - in_name.from);
  size_t length = in_field.to_b - in_field.from;
  bool same = strlen(number) == length && strncmp(number, field + in_field.from, length) == 0;
  return same ? number : NULL;
}

/* Whether members `at` on are one more turn. */
static bool is_turn(const Emitter *e, const Members *members, uint32_t first, uint32_t period,
                    uint32_t at) {
  const char *number = NULL;
  for (uint32_t i = 0; i < period; i++) {
    const char *here = turn_number(e, members->items[first + i], members->items[at + i]);
    if (here == NULL || (number != NULL && strcmp(here, number) != 0)) return false;
    number = here;
  }
  return true;
}

static bool differ_there(const char *a, const char *b, const char *c) {
  Difference first, other;
  return differ_in_number(a, b, &first) && differ_in_number(a, c, &other) &&
         first.from == other.from && first.to_a == other.to_a;
}

/* Whether the number is at one place in the first turn's names, whichever later turn shows it. */
static bool is_regular(const Emitter *e, const Members *members, MemberRun run) {
  for (uint32_t i = 0; i < run.period; i++) {
    BufferId first = members->items[run.first + i];
    BufferId second = members->items[run.first + run.period + i];
    for (uint32_t t = 2; t < run.turns; t++) {
      BufferId later = members->items[run.first + t * run.period + i];
      if (!differ_there(e->fields[first], e->fields[second], e->fields[later]) ||
          !differ_there(tensor_name(e, first), tensor_name(e, second), tensor_name(e, later)))
        return false;
    }
  }
  return true;
}

MemberRun find_member_run(const Emitter *e, const Members *members, uint32_t first) {
  MemberRun best = {first, 1, 1};
  uint32_t saved = WORTH_A_MACRO - 1;
  for (uint32_t period = 1; first + 2 * period <= members->n; period++) {
    MemberRun run = {first, period, 1};
    while (first + (run.turns + 1) * period <= members->n &&
           is_turn(e, members, first, period, first + run.turns * period))
      run.turns++;
    if (run.turns < 3 || (run.turns - 1) * period <= saved || !is_regular(e, members, run))
      continue;
    best = run;
    saved = (run.turns - 1) * period;
  }
  return best;
}

const char *member_pattern(const Emitter *e, const Members *members, MemberRun run, uint32_t i) {
  const char *field = e->fields[members->items[run.first + i]];
  Difference d;
  differ_in_number(field, e->fields[members->items[run.first + run.period + i]], &d);
  return arena_printf(e->arena, "%.*s##" TURN_PARAMETER "%s%s", (int)d.from, field,
                      field[d.to_a] == '\0' ? "" : "##", field + d.to_a);
}

void member_pieces(const Emitter *e, const Members *members, MemberRun run, uint32_t i,
                   const char **before, const char **after) {
  const char *name = tensor_name(e, members->items[run.first + i]);
  Difference d;
  differ_in_number(name, tensor_name(e, members->items[run.first + run.period + i]), &d);
  *before = arena_strndup(e->arena, name, d.from);
  *after = name + d.to_a;
}

void write_member_turns(const Emitter *e, Text *out, const char *macro, const Members *members,
                        MemberRun run) {
  Text line = text_new(e->arena);
  for (uint32_t t = 0; t < run.turns; t++) {
    BufferId first = members->items[run.first], next = members->items[run.first + run.period];
    BufferId here = members->items[run.first + t * run.period];
    const char *name = e->fields[here];
    Difference d;
    differ_in_number(e->fields[first], t == 0 ? e->fields[next] : name, &d);
    size_t end = t == 0 ? d.to_a : d.to_b;
    text_printf(&line, "%s%s(%.*s)", t == 0 ? "  " : " ", macro, (int)(end - d.from),
                name + d.from);
  }
  text_add(&line, "\n");
  add_wrapped(out, text_string(&line));
}
