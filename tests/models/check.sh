#!/bin/sh
# check.sh FOLDER BUILD: `dagc check` finds nothing wrong with the models of the folder, and says of
# each param and input of one what it found.
set -eu
. "$(dirname "$0")/../support/shell.sh"
folder=$1
build=$2
mkdir -p "$build"
for model in "$folder"/*.dag; do
  "$DAGC" check "$model" >"$build/$(basename "$model")" || fail "$(cat "$build/$(basename "$model")")"
done
for row in 'grad(loss, W), line 11 .* ok' 'grad(loss, w), line 11 .* ok, 3 kinks' 'd loss / d x .* ok' \
  'd loss / d y  *none: it is u8' 'd loss / d spare  *none: the loss does not depend on it' \
  'step .* ok' 'eval .* ok'; do
  grep -q "^  $row\$" "$build/rows.dag" || fail "no row $row: $(cat "$build/rows.dag")"
done
