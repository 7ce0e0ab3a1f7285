#include "notation/notation.h"
#include "notation/document.h"

void print_notation(Text *out, const Program *program, NotationForm form) {
  Document document = document_of(program);
  switch (form) {
  case NOTATION_TEXT: print_page_text(out, &document); return;
  case NOTATION_LATEX: print_page_latex(out, &document); return;
  }
}
