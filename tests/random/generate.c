#include <string.h>
#include "generate.h"
#include <stdbool.h>
#include <stdlib.h>
#include "generate_internal.h"

/* --- chance --- */

uint64_t chance_next(Generator *g) { /* splitmix64 (Steele, Lea, Flood 2014) */
  uint64_t z = (g->chance += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

int chance_below(Generator *g, int n) { return (int)(chance_next(g) % (uint64_t)n); }
bool chance(Generator *g, int percent) { return chance_below(g, 100) < percent; }

const char *chance_number(Generator *g) {
  static const char *const numbers[] = {"0.5", "1.5",  "-0.7",  "0.25",
                                        "2.0", "1e-1", "-1.25", "3.0"};
  return numbers[chance_below(g, sizeof numbers / sizeof *numbers)];
}

/* --- tensors --- */

Variable *add_variable(Generator *g, const char *prefix, VariableKind kind, int rank) {
  if (g->n_variables == MAX_VARIABLES) abort();
  Variable *v = &g->variables[g->n_variables];
  *v = (Variable){.name = arena_printf(g->out->arena, "%s%d", prefix, g->n_variables),
                  .kind = kind,
                  .rank = rank};
  g->n_variables++;
  for (int i = 0; i < rank; i++) v->extents[i] = 1 + chance_below(g, 4);
  return v;
}

static void print_extents(Generator *g, const Variable *v) {
  if (v->rank == 0) return;
  for (int i = 0; i < v->rank; i++) text_printf(g->out, "%s%d", i == 0 ? "[" : ", ", v->extents[i]);
  text_add(g->out, "]");
}

static void declare(Generator *g, const char *keyword, const char *type, const char *initial,
                    Variable *v) {
  if (g->batch > 0 && keyword[0] == 'i') {
    v->rank = v->rank == 0 ? 1 : v->rank;
    v->extents[0] = g->batch;
  }
  text_printf(g->out, "%s %s: %s", keyword, v->name, type);
  print_extents(g, v);
  text_printf(g->out, "%s\n", initial);
}

static void declare_all(Generator *g) {
  static const char *const integers[] = {"u8", "i32", "i32", "i8", "i64"};
  int n_inputs = 1 + chance_below(g, 2), n_params = 1 + chance_below(g, 3);
  for (int i = 0; i < n_inputs; i++)
    declare(g, "input", g->real, "", add_variable(g, "x", VARIABLE_REAL, chance_below(g, 4)));
  if (chance(g, 50))
    declare(g, "input", integers[chance_below(g, 5)], "",
            add_variable(g, "k", VARIABLE_INTEGER, 1 + chance_below(g, 2)));
  if (chance(g, 25))
    declare(g, "input", "bool", "", add_variable(g, "c", VARIABLE_BOOL, 1 + chance_below(g, 2)));
  g->n_inputs = g->n_variables;
  for (int i = 0; i < n_params; i++)
    declare(g, "param", g->real, chance(g, 50) ? " = normal(0.8)" : " = uniform(-1.0, 1.0)",
            add_variable(g, "w", VARIABLE_REAL, chance_below(g, 4)));
  g->n_declared = g->n_variables;
}

/* --- definitions --- */

/* name[i: 0..3, j] = reduction[k](body); a range that the body's reads give may be left out. */
static void print_ranges(Generator *g, Text *out, const Index *indices, int first, int end) {
  text_add(out, "[");
  for (int i = first; i < end; i++) {
    text_printf(out, "%s%s", i == first ? "" : ", ", indices[i].name);
    bool implied = indices[i].implied && chance(g, 60);
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

static Variable *start_definition(Generator *g, Scope *scope, VariableKind kind, int rank) {
  static const char *const names[] = {"i", "j", "l"};
  Variable *v = add_variable(g, kind == VARIABLE_REAL ? "t" : "n", kind, rank);
  g->n_variables--; /* not to be read before it is defined */
  scope->count = 0;
  for (int i = 0; i < rank; i++)
    scope->indices[scope->count++] = (Index){names[i], v->extents[i], false};
  return v;
}

static void finish_definition(Generator *g, const Variable *v, const Scope *scope,
                              const Text *body) {
  text_add(g->out, v->name);
  if (v->rank > 0) print_ranges(g, g->out, scope->indices, 0, v->rank);
  text_printf(g->out, " = %s\n", text_string(body));
  g->n_variables++;
}

static void define_by_index(Generator *g) {
  Scope scope;
  bool real = chance(g, 85);
  Variable *v = start_definition(g, &scope, real ? VARIABLE_REAL : VARIABLE_INTEGER,
                                 chance_below(g, real ? 4 : 3));
  Text body = text_new(g->out->arena);
  if (!real) {
    static const char *const places[] = {"argmax", "argmin"};
    add_reduced(g, &body, places[chance_below(g, 2)], &scope, 2);
  } else if (chance(g, 60)) {
    add_real_reduction(g, &body, &scope, 2);
  } else {
    add_real(g, &body, &scope, 3);
  }
  finish_definition(g, v, &scope, &body);
}

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
  int size = 1;
  for (int i = 0; i < source->rank; i++) size *= source->extents[i];
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
  if (chance(g, 30))
    text_printf(g->out, "%s = where(%s > %s, 0.5 * %s, %s)\n", v->name, a->name, b->name, b->name,
                a->name);
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
    text_printf(g->out, "%s = transpose(%s)\n", v->name, source->name);
  } else if (chance(g, 50)) {
    v->extents[last] *= 2;
    text_printf(g->out, "%s = concat([%s, 2.0 * %s], axis = -1)\n", v->name, source->name,
                source->name);
  } else {
    int from = chance_below(g, first);
    v->extents[0] = first - from;
    text_printf(g->out, "%s = %s[%d:%d", v->name, source->name, from, first);
    for (int i = 1; i < source->rank; i++) text_add(g->out, ", :");
    text_add(g->out, "]\n");
  }
}

/* Over whole tensors, without indices. */
static void define_whole(Generator *g, const Variable *source) {
  static const char *const functions[] = {"tanh",     "sigmoid", "sin",         "relu", "abs",
                                          "softplus", "softmax", "log_softmax", "gelu", "silu"};
  static const char *const reductions[] = {"mean", "sum", "max", "min"};
  Variable *v = add_variable(g, "t", VARIABLE_REAL, 0);
  g->n_variables--; /* not to be read before it is defined */
  v->rank = source->rank;
  for (int i = 0; i < source->rank; i++) v->extents[i] = source->extents[i];
  switch (chance_below(g, 6)) {
  case 0:
  case 1:
    text_printf(g->out, "%s = %s(%s)\n", v->name, functions[chance_below(g, 10)], source->name);
    break;
  case 2: define_elementwise(g, v, source); break;
  case 3:
    v->rank = 0;
    text_printf(g->out, "%s = %s(%s)\n", v->name, reductions[chance_below(g, 4)], source->name);
    break;
  case 4: define_reshape(g, v, source); break;
  case 5: define_moved(g, v, source); break;
  }
  g->n_variables++;
}

static void define(Generator *g) {
  const Variable *source = some_variable(g, VARIABLE_REAL);
  if (source->rank > 0 && chance(g, 20))
    define_whole(g, source);
  else
    define_by_index(g);
}

/* --- the loss, and what is asked of it --- */

static void define_loss(Generator *g) {
  text_add(g->out, "loss = ");
  int terms = 0;
  for (int i = g->n_variables; i-- > g->n_declared && terms < 3;) {
    const Variable *v = &g->variables[i];
    if (v->kind != VARIABLE_REAL) continue;
    if (terms++ > 0) text_add(g->out, " + ");
    if (v->rank == 0)
      text_printf(g->out, "%s * %s", chance_number(g), v->name);
    else
      text_printf(g->out, chance(g, 50) ? "mean(%s^2)" : "0.3 * sum(softplus(-%s))", v->name);
  }
  /* so that each gradient is there, whatever was defined */
  for (int i = g->n_inputs; i < g->n_declared; i++) {
    const Variable *w = &g->variables[i];
    text_printf(g->out, w->rank == 0 ? "%s0.1 * %s^2" : "%s0.1 * mean(%s^2)",
                terms++ > 0 ? " + " : "", w->name);
  }
  text_add(g->out, "\n");
}

static void print_export(Generator *g, const char *name, const char *values) {
  text_printf(g->out, "export %s(", name);
  for (int i = 0; i < g->n_inputs; i++)
    text_printf(g->out, "%s%s", i == 0 ? "" : ", ", g->variables[i].name);
  text_printf(g->out, ") = %s\n", values);
}

/* In f32, an optimizer that divides by the gradient's own size makes rounding visible. */
static void train(Generator *g) {
  static const char *const smooth[] = {"sgd(lr = 0.1)", "momentum(lr = 0.05, beta = 0.9)",
                                       "momentum(lr = 0.05, nesterov = true)"};
  static const char *const scaled[] = {"adam(lr = 0.01)", "adamw(lr = 0.01)", "rmsprop(lr = 0.01)",
                                       "adagrad(lr = 0.05)"};
  bool plain = g->real[1] == '3' || chance(g, 40);
  text_printf(g->out, "train {\n  minimize loss\n  with %s\n  epochs 1\n  data ",
              plain ? smooth[chance_below(g, 3)] : scaled[chance_below(g, 4)]);
  for (int i = 0; i < g->n_inputs; i++)
    text_printf(g->out, "%s%s = \"%s.npy\"", i == 0 ? "" : ", ", g->variables[i].name,
                g->variables[i].name);
  text_add(g->out, "\n}\n");
}

static void export_all(Generator *g) {
  Arena *arena = g->out->arena;
  const Variable *w = &g->variables[g->n_inputs + chance_below(g, g->n_declared - g->n_inputs)];
  Text values = text_new(arena);
  text_add(&values, "loss");
  for (int i = g->n_inputs; i < g->n_declared; i++)
    text_printf(&values, ", grad(loss, %s)", g->variables[i].name);
  for (int i = g->n_declared; i < g->n_variables; i++)
    if (chance(g, 40)) text_printf(&values, ", %s", g->variables[i].name);
  print_export(g, "value", text_string(&values));
  if (chance(g, 40))
    print_export(g, "forward", arena_printf(arena, "jvp(loss, %s, %s)", w->name, w->name));
  if (chance(g, 30)) {
    text_printf(g->out, "slope = grad(loss, %s)\nsteep = sum(slope^2)\n", w->name);
    print_export(g, "second", arena_printf(arena, "grad(steep, %s)", w->name));
  }
  if (chance(g, 15)) print_export(g, "curved", arena_printf(arena, "hessian(loss, %s)", w->name));
  const Variable *last = &g->variables[g->n_variables - 1];
  if (last->kind == VARIABLE_REAL && chance(g, 25))
    print_export(g, "matrix", arena_printf(arena, "jacobian(%s, %s)", last->name, w->name));
}

int generate_size(uint64_t seed) {
  Generator g = {.chance = seed * 31 + 7};
  return MIN_SIZE + chance_below(&g, MAX_SIZE - MIN_SIZE + 1);
}

void generate_program(Text *out, uint64_t seed, int size) {
  Generator g = {.chance = seed, .out = out};
  g.real = chance(&g, 80) ? "f64" : "f32";
  g.batch = chance(&g, 25) ? 1 + chance_below(&g, 4) : 0;
  if (strcmp(g.real, "f64") == 0) text_add(out, "const real = f64\n");
  declare_all(&g);
  for (int i = 0; i < size; i++) define(&g);
  g.chance = seed + 1; /* what follows does not hang on how many definitions there are */
  define_loss(&g);
  export_all(&g);
  if (g.batch > 0) train(&g);
}
