/* Statements in order. What the language has but this compiler cannot do is refused by its name. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

bool spend(Elaborator *e, Span span) {
  enum { MAX_WORK = 1500000, MAX_EXPRESSIONS = 30000000, MAX_TENSORS = 400000 };
  bool spent = e->work > MAX_WORK || e->graph->n_exprs > MAX_EXPRESSIONS ||
               e->graph->n_tensors > MAX_TENSORS;
  if (!spent) {
    e->work++;
    return true;
  }
  if (!e->exhausted) {
    diag_error(e->diag, span, "the program grows too large here");
    diag_hint(e->diag, "`repeat` and calls are written out at compile time");
  }
  e->exhausted = true;
  return false;
}

static bool has_returned(const Scope *scope) { return scope->returned != NULL && *scope->returned; }

void execute_block(Elaborator *e, Scope *scope, const StmtBlock *block) {
  for (size_t i = 0; i < block->count && !has_returned(scope); i++) {
    if (!spend(e, block->items[i]->span) || diag_full(e->diag)) return;
    execute(e, scope, block->items[i]);
  }
}

/* --- definitions --- */

static void bind_value(Elaborator *e, Scope *scope, const LeftSide *target, const char *full,
                       Value v, TensorId first) {
  if (v.kind == VALUE_TUPLE) {
    diag_error(e->diag, target->span, "`%s` would be %zu values", target->name, v.n_items);
    diag_hint(e->diag, "write (%s, …) = … for all of them", target->name);
    v = value_error();
  }
  if (v.kind == VALUE_INSTANCE && v.instance->owner == NULL) {
    Owner *owner = owner_new(e, scope->owner, target->name, scope->iteration, NULL);
    owner->path = arena_printf(e->arena, "%s%s%s.", owner_path(e, scope->owner), target->name,
                               scope->iteration);
    v.instance->owner = owner;
  }
  bool named = scope->function == NULL;
  v = define_name(e, scope, v, full, target->span, named, first);
  scope_bind(e, scope, target->name, v, target->span);
}

static void define_one(Elaborator *e, Scope *scope, const Stmt *stmt) {
  const LeftSide *target = &stmt->targets[0];
  const char *full = full_name(e, scope, target->name), *naming = e->naming;
  TensorId first = e->graph->n_tensors;
  e->naming = full;
  if (target->has_brackets) {
    Value v = indexed_definition(e, scope, target, stmt->value, full);
    scope_bind(e, scope, target->name, v, target->span);
  } else {
    Value v = evaluate_direct(e, scope, stmt->value);
    bind_value(e, scope, target, full, v, first);
  }
  e->naming = naming;
}

static void define_several(Elaborator *e, Scope *scope, const Stmt *stmt) {
  TensorId first = e->graph->n_tensors;
  Value v = evaluate_direct(e, scope, stmt->value);
  bool fits = v.kind == VALUE_TUPLE && v.n_items == stmt->n_targets;
  if (!fits && !value_failed(&v))
    diag_error(e->diag, stmt->value->span, "%zu names for %s", stmt->n_targets,
               v.kind == VALUE_TUPLE ? value_describe(e, &v) : "one value");
  for (size_t i = 0; i < stmt->n_targets; i++) {
    const LeftSide *target = &stmt->targets[i];
    if (target->has_brackets) {
      diag_error(e->diag, target->span, "only whole values can be taken apart here");
      fits = false;
    }
    bind_value(e, scope, target, full_name(e, scope, target->name),
               fits ? v.items[i] : value_error(), first);
  }
}

/* --- control --- */

static void execute_repeat(Elaborator *e, Scope *scope, const Stmt *stmt) {
  const Iterator *iterator = &stmt->iterators[0];
  int64_t from, to;
  if (!constant_integer(e, scope, iterator->from, "the start of `repeat`", &from) ||
      !constant_integer(e, scope, iterator->to, "the end of `repeat`", &to))
    return;
  int errors = diag_errors(e->diag); /* a mistake is said in one turn */
  for (int64_t turn = from; turn < to && diag_errors(e->diag) == errors; turn++) {
    Scope *body = scope_new(e, scope);
    body->turn = true;
    body->rebinds = true;
    body->iteration = arena_printf(e->arena, "%s[%" PRId64 "]", scope->iteration, turn);
    Binding *binding = ARENA_NEW(e->arena, Binding);
    *binding = (Binding){.value = value_integer(e, turn), .span = iterator->span};
    map_set(&body->names, iterator->name, binding);
    execute_block(e, body, &stmt->body);
    if (has_returned(scope)) return;
  }
}

static void execute_if(Elaborator *e, Scope *scope, const Stmt *stmt) {
  bool condition;
  if (!constant_bool(e, scope, stmt->value, "the condition of `if`", &condition)) return;
  execute_block(e, scope, condition ? &stmt->body : &stmt->otherwise);
}

static void execute_require(Elaborator *e, Scope *scope, const Stmt *stmt) {
  bool condition;
  if (e->variant != NULL) return;
  if (!constant_bool(e, scope, stmt->value, "what `require` asks for", &condition) || condition)
    return;
  Span use = scope->use.source != NULL ? scope->use : stmt->value->span;
  const Ast *message = stmt->message;
  diag_error(e->diag, use, "%s",
             message != NULL && message->kind == AST_STRING ? message->string
                                                            : "a requirement does not hold");
  if (scope->use.source != NULL) diag_note(e->diag, stmt->value->span, "required here");
  if (scope->returned != NULL) *scope->returned = true; /* nothing is asked of what it guards */
}

static void execute_return(Elaborator *e, Scope *scope, const Stmt *stmt) {
  if (scope->result == NULL ||
      (scope->function != NULL && scope->function->kind == STMT_OPTIMIZER)) {
    diag_error(e->diag, stmt->span, "`return` stands in a function or layer");
    return;
  }
  Value v = value_error();
  if (stmt->n_args == 1) {
    v = evaluate_direct(e, scope, stmt->args[0].value);
  } else {
    Value *items = ARENA_ARRAY(e->arena, Value, stmt->n_args + 1);
    bool failed = false;
    for (size_t i = 0; i < stmt->n_args; i++) {
      items[i] = evaluate(e, scope, stmt->args[i].value);
      failed = failed || value_failed(&items[i]);
    }
    v.kind = failed ? VALUE_ERROR : VALUE_TUPLE;
    v.items = items;
    v.n_items = stmt->n_args;
  }
  *scope->result = v;
  *scope->returned = true;
}

/* --- what stands at the top level alone --- */

static bool at_top_level(Elaborator *e, const Scope *scope, const Stmt *stmt, const char *what) {
  if (scope->function == NULL && !scope->turn) return true;
  diag_error(e->diag, stmt->span, "%s stands at the top level of a file", what);
  return false;
}

static void keep_train(Elaborator *e, const Scope *scope, const Stmt *stmt) {
  if (!at_top_level(e, scope, stmt, "`train`")) return;
  if (e->train != NULL) {
    diag_error(e->diag, stmt->span, "a second `train` block");
    diag_note(e->diag, e->train->span, "the first one");
    return;
  }
  e->train = stmt;
}

void execute(Elaborator *e, Scope *scope, const Stmt *stmt) {
  switch (stmt->kind) {
  case STMT_DIM:
  case STMT_CONST: declare_size(e, scope, stmt); return;
  case STMT_INPUT:
    if (at_top_level(e, scope, stmt, "`input`")) declare_input(e, scope, stmt);
    return;
  case STMT_PARAM:
  case STMT_STATE: declare_owned(e, scope, stmt); return;
  case STMT_DEFINE:
    if (stmt->n_targets == 1)
      define_one(e, scope, stmt);
    else
      define_several(e, scope, stmt);
    return;
  case STMT_UPDATE: declare_update(e, scope, stmt); return;
  case STMT_FN:
  case STMT_LAYER:
  case STMT_OPTIMIZER:
    at_top_level(e, scope, stmt, "a definition of a function, layer or optimizer");
    return; /* bound before the first statement */
  case STMT_RULE:
    if (at_top_level(e, scope, stmt, "a definition's own reverse rule"))
      declare_rule(e, scope, stmt);
    return;
  case STMT_REPEAT: execute_repeat(e, scope, stmt); return;
  case STMT_SCAN: execute_scan(e, scope, stmt); return;
  case STMT_IF: execute_if(e, scope, stmt); return;
  case STMT_REQUIRE: execute_require(e, scope, stmt); return;
  case STMT_EXPORT:
    if (at_top_level(e, scope, stmt, "`export`")) ARRAY_PUSH(e->arena, &e->exports, stmt);
    return;
  case STMT_TRAIN: keep_train(e, scope, stmt); return;
  case STMT_IMPORT: at_top_level(e, scope, stmt, "`import`"); return; /* read before */
  case STMT_RETURN: execute_return(e, scope, stmt); return;
  case STMT_CLAUSE: break;
  }
  bug("elaborate", "a clause outside `train`");
}
