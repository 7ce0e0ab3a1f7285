/* Reductions: sum[i](…) over index variables, sum(x, axis = 0) over axes. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

static const struct {
  const char *name;
  Reduction reduction; /* REDUCE_NONE: the mean */
} reductions[] = {{"sum", REDUCE_SUM},       {"prod", REDUCE_PROD}, {"max", REDUCE_MAX},
                  {"min", REDUCE_MIN},       {"mean", REDUCE_NONE}, {"argmax", REDUCE_ARGMAX},
                  {"argmin", REDUCE_ARGMIN}, {"any", REDUCE_ANY},   {"all", REDUCE_ALL}};

static bool find_reduction(const char *name, Reduction *reduction) {
  for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
    if (strcmp(reductions[i].name, name) != 0) continue;
    *reduction = reductions[i].reduction;
    return true;
  }
  return false;
}

bool is_reduction(const char *name) {
  Reduction reduction;
  return find_reduction(name, &reduction);
}

/* --- what is reduced --- */

static bool reducible(Elaborator *e, Reduction reduction, Value *v, const char *name, Span span) {
  if (value_failed(v)) return false;
  bool logic = reduction == REDUCE_ANY || reduction == REDUCE_ALL;
  if (logic != (v->type == TYPE_BOOL)) {
    diag_error(e->diag, span, "`%s` takes %s, not %s", name, logic ? "conditions" : "numbers",
               value_describe(e, v));
    if (v->type == TYPE_BOOL) diag_hint(e->diag, "real(…) makes 1 of true and 0 of false");
    return false;
  }
  if (reduction == REDUCE_NONE && !type_is_real(v->type)) {
    if (v->adapts) {
      *v = value_retype(e, *v, e->program->real);
    } else {
      diag_error(e->diag, span, "`mean` takes a real, not %s", value_describe(e, v));
      diag_hint(e->diag, "real(…) converts");
      return false;
    }
  }
  v->adapts = v->constant = v->is_size = false;
  return true;
}

/* The mean of `count` values is their sum divided by count. */
static Value divide_by_count(Elaborator *e, Value sum, int64_t count, Span span) {
  return apply_binary(e, OP_DIV, sum, value_integer(e, count), span);
}

static Value make_reduction(Elaborator *e, Scope *scope, Reduction reduction, const Value *v,
                            const uint32_t *reduced, uint32_t n, Span span) {
  Reduction done = reduction == REDUCE_NONE ? REDUCE_SUM : reduction;
  Making making = {.name = temporary_name(e, reduction_name(done)),
                   .reduction = done,
                   .reduced = reduced,
                   .n_reduced = n,
                   .span = span,
                   .scope = scope};
  Value inner = *v;
  inner.origin = NULL;
  return made_value(e, make_definition(e, &inner, &making), &inner, &making);
}

/* --- over index variables --- */

Value reduce_indices(Elaborator *e, Scope *scope, const Ast *call) {
  const Ast *brackets = call->operand;
  const char *name = brackets->operand->name;
  Reduction reduction = REDUCE_NONE;
  find_reduction(name, &reduction);
  if (call->n_args != 1 || call->args[0].name != NULL) {
    diag_error(e->diag, call->span, "%s[…] takes one expression, found %zu", name, call->n_args);
    return value_error();
  }
  IndexList list = open_indices(e, scope, brackets->items, brackets->n_items, LIST_REDUCTION);
  const Ast *ast = call->args[0].value;
  Value v = list.failed ? value_error() : evaluate_tensor(e, list.scope, ast);
  if (list.failed || !reducible(e, reduction, &v, name, ast->span)) {
    list.failed = true;
    close_indices(e, &list);
    return value_error();
  }
  uint32_t *numbers, n = listed_indices(e, &list, &numbers);
  Value made = make_reduction(e, scope, reduction, &v, numbers, n, call->span);
  TensorId id = expr_at(e->graph, made.body)->tensor;
  if (!close_indices(e, &list)) return value_error();
  if (reduction != REDUCE_NONE) return made;
  const Tensor *t = tensor_at(e->graph, id);
  return divide_by_count(e, made, shape_size(t->n_reduced, t->reduced_extents), call->span);
}

/* --- over axes --- */

Value reduce_axes(Elaborator *e, Scope *scope, Reduction reduction, Value v, const bool *reduced,
                  Span where) {
  uint32_t numbers[MAX_AXES], n = 0;
  int64_t count = 1;
  for (uint32_t i = 0; i < v.rank; i++) {
    if (!reduced[i]) continue;
    numbers[n++] = i;
    count *= v.extents[i];
  }
  Value made = make_reduction(e, scope, reduction, &v, numbers, n, where);
  if (e->n_open == 0) settle_definitions(e);
  return reduction == REDUCE_NONE ? divide_by_count(e, made, count, where) : made;
}

static bool mark_axis(Elaborator *e, const Value *v, const Value *axis, Span span, bool *reduced) {
  if (axis->kind == VALUE_LIST) {
    for (size_t i = 0; i < axis->n_items; i++)
      if (!mark_axis(e, v, &axis->items[i], span, reduced)) return false;
    return true;
  }
  if (axis->kind != VALUE_TENSOR || !axis->constant || !type_is_integer(axis->type)) {
    diag_error(e->diag, span, "an axis must be an integer known at compile time, not %s",
               value_describe(e, axis));
    return false;
  }
  int64_t at = axis->integer < 0 ? axis->integer + v->rank : axis->integer;
  if (at < 0 || at >= v->rank) {
    diag_error(e->diag, span, "there is no axis %" PRId64 " in %s", axis->integer,
               value_describe(e, v));
    if (v->rank > 0)
      diag_hint(e->diag, "its axes are 0 to %u; from the end they are -1 to -%u", v->rank - 1,
                v->rank);
    return false;
  }
  reduced[at] = true;
  return true;
}

Value reduce_call(Elaborator *e, Scope *scope, const Ast *call) {
  static const char *const parameters[] = {"x", "axis"};
  const char *name = call->operand->name;
  Reduction reduction = REDUCE_NONE;
  find_reduction(name, &reduction);
  bool two = (reduction == REDUCE_MAX || reduction == REDUCE_MIN) && call->n_args == 2 &&
             call->args[0].name == NULL && call->args[1].name == NULL;
  if (two) {
    Value args[2] = {evaluate(e, scope, call->args[0].value),
                     evaluate(e, scope, call->args[1].value)};
    Span spans[2] = {call->args[0].value->span, call->args[1].value->span};
    return apply_operator(e, reduction == REDUCE_MAX ? OP_MAX : OP_MIN, args, spans, 2, call->span);
  }
  Argument args[2] = {0};
  if (!match_arguments(e, scope, name, parameters, 2, call, 0, args)) return value_error();
  Value v = args[0].value;
  if (!args[0].present || v.kind != VALUE_TENSOR) {
    diag_error(e->diag, call->span, "%s takes a tensor, found %s", name,
               args[0].present ? value_describe(e, &v) : "nothing");
    return value_error();
  }
  if (!reducible(e, reduction, &v, name, args[0].span)) return value_error();
  bool place = reduction == REDUCE_ARGMAX || reduction == REDUCE_ARGMIN;
  bool reduced[MAX_AXES] = {false};
  for (uint32_t i = 0; i < v.rank; i++)
    reduced[i] = !args[1].present && (!place || i + 1 == v.rank);
  if (args[1].present && !mark_axis(e, &v, &args[1].value, args[1].span, reduced))
    return value_error();
  if (v.rank == 0) return place ? value_integer(e, 0) : v;
  return reduce_axes(e, scope, reduction, v, reduced, call->span);
}
