/* Checks every invariant of a program. What is violated here is the compiler's mistake, never the
   user's: each check ends in `bug`. Only what the entries, updates and initialisers depend on is
   looked at; the rest of the append-only graph is dead. */
#include <string.h>
#include "graph/graph.h"
#include "graph/scalar_ops.h"

typedef struct Verifier {
  const Program *program;
  const Graph *graph;
  const char *pass;
  Arena *arena;
  bool derived; /* no TENSOR_DERIVATIVE may be left */
  /* the definition that is looked at */
  const Tensor *tensor;
  const int64_t *extents; /* of its index variables */
  uint32_t n_indices;
  uint32_t *seen; /* per expression: 1 + the tensor that its types were checked in */
  bool guarded;   /* inside a branch of a `where` */
} Verifier;

#define REQUIRE(v, condition, ...)                                                                 \
  do {                                                                                             \
    if (!(condition)) bug((v)->pass, __VA_ARGS__);                                                 \
  } while (0)

/* --- types --- */

static bool takes(OperandRule rule, const Graph *graph, const Expr *e) {
  ScalarType types[3] = {TYPE_BOOL, TYPE_BOOL, TYPE_BOOL};
  bool same = true, integers = true, reals = true, bools = true;
  for (uint32_t i = 0; i < e->n_args && i < 3; i++) {
    types[i] = expr_at(graph, e->args[i])->type;
    same = same && types[i] == types[0];
    integers = integers && type_is_integer(types[i]);
    reals = reals && type_is_real(types[i]);
    bools = bools && types[i] == TYPE_BOOL;
  }
  switch (rule) {
  case TAKES_NOTHING: return e->n_args == 0;
  case TAKES_NUMBERS: return same && (integers || reals);
  case TAKES_REALS: return same && reals;
  case TAKES_INTEGERS: return integers;
  case TAKES_BOOLS: return bools;
  case TAKES_ORDERED: return same;
  case TAKES_CHOICE: return types[0] == TYPE_BOOL && types[1] == types[2];
  case TAKES_ANY: return true;
  }
  return false;
}

static bool gives(ResultRule rule, const Graph *graph, const Expr *e) {
  switch (rule) {
  case GIVES_OPERAND:
    return e->n_args > 0 && e->type == expr_at(graph, e->args[e->n_args - 1])->type;
  case GIVES_BOOL: return e->type == TYPE_BOOL;
  case GIVES_INTEGER: return e->type == TYPE_I32;
  case GIVES_GIVEN: return e->op == OP_CAST || type_is_real(e->type);
  }
  return false;
}

static void check_constant(const Verifier *v, const Expr *e) {
  int64_t low = INT64_MIN, high = INT64_MAX;
  switch (e->type) {
  case TYPE_BOOL: low = 0, high = 1; break;
  case TYPE_U8: low = 0, high = UINT8_MAX; break;
  case TYPE_I8: low = INT8_MIN, high = INT8_MAX; break;
  case TYPE_I32: low = INT32_MIN, high = INT32_MAX; break;
  case TYPE_I64:
  case TYPE_F32:
  case TYPE_F64:
  case TYPE_BF16:
  case TYPE_F16: break;
  }
  REQUIRE(v, e->integer >= low && e->integer <= high, "%s: the constant %lld is no %s",
          v->tensor->name, (long long)e->integer, type_name(e->type));
}

static void check_read_types(const Verifier *v, const Expr *e) {
  const char *owner = v->tensor->name;
  REQUIRE(v, e->tensor < v->graph->n_tensors, "%s: reads tensor %u, which does not exist", owner,
          e->tensor);
  const Tensor *read = tensor_at(v->graph, e->tensor);
  REQUIRE(v, e->n_args == read->rank, "%s: reads %s, of rank %u, at %u indices", owner, read->name,
          read->rank, e->n_args);
  REQUIRE(v, e->type == read->type, "%s: a read of %s has type %s, not %s", owner, read->name,
          type_name(e->type), type_name(read->type));
  for (uint32_t i = 0; i < e->n_args; i++)
    REQUIRE(v, type_is_integer(expr_at(v->graph, e->args[i])->type),
            "%s: index %u of %s is not an integer", owner, i, read->name);
  REQUIRE(v, e->fallback == EXPR_NONE || expr_at(v->graph, e->fallback)->type == e->type,
          "%s: the default of %s has another type", owner, read->name);
}

/* Types, arities and index numbers of `id` and all below it. */
static void check_types(Verifier *v, ExprId id, TensorId owner) {
  REQUIRE(v, id < v->graph->n_exprs, "%s: expression %u does not exist", v->tensor->name, id);
  if (v->seen[id] == owner + 1) return;
  v->seen[id] = owner + 1;
  const Expr *e = expr_at(v->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) check_types(v, e->args[i], owner);
  if (e->fallback != EXPR_NONE) check_types(v, e->fallback, owner);
  switch (e->kind) {
  case EXPR_CONST: check_constant(v, e); break;
  case EXPR_INDEX:
    REQUIRE(v, e->type == TYPE_I32 && e->index < v->n_indices, "%s: index variable %u of %u",
            v->tensor->name, e->index, v->n_indices);
    break;
  case EXPR_READ: check_read_types(v, e); break;
  case EXPR_OP:
    REQUIRE(v, e->op < N_SCALAR_OPS && scalar_ops[e->op].arity == e->n_args,
            "%s: an operator with %u operands", v->tensor->name, e->n_args);
    REQUIRE(v, takes(scalar_ops[e->op].takes, v->graph, e), "%s: operands of %s", v->tensor->name,
            scalar_ops[e->op].name);
    REQUIRE(v, gives(scalar_ops[e->op].gives, v->graph, e), "%s: %s cannot give %s",
            v->tensor->name, scalar_ops[e->op].name, type_name(e->type));
    break;
  }
}

/* --- reads in range --- */

/* Without a default, an index must be in range for every value of the index variables, unless it
   depends on data (which generated code checks), or a `where` around the read may exclude the
   rest (which intervals cannot always see). It may never be out of range everywhere. */
static void check_range(Verifier *v, const Expr *e) {
  const Tensor *read = tensor_at(v->graph, e->tensor);
  for (uint32_t i = 0; i < e->n_args && e->fallback == EXPR_NONE; i++) {
    Interval range = expr_interval(v->graph, e->args[i], v->extents, v->n_indices);
    bool inside = range.low >= 0 && range.high < read->extents[i];
    bool open = v->guarded || expr_varies_with_data(v->graph, e->args[i]);
    REQUIRE(v, inside || open, "%s: index %u of %s runs over %lld..%lld, of %lld", v->tensor->name,
            i, read->name, (long long)range.low, (long long)range.high,
            (long long)read->extents[i]);
  }
}

static void check_ranges(Verifier *v, ExprId id, TensorId owner) {
  /* An unguarded visit says all that a guarded one would. */
  uint32_t mark = 2 * owner + (v->guarded ? 1 : 2);
  if (v->seen[id] == mark || v->seen[id] == 2 * owner + 2) return;
  v->seen[id] = mark;
  const Expr *e = expr_at(v->graph, id);
  if (e->kind == EXPR_READ) check_range(v, e);
  bool guarded = v->guarded;
  for (uint32_t i = 0; i < e->n_args; i++) {
    v->guarded = guarded || (e->kind == EXPR_OP && e->op == OP_WHERE && i > 0);
    check_ranges(v, e->args[i], owner);
  }
  /* A default is evaluated only where the read is outside. */
  v->guarded = true;
  if (e->fallback != EXPR_NONE) check_ranges(v, e->fallback, owner);
  v->guarded = guarded;
}

/* --- tensors --- */

static void check_reduction(const Verifier *v, const Tensor *t) {
  ScalarType body = expr_at(v->graph, t->body)->type;
  bool number = type_is_real(body) || type_is_integer(body), fits = false;
  switch (t->reduction) {
  case REDUCE_NONE: fits = t->n_reduced == 0 && t->type == body; break;
  case REDUCE_SUM:
  case REDUCE_PROD:
  case REDUCE_MAX:
  case REDUCE_MIN: fits = t->n_reduced > 0 && number && t->type == body; break;
  case REDUCE_ARGMAX:
  case REDUCE_ARGMIN: fits = t->n_reduced > 0 && number && t->type == TYPE_I32; break;
  case REDUCE_ANY:
  case REDUCE_ALL: fits = t->n_reduced > 0 && body == TYPE_BOOL && t->type == TYPE_BOOL; break;
  }
  REQUIRE(v, fits, "%s, of type %s, cannot be `%s` of %s over %u indices", t->name,
          type_name(t->type), reduction_name(t->reduction), type_name(body), t->n_reduced);
}

static void check_definition(Verifier *v, TensorId id) {
  const Tensor *t = v->tensor;
  REQUIRE(v, t->body < v->graph->n_exprs, "%s has no body", t->name);
  for (uint32_t i = 0; i < t->n_reduced; i++)
    REQUIRE(v, t->reduced_extents[i] > 0, "%s: reduced index %u has extent %lld", t->name, i,
            (long long)t->reduced_extents[i]);
  check_types(v, t->body, id);
  check_reduction(v, t);
}

static bool same_shape(const Tensor *a, const Tensor *b) {
  return a->rank == b->rank &&
         (a->rank == 0 || memcmp(a->extents, b->extents, a->rank * sizeof *a->extents) == 0);
}

static void check_derivative(const Verifier *v, const Tensor *t) {
  REQUIRE(v, !v->derived, "%s is still a derivative of %s", t->name,
          tensor_at(v->graph, t->source)->name);
  const Tensor *source = tensor_at(v->graph, t->source), *wrt = tensor_at(v->graph, t->wrt);
  REQUIRE(v, type_is_real(source->type) && type_is_real(wrt->type), "%s: %s or %s is not real",
          t->name, source->name, wrt->name);
  uint32_t rank = 0;
  switch (t->derivative) {
  case DERIVATIVE_GRAD:
  case DERIVATIVE_VJP: rank = wrt->rank; break;
  case DERIVATIVE_JVP: rank = source->rank; break;
  case DERIVATIVE_JACOBIAN: rank = source->rank + wrt->rank; break;
  case DERIVATIVE_HESSIAN: rank = 2 * wrt->rank; break;
  }
  REQUIRE(v, t->rank == rank, "%s: rank %u, not %u", t->name, t->rank, rank);
  bool seeded = t->derivative == DERIVATIVE_VJP || t->derivative == DERIVATIVE_JVP;
  REQUIRE(v, seeded == (t->seed != TENSOR_NONE), "%s: seed", t->name);
}

static void check_rule(const Verifier *v, const Tensor *t) {
  const OwnRule *rule = t->rule;
  const Tensor *seed = tensor_at(v->graph, rule->seed);
  REQUIRE(v, !v->derived, "%s still has a reverse rule of its own", t->name);
  REQUIRE(v, seed->kind == TENSOR_STAND_IN && seed->type == t->type && same_shape(seed, t),
          "%s: the seed of its rule is no adjoint of it", t->name);
  for (uint32_t i = 0; i < rule->n; i++) {
    const Tensor *wrt = tensor_at(v->graph, rule->wrt[i]);
    const Tensor *share = tensor_at(v->graph, rule->shares[i]);
    REQUIRE(v, type_is_real(wrt->type) && share->type == wrt->type && same_shape(share, wrt),
            "%s: the share of %s has another type or shape", t->name, wrt->name);
  }
}

static void check_initial(const Verifier *v, const Tensor *t) {
  REQUIRE(v, t->initial < v->graph->n_tensors, "%s has no initial value", t->name);
  const Tensor *initial = tensor_at(v->graph, t->initial);
  REQUIRE(v, initial->type == t->type && same_shape(initial, t),
          "the initial value of %s has another type or shape", t->name);
}

static void check_tensor(Verifier *v, TensorId id) {
  const Tensor *t = tensor_at(v->graph, id);
  v->tensor = t;
  v->extents = tensor_index_extents(t, v->arena);
  v->n_indices = t->rank + t->n_reduced;
  REQUIRE(v, t->name != NULL && graph_find(v->graph, t->name) == id, "tensor %u: its name `%s`", id,
          t->name == NULL ? "" : t->name);
  for (uint32_t i = 0; i < t->rank; i++)
    REQUIRE(v, t->extents[i] > 0, "%s: axis %u has extent %lld", t->name, i,
            (long long)t->extents[i]);
  switch (t->kind) {
  case TENSOR_INPUT:
  case TENSOR_STAND_IN: break;
  case TENSOR_PARAM:
  case TENSOR_STATE: check_initial(v, t); break;
  case TENSOR_DEFINITION:
    check_definition(v, id);
    if (t->rule != NULL) check_rule(v, t);
    break;
  case TENSOR_RESHAPE: {
    const Tensor *source = tensor_at(v->graph, t->source);
    REQUIRE(v, source->type == t->type && tensor_size(source) == tensor_size(t),
            "%s: is no reshape of %s", t->name, source->name);
    break;
  }
  case TENSOR_DERIVATIVE: check_derivative(v, t); break;
  }
}

/* --- the program --- */

static void check_kind(const Verifier *v, const TensorId *ids, uint32_t n, TensorKind kind) {
  for (uint32_t i = 0; i < n; i++)
    REQUIRE(v, ids[i] < v->graph->n_tensors && tensor_at(v->graph, ids[i])->kind == kind,
            "declaration %u of kind %d", i, (int)kind);
}

static bool contains(const TensorId *ids, uint32_t n, TensorId id) {
  for (uint32_t i = 0; i < n; i++)
    if (ids[i] == id) return true;
  return false;
}

static void check_update(const Verifier *v, const Update *update) {
  const Tensor *target = tensor_at(v->graph, update->target);
  const Tensor *value = tensor_at(v->graph, update->value);
  REQUIRE(v, target->kind == TENSOR_PARAM || target->kind == TENSOR_STATE,
          "%s is updated, but is no param or state", target->name);
  REQUIRE(v, target->type == value->type && same_shape(target, value),
          "the new value of %s has another type or shape", target->name);
}

static void check_entry(const Verifier *v, const Entry *entry) {
  check_kind(v, entry->inputs, entry->n_inputs, TENSOR_INPUT);
  TensorId *roots = ARENA_ARRAY(v->arena, TensorId, entry->n_outputs + entry->n_updates + 1);
  uint32_t n = 0;
  for (uint32_t i = 0; i < entry->n_outputs; i++) {
    roots[n++] = entry->outputs[i].tensor;
    REQUIRE(v, entry->kind == ENTRY_EXPORT || tensor_at(v->graph, roots[i])->rank == 0,
            "report %s is no scalar", entry->outputs[i].name);
  }
  REQUIRE(v, entry->kind != ENTRY_EVAL || entry->n_updates == 0, "eval has updates");
  for (uint32_t i = 0; i < entry->n_updates; i++) {
    check_update(v, &entry->updates[i]);
    roots[n++] = entry->updates[i].value;
    for (uint32_t k = 0; k < i; k++)
      REQUIRE(v, entry->updates[k].target != entry->updates[i].target, "%s is updated twice",
              tensor_at(v->graph, entry->updates[i].target)->name);
  }
  TensorList needed = graph_order(v->graph, v->arena, roots, n);
  for (uint32_t i = 0; i < needed.count; i++)
    REQUIRE(v,
            tensor_at(v->graph, needed.items[i])->kind != TENSOR_INPUT ||
                contains(entry->inputs, entry->n_inputs, needed.items[i]),
            "entry %s needs the input %s", entry->name, tensor_at(v->graph, needed.items[i])->name);
}

/* Everything that is computed, initial values included. */
static TensorList all_needed(const Verifier *v) {
  const Program *p = v->program;
  TensorList roots = program_roots(p, v->arena);
  uint32_t capacity = roots.count + p->n_inputs + 2 * (p->n_params + p->n_states);
  TensorId *ids = ARENA_ARRAY(v->arena, TensorId, capacity + 1);
  uint32_t n = 0;
  for (uint32_t i = 0; i < roots.count; i++) ids[n++] = roots.items[i];
  for (uint32_t i = 0; i < p->n_inputs; i++) ids[n++] = p->inputs[i];
  for (uint32_t i = 0; i < p->n_params + p->n_states; i++) {
    ids[n++] = i < p->n_params ? p->params[i] : p->states[i - p->n_params];
    TensorId initial = tensor_at(v->graph, ids[n - 1])->initial;
    REQUIRE(v, initial != TENSOR_NONE, "%s has no initial value",
            tensor_at(v->graph, ids[n - 1])->name);
    ids[n++] = initial;
  }
  return graph_order(v->graph, v->arena, ids, n); /* finds circles too */
}

static void verify(const Program *program, const char *pass, bool derived) {
  Arena *arena = arena_new();
  Verifier v = {.program = program,
                .graph = program->graph,
                .pass = pass,
                .arena = arena,
                .derived = derived};
  v.seen = ARENA_ARRAY(arena, uint32_t, program->graph->n_exprs + 1);
  check_kind(&v, program->inputs, program->n_inputs, TENSOR_INPUT);
  check_kind(&v, program->params, program->n_params, TENSOR_PARAM);
  check_kind(&v, program->states, program->n_states, TENSOR_STATE);
  TensorList needed = all_needed(&v);
  for (uint32_t i = 0; i < needed.count; i++) check_tensor(&v, needed.items[i]);
  memset(v.seen, 0, program->graph->n_exprs * sizeof *v.seen);
  for (uint32_t i = 0; i < needed.count; i++) {
    v.tensor = tensor_at(v.graph, needed.items[i]);
    if (v.tensor->kind != TENSOR_DEFINITION) continue;
    v.extents = tensor_index_extents(v.tensor, arena);
    v.n_indices = v.tensor->rank + v.tensor->n_reduced;
    check_ranges(&v, v.tensor->body, needed.items[i]);
  }
  for (uint32_t i = 0; i < program->n_entries; i++) check_entry(&v, &program->entries[i]);
  arena_free(arena);
}

void verify_program(const Program *program, const char *pass) { verify(program, pass, false); }
void verify_derived(const Program *program, const char *pass) { verify(program, pass, true); }
