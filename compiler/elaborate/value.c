/* Values: made, described, laid out over other shapes. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

static Value blank(ValueKind kind) {
  return (Value){.kind = kind, .body = EXPR_NONE, .op = N_SCALAR_OPS};
}

Value value_error(void) { return blank(VALUE_ERROR); }

Value value_integer(Elaborator *e, int64_t value) {
  Value v = blank(VALUE_TENSOR);
  v.type = value >= INT32_MIN && value <= INT32_MAX ? TYPE_I32 : TYPE_I64;
  v.adapts = v.constant = true;
  v.integer = value;
  v.real = (double)value;
  v.body = expr_integer(e->graph, v.type, value);
  return v;
}

Value value_real(Elaborator *e, ScalarType type, double value) {
  Value v = blank(VALUE_TENSOR);
  v.type = type;
  v.adapts = v.constant = true;
  v.real = value;
  v.body = expr_real(e->graph, type, value);
  return v;
}

Value value_bool(Elaborator *e, bool value) {
  Value v = blank(VALUE_TENSOR);
  v.type = TYPE_BOOL;
  v.constant = true;
  v.integer = value;
  v.body = expr_integer(e->graph, TYPE_BOOL, value);
  return v;
}

Value value_scalar(Elaborator *e, ExprId body) {
  Value v = blank(VALUE_TENSOR);
  v.type = expr_at(e->graph, body)->type;
  v.body = body;
  return v;
}

Value value_tensor(Elaborator *e, TensorId id) {
  const Tensor *t = tensor_at(e->graph, id);
  Value v = blank(VALUE_TENSOR);
  v.type = t->type;
  v.rank = t->rank;
  v.extents = t->extents;
  v.axis_names = t->index_names;
  v.body = expr_read_whole(e->graph, id);
  return v;
}

bool value_is_whole(const Elaborator *e, const Value *v, TensorId *id) {
  if (v->kind != VALUE_TENSOR) return false;
  const Expr *read = expr_at(e->graph, v->body);
  if (read->kind != EXPR_READ || read->fallback != EXPR_NONE || read->n_args != v->rank)
    return false;
  const Tensor *t = tensor_at(e->graph, read->tensor);
  for (uint32_t i = 0; i < v->rank; i++) {
    const Expr *at = expr_at(e->graph, read->args[i]);
    if (at->kind != EXPR_INDEX || at->index != i || t->extents[i] != v->extents[i]) return false;
  }
  *id = read->tensor;
  return true;
}

/* --- description --- */

const char *shape_text(const Elaborator *e, ScalarType type, uint32_t rank,
                       const int64_t *extents) {
  Text text = text_new(e->arena);
  text_add(&text, type_name(type));
  for (uint32_t i = 0; i < rank; i++)
    text_printf(&text, "%s%" PRId64, i == 0 ? "[" : ", ", extents[i]);
  if (rank > 0) text_add(&text, "]");
  return text_string(&text);
}

const char *value_describe(const Elaborator *e, const Value *v) {
  switch (v->kind) {
  case VALUE_ERROR: return "an error";
  case VALUE_TENSOR:
    if (v->adapts && v->rank == 0) return type_is_real(v->type) ? "a real number" : "an integer";
    return shape_text(e, v->type, v->rank, v->extents);
  case VALUE_STRING: return "a string";
  case VALUE_LIST: return "a list";
  case VALUE_TUPLE: return arena_printf(e->arena, "%zu values", v->n_items);
  case VALUE_TYPE: return arena_printf(e->arena, "the type %s", type_name(v->type));
  case VALUE_BUILTIN: return arena_printf(e->arena, "the function %s", v->builtin->name);
  case VALUE_OPERATOR: return arena_printf(e->arena, "the function %s", scalar_ops[v->op].name);
  case VALUE_FUNCTION: return arena_printf(e->arena, "the function %s", v->declaration->name);
  case VALUE_LAYER: return arena_printf(e->arena, "the layer %s", v->declaration->name);
  case VALUE_OPTIMIZER: return arena_printf(e->arena, "the optimizer %s", v->declaration->name);
  case VALUE_INSTANCE:
    return arena_printf(e->arena, "%s with its hyperparameters", v->instance->declaration->name);
  }
  return "";
}

int64_t shape_size(uint32_t rank, const int64_t *extents) {
  int64_t size = 1;
  for (uint32_t i = 0; i < rank; i++) size *= extents[i];
  return size;
}

/* --- layout --- */

Value value_layout(Elaborator *e, Value v, const uint32_t *to, uint32_t rank,
                   const int64_t *extents) {
  ExprId with[MAX_AXES];
  const char **names = ARENA_ARRAY(e->arena, const char *, rank + 1);
  for (uint32_t i = 0; i < v.rank; i++) {
    with[i] =
        to[i] == UINT32_MAX ? expr_integer(e->graph, TYPE_I32, 0) : expr_index(e->graph, to[i]);
    if (to[i] != UINT32_MAX && v.axis_names != NULL) names[to[i]] = v.axis_names[i];
  }
  v.body = expr_substitute(e->graph, v.body, with, v.rank);
  v.rank = rank;
  v.extents = extents;
  v.axis_names = names;
  if (rank > 0) v.constant = false;
  return v;
}

bool value_broadcast(Elaborator *e, Value *v, uint32_t rank, const int64_t *extents) {
  if (v->rank > rank) return false;
  uint32_t to[MAX_AXES], shift = rank - v->rank;
  bool same = shift == 0;
  for (uint32_t i = 0; i < v->rank; i++) {
    int64_t mine = v->extents[i], wanted = extents[shift + i];
    bool equal = mine == wanted || mine == UNKNOWN_EXTENT;
    if (!equal && mine != 1) return false;
    to[i] = equal ? shift + i : UINT32_MAX;
    same = same && equal;
  }
  if (!same) *v = value_layout(e, *v, to, rank, extents);
  return true;
}

/* --- index variables --- */

static void find_indices(const Elaborator *e, ExprId id, bool *found) {
  const Expr *x = expr_at(e->graph, id);
  if (x->kind == EXPR_INDEX && x->index >= FIRST_INDEX) found[x->index - FIRST_INDEX] = true;
  for (uint32_t i = 0; i < x->n_args; i++) find_indices(e, x->args[i], found);
  if (x->fallback != EXPR_NONE) find_indices(e, x->fallback, found);
}

uint32_t value_indices(Elaborator *e, ExprId body, uint32_t **numbers) {
  return value_indices_with(e, body, NULL, 0, numbers);
}

uint32_t value_indices_with(Elaborator *e, ExprId body, const uint32_t *others, uint32_t n_others,
                            uint32_t **numbers) {
  size_t n = e->indices.count;
  bool *found = ARENA_ARRAY(e->arena, bool, n + 1);
  for (uint32_t i = 0; i < n_others; i++) found[others[i] - FIRST_INDEX] = true;
  *numbers = ARENA_ARRAY(e->arena, uint32_t, n + 1);
  if (n > 0) find_indices(e, body, found);
  uint32_t count = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!found[i]) continue;
    uint32_t at = count++;
    for (; at > 0 &&
           e->indices.items[(*numbers)[at - 1] - FIRST_INDEX].order > e->indices.items[i].order;
         at--)
      (*numbers)[at] = (*numbers)[at - 1];
    (*numbers)[at] = FIRST_INDEX + i;
  }
  return count;
}
