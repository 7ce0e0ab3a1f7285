/* The shape of a tensor: for each axis, along which others its extent came, and where it was
   declared. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include "explainer.h"

/* What stands for an axis where a tensor is declared: `B` of `input x: u8[B, 64]`; NULL. */
static const char *declared_axis(const Explainer *x, const Tensor *t, uint32_t axis) {
  if (t->span.source == NULL) return NULL;
  const char *text = line_with(x, t->span), *colon = strchr(text, ':');
  const char *at = colon == NULL ? NULL : strchr(colon, '[');
  if (at == NULL) return NULL;
  const char *from = ++at;
  int depth = 0;
  for (; *at != '\0'; at++) {
    bool ends = depth == 0 && (*at == ',' || *at == ']');
    if (ends && axis == 0) return arena_strndup(x->arena, from, (size_t)(at - from));
    if (ends && *at == ']') return NULL;
    if (ends) {
      axis--;
      from = at + 1 + strspn(at + 1, " ");
    }
    depth += (*at == '[' || *at == '(') - (*at == ']' || *at == ')');
  }
  return NULL;
}

/* `, B = 64 at mlp.dag:2` for each dim of the file that an expression names. */
static void add_dims(const Explainer *x, Text *text, const char *expression) {
  const File *file = x->e->file;
  for (size_t i = 0; i < file->body.count; i++) {
    const Stmt *s = file->body.items[i];
    if (s->kind != STMT_DIM) continue;
    size_t length = strlen(s->name);
    for (const char *at = strstr(expression, s->name); at != NULL; at = strstr(at + 1, s->name)) {
      bool whole = (at == expression || !(isalnum((unsigned char)at[-1]) || at[-1] == '_')) &&
                   !(isalnum((unsigned char)at[length]) || at[length] == '_');
      if (!whole) continue;
      const Program *p = x->e->derived;
      for (uint32_t k = 0; k < p->n_dims; k++)
        if (strcmp(p->dims[k].name, s->name) == 0)
          text_printf(text, ", %s = %" PRId64 " at %s", s->name, p->dims[k].value,
                      place_text(x, s->name_span));
      break;
    }
  }
}

typedef struct AxisRead {
  TensorId tensor;
  uint32_t axis;
} AxisRead;

/* A read in which index variable v stands alone on an axis of that extent: of what is declared
   rather than of other definitions. */
static void find_axis_read(const Graph *graph, ExprId id, uint32_t v, int64_t extent,
                           AxisRead *best) {
  const Expr *e = expr_at(graph, id);
  for (uint32_t i = 0; i < e->n_args; i++) find_axis_read(graph, e->args[i], v, extent, best);
  if (e->kind != EXPR_READ || e->fallback != EXPR_NONE) return;
  const Tensor *t = tensor_at(graph, e->tensor);
  bool better = best->tensor == TENSOR_NONE ||
                (is_declared(t) && !is_declared(tensor_at(graph, best->tensor)));
  for (uint32_t i = 0; i < e->n_args && better; i++) {
    const Expr *at = expr_at(graph, e->args[i]);
    if (at->kind == EXPR_INDEX && at->index == v && t->extents[i] == extent)
      *best = (AxisRead){e->tensor, i};
  }
}

/* Which axis gives an axis of a tensor its extent; TENSOR_NONE: none does. */
static AxisRead given_by(const Graph *graph, TensorId id, uint32_t axis) {
  const Tensor *t = tensor_at(graph, id);
  AxisRead read = {TENSOR_NONE, 0};
  if (t->derived && t->adjoint_of != TENSOR_NONE) {
    uint32_t seeds = t->rank - tensor_at(graph, t->adjoint_of)->rank;
    if (axis >= seeds) return (AxisRead){t->adjoint_of, axis - seeds};
  }
  if (t->kind == TENSOR_DERIVATIVE) {
    uint32_t seeds = t->rank - tensor_at(graph, t->wrt)->rank;
    return axis >= seeds ? (AxisRead){t->wrt, axis - seeds} : (AxisRead){t->source, axis};
  }
  if (t->kind == TENSOR_DEFINITION) find_axis_read(graph, t->body, axis, t->extents[axis], &read);
  return read;
}

/* Along the axes that give it its extent, to the one that is declared. */
static void explain_axis(Explainer *x, uint32_t axis, bool first) {
  enum { HOPS = 64, SHOWN = 3 };
  const Program *program = x->written != TENSOR_NONE ? x->e->written : x->e->derived;
  const Graph *graph = program->graph;
  TensorId id = x->written != TENSOR_NONE ? x->written : x->derived;
  const Tensor *t = tensor_at(graph, id);
  const char *index = t->index_names == NULL ? NULL : t->index_names[axis];
  Text text = text_new(x->arena);
  text_printf(&text, "axis %" PRIu32 "%s%s is %" PRId64, axis, index == NULL ? "" : ", ",
              index == NULL ? "" : index, t->extents[axis]);
  const Tensor *last = t;
  int shown = 0;
  for (int hop = 0; hop < HOPS && !is_declared(tensor_at(graph, id)); hop++) {
    AxisRead read = given_by(graph, id, axis);
    if (read.tensor == TENSOR_NONE) break;
    id = read.tensor;
    axis = read.axis;
    last = tensor_at(graph, id);
    if (!is_declared(last) && (!last->named || shown >= SHOWN)) continue;
    text_printf(&text, ", as axis %" PRIu32 " of %s", axis, last->name);
    shown++;
  }
  const char *expression = is_declared(last) ? declared_axis(x, last, axis) : NULL;
  const char *place = last->span.source == NULL ? NULL : place_text(x, last->span);
  const char *call = last->use.source == NULL ? NULL : place_text(x, last->use);
  if (place != NULL && expression != NULL)
    text_printf(&text, ", declared as %s at %s", expression, place);
  else if (place != NULL)
    text_printf(&text, ", given at %s", place);
  if (expression != NULL && call == NULL) add_dims(x, &text, expression);
  if (call != NULL && strcmp(call, place == NULL ? "" : place) != 0)
    text_printf(&text, ", called at %s", call);
  add_row(x, first ? "shape" : "", "%s", text_string(&text));
}

void explain_shape(Explainer *x) {
  const Tensor *t = tensor_of(x);
  if (t->rank == 0) add_row(x, "shape", "a single number");
  for (uint32_t i = 0; i < t->rank; i++) explain_axis(x, i, i == 0);
}
