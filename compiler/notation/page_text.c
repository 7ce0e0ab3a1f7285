/* A document as Unicode text of at most 100 columns. */
#include <stdlib.h>
#include <string.h>
#include "notation/document.h"
#include "notation/notation.h"

enum { COLUMNS = 100, GAP = 4, INDENT = 2, WIDEST_CELL = 46, MOST_CELLS = 4 };

/* Marks of breaks count as the blank that they become, accents as nothing. */
static size_t width_of(const char *text) {
  size_t width = 0;
  for (const char *c = text; *c != '\0'; c++) {
    bool continued = ((unsigned char)*c & 0xC0) == 0x80;
    bool accent = strncmp(c, "\u0303", 2) == 0 || strncmp(c, "\u0304", 2) == 0;
    width += !continued && !accent;
  }
  return width;
}

static bool is_break(char c) { return c >= 1 && c <= 7; }

static void add_unbroken(Text *out, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (is_break(text[i]))
      text_add(out, " ");
    else
      text_addn(out, text + i, 1);
}

static void pad(Text *out, size_t columns) { text_printf(out, "%*s", (int)columns, ""); }

/* --- one formula over several lines --- */

/* Where to break text that does not fit: at the loosest mark within the width, the last such. NULL:
   at the first mark of all; NULL again: nowhere. */
static const char *place_of_break(const char *text, size_t width) {
  const char *best = NULL;
  size_t at = 0;
  for (const char *c = text; *c != '\0'; c++) {
    if (is_break(*c) && c > text && (best == NULL || (at <= width && *c <= *best))) best = c;
    at += ((unsigned char)*c & 0xC0) != 0x80;
    if (at > width && best != NULL) return best;
  }
  return best;
}

static void print_wrapped(Text *out, const char *text, size_t indent) {
  enum { DEEPER = 4 };
  size_t left = indent;
  for (;;) {
    const char *at = width_of(text) <= COLUMNS - left ? NULL : place_of_break(text, COLUMNS - left);
    pad(out, left);
    add_unbroken(out, text, at == NULL ? strlen(text) : (size_t)(at - text));
    text_add(out, "\n");
    if (at == NULL) return;
    text = at + 1;
    left = indent + DEEPER;
  }
}

/* Words of a sentence. */
static void print_paragraph(Text *out, const char *text) {
  char *marked = arena_strdup(out->arena, text);
  for (char *c = marked; *c != '\0'; c++)
    if (*c == ' ') *c = 1;
  enum { FLUSH = 0 };
  size_t left = FLUSH;
  for (const char *rest = marked;;) {
    const char *at = width_of(rest) <= COLUMNS - left ? NULL : place_of_break(rest, COLUMNS - left);
    add_unbroken(out, rest, at == NULL ? strlen(rest) : (size_t)(at - rest));
    text_add(out, "\n");
    if (at == NULL) return;
    rest = at + 1;
  }
}

/* --- cells --- */

static const char *remark_text(Arena *arena, const Remark *remark) {
  Text text = text_new(arena);
  formula_text(&text, remark->equation);
  if (remark->outside) text_add(&text, " outside");
  return text_string(&text);
}

/* `h = … (h₋₁ = 0)` */
static const char *line_text(Arena *arena, const Line *line) {
  Text text = text_new(arena);
  formula_text(&text, line_equation(arena, line));
  for (size_t i = 0; i < line->remarks.count; i++)
    text_printf(&text, "%s%s", i == 0 ? "\1(" : "; ", remark_text(arena, &line->remarks.items[i]));
  if (line->remarks.count > 0) text_add(&text, ")");
  return text_string(&text);
}

static void print_cells(Text *out, const char *const *texts, uint32_t n, const size_t *widths) {
  pad(out, INDENT);
  for (uint32_t i = 0; i < n; i++) {
    add_unbroken(out, texts[i], strlen(texts[i]));
    size_t width = width_of(texts[i]);
    if (i + 1 < n) pad(out, (width < widths[i] ? widths[i] - width : 0) + GAP);
  }
  text_add(out, "\n");
}

/* The widths of n columns that go from cell to cell; whether they fit. */
static bool fit_columns(const char *const *texts, uint32_t count, uint32_t n, size_t *widths) {
  size_t total = INDENT + (n - 1) * GAP;
  for (uint32_t i = 0; i < n; i++) widths[i] = 0;
  for (uint32_t i = 0; i < count; i++) {
    size_t width = width_of(texts[i]);
    if (width > widths[i % n]) widths[i % n] = width;
  }
  for (uint32_t i = 0; i < n; i++) total += widths[i];
  return total <= COLUMNS;
}

/* Short formulas side by side, in as many columns as fit. */
static void print_run(Text *out, const char *const *texts, uint32_t count) {
  size_t widths[MOST_CELLS];
  uint32_t n = count < MOST_CELLS ? count : MOST_CELLS;
  while (n > 1 && !fit_columns(texts, count, n, widths)) n--;
  for (uint32_t i = 0; i < count; i += n)
    print_cells(out, texts + i, n < count - i ? n : count - i, widths);
}

static void print_flow(Text *out, const char *const *texts, uint32_t count) {
  for (uint32_t i = 0; i < count;) {
    uint32_t n = 0;
    while (i + n < count && width_of(texts[i + n]) <= WIDEST_CELL) n++;
    if (n > 0) print_run(out, texts + i, n);
    if (n == 0) print_wrapped(out, texts[i], INDENT);
    i += n > 0 ? n : 1;
  }
}

/* --- rows of several --- */

static bool row_fits(const char *const *texts, uint32_t n) {
  size_t total = INDENT + (n - 1) * GAP;
  for (uint32_t i = 0; i < n; i++) total += width_of(texts[i]);
  return n <= MOST_CELLS && total <= COLUMNS;
}

static void print_rows(Text *out, const Section *section) {
  Arena *arena = out->arena;
  size_t widths[MOST_CELLS] = {0}, total = INDENT;
  const char ***texts = ARENA_ARRAY(arena, const char **, section->n_rows + 1);
  for (uint32_t i = 0; i < section->n_rows; i++) {
    const Row *row = &section->rows[i];
    texts[i] = ARENA_ARRAY(arena, const char *, row->n + 1);
    for (uint32_t k = 0; k < row->n; k++) texts[i][k] = line_text(arena, row->lines[k]);
    bool fits = row->n > 1 && row_fits(texts[i], row->n);
    for (uint32_t k = 0; fits && k < row->n; k++)
      if (width_of(texts[i][k]) > widths[k]) widths[k] = width_of(texts[i][k]);
  }
  for (int k = 0; k < MOST_CELLS; k++) total += widths[k] + (widths[k] > 0 ? GAP : 0);
  if (total > COLUMNS + GAP) memset(widths, 0, sizeof widths);
  for (uint32_t i = 0; i < section->n_rows; i++) {
    uint32_t n = section->rows[i].n;
    if (row_fits(texts[i], n)) {
      print_cells(out, texts[i], n, widths);
      continue;
    }
    print_wrapped(out, texts[i][0], INDENT);
    print_flow(out, texts[i] + 1, n - 1);
  }
}

static void print_section(Text *out, const Section *section) {
  const char *detail = section->detail.text != NULL ? section->detail.text : "";
  if (*section->heading != '\0') {
    text_add(out, "\n");
    print_paragraph(out, arena_printf(out->arena, "%s%s", section->heading, detail));
  }
  if (section->steps.text != NULL) text_printf(out, "%*s%s\n", INDENT, "", section->steps.text);
  if (!section->flows && section->steps.text == NULL) {
    print_rows(out, section);
    return;
  }
  const char **texts = ARENA_ARRAY(out->arena, const char *, section->n_rows + 1);
  for (uint32_t i = 0; i < section->n_rows; i++)
    texts[i] = line_text(out->arena, section->rows[i].lines[0]);
  if (section->steps.text == NULL) print_flow(out, texts, section->n_rows);
  for (uint32_t i = 0; section->steps.text != NULL && i < section->n_rows; i++)
    print_wrapped(out, texts[i], 2 * INDENT);
}

/* --- the table --- */

static void print_symbols(Text *out, const Document *document) {
  size_t widths[3] = {0};
  for (uint32_t i = 0; i < document->n_symbols; i++) {
    const SymbolRow *row = &document->symbols[i];
    const char *cells[] = {row->symbol.text, row->name, row->shape};
    for (int k = 0; k < 3; k++)
      if (width_of(cells[k]) > widths[k]) widths[k] = width_of(cells[k]);
  }
  text_add(out, "\nSymbols: in the program, shape, place\n");
  for (uint32_t i = 0; i < document->n_symbols; i++) {
    const SymbolRow *row = &document->symbols[i];
    const char *cells[] = {row->symbol.text, row->name, row->shape};
    pad(out, INDENT);
    for (int k = 0; k < 3; k++) {
      text_add(out, cells[k]);
      if (k < 2 || *row->place != '\0') pad(out, widths[k] - width_of(cells[k]) + 2);
    }
    text_printf(out, "%s\n", row->place);
  }
}

void print_page_text(Text *out, const Document *document) {
  text_printf(out, "%s: the model and its gradient\n\n", document->title);
  for (uint32_t i = 0; i < document->n_conventions; i++)
    print_paragraph(out, document->conventions[i].text);
  for (uint32_t i = 0; i < document->n_sections; i++) print_section(out, &document->sections[i]);
  print_symbols(out, document);
}
