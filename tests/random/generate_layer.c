/* Functions, layers, instances, repetition, and derivatives as definitions. */
#include <string.h>
#include "generate_internal.h"

static Variable *like(Generator *g, const Variable *source) {
  Variable copy = *source, *v = add_variable(g, "t", VARIABLE_REAL, source->rank);
  for (int i = 0; i < copy.rank; i++) v->extents[i] = copy.extents[i];
  return v;
}

/* --- functions and layers --- */

static void define_function(Generator *g, const Variable *source) {
  const char *name = new_name(g, "f"), *parameters[] = {"a", "b"};
  Variable *v = like(g, source);
  mark(g, FUNCTION);
  if (chance(g, 40)) {
    mark(g, RESULTS);
    Variable *w = like(g, v);
    text_printf(g->out, "fn %s(a, b = 0.5) {\n  c = 0.3 * a + %s\n  return c, a - b * c\n}\n", name,
                elementwise(g, parameters, 2, 2));
    text_printf(g->out, "(%s, %s) = %s(%s)\n", v->name, w->name, name, source->name);
    publish(g, w);
  } else {
    text_printf(g->out, "fn %s(a, b = 0.5) = %s + 0.1 * a\n", name,
                elementwise(g, parameters, 2, 2));
    text_printf(g->out, "%s = %s |> %s(b = %s)\n", v->name, source->name, name, chance_number(g));
  }
  publish(g, v);
}

/* One instance, called twice; its params are read too. */
static void define_instance(Generator *g, const Variable *source) {
  const char *layer = new_name(g, "mix"), *f = new_name(g, "lay"), *leaves[] = {"z", "z", "b"};
  int last = source->rank - 1, units = 1 + chance_below(g, 4), width = source->extents[last];
  Variable *v = like(g, source), *w = like(g, v);
  v->extents[last] = w->extents[last] = units;
  mark(g, LAYER);
  mark(g, SHARED);
  text_printf(g->out, "layer %s(units: int)(x: real[..., N]) {\n", layer);
  text_add(g->out, "  param W: real[units, N] = normal(0.5)\n  param b: real[units] = 0.1\n");
  text_add(g->out, "  z[..., j] = sum[i](W[j, i] * x[..., i])\n");
  text_printf(g->out, "  return %s + 0.3 * z + b\n}\n%s = %s(%d)\n", elementwise(g, leaves, 3, 2),
              f, layer, units);
  text_printf(g->out, "%s = %s(%s)\n%s = %s(cos(%s))\n", v->name, f, source->name, w->name, f,
              source->name);
  publish(g, v);
  publish(g, w);
  if (!chance(g, 50)) return;
  Variable *weights = add_variable(g, "w", VARIABLE_REAL, 2);
  weights->name = arena_printf(g->out->arena, "%s.W", f);
  weights->extents[0] = units;
  weights->extents[1] = width;
  publish(g, weights);
}

static void define_repeat(Generator *g, const Variable *source) {
  Variable *v = like(g, source);
  mark(g, REPEAT);
  text_printf(g->out, "%s = %s\nrepeat l in 0..%d {\n", v->name, source->name,
              1 + chance_below(g, 3));
  text_printf(g->out, "  %s = %s |> dense(%d) |> tanh\n", v->name, v->name,
              v->extents[v->rank - 1]);
  if (chance(g, 50)) {
    mark(g, CONDITIONAL);
    text_printf(g->out, "  if l %% 2 == 1 { %s = %s + real(l) * %s }\n", v->name, v->name,
                source->name);
  }
  text_add(g->out, "}\n");
  publish(g, v);
}

/* With a reverse rule of its own, which is the derivative; @ is the function's value. Of whole
   tensors, or of their elements. */
static void define_rule(Generator *g, const Variable *source) {
  static const struct Rule {
    const char *parameters, *value, *rule;
  } rules[] = {
      {"a", "tanh(a)", "u * (1 - @^2)"},
      {"a", "a * abs(a)", "2 * u * abs(a)"},
      {"a", "log(1.2 + a^2)", "2 * u * a / (1.2 + a^2)"},
      {"a, b", "a * sin(b)", "(u * sin(b), u * a * cos(b))"},
      {"a, b", "sqrt(1 + a^2 + b^2)", "(u * a / @, u * b / @)"},
  };
  static const char *const names[] = {"i", "j", "l", "m"};
  int chosen = chance_below(g, 5);
  const char *name = new_name(g, "f"), *argument = source->name;
  Variable *v = like(g, source);
  mark(g, OWN_RULE);
  text_printf(g->out, "fn %s(%s) = %s with grad(u) = ", name, rules[chosen].parameters,
              rules[chosen].value);
  for (const char *p = rules[chosen].rule; *p != '\0'; p++)
    text_addn(g->out, *p == '@' ? name : p, *p == '@' ? strlen(name) : 1);
  text_printf(g->out, "\n%s", v->name);
  if (v->rank > 0 && chance(g, 50)) {
    Text indices = text_new(g->out->arena);
    for (int i = 0; i < v->rank; i++) text_printf(&indices, "%s%s", i == 0 ? "[" : ", ", names[i]);
    text_printf(g->out, "%s]", text_string(&indices));
    argument = arena_printf(g->out->arena, "%s%s]", source->name, text_string(&indices));
  }
  text_printf(g->out, chosen < 3 ? " = %s(%s)\n" : " = %s(%s, cos(%s))\n", name, argument,
              argument);
  publish(g, v);
}

/* Of the prelude: what takes [N, C, L], and what takes any shape and keeps it. */
static void define_recurrent(Generator *g, Variable *v, const Variable *source) {
  static const char *const layers[] = {"rnn", "gru", "lstm"};
  int chosen = chance_below(g, 3), units = 1 + chance_below(g, 3);
  v->extents[2] = units;
  text_printf(g->out, "(%s, %s_h%s) = %s(%d)(%s)\n", v->name, v->name,
              chosen == 2 ? arena_printf(g->out->arena, ", %s_c", v->name) : "", layers[chosen],
              units, source->name);
}

static void define_convolution(Generator *g, Variable *v, const Variable *source) {
  int pad = chance_below(g, 2), stride = 1 + chance_below(g, 2);
  v->extents[1] = 2;
  v->extents[2] = (v->extents[2] + 2 * pad - 1) / stride + 1;
  text_printf(g->out, "%s = %s |> conv1d(2, 1, stride = %d, pad = %d)\n", v->name, source->name,
              stride, pad);
}

static void define_prelude(Generator *g, const Variable *source) {
  static const char *const any[] = {"layer_norm(eps = 0.1)",
                                    "rms_norm",
                                    "softmax",
                                    "log_softmax",
                                    "gelu",
                                    "silu",
                                    "elu",
                                    "mish",
                                    "leaky_relu",
                                    "dropout(0.3)"};
  Variable *v = like(g, source);
  mark(g, PRELUDE);
  if (v->rank == 3 && chance(g, 35)) {
    define_convolution(g, v, source);
  } else if (v->rank == 3 && chance(g, 50)) {
    define_recurrent(g, v, source);
  } else {
    int chosen = chance_below(g, 10);
    if (chosen == 9) mark(g, DROPOUT);
    text_printf(g->out, "%s = %s |> %s\n", v->name, source->name, any[chosen]);
  }
  publish(g, v);
}

void define_layer(Generator *g, const Variable *source) {
  start_reading(g);
  note_read(g, source);
  switch (source->rank == 0 ? 0 : chance_below(g, 5)) {
  case 0:
    if (chance(g, 40))
      define_rule(g, source);
    else
      define_function(g, source);
    break;
  case 1: define_instance(g, source); break;
  case 2: define_repeat(g, source); break;
  default: define_prelude(g, source); break;
  }
}

/* --- derivatives --- */

/* A real variable that v depends on, and not v itself; NULL when there is none. */
static const Variable *some_origin(Generator *g, const Variable *v) {
  int start = chance_below(g, g->n_variables);
  for (int i = 0; i < g->n_variables; i++) {
    int k = (start + i) % g->n_variables;
    const Variable *w = &g->variables[k];
    if (w != v && !w->hidden && !w->is_part && is_given(g, w) && w->kind == VARIABLE_REAL &&
        (v->from >> k & 1) != 0)
      return w;
  }
  return NULL;
}

static Variable *joined(Generator *g, const Variable *a, const Variable *b) {
  Variable *v = add_variable(g, "d", VARIABLE_REAL, 0);
  for (int i = 0; i < a->rank; i++) v->extents[v->rank++] = a->extents[i];
  for (int i = 0; i < b->rank; i++) v->extents[v->rank++] = b->extents[i];
  return v;
}

/* fn d(z) = the derivative of e(z) by z, of each row of x by itself. */
static void derive_rows(Generator *g, const Variable *x) {
  static const struct Form {
    Construct construct;
    int order;
    const char *begin, *end, *element;
  } forms[] = {{POINT_GRAD, 1, "grad(sum(", "), z)", "[i]"},
               {POINT_VJP, 1, "vjp(", ", z, sin(z))", "[i]"},
               {POINT_JVP, 1, "jvp(", ", z, cos(z))", "[i]"},
               {POINT_JACOBIAN, 1, "jacobian(", ", z)", "[i, i]"},
               {POINT_HESSIAN, 2, "hessian(sum(", "), z)", "[i, 0]"}};
  const struct Form *form = &forms[chance_below(g, 5)];
  const char *name = new_name(g, "f"), *leaves[] = {"z", "z", "0.3"};
  Variable *d = like(g, x);
  mark(g, form->construct);
  start_reading(g);
  note_read(g, x);
  g->order += form->order;
  g->n_derivatives++;
  text_printf(g->out, "fn %s(z) = %s0.2 * z + sin(z) * %s%s\n", name, form->begin,
              elementwise(g, leaves, 3, 2), form->end);
  text_printf(g->out, "%s[n: %d, i: %d] = %s(%s[n, :])%s\n", d->name, d->extents[0], d->extents[1],
              name, x->name, form->element);
  publish(g, d);
}

void define_derivative(Generator *g) {
  enum { MOST_ELEMENTS = 64 };
  static const Variable scalar = {.rank = 0};
  const Variable *rows = some_ranked(g, VARIABLE_REAL, 2);
  if (rows != NULL && rows->order < 2 && g->n_derivatives < 3 && chance(g, 40)) {
    derive_rows(g, rows);
    return;
  }
  const Variable *f = some_variable(g, VARIABLE_REAL);
  for (int i = 0; i < 8 && (f->order > 1 || some_origin(g, f) == NULL); i++)
    f = some_variable(g, VARIABLE_REAL);
  const Variable *x = some_origin(g, f);
  if (x == NULL || f->order > 1 || g->n_derivatives >= 3) {
    define_by_index(g);
    return;
  }
  start_reading(g);
  note_read(g, f);
  note_read(g, x);
  g->n_derivatives++;
  int kind = chance_below(g, 6), size = variable_size(x);
  bool small = size * variable_size(f) <= MOST_ELEMENTS && x->rank + f->rank <= MAX_TENSOR_RANK;
  bool square = size * size <= MOST_ELEMENTS && 2 * x->rank <= MAX_TENSOR_RANK;
  if (kind == 0 && small && !g->wide) {
    mark(g, DERIVED_JACOBIAN);
    Variable *d = joined(g, f, x);
    text_printf(g->out, "%s = jacobian(%s, %s)\n", d->name, f->name, x->name);
    g->order++;
    publish(g, d);
  } else if (kind == 1 && square && f->order == 0 && !g->wide) {
    mark(g, DERIVED_HESSIAN);
    Variable *d = joined(g, x, x);
    text_printf(g->out, "%s = hessian(sum(tanh(%s)), %s)\n", d->name, f->name, x->name);
    g->order += 2;
    publish(g, d);
  } else if (kind == 2) {
    mark(g, DERIVED_JVP);
    Variable *d = joined(g, f, &scalar);
    text_printf(g->out, "%s = jvp(%s, %s, cos(%s))\n", d->name, f->name, x->name, x->name);
    g->order++;
    publish(g, d);
  } else {
    mark(g, kind == 3 ? DERIVED_VJP : DERIVED_GRAD);
    Variable *d = joined(g, x, &scalar);
    if (kind == 3)
      text_printf(g->out, "%s = vjp(%s, %s, sin(%s))\n", d->name, f->name, x->name, f->name);
    else
      text_printf(g->out, "%s = grad(sum(%s^2), %s)\n", d->name, f->name, x->name);
    g->order++;
    publish(g, d);
  }
}
