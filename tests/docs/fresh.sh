#!/bin/sh
# fresh.sh GENERATOR DOCUMENT SOURCE…: the document is what the generator writes of the sources.
# UPDATE=1 writes it.
set -eu
generator=$1
document=$2
shift 2
new=$(mktemp)
trap 'rm -f "$new"' EXIT
"$generator" "$@" >"$new"
if [ "${UPDATE:-0}" = 1 ]; then
  cat "$new" >"$document"
elif ! diff -u "$document" "$new"; then
  echo "${document##*/} is not what $(basename "$generator") writes now: scripts/update-goldens writes it anew"
  exit 1
fi
