/* A derivative where index variables S of the notation are open, taken at each of their points by
   itself:

       p[b] = g(x[b, :])                      with  fn g(z) = sum(grad(sum(z^3), z))
       scan t in 0..T with q = q0 { … q = q - grad(V, q) … }

   At a point, f is a function of what x is there, and all that is read of another point (what a
   scan carries, with what it starts as) is a constant. What leads from x to f is copied, with a
   stand-in x′[S, J] for x: in a copy, a read of x at its own point is one of x′, and a read of
   something copied, at its own point, one of the copy. What was defined for all points alike gets S
   in front. Of these copies f′(x′) the derivative is the ordinary one: point s of f′ depends on
   point s of x′ alone, so

       ∂f[s] / ∂x[s, J]  =  Σ over s′ of  ∂f′[s′] / ∂x′[s, J]

   It is taken at once: as long as a scan is open, what it reads of other steps has no body. Copies
   have the values of what they copy, so in the result reads of them become reads of that. */
#include <string.h>
#include "differentiate/differentiate.h"
#include "elaborate/lift.h"

/* --- what the sweep has made --- */

/* Variables of tensors that are read at an output index become that index's. */
static void find_variables(const Lift *l, TensorId id, uint32_t *variables, ExprId body) {
  const Expr *e = expr_at(l->graph, body);
  const uint32_t *theirs = e->kind == EXPR_READ ? axis_variables(l->e, e->tensor) : NULL;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(l->graph, e->args[i]);
    find_variables(l, id, variables, e->args[i]);
    if (theirs != NULL && theirs[i] != 0 && at->kind == EXPR_INDEX &&
        at->index < tensor_at(l->graph, id)->rank)
      variables[at->index] = theirs[i];
  }
}

/* An adjoint has the variables of what it is the adjoint of, any other definition those of what it
   reads. True when it has got one. */
static bool give_variables(const Lift *l, TensorId id) {
  const Tensor *t = tensor_at(l->graph, id);
  const uint32_t *had = axis_variables(l->e, id);
  const uint32_t *of = t->adjoint_of == TENSOR_NONE ? NULL : axis_variables(l->e, t->adjoint_of);
  uint32_t n = of == NULL ? 0 : tensor_at(l->graph, t->adjoint_of)->rank;
  if (had != NULL) return false;
  uint32_t *variables = ARENA_ARRAY(l->graph->arena, uint32_t, t->rank + 1);
  if (t->body != EXPR_NONE) find_variables(l, id, variables, t->body);
  for (uint32_t i = 0; i < n && n <= t->rank; i++)
    if (of[i] != 0) variables[t->rank - n + i] = of[i];
  bool any = false;
  for (uint32_t i = 0; i < t->rank; i++) any = any || variables[i] != 0;
  if (any) set_axis_variables(l->e, id, variables);
  return any;
}

/* --- the derivative --- */

/* Ranges are asked for in the sweep. */
static bool ranges_are_known(const Lift *l, Span span) {
  Elaborator *e = l->e;
  const char *unknown = NULL;
  for (uint32_t i = 0; i < l->n_shared; i++) {
    const IndexVariable *s = &e->indices.items[l->shared[i] - FIRST_INDEX];
    if (s->extent < 0 || (s->weak && !s->given)) unknown = s->name;
  }
  for (uint32_t i = 0; i < l->tensors.count && unknown == NULL; i++) {
    const Tensor *t = tensor_at(l->graph, l->tensors.items[i]);
    const int64_t *extents = tensor_index_extents(t, e->arena);
    for (uint32_t k = 0; k < t->rank + t->n_reduced && l->depends[l->tensors.items[i]]; k++)
      if (extents[k] < 0) unknown = t->index_names == NULL ? "" : t->index_names[k];
  }
  if (unknown == NULL) return true;
  diag_error(e->diag, span,
             "the range of the index variable `%s` is not known where this derivative is taken",
             unknown);
  diag_hint(e->diag, "write it where `%s` is bound: `%s: 3`", unknown, unknown);
  return false;
}

/* An output index of the derivative that is none of S becomes an axis of the value. */
static Value value_at_point(const Lift *l, TensorId id, uint32_t n_leading) {
  const Tensor t = *tensor_at(l->graph, id);
  ExprId at[2 * MAX_AXES];
  uint32_t rank = 0;
  int64_t *extents = ARENA_ARRAY(l->graph->arena, int64_t, t.rank + 1);
  const char **names = ARENA_ARRAY(l->graph->arena, const char *, t.rank + 1);
  for (uint32_t i = 0; i < t.rank; i++) {
    bool shared = i >= n_leading && i < n_leading + l->n_shared;
    at[i] = expr_index(l->graph, shared ? l->shared[i - n_leading] : rank);
    if (shared) continue;
    extents[rank] = t.extents[i];
    names[rank++] = t.index_names == NULL ? NULL : t.index_names[i];
  }
  Value v = value_scalar(l->e, expr_read(l->graph, id, at, t.rank, EXPR_NONE));
  v.rank = rank;
  v.extents = extents;
  v.axis_names = names;
  return v;
}

/* x′[S, J] */
static TensorId add_stand_in(const Lift *l, const Value *x, const char *name) {
  Tensor t = tensor_new(TENSOR_STAND_IN, x->type);
  t.name = name;
  t.rank = x->rank;
  t.extents = x->extents;
  t.index_names = x->axis_names;
  return lift_add(l, t, l->shared, l->n_shared, NULL);
}

/* What f does not depend on. */
static Value zero(Elaborator *e, ScalarType type, const Value *a, const Value *b) {
  uint32_t n = a == NULL ? 0 : a->rank, m = b == NULL ? 0 : b->rank;
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, n + m + 1);
  for (uint32_t i = 0; i < n; i++) extents[i] = a->extents[i];
  for (uint32_t i = 0; i < m; i++) extents[n + i] = b->extents[i];
  Value v = value_real(e, type, 0);
  v.adapts = false;
  v.rank = n + m;
  v.extents = extents;
  v.constant = v.rank == 0;
  return v;
}

/* What a scan defines below may have axes whose sizes are not known yet. They are asked for, and
   have no end until the block is elaborated with them. Returns what the extents of all tensors
   were. */
static const int64_t **open_extents(Lift *l) {
  const int64_t **kept = ARENA_ARRAY(l->graph->arena, const int64_t *, l->tensors.count + 1);
  for (uint32_t i = 0; i < l->tensors.count; i++) {
    Tensor *t = tensor_at(l->graph, l->tensors.items[i]);
    kept[i] = t->extents;
    if (t->kind != TENSOR_STAND_IN) continue;
    int64_t *extents = ARENA_ARRAY(l->graph->arena, int64_t, t->rank + 1);
    for (uint32_t k = 0; k < t->rank; k++)
      extents[k] = t->extents[k] < 0 ? INT32_MAX : t->extents[k];
    if (memcmp(extents, kept[i], t->rank * sizeof *extents) != 0) ask_extents(l->e);
    t->extents = extents;
  }
  return kept;
}

static Value take(Lift *l, const Pointwise *p, TensorId f) {
  Elaborator *e = l->e;
  const Value *leading = p->kind == DERIVATIVE_JACOBIAN  ? &p->f
                         : p->kind == DERIVATIVE_HESSIAN ? &p->x
                                                         : NULL;
  bool forward = p->kind == DERIVATIVE_JVP;
  if (!l->depends[f])
    return zero(e, forward ? p->f.type : p->x.type, leading, forward ? &p->f : &p->x);
  lift_copy(l);
  TensorId first = e->graph->n_tensors, source = l->copies[f];
  TensorId id = make_derivative(e, p->kind, source, l->x, p->seed, l->n_shared, p->span);
  const int64_t **kept = open_extents(l);
  differentiate_at(e->graph, e->diag, id, l->n_shared);
  for (uint32_t i = 0; i < l->tensors.count; i++)
    tensor_at(e->graph, l->tensors.items[i])->extents = kept[i];
  for (bool more = true; more;) {
    more = false;
    for (TensorId made = first; made < e->graph->n_tensors; made++)
      more = give_variables(l, made) || more;
  }
  lift_replace(l);
  for (TensorId made = first; made < e->graph->n_tensors; made++) {
    Tensor *t = tensor_at(e->graph, made);
    set_checkpoint(e, t, axis_variables(e, made));
    t->pointwise = true;
    t->unsolved = NULL; /* which reads the copies */
    t->adjoint_from = TENSOR_NONE;
    t->derivative_of = NULL;
  }
  return value_at_point(l, id, leading == NULL ? 0 : leading->rank);
}

Value pointwise_derivative(Elaborator *e, Scope *scope, Pointwise *p) {
  Lift l = {.e = e,
            .graph = e->graph,
            .shared = p->shared,
            .n_shared = p->n_shared,
            .place = p->x.body,
            .rank = p->x.rank,
            .early = TENSOR_NONE};
  TensorId f = hold_over(e, scope, &p->f, p->shared, p->n_shared, temporary_name(e, "f"), p->span);
  settle_definitions(e);
  differentiate_needed(e->graph, e->diag, f);
  l.x = add_stand_in(&l, &p->x, p->name);
  lift_find(&l, f);
  if (!ranges_are_known(&l, p->span)) return value_error();
  Value v = take(&l, p, f);
  if (l.early == TENSOR_NONE) return v;
  diag_error(e->diag, p->span,
             "what is differentiated reads `%s` of the same step, which is defined below",
             tensor_at(e->graph, l.early)->name);
  diag_hint(e->diag, "move its definition above the derivative");
  return value_error();
}
