/* The functions that the language has without a definition. Each is index arithmetic: none makes an
   operator of its own. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

static const Builtin builtins[] = {{"concat", call_concat},
                                   {"reshape", call_reshape},
                                   {"transpose", call_transpose},
                                   {"where", call_where},
                                   {"zeros", call_zeros},
                                   {"ones", call_ones},
                                   {"zeros_like", call_zeros_like},
                                   {"ones_like", call_ones_like},
                                   {"one_hot", call_one_hot},
                                   {"rank", call_rank},
                                   {"size", call_size},
                                   {"shape", call_shape},
                                   {"uniform", call_uniform},
                                   {"normal", call_normal},
                                   {"random_uniform", call_random_uniform},
                                   {"random_normal", call_random_normal},
                                   {"grad", call_derivative},
                                   {"vjp", call_derivative},
                                   {"jvp", call_derivative},
                                   {"jacobian", call_derivative},
                                   {"hessian", call_derivative},
                                   {"total", call_total}};

const Builtin *builtin_named(const char *name) {
  for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
    if (strcmp(builtins[i].name, name) == 0) return &builtins[i];
  return NULL;
}

/* --- arguments --- */

/* Evaluates up to n arguments; the first n_needed must be there, all must be tensors or numbers. */
static bool take(Elaborator *e, Scope *scope, const Ast *call, const char *const *names, size_t n,
                 size_t n_needed, Argument *args) {
  const char *callee = call->operand->kind == AST_NAME ? call->operand->name : "this function";
  if (!match_arguments(e, scope, callee, names, n, call, 0, args)) return false;
  for (size_t i = 0; i < n; i++) {
    if (!args[i].present && i < n_needed) {
      diag_error(e->diag, call->span, "%s is not given its `%s`", callee, names[i]);
      return false;
    }
    if (args[i].present && args[i].value.kind != VALUE_TENSOR) {
      diag_error(e->diag, args[i].span, "`%s` of %s must be a number or tensor, not %s", names[i],
                 callee, value_describe(e, &args[i].value));
      return false;
    }
  }
  return true;
}

static bool constant_axis(Elaborator *e, const Argument *axis, uint32_t rank, uint32_t *at) {
  const Value *v = &axis->value;
  if (!v->constant || !type_is_integer(v->type)) {
    diag_error(e->diag, axis->span, "an axis must be an integer known at compile time, not %s",
               value_describe(e, v));
    return false;
  }
  int64_t number = v->integer < 0 ? v->integer + rank : v->integer;
  if (number < 0 || number >= rank) {
    diag_error(e->diag, axis->span, "there is no axis %" PRId64 " among %u", v->integer, rank);
    diag_hint(e->diag, "axes count from 0; from the end they are -1, -2, …");
    return false;
  }
  *at = (uint32_t)number;
  return true;
}

/* --- choice --- */

Value call_where(Elaborator *e, Scope *scope, const Ast *call) {
  if (call->n_args != 3) {
    diag_error(e->diag, call->span, "where takes a condition and two values, found %zu argument%s",
               call->n_args, call->n_args == 1 ? "" : "s");
    return value_error();
  }
  Value args[3];
  Span spans[3];
  for (size_t i = 0; i < 3; i++) {
    e->guarded += i > 0;
    args[i] = evaluate(e, scope, call->args[i].value);
    e->guarded -= i > 0;
    spans[i] = call->args[i].value->span;
  }
  return apply_operator(e, OP_WHERE, args, spans, 3, call->span);
}

/* --- shapes --- */

/* One type and one shape but for `axis`; *extent: the sum along it. */
static bool joinable(Elaborator *e, Value *items, const Span *spans, size_t n, uint32_t axis,
                     Span span, int64_t *extent) {
  *extent = 0;
  for (size_t i = 0; i < n; i++) {
    if (!unify_types(e, &items[0], &items[i], spans[0], spans[i], "concat")) return false;
    bool fits = items[i].rank == items[0].rank;
    for (uint32_t k = 0; fits && k < items[0].rank; k++)
      fits = k == axis || items[i].extents[k] == items[0].extents[k];
    if (!fits) {
      diag_error(e->diag, span, "concat of %s and %s along axis %u: the other axes must be equal",
                 value_describe(e, &items[0]), value_describe(e, &items[i]), axis);
      note_operand(e, &items[0], spans[0]);
      note_operand(e, &items[i], spans[i]);
      return false;
    }
    *extent += items[i].extents[axis];
  }
  for (size_t i = 0; i < n; i++)
    if (!unify_types(e, &items[0], &items[i], spans[0], spans[i], "concat")) return false;
  return true;
}

/* Where the items of a list stand; those of one that has a name, where the name does. */
static const Span *item_spans(Elaborator *e, const Argument *list, const Ast *call) {
  Span *spans = ARENA_ARRAY(e->arena, Span, list->value.n_items + 1);
  const Ast *written_list = call->n_args > 0 ? call->args[0].value : NULL;
  bool items = written_list != NULL && written_list->kind == AST_LIST &&
               written_list->n_items == list->value.n_items;
  for (size_t i = 0; i < list->value.n_items; i++)
    spans[i] = items ? written_list->items[i].span : list->span;
  return spans;
}

/* y[…, i, …] = where(i < n_a, a[…, i, …], b[…, i − n_a, …]) */
Value call_concat(Elaborator *e, Scope *scope, const Ast *call) {
  static const char *const names[] = {"tensors", "axis"};
  Argument args[2] = {0};
  if (!match_arguments(e, scope, "concat", names, 2, call, 0, args)) return value_error();
  const Value list = args[0].value;
  if (!args[0].present || list.kind != VALUE_LIST || list.n_items == 0 ||
      list.items[0].kind != VALUE_TENSOR || list.items[0].rank == 0) {
    diag_error(e->diag, call->span, "concat takes a list of tensors: concat([a, b], axis = -1)");
    return value_error();
  }
  Value *items = ARENA_ARRAY(e->arena, Value, list.n_items);
  memcpy(items, list.items, list.n_items * sizeof *items);
  uint32_t axis = 0, rank = items[0].rank;
  int64_t extent, offset = 0;
  if (args[1].present && !constant_axis(e, &args[1], rank, &axis)) return value_error();
  const Span *spans = item_spans(e, &args[0], call);
  if (!joinable(e, items, spans, list.n_items, axis, args[0].span, &extent)) return value_error();
  Graph *graph = e->graph;
  ExprId with[MAX_AXES], index = expr_index(graph, axis), body = EXPR_NONE;
  for (uint32_t k = 0; k < rank; k++) with[k] = EXPR_NONE;
  offset = extent;
  for (size_t i = list.n_items; i-- > 0;) {
    int64_t end = offset;
    offset -= items[i].extents[axis];
    with[axis] =
        offset == 0 ? index : expr_op2(graph, OP_SUB, index, expr_integer(graph, TYPE_I32, offset));
    ExprId part = expr_substitute(graph, items[i].body, with, rank);
    ExprId before = expr_op2(graph, OP_LT, index, expr_integer(graph, TYPE_I32, end));
    body = body == EXPR_NONE ? part : expr_op3(graph, OP_WHERE, before, part, body);
  }
  Value v = items[0];
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, rank);
  memcpy(extents, v.extents, rank * sizeof *extents);
  extents[axis] = extent;
  v.extents = extents;
  v.body = body;
  v.origin = NULL;
  return v;
}

static bool infer_open_size(Elaborator *e, const Value *v, int64_t *extents, uint32_t rank,
                            Span span) {
  int64_t known = 1, total = shape_size(v->rank, v->extents);
  uint32_t n_open = 0;
  for (uint32_t i = 0; i < rank; i++) {
    if (extents[i] == -1)
      n_open++;
    else if (__builtin_mul_overflow(known, extents[i], &known))
      known = INT64_MAX;
  }
  bool fits = n_open == 0 ? known == total : n_open == 1 && known > 0 && total % known == 0;
  for (uint32_t i = 0; fits && i < rank; i++)
    if (extents[i] == -1) extents[i] = total / known;
  if (fits) return true;
  if (n_open > 1)
    diag_error(e->diag, span, "only one size can be -1");
  else
    diag_error(e->diag, span, "%s has %" PRId64 " elements, which is no reshape to %s%" PRId64,
               value_describe(e, v), total, n_open == 0 ? "" : "multiples of ", known);
  note_definition(e, v);
  return false;
}

/* x[…] read at the row-major number of the point: for values that are no tensors of their own. */
static Value reshape_by_arithmetic(Elaborator *e, Value v, uint32_t rank, const int64_t *extents) {
  Graph *graph = e->graph;
  ExprId number = expr_integer(graph, TYPE_I32, 0), with[MAX_AXES];
  for (uint32_t i = 0; i < rank; i++) {
    ExprId size = expr_integer(graph, TYPE_I32, extents[i]), index = expr_index(graph, i);
    number = i == 0 ? index : expr_op2(graph, OP_ADD, expr_op2(graph, OP_MUL, number, size), index);
  }
  int64_t stride = shape_size(v.rank, v.extents);
  for (uint32_t i = 0; i < v.rank; i++) {
    stride /= v.extents[i];
    with[i] = expr_op2(graph, OP_DIV, number, expr_integer(graph, TYPE_I32, stride));
    with[i] = expr_op2(graph, OP_MOD, with[i], expr_integer(graph, TYPE_I32, v.extents[i]));
  }
  v.body = expr_substitute(graph, v.body, with, v.rank);
  v.rank = rank;
  v.extents = extents;
  v.axis_names = NULL;
  return v;
}

Value call_reshape(Elaborator *e, Scope *scope, const Ast *call) {
  if (call->n_args != 2) {
    diag_error(e->diag, call->span,
               "reshape takes a tensor and its new sizes: reshape(x, [B, -1])");
    return value_error();
  }
  Value v = evaluate_tensor(e, scope, call->args[0].value);
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, MAX_AXES);
  uint32_t rank = 0, *free;
  const Ast *sizes = call->args[1].value;
  if (value_failed(&v) || !add_sizes(e, scope, sizes, true, extents, &rank) ||
      !infer_open_size(e, &v, extents, rank, sizes->span))
    return value_error();
  if (rank == v.rank && (rank == 0 || memcmp(extents, v.extents, rank * sizeof *extents) == 0))
    return v;
  if (value_indices(e, v.body, &free) > 0) return reshape_by_arithmetic(e, v, rank, extents);
  TensorId id;
  v.adapts = false;
  if (!hold_value(e, scope, &v, temporary_name(e, "x"), call->args[0].value->span, &id))
    return value_error();
  Tensor t = tensor_new(TENSOR_RESHAPE, v.type);
  t.name = temporary_name(e, "reshape");
  t.rank = rank;
  t.extents = extents;
  t.source = id;
  t.span = call->span;
  t.origin = scope->origin;
  t.use = scope->use;
  return value_tensor(e, graph_add(e->graph, t));
}

Value call_transpose(Elaborator *e, Scope *scope, const Ast *call) {
  if (call->n_args < 1 || call->n_args > 2) {
    diag_error(e->diag, call->span, "transpose takes a tensor and perhaps the order of its axes");
    return value_error();
  }
  Value v = evaluate_tensor(e, scope, call->args[0].value);
  if (value_failed(&v)) return v;
  int64_t order[MAX_AXES];
  uint32_t to[MAX_AXES], n = v.rank;
  bool seen[MAX_AXES] = {false};
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, MAX_AXES);
  for (uint32_t i = 0; i < v.rank; i++) order[i] = v.rank - 1 - i;
  const Ast *axes = call->n_args == 2 ? call->args[1].value : NULL;
  if (axes != NULL && (axes->kind != AST_LIST || axes->n_items != v.rank)) {
    diag_error(e->diag, axes->span, "expected the %u axes in their new order", v.rank);
    return value_error();
  }
  for (uint32_t i = 0; i < n; i++) {
    if (axes != NULL && !constant_integer(e, scope, axes->items[i].first, "an axis", &order[i]))
      return value_error();
    if (order[i] < 0) order[i] += v.rank;
    if (order[i] < 0 || order[i] >= v.rank || seen[order[i]]) {
      diag_error(e->diag, axes->span, "expected each axis from 0 to %u once", v.rank - 1);
      return value_error();
    }
    seen[order[i]] = true;
    to[order[i]] = i;
    extents[i] = v.extents[order[i]];
  }
  return value_layout(e, v, to, v.rank, extents);
}

/* --- constants with a shape --- */

static Value filled(Elaborator *e, Scope *scope, const Ast *call, double value) {
  Value v = value_real(e, scope->real, value);
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, MAX_AXES);
  uint32_t rank = 0;
  for (size_t i = 0; i < call->n_args; i++)
    if (!add_sizes(e, scope, call->args[i].value, false, extents, &rank)) return value_error();
  v.rank = rank;
  v.extents = extents;
  v.constant = rank == 0;
  return v;
}

Value call_zeros(Elaborator *e, Scope *scope, const Ast *call) { return filled(e, scope, call, 0); }
Value call_ones(Elaborator *e, Scope *scope, const Ast *call) { return filled(e, scope, call, 1); }

static Value filled_like(Elaborator *e, Scope *scope, const Ast *call, double value) {
  static const char *const names[] = {"x"};
  Argument x = {0};
  if (!take(e, scope, call, names, 1, 1, &x)) return value_error();
  Value v = value_scalar(e, expr_number(e->graph, x.value.type, value));
  v.rank = x.value.rank;
  v.extents = x.value.extents;
  return v;
}

Value call_zeros_like(Elaborator *e, Scope *scope, const Ast *call) {
  return filled_like(e, scope, call, 0);
}
Value call_ones_like(Elaborator *e, Scope *scope, const Ast *call) {
  return filled_like(e, scope, call, 1);
}

/* y[…, k] = where(x[…] == k, 1, 0) */
Value call_one_hot(Elaborator *e, Scope *scope, const Ast *call) {
  static const char *const names[] = {"x", "size"};
  Argument args[2] = {0};
  if (!take(e, scope, call, names, 2, 2, args)) return value_error();
  Value x = args[0].value;
  const Value *size = &args[1].value;
  if (!type_is_integer(x.type) || !size->constant || !type_is_integer(size->type) ||
      size->integer < 1) {
    diag_error(e->diag, call->span, "one_hot takes integers and how many there are, not %s and %s",
               value_describe(e, &x), value_describe(e, size));
    return value_error();
  }
  uint32_t to[MAX_AXES], rank = x.rank + 1;
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, rank);
  for (uint32_t i = 0; i < x.rank; i++) {
    to[i] = i;
    extents[i] = x.extents[i];
  }
  extents[x.rank] = size->integer;
  if (rank > MAX_AXES) return value_error();
  x = value_layout(e, x, to, rank, extents);
  Value k = value_scalar(e, expr_index(e->graph, rank - 1));
  k.rank = rank;
  k.extents = extents;
  Value same = apply_binary(e, OP_EQ, x, k, call->span);
  if (value_failed(&same)) return same;
  Value choice[3] = {same, value_real(e, scope->real, 1), value_real(e, scope->real, 0)};
  Span spans[3] = {call->span, call->span, call->span};
  return apply_operator(e, OP_WHERE, choice, spans, 3, call->span);
}

Value call_rank(Elaborator *e, Scope *scope, const Ast *call) {
  static const char *const names[] = {"x"};
  Argument x = {0};
  if (!match_arguments(e, scope, "rank", names, 1, call, 0, &x)) return value_error();
  if (x.present && x.value.kind == VALUE_LIST) return value_integer(e, 1);
  if (x.present && x.value.kind == VALUE_STRING) return value_integer(e, 0);
  if (x.present && x.value.kind == VALUE_TENSOR) return value_integer(e, x.value.rank);
  diag_error(e->diag, call->span, "rank takes one tensor, number, list or string");
  return value_error();
}

/* Of a list: how many items it has. */
Value call_size(Elaborator *e, Scope *scope, const Ast *call) {
  static const char *const names[] = {"x", "axis"};
  Argument args[2] = {0};
  uint32_t axis;
  if (!match_arguments(e, scope, "size", names, 2, call, 0, args)) return value_error();
  const Value *x = &args[0].value;
  bool list = args[0].present && x->kind == VALUE_LIST;
  if (!args[0].present || (x->kind != VALUE_TENSOR && !list)) {
    diag_error(e->diag, call->span, "size takes a tensor or list, and perhaps an axis");
    return value_error();
  }
  int64_t count = (int64_t)x->n_items;
  uint32_t rank = list ? 1 : x->rank;
  const int64_t *extents = list ? &count : x->extents;
  if (!args[1].present) return value_integer(e, shape_size(rank, extents));
  if (!constant_axis(e, &args[1], rank, &axis)) return value_error();
  return value_integer(e, extents[axis]);
}

/* The sizes as a list. */
Value call_shape(Elaborator *e, Scope *scope, const Ast *call) {
  static const char *const names[] = {"x"};
  Argument x = {0};
  if (!take(e, scope, call, names, 1, 1, &x)) return value_error();
  Value *items = ARENA_ARRAY(e->arena, Value, x.value.rank + 1), list = value_error();
  for (uint32_t i = 0; i < x.value.rank; i++) items[i] = value_integer(e, x.value.extents[i]);
  list.kind = VALUE_LIST;
  list.items = items;
  list.n_items = x.value.rank;
  return list;
}

/* --- random numbers: drawn anew at every point of the definition that they stand in --- */

static Value draw(Elaborator *e, Scope *scope, ScalarOp op) {
  ExprId site = expr_integer(e->graph, TYPE_I32, e->random_base + e->n_sites++);
  Value v = value_scalar(
      e, expr_random(e->graph, op, scope->real, site, expr_index(e->graph, RANDOM_POINT)));
  v.adapts = true;
  return v;
}

/* a + (b − a) u, with u in [0, 1) */
Value call_uniform(Elaborator *e, Scope *scope, const Ast *call) {
  static const char *const names[] = {"low", "high"};
  Argument args[2] = {0};
  if (!take(e, scope, call, names, 2, 0, args)) return value_error();
  Value u = draw(e, scope, OP_RANDOM_UNIFORM);
  if (!args[0].present && !args[1].present) return u;
  Value low = args[0].present ? args[0].value : value_real(e, scope->real, 0);
  Value high = args[1].present ? args[1].value : value_real(e, scope->real, 1);
  Value width = apply_binary(e, OP_SUB, high, low, call->span);
  return apply_binary(e, OP_ADD, low, apply_binary(e, OP_MUL, width, u, call->span), call->span);
}

Value call_normal(Elaborator *e, Scope *scope, const Ast *call) {
  static const char *const names[] = {"sd"};
  Argument sd = {0};
  if (!take(e, scope, call, names, 1, 0, &sd)) return value_error();
  Value z = draw(e, scope, OP_RANDOM_NORMAL);
  return sd.present ? apply_binary(e, OP_MUL, sd.value, z, call->span) : z;
}

/* random_uniform(site, counter): as dumps write it. */
static Value draw_at(Elaborator *e, Scope *scope, const Ast *call, ScalarOp op) {
  static const char *const names[] = {"site", "counter"};
  Argument args[2] = {0};
  if (!take(e, scope, call, names, 2, 2, args)) return value_error();
  const Value *site = &args[0].value, *counter = &args[1].value;
  if (!site->constant || !type_is_integer(site->type) || !type_is_integer(counter->type)) {
    diag_error(e->diag, call->span, "%s takes a constant and an integer", scalar_ops[op].name);
    return value_error();
  }
  Value v = value_scalar(e, expr_random(e->graph, op, scope->real, site->body, counter->body));
  v.rank = counter->rank;
  v.extents = counter->extents;
  v.adapts = true;
  return v;
}

Value call_random_uniform(Elaborator *e, Scope *scope, const Ast *call) {
  return draw_at(e, scope, call, OP_RANDOM_UNIFORM);
}
Value call_random_normal(Elaborator *e, Scope *scope, const Ast *call) {
  return draw_at(e, scope, call, OP_RANDOM_NORMAL);
}

/* --- a @ b --- */

/* z[…, i, j] = sum[k](a[…, i, k] * b[…, k, j]); an operand with one axis has no i, or no j. */
Value matrix_product(Elaborator *e, Scope *scope, const Ast *ast) {
  Value a = evaluate_tensor(e, scope, ast->operand), b = evaluate_tensor(e, scope, ast->right);
  if (value_failed(&a) || value_failed(&b)) return value_error();
  if (a.rank == 0 || b.rank == 0) {
    diag_error(e->diag, ast->span, "`@` of %s and %s: both need axes", value_describe(e, &a),
               value_describe(e, &b));
    diag_hint(e->diag, "`*` multiplies element by element");
    return value_error();
  }
  uint32_t rows = a.rank > 1, columns = b.rank > 1;
  uint32_t batch_a = a.rank - 1 - rows, batch_b = b.rank - 1 - columns;
  uint32_t batch = batch_a > batch_b ? batch_a : batch_b, rank = batch + rows + columns + 1;
  int64_t sum_a = a.extents[a.rank - 1], sum_b = b.extents[b.rank - 1 - columns];
  if (sum_a != sum_b || rank > MAX_AXES) {
    diag_error(e->diag, ast->span,
               "`@` of %s and %s: the last axis of the left has size %" PRId64
               ", its partner on the right %" PRId64,
               value_describe(e, &a), value_describe(e, &b), sum_a, sum_b);
    note_operand(e, &a, ast->operand->span);
    note_operand(e, &b, ast->right->span);
    const char *left = written(e, ast->operand), *right = written(e, ast->right);
    if (b.rank == 2 && b.extents[1] == sum_a)
      diag_hint(e->diag, "%s @ transpose(%s) fits", left, right);
    else if (a.rank == 2 && a.extents[0] == sum_b)
      diag_hint(e->diag, "transpose(%s) @ %s fits", left, right);
    return value_error();
  }
  uint32_t to_a[MAX_AXES], to_b[MAX_AXES];
  int64_t *size_a = ARENA_ARRAY(e->arena, int64_t, rank),
          *size_b = ARENA_ARRAY(e->arena, int64_t, rank);
  for (uint32_t k = 0; k < rank; k++) size_a[k] = size_b[k] = 1;
  for (uint32_t k = 0; k < batch_a; k++) to_a[k] = batch - batch_a + k;
  for (uint32_t k = 0; k < batch_b; k++) to_b[k] = batch - batch_b + k;
  if (rows) to_a[batch_a] = batch;
  to_a[a.rank - 1] = to_b[b.rank - 1 - columns] = rank - 1;
  if (columns) to_b[b.rank - 1] = batch + rows;
  for (uint32_t k = 0; k < a.rank; k++) size_a[to_a[k]] = a.extents[k];
  for (uint32_t k = 0; k < b.rank; k++) size_b[to_b[k]] = b.extents[k];
  a = value_layout(e, a, to_a, rank, size_a);
  b = value_layout(e, b, to_b, rank, size_b);
  Value product = apply_binary(e, OP_MUL, a, b, ast->span);
  if (value_failed(&product)) return product;
  bool reduced[MAX_AXES] = {false};
  reduced[rank - 1] = true;
  product.adapts = false;
  return reduce_axes(e, scope, REDUCE_SUM, product, reduced, ast->span);
}
