#!/bin/sh
# rules.sh FOLDER BUILD: `dagc check` compares own reverse rules with finite differences; it finds the wrong
# one, and lets pass what is said not to be the derivative.
set -eu
. "$(dirname "$0")/../support/shell.sh"
folder=$1
build=$2
mkdir -p "$build"
"$DAGC" check "$folder/right.dag" >"$build/right" || fail "right.dag: $(cat "$build/right")"
grep -q "^  norm by .*right.dag:9:4 .* ok$" "$build/right" || fail "no rule: $(cat "$build/right")"
status=0
"$DAGC" check "$folder/wrong.dag" >"$build/wrong" 2>"$build/said" || status=$?
[ "$status" -eq 1 ] || fail "wrong.dag: exit code $status"
grep -q "^  good by .*wrong.dag:4:4 .* ok$" "$build/wrong" || fail "good: $(cat "$build/wrong")"
grep -q "^  bad by .*wrong.dag:5:4 .* WRONG$" "$build/wrong" || fail "bad: $(cat "$build/wrong")"
grep -q "^  grad(.* ok$" "$build/wrong" || fail "the right derivative: $(cat "$build/wrong")"
[ "$(grep -c "^  grad(.* WRONG$" "$build/wrong")" = 1 ] || fail "the wrong derivative: $(cat "$build/wrong")"
grep -q "wrong.dag:5:4: error: the reverse rule of bad is wrong: its share of .x. at \[" "$build/said" ||
  fail "no place of the wrong rule: $(cat "$build/said")"
! grep -q "rule of good" "$build/said" || fail "the right rule: $(cat "$build/said")"
"$DAGC" check "$folder/surrogate.dag" >"$build/surrogate" ||
  fail "surrogate.dag: $(cat "$build/surrogate")"
[ "$(grep -c "surrogate$" "$build/surrogate")" -ge 2 ] ||
  fail "no surrogate: $(cat "$build/surrogate")"
grep -q "passes the surrogate of straight" "$build/surrogate" || fail "$(cat "$build/surrogate")"
status=0
"$DAGC" "$folder/nonlinear.dag" >"$build/nonlinear" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "nonlinear.dag: exit code $status"
grep -q "nonlinear.dag:3:4: error: the reverse rule of clip is not linear in u" "$build/nonlinear" ||
  fail "nonlinear.dag: $(cat "$build/nonlinear")"
