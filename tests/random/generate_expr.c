#include <stdlib.h>
#include "generate_internal.h"

const Variable *some_variable(Generator *g, VariableKind kind) {
  int count = 0;
  for (int i = 0; i < g->n_variables; i++) count += g->variables[i].kind == kind;
  if (count == 0) return NULL;
  int chosen = chance_below(g, count);
  for (int i = 0; i < g->n_variables; i++)
    if (g->variables[i].kind == kind && chosen-- == 0) return &g->variables[i];
  return NULL;
}

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
static const char *inside(Generator *g, const Index *a, int extent) {
  Arena *arena = g->out->arena;
  int last = a->extent - 1, room = extent - 1 - last;
  switch (chance_below(g, 5)) {
  case 0:
    return room >= 1 ? arena_printf(arena, "%s + %d", a->name, 1 + chance_below(g, room)) : NULL;
  case 1:
    return room >= 0 ? arena_printf(arena, "%d - %s", last + chance_below(g, room + 1), a->name)
                     : NULL;
  case 2: return 2 * last < extent ? arena_printf(arena, "2 * %s", a->name) : NULL;
  case 3: return last / 2 < extent ? arena_printf(arena, "%s / 2", a->name) : NULL;
  case 4:
    return extent > 1 ? arena_printf(arena, "%s %% %d", a->name, 2 + chance_below(g, extent - 1))
                      : NULL;
  }
  return NULL;
}

/* Arithmetic that may leave the axis: the read then needs a default. */
static const char *outside(Generator *g, Scope *scope) {
  Arena *arena = g->out->arena;
  const Index *a = some_index(g, scope), *b = some_index(g, scope);
  switch (chance_below(g, 4)) {
  case 0: return arena_printf(arena, "%s - 1", a->name);
  case 1: return arena_printf(arena, "%s + %s - 1", a->name, b->name);
  case 2: return arena_printf(arena, "2 * %s + %s - 1", a->name, b->name);
  case 3: return arena_printf(arena, "%s + 1", a->name);
  }
  return NULL;
}

/* An integer read of one index, at an index of its own extent; NULL when there is none. */
static const char *from_data(Generator *g, Scope *scope) {
  const Variable *k = some_variable(g, VARIABLE_INTEGER);
  if (k == NULL || k->rank != 1) return NULL;
  Index *a = index_of_extent(g, scope, k->extents[0]);
  if (a == NULL) return NULL;
  a->implied = true;
  return arena_printf(g->out->arena, "%s[%s]", k->name, a->name);
}

/* One index of a read; sets *open when it may be outside. */
static const char *add_index(Generator *g, Scope *scope, int extent, bool *open) {
  Index *same = index_of_extent(g, scope, extent);
  if (same != NULL && chance(g, 65)) {
    same->implied = true;
    return same->name;
  }
  const char *text = NULL;
  if (scope->count > 0 && chance(g, 20)) text = from_data(g, scope);
  if (text != NULL) {
    *open = true; /* a computed place, or an input's that another read may limit otherwise */
    return text;
  }
  if (scope->count > 0 && chance(g, 60)) text = inside(g, some_index(g, scope), extent);
  if (text == NULL && scope->count > 0 && chance(g, 40)) {
    text = outside(g, scope);
    *open = true;
  }
  if (text == NULL)
    text = chance(g, 20) ? "-1" : arena_printf(g->out->arena, "%d", chance_below(g, extent));
  return text;
}

static void add_read(Generator *g, Text *out, Scope *scope, const Variable *v) {
  bool open = false;
  text_add(out, open ? "(" : "");
  Text read = text_new(g->out->arena);
  text_add(&read, v->name);
  for (int i = 0; i < v->rank; i++)
    text_printf(&read, "%s%s", i == 0 ? "[" : ", ", add_index(g, scope, v->extents[i], &open));
  if (v->rank > 0) text_add(&read, "]");
  if (!open)
    text_add(out, text_string(&read));
  else if (v->kind == VARIABLE_REAL)
    text_printf(out, "(%s ?? %s)", text_string(&read), chance(g, 70) ? "0" : "(-0.5)");
  else if (v->kind == VARIABLE_INTEGER)
    text_printf(out, "(%s ?? 1)", text_string(&read));
  else
    text_printf(out, "(%s ?? false)", text_string(&read));
}

/* --- conditions --- */

static void add_condition(Generator *g, Text *out, Scope *scope, int depth) {
  static const char *const comparisons[] = {"==", "!=", "<", "<=", ">", ">="};
  const char *compare = comparisons[chance_below(g, 6)];
  const Variable *bools = some_variable(g, VARIABLE_BOOL);
  int kind = chance_below(g, 6);
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
  } else if (kind == 4 && depth > 0) {
    int first = scope->count;
    if (first + 1 > MAX_INDICES) abort();
    const char *name = arena_printf(g->out->arena, "q%d", first);
    scope->indices[scope->count++] = (Index){name, 1 + chance_below(g, 3), false};
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
  if (kind == 0) {
    text_add(out, chance_number(g));
  } else if (kind == 1 && scope->count > 0) {
    text_printf(out, "%s(%s)", g->real, some_index(g, scope)->name);
  } else if (kind == 2 && integer != NULL) {
    text_printf(out, "(0.1 * %s(", g->real);
    add_read(g, out, scope, integer);
    text_add(out, "))");
  } else {
    add_read(g, out, scope, some_variable(g, VARIABLE_REAL));
  }
}

void add_reduced(Generator *g, Text *out, const char *reduction, Scope *scope, int depth) {
  int first = scope->count, n = chance(g, 70) ? 1 : 2;
  if (first + n > MAX_INDICES) abort();
  for (int i = 0; i < n; i++) {
    const char *name = arena_printf(g->out->arena, "r%d", first + i);
    scope->indices[scope->count++] = (Index){name, 1 + chance_below(g, 4), false};
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
    add_template(g, out, scope, unary[chance_below(g, sizeof unary / sizeof *unary)], depth);
  } else if (kind < 55) {
    add_template(g, out, scope, binary[chance_below(g, sizeof binary / sizeof *binary)], depth);
  } else if (kind < 65) {
    text_add(out, "where(");
    add_condition(g, out, scope, 1);
    text_add(out, ", ");
    add_real(g, out, scope, depth - 1);
    text_add(out, ", ");
    add_real(g, out, scope, depth - 1);
    text_add(out, ")");
  } else if (kind < 72 && scope->count <= 3) {
    add_real_reduction(g, out, scope, depth - 1);
  } else {
    add_leaf(g, out, scope);
  }
}
