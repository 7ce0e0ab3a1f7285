#!/bin/sh
# golden.sh DAGC FOLDER NAME.STAGE.golden: the stage's dump of NAME.dag is the golden, of the stage tex
# the LaTeX of --emit=math; of NAME.passes, what --diff prints. UPDATE=1 writes the golden instead.
set -eu
dagc=$1
cd "$2"
golden=$3
name=${golden%%.*}
stage=${golden#*.}
stage=${stage%.golden}
dump=$(mktemp "${TMPDIR:-/tmp}/golden.XXXXXX")
trap 'rm -f "$dump"' EXIT
case $stage in
tex)
  "$dagc" --verify "$name.dag" --emit=math -o "$dump.tex"
  mv "$dump.tex" "$dump"
  ;;
passes) "$dagc" --verify "$name.dag" --diff >"$dump" ;;
*) "$dagc" --verify "$name.dag" --emit="$stage" >"$dump" ;;
esac
if [ "${UPDATE:-0}" = 1 ]; then
  cat "$dump" >"$golden"
  exit 0
fi
diff -u "$golden" "$dump"
