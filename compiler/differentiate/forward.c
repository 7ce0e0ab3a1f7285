/* Forward mode: the formula without the brackets.

       ẏ[O] = Σ over R of  s(O, R) · Σ over reads of  ∂e/∂read · ẋ[g(O, R)] */
#include "differentiate/sweep.h"
#include <string.h>
#include "simplify/algebra.h"

typedef struct Forward {
  Rules *rules;
  Graph *graph;
  Activity activity;
  TensorId *tangents; /* per tensor; TENSOR_NONE: zero */
  TensorId source, wrt;
} Forward;

static ExprId tangent_sum(Forward *f, TensorId y) {
  Graph *graph = f->graph;
  const Tensor t = *tensor_at(graph, y);
  ExprId one = expr_number(graph, t.type, 1);
  ExprId seed = reduction_factor(graph, y, 0, one);
  ExprId result = t.reduction == REDUCE_NONE ? expr_read_whole(graph, y) : t.body;
  Partials partials = body_partials(f->rules, graph, t.body, seed, result, f->activity.active);
  ExprId total = expr_number(graph, t.type, 0);
  for (uint32_t i = 0; i < partials.count; i++) {
    const Expr read = *expr_at(graph, partials.items[i].read);
    TensorId tangent = f->tangents[read.tensor];
    if (tangent == TENSOR_NONE) continue;
    ExprId zero = expr_number(graph, read.type, 0);
    ExprId fallback = read.fallback == EXPR_NONE ? EXPR_NONE : zero;
    ExprId moved = expr_read(graph, tangent, read.args, read.n_args, fallback);
    total = derive_add(graph, total, derive_within(graph, partials.items[i].value, moved));
  }
  return total;
}

/* `u` of `f2.u` */
static const char *own_name(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot == NULL ? name : dot + 1;
}

/* y's own rule is a linear map from its adjoint to those of P_i; forward mode is its transpose,
       ẏ = Σ over i of  (∂ share_i / ∂ u)ᵀ Ṗ_i */
static ExprId tangent_by_rule(Forward *f, TensorId y) {
  Graph *graph = f->graph;
  const OwnRule *rule = tensor_at(graph, y)->rule;
  const Tensor seed = *tensor_at(graph, rule->seed);
  ExprId total = expr_number(graph, seed.type, 0);
  if (!rule->linear) {
    diag_error(f->rules->diag, rule->span,
               "the reverse rule of %s is not linear in %s, so there is no derivative in forward "
               "mode",
               rule->function, own_name(seed.name));
    diag_hint(f->rules->diag,
              "jvp is the transpose of a rule; grad, vjp, jacobian and hessian take it as it is");
    return total;
  }
  for (uint32_t i = 0; i < rule->n; i++) {
    TensorId tangent = f->tangents[rule->wrt[i]];
    if (tangent == TENSOR_NONE) continue;
    Tensor part = tensor_new(TENSOR_DERIVATIVE, seed.type);
    part.name = arena_printf(graph->arena, "%s_dot.part", tensor_at(graph, y)->name);
    part.rank = seed.rank;
    part.extents = seed.extents;
    part.index_names = seed.index_names;
    TensorId result = graph_add(graph, part);
    reverse_sweep(f->rules, graph, rule->shares[i], tangent, 0, &(Request){rule->seed, result}, 1);
    total = derive_add(graph, total, expr_read_whole(graph, result));
  }
  return total;
}

static Tensor tangent_tensor(const Forward *f, TensorId y) {
  Tensor t = *tensor_at(f->graph, y);
  t.name = arena_printf(f->graph->arena, "%s_dot", t.name);
  t.named = false;
  t.rule = NULL;
  t.unsolved = NULL;
  t.adjoint_of = y;
  t.adjoint_from = f->source;
  t.derivative_of = tensor_at(f->graph, f->source)->name;
  Passages passages = {0};
  add_passage(f->graph, &passages, y);
  t.through = passages_text(f->graph->arena, &passages);
  t.derived = t.tangent = true;
  if (tensor_at(f->graph, y)->rule != NULL) {
    t.reduction = REDUCE_NONE;
    t.n_reduced = 0;
  }
  t.again = TENSOR_NONE;
  return t;
}

static void define_tangent(Forward *f, TensorId y) {
  const Tensor *t = tensor_at(f->graph, y);
  Tensor tangent = tangent_tensor(f, y);
  if (t->kind == TENSOR_RESHAPE) {
    if (f->tangents[t->source] == TENSOR_NONE) return;
    tangent.source = f->tangents[t->source];
    f->tangents[y] = graph_add(f->graph, tangent);
    return;
  }
  tangent.body = t->rule != NULL ? tangent_by_rule(f, y) : tangent_sum(f, y);
  if (expr_is_number(f->graph, tangent.body, 0)) return;
  if (tangent.reduction != REDUCE_NONE) tangent.reduction = REDUCE_SUM;
  f->tangents[y] = graph_add(f->graph, tangent);
}

/* The tangents of a recurrence are one: all are there before their bodies. wrt's is given. */
static void define_group(Forward *f, const TensorId *members, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (!f->activity.active[members[i]] || members[i] == f->wrt) continue;
    Tensor tangent = tangent_tensor(f, members[i]);
    tangent.body = EXPR_NONE;
    if (tangent.reduction != REDUCE_NONE) tangent.reduction = REDUCE_SUM;
    f->tangents[members[i]] = graph_add(f->graph, tangent);
  }
  for (uint32_t i = 0; i < n; i++) {
    if (!f->activity.active[members[i]] || members[i] == f->wrt) continue;
    bool ruled = tensor_at(f->graph, members[i])->rule != NULL;
    ExprId body = ruled ? tangent_by_rule(f, members[i]) : tangent_sum(f, members[i]);
    tensor_at(f->graph, f->tangents[members[i]])->body = body;
  }
}

void forward_sweep(Rules *rules, Graph *graph, TensorId source, TensorId wrt, TensorId direction,
                   TensorId result) {
  Forward f = {.rules = rules,
               .graph = graph,
               .activity = find_activity(graph, source, &wrt, 1),
               .tangents = ARENA_ARRAY(graph->arena, TensorId, graph->n_tensors + 1),
               .source = source,
               .wrt = wrt};
  for (uint32_t i = 0; i < graph->n_tensors; i++) f.tangents[i] = TENSOR_NONE;
  f.tangents[wrt] = direction;
  for (uint32_t i = 0, n; i < f.activity.order.count; i += n) {
    TensorId id = f.activity.order.items[i];
    n = group_items(&f.activity, i);
    if (f.activity.groups[i] != NULL) {
      define_group(&f, &f.activity.order.items[i], n);
      continue;
    }
    TensorKind kind = tensor_at(graph, id)->kind;
    if (id == wrt || !f.activity.active[id]) continue;
    if (kind == TENSOR_DEFINITION || kind == TENSOR_RESHAPE) define_tangent(&f, id);
  }
  Tensor *place = tensor_at(graph, result);
  TensorId tangent = f.activity.active[source] ? f.tangents[source] : TENSOR_NONE;
  place->kind = TENSOR_DEFINITION;
  place->derived = place->tangent = true;
  place->source = place->wrt = place->seed = TENSOR_NONE;
  place->reduction = REDUCE_NONE;
  place->body =
      tangent == TENSOR_NONE ? expr_number(graph, place->type, 0) : expr_read_whole(graph, tangent);
}
