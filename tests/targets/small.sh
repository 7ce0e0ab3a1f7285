#!/usr/bin/env bash
# small.sh DAGC EXAMPLES SCRATCH: one export of a model as a library for small machines, as
# docs/targets.md shows it: for wasm32 a module that imports nothing, for aarch64 an object that needs
# memcpy and memset at most. Exit code 77: what builds or runs it is not on this machine.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
here=$(cd "$(dirname "$0")" && pwd)
dagc=$1 examples=$2 scratch=$3

for tool in clang wasm-ld node llvm-nm; do
  command -v $tool >/dev/null || { echo "SKIPPED: no $tool; scripts/setup --tests brings it"; exit 77; }
done
[ -e /usr/include/wasm32-wasi/string.h ] || { echo "SKIPPED: no wasi-libc"; exit 77; }
empty "$scratch"
cd "$scratch"
library() { # TARGET
  "$dagc" "$examples/mlp/mlp.dag" --only classify --no-main --target "$1" -D B=1 -o "$1.c"
}

library wasm32
clang --target=wasm32 -isystem /usr/include/wasm32-wasi -nostdlib -Os -msimd128 -mbulk-memory \
  -ffp-contract=fast -fno-math-errno -Wl,--no-entry -Wl,--export=mlp_init \
  -Wl,--export=mlp_classify -Wl,--export=__heap_base wasm32.c -o classify.wasm
node "$here/small.mjs" classify.wasm || fail "the module does not classify"

library aarch64
flags="-Os -ffreestanding -ffp-contract=fast -fno-math-errno"
if [ "$(uname -m)" != aarch64 ]; then
  [ -e /usr/aarch64-linux-gnu/include/string.h ] || { echo "SKIPPED: no libc6-dev-arm64-cross"; exit 77; }
  flags="$flags --target=aarch64-linux-gnu"
fi
clang $flags -c aarch64.c -o aarch64.o
needed=$(llvm-nm -u aarch64.o | awk '$2 !~ /^mem(cpy|set)$/ { print $2 }')
[ -z "$needed" ] || fail "the object needs $needed"
for file in classify.wasm aarch64.o; do
  bytes=$(wc -c <$file)
  echo "$file: $bytes bytes"
  [ "$bytes" -le 16384 ] || fail "$file is too large"
done
