/* Definitions as trees in index form. */
#include "notation/tree.h"
#include <string.h>
#include "graph/scalar_ops.h"

/* --- what stands in its reader --- */

typedef struct Length {
  uint32_t operators, reads;
  bool more; /* than these: indices, defaults, sums */
} Length;

static void add_length(const Trees *trees, ExprId id, Length *length) {
  const Expr *e = expr_at(trees->program->graph, id);
  length->operators += e->kind == EXPR_OP && e->op != OP_CAST;
  length->reads += e->kind == EXPR_READ;
  length->more = length->more || e->kind == EXPR_INDEX || e->fallback != EXPR_NONE ||
                 (e->kind == EXPR_READ && trees->listing->folded[e->tensor]);
  for (uint32_t i = 0; i < e->n_args; i++)
    if (e->kind != EXPR_READ || expr_at(trees->program->graph, e->args[i])->kind == EXPR_OP)
      add_length(trees, e->args[i], length);
}

/* One operator, or two of one tensor: tanh(z), 1 / √(v + 10⁻⁵). */
static bool is_short(const Trees *trees, ExprId body) {
  Length length = {0};
  add_length(trees, body, &length);
  return !length.more && (length.operators <= 1 || (length.operators == 2 && length.reads == 1));
}

/* Whether it reads what stands in its reader itself: in a recurrence that would never end. */
static bool reads_inlined(const Trees *trees, ExprId id, TensorId self) {
  const Expr *e = expr_at(trees->program->graph, id);
  if (e->kind == EXPR_READ && (e->tensor == self || trees->inlined[e->tensor])) return true;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (reads_inlined(trees, e->args[i], self)) return true;
  return false;
}

/* How often each tensor is read; in a view: twice, as it cannot stand there. */
static void count_reads(const Trees *trees, ExprId id, uint32_t *count) {
  const Expr *e = expr_at(trees->program->graph, id);
  if (e->kind == EXPR_READ) count[e->tensor]++;
  for (uint32_t i = 0; i < e->n_args; i++) count_reads(trees, e->args[i], count);
  if (e->fallback != EXPR_NONE) count_reads(trees, e->fallback, count);
}

static const uint32_t *all_reads(const Trees *trees) {
  const Graph *graph = trees->program->graph;
  const TensorList order = trees->listing->order;
  uint32_t *count = ARENA_ARRAY(trees->arena, uint32_t, graph->n_tensors + 1);
  for (uint32_t i = 0; i < order.count; i++) {
    const Tensor *t = tensor_at(graph, order.items[i]);
    if (t->kind == TENSOR_DEFINITION) count_reads(trees, t->body, count);
    if (t->source != TENSOR_NONE) count[t->source] += 2;
  }
  return count;
}

/* Wᵀ δ, which only the adjoint before it reads: δ₁ = (W₂ᵀ δ₂) ⊙ relu′(z₁). */
static bool is_passed_on(const Graph *graph, TensorId id, uint32_t n_reads) {
  const Tensor *t = tensor_at(graph, id);
  bool of_param =
      t->adjoint_of != TENSOR_NONE && tensor_at(graph, t->adjoint_of)->kind == TENSOR_PARAM;
  return t->is_adjoint && t->reduction == REDUCE_SUM && n_reads == 1 && !of_param;
}

static void find_inlined(Trees *trees) {
  const Graph *graph = trees->program->graph;
  const TensorList order = trees->listing->order;
  bool *result = ARENA_ARRAY(trees->arena, bool, graph->n_tensors + 1);
  const uint32_t *n_reads = all_reads(trees);
  TensorList roots = program_roots(trees->program, trees->arena);
  for (uint32_t i = 0; i < roots.count; i++) result[roots.items[i]] = true;
  for (uint32_t i = 0; i < order.count; i++) {
    TensorId from = tensor_at(graph, order.items[i])->adjoint_from;
    if (from != TENSOR_NONE) result[from] = true; /* L of ∂L/∂x */
  }
  for (uint32_t i = 0; i < order.count; i++) {
    TensorId id = order.items[i];
    const Tensor *t = tensor_at(graph, id);
    if (t->kind != TENSOR_DEFINITION || result[id] || trees->listing->folded[id]) continue;
    bool helper =
        t->reduction == REDUCE_NONE && !t->named && !t->is_adjoint && is_short(trees, t->body);
    bool recurrent = trees->listing->groups[id] != NULL;
    trees->inlined[id] = (helper && !(recurrent && reads_inlined(trees, t->body, id))) ||
                         (!recurrent && is_passed_on(graph, id, n_reads[id]));
  }
}

static void find_rectified(Trees *trees) {
  const Graph *graph = trees->program->graph;
  for (ExprId id = 0; id < graph->n_exprs; id++) {
    const Expr *e = expr_at(graph, id);
    if (e->kind != EXPR_OP || e->op != OP_MAX || !expr_is_number(graph, e->args[1], 0)) continue;
    const Expr *of = expr_at(graph, e->args[0]);
    if (of->kind == EXPR_READ) trees->rectified[of->tensor] = true;
  }
}

Trees trees_new(const Program *program, const Listing *listing, const Axes *axes) {
  Arena *arena = program->arena;
  uint32_t n = program->graph->n_tensors + 1;
  Trees trees = {.program = program,
                 .arena = arena,
                 .listing = listing,
                 .axes = axes,
                 .inlined = ARENA_ARRAY(arena, bool, n),
                 .rectified = ARENA_ARRAY(arena, bool, n)};
  find_inlined(&trees);
  find_rectified(&trees);
  return trees;
}

/* --- nodes --- */

static Node *node_new(const Trees *trees, Node node, Node *const *args, uint32_t n) {
  Node *result = ARENA_NEW(trees->arena, Node);
  Node **copy = ARENA_ARRAY(trees->arena, Node *, n + 1);
  for (uint32_t i = 0; i < n; i++) copy[i] = args[i];
  *result = node;
  result->args = copy;
  result->n_args = n;
  return result;
}

Node *node_var(const Trees *trees, Var *var) {
  return node_new(trees, (Node){.kind = NODE_VAR, .type = TYPE_I32, .var = var}, NULL, 0);
}

Node *node_number(const Trees *trees, ScalarType type, double value) {
  return node_new(trees, (Node){.kind = NODE_NUMBER, .type = type, .number = value}, NULL, 0);
}

Node *node_with(const Trees *trees, const Node *node, Node *const *args) {
  return node_new(trees, *node, args, node->n_args);
}

Node *node_substitute(const Trees *trees, Node *node, const Var *var, Node *at) {
  if (node->kind == NODE_VAR) return node->var == var ? at : node;
  if (!node_uses(node, var)) return node;
  Node **args = ARENA_ARRAY(trees->arena, Node *, node->n_args + 1);
  for (uint32_t i = 0; i < node->n_args; i++)
    args[i] = node_substitute(trees, node->args[i], var, at);
  Node *result = node_with(trees, node, args);
  if (node->fallback != NULL) result->fallback = node_substitute(trees, node->fallback, var, at);
  return result;
}

Node *node_op(const Trees *trees, ScalarOp op, ScalarType type, Node *const *args, uint32_t n) {
  Node *known = recognise_op(trees, op, type, args);
  return known != NULL ? known
                       : node_new(trees, (Node){.kind = NODE_OP, .op = op, .type = type}, args, n);
}

bool node_is_number(const Node *node, double value) {
  return node->kind == NODE_NUMBER && node->number == value;
}

bool node_uses(const Node *node, const Var *var) {
  if (node->kind == NODE_VAR) return node->var == var;
  for (uint32_t i = 0; i < node->n_args; i++)
    if (node_uses(node->args[i], var)) return true;
  return node->fallback != NULL && node_uses(node->fallback, var);
}

static void find_range(const Trees *trees, const Node *node, const Var *var, bool *shown,
                       bool *contradicted) {
  for (uint32_t i = 0; i < node->n_args; i++) {
    const Node *at = node->args[i];
    find_range(trees, at, var, shown, contradicted);
    if (node->kind != NODE_READ || at->kind != NODE_VAR || at->var != var) continue;
    bool same = tensor_at(trees->program->graph, node->tensor)->extents[i] == var->extent;
    *shown = *shown || same;
    *contradicted = *contradicted || !same;
  }
}

bool node_shows_range(const Trees *trees, const Node *node, const Var *var) {
  bool shown = false, contradicted = false;
  find_range(trees, node, var, &shown, &contradicted);
  return shown && !contradicted;
}

bool node_mentions(const Node *node, TensorId tensor) {
  if (node->kind == NODE_READ && node->tensor == tensor) return true;
  for (uint32_t i = 0; i < node->n_args; i++)
    if (node_mentions(node->args[i], tensor)) return true;
  return node->fallback != NULL && node_mentions(node->fallback, tensor);
}

/* Bound variables are the same where they are bound at the same place. */
typedef struct Bound {
  const Var *a, *b;
  const struct Bound *outer;
} Bound;

typedef struct Match {
  const Var *var; /* NULL: none */
  Node **at;
} Match;

static bool same_var(const Var *a, const Var *b, const Bound *bound) {
  for (; bound != NULL; bound = bound->outer)
    if (bound->a == a || bound->b == b) return bound->a == a && bound->b == b;
  return a == b;
}

static bool matches(const Node *a, Node *b, const Match *match, const Bound *bound);

static bool matches_args(const Node *a, const Node *b, const Match *match, const Bound *bound) {
  for (uint32_t i = 0; i < a->n_args; i++)
    if (!matches(a->args[i], b->args[i], match, bound)) return false;
  if ((a->fallback == NULL) != (b->fallback == NULL)) return false;
  return a->fallback == NULL || matches(a->fallback, b->fallback, match, bound);
}

static bool matches_bound(const Node *a, const Node *b, const Match *match, const Bound *bound,
                          uint32_t var) {
  if (var == a->n_vars) return matches_args(a, b, match, bound);
  Bound inner = {a->vars[var], b->vars[var], bound};
  return a->vars[var]->extent == b->vars[var]->extent &&
         matches_bound(a, b, match, &inner, var + 1);
}

static bool matches(const Node *a, Node *b, const Match *match, const Bound *bound) {
  if (match->var != NULL && a->kind == NODE_VAR && a->var == match->var) {
    if (*match->at != NULL) return node_equal(*match->at, b);
    for (const Bound *inner = bound; inner != NULL; inner = inner->outer)
      if (node_uses(b, inner->b)) return false;
    *match->at = b;
    return true;
  }
  if (a->kind != b->kind || a->type != b->type || a->n_args != b->n_args || a->n_vars != b->n_vars)
    return false;
  if (a->kind == NODE_VAR) return same_var(a->var, b->var, bound);
  if (a->kind == NODE_NUMBER) return a->number == b->number;
  return a->op == b->op && a->tensor == b->tensor && a->reduction == b->reduction &&
         matches_bound(a, b, match, bound, 0);
}

bool node_equal(const Node *a, const Node *b) {
  return matches(a, (Node *)b, &(Match){NULL, NULL}, NULL);
}

bool node_matches(const Node *pattern, Node *node, const Var *var, Node **at) {
  return matches(pattern, node, &(Match){var, at}, NULL);
}

/* --- from the graph --- */

static Node *build(const Trees *trees, ExprId id, Node *const *env);

static Var *new_var(const Trees *trees, TensorId tensor, uint32_t index) {
  const Tensor *t = tensor_at(trees->program->graph, tensor);
  Var *var = ARENA_NEW(trees->arena, Var);
  *var = (Var){.name = t->index_names != NULL ? t->index_names[index] : NULL,
               .extent = index < t->rank ? t->extents[index] : t->reduced_extents[index - t->rank],
               .batch = batch_of_axis(trees->axes, tensor, index),
               .step = index < t->rank && trees->listing->steps[tensor] != NULL &&
                       trees->listing->steps[tensor][index] != NULL};
  if (var->name == NULL) var->name = arena_printf(trees->arena, "i%u", index);
  return var;
}

static Node *build_reduction(const Trees *trees, TensorId tensor, Node *const *outputs) {
  const Tensor *t = tensor_at(trees->program->graph, tensor);
  Node **env = ARENA_ARRAY(trees->arena, Node *, t->rank + t->n_reduced + 1);
  Var **vars = ARENA_ARRAY(trees->arena, Var *, t->n_reduced + 1);
  for (uint32_t i = 0; i < t->rank; i++) env[i] = outputs[i];
  for (uint32_t i = 0; i < t->n_reduced; i++) {
    vars[i] = new_var(trees, tensor, t->rank + i);
    env[t->rank + i] = node_var(trees, vars[i]);
  }
  Node *body = build(trees, t->body, env);
  if (t->reduction == REDUCE_NONE) return body;
  Node node = {.kind = NODE_REDUCE,
               .type = t->type,
               .reduction = t->reduction,
               .vars = vars,
               .n_vars = t->n_reduced};
  return node_new(trees, node, &body, 1);
}

static Node *build_read(const Trees *trees, const Expr *e, Node *const *args, Node *const *env) {
  if (trees->listing->folded[e->tensor] || (trees->inlined[e->tensor] && e->fallback == EXPR_NONE))
    return build_reduction(trees, e->tensor, args);
  Node node = {.kind = NODE_READ, .type = e->type, .tensor = e->tensor};
  if (e->fallback != EXPR_NONE) node.fallback = build(trees, e->fallback, env);
  return node_new(trees, node, args, e->n_args);
}

/* Casts that change no value are not written. */
static bool is_silent_cast(ScalarType from, ScalarType to) {
  if (type_is_real(to)) return from != TYPE_BOOL;
  if (!type_is_integer(from) || !type_is_integer(to)) return false;
  Interval inner = type_interval(from), outer = type_interval(to);
  return inner.low >= outer.low && inner.high <= outer.high;
}

static Node *build(const Trees *trees, ExprId id, Node *const *env) {
  const Expr *e = expr_at(trees->program->graph, id);
  if (e->kind == EXPR_INDEX) return env[e->index];
  if (e->kind == EXPR_CONST) {
    double value = type_is_real(e->type) ? e->real : (double)e->integer;
    Node node = {
        .kind = NODE_NUMBER, .type = e->type, .number = value, .truth = e->type == TYPE_BOOL};
    return node_new(trees, node, NULL, 0);
  }
  Node **args = ARENA_ARRAY(trees->arena, Node *, e->n_args + 1);
  for (uint32_t i = 0; i < e->n_args; i++) args[i] = build(trees, e->args[i], env);
  if (e->kind == EXPR_READ) return build_read(trees, e, args, env);
  if (e->op == OP_STOP_GRADIENT || (e->op == OP_CAST && is_silent_cast(args[0]->type, e->type)))
    return args[0];
  return node_op(trees, e->op, e->type, args, e->n_args);
}

/* --- names --- */

typedef struct Names {
  const struct Names *outer;
  const char *name;
} Names;

static bool is_used(const Names *names, const char *name) {
  for (; names != NULL; names = names->outer)
    if (strcmp(names->name, name) == 0) return true;
  return false;
}

/* What was put into its reader may have the names of that: no name is bound within its own scope.
 */
static void rename_bound(const Trees *trees, Node *node, const Names *names, uint32_t *fresh) {
  Names *inner = ARENA_ARRAY(trees->arena, Names, node->n_vars + 1);
  for (uint32_t i = 0; i < node->n_vars; i++) {
    Var *var = node->vars[i];
    while (is_used(names, var->name))
      var->name = arena_printf(trees->arena, "%c%u", var->name[0], ++*fresh);
    inner[i] = (Names){names, var->name};
    names = &inner[i];
  }
  for (uint32_t i = 0; i < node->n_args; i++) rename_bound(trees, node->args[i], names, fresh);
  if (node->fallback != NULL) rename_bound(trees, node->fallback, names, fresh);
}

static void rename_all(const Trees *trees, Tree *tree, uint32_t rank) {
  Names *names = ARENA_ARRAY(trees->arena, Names, rank + 1);
  uint32_t fresh = 1;
  for (uint32_t i = 0; i < rank; i++)
    names[i] = (Names){i > 0 ? &names[i - 1] : NULL, tree->outputs[i]->name};
  rename_bound(trees, tree->body, rank > 0 ? &names[rank - 1] : NULL, &fresh);
}

Tree tree_of(const Trees *trees, TensorId tensor) {
  const Tensor *t = tensor_at(trees->program->graph, tensor);
  Tree tree = {.outputs = ARENA_ARRAY(trees->arena, Var *, t->rank + 1)};
  Node **outputs = ARENA_ARRAY(trees->arena, Node *, t->rank + 1);
  for (uint32_t i = 0; i < t->rank; i++) {
    tree.outputs[i] = new_var(trees, tensor, i);
    outputs[i] = node_var(trees, tree.outputs[i]);
  }
  tree.body = build_reduction(trees, tensor, outputs);
  rename_all(trees, &tree, t->rank);
  return tree;
}

Node *tree_at(const Trees *trees, TensorId tensor, Node *const *indices) {
  return build_reduction(trees, tensor, indices);
}
