#!/bin/sh
# diagnostic.sh DAGC FOLDER NAME: dagc refuses NAME.dag with exit code 1 and exactly the text in
# NAME.expected. UPDATE=1 writes that text instead.
set -eu
dagc=$1
cd "$2"
name=$3
text=$(mktemp "${TMPDIR:-/tmp}/diagnostic.XXXXXX")
trap 'rm -f "$text"' EXIT
code=0
"$dagc" "$name.dag" -o /dev/null 2>"$text" || code=$?
if [ "$code" -ne 1 ]; then
  cat "$text" >&2
  echo "$name.dag: exit code $code, not 1" >&2
  exit 1
fi
if [ "${UPDATE:-0}" = 1 ]; then
  cat "$text" >"$name.expected"
  exit 0
fi
diff -u "$name.expected" "$text"
