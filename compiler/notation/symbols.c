/* Symbols of tensors. */
#include "notation/symbols.h"
#include <ctype.h>
#include <string.h>

typedef struct Names {
  const Trees *trees;
  const Graph *graph;
  Arena *arena;
  const bool *needed;
  Symbol **symbols;    /* per tensor; NULL: not yet */
  const char **owners; /* the instances that are numbered, in order */
  uint32_t n_owners;
  TensorId *weight; /* per tensor: the param of which it is the pre-activation; TENSOR_NONE */
  const Symbol *differentiated; /* L, if there is just one */
  Map taken;                    /* symbols' texts */
} Names;

/* --- words --- */

static const char *leaf_of(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot == NULL ? name : dot + 1;
}

/* "a.b" for "a.b.c"; "" for "c" */
static const char *scope_of(Arena *arena, const char *name) {
  return arena_strndup(arena, name, leaf_of(name) == name ? 0 : (size_t)(leaf_of(name) - name) - 1);
}

static const char *const greek[][2] = {
    {"alpha", "α"},  {"beta", "β"},  {"gamma", "γ"}, {"delta", "δ"}, {"epsilon", "ε"},
    {"zeta", "ζ"},   {"eta", "η"},   {"theta", "θ"}, {"iota", "ι"},  {"kappa", "κ"},
    {"lambda", "λ"}, {"mu", "μ"},    {"nu", "ν"},    {"xi", "ξ"},    {"rho", "ρ"},
    {"sigma", "σ"},  {"tau", "τ"},   {"phi", "φ"},   {"chi", "χ"},   {"psi", "ψ"},
    {"omega", "ω"},  {"Gamma", "Γ"}, {"Delta", "Δ"}, {"Theta", "Θ"}, {"Lambda", "Λ"},
    {"Sigma", "Σ"},  {"Phi", "Φ"},   {"Psi", "Ψ"},   {"Omega", "Ω"}};

Glyph word_glyph(Arena *arena, const char *word) {
  for (size_t i = 0; i < sizeof greek / sizeof *greek; i++)
    if (strcmp(word, greek[i][0]) == 0)
      return (Glyph){greek[i][1], arena_printf(arena, "\\%s", greek[i][0])};
  if (strlen(word) == 1) return (Glyph){word, word};
  Text latex = text_new(arena);
  text_add(&latex, "\\mathrm{");
  for (const char *c = word; *c != '\0'; c++) text_printf(&latex, *c == '_' ? "\\%c" : "%c", *c);
  text_add(&latex, "}");
  return (Glyph){word, text_string(&latex)};
}

static bool is_letter_word(const char *word) {
  Glyph glyph = {0};
  if (strlen(word) == 1) return true;
  for (size_t i = 0; i < sizeof greek / sizeof *greek && glyph.text == NULL; i++)
    if (strcmp(word, greek[i][0]) == 0) glyph.text = greek[i][1];
  return glyph.text != NULL;
}

/* How many of its last characters belong below: x_t: 1 after the _, Wq: 1, k2: 1. */
static size_t label_length(const char *leaf, bool param) {
  size_t length = strlen(leaf), digits = 0;
  while (digits < length && isdigit((unsigned char)leaf[length - 1 - digits])) digits++;
  if (digits > 0 && digits < length) return digits;
  if (isupper((unsigned char)leaf[0]) && (length == 2 || length == 3) &&
      islower((unsigned char)leaf[1]) && islower((unsigned char)leaf[length - 1]))
    return length - 1;
  return param && length == 2 && islower((unsigned char)leaf[0]) &&
                 islower((unsigned char)leaf[1]) && !is_letter_word(leaf)
             ? 1
             : 0;
}

static void set_letters(Arena *arena, Symbol *symbol, const char *leaf, bool param) {
  const char *underscore = strchr(leaf, '_');
  if (underscore != NULL && underscore[1] != '\0') {
    const char *base = arena_strndup(arena, leaf, (size_t)(underscore - leaf));
    if (is_letter_word(base)) {
      symbol->base = word_glyph(arena, base);
      symbol->label = word_glyph(arena, underscore + 1);
      return;
    }
  }
  size_t below = is_letter_word(leaf) ? 0 : label_length(leaf, param);
  size_t length = strlen(leaf), base = length - below;
  while (base > 1 && leaf[base - 1] == '_') base--; /* c7_3: c7 with 3 below */
  symbol->base = word_glyph(arena, arena_strndup(arena, leaf, base));
  if (below == 0) return;
  const char *label = arena_strdup(arena, leaf + length - below);
  symbol->label = isdigit((unsigned char)*label) ? (Glyph){label, label} : word_glyph(arena, label);
}

static void add_label(Arena *arena, Symbol *symbol, Glyph label) {
  if (symbol->label.text == NULL) {
    symbol->label = label;
    return;
  }
  symbol->label = (Glyph){arena_printf(arena, "%s,%s", symbol->label.text, label.text),
                          arena_printf(arena, "%s,%s", symbol->label.latex, label.latex)};
}

static void add_upper(Arena *arena, Symbol *symbol, const char *number) {
  const char *upper = symbol->upper.text == NULL
                          ? number
                          : arena_printf(arena, "%s,%s", symbol->upper.text, number);
  symbol->upper = (Glyph){upper, upper};
}

/* --- instances --- */

/* "dense1" in "rod.dense1"; no turns of repeat, whose number stands elsewhere. */
static bool is_numbered(const char *owner) {
  size_t length = strlen(owner);
  return length > 0 && strchr(owner, '[') == NULL && isdigit((unsigned char)owner[length - 1]);
}

static void find_owners(Names *n) {
  const Program *program = n->trees->program;
  n->owners = ARENA_ARRAY(n->arena, const char *, program->n_params + 1);
  for (uint32_t i = 0; i < program->n_params; i++) {
    const char *owner = scope_of(n->arena, tensor_at(n->graph, program->params[i])->name);
    bool known = !is_numbered(owner);
    for (uint32_t k = 0; k < n->n_owners && !known; k++) known = strcmp(n->owners[k], owner) == 0;
    if (!known) n->owners[n->n_owners++] = owner;
  }
  if (n->n_owners == 1) n->n_owners = 0; /* nothing to tell apart */
}

/* 1 + the place of the instance that it belongs to; 0: of none that is numbered. */
static uint32_t owner_of(const Names *n, const char *name) {
  uint32_t found = 0;
  size_t longest = 0;
  for (uint32_t i = 0; i < n->n_owners; i++) {
    size_t length = strlen(n->owners[i]);
    if (length > longest && strncmp(name, n->owners[i], length) == 0 && name[length] == '.') {
      longest = length;
      found = i + 1;
    }
  }
  return found;
}

/* The number of the instance below, the turns of repeat above. */
static void place_symbol(const Names *n, Symbol *symbol, const char *name) {
  uint32_t owner = owner_of(n, name);
  if (owner > 0) {
    const char *number = arena_printf(n->arena, "%u", owner);
    if (symbol->label.text != NULL && isdigit((unsigned char)*symbol->label.text)) {
      add_upper(n->arena, symbol, symbol->label.text); /* one number below is enough */
      symbol->label = (Glyph){0};
    }
    add_label(n->arena, symbol, (Glyph){number, number});
  }
  for (const char *open = strchr(name, '['); open != NULL; open = strchr(open + 1, '[')) {
    const char *close = strchr(open, ']');
    if (close != NULL)
      add_upper(n->arena, symbol, arena_strndup(n->arena, open + 1, (size_t)(close - open) - 1));
  }
}

/* --- pre-activations --- */

static TensorId param_in_product(const Names *n, const Node *node, const Var *var) {
  if (node->kind == NODE_OP && node->op == OP_MUL) {
    TensorId id = param_in_product(n, node->args[0], var);
    return id != TENSOR_NONE ? id : param_in_product(n, node->args[1], var);
  }
  bool param = node->kind == NODE_READ && tensor_at(n->graph, node->tensor)->kind == TENSOR_PARAM &&
               node_uses(node, var);
  return param ? node->tensor : TENSOR_NONE;
}

/* Whether all terms are sums Σ W x, params, or helpers; *weight: the first W. */
static bool find_weight(const Names *n, const Node *node, TensorId *weight) {
  if (node->kind == NODE_OP && node->op == OP_ADD)
    return find_weight(n, node->args[0], weight) && find_weight(n, node->args[1], weight);
  if (node->kind == NODE_READ) {
    const Tensor *t = tensor_at(n->graph, node->tensor);
    return t->kind == TENSOR_PARAM || (t->kind == TENSOR_DEFINITION && !t->named);
  }
  if (node->kind != NODE_REDUCE || node->reduction != REDUCE_SUM) return false;
  TensorId id = param_in_product(n, node->args[0], node->vars[node->n_vars - 1]);
  if (*weight == TENSOR_NONE) *weight = id;
  return id != TENSOR_NONE;
}

static void find_preactivations(Names *n) {
  for (TensorId id = 0; id < n->graph->n_tensors; id++) {
    const Tensor *t = tensor_at(n->graph, id);
    n->weight[id] = TENSOR_NONE;
    if (!n->needed[id] || t->kind != TENSOR_DEFINITION || t->derived) continue;
    TensorId weight = TENSOR_NONE;
    if (find_weight(n, tree_of(n->trees, id).body, &weight)) n->weight[id] = weight;
  }
}

/* --- symbols --- */

static const char *text_of(const Names *n, const Symbol *symbol) {
  Text text = text_new(n->arena);
  symbol_text(&text, symbol);
  return text_string(&text);
}

static bool is_taken(const Names *n, const Symbol *symbol) {
  return map_get(&n->taken, text_of(n, symbol)) != NULL;
}

static const Symbol *symbol_of(Names *n, TensorId id);

/* The tensor of which it is a helper: x of x.part, a param of its state. */
static TensorId parent_of(const Names *n, const Tensor *t) {
  const char *scope = scope_of(n->arena, t->name);
  TensorId id = graph_find(n->graph, scope);
  while (id != TENSOR_NONE && !n->needed[id]) /* g.sum.table helps g when g.sum stands in it */
    id = graph_find(n->graph, scope = scope_of(n->arena, scope));
  if (id == TENSOR_NONE) return TENSOR_NONE;
  bool state = t->kind == TENSOR_STATE && tensor_at(n->graph, id)->kind == TENSOR_PARAM;
  bool helper = t->kind == TENSOR_DEFINITION && !t->named;
  return state || helper ? id : TENSOR_NONE;
}

/* δ₂ of z₂, else ∂L/∂x. */
static bool set_adjoint(Names *n, Symbol *symbol, const Tensor *t) {
  const Symbol *of = symbol_of(n, t->adjoint_of), *from = symbol_of(n, t->adjoint_from);
  *symbol = (Symbol){.of = of, .from = from};
  bool z = n->weight[t->adjoint_of] != TENSOR_NONE && strcmp(of->base.text, "z") == 0;
  if (!z || from != n->differentiated) return !is_taken(n, symbol);
  *symbol = (Symbol){.base = {"δ", "\\delta"}, .label = of->label, .upper = of->upper};
  if (is_taken(n, symbol)) *symbol = (Symbol){.of = of, .from = from};
  return !is_taken(n, symbol);
}

static const char *without_bars(Arena *arena, const char *leaf) {
  const char *bar = strstr(leaf, "_bar");
  if (bar == NULL || bar == leaf) return leaf;
  return arena_strndup(arena, leaf, (size_t)(bar - leaf));
}

/* hidden = relu(z₁) is h, if nothing else begins so: a function of a pre-activation, by element. */
static bool set_activation(Names *n, Symbol *symbol, TensorId id) {
  const Tensor *t = tensor_at(n->graph, id);
  const char letter[] = {leaf_of(t->name)[0], '\0'};
  if (!t->named || t->derived || t->kind != TENSOR_DEFINITION) return false;
  const Node *body = tree_of(n->trees, id).body;
  bool function = body->kind == NODE_OP && body->n_args > 0 && body->args[0]->kind == NODE_READ &&
                  (body->n_args == 1 || body->op == OP_MAX) &&
                  n->weight[body->args[0]->tensor] != TENSOR_NONE;
  for (TensorId k = 0; k < n->graph->n_tensors && function; k++) {
    const char *other = leaf_of(tensor_at(n->graph, k)->name);
    function = k == id || !n->needed[k] || other[0] != letter[0] || strstr(other, "_bar") != NULL;
  }
  if (function) symbol->base = word_glyph(n->arena, arena_strdup(n->arena, letter));
  return function;
}

static void set_plain(Names *n, Symbol *symbol, TensorId id) {
  const Tensor *t = tensor_at(n->graph, id);
  const char *leaf = leaf_of(t->name), *plain = without_bars(n->arena, leaf);
  set_letters(n->arena, symbol, plain, t->kind == TENSOR_PARAM);
  if (plain != leaf) symbol->accent = ACCENT_BAR;
  place_symbol(n, symbol, t->name);
  if (set_activation(n, symbol, id)) return;
  if (n->weight[id] == TENSOR_NONE || symbol->base.text[1] == '\0' || is_letter_word(plain) ||
      symbol->label.text != NULL)
    return;
  Symbol z = *symbol_of(n, n->weight[id]);
  z.base = (Glyph){"z", "z"};
  if (!is_taken(n, &z)) *symbol = z;
}

/* m of W₁.m is m with W₁ below; other helpers are called like what they help. */
static void set_helper(Names *n, Symbol *symbol, TensorId id, TensorId parent) {
  const Tensor *t = tensor_at(n->graph, id);
  const Symbol *of = symbol_of(n, parent);
  if (t->kind == TENSOR_STATE) {
    set_letters(n->arena, symbol, leaf_of(t->name), false);
    Text latex = text_new(n->arena);
    symbol_latex(&latex, of);
    add_label(n->arena, symbol, (Glyph){text_of(n, of), text_string(&latex)});
    return;
  }
  while (of->of != NULL) of = of->of;
  *symbol = *of;
  symbol->accent = ACCENT_TILDE;
}

/* Whether params belong to it. */
static bool owns_params(const Names *n, const char *scope) {
  const Program *program = n->trees->program;
  for (uint32_t i = 0; i < program->n_params; i++) {
    const char *owner = scope_of(n->arena, tensor_at(n->graph, program->params[i])->name);
    if (strcmp(owner, scope) == 0) return true;
  }
  return false;
}

/* The last word of the instance below, if that tells them apart, then numbers above. */
static void make_unique(Names *n, Symbol *symbol, const char *name) {
  if (!is_taken(n, symbol)) return;
  const char *path = scope_of(n->arena, name), *scope = leaf_of(path);
  if (owns_params(n, path) && symbol->of == NULL) {
    Symbol scoped = *symbol;
    size_t length = strcspn(scope, "[");
    while (length > 1 && scope[length - 1] == '_') length--;
    add_label(n->arena, &scoped, word_glyph(n->arena, arena_strndup(n->arena, scope, length)));
    *symbol = is_taken(n, &scoped) ? *symbol : scoped;
  }
  Symbol numbered = *symbol;
  for (uint32_t number = 2; is_taken(n, &numbered); number++) {
    numbered = *symbol;
    add_upper(n->arena, &numbered, arena_printf(n->arena, "%u", number));
  }
  *symbol = numbered;
}

/* The whole adjoint, and not a part of it. */
static bool is_adjoint(const Names *n, const Tensor *t) {
  if (t->is_adjoint || t->adjoint_of == TENSOR_NONE) return t->is_adjoint;
  const char *of = tensor_at(n->graph, t->adjoint_of)->name;
  return strcmp(t->name, arena_printf(n->arena, "%s_bar", of)) == 0;
}

static const Symbol *symbol_of(Names *n, TensorId id) {
  if (n->symbols[id] != NULL) return n->symbols[id];
  const Tensor *t = tensor_at(n->graph, id);
  Symbol *symbol = ARENA_NEW(n->arena, Symbol);
  size_t length = strlen(t->name);
  bool bar = strstr(leaf_of(t->name), "_bar") != NULL;
  TensorId parent = parent_of(n, t);
  if (t->name[length - 1] == '\'') {
    TensorId old = graph_find(n->graph, arena_strndup(n->arena, t->name, length - 1));
    if (old != TENSOR_NONE) *symbol = *symbol_of(n, old);
    symbol->prime = true;
  } else if (!(bar && is_adjoint(n, t) && t->adjoint_of != TENSOR_NONE &&
               t->adjoint_from != TENSOR_NONE && set_adjoint(n, symbol, t))) {
    *symbol = (Symbol){0};
    if (parent != TENSOR_NONE)
      set_helper(n, symbol, id, parent);
    else
      set_plain(n, symbol, id);
  }
  make_unique(n, symbol, t->name);
  map_set(&n->taken, text_of(n, symbol), symbol);
  n->symbols[id] = symbol;
  return symbol;
}

/* What is differentiated is L, if there is one such scalar and its name is a word. */
static void name_differentiated(Names *n) {
  TensorId from = TENSOR_NONE;
  for (TensorId id = 0; id < n->graph->n_tensors; id++) {
    const Tensor *t = tensor_at(n->graph, id);
    if (!n->needed[id] || !t->is_adjoint || t->adjoint_from == TENSOR_NONE) continue;
    if (from != TENSOR_NONE && from != t->adjoint_from) return;
    from = t->adjoint_from;
  }
  if (from == TENSOR_NONE) return;
  const char *leaf = leaf_of(tensor_at(n->graph, from)->name);
  if (tensor_at(n->graph, from)->rank == 0 && !is_letter_word(leaf)) {
    Symbol *symbol = ARENA_NEW(n->arena, Symbol);
    *symbol = (Symbol){.base = {"L", "L"}};
    n->symbols[from] = symbol;
    map_set(&n->taken, "L", symbol);
  }
  n->differentiated = symbol_of(n, from);
}

const Symbol **name_symbols(const Trees *trees, const bool *needed) {
  const Program *program = trees->program;
  Arena *arena = trees->arena;
  uint32_t count = program->graph->n_tensors;
  Names n = {.trees = trees,
             .graph = program->graph,
             .arena = arena,
             .needed = needed,
             .symbols = ARENA_ARRAY(arena, Symbol *, count + 1),
             .weight = ARENA_ARRAY(arena, TensorId, count + 1),
             .taken = map_new(arena)};
  find_owners(&n);
  find_preactivations(&n);
  name_differentiated(&n);
  const TensorId *given[] = {program->params, program->inputs, program->states};
  uint32_t n_given[] = {program->n_params, program->n_inputs, program->n_states};
  for (int kind = 0; kind < 3; kind++)
    for (uint32_t i = 0; i < n_given[kind]; i++) symbol_of(&n, given[kind][i]);
  for (int derived = 0; derived < 2; derived++)
    for (TensorId id = 0; id < count; id++)
      if (needed[id] && tensor_at(program->graph, id)->derived == (derived == 1)) symbol_of(&n, id);
  return (const Symbol **)n.symbols;
}
