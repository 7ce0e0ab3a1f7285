#include "generate.h"
#include <stdlib.h>
#include <string.h>
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

void mark(Generator *g, Construct what) { g->used[what] = true; }

const char *new_name(Generator *g, const char *prefix) {
  return arena_printf(g->out->arena, "%s%d", prefix, g->n_names++);
}

int variable_size(const Variable *v) {
  int size = 1;
  for (int i = 0; i < v->rank; i++) size *= v->extents[i];
  return size;
}

bool is_given(const Generator *g, const Variable *v) {
  return (v->from & (((uint64_t)1 << g->n_declared) - 1)) != 0;
}

bool same_shape(const Variable *a, const Variable *b) {
  return a->rank == b->rank &&
         (a->rank == 0 || memcmp(a->extents, b->extents, (size_t)a->rank * sizeof(int)) == 0);
}

Variable *add_variable(Generator *g, const char *prefix, VariableKind kind, int rank) {
  static const int edges[] = {7, 8, 9, 15, 16, 17, 31, 33};
  if (g->n_variables == MAX_VARIABLES) abort();
  Variable *v = &g->variables[g->n_variables++];
  *v = (Variable){.name = new_name(g, prefix), .kind = kind, .rank = rank, .hidden = true};
  for (int i = 0; i < rank; i++) v->extents[i] = 1 + chance_below(g, 4);
  if (g->wide && rank > 0 && chance(g, 70)) v->extents[rank - 1] = edges[chance_below(g, 8)];
  return v;
}

void start_reading(Generator *g) {
  g->from = 0;
  g->order = 0;
}

void note_read(Generator *g, const Variable *v) {
  g->from |= v->from;
  if (v->order > g->order) g->order = v->order;
}

void publish(Generator *g, Variable *v) {
  v->hidden = false;
  v->from = g->from | (uint64_t)1 << (v - g->variables);
  v->order = g->order;
}

void print_extents(Generator *g, const Variable *v) {
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
  start_reading(g);
  publish(g, v);
}

static void declare_all(Generator *g) {
  static const char *const integers[] = {"u8", "i32", "i32", "i8", "i64"};
  int n_inputs = 1 + chance_below(g, 2), n_params = 1 + chance_below(g, 3);
  for (int i = 0; i < n_inputs; i++)
    declare(g, "input", g->stored, "", add_variable(g, "x", VARIABLE_REAL, chance_below(g, 4)));
  if (chance(g, 50))
    declare(g, "input", integers[chance_below(g, 5)], "",
            add_variable(g, "k", VARIABLE_INTEGER, 1 + chance_below(g, 2)));
  if (chance(g, 25))
    declare(g, "input", "bool", "", add_variable(g, "c", VARIABLE_BOOL, 1 + chance_below(g, 2)));
  g->n_inputs = g->n_variables;
  for (int i = 0; i < n_params; i++)
    declare(g, "param", g->real, chance(g, 50) ? " = normal(0.8)" : " = uniform(-1.0, 1.0)",
            add_variable(g, "w", VARIABLE_REAL, chance_below(g, 4)));
  if (chance(g, 25)) {
    g->n_states = 1;
    declare(g, "state", g->real, " = normal(0.5)",
            add_variable(g, "s", VARIABLE_REAL, chance_below(g, 3)));
  }
  g->n_declared = g->n_variables;
}

/* --- the loss, and what is asked of it --- */

static void define_loss(Generator *g) {
  text_add(g->out, "loss = ");
  int terms = 0;
  for (int i = g->n_variables; i-- > g->n_declared && terms < 3;) {
    const Variable *v = &g->variables[i];
    if (v->kind != VARIABLE_REAL || v->hidden) continue;
    if (terms++ > 0) text_add(g->out, " + ");
    if (v->rank == 0)
      text_printf(g->out, "%s * %s", chance_number(g), v->name);
    else
      text_printf(g->out, chance(g, 50) ? "mean(%s^2)" : "0.3 * sum(softplus(-%s))", v->name);
  }
  /* so that each gradient is there, whatever was defined */
  for (int i = g->n_inputs; i < g->n_declared - g->n_states; i++) {
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
  mark(g, TRAINING);
  bool clipped = chance(g, 20);
  if (clipped) mark(g, CLIPPED);
  text_printf(g->out, "train {\n  minimize loss\n  with %s\n  epochs 1\n  data ",
              plain ? smooth[chance_below(g, 3)] : scaled[chance_below(g, 4)]);
  for (int i = 0; i < g->n_inputs; i++)
    text_printf(g->out, "%s%s = \"%s.npy\"", i == 0 ? "" : ", ", g->variables[i].name,
                g->variables[i].name);
  text_add(g->out, clipped ? "\n  clip_norm 0.5\n}\n" : "\n}\n");
}

/* A state's new value, of the training step or of an export. */
static void update_state(Generator *g) {
  static const char *const names[] = {"i", "j", "l"};
  const Variable *s = &g->variables[g->n_declared - 1];
  Scope scope = {.count = 0};
  Text body = text_new(g->out->arena), value = text_new(g->out->arena);
  mark(g, STATE);
  for (int i = 0; i < s->rank; i++)
    scope.indices[scope.count++] = (Index){names[i], s->extents[i], false, false};
  add_real(g, &body, &scope, 2);
  if (s->rank > 0) {
    mark(g, NAMELESS);
    text_add(&value, "tensor");
    print_ranges(g, &value, scope.indices, 0, s->rank);
  }
  text_printf(&value, "(%s)", text_string(&body));
  const char *updated = arena_printf(g->out->arena, "0.5 * %s + %s", s->name, text_string(&value));
  if (chance(g, 50)) {
    text_printf(g->out, "%s <- %s\nafter = 2 * sum(%s')\n", s->name, updated, s->name);
    print_export(g, "later", "after");
  } else {
    mark(g, EXPORT_UPDATE);
    print_export(g, "tick", arena_printf(g->out->arena, "loss, %s <- %s", s->name, updated));
  }
}

static void export_all(Generator *g) {
  Arena *arena = g->out->arena;
  const Variable *w =
      &g->variables[g->n_inputs + chance_below(g, g->n_declared - g->n_inputs - g->n_states)];
  Text values = text_new(arena);
  text_add(&values, "loss");
  for (int i = g->n_inputs; i < g->n_declared - g->n_states; i++)
    text_printf(&values, ", grad(loss, %s)", g->variables[i].name);
  for (int i = g->n_declared; i < g->n_variables; i++)
    if (!g->variables[i].hidden && chance(g, 40))
      text_printf(&values, ", %s", g->variables[i].name);
  print_export(g, "value", text_string(&values));
  if (chance(g, 40))
    print_export(g, "forward", arena_printf(arena, "jvp(loss, %s, %s)", w->name, w->name));
  if (chance(g, 30)) {
    text_printf(g->out, "slope = grad(loss, %s)\nsteep = sum(slope^2)\n", w->name);
    mark(g, SECOND_ORDER);
    print_export(g, "second", arena_printf(arena, "grad(steep, %s)", w->name));
    if (chance(g, 40) && !g->wide && g->real[1] == '6') {
      text_printf(g->out, "bend = sum(sin(grad(steep, %s)))\n", w->name);
      mark(g, THIRD_ORDER);
      print_export(g, "third", arena_printf(arena, "grad(bend, %s)", w->name));
    }
  }
  if (!g->wide && chance(g, 15))
    print_export(g, "curved", arena_printf(arena, "hessian(loss, %s)", w->name));
  const Variable *last = &g->variables[g->n_variables - 1];
  if (last->kind == VARIABLE_REAL && !last->hidden && !g->wide && chance(g, 25))
    print_export(g, "matrix", arena_printf(arena, "jacobian(%s, %s)", last->name, w->name));
}

/* An input of its own, whose size an export changes. */
static void export_resized(Generator *g) {
  static const char *const leaves[] = {"given[n, 0]", "given[n, 1]", "given[n, 1]"};
  int rows = 1 + chance_below(g, 4);
  mark(g, EXPORT_WHERE);
  text_printf(g->out, "dim D = %d\ninput given: %s[D, 2]\n", rows, g->real);
  text_printf(g->out, "row[n] = 0.2 * given[n, 0] + tanh(%s)\n", elementwise(g, leaves, 3, 2));
  text_add(g->out, "total = sum(row^2) / D\nexport sized(given) = row\n");
  text_printf(g->out, "export resized(given) = grad(total, given) where D = %d\n",
              1 + chance_below(g, 9));
}

int generate_size(uint64_t seed) {
  Generator g = {.chance = seed * 31 + 7};
  return MIN_SIZE + chance_below(&g, MAX_SIZE - MIN_SIZE + 1);
}

/* Of one program in four. */
static const char *stored_type(Generator *g, uint64_t seed) {
  if (seed % 4 != 1) return g->real;
  mark(g, SIXTEEN_BITS);
  return seed % 8 == 1 ? "bf16" : "f16";
}

void generate_program(Text *out, uint64_t seed, int size, bool used[N_CONSTRUCTS]) {
  Generator g = {.chance = seed, .out = out, .used = used};
  g.real = chance(&g, 80) ? "f64" : "f32";
  g.batch = chance(&g, 25) ? 1 + chance_below(&g, 4) : 0;
  g.wide = chance(&g, 12);
  if (g.wide) mark(&g, WIDE);
  if (g.real[1] == '3') mark(&g, SINGLE);
  if (strcmp(g.real, "f64") == 0) text_add(out, "const real = f64\n");
  g.stored = stored_type(&g, seed);
  declare_all(&g);
  for (int i = 0; i < size; i++) define(&g);
  g.chance = seed + 1; /* what follows does not hang on how many definitions there are */
  define_loss(&g);
  export_all(&g);
  if (g.n_states > 0) update_state(&g);
  if (g.batch > 0)
    train(&g);
  else if (chance(&g, 20))
    export_resized(&g);
}
