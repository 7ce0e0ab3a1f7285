/* Kernels that are alike up to their buffers, the sites of their random numbers and all names are
   one: twelve equal blocks cost one. */
#include <string.h>
#include "lower/work.h"

/* A number in base 64: keys are long, and written for every kernel. */
static void key_number(Text *key, int64_t value) {
  uint64_t rest = (uint64_t)value;
  char digits[16];
  size_t first = sizeof digits;
  digits[--first] = ',';
  do {
    digits[--first] = (char)('0' + rest % 64);
    rest /= 64;
  } while (rest != 0);
  text_addn(key, digits + first, sizeof digits - first);
}

static void key_real(Text *key, double value) {
  int64_t bits;
  memcpy(&bits, &value, sizeof bits);
  key_number(key, bits);
}

static void key_offset(Text *key, Offset o) {
  key_number(key, o.n);
  key_number(key, o.constant);
  for (uint32_t i = 0; i < o.n; i++) {
    key_number(key, o.terms[i].factor);
    key_number(key, o.terms[i].value);
  }
}

static void key_lanes(Text *key, Lanes l) {
  key_number(key, (int64_t)l.type << 16 | l.lanes << 8 | l.mask_bytes);
}

static void key_block(Text *key, StatementList block) {
  key_number(key, block.n);
  for (uint32_t i = 0; i < block.n; i++) {
    const Statement *s = &block.items[i];
    key_number(key, (int64_t)s->kind << 1 | s->for_writing);
    key_number(key, s->value);
    key_number(key, s->local);
    key_number(key, s->parameter);
    key_number(key, s->parameter2);
    key_number(key, s->n_at);
    for (uint32_t k = 0; k < s->n_at; k++) key_offset(key, s->at[k]);
    key_offset(key, s->offset);
    if (s->kind == STATEMENT_TRANSPOSE) {
      key_offset(key, s->offset2);
      key_number(key, s->stride);
      key_number(key, s->stride2);
      key_lanes(key, s->type);
    }
    if (s->kind == STATEMENT_LOOP) {
      key_number(key, s->variable);
      key_number(key, s->from);
      key_number(key, s->to);
      key_number(key, s->step);
      key_number(key, s->mark);
      key_number(key, s->least != NULL);
      if (s->least != NULL) key_offset(key, *s->least);
      key_number(key, s->beyond != NULL);
      if (s->beyond != NULL) key_offset(key, *s->beyond);
    }
    key_block(key, s->body);
    key_block(key, s->other);
  }
}

bool is_site(const Kernel *k, ValueId value) {
  for (uint32_t i = 0; i < k->n_sites; i++)
    if (k->sites[i] == value) return true;
  return false;
}

static void key_value(Text *key, const Value *v, bool site) {
  key_number(key, v->kind);
  key_number(key, v->op);
  key_number(key, v->index);
  key_number(key, v->present);
  key_real(key, v->real);
  key_number(key, site);
  key_number(key, site ? 0 : v->integer);
  key_lanes(key, v->type);
  key_number(key, v->n_args);
  for (uint32_t a = 0; a < v->n_args; a++) key_number(key, v->args[a]);
  key_number(key, v->n_at);
  for (uint32_t a = 0; a < v->n_at; a++) key_offset(key, v->at[a]);
  key_offset(key, v->offset);
}

static const char *kernel_key(Arena *arena, const Kernel *k) {
  Text key = text_new(arena);
  for (uint32_t i = 0; i < k->n_parameters; i++) {
    const Parameter *p = &k->parameters[i];
    key_number(&key, p->type);
    key_number(&key, p->storage);
    key_number(&key, p->written << 1 | p->read);
  }
  key_number(&key, k->n_locals);
  for (uint32_t i = 0; i < k->n_locals; i++) {
    key_lanes(&key, k->locals[i].type);
    key_number(&key, k->locals[i].dimensions);
    key_number(&key, k->locals[i].size[0]);
    key_number(&key, k->locals[i].size[1]);
  }
  key_number(&key, k->n_values);
  for (uint32_t i = 0; i < k->n_values; i++) key_value(&key, &k->values[i], is_site(k, i));
  key_block(&key, k->body);
  return text_string(&key);
}

KernelId share_kernel(Plan *plan, KernelTable *table, Kernel kernel) {
  const char *key = kernel_key(plan->arena, &kernel);
  const KernelId *known = map_get(&table->known, key);
  if (known != NULL) {
    Kernel *first = &plan->kernels[*known];
    for (uint32_t i = 0; i < kernel.n_sites; i++)
      if (kernel.values[kernel.sites[i]].integer != first->values[first->sites[i]].integer)
        first->sites_vary = true;
    return *known;
  }
  uint32_t n = plan->n_kernels;
  if ((n & (n - 1)) == 0) { /* full at powers of two */
    Kernel *grown = ARENA_ARRAY(plan->arena, Kernel, n == 0 ? 1 : 2 * n);
    for (uint32_t i = 0; i < n; i++) grown[i] = plan->kernels[i];
    plan->kernels = grown;
  }
  plan->kernels[n] = kernel;
  plan->n_kernels++;
  KernelId *id = ARENA_NEW(plan->arena, KernelId);
  *id = n;
  map_set(&table->known, key, id);
  return n;
}
