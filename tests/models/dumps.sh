# The derived program is a program: --emit=grad and --emit=opt compile to the same C but for places in
# the source, and every dump is a fixed point.
. "$(dirname "$0")/common.sh"

# A program is called by its file, so every dump keeps the name, in a folder of its own.
"$DAGC" "$model" -o "$scratch/$name.c" 2>"$scratch/said"
[ ! -s "$scratch/said" ] || fail "a warning without need: $(cat "$scratch/said")"

# `relu, mlp.dag:5` in a comment: the layer and the place that a definition comes from. And what an
# array is for in a trace: of a dump, nothing is an adjoint.
without_places() {
  sed -E 's/ *([A-Za-z_][A-Za-z0-9_]*, )?[^ ]*\.dag:[0-9]+//g; s/(\}, )DAG_(ACTIVATION|ADJOINT|UPDATE), /\1/' "$1"
}
without_comments() {
  sed -E 's/ *#.*//; /^$/d' "$1"
}

# dumps STAGE: as it is printed, and printed again after reading that.
dumps() {
  mkdir "$scratch/$1" "$scratch/$1-again"
  "$DAGC" "$model" --emit="$1" -o "$scratch/$1/$model"
  "$DAGC" "$scratch/$1/$model" --emit="$1" -o "$scratch/$1-again/$model"
  diff <(without_comments "$scratch/$1/$model") <(without_comments "$scratch/$1-again/$model") ||
    fail "--emit=$1 is not a fixed point"
}

dumps ir
for stage in grad opt; do
  dumps $stage
  "$DAGC" "$scratch/$stage/$model" -o "$scratch/$stage/$name.c"
  diff <(without_places "$scratch/$name.c") <(without_places "$scratch/$stage/$name.c") ||
    fail "--emit=$stage compiles to another program"
done
