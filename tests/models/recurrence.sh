#!/bin/sh
# recurrence.sh FOLDER BUILD: each model's derivatives are right and its compiled code computes what the
# interpreter does; the C compiles without a warning and does not grow with the steps.
set -eu
folder=$1
build=$2
mkdir -p "$build"
for model in "$folder"/*.dag; do
  "$DAGC" check "$model"
  name=$(basename "$model" .dag)
  "$DAGC" --verify --no-main "$model" -o "$build/$name.c"
  for compiler in clang gcc; do
    command -v "$compiler" >/dev/null || continue
    "$compiler" -std=c11 -O1 -Wall -Wextra -Werror -Wno-psabi -c "$build/$name.c" -o "$build/$name.o"
  done
done
short=$("$DAGC" --no-main "$folder/lstm.dag" -D T=640 | wc -l)
long=$("$DAGC" --no-main "$folder/lstm.dag" -D T=1280 | wc -l)
if [ "$short" -ne "$long" ]; then
  echo "lstm.dag: $short lines of C for 640 steps, $long for 1280" >&2
  exit 1
fi
