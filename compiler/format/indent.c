/* Where a line begins. A statement: two columns for each block around it. A line that goes on with
   one: below what its bracket, definition or clause begins with, or four columns further in where
   that begins a line itself. */
#include "format/layout.h"
#include "dag.tab.h"

/* Nothing is put below what stands further right than FAR. */
enum { BLOCK = 2, CONTINUATION = 4, FAR = 60 };

/* A bracket that is the last on its line. */
static bool is_hanging(const Layout *l, uint32_t bracket) { return l->pieces[bracket + 1].breaks; }

static uint32_t hanging_around(const Layout *l, uint32_t bracket) {
  uint32_t n = 0;
  for (; bracket != NO_PIECE; bracket = l->pieces[bracket].open) n += is_hanging(l, bracket);
  return n;
}

static uint32_t in_brackets(const Layout *l, uint32_t bracket, uint32_t base) {
  uint32_t hanging = hanging_around(l, bracket);
  if (is_hanging(l, bracket)) return base + CONTINUATION * hanging;
  uint32_t column = l->pieces[bracket + 1].column_out;
  return column <= FAR ? column : base + CONTINUATION * (hanging + 1);
}

/* Below the first |> of the statement, which is not on a line of its own. */
static uint32_t below_pipe(const Layout *l, uint32_t at) {
  for (uint32_t i = l->pieces[at].first; i < at; i++)
    if (l->pieces[i].kind == PIPE && l->pieces[i].open == NO_PIECE) return i;
  return NO_PIECE;
}

/* What the line stands below, outside of brackets; NO_PIECE: nothing. */
static uint32_t anchor(const Layout *l, uint32_t at) {
  const Piece *p = &l->pieces[at], *first = &l->pieces[p->first];
  switch (p->kind) {
  case PIPE: return below_pipe(l, at);
  case WITH:
  case WHERE: return NO_PIECE;
  default: break;
  }
  if (first->kind == CLAUSE) return p->first + 1;
  bool definition = first->kind == NAME || first->kind == LPAREN || first->kind == EXPORT ||
                    first->kind == FN || (first->kind >= DIM && first->kind <= STATE);
  return definition && first->assign < at ? first->assign + 1 : NO_PIECE;
}

uint32_t indentation(const Layout *l, uint32_t at) {
  const Piece *p = &l->pieces[at];
  uint32_t base = BLOCK * p->depth;
  if (p->starts || p->kind == RBRACE || p->kind == ELSE) return base;
  if (p->match != NO_PIECE && p->match < at) /* ) or ] */
    return is_hanging(l, p->match) ? base + CONTINUATION * hanging_around(l, p->open)
                                   : l->pieces[p->match].column_out;
  if (p->open != NO_PIECE) return in_brackets(l, p->open, base);
  uint32_t above = anchor(l, at);
  if (above == NO_PIECE || above >= at || l->pieces[above].breaks ||
      l->pieces[above].column_out > FAR)
    return base + CONTINUATION;
  return l->pieces[above].column_out;
}

uint32_t note_indentation(const Layout *l, uint32_t at) {
  return indentation(l, at) + (l->pieces[at].kind == RBRACE ? BLOCK : 0);
}
