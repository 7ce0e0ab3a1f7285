/* The work of a kernel: operations on reals, each as often as its loops run it and for every lane;
   and the bytes of the arrays that it is given. A branch counts as if it were taken. */
#include "lower/cost.h"

/* Whether a processor has to compute it: choices, comparisons and conversions go along with that.
 */
static bool is_work(ScalarOp op) {
  switch (op) {
  case OP_WHERE:
  case OP_CAST:
  case OP_STOP_GRADIENT:
  case OP_EQ:
  case OP_NE:
  case OP_LT:
  case OP_LE:
  case OP_GT:
  case OP_GE:
  case OP_AND:
  case OP_OR:
  case OP_NOT:
  case OP_STEP:
  case OP_TRAINING: return false;
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

static double value_flops(const Kernel *k, ValueId id) {
  if (id == VALUE_NONE) return 0;
  const Value *v = &k->values[id];
  bool counts = v->kind == VALUE_OP && type_is_real(v->type.type) && is_work(v->op);
  double flops = counts ? v->type.lanes : 0;
  if (v->kind == VALUE_FOLD) flops = k->values[v->args[0]].type.lanes - 1;
  for (uint32_t i = 0; i < v->n_args; i++) flops += value_flops(k, v->args[i]);
  return flops;
}

static double list_flops(const Kernel *k, const StatementList *list) {
  double flops = 0;
  for (uint32_t i = 0; i < list->n; i++) {
    const Statement *s = &list->items[i];
    double once = list_flops(k, &s->body) + list_flops(k, &s->other);
    if (s->kind == STATEMENT_LOOP)
      flops += once * (double)((s->to - s->from) / s->step);
    else
      flops += once + (s->kind == STATEMENT_TRANSPOSE ? 0 : value_flops(k, s->value));
  }
  return flops;
}

static void find_call_costs(Plan *plan, const EntryPlan *entry) {
  for (uint32_t i = 0; i < entry->n_calls; i++) {
    Kernel *k = &plan->kernels[entry->calls[i].kernel];
    if (k->bytes > 0) continue;
    k->flops = list_flops(k, &k->body);
    for (uint32_t p = 0; p < k->n_parameters; p++) {
      const Buffer *b = &plan->buffers[entry->calls[i].buffers[p]];
      k->bytes += (double)b->elements * type_bytes(b->type);
    }
  }
}

void find_costs(Plan *plan) {
  for (KernelId i = 0; i < plan->n_kernels; i++) plan->kernels[i].bytes = 0;
  for (uint32_t i = 0; i < plan->n_entries; i++) find_call_costs(plan, &plan->entries[i]);
  find_call_costs(plan, &plan->init);
}
