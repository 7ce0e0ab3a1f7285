/* Blanks between tokens. */
#include "format/layout.h"
#include "dag.tab.h"

/* Between what is read and `(` or `[`: none in a call or a read, one before a value of its own. */
static uint32_t gap_before_bracket(const Layout *l, uint32_t at) {
  const Piece *before = &l->pieces[at - 1];
  if (ends_operand(before)) return 0;
  bool clause = at >= 2 && !before->starts && ends_operand(before - 1); /* export … where (…) */
  return before->kind == WHERE && !clause ? 0 : 1;
}

/* Behind a colon: one blank after a declared name and the index of a range, none in a slice. */
static uint32_t gap_behind_colon(const Layout *l, uint32_t at) {
  const Piece *colon = &l->pieces[at];
  if (colon->open == NO_PIECE || l->pieces[colon->open].kind != LBRACKET) return 1;
  bool names = l->pieces[at - 1].kind != LBRACKET && l->pieces[at - 1].kind != COMMA;
  return l->pieces[colon->open].ranges && names;
}

uint32_t natural_gap(const Layout *l, uint32_t at) {
  const Piece *p = &l->pieces[at], *before = p - 1;
  if (p->starts) return 1;
  switch (p->kind) {
  case COMMA:
  case RPAREN:
  case RBRACKET: return 0;
  default: break;
  }
  switch (before->kind) {
  case LPAREN:
  case LBRACKET:
  case DOT:
  case DOTS:
  case POWER: return 0;
  case COMMA: return 1;
  case COLON: return gap_behind_colon(l, at - 1);
  default: break;
  }
  if (before->sign || before->tight || p->tight) return 0;
  switch (p->kind) {
  case COLON:
  case DOTS:
  case POWER: return 0;
  case DOT:
    return before->kind == INTEGER || before->kind == REAL; /* a point would be a number's */
  case LPAREN:
  case LBRACKET: return gap_before_bracket(l, at);
  default: return 1;
  }
}

bool has_semicolon(const Layout *l, uint32_t at) {
  const Piece *next = &l->pieces[at + 1];
  return l->pieces[at].kind != LBRACE && next->starts && next->kind != END && !next->breaks;
}
