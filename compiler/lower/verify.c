/* What a plan must satisfy so that emission can print it: types and lanes of all values, locals
   declared before use, parameters as the calls bind them, memory of live buffers apart. */
#include <inttypes.h>
#include "graph/scalar_ops.h"
#include "lower/lower.h"

typedef struct Verifier {
  const Plan *plan;
  const char *pass;
  const Kernel *kernel;
  bool *declared; /* per local */
  bool *open;     /* per variable: its loop is */
} Verifier;

#define REQUIRE(v, condition, ...)                                                                 \
  do {                                                                                             \
    if (!(condition)) bug((v)->pass, __VA_ARGS__);                                                 \
  } while (0)

static Lanes check_value(Verifier *v, ValueId id);

static void check_offset(Verifier *v, Offset o) {
  for (uint32_t i = 0; i < o.n; i++) {
    Lanes l = check_value(v, o.terms[i].value);
    REQUIRE(v, l.lanes == 1 && type_is_integer(l.type), "%s: an offset of type %s", v->kernel->name,
            type_name(l.type));
    REQUIRE(v, o.terms[i].factor != 0, "%s: an offset has a term of factor 0", v->kernel->name);
  }
}

static void check_at(Verifier *v, uint32_t local, const Offset *at, uint32_t n) {
  REQUIRE(v, local < v->kernel->n_locals, "%s: there is no local %u", v->kernel->name, local);
  const Local *l = &v->kernel->locals[local];
  REQUIRE(v, v->declared[local], "%s: %s is not declared here", v->kernel->name, l->name);
  REQUIRE(v, l->dimensions == n, "%s: %s has %u dimensions, not %u", v->kernel->name, l->name,
          l->dimensions, n);
  for (uint32_t i = 0; i < n; i++) check_offset(v, at[i]);
}

static void check_op(Verifier *v, const Value *value) {
  const char *kernel = v->kernel->name, *name = scalar_ops[value->op].name;
  REQUIRE(v, value->n_args == scalar_ops[value->op].arity, "%s: %s of %u operands", kernel, name,
          value->n_args);
  REQUIRE(v, value->op != OP_TRAINING, "%s: %s is not folded", kernel, name);
  Lanes types[3] = {{0}, {0}, {0}};
  for (uint32_t i = 0; i < value->n_args; i++) {
    types[i] = check_value(v, value->args[i]);
    REQUIRE(v, types[i].lanes == value->type.lanes, "%s: %s of %d lanes gives %d", kernel, name,
            types[i].lanes, value->type.lanes);
  }
  if (value->n_args < 2) return;
  Lanes a = types[value->n_args - 2], b = types[value->n_args - 1];
  bool random = value->op == OP_RANDOM_UNIFORM || value->op == OP_RANDOM_NORMAL;
  REQUIRE(v, random || (a.type == b.type && a.mask_bytes == b.mask_bytes), "%s: %s of %s and %s",
          kernel, name, type_name(a.type), type_name(b.type));
  if (value->op == OP_WHERE && value->type.lanes > 1)
    REQUIRE(v,
            types[0].mask_bytes ==
                (b.type == TYPE_BOOL ? b.mask_bytes : (uint8_t)type_bytes(b.type)),
            "%s: a mask of %d bytes for %s", kernel, types[0].mask_bytes, type_name(b.type));
}

/* One element of a local, or several of an array of scalars. */
static void check_elements(Verifier *v, uint32_t local, Lanes type) {
  const Local *l = &v->kernel->locals[local];
  REQUIRE(v, type.lanes == l->type.lanes || (l->type.lanes == 1 && l->dimensions == 1),
          "%s: %d lanes of %s", v->kernel->name, type.lanes, l->name);
}

static Lanes check_value(Verifier *v, ValueId id) {
  const char *kernel = v->kernel->name;
  REQUIRE(v, id < v->kernel->n_values, "%s: there is no value %u", kernel, id);
  const Value *value = &v->kernel->values[id];
  Lanes type = value->type;
  REQUIRE(v, type.lanes >= 1 && type.lanes <= 64 && (type.lanes & (type.lanes - 1)) == 0,
          "%s: %d lanes", kernel, type.lanes);
  REQUIRE(v, (type.mask_bytes != 0) == (type.type == TYPE_BOOL && type.lanes > 1),
          "%s: a mask of %d bytes for %s", kernel, type.mask_bytes, type_name(type.type));
  switch (value->kind) {
  case VALUE_NUMBER: break;
  case VALUE_VARIABLE:
    REQUIRE(v, value->index < v->kernel->n_variables && v->open[value->index],
            "%s: variable %u outside its loop", kernel, value->index);
    break;
  case VALUE_OFFSET: check_offset(v, value->offset); break;
  case VALUE_LOCAL:
    check_at(v, value->index, value->at, value->n_at);
    check_elements(v, value->index, type);
    break;
  case VALUE_LOAD:
    REQUIRE(v,
            value->index < v->kernel->n_parameters && v->kernel->parameters[value->index].read &&
                v->kernel->parameters[value->index].type == type.type,
            "%s: a load of parameter %u", kernel, value->index);
    REQUIRE(v,
            value->present == 0 || (value->present < type.lanes &&
                                    v->kernel->parameters[value->index].storage == TYPE_BOOL),
            "%s: a load of %d of %d lanes", kernel, value->present, type.lanes);
    check_offset(v, value->offset);
    break;
  case VALUE_FOLD_ROWS: {
    const Local *rows = &v->kernel->locals[value->index];
    REQUIRE(v,
            rows->dimensions > 0 && rows->size[0] >= type.lanes && rows->type.lanes == type.lanes,
            "%s: %s has too few rows", kernel, rows->name);
    break;
  }
  case VALUE_SPLAT:
  case VALUE_FOLD: {
    Lanes of = check_value(v, value->args[0]);
    bool splat = value->kind == VALUE_SPLAT;
    REQUIRE(v, of.type == type.type && (splat ? of.lanes : type.lanes) == 1, "%s: %s of %d lanes",
            kernel, splat ? "splat" : "fold", of.lanes);
    break;
  }
  case VALUE_RAMP:
    REQUIRE(v, type.type == TYPE_I32 || type.type == TYPE_I64, "%s: a ramp of %s", kernel,
            type_name(type.type));
    break;
  case VALUE_SLOT: {
    Lanes turn = check_value(v, value->args[0]);
    REQUIRE(v, turn.type == TYPE_I32 && turn.lanes == 1 && value->integer > 0,
            "%s: a slot of %" PRId64, kernel, value->integer);
    break;
  }
  case VALUE_OP: check_op(v, value); break;
  }
  return type;
}

static void check_block(Verifier *v, StatementList block);

static void check_loop(Verifier *v, const Statement *s) {
  const char *kernel = v->kernel->name;
  REQUIRE(v, s->variable < v->kernel->n_variables && !v->open[s->variable],
          "%s: variable %u is taken", kernel, s->variable);
  REQUIRE(v, s->from < s->to && s->step > 0 && (s->to - s->from) % s->step == 0,
          "%s: a loop from %" PRId64 " to %" PRId64 " by %" PRId64, kernel, s->from, s->to,
          s->step);
  REQUIRE(v,
          s->mark != LOOP_PARALLEL2 || (s->body.n == 1 && s->body.items[0].kind == STATEMENT_LOOP),
          "%s: two loops for one team of threads are not one inside the other", kernel);
  REQUIRE(v, (s->least == NULL && s->beyond == NULL) || (s->step == 1 && s->mark != LOOP_UNROLLED),
          "%s: a limited loop by %" PRId64, kernel, s->step);
  if (s->least != NULL) check_offset(v, *s->least);
  if (s->beyond != NULL) check_offset(v, *s->beyond);
  v->open[s->variable] = true;
  check_block(v, s->body);
  v->open[s->variable] = false;
}

static void check_written(Verifier *v, uint32_t parameter, ScalarType type) {
  REQUIRE(v,
          parameter < v->kernel->n_parameters && v->kernel->parameters[parameter].written &&
              v->kernel->parameters[parameter].type == type,
          "%s: a store of %s to parameter %u", v->kernel->name, type_name(type), parameter);
}

static void check_transpose(Verifier *v, const Statement *s) {
  const Parameter *from = &v->kernel->parameters[s->parameter];
  const Parameter *to = &v->kernel->parameters[s->parameter2];
  REQUIRE(v,
          to->written && type_stored(to->type, to->storage) == s->type.type &&
              type_stored(from->type, from->storage) == s->type.type,
          "%s: %s is transposed to %s as %s", v->kernel->name, from->name, to->name,
          type_name(s->type.type));
  check_offset(v, s->offset);
  check_offset(v, s->offset2);
}

static void check_statement(Verifier *v, const Statement *s) {
  const char *kernel = v->kernel->name;
  switch (s->kind) {
  case STATEMENT_LOOP: check_loop(v, s); break;
  case STATEMENT_IF: {
    Lanes condition = check_value(v, s->value);
    REQUIRE(v, condition.type == TYPE_BOOL && condition.lanes == 1, "%s: a condition of type %s",
            kernel, type_name(condition.type));
    check_block(v, s->body);
    check_block(v, s->other);
    break;
  }
  case STATEMENT_DECLARE: {
    const Local *l = &v->kernel->locals[s->local];
    if (s->value != VALUE_NONE) {
      Lanes type = check_value(v, s->value);
      REQUIRE(v, l->dimensions == 0 && type.type == l->type.type && type.lanes == l->type.lanes,
              "%s: %s is declared with another type", kernel, l->name);
    }
    v->declared[s->local] = true;
    break;
  }
  case STATEMENT_ASSIGN: {
    Lanes type = check_value(v, s->value);
    check_at(v, s->local, s->at, s->n_at);
    const Local *l = &v->kernel->locals[s->local];
    REQUIRE(v, type.type == l->type.type, "%s: %s is assigned another type", kernel, l->name);
    check_elements(v, s->local, type);
    break;
  }
  case STATEMENT_STORE: {
    Lanes type = check_value(v, s->value);
    check_written(v, s->parameter, type.type);
    REQUIRE(v, type.mask_bytes == 0, "%s: a mask is stored", kernel);
    check_offset(v, s->offset);
    break;
  }
  case STATEMENT_ONE: check_block(v, s->body); break;
  case STATEMENT_BARRIER: break;
  case STATEMENT_PREFETCH: check_offset(v, s->offset); break;
  case STATEMENT_TRANSPOSE: check_transpose(v, s); break;
  }
}

/* What a block declares is gone at its end. */
static void check_block(Verifier *v, StatementList block) {
  for (uint32_t i = 0; i < block.n; i++) check_statement(v, &block.items[i]);
  for (uint32_t i = 0; i < block.n; i++)
    if (block.items[i].kind == STATEMENT_DECLARE) v->declared[block.items[i].local] = false;
}

/* Each array that a call writes is stored by one of its definitions, or is of no use outside of it.
 */
static void check_stored(Verifier *v, const Kernel *k, const KernelCall *call) {
  for (uint32_t p = 0; p < k->n_parameters; p++) {
    uint32_t times = 0;
    for (uint32_t i = 0; i < call->n_stored; i++) times += call->stored[i].parameter == p;
    TensorId holds = v->plan->buffers[call->buffers[p]].tensor;
    if (tensor_at(v->plan->program->graph, holds)->kind == TENSOR_STAND_IN) continue;
    REQUIRE(v, times == k->parameters[p].written, "%s: %u definitions are stored in %s", k->name,
            times, v->plan->buffers[call->buffers[p]].name);
  }
}

static void check_entry(Verifier *v, const EntryPlan *e) {
  const Plan *plan = v->plan;
  for (uint32_t i = 0; i < e->n_calls; i++) {
    REQUIRE(v, e->calls[i].kernel < plan->n_kernels, "there is no kernel %u", e->calls[i].kernel);
    const Kernel *k = &plan->kernels[e->calls[i].kernel];
    check_stored(v, k, &e->calls[i]);
    for (uint32_t p = 0; p < k->n_parameters; p++) {
      BufferId id = e->calls[i].buffers[p];
      const Buffer *b = &plan->buffers[id];
      REQUIRE(v, b->type == k->parameters[p].type && b->storage == k->parameters[p].storage,
              "%s: %s has another type", k->name, b->name);
      REQUIRE(v, b->kind != BUFFER_INPUT || !k->parameters[p].written, "%s writes the input %s",
              k->name, b->name);
      for (uint32_t q = 0; q < p; q++)
        REQUIRE(v, e->calls[i].buffers[q] != id, "%s gets %s twice", k->name, b->name);
    }
  }
}

static void check_memory(Verifier *v) {
  const Plan *plan = v->plan;
  for (BufferId i = 0; i < plan->n_buffers; i++) {
    const Buffer *a = &plan->buffers[i];
    if (a->kind != BUFFER_WORKSPACE) continue;
    REQUIRE(v, a->offset % 64 == 0 && buffer_end(a) <= plan->workspace_bytes,
            "%s is outside the workspace", a->name);
    for (BufferId k = 0; k < i; k++) {
      const Buffer *b = &plan->buffers[k];
      if (b->kind != BUFFER_WORKSPACE || buffer_end(a) <= b->offset || buffer_end(b) <= a->offset)
        continue;
      bool together = a->entry == b->entry && a->first <= b->last && b->first <= a->last;
      REQUIRE(v, !together && buffer_stored(a) == buffer_stored(b), "%s and %s share bytes",
              a->name, b->name);
    }
  }
}

void verify_plan(const Plan *plan, const char *pass) {
  Verifier v = {.plan = plan, .pass = pass};
  for (KernelId i = 0; i < plan->n_kernels; i++) {
    v.kernel = &plan->kernels[i];
    v.declared = ARENA_ARRAY(plan->arena, bool, v.kernel->n_locals + 1);
    v.open = ARENA_ARRAY(plan->arena, bool, v.kernel->n_variables + 1);
    check_block(&v, v.kernel->body);
  }
  for (uint32_t i = 0; i < plan->n_entries; i++) check_entry(&v, &plan->entries[i]);
  check_entry(&v, &plan->init);
  check_memory(&v);
}
