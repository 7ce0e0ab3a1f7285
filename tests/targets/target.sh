#!/usr/bin/env bash
# target.sh DAGC TARGET SCRATCH: parts.dag is built for the target, its instructions are looked at,
# and it trains and predicts as the native program does, of which SCRATCH/native has the results.
# Exit code 77: something that is needed to build or run it is not on this machine.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
here=$(cd "$(dirname "$0")" && pwd)
dagc=$1 target=$2 scratch=$3

skip() {
  echo "SKIPPED: $*"
  exit 77
}
need() { # TOOL PACKAGE
  command -v "$1" >/dev/null || skip "no $1; scripts/setup --tests brings it (Debian: $2)"
}
cpu_has() { # FLAGS…
  local flag
  for flag in "$@"; do grep -qw "$flag" /proc/cpuinfo || return 1; done
}

# How often the pattern stands in the program's instructions.
count() { # PATTERN
  llvm-objdump -d program | grep -Ec "$1" || true
}
uses() { # PATTERN WHAT
  local n
  n=$(count "$1")
  [ "$n" -ge 50 ] || fail "only $n times $2"
  echo "$n times $2"
}

# Numbers in two files, of any separators, agree: |a - b| <= TOLERANCE * (|b| + 1).
compare() { # TOLERANCE GOT EXPECTED
  [ "$(wc -l <"$2")" = "$(wc -l <"$3")" ] || fail "$2 has another number of lines"
  paste <(tr ',' '\n' <"$2") <(tr ',' '\n' <"$3") | awk -v tolerance="$1" -v what="$2" '
    $1 == $2 { n++; next }
    { d = $1 - $2; if (d < 0) d = -d; b = $2 < 0 ? -$2 : $2; e = d / (b + 1)
      if (!(e <= tolerance)) { print what ", number " NR ": " $1 ", not " $2; bad = 1; exit 1 }
      if (e > worst) worst = e; n++ }
    END { if (n < 12) { print what ": only " n " numbers"; exit 1 }
          if (!bad) printf "%s: %d numbers within %.1e\n", what, n, worst }' || fail "$target differs"
}

# The values of a checkpoint of f32, one a line.
values() { # FILE
  local length
  length=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
  od -An -v -t f4 -w4 -j $((8 + length)) "$1" | tr -d ' '
}

make_data() {
  awk 'BEGIN {
    srand(1)
    for (row = 0; row < 32; row++) {
      for (i = 0; i < 64; i++) printf "%s%.5f", i ? "," : "", rand() * 2 - 1 >"x.csv"
      for (i = 0; i < 16; i++) printf "%s%d", i ? "," : "", rand() * 8 >"t.csv"
      print "" >"x.csv"; print "" >"t.csv"; print int(rand() * 10) >"y.csv"
    }
  }'
}

# The figures of the log, the checkpoint's values and the functions' values, for compare.
results() { # COMMAND…
  "$@" train --quiet --log log.jsonl --save params.safetensors
  "$@" predict functions --data x=x.csv --out functions.csv --load params.safetensors
  sed 's/.*"step": *[0-9]*, //; s/, "seconds".*//; s/"[a-z_]*": *//g' log.jsonl | tr -d ' ' >losses
  values params.safetensors >params
  tail -n +2 functions.csv >functions
}

# Sets `run`: what runs the program; and says of the instructions what should be in them.
prepare() {
  local qemu="qemu-user"
  case $target in
    native | generic | portable) [ "$(uname -m)" != x86_64 ] || need clang clang ;;
    x86-64-*) [ "$(uname -m)" = x86_64 ] || skip "programs for x86-64 are tested on x86-64 only" ;;
  esac
  case $target in
    native | generic | portable) run=() ;;
    x86-64-v2) need qemu-x86_64 $qemu; run=(qemu-x86_64 -cpu Nehalem) ;;
    x86-64-v3) need qemu-x86_64 $qemu; run=(qemu-x86_64 -cpu Haswell) ;;
    x86-64-v4)
      cpu_has avx512f avx512dq avx512bw avx512vl || skip "this machine has no AVX-512, nor has qemu"
      run=()
      ;;
    aarch64)
      run=()
      [ "$(uname -m)" != aarch64 ] || return 0
      need qemu-aarch64 $qemu
      need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
      [ -e /usr/aarch64-linux-gnu/include/stdio.h ] || skip "no libc6-dev-arm64-cross"
      run=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
      ;;
    wasm32)
      need wasm-ld lld
      need node nodejs
      [ -e /usr/include/wasm32-wasi/stdio.h ] || skip "no wasi-libc; scripts/setup --tests brings it"
      run=(node --no-warnings --experimental-wasi-unstable-preview1 "$here/wasi.mjs")
      ;;
  esac
}

instructions() {
  case $target in
    native | generic) return 0 ;;
  esac
  need llvm-objdump llvm
  case $target in
    x86-64-v2) [ "$(count '[yz]mm')" = 0 ] || fail "vectors that x86-64-v2 has not" ;;
    x86-64-v3) uses 'vfm?n?add.*ymm' "a multiply-add of 8 lanes"
      [ "$(count 'zmm')" = 0 ] || fail "vectors that x86-64-v3 has not" ;;
    x86-64-v4) uses 'vfn?madd.*zmm' "a multiply-add of 16 lanes" ;;
    portable)
      [ "$(uname -m)" = x86_64 ] || return 0
      uses 'vfn?madd.*zmm' "a multiply-add of 16 lanes"
      uses 'vfm?n?add.*ymm' "a multiply-add of 8 lanes"
      uses 'mulps.*[^yz]xmm' "a product of 4 lanes" ;;
    aarch64) uses 'fmla.*4s' "a multiply-add of 4 lanes" ;;
    wasm32) uses 'f32x4.mul' "a product of 4 lanes"
      uses 'f32x4.add' "a sum of 4 lanes" ;;
  esac
}

prepare
empty "$scratch/$target"
cd "$scratch/$target"
if [ "$target" = native ]; then make_data; else cp ../native/[xty].csv .; fi
"$dagc" build --target "$target" "$here/parts.dag" -o program
instructions
results "${run[@]}" ./program
[ "$target" != native ] || exit 0
if [ "$target" = wasm32 ]; then # which has no zlib
  gzip -k x.csv
  ! "${run[@]}" ./program train --data x=x.csv.gz 2>message || fail "a gzipped file was read"
  grep -q "gunzip it first" message || fail "$(cat message)"
fi
compare_results() {
  compare 5e-6 losses ../native/losses
  compare 5e-6 params ../native/params
  compare 5e-6 functions ../native/functions
}
compare_results
[ "$target" = portable ] && [ "$(uname -m)" = x86_64 ] || exit 0
need qemu-x86_64 qemu-user
for cpu in Nehalem Haswell; do # each section that the machine itself did not choose
  results qemu-x86_64 -cpu $cpu ./program
  compare_results
done
"$dagc" "$here/parts.dag" --target portable --no-main -o parts.c
gcc -std=gnu11 -O1 -fopenmp -Wall -Wextra -Werror -c parts.c
