# explain.sh DAGC EXAMPLES SCRATCH: dagc explain, and --diff.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
dagc=$1
examples=$2
empty "$3"
cd "$3"
cp "$examples"/mlp/mlp.dag "$examples"/char-gpt/char-gpt.dag "$examples"/lenet/lenet.dag .

# says NAME MODEL TEXT…: each text stands in what is explained of NAME.
says() {
  local name=$1 model=$2
  shift 2
  "$dagc" explain "$name" "$model" >out 2>err || fail "explain $name $model: $(cat err)"
  [ ! -s err ] || fail "explain $name $model: $(cat err)"
  for text in "$@"; do
    grep -qF -- "$text" out || fail "explain $name $model: $(cat out)
expected: $text"
  done
}

# --- what stands where ---
says logits mlp.dag "logits: f32[64, 10], a definition" "mlp.dag:7: logits = real(x)" \
  "axis 0, n is 64" "declared as B at mlp.dag:4, B = 64 at mlp.dag:2" "axis 1, j is 10" \
  "declared as units" "called at mlp.dag:7" "logits_bar[n, k] =" "softmax − one-hot" \
  "in step" "in eval" "in classify" "% of the operations of step"
says x mlp.dag "an input" "none: there are no derivatives by integers"
says dense1.W mlp.dag "a param" "dense1: dense, called at mlp.dag:7" "adjoint of dense1.W: δ aᵀ"
says dense1.W_bar mlp.dag "the adjoint of dense1.W" "as axis 0 of dense1.W" \
  "the update of dense1.W.m, the update of dense1.W.v" "together with the update of dense1.W.m"
says accuracy mlp.dag "a single number" "result of" "nothing that depends on it is differentiated"
says logits.reshape lenet.dag "a view of other elements" "none: a view moves no data"
says 'model.transformer_block1[2].norm1.m' char-gpt.dag "model: gpt, called at char-gpt.dag:19" \
  "model.transformer_block1[2]: transformer_block, called at char-gpt.dag:14" \
  "model.transformer_block1[2].norm1: layer_norm, called at char-gpt.dag:14" \
  "as axis 0 of text" "B = 16 at char-gpt.dag:2"

# --- what is computed where it is read ---
printf 'input x: f32[8]\ny = 2 * x\nz = y + 1\nexport f(x) = z\n' >inline.dag
says y inline.dag "none of its own: it is computed where it is read" "read by     z"
printf 'dim N = 4\ninput x: f32[N + 1]\ny = sum(x)\nexport f(x) = grad(y^2, x)\n' >dims.dag
says x dims.dag "declared as N + 1 at dims.dag:2, N = 4 at dims.dag:1"
grep -qF "N = 6" <<<"$("$dagc" explain x dims.dag -D N=6)" || fail "explain does not see -D"

# --- usage ---
wrong() { # TEXT ARGUMENT…
  local text=$1 code=0
  shift
  "$dagc" "$@" >out 2>err || code=$?
  [ "$code" = 2 ] || fail "$*: exit code $code"
  grep -qF -- "$text" err || fail "$*: $(cat err)"
}
wrong "did you mean 'logits'?" explain logit mlp.dag
wrong "no tensor called 'dense1', but dense1.W, dense1.b, " explain dense1 mlp.dag
wrong "mlp.dag has no tensor called 'nothing-like-it'" explain nothing-like-it mlp.dag
wrong "no model given" explain logits
wrong "explain takes the name of a tensor" explain mlp.dag
wrong "it goes with --emit=ir, grad or opt" mlp.dag --diff --emit=plan
wrong "does not go with" explain logits mlp.dag --emit=grad

# --- the passes: what was made and never taken away is what there is in the end ---
"$dagc" lenet.dag --emit=grad --diff -o diff
grep -q '^# differentiate: ' diff || fail "no chain rule in $(cat diff)"
"$dagc" lenet.dag --emit=ir --diff -o elaborated
[ "$(grep -c '^# ' elaborated)" = 1 ] && ! grep -q '^-' elaborated || fail "$(cat elaborated)"
definitions() { grep -E '^ *[A-Za-z_][^ ]*.* = ' | sed -E 's/^ *//; s/ +#.*//' | sort; }
cat elaborated diff | grep '^[-+]' | awk '
  /^[+]/ {count[substr($0, 2)]++} /^-/ {count[substr($0, 2)]--}
  END {for (line in count) for (; count[line] > 0; count[line]--) print line}' |
  grep -v ' <- ' | definitions >left
"$dagc" lenet.dag --emit=grad | sed '/^\(input\|param\|state\|dim\|export\)/d; /^train/,$d' | definitions >printed
diff left printed || fail "--diff does not lead to --emit=grad"
