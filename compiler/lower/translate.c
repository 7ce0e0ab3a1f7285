/* Scalar expressions to kernel values: what is used twice becomes a local, what may only be
   evaluated in one branch stands in that branch, reads become loads at affine offsets. */
#include <string.h>
#include "graph/scalar_ops.h"
#include "lower/work.h"

static ValueId translate(Context *c, ExprId id);

/* --- offsets --- */

static void add_affine(Affine *a, int64_t factor, const Affine *other) {
  a->constant += factor * other->constant;
  for (uint32_t i = 0; i < other->n; i++)
    affine_add_term(a, factor * other->terms[i].factor, other->terms[i].atom);
}

/* f·n·(x / n) + f·(x % n) = f·x, what a reshape leaves when the strides are those of its source */
static bool join_quotient(Work *w, Affine *a, Ranges ranges) {
  Graph *g = w->graph;
  for (uint32_t i = 0; i < a->n; i++) {
    const Expr *rest = expr_at(g, a->terms[i].atom);
    if (rest->kind != EXPR_OP || rest->op != OP_MOD) continue;
    const Expr *divisor = expr_at(g, rest->args[1]);
    if (divisor->kind != EXPR_CONST) continue;
    ExprId quotient = expr_op2(g, OP_DIV, rest->args[0], rest->args[1]);
    for (uint32_t k = 0; k < a->n; k++) {
      if (a->terms[k].atom != quotient) continue;
      int64_t factor = a->terms[i].factor;
      if (a->terms[k].factor != factor * expr_at(g, rest->args[1])->integer) continue;
      Affine whole = affine_of(g, expr_at(g, a->terms[i].atom)->args[0], ranges);
      *a = affine_without(*a, i > k ? i : k);
      *a = affine_without(*a, i > k ? k : i);
      add_affine(a, factor, &whole);
      return true;
    }
  }
  return false;
}

Affine read_offset(Work *w, const Node *n, const Expr *read, const int64_t *strides) {
  Affine sum = {0};
  for (uint32_t i = 0; i < read->n_args; i++) {
    Affine index = affine_of(w->graph, read->args[i], node_ranges(n));
    add_affine(&sum, strides[i], &index);
  }
  while (join_quotient(w, &sum, node_ranges(n))) {
  }
  return sum;
}

/* Uniform offsets; *lanes: whether consecutive lanes are consecutive elements. */
static Offset translate_affine(Context *c, const Affine *a, bool *lanes) {
  Offset offset = offset_number(a->constant);
  for (uint32_t i = 0; i < a->n; i++) {
    const Expr *atom = expr_at(c->w->graph, a->terms[i].atom);
    if (atom->kind == EXPR_INDEX) {
      const Binding *binding = &c->bindings[atom->index];
      offset = offset_add(c->b, offset, a->terms[i].factor, binding->offset);
      if (!binding->lanes) continue;
      if (a->terms[i].factor != 1) bug("lower", "%s: lanes read apart", c->node->name);
      *lanes = true;
    } else {
      offset = offset_add_term(c->b, offset, a->terms[i].factor, translate(c, a->terms[i].atom));
    }
  }
  return offset;
}

Offset output_offset(Context *c, const Node *n, const Binding *bindings) {
  const int64_t *strides = c->w->plan->buffers[n->buffer].strides;
  Offset offset = offset_number(0);
  for (uint32_t i = 0; i < n->rank; i++)
    offset = offset_add(c->b, offset, strides[i], bindings[i].offset);
  return offset;
}

/* --- reads --- */

static const Place *find_place(const Context *c, TensorId tensor) {
  for (size_t i = 0; i < c->places.count; i++)
    if (c->places.items[i].tensor == tensor) return &c->places.items[i];
  return NULL;
}

static ValueId read_local(Context *c, const Expr *read, const Place *place) {
  Offset at[2];
  uint32_t n = place->n_fixed;
  memcpy(at, place->fixed, n * sizeof *at);
  if (place->picked != 0) {
    const Expr *picked = expr_at(c->w->graph, read->args[place->picked - 1]);
    at[0] = offset_add(c->b, at[0], place->picked_rows, offset_number(picked->integer));
  }
  if (place->array) {
    const Tensor *t = tensor_at(c->w->graph, read->tensor);
    int64_t *strides = ARENA_ARRAY(c->w->arena, int64_t, t->rank + 1);
    memcpy(strides, dense_strides(c->w->arena, t->rank, t->extents), t->rank * sizeof *strides);
    memset(strides, 0, place->spine * sizeof *strides);
    Affine a = read_offset(c->w, c->node, read, strides);
    bool lanes = false;
    at[n++] = translate_affine(c, &a, &lanes);
    if (lanes && c->b->locals.items[place->local].type.lanes > 1)
      bug("lower", "%s: lanes along an array of lanes", c->node->name);
    if (lanes) return kernel_local_lanes(c->b, place->local, at, n, c->lanes);
  }
  return kernel_local(c->b, place->local, at, n);
}

/* An index of data that no check covers may be anything: it is kept inside. */
static ExprId keep_inside(Work *w, const Node *n, ExprId index, int64_t extent) {
  Graph *g = w->graph;
  Affine a = affine_of(g, index, node_ranges(n));
  bool data = false;
  for (uint32_t i = 0; i < a.n; i++) {
    Node reading = {.body = a.terms[i].atom};
    collect_reads(w, &reading);
    data = data || reading.reads.count > 0;
  }
  Interval range = index_interval(w, n, &a);
  if (!data || (range.low >= 0 && range.high < extent)) return index;
  index = expr_op2(g, OP_MAX, index, expr_integer(g, TYPE_I32, 0));
  return expr_op2(g, OP_MIN, index, expr_integer(g, TYPE_I32, extent - 1));
}

Affine load_offset(Work *w, const Node *n, const Expr *read, const int64_t *strides) {
  const Tensor t = *tensor_at(w->graph, read->tensor);
  Expr inside = *read;
  ExprId *args = ARENA_ARRAY(w->arena, ExprId, read->n_args + 1);
  for (uint32_t i = 0; i < read->n_args; i++)
    args[i] = keep_inside(w, n, read->args[i], t.extents[i]);
  inside.args = args;
  return read_offset(w, n, &inside, strides);
}

static ValueId load(Context *c, const Expr *read) {
  Work *w = c->w;
  const Place *place = find_place(c, read->tensor);
  if (place != NULL) return read_local(c, read, place);
  BufferId buffer = w->buffer_of[read->tensor];
  if (buffer == BUFFER_NONE)
    bug("lower", "%s reads %s, which is nowhere", c->node->name,
        tensor_at(w->graph, read->tensor)->name);
  const Buffer *b = &w->plan->buffers[buffer];
  Affine a = load_offset(w, c->node, read, b->strides);
  bool lanes = false;
  Offset offset = translate_affine(c, &a, &lanes);
  if (b->panel != 0) {
    const Expr *at = expr_at(w->graph, read->args[b->panel_axis]);
    if (at->kind != EXPR_INDEX) bug("lower", "%s reads %s across panels", c->node->name, b->name);
    offset = offset_add(c->b, offset, panel_factor(b), c->bindings[at->index].panel);
  }
  return kernel_load(c->b, kernel_parameter(c->b, buffer, false), offset, lanes ? c->lanes : 1);
}

/* 0 ≤ index < extent for every axis where that is not known; VALUE_NONE when it is for all. */
static ValueId translate_inside(Context *c, const Expr *read) {
  Graph *g = c->w->graph;
  const Tensor t = *tensor_at(g, read->tensor);
  ValueId all = VALUE_NONE;
  for (uint32_t i = 0; i < read->n_args; i++) {
    Affine a = affine_of(g, read->args[i], node_ranges(c->node));
    Interval range = index_interval(c->w, c->node, &a);
    ExprId bounds[2] = {
        range.low < 0 ? expr_op2(g, OP_GE, read->args[i], expr_integer(g, TYPE_I32, 0)) : EXPR_NONE,
        range.high >= t.extents[i]
            ? expr_op2(g, OP_LT, read->args[i], expr_integer(g, TYPE_I32, t.extents[i]))
            : EXPR_NONE};
    for (int k = 0; k < 2; k++) {
      if (bounds[k] == EXPR_NONE) continue;
      ValueId condition = translate(c, bounds[k]);
      all = all == VALUE_NONE ? condition : kernel_op2(c->b, OP_AND, all, condition);
    }
  }
  return all;
}

/* --- branches --- */

/* Whether evaluating it where it is not asked for is both harmless and cheap. */
static bool is_harmless(Context *c, ExprId id) {
  const Expr e = *expr_at(c->w->graph, id);
  if (e.kind == EXPR_READ && (e.fallback != EXPR_NONE || !read_is_inside(c->w, c->node, &e)))
    return false;
  if (e.kind == EXPR_OP && (scalar_ops[e.op].flags & OP_DEAR) != 0 && type_is_real(e.type))
    return false;
  for (uint32_t i = 0; i < e.n_args; i++)
    if (!is_harmless(c, e.args[i])) return false;
  return true;
}

static void forget(Context *c, size_t mark) {
  while (c->memoised.count > mark) c->memo[c->memoised.items[--c->memoised.count]] = VALUE_NONE;
}

/* Whether its value differs from lane to lane: an index variable that does is in it. */
static bool has_lanes(const Context *c, ExprId id) {
  const Expr *e = expr_at(c->w->graph, id);
  if (e->kind == EXPR_INDEX) return c->bindings[e->index].lanes;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (has_lanes(c, e->args[i])) return true;
  return e->fallback != EXPR_NONE && has_lanes(c, e->fallback);
}

/* if (condition) local = a; else local = b. The condition is one for all lanes; a: EXPR_NONE, then
   what is read without its default. */
static ValueId branch(Context *c, ScalarType type, int lanes, ValueId condition, const Expr *read,
                      ExprId a, ExprId b) {
  uint32_t local = kernel_new_local(c->b, "chosen", lanes_of(type, lanes));
  kernel_declare(c->b, local, VALUE_NONE);
  kernel_if(c->b, condition);
  size_t mark = c->memoised.count;
  ValueId value = a == EXPR_NONE ? load(c, read) : translate(c, a);
  kernel_assign(c->b, local, NULL, 0, kernel_splat(c->b, value, lanes));
  forget(c, mark);
  kernel_else(c->b);
  kernel_assign(c->b, local, NULL, 0, kernel_splat(c->b, translate(c, b), lanes));
  forget(c, mark);
  kernel_end(c->b);
  return kernel_local(c->b, local, NULL, 0);
}

static ValueId choose(Context *c, ScalarType type, ValueId condition, ValueId a, ValueId b) {
  return kernel_op(c->b, OP_WHERE, type, (ValueId[]){condition, a, b}, 3);
}

static ValueId translate_read(Context *c, ExprId id) {
  const Expr e = *expr_at(c->w->graph, id), *read = &e;
  if (read->fallback == EXPR_NONE) return load(c, read);
  ValueId inside = translate_inside(c, read);
  if (inside == VALUE_NONE) return load(c, read);
  int lanes = has_lanes(c, id) ? c->lanes : 1;
  if (lanes > 1 || expr_at(c->w->graph, read->fallback)->kind != EXPR_CONST)
    return branch(c, read->type, lanes, inside, read, EXPR_NONE, read->fallback);
  ValueId value = load(c, read);
  return choose(c, read->type, inside, value, translate(c, read->fallback));
}

/* --- operators --- */

/* A uniform condition as a mask. */
static ValueId mask_of(Context *c, ValueId condition, uint8_t mask_bytes) {
  ScalarType type = mask_bytes == 8 ? TYPE_I64 : TYPE_I32;
  ValueId number = kernel_op(c->b, OP_CAST, type, &condition, 1);
  return kernel_op2(c->b, OP_NE, kernel_splat(c->b, number, c->lanes),
                    kernel_splat(c->b, kernel_integer(c->b, type, 0), c->lanes));
}

/* All operands get as many lanes as the widest has. */
static void align_lanes(Context *c, ValueId *args, uint32_t n, ScalarOp op) {
  uint8_t mask_bytes = 0;
  bool any = false;
  for (uint32_t i = 0; i < n; i++) {
    Lanes type = value_at(c->b, args[i])->type;
    any = any || type.lanes > 1;
    if (type.mask_bytes != 0) mask_bytes = type.mask_bytes;
  }
  if (!any) return;
  if (op == OP_WHERE && mask_bytes == 0)
    mask_bytes = (uint8_t)type_bytes(value_at(c->b, args[1])->type.type);
  for (uint32_t i = 0; i < n; i++) {
    Lanes type = value_at(c->b, args[i])->type;
    if (type.lanes > 1) continue;
    args[i] = type.type == TYPE_BOOL ? mask_of(c, args[i], mask_bytes)
                                     : kernel_splat(c->b, args[i], c->lanes);
  }
}

/* To bool: x ≠ 0. From a mask: 1 or 0. */
static ValueId translate_cast(Context *c, const Expr *e) {
  ValueId operand = translate(c, e->args[0]);
  Lanes from = value_at(c->b, operand)->type;
  if (e->type == TYPE_BOOL && from.type != TYPE_BOOL) {
    ValueId zero = kernel_integer(c->b, from.type, 0);
    return kernel_op2(c->b, OP_NE, operand, kernel_splat(c->b, zero, from.lanes));
  }
  if (from.mask_bytes == 0) return kernel_op(c->b, OP_CAST, e->type, &operand, 1);
  ValueId one = kernel_splat(c->b, kernel_integer(c->b, e->type, 1), from.lanes);
  ValueId zero = kernel_splat(c->b, kernel_integer(c->b, e->type, 0), from.lanes);
  return choose(c, e->type, operand, one, zero);
}

static ValueId translate_op(Context *c, const Expr *e) {
  ValueId args[3] = {VALUE_NONE, VALUE_NONE, VALUE_NONE};
  if (e->op == OP_STOP_GRADIENT) return translate(c, e->args[0]);
  if (e->op == OP_CAST) return translate_cast(c, e);
  if (e->op == OP_WHERE) {
    args[0] = translate(c, e->args[0]);
    bool uniform = value_at(c->b, args[0])->type.lanes == 1;
    int lanes = has_lanes(c, e->args[1]) || has_lanes(c, e->args[2]) ? c->lanes : 1;
    bool stands = lanes == 1 || e->type != TYPE_BOOL;
    if (uniform && stands && !(is_harmless(c, e->args[1]) && is_harmless(c, e->args[2])))
      return branch(c, e->type, lanes, args[0], NULL, e->args[1], e->args[2]);
  }
  for (uint32_t i = 0; i < e->n_args; i++)
    if (args[i] == VALUE_NONE) args[i] = translate(c, e->args[i]);
  align_lanes(c, args, e->n_args, e->op);
  return kernel_op(c->b, e->op, e->type, args, e->n_args);
}

static ValueId translate_index(Context *c, uint32_t v) {
  const Binding *binding = &c->bindings[v];
  ValueId first = kernel_offset(c->b, TYPE_I32, binding->offset);
  if (!binding->lanes) return first;
  return kernel_op2(c->b, OP_ADD, kernel_splat(c->b, first, c->lanes),
                    kernel_ramp(c->b, TYPE_I32, c->lanes));
}

static ValueId remember(Context *c, ExprId id, ValueId value) {
  if (id >= c->w->n_values) return value;
  c->memo[id] = value;
  ARRAY_PUSH(c->w->arena, &c->memoised, id);
  return value;
}

static ValueId translate(Context *c, ExprId id) {
  if (id < c->w->n_values && c->memo[id] != VALUE_NONE) return c->memo[id];
  const Expr e = *expr_at(c->w->graph, id);
  ValueId value = VALUE_NONE;
  switch (e.kind) {
  case EXPR_CONST:
    return type_is_real(e.type) ? kernel_number(c->b, e.type, e.real)
                                : kernel_integer(c->b, e.type, e.integer);
  case EXPR_INDEX: return translate_index(c, e.index);
  case EXPR_READ: value = translate_read(c, id); break;
  case EXPR_OP: value = translate_op(c, &e); break;
  }
  const Value *v = value_at(c->b, value);
  bool trivial = v->kind == VALUE_LOCAL && v->n_at == 0;
  if (trivial || id >= c->w->n_values || c->uses[id] < 2)
    return trivial ? remember(c, id, value) : value;
  const char *name =
      e.kind == EXPR_READ ? tensor_at(c->w->graph, e.tensor)->name : scalar_ops[e.op].name;
  uint32_t local = kernel_new_local(c->b, name, v->type);
  kernel_declare(c->b, local, value);
  return remember(c, id, kernel_local(c->b, local, NULL, 0));
}

static void count_uses(Context *c, ExprId id) {
  if (c->uses[id]++ > 0) return;
  const Expr *e = expr_at(c->w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) count_uses(c, e->args[i]);
  if (e->fallback != EXPR_NONE) count_uses(c, e->fallback);
}

static void clear_uses(Context *c, ExprId id) {
  if (c->uses[id] == 0) return;
  c->uses[id] = 0;
  const Expr *e = expr_at(c->w->graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) clear_uses(c, e->args[i]);
  if (e->fallback != EXPR_NONE) clear_uses(c, e->fallback);
}

ValueId translate_body(Context *c, const Node *n, Binding *bindings, int lanes) {
  Work *w = c->w;
  if (n->body >= w->n_values) {
    w->n_values = 2 * w->graph->n_exprs;
    w->values = ARENA_ARRAY(w->arena, ValueId, w->n_values);
    memset(w->values, 0xff, w->n_values * sizeof *w->values);
    w->uses = ARENA_ARRAY(w->arena, uint32_t, w->n_values);
  }
  c->memo = w->values;
  c->uses = w->uses;
  c->node = n;
  c->bindings = bindings;
  c->lanes = lanes;
  count_uses(c, n->body);
  ValueId value = translate(c, n->body);
  forget(c, 0);
  clear_uses(c, n->body);
  return value;
}
