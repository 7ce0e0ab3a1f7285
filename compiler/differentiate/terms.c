#include "differentiate/terms.h"
#include "simplify/algebra.h"

static const Expr *as_op(const Graph *graph, ExprId id, ScalarOp op) {
  const Expr *e = expr_at(graph, id);
  return e->kind == EXPR_OP && e->op == op ? e : NULL;
}

static bool is_zero(const Graph *graph, ExprId id) { return expr_is_number(graph, id, 0); }

/* where(c, a, 0) or where(c, 0, a) */
static bool is_bracket(const Graph *graph, ExprId id) {
  const Expr *e = as_op(graph, id, OP_WHERE);
  return e != NULL && (is_zero(graph, e->args[1]) || is_zero(graph, e->args[2]));
}

/* A bracket that stands in the expression as a term or factor. */
static bool holds_bracket(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_OP) return false;
  if (is_bracket(graph, id)) return true;
  switch (e->op) {
  case OP_ADD:
  case OP_SUB:
  case OP_MUL: return holds_bracket(graph, e->args[0]) || holds_bracket(graph, e->args[1]);
  case OP_NEG:
  case OP_DIV: return holds_bracket(graph, e->args[0]);
  default: return false;
  }
}

typedef struct Expansion {
  Graph *graph;
  ARRAY(ExprId) terms;
} Expansion;

/* Adds the terms of factor · id. */
static void expand(Expansion *x, ExprId id, ExprId factor) {
  Graph *graph = x->graph;
  const Expr e = *expr_at(graph, id);
  bool opens = e.kind == EXPR_OP && holds_bracket(graph, id);
  if (opens && (e.op == OP_ADD || e.op == OP_SUB)) {
    expand(x, e.args[0], factor);
    expand(x, e.args[1], e.op == OP_SUB ? derive_neg(graph, factor) : factor);
  } else if (opens && e.op == OP_NEG) {
    expand(x, e.args[0], derive_neg(graph, factor));
  } else if (opens && e.op == OP_DIV) {
    expand(x, e.args[0], derive_div(graph, factor, e.args[1]));
  } else if (opens && e.op == OP_MUL) {
    bool first = holds_bracket(graph, e.args[0]);
    expand(x, e.args[first ? 0 : 1], derive_mul(graph, factor, e.args[first ? 1 : 0]));
  } else if (opens && e.op == OP_WHERE && holds_bracket(graph, e.args[1])) {
    Expansion inner = {.graph = graph};
    expand(&inner, e.args[1], expr_number(graph, e.type, 1));
    ExprId zero = expr_number(graph, e.type, 0);
    for (size_t i = 0; i < inner.terms.count; i++) {
      ExprId term = derive_where(graph, e.args[0], inner.terms.items[i], zero);
      ARRAY_PUSH(graph->arena, &x->terms, derive_mul(graph, factor, term));
    }
  } else {
    ARRAY_PUSH(graph->arena, &x->terms, derive_mul(graph, factor, id));
  }
}

Terms bracket_terms(Graph *graph, ExprId id) {
  Expansion x = {.graph = graph};
  if (holds_bracket(graph, id))
    expand(&x, id, expr_number(graph, expr_at(graph, id)->type, 1));
  else
    ARRAY_PUSH(graph->arena, &x.terms, id);
  return (Terms){x.terms.items, (uint32_t)x.terms.count};
}

static bool is_free_of(const Graph *graph, ExprId id, uint32_t first) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_INDEX) return e->index < first;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!is_free_of(graph, e->args[i], first)) return false;
  return e->fallback == EXPR_NONE || is_free_of(graph, e->fallback, first);
}

Factors split_factors(Graph *graph, ExprId id, uint32_t first, Ranges ranges) {
  const Expr e = *expr_at(graph, id);
  ExprId one = expr_number(graph, e.type, 1);
  if (is_free_of(graph, id, first)) return (Factors){id, one};
  if (e.kind != EXPR_OP) return (Factors){one, id};
  if (e.op == OP_NEG) {
    Factors a = split_factors(graph, e.args[0], first, ranges);
    return (Factors){derive_neg(graph, a.outer), a.inner};
  }
  if (e.op == OP_MUL) {
    Factors a = split_factors(graph, e.args[0], first, ranges);
    Factors b = split_factors(graph, e.args[1], first, ranges);
    return (Factors){derive_mul(graph, a.outer, b.outer), derive_mul(graph, a.inner, b.inner)};
  }
  if (e.op == OP_DIV) {
    Factors a = split_factors(graph, e.args[0], first, ranges);
    if (is_free_of(graph, e.args[1], first))
      return (Factors){derive_div(graph, a.outer, e.args[1]), a.inner};
    return (Factors){a.outer, derive_div(graph, a.inner, e.args[1])};
  }
  if (e.op == OP_ADD || e.op == OP_SUB) { /* a·f ± b·f = (a ± b)·f */
    Factors a = split_factors(graph, e.args[0], first, ranges);
    Factors b = split_factors(graph, e.args[1], first, ranges);
    if (a.inner != b.inner) return (Factors){one, id};
    return (Factors){derive_op(graph, e.op, (ExprId[]){a.outer, b.outer}, 2), a.inner};
  }
  if (is_bracket(graph, id) && expr_reads_data(graph, e.args[0]) &&
      is_free_of(graph, e.args[0], first)) {
    bool taken = is_zero(graph, e.args[2]);
    ExprId zero = expr_number(graph, e.type, 0), inside = e.args[taken ? 1 : 2];
    if (reads_outside(graph, inside, ranges)) return (Factors){one, id};
    Factors a = split_factors(graph, inside, first, ranges);
    a.outer = taken ? derive_where(graph, e.args[0], a.outer, zero)
                    : derive_where(graph, e.args[0], zero, a.outer);
    return a;
  }
  return (Factors){one, id};
}

/* Whether an index variable is a term of the sum, and not only inside a quotient or a remainder. */
static bool has_index_term(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind != EXPR_OP) return e->kind == EXPR_INDEX;
  switch (e->op) {
  case OP_ADD:
  case OP_SUB:
  case OP_MUL: return has_index_term(graph, e->args[0]) || has_index_term(graph, e->args[1]);
  case OP_NEG:
  case OP_CAST: return has_index_term(graph, e->args[0]);
  default: return false;
  }
}

/* Whether an equality in the condition can be solved for an index variable. */
static bool equates_indices(const Graph *graph, ExprId condition) {
  const Expr *e = expr_at(graph, condition);
  if (e->kind != EXPR_OP) return false;
  if (e->op == OP_AND)
    return equates_indices(graph, e->args[0]) || equates_indices(graph, e->args[1]);
  return e->op == OP_EQ && expr_at(graph, e->args[0])->type == TYPE_I32 &&
         (has_index_term(graph, e->args[0]) || has_index_term(graph, e->args[1]));
}

static bool is_constant(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_INDEX || e->kind == EXPR_READ) return false;
  for (uint32_t i = 0; i < e->n_args; i++)
    if (!is_constant(graph, e->args[i])) return false;
  return true;
}

bool stays_inline(const Graph *graph, ExprId id) {
  const Expr *e = expr_at(graph, id);
  if (e->kind == EXPR_READ && e->fallback == EXPR_NONE) return true;
  if (is_constant(graph, id)) return true;
  if (e->kind != EXPR_OP) return false;
  switch (e->op) {
  case OP_NEG: return stays_inline(graph, e->args[0]);
  case OP_MUL:
  case OP_DIV: {
    bool left = is_constant(graph, e->args[0]), right = is_constant(graph, e->args[1]);
    return (right && stays_inline(graph, e->args[0]) && is_bracket(graph, e->args[0])) ||
           (left && e->op == OP_MUL && is_bracket(graph, e->args[1]) &&
            stays_inline(graph, e->args[1]));
  }
  case OP_WHERE: return is_bracket(graph, id) && equates_indices(graph, e->args[0]);
  default: return false;
  }
}
