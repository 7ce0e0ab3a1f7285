/* What the files of format/ share: the tokens of a text with what they are in it, and how they are
   laid out. Private.

   Columns count characters: of the source from 1, of the layout from 0. */
#pragma once
#include "format/format.h"
#include "syntax/tokens.h"

#define NO_PIECE UINT32_MAX

/* A comment. */
typedef struct Note {
  const char *text; /* from # on, without blanks at its end */
  uint32_t length;  /* bytes */
  uint32_t line, column;
  bool paragraph; /* a blank line stands before it */
} Note;

typedef struct Piece {
  int kind; /* of a token; the last piece is END */
  const char *text;
  uint32_t length; /* bytes */
  uint32_t width;  /* characters */
  uint32_t line, column;

  /* in the program */
  bool starts;      /* begins a statement */
  uint32_t first;   /* what begins its statement */
  uint32_t depth;   /* blocks around it; of { and }: around the block */
  uint32_t block;   /* the { around it, NO_PIECE at top level */
  uint32_t open;    /* the ( or [ around it, NO_PIECE */
  uint32_t nesting; /* how many of those */
  uint32_t match;   /* of a bracket: the other one */
  uint32_t assign;  /* of a statement's first piece: its first = or <- outside brackets */
  bool ranges;      /* [ : the colons in it give ranges, `i: 3` */
  bool sign;        /* - that has one operand */
  bool word;        /* a name that stands where a keyword does: `on`, `checkpoint` */
  bool tight;       /* an operator without blanks */
  uint32_t first_note, n_notes; /* comments on lines of their own, before it */
  const Note *tail;             /* the comment behind it on its line, NULL */
  bool paragraph;               /* a blank line stands before it */

  /* in the layout */
  bool breaks;         /* begins a line */
  uint32_t gap;        /* blanks before it, where it does not begin a line */
  uint32_t column_out; /* where it stands */
} Piece;

typedef struct Layout {
  Arena *arena;
  Piece *pieces;
  uint32_t n; /* pieces, END among them */
  Note *notes;
  uint32_t n_notes;
} Layout;

/* pieces.c: the tokens and comments of a text without mistakes. */
Layout layout_new(Arena *arena, const Source *source, const Written *written);
/* A token behind which an operator would have a left operand. */
bool ends_operand(const Piece *piece);

/* spacing.c: how many blanks stand before a piece on the line of the one before it. */
uint32_t natural_gap(const Layout *l, uint32_t at);
/* Whether `;` follows the piece: one more statement of a block on one line. */
bool has_semicolon(const Layout *l, uint32_t at);

/* lines.c: which pieces begin a line, so that lines are no wider than FORMAT_WIDTH where that can
   be. */
void lay_lines(Layout *l);
/* The first piece after `at` that begins a line. */
uint32_t line_end(const Layout *l, uint32_t at);
/* The columns of the pieces of the line that begins with `at`, from those of the lines before; of
   those within the first `most` columns, and the one behind them. Returns the piece after these. */
uint32_t lay_columns(Layout *l, uint32_t at, uint32_t most);
/* indent.c: the column of a piece that begins a line. */
uint32_t indentation(const Layout *l, uint32_t at);
/* And of comments above it: those before a } stand in the block. */
uint32_t note_indentation(const Layout *l, uint32_t at);
/* wrap.c: breaks a line that is too wide, of the pieces at … end - 1 or more, where that is best;
   what follows flows on, over a break of the same kind. False: there is no place for it. */
bool wrap_line(Layout *l, uint32_t at, uint32_t end);

/* align.c: columns that are written one below the other stay so; clauses of `train` get one. */
void align_columns(Layout *l);
