# The model's text, then the runtime's, in one C file: no name or macro may clash, no warning.
set -euo pipefail
root=$1
scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch"
{
  echo '#define _GNU_SOURCE'
  cat "$root"/runtime/dag_model.h
  grep -v '^#include "' "$root"/tests/runtime/linear_model.c
  cat "$root"/runtime/runtime.h "$root"/runtime/*.c |
    grep -v '^#include "\(runtime\|dag_model\).h"$'
} >"$scratch/linear.c"
for compiler in gcc clang; do
  $compiler -std=gnu11 -Wall -Wextra -Werror -O1 "$scratch/linear.c" -o "$scratch/$compiler" \
    -lz -lm
  grep -q '^params: 3 numbers, 12 bytes$' <<<"$("$scratch/$compiler" info)"
done
