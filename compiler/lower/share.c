/* Kernels that are alike up to their buffers, the sites of their random numbers and all names are
   one: twelve equal blocks cost one. */
#include <inttypes.h>
#include "lower/work.h"

static void key_offset(Text *key, Offset o) {
  text_printf(key, "<%" PRId64, o.constant);
  for (uint32_t i = 0; i < o.n; i++)
    text_printf(key, ",%" PRId64 "*%u", o.terms[i].factor, o.terms[i].value);
  text_add(key, ">");
}

static void key_lanes(Text *key, Lanes l) {
  text_printf(key, "%d.%d.%d ", (int)l.type, l.lanes, l.mask_bytes);
}

static void key_block(Text *key, StatementList block) {
  for (uint32_t i = 0; i < block.n; i++) {
    const Statement *s = &block.items[i];
    text_printf(key, "s%d %u %u %u %u %d ", (int)s->kind, s->value, s->local, s->parameter,
                s->parameter2, s->for_writing);
    for (uint32_t k = 0; k < s->n_at; k++) key_offset(key, s->at[k]);
    key_offset(key, s->offset);
    if (s->kind == STATEMENT_TRANSPOSE) {
      key_offset(key, s->offset2);
      text_printf(key, "%" PRId64 " %" PRId64, s->stride, s->stride2);
      key_lanes(key, s->type);
    }
    if (s->kind == STATEMENT_LOOP) {
      text_printf(key, "%u %" PRId64 " %" PRId64 " %" PRId64 " %d", s->variable, s->from, s->to,
                  s->step, (int)s->mark);
      if (s->least != NULL) key_offset(key, *s->least);
      text_add(key, "<");
      if (s->beyond != NULL) key_offset(key, *s->beyond);
    }
    text_add(key, "{");
    key_block(key, s->body);
    text_add(key, "}{");
    key_block(key, s->other);
    text_add(key, "}");
  }
}

bool is_site(const Kernel *k, ValueId value) {
  for (uint32_t i = 0; i < k->n_sites; i++)
    if (k->sites[i] == value) return true;
  return false;
}

static const char *kernel_key(Arena *arena, const Kernel *k) {
  Text key = text_new(arena);
  for (uint32_t i = 0; i < k->n_parameters; i++)
    text_printf(&key, "p%d.%d.%d%d", (int)k->parameters[i].type, (int)k->parameters[i].storage,
                k->parameters[i].written, k->parameters[i].read);
  for (uint32_t i = 0; i < k->n_locals; i++) {
    key_lanes(&key, k->locals[i].type);
    text_printf(&key, "l%u %" PRId64 " %" PRId64, k->locals[i].dimensions, k->locals[i].size[0],
                k->locals[i].size[1]);
  }
  for (uint32_t i = 0; i < k->n_values; i++) {
    const Value *v = &k->values[i];
    bool site = is_site(k, i);
    text_printf(&key, "v%d %d %u %a %" PRId64 " ", (int)v->kind, (int)v->op, v->index, v->real,
                site ? 0 : v->integer);
    if (site) text_add(&key, "site ");
    key_lanes(&key, v->type);
    for (uint32_t a = 0; a < v->n_args; a++) text_printf(&key, "%u,", v->args[a]);
    for (uint32_t a = 0; a < v->n_at; a++) key_offset(&key, v->at[a]);
    key_offset(&key, v->offset);
  }
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
