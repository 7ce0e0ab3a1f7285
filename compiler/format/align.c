/* Columns. Where the author put tokens of neighbouring lines one below the other, with more blanks
   than it takes, they stay so, as near as their lines allow. In `train`, what follows the names of
   clauses stands in one column. */
#include <stdlib.h>
#include "format/layout.h"
#include "dag.tab.h"

/* --- clauses --- */

static bool is_clause(const Layout *l, uint32_t at) {
  const Piece *p = &l->pieces[at];
  if (!p->starts || !p->breaks) return false;
  return p->kind == CLAUSE || p->kind == WITH; /* which begins no other statement */
}

/* The statement after this one in its block; NO_PIECE: this is the last one. */
static uint32_t next_statement(const Layout *l, uint32_t at) {
  uint32_t block = l->pieces[at].block;
  for (uint32_t i = at + 1; i < l->n && l->pieces[i].block == block; i++)
    if (l->pieces[i].starts) return i;
  return NO_PIECE;
}

/* Aligns the clauses from here on, up to a blank line or an update; returns the last one. */
static uint32_t align_clauses(Layout *l, uint32_t first) {
  uint32_t width = 0, last = first, next = first;
  do {
    last = next;
    if (l->pieces[last].width > width) width = l->pieces[last].width;
    next = next_statement(l, last);
  } while (next != NO_PIECE && is_clause(l, next) && !l->pieces[next].paragraph);
  for (uint32_t i = first; i <= last; i++)
    if (is_clause(l, i)) l->pieces[i + 1].gap = 1 + width - l->pieces[i].width;
  return last;
}

/* --- columns by hand --- */

/* A token that may be moved to the right, on the first line of its statement. */
typedef struct Cell {
  uint32_t piece, line; /* of the run */
  uint32_t column;      /* in the source */
  uint32_t class;       /* the first cell of those that stand one below the other */
} Cell;

typedef struct Run {
  Layout *layout;
  ARRAY(Cell) cells;
  ARRAY(uint32_t) first; /* cell of each line */
  uint32_t *shift;       /* of each line, so far */
} Run;

static uint32_t blanks_before(const Piece *p) {
  return p->line == p[-1].line ? p->column - p[-1].column - p[-1].width : 0;
}

static bool begins_operand(const Piece *p) {
  switch (p->kind) {
  case NAME:
  case INTEGER:
  case REAL:
  case STRING:
  case TRUE:
  case FALSE:
  case LPAREN:
  case LBRACKET:
  case WHERE:
  case NOT: return true;
  default: return p->sign;
  }
}

static bool are_alike(const Piece *a, const Piece *b) {
  if (begins_operand(a)) return begins_operand(b);
  return a->kind == b->kind;
}

static void add_line(Run *run, uint32_t at) {
  Layout *l = run->layout;
  ARRAY_PUSH(l->arena, &run->first, (uint32_t)run->cells.count);
  uint32_t end = line_end(l, at), line = (uint32_t)run->first.count - 1;
  bool word = is_clause(l, at) || is_keyword(l->pieces[at].kind); /* `dim`, whose name follows */
  for (uint32_t i = at + 1 + word; i < end; i++) {
    const Piece *p = &l->pieces[i];
    if (p->gap == 0 || p->starts || blanks_before(p) == 0) continue;
    uint32_t cell = (uint32_t)run->cells.count;
    ARRAY_PUSH(l->arena, &run->cells, (Cell){i, line, p->column, cell});
  }
}

/* Joins what stands one below the other in a line and the one above it. */
static void join_lines(Run *run, uint32_t line) {
  uint32_t above = run->first.items[line - 1], here = run->first.items[line];
  uint32_t here_end = (uint32_t)run->cells.count, above_end = here;
  while (above < above_end && here < here_end) {
    Cell *a = &run->cells.items[above], *b = &run->cells.items[here];
    const Piece *p = &run->layout->pieces[a->piece], *q = &run->layout->pieces[b->piece];
    if (a->column == b->column && are_alike(p, q) && (blanks_before(p) > 1 || blanks_before(q) > 1))
      b->class = a->class;
    if (a->column <= b->column) above++;
    if (a->column >= b->column) here++;
  }
}

static int by_column(const void *a, const void *b) {
  const Cell *x = a, *y = b;
  if (x->column != y->column) return x->column < y->column ? -1 : 1;
  if (x->class != y->class) return x->class < y->class ? -1 : 1;
  return x->line < y->line ? -1 : x->line > y->line;
}

static uint32_t shifted(const Run *run, const Cell *cell) {
  return run->layout->pieces[cell->piece].column_out + run->shift[cell->line];
}

/* Moves the cells of a class, all that stand to the left of which have moved. */
static void move_class(Run *run, const Cell *cells, size_t n) {
  uint32_t column = 0;
  for (size_t i = 0; i < n; i++)
    if (shifted(run, &cells[i]) > column) column = shifted(run, &cells[i]);
  for (size_t i = 0; i < n; i++) {
    uint32_t by = column - shifted(run, &cells[i]);
    run->layout->pieces[cells[i].piece].gap += by;
    run->shift[cells[i].line] += by;
  }
}

static void align_run(Run *run) {
  Cell *cells = run->cells.items;
  size_t n = run->cells.count;
  run->shift = ARENA_ARRAY(run->layout->arena, uint32_t, run->first.count);
  if (n > 0) qsort(cells, n, sizeof *cells, by_column);
  for (size_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && cells[end].class == cells[i].class;) end++;
    move_class(run, cells + i, end - i);
  }
}

/* The statement right below this one, here and in the source; NO_PIECE: there is none. */
static uint32_t statement_below(const Layout *l, uint32_t at) {
  uint32_t next = line_end(l, at);
  while (next < l->n && !l->pieces[next].starts && l->pieces[next].kind != RBRACE)
    next = line_end(l, next);
  if (next == l->n) return NO_PIECE;
  const Piece *p = &l->pieces[next];
  bool below = p->starts && p->kind != END && p->block == l->pieces[at].block && !p->paragraph &&
               p->n_notes == 0 && p->line > p[-1].line;
  return below ? next : NO_PIECE;
}

/* The statements from there on that stand right below each other; returns the last one. */
static uint32_t align_from(Layout *l, uint32_t at) {
  Run run = {.layout = l};
  add_line(&run, at);
  for (uint32_t next; (next = statement_below(l, at)) != NO_PIECE; at = next) {
    add_line(&run, next);
    join_lines(&run, (uint32_t)run.first.count - 1);
  }
  align_run(&run);
  return at;
}

void align_columns(Layout *l) {
  for (uint32_t i = 0; i < l->n; i++)
    if (is_clause(l, i)) i = align_clauses(l, i);
  for (uint32_t i = 0; i < l->n; i = line_end(l, i)) lay_columns(l, i, UINT32_MAX);
  for (uint32_t i = 0; i < l->n; i = line_end(l, i))
    if (l->pieces[i].starts) i = align_from(l, i);
  for (uint32_t i = 0; i < l->n; i = line_end(l, i)) lay_columns(l, i, UINT32_MAX);
}
