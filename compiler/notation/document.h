/* What --emit=math shows, for both printers. Private to notation/. */
#pragma once
#include "notation/formula.h"
#include "notation/recognise.h"

/* Formulas that stand in one row where there is room: δ₂, and the ∂L/∂W₂ that come from it. */
typedef struct Row {
  const Line *const *lines;
  uint32_t n;
} Row;

typedef struct Section {
  const char *heading; /* "Forward"; "": it goes on */
  Glyph detail;        /* behind the heading: ", from L"; NULL: nothing */
  Glyph steps;         /* "for t = 0, …, 63": of a recurrence; NULL */
  bool flows;          /* rows of one line each, side by side */
  const Row *rows;
  uint32_t n_rows;
} Section;

/* A row of the table of symbols. */
typedef struct SymbolRow {
  Glyph symbol;
  const char *name, *shape, *place; /* in the program: W, [64, 784], mlp.dag:5 */
} SymbolRow;

typedef struct Document {
  const Recogniser *recogniser; /* what the symbols are of */
  const char *title;
  const Glyph *conventions; /* what the notation means, a sentence each; only what is used */
  uint32_t n_conventions;
  const Section *sections;
  uint32_t n_sections;
  const SymbolRow *symbols;
  uint32_t n_symbols;
} Document;

Document document_of(const Program *program);

/* A line as one formula: left = right. */
const Formula *line_equation(Arena *arena, const Line *line);

/* page_text.c and page_latex.c */
void print_page_text(Text *out, const Document *document);
void print_page_latex(Text *out, const Document *document);
