/* The layout as text, and the promise that it means the same. */
#include "format/format.h"
#include "format/layout.h"
#include "dag.tab.h"

static void add_blanks(Text *out, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) text_add(out, " ");
}

/* Comments on lines of their own, before the piece that begins the next line. `opens`: nothing
   stands above them in the file or block. */
static void print_notes(Text *out, const Layout *l, uint32_t at, bool opens) {
  const Piece *p = &l->pieces[at];
  bool between = p->starts || p->kind == RBRACE; /* statements; else inside one */
  uint32_t column = note_indentation(l, at);
  for (uint32_t i = 0; i < p->n_notes; i++) {
    const Note *note = &l->notes[p->first_note + i];
    if (note->paragraph && between && !(opens && i == 0)) text_add(out, "\n");
    add_blanks(out, column);
    text_addn(out, note->text, note->length);
    text_add(out, "\n");
  }
}

static uint32_t end_column(const Layout *l, uint32_t end) {
  return l->pieces[end - 1].column_out + l->pieces[end - 1].width;
}

/* The blanks before a comment behind a line: as many as there were, two at least. */
static uint32_t blanks_before_tail(const Piece *last) {
  uint32_t blanks = last->tail->column - last->column - last->width;
  return blanks < 2 ? 2 : blanks;
}

/* The column of the comments behind this line and those below it, which all have one. */
static uint32_t tail_column(const Layout *l, uint32_t at) {
  uint32_t end = line_end(l, at);
  uint32_t column = end_column(l, end) + blanks_before_tail(&l->pieces[end - 1]);
  while (end < l->n && l->pieces[end].n_notes == 0 && !l->pieces[end].paragraph) {
    end = line_end(l, end);
    if (l->pieces[end - 1].tail == NULL) break;
    if (end_column(l, end) + 2 > column) column = end_column(l, end) + 2;
  }
  return column;
}

static void print_line(Text *out, const Layout *l, uint32_t at, uint32_t end) {
  for (uint32_t i = at; i < end; i++) {
    const Piece *p = &l->pieces[i];
    add_blanks(out, i == at ? p->column_out : p->gap);
    text_addn(out, p->text, p->length);
    if (has_semicolon(l, i)) text_add(out, ";");
  }
}

static void print_layout(Text *out, const Layout *l) {
  uint32_t tails = 0; /* the column of comments behind lines */
  bool in_tails = false;
  for (uint32_t at = 0, end; at < l->n; at = end) {
    const Piece *p = &l->pieces[at];
    end = line_end(l, at);
    bool opens = at == 0 || p[-1].kind == LBRACE;
    print_notes(out, l, at, opens);
    if (p->kind == END) return;
    bool blank = p->paragraph && p->starts && !(opens && p->n_notes == 0);
    if (blank) text_add(out, "\n");
    print_line(out, l, at, end);
    const Note *tail = l->pieces[end - 1].tail;
    if (tail != NULL) {
      if (!in_tails || blank || p->n_notes > 0) tails = tail_column(l, at);
      add_blanks(out, tails - end_column(l, end));
      text_addn(out, tail->text, tail->length);
    }
    in_tails = tail != NULL;
    text_add(out, "\n");
  }
}

static void check_meaning(Arena *arena, const Source *source, const File *file, const Text *text) {
  Diag *diag = diag_hold(diag_new(arena, NULL));
  const Source *formatted = source_from_text(arena, source->path, text_string(text), text->length);
  const File *again = parse_file(arena, diag, formatted);
  if (diag_errors(diag) > 0 || !file_equal(file, again))
    bug("format", "%s would have another meaning", source->path);
}

bool format_source(Arena *arena, Diag *diag, const Source *source, Text *out) {
  int before = diag_errors(diag);
  Written written = {0};
  const File *file = parse_written(arena, diag, source, &written);
  if (diag_errors(diag) > before) return false;
  Layout layout = layout_new(arena, source, &written);
  lay_lines(&layout);
  align_columns(&layout);
  Text text = text_new(arena);
  print_layout(&text, &layout);
  check_meaning(arena, source, file, &text);
  text_addn(out, text_string(&text), text.length);
  return true;
}
