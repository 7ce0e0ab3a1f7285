/* The lines of a dump's definitions: under headings, long sections in parts, and each with what it
   is, beside it or, where it is long, above it. */
#include <inttypes.h>
#include <string.h>
#include "graph/print.h"

/* --- the parts of a section ---

   Names are paths: model.block[0].norm.m. A section of many lines is divided along them, down to
   parts that are not long: what stands below model.block[0] together. What is left over, a few
   lines here and there, belongs to what is above. */

enum {
  LONG = 24,   /* lines: a part is divided */
  ENOUGH = 4,  /* lines: to be a part */
  APART = 8,   /* lines between two of the same path: they are two parts */
  PASSING = 3, /* fewer lines between those of parts below go with the part before them */
};

typedef struct Parts {
  Arena *arena;
  const char **path; /* per line: of what it defines, or of what that is the adjoint of */
  const char **part; /* per line: the path of its part, "" for the whole */
} Parts;

/* Itself, or what it is the adjoint of. */
static const Tensor *original(const Printer *p, TensorId id) {
  const Tensor *t = tensor_at(p->program->graph, id);
  bool adjoint = t->derived && t->adjoint_of != TENSOR_NONE;
  return adjoint ? tensor_at(p->program->graph, t->adjoint_of) : t;
}

/* "model.block[0]" for model.block[0].h and for the adjoint of that. */
static const char *path_of(const Printer *p, TensorId id) {
  const char *name = original(p, id)->name, *dot = strrchr(name, '.');
  return dot == NULL ? "" : arena_strndup(p->program->arena, name, (size_t)(dot - name));
}

/* Whether a path is that prefix, or leads on from it. */
static bool is_below(const char *path, const char *prefix, size_t length) {
  if (length == 0) return true;
  return strncmp(path, prefix, length) == 0 && (path[length] == '\0' || path[length] == '.');
}

/* Of a part's lines, those of one part below it. */
typedef struct Child {
  size_t *lines;
  size_t n, length; /* characters of its path */
} Child;
typedef ARRAY(Child) Children;

/* child_of: per line, 1 + the child that it belongs to; 0: none. */
static Children find_children(const Parts *parts, const size_t *lines, size_t n, size_t length,
                              size_t *child_of) {
  Children children = {0};
  bool *done = ARENA_ARRAY(parts->arena, bool, n + 1);
  for (size_t i = 0; i < n; i++) {
    const char *path = parts->path[lines[i]];
    if (done[i] || path[length] == '\0') continue;
    size_t from = length == 0 ? 0 : length + 1;
    Child child = {ARENA_ARRAY(parts->arena, size_t, n - i), 0, from + strcspn(path + from, ".")};
    for (size_t k = i; k < n; k++) {
      if (!is_below(parts->path[lines[k]], path, child.length)) continue;
      if (child.n > 0 && lines[k] - child.lines[child.n - 1] > APART) break;
      done[k] = true;
      child.lines[child.n++] = lines[k];
    }
    if (child.n < ENOUGH) continue;
    ARRAY_PUSH(parts->arena, &children, child);
    for (size_t k = i, c = 0; k < n && c < child.n; k++)
      if (lines[k] == child.lines[c]) {
        child_of[k] = children.count;
        c++;
      }
  }
  return children;
}

/* How often one would have to go from one child to another, or to what is left over. */
static size_t count_runs(const size_t *child_of, size_t n) {
  size_t runs = 0, last = SIZE_MAX;
  for (size_t i = 0, end; i < n; i = end) {
    end = i + 1;
    while (end < n && child_of[end] == child_of[i]) end++;
    bool passing = child_of[i] == 0 && end - i < PASSING && i > 0;
    if (passing || child_of[i] == last) continue;
    last = child_of[i];
    runs++;
  }
  return runs;
}

/* Lines whose paths all begin with the same `length` characters. */
static void divide(Parts *parts, const size_t *lines, size_t n, size_t length) {
  for (size_t i = 0; i < n; i++)
    parts->part[lines[i]] = arena_strndup(parts->arena, parts->path[lines[i]], length);
  if (n <= LONG) return;
  size_t *child_of = ARENA_ARRAY(parts->arena, size_t, n + 1);
  Children children = find_children(parts, lines, n, length, child_of);
  if (n < ENOUGH * count_runs(child_of, n)) return;
  for (size_t i = 0; i < children.count; i++)
    divide(parts, children.items[i].lines, children.items[i].n, children.items[i].length);
}

/* Where a block opens or closes belongs to the lines in it. */
static void place_braces(Parts *parts, const DumpLine *lines, size_t n) {
  for (size_t i = n; i-- > 0;)
    if (parts->part[i] == NULL && i + 1 < n && strchr(lines[i].text, '{') != NULL)
      parts->part[i] = parts->part[i + 1];
  for (size_t i = 0; i < n; i++)
    if (parts->part[i] == NULL) parts->part[i] = i > 0 ? parts->part[i - 1] : "";
}

static size_t end_of_run(const Parts *parts, size_t from, size_t n) {
  size_t end = from + 1;
  while (end < n && strcmp(parts->part[end], parts->part[from]) == 0) end++;
  return end;
}

static void join_passing(Parts *parts, size_t n) {
  for (size_t i = end_of_run(parts, 0, n), end; i < n; i = end) {
    const char *before = parts->part[i - 1], *part = parts->part[i];
    end = end_of_run(parts, i, n);
    if (end - i >= PASSING || !is_below(before, part, strlen(part))) continue;
    for (size_t k = i; k < end; k++) parts->part[k] = before;
  }
}

/* The part of each line of a section. */
static const char **find_parts(const Printer *p, const DumpLine *lines, size_t n) {
  Arena *arena = p->program->arena;
  Parts parts = {arena, ARENA_ARRAY(arena, const char *, n + 1),
                 ARENA_ARRAY(arena, const char *, n + 1)};
  size_t *defining = ARENA_ARRAY(arena, size_t, n + 1), count = 0;
  for (size_t i = 0; i < n; i++) {
    if (lines[i].tensor == TENSOR_NONE) continue;
    parts.path[i] = path_of(p, lines[i].tensor);
    defining[count++] = i;
  }
  divide(&parts, defining, count, 0);
  place_braces(&parts, lines, n);
  join_passing(&parts, n);
  return parts.part;
}

/* "lenet.dag:9–11": where the lines come from, if that is one file. */
static const char *places_of(const Printer *p, const DumpLine *lines, size_t n) {
  Arena *arena = p->program->arena;
  const Tensor *first = NULL, *last = NULL;
  uint32_t low = UINT32_MAX, high = 0;
  for (size_t i = 0; i < n; i++) {
    if (lines[i].tensor == TENSOR_NONE) continue;
    const Tensor *t = original(p, lines[i].tensor);
    Span place = t->use.source != NULL ? t->use : t->span;
    if (place.source == NULL) continue;
    Span known = last == NULL ? place : last->use.source != NULL ? last->use : last->span;
    if (known.source != place.source) return "";
    last = t;
    if (place.line < low) first = t;
    low = place.line < low ? place.line : low;
    high = place.line > high ? place.line : high;
  }
  if (first == NULL) return "";
  const char *from = tensor_source(arena, first);
  return low == high ? from : arena_printf(arena, "%s–%" PRIu32, from, high);
}

/* `# model.block[0], gpt.dag:12` */
static void print_part(const Printer *p, const char *part, const DumpLine *lines, size_t n) {
  const char *places = places_of(p, lines, n);
  int indent = (int)strspn(lines[0].text, " ");
  text_add(p->out, "\n");
  if (*part == '\0' && *places == '\0') return;
  text_printf(p->out, "%*s# %s%s%s\n", indent, "", part,
              *part != '\0' && *places != '\0' ? ", " : "", places);
}

/* --- notes --- */

enum {
  LONGEST_BESIDE = 100, /* characters of a line that has its note beside it */
  LONGEST_ALIGNED = 84, /* and of one whose note stands below that of others */
  GAP = 4
};

typedef struct Notes {
  const char **text; /* per line: "" for none */
  bool *above;
  size_t column; /* where notes beside lines begin */
} Notes;

/* What was written is not said to be the same twice in a row. */
static Notes find_notes(const Printer *p, const DumpLines *lines) {
  Arena *arena = p->program->arena;
  Notes notes = {ARENA_ARRAY(arena, const char *, lines->items.count + 1),
                 ARENA_ARRAY(arena, bool, lines->items.count + 1), 0};
  const char *last = "";
  for (size_t i = 0; i < lines->items.count; i++) {
    const DumpLine *line = &lines->items.items[i];
    size_t length = strlen(line->text);
    notes.text[i] = "";
    notes.above[i] = length > LONGEST_BESIDE;
    if (line->tensor == TENSOR_NONE) continue;
    const char *note = notes.above[i] ? line->full_note : line->note;
    bool again = !tensor_at(p->program->graph, line->tensor)->derived && strcmp(note, last) == 0;
    last = note;
    if (again || *note == '\0') continue;
    notes.text[i] = note;
    if (length <= LONGEST_ALIGNED && length > notes.column) notes.column = length;
  }
  return notes;
}

static void print_line_with_note(const Printer *p, const Notes *notes, const DumpLine *line,
                                 size_t i) {
  const char *note = notes->text[i];
  size_t length = strlen(line->text);
  if (*note != '\0' && notes->above[i])
    text_printf(p->out, "%*s# %s\n", (int)strspn(line->text, " "), "", note);
  text_add(p->out, line->text);
  if (*note != '\0' && !notes->above[i])
    text_printf(p->out, "%*s# %s",
                (int)(GAP + (length < notes->column ? notes->column - length : 0)), "", note);
  text_add(p->out, "\n");
}

/* --- sections --- */

static void print_section(const Printer *p, const Notes *notes, const DumpLines *all, size_t from,
                          size_t to) {
  const DumpLine *lines = all->items.items + from;
  size_t n = to - from;
  const char **part = find_parts(p, lines, n);
  const Parts parts = {p->program->arena, NULL, part};
  bool divided = end_of_run(&parts, 0, n) < n;
  text_printf(p->out, "\n# %s\n", lines[0].heading);
  for (size_t i = 0, end; i < n; i = end) {
    end = end_of_run(&parts, i, n);
    if (divided) print_part(p, part[i], lines + i, end - i);
    for (size_t k = i; k < end; k++) print_line_with_note(p, notes, &lines[k], from + k);
  }
}

void print_lines(const Printer *p, const DumpLines *lines) {
  Notes notes = find_notes(p, lines);
  for (size_t i = 0, end; i < lines->items.count; i = end) {
    end = i + 1;
    while (end < lines->items.count &&
           strcmp(lines->items.items[end].heading, lines->items.items[i].heading) == 0)
      end++;
    print_section(p, &notes, lines, i, end);
  }
}
