/* total(x) in an optimizer: Σ x over all the params of its `with`.

   The body is elaborated for one param after the other, while its k-th total is one sum for all of
   them: a definition that the first param makes and every other adds its share to. What the first
   one made of it reads the whole sum. */
#include "elaborate/elaborator.h"

static void add_share(Elaborator *e, TensorId sum, TensorId share) {
  ExprId read = expr_read(e->graph, share, NULL, 0, EXPR_NONE);
  Tensor *t = tensor_at(e->graph, sum);
  t->body = t->body == EXPR_NONE ? read : expr_op2(e->graph, OP_ADD, t->body, read);
}

Value call_total(Elaborator *e, Scope *scope, const Ast *call) {
  Totals *totals = e->totals;
  if (totals == NULL) {
    diag_error(e->diag, call->span, "total stands in an optimizer: a sum over all its params");
    return value_error();
  }
  if (call->n_args != 1 || call->args[0].name != NULL) {
    diag_error(e->diag, call->span, "total takes one number");
    return value_error();
  }
  const Ast *ast = call->args[0].value;
  Value v = evaluate_tensor(e, scope, ast);
  uint32_t *free;
  if (value_failed(&v)) return v;
  if (v.rank > 0 || !type_is_real(v.type) || value_indices(e, v.body, &free) > 0) {
    diag_error(e->diag, ast->span, "total takes a scalar real, not %s", value_describe(e, &v));
    if (v.rank > 0) diag_hint(e->diag, "sum(…) makes one number of it, for this param");
    return value_error();
  }
  const char *name = e->naming == NULL ? "total" : arena_printf(e->arena, "%s.share", e->naming);
  TensorId share;
  v.adapts = v.constant = false;
  if (!hold_value(e, scope, &v, name, ast->span, &share)) return value_error();
  if (totals->next == totals->sums.count) {
    Tensor sum = tensor_new(TENSOR_DEFINITION, v.type);
    sum.name = arena_printf(e->arena, "%s.total", totals->optimizer);
    sum.span = call->span;
    sum.named = true; /* whatever the first param calls it, it is not that one's */
    ARRAY_PUSH(e->arena, &totals->sums, graph_add(e->graph, sum));
  }
  TensorId sum = totals->sums.items[totals->next++];
  if (tensor_at(e->graph, sum)->type != v.type) {
    diag_error(e->diag, ast->span, "a total of params that are %s and %s",
               type_name(tensor_at(e->graph, sum)->type), type_name(v.type));
    return value_error();
  }
  add_share(e, sum, share);
  return value_tensor(e, sum);
}

void totals_begin(Elaborator *e, Totals *totals) {
  totals->next = 0;
  e->totals = totals;
}

void totals_end(Elaborator *e, Span span) {
  Totals *totals = e->totals;
  e->totals = NULL;
  if (totals->n_params++ == 0) totals->wanted = totals->next;
  if (totals->next == totals->wanted || diag_errors(e->diag) > 0) return;
  diag_error(e->diag, span, "the optimizer %s takes %zu totals for one param and %zu for another",
             totals->optimizer, totals->wanted, totals->next);
}
