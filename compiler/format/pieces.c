/* What each token of a text is in it: where statements begin, which brackets belong together, which
   colons give ranges. The text has no mistakes: brackets match, and blocks stand in none. */
#include <string.h>
#include "format/layout.h"
#include "dag.tab.h"

/* --- places --- */

/* Where the lines of a source begin. */
typedef struct Lines {
  const Source *source;
  ARRAY(uint32_t) begin;
} Lines;

static Lines find_lines(Arena *arena, const Source *source) {
  Lines lines = {.source = source};
  ARRAY_PUSH(arena, &lines.begin, 0);
  for (size_t i = 0; i < source->length; i++)
    if (source->text[i] == '\n') ARRAY_PUSH(arena, &lines.begin, (uint32_t)i + 1);
  return lines;
}

static const char *text_at(const Lines *lines, uint32_t line, uint32_t column) {
  return lines->source->text + lines->begin.items[line - 1] + column - 1;
}

static uint32_t characters(const char *text, uint32_t length) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < length; i++) n += ((unsigned char)text[i] & 0xc0u) != 0x80u;
  return n;
}

/* The column in characters. */
static uint32_t column_of(const Lines *lines, Span span) {
  return 1 + characters(text_at(lines, span.line, 1), span.column - 1);
}

/* --- comments --- */

static Note note_at(const Lines *lines, Span span) {
  const char *text = text_at(lines, span.line, span.column);
  uint32_t length = span.end_column - span.column;
  while (strchr(" \t\r", text[length - 1]) != NULL) length--;
  return (Note){text, length, span.line, column_of(lines, span), false};
}

static bool stands_before(Span a, Span b) {
  return a.line < b.line || (a.line == b.line && a.column < b.column);
}

typedef struct Builder {
  Layout layout;
  Lines lines;
  const Written *written;
  bool starts;          /* the next token begins a statement */
  uint32_t first;       /* of the statement that is being read */
  uint32_t block, open; /* innermost, NO_PIECE */
  uint32_t depth, nesting;
  ARRAY(uint32_t) statements; /* the statements that the open blocks belong to */
  uint32_t last_line;         /* of what was read last */
} Builder;

/* The comments before the token: one on the line of the token before is that one's. */
static void add_notes(Builder *b, Piece *piece, Span span) {
  Layout *l = &b->layout;
  piece->first_note = l->n_notes;
  while (l->n_notes < b->written->comments.count &&
         stands_before(b->written->comments.items[l->n_notes], span)) {
    Note *note = &l->notes[l->n_notes];
    *note = note_at(&b->lines, b->written->comments.items[l->n_notes++]);
    note->paragraph = note->line > b->last_line + 1;
    if (l->n > 0 && note->line == l->pieces[l->n - 1].line) {
      l->pieces[l->n - 1].tail = note;
      piece->first_note = l->n_notes;
    }
    b->last_line = note->line;
  }
  piece->n_notes = l->n_notes - piece->first_note;
  piece->paragraph = span.line > b->last_line + 1;
  b->last_line = span.line;
}

/* --- roles --- */

bool ends_operand(const Piece *piece) {
  switch (piece->kind) {
  case NAME: return !piece->word;
  case INTEGER:
  case REAL:
  case STRING:
  case TRUE:
  case FALSE:
  case RPAREN:
  case RBRACKET:
  case ELLIPSIS: return true;
  default: return false;
  }
}

static void open_bracket(Builder *b, uint32_t at) {
  b->open = at;
  b->nesting++;
}

static void close_bracket(Builder *b, Piece *piece, uint32_t at) {
  Piece *opening = &b->layout.pieces[b->open];
  piece->match = b->open;
  opening->match = at;
  b->open = piece->open = opening->open;
  b->nesting = piece->nesting = opening->nesting;
}

static void open_block(Builder *b, uint32_t at) {
  ARRAY_PUSH(b->layout.arena, &b->statements, b->first);
  b->block = at;
  b->depth++;
  b->starts = true;
}

static void close_block(Builder *b, Piece *piece, uint32_t at) {
  Piece *opening = &b->layout.pieces[b->block];
  piece->match = b->block;
  opening->match = at;
  b->block = piece->block = opening->block;
  b->depth = piece->depth = opening->depth;
  b->first = piece->first = b->statements.items[--b->statements.count];
  b->starts = piece->starts = false;
}

static void follow(Builder *b, Piece *piece, uint32_t at) {
  switch (piece->kind) {
  case LPAREN:
  case LBRACKET: open_bracket(b, at); break;
  case RPAREN:
  case RBRACKET: close_bracket(b, piece, at); break;
  case LBRACE: open_block(b, at); break;
  case RBRACE: close_block(b, piece, at); break;
  case ASSIGN:
  case ARROW:
    if (piece->open == NO_PIECE && b->layout.pieces[piece->first].assign == NO_PIECE)
      b->layout.pieces[piece->first].assign = at;
    break;
  default: break;
  }
}

static void add_token(Builder *b, const Token *token) {
  Layout *l = &b->layout;
  uint32_t at = l->n;
  Piece *piece = &l->pieces[at];
  Span span = token->span;
  *piece = (Piece){.kind = token->kind,
                   .line = span.line,
                   .column = column_of(&b->lines, span),
                   .text = text_at(&b->lines, span.line, span.column),
                   .length = span.end_column - span.column,
                   .depth = b->depth,
                   .block = b->block,
                   .open = b->open,
                   .nesting = b->nesting,
                   .match = NO_PIECE,
                   .assign = NO_PIECE};
  piece->width = characters(piece->text, piece->length);
  add_notes(b, piece, span);
  piece->starts = b->starts;
  if (b->starts && token->kind != RBRACE) b->first = at;
  piece->first = b->first;
  const Piece *before = piece->starts ? NULL : piece - 1;
  bool after_operand = before != NULL && ends_operand(before);
  piece->sign = token->kind == MINUS && !after_operand;
  piece->word = token->kind == NAME && after_operand;
  b->starts = false;
  follow(b, piece, at);
  l->n++;
}

/* In a left-hand side, `z[i: 3]`, and in front of a call, `sum[i: 3](…)`. */
static bool gives_ranges(const Layout *l, uint32_t at) {
  const Piece *first = &l->pieces[l->pieces[at].first];
  const Piece *behind = &l->pieces[l->pieces[at].match + 1];
  if (behind->kind == LPAREN && !behind->starts) return true;
  return (first->kind == NAME || first->kind == LPAREN) && first->assign != NO_PIECE &&
         at < first->assign;
}

static bool is_plain(const Piece *piece) {
  return piece->kind == NAME || piece->kind == INTEGER || piece->kind == REAL;
}

static bool touches(const Piece *before, const Piece *p) {
  return before->line == p->line && before->column + before->width == p->column;
}

/* In brackets, a product of what begins with a word may be written without blanks, `2*p + 1`; and
   in an index that is nothing else a sum, `t-1`. */
static bool is_tight(const Layout *l, uint32_t at) {
  const Piece *p = &l->pieces[at];
  if (p->open == NO_PIECE || !is_plain(p - 1) || !is_plain(p + 1)) return false;
  if (!touches(p - 1, p) || !touches(p, p + 1)) return false;
  switch (p->kind) {
  case TIMES:
  case DIVIDE:
  case MODULO: return true;
  case PLUS:
  case MINUS:
    return l->pieces[p->open].kind == LBRACKET && (p[-2].kind == LBRACKET || p[-2].kind == COMMA) &&
           (p[2].kind == RBRACKET || p[2].kind == COMMA);
  default: return false;
  }
}

Layout layout_new(Arena *arena, const Source *source, const Written *written) {
  Builder b = {.layout = {.arena = arena},
               .lines = find_lines(arena, source),
               .written = written,
               .starts = true,
               .block = NO_PIECE,
               .open = NO_PIECE};
  Layout *l = &b.layout;
  l->pieces = ARENA_ARRAY(arena, Piece, written->tokens.count + 2); /* to look ahead */
  l->notes = ARENA_ARRAY(arena, Note, written->comments.count + 1);
  for (size_t i = 0; i < written->tokens.count; i++) {
    const Token *token = &written->tokens.items[i];
    if (token->kind == SEPARATOR)
      b.starts = true;
    else
      add_token(&b, token);
  }
  for (uint32_t i = 0; i + 1 < l->n; i++) {
    if (l->pieces[i].kind == LBRACKET) l->pieces[i].ranges = gives_ranges(l, i);
    l->pieces[i].tight = is_tight(l, i);
  }
  return *l;
}
