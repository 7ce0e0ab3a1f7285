/* Work for a team of threads.

   An entry with enough to do has one team for all its kernels: every thread makes the same calls.
   A loop that is marked as parallel has turns that do not depend on each other; here it is decided
   which of such loops, one in the other, the team shares, the two outermost together where one has
   few turns. What is not in such a loop one thread does alone, whichever comes first. Nobody waits
   at the end of either: a barrier stands where what follows reads, or overwrites, what others may
   still be at.

   An element is computed by one thread, in the order in which one alone computes it, and no sum is
   divided among threads: so the values are the same for any number of them. */
#include <string.h>
#include "lower/work.h"

enum { FEW_TURNS = 4 }; /* are not worth sharing: rather the loops inside */

/* What statements use, per local and per parameter. */
typedef struct Uses {
  const Kernel *kernel;
  bool *locals, *read, *written;
  bool stores;
} Uses;

static Uses uses_new(Arena *arena, const Kernel *k) {
  return (Uses){.kernel = k,
                .locals = ARENA_ARRAY(arena, bool, k->n_locals + 1),
                .read = ARENA_ARRAY(arena, bool, k->n_parameters + 1),
                .written = ARENA_ARRAY(arena, bool, k->n_parameters + 1)};
}

static void use_value(Uses *u, ValueId id);

static void use_offset(Uses *u, const Offset *offset) {
  for (uint32_t i = 0; i < offset->n; i++) use_value(u, offset->terms[i].value);
}

static void use_value(Uses *u, ValueId id) {
  if (id == VALUE_NONE) return;
  const Value *v = &u->kernel->values[id];
  if (v->kind == VALUE_LOCAL || v->kind == VALUE_FOLD_ROWS) u->locals[v->index] = true;
  if (v->kind == VALUE_LOAD) u->read[v->index] = true;
  use_offset(u, &v->offset);
  for (uint32_t i = 0; i < v->n_at; i++) use_offset(u, &v->at[i]);
  for (uint32_t i = 0; i < v->n_args; i++) use_value(u, v->args[i]);
}

static void use_list(Uses *u, const StatementList *list);

static void use_statement(Uses *u, const Statement *s) {
  switch (s->kind) {
  case STATEMENT_IF: use_value(u, s->value); break;
  case STATEMENT_DECLARE: use_value(u, s->value); break;
  case STATEMENT_ASSIGN:
    u->locals[s->local] = true;
    use_value(u, s->value);
    for (uint32_t i = 0; i < s->n_at; i++) use_offset(u, &s->at[i]);
    break;
  case STATEMENT_STORE:
    u->written[s->parameter] = u->stores = true;
    use_value(u, s->value);
    use_offset(u, &s->offset);
    break;
  case STATEMENT_TRANSPOSE:
    u->read[s->parameter] = u->written[s->parameter2] = u->stores = true;
    use_offset(u, &s->offset);
    use_offset(u, &s->offset2);
    break;
  case STATEMENT_PREFETCH: use_offset(u, &s->offset); break;
  case STATEMENT_LOOP:
  case STATEMENT_ONE:
  case STATEMENT_BARRIER: break;
  }
  if (s->least != NULL) use_offset(u, s->least);
  if (s->beyond != NULL) use_offset(u, s->beyond);
  use_list(u, &s->body);
  use_list(u, &s->other);
}

static void use_list(Uses *u, const StatementList *list) {
  for (uint32_t i = 0; i < list->n; i++) use_statement(u, &list->items[i]);
}

/* --- loops that are not shared --- */

static void remove_barriers(StatementList *list) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < list->n; i++)
    if (list->items[i].kind != STATEMENT_BARRIER) list->items[n++] = list->items[i];
  list->n = n;
}

/* For one thread. */
static void keep_alone(StatementList *list) {
  remove_barriers(list);
  for (uint32_t i = 0; i < list->n; i++) {
    Statement *s = &list->items[i];
    if (s->mark == LOOP_PARALLEL) s->mark = LOOP_PLAIN;
    keep_alone(&s->body);
    keep_alone(&s->other);
  }
}

static int64_t turns_of(const Statement *s) { return (s->to - s->from) / s->step; }

static bool is_parallel(const Statement *s) {
  return s->kind == STATEMENT_LOOP && s->mark == LOOP_PARALLEL && turns_of(s) > 1;
}

/* Whether there is a loop to share. A branch is one thread's. */
static bool has_parallel(const Statement *s) {
  if (s->kind != STATEMENT_LOOP || s->mark == LOOP_UNROLLED) return false;
  if (is_parallel(s)) return true;
  for (uint32_t i = 0; i < s->body.n; i++)
    if (has_parallel(&s->body.items[i])) return true;
  return false;
}

static bool list_has_parallel(const StatementList *list) {
  for (uint32_t i = 0; i < list->n; i++)
    if (has_parallel(&list->items[i])) return true;
  return false;
}

/* --- barriers --- */

static bool any_of_both(const bool *a, const bool *b, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (a[i] && b[i]) return true;
  return false;
}

static bool conflict(const Uses *before, const Uses *after) {
  uint32_t n = after->kernel->n_parameters;
  return any_of_both(before->written, after->read, n) ||
         any_of_both(before->written, after->written, n) ||
         any_of_both(before->read, after->written, n);
}

/* Of the barriers between statements, those that nothing asks for go. The last statement of a loop
   may be one: it stands between two turns, and stays. */
static void drop_barriers(Arena *arena, const Kernel *k, StatementList *list) {
  Uses before = uses_new(arena, k);
  uint32_t n = 0;
  for (uint32_t i = 0; i < list->n;) {
    uint32_t end = i;
    Uses after = uses_new(arena, k);
    for (; end < list->n && list->items[end].kind != STATEMENT_BARRIER; end++)
      use_statement(&after, &list->items[end]);
    if (n > 0 && conflict(&before, &after)) {
      list->items[n++] = (Statement){.kind = STATEMENT_BARRIER, .value = VALUE_NONE};
      before = after;
    } else {
      for (uint32_t p = 0; p < k->n_parameters; p++) {
        before.read[p] = before.read[p] || after.read[p];
        before.written[p] = before.written[p] || after.written[p];
      }
    }
    for (; i < end; i++) list->items[n++] = list->items[i];
    if (end < list->n && end + 1 == list->n) list->items[n++] = list->items[end];
    i = end + 1;
  }
  list->n = n;
}

/* --- what is shared --- */

static void share_list(Arena *arena, const Kernel *k, StatementList *list);

static void share_statement(Arena *arena, const Kernel *k, Statement *s) {
  Statement *inner = &s->body.items[0];
  if (!is_parallel(s)) {
    if (s->mark == LOOP_PARALLEL) s->mark = LOOP_PLAIN;
    share_list(arena, k, &s->body);
  } else if (turns_of(s) < MANY_TURNS && s->body.n == 1 && is_parallel(inner)) {
    s->mark = LOOP_PARALLEL2;
    inner->mark = LOOP_PLAIN;
    keep_alone(&inner->body);
  } else if (turns_of(s) < FEW_TURNS && list_has_parallel(&s->body)) {
    s->mark = LOOP_PLAIN;
    share_list(arena, k, &s->body);
  } else {
    keep_alone(&s->body);
  }
}

/* Ends of runs of statements with nothing to share: from `i` on. */
static uint32_t end_of_run(const StatementList *list, uint32_t i) {
  while (i < list->n && list->items[i].kind != STATEMENT_BARRIER && !has_parallel(&list->items[i]))
    i++;
  return i;
}

/* Whether what the statements from `first` to `end` declare is used after them: then they are not
   one thread's alone. */
static bool declares_for_others(Arena *arena, const Kernel *k, const StatementList *list,
                                uint32_t first, uint32_t end) {
  Uses after = uses_new(arena, k);
  for (uint32_t i = end; i < list->n; i++) use_statement(&after, &list->items[i]);
  for (uint32_t i = first; i < end; i++)
    if (list->items[i].kind == STATEMENT_DECLARE && after.locals[list->items[i].local]) return true;
  return false;
}

static bool run_stores(Arena *arena, const Kernel *k, const StatementList *list, uint32_t first,
                       uint32_t end) {
  Uses run = uses_new(arena, k);
  for (uint32_t i = first; i < end; i++) use_statement(&run, &list->items[i]);
  return run.stores;
}

/* What stores something is done by one thread; what only computes locals by each for itself. */
static bool can_share(Arena *arena, const Kernel *k, const StatementList *list) {
  for (uint32_t i = 0; i < list->n; i++) {
    uint32_t end = end_of_run(list, i);
    if (end > i && run_stores(arena, k, list, i, end) &&
        declares_for_others(arena, k, list, i, end))
      return false;
    i = end;
  }
  return true;
}

static void share_list(Arena *arena, const Kernel *k, StatementList *list) {
  if (!list_has_parallel(list) || !can_share(arena, k, list)) {
    keep_alone(list);
    return;
  }
  StatementList shared = {ARENA_ARRAY(arena, Statement, list->n + 1), 0};
  for (uint32_t i = 0; i < list->n; i++) {
    uint32_t end = end_of_run(list, i);
    StatementList run = {&list->items[i], end - i};
    if (run.n > 0) keep_alone(&run);
    if (run.n > 0 && run_stores(arena, k, list, i, end))
      shared.items[shared.n++] = (Statement){
          .kind = STATEMENT_ONE, .part = run.items[0].part, .value = VALUE_NONE, .body = run};
    else
      for (; i < end; i++) shared.items[shared.n++] = list->items[i];
    i = end;
    if (i == list->n) break;
    if (list->items[i].kind != STATEMENT_BARRIER) share_statement(arena, k, &list->items[i]);
    shared.items[shared.n++] = list->items[i];
  }
  drop_barriers(arena, k, &shared);
  *list = shared;
}

/* --- entries --- */

static double operations_of(const KernelCall *call) {
  double operations = 0;
  for (int part = 0; part < N_PARTS; part++) operations += call->cost[part].operations;
  return operations;
}

static bool is_worth_a_team(const Plan *plan, const EntryPlan *entry) {
  double operations = 0;
  for (uint32_t i = 0; i < entry->n_calls; i++)
    if (list_has_parallel(&plan->kernels[entry->calls[i].kernel].body))
      operations += operations_of(&entry->calls[i]);
  return operations > 0 && operations >= plan->target->team_operations;
}

static bool share_bytes(const Plan *plan, BufferId i, BufferId k) {
  const Buffer *a = &plan->buffers[i], *b = &plan->buffers[k];
  if (i == k) return true;
  if (a->kind != BUFFER_WORKSPACE || b->kind != BUFFER_WORKSPACE) return false;
  return a->offset < buffer_end(b) && b->offset < buffer_end(a);
}

/* Whether a call reads or writes what the one before writes, or writes what that reads. */
static bool depends(const Plan *plan, const KernelCall *before, const KernelCall *after) {
  const Kernel *a = &plan->kernels[before->kernel], *b = &plan->kernels[after->kernel];
  for (uint32_t i = 0; i < a->n_parameters; i++)
    for (uint32_t k = 0; k < b->n_parameters; k++)
      if ((a->parameters[i].written || b->parameters[k].written) &&
          share_bytes(plan, before->buffers[i], after->buffers[k]))
        return true;
  return false;
}

static void find_waits(const Plan *plan, EntryPlan *entry) {
  uint32_t first = 0; /* of the calls that others may still be at */
  for (uint32_t i = 0; i < entry->n_calls; i++) {
    for (uint32_t k = first; k < i && !entry->calls[i].waits; k++)
      entry->calls[i].waits = depends(plan, &entry->calls[k], &entry->calls[i]);
    if (entry->calls[i].waits) first = i;
  }
}

void plan_threads(Plan *plan) {
  for (uint32_t i = 0; i <= plan->n_entries; i++) {
    EntryPlan *entry = i < plan->n_entries ? &plan->entries[i] : &plan->init;
    entry->team = is_worth_a_team(plan, entry);
    plan->uses_threads = plan->uses_threads || entry->team;
    if (!entry->team) continue;
    find_waits(plan, entry);
    for (uint32_t c = 0; c < entry->n_calls; c++)
      plan->kernels[entry->calls[c].kernel].for_team = true;
  }
  for (KernelId i = 0; i < plan->n_kernels; i++) {
    Kernel *k = &plan->kernels[i];
    k->for_team = k->for_team && list_has_parallel(&k->body) && can_share(plan->arena, k, &k->body);
    if (k->for_team)
      share_list(plan->arena, k, &k->body);
    else
      keep_alone(&k->body);
  }
}
