#!/bin/sh
# latex.sh DAGC EXAMPLES: pdflatex compiles the LaTeX of all examples without errors, and without boxes
# that are too wide. All in one document, as they have the preamble in common: one start of pdflatex.
# Exit code 77: there is no pdflatex.
set -eu
dagc=$1
examples=$2
command -v pdflatex >/dev/null || exit 77
folder=$(mktemp -d "${TMPDIR:-/tmp}/latex.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for model in "$examples"/*/*.dag; do
  "$dagc" "$model" --emit=math -o model.tex
  sed '/^\\begin{document}$/q' model.tex >preamble
  [ -e all.tex ] || cp preamble all.tex
  [ "$(sed '/^\\begin{document}$/q' all.tex)" = "$(cat preamble)" ] || {
    echo "$model: another preamble"
    exit 1
  }
  sed '1,/^\\begin{document}$/d; /^\\end{document}$/d' model.tex >>all.tex
  printf '%s\n' '\clearpage' >>all.tex
done
printf '%s\n' '\end{document}' >>all.tex
pdflatex -draftmode -interaction=nonstopmode -halt-on-error all.tex >log || {
  grep -A 3 '^!' log
  exit 1
}
if grep -A 2 '^Overfull' all.log; then exit 1; fi
