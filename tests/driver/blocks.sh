# blocks.sh DAGC COMPILER SCRATCH: the C of a model does not grow with the number of its equal blocks.
# 48 transformer blocks take at most twice the text of 4, and a compilation that does not hang. What
# such loops compute is what the interpreter does. An expression that doubles 24 times does not either.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
dagc=$1
compiler=$2
empty "$3"
cd "$3"

for blocks in 4 48; do
  cat >blocks$blocks.dag <<EOF
dim B = 16
dim T = 64
dim V = 256
dim D = 128
input x: u8[B, T]
input y: u8[B, T]
h = x |> embedding(V, D)
param pos: real[T, D] = normal(0.02)
h2 = h + pos
repeat l in 0..$blocks { h2 = h2 |> transformer_block(4, causal = true) }
logits = h2 |> layer_norm() |> dense(V)
loss = mean(cross_entropy(logits, y))
train { minimize loss; with adamw(lr = 1e-3) }
EOF
  timeout 60 "$dagc" blocks$blocks.dag --no-main --target generic -o blocks$blocks.c ||
    fail "$blocks blocks: exit code $?"
done
small=$(wc -c <blocks4.c)
large=$(wc -c <blocks48.c)
echo "$small bytes for 4 blocks, $large for 48"
[ "$large" -le $((2 * small)) ] || fail "the C of 48 blocks is more than twice that of 4"
[ "$(grep -c 'turn < 4[78]' blocks48.c)" -ge 3 ] || fail "there are no loops over the blocks"
"$compiler" -std=gnu11 -Wall -Wextra -Werror -fsyntax-only blocks48.c || fail "it does not compile"

cat >deep.dag <<EOF
const real = f64
input x: f64[3, 4]
input y: f64[3]
h = x
repeat l in 0..9 { h = h + (h |> layer_norm() |> dense(4) |> dropout(0.1) |> tanh) }
loss = mean((h[:, 0] - y)^2)
train { minimize loss; with adam(lr = 1e-2) }
EOF
"$dagc" deep.dag -o deep.c
[ "$(grep -c 'turn < [89]' deep.c)" -ge 3 ] || fail "deep.dag: there are no loops over the blocks"
grep -q 'int64_t site' deep.c || fail "deep.dag: no kernel takes the site of its random numbers"
"$dagc" check deep.dag || fail "deep.dag: exit code $?"

calls=x
for _ in $(seq 24); do calls="f($calls)"; done
cat >doubling.dag <<EOF
const real = f64
input x: f64[4]
fn f(a) = 0.1*a*a + a
y = $calls
export value(x) = sum(y)
export derivative(x) = grad(sum(y), x)
EOF
for stage in ir grad opt c; do
  timeout 60 "$dagc" doubling.dag --emit=$stage -o doubling.out || fail "doubling.dag: $stage: exit code $?"
  size=$(wc -c <doubling.out)
  [ "$size" -le 1000000 ] || fail "doubling.dag: $stage: $size bytes"
done
