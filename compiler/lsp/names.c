/* Scopes as in elaborate/, without values: a name is looked up from the innermost block outwards,
   then in the prelude. */
#include "lsp/names.h"
#include <string.h>

typedef struct NameScope {
  const struct NameScope *outer;
  Map names; /* name → Definition * */
} NameScope;

typedef struct Finder {
  Arena *arena;
  Diag *diag; /* of imported files: nobody reads it */
  const Source *source;
  Names names;
  Map prelude;  /* name → Definition *, or `nothing`, of those that were looked up */
  Map imported; /* path → Source * */
} Finder;

static NameScope *inner_scope(Finder *f, const NameScope *outer) {
  NameScope *scope = ARENA_NEW(f->arena, NameScope);
  *scope = (NameScope){outer, map_new(f->arena)};
  return scope;
}

/* --- occurrences --- */

static void add_occurrence(Finder *f, Span span, const Definition *definition) {
  if (span.source != f->source) return;
  ARRAY_PUSH(f->arena, &f->names.occurrences, (Occurrence){span, definition});
}

static Span name_span(Span whole, const char *name) {
  whole.end_line = whole.line;
  whole.end_column = whole.column + (uint32_t)strlen(name);
  return whole;
}

/* span: begins with the name. */
static Definition *new_definition(Finder *f, NameKind kind, const char *name, Span span,
                                  const Stmt *stmt) {
  Definition *definition = ARENA_NEW(f->arena, Definition);
  *definition = (Definition){kind, name, name_span(span, name), stmt, NULL};
  return definition;
}

static Definition *define(Finder *f, NameScope *scope, NameKind kind, const char *name, Span span,
                          const Stmt *stmt) {
  Definition *definition = new_definition(f, kind, name, span, stmt);
  map_set(&scope->names, name, definition);
  add_occurrence(f, definition->span, definition);
  return definition;
}

static const Definition *look_up_here(const NameScope *scope, const char *name) {
  for (; scope != NULL; scope = scope->outer) {
    const Definition *found = map_get(&scope->names, name);
    if (found != NULL) return found;
  }
  return NULL;
}

/* What the prelude has not. */
static const Definition nothing;

static const Definition *look_up_prelude(Finder *f, const char *name) {
  const Definition *known = map_get(&f->prelude, name);
  if (known == NULL) {
    known = prelude_definition(f->arena, name);
    if (known == NULL) known = &nothing;
    map_set(&f->prelude, name, (void *)known);
  }
  return known == &nothing ? NULL : known;
}

static const Definition *look_up(Finder *f, const NameScope *scope, const char *name) {
  size_t length = strlen(name);
  if (length > 1 && name[length - 1] == '\'') name = arena_strndup(f->arena, name, length - 1);
  const Definition *found = look_up_here(scope, name);
  return found != NULL ? found : look_up_prelude(f, name);
}

static void use(Finder *f, const NameScope *scope, const char *name, Span span) {
  const Definition *definition = look_up(f, scope, name);
  if (definition != NULL) add_occurrence(f, name_span(span, name), definition);
}

/* --- expressions --- */

static void walk(Finder *f, const NameScope *scope, const Ast *ast);

static void walk_items(Finder *f, const NameScope *scope, const Item *items, size_t n) {
  for (size_t i = 0; i < n; i++) {
    walk(f, scope, items[i].first);
    walk(f, scope, items[i].second);
    walk(f, scope, items[i].third);
  }
}

/* `i`, `i: 3`, `i: 0..3`: the ranges are looked up outside. */
static void bind_indices(Finder *f, NameScope *scope, const Item *items, size_t n) {
  for (size_t i = 0; i < n; i++) {
    walk(f, scope->outer, items[i].second);
    walk(f, scope->outer, items[i].third);
  }
  for (size_t i = 0; i < n; i++) {
    const Ast *first = items[i].first;
    if (first == NULL) continue;
    if (first->kind == AST_NAME)
      define(f, scope, NAME_INDEX, first->name, first->span, NULL);
    else
      walk(f, scope, first);
  }
}

static void walk_args(Finder *f, const NameScope *scope, const Arg *args, size_t n) {
  for (size_t i = 0; i < n; i++) walk(f, scope, args[i].value);
}

/* sum[i](e): i is bound in e. */
static void walk_call(Finder *f, const NameScope *scope, const Ast *call) {
  const Ast *callee = call->operand;
  if (callee->kind == AST_INDEX && callee->operand->kind == AST_NAME) {
    NameScope *inner = inner_scope(f, scope);
    use(f, scope, callee->operand->name, callee->operand->span);
    bind_indices(f, inner, callee->items, callee->n_items);
    scope = inner;
  } else {
    walk(f, scope, callee);
  }
  walk_args(f, scope, call->args, call->n_args);
}

static const Stmt *owned_by(const Stmt *layer, const StmtBlock *block, const char *name) {
  for (size_t i = 0; i < block->count; i++) {
    const Stmt *stmt = block->items[i];
    const Stmt *inside = owned_by(layer, &stmt->body, name);
    if (inside == NULL) inside = owned_by(layer, &stmt->otherwise, name);
    if (inside != NULL) return inside;
    if (stmt->name != NULL && strcmp(stmt->name, name) == 0) return stmt;
  }
  return NULL;
}

/* The layer of an instance: `f` of `f = dense(64)`; NULL. */
static const Stmt *layer_of(Finder *f, const NameScope *scope, const Ast *ast) {
  if (ast->kind != AST_NAME) return NULL;
  const Definition *instance = look_up(f, scope, ast->name);
  if (instance == NULL || instance->stmt == NULL || instance->stmt->value == NULL) return NULL;
  const Ast *value = instance->stmt->value;
  while (value->kind == AST_CALL) value = value->operand;
  if (value->kind != AST_NAME || value == ast) return NULL;
  const Definition *layer = look_up(f, scope, value->name);
  return layer != NULL && layer->stmt != NULL && layer->stmt->kind == STMT_LAYER ? layer->stmt
                                                                                 : NULL;
}

/* f.W, of an instance: the param of its layer. */
static void walk_field(Finder *f, const NameScope *scope, const Ast *field) {
  walk(f, scope, field->operand);
  const Stmt *layer = layer_of(f, scope, field->operand);
  const Stmt *owned = layer == NULL ? NULL : owned_by(layer, &layer->body, field->name);
  if (owned == NULL) return;
  add_occurrence(f, field->op_span,
                 new_definition(f, NAME_STATEMENT, field->name, owned->name_span, owned));
}

static void walk(Finder *f, const NameScope *scope, const Ast *ast) {
  if (ast == NULL) return;
  switch (ast->kind) {
  case AST_INT:
  case AST_REAL:
  case AST_BOOL:
  case AST_STRING: break;
  case AST_NAME: use(f, scope, ast->name, ast->span); break;
  case AST_FIELD: walk_field(f, scope, ast); break;
  case AST_UNARY: walk(f, scope, ast->operand); break;
  case AST_BINARY:
  case AST_PIPE:
  case AST_DEFAULT:
    walk(f, scope, ast->operand);
    walk(f, scope, ast->right);
    break;
  case AST_CALL: walk_call(f, scope, ast); break;
  case AST_INDEX:
    walk(f, scope, ast->operand);
    walk_items(f, scope, ast->items, ast->n_items);
    break;
  case AST_LIST: walk_items(f, scope, ast->items, ast->n_items); break;
  }
}

/* --- statements --- */

static void walk_block(Finder *f, NameScope *scope, const StmtBlock *block);

static void walk_type(Finder *f, const NameScope *scope, const TypeExpr *type) {
  if (type != NULL) walk_items(f, scope, type->items, type->n_items);
}

/* In a signature a name that nothing else has is bound: real[..., N]. */
static void bind_sizes(Finder *f, NameScope *scope, const TypeExpr *type, const Stmt *stmt) {
  for (size_t i = 0; type != NULL && i < type->n_items; i++) {
    const Ast *size = type->items[i].first;
    if (size != NULL && size->kind == AST_NAME && look_up_here(scope, size->name) == NULL)
      define(f, scope, NAME_SIZE, size->name, size->span, stmt);
    else
      walk(f, scope, size);
  }
}

static void bind_params(Finder *f, NameScope *scope, const Stmt *stmt, const Param *params,
                        size_t n) {
  for (size_t i = 0; i < n; i++) {
    walk(f, scope, params[i].value);
    define(f, scope, NAME_PARAMETER, params[i].name, params[i].span, stmt)->param = &params[i];
  }
  for (size_t i = 0; i < n; i++) bind_sizes(f, scope, params[i].type, stmt);
}

static void walk_rule(Finder *f, const NameScope *scope, const Rule *rule, const Stmt *stmt) {
  if (rule == NULL) return;
  for (size_t i = 0; i < rule->n_wrt; i++) walk(f, scope, rule->wrt[i]);
  NameScope *inner = inner_scope(f, scope);
  map_set(&inner->names, rule->seed, /* whose place the tree does not have */
          new_definition(f, NAME_PARAMETER, rule->seed, rule->span, stmt));
  for (size_t i = 0; i < rule->n_values; i++) walk(f, inner, rule->values[i]);
  walk_block(f, inner, &rule->body);
}

static void walk_function(Finder *f, const NameScope *scope, const Stmt *stmt) {
  NameScope *inner = inner_scope(f, scope);
  bind_params(f, inner, stmt, stmt->hyper, stmt->n_hyper);
  bind_params(f, inner, stmt, stmt->params, stmt->n_params);
  walk(f, inner, stmt->value);
  walk_block(f, inner, &stmt->body);
  walk_rule(f, inner, stmt->rule, stmt);
}

static void walk_definition(Finder *f, NameScope *scope, const Stmt *stmt) {
  NameScope *inner = inner_scope(f, scope);
  for (size_t i = 0; i < stmt->n_targets; i++)
    if (stmt->targets[i].has_brackets)
      bind_indices(f, inner, stmt->targets[i].items, stmt->targets[i].n_items);
  walk(f, inner, stmt->value);
  for (size_t i = 0; i < stmt->n_targets; i++)
    define(f, scope, NAME_STATEMENT, stmt->targets[i].name, stmt->targets[i].span, stmt);
}

/* The names that a repeat or scan counts with. */
static NameScope *bind_counters(Finder *f, const NameScope *scope, const Stmt *stmt) {
  NameScope *inner = inner_scope(f, scope);
  for (size_t i = 0; i < stmt->n_iterators; i++) {
    const Iterator *iterator = &stmt->iterators[i];
    walk(f, scope, iterator->from);
    walk(f, scope, iterator->to);
    define(f, inner, NAME_COUNTER, iterator->name, iterator->span, stmt);
  }
  return inner;
}

/* Steps may read what the block defines by indices below them. */
static void bind_ahead(Finder *f, NameScope *scope, const StmtBlock *block) {
  for (size_t i = 0; i < block->count; i++) {
    const Stmt *stmt = block->items[i];
    for (size_t k = 0; stmt->kind == STMT_DEFINE && k < stmt->n_targets; k++) {
      const LeftSide *target = &stmt->targets[k];
      if (target->has_brackets && map_get(&scope->names, target->name) == NULL)
        map_set(&scope->names, target->name,
                new_definition(f, NAME_STATEMENT, target->name, target->span, stmt));
    }
  }
}

/* Its names are known behind it. */
static void walk_scan(Finder *f, NameScope *scope, const Stmt *stmt) {
  NameScope *inner = bind_counters(f, scope, stmt);
  walk(f, scope, stmt->checkpoint);
  walk_args(f, scope, stmt->carried, stmt->n_carried);
  for (size_t i = 0; i < stmt->n_carried; i++)
    define(f, scope, NAME_STATEMENT, stmt->carried[i].name, stmt->carried[i].name_span, stmt);
  NameScope *body = inner_scope(f, inner);
  bind_ahead(f, body, &stmt->body);
  walk_block(f, body, &stmt->body);
  for (size_t i = 0; i < body->names.count; i++)
    map_set(&scope->names, body->names.entries[i].key, body->names.entries[i].value);
}

/* A name that is bound outside carries over. */
static void walk_repeat(Finder *f, NameScope *scope, const Stmt *stmt) {
  NameScope *body = inner_scope(f, bind_counters(f, scope, stmt));
  walk_block(f, body, &stmt->body);
  for (size_t i = 0; i < body->names.count; i++)
    if (look_up_here(scope, body->names.entries[i].key) != NULL)
      map_set(&scope->names, body->names.entries[i].key, body->names.entries[i].value);
}

static void walk_export(Finder *f, NameScope *scope, const Stmt *stmt) {
  for (size_t i = 0; i < stmt->n_params; i++)
    use(f, scope, stmt->params[i].name, stmt->params[i].span);
  for (size_t i = 0; i < stmt->n_results; i++) {
    walk(f, scope, stmt->results[i].target);
    walk(f, scope, stmt->results[i].value);
  }
  for (size_t i = 0; i < stmt->n_args; i++)
    if (stmt->args[i].name != NULL) use(f, scope, stmt->args[i].name, stmt->args[i].name_span);
  walk_args(f, scope, stmt->args, stmt->n_args);
  NameScope *exports = inner_scope(f, NULL); /* they are no values */
  define(f, exports, NAME_STATEMENT, stmt->name, stmt->name_span, stmt);
}

/* `data x = "file.csv"`: x is the input. */
static void walk_clause(Finder *f, const NameScope *scope, const Stmt *stmt) {
  for (size_t i = 0; i < stmt->n_args; i++)
    if (stmt->args[i].name != NULL) use(f, scope, stmt->args[i].name, stmt->args[i].name_span);
  walk_args(f, scope, stmt->args, stmt->n_args);
  for (size_t i = 0; i < stmt->n_on; i++) walk(f, scope, stmt->on[i]);
}

static void walk_file(Finder *f, NameScope *scope, const File *file);

static void walk_import(Finder *f, NameScope *scope, const Stmt *stmt) {
  const char *path = imported_path(f->arena, stmt->span.source, stmt->value->string);
  if (map_get(&f->imported, path) != NULL) return;
  const Source *source = source_read(f->arena, f->diag, path, stmt->span);
  if (source == NULL) return;
  map_set(&f->imported, path, (void *)source);
  walk_file(f, scope, parse_file(f->arena, f->diag, source));
}

static void walk_statement(Finder *f, NameScope *scope, const Stmt *stmt) {
  switch (stmt->kind) {
  case STMT_DIM:
  case STMT_CONST:
  case STMT_INPUT:
  case STMT_PARAM:
  case STMT_STATE:
    walk_type(f, scope, stmt->type);
    walk(f, scope, stmt->value);
    define(f, scope, NAME_STATEMENT, stmt->name, stmt->name_span, stmt);
    break;
  case STMT_DEFINE: walk_definition(f, scope, stmt); break;
  case STMT_UPDATE:
    walk(f, scope, stmt->target);
    walk(f, scope, stmt->value);
    break;
  case STMT_FN:
  case STMT_LAYER:
  case STMT_OPTIMIZER: walk_function(f, scope, stmt); break;
  case STMT_RULE:
    walk(f, scope, stmt->target);
    walk_rule(f, scope, stmt->rule, stmt);
    break;
  case STMT_REPEAT: walk_repeat(f, scope, stmt); break;
  case STMT_SCAN: walk_scan(f, scope, stmt); break;
  case STMT_IF:
    walk(f, scope, stmt->value);
    walk_block(f, scope, &stmt->body);
    walk_block(f, scope, &stmt->otherwise);
    break;
  case STMT_REQUIRE: walk(f, scope, stmt->value); break;
  case STMT_EXPORT: walk_export(f, scope, stmt); break;
  case STMT_TRAIN: walk_block(f, scope, &stmt->body); break;
  case STMT_IMPORT: walk_import(f, scope, stmt); break;
  case STMT_RETURN: walk_args(f, scope, stmt->args, stmt->n_args); break;
  case STMT_CLAUSE: walk_clause(f, scope, stmt); break;
  }
}

static void walk_block(Finder *f, NameScope *scope, const StmtBlock *block) {
  for (size_t i = 0; i < block->count; i++) walk_statement(f, scope, block->items[i]);
}

/* Functions may stand below their uses. */
static void walk_file(Finder *f, NameScope *scope, const File *file) {
  for (size_t i = 0; i < file->body.count; i++) {
    const Stmt *stmt = file->body.items[i];
    if (stmt->kind == STMT_FN || stmt->kind == STMT_LAYER || stmt->kind == STMT_OPTIMIZER)
      define(f, scope, NAME_STATEMENT, stmt->name, stmt->name_span, stmt);
  }
  walk_block(f, scope, &file->body);
}

Names find_names(Arena *arena, const File *file) {
  Finder finder = {.arena = arena,
                   .diag = diag_hold(diag_new(arena, NULL)),
                   .source = file->source,
                   .prelude = map_new(arena),
                   .imported = map_new(arena)};
  NameScope *global = inner_scope(&finder, NULL);
  map_set(&finder.imported, file->source->path, (void *)file->source);
  walk_file(&finder, global, file);
  for (size_t i = 0; i < global->names.count; i++)
    ARRAY_PUSH(arena, &finder.names.top_level, global->names.entries[i].value);
  return finder.names;
}
