/* Index notation: index variables, their ranges, and definitions at every point. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

/* --- opening a list --- */

static IndexVariable *variable_at(Elaborator *e, uint32_t number) {
  return &e->indices.items[number - FIRST_INDEX];
}

static uint32_t add_variable(Elaborator *e, IndexVariable variable) {
  ARRAY_PUSH(e->arena, &e->indices, variable);
  return FIRST_INDEX + (uint32_t)e->indices.count - 1;
}

static const char *item_text(Elaborator *e, const Item *item) {
  Text text = text_new(e->arena);
  if (item->first != NULL) print_ast(&text, item->first);
  return text_string(&text);
}

/* The name and the written range [from, to) of one item; to == NULL: none. */
static bool item_parts(Elaborator *e, const Item *item, bool left, const Ast **name,
                       const Ast **from, const Ast **to) {
  *name = item->first;
  *from = *to = NULL;
  switch (item->kind) {
  case ITEM_EXPR: break;
  case ITEM_SLICE: *to = item->second; break;
  case ITEM_IN_RANGE:
    *from = item->second;
    *to = item->third;
    break;
  case ITEM_RANGE:
  case ITEM_ELLIPSIS: *name = NULL; break;
  }
  bool range = item->kind != ITEM_SLICE || *to != NULL;
  if (*name != NULL && (*name)->kind == AST_NAME && range) return true;
  if (left && item->kind == ITEM_EXPR) {
    diag_error(e->diag, item->span, "`%s` cannot stand on the left: an index there is a new name",
               item_text(e, item));
    diag_hint(e->diag, "a definition holds at every point; the arithmetic goes to the right-hand "
                       "side, perhaps as where(i == 0, …, …)");
  } else {
    diag_error(e->diag, item->span,
               "expected an index variable, perhaps with its range: `i`, "
               "`i: 3` or `i: 0..3`");
  }
  return false;
}

static bool item_range(Elaborator *e, Scope *scope, const Ast *from, const Ast *to, bool left,
                       int64_t *start, int64_t *extent) {
  *start = 0;
  *extent = -1;
  if (to == NULL) return true;
  if (from != NULL && !constant_integer(e, scope, from, "the start of a range", start))
    return false;
  if (!constant_integer(e, scope, to, "the end of a range", extent)) return false;
  *extent -= *start;
  if (*extent < 1) {
    diag_error(e->diag, to->span, "an empty range: %" PRId64 "..%" PRId64, *start,
               *start + *extent);
    return false;
  }
  if (left && *start != 0) {
    diag_error(e->diag, from->span, "an index on the left runs from 0, not from %" PRId64, *start);
    diag_hint(e->diag, "let it run over 0..%" PRId64 " and add %" PRId64 " on the right", *extent,
              *start);
    return false;
  }
  return true;
}

/* A hidden dim or tensor is nearly always a mistake. */
static void warn_hidden(Elaborator *e, const Scope *scope, const Ast *name) {
  const Binding *hidden = scope_find(scope, name->name);
  if (hidden == NULL || hidden->index || hidden->value.kind != VALUE_TENSOR || e->variant != NULL ||
      (name->span.source != NULL && name->span.source->prelude))
    return;
  diag_warning(e->diag, name->span, "the index variable `%s` hides the %s of that name", name->name,
               hidden->value.is_size ? "size" : "value");
  diag_note(e->diag, hidden->span, "`%s` is defined here", name->name);
  diag_hint(e->diag, "give the index variable another name");
}

/* The step of a scan around the definition: it is that one, not a new one. Within the definition it
   has its place in the list, so that what is split off has its axes in the same order. */
static bool lists_step(Elaborator *e, const Scope *scope, IndexList *list, const Item *item,
                       uint64_t order) {
  uint32_t number;
  if (item->kind != ITEM_EXPR || item->first->kind != AST_NAME) return false;
  const Binding *binding = scope_find(scope, item->first->name);
  if (binding == NULL || !binding->index || !is_index_variable(e, binding->value.body, &number) ||
      !variable_at(e, number)->step)
    return false;
  for (uint32_t i = 0; i < list->count; i++)
    if (list->numbers[i] == number) return false;
  list->steps[list->n_steps++] = (ListedStep){number, variable_at(e, number)->order};
  variable_at(e, number)->order = order;
  list->numbers[list->count++] = number;
  return true;
}

static void open_variable(Elaborator *e, Scope *outer, IndexList *list, const Item *item,
                          ListKind kind, uint64_t order) {
  const Ast *name, *from, *to;
  int64_t start, extent;
  bool left = kind != LIST_REDUCTION;
  if (kind == LIST_DEFINITION && lists_step(e, outer, list, item, order)) return;
  if (!item_parts(e, item, left, &name, &from, &to) ||
      !item_range(e, outer, from, to, left, &start, &extent)) {
    list->failed = true;
    return;
  }
  if (map_get(&list->scope->names, name->name) != NULL) {
    diag_error(e->diag, name->span, "the index variable `%s` stands twice", name->name);
    list->failed = true;
    return;
  }
  warn_hidden(e, outer, name);
  uint32_t number = add_variable(e, (IndexVariable){.name = name->name,
                                                    .span = name->span,
                                                    .order = order,
                                                    .extent = extent,
                                                    .given = extent >= 0});
  ExprId body = expr_index(e->graph, number);
  if (start != 0) body = expr_op2(e->graph, OP_ADD, body, expr_integer(e->graph, TYPE_I32, start));
  Binding *binding = ARENA_NEW(e->arena, Binding);
  *binding = (Binding){.value = value_scalar(e, body), .span = name->span, .index = true};
  map_set(&list->scope->names, name->name, binding);
  list->numbers[list->count++] = number;
}

IndexList open_indices(Elaborator *e, Scope *scope, const Item *items, size_t n, ListKind kind) {
  IndexList list = {.scope = scope_new(e, scope),
                    .numbers = ARENA_ARRAY(e->arena, uint32_t, n + 1),
                    .steps = ARENA_ARRAY(e->arena, ListedStep, n + 1)};
  uint64_t order = (uint64_t)++e->n_lists << 32;
  e->n_open++;
  for (size_t i = 0; i < n; i++, order += MAX_AXES) {
    if (items[i].kind != ITEM_ELLIPSIS) {
      open_variable(e, scope, &list, &items[i], kind, order);
    } else if (list.group != NULL) {
      diag_error(e->diag, items[i].span, "`...` stands twice");
      list.failed = true;
    } else {
      list.group = ARENA_NEW(e->arena, IndexGroup);
      *list.group = (IndexGroup){.span = items[i].span, .order = order};
      list.scope->group = list.group;
      list.numbers[list.count++] = UINT32_MAX;
    }
  }
  return list;
}

bool size_group(Elaborator *e, IndexGroup *group, int64_t count, Span span) {
  static const char *const names[] = {"n", "m", "l", "p", "q"};
  if (count < 0) return false;
  if (group->sized) {
    if ((int64_t)group->count == count) return true;
    diag_error(e->diag, span, "`...` stands for %" PRId64 " ax%s here, but for %u elsewhere", count,
               count == 1 ? "is" : "es", group->count);
    diag_note(e->diag, group->span, "this `...`");
    return false;
  }
  group->sized = true;
  group->count = (uint32_t)count;
  for (uint32_t i = 0; i < group->count; i++) {
    size_t name = (size_t)(group->count - 1 - i) % (sizeof names / sizeof *names);
    uint32_t number = add_variable(e, (IndexVariable){.name = names[name],
                                                      .span = group->span,
                                                      .order = group->order + i,
                                                      .extent = UNKNOWN_EXTENT});
    if (i == 0) group->first = number;
  }
  return true;
}

/* --- ranges --- */

bool is_index_variable(const Elaborator *e, ExprId body, uint32_t *number) {
  const Expr *x = expr_at(e->graph, body);
  if (x->kind != EXPR_INDEX || x->index < FIRST_INDEX) return false;
  *number = x->index;
  return true;
}

void infer_extent(Elaborator *e, uint32_t number, int64_t extent, Span span, bool weak) {
  IndexVariable *v = variable_at(e, number);
  if (extent == UNKNOWN_EXTENT) return;
  if (v->given || v->extent == extent) {
    if (!weak) v->weak = false;
    return;
  }
  if (v->extent >= 0 && weak && !v->weak) return;
  if (v->extent < 0 || (v->weak && !weak)) {
    v->extent = extent;
    v->inferred_at = span;
    v->weak = weak;
    return;
  }
  diag_error(e->diag, span,
             "`%s` runs over an axis of size %" PRId64 " here, but of size %" PRId64 " elsewhere",
             v->name, extent, v->extent);
  diag_note(e->diag, v->inferred_at, "size %" PRId64 " comes from this read", v->extent);
  diag_hint(e->diag, "if the smaller range is meant, write it: `%s: %" PRId64 "`", v->name,
            extent < v->extent ? extent : v->extent);
  v->given = true; /* said once */
}

static void check_ranges(Elaborator *e) {
  uint32_t n = FIRST_INDEX + (uint32_t)e->indices.count;
  int64_t *extents = ARENA_ARRAY(e->arena, int64_t, n);
  for (uint32_t i = 0; i < n; i++)
    extents[i] = i < FIRST_INDEX ? INT32_MAX : e->indices.items[i - FIRST_INDEX].extent;
  for (size_t i = 0; i < e->checks.count; i++) {
    const RangeCheck *check = &e->checks.items[i];
    if (expr_varies_with_data(e->graph, check->index) || *check->extent < 0) continue;
    Interval range = expr_interval(e->graph, check->index, extents, n);
    if (range.low >= 0 && range.high < *check->extent) continue;
    Text text = text_new(e->arena);
    print_ast(&text, check->ast);
    diag_error(e->diag, check->ast->span,
               "`%s` runs over %" PRId64 "..%" PRId64 ", outside axis %u of size %" PRId64,
               text_string(&text), range.low, range.high + (range.high < INT64_MAX), check->axis,
               *check->extent);
    diag_note(e->diag, check->read, "in this read");
    diag_hint(e->diag, "`?? 0` after the read gives 0 outside; or give the index a range that "
                       "stays inside");
  }
}

void check_later(Elaborator *e, RangeCheck check) {
  ARRAY_PUSH(e->arena, &e->checks, check);
  if (e->n_open > 0) return;
  check_ranges(e); /* no index variable is in scope whose range is still to come: p[0^-1] */
  e->checks.count = 0;
}

/* --- closing --- */

uint32_t listed_indices(Elaborator *e, const IndexList *list, uint32_t **numbers) {
  uint32_t n_group = list->group != NULL && list->group->sized ? list->group->count : 0;
  *numbers = ARENA_ARRAY(e->arena, uint32_t, list->count + n_group + 1);
  uint32_t n = 0;
  for (uint32_t i = 0; i < list->count; i++) {
    if (list->numbers[i] != UINT32_MAX) (*numbers)[n++] = list->numbers[i];
    for (uint32_t k = 0; list->numbers[i] == UINT32_MAX && k < n_group; k++)
      (*numbers)[n++] = list->group->first + k;
  }
  return n;
}

static bool settle(Elaborator *e, uint32_t number) {
  IndexVariable *v = variable_at(e, number);
  bool known = v->extent >= 0;
  if (!known) {
    diag_error(e->diag, v->span, "nothing gives the index variable `%s` a range", v->name);
    diag_hint(e->diag,
              "a range comes from an axis that `%s` runs over alone; else write it: "
              "`%s: 3`",
              v->name, v->name);
    v->extent = 1;
  }
  for (size_t i = 0; i < v->uses.count; i++) *v->uses.items[i] = v->extent;
  return known;
}

bool close_indices(Elaborator *e, IndexList *list) {
  bool done = !list->failed;
  int errors = diag_errors(e->diag);
  for (uint32_t i = 0; i < list->n_steps; i++)
    variable_at(e, list->steps[i].number)->order = list->steps[i].order;
  if (list->group != NULL && !list->group->sized) {
    if (done) {
      diag_error(e->diag, list->group->span, "nothing says which axes `...` stands for");
      diag_hint(e->diag, "a read on the right with `...` does");
    }
    done = false;
  }
  uint32_t *numbers, n = listed_indices(e, list, &numbers);
  for (uint32_t i = 0; i < n; i++) {
    if (list->failed && variable_at(e, numbers[i])->extent < 0)
      variable_at(e, numbers[i])->extent = 1;
    done = settle(e, numbers[i]) && done;
  }
  if (--e->n_open > 0) return done;
  if (done) check_ranges(e);
  settle_definitions(e);
  e->checks.count = 0;
  e->indices.count = 0;
  forget_axis_variables(e);
  return done && diag_errors(e->diag) == errors;
}

/* --- definitions --- */

static bool check_point_value(Elaborator *e, Value *v, const Ast *ast, const char *name) {
  if (value_failed(v)) return false;
  if (v->kind == VALUE_TENSOR && v->rank == 0) return true;
  if (v->kind == VALUE_TENSOR) {
    diag_error(e->diag, ast->span, "%s is defined point by point, but this is %s at each point",
               name, value_describe(e, v));
    diag_hint(e->diag, "give it the missing %s, here and on the left",
              v->rank == 1 ? "index" : "indices");
  } else {
    diag_error(e->diag, ast->span, "expected a number, found %s", value_describe(e, v));
  }
  return false;
}

/* What lists a step of a scan has the steps of the scans around that one as leading axes. */
static const uint32_t *steps_around(Elaborator *e, const uint32_t *own, uint32_t n_own,
                                    uint32_t *n_around) {
  uint32_t *around = ARENA_ARRAY(e->arena, uint32_t, e->steps.count + 1);
  *n_around = 0;
  bool lists = false;
  for (size_t i = 0; i < e->steps.count; i++) {
    bool listed = false;
    for (uint32_t k = 0; k < n_own; k++) listed = listed || own[k] == e->steps.items[i];
    lists = lists || listed;
    if (!listed) around[(*n_around)++] = e->steps.items[i];
  }
  if (!lists) *n_around = 0;
  return around;
}

/* The definition with the list's variables as its axes, closed. */
static Value finish_definition(Elaborator *e, Scope *scope, IndexList *list, Value v,
                               const char *name, bool named, Span span, TensorId first) {
  uint32_t *own, n_own = listed_indices(e, list, &own);
  v.adapts = v.constant = v.is_size = false;
  uint32_t n_around;
  const uint32_t *around = steps_around(e, own, n_own, &n_around);
  Making making = {.name = name,
                   .own = own,
                   .n_own = n_own,
                   .around = around,
                   .n_around = n_around,
                   .named = named,
                   .span = span,
                   .scope = scope};
  TensorId id = adopt_definition(e, &v, &making, first);
  if (id == TENSOR_NONE) id = make_definition(e, &v, &making);
  Value made = made_value(e, id, &v, &making);
  return close_indices(e, list) ? made : value_error();
}

Value indexed_definition(Elaborator *e, Scope *scope, const LeftSide *target, const Ast *ast,
                         const char *name) {
  TensorId first = e->graph->n_tensors;
  IndexList list = open_indices(e, scope, target->items, target->n_items, LIST_DEFINITION);
  Value v = list.failed ? value_error() : evaluate_direct(e, list.scope, ast);
  if (!list.failed && !check_point_value(e, &v, ast, target->name)) list.failed = true;
  if (list.failed) {
    close_indices(e, &list);
    return value_error();
  }
  bool named = scope->function == NULL;
  return finish_definition(e, scope, &list, v, name, named, target->span, first);
}

Value anonymous_definition(Elaborator *e, Scope *scope, const Ast *call) {
  const Ast *brackets = call->operand;
  if (call->n_args != 1 || call->args[0].name != NULL) {
    diag_error(e->diag, call->span, "tensor[…] takes one expression, found %zu", call->n_args);
    return value_error();
  }
  TensorId first = e->graph->n_tensors;
  IndexList list = open_indices(e, scope, brackets->items, brackets->n_items, LIST_ANONYMOUS);
  const Ast *ast = call->args[0].value;
  Value v = list.failed ? value_error() : evaluate(e, list.scope, ast);
  if (!list.failed && !check_point_value(e, &v, ast, "tensor[…]")) list.failed = true;
  if (list.failed) {
    close_indices(e, &list);
    return value_error();
  }
  const char *name = temporary_name(e, "t");
  return finish_definition(e, scope, &list, v, name, false, call->span, first);
}
