/* A document as LaTeX for pdflatex, with what texlive-latex-base has. A formula stands in a column
   of a grid of thirds when it is narrow enough, which TeX measures; wider ones are paragraphs,
   which it breaks at relations and operators. */
#include <string.h>
#include "notation/document.h"

static const char preamble[] =
    "\\documentclass[10pt,a4paper]{article}\n"
    "\\usepackage{amsmath,amssymb}\n"
    "\\usepackage[margin=2.2cm]{geometry}\n"
    "\\setlength{\\parindent}{0pt}\n"
    "\\setlength{\\parskip}{5pt}\n"
    "\\setlength{\\emergencystretch}{3em}\n"
    "\\raggedright\n"
    "\\allowdisplaybreaks\n"
    "\\binoppenalty=100 \\relpenalty=5000\n"
    "\\newcommand{\\cell}[2]{\\parbox[t]{#1\\linewidth}{\\raggedright\\strut #2\\strut}}\n"
    "\\newcommand{\\symbolrow}[4]{\\cell{.26}{#1}\\cell{.38}{#2}\\cell{.14}{#3}\\cell{.2}{#4}\\par}"
    "\n"
    "\\newsavebox{\\formulabox}\n"
    "\\newcommand{\\formula}[1]{%\n"
    "  \\savebox{\\formulabox}{$\\displaystyle #1$}%\n"
    "  \\ifdim\\wd\\formulabox<.31\\linewidth\n"
    "    \\makebox[.333\\linewidth][l]{\\usebox{\\formulabox}}\\hskip0pt\\relax\n"
    "  \\else\\ifdim\\wd\\formulabox<.64\\linewidth\n"
    "    \\makebox[.666\\linewidth][l]{\\usebox{\\formulabox}}\\hskip0pt\\relax\n"
    "  \\else\n"
    "    \\par\\hangindent=2em $\\displaystyle #1$\\par\n"
    "  \\fi\\fi}\n"
    "\\begin{document}\n";

/* Of names, which stand in typewriter letters; they may be broken after a point. */
static void print_name(Text *out, const char *name) {
  text_add(out, "\\texttt{");
  for (const char *c = name; *c != '\0'; c++) {
    text_printf(out, *c == '_' || *c == '#' || *c == '%' || *c == '&' ? "\\%c" : "%c", *c);
    if (strchr("._-:", *c) != NULL) text_add(out, "\\allowbreak{}");
  }
  text_add(out, "}");
}

static void print_equation(Text *out, const Line *line) {
  text_add(out, "\\formula{");
  formula_latex(out, line_equation(out->arena, line));
  for (size_t i = 0; i < line->remarks.count; i++) {
    text_add(out, i == 0 ? "\\quad\\penalty0 (" : ";\\penalty0 \\ ");
    formula_latex(out, line->remarks.items[i].equation);
    if (line->remarks.items[i].outside) text_add(out, "\\text{ outside}");
  }
  text_add(out, line->remarks.count > 0 ? ")}%\n" : "}%\n");
}

static void print_section(Text *out, const Section *section) {
  const char *detail = section->detail.latex != NULL ? section->detail.latex : "";
  if (*section->heading != '\0')
    text_printf(out, "\n\\medskip\\textbf{%s}%s\\par\\nopagebreak\n", section->heading, detail);
  bool steps = section->steps.latex != NULL;
  if (steps) text_printf(out, "\n%s\\par\\nopagebreak\n{\\leftskip=1.5em\n", section->steps.latex);
  for (uint32_t i = 0; i < section->n_rows; i++) {
    const Row *row = &section->rows[i];
    for (uint32_t k = 0; k < row->n; k++) print_equation(out, row->lines[k]);
    if (!section->flows || steps) text_add(out, "\\par\n");
  }
  text_add(out, steps ? "}\n" : "\\par\n");
}

static void print_symbols(Text *out, const Document *document) {
  text_add(out, "\n\\medskip\\textbf{Symbols}\\par\n"
                "{\\small\\parskip=0pt \\lineskiplimit=0pt \\lineskip=1pt\n"
                "\\symbolrow{symbol}{in the program}{shape}{place}\n"
                "\\hrule\\smallskip\n");
  for (uint32_t i = 0; i < document->n_symbols; i++) {
    const SymbolRow *row = &document->symbols[i];
    text_printf(out, "\\symbolrow{$%s$}{", row->symbol.latex);
    print_name(out, row->name);
    text_printf(out, "}{%s}{", row->shape);
    print_name(out, row->place);
    text_add(out, "}\n");
  }
  text_add(out, "}\n");
}

void print_page_latex(Text *out, const Document *document) {
  text_add(out, preamble);
  text_add(out, "{\\Large ");
  print_name(out, document->title);
  text_add(out, ": the model and its gradient}\\par\\smallskip\n");
  for (uint32_t i = 0; i < document->n_conventions; i++)
    text_printf(out, "%s\n", document->conventions[i].latex);
  text_add(out, "\\par\n\\lineskiplimit=3pt \\lineskip=5pt\n");
  for (uint32_t i = 0; i < document->n_sections; i++) print_section(out, &document->sections[i]);
  print_symbols(out, document);
  text_add(out, "\\end{document}\n");
}
