/* The train block: losses and their optimizers, reports, data, and with them the entries `step` and
   `eval`. */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

/* `with adam(…) on a, b.W` */
typedef struct Choice {
  const Instance *optimizer;
  const Stmt *clause; /* its `on` */
  Totals *totals;
} Choice;

/* `minimize L` and what follows it. */
typedef struct Player {
  TensorId loss;
  Span span;
  ARRAY(Choice) choices;
} Player;

typedef struct Training {
  Elaborator *e;
  Scope *scope;
  ARRAY(Player) players;
  ARRAY(Output) reports;
  ARRAY(const Stmt *) frozen;
  ARRAY(DataSource) data;
  ARRAY(DataSource) valid;
  Value clip_norm; /* VALUE_ERROR: none */
  Span clip_span;
  bool *taken; /* per param: an optimizer has it */
} Training;

/* --- clauses --- */

static const Ast *single(Training *t, const Stmt *clause) {
  if (clause->n_args == 1 && clause->args[0].name == NULL) return clause->args[0].value;
  diag_error(t->e->diag, clause->span, "`%s` takes one value", clause->name);
  return NULL;
}

static bool scalar_output(Training *t, const Ast *ast, const char *name, bool real, TensorId *id) {
  Elaborator *e = t->e;
  const char *naming = e->naming;
  TensorId first = e->graph->n_tensors;
  e->naming = name;
  Value v = evaluate_direct(e, t->scope, ast);
  e->naming = naming;
  if (value_failed(&v)) return false;
  if (v.kind != VALUE_TENSOR || v.rank > 0 || v.type == TYPE_BOOL ||
      (real && !type_is_real(v.type))) {
    diag_error(e->diag, ast->span, "`%s` takes a scalar%s, not %s", name, real ? " real" : "",
               value_describe(e, &v));
    if (v.kind == VALUE_TENSOR && v.rank > 0)
      diag_hint(e->diag, "mean(…) or sum(…) makes one number of it");
    return false;
  }
  v.constant = v.adapts = false;
  v = define_name(e, t->scope, v, name, ast->span, false, first);
  return hold_value(e, t->scope, &v, name, ast->span, id);
}

static void add_minimize(Training *t, const Stmt *clause) {
  const Ast *ast = single(t, clause);
  Player player = {.span = clause->span};
  if (ast != NULL && scalar_output(t, ast, "minimize", true, &player.loss))
    ARRAY_PUSH(t->e->arena, &t->players, player);
}

static void add_with(Training *t, const Stmt *clause) {
  Elaborator *e = t->e;
  const Ast *ast = single(t, clause);
  if (ast == NULL) return;
  Value v = evaluate(e, t->scope, ast);
  if (v.kind == VALUE_OPTIMIZER) {
    diag_error(e->diag, ast->span, "the optimizer %s is given without its hyperparameters",
               v.declaration->name);
    diag_hint(e->diag, "write %s()", v.declaration->name);
    return;
  }
  if (v.kind != VALUE_INSTANCE || v.instance->declaration->kind != STMT_OPTIMIZER) {
    if (!value_failed(&v))
      diag_error(e->diag, ast->span, "`with` takes an optimizer, not %s", value_describe(e, &v));
    return;
  }
  if (t->players.count == 0) {
    if (diag_errors(e->diag) == 0)
      diag_error(e->diag, clause->span, "`with` stands after the `minimize` that it is for");
    return;
  }
  Player *player = &t->players.items[t->players.count - 1];
  Totals *totals = ARENA_NEW(e->arena, Totals);
  totals->optimizer = v.instance->declaration->name;
  ARRAY_PUSH(e->arena, &player->choices, (Choice){v.instance, clause, totals});
}

static void add_reports(Training *t, const Stmt *clause) {
  for (size_t i = 0; i < clause->n_args; i++) {
    TensorId id;
    if (!scalar_output(t, clause->args[i].value, "report", false, &id)) continue;
    ARRAY_PUSH(t->e->arena, &t->reports, (Output){tensor_at(t->e->graph, id)->name, id});
  }
}

static void set_number(Training *t, const Stmt *clause, int64_t least, int64_t *number) {
  const Ast *ast = single(t, clause);
  if (ast == NULL || !constant_integer(t->e, t->scope, ast, clause->name, number)) return;
  if (*number < least) {
    diag_error(t->e->diag, ast->span, "`%s` must be at least %" PRId64 ", not %" PRId64,
               clause->name, least, *number);
    *number = least;
  }
}

static void add_sources(Training *t, const Stmt *clause, bool valid) {
  for (size_t i = 0; i < clause->n_args; i++) {
    DataSource source;
    if (!data_source(t->e, &clause->args[i], &source)) continue;
    if (valid)
      ARRAY_PUSH(t->e->arena, &t->valid, source);
    else
      ARRAY_PUSH(t->e->arena, &t->data, source);
  }
}

static void set_clip_norm(Training *t, const Stmt *clause) {
  Elaborator *e = t->e;
  const Ast *ast = single(t, clause);
  if (ast == NULL) return;
  Value v = evaluate_tensor(e, t->scope, ast);
  if (value_failed(&v)) return;
  if (v.rank > 0 || v.type == TYPE_BOOL || (!type_is_real(v.type) && !v.adapts)) {
    diag_error(e->diag, ast->span, "`clip_norm` takes a number, not %s", value_describe(e, &v));
    return;
  }
  t->clip_norm = v;
  t->clip_span = ast->span;
}

static void add_update(Training *t, const Stmt *stmt) {
  Update update;
  if (make_update(t->e, t->scope, stmt->target, stmt->value, stmt->span, &update))
    ARRAY_PUSH(t->e->arena, &t->e->updates, update);
}

static void execute_clause(Training *t, const Stmt *stmt) {
  static const char *const names[] = {"minimize",  "with",   "epochs", "steps", "seed",
                                      "clip_norm", "freeze", "report", "data",  "valid"};
  Train *train = &t->e->program->train;
  int64_t seed = 0;
  if (stmt->kind == STMT_UPDATE) {
    add_update(t, stmt);
  } else if (stmt->kind != STMT_CLAUSE) {
    diag_error(t->e->diag, stmt->span, "this cannot stand in `train`");
    diag_hint(t->e->diag, "definitions stand above the block");
  } else if (strcmp(stmt->name, "minimize") == 0) {
    add_minimize(t, stmt);
  } else if (strcmp(stmt->name, "with") == 0) {
    add_with(t, stmt);
  } else if (strcmp(stmt->name, "epochs") == 0) {
    set_number(t, stmt, 1, &train->epochs);
  } else if (strcmp(stmt->name, "steps") == 0) {
    set_number(t, stmt, 1, &train->steps);
  } else if (strcmp(stmt->name, "seed") == 0) {
    set_number(t, stmt, 0, &seed);
    train->seed = (uint64_t)seed;
  } else if (strcmp(stmt->name, "clip_norm") == 0) {
    set_clip_norm(t, stmt);
  } else if (strcmp(stmt->name, "freeze") == 0) {
    ARRAY_PUSH(t->e->arena, &t->frozen, stmt);
  } else if (strcmp(stmt->name, "report") == 0) {
    add_reports(t, stmt);
  } else if (strcmp(stmt->name, "data") == 0 || strcmp(stmt->name, "valid") == 0) {
    add_sources(t, stmt, strcmp(stmt->name, "valid") == 0);
  } else {
    const char *near = nearest_name(stmt->name, names, sizeof names / sizeof *names);
    diag_error(t->e->diag, stmt->name_span, "`train` has no clause `%s`", stmt->name);
    if (near != NULL) diag_hint(t->e->diag, "did you mean `%s`?", near);
  }
}

/* --- which params --- */

static bool names_param(Elaborator *e, Scope *scope, const Ast *ast, TensorId param) {
  const char *path = path_text(e, ast), *name = tensor_at(e->graph, param)->name;
  if (path == NULL) return false;
  const Binding *binding = find_path(e, scope, ast);
  TensorId id;
  if (binding != NULL && value_is_whole(e, &binding->value, &id)) return id == param;
  if (binding != NULL && binding->value.kind == VALUE_INSTANCE &&
      binding->value.instance->owner != NULL) {
    const char *base = owner_path(e, binding->value.instance->owner);
    return strncmp(name, base, strlen(base)) == 0;
  }
  size_t n = strlen(path);
  return strncmp(name, path, n) == 0 && (name[n] == '.' || name[n] == '[' || name[n] == '\0');
}

/* Marks the params that the names stand for; a name that stands for none is an error. */
static void mark_named(Training *t, const Ast *ast, bool *marked) {
  const Program *program = t->e->program;
  bool any = false;
  for (uint32_t i = 0; i < program->n_params; i++) {
    if (!names_param(t->e, t->scope, ast, program->params[i])) continue;
    marked[i] = any = true;
  }
  if (any) return;
  const char *name = written(t->e, ast);
  const char **params = ARENA_ARRAY(t->e->arena, const char *, program->n_params + 1);
  for (uint32_t i = 0; i < program->n_params; i++)
    params[i] = tensor_at(t->e->graph, program->params[i])->name;
  diag_error(t->e->diag, ast->span, "`%s` names no param, and no instance that owns one", name);
  hint_nearest(t->e, name, params, program->n_params);
}

static bool *mark_frozen(Training *t) {
  bool *frozen = ARENA_ARRAY(t->e->arena, bool, t->e->program->n_params + 1);
  for (size_t i = 0; i < t->frozen.count; i++) {
    const Stmt *clause = t->frozen.items[i];
    for (size_t k = 0; k < clause->n_args; k++) mark_named(t, clause->args[k].value, frozen);
  }
  return frozen;
}

/* --- what a loss reaches by derivatives --- */

typedef ARRAY(TensorId) Tensors;

static void reach(const Elaborator *e, ExprId id, bool *seen, Tensors *list) {
  const Expr *x = expr_at(e->graph, id);
  if (seen[id] || !type_is_real(x->type)) return;
  seen[id] = true;
  if (x->kind == EXPR_READ) ARRAY_PUSH(e->arena, list, x->tensor);
  if (x->fallback != EXPR_NONE) reach(e, x->fallback, seen, list);
  if (x->kind != EXPR_OP) return;
  for (uint32_t i = 0; i < x->n_args; i++) {
    const char *derivative = scalar_ops[x->op].derivative[i];
    if (derivative != NULL && strcmp(derivative, "0") != 0) reach(e, x->args[i], seen, list);
  }
}

/* reached[t]: a path of real values leads from the loss to tensor t. */
static bool *find_reached(Elaborator *e, TensorId loss) {
  bool *reached = ARENA_ARRAY(e->arena, bool, e->graph->n_tensors + 1);
  bool *seen = ARENA_ARRAY(e->arena, bool, e->graph->n_exprs + 1);
  Tensors list = {0};
  ARRAY_PUSH(e->arena, &list, loss);
  for (size_t i = 0; i < list.count; i++) {
    TensorId id = list.items[i];
    if (reached[id]) continue;
    reached[id] = true;
    const Tensor *t = tensor_at(e->graph, id);
    if (t->body != EXPR_NONE) reach(e, t->body, seen, &list);
    if (t->source != TENSOR_NONE) ARRAY_PUSH(e->arena, &list, t->source);
    if (t->wrt != TENSOR_NONE) ARRAY_PUSH(e->arena, &list, t->wrt);
    if (t->seed != TENSOR_NONE) ARRAY_PUSH(e->arena, &list, t->seed);
  }
  return reached;
}

/* --- optimizers --- */

/* One param of a player: its optimizer and gradient. */
typedef struct Move {
  TensorId param, gradient;
  const Choice *choice;
} Move;

/* g · min(1, c / |g|), with the norm of all gradients of the player together. */
static void clip_gradients(Training *t, Move *moves, size_t n) {
  Elaborator *e = t->e;
  Span span = t->clip_span;
  Value total = value_error();
  e->naming = "clip";
  for (size_t i = 0; i < n; i++) {
    Value g = value_tensor(e, moves[i].gradient);
    Value square = apply_binary(e, OP_MUL, g, g, span);
    bool reduced[MAX_AXES];
    for (uint32_t k = 0; k < MAX_AXES; k++) reduced[k] = true;
    if (square.rank > 0) square = reduce_axes(e, t->scope, REDUCE_SUM, square, reduced, span);
    total = i == 0 ? square : apply_binary(e, OP_ADD, total, square, span);
  }
  Value norm = apply_operator(e, OP_SQRT, &total, &span, 1, span);
  norm = define_name(e, t->scope, norm, "clip.norm", span, false, e->graph->n_tensors);
  Value over = apply_binary(e, OP_GT, norm, t->clip_norm, span);
  Value choice[3] = {over, apply_binary(e, OP_DIV, t->clip_norm, norm, span), value_integer(e, 1)};
  Value factor = apply_operator(e, OP_WHERE, choice, (Span[]){span, span, span}, 3, span);
  factor = define_name(e, t->scope, factor, "clip.factor", span, false, e->graph->n_tensors);
  e->naming = NULL;
  for (size_t i = 0; i < n && !value_failed(&factor); i++) {
    const char *name =
        arena_printf(e->arena, "%s.clipped", tensor_at(e->graph, moves[i].gradient)->name);
    Value g = apply_binary(e, OP_MUL, value_tensor(e, moves[i].gradient), factor, span);
    hold_value(e, t->scope, &g, name, span, &moves[i].gradient);
  }
}

static const Choice *choose(const Player *player, bool *const *named, uint32_t param) {
  const Choice *rest = NULL;
  for (size_t i = 0; i < player->choices.count; i++) {
    if (named[i][param]) return &player->choices.items[i];
    if (player->choices.items[i].clause->n_on == 0) rest = &player->choices.items[i];
  }
  return rest;
}

/* Only one may take what no `on` names. */
static void check_rest(const Training *t, const Player *player) {
  const Stmt *first = NULL;
  for (size_t i = 0; i < player->choices.count; i++) {
    const Stmt *clause = player->choices.items[i].clause;
    if (clause->n_on > 0) continue;
    if (first != NULL) {
      diag_error(t->e->diag, clause->span, "a second optimizer for the same params");
      diag_note(t->e->diag, first->span, "the first one");
      diag_hint(t->e->diag, "`with sgd() on dense1, W` says for which params it is");
      return;
    }
    first = clause;
  }
}

static bool *const *named_params(Training *t, const Player *player) {
  bool **named = ARENA_ARRAY(t->e->arena, bool *, player->choices.count + 1);
  for (size_t i = 0; i < player->choices.count; i++) {
    const Stmt *clause = player->choices.items[i].clause;
    named[i] = ARENA_ARRAY(t->e->arena, bool, t->e->program->n_params + 1);
    for (size_t k = 0; k < clause->n_on; k++) mark_named(t, clause->on[k], named[i]);
    for (uint32_t p = 0; p < t->e->program->n_params; p++)
      for (size_t other = 0; other < i; other++)
        if (named[i][p] && named[other][p]) {
          diag_error(t->e->diag, clause->span, "`%s` has two optimizers",
                     tensor_at(t->e->graph, t->e->program->params[p])->name);
          diag_note(t->e->diag, player->choices.items[other].clause->span, "the other one");
          named[i][p] = false;
        }
  }
  return (bool *const *)named;
}

static void move_player(Training *t, const Player *player, const bool *frozen) {
  Elaborator *e = t->e;
  const Program *program = e->program;
  uint32_t n_params = program->n_params;
  if (player->choices.count == 0) {
    diag_error(e->diag, player->span, "`minimize` needs an optimizer");
    diag_hint(e->diag, "add `with adam()`, or another one");
    return;
  }
  check_rest(t, player);
  bool *const *named = named_params(t, player);
  bool *reached = find_reached(e, player->loss);
  Move *moves = ARENA_ARRAY(e->arena, Move, n_params + 1);
  size_t n = 0;
  for (uint32_t i = 0; i < n_params; i++) {
    const Choice *choice = choose(player, named, i);
    TensorId param = program->params[i];
    if (frozen[i] || t->taken[i] || choice == NULL || !reached[param]) continue;
    if (map_get(e->flat, tensor_at(e->graph, param)->name) != NULL) continue;
    t->taken[i] = true;
    moves[n++] = (Move){param, TENSOR_NONE, choice};
  }
  bool any = false;
  for (uint32_t i = 0; i < n_params; i++) any = any || reached[program->params[i]];
  if (!any) {
    diag_warning(e->diag, player->span, "this loss depends on no param: nothing is learnt from it");
    diag_note(e->diag, tensor_at(e->graph, player->loss)->span, "`%s` is defined here",
              tensor_at(e->graph, player->loss)->name);
  }
  for (size_t i = 0; i < n; i++) {
    moves[i].gradient = make_derivative(e, DERIVATIVE_GRAD, player->loss, moves[i].param,
                                        TENSOR_NONE, 0, player->span);
    e->program->gradients[e->program->n_gradients++] =
        (Gradient){moves[i].param, moves[i].gradient};
  }
  if (!value_failed(&t->clip_norm) && n > 0) clip_gradients(t, moves, n);
  for (size_t i = 0; i < n; i++) {
    const Choice *choice = moves[i].choice;
    totals_begin(e, choice->totals);
    apply_optimizer(e, choice->optimizer, moves[i].param, moves[i].gradient, choice->clause->span);
    totals_end(e, choice->clause->span);
  }
}

static bool is_updated(const Elaborator *e, TensorId param) {
  for (size_t i = 0; i < e->updates.count; i++)
    if (e->updates.items[i].target == param) return true;
  return false;
}

static void move_players(Training *t) {
  Elaborator *e = t->e;
  const Program *program = e->program;
  bool *frozen = mark_frozen(t);
  t->taken = ARENA_ARRAY(e->arena, bool, program->n_params + 1);
  e->program->gradients = ARENA_ARRAY(e->arena, Gradient, program->n_params + 1);
  if (t->players.count > 1) /* a param that is named belongs to the player that names it */
    for (size_t i = 0; i < t->players.count; i++) {
      Player *player = &t->players.items[i];
      for (size_t k = 0; k < player->choices.count; k++)
        if (player->choices.items[k].clause->n_on == 0)
          diag_error(e->diag, player->choices.items[k].clause->span,
                     "with several `minimize`, each optimizer says for which params it is");
    }
  for (size_t i = 0; i < t->players.count && diag_errors(e->diag) == 0; i++)
    move_player(t, &t->players.items[i], frozen);
  if (t->players.count == 0) return; /* updates are written out: all that is meant is there */
  for (uint32_t i = 0; i < program->n_params && diag_errors(e->diag) == 0; i++) {
    const Tensor *param = tensor_at(e->graph, program->params[i]);
    if (frozen[i] || is_updated(e, program->params[i])) continue;
    diag_warning(e->diag, param->use.source != NULL ? param->use : param->span,
                 "no derivative of the loss reaches `%s`: it keeps its starting values",
                 param->name);
    diag_hint(e->diag, "`freeze %s` in `train` says that this is meant", param->name);
  }
}

/* --- entries --- */

static void check_updates(Elaborator *e) {
  for (size_t i = 0; i < e->updates.count; i++)
    for (size_t k = 0; k < i; k++) {
      const Update *a = &e->updates.items[k], *b = &e->updates.items[i];
      if (a->target != b->target) continue;
      diag_error(e->diag, b->span, "`%s` gets a second new value",
                 tensor_at(e->graph, b->target)->name);
      diag_note(e->diag, a->span, "the first one");
      return;
    }
}

static void list_outputs(Training *t, Entry *entry) {
  Elaborator *e = t->e;
  entry->outputs = ARENA_ARRAY(e->arena, Output, t->players.count + t->reports.count + 1);
  for (size_t i = 0; i < t->players.count; i++) {
    TensorId loss = t->players.items[i].loss;
    entry->outputs[entry->n_outputs++] = (Output){tensor_at(e->graph, loss)->name, loss};
  }
  for (size_t i = 0; i < t->reports.count; i++) {
    bool stands = false;
    for (uint32_t k = 0; k < entry->n_outputs; k++)
      stands = stands || entry->outputs[k].tensor == t->reports.items[i].tensor;
    if (!stands) entry->outputs[entry->n_outputs++] = t->reports.items[i];
  }
}

/* An input that has data is read, though a step may not need it. */
static void read_data(Elaborator *e, const DataSource *source, bool *needed) {
  const Tensor *t = tensor_at(e->graph, source->input);
  if (needed[source->input]) return;
  needed[source->input] = true;
  diag_warning(e->diag, source->span, "`%s` has data, but nothing in training depends on it",
               t->name);
  diag_note(e->diag, t->span, "`%s` is declared here", t->name);
  diag_hint(e->diag, "it is read for nothing: leave it out of `data` and `valid`");
}

/* Those that are needed or have data, in order of declaration. */
static void list_inputs(Training *t, Entry *entry) {
  Elaborator *e = t->e;
  uint32_t n;
  TensorId *roots = entry_roots(e, entry, &n);
  bool *needed = needed_inputs(e, roots, n);
  for (size_t i = 0; i < t->data.count; i++) read_data(e, &t->data.items[i], needed);
  for (size_t i = 0; i < t->valid.count; i++) read_data(e, &t->valid.items[i], needed);
  entry->inputs = ARENA_ARRAY(e->arena, TensorId, e->program->n_inputs + 1);
  for (uint32_t i = 0; i < e->program->n_inputs; i++)
    if (needed[e->program->inputs[i]]) entry->inputs[entry->n_inputs++] = e->program->inputs[i];
}

static void check_batch(Elaborator *e, const Entry *entry) {
  for (uint32_t i = 0; i < entry->n_inputs; i++) {
    const Tensor *first = tensor_at(e->graph, entry->inputs[0]);
    const Tensor *t = tensor_at(e->graph, entry->inputs[i]);
    bool fits = t->rank > 0 && t->extents[0] == first->extents[0];
    if (fits) continue;
    diag_error(e->diag, t->span,
               "`%s` is %s: all inputs of a train block share their leading "
               "size, the batch",
               t->name, shape_text(e, t->type, t->rank, t->extents));
    if (i > 0)
      diag_note(e->diag, first->span, "`%s` is %s", first->name,
                shape_text(e, first->type, first->rank, first->extents));
    return;
  }
}

static void add_entries(Training *t) {
  Elaborator *e = t->e;
  Entry step = {.kind = ENTRY_STEP,
                .name = "step",
                .training = true,
                .updates = e->updates.items,
                .n_updates = (uint32_t)e->updates.count,
                .span = e->train->span};
  list_outputs(t, &step);
  if (step.n_outputs == 0) {
    diag_error(e->diag, e->train->span,
               "`train` needs a loss: `minimize loss`, or `report loss` "
               "and updates");
    return;
  }
  if (step.n_updates == 0) {
    diag_error(e->diag, e->train->span, "nothing is trained: no param gets a new value");
    diag_hint(e->diag, "%s",
              e->program->n_params == 0
                  ? "there is no param: `param W: …` declares one, a layer owns some"
                  : "each param is frozen, or none of the losses depends on it");
    return;
  }
  list_inputs(t, &step);
  check_batch(e, &step);
  const Tensor *first = step.n_inputs == 0 ? NULL : tensor_at(e->graph, step.inputs[0]);
  e->program->batch = first == NULL || first->rank == 0 ? 1 : first->extents[0];
  Entry eval = step;
  eval.kind = ENTRY_EVAL;
  eval.name = "eval";
  eval.training = false;
  eval.updates = NULL;
  eval.n_updates = 0;
  add_entry(e, step);
  add_entry(e, eval);
}

void elaborate_train(Elaborator *e) {
  const Stmt *stmt = e->train;
  Train *train = &e->program->train;
  if (stmt == NULL) {
    for (size_t i = 0; i < e->updates.count; i++) {
      /* what a layer does in training is no mistake of a model that only uses it */
      if (tensor_at(e->graph, e->updates.items[i].target)->origin != NULL) continue;
      diag_warning(e->diag, e->updates.items[i].span,
                   "this new value is never used: there is no `train` block");
    }
    return;
  }
  Training t = {.e = e, .scope = scope_new(e, e->global), .clip_norm = value_error()};
  t.scope->rebinds = true;
  train->present = true;
  train->span = stmt->span;
  for (size_t i = 0; i < stmt->body.count; i++) execute_clause(&t, stmt->body.items[i]);
  if (train->epochs == 0 && train->steps == 0) train->epochs = 1;
  if (diag_errors(e->diag) > 0) return;
  move_players(&t);
  check_updates(e);
  if (diag_errors(e->diag) > 0) return;
  train->data = t.data.items;
  train->n_data = (uint32_t)t.data.count;
  train->valid = t.valid.items;
  train->n_valid = (uint32_t)t.valid.count;
  add_entries(&t);
}
