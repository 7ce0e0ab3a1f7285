#include <stdlib.h>
#include <string.h>
#include "generate_internal.h"

const Variable *some_ranked(Generator *g, VariableKind kind, int rank) {
  int count = 0;
  for (int i = 0; i < g->n_variables; i++) {
    const Variable *v = &g->variables[i];
    count += v->kind == kind && !v->hidden && (rank < 0 || v->rank == rank);
  }
  if (count == 0) return NULL;
  int chosen = chance_below(g, count);
  for (int i = 0; i < g->n_variables; i++) {
    const Variable *v = &g->variables[i];
    bool fits = v->kind == kind && !v->hidden && (rank < 0 || v->rank == rank);
    if (fits && chosen-- == 0) return v;
  }
  return NULL;
}

const Variable *some_variable(Generator *g, VariableKind kind) { return some_ranked(g, kind, -1); }

/* --- reads --- */

static Index *some_index(Generator *g, Scope *scope) {
  return scope->count == 0 ? NULL : &scope->indices[chance_below(g, scope->count)];
}

static Index *index_of_extent(Generator *g, Scope *scope, int extent) {
  int start = scope->count == 0 ? 0 : chance_below(g, scope->count);
  for (int i = 0; i < scope->count; i++) {
    Index *index = &scope->indices[(start + i) % scope->count];
    if (index->extent == extent) return index;
  }
  return NULL;
}

/* Arithmetic of index a that stays in [0, extent), or NULL. */
static const char *inside_one(Generator *g, const Index *a, int extent) {
  Arena *arena = g->out->arena;
  int last = a->extent - 1, room = extent - 1 - last;
  switch (chance_below(g, 5)) {
  case 0:
    if (room < 1) return NULL;
    mark(g, READ_SHIFTED);
    return arena_printf(arena, "%s + %d", a->name, 1 + chance_below(g, room));
  case 1:
    if (room < 0) return NULL;
    mark(g, READ_REVERSED);
    return arena_printf(arena, "%d - %s", last + chance_below(g, room + 1), a->name);
  case 2:
    if (2 * last >= extent) return NULL;
    mark(g, READ_STRIDED);
    return arena_printf(arena, "2 * %s", a->name);
  case 3:
    if (last / 2 >= extent) return NULL;
    mark(g, READ_HALVED);
    return arena_printf(arena, "%s / 2", a->name);
  default:
    if (extent < 2) return NULL;
    mark(g, READ_HALVED);
    return arena_printf(arena, "%s %% %d", a->name, 2 + chance_below(g, extent - 1));
  }
}

static const char *inside_two(Generator *g, const Index *a, const Index *b, int extent) {
  Arena *arena = g->out->arena;
  if (chance(g, 50) && a->extent * b->extent <= extent && a != b) {
    mark(g, READ_JOINED);
    return arena_printf(arena, "%d * %s + %s", b->extent, a->name, b->name);
  }
  if (chance(g, 50) && a->extent + b->extent - 1 <= extent && a != b)
    return arena_printf(arena, "%s + %s", a->name, b->name);
  mark(g, READ_CIRCULAR);
  return arena_printf(arena, chance(g, 50) ? "(%s + %s) %% %d" : "(%s + 3 * %s + 1) %% %d", a->name,
                      b->name, extent);
}

/* Arithmetic that may leave the axis: the read then needs a default. */
static const char *outside(Generator *g, Scope *scope) {
  Arena *arena = g->out->arena;
  const Index *a = some_index(g, scope), *b = some_index(g, scope);
  mark(g, READ_OUTSIDE);
  switch (chance_below(g, 7)) {
  case 0: return arena_printf(arena, "%s - 1", a->name);
  case 1: return arena_printf(arena, "%s + %s - 1", a->name, b->name);
  case 2: return arena_printf(arena, "2 * %s + %s - 1", a->name, b->name);
  case 3: return arena_printf(arena, "%s + 1", a->name);
  case 4: return arena_printf(arena, "3 * %s - 2 * %s", a->name, b->name);
  case 5: return arena_printf(arena, "(%s - 1) / 2", a->name);
  default: return arena_printf(arena, "2 - %s", a->name);
  }
}

/* An integer read at indices of its own extents, or a computed place; NULL when there is none. */
static const char *from_data(Generator *g, Scope *scope, int extent) {
  Arena *arena = g->out->arena;
  const Variable *k = some_variable(g, VARIABLE_INTEGER);
  if (k == NULL || k->rank == 0) return NULL;
  Text text = text_new(arena);
  text_add(&text, k->name);
  for (int i = 0; i < k->rank; i++) {
    Index *a = index_of_extent(g, scope, k->extents[i]);
    if (a != NULL) a->implied = true;
    text_printf(&text, "%s%s", i == 0 ? "[" : ", ",
                a != NULL ? a->name : arena_printf(arena, "%d", chance_below(g, k->extents[i])));
  }
  text_add(&text, "]");
  note_read(g, k);
  mark(g, READ_DATA);
  return chance(g, 80) ? text_string(&text)
                       : arena_printf(arena, "(%s + 1) %% %d", text_string(&text), extent);
}

/* One index of a read; sets *open when it may be outside. */
static const char *add_index(Generator *g, Scope *scope, int extent, bool *open) {
  Index *same = index_of_extent(g, scope, extent);
  if (same != NULL && chance(g, 65)) {
    same->implied = true;
    return same->name;
  }
  const char *text = NULL;
  if (scope->count > 0 && chance(g, 20)) text = from_data(g, scope, extent);
  if (text != NULL) {
    *open = true; /* a computed place, or an input's that another read may limit otherwise */
    return text;
  }
  if (scope->count > 0 && chance(g, 45)) text = inside_one(g, some_index(g, scope), extent);
  if (text == NULL && scope->count > 1 && chance(g, 30))
    text = inside_two(g, some_index(g, scope), some_index(g, scope), extent);
  if (text == NULL && scope->count > 0 && chance(g, 40)) {
    text = outside(g, scope);
    *open = true;
  }
  if (text == NULL)
    text = chance(g, 20) ? "-1" : arena_printf(g->out->arena, "%d", chance_below(g, extent));
  return text;
}

/* `k / n, k % n` over two axes of extents m and n. */
static const char *flattened(Generator *g, Scope *scope, int m, int n) {
  for (int i = 0; i < scope->count; i++) {
    const Index *k = &scope->indices[i];
    if (k->extent > m * n || k->extent < 2 || !chance(g, 25)) continue;
    mark(g, READ_FLATTENED);
    return arena_printf(g->out->arena, "%s / %d, %s %% %d", k->name, n, k->name, n);
  }
  return NULL;
}

static void finish_read(Generator *g, Text *out, VariableKind kind, const char *read, bool open) {
  if (!open)
    text_add(out, read);
  else if (kind == VARIABLE_REAL)
    text_printf(out, "(%s ?? %s)", read, chance(g, 70) ? "0" : "(-0.5)");
  else if (kind == VARIABLE_INTEGER)
    text_printf(out, "(%s ?? 1)", read);
  else
    text_printf(out, "(%s ?? false)", read);
}

static void add_read(Generator *g, Text *out, Scope *scope, const Variable *v) {
  bool open = false;
  note_read(g, v);
  Text read = text_new(g->out->arena);
  text_add(&read, v->name);
  for (int i = 0; i < v->rank; i++) {
    const char *two = NULL;
    text_add(&read, i == 0 ? "[" : ", ");
    if (i + 1 < v->rank) two = flattened(g, scope, v->extents[i], v->extents[i + 1]);
    if (two != NULL) i++;
    text_add(&read, two != NULL ? two : add_index(g, scope, v->extents[i], &open));
  }
  if (v->rank > 0) text_add(&read, "]");
  finish_read(g, out, v->kind, text_string(&read), open);
}

void add_varying(Generator *g, Text *out, Scope *scope) {
  text_add(out, " + 0.3 * ");
  add_read(g, out, scope, &g->variables[g->n_inputs]);
}

/* A definition of the scan around it, at an earlier step (or this one). */
static void add_self(Generator *g, Text *out, Scope *scope) {
  const Self *self = &g->selves[chance_below(g, g->n_selves)];
  const Variable *v = self->variable;
  int moved = chance_below(g, g->n_steps);
  bool here = self->defined && chance(g, 50);
  Text read = text_new(g->out->arena);
  text_printf(&read, "%s[", v->name);
  for (int i = 0; i < g->n_steps; i++) {
    text_printf(&read, "%s%s", i == 0 ? "" : ", ", g->steps[i]);
    if (!here && (i == moved || chance(g, 30)))
      text_printf(&read, " %s %d", g->ahead ? "+" : "-", chance(g, 80) ? 1 : 2);
  }
  for (int i = g->n_steps; i < v->rank; i++) {
    const Index *same = chance(g, 85) ? index_of_extent(g, scope, v->extents[i]) : NULL;
    text_printf(&read, ", %s",
                same != NULL ? same->name
                             : arena_printf(g->out->arena, "%d", chance_below(g, v->extents[i])));
  }
  text_add(&read, "]");
  text_printf(out, "(%s ?? (", text_string(&read));
  if (chance(g, 50))
    text_add(out, chance_number(g));
  else
    add_read(g, out, scope, some_variable(g, VARIABLE_REAL));
  text_add(out, "))");
}

/* --- conditions --- */

static void add_condition(Generator *g, Text *out, Scope *scope, int depth) {
  static const char *const comparisons[] = {"==", "!=", "<", "<=", ">", ">="};
  const char *compare = comparisons[chance_below(g, 6)];
  const Variable *bools = some_variable(g, VARIABLE_BOOL);
  int kind = chance_below(g, 7);
  if (g->n_elements > 0) kind = 5;
  if (kind == 0 && bools != NULL) {
    add_read(g, out, scope, bools);
  } else if (kind <= 2 && scope->count > 0) {
    text_printf(out, "(%s %s ", some_index(g, scope)->name, compare);
    if (chance(g, 50))
      text_printf(out, "%s)", some_index(g, scope)->name);
    else
      text_printf(out, "%d)", chance_below(g, 3));
  } else if (kind == 3 && depth > 0) {
    text_add(out, chance(g, 50) ? "(not " : "(true and ");
    add_condition(g, out, scope, depth - 1);
    text_add(out, chance(g, 50) ? " or " : " and ");
    add_condition(g, out, scope, depth - 1);
    text_add(out, ")");
  } else if (kind == 6) {
    text_add(out, "(");
    add_integer(g, out, scope, 1);
    text_printf(out, " %s ", compare);
    add_integer(g, out, scope, 1);
    text_add(out, ")");
  } else if (kind == 4 && depth > 0 && scope->count < MAX_INDICES) {
    mark(g, TRUTHS);
    int first = scope->count;
    const char *name = arena_printf(g->out->arena, "q%d", first);
    scope->indices[scope->count++] = (Index){name, 1 + chance_below(g, 3), false, false};
    Text body = text_new(g->out->arena);
    add_condition(g, &body, scope, 0);
    print_reduction(g, out, chance(g, 50) ? "any" : "all", scope, first, &body);
    scope->count = first;
  } else {
    text_add(out, "(");
    add_real(g, out, scope, 0);
    text_printf(out, " %s ", compare);
    add_real(g, out, scope, 0);
    text_add(out, ")");
  }
}

/* --- integers --- */

/* Small enough for i8: sums of products of small ones, so that no type overflows but by a cast. */
void add_integer(Generator *g, Text *out, Scope *scope, int depth) {
  static const char *const casts[] = {"i8", "i32", "i64", "u8"};
  const Variable *v = some_variable(g, VARIABLE_INTEGER);
  int kind = depth == 0 ? chance_below(g, 3) : chance_below(g, 9);
  if (kind == 0 && v != NULL) {
    add_read(g, out, scope, v);
  } else if (kind <= 1 && scope->count > 0) {
    text_add(out, some_index(g, scope)->name);
  } else if (kind <= 2) {
    text_printf(out, "%d", 1 + chance_below(g, 4));
  } else if (kind == 3) {
    mark(g, CAST);
    text_printf(out, "%s(", casts[chance_below(g, 3)]);
    text_add(out, "3.3 * tanh(");
    add_real(g, out, scope, depth - 1);
    text_add(out, "))");
  } else if (kind == 4) {
    mark(g, CAST);
    text_printf(out, "%s(", casts[chance_below(g, 4)]);
    add_integer(g, out, scope, depth - 1);
    text_add(out, ")");
  } else if (kind == 5) {
    mark(g, CHOICE);
    text_add(out, "where(");
    add_condition(g, out, scope, 0);
    text_add(out, ", i32(");
    add_integer(g, out, scope, depth - 1);
    text_add(out, "), i32(");
    add_integer(g, out, scope, depth - 1);
    text_add(out, "))");
  } else {
    static const char *const operators[] = {"+", "-", "*", "/", "%"};
    mark(g, INTEGERS);
    text_add(out, "(i32(");
    add_integer(g, out, scope, depth - 1);
    text_printf(out, ") %s i32(", operators[chance_below(g, 5)]);
    add_integer(g, out, scope, depth - 1);
    text_add(out, "))");
  }
}

/* --- reals --- */

/* Templates with $ for each operand, each defined and smooth (or of rare kinks) for all operands.
 */
static const char *const unary[] = {
    "sin($)",
    "cos($)",
    "tanh($)",
    "sigmoid($)",
    "softplus($)",
    "erf($)",
    "atan($)",
    "exp(tanh($))",
    "log(1.2 + $^2)",
    "sqrt(0.3 + $^2)",
    "rsqrt(0.4 + $^2)",
    "log1p($^2)",
    "expm1(tanh($))",
    "abs($)",
    "(-$)",
    "max($, 0)",
    "max(0, $)",
    "min($, 0.5)",
    "$^2",
    "$^3",
    "tan(0.5 * tanh($))",
    "asin(0.9 * tanh($))",
    "acos(0.8 * sin($))",
    "sinh(tanh($))",
    "cosh(tanh($))",
    "stop_gradient($)",
    "floor(1.3 * $)",
    "ceil(1.3 * $)",
    "round(1.3 * $)",
    "sign($)",
    "relu($)",
    "(0.5 * $)",
};
static const char *const binary[] = {
    "($ + $)",
    "($ - $)",
    "($ * $)",
    "($ + $)",
    "($ * $)",
    "($ / (1.5 + $^2))",
    "max($, $)",
    "min($, $)",
    "atan2($, 1.1 + $^2)",
    "(0.5 + $^2)^tanh($)",
    "($ % (1.7 + $^2))",
    "(0.3 * $ - $)",
};

static void add_template(Generator *g, Text *out, Scope *scope, const char *pattern, int depth) {
  for (const char *p = pattern; *p != '\0'; p++) {
    if (*p == '$') {
      text_add(out, "(");
      add_real(g, out, scope, depth - 1);
      text_add(out, ")");
    } else {
      text_addn(out, p, 1);
    }
  }
}

static void add_leaf(Generator *g, Text *out, Scope *scope) {
  const Variable *integer = some_variable(g, VARIABLE_INTEGER);
  int kind = chance_below(g, 20);
  if (g->n_elements > 0) {
    text_add(out, kind == 0 ? chance_number(g) : g->elements[chance_below(g, g->n_elements)]);
    return;
  }
  if (g->n_selves > 0 && chance(g, 40)) {
    add_self(g, out, scope);
    return;
  }
  if (kind == 0) {
    text_add(out, chance_number(g));
  } else if (kind == 1 && scope->count > 0) {
    text_printf(out, "%s(%s)", g->real, some_index(g, scope)->name);
  } else if (kind == 2 && integer != NULL) {
    text_printf(out, "(0.1 * %s(", g->real);
    add_read(g, out, scope, integer);
    text_add(out, "))");
  } else if (kind == 3 && chance(g, 40)) {
    mark(g, RANDOM_NUMBERS);
    text_add(out, chance(g, 50) ? "normal(0.5)" : "uniform(-1.0, 2.0)");
  } else if (kind == 4 && chance(g, 40)) {
    text_printf(out, "(0.2 * %s(", g->real);
    add_integer(g, out, scope, 2);
    text_add(out, "))");
  } else {
    add_read(g, out, scope, some_variable(g, VARIABLE_REAL));
  }
}

void add_reduced(Generator *g, Text *out, const char *reduction, Scope *scope, int depth) {
  int first = scope->count, n = chance(g, 70) ? 1 : 2;
  bool places = reduction[0] == 'a';
  mark(g, places ? PLACES : REDUCED);
  if (first + n > MAX_INDICES) abort();
  for (int i = 0; i < n; i++) {
    const char *name = arena_printf(g->out->arena, "r%d", first + i);
    scope->indices[scope->count++] = (Index){name, 1 + chance_below(g, 4), false, false};
    if (g->wide && n == 1 && chance(g, 30)) scope->indices[first].extent = 7 + chance_below(g, 11);
  }
  Text body = text_new(g->out->arena);
  add_real(g, &body, scope, depth);
  print_reduction(g, out, reduction, scope, first, &body);
  scope->count = first;
}

void add_real_reduction(Generator *g, Text *out, Scope *scope, int depth) {
  static const char *const reductions[] = {"sum", "sum", "sum", "prod", "max", "min"};
  add_reduced(g, out, reductions[chance_below(g, 6)], scope, depth);
}

void add_real(Generator *g, Text *out, Scope *scope, int depth) {
  int kind = depth == 0 ? 99 : chance_below(g, 100);
  if (kind < 25) {
    const char *pattern = unary[chance_below(g, sizeof unary / sizeof *unary)];
    if (strncmp(pattern, "stop", 4) == 0) mark(g, STOPPED);
    add_template(g, out, scope, pattern, depth);
  } else if (kind < 55) {
    add_template(g, out, scope, binary[chance_below(g, sizeof binary / sizeof *binary)], depth);
  } else if (kind < 65) {
    mark(g, CHOICE);
    text_add(out, "where(");
    add_condition(g, out, scope, 1);
    text_add(out, ", ");
    add_real(g, out, scope, depth - 1);
    text_add(out, ", ");
    add_real(g, out, scope, depth - 1);
    text_add(out, ")");
  } else if (kind < 72 && scope->count <= 3 && g->n_elements == 0) {
    add_real_reduction(g, out, scope, depth - 1);
  } else {
    add_leaf(g, out, scope);
  }
}

const char *elementwise(Generator *g, const char *const *leaves, int n, int depth) {
  Scope scope = {.count = 0};
  Text text = text_new(g->out->arena);
  g->n_elements = n;
  for (int i = 0; i < n; i++) g->elements[i] = leaves[i];
  add_real(g, &text, &scope, depth);
  g->n_elements = 0;
  return text_string(&text);
}
