#include "differentiate/differentiate.h"
#include "differentiate/sweep.h"

/* All gradients of the same scalar are one backward sweep. */
static void define_gradients(Rules *rules, Graph *graph, TensorId one) {
  TensorId source = tensor_at(graph, one)->source;
  uint32_t n = graph->n_tensors;
  Request *requests = ARENA_ARRAY(graph->arena, Request, n);
  TensorId *copies = ARENA_ARRAY(graph->arena, TensorId, n),
           *of = ARENA_ARRAY(graph->arena, TensorId, n);
  uint32_t n_requests = 0, n_copies = 0;
  for (TensorId id = 0; id < n; id++) {
    const Tensor *t = tensor_at(graph, id);
    if (t->kind != TENSOR_DERIVATIVE || t->derivative != DERIVATIVE_GRAD || t->source != source)
      continue;
    uint32_t same = 0;
    while (same < n_requests && requests[same].wrt != t->wrt) same++;
    if (same < n_requests) { /* the same gradient asked for twice */
      copies[n_copies] = id;
      of[n_copies++] = requests[same].result;
    } else {
      requests[n_requests++] = (Request){t->wrt, id};
    }
  }
  reverse_sweep(rules, graph, source, TENSOR_NONE, 0, requests, n_requests);
  for (uint32_t i = 0; i < n_copies; i++) {
    Tensor *copy = tensor_at(graph, copies[i]);
    copy->kind = TENSOR_DEFINITION;
    copy->derived = true;
    copy->source = copy->wrt = TENSOR_NONE;
    copy->body = expr_read_whole(graph, of[i]);
  }
}

/* hessian(f, x) = jacobian(grad(f, x), x) */
static void define_hessian(Rules *rules, Graph *graph, TensorId id, uint32_t n_shared) {
  const Tensor hessian = *tensor_at(graph, id), x = *tensor_at(graph, hessian.wrt);
  Tensor gradient = tensor_new(TENSOR_DERIVATIVE, x.type);
  gradient.name = arena_printf(graph->arena, "%s_bar", x.name);
  gradient.rank = x.rank;
  gradient.extents = x.extents;
  gradient.index_names = x.index_names;
  gradient.derivative = DERIVATIVE_GRAD;
  gradient.source = hessian.source;
  gradient.wrt = hessian.wrt;
  gradient.span = hessian.span;
  gradient.adjoint_from = hessian.source;
  gradient.derivative_of = hessian.derivative_of;
  TensorId g = graph_add(graph, gradient);
  define_gradients(rules, graph, g);
  reverse_sweep(rules, graph, g, TENSOR_NONE, x.rank - n_shared, &(Request){hessian.wrt, id}, 1);
}

/* At each point of the first n_shared axes of its source and of what it is taken by. */
static void define_derivative(Rules *rules, Graph *graph, TensorId id, uint32_t n_shared) {
  const Tensor t = *tensor_at(graph, id);
  uint32_t n_seed = tensor_at(graph, t.source)->rank - n_shared;
  const Request request = {t.wrt, id};
  switch (t.derivative) {
  case DERIVATIVE_GRAD: define_gradients(rules, graph, id); break;
  case DERIVATIVE_VJP: reverse_sweep(rules, graph, t.source, t.seed, 0, &request, 1); break;
  case DERIVATIVE_JVP: forward_sweep(rules, graph, t.source, t.wrt, t.seed, id); break;
  case DERIVATIVE_JACOBIAN:
    reverse_sweep(rules, graph, t.source, TENSOR_NONE, n_seed, &request, 1);
    break;
  case DERIVATIVE_HESSIAN: define_hessian(rules, graph, id, n_shared); break;
  }
}

/* The derivatives that these need, each after those that it is made of. */
static void define_needed(Rules *rules, Graph *graph, const TensorId *roots, uint32_t n_roots) {
  TensorList needed = graph_order(graph, graph->arena, roots, n_roots);
  for (uint32_t i = 0; i < needed.count; i++)
    if (tensor_at(graph, needed.items[i])->kind == TENSOR_DERIVATIVE)
      define_derivative(rules, graph, needed.items[i], 0);
}

/* Own rules may be written with derivatives, and are used by others that may stand above them. */
static void define_in_rules(Rules *rules, Graph *graph) {
  ARRAY(TensorId) shares = {0};
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    const OwnRule *rule = tensor_at(graph, id)->rule;
    for (uint32_t i = 0; rule != NULL && i < rule->n; i++)
      ARRAY_PUSH(graph->arena, &shares, rule->shares[i]);
  }
  define_needed(rules, graph, shares.items, (uint32_t)shares.count);
}

/* A derivative may be made of others that stand below it: by the total of an optimizer. */
static void define_all(Rules *rules, Graph *graph) {
  ARRAY(TensorId) all = {0};
  for (TensorId id = 0; id < graph->n_tensors; id++)
    if (tensor_at(graph, id)->kind == TENSOR_DERIVATIVE) ARRAY_PUSH(graph->arena, &all, id);
  define_needed(rules, graph, all.items, (uint32_t)all.count);
}

void differentiate_at(Graph *graph, Diag *diag, TensorId id, uint32_t n_shared) {
  Rules rules = {.arena = graph->arena, .diag = diag};
  define_derivative(&rules, graph, id, n_shared);
}

void differentiate_needed(Graph *graph, Diag *diag, TensorId root) {
  Rules rules = {.arena = graph->arena, .diag = diag};
  define_in_rules(&rules, graph);
  define_needed(&rules, graph, &root, 1);
}

void differentiate(Program *program, Diag *diag) {
  Graph *graph = program->graph;
  Rules rules = {.arena = program->arena, .diag = diag};
  split_checkpoints(program);
  define_in_rules(&rules, graph);
  define_all(&rules, graph);
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    tensor_at(graph, id)->rule = NULL;
    tensor_at(graph, id)->unsolved = NULL;
    tensor_at(graph, id)->checkpoint = 0;
  }
}
