#!/bin/sh
# diagnostic.sh DAGC FOLDER NAME: dagc says of NAME.dag exactly the text in NAME.expected, and refuses
# it with exit code 1 if that has an error. UPDATE=1 writes that text instead.
set -eu
dagc=$1
cd "$2"
name=$3
text=$(mktemp "${TMPDIR:-/tmp}/diagnostic.XXXXXX")
trap 'rm -f "$text"' EXIT
code=0
"$dagc" "$name.dag" --emit=ir >/dev/null 2>"$text" || code=$?
wanted=0
grep -q ': error: ' "$text" && wanted=1
if [ "$code" -ne "$wanted" ] || [ ! -s "$text" ]; then
  cat "$text" >&2
  echo "$name.dag: exit code $code, not $wanted" >&2
  exit 1
fi
if [ "${UPDATE:-0}" = 1 ]; then
  cat "$text" >"$name.expected"
  exit 0
fi
diff -u "$name.expected" "$text"
