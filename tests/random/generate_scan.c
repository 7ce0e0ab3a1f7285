/* Recurrences: definitions of a scan that read themselves and each other at other steps; values
   carried from step to step; scans in scans. */
#include "generate_internal.h"

static const char *bounded(Generator *g, const char *body) {
  static const char *const patterns[] = {"tanh(%s)", "0.8 * sin(tanh(%s))", "sigmoid(%s)",
                                         "0.7 * tanh(%s) + 0.1"};
  Text text = text_new(g->out->arena);
  for (const char *p = patterns[chance_below(g, 4)]; *p != '\0'; p++) {
    if (*p == '%' && *++p == 's')
      text_add(&text, body);
    else
      text_addn(&text, p, 1);
  }
  return text_string(&text);
}

/* --- h[t, i] = e(h[t - 1, …] ?? …) --- */

static Scope scope_of_steps(const Generator *g, const int *extents) {
  Scope scope = {.count = 0};
  for (int i = 0; i < g->n_steps; i++)
    scope.indices[scope.count++] = (Index){g->steps[i], extents[i], true, true};
  return scope;
}

static const char *recurrence_body(Generator *g, Scope *scope) {
  Text body = text_new(g->out->arena);
  if (chance(g, 40))
    add_real_reduction(g, &body, scope, 1);
  else
    add_real(g, &body, scope, 2);
  return bounded(g, text_string(&body));
}

static void define_at_steps(Generator *g, const Variable *v) {
  static const char *const names[] = {"i", "j", "l"};
  Scope scope = scope_of_steps(g, v->extents);
  for (int i = g->n_steps; i < v->rank; i++)
    scope.indices[scope.count++] = (Index){names[i - g->n_steps], v->extents[i], false, false};
  const char *body = recurrence_body(g, &scope);
  text_printf(g->out, "  %s", v->name);
  print_ranges(g, g->out, scope.indices, 0, v->rank);
  text_printf(g->out, " = %s\n", body);
}

static void print_checkpoint(Generator *g, int steps) {
  if (!chance(g, 25)) return;
  mark(g, CHECKPOINT);
  text_printf(g->out, " checkpoint %d", 1 + chance_below(g, steps));
}

static void define_recurrence(Generator *g) {
  int n_defined = 1 + chance_below(g, MAX_SELVES), extents[2] = {1, 1};
  Variable *made[MAX_SELVES];
  g->n_steps = chance(g, 30) ? 2 : 1;
  g->ahead = chance(g, 30);
  mark(g, g->n_steps == 2 ? SCAN_AXES : SCAN);
  if (g->ahead) mark(g, SCAN_AHEAD);
  if (n_defined > 1) mark(g, SCAN_MUTUAL);
  for (int i = 0; i < g->n_steps; i++) {
    g->steps[i] = new_name(g, "s");
    extents[i] = 1 + chance_below(g, g->n_steps == 2 ? 4 : 6);
    text_printf(g->out, "%s%s in 0..%d", i == 0 ? "scan " : ", ", g->steps[i], extents[i]);
  }
  print_checkpoint(g, extents[0]);
  text_add(g->out, " {\n");
  for (int k = 0; k < n_defined; k++) {
    made[k] = add_variable(g, "h", VARIABLE_REAL, g->n_steps + chance_below(g, 3));
    for (int i = 0; i < g->n_steps; i++) made[k]->extents[i] = extents[i];
    g->selves[k] = (Self){made[k], false};
  }
  g->n_selves = n_defined;
  start_reading(g);
  for (int k = 0; k < n_defined; k++) {
    define_at_steps(g, made[k]);
    g->selves[k].defined = true;
  }
  text_add(g->out, "}\n");
  g->n_selves = g->n_steps = 0;
  for (int k = 0; k < n_defined; k++) publish(g, made[k]);
}

/* --- with h = h0 --- */

static void print_initial(Generator *g, const Variable *v) {
  for (int i = 0; i < g->n_variables; i++) {
    const Variable *start = &g->variables[i];
    if (start->hidden || start->kind != VARIABLE_REAL || !same_shape(start, v) || !chance(g, 50))
      continue;
    note_read(g, start);
    text_add(g->out, start->name);
    return;
  }
  if (v->rank == 0) {
    text_add(g->out, chance_number(g));
  } else {
    text_add(g->out, chance(g, 50) ? "ones(" : "zeros(");
    print_extents(g, v);
    text_add(g->out, ")");
  }
}

/* `h = e` over the whole of it, or `h[i, j] = e`. `step` is the step's index. */
static void carry_on(Generator *g, const Variable *v, Index step, const char *indent) {
  static const char *const names[] = {"i", "j", "l", "m"};
  Scope scope = {.count = 0};
  if (chance(g, 40)) {
    const char *leaves[] = {v->name, v->name, "0.3"};
    text_printf(g->out, "%s%s = 0.4 * %s + %s\n", indent, v->name, v->name,
                bounded(g, elementwise(g, leaves, 3, 2)));
    return;
  }
  for (int i = 0; i < v->rank; i++)
    scope.indices[scope.count++] = (Index){names[i], v->extents[i], false, false};
  scope.indices[scope.count++] = step;
  const char *body = recurrence_body(g, &scope);
  text_printf(g->out, "%s%s", indent, v->name);
  if (v->rank > 0) print_ranges(g, g->out, scope.indices, 0, v->rank);
  text_printf(g->out, " = 0.4 * %s", v->name);
  for (int i = 0; i < v->rank; i++)
    text_printf(g->out, "%s%s%s", i == 0 ? "[" : ", ", names[i], i + 1 == v->rank ? "]" : "");
  text_printf(g->out, " + %s\n", body);
}

/* One of the carried values, kept of every step: y[i, t] = h[i]. */
static Variable *keep(Generator *g, const Variable *v, Index step) {
  static const char *const names[] = {"i", "j", "l"};
  Variable *kept = add_variable(g, "y", VARIABLE_REAL, v->rank + 1);
  int at = chance_below(g, v->rank + 1);
  mark(g, SCAN_KEPT);
  text_printf(g->out, "  %s[", kept->name);
  for (int i = 0, axis = 0; i < kept->rank; i++) {
    kept->extents[i] = i == at ? step.extent : v->extents[axis];
    text_printf(g->out, "%s%s", i == 0 ? "" : ", ", i == at ? step.name : names[axis]);
    if (i != at) axis++;
  }
  text_printf(g->out, "] = %s", v->name);
  for (int i = 0; i < v->rank; i++)
    text_printf(g->out, "%s%s%s", i == 0 ? "[" : ", ", names[i], i + 1 == v->rank ? "]" : "");
  text_add(g->out, "\n");
  return kept;
}

/* A scan in the step, which starts from the value that is carried. */
static void nest(Generator *g, const Variable *v) {
  const char *inner = new_name(g, "c"), *leaves[] = {inner, v->name, "0.3"};
  mark(g, SCAN_NESTED);
  text_printf(g->out, "  scan %s in 0..%d", new_name(g, "s"), 1 + chance_below(g, 3));
  text_printf(g->out, " with %s = %s {\n    %s = 0.4 * %s + %s\n  }\n", inner, v->name, inner,
              inner, bounded(g, elementwise(g, leaves, 3, 2)));
  text_printf(g->out, "  %s = 0.5 * %s + 0.3 * %s\n", v->name, v->name, inner);
}

/* c = c - a derivative by c, or by a param, of what the step computes of both. */
static void derive_at_step(Generator *g, const Variable *c) {
  static const struct Form {
    Construct construct;
    int order;
    const char *text; /* of e by x, as a number or of x's shape */
  } forms[] = {{STEP_GRAD, 1, "grad(sum(e), x)"},
               {STEP_VJP, 1, "vjp(e, x, sin(e))"},
               {STEP_JVP, 1, "jvp(e, x, cos(x))"},
               {STEP_JACOBIAN, 1, "sum(sin(jacobian(e, x)))"},
               {STEP_HESSIAN, 2, "mean(hessian(sum(e), x))"}};
  const struct Form *form = &forms[chance_below(g, 5)];
  const char *e = new_name(g, "e"), *leaves[] = {c->name, c->name, "0.3"};
  const Variable *w = &g->variables[g->n_inputs], *x = chance(g, 60) ? c : w;
  bool small = variable_size(c) * variable_size(x) <= 32 && variable_size(x) <= 8;
  if (!small && form->construct != STEP_VJP && form->construct != STEP_JVP) form = &forms[0];
  mark(g, form->construct);
  note_read(g, w);
  g->order += form->order;
  g->n_derivatives++;
  text_printf(g->out, "  %s = 0.2 * sin(%s) * sum(tanh(%s)) + 0.1 * %s\n", e, c->name, w->name,
              elementwise(g, leaves, 3, 2));
  text_printf(g->out, "  %s = 0.5 * %s - 0.1 * tanh(%s", c->name, c->name, x == c ? "" : "sum(");
  for (const char *p = form->text; *p != '\0'; p++) {
    bool name = (*p == 'e' || *p == 'x') && (p[-1] == '(' || p[-1] == ' ');
    if (name)
      text_add(g->out, *p == 'e' ? e : x->name);
    else
      text_addn(g->out, p, 1);
  }
  text_add(g->out, x == c ? ")\n" : "))\n");
}

static void define_carried(Generator *g) {
  Index step = {new_name(g, "s"), 1 + chance_below(g, 5), true, true};
  int n = 1 + chance_below(g, 2);
  Variable *carried[2] = {NULL}, *kept = NULL;
  const char *instance = chance(g, 20) ? new_name(g, "lay") : NULL;
  mark(g, SCAN_CARRIED);
  start_reading(g);
  for (int k = 0; k < n; k++) {
    carried[k] = add_variable(g, "c", VARIABLE_REAL, chance_below(g, 3));
  }
  text_printf(g->out, "scan %s in 0..%d", step.name, step.extent);
  print_checkpoint(g, step.extent);
  text_add(g->out, " with ");
  for (int k = 0; k < n; k++) {
    text_printf(g->out, "%s%s = ", k == 0 ? "" : ", ", carried[k]->name);
    print_initial(g, carried[k]);
  }
  text_add(g->out, " {\n");
  for (int k = 0; k < n; k++) carried[k]->hidden = false;
  for (int k = 0; k < n; k++) carry_on(g, carried[k], step, "  ");
  if (chance(g, 20)) nest(g, carried[0]);
  if (g->real[1] == '6' && !g->wide && g->n_derivatives < 3 && g->order < 2 && chance(g, 35))
    derive_at_step(g, carried[0]);
  int rank = carried[0]->rank;
  if (instance != NULL && rank > 0) {
    mark(g, SCAN_LAYER);
    text_printf(g->out, "  %s = tanh(dense(%d)(%s))\n", carried[0]->name,
                carried[0]->extents[rank - 1], carried[0]->name);
  }
  if (rank < MAX_TENSOR_RANK && chance(g, 70)) kept = keep(g, carried[0], step);
  text_add(g->out, "}\n");
  for (int k = 0; k < n; k++) {
    publish(g, carried[k]);
    carried[k]->is_part = true;
  }
  if (kept != NULL) publish(g, kept);
}

void define_scan(Generator *g) {
  if (chance(g, 50))
    define_recurrence(g);
  else
    define_carried(g);
}
