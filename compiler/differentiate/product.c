/* The product of the others, the factor s of a product  y[O] = prod over R of e(O, R).

   A short one is written as it is,

       others[O, R] = prod over R' of where(R' = R, 1, e(O, R')),

   a long one takes what stands before R and what stands after it, in row-major order, from two
   recurrences, so that all together are linear in their number and a zero needs no case of its own:

       before[r, O] = (before[r − 1, O] ?? 1) · e(O, r)
       after[r, O]  = (after[r + 1, O] ?? 1) · e(O, r)
       others[O, r] = (before[r − 1, O] ?? 1) · (after[r + 1, O] ?? 1) */
#include "differentiate/sweep.h"
#include "simplify/affine.h"
#include "simplify/algebra.h"
#include "simplify/view.h"

enum { SHORT_PRODUCT = 4 /* factors: n² multiplications are about as many as 3 n */ };

static Tensor part_of(Graph *graph, const Tensor *y, const char *what, uint32_t rank,
                      const int64_t *extents) {
  Tensor t = tensor_new(TENSOR_DEFINITION, y->type);
  t.name = arena_printf(graph->arena, "%s.%s", y->name, what);
  t.rank = rank;
  t.extents = extents;
  t.span = y->span;
  t.use = y->use;
  t.origin = y->origin;
  return t;
}

/* The definition of that name from an earlier derivative, if its values are the same. */
static TensorId known(const Graph *graph, const Tensor *t) {
  TensorId id = graph_find(graph, t->name);
  if (id == TENSOR_NONE) return id;
  const Tensor *other = tensor_at(graph, id);
  bool same = other->kind == TENSOR_DEFINITION && other->type == t->type &&
              other->reduction == t->reduction && other->rank == t->rank;
  for (uint32_t i = 0; same && i < t->rank; i++) same = other->extents[i] == t->extents[i];
  return same ? id : TENSOR_NONE;
}

/* others[O, R] = prod over R' of where(R' = R, 1, e(O, R')) */
static TensorId short_others(Graph *graph, const Tensor *y) {
  uint32_t rank = y->rank, n = y->n_reduced;
  ExprId *map = ARENA_ARRAY(graph->arena, ExprId, rank + n + 1);
  ExprId same = expr_integer(graph, TYPE_BOOL, 1);
  for (uint32_t i = 0; i < rank; i++) map[i] = EXPR_NONE;
  for (uint32_t i = 0; i < n; i++) {
    map[rank + i] = expr_index(graph, rank + n + i);
    ExprId equal = fold_op2(graph, OP_EQ, map[rank + i], expr_index(graph, rank + i));
    same = fold_op2(graph, OP_AND, same, equal);
  }
  Tensor others = part_of(graph, y, "others", rank + n, tensor_index_extents(y, graph->arena));
  others.reduction = REDUCE_PROD;
  others.n_reduced = n;
  others.reduced_extents = y->reduced_extents;
  ExprId body = expr_substitute(graph, y->body, map, rank + n);
  body = fold_op3(graph, OP_WHERE, same, expr_number(graph, y->type, 1), body);
  others.body = read_again(graph, body);
  return graph_add(graph, others);
}

/* A long product's factors in a row: r, the row-major number of R, and those axes of O that have
   more than one element. */
typedef struct Row {
  Graph *graph;
  const Tensor *y;
  uint32_t n;           /* axes, r the first */
  const uint32_t *axes; /* of y, from the second on */
  const int64_t *extents;
  const char *const *names;
  ExprId factor; /* at index variables 0, 1, … */
} Row;

/* R and r, as shapes of the same elements. */
static Tensor reduced_shape(const Row *row) {
  return (Tensor){.rank = row->y->n_reduced, .extents = row->y->reduced_extents};
}

static Tensor row_shape(const Row *row) { return (Tensor){.rank = 1, .extents = row->extents}; }

static ExprId *index_list(const Row *row) {
  ExprId *at = ARENA_ARRAY(row->graph->arena, ExprId, row->n + 1);
  for (uint32_t i = 0; i < row->n; i++) at[i] = expr_index(row->graph, i);
  return at;
}

/* A factor that is more than a read becomes a definition, which both recurrences read. */
static void find_factor(Row *row) {
  Graph *graph = row->graph;
  const Tensor *y = row->y;
  uint32_t n = y->rank + y->n_reduced;
  ExprId *map = ARENA_ARRAY(graph->arena, ExprId, n + 1);
  for (uint32_t i = 0; i < y->rank; i++) map[i] = expr_integer(graph, TYPE_I32, 0);
  for (uint32_t i = 1; i < row->n; i++) map[row->axes[i]] = expr_index(graph, i);
  const ExprId number = expr_index(graph, 0);
  const Tensor from = row_shape(row), to = reduced_shape(row);
  place_in_view(graph, &from, &number, &to, map + y->rank);
  ExprId factor = expr_substitute(graph, read_again(graph, y->body), map, n);
  row->factor = normalize_indices(graph, factor, (Ranges){row->extents, row->n});
  const Expr *e = expr_at(graph, row->factor);
  if (e->kind == EXPR_READ && e->fallback == EXPR_NONE) return;
  Tensor factors = part_of(row->graph, y, "factors", row->n, row->extents);
  factors.index_names = row->names;
  factors.body = row->factor;
  TensorId id = known(graph, &factors);
  if (id == TENSOR_NONE || tensor_at(graph, id)->body != factors.body)
    id = graph_add(graph, factors);
  row->factor = expr_read_whole(graph, id);
}

static Row row_of(Graph *graph, const Tensor *y) {
  uint32_t *axes = ARENA_ARRAY(graph->arena, uint32_t, y->rank + 1);
  int64_t *extents = ARENA_ARRAY(graph->arena, int64_t, y->rank + 1);
  const char **names = ARENA_ARRAY(graph->arena, const char *, y->rank + 1);
  Row row = {.graph = graph, .y = y, .n = 1, .axes = axes, .extents = extents, .names = names};
  names[0] = y->index_names == NULL ? NULL : y->index_names[y->rank];
  extents[0] = 1;
  for (uint32_t i = 0; i < y->n_reduced; i++) extents[0] *= y->reduced_extents[i];
  for (uint32_t i = 0; i < y->rank; i++) {
    if (y->extents[i] == 1) continue;
    axes[row.n] = i;
    names[row.n] = y->index_names == NULL ? NULL : y->index_names[i];
    extents[row.n++] = y->extents[i];
  }
  find_factor(&row);
  return row;
}

/* tensor[at] ?? 1, `step` further on */
static ExprId neighbour(const Row *row, TensorId tensor, ExprId *at, int64_t step) {
  Graph *graph = row->graph;
  at[0] = fold_op2(graph, OP_ADD, at[0], expr_integer(graph, TYPE_I32, step));
  return expr_read(graph, tensor, at, row->n, expr_number(graph, row->y->type, 1));
}

static ExprId running_body(const Row *row, TensorId product, int64_t step) {
  ExprId so_far = neighbour(row, product, index_list(row), step);
  return expr_op2(row->graph, OP_MUL, so_far, row->factor);
}

/* The products of all factors up to each, from the side that `step` leads to. */
static TensorId running_product(const Row *row, const char *what, int64_t step) {
  Graph *graph = row->graph;
  Tensor t = part_of(graph, row->y, what, row->n, row->extents);
  t.index_names = row->names;
  t.named = true;
  TensorId id = known(graph, &t);
  if (id != TENSOR_NONE && tensor_at(graph, id)->body == running_body(row, id, step)) return id;
  id = graph_add(graph, t);
  ExprId body = running_body(row, id, step);
  tensor_at(graph, id)->body = body;
  return id;
}

static ExprId long_others(Graph *graph, const Tensor *y, const ExprId *at) {
  Row row = row_of(graph, y);
  const struct Side {
    const char *what;
    int64_t step;
  } sides[2] = {{"before", -1}, {"after", 1}};
  const Tensor reduced = reduced_shape(&row), number = row_shape(&row);
  ExprId products[2];
  for (int side = 0; side < 2; side++) {
    TensorId product = running_product(&row, sides[side].what, sides[side].step);
    ExprId *place = index_list(&row);
    for (uint32_t i = 1; i < row.n; i++) place[i] = at[row.axes[i]];
    place_in_view(graph, &reduced, at + y->rank, &number, place);
    products[side] = neighbour(&row, product, place, sides[side].step);
  }
  return expr_op2(graph, OP_MUL, products[0], products[1]);
}

ExprId product_of_others(Graph *graph, TensorId y, const ExprId *at) {
  const Tensor t = *tensor_at(graph, y);
  int64_t factors = 1;
  for (uint32_t i = 0; i < t.n_reduced; i++) factors *= t.reduced_extents[i];
  if (factors > SHORT_PRODUCT) return long_others(graph, &t, at);
  return expr_read(graph, short_others(graph, &t), at, t.rank + t.n_reduced, EXPR_NONE);
}
