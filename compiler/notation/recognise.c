/* A formula leaves out the indices that can be seen from the shapes. Some index variables of a
   definition are its *components*, the last of its outputs: with one, formulas are about column
   vectors, with two about matrices whose rows are the first, and more are only for what goes by
   element. The variable of the batch is none, as it may be *hidden*: then a vector of an example is
   a column of a matrix with a column for each example, and

     z[n, j] = Σ_i W[j, i] x[n, i] + b[j]       is  z = W x + b
     W̄[j, i] = Σ_n δ[n, j] x[n, i]              is  W̄ = δ xᵀ

   All others stand as subscripts. Each way is tried; a way fails where an expression would not be
   what its shapes say (`Value.formula` NULL), and the one with the least to read is taken. Index
   form, without components and nothing hidden, never fails. */
#include "notation/recognise.h"
#include <string.h>
#include "graph/scalar_ops.h"
#include "notation/value.h"

/* --- reads --- */

static uint32_t component_of(const Context *c, const Var *var) {
  for (uint32_t i = 0; i < c->n_components; i++)
    if (c->components[i] == var) return i;
  return NOT_A_COMPONENT;
}

static bool is_forbidden(const Context *c, const Var *var) {
  for (c = c->outer; c != NULL; c = c->outer)
    if (component_of(c, var) != NOT_A_COMPONENT) return true;
  return false;
}

static bool is_hidden(const Context *c, const Var *var) { return c->hide && var->batch; }

/* `t − 1` as −1, `t + 1` as the number of steps, where that is the one place outside; NULL:
   something else. */
static const Formula *first_outside(const Context *c, const Node *at, int64_t extent) {
  if (at->kind != NODE_OP || at->n_args != 2 || at->args[0]->kind != NODE_VAR ||
      at->args[1]->kind != NODE_NUMBER || at->args[0]->var->extent != extent)
    return NULL;
  double step = at->op == OP_ADD ? at->args[1]->number : -at->args[1]->number;
  if ((at->op != OP_ADD && at->op != OP_SUB) || (step != 1 && step != -1)) return NULL;
  return formula_number(c->r->arena, step < 0 ? -1 : (double)extent);
}

static bool may_be_outside(const Node *at, int64_t extent) {
  if (at->kind == NODE_VAR) return at->var->extent > extent;
  return at->kind != NODE_NUMBER || at->number < 0 || at->number >= (double)extent;
}

typedef struct Subscripts {
  const Formula **items;   /* those that are shown, and · for a component before them */
  const Formula **outside; /* the same where the read is outside */
  uint32_t n, n_components;
  uint32_t n_steps, n_outside; /* those that may be outside, and by one step only */
  uint32_t step_axis;
  bool before;
  uint32_t n_shown; /* up to the last that is shown */
  uint32_t order[MAX_COMPONENTS];
  bool batch;
} Subscripts;

static bool add_subscript(Context *c, const Node *read, uint32_t axis, Subscripts *s) {
  const Node *at = read->args[axis];
  const Tensor *t = tensor_at(c->r->trees->program->graph, read->tensor);
  uint32_t component = at->kind == NODE_VAR ? component_of(c, at->var) : NOT_A_COMPONENT;
  s->n_outside += may_be_outside(at, t->extents[axis]);
  if (component != NOT_A_COMPONENT) {
    if (at->var->extent != t->extents[axis] || s->n_components == MAX_COMPONENTS) return false;
    s->order[s->n_components++] = component;
    s->items[s->n] = s->outside[s->n] = formula_any(c->r->arena);
    s->n++;
    return true;
  }
  if (at->kind == NODE_VAR && is_hidden(c, at->var)) {
    s->batch = true;
    return true;
  }
  Value value = value_of(c, at);
  if (value.formula == NULL || value.components != 0) return false;
  s->batch = s->batch || value.batch;
  const Formula *step = first_outside(c, at, t->extents[axis]);
  if (step != NULL) {
    s->n_steps++;
    s->step_axis = axis;
    s->before = step->kind == FORMULA_NEGATIVE;
  }
  s->outside[s->n] = step != NULL ? step : value.formula;
  s->items[s->n++] = value.formula;
  s->n_shown = s->n;
  return true;
}

/* Components in order: as it is; two the other way round: transposed. */
static bool is_ordered(const Subscripts *s, bool *transposed) {
  bool ascending = true;
  for (uint32_t i = 1; i < s->n_components; i++)
    ascending = ascending && s->order[i - 1] < s->order[i];
  *transposed = !ascending;
  return ascending || (s->n_components == 2 && s->order[0] > s->order[1]);
}

static bool same_formula(Arena *arena, const Formula *a, const Formula *b) {
  Text left = text_new(arena), right = text_new(arena);
  formula_text(&left, a);
  formula_text(&right, b);
  return strcmp(text_string(&left), text_string(&right)) == 0;
}

/* Whether both can be said of one tensor: the same number, or of different ends of an axis. */
static bool agree(Arena *arena, const Remark *a, const Remark *b) {
  const Formula *value = a->equation->args[1];
  bool same = same_formula(arena, value, b->equation->args[1]);
  if (same && (value->kind == FORMULA_GLYPH ||
               same_formula(arena, a->equation->args[0], b->equation->args[0])))
    return true;
  return !a->outside && !b->outside && a->axis == b->axis && a->before != b->before;
}

/* Says what the read is outside. False: of the same tensor something else was said. */
static bool add_remark(Context *c, const Node *read, const Subscripts *s, const Formula *value) {
  Arena *arena = c->r->arena;
  const Symbol *symbol = c->r->symbols[read->tensor];
  bool step = s->n_steps == 1 && s->n_outside == 1;
  const Formula *left =
      formula_symbol(arena, symbol, step ? s->outside : NULL, step ? s->n_shown : 0);
  Remark remark = {formula_relation(arena, (Glyph){"=", "="}, left, value), !step, s->step_axis,
                   s->before};
  for (size_t i = 0; i < c->remarks->count; i++) {
    const Remark *other = &c->remarks->items[i];
    if (other->equation->args[0]->symbol != symbol) continue;
    if (!agree(arena, &remark, other)) return false;
    if (same_formula(arena, remark.equation, other->equation)) return true;
  }
  ARRAY_PUSH(arena, c->remarks, remark);
  return true;
}

/* 0 ≤ i ∧ i < n, of all indices that may be outside. */
static const Formula *inside(Context *c, const Node *read) {
  Arena *arena = c->r->arena;
  const Tensor *t = tensor_at(c->r->trees->program->graph, read->tensor);
  const Formula *all = NULL;
  for (uint32_t i = 0; i < read->n_args; i++) {
    if (!may_be_outside(read->args[i], t->extents[i])) continue;
    const Formula *at = value_of(c, read->args[i]).formula;
    const Formula *bounds[] = {
        formula_relation(arena, (Glyph){"≥", "\\geq"}, at, formula_number(arena, 0)),
        formula_relation(arena, (Glyph){"<", "<"}, at,
                         formula_number(arena, (double)t->extents[i]))};
    for (int k = 0; k < 2; k++)
      all =
          all == NULL ? bounds[k] : formula_relation(arena, (Glyph){"∧", "\\land"}, all, bounds[k]);
  }
  return all;
}

/* The read with its default: as a remark, or as a choice where remarks would not be clear. */
static Value with_default(Context *c, const Node *read, const Subscripts *s, Value value) {
  Value fallback = value_of(c, read->fallback);
  if (fallback.formula == NULL ||
      (fallback.components != 0 && fallback.components != value.components))
    return no_value;
  if (add_remark(c, read, s, fallback.formula)) return value;
  if (c->hide || c->n_components > 0) return no_value;
  const Formula *condition = inside(c, read);
  if (condition == NULL) return value;
  const Formula *args[] = {value.formula, condition, fallback.formula};
  value.formula = formula_new(c->r->arena, FORMULA_CHOICE, args, 3);
  return value;
}

static Value read_value(Context *c, const Node *read) {
  Arena *arena = c->r->arena;
  Subscripts s = {.items = ARENA_ARRAY(arena, const Formula *, read->n_args + 1),
                  .outside = ARENA_ARRAY(arena, const Formula *, read->n_args + 1)};
  bool transposed;
  for (uint32_t i = 0; i < read->n_args; i++)
    if (!add_subscript(c, read, i, &s)) return no_value;
  if (!is_ordered(&s, &transposed)) return no_value;
  Value value = {formula_symbol(arena, c->r->symbols[read->tensor], s.items, s.n_shown), 0,
                 s.batch};
  if (transposed) value.formula = formula1(arena, FORMULA_TRANSPOSED, value.formula);
  for (uint32_t i = 0; i < s.n_components; i++) value.components |= 1U << s.order[i];
  return read->fallback == NULL ? value : with_default(c, read, &s, value);
}

static Value var_value(const Context *c, const Var *var) {
  if (component_of(c, var) != NOT_A_COMPONENT || is_forbidden(c, var) || is_hidden(c, var))
    return no_value;
  return (Value){formula_variable(c->r->arena, var->name), 0, false};
}

/* --- textbook forms --- */

/* With these components and no others, of which it has all. */
static Value value_over(Context *c, const Node *node, Var *const *components, uint32_t n) {
  Context inner = {
      .r = c->r, .hide = c->hide, .n_tried = c->n_tried, .remarks = c->remarks, .outer = c};
  for (uint32_t i = 0; i < n; i++) {
    if (components[i]->batch) return no_value;
    inner.components[i] = components[i];
  }
  inner.n_components = n;
  size_t n_remarks = c->remarks->count;
  Value value = value_of(&inner, node);
  if (value.formula == NULL || value.components != (1U << n) - 1) {
    c->remarks->count = n_remarks;
    return no_value;
  }
  return value;
}

const Formula *array_over(Context *c, const Node *node, Var *const *vars, uint32_t n, bool *batch) {
  Value value = value_over(c, node, vars, n);
  *batch = *batch || value.batch;
  return value.formula;
}

/* softmax(x) at a component: of the vector, of the rows of a matrix. */
static Value whole_softmax(Context *c, const Node *node, uint32_t component) {
  Context inner = *c;
  inner.outer = c; /* whose component must not occur any more */
  inner.components[component] = node->vars[0];
  Value x = value_of(&inner, node->args[0]);
  bool last = component + 1 == c->n_components && c->n_components <= 2;
  if (x.formula == NULL || (x.components >> component & 1) == 0 ||
      (x.components != 1U << component && !last))
    return no_value;
  x.formula =
      formula_call(c->r->arena, (Glyph){"softmax", "\\operatorname{softmax}"}, &x.formula, 1);
  return x;
}

static Value softmax_value(Context *c, const Node *node) {
  const Node *at = node->args[1];
  uint32_t component = at->kind == NODE_VAR ? component_of(c, at->var) : NOT_A_COMPONENT;
  if (component != NOT_A_COMPONENT) return whole_softmax(c, node, component);
  bool batch = false;
  const Formula *x = array_over(c, node->args[0], node->vars, 1, &batch);
  Value place = value_of(c, at);
  if (place.formula == NULL || place.components != 0) return no_value;
  if (x == NULL) return value_of(c, node_expanded(c->r->trees, node));
  const Formula *whole =
      formula_call(c->r->arena, (Glyph){"softmax", "\\operatorname{softmax}"}, &x, 1);
  return (Value){formula2(c->r->arena, FORMULA_COMPONENT, whole, place.formula), 0,
                 batch || place.batch};
}

static Value cross_entropy_value(Context *c, const Node *node) {
  bool batch = false;
  const Formula *x = array_over(c, node->args[0], node->vars, 1, &batch);
  Value at = value_of(c, node->args[1]);
  if (x == NULL || at.formula == NULL || at.components != 0)
    return value_of(c, node_expanded(c->r->trees, node));
  const Formula *args[] = {x, at.formula};
  return (Value){formula_call(c->r->arena, (Glyph){"CE", "\\operatorname{CE}"}, args, 2), 0,
                 batch || at.batch};
}

static Value slope_value(Context *c, const Node *node) {
  Glyph name = node->op == OP_MAX    ? (Glyph){"relu′", "\\operatorname{relu}'"}
               : node->op == OP_TANH ? (Glyph){"tanh′", "\\tanh'"}
                                     : (Glyph){"σ′", "\\sigma'"};
  Value x = value_of(c, node->args[0]);
  if (x.formula != NULL) x.formula = formula_call(c->r->arena, name, &x.formula, 1);
  return x;
}

Value value_of(Context *c, const Node *node) {
  if (++*c->n_tried > MOST_TRIED && (c->hide || c->n_components > 0)) return no_value;
  switch (node->kind) {
  case NODE_NUMBER:
    if (node->truth)
      return (Value){node->number != 0 ? formula_glyph(c->r->arena, "true", "\\text{true}")
                                       : formula_glyph(c->r->arena, "false", "\\text{false}"),
                     0, false};
    return (Value){formula_number(c->r->arena, node->number), 0, false};
  case NODE_VAR: return var_value(c, node->var);
  case NODE_READ: return read_value(c, node);
  case NODE_OP: return operator_value(c, node);
  case NODE_REDUCE:
  case NODE_MEAN: return reduction_value(c, node);
  case NODE_SOFTMAX: return softmax_value(c, node);
  case NODE_LOG_SUM_EXP: return value_of(c, node_expanded(c->r->trees, node));
  case NODE_CROSS_ENTROPY: return cross_entropy_value(c, node);
  case NODE_SLOPE: return slope_value(c, node);
  }
  return no_value;
}

/* --- the ways to write a definition --- */

typedef struct Examples {
  uint32_t class; /* of the batch; 0: not met yet */
  bool several;   /* batches, or examples of one at a time */
} Examples;

static void meet(Examples *e, const Var *var) {
  e->several = e->several || (e->class != 0 && e->class != var->batch);
  e->class = var->batch;
}

/* of: the variable whose example it stands in; NULL. */
static void find_examples(const Node *node, const Var *of, Examples *e) {
  if (node->kind == NODE_VAR && node->var->batch != 0) {
    meet(e, node->var);
    e->several = e->several || node->var != of;
  }
  for (uint32_t i = 0; i < node->n_vars; i++) {
    if (node->vars[i]->batch == 0) continue;
    meet(e, node->vars[i]);
    e->several = e->several || of != NULL;
    of = node->vars[i];
  }
  for (uint32_t i = 0; i < node->n_args; i++) find_examples(node->args[i], of, e);
  if (node->fallback != NULL) find_examples(node->fallback, of, e);
}

static const Var *batch_output(const Tree *tree, uint32_t rank) {
  for (uint32_t i = 0; i < rank; i++)
    if (tree->outputs[i]->batch != 0) return tree->outputs[i];
  return NULL;
}

/* Whether the variable of the batch can be left out: every part speaks of one example at most, that
   of what is defined or of the sum in which it stands. */
static bool may_hide(const Tree *tree, uint32_t rank) {
  const Var *of = batch_output(tree, rank);
  Examples e = {0};
  for (uint32_t i = 0; i < rank; i++) {
    if (tree->outputs[i]->batch == 0) continue;
    meet(&e, tree->outputs[i]);
    e.several = e.several || tree->outputs[i] != of;
  }
  find_examples(tree->body, of, &e);
  return e.class != 0 && !e.several;
}

/* With the last n outputs that are not hidden as components. */
static bool try_way(const Recogniser *r, const Tree *tree, uint32_t rank, uint32_t n, bool hide,
                    Line *line) {
  *line = (Line){.tensor = TENSOR_NONE, .batch = hide};
  uint32_t n_tried = 0;
  Context c = {
      .r = r, .hide = hide, .n_tried = &n_tried, .remarks = &line->remarks, .n_components = n};
  uint32_t left = n;
  for (uint32_t i = rank; i-- > 0 && left > 0;)
    if (!tree->outputs[i]->batch && !tree->outputs[i]->step)
      c.components[--left] = tree->outputs[i];
  if (left > 0) return false;
  Value value = value_of(&c, tree->body);
  line->right = value.formula;
  return value.formula != NULL && value.components == (1U << n) - 1;
}

static unsigned line_weight(const Line *line) {
  unsigned weight = formula_weight(line->right);
  for (size_t i = 0; i < line->remarks.count; i++)
    weight += formula_weight(line->remarks.items[i].equation);
  return weight;
}

static Line best_way(const Recogniser *r, const Tree *tree, uint32_t rank, uint32_t *components) {
  Line best = {0};
  unsigned least = 0;
  uint32_t most = rank < MAX_COMPONENTS ? rank : MAX_COMPONENTS;
  for (int hide = may_hide(tree, rank); hide >= 0; hide--)
    for (uint32_t n = most + 1; n-- > 0;) {
      Line line;
      if (!try_way(r, tree, rank, n, hide == 1, &line)) continue;
      unsigned weight =
          line_weight(&line) + rank - n - (hide == 1 && batch_output(tree, rank) != NULL);
      if (best.right != NULL && weight >= least) continue;
      best = line;
      least = weight;
      *components = n;
    }
  if (best.right == NULL) bug("notation", "a definition without an index form");
  return best;
}

Line recognise_definition(const Recogniser *r, TensorId tensor) {
  const Tensor *t = tensor_at(r->trees->program->graph, tensor);
  Tree tree = tree_of(r->trees, tensor);
  uint32_t components = 0, free = 0, n = 0, n_shown = 0;
  Line line = best_way(r, &tree, t->rank, &components);
  const Formula **subscripts = ARENA_ARRAY(r->arena, const Formula *, t->rank + 1);
  for (uint32_t i = 0; i < t->rank; i++) free += !tree.outputs[i]->batch && !tree.outputs[i]->step;
  for (uint32_t i = 0; i < t->rank; i++) {
    const Var *var = tree.outputs[i];
    if (line.batch && var->batch) continue;
    bool shown = var->batch || var->step || free-- > components;
    subscripts[n++] = shown ? formula_variable(r->arena, var->name) : formula_any(r->arena);
    if (shown) n_shown = n;
  }
  line.tensor = tensor;
  line.left = formula_symbol(r->arena, r->symbols[tensor], subscripts, n_shown);
  return line;
}
