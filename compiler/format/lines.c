/* Which tokens begin a line: every statement but those of a block that is written on one line; what
   the author broke; and what makes a line that is too wide fit. */
#include "format/layout.h"
#include "dag.tab.h"

uint32_t line_end(const Layout *l, uint32_t at) {
  do at++;
  while (at < l->n && !l->pieces[at].breaks);
  return at;
}

uint32_t lay_columns(Layout *l, uint32_t at, uint32_t most) {
  uint32_t column = indentation(l, at), i = at;
  do {
    Piece *p = &l->pieces[i];
    if (i > at) column += p->gap;
    p->column_out = column;
    column += p->width + has_semicolon(l, i);
    i++;
  } while (i < l->n && !l->pieces[i].breaks && column <= most);
  return i;
}

static bool is_on_one_line(const Layout *l, uint32_t brace) {
  return l->pieces[brace].line == l->pieces[l->pieces[brace].match].line;
}

static bool breaks_as_written(const Layout *l, uint32_t at) {
  const Piece *p = &l->pieces[at];
  if (at == 0 || p->kind == END) return true;
  if (p->n_notes > 0 || p[-1].tail != NULL) return true;
  if (p->starts) return p->block == NO_PIECE || !is_on_one_line(l, p->block);
  if (p->kind == RBRACE) return !is_on_one_line(l, p->match);
  return p->line > p[-1].line && p->kind != ELSE;
}

static void give_lines(Layout *l, uint32_t brace) {
  uint32_t closing = l->pieces[brace].match;
  for (uint32_t i = brace + 1; i < closing; i++)
    if (l->pieces[i].starts && l->pieces[i].block == brace) l->pieces[i].breaks = true;
  l->pieces[closing].breaks = true;
}

/* Gives the outermost blocks among the pieces at … end - 1 of a line lines of their own; false:
   there are none. */
static bool open_blocks(Layout *l, uint32_t at, uint32_t end) {
  bool opened = false;
  for (uint32_t i = at; i < end; i++) {
    if (l->pieces[i].kind != LBRACE || l->pieces[i].breaks || l->pieces[i + 1].breaks) continue;
    give_lines(l, i);
    opened = true;
    i = l->pieces[i].match;
  }
  return opened;
}

static void fit_line(Layout *l, uint32_t at) {
  enum { SEEN = 2 * FORMAT_WIDTH }; /* of a line that is wider, the rest does not matter */
  for (;;) {
    uint32_t end = lay_columns(l, at, SEEN);
    if (l->pieces[end - 1].column_out + l->pieces[end - 1].width <= FORMAT_WIDTH) return;
    if (!open_blocks(l, at, end) && !wrap_line(l, at, end)) break;
  }
  lay_columns(l, at, UINT32_MAX);
}

void lay_lines(Layout *l) {
  for (uint32_t i = 0; i < l->n; i++) {
    l->pieces[i].breaks = breaks_as_written(l, i);
    l->pieces[i].gap = i == 0 ? 0 : natural_gap(l, i);
  }
  for (uint32_t i = 0; i < l->n; i = line_end(l, i)) fit_line(l, i);
}
