# What is stored in sixteen bits: all conversions; derivatives and compiled code; digits learnt with bf16;
# files. In the folder storage/.
. "$(dirname "$0")/common.sh"
need clang gcc

# Every value both ways, ties, special ones: by the processor's conversions (clang, native) and without.
conversions() { # COMPILER TARGET REAL FLAG…
  local compiler=$1 target=$2 real=$3
  shift 3
  "$DAGC" conversions.dag --target "$target" -D real="$real" --no-main \
    --header "$scratch/conversions.h" -o "$scratch/model.c"
  $compiler -std=gnu11 -O1 -Wall -Wextra -Wno-psabi -Werror "$@" -I"$scratch" conversions.c \
    "$scratch/model.c" -lm -o "$scratch/conversions"
  "$scratch/conversions" || fail "$compiler, $target, $real"
}
conversions clang native f32 -march=native
conversions clang native f64 -march=native -DWIDE
conversions gcc generic f32

for real in f32 f64; do
  "$DAGC" check sixteen.dag -D real=$real >"$scratch/check" || fail "$(cat "$scratch/check")"
done
for target in generic x86-64-v3; do
  for compiler in clang gcc; do
    flags=$([ $target = generic ] || echo -march=x86-64-v3)
    "$DAGC" sixteen.dag --target $target --no-main -o "$scratch/sixteen.c"
    $compiler -std=c11 -O2 -Wall -Wextra -Werror -Wno-psabi $flags -c "$scratch/sixteen.c" \
      -o "$scratch/sixteen.o"
  done
done
# tiles read what is stored as it is, and copies stay as narrow
grep -q 'right\[v\] = load_bf16x8(' "$scratch/sixteen.c" || fail "no tile loads bf16"
grep -q 'transpose_bf16x8(' "$scratch/sixteen.c" || fail "no transposed copy of bf16"

digits=$(realpath ../../../examples/mlp)
for master in true false; do
  "$DAGC" build precision.dag -D master=$master -o "$scratch/precision"
  (cd "$digits" && "$scratch/precision" train --epochs 30 --save "$scratch/$master.st" |
    sed -n '$s/.*valid_accuracy \([0-9.]*\).*/\1/p') >"$scratch/accuracy"
  awk '!($1 >= 0.96) { exit 1 }' "$scratch/accuracy" || fail "master = $master: $(cat "$scratch/accuracy")"
done
head -c 3000 "$scratch/false.st" | grep -aq '"narrow1.W":{"dtype":"BF16","shape":\[64,64\]' ||
  fail "no BF16 in the checkpoint"
cd "$digits"
"$scratch/precision" eval --load "$scratch/false.st" >"$scratch/eval"
grep -q '^accuracy 0.9[6-9]' "$scratch/eval" || fail "loaded: $(cat "$scratch/eval")"
"$scratch/precision" predict inside --load "$scratch/false.st" --data x='digits-test.csv[1:65]' \
  --out hidden="$scratch/hidden.npy" --out inside2="$scratch/logits.npy"
head -c 64 "$scratch/hidden.npy" | grep -aq "'<f4'" || fail "bf16 is not written as f32"
head -c 64 "$scratch/logits.npy" | grep -aq "'<f2'" || fail "f16 is not written as such"

# Weights in eight bits: the digits as well as with 32, from the same checkpoint, in a smaller struct.
rows=$(sed 1d digits-test.csv | wc -l)
sed 1d digits-test.csv | cut -d, -f1 >"$scratch/labels"
"$DAGC" build mlp.dag -o "$scratch/mlp"
"$scratch/mlp" train --epochs 30 --save "$scratch/mlp.st" >"$scratch/log"
for weights in f32 int8; do
  option=$([ $weights = f32 ] || echo "--weights int8")
  "$DAGC" build mlp.dag --only classify --verify $option -D B="$rows" -o "$scratch/$weights"
  "$scratch/$weights" predict classify --load "$scratch/mlp.st" \
    --data x='digits-test.csv[1:65]' --out "$scratch/$weights.csv"
  sed 1d "$scratch/$weights.csv" | tr ',' '\n' >"$scratch/$weights.numbers"
done
grep -qF 'param dense1.W: i8[64, 64]' <<<"$("$scratch/int8" info)" || fail "$("$scratch/int8" info)"
grep -qF 'param dense1.W.scale: f32[64, 1]' <<<"$("$scratch/int8" info)" || fail "no factor a unit"
paste "$scratch/f32.numbers" "$scratch/int8.numbers" | awk -v labels="$scratch/labels" '
  { d = $1 > $2 ? $1 - $2 : $2 - $1
    if (d > most) most = d
    k = (NR - 1) % 10
    if (k == 0 || $2 > best) { best = $2; at = k }
    if (k == 9) { getline label < labels; right += at == label; n++ } }
  END { print "int8: " right / n ", probabilities differ by at most " most
        exit !(right / n >= 0.96 && most > 0 && most < 0.1) }' || fail "int8 is too far from f32"
# the factor stands outside of the sum, tiles read eight bits
"$DAGC" mlp.dag --only classify --weights int8 --target x86-64-v3 --no-main -o "$scratch/mlp.c"
grep -q 'convertvector(load_i8x8(' "$scratch/mlp.c" || fail "no tile loads i8"
for compiler in clang gcc; do
  $compiler -std=c11 -O2 -Wall -Wextra -Werror -Wno-psabi -march=x86-64-v3 -c "$scratch/mlp.c" \
    -o "$scratch/mlp.o"
done
