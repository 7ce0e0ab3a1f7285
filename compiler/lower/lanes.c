/* Which index may run along the lanes of vectors: one along which every read is either the same for
   all lanes or of consecutive elements, all operations have lanes of one width, and nothing is read
   that only one branch may read, unless all lanes take the same branch: that is one of the code. */
#include "graph/scalar_ops.h"
#include "lower/work.h"

enum { UNIFORM = 0, IMPOSSIBLE = -1, N_STANDINGS = 3 };

typedef enum Standing {
  ALWAYS,  /* under no condition */
  GUARDED, /* under one that is the same for all lanes: in a branch of the code */
  CHOSEN   /* under one that differs: it is evaluated whether or not that holds */
} Standing;

typedef struct LaneCheck {
  Work *w;
  const Node *n;
  uint32_t v;
  TensorList registers, scalars;
  Standing standing; /* of the expression that is looked at */
} LaneCheck;

static int width(LaneCheck *c, ExprId id);

/* A value of that type that differs from lane to lane, in memory or registers. */
static int type_width(ScalarType type) { return type == TYPE_BOOL ? IMPOSSIBLE : type_bytes(type); }

/* Index v stands where the node's own does, or behind the one that is picked. */
static int register_width(LaneCheck *c, const Expr *e) {
  if (!read_is_inside(c->w, c->n, e)) return IMPOSSIBLE;
  uint32_t lane = e->n_args > c->n->rank ? index_beside_picked(c->n->picks, c->v) : c->v;
  for (uint32_t i = 0; i < e->n_args; i++) {
    const Expr *at = expr_at(c->w->graph, e->args[i]);
    if (at->kind == EXPR_INDEX && at->index == c->v && i == lane) continue;
    if (width(c, e->args[i]) != UNIFORM) return IMPOSSIBLE;
  }
  int bytes = type_width(e->type);
  return bytes < 4 ? IMPOSSIBLE : bytes;
}

static int common_width(int a, int b) {
  if (a == UNIFORM || a == b) return b;
  return b == UNIFORM ? a : IMPOSSIBLE;
}

/* Of an element that is there. */
static int element_width(LaneCheck *c, const Expr *e) {
  Work *w = c->w;
  bool varies = false;
  for (uint32_t i = 0; i < e->n_args; i++) varies = varies || width(c, e->args[i]) != UNIFORM;
  if (!varies) return UNIFORM;
  const Tensor *t = tensor_at(w->graph, e->tensor);
  BufferId buffer = w->buffer_of[e->tensor];
  if (buffer == BUFFER_NONE) return IMPOSSIBLE;
  const int64_t *strides = is_among(c->scalars.items, c->scalars.count, e->tensor)
                               ? dense_strides(w->arena, t->rank, t->extents)
                               : w->plan->buffers[buffer].strides;
  Affine a = load_offset(w, c->n, e, strides);
  int64_t stride = 0;
  for (uint32_t i = 0; i < a.n; i++) {
    const Expr *atom = expr_at(w->graph, a.terms[i].atom);
    if (atom->kind == EXPR_INDEX && atom->index == c->v)
      stride = a.terms[i].factor;
    else if (width(c, a.terms[i].atom) != UNIFORM)
      return IMPOSSIBLE;
  }
  if (stride == 0) return UNIFORM;
  return stride == 1 ? type_width(e->type) : IMPOSSIBLE;
}

static int read_width(LaneCheck *c, const Expr *e) {
  if (is_among(c->registers.items, c->registers.count, e->tensor)) return register_width(c, e);
  if (read_is_inside(c->w, c->n, e)) return element_width(c, e);
  if (e->fallback == EXPR_NONE) return c->standing == GUARDED ? element_width(c, e) : IMPOSSIBLE;
  const Tensor *t = tensor_at(c->w->graph, e->tensor);
  for (uint32_t i = 0; i < e->n_args; i++) /* all lanes are inside, or none is */
    if (!axis_is_inside(c->w, c->n, e->args[i], t->extents[i]) && width(c, e->args[i]) != UNIFORM)
      return IMPOSSIBLE;
  /* vectors of bytes are only loaded, cast and stored */
  int chosen = common_width(element_width(c, e), width(c, e->fallback));
  return chosen != UNIFORM && type_width(e->type) < 4 ? IMPOSSIBLE : chosen;
}

static int cast_width(ScalarType from, ScalarType to, int operand) {
  int bytes = type_bytes(to);
  if (operand == UNIFORM) return UNIFORM;
  if (to == TYPE_BOOL) return operand < 4 ? IMPOSSIBLE : operand;
  if (bytes < 4) return IMPOSSIBLE;
  if (from == TYPE_BOOL) return bytes == operand ? bytes : IMPOSSIBLE;
  return bytes;
}

static int op_width(LaneCheck *c, const Expr *e) {
  int common = UNIFORM;
  Standing standing = c->standing;
  for (uint32_t i = 0; i < e->n_args; i++) {
    int here = width(c, e->args[i]);
    common = common_width(common, here);
    if (common == IMPOSSIBLE) break;
    if (e->op != OP_WHERE || i != 0 || standing == CHOSEN) continue;
    c->standing = here == UNIFORM && e->type != TYPE_BOOL ? GUARDED : CHOSEN;
  }
  c->standing = standing;
  if (common == IMPOSSIBLE) return IMPOSSIBLE;
  if (common == UNIFORM) return UNIFORM;
  switch (e->op) {
  case OP_CAST: return cast_width(expr_at(c->w->graph, e->args[0])->type, e->type, common);
  case OP_STOP_GRADIENT: return common;
  case OP_RANDOM_UNIFORM:
  case OP_RANDOM_NORMAL: return IMPOSSIBLE;
  default: break;
  }
  if (common < 4) return IMPOSSIBLE;
  if (e->type != TYPE_BOOL && type_bytes(e->type) != common) return IMPOSSIBLE;
  return common;
}

static int width(LaneCheck *c, ExprId id) {
  Work *w = c->w;
  size_t place = (size_t)N_STANDINGS * id + (size_t)c->standing;
  if (place < w->n_widths && w->widths[place] != 0) return w->widths[place] - 2;
  const Expr e = *expr_at(c->w->graph, id);
  int result = UNIFORM;
  switch (e.kind) {
  case EXPR_CONST: break;
  case EXPR_INDEX: result = e.index == c->v ? 4 : UNIFORM; break;
  case EXPR_READ: result = read_width(c, &e); break;
  case EXPR_OP: result = op_width(c, &e); break;
  }
  if (place < w->n_widths) {
    w->widths[place] = (int8_t)(result + 2);
    ARRAY_PUSH(w->arena, &w->widths_met, place);
  }
  return result;
}

int lane_width(Work *w, const Node *n, uint32_t v, TensorList registers, TensorList scalars) {
  LaneCheck c = {.w = w, .n = n, .v = v, .registers = registers, .scalars = scalars};
  if ((size_t)N_STANDINGS * w->graph->n_exprs > w->n_widths) {
    w->n_widths = (size_t)2 * N_STANDINGS * w->graph->n_exprs;
    w->widths = ARENA_ARRAY(w->arena, int8_t, w->n_widths);
  }
  w->widths_met.count = 0;
  int result = width(&c, n->body);
  for (size_t i = 0; i < w->widths_met.count; i++) w->widths[w->widths_met.items[i]] = 0;
  return result == 1 ? IMPOSSIBLE : result;
}

bool fits_lanes(Work *w, const Node *n, uint32_t v, TensorList registers) {
  int width = lane_width(w, n, v, registers, (TensorList){0});
  return width == UNIFORM || width == type_bytes(n->type);
}
