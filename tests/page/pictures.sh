#!/bin/sh
# pictures.sh DAGC EXAMPLES SCRATCH: graphviz reads and draws --emit=dot without a word.
set -eu
dagc=$1
examples=$2
. "$(dirname "$0")/../support/shell.sh"
empty "$3"
cd "$3"
for model in mlp lenet char-lstm rosenbrock neural-ode; do
  "$dagc" "$examples/$model/$model.dag" --emit=dot >"$model.dot"
  dot -Tsvg "$model.dot" -o "$model.svg" 2>messages || fail "dot does not draw $model: $(cat messages)"
  [ ! -s messages ] || fail "dot says of $model: $(cat messages)"
done
grep -q 'dense1' mlp.svg || fail "no layers in the picture"
grep -q '64×10' mlp.svg || fail "no shapes in the picture"
