/* The sums of one tile: sum[r][v] += left[r, k] · right[k, v] for all k, within the bounds that a
   contraction's limits set (limits.c). */
#include "lower/tile.h"

void unrolled(Tiling *t, const char *name, int64_t to, Offset *offset) {
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, name);
  kernel_loop(b, variable, 0, to, 1, LOOP_UNROLLED);
  *offset = offset_variable(b, variable);
}

static void bind_row(Tiling *t, Offset r) {
  if (t->contraction->row == NO_INDEX) return;
  t->bindings[t->contraction->row] = bound(offset_add(t->c.b, t->row0, 1, r), false);
}

/* Vector v of the tile, or column v. */
static void bind_column(Tiling *t, Offset v) {
  const Contraction *c = t->contraction;
  if (c->dot && c->column != NO_INDEX)
    t->bindings[c->column] = bound(offset_add(t->c.b, t->column0, 1, v), false);
  if (!c->dot)
    t->bindings[c->lane] = (Binding){.offset = offset_add(t->c.b, t->column0, t->lanes, v),
                                     .lanes = t->lanes > 1,
                                     .panel = t->column0};
}

/* for r: for v: vector v, or column v, of row r; both loops stay open. Rows that are not unrolled
   must be in no registers. */
void open_tile(Tiling *t, Offset at[2], LoopMark rows) {
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, "r");
  kernel_loop(b, variable, 0, t->tile.rows, 1, rows);
  at[0] = offset_variable(b, variable);
  bind_row(t, at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  bind_column(t, at[1]);
}

ValueId operand(Tiling *t, ExprId read, int lanes) {
  Node reading = *t->node;
  reading.body = read;
  ValueId value = translate_body(&t->c, &reading, t->bindings, lanes);
  return t->present > 0 ? kernel_load_part(t->c.b, value, t->present) : value;
}

void close_loops(Tiling *t, uint32_t n) {
  for (; n > 0; n--) kernel_end(t->c.b);
}

static bool in_portions(const Tiling *t, uint32_t v) {
  return t->stage == PORTIONS && v == t->node->rank;
}

/* The loop that its products' innermost index runs in: how many turns; the index. */
static int64_t innermost_turns(const Tiling *t, uint32_t *v) {
  const Node *n = t->node;
  bool dot = t->contraction->dot;
  *v = dot ? t->contraction->lane : n->rank + n->n_reduced - 1;
  if (in_portions(t, *v)) return t->portion;
  return dot ? n->extents[*v] / t->lanes : n->extents[*v];
}

/* A multiply-add waits for the one before it in the same sum: with few sums, each of them is
   several that take turns. */
static int64_t choose_chains(const Tiling *t) {
  enum { IN_FLIGHT = 8, MOST = 4 };
  int64_t registers = t->c.w->target->vector_registers * 3 / 4;
  const Contraction *c = t->contraction;
  uint32_t v;
  int64_t turns = innermost_turns(t, &v), chains = 1;
  bool limited = (c->limited >> v & 1) != 0 || c->within.count > 0 || c->listed;
  if (t->stage != WHOLE_SUMS || t->in_blocks || limited) return 1;
  int64_t sums = t->tile.rows * t->tile.vectors;
  while (chains < MOST && sums * chains < IN_FLIGHT && 2 * sums * chains <= registers &&
         turns % (2 * chains) == 0 && turns >= 4 * chains)
    chains *= 2;
  return chains;
}

void name_sums(Tiling *t) {
  Lanes type = lanes_of(t->node->type, t->lanes);
  Contraction *c = t->contraction;
  t->chains = choose_chains(t);
  if (c->tile_rows == 0) {
    c->tile_rows = t->tile.rows;
    c->tile_columns = t->tile.vectors * t->lanes;
  }
  t->sum = kernel_array(t->c.b, "sum", type, t->chains * t->tile.rows, t->tile.vectors);
}

void declare_sums(Tiling *t) {
  name_sums(t);
  kernel_declare(t->c.b, t->sum, VALUE_NONE);
}

/* To 0; where there is one turn of products, they are not added to anything. */
void clear_sums(Tiling *t) {
  Builder *b = t->c.b;
  Offset at[2];
  uint32_t v;
  t->starts = !t->in_blocks && t->node->n_reduced == 1 && innermost_turns(t, &v) == 1 &&
              t->stage == WHOLE_SUMS && t->contraction->limits.count == 0 &&
              t->contraction->within.count == 0;
  if (t->starts) return;
  unrolled(t, "r", t->chains * t->tile.rows, &at[0]);
  unrolled(t, "v", t->tile.vectors, &at[1]);
  kernel_assign(b, t->sum, at, 2, kernel_splat(b, kernel_number(b, t->node->type, 0), t->lanes));
  close_loops(t, 2);
}

/* sum[r][v] += left[r] · right[v] at one k, in one of its chains; or =, where sums start. */
static void add_products(Tiling *t, Offset chain) {
  Builder *b = t->c.b;
  Lanes type = lanes_of(t->node->type, t->lanes);
  uint32_t right = kernel_array(b, "right", type, t->tile.vectors, 0);
  kernel_declare(b, right, VALUE_NONE);
  Offset v, at[2];
  unrolled(t, "v", t->tile.vectors, &v);
  bind_column(t, v);
  kernel_assign(b, right, &v, 1,
                kernel_splat(b, operand(t, t->contraction->right, t->lanes), t->lanes));
  close_loops(t, 1);
  unrolled(t, "r", t->tile.rows, &at[0]);
  bind_row(t, at[0]);
  int left_lanes = t->contraction->dot ? t->lanes : 1;
  uint32_t left = kernel_new_local(b, "left", lanes_of(t->node->type, left_lanes));
  kernel_declare(b, left, operand(t, t->contraction->left, left_lanes));
  unrolled(t, "v", t->tile.vectors, &at[1]);
  ValueId product = kernel_op2(b, OP_MUL, kernel_splat(b, kernel_local(b, left, NULL, 0), t->lanes),
                               kernel_local(b, right, &at[1], 1));
  at[0] = offset_add(b, at[0], t->tile.rows, chain);
  ValueId sum = product;
  if (!t->starts) sum = kernel_op2(b, OP_ADD, kernel_local(b, t->sum, at, 2), product);
  kernel_assign(b, t->sum, at, 2, sum);
  close_loops(t, 2);
  t->starts = false;
}

/* All chains of a sum into the first. */
static void join_chains(Tiling *t) {
  Builder *b = t->c.b;
  for (int64_t n = t->chains / 2; n > 0; n /= 2) {
    Offset at[2], other[2];
    unrolled(t, "r", n * t->tile.rows, &at[0]);
    unrolled(t, "v", t->tile.vectors, &at[1]);
    other[0] = offset_add(b, at[0], n * t->tile.rows, offset_number(1));
    other[1] = at[1];
    kernel_assign(
        b, t->sum, at, 2,
        kernel_op2(b, OP_ADD, kernel_local(b, t->sum, at, 2), kernel_local(b, t->sum, other, 2)));
    close_loops(t, 2);
  }
}

bool rest_in_vectors(const Tiling *t) {
  const Work *w = t->c.w;
  const ExprId sides[2] = {t->contraction->left, t->contraction->right};
  if (!t->contraction->dot || t->in_blocks) return false;
  for (int side = 0; side < 2; side++) {
    BufferId buffer = w->buffer_of[expr_at(w->graph, sides[side])->tensor];
    if (w->plan->buffers[buffer].storage != TYPE_BOOL) return false;
  }
  return true;
}

static void add_rest(Tiling *t) {
  uint32_t v = t->contraction->lane;
  int64_t extent = t->node->extents[v], rest = extent % t->lanes;
  if (rest == 0) return;
  t->bindings[v] = bound(offset_number(extent - rest), true);
  t->present = (int)rest;
  add_products(t, offset_number(0));
  t->present = 0;
}

Offset offset_of(Tiling *t, const Affine *a) {
  Builder *b = t->c.b;
  Offset sum = offset_number(a->constant);
  for (uint32_t k = 0; k < a->n; k++) {
    uint32_t index = expr_at(t->c.w->graph, a->terms[k].atom)->index;
    sum = offset_add(b, sum, a->terms[k].factor, t->bindings[index].offset);
  }
  return sum;
}

/* The last portion may be smaller than the others. */
static void limit_portion(Tiling *t) {
  int64_t extent = t->node->extents[t->node->rank];
  if (extent % t->portion == 0) return;
  Offset *left_over = ARENA_NEW(t->c.w->arena, Offset);
  *left_over = offset_add(t->c.b, offset_number(extent), -1, t->portion0);
  kernel_limit(t->c.b, NULL, left_over, (double)extent / (double)ceil_div(extent, t->portion));
}

/* What a sum of index variables is at most in the tile, but for the term of v. */
static Offset most_in_tile(Tiling *t, const Affine *d, uint32_t v) {
  Builder *b = t->c.b;
  const Contraction *c = t->contraction;
  Offset most = offset_number(d->constant);
  for (uint32_t k = 0; k < d->n; k++) {
    uint32_t index = expr_at(t->c.w->graph, d->terms[k].atom)->index;
    int64_t factor = d->terms[k].factor, last = 0;
    if (index == v) continue;
    if (index == c->row) last = t->tile.rows - 1;
    if (index == c->lane) last = t->tile.vectors * t->lanes - 1;
    Offset first = index == c->row    ? t->row0
                   : index == c->lane ? t->column0
                                      : t->bindings[index].offset;
    most = offset_add(b, most, factor, first);
    if (factor > 0) most.constant += factor * last;
  }
  return most;
}

/* Whether d >= 0 bounds reduced index v alone, or, of output indices, all of the first loop. */
static bool is_bound(Tiling *t, const Affine *d, uint32_t v) {
  uint32_t rank = t->node->rank, reduced = rank;
  int64_t factor = 0;
  for (uint32_t k = 0; k < d->n; k++) {
    uint32_t index = expr_at(t->c.w->graph, d->terms[k].atom)->index;
    if (index < rank) continue;
    if (factor != 0) return false;
    factor = d->terms[k].factor;
    reduced = index;
  }
  return reduced == v && (factor == 0 || factor == 1 || factor == -1);
}

/* The loop over reduced index v where its terms are not 0 for all of the tile. */
static void keep_within(Tiling *t, uint32_t v) {
  Builder *b = t->c.b;
  const Contraction *c = t->contraction;
  int64_t extent = t->node->extents[v];
  const Offset *bounds[2] = {NULL, NULL};
  for (size_t i = 0; i < c->within.count; i++) {
    const Affine *d = &c->within.items[i];
    if (!is_bound(t, d, v)) continue;
    int64_t factor = factor_of(t->c.w, d, v);
    Offset *at = ARENA_NEW(t->c.w->arena, Offset), most = most_in_tile(t, d, v);
    if (bounds[factor <= 0] != NULL) continue;
    *at = offset_add(b, offset_number(factor < 0 ? 1 : 0), factor > 0 ? -1 : 1, most);
    if (factor == 0) { /* all or nothing */
      at->constant++;
      *at = offset_add(b, offset_number(0), extent, *at);
    }
    bool always = at->n == 0 && (factor > 0 ? at->constant <= 0 : at->constant >= extent);
    if (!always) bounds[factor <= 0] = at;
  }
  if (bounds[0] != NULL || bounds[1] != NULL)
    kernel_limit(b, bounds[0], bounds[1], (double)extent / 2);
}

/* The loop over reduced index v, just opened, within its bounds. That over the blocks' index has
   none, but the output indices inside. */
static void limit_k(Tiling *t, uint32_t v) {
  const Contraction *c = t->contraction;
  const Offset *bounds[2] = {NULL, NULL};
  bool limited = (c->limited >> v & 1) != 0;
  if (!limited && in_portions(t, v)) limit_portion(t);
  if (!limited && !c->dot && t->portion == 0) keep_within(t, v);
  if (!limited || v == t->block) return;
  for (size_t i = 0; i < c->limits.count; i++) {
    const Limit *limit = &c->limits.items[i];
    if (limit->index != v) continue;
    Offset *at = ARENA_NEW(t->c.w->arena, Offset);
    *at = offset_of(t, &limit->at);
    if (in_portions(t, v)) *at = offset_add(t->c.b, *at, -1, t->portion0);
    bounds[limit->above] = at;
  }
  double turns = average_turns(t->node, c, v, t->c.w->graph);
  if (in_portions(t, v)) turns *= (double)t->portion / (double)t->node->extents[v];
  kernel_limit(t->c.b, bounds[0], bounds[1], turns);
}

/* for reduced index v from..to: how many lanes at a time, the loop stays open */
void open_k(Tiling *t, uint32_t v, int64_t from, int64_t to, int lanes, LoopMark mark) {
  Builder *b = t->c.b;
  uint32_t variable = kernel_variable(b, index_name(t->node, v));
  kernel_loop(b, variable, from, to, lanes, mark);
  limit_k(t, v);
  Offset at = offset_variable(b, variable);
  if (in_portions(t, v)) at = offset_add(b, t->portion0, 1, at);
  t->bindings[v] = bound(at, lanes > 1);
}

void open_lanes(Tiling *t, int64_t abreast, LoopMark mark) {
  uint32_t v = t->contraction->lane;
  open_k(t, v, 0, t->node->extents[v] / t->lanes * t->lanes, (int)abreast * t->lanes, mark);
}

/* Of the innermost loop. Where two threads share a core, each decodes and issues half as much:
   counting takes a tenth of the instructions of a tile of twelve sums. */
static LoopMark innermost_mark(const Tiling *t) {
  enum { FEW_PRODUCTS = 12 };
  int64_t products = t->tile.rows * t->tile.vectors * t->sizes.abreast;
  return products <= FEW_PRODUCTS ? LOOP_UNROLLED2 : LOOP_ROLLED;
}

/* The vectors of lanes that a turn of their loop covers, one after the other. */
static void open_abreast(Tiling *t) {
  enum { FEW = 4 };
  Builder *b = t->c.b;
  Binding *lane = &t->bindings[t->contraction->lane];
  uint32_t variable = kernel_variable(b, "u");
  LoopMark mark = t->sizes.abreast <= FEW ? LOOP_UNROLLED : LOOP_UNROLLED2;
  kernel_loop(b, variable, 0, t->sizes.abreast, 1, mark);
  Offset at = offset_add(b, lane->offset, t->lanes, offset_variable(b, variable));
  *lane = bound(at, t->lanes > 1);
}

/* The innermost loop, over `turns` of as many lanes; each goes to the next chain. */
static void sum_innermost(Tiling *t, uint32_t v, int64_t turns, int lanes) {
  Builder *b = t->c.b;
  int64_t step = t->chains * lanes;
  if (t->chains == 1) {
    if (t->contraction->listed)
      open_nonzeros(t, innermost_mark(t));
    else
      open_k(t, v, 0, turns * lanes, lanes, innermost_mark(t));
    add_products(t, offset_number(0));
    close_loops(t, 1);
    return;
  }
  uint32_t variable = kernel_variable(b, index_name(t->node, v));
  kernel_loop(b, variable, 0, turns * lanes, step, LOOP_ROLLED);
  Offset chain;
  unrolled(t, "u", t->chains, &chain);
  t->bindings[v] = bound(offset_add(b, offset_variable(b, variable), lanes, chain), lanes > 1);
  add_products(t, chain);
  close_loops(t, 2);
}

/* The lanes' index innermost, if it is reduced. In a block, its line and the block's index are
   given. */
void sum_over_k(Tiling *t) {
  const Node *n = t->node;
  uint32_t n_indices = n->rank + n->n_reduced, opened = 0, innermost;
  int64_t turns = innermost_turns(t, &innermost);
  for (uint32_t v = n->rank; v < n_indices; v++) {
    bool last = v + 1 == n_indices || (v + 2 == n_indices && v + 1 == t->block);
    if ((t->contraction->dot && v == t->contraction->lane) || v == t->block) continue;
    if (!t->in_blocks && v == innermost) continue;
    int64_t to = in_portions(t, v) ? t->portion : n->extents[v];
    open_k(t, v, 0, to, 1, last && t->in_blocks ? innermost_mark(t) : LOOP_ROLLED);
    opened++;
  }
  if (t->in_blocks && t->sizes.abreast > 1) {
    open_abreast(t);
    opened++;
  }
  if (t->in_blocks)
    add_products(t, offset_number(0));
  else
    sum_innermost(t, innermost, turns, t->contraction->dot ? t->lanes : 1);
  if (rest_in_vectors(t)) add_rest(t);
  close_loops(t, opened);
  join_chains(t);
}
