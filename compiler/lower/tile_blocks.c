/* Long sums by vectors that are added up at the end, where output indices are left besides rows and
   columns, as the window of a convolution's weight gradient: tiles of all of these go together
   through one block of k after the other, so that operands come from L1 to all but the first of
   them. Their sums wait in an array meanwhile:

       for rows, columns:
         partial[o][r][v] = 0 for all other outputs o
         for the vectors of some lines of the lanes' index, maybe for each value of another one:
           for o:  sum = partial[o];  sum += …;  partial[o] = sum
         for o:  y = the lanes of partial[o] added up */
#include "lower/tile.h"

/* An output index that is neither rows nor columns. */
bool is_other(const Tiling *t, uint32_t v) {
  const Contraction *c = t->contraction;
  return v != c->row && v != c->lane && !(c->dot && v == c->column) && !is_step(t->node, v) &&
         (t->bound_outside >> v & 1) == 0;
}

int64_t count_others(const Tiling *t) {
  int64_t count = 1;
  for (uint32_t v = 0; v < t->node->rank; v++)
    if (is_other(t, v)) count *= t->node->extents[v];
  return count;
}

int64_t factor_of(const Work *w, const Affine *a, uint32_t v) {
  for (uint32_t k = 0; k < a->n; k++)
    if (expr_at(w->graph, a->terms[k].atom)->index == v) return a->terms[k].factor;
  return 0;
}

/* The loop over output index v, just opened, within what the block limits it to: where the block's
   index k is at least a·v + rest, a·v ≤ k − rest; where it is less, a·v ≥ k − rest + 1. a is 1 or
   −1. */
static void limit_other(Tiling *t, uint32_t v) {
  Builder *b = t->c.b;
  const Contraction *c = t->contraction;
  const Offset *bounds[2] = {NULL, NULL};
  for (size_t i = 0; i < c->limits.count; i++) {
    const Limit *limit = &c->limits.items[i];
    int64_t a = factor_of(t->c.w, &limit->at, v);
    if (limit->index != t->block || a == 0) continue;
    Offset rest = offset_add(b, offset_of(t, &limit->at), -a, t->bindings[v].offset);
    Offset *at = ARENA_NEW(t->c.w->arena, Offset);
    *at = offset_add(b, t->bindings[t->block].offset, -1, rest);
    bool above = limit->above != (a == 1); /* of v itself */
    if (limit->above) at->constant++;
    if (a == -1) *at = offset_add(b, offset_number(0), -1, *at);
    if (above) at->constant++;
    bounds[above] = at;
  }
  kernel_limit(b, bounds[0], bounds[1],
               (double)t->node->extents[v] * average_turns(t->node, c, t->block, t->c.w->graph) /
                   (double)t->node->extents[t->block]);
}

/* The loops over the other outputs stay open; where they are in a block, within what it limits.
   Returns how many, and *flat, the number of the output among them. */
static uint32_t open_others(Tiling *t, bool in_block, Offset *flat) {
  Builder *b = t->c.b;
  const Node *n = t->node;
  uint32_t opened = 0;
  *flat = offset_number(0);
  for (uint32_t v = 0; v < n->rank; v++) {
    if (!is_other(t, v)) continue;
    uint32_t variable = kernel_variable(b, index_name(n, v));
    kernel_loop(b, variable, 0, n->extents[v], 1, LOOP_ROLLED);
    t->bindings[v] = bound(offset_variable(b, variable), false);
    if (in_block) limit_other(t, v);
    *flat = offset_add(b, t->bindings[v].offset, n->extents[v], *flat);
    opened++;
  }
  return opened;
}

/* sum[r][v] = partial[flat · rows + r][v], or the other way round */
static void move_sums(Tiling *t, uint32_t partial, Offset flat, bool back) {
  Builder *b = t->c.b;
  Offset at[2], there[2];
  open_tile(t, at, LOOP_UNROLLED);
  there[0] = offset_add(b, at[0], t->tile.rows, flat);
  there[1] = at[1];
  if (back)
    kernel_assign(b, partial, there, 2, kernel_local(b, t->sum, at, 2));
  else
    kernel_assign(b, t->sum, at, 2, kernel_local(b, partial, there, 2));
  close_loops(t, 2);
}

void build_blocked_tile(Tiling *t) {
  Builder *b = t->c.b;
  const Node *n = t->node;
  Lanes type = lanes_of(n->type, t->lanes);
  int64_t rows = count_others(t) * t->tile.rows;
  name_sums(t);
  uint32_t partial = kernel_array(b, "partial", type, rows, t->tile.vectors), opened;
  Offset flat, at[2];
  kernel_declare(b, partial, VALUE_NONE);
  uint32_t variable = kernel_variable(b, "r");
  kernel_loop(b, variable, 0, rows, 1, LOOP_PLAIN);
  at[0] = offset_variable(b, variable);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  kernel_assign(b, partial, at, 2, kernel_splat(b, kernel_number(b, n->type, 0), t->lanes));
  close_loops(t, 2);
  open_lanes(t, t->sizes.abreast, LOOP_ROLLED);
  if (t->block != NO_INDEX) open_k(t, t->block, 0, n->extents[t->block], 1, LOOP_ROLLED);
  opened = open_others(t, t->block != NO_INDEX, &flat);
  kernel_declare(b, t->sum, VALUE_NONE);
  move_sums(t, partial, flat, false);
  sum_over_k(t);
  move_sums(t, partial, flat, true);
  close_loops(t, opened + (t->block != NO_INDEX ? 2 : 1));
  uint32_t block = t->block;
  t->block = NO_INDEX; /* all is as without blocks from here on */
  opened = open_others(t, false, &flat);
  declare_sums(t);
  move_sums(t, partial, flat, false);
  finish_tile(t);
  close_loops(t, opened);
  t->block = block;
}
