/* The work of a call: of each part of it (kernel.h), operations on reals and the bytes of memory
   that they need.

   An operation is one operator of scalar_ops.def on reals, each as often as its loops run it, for
   every lane: a multiply-add is two, exp is one, and so is a comparison of reals. Choices,
   conversions, logic, and all arithmetic on integers go along with those. Both branches of a choice
   count, and what stands under a condition as if it always held: masked work is work. A reduction
   of n values is n operations, and those that fold the lanes of a vector at its end.

   Bytes are those of distinct memory: of an array that is read or written more than once, its size;
   of one that is read at fewer places than it has, those places. */
#include "lower/cost.h"

static bool is_work(ScalarOp op) {
  switch (op) {
  case OP_WHERE:
  case OP_CAST:
  case OP_STOP_GRADIENT:
  case OP_BF16:
  case OP_F16:
  case OP_AND:
  case OP_OR:
  case OP_NOT:
  case OP_STEP:
  case OP_TRAINING: return false;
  case OP_EQ:
  case OP_NE:
  case OP_LT:
  case OP_LE:
  case OP_GT:
  case OP_GE:
  case OP_ADD:
  case OP_SUB:
  case OP_MUL:
  case OP_DIV:
  case OP_MOD:
  case OP_POW:
  case OP_NEG:
  case OP_MIN:
  case OP_MAX:
  case OP_ABS:
  case OP_SIGN:
  case OP_FLOOR:
  case OP_CEIL:
  case OP_ROUND:
  case OP_EXP:
  case OP_EXPM1:
  case OP_LOG:
  case OP_LOG1P:
  case OP_SQRT:
  case OP_RSQRT:
  case OP_SIN:
  case OP_COS:
  case OP_TAN:
  case OP_ASIN:
  case OP_ACOS:
  case OP_ATAN:
  case OP_ATAN2:
  case OP_SINH:
  case OP_COSH:
  case OP_TANH:
  case OP_SIGMOID:
  case OP_SOFTPLUS:
  case OP_ERF:
  case OP_RANDOM_UNIFORM:
  case OP_RANDOM_NORMAL:
  case N_SCALAR_OPS: break;
  }
  return true;
}

typedef struct Count {
  const Kernel *kernel;
  Cost *cost;              /* per part */
  double *loaded, *stored; /* elements, per part and parameter */
  Part part;
} Count;

static double *elements_of(const Count *c, double *of, uint32_t parameter) {
  return &of[(uint32_t)c->part * c->kernel->n_parameters + parameter];
}

static void count_value(Count *c, ValueId id, double times);

static void count_offset(Count *c, const Offset *offset, double times) {
  for (uint32_t i = 0; i < offset->n; i++) count_value(c, offset->terms[i].value, times);
}

/* Operands say what a comparison is of, the result what everything else is. */
static bool is_of_reals(const Kernel *k, const Value *v) {
  bool compares = v->type.type == TYPE_BOOL && v->n_args > 0;
  return type_is_real(compares ? k->values[v->args[0]].type.type : v->type.type);
}

static void count_value(Count *c, ValueId id, double times) {
  if (id == VALUE_NONE) return;
  const Kernel *k = c->kernel;
  const Value *v = &k->values[id];
  if (v->kind == VALUE_OP && is_work(v->op) && is_of_reals(k, v))
    c->cost[c->part].operations += times * v->type.lanes;
  if (v->kind == VALUE_FOLD && type_is_real(v->type.type))
    c->cost[c->part].operations += times * (k->values[v->args[0]].type.lanes - 1);
  if (v->kind == VALUE_FOLD_ROWS)
    c->cost[c->part].operations += times * v->type.lanes * (v->type.lanes - 1);
  if (v->kind == VALUE_LOAD)
    *elements_of(c, c->loaded, v->index) += times * (v->present > 0 ? v->present : v->type.lanes);
  count_offset(c, &v->offset, times);
  for (uint32_t i = 0; i < v->n_at; i++) count_offset(c, &v->at[i], times);
  for (uint32_t i = 0; i < v->n_args; i++) count_value(c, v->args[i], times);
}

static void count_list(Count *c, const StatementList *list, double times) {
  for (uint32_t i = 0; i < list->n; i++) {
    const Statement *s = &list->items[i];
    bool loops = s->kind == STATEMENT_LOOP;
    double turns = loops ? times * s->turns : times;
    count_list(c, &s->body, turns);
    count_list(c, &s->other, turns);
    if (loops) continue;
    if (s->kind == STATEMENT_PREFETCH) continue;
    c->part = s->part;
    count_value(c, s->value, times);
    count_offset(c, &s->offset, times);
    for (uint32_t k = 0; k < s->n_at; k++) count_offset(c, &s->at[k], times);
    if (s->kind == STATEMENT_STORE) {
      double lanes = c->kernel->values[s->value].type.lanes;
      *elements_of(c, c->stored, s->parameter) += times * lanes;
    }
    if (s->kind == STATEMENT_TRANSPOSE) {
      double square = (double)s->type.lanes * s->type.lanes;
      *elements_of(c, c->loaded, s->parameter) += times * square;
      *elements_of(c, c->stored, s->parameter2) += times * square;
    }
  }
}

static double least(double a, double b) { return a < b ? a : b; }

void find_cost(const Plan *plan, Kernel *k, const BufferId *buffers, Cost cost[N_PARTS]) {
  uint32_t n = k->n_parameters;
  Count c = {.kernel = k,
             .cost = cost,
             .loaded = ARENA_ARRAY(plan->arena, double, N_PARTS *n + 1),
             .stored = ARENA_ARRAY(plan->arena, double, N_PARTS *n + 1)};
  for (int part = 0; part < N_PARTS; part++)
    cost[part].operations = cost[part].read = cost[part].written = 0;
  count_list(&c, &k->body, 1);
  k->flops = k->bytes = 0;
  for (int part = 0; part < N_PARTS; part++) k->flops += cost[part].operations;
  for (uint32_t p = 0; p < n; p++) {
    const Buffer *b = &plan->buffers[buffers[p]];
    double size = (double)element_bytes(b), all = (double)b->elements, touched = 0;
    for (uint32_t part = 0; part < N_PARTS; part++) {
      double loaded = least(c.loaded[part * n + p], all),
             stored = least(c.stored[part * n + p], all);
      cost[part].read += size * loaded;
      cost[part].written += size * stored;
      touched = loaded > touched ? loaded : touched;
      touched = stored > touched ? stored : touched;
    }
    k->bytes += size * touched;
  }
}
