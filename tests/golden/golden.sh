#!/bin/sh
# golden.sh DAGC FOLDER NAME.STAGE.golden: the stage's dump of NAME.dag is the golden, of the stage tex
# the LaTeX of --emit=math. UPDATE=1 writes the golden instead.
set -eu
dagc=$1
cd "$2"
golden=$3
name=${golden%%.*}
stage=${golden#*.}
stage=${stage%.golden}
dump=$(mktemp "${TMPDIR:-/tmp}/golden.XXXXXX")
trap 'rm -f "$dump"' EXIT
if [ "$stage" = tex ]; then
  "$dagc" --verify "$name.dag" --emit=math -o "$dump.tex"
  mv "$dump.tex" "$dump"
else
  "$dagc" --verify "$name.dag" --emit="$stage" >"$dump"
fi
if [ "${UPDATE:-0}" = 1 ]; then
  cat "$dump" >"$golden"
  exit 0
fi
diff -u "$golden" "$dump"
