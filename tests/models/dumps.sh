# The derived program is a program: --emit=grad compiles to the same C but for places in the source,
# and --emit=ir is a fixed point.
. "$(dirname "$0")/common.sh"

# A program is called by its file, so every dump keeps the name, in a folder of its own.
mkdir "$scratch"/{grad,ir,ir2}
"$DAGC" "$model" -o "$scratch/$name.c"
"$DAGC" "$model" --emit=grad -o "$scratch/grad/$model"
"$DAGC" "$scratch/grad/$model" -o "$scratch/grad/$name.c"

# `relu, mlp.dag:5` in a comment: the layer and the place that a definition comes from.
without_places() {
  sed -E 's/ *([A-Za-z_][A-Za-z0-9_]*, )?[^ ]*\.dag:[0-9]+//g' "$1"
}
diff <(without_places "$scratch/$name.c") <(without_places "$scratch/grad/$name.c") ||
  fail "--emit=grad compiles to another program"

"$DAGC" "$model" --emit=ir -o "$scratch/ir/$model"
"$DAGC" "$scratch/ir/$model" --emit=ir -o "$scratch/ir2/$model"
without_comments() {
  sed -E 's/ *#.*//' "$1"
}
diff <(without_comments "$scratch/ir/$model") <(without_comments "$scratch/ir2/$model") ||
  fail "--emit=ir is not a fixed point"
