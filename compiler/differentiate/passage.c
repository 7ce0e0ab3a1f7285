/* What an adjoint comes through, for readers of dumps: `through relu at mlp.dag:7`. */
#include <string.h>
#include "differentiate/sweep.h"
#include "graph/scalar_ops.h"

/* "relu" of "relu.max", a part of what is called so. */
static const char *named_part(Arena *arena, const Tensor *t) {
  const char *dot = t->named ? NULL : strrchr(t->name, '.');
  return dot == NULL ? t->name : arena_strndup(arena, t->name, (size_t)(dot - t->name));
}

/* What the definition does, in a word: the function that it comes from, its operator, or its name.
 */
static const char *passage_of(const Graph *graph, const Tensor *t) {
  if (t->origin != NULL) return t->origin;
  if (t->body == EXPR_NONE) return named_part(graph->arena, t);
  const Expr *e = expr_at(graph, t->body);
  bool function = e->kind == EXPR_OP && scalar_ops[e->op].infix == NULL &&
                  scalar_ops[e->op].prefix == NULL && e->n_args == 1 && e->op != OP_CAST;
  return function ? scalar_ops[e->op].name : named_part(graph->arena, t);
}

static bool same_place(const Passage *a, const Passage *b) {
  if (a->place == NULL || b->place == NULL) return a->place == b->place;
  return strcmp(a->place, b->place) == 0;
}

void add_passage(const Graph *graph, Passages *passages, TensorId via) {
  if (via == TENSOR_NONE) return;
  const Tensor *t = tensor_at(graph, via);
  Passage p = {passage_of(graph, t), tensor_source(graph->arena, t)};
  for (size_t i = 0; i < passages->count; i++)
    if (same_place(&passages->items[i], &p) && strcmp(passages->items[i].what, p.what) == 0) return;
  ARRAY_PUSH(graph->arena, passages, p);
}

const char *passages_text(Arena *arena, const Passages *passages) {
  enum { SHOWN = 3 };
  Text text = text_new(arena);
  size_t n = passages->count, shown = n <= SHOWN + 1 ? n : SHOWN;
  if (n == 0) return NULL;
  for (size_t i = 0; i < shown; i++) {
    const Passage *p = &passages->items[i];
    text_printf(&text, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", p->what);
    bool again = i + 1 < shown && same_place(p, &passages->items[i + 1]);
    if (p->place != NULL && !again) text_printf(&text, " at %s", p->place);
  }
  if (shown < n) text_printf(&text, " and %zu more", n - shown);
  return text_string(&text);
}
