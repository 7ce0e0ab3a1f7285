/* Reads: x[i + 1, :, 2:5, ...] and their defaults. */
#include <inttypes.h>
#include "elaborate/elaborator.h"

/* One read: how each axis of what is read is indexed, and the axes of the result. */
typedef struct Reading {
  const Ast *ast;
  Value base;
  bool has_default;
  ExprId with[MAX_AXES]; /* per axis of the base */
  uint32_t rank;         /* of the result, so far */
  int64_t *extents;
  const char **names;
  bool gathered; /* an index with axes of its own was met */
} Reading;

static uint32_t add_axis(Reading *r, int64_t extent, const char *name) {
  if (r->rank == MAX_AXES) return MAX_AXES - 1;
  r->extents[r->rank] = extent;
  r->names[r->rank] = name;
  return r->rank++;
}

static const char *base_name(const Reading *r, uint32_t axis) {
  return r->base.axis_names == NULL ? NULL : r->base.axis_names[axis];
}

/* --- one item --- */

/* In a scan a tensor can be read before its definition gives its sizes. Then there is one more turn
   in which they are known, or the error stays. */
static bool known_extent(Elaborator *e, const Reading *r, uint32_t axis, Span span) {
  if (r->base.extents[axis] != UNKNOWN_EXTENT) return true;
  ask_extents(e);
  e->asked++;
  diag_error(e->diag, span, "the size of this axis is not known before the definition");
  diag_hint(e->diag, "give it a range where the tensor is defined: `i: 3`");
  return false;
}

static bool constant_index(Elaborator *e, Reading *r, uint32_t axis, Value *v, Span span) {
  int64_t extent = r->base.extents[axis], at = v->integer < 0 ? v->integer + extent : v->integer;
  if (!known_extent(e, r, axis, span)) {
    r->with[axis] = expr_integer(e->graph, TYPE_I32, 0);
    return true;
  }
  if (at < 0 || at >= extent) {
    if (r->has_default) { /* the default it is: any place outside */
      r->with[axis] = expr_integer(e->graph, TYPE_I32, at < 0 ? -1 : extent);
      return true;
    }
    diag_error(e->diag, span, "index %" PRId64 " is outside axis %u, of size %" PRId64, v->integer,
               axis, extent);
    note_operand(e, &r->base, r->ast->operand->span);
    diag_hint(e->diag, "places count from 0 to %" PRId64 "; -1 is the last one; `?? 0` after the "
                       "read gives 0 outside", extent - 1);
    return false;
  }
  r->with[axis] = expr_integer(e->graph, TYPE_I32, at);
  return true;
}

/* An index with axes of its own: they stand in the place of the axis. */
static bool gathered_index(Elaborator *e, Reading *r, uint32_t axis, Value v, Span span) {
  if (r->gathered) {
    diag_error(e->diag, span, "a second index with axes of its own");
    diag_hint(e->diag, "index notation says which indices go together: "
                       "`z[i] = x[a[i], b[i]]`");
    return false;
  }
  r->gathered = true;
  uint32_t to[MAX_AXES];
  for (uint32_t i = 0; i < v.rank; i++)
    to[i] = add_axis(r, v.extents[i], v.axis_names == NULL ? NULL : v.axis_names[i]);
  r->with[axis] = value_layout(e, v, to, r->rank, r->extents).body;
  return true;
}

static bool index_item(Elaborator *e, Scope *scope, Reading *r, uint32_t axis, const Ast *ast) {
  Value v = evaluate_tensor(e, scope, ast);
  if (value_failed(&v)) return false;
  if (!type_is_integer(v.type)) {
    assume_type(e, &v, TYPE_I32);
    diag_error(e->diag, ast->span, "an index must be an integer, not %s", value_describe(e, &v));
    if (type_is_real(v.type)) diag_hint(e->diag, "i32(…) cuts off what stands behind the point");
    return false;
  }
  if (v.constant && v.rank == 0) return constant_index(e, r, axis, &v, ast->span);
  uint32_t number;
  int64_t extent = r->base.extents[axis];
  if (v.rank > 0) return gathered_index(e, r, axis, v, ast->span);
  if (is_index_variable(e, v.body, &number))
    infer_extent(e, number, extent, r->ast->span, r->has_default);
  if (!r->has_default && e->guarded == 0)
    check_later(e, (RangeCheck){.index = v.body,
                                .ast = ast,
                                .extent = &r->base.extents[axis],
                                .read = r->ast->span,
                                .axis = axis});
  r->with[axis] = v.body;
  return true;
}

static bool slice_bound(Elaborator *e, Scope *scope, const Ast *ast, int64_t extent, int64_t open,
                        int64_t *bound) {
  *bound = open;
  if (ast == NULL) return true;
  if (!constant_integer(e, scope, ast, "the bound of a slice", bound)) return false;
  if (*bound < 0) *bound += extent;
  return true;
}

static bool slice_item(Elaborator *e, Scope *scope, Reading *r, uint32_t axis, const Item *item) {
  int64_t extent = r->base.extents[axis], from, to;
  if (!known_extent(e, r, axis, item->span)) {
    r->with[axis] = expr_index(e->graph, add_axis(r, UNKNOWN_EXTENT, base_name(r, axis)));
    return true;
  }
  if (!slice_bound(e, scope, item->first, extent, 0, &from) ||
      !slice_bound(e, scope, item->second, extent, extent, &to))
    return false;
  if (from < 0 || to > extent || from >= to) {
    diag_error(e->diag, item->span,
               "the slice %" PRId64 ":%" PRId64 " of axis %u, which has size %" PRId64 ", is %s",
               from, to, axis, extent, from >= to ? "empty" : "outside");
    note_operand(e, &r->base, r->ast->operand->span);
    return false;
  }
  uint32_t number = add_axis(r, to - from, base_name(r, axis));
  r->with[axis] = expr_index(e->graph, number);
  if (from != 0)
    r->with[axis] =
        expr_op2(e->graph, OP_ADD, r->with[axis], expr_integer(e->graph, TYPE_I32, from));
  return true;
}

static ExprId whole_axis(Elaborator *e, Reading *r, uint32_t axis) {
  known_extent(e, r, axis, r->ast->span);
  return expr_index(e->graph, add_axis(r, r->base.extents[axis], base_name(r, axis)));
}

/* `...`: the group's index variables where there is one, else whole axes. */
static bool ellipsis_item(Elaborator *e, Scope *scope, Reading *r, uint32_t axis, uint32_t count,
                          Span span) {
  if (scope->group != NULL && !size_group(e, scope->group, count, span)) return false;
  for (uint32_t i = 0; i < count; i++) {
    int64_t extent = r->base.extents[axis + i];
    if (scope->group != NULL) {
      uint32_t number = scope->group->first + i;
      infer_extent(e, number, extent, r->ast->span, r->has_default);
      r->with[axis + i] = expr_index(e->graph, number);
    } else {
      r->with[axis + i] = whole_axis(e, r, axis + i);
    }
  }
  return true;
}

/* --- all items --- */

static bool count_items(Elaborator *e, const Reading *r, uint32_t *n_ellipsis) {
  const Ast *ast = r->ast;
  size_t plain = 0, ellipses = 0;
  for (size_t i = 0; i < ast->n_items; i++)
    *(ast->items[i].kind == ITEM_ELLIPSIS ? &ellipses : &plain) += 1;
  if (ellipses > 1) {
    diag_error(e->diag, ast->span, "`...` stands twice in one read");
    return false;
  }
  if (plain > r->base.rank) {
    diag_error(e->diag, ast->span, "%s has %u ax%s, but is read at %zu ind%s",
               value_describe(e, &r->base), r->base.rank, r->base.rank == 1 ? "is" : "es", plain,
               plain == 1 ? "ex" : "ices");
    note_operand(e, &r->base, ast->operand->span);
    if (r->base.rank == 0) diag_hint(e->diag, "a single number is read without brackets");
    return false;
  }
  *n_ellipsis = r->base.rank - (uint32_t)plain;
  return true;
}

static bool read_items(Elaborator *e, Scope *scope, Reading *r) {
  uint32_t n_ellipsis, axis = 0;
  if (!count_items(e, r, &n_ellipsis)) return false;
  for (size_t i = 0; i < r->ast->n_items; i++) {
    const Item *item = &r->ast->items[i];
    bool done = false;
    switch (item->kind) {
    case ITEM_EXPR: done = index_item(e, scope, r, axis, item->first); break;
    case ITEM_SLICE: done = slice_item(e, scope, r, axis, item); break;
    case ITEM_ELLIPSIS: done = ellipsis_item(e, scope, r, axis, n_ellipsis, item->span); break;
    case ITEM_RANGE:
    case ITEM_IN_RANGE:
      diag_error(e->diag, item->span, "a range stands in a read");
      diag_hint(e->diag, "a slice is written with a colon: `2:5`");
      break;
    }
    if (!done) return false;
    axis += item->kind == ITEM_ELLIPSIS ? n_ellipsis : 1;
  }
  for (; axis < r->base.rank; axis++) /* those that are not mentioned are whole */
    r->with[axis] = whole_axis(e, r, axis);
  return true;
}

/* --- defaults --- */

/* A read of a tensor whose every axis is a whole axis of the value or an index variable: then
   outside the value is outside the tensor. */
static bool reads_plainly(const Elaborator *e, const Value *v) {
  const Expr *read = expr_at(e->graph, v->body);
  if (read->kind != EXPR_READ || read->fallback != EXPR_NONE) return false;
  const Tensor *t = tensor_at(e->graph, read->tensor);
  bool seen[MAX_AXES] = {false};
  for (uint32_t i = 0; i < read->n_args; i++) {
    const Expr *at = expr_at(e->graph, read->args[i]);
    if (at->kind != EXPR_INDEX) return false;
    if (at->index >= FIRST_INDEX) continue;
    if (seen[at->index] || t->extents[i] != v->extents[at->index]) return false;
    seen[at->index] = true;
  }
  for (uint32_t i = 0; i < v->rank; i++)
    if (!seen[i]) return false;
  return true;
}

static bool give_default(Elaborator *e, Scope *scope, Value *v, const Ast *fallback) {
  e->guarded++;
  Value d = evaluate_tensor(e, scope, fallback);
  e->guarded--;
  if (value_failed(&d)) return false;
  ScalarType type = d.type;
  if (!value_convert(e, &d, v->type, fallback->span, "the default")) {
    assume_type(e, v, type);
    return false;
  }
  if (!value_broadcast(e, &d, v->rank, v->extents)) {
    diag_error(e->diag, fallback->span, "the default is %s, for a read that is %s",
               value_describe(e, &d), value_describe(e, v));
    note_operand(e, &d, fallback->span);
    return false;
  }
  const Expr read = *expr_at(e->graph, v->body);
  v->body = expr_read(e->graph, read.tensor, read.args, read.n_args, d.body);
  return true;
}

/* One item of a list, which is known at compile time: `size[0]`. */
/* list[a:b]: those items as a list. */
static Value list_part(Elaborator *e, Scope *scope, const Item *item, const Value *list) {
  int64_t n = (int64_t)list->n_items, ends[2] = {0, n};
  const Ast *const given[2] = {item->first, item->second};
  for (int i = 0; i < 2; i++) {
    if (given[i] == NULL) continue;
    if (!constant_integer(e, scope, given[i], "a place in a list", &ends[i])) return value_error();
    if (ends[i] < 0) ends[i] += n;
  }
  if (ends[0] < 0 || ends[0] > ends[1] || ends[1] > n) {
    diag_error(e->diag, item->span, "there are no items %" PRId64 " to %" PRId64 " among %" PRId64,
               ends[0], ends[1], n);
    return value_error();
  }
  Value part = *list;
  part.items = list->items + ends[0];
  part.n_items = (size_t)(ends[1] - ends[0]);
  return part;
}

static Value list_item(Elaborator *e, Scope *scope, const Ast *ast, const Value *list) {
  int64_t at, n = (int64_t)list->n_items;
  if (ast->n_items == 1 && ast->items[0].kind == ITEM_SLICE)
    return list_part(e, scope, &ast->items[0], list);
  if (ast->n_items != 1 || ast->items[0].kind != ITEM_EXPR) {
    diag_error(e->diag, ast->span, "a list is read at one place, or cut by a:b");
    return value_error();
  }
  if (!constant_integer(e, scope, ast->items[0].first, "a place in a list", &at))
    return value_error();
  if (at >= -n && at < n) return list->items[at < 0 ? at + n : at];
  diag_error(e->diag, ast->span, "there is no item %" PRId64 " among %" PRId64, at, n);
  return value_error();
}

Value read_value(Elaborator *e, Scope *scope, const Ast *ast, const Ast *fallback) {
  Reading r = {.ast = ast, .base = evaluate(e, scope, ast->operand)};
  if (value_failed(&r.base)) return r.base;
  if (r.base.kind == VALUE_LIST && fallback == NULL) return list_item(e, scope, ast, &r.base);
  if (r.base.kind != VALUE_TENSOR) {
    diag_error(e->diag, ast->operand->span, "%s cannot be read at indices",
               value_describe(e, &r.base));
    return value_error();
  }
  r.has_default = fallback != NULL;
  r.extents = ARENA_ARRAY(e->arena, int64_t, MAX_AXES);
  r.names = ARENA_ARRAY(e->arena, const char *, MAX_AXES);
  if (r.has_default && !reads_plainly(e, &r.base)) {
    TensorId id;
    const char *name = e->naming == NULL ? "t" : arena_printf(e->arena, "%s.x", e->naming);
    if (!hold_value(e, scope, &r.base, name, ast->operand->span, &id)) return value_error();
  }
  if (!read_items(e, scope, &r)) return value_error();
  Value v = r.base;
  v.body = expr_substitute(e->graph, r.base.body, r.with, r.base.rank);
  v.rank = r.rank;
  v.extents = r.extents;
  v.axis_names = r.names;
  v.constant = v.is_size = false;
  if (fallback != NULL && !give_default(e, scope, &v, fallback)) return value_error();
  return v;
}
