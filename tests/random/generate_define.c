/* Definitions by indices, of whole tensors, and of the shapes that models are made of. */
#include "generate_internal.h"

/* --- by indices --- */

/* name[i: 0..3, j] = reduction[k](body); a range that the body's reads give may be left out. */
void print_ranges(Generator *g, Text *out, const Index *indices, int first, int end) {
  text_add(out, "[");
  for (int i = first; i < end; i++) {
    text_printf(out, "%s%s", i == first ? "" : ", ", indices[i].name);
    bool implied = indices[i].step || (indices[i].implied && chance(g, 60));
    if (!implied && chance(g, 50))
      text_printf(out, ": %d", indices[i].extent);
    else if (!implied)
      text_printf(out, ": 0..%d", indices[i].extent);
  }
  text_add(out, "]");
}

void print_reduction(Generator *g, Text *out, const char *name, Scope *scope, int first,
                     const Text *body) {
  text_add(out, name);
  print_ranges(g, out, scope->indices, first, scope->count);
  text_printf(out, "(%s)", text_string(body));
}

static void define_indexed(Generator *g, Variable *v, Scope *scope, const Text *body) {
  text_add(g->out, v->name);
  if (v->rank > 0) print_ranges(g, g->out, scope->indices, 0, v->rank);
  text_printf(g->out, " = %s", text_string(body));
  publish(g, v);
  if (v->kind == VARIABLE_REAL && !is_given(g, v)) {
    add_varying(g, g->out, scope);
    publish(g, v);
  }
  text_add(g->out, "\n");
}

void define_by_index(Generator *g) {
  static const char *const names[] = {"i", "j", "l", "m"}, *places[] = {"argmax", "argmin"};
  Scope scope = {.count = 0};
  bool real = chance(g, 85);
  Variable *v = add_variable(g, real ? "t" : "n", real ? VARIABLE_REAL : VARIABLE_INTEGER,
                             chance_below(g, real ? 4 : 3));
  start_reading(g);
  for (int i = 0; i < v->rank; i++)
    scope.indices[scope.count++] = (Index){names[i], v->extents[i], false, false};
  Text body = text_new(g->out->arena);
  if (!real && chance(g, 60))
    add_reduced(g, &body, places[chance_below(g, 2)], &scope, 2);
  else if (!real)
    add_integer(g, &body, &scope, 3);
  else if (chance(g, 60))
    add_real_reduction(g, &body, &scope, 2);
  else
    add_real(g, &body, &scope, 3);
  define_indexed(g, v, &scope, &body);
}

/* --- convolutions and windows: along the last axis, stride s, dilation d, p zeros in front --- */

static void define_convolution(Generator *g, const Variable *x) {
  const Variable *K = some_ranked(g, VARIABLE_REAL, 1);
  int last = x->rank - 1, s = 1 + chance_below(g, 3), d = 1 + chance_below(g, 2);
  Variable *v = add_variable(g, "t", VARIABLE_REAL, x->rank);
  const char *rest = x->rank == 1 ? "" : x->rank == 2 ? "n, " : "n, c, ";
  bool window = K == NULL || chance(g, 40);
  int size = window ? 1 + chance_below(g, 3) : K->extents[0], p = chance_below(g, size);
  for (int i = 0; i < last; i++) v->extents[i] = x->extents[i];
  v->extents[last] = 1 + (x->extents[last] - 1) / s;
  text_printf(g->out, "%s[%sp: %d] = ", v->name, rest, v->extents[last]);
  mark(g, window ? WINDOW : CONVOLUTION);
  if (window) {
    bool largest = chance(g, 60);
    text_printf(g->out, "%s[q: %d](%s[%s%d*p + q - %d] ?? %s)\n", largest ? "max" : "min", size,
                x->name, rest, s, p, largest ? "-inf" : "inf");
  } else {
    note_read(g, K);
    text_printf(g->out, "sum[q](%s[q] * (%s[%s%d*p + %d*q - %d] ?? 0))\n", K->name, x->name, rest,
                s, d, p);
  }
  publish(g, v);
}

/* --- whole tensors --- */

/* Two extents that broadcast against each other. */
static bool broadcasts(const Variable *a, const Variable *b, Variable *result) {
  const Variable *longer = a->rank >= b->rank ? a : b, *shorter = longer == a ? b : a;
  int shift = longer->rank - shorter->rank;
  result->rank = longer->rank;
  for (int i = 0; i < longer->rank; i++) {
    int m = longer->extents[i], n = i < shift ? 1 : shorter->extents[i - shift];
    if (m != n && m != 1 && n != 1) return false;
    result->extents[i] = m > n ? m : n;
  }
  return true;
}

static void define_reshape(Generator *g, Variable *v, const Variable *source) {
  int size = variable_size(source);
  mark(g, RESHAPE);
  v->rank = size % 2 == 0 ? 2 : 1;
  v->extents[0] = v->rank == 2 ? 2 : size;
  v->extents[1] = size / 2;
  text_printf(g->out, "%s = reshape(%s, ", v->name, source->name);
  print_extents(g, v);
  text_add(g->out, ")\n");
}

static void define_elementwise(Generator *g, Variable *v, const Variable *a) {
  static const char *const operators[] = {"+", "-", "*"};
  const Variable *b = some_variable(g, VARIABLE_REAL);
  if (!broadcasts(a, b, v)) {
    broadcasts(a, a, v);
    b = a;
  }
  note_read(g, b);
  mark(g, BROADCAST);
  if (chance(g, 30))
    text_printf(g->out, "%s = where(%s > %s + 0.0371, 0.5 * %s, %s)\n", v->name, a->name, b->name,
                b->name, a->name);
  else
    text_printf(g->out, "%s = %s %s %s * %s\n", v->name, a->name, operators[chance_below(g, 3)],
                chance_number(g), b->name);
}

/* A slice of the first axis, a transposition of two, or a doubling of the last. */
static void define_moved(Generator *g, Variable *v, const Variable *source) {
  int last = source->rank - 1, first = source->extents[0];
  if (source->rank == 2 && chance(g, 50)) {
    v->extents[0] = source->extents[1];
    v->extents[1] = source->extents[0];
    mark(g, TRANSPOSE);
    text_printf(g->out, "%s = transpose(%s)\n", v->name, source->name);
  } else if (chance(g, 50)) {
    mark(g, CONCAT);
    v->extents[last] *= 2;
    text_printf(g->out, "%s = concat([%s, 2.0 * %s], axis = -1)\n", v->name, source->name,
                source->name);
  } else {
    mark(g, SLICE);
    int from = chance_below(g, first);
    v->extents[0] = first - from;
    text_printf(g->out, "%s = %s[%d:%d", v->name, source->name, from, first);
    for (int i = 1; i < source->rank; i++) text_add(g->out, ", :");
    text_add(g->out, "]\n");
  }
}

/* A reduction of one axis. */
static void define_along(Generator *g, Variable *v, const Variable *source) {
  static const char *const reductions[] = {"sum", "mean", "max", "min", "prod"};
  int axis = chance_below(g, source->rank);
  mark(g, AXES);
  v->rank = 0;
  for (int i = 0; i < source->rank; i++)
    if (i != axis) v->extents[v->rank++] = source->extents[i];
  text_printf(g->out, "%s = %s(%s, axis = %d)\n", v->name, reductions[chance_below(g, 5)],
              source->name, chance(g, 50) ? axis : axis - source->rank);
}

/* Rows of it at integers, which are taken into range: a program of its own for random data. */
static void define_gather(Generator *g, Variable *v, const Variable *source) {
  const Variable *k = some_ranked(g, VARIABLE_INTEGER, 1);
  if (k == NULL) {
    define_along(g, v, source);
    return;
  }
  note_read(g, k);
  mark(g, GATHER);
  v->extents[0] = k->extents[0];
  text_printf(g->out, "%s_rows = i32(%s) %% %d\n%s = %s[%s_rows", v->name, k->name,
              source->extents[0], v->name, source->name, v->name);
  for (int i = 1; i < source->rank; i++) text_add(g->out, ", :");
  text_add(g->out, "]\n");
}

static void define_product(Generator *g, Variable *v, const Variable *source) {
  int last = source->rank - 1;
  for (int i = 0; i < 6; i++) {
    const Variable *b = some_ranked(g, VARIABLE_REAL, 2);
    if (b == NULL || b->extents[0] != source->extents[last]) continue;
    note_read(g, b);
    mark(g, PRODUCT);
    v->extents[last] = b->extents[1];
    text_printf(g->out, "%s = 0.5 * %s @ %s\n", v->name, source->name, b->name);
    return;
  }
  define_along(g, v, source);
}

/* Over whole tensors, without indices. */
static void define_whole(Generator *g, const Variable *source) {
  static const char *const functions[] = {"tanh",     "sigmoid", "sin",         "relu", "abs",
                                          "softplus", "softmax", "log_softmax", "gelu", "silu"};
  static const char *const reductions[] = {"mean", "sum", "max", "min"};
  Variable *v = add_variable(g, "t", VARIABLE_REAL, 0);
  start_reading(g);
  note_read(g, source);
  v->rank = source->rank;
  for (int i = 0; i < source->rank; i++) v->extents[i] = source->extents[i];
  switch (chance_below(g, 9)) {
  case 0:
  case 1:
    mark(g, WHOLE);
    text_printf(g->out, "%s = %s(%s)\n", v->name, functions[chance_below(g, 10)], source->name);
    break;
  case 2: define_elementwise(g, v, source); break;
  case 3:
    v->rank = 0;
    text_printf(g->out, "%s = %s(%s)\n", v->name, reductions[chance_below(g, 4)], source->name);
    break;
  case 4: define_reshape(g, v, source); break;
  case 5: define_moved(g, v, source); break;
  case 6: define_along(g, v, source); break;
  case 7: define_gather(g, v, source); break;
  case 8: define_product(g, v, source); break;
  }
  publish(g, v);
}

void define(Generator *g) {
  const Variable *source = some_variable(g, VARIABLE_REAL);
  int kind = chance_below(g, 100);
  if (kind < 20) {
    define_scan(g);
  } else if (kind < 32) {
    define_layer(g, source);
  } else if (kind < 42 && g->real[1] == '6') {
    define_derivative(g);
  } else if (kind < 52 && source->rank > 0 && source->rank < 4) {
    start_reading(g);
    note_read(g, source);
    define_convolution(g, source);
  } else if (kind < 70 && source->rank > 0) {
    define_whole(g, source);
  } else {
    define_by_index(g);
  }
}
