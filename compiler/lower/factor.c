/* The factors of a product as definitions of their own: computed once, not once for each use.

   A definition's index variables are those of its reader that the factor depends on. Variables that
   it depends on only together, through multiples of one linear form, become one, so that a
   convolution's window is a padded copy and not a table of all windows:

       x[c, m + i - 2] ?? 0   is   padded[c, u: 0..M + I - 1] = x[c, u - 2] ?? 0   read at [c, m +
   i]
 */
#include "graph/scalar_ops.h"
#include "lower/work.h"
#include "simplify/algebra.h"

/* An index variable of the definition. */
typedef struct Variable {
  Affine form; /* of the reader's variables: no constant, no common factor */
  int64_t low; /* its least value, at index 0 */
  int64_t extent;
  const char *name;
} Variable;

typedef struct Factoring {
  Work *w;
  const Node *n; /* the reader */
  ARRAY(Affine) forms;
  uint32_t *joined; /* per variable of the reader: one that it stands together with, or itself */
  uint32_t *part;   /* per variable: which part it belongs to */
  Variable *parts;
  uint32_t n_parts;
} Factoring;

static bool is_index(const Graph *g, ExprId id) { return expr_at(g, id)->kind == EXPR_INDEX; }

/* --- the linear forms in a factor --- */

static void collect(Factoring *f, ExprId id);

static void collect_affine(Factoring *f, const Affine *a) {
  Affine form = {.constant = 0};
  for (uint32_t i = 0; i < a->n; i++)
    if (is_index(f->w->graph, a->terms[i].atom))
      form.terms[form.n++] = a->terms[i];
    else
      collect(f, a->terms[i].atom);
  if (form.n > 0) ARRAY_PUSH(f->w->arena, &f->forms, form);
}

static void collect(Factoring *f, ExprId id) {
  Graph *g = f->w->graph;
  const Expr e = *expr_at(g, id);
  Affine a = {.n = 0};
  if (affine_compared(g, id, node_ranges(f->n), &a)) {
    collect_affine(f, &a);
    return;
  }
  if (e.type == TYPE_I32) {
    a = affine_of(g, id, node_ranges(f->n));
    if (a.n != 1 || a.terms[0].atom != id || e.kind == EXPR_INDEX) {
      collect_affine(f, &a);
      return;
    }
  }
  for (uint32_t i = 0; i < e.n_args; i++) collect(f, e.args[i]);
  if (e.fallback != EXPR_NONE) collect(f, e.fallback);
}

/* --- parts --- */

static uint32_t root(Factoring *f, uint32_t v) {
  while (f->joined[v] != v) v = f->joined[v];
  return v;
}

/* Without a common factor, and the first variable of the reader counted upwards. */
static Affine counted_upwards(const Graph *g, Affine form) {
  int64_t common;
  uint32_t first = 0;
  form = affine_primitive(form, &common);
  for (uint32_t i = 0; i < form.n; i++)
    if (expr_at(g, form.terms[i].atom)->index < expr_at(g, form.terms[first].atom)->index)
      first = i;
  return form.terms[first].factor < 0 ? affine_scale(form, -1) : form;
}

/* The one form that all forms of v's variables are multiples of, if it has fewer values than they
   have together; else v alone. */
static Affine form_of(Factoring *f, uint32_t v) {
  Graph *g = f->w->graph;
  Affine alone = {.n = 1, .terms = {{1, expr_index(g, v)}}}, form = alone;
  double values = 1, together = 1;
  bool found = false;
  for (size_t i = 0; i < f->forms.count; i++) {
    const Affine *other = &f->forms.items[i];
    if (root(f, expr_at(g, other->terms[0].atom)->index) != root(f, v)) continue;
    if (!found) form = counted_upwards(g, *other);
    found = true;
    if (affine_multiple(other, &form) == 0) return alone;
  }
  for (uint32_t i = 0; i < form.n; i++) {
    double extent = (double)f->n->extents[expr_at(g, form.terms[i].atom)->index];
    int64_t factor = form.terms[i].factor;
    values += (double)(factor < 0 ? -factor : factor) * (extent - 1);
    together *= extent;
  }
  return values <= together ? form : alone;
}

static void join_variables(Factoring *f) {
  const Graph *g = f->w->graph;
  for (size_t i = 0; i < f->forms.count; i++) {
    const Affine *form = &f->forms.items[i];
    uint32_t first = expr_at(g, form->terms[0].atom)->index;
    for (uint32_t k = 1; k < form->n; k++)
      f->joined[root(f, expr_at(g, form->terms[k].atom)->index)] = root(f, first);
  }
}

/* Parts in the order in which the factor mentions their variables. */
static void make_parts(Factoring *f, const uint32_t *order, uint32_t n) {
  Graph *g = f->w->graph;
  for (uint32_t k = 0; k < n; k++) f->part[order[k]] = UINT32_MAX;
  for (uint32_t k = 0; k < n; k++) {
    if (f->part[order[k]] != UINT32_MAX) continue;
    Affine form = form_of(f, order[k]);
    Interval range = affine_interval(g, &form, node_ranges(f->n));
    for (uint32_t i = 0; i < form.n; i++)
      f->part[expr_at(g, form.terms[i].atom)->index] = f->n_parts;
    f->parts[f->n_parts++] =
        (Variable){form, range.low, range.high - range.low + 1, index_name(f->n, order[k])};
  }
}

/* --- the factor in the definition's variables --- */

static ExprId rewrite(Factoring *f, ExprId id);

/* Each variable of a part is there, in the part's proportions. */
static Affine rewrite_affine(Factoring *f, const Affine *a) {
  Graph *g = f->w->graph;
  Affine result = {.constant = a->constant};
  for (uint32_t i = 0; i < a->n; i++) {
    if (!is_index(g, a->terms[i].atom)) {
      affine_add_term(&result, a->terms[i].factor, rewrite(f, a->terms[i].atom));
      continue;
    }
    uint32_t p = f->part[expr_at(g, a->terms[i].atom)->index];
    const Variable *part = &f->parts[p];
    if (part->form.terms[0].atom != a->terms[i].atom) continue; /* counted with the part's first */
    int64_t multiple = a->terms[i].factor / part->form.terms[0].factor;
    affine_add_term(&result, multiple, expr_index(g, p));
    result.constant += multiple * part->low;
  }
  return result;
}

static ExprId rewrite(Factoring *f, ExprId id) {
  Graph *g = f->w->graph;
  const Expr e = *expr_at(g, id);
  if (e.kind == EXPR_CONST) return id;
  Affine a;
  if (affine_compared(g, id, node_ranges(f->n), &a)) {
    a = rewrite_affine(f, &a);
    return fold_op2(g, e.op, affine_expr(g, &a), expr_integer(g, TYPE_I32, 0));
  }
  if (e.type == TYPE_I32) {
    a = affine_of(g, id, node_ranges(f->n));
    if (a.n != 1 || a.terms[0].atom != id || e.kind == EXPR_INDEX) {
      a = rewrite_affine(f, &a);
      return affine_expr(g, &a);
    }
  }
  ExprId *args = ARENA_ARRAY(f->w->arena, ExprId, e.n_args + 1);
  for (uint32_t i = 0; i < e.n_args; i++) args[i] = rewrite(f, e.args[i]);
  ExprId fallback = e.fallback == EXPR_NONE ? EXPR_NONE : rewrite(f, e.fallback);
  return fold_rebuild(g, id, args, fallback);
}

/* The index variables of an expression, in the order in which they are met. */
static void order_of_indices(const Graph *g, ExprId id, IndexSet *met, uint32_t *order) {
  const Expr *e = expr_at(g, id);
  if (e->kind == EXPR_INDEX && (*met >> e->index & 1) == 0) {
    order[__builtin_popcountll(*met)] = e->index;
    *met |= (IndexSet)1 << e->index;
  }
  for (uint32_t i = 0; i < e->n_args; i++) order_of_indices(g, e->args[i], met, order);
  if (e->fallback != EXPR_NONE) order_of_indices(g, e->fallback, met, order);
}

/* Whether what stands in the node depends on the reader: then both belong to a recurrence, whose
   steps stay apart. */
static bool depends_on(Work *w, const Node *reader, ExprId id, bool *met) {
  const Graph *g = w->graph;
  const Expr *e = expr_at(g, id);
  for (uint32_t i = 0; i < e->n_args; i++)
    if (depends_on(w, reader, e->args[i], met)) return true;
  if (e->fallback != EXPR_NONE && depends_on(w, reader, e->fallback, met)) return true;
  if (e->kind != EXPR_READ || met[e->tensor]) return false;
  met[e->tensor] = true;
  if (e->tensor == reader->tensor) return true;
  uint32_t node = w->node_of[e->tensor];
  return node != 0 && depends_on(w, reader, node_at(w, node - 1)->body, met);
}

bool depends_on_itself(Work *w, const Node *n) {
  return depends_on(w, n, n->body, ARENA_ARRAY(w->arena, bool, w->n_tensors + 1));
}

static bool same_extents(const int64_t *a, const int64_t *b, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (a[i] != b[i]) return false;
  return true;
}

TensorId known_definition(Work *w, const Tensor *t) {
  for (size_t i = 0; i < w->nodes.count; i++) {
    const Node *known = node_at(w, (uint32_t)i);
    if (known->body == t->body && known->reduction == t->reduction &&
        known->tensor != TENSOR_NONE && known->rank == t->rank &&
        known->n_reduced == t->n_reduced && same_extents(known->extents, t->extents, t->rank) &&
        same_extents(known->extents + t->rank, t->reduced_extents, t->n_reduced))
      return known->tensor;
  }
  return TENSOR_NONE;
}

ExprId define_factor(Work *w, const Node *n, ExprId factor, const char *what) {
  Graph *g = w->graph;
  uint32_t n_indices = n->rank + n->n_reduced;
  Factoring f = {.w = w, .n = n};
  f.joined = ARENA_ARRAY(w->arena, uint32_t, n_indices + 1);
  f.part = ARENA_ARRAY(w->arena, uint32_t, n_indices + 1);
  f.parts = ARENA_ARRAY(w->arena, Variable, n_indices + 1);
  for (uint32_t v = 0; v < n_indices; v++) f.joined[v] = v;
  uint32_t *order = ARENA_ARRAY(w->arena, uint32_t, n_indices + 1);
  IndexSet met = 0;
  order_of_indices(g, factor, &met, order);
  if (!depends_on(w, n, factor, ARENA_ARRAY(w->arena, bool, w->n_tensors + 1))) {
    collect(&f, factor);
    join_variables(&f);
  }
  make_parts(&f, order, (uint32_t)__builtin_popcountll(met));
  Tensor t = tensor_new(TENSOR_DEFINITION, expr_at(g, factor)->type);
  int64_t *extents = ARENA_ARRAY(w->arena, int64_t, f.n_parts + 1);
  const char **names = ARENA_ARRAY(w->arena, const char *, f.n_parts + 1);
  ExprId *at = ARENA_ARRAY(w->arena, ExprId, f.n_parts + 1);
  for (uint32_t p = 0; p < f.n_parts; p++) {
    Affine place = f.parts[p].form;
    place.constant = -f.parts[p].low;
    at[p] = affine_expr(g, &place);
    extents[p] = f.parts[p].extent;
    names[p] = f.parts[p].name;
  }
  t.name = arena_printf(w->arena, "%s.%s", n->name, what);
  t.rank = f.n_parts;
  t.extents = extents;
  t.index_names = names;
  t.body = normalize_indices(g, rewrite(&f, factor), (Ranges){extents, f.n_parts});
  TensorId known = known_definition(w, &t);
  if (known == TENSOR_NONE) known = add_definition(w, t);
  return expr_read(g, known, at, f.n_parts, EXPR_NONE);
}
