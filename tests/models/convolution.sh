#!/bin/sh
# convolution.sh FOLDER BUILD: the derivatives of strided and dilated convolutions are right, and are
# computed in tiles with the taps that each place has, from no table of windows.
set -eu
. "$(dirname "$0")/../support/shell.sh"
folder=$1
build=$2
mkdir -p "$build"
"$DAGC" check "$folder/mixed.dag" >"$build/check" || fail "mixed.dag: $(cat "$build/check")"

# The input gradient of a convolution of size 3 and stride 2 in two dimensions: 1, 2, 2 and 4 taps.
printf '%s\n' 'input x: f32[8, 16, 16, 16]' 'c = conv2d(16, 3, stride = 2, pad = 1)' \
  'export of_x(x) = grad(sum(c(x)^2), x)' >"$build/halves.dag"
"$DAGC" "$build/halves.dag" --target x86-64-v3 --emit=kernels >"$build/kernels"
for taps in "K 16 (f)" "K 32 (f, j)" "K 32 (f, i)" "K 64 (f, i, j)"; do
  grep "^# contraction .*$taps" "$build/kernels" >/dev/null ||
    fail "halves.dag: no contraction $taps: $(grep '^# contraction' "$build/kernels")"
done
# The gradients of a transposed convolution are written as convolutions, whatever the stride.
printf '%s\n' 'input x: f32[2, 3, 9]' 'c = conv_transpose1d(4, 3, stride = 3, dilation = 2)' \
  'input u: f32[2, 4, 29]' 'export of_x(x, u) = grad(sum(c(x) * u), x), grad(sum(c(x) * u), c.K)' \
  >"$build/turned.dag"
"$DAGC" "$build/turned.dag" --emit=grad >"$build/grad"
grep -F 'x_bar[n, f, p: 0..9] = sum[c, i](' "$build/grad" | grep -qF '3*p + 2*i]' ||
  fail "turned.dag: $(cat "$build/grad")"
grep -E 'bar.* = .*[/%]' "$build/grad" >&2 && fail "turned.dag: a gradient divides indices"
exit 0
