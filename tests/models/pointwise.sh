#!/bin/sh
# pointwise.sh FOLDER BUILD: derivatives taken at each point of an index variable and at each step of a
# scan are what they are by hand, and can be differentiated again.
set -eu
. "$(dirname "$0")/../support/shell.sh"
folder=$1
build=$2
mkdir -p "$build"
"$DAGC" --verify --no-main "$folder/by-hand.dag" -o "$build/by-hand.c" --header "$build/by-hand.h"
clang -std=c11 -O1 -Wall -Wextra -Werror -I "$build" "$folder/main.c" "$build/by-hand.c" -o "$build/by-hand" -lm
"$build/by-hand" || fail "by-hand.dag"
for model in by-hand nested-derivatives; do
  "$DAGC" check "$folder/$model.dag" >"$build/$model" || fail "$model.dag: $(cat "$build/$model")"
  grep -q " ok$" "$build/$model" || fail "$model.dag: nothing was checked"
done
