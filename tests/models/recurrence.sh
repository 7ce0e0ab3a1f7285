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
# What does not divide into tiles or portions differs by a few lines.
short=$("$DAGC" --no-main "$folder/lstm.dag" -D T=640 | wc -l)
long=$("$DAGC" --no-main "$folder/lstm.dag" -D T=1280 | wc -l)
if [ "$long" -gt $((short + short / 50)) ]; then
  echo "lstm.dag: $short lines of C for 640 steps, $long for 1280" >&2
  exit 1
fi

# Memory: of 1,024 steps with every 32nd kept, that of 32 + 32 steps, and the input transposed.
workspace() {
  "$DAGC" "$folder/segments.dag" --only g -D T=1024 -D H=32 -D K="$1" --emit=kernels |
    awk 'NR == 1 { print $(NF - 1) }'
}
kept=$(workspace 32)
all=$(workspace 1024)
if [ $((16 * (kept - 1024 * 2 * 3 * 4))) -gt $((all + all / 4)) ]; then
  echo "segments.dag: a workspace of $kept bytes with every 32nd step kept, $all with all" >&2
  exit 1
fi

# The form: input products and the weights' adjoints are one contraction each, over all steps; a
# step's own product is computed in tiles, with nothing left to do element by element.
kernels=$("$DAGC" "$folder/lstm.dag" --target x86-64-v4 --emit=kernels)
for form in "M 56 (t, n) · N 96 (k, j) · K 12 (i)" "M 96 (k, j) · N 24 (i) · K 56 (t, n)"; do
  if ! printf '%s\n' "$kernels" | grep -qF "# contraction $form"; then
    echo "lstm.dag: no contraction $form" >&2
    exit 1
  fi
done
for step in lstm1_g lstm1_h_bar; do
  kernel=$(printf '%s\n' "$kernels" | awk "/^kernel $step\\(/,/^}/")
  if ! printf '%s\n' "$kernel" | grep -q 'f32x16 sum\[[0-9]*\]\[[0-9]*\]'; then
    echo "lstm.dag: the product in $step is not in tiles" >&2
    exit 1
  fi
  if printf '%s\n' "$kernel" | grep -E '^ *[a-z_0-9]+\[[^]…]*\] = ' | grep -vE '^ *(sum|right)' >&2; then
    echo "lstm.dag: $step stores single elements" >&2
    exit 1
  fi
done
