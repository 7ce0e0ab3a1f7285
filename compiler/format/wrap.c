/* Where to break a line that is too wide: outside of as many brackets as can be, at what binds
   loosest, as late as fits. */
#include "format/layout.h"
#include "dag.tab.h"

/* How loosely what stands between a piece and the one before it binds. */
typedef enum Binding {
  BINDS_LIST, /* behind a comma, before |>, where and with, between a layer's lists */
  BINDS_OR,
  BINDS_AND,
  BINDS_COMPARE,
  BINDS_SUM,
  BINDS_PRODUCT,
  BINDS_CALL, /* behind the ( of a call */
  BINDS_FIRMLY
} Binding;

static bool ends_list(const Layout *l, uint32_t bracket) {
  const Piece *p = &l->pieces[bracket];
  return p->kind == LPAREN && bracket > 0 && p[-1].kind == RPAREN && !p->starts;
}

static Binding binding_before(const Layout *l, uint32_t at) {
  const Piece *p = &l->pieces[at], *before = p - 1;
  if (p->kind == RPAREN || p->kind == RBRACKET || p->kind == LBRACE) return BINDS_FIRMLY;
  if (p->kind == PIPE) return BINDS_LIST;
  if ((p->kind == WITH || p->kind == WHERE) && ends_operand(before)) return BINDS_LIST;
  if (before->tight || before->sign) return BINDS_FIRMLY;
  switch (before->kind) {
  case COMMA: return BINDS_LIST;
  case OR: return BINDS_OR;
  case AND: return BINDS_AND;
  case EQUAL:
  case UNEQUAL:
  case LESS:
  case LESS_EQUAL:
  case GREATER:
  case GREATER_EQUAL: return BINDS_COMPARE;
  case PLUS:
  case MINUS: return BINDS_SUM;
  case TIMES:
  case DIVIDE:
  case MODULO:
  case MATMUL: return BINDS_PRODUCT;
  case LPAREN:
    if (ends_list(l, at - 1)) return BINDS_LIST;
    return !before->starts && natural_gap(l, at - 1) == 0 ? BINDS_CALL : BINDS_FIRMLY;
  default: return BINDS_FIRMLY;
  }
}

/* The brackets around the place before a piece; a layer's second list counts as outside, and the (
   of a call as inside of all. */
static uint32_t nesting_before(const Layout *l, uint32_t at, Binding binding) {
  if (binding == BINDS_CALL) return UINT32_MAX;
  return l->pieces[at].nesting - (l->pieces[at - 1].kind == LPAREN);
}

/* Where the piece would stand if it began a line. */
static uint32_t column_on_new_line(Layout *l, uint32_t at) {
  l->pieces[at].breaks = true;
  uint32_t column = indentation(l, at);
  l->pieces[at].breaks = false;
  return column;
}

/* Behind the = of the statement, where what follows fits on a line and little stands in its way. */
static bool fits_behind(Layout *l, uint32_t at, uint32_t assign, uint32_t end) {
  enum { SHORT = 20 };
  const Piece *last = &l->pieces[end - 1], *next = &l->pieces[assign + 1];
  uint32_t width = last->column_out + last->width - next->column_out;
  return next->column_out - l->pieces[at].column_out > SHORT &&
         column_on_new_line(l, assign + 1) + width <= FORMAT_WIDTH;
}

/* The piece that best begins the next line, or NO_PIECE. */
static uint32_t best_break(Layout *l, uint32_t at, uint32_t end) {
  uint32_t best = NO_PIECE, best_nesting = 0;
  Binding best_binding = BINDS_FIRMLY;
  for (uint32_t i = at + 1; i < end; i++) {
    const Piece *before = &l->pieces[i - 1];
    if (before->column_out + before->width > FORMAT_WIDTH) break;
    Binding binding = binding_before(l, i);
    uint32_t nesting = nesting_before(l, i, binding);
    bool looser = best == NO_PIECE || nesting < best_nesting ||
                  (nesting == best_nesting && binding <= best_binding);
    if (binding == BINDS_FIRMLY || !looser) continue;
    if (column_on_new_line(l, i) >= l->pieces[i].column_out) continue;
    best = i;
    best_nesting = nesting;
    best_binding = binding;
  }
  uint32_t assign = l->pieces[l->pieces[at].first].assign;
  bool defines = assign != NO_PIECE && assign > at && assign + 1 < end;
  if (defines && (best == NO_PIECE || best_nesting > 0) && fits_behind(l, at, assign, end))
    return assign + 1;
  return best;
}

static bool are_alike(const Layout *l, uint32_t a, uint32_t b) {
  Binding binding = binding_before(l, a);
  return binding == binding_before(l, b) &&
         nesting_before(l, a, binding) == nesting_before(l, b, binding);
}

bool wrap_line(Layout *l, uint32_t at, uint32_t end) {
  uint32_t next = best_break(l, at, end);
  if (next == NO_PIECE) return false;
  l->pieces[next].breaks = true;
  uint32_t written = line_end(l, next);
  Piece *p = &l->pieces[written];
  bool inside = !p->starts && p->kind != RBRACE && p->n_notes == 0 && p[-1].tail == NULL;
  if (inside && p[-1].block == p->block && are_alike(l, next, written)) p->breaks = false;
  return true;
}
