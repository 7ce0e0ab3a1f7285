/* Sums, and what matrix products they are.

     Σ_k A[j, k] v[k]          = A v             Σ_k a[k] b[k]             = aᵀ b, ‖a‖²
     Σ_k A[r, k] B[k, c]       = A B             Σ_n u[n, r] v[n, c]       = Σ_n u_n v_nᵀ

   The last is u vᵀ when n is the hidden variable of the batch. With it hidden, what depends on it
   are columns of one matrix: products of two such are written with their indices. */
#include <string.h>
#include "notation/value.h"

enum { MAX_FACTORS = 32 };

typedef struct Sum {
  const Node *body;
  Var **vars; /* those that are still to be summed over */
  uint32_t n_vars;
  Node *factors[MAX_FACTORS]; /* of the body, those that are left */
  uint32_t n_factors;
  Value values[MAX_FACTORS]; /* products of others */
  uint32_t n_values;
  Node *done[MAX_FACTORS]; /* those others */
  uint32_t n_done;
} Sum;

static bool uses_any(const Node *node, Var *const *vars, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (node_uses(node, vars[i])) return true;
  return false;
}

/* Factors of products; of a choice against 0, [c] and the rest. False: there are too many. */
static bool add_factors(Context *c, Sum *sum, Node *node) {
  const Trees *trees = c->r->trees;
  if (node->kind == NODE_OP && node->op == OP_MUL)
    return add_factors(c, sum, node->args[0]) && add_factors(c, sum, node->args[1]);
  if (node->kind == NODE_OP && node->op == OP_WHERE && node_is_number(node->args[2], 0) &&
      !node_is_number(node->args[1], 1)) {
    Node *one = node_number(trees, node->type, 1);
    Node *guard = node_with(trees, node, (Node *[]){node->args[0], one, node->args[2]});
    return add_factors(c, sum, guard) && add_factors(c, sum, node->args[1]);
  }
  if (node->kind == NODE_OP && node->op == OP_POW && node_is_number(node->args[1], 2))
    return add_factors(c, sum, node->args[0]) && add_factors(c, sum, node->args[0]);
  if (sum->n_factors == MAX_FACTORS) return false;
  sum->factors[sum->n_factors++] = node;
  return true;
}

static void remove_var(Sum *sum, const Var *var) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < sum->n_vars; i++)
    if (sum->vars[i] != var) sum->vars[kept++] = sum->vars[i];
  sum->n_vars = kept;
}

/* --- products of two --- */

static bool is_batch(const Context *c, const Var *var) { return c->hide && var->batch; }

static bool is_choice(const Node *node) { return node->kind == NODE_OP && node->op == OP_WHERE; }

/* A v or aᵀ b, over k. */
static Value vector_product(Context *c, Node *a, Node *b, Var *k) {
  if (is_choice(a) || is_choice(b)) return no_value; /* what is picked is clearer with its index */
  Arena *arena = c->r->arena;
  bool batch_a = false, batch_b = false;
  const Formula *v = array_over(c, b, &k, 1, &batch_b);
  if (v == NULL) return no_value;
  for (uint32_t i = 0; i < c->n_components; i++) {
    const Formula *matrix = array_over(c, a, (Var *[]){c->components[i], k}, 2, &batch_a);
    if (matrix != NULL && !batch_a)
      return (Value){formula2(arena, FORMULA_JUXTAPOSED, matrix, v), 1U << i, batch_b};
    batch_a = false;
  }
  const Formula *u = array_over(c, a, &k, 1, &batch_a);
  if (u == NULL || (batch_a && batch_b)) return no_value;
  if (node_equal(a, b))
    return (Value){formula2(arena, FORMULA_POWER, formula_fenced(arena, FENCE_NORM, u),
                            formula_number(arena, 2)),
                   0, false};
  return (Value){formula2(arena, FORMULA_JUXTAPOSED, formula1(arena, FORMULA_TRANSPOSED, u), v), 0,
                 batch_a || batch_b};
}

/* A B over k, into rows and columns. */
static Value matrix_product(Context *c, Node *a, Node *b, Var *k) {
  if (c->n_components != 2) return no_value;
  bool batch = false;
  const Formula *left = array_over(c, a, (Var *[]){c->components[0], k}, 2, &batch);
  if (left == NULL) return no_value;
  const Formula *right = array_over(c, b, (Var *[]){k, c->components[1]}, 2, &batch);
  if (right == NULL || batch) return no_value;
  return (Value){formula2(c->r->arena, FORMULA_JUXTAPOSED, left, right), 3, false};
}

/* u vᵀ, summed over k: by itself when k is the hidden variable. */
static Value outer_sum(Context *c, Node *a, Node *b, Var *k) {
  Arena *arena = c->r->arena;
  if (c->n_components != 2) return no_value;
  bool batch_u = false, batch_v = false;
  const Formula *u = array_over(c, a, &c->components[0], 1, &batch_u);
  if (u == NULL) return no_value;
  const Formula *v = array_over(c, b, &c->components[1], 1, &batch_v);
  if (v == NULL || (c->hide && !(is_batch(c, k) && batch_u && batch_v))) return no_value;
  return (Value){formula2(arena, FORMULA_JUXTAPOSED, u, formula1(arena, FORMULA_TRANSPOSED, v)), 3,
                 false};
}

/* The product of two over k; *summed: k is not summed over any more. */
static Value pair_product(Context *c, Node *const *pair, Var *k, bool *summed) {
  Value product = no_value;
  *summed = true;
  for (int order = 0; order < 2 && product.formula == NULL && !is_batch(c, k); order++) {
    product = matrix_product(c, pair[order], pair[1 - order], k);
    if (product.formula == NULL) product = vector_product(c, pair[order], pair[1 - order], k);
  }
  for (int order = 0; order < 2 && product.formula == NULL; order++) {
    product = outer_sum(c, pair[order], pair[1 - order], k);
    *summed = is_batch(c, k);
  }
  return product;
}

/* All factors with k but for one, as one. */
static Node *product_of_others(Context *c, const Sum *sum, uint32_t but, const Var *k) {
  Node *product = NULL;
  for (uint32_t i = 0; i < sum->n_factors; i++) {
    Node *factor = sum->factors[i];
    if (i == but || !node_uses(factor, k)) continue;
    product = product == NULL
                  ? factor
                  : node_op(c->r->trees, OP_MUL, factor->type, (Node *[]){product, factor}, 2);
  }
  return product;
}

/* The sum over k as a product of one factor and all others with k. */
static bool contract_over(Context *c, Sum *sum, Var *k) {
  if (*c->n_tried > MOST_TRIED) return false;
  for (uint32_t i = 0; i < sum->n_done; i++)
    if (node_uses(sum->done[i], k)) return false;
  for (uint32_t i = 0; i < sum->n_factors; i++) {
    if (!node_uses(sum->factors[i], k)) continue;
    Node *pair[] = {sum->factors[i], product_of_others(c, sum, i, k)};
    bool summed;
    if (pair[1] == NULL) return false;
    Value product = pair_product(c, pair, k, &summed);
    if (product.formula == NULL) continue;
    sum->values[sum->n_values++] = product;
    uint32_t kept = 0;
    for (uint32_t f = 0; f < sum->n_factors; f++)
      if (node_uses(sum->factors[f], k))
        sum->done[sum->n_done++] = sum->factors[f];
      else
        sum->factors[kept++] = sum->factors[f];
    sum->n_factors = kept;
    if (summed) remove_var(sum, k);
    return true;
  }
  return false;
}

static bool contract(Context *c, Sum *sum) {
  for (uint32_t i = sum->n_vars; i-- > 0;)
    if (contract_over(c, sum, sum->vars[i])) return true;
  return false;
}

/* Σ a² over all of an array: ‖a‖². */
static bool contract_norm(Context *c, Sum *sum) {
  Var **vars = ARENA_ARRAY(c->r->arena, Var *, sum->n_vars + 1);
  uint32_t n = 0;
  for (uint32_t i = 0; i < sum->n_vars; i++)
    if (!is_batch(c, sum->vars[i])) vars[n++] = sum->vars[i];
  if (n < 2 || n > MAX_COMPONENTS || sum->n_factors != 2 || c->n_components != 0 ||
      !node_equal(sum->factors[0], sum->factors[1]))
    return false;
  bool batch = false;
  const Formula *array = array_over(c, sum->factors[0], vars, n, &batch);
  if (array == NULL) return false;
  Arena *arena = c->r->arena;
  sum->values[sum->n_values++] =
      (Value){formula2(arena, FORMULA_POWER, formula_fenced(arena, FENCE_NORM, array),
                       formula_number(arena, 2)),
              0, batch};
  sum->n_factors = 0;
  for (uint32_t i = 0; i < n; i++) remove_var(sum, vars[i]);
  return true;
}

/* --- what is left --- */

/* `n`, or `i < 4` where nothing under the sign says how far it goes. */
static const Formula *below_sign(Context *c, const Node *node, const Var *var) {
  Arena *arena = c->r->arena;
  const Formula *name = formula_variable(arena, var->name);
  if (is_batch(c, var) || node_shows_range(c->r->trees, node, var)) return name;
  return formula_relation(arena, (Glyph){"<", "<"}, name,
                          formula_number(arena, (double)var->extent));
}

/* The sign over n variables, of a body that is written of that node. */
static const Formula *big(Context *c, Glyph sign, const Node *node, const Formula *body,
                          Var *const *vars, uint32_t n) {
  const Formula **args = ARENA_ARRAY(c->r->arena, const Formula *, n + 1);
  args[0] = body;
  for (uint32_t i = 0; i < n; i++) args[1 + i] = below_sign(c, node, vars[i]);
  Formula *formula = ARENA_NEW(c->r->arena, Formula);
  *formula = *formula_new(c->r->arena, FORMULA_BIG, args, n + 1);
  formula->glyph = sign;
  formula->linear = strcmp(sign.text, "Σ") == 0 || strcmp(sign.text, "mean") == 0;
  return formula;
}

static Value sum_of_factors(Context *c, Sum *sum) {
  Value inside[2 * MAX_FACTORS], outside[2 * MAX_FACTORS + 1];
  uint32_t n_inside = 0, n_outside = 0;
  for (uint32_t i = 0; i < sum->n_factors; i++) {
    Value value = value_of(c, sum->factors[i]);
    if (value.formula == NULL) return no_value;
    if (uses_any(sum->factors[i], sum->vars, sum->n_vars))
      inside[n_inside++] = value;
    else
      outside[n_outside++] = value;
  }
  for (uint32_t i = 0; i < sum->n_values; i++) inside[n_inside++] = sum->values[i];
  if (sum->n_vars == 0) {
    for (uint32_t i = 0; i < n_inside; i++) outside[n_outside++] = inside[i];
    return product_of(c, outside, n_outside);
  }
  if (n_inside == 0) inside[n_inside++] = (Value){formula_number(c->r->arena, 1), 0, false};
  Value body = product_of(c, inside, n_inside);
  if (body.formula == NULL) return no_value;
  body.formula = big(c, (Glyph){"Σ", "\\sum"}, sum->body, body.formula, sum->vars, sum->n_vars);
  for (uint32_t i = 0; i < sum->n_vars; i++)
    if (is_batch(c, sum->vars[i])) body.batch = false;
  outside[n_outside++] = body;
  return product_of(c, outside, n_outside);
}

static Value sum_value(Context *c, Var *const *vars, uint32_t n, Node *body) {
  if (body->kind == NODE_OP && body->op == OP_NEG) {
    Value value = sum_value(c, vars, n, body->args[0]);
    if (value.formula != NULL) value.formula = formula_negative(c->r->arena, value.formula);
    return value;
  }
  if (body->kind == NODE_OP && body->op == OP_DIV && !uses_any(body->args[1], vars, n)) {
    Value values[] = {sum_value(c, vars, n, body->args[0]), value_of(c, body->args[1])};
    if (values[0].formula == NULL || values[1].formula == NULL ||
        (values[1].components != 0 && values[1].components != values[0].components))
      return no_value;
    values[0].formula =
        formula2(c->r->arena, FORMULA_QUOTIENT, values[0].formula, values[1].formula);
    values[0].batch = values[0].batch || values[1].batch;
    return values[0];
  }
  Sum sum = {.body = body, .vars = ARENA_ARRAY(c->r->arena, Var *, n + 1), .n_vars = n};
  for (uint32_t i = 0; i < n; i++) sum.vars[i] = vars[i];
  if (!add_factors(c, &sum, body)) {
    sum.n_factors = 1;
    sum.factors[0] = body;
  }
  if (!contract_norm(c, &sum))
    while (contract(c, &sum)) continue;
  return sum_of_factors(c, &sum);
}

/* --- other reductions --- */

static Glyph reduction_glyph(Arena *arena, Reduction reduction) {
  switch (reduction) {
  case REDUCE_PROD: return (Glyph){"Π", "\\prod"};
  case REDUCE_ANY: return (Glyph){"∃", "\\exists"};
  case REDUCE_ALL: return (Glyph){"∀", "\\forall"};
  case REDUCE_MAX: return (Glyph){"max", "\\max"};
  case REDUCE_MIN: return (Glyph){"min", "\\min"};
  case REDUCE_NONE:
  case REDUCE_SUM:
  case REDUCE_ARGMAX:
  case REDUCE_ARGMIN: break;
  }
  const char *name = reduction_name(reduction);
  return (Glyph){name, arena_printf(arena, "\\operatorname*{%s}", name)};
}

/* max(x) of a vector, max_k x_k else. */
static Value other_value(Context *c, const Node *node) {
  Glyph name = reduction_glyph(c->r->arena, node->reduction);
  if (node->reduction >= REDUCE_MAX && node->reduction <= REDUCE_ARGMIN && node->n_vars == 1) {
    bool batch = false;
    const Formula *x = array_over(c, node->args[0], node->vars, 1, &batch);
    if (x != NULL) return (Value){formula_call(c->r->arena, name, &x, 1), 0, batch};
  }
  Value body = value_of(c, node->args[0]);
  if (body.formula == NULL) return no_value;
  for (uint32_t i = 0; i < node->n_vars; i++)
    if (is_batch(c, node->vars[i])) return no_value;
  body.formula = big(c, name, node->args[0], body.formula, node->vars, node->n_vars);
  return body;
}

static Value mean_value(Context *c, const Node *node) {
  Value body = value_of(c, node->args[0]);
  if (body.formula == NULL) return no_value;
  bool all_hidden = true;
  for (uint32_t i = 0; i < node->n_vars; i++) all_hidden = all_hidden && is_batch(c, node->vars[i]);
  for (uint32_t i = 0; i < node->n_vars; i++)
    if (is_batch(c, node->vars[i])) body.batch = false;
  body.formula = big(c, (Glyph){"mean", "\\operatorname*{mean}"}, node->args[0], body.formula,
                     node->vars, all_hidden ? 0 : node->n_vars);
  return body;
}

Value reduction_value(Context *c, const Node *node) {
  if (node->kind == NODE_MEAN) return mean_value(c, node);
  if (node->reduction == REDUCE_SUM) return sum_value(c, node->vars, node->n_vars, node->args[0]);
  return other_value(c, node);
}
