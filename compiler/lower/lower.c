/* Stage 5, in its parts. First, where windows want it, axes of the program are split into blocks
   (axis_blocks.c); then for each entry, and for init,

     nodes      the definitions its results depend on            nodes.c
     phases     sums with outputs in / and %                     phases.c
     order      what runs before what, updates in place          order.c
                what is computed step by step                    recurrence.c, draw.c
     params     how those that nothing changes are stored         stored.c
     buffers    where they are stored                            buffers.c, layout.c
     groups     which definitions become one kernel              group.c, slots.c
     kernels    loops, lanes, tiles                              loops.c, tile.c, scatter.c
   then one workspace for all, and kernels that are alike once   buffers.c, share.c
   and what a team of threads shares                             threads.c */
#include "lower/lower.h"
#include <string.h>
#include "graph/scalar_ops.h"
#include "lower/axis_blocks.h"
#include "lower/cost.h"
#include "lower/work.h"

typedef struct Lowering {
  Plan *plan;
  KernelTable kernels;
  Map names;       /* of kernels: taken */
  BufferId *fixed; /* per tensor: inputs, params, states */
  uint32_t n_fixed;
  StoredWish *wishes; /* while those of the entries are found; NULL */
} Lowering;

/* `dense1.z.sum` is a part of `dense1.z`. */
static int depth_of(const char *path) {
  int depth = 0;
  for (; *path != '\0'; path++) depth += *path == '.';
  return depth;
}

/* The definition that a kernel, or a part of it, is called by: the first of those that are least a
   part of others. By name alone, so that a dump compiles to the same C. NULL: it has no such part.
 */
static const Node *main_node(const Work *w, const NodeGroup *groups, size_t n_groups,
                             const Part *part) {
  const Node *best = NULL;
  for (size_t k = 0; k < n_groups; k++)
    for (size_t i = 0; i < groups[k].nodes.count; i++) {
      const Node *n = node_at(w, groups[k].nodes.items[i]);
      if (part != NULL && n->part != *part) continue;
      if (best == NULL || depth_of(n->name) < depth_of(best->name)) best = n;
    }
  return best;
}

/* `dense1_z` of dense1.z, `W_new` of W', or with a number when that is taken */
static const char *kernel_name(Lowering *l, const Node *n) {
  Text path = text_new(l->plan->arena);
  for (const char *c = n->name; *c != '\0'; c++)
    text_addn(&path, *c == '.' ? "_" : *c == '\'' ? "_new" : c, *c == '\'' ? 4 : 1);
  const char *base = c_identifier(l->plan->arena, text_string(&path)), *name = base;
  for (int i = 2; map_get(&l->names, name) != NULL; i++)
    name = arena_printf(l->plan->arena, "%s_%d", base, i);
  return name;
}

static void build_group(Work *w, Builder *b, const NodeGroup *g) {
  b->part = node_at(w, g->nodes.items[0])->part;
  switch (g->kind) {
  case GROUP_LOOPS: build_loops(w, b, g); break;
  case GROUP_SCATTER: build_scatter(w, b, g); break;
  case GROUP_CONTRACTION: build_contraction(w, b, g); break;
  case GROUP_TRANSPOSE: build_transposed(w, b, g); break;
  }
}

static Recurrence *recurrence_of(const Work *w, size_t group) {
  return node_at(w, w->groups.items[group].nodes.items[0])->recurrence;
}

/* The definitions of the groups into call->computes. */
static void list_definitions(const Work *w, const NodeGroup *groups, size_t n, KernelCall *call) {
  ARRAY(TensorId) computes = {0};
  for (size_t k = 0; k < n; k++)
    for (size_t i = 0; i < groups[k].nodes.count; i++) {
      TensorId tensor = node_at(w, groups[k].nodes.items[i])->tensor;
      if (tensor != TENSOR_NONE) ARRAY_PUSH(w->arena, &computes, tensor);
    }
  call->computes = computes.items;
  call->n_computes = (uint32_t)computes.count;
}

static uint32_t parameter_of(const Builder *b, BufferId buffer) {
  uint32_t p = 0;
  while (p < b->bound.count && b->bound.items[p] != buffer) p++;
  return p;
}

/* What the kernel's nodes leave in its buffers. */
static void find_stored(const Work *w, const NodeGroup *groups, size_t n_groups, const Builder *b,
                        KernelCall *call) {
  Stored *stored = ARENA_ARRAY(w->arena, Stored, b->bound.count + 1);
  for (size_t k = 0; k < n_groups; k++)
    for (size_t i = 0; i < groups[k].nodes.count; i++) {
      const Node *n = node_at(w, groups[k].nodes.items[i]);
      uint32_t p = n->buffer == BUFFER_NONE ? UINT32_MAX : parameter_of(b, n->buffer);
      if (p >= b->bound.count || !b->parameters.items[p].written) continue;
      TensorId tensor = n->tensor != TENSOR_NONE ? n->tensor : w->plan->buffers[n->buffer].tensor;
      stored[call->n_stored++] = (Stored){p, tensor, n->part};
    }
  call->stored = stored;
}

/* One group, or the groups of a recurrence inside its loops: from *group on, which becomes the
   number of the next. */
static KernelCall build_kernel(Lowering *l, Work *w, size_t *group) {
  Builder *b = builder_new(w->arena, l->plan);
  size_t first = *group, n = 1;
  const Recurrence *all = outermost(recurrence_of(w, first));
  if (all == NULL) {
    build_group(w, b, &w->groups.items[first]);
  } else {
    Recurrence *open = NULL;
    for (n = 0; first + n < w->groups.count; n++) {
      Recurrence *wanted = recurrence_of(w, first + n);
      if (outermost(wanted) != all) break;
      if (n > 0) kernel_barrier(b);
      open = enter_recurrence(b, open, wanted);
      kernel_comment(b, describe_nodes(w, &w->groups.items[first + n]));
      build_group(w, b, &w->groups.items[first + n]);
    }
    kernel_barrier(b);
    enter_recurrence(b, open, NULL);
  }
  *group = first + n;
  const NodeGroup *groups = &w->groups.items[first];
  const char *name = kernel_name(l, main_node(w, groups, n, NULL));
  KernelId before = l->plan->n_kernels;
  Kernel kernel = builder_finish(b, name, describe_kernel(w, groups, n));
  KernelCall call = {.buffers = b->bound.items};
  find_cost(l->plan, &kernel, call.buffers, call.cost);
  for (int k = 0; k < N_PARTS; k++) {
    const Node *called = main_node(w, groups, n, &(Part){(Part)k});
    call.cost[k].name = called == NULL ? NULL : called->name;
  }
  list_definitions(w, groups, n, &call);
  int64_t *sites = ARENA_ARRAY(l->plan->arena, int64_t, kernel.n_sites + 1);
  for (uint32_t i = 0; i < kernel.n_sites; i++) sites[i] = kernel.values[kernel.sites[i]].integer;
  call.sites = sites;
  find_stored(w, groups, n, b, &call);
  call.kernel = share_kernel(l->plan, &l->kernels, kernel);
  if (call.kernel == before) map_set(&l->names, name, l->plan);
  return call;
}

/* From the first call that has it as a parameter to the last. */
static void find_lifetimes(Plan *plan, const EntryPlan *entry, uint32_t number) {
  for (BufferId i = 0; i < plan->n_buffers; i++)
    if (plan->buffers[i].kind == BUFFER_WORKSPACE && plan->buffers[i].entry == number)
      plan->buffers[i].first = UINT32_MAX;
  for (uint32_t call = 0; call < entry->n_calls; call++) {
    const Kernel *k = &plan->kernels[entry->calls[call].kernel];
    for (uint32_t p = 0; p < k->n_parameters; p++) {
      Buffer *b = &plan->buffers[entry->calls[call].buffers[p]];
      if (b->kind != BUFFER_WORKSPACE) continue;
      if (b->first == UINT32_MAX) b->first = call;
      b->last = call;
    }
  }
}

/* Up to where everything is stored. */
static Work lay_out(Lowering *l, const Entry *entry, uint32_t number, EntryPlan *result) {
  Plan *plan = l->plan;
  Work w = {.arena = plan->arena,
            .program = plan->program,
            .graph = plan->program->graph,
            .plan = plan,
            .target = plan->target,
            .entry = entry,
            .number = number,
            .wishes = l->wishes,
            .n_wishes = l->n_fixed,
            .buffer_of = l->fixed,
            .node_of = ARENA_ARRAY(plan->arena, uint32_t, l->n_fixed + 1),
            .n_tensors = l->n_fixed};
  BufferId *buffer_of = ARENA_ARRAY(plan->arena, BufferId, l->n_fixed + 1);
  memcpy(buffer_of, l->fixed, l->n_fixed * sizeof *buffer_of);
  w.buffer_of = buffer_of;
  know_tensors(&w);
  make_nodes(&w);
  find_checks(&w, result);
  inline_nodes(&w);
  find_phases(&w);
  hoist_invariants(&w);
  find_contractions(&w);
  compute_early(&w);
  read_clipped(&w);
  find_zeros(&w);
  order_nodes(&w);
  make_layouts(&w);
  return w;
}

static EntryPlan lower_entry(Lowering *l, const Entry *entry, uint32_t number) {
  Plan *plan = l->plan;
  EntryPlan result = {.entry = entry};
  Work w = lay_out(l, entry, number, &result);
  make_groups(&w);
  find_parts(&w);
  result.calls = ARENA_ARRAY(plan->arena, KernelCall, w.groups.count + 1);
  for (size_t i = 0; i < w.groups.count;) {
    KernelCall call = build_kernel(l, &w, &i);
    result.calls[result.n_calls++] = call;
    const Kernel *k = &plan->kernels[call.kernel];
    result.uses_seed = result.uses_seed || k->uses_seed;
  }
  find_lifetimes(plan, &result, number);
  return result;
}

/* The params' buffers are made first, in the program's order: they have the same numbers. */
static void store_alike(Plan *plan, const BufferId *buffer_of, const Plan *alike) {
  for (uint32_t i = 0; i < plan->program->n_params; i++) {
    BufferId id = buffer_of[plan->program->params[i]];
    plan->buffers[id].strides = alike->buffers[id].strides;
  }
}

/* Makes the layouts of all entries and forgets them, for what their wishes are. */
static void try_layouts(Lowering *l, AxisBlocks *blocks) {
  const Program *p = l->plan->program;
  GraphMark mark = graph_mark(p->graph);
  uint32_t n_buffers = l->plan->n_buffers;
  for (uint32_t i = 0; i < p->n_entries; i++) {
    EntryPlan forgotten = {.entry = &p->entries[i]};
    Work w = lay_out(l, &p->entries[i], i, &forgotten);
    if (l->wishes != NULL) wish_of_loops(&w);
    if (blocks != NULL) want_blocks(blocks, &w);
    graph_reset(p->graph, &mark);
    l->plan->n_buffers = n_buffers;
  }
}

static Lowering begin(Arena *arena, const Program *program, const TargetMachine *target) {
  Plan *plan = ARENA_NEW(arena, Plan);
  *plan = (Plan){.arena = arena, .program = program, .target = target};
  plan->n_entries = program->n_entries;
  plan->entries = ARENA_ARRAY(arena, EntryPlan, program->n_entries + 1);
  Lowering l = {.plan = plan, .kernels = {map_new(arena)}, .names = map_new(arena)};
  l.n_fixed = program->graph->n_tensors;
  l.fixed = ARENA_ARRAY(arena, BufferId, l.n_fixed + 1);
  memset(l.fixed, 0xff, (l.n_fixed + 1) * sizeof *l.fixed);
  make_fixed_buffers(plan, l.fixed);
  l.wishes = free_params(arena, program);
  return l;
}

/* The definitions that lowering made get a place in the given program, as without blocks: under the
   same ids, by which a plan names them. */
static void add_stand_ins(const Program *given, const Graph *lowered) {
  for (TensorId id = given->graph->n_tensors; id < lowered->n_tensors; id++) {
    Tensor t = *tensor_at(lowered, id);
    t.kind = TENSOR_STAND_IN;
    t.body = EXPR_NONE;
    t.source = TENSOR_NONE;
    graph_add(given->graph, t);
  }
}

Plan *lower(Arena *arena, const Program *program, const TargetMachine *target, const Plan *alike) {
  Lowering l = begin(arena, program, target);
  AxisBlocks *blocks = axis_blocks_new(arena, program);
  if (blocks != NULL) try_layouts(&l, blocks);
  const Program *in_blocks = blocks == NULL ? program : program_in_blocks(blocks);
  if (in_blocks != program) l = begin(arena, in_blocks, target);
  bool tried = blocks != NULL && in_blocks == program;
  if (alike == NULL && l.wishes != NULL && !tried) try_layouts(&l, NULL);
  Plan *plan = l.plan;
  if (alike != NULL)
    store_alike(plan, l.fixed, alike);
  else if (l.wishes != NULL)
    store_as_wished(plan, l.wishes, l.fixed);
  l.wishes = NULL;
  for (uint32_t i = 0; i < plan->n_entries; i++)
    plan->entries[i] = lower_entry(&l, &in_blocks->entries[i], i);
  plan->init = lower_entry(&l, NULL, plan->n_entries);
  drop_unused_buffers(plan);
  place_workspace(plan);
  plan_threads(plan);
  if (in_blocks != program) add_stand_ins(program, in_blocks->graph);
  return plan;
}
