/* m ← …, v ← …, θ ← …, for each θ of W₁, b₁, …: updates are alike when their formulas are, with θ
   in place of the param, ∂L/∂θ of its adjoint and m of its state m. */
#include "notation/updates.h"
#include <string.h>
#include "notation/symbols.h"

typedef struct ParamUpdates {
  TensorId param; /* TENSOR_NONE: of a state that belongs to none */
  ARRAY(const Update *) updates;
  const char *key; /* its formulas with θ */
} ParamUpdates;

typedef struct Grouping {
  const Recogniser *r;
  const Graph *graph;
  Arena *arena;
  ARRAY(ParamUpdates) params;
  ARRAY(UpdateGroup) groups;
  bool *in_theta;
} Grouping;

/* The param that is updated, or whose state it is. */
static TensorId param_of(const Graph *graph, TensorId target) {
  const Tensor *t = tensor_at(graph, target);
  if (t->kind == TENSOR_PARAM) return target;
  const char *dot = strrchr(t->name, '.');
  if (dot == NULL) return TENSOR_NONE;
  for (TensorId id = 0; id < graph->n_tensors; id++) {
    const Tensor *param = tensor_at(graph, id);
    size_t length = (size_t)(dot - t->name);
    if (param->kind == TENSOR_PARAM && strncmp(param->name, t->name, length) == 0 &&
        param->name[length] == '\0')
      return id;
  }
  return TENSOR_NONE;
}

static void collect(Grouping *g, const Entry *entry) {
  for (uint32_t i = 0; i < entry->n_updates; i++) {
    const Update *update = &entry->updates[i];
    TensorId param = param_of(g->graph, update->target);
    size_t k = 0;
    while (k < g->params.count && (param == TENSOR_NONE || g->params.items[k].param != param)) k++;
    if (k == g->params.count) ARRAY_PUSH(g->arena, &g->params, (ParamUpdates){.param = param});
    ARRAY_PUSH(g->arena, &g->params.items[k].updates, update);
  }
}

/* --- θ --- */

static const Symbol *new_symbol(Arena *arena, Symbol symbol) {
  Symbol *copy = ARENA_NEW(arena, Symbol);
  *copy = symbol;
  return copy;
}

static const Symbol *primed(Arena *arena, const Symbol *symbol) {
  Symbol copy = *symbol;
  copy.prime = true;
  return new_symbol(arena, copy);
}

/* The symbols, but for those of the param's own. */
static const Symbol **symbols_of_theta(const Grouping *g, const ParamUpdates *of) {
  const Symbol **symbols = ARENA_ARRAY(g->arena, const Symbol *, g->graph->n_tensors + 1);
  memcpy(symbols, g->r->symbols, sizeof *symbols * g->graph->n_tensors);
  if (of->param == TENSOR_NONE) return symbols;
  const Symbol *theta = new_symbol(g->arena, (Symbol){.base = {"θ", "\\theta"}});
  symbols[of->param] = theta;
  for (TensorId id = 0; id < g->graph->n_tensors; id++) {
    const Tensor *t = tensor_at(g->graph, id);
    if (t->is_adjoint && t->adjoint_of == of->param && symbols[id] != NULL &&
        symbols[id]->of != NULL)
      symbols[id] = new_symbol(g->arena, (Symbol){.of = theta, .from = symbols[id]->from});
  }
  for (size_t i = 0; i < of->updates.count; i++) {
    const Update *update = of->updates.items[i];
    const Tensor *target = tensor_at(g->graph, update->target);
    if (target->kind == TENSOR_STATE)
      symbols[update->target] = new_symbol(
          g->arena, (Symbol){.base = word_glyph(g->arena, strrchr(target->name, '.') + 1)});
    const char *value = tensor_at(g->graph, update->value)->name;
    if (value[strlen(value) - 1] == '\'')
      symbols[update->value] = primed(g->arena, symbols[update->target]);
  }
  return symbols;
}

static Line *lines_of(const Grouping *g, const ParamUpdates *of, const Symbol **symbols) {
  Line *lines = ARENA_ARRAY(g->arena, Line, of->updates.count + 1);
  Recogniser r = {g->r->trees, g->arena, symbols};
  for (size_t i = 0; i < of->updates.count; i++) {
    const Update *update = of->updates.items[i];
    const Formula *target = formula_symbol(g->arena, symbols[update->target], NULL, 0);
    bool inside = g->r->trees->listing->is_value[update->value];
    if (inside) {
      lines[i] = recognise_definition(&r, update->value);
      lines[i].tensor = TENSOR_NONE;
      target = formula_symbol(g->arena, symbols[update->target], lines[i].left->args,
                              lines[i].left->n_args);
    } else {
      lines[i].tensor = TENSOR_NONE;
      lines[i].right = formula_symbol(g->arena, symbols[update->value], NULL, 0);
    }
    lines[i].left = target;
    lines[i].arrow = true;
  }
  return lines;
}

static const char *key_of(const Grouping *g, const ParamUpdates *of) {
  const Line *lines = lines_of(g, of, symbols_of_theta(g, of));
  Text key = text_new(g->arena);
  for (size_t i = 0; i < of->updates.count; i++) {
    formula_text(&key, lines[i].left);
    text_add(&key, " ");
    formula_text(&key, lines[i].right);
    text_add(&key, "\n");
  }
  return text_string(&key);
}

/* --- groups --- */

static Glyph for_each(const Grouping *g, const size_t *members, size_t n) {
  Text text = text_new(g->arena), latex = text_new(g->arena);
  text_add(&text, ", for each θ of ");
  text_add(&latex, ", for each $\\theta$ of ");
  for (size_t i = 0; i < n; i++) {
    const Symbol *symbol = g->r->symbols[g->params.items[members[i]].param];
    text_add(&text, i > 0 ? ", " : "");
    text_add(&latex, i > 0 ? ", $" : "$");
    symbol_text(&text, symbol);
    symbol_latex(&latex, symbol);
    text_add(&latex, "$");
  }
  return (Glyph){text_string(&text), text_string(&latex)};
}

static void add_group(Grouping *g, const size_t *members, size_t n) {
  const ParamUpdates *first = &g->params.items[members[0]];
  UpdateGroup group = {.n_lines = (uint32_t)first->updates.count};
  if (n == 1) {
    group.lines = lines_of(g, first, g->r->symbols);
  } else {
    group.lines = lines_of(g, first, symbols_of_theta(g, first));
    group.detail = for_each(g, members, n);
    for (size_t i = 0; i < n; i++) {
      const ParamUpdates *of = &g->params.items[members[i]];
      for (size_t k = 0; k < of->updates.count; k++) {
        TensorId target = of->updates.items[k]->target;
        g->in_theta[target] = tensor_at(g->graph, target)->kind == TENSOR_STATE;
      }
    }
  }
  ARRAY_PUSH(g->arena, &g->groups, group);
}

UpdateGroups group_updates(const Recogniser *recogniser) {
  const Program *program = recogniser->trees->program;
  Grouping g = {.r = recogniser, .graph = program->graph, .arena = recogniser->arena};
  g.in_theta = ARENA_ARRAY(g.arena, bool, program->graph->n_tensors + 1);
  for (uint32_t i = 0; i < program->n_entries; i++) collect(&g, &program->entries[i]);
  for (size_t i = 0; i < g.params.count; i++)
    g.params.items[i].key = key_of(&g, &g.params.items[i]);
  size_t *members = ARENA_ARRAY(g.arena, size_t, g.params.count + 1);
  bool *done = ARENA_ARRAY(g.arena, bool, g.params.count + 1);
  for (size_t i = 0; i < g.params.count; i++) {
    size_t n = 0;
    if (done[i]) continue;
    for (size_t k = i; k < g.params.count; k++) {
      bool alike = k == i || (g.params.items[i].param != TENSOR_NONE &&
                              g.params.items[k].param != TENSOR_NONE && !done[k] &&
                              strcmp(g.params.items[i].key, g.params.items[k].key) == 0);
      if (!alike) continue;
      done[k] = true;
      members[n++] = k;
    }
    add_group(&g, members, n);
  }
  return (UpdateGroups){g.groups.items, (uint32_t)g.groups.count, g.in_theta};
}
